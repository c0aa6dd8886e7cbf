#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What whoever runs the authority's server sees of it, and may do to it."""
import datetime
import hashlib
import http.client
import json
import os
import re
import secrets
import signal
import ssl
import stat
import subprocess
import threading
import time

from prometheus_client.parser import text_string_to_metric_families

from canaries import read
from publisher import make_crl
from world import equal, expect, main, managed_pair, pki, wait_until

LINE = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \d+ (error|warning|info) [a-z-]+'
                  r'( [a-z]+=([A-Za-z0-9._:/@+~{}-]+|"([^"\\]|\\.)*"(\.\.\.)?))*$')
JSON_TYPE = {"Content-Type": "application/json"}


def log_file(organisation, age=0):
    return os.path.join(organisation.folder, "log", "server.log" + (".%d" % age if age else ""))


def events(text, name):
    """The events of that name, as dictionaries of their fields."""
    found = []
    for line in text.splitlines():
        expect(LINE.match(line), "no line of ours", line)
        if line.split(" ")[3] == name:
            fields = re.findall(r' ([a-z]+)=("(?:[^"\\]|\\.)*"|\S+)', line)
            found.append(dict(fields, level=line.split(" ")[2]))
    return found


def logged(organisation, name="request"):
    return events(read(log_file(organisation)).decode(), name)


def call(organisation, method, path, body=None, headers=None):
    """One call; (status, headers, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", organisation.port, timeout=20)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), data


def request_logged(organisation, request):
    """The one line of that request; it is written when the connection is done with it."""
    expect(wait_until(lambda: any(line.get("request") == request for line in logged(organisation))), request)
    line, = [line for line in logged(organisation) if line.get("request") == request]
    return line


def test_a_line_a_request(world):
    organisation, _, user, identity = managed_pair(world)
    verdict = user.verdict(code=0)
    line = request_logged(organisation, verdict["request"])
    equal((line["peer"], line["method"], line["route"], line["status"], line["level"]),
          ("127.0.0.1", "POST", "/v1/transactions/{id}/response", "200", "info"))
    expect(re.fullmatch(r"\d+\.\d", line["ms"]) and int(line["received"]) > 1000 and int(line["sent"]) > 500, line)
    expect("code" not in line, line)
    routes = [entry.get("route") for entry in logged(organisation)]
    equal(routes, ["/.well-known/countersign", "/v1/nonce", "/v1/accounts", "/v1/transactions",
                   "/v1/transactions/{id}/response"])
    equal(len({entry["request"] for entry in logged(organisation)}), 5)
    audit, = [entry for entry in organisation.log() if entry["event"] == "authentication"]
    equal(audit["request"], verdict["request"], "the audit log's line is of the same request")
    status, headers, data = call(organisation, "POST", "/v1/transactions/abc/response", "{}", JSON_TYPE)
    problem = json.loads(data)
    equal((status, problem["code"], problem["request"]), (400, "request-malformed", headers["Request-Id"]))
    equal(request_logged(organisation, problem["request"])["code"], "request-malformed")
    points = identity.certificate.extensions.get_extension_for_class(pki.x509.CRLDistributionPoints).value
    path = points[0].full_name[0].value[len(organisation.url):]
    status, headers, data = call(organisation, "GET", path)
    line = request_logged(organisation, headers["Request-Id"])
    equal((status, line["route"], int(line["sent"])), (200, "/crl/{id}.crl", len(data)), "of bytes that are shared, too")
    listening, = logged(organisation, "listening")
    expect(organisation.url in listening["server"], listening)
    organisation.stop()
    expect(logged(organisation, "verb")[-1]["exit"] == "0", "and that it ended")
    for path, mode in ((log_file(organisation), 0o600), (os.path.dirname(log_file(organisation)), 0o700)):
        equal(stat.S_IMODE(os.lstat(path).st_mode), mode, path)


def test_nothing_of_the_path_is_kept(world):
    """A path can be anything: a code, a token, somebody else's line."""
    organisation = world.organisation()
    for method, path in (("GET", "/secret-in-a-path"), ("GET", "/v1/accounts/secret/x"), ("BREW", "/v1/nonce?secret"),
                         ("GET", "/%0a2026-01-01T00:00:00Z%20secret"), ("DELETE", "/v1/accounts/SECRET")):
        _, headers, _ = call(organisation, method, path)
        line = request_logged(organisation, headers["Request-Id"])
        equal(line["method"], method)
        expect("route" not in line or line["route"] == "/v1/nonce", line)
    _, headers, _ = call(organisation, "A'B|`", "/")
    equal(request_logged(organisation, headers["Request-Id"])["method"], "\"A'B|`\"")
    expect(b"secret" not in read(log_file(organisation)).lower(), "nothing of a path")


