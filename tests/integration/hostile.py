# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What stands between client and authority in the hostile tests: a server on loopback that passes
calls on to a real authority, or bends them; and just enough JOSE to forge what it needs."""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import secrets
import socket
import socketserver
import ssl
import threading

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from world import Organisation, equal, pki

JSON = "application/json"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(text):
    return encode(hashlib.sha256(text.encode()).digest())


def jwk(key):
    """The public half of a P-256 key."""
    numbers = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": encode(numbers.x.to_bytes(32, "big")),
            "y": encode(numbers.y.to_bytes(32, "big"))}


def thumbprint(key):
    public = jwk(key)
    return digest('{"crv":"P-256","kty":"EC","x":"%(x)s","y":"%(y)s"}' % public)


def es256(key, data):
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sign(key, header, payload):
    """A JWS; header and payload are objects, or texts that are taken as they are."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, payload)]
    data = ".".join(encode(part.encode()) for part in parts)
    return data + "." + encode(es256(key, data.encode()))


def header_of(token):
    return json.loads(decode(token.split(".")[0]))


def payload_of(token):
    return json.loads(decode(token.split(".")[1]))


def sign_again(key, token, header=(), **changes):
    """The same token with some members changed (None takes one away), and a good signature."""
    payload = {**payload_of(token), **changes}
    for name in [name for name, value in changes.items() if value is DROP]:
        del payload[name]
    return sign(key, {**header_of(token), **dict(header)}, payload)


DROP = object()


def twice(key, token, member):
    """A good signature over a payload that says one member twice."""
    text = json.dumps(payload_of(token))
    return sign(key, header_of(token), text[:-1] + ', "%s": %s}' % (member, json.dumps(payload_of(token)[member])))


