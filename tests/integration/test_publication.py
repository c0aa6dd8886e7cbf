#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rule 12: what the built-in CA says of its certificates to everybody, read by openssl(1) as any
relying party would read it."""
import subprocess
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from world import equal, expect, main, managed_pair


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60, check=False)


class Publication:
    """A CA's certificate, one that it issued, and where the second says that its status is told."""

    def __init__(self, world, organisation, identity):
        with open(organisation.folder + "/ca.pem", "rb") as file:
            self.ca_pem = file.read()
        self.ca = world.write("ca.pem", self.ca_pem)
        self.leaf = world.write("leaf.pem", identity.pem)
        points = identity.certificate.extensions.get_extension_for_oid(
            ExtensionOID.CRL_DISTRIBUTION_POINTS).value
        access = identity.certificate.extensions.get_extension_for_oid(
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value
        self.crl_url = points[0].full_name[0].value
        self.ocsp_url = [entry.access_location.value for entry in access
                         if entry.access_method == AuthorityInformationAccessOID.OCSP][0]
        self.world = world

    def ocsp(self):
        done = openssl("ocsp", "-issuer", self.ca, "-cert", self.leaf, "-url", self.ocsp_url,
                       "-CAfile", self.ca)
        expect("Response verify OK" in done.stderr, done)
        return done.stdout.splitlines()[0].rsplit(": ", 1)[1]

    def crl(self):
        """The serial numbers in the CRL, once openssl has verified it by the CA."""
        with urllib.request.urlopen(self.crl_url, timeout=60) as answer:
            data = answer.read()
        path = self.world.write("ca.crl", data)
        done = openssl("crl", "-inform", "DER", "-in", path, "-CAfile", self.ca, "-noout")
        expect("verify OK" in done.stderr, done)
        return [entry.serial_number for entry in x509.load_der_x509_crl(data)]


def test_rule_12_crl_and_ocsp_on_every_revocation(world):  # rule 12
    organisation, _, user, identity = managed_pair(world)
    published = Publication(world, organisation, identity)
    equal(published.ocsp(), "good")
    equal(published.crl(), [])
    organisation.admin("certificate", "revoke", identity.fingerprint)
    equal(published.ocsp(), "revoked")
    equal(published.crl(), [identity.certificate.serial_number])
    equal(user.verdict(code=1)["reason"], "certificate-revoked")


def test_rule_20_status_outlives_the_issuer(world):  # rule 20
    organisation, _, _, identity = managed_pair(world)
    published = Publication(world, organisation, identity)
    issuer = organisation.admin("issuer", "list")["issuers"][0]["id"]
    organisation.admin("issuer", "delete", issuer)
    equal(published.ocsp(), "good")
    equal(published.crl(), [])


def test_what_was_never_issued_is_unknown(world):
    organisation, _, _, identity = managed_pair(world)
    published = Publication(world, organisation, identity)
    done = openssl("ocsp", "-issuer", published.ca, "-serial", "0x4123", "-url", published.ocsp_url,
                   "-CAfile", published.ca)
    expect("0x4123: unknown" in done.stdout, done)
    for data in (b"", b"0", b"\x30\x80" * 1000):
        request = urllib.request.Request(published.ocsp_url, data=data,
                                         headers={"Content-Type": "application/ocsp-request"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            equal(x509_ocsp.load_der_ocsp_response(answer.read()).response_status.name,
                  "MALFORMED_REQUEST")
    try:
        urllib.request.urlopen(published.crl_url.replace("/crl/", "/crl/0"), timeout=60)
        expect(False, "another CA's CRL")
    except urllib.error.HTTPError as error:
        equal(error.code, 404)


main(globals())
