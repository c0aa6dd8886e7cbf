# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The one script that makes the certificates of the integration tests and benches. Nothing that it
makes is kept in the tree. As a program: pki.py FOLDER COUNT fills a folder with COUNT certificates
and their keys."""
import datetime
import functools
import hashlib
import ipaddress
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UTC = datetime.timezone.utc
EKU = {"clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH, "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
       "anyExtendedKeyUsage": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


@functools.lru_cache(maxsize=None)
def _rsa_key(bits, number):
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make_key(kind="p256", number=0):
    """kind: p256, p384, p521, or rsa and the bits; RSA keys of one number are made once a run."""
    if kind.startswith("rsa"):
        return _rsa_key(int(kind[3:]), number)
    curve = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1,
             "p224": ec.SECP224R1}[kind]
    return ec.generate_private_key(curve())


def name(text):
    """'CN=a,O=b' as a Name, in the order written; a Name is itself."""
    if isinstance(text, x509.Name):
        return text
    oids = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME,
            "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "C": NameOID.COUNTRY_NAME}
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in
                      (part.split("=", 1) for part in text.split(","))])


class Identity:
    """A certificate and its key."""

    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self):
        return hashlib.sha256(self.der).hexdigest()

    def key_pem(self, form="pkcs8", password=None):
        """form: pkcs8, or traditional (PKCS#1 for RSA, SEC1 for EC)."""
        style = {"pkcs8": serialization.PrivateFormat.PKCS8,
                 "traditional": serialization.PrivateFormat.TraditionalOpenSSL}[form]
        encryption = (serialization.BestAvailableEncryption(password) if password
                      else serialization.NoEncryption())
        return self.key.private_bytes(serialization.Encoding.PEM, style, encryption)

    def pkcs12(self, password=None):
        encryption = (serialization.BestAvailableEncryption(password) if password
                      else serialization.NoEncryption())
        return pkcs12.serialize_key_and_certificates(b"x", self.key, self.certificate, None,
                                                     encryption)


def now():
    return datetime.datetime.now(UTC).replace(microsecond=0)


def days(number):
    return datetime.timedelta(days=number)


def make(subject, issuer=None, *, ca=False, key=None, kind="p256", not_before=None, not_after=None,
         key_usage="digitalSignature", eku=("clientAuth",), digest=hashes.SHA256, extensions=()):
    """Makes an Identity; without issuer it signs itself. key_usage and eku may be None (absent)."""
    key = key or make_key(kind)
    builder = (x509.CertificateBuilder().subject_name(name(subject))
               .issuer_name(issuer.certificate.subject if issuer else name(subject))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(not_before or now() - days(1))
               .not_valid_after(not_after or now() + days(365)))
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        key_usage = "keyCertSign" if key_usage == "digitalSignature" else key_usage
        eku = None
    if key_usage is not None:
        builder = builder.add_extension(x509.KeyUsage(
            digital_signature=key_usage == "digitalSignature", content_commitment=False,
            key_encipherment=key_usage == "keyEncipherment", data_encipherment=False,
            key_agreement=False, key_cert_sign=key_usage == "keyCertSign",
            crl_sign=key_usage == "keyCertSign", encipher_only=False, decipher_only=False), True)
    if eku is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([EKU[item] for item in eku]), False)
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    return Identity(builder.sign(issuer.key if issuer else key, digest()), key)


def make_ca(subject="CN=Test CA,O=Example", **options):
    return make(subject, ca=True, **options)


def make_server(host, not_before=None, not_after=None):
    """A server's TLS certificate, which vouches for itself; host: a name or an address."""
    key = make_key()
    try:
        alternative = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    builder = (x509.CertificateBuilder().subject_name(name("CN=" + host)).issuer_name(name("CN=" + host))
               .public_key(key.public_key()).serial_number(1)
               .not_valid_before(not_before or now() - days(1)).not_valid_after(not_after or now() + days(1))
               .add_extension(x509.SubjectAlternativeName([alternative]), False)
               .add_extension(x509.BasicConstraints(ca=True, path_length=None), True))
    return Identity(builder.sign(key, hashes.SHA256()), key)


def make_csr(subject, key):
    """A certificate request in PEM."""
    return (x509.CertificateSigningRequestBuilder().subject_name(name(subject))
            .sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    os.makedirs(folder, exist_ok=True)
    authorities = [make_ca("CN=Issuer %d,O=Example" % number) for number in range(20)]
    for number, authority in enumerate(authorities):
        with open(os.path.join(folder, "..", "issuer-%02d.pem" % number), "wb") as out:
            out.write(authority.pem)
    for number in range(count):
        leaf = make("CN=device %d" % number, authorities[number % len(authorities)])
        with open(os.path.join(folder, "%06d.pem" % number), "wb") as out:
            out.write(leaf.pem)
        with open(os.path.join(folder, "%06d.key" % number), "wb") as out:
            out.write(leaf.key_pem())


if __name__ == "__main__":
    main()
