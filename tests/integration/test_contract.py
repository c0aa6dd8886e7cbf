#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The contract that others script against: exit codes, JSON documents, what is printed where."""
import json
import os
import re
import signal
import subprocess

from world import (PROGRAM, equal, expect, free_port, main, managed_pair, pki, run_program)

HEX = re.compile(r"^[0-9a-f]{64}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
ID = re.compile(r"^[a-z0-9]+$")


def test_status_document(world):
    organisation, _, user, identity = managed_pair(world)
    account = user.run("status", "--json", check=0).json["accounts"][0]
    equal((account["managed"], account["reason"], account["checked_at"], account["certificate"]),
          (None, None, None, None), "adding only enrols")
    equal((account["user"], account["organisation"], account["url"]),
          ("ada", "Example", organisation.url))
    expect(ID.match(account["id"]) and ID.match(account["device_id"]), account)
    user.check(code=0)
    account = user.run("status", "--json", check=0).json["accounts"][0]
    equal((account["managed"], account["reason"]), (True, "managed"))
    expect(TIME.match(account["checked_at"]), account)
    equal(account["certificate"]["fingerprint"], identity.fingerprint)
    expect(TIME.match(account["certificate"]["not_before"]), account)
    expect("error" not in account, account)


def test_status_exit_codes(world):
    organisation, _, user, _ = managed_pair(world)
    nobody = world.machine().user()
    equal(nobody.run("status").code, 0)
    result = nobody.run("status", "--check", "--json")
    equal((result.code, result.json), (1, {"accounts": []}))
    other = world.organisation("Other")
    user.add(other)
    code, accounts = user.check()
    equal(code, 1, "one is not managed")
    organisation.admin("user", "suspend", "ada")
    equal(user.check()[0], 3, "refused comes before not managed")
    other.stop()
    code, accounts = user.check()
    equal(code, 4, "unreachable comes before refused")
    equal([account.get("error") for account in accounts], [None, "unreachable"])
    equal([account["managed"] for account in accounts], [False, False])


def test_unreachable_keeps_the_last_verdict(world):
    organisation, _, user, _ = managed_pair(world)
    before = user.verdict(code=0)
    organisation.stop()
    after = user.verdict(code=4)
    equal(after.pop("error"), "unreachable")
    equal(after, before)
    expect("error" not in user.run("status", "--json", check=0).json["accounts"][0], "local only")


def test_local_state_that_cannot_be_read(world):
    _, _, user, _ = managed_pair(world)
    book = os.path.join(user.state, "accounts.json")
    saved = open(book, "rb").read()
    for damage in (saved[:len(saved) // 2], b"", b"[]", b"{}", b"\xff" * 64):
        with open(book, "wb") as out:
            out.write(damage)
        result = user.run("status", "--json")
        equal(result.code, 5, damage[:20], result)
        expect(result.json["error"]["code"], result)
        equal(open(book, "rb").read(), damage, "never overwritten")


def test_something_else_in_place_of_the_state_folder(world):
    user = world.machine().user()
    os.makedirs(user.environment["XDG_STATE_HOME"])
    world.write(user.state, "")
    for arguments in (("status",), ("status", "--check"), ("account", "list"), ("explain",), ("repurpose",)):
        result = user.run(*arguments, "--json")
        equal((result.code, result.json["error"]["code"]), (5, "state-unavailable"), arguments)


def test_settings_that_cannot_be_used(world):
    user = world.machine().user()
    for text in ("[stores", "[stores]\nuser-directories=relative;\n", "[organisation]\nurl=http://localhost:1\n"):
        with open(user.config, "w", encoding="utf-8") as out:
            out.write(text)
        for arguments in (("status",), ("status", "--check"), ("explain",)):
            result = user.run(*arguments, "--json")
            equal((result.code, result.json["error"]["code"]), (5, "settings-invalid"), text, arguments)
    result = run_program(["--config", "/dev/null", "status", "--json"], user.environment, check=0)
    equal(result.json, {"accounts": []}, "the null device sets nothing")


def test_errors_are_documents(world):
    user = world.machine().user()
    for arguments, code in ((("nosuchverb",), 2), (("status", "--nosuch"), 2), (("account", "show"), 2),
                            (("account", "show", "nosuch"), 6), (("account", "delete", "nosuch", "--yes"), 6),
                            (("certificate", "delete", "nosuch", "--yes"), 2),
                            (("certificate", "delete", "0" * 64, "--yes"), 6),
                            (("explain", "nosuch"), 6), (("explain", "--issuer", "/nosuch/file"), 6),
                            (("account", "add", "http://example.org", "--code-stdin"), 2),
                            (("account", "add", "http://127.0.0.1:%d" % free_port(), "--code-stdin"), 4)):
        result = user.run(*arguments, "--json", stdin="AAAA-BBBB-CCCC\n")
        equal(result.code, code, arguments, result)
        expect(sorted(result.json["error"]) == ["code", "message"], arguments, result)
        people = user.run(*arguments, stdin="AAAA-BBBB-CCCC\n")
        equal((people.code, people.out), (code, ""), arguments)
        expect(people.err.strip(), arguments)
    equal(run_program(["--config", world.folder + "/nosuch.conf", "status"], user.environment).code, 6)


def test_explain_document(world):
    ca = pki.make_ca()
    machine = world.machine()
    user = machine.user()
    equal(user.run("explain", "--json", check=0).json["reason"], "no-issuers")
    explanation = user.explain(ca)
    equal((explanation["selected"], explanation["reason"]), (None, "no-certificate"))
    equal(explanation["issuers"][0]["fingerprint"], ca.fingerprint)
    leaf = pki.make("CN=a", ca)
    path = user.put(leaf)
    explanation = user.explain(ca)
    equal((explanation["selected"], explanation["reason"]), (leaf.fingerprint, None))
    candidate = explanation["issuers"][0]["candidates"][0]
    equal({key: candidate[key] for key in ("fingerprint", "location", "store", "outcome")},
          {"fingerprint": leaf.fingerprint, "location": path, "store": "user", "outcome": "selected"})
    expect(TIME.match(candidate["not_before"]) and TIME.match(candidate["not_after"]), candidate)
    expect("detail" in candidate, candidate)
    user.configure(user_store=user.store + "/")
    equal(user.explain(ca)["issuers"][0]["candidates"][0]["location"], path, "a slash at the end changes nothing")


def test_explain_of_an_account_asks_for_the_list_and_abandons(world):
    organisation, _, user, identity = managed_pair(world)
    account = user.run("account", "list", "--json", check=0).json["accounts"][0]
    explanation = user.run("explain", account["id"], "--json", check=0).json
    equal(explanation["selected"], identity.fingerprint)
    equal([line for line in organisation.log() if line["event"] == "authentication"], [])
    equal(user.run("status", "--json", check=0).json["accounts"][0]["managed"], None)
    organisation.stop()
    equal(user.run("explain", account["id"], "--json").code, 4)


def test_account_add_by_code_and_by_link(world):
    organisation = world.organisation()
    user = world.machine().user()
    code = organisation.code("ada")
    expect(TIME.match(code["expires_at"]), code)
    expect(code["link"].startswith(organisation.url + "#"), code)
    result = user.run("account", "add", organisation.url, "--code-stdin", "--json",
                      stdin=code["code"] + "\n", check=0)
    expect(organisation.introduction["fingerprint"] in result.err, result)
    expect(ID.match(result.json["id"]), result)
    link = organisation.code("bob")["link"]
    user.run("account", "add", "--link-stdin", "--json", stdin=link + "\n", check=0)
    equal(sorted(account["user"] for account in
                 user.run("account", "list", "--json", check=0).json["accounts"]), ["ada", "bob"])
    result = user.run("account", "add", organisation.code("eve")["link"])
    equal(result.code, 2, "a link is never an argument")


def test_account_add_pins(world):
    organisation, other = world.organisation(), world.organisation()
    user = world.machine().user()
    code = organisation.code("ada")
    wrong = other.introduction["fingerprint"]
    result = user.run("account", "add", organisation.url, "--code-stdin", "--fingerprint", wrong, "--json",
                      stdin=code["code"] + "\n")
    equal((result.code, result.json["error"]["code"]), (3, "server-key-unknown"))
    thumbprint = other.code("ada")["link"].rsplit(".", 1)[1]
    forged = code["link"].rsplit(".", 1)[0] + "." + thumbprint
    result = user.run("account", "add", "--link-stdin", "--json", stdin=forged + "\n")
    equal((result.code, result.json["error"]["code"]), (3, "server-key-unknown"))
    user.run("account", "add", organisation.url, "--code-stdin", "--fingerprint",
             organisation.introduction["fingerprint"].upper(), stdin=code["code"] + "\n", check=0)


def test_activation_codes(world):
    organisation = world.organisation()
    user = world.machine().user()
    add = lambda code: user.run("account", "add", organisation.url, "--code-stdin", "--json",
                                stdin=code + "\n")
    first = organisation.code("ada")["code"]
    second = organisation.code("ada")["code"]
    equal(add(first).json["error"]["code"], "code-invalid", "a new one replaces the old")
    equal(add(second.lower().replace("-", " ")).code, 0)
    equal(add(second).code, 3, "one use")
    last = organisation.log()[-1]
    equal((last["event"], last["actor"], last["outcome"], last["reason"]),
          ("enrolment", "user:ada", "refused", "code-invalid"))
    code = organisation.code("bob")["code"]
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    for _ in range(5):
        equal(add(wrong).json["error"]["code"], "code-invalid")
    equal(add(code).json["error"]["code"], "code-invalid", "void after five wrong tries")
    equal(organisation.run("code", "nobody").code, 6)
    code = organisation.code("carol")["code"]
    organisation.admin("user", "suspend", "carol")
    equal(add(code).code, 3)
    organisation.admin("user", "resume", "carol")
    equal(add(code).code, 0)


def test_several_accounts_and_organisations(world):
    user = world.machine().user()
    organisations = [world.organisation(name) for name in ("One", "Two", "Three")]
    for organisation in organisations:
        organisation.admin("issuer", "add", "--built-in")
        user.put(organisation.issue(), organisation.folder[-8:])
        user.add(organisation)
    code, accounts = user.check()
    equal((code, [account["organisation"] for account in accounts]), (0, ["One", "Two", "Three"]))
    equal(len({account["device_id"] for account in accounts}), 3)
    show = user.run("account", "show", accounts[1]["id"], "--json", check=0).json
    equal(show["organisation"], "Two")


def test_configured_organisation_and_limited_issuers(world):
    organisation, _, user, _ = managed_pair(world)
    user.configure("[organisation]\nurl=%s\n" % organisation.url)
    user.run("account", "add", "--code-stdin", stdin=organisation.code("bob")["code"] + "\n", check=0)
    user.configure("[organisation]\nissuers=%s;\n" % ("0" * 64))
    code, accounts = user.check()
    equal((code, {account["reason"] for account in accounts}), (1, {"consent-missing"}))
    issuer = organisation.admin("issuer", "list")["issuers"][0]["fingerprint"]
    user.configure("[organisation]\nissuers=%s;\n" % issuer)
    equal(user.check()[0], 0)


def test_device_list_document(world):
    organisation, _, user, identity = managed_pair(world)
    user.check(code=0)
    device = organisation.devices()[0]
    equal(sorted(device), ["helpdesk_code", "id", "keys", "links", "name", "state", "users"])
    equal((device["state"], device["users"]), ("active", ["ada"]))
    equal(device["links"], [{"certificate": identity.fingerprint, "state": "bound"}])
    equal([sorted(key) for key in device["keys"]], [["approved", "id", "user"]])
    shown = organisation.admin("device", "show", device["id"])
    for name in ("id", "hardware_id"):
        expect(ID.match(shown[name]), name, shown)


def test_authority_log_document(world):
    organisation, _, user, _ = managed_pair(world)
    user.check(code=0)
    lines = organisation.log()
    for line in lines:
        equal(sorted(line), ["access", "account", "actor", "application", "certificate", "detail", "device", "event",
                             "hash", "line", "operator", "origin", "outcome", "reason", "request", "time"])
        expect(TIME.match(line["time"]), line)
    expect([line for line in lines if line["event"] == "authentication"], lines)


def test_authority_verbs_work_without_and_beside_the_server(world):
    organisation = world.organisation(serve=False)
    equal(organisation.run("init", "--name", "x", "--url", organisation.url).code, 3)
    organisation.admin("user", "add", "ada")
    equal(organisation.run("user", "add", "ada").code, 3)
    equal(organisation.run("user", "suspend", "nobody").code, 6)
    organisation.serve()
    organisation.admin("user", "add", "bob")
    equal([user["login"] for user in organisation.admin("user", "list")["users"]], ["ada", "bob"])
    second = organisation.run("serve", "--listen", "127.0.0.1:0")
    equal(second.code, 3, "only a second serve is refused", second)
    organisation.stop()
    equal(run_program(["authority", "--dir", world.folder + "/none", "user", "list", "--json"],
                      world.environment).code, 6)


def test_serve_listens_on_loopback_only_without_tls(world):
    organisation = world.organisation(serve=False)
    for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:8080", "example.org:80"):
        equal(organisation.run("serve", "--listen", address).code, 2, address)


def test_serve_with_tls(world):
    host = pki.make_server("localhost")
    certificate, key = world.write("tls.pem", host.pem), world.write("tls.key", host.key_pem())
    port = free_port()
    folder, url = os.path.join(world.folder, "tls"), "https://localhost:%d" % port
    run_program(["authority", "--dir", folder, "init", "--name", "T", "--url", url], world.environment, check=0)
    run_program(["authority", "--dir", folder, "user", "add", "ada"], world.environment, check=0)
    code = run_program(["authority", "--dir", folder, "code", "ada", "--json"], world.environment, check=0).json["code"]
    with subprocess.Popen([PROGRAM, "authority", "--dir", folder, "serve", "--listen", "localhost:%d" % port,
                           "--tls-certificate", certificate, "--tls-key", key], stdout=subprocess.PIPE,
                          text=True, env=world.environment) as server:
        equal(server.stdout.readline(), "listening on %s\n" % url)
        user = world.machine().user()
        equal(user.run("account", "add", url, "--code-stdin", stdin=code + "\n").code, 4, "not trusted")
        user.configure("[organisation]\ntls-ca-file=%s\n" % certificate)
        user.run("account", "add", url, "--code-stdin", stdin=code + "\n", check=0)
        for _ in range(3):
            equal(user.verdict(code=1)["reason"], "no-issuers", "authenticated, and nothing to attest")
        server.send_signal(signal.SIGTERM)
        equal(server.wait(5), 0)


def test_every_json_output_is_one_document(world):
    organisation, _, user, identity = managed_pair(world)
    account = user.verdict(code=0)
    for arguments in (("status",), ("account", "list"), ("account", "show", account["id"]), ("explain",),
                      ("repurpose",)):
        json.loads(user.run(*arguments, "--json", check=0).out)
    for verb in (("user", "list"), ("issuer", "list"), ("device", "list"),
                 ("device", "show", account["device_id"])):
        organisation.admin(*verb)


main(globals())