def test_whoever_is_refused_can_say_which_request(world):
    """The same id: what helpdesk is told, and the server's log."""
    organisation, machine, user, _ = managed_pair(world)
    result = machine.user("other").run("account", "add", organisation.url, "--code-stdin", "--json",
                                       stdin="0000-0000-0000\n")
    equal((result.code, result.json["error"]["code"]), (3, "code-invalid"), result)
    line = request_logged(organisation, result.json["error"]["request"])
    equal((line["route"], line["status"], line["code"]), ("/v1/accounts", "403", "code-invalid"))
    result = machine.user("third").run("account", "add", organisation.url, "--code-stdin", stdin="0000-0000-0000\n")
    request, = re.findall(r"request: ([a-z0-9]+) \(for the helpdesk\)", result.err)
    equal(request_logged(organisation, request)["code"], "code-invalid")
    # A registry that has gone: the server's own failure, which it tells of itself, too.
    subprocess.run(["sqlite3", os.path.join(organisation.folder, "registry.db"), "ALTER TABLE users RENAME TO gone"],
                   check=True)
    code, (account,) = user.check()
    equal((code, account["error"]), (4, "unreachable"))
    line = request_logged(organisation, account["error_request"])
    equal((line["status"], line["code"], line["level"]), ("503", "internal", "warning"))
    fault, = [entry for entry in logged(organisation, "fault") if entry["request"] == account["error_request"]]
    expect(fault["level"] == "error" and fault["message"], fault)
    shown = user.run("status", "--check").out
    expect(re.search(r"request that failed: [a-z0-9]{16} \(for the helpdesk\)", shown), shown)
    entry = user.run("diagnose", "--json", check=0).json["accounts"][0]["history"][1]
    equal((entry["error"], entry["request"]), ("unreachable", account["error_request"]))


def test_health(world):
    organisation = world.organisation()
    status, headers, data = call(organisation, "GET", "/healthz")
    equal((status, headers["Content-Type"], json.loads(data)), (200, "application/json", {"status": "ok"}))
    status, headers, data = call(organisation, "HEAD", "/healthz")
    equal((status, headers["Content-Length"], data), (200, "15", b""))
    equal([call(organisation, method, "/healthz")[0] for method in ("POST", "DELETE")], [405, 405])
    subprocess.run(["sqlite3", os.path.join(organisation.folder, "registry.db"), "ALTER TABLE issuers RENAME TO gone"],
                   check=True)
    status, _, data = call(organisation, "GET", "/healthz")
    equal((status, json.loads(data)["code"]), (503, "internal"))
    equal(call(organisation, "HEAD", "/healthz")[0], 503)
    subprocess.run(["sqlite3", os.path.join(organisation.folder, "registry.db"), "ALTER TABLE gone RENAME TO issuers"],
                   check=True)
    equal(call(organisation, "GET", "/healthz")[0], 200)