def load_key(path):
    with open(path, "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def read_book(user):
    with open(os.path.join(user.state, "accounts.json"), encoding="utf-8") as file:
        return json.load(file)


def client_keys(user, account=0):
    """(account key, device key) of one of a client's accounts, out of its own files."""
    book = read_book(user)
    entry = book["accounts"][account]
    organisation = [item for item in book["organisations"] if item["url"] == entry["url"]][0]
    return tuple(load_key(os.path.join(user.state, "keys", name))
                 for name in (entry["key_file"], organisation["device_key_file"]))


class Request:
    """One call as the client made it."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Answer:
    """What an authority answers; the front passes it on."""

    def __init__(self, status, content_type, body):
        self.status, self.content_type, self.body = status, content_type, body

    @property
    def json(self):
        return json.loads(self.body)

    def write(self, connection):
        connection.sendall(raw(self.status, self.body, self.content_type))


def raw(status, body, content_type=JSON, length=None, headers=()):
    """The bytes of an answer. length: what it says of its length."""
    body = body.encode() if isinstance(body, str) else body
    lines = ["HTTP/1.1 %d Answer" % status, "Connection: close"]
    lines += ["Content-Type: " + content_type] if content_type else []
    lines += ["Content-Length: %d" % (len(body) if length is None else length)]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


class Front(socketserver.ThreadingTCPServer):
    """Listens where the clients believe the authority. rules: [(pattern of "METHOD /path", act)]; an
    act gets (connection, request, forward) and writes, or returns an Answer or bytes to write."""
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port=0, tls=None):
        super().__init__(("127.0.0.1", port), _Connection)
        self.tls = tls
        self.upstream = None
        self.rules = []
        self.calls = []
        self.sent_bytes = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server_address[1]

    @contextlib.contextmanager
    def rule(self, pattern, act):
        """For as long as the block lasts."""
        self.rules.insert(0, (pattern, act))
        try:
            yield self
        finally:
            self.rules.pop(0)

    def close(self):
        self.ended.set()
        self.shutdown()
        self.server_close()

    def forward(self, request):
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        try:
            headers = {"Content-Type": request.headers["content-type"]} if request.body else {}
            connection.request(request.method, request.path, request.body or None, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheader("Content-Type"), answer.read())
        finally:
            connection.close()

    def handle_error(self, request, client_address):
        """A client that has hung up is no news."""


class _Connection(socketserver.BaseRequestHandler):
    def handle(self):
        connection = self.request
        if self.server.tls is not None:
            connection = self.server.tls.wrap_socket(connection, server_side=True)
        request = self.read(connection)
        if request is None:
            return
        self.server.calls.append(request)
        line = "%s %s" % (request.method, request.path)
        act = next((act for pattern, act in self.server.rules if re.search(pattern, line)), None)
        answer = act(connection, request, self.server.forward) if act else self.server.forward(request)
        if isinstance(answer, Answer):
            answer.write(connection)
        elif answer is not None:
            connection.sendall(answer)

    @staticmethod
    def read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in
                   (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        method, path, _ = first.split(" ", 2)
        return Request(method, path, headers, body)


class FrontedOrganisation(Organisation):
    """An organisation whose clients reach it through a front. url: another's, to pass for it."""

    def __init__(self, world, name="Example", front=None, url=None):
        self.front = front or Front()
        super().__init__(world, name, url=url or "http://127.0.0.1:%d" % self.front.port)
        world.organisations.append(self)
        self.front.upstream = self.front.upstream or self.port
        self.serve()

    def kill(self):
        super().kill()
        self.front.close()

    @property
    def server_key(self):
        return load_key(os.path.join(self.folder, "server.key"))


TRANSACTION = "^POST /v1/transactions$"
RESPONSE = "^POST /v1/transactions/.*/response"


# Acts: what a hostile server may do with one call.

def reply(data):
    return lambda connection, request, forward: data


def stall(connection, request, forward):
    """Accepts, and never answers."""
    del request, forward
    connection.recv(1)


def stall_in_the_body(connection, request, forward):
    del request, forward
    connection.sendall(raw(200, '{"no', length=1000))
    connection.recv(1)


def drip(connection, request, forward):
    """Never idle for long, and never done."""
    del request, forward
    connection.sendall(raw(200, "", length=100000))
    connection.settimeout(0.1)
    while True:
        connection.sendall(b" ")
        with contextlib.suppress(socket.timeout):
            if not connection.recv(1):
                return


def drip_headers(connection, request, forward):
    del request, forward
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    connection.settimeout(0.1)
    while True:
        connection.sendall(b"X-More: 1\r\n")
        with contextlib.suppress(socket.timeout):
            if not connection.recv(1):
                return


def flood(front, announced):
    """2 GB of JSON string, with its length said before or not."""
    def act(connection, request, forward):
        del request, forward
        size = 2 << 30
        if announced:
            connection.sendall(raw(200, '"', length=size))
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\"")
        block = b"x" * 65536
        with contextlib.suppress(OSError):
            for _ in range(size // len(block)):
                connection.sendall(block)
                front.sent_bytes += len(block)
    return act


def rewrite(change):
    """Passes the call on and changes the answer's object."""
    def act(connection, request, forward):
        del connection
        answer = forward(request)
        document = answer.json
        changed = change(document)
        return Answer(answer.status, answer.content_type,
                      json.dumps(document if changed is None else changed).encode())
    return act


def rewrite_request(change):
    """Changes the call's object, or its bytes, and passes it on."""
    def act(connection, request, forward):
        del connection
        document = request.json
        changed = change(document)
        changed = document if changed is None else changed
        request.body = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        return forward(request)
    return act


def rewrite_bytes(change):
    """An honest answer's body goes through change, which makes all of the bytes to send."""
    return lambda connection, request, forward: change(forward(request).body)


def tls_front(world, host="127.0.0.1"):
    """A front with TLS, and the path of the certificate to trust."""
    identity = pki.make_server(host)
    path = world.write("front-%s.pem" % secrets.token_hex(4), identity.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, world.write("front-%s.key" % secrets.token_hex(4), identity.key_pem()))
    return Front(tls=context), path


def fronted(world, managed=True):
    """As managed_pair(), with a front between; the account has been checked once."""
    organisation = FrontedOrganisation(world)
    organisation.admin("issuer", "add", "--built-in")
    user = world.machine().user()
    user.put(organisation.issue())
    if managed:
        user.add(organisation)
        equal(user.verdict(code=0)["managed"], True)
    return organisation, user


def book_of(user):
    with open(os.path.join(user.state, "accounts.json"), "rb") as file:
        return file.read()


def refused(user, code, what=""):
    """A check that is refused for what the server said, and leaves everything as it was."""
    before, book = user.run("status", "--json", check=0).json["accounts"], book_of(user)
    accounts = user.run("status", "--check", "--json", check=3).json["accounts"]
    equal(accounts[-1].pop("error", None), code, what)
    equal(accounts, before, what)
    equal(book_of(user), book, what)
