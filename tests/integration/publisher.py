# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""A CA's CRLs and OCSP answers, and a real HTTP server that publishes them, well or badly."""
import datetime
import http.server
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from world import pki

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def make_crl(ca, revoked=(), number=1, issued=None, until=None, signer=None, base=None,
             freshest=None):
    """base: a delta CRL to that number; freshest: where a complete one's delta CRL is."""
    issued = issued or now() - HOUR
    builder = (x509.CertificateRevocationListBuilder().issuer_name(ca.certificate.subject)
               .last_update(issued).next_update(until or now() + DAY)
               .add_extension(x509.CRLNumber(number), critical=False))
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    if freshest:
        builder = builder.add_extension(x509.FreshestCRL([x509.DistributionPoint(
            [x509.UniformResourceIdentifier(freshest)], None, None, None)]), critical=False)
    for identity in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
            .revocation_date(now() - HOUR).build())
    crl = builder.sign((signer or ca).key, hashes.SHA256())
    return crl.public_bytes(serialization.Encoding.DER)


def make_ocsp(ca, identity, status=ocsp.OCSPCertStatus.GOOD, issued=None, until=None):
    revoked = status == ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=identity.certificate, issuer=ca.certificate, algorithm=hashes.SHA1(),
        cert_status=status, this_update=issued or now() - datetime.timedelta(minutes=5),
        next_update=until or now() + DAY, revocation_time=now() - HOUR if revoked else None,
        revocation_reason=None).responder_id(ocsp.OCSPResponderEncoding.NAME, ca.certificate)
    return builder.sign(ca.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Publisher:
    """A real HTTP server: what it answers is a function of the path, changed as a test goes on: (status,
    body, location, length), or what does it with the request's handler, or None: nothing, ever."""

    def __init__(self):
        publisher = self
        self.answer = lambda path: (404, b"")
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                publisher.asked.append(self.path)
                answer = publisher.answer(self.path)
                self.close_connection = True
                try:
                    if answer is None:
                        publisher.release.wait(60)
                    elif callable(answer):
                        answer(self)
                    else:
                        self.say(*answer)
                except OSError:
                    pass  # it has heard enough

            def say(self, status, body, location=None, length=None):
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *args):  # pylint: disable=arguments-differ
                pass

        self.release = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, body):
        self.answer = lambda path: (200, body)

    def stop(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def set_up(world, *options, crl_url=None, ocsp_url=None):
    """An organisation that trusts an uploaded CA, and a user with its certificate."""
    organisation = world.organisation()
    ca = pki.make_ca()
    issuer = organisation.trust(ca, *options)["id"]
    identity = pki.make("CN=a", ca, extensions=points(crl_url, ocsp_url))
    user = world.machine().user()
    user.put(identity)
    user.add(organisation)
    return organisation, ca, issuer, identity, user


def points(crl_url, ocsp_url):
    extensions = []
    if crl_url:
        extensions.append(x509.CRLDistributionPoints([x509.DistributionPoint(
            [x509.UniformResourceIdentifier(crl_url)], None, None, None)]))
    if ocsp_url:
        extensions.append(x509.AuthorityInformationAccess([x509.AccessDescription(
            x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url))]))
    return extensions
