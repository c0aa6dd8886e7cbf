# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Secrets that tests look for where they must not be, each in every spelling that it might be found
in, and the small world that has one of every kind."""
import base64
import glob
import json
import os

from cryptography.hazmat.primitives import serialization

from hostile import FrontedOrganisation
from world import equal, expect, pki

LINE_BYTES = 48  # of a PEM body, in base64 64 characters
TEXT_AT_LEAST = 16


class Canaries:
    """What must not be found, each in every spelling that it might be found in."""

    def __init__(self):
        self.names = {}  # bytes: name

    def add(self, name, *spellings):
        for spelling in spellings:
            data = spelling if isinstance(spelling, bytes) else spelling.encode()
            expect(len(data) >= 12, "too short to be told from chance", name, data)
            self.names[data] = name

    def add_code(self, code):
        normal = code.replace("-", "")
        self.add("code " + code, code, normal, code.lower(), normal.lower())

    def add_bytes(self, name, data):
        text = base64.b64encode(data).rstrip(b"=")[:-1]
        self.add(name, data, data[::-1], data.hex(), data.hex().upper(), text,
                 text.replace(b"+", b"-").replace(b"/", b"_"))

    def add_key(self, name, pem):
        """A PKCS#8 file's secret numbers, and those lines of its text that hold them."""
        self.add_numbers(name, pem)
        self.add_text(name, pem)

    def add_numbers(self, name, pem):
        for number in secret_numbers(pem):
            self.add_bytes(name, number)

    def add_text(self, name, pem):
        der = base64.b64decode(b"".join(line for line in pem.splitlines() if b"-" not in line))
        begin = min(der.index(number) for number in secret_numbers(pem))
        end = max(der.index(number) + len(number) for number in secret_numbers(pem))
        first = begin // LINE_BYTES * LINE_BYTES
        for at in range(first, end, LINE_BYTES):
            line = base64.b64encode(der[at:at + LINE_BYTES]).rstrip(b"=")
            if len(line) >= TEXT_AT_LEAST:
                self.add(name, line)

    def find(self, data):
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        return {name for canary, name in self.names.items() if canary in data}


def secret_numbers(pem):
    """The numbers of a private key that its public half does not tell, big-endian."""
    key = serialization.load_pem_private_key(pem, None)
    numbers = key.private_numbers()
    if hasattr(numbers, "private_value"):
        return [numbers.private_value.to_bytes((key.curve.key_size + 7) // 8, "big")]
    return [number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.d, numbers.p, numbers.q)]


def read(path):
    with open(path, "rb") as source:
        return source.read()


def files_below(folder):
    return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]


def add_key_files(canaries, folder):
    """Each is named by its path, the one place where it may be."""
    for path in files_below(folder):
        if not path.endswith(".key"):
            continue
        equal(os.stat(path).st_mode & 0o777, 0o600, path)
        if os.path.basename(path) == "code.key":
            canaries.add_bytes(path, read(path))
        else:
            canaries.add_key(path, read(path))


def keep(exchanges):
    """An act of the front: what passes is kept."""
    def act(connection, request, forward):
        del connection
        answer = forward(request)
        exchanges.append((request.body, answer.body))
        return answer
    return act


def add_tokens(canaries, exchanges):
    """What passed the wire: the nonces, and the signatures of the tokens."""
    def walk(name, value):
        if isinstance(value, dict):
            for member, inner in value.items():
                walk(member, inner)
        elif isinstance(value, str) and value.count(".") == 2 and len(value) > 100:
            _, payload, signature = value.split(".")
            canaries.add("token " + name, signature)
            walk(name, json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
        elif name == "nonce":
            canaries.add("nonce", value)

    for request, answer in exchanges:
        for text in (request, answer):
            walk("", json.loads(text) if text else None)


class Life:
    """An organisation with a front, and a user with an RSA key and half a key in the store."""

    def __init__(self, world):
        self.organisation = FrontedOrganisation(world)
        self.front = self.organisation.front
        self.organisation.admin("issuer", "add", "--built-in")
        self.user = world.machine().user()
        self.identity = self.organisation.issue(kind="rsa2048")
        self.user.put(self.identity, "rsa")
        self.broken = pki.make("CN=broken", None)
        lines = self.broken.key_pem().splitlines(True)
        world.write(os.path.join(self.user.store, "broken.pem"), self.broken.pem)
        world.write(os.path.join(self.user.store, "broken.key"), b"".join(lines[:2] + lines[-1:]))
        for path in glob.glob(os.path.join(self.user.store, "*.key")):
            os.chmod(path, 0o600)

    def add_store(self, canaries):
        store = self.user.store
        canaries.add_key(os.path.join(store, "rsa.key"), self.identity.key_pem())
        canaries.add_key(os.path.join(store, "broken.key"), self.broken.key_pem())