def metrics(organisation, **headers):
    """{(name, labels as sorted pairs): value}, read as Prometheus reads it."""
    status, answered, data = call(organisation, "GET", "/metrics", headers=headers)
    equal((status, answered["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
    families = list(text_string_to_metric_families(data.decode()))
    for family in families:
        expect(family.documentation and family.type != "unknown", family)
    equal(len({family.name for family in families}), len(families), "each family once")
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families for sample in family.samples}


def value(seen, name, **labels):
    return seen.get((name, tuple(sorted(labels.items()))), 0)


def test_metrics(world):
    organisation, machine, user, _ = managed_pair(world)
    user.verdict(code=0)
    user.verdict(code=0)
    other = machine.user("other")
    other.add(organisation, "grace")
    organisation.admin("user", "suspend", "grace")
    equal(other.check()[0], 3)
    call(organisation, "GET", "/nothing")
    seen = metrics(organisation)
    respond = "/v1/transactions/{id}/response"
    equal(value(seen, "countersign_http_requests_total", route=respond, status="200"), 3)
    equal(value(seen, "countersign_http_requests_total", route="/v1/transactions", status="201"), 3)
    equal(value(seen, "countersign_http_requests_total", route="other", status="404"), 1)
    equal(value(seen, "countersign_http_request_duration_seconds_count", route=respond), 3)
    equal(value(seen, "countersign_http_request_duration_seconds_bucket", route=respond, le="+Inf"), 3)
    equal(value(seen, "countersign_authentications_total", outcome="ok", reason="managed"), 2)
    equal(value(seen, "countersign_authentications_total", outcome="refused", reason="user-suspended"), 1)
    equal(value(seen, "countersign_commits_total", outcome="ok"), value(seen, "countersign_commit_requests_count"))
    equal(value(seen, "countersign_commit_requests_sum"), 5, "three authentications, two enrolments")
    expect(value(seen, "countersign_commit_duration_seconds_sum") > 0, seen)
    equal((value(seen, "countersign_challenges_open"), value(seen, "countersign_nonces_open")), (0, 0))
    equal(value(seen, "countersign_http_requests_under_way"), 1, "this one")
    expect(value(seen, "countersign_http_connections") >= 1, seen)
    equal(value(seen, "countersign_healthy"), 1)
    equal(value(seen, "countersign_registry_size_bytes", file="registry.db"),
          os.path.getsize(os.path.join(organisation.folder, "registry.db")))
    version = user.run("version", "--json", check=0).json["version"]
    equal(value(seen, "countersign_build_info", version=version), 1)
    expect(abs(value(seen, "process_start_time_seconds") - time.time()) < 600, seen)
    call(organisation, "POST", "/v1/nonce", "{}", JSON_TYPE)
    call(organisation, "POST", "/v1/transactions", '{"account": "nobody"}', JSON_TYPE)
    seen = metrics(organisation)
    equal((value(seen, "countersign_challenges_open"), value(seen, "countersign_nonces_open")), (1, 1))


def test_metrics_of_revocation(world):
    organisation = world.organisation()
    ca = pki.make_ca()
    path = world.write("made.crl", make_crl(ca))
    organisation.trust(ca, "--revocation", "crl", "--crl-file", path)
    call(organisation, "GET", "/healthz")
    expect(wait_until(lambda: any(name == "countersign_revocation_crl_age_seconds"
                                  for name, _ in metrics(organisation))), "the CRL is read")
    age, = [age for (name, labels), age in metrics(organisation).items()
            if name == "countersign_revocation_crl_age_seconds" and dict(labels)["issuer"] == ca.fingerprint]
    expect(-60 < age < 86400 * 30, age)


def test_who_may_see_the_metrics(world):
    """As long as no token is asked for: who comes from this machine, and not through a proxy that says so."""
    organisation = world.organisation(serve=False)
    organisation.serve()
    for header in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "x-real-ip"):
        status, headers, data = call(organisation, "GET", "/metrics", headers={header: "192.0.2.7"})
        equal((status, json.loads(data)["code"]), (404, "not-found"), header)
    elsewhere = call(organisation, "GET", "/nothing")[2]
    equal({key: item for key, item in json.loads(data).items() if key != "request"},
          {key: item for key, item in json.loads(elsewhere).items() if key != "request"}, "as if it were not there")
    organisation.stop()
    token = secrets.token_hex(32)
    organisation.options = ("--metrics-token", world.write("token", token + "\n"))
    organisation.serve()
    for headers in ({}, {"Authorization": token}, {"Authorization": "Bearer " + token[:-1]},
                    {"Authorization": "Bearer " + token + "0"}, {"Authorization": "Basic " + token}):
        equal(call(organisation, "GET", "/metrics", headers=headers)[0], 404, headers)
    metrics(organisation, Authorization="Bearer " + token)
    metrics(organisation, Authorization="bearer " + token, Via="1.1 proxy")
    organisation.stop()
    expect(token.encode() not in read(log_file(organisation)), "nor is it in the log")
    for wrong in ("", "short\n", "with space in it, and long\n", token + "\n\n", token + "\n" + token):
        organisation.options = ("--metrics-token", world.write("token", wrong))
        result = organisation.run("serve", "--listen", "127.0.0.1:%d" % organisation.port, *organisation.options, "--json")
        equal((result.code, result.json["error"]["code"]), (2, "metrics-token-invalid"), repr(wrong))
        expect(not wrong.strip() or wrong.strip() not in result.out, result)
    far = world.organisation(url="https://id.example.org")
    equal(call(far, "GET", "/metrics")[0], 404, "all that comes through a proxy that says nothing looks like this")
    far.stop()


class Tls:
    """An organisation that serves TLS, and whoever looks at its certificates."""

    def __init__(self, world):
        self.folder = os.path.join(world.folder, "tls")
        os.mkdir(self.folder)
        self.first = self.put(pki.make_server("127.0.0.1"))
        self.organisation = world.organisation(serve=False)
        self.organisation.options = ("--tls-certificate", self.path("cert.pem"), "--tls-key", self.path("key.pem"))
        self.organisation.serve()

    def path(self, name):
        return os.path.join(self.folder, name)

    def replace(self, name, data):
        """As careful people do: beside it, and renamed."""
        with open(self.path(name + ".new"), "wb") as out:
            out.write(data)
        os.rename(self.path(name + ".new"), self.path(name))

    def put(self, identity):
        self.replace("cert.pem", identity.pem)
        self.replace("key.pem", identity.key_pem())
        return identity

    def connect(self):
        """A connection that has been used once."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.organisation.port, timeout=20, context=context)
        equal(self.ask(connection), 200)
        return connection

    @staticmethod
    def ask(connection):
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        return response.status

    def served(self):
        """The fingerprint of the certificate that somebody gets who connects now."""
        connection = self.connect()
        shown = hashlib.sha256(connection.sock.getpeercert(True)).hexdigest()
        connection.close()
        return shown

    def told(self, name):
        return logged(self.organisation, name)

    def refused(self):
        """How often, and whether the metrics know."""
        connection = self.connect()
        connection.request("GET", "/metrics")
        families = text_string_to_metric_families(connection.getresponse().read().decode())
        value, = [sample.value for family in families for sample in family.samples
                  if sample.name == "countersign_tls_files_refused"]
        connection.close()
        return value, [entry["code"] for entry in self.told("tls-refused")]


def test_tls_files_that_are_replaced(world):
    tls = Tls(world)
    equal(tls.served(), tls.first.fingerprint)
    kept = tls.connect()
    socket_kept = kept.sock
    second = tls.put(pki.make_server("127.0.0.1", not_after=pki.now() + pki.days(2)))
    equal(tls.served(), second.fingerprint, "at once, for whoever connects")
    equal((tls.ask(kept), kept.sock), (200, socket_kept), "whoever is connected goes on")
    reloaded, = tls.told("tls-reloaded")
    equal((reloaded["level"], reloaded["until"]),
          ("info", second.certificate.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")))
    connection = tls.connect()
    connection.request("GET", "/metrics")
    families = text_string_to_metric_families(connection.getresponse().read().decode())
    equal([sample.value for family in families for sample in family.samples
           if sample.name == "countersign_tls_certificate_not_after_timestamp_seconds"],
          [second.certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp()])
    third = pki.make_server("127.0.0.1")
    for name, data in (("key.pem", third.key_pem()), ("cert.pem", third.pem)):
        with open(tls.path(name), "wb") as out:  # in place, and the key first
            out.write(data)
    equal(tls.served(), third.fingerprint)
    said = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % tls.organisation.port],
                          input=b"", capture_output=True, timeout=60, check=False).stdout
    expect(third.pem.strip() in said, "openssl sees it, too", said)
    equal(tls.told("tls-refused"), [])
    tls.organisation.stop()


def test_links_that_are_set_anew(world):
    """As certbot keeps its pairs, and as volumes of containers are swapped."""
    tls = Tls(world)
    pairs = [pki.make_server("127.0.0.1") for _ in range(2)]
    for number, identity in enumerate(pairs):
        os.mkdir(tls.path(str(number)))
        for name, data in (("cert.pem", identity.pem), ("key.pem", identity.key_pem())):
            with open(os.path.join(tls.path(str(number)), name), "wb") as out:
                out.write(data)
    os.symlink("0", tls.path("live"))
    for name in ("cert.pem", "key.pem"):
        os.symlink(os.path.join("live", name), tls.path("link"))
        os.rename(tls.path("link"), tls.path(name))
    equal(tls.served(), pairs[0].fingerprint)
    os.symlink("1", tls.path("link"))
    os.rename(tls.path("link"), tls.path("live"))
    equal(tls.served(), pairs[1].fingerprint)
    equal(tls.told("tls-refused"), [])


def test_tls_files_that_cannot_be_taken(world):
    """The pair that is served stays; it is told once, however many connect."""
    tls = Tls(world)
    other = pki.make_server("127.0.0.1")
    tls.replace("cert.pem", other.pem)
    for _ in range(5):
        equal(tls.served(), tls.first.fingerprint, "beside the key of the old one")
    equal(tls.refused(), (1, ["tls-invalid"]))
    tls.replace("cert.pem", other.pem[:300])
    equal(tls.refused(), (1, ["tls-invalid"] * 2))
    os.unlink(tls.path("cert.pem"))
    equal(tls.refused(), (1, ["tls-invalid"] * 2 + ["not-found"]))
    tls.put(pki.make_server("127.0.0.1", pki.now() - pki.days(9), pki.now() - pki.days(2)))
    tls.put(pki.make_server("127.0.0.1", pki.now() + pki.days(1), pki.now() + pki.days(2)))
    equal(tls.refused(), (1, ["tls-invalid"] * 2 + ["not-found", "tls-not-valid-now"]))
    equal(tls.served(), tls.first.fingerprint)
    tls.put(tls.first)
    equal(tls.refused()[0], 0, "what is served is what stands there")
    tls.put(other)
    equal(tls.served(), other.fingerprint)
    equal(tls.refused()[0], 0)


def test_hangup_reads_the_tls_files(world):
    tls = Tls(world)
    second = tls.put(pki.make_server("127.0.0.1"))
    tls.organisation.process.send_signal(signal.SIGHUP)
    expect(wait_until(lambda: tls.told("tls-reloaded")), "without anybody connecting")
    equal(tls.served(), second.fingerprint)
    tls.replace("key.pem", b"nothing")
    tls.organisation.process.send_signal(signal.SIGHUP)
    expect(wait_until(lambda: len(tls.told("tls-refused")) == 1), "refused")
    tls.organisation.process.send_signal(signal.SIGHUP)
    expect(wait_until(lambda: len(tls.told("tls-refused")) == 2), "and said again to who asks again")
    equal(tls.served(), second.fingerprint)
    tls.organisation.stop()
    plain = world.organisation()
    plain.process.send_signal(signal.SIGHUP)
    equal(call(plain, "GET", "/healthz")[0], 200, "without TLS there is nothing to do")
    plain.stop()


def test_a_clock_that_is_set(world):
    organisation, _, user, _ = managed_pair(world)
    organisation.stop()
    ahead = world.write("ahead", "0")
    organisation.program = os.environ["COUNTERSIGN_CLOCK_PROGRAM"]
    organisation.environment = dict(world.environment, COUNTERSIGN_CLOCK_FILE=ahead)
    organisation.serve()
    user.verdict(code=0)
    for seconds in (3600, 3598, -7200):
        _, _, data = call(organisation, "POST", "/v1/transactions", '{"account": "nobody"}', JSON_TYPE)
        opened = json.loads(data)["transaction"]
        world.write("ahead", str(seconds))
        status, _, data = call(organisation, "POST", "/v1/transactions/%s/response" % opened,
                               '{"response": "x", "device_proof": "x", "attestation": null}', JSON_TYPE)
        if seconds == 3598:
            expect(status != 404, "two seconds are no jump", status, data)
        else:
            equal((status, json.loads(data)["code"]), (404, "challenge-unknown"), seconds)
    equal(user.verdict(code=1)["reason"], "certificate-not-yet-valid", "two hours behind")
    jumps = [entry for entry in organisation.log() if entry["event"] == "clock-jump"]
    seconds = [int(re.fullmatch(r"seconds=([+-]\d+)", entry["detail"]).group(1)) for entry in jumps]
    expect(len(seconds) == 2 and abs(seconds[0] - 3600) <= 1 and abs(seconds[1] + 10798) <= 1, jumps)
    equal([(entry["actor"], entry["outcome"], entry["origin"]) for entry in jumps], [("server", "ok", None)] * 2)
    organisation.run("log", "--verify", check=0)
    equal([(entry["level"], int(entry["seconds"])) for entry in logged(organisation, "clock-jump")],
          [("warning", amount) for amount in seconds])
    seen = metrics(organisation)
    equal([value(seen, "countersign_clock_jumps_total", direction=direction) for direction in ("forwards", "backwards")],
          [1, 1])
    organisation.stop()


def test_where_the_log_goes(world):
    organisation = world.organisation(serve=False)
    for where, wanted in (("none", False), ("-", False), (os.path.join(world.folder, "elsewhere", "log"), True)):
        organisation.options, organisation.output = ("--log", where), ""
        organisation.serve()
        call(organisation, "GET", "/.well-known/countersign")
        organisation.stop()
        expect(not os.path.exists(log_file(organisation)), where)
        equal(os.path.exists(os.path.join(where, "server.log")), wanted, where)
        said = organisation.output
        equal(len(events(said, "request")) if where == "-" else said.count("request"), int(where == "-"), said)


def test_the_log_is_bounded(world):
    """As hostile as it gets: the oldest lines go, and the rest stays whole."""
    organisation = world.organisation(serve=False)
    folder = os.path.dirname(log_file(organisation))
    os.mkdir(folder, 0o700)
    full = "2026-01-01T00:00:00Z 1 info request route=/old\n"
    with open(log_file(organisation), "w", encoding="ascii") as out:
        out.write(full * (8 * 1024 * 1024 // len(full) + 1))
    for age in range(1, 5):
        with open(log_file(organisation, age), "w", encoding="ascii") as out:
            out.write("2026-01-01T00:00:00Z 1 info age message=%d\n" % age)
    organisation.serve()
    call(organisation, "GET", "/.well-known/countersign")
    organisation.stop()
    equal(sorted(os.listdir(folder)), ["lock", "server.log"] + ["server.log.%d" % age for age in range(1, 5)])
    expect(os.path.getsize(log_file(organisation)) < 10000, "a new file")
    equal([events(read(log_file(organisation, age)).decode(), "age")[0]["message"] for age in (2, 3, 4)],
          ["1", "2", "3"])


def test_a_log_that_cannot_be_written_stops_nobody(world):
    organisation = world.organisation(serve=False)
    with open(os.path.join(organisation.folder, "log"), "w", encoding="ascii"):
        pass
    organisation.serve()
    equal(call(organisation, "GET", "/.well-known/countersign")[0], 200)
    organisation.stop()


def test_requests_at_one_time(world):
    """Each has a line of its own, whoever shares its commit."""
    organisation = world.organisation()
    ids = []

    def ask():
        for _ in range(25):
            ids.append(call(organisation, "POST", "/v1/nonce", "{}", JSON_TYPE)[1]["Request-Id"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    organisation.stop()
    equal(sorted(line["request"] for line in logged(organisation)), sorted(ids))


main(globals())
