#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Stores as other people leave them: mostly junk, partly unreadable, changing while they are read,
with names in other spellings. The right certificate is selected all the same, and explain says what
was passed over, without end neither in time nor in length."""
import contextlib
import errno
import os
import random
import shutil
import socket
import stat
import threading

from cryptography.hazmat.primitives import serialization
from cryptography.x509.name import _ASN1Type as Asn1

from world import equal, expect, main, pki, put

SEED = int(os.environ.get("COUNTERSIGN_SEED", random.SystemRandom().randrange(1 << 32)))
print("# COUNTERSIGN_SEED=%d" % SEED)
NOBODY = 65534
MAX_LISTED = 1001


def write(store, name, data):
    path = os.path.join(os.fsencode(store), name if isinstance(name, bytes) else os.fsencode(name))
    with open(path, "wb") as out:
        out.write(data)
    return path


def as_ordinary_user(user):
    """Root reads everything, so what modes forbid is shown by nobody."""
    if os.geteuid() != 0:
        return
    for folder, folders, files in os.walk(user.folder):
        for path in (folder, *(os.path.join(folder, name) for name in (*folders, *files))):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    user.wrapper = ("setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups")


def junk_makers(dice, leaf):
    """Each makes the bytes of one junk file."""
    pem, der, key = leaf.pem, leaf.der, leaf.key_pem()
    block = lambda label, data: b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, data, label)
    body = b"".join(pem.splitlines()[1:-1])
    public = leaf.key.public_key().public_bytes(serialization.Encoding.PEM,
                                                serialization.PublicFormat.SubjectPublicKeyInfo)
    return [
        lambda: b"", lambda: b"\n", lambda: b"\0" * 700,
        lambda: dice.randbytes(dice.randrange(1, 3000)),
        lambda: pem[:dice.randrange(30, len(pem) - 30)],
        lambda: pem.replace(b"END", b"FIN"),
        lambda: block(b"CERTIFICATE", b""), lambda: block(b"CERTIFICATE", b"!" * 64),
        lambda: block(b"CERTIFICATE", body[:-8]),
        lambda: block(b"TRUSTED CERTIFICATE", body), lambda: block(b"X509 CRL", body),
        lambda: block(b"OPENSSH PRIVATE KEY", body), lambda: block(b"CERTIFICATE REQUEST", body),
        lambda: block(b"ENCRYPTED PRIVATE KEY", body), lambda: public, lambda: key[:-40],
        lambda: b"A" * 5000, lambda: b"-" * 3000, lambda: b"-----BEGIN " * 300,
        lambda: b"-----BEGIN CERTIFICATE-----" * 100 + b"-----END CERTIFICATE-----" * 100,
        lambda: der[:dice.randrange(5, len(der) - 1)], lambda: der + b"\0", lambda: der[4:],
        lambda: b"\x30\x84\xff\xff\xff\xff", lambda: b"\x30\x80" * 400, lambda: b"\x30\x82\x10\x00" * 500,
        lambda: b"\x30\x82\x01\x00\x30\x82\x00\xfc" + dice.randbytes(252),
        lambda: b"\x30\x82\x01\x00\x02\x01\x03" + dice.randbytes(253),
        lambda: bytes(b if dice.randrange(40) else dice.randrange(256) for b in der)[:-1],
        lambda: b"\x1f\x8b\x08\x00" + dice.randbytes(300), lambda: b"\x7fELF" + dice.randbytes(300),
        lambda: b"<!doctype html><title>certificate</title>",
        lambda: "\ufeff".encode() + b"no certificate at all",
    ]


ODD_NAMES = (b"new\nline.pem", b"\x1b[2J\x1b]0;owned\x07.pem", b"\xff\xfe\x80.pem", b"-rf.pem", b"a b'\"$(c).pem",
             "Schl\u00fcssel\u202egnp.pem".encode(), b"n" * 250 + b".pem", b"tab\t.crt", b"%s%n.pem", b"\\.pem")


def test_ten_thousand_files_of_which_most_are_junk(world):
    dice = random.Random(SEED)
    ca, foreign = pki.make_ca(), pki.make_ca("CN=Foreign")
    machine = world.machine()
    user = machine.user()
    key = pki.make_key()
    makers = junk_makers(dice, pki.make("CN=junk", foreign))
    folders = [user.store, *(os.path.join(user.store, name) for name in ("a", "b"))]
    for folder in folders[1:]:
        os.mkdir(folder)
    for number in range(9000 - len(ODD_NAMES)):
        ending = dice.choice((".pem", ".crt", ".p12", ".der", "", ".txt"))
        write(folders[number % 3], "junk-%05d%s" % (number, ending), makers[number % len(makers)]())
    for name in ODD_NAMES:
        write(user.store, name, dice.randbytes(100))
    for number in range(10):
        write(folders[0], "junk-%05d" % number, b"A" * 1000000)
    best = pki.make("CN=best", ca, key=key, not_before=pki.now() - pki.days(1))
    for number in range(50):
        leaf = pki.make("CN=older", ca, key=key, not_before=pki.now() - pki.days(2 + number))
        write(folders[number % 3], "good-%04d.pem" % number, leaf.pem + leaf.key_pem())
    template = pki.make("CN=foreign", foreign, key=key).pem
    for number in range(949):
        write(folders[number % 3], "foreign-%04d.pem" % number, template)
    write(folders[2], "m-the-one.pem", best.pem + best.key_pem())
    explanation = user.explain(ca)
    equal(explanation["selected"], best.fingerprint)
    equal(len(explanation["issuers"][0]["candidates"]), 51)
    passed_over = explanation["passed_over"]
    equal(len(passed_over), MAX_LISTED)
    expect("more files were passed over" in passed_over[-1]["why"], passed_over[-1])
    expect(all(item["why"] for item in passed_over), "each with a reason")
    issuer = world.write("ca.pem", ca.pem)
    text = user.run("explain", "--issuer", issuer, check=0).out
    expect(len(text) < 100000 and "\x1b" not in text and "\x07" not in text and "\u202e" not in text, text[:2000])
    for name in os.listdir(folders[0]):
        if name.startswith("junk"):
            os.remove(os.path.join(folders[0], name))
    for folder in folders[1:]:
        for name in os.listdir(folder):
            if name.startswith("junk"):
                os.remove(os.path.join(folder, name))
    explanation = user.explain(ca)
    equal((explanation["selected"], len(explanation["passed_over"])), (best.fingerprint, len(ODD_NAMES)))
    text = user.run("explain", "--issuer", issuer, check=0).out
    expect("\x1b" not in text and "\x07" not in text and "\u202e" not in text, text)
    expect(len([line for line in text.splitlines() if "line.pem" in line and "new" in line]) == 1,
           "a name forges no line", text)


def test_managed_whatever_else_lies_there(world):
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    user = world.machine().user()
    dice = random.Random(SEED)
    for number, make in enumerate(junk_makers(dice, organisation.issue())):
        write(user.store, "junk-%02d.pem" % number, make())
    user.put(organisation.issue(), "good")
    user.add(organisation)
    equal(user.verdict(code=0)["managed"], True)
    kept = user.run("explain", "--json", check=0).json
    expect(len(kept["passed_over"]) > 20, kept["passed_over"])


def test_keys_that_cannot_be_used_give_way(world):  # rule 7
    ca = pki.make_ca()
    user = world.machine().user()
    made = {}
    for age, name in enumerate(("unreadable", "foreign", "missing", "encrypted", "junk", "public", "folder",
                                "fifo", "loop", "huge", "empty", "good", "older")):
        made[name] = pki.make("CN=" + name, ca, not_before=pki.now() - pki.days(1 + age))
        user.put(made[name], name, key=name in ("unreadable", "good", "older"))
    inside = lambda name: os.path.join(user.store, name + ".key")
    os.chmod(inside("unreadable"), 0)
    write(user.store, "foreign.key", made["good"].key_pem())
    write(user.store, "encrypted.key", made["encrypted"].key_pem(password=b"secret"))
    write(user.store, "junk.key", os.urandom(400))
    write(user.store, "public.key", made["public"].pem)
    os.mkdir(inside("folder"))
    os.mkfifo(inside("fifo"))
    os.symlink("loop.key", inside("loop"))
    with open(inside("huge"), "wb") as out:
        out.truncate(1 << 30)
    write(user.store, "empty.key", b"")
    as_ordinary_user(user)
    explanation = user.explain(ca)
    outcomes = {name: [(item["outcome"], item["detail"]) for item in explanation["issuers"][0]["candidates"]
                       if item["fingerprint"] == leaf.fingerprint][0] for name, leaf in made.items()}
    equal(outcomes["good"][0], "selected", outcomes)
    equal(outcomes["older"][0], "older")
    for name, (outcome, detail) in outcomes.items():
        if name not in ("good", "older"):
            equal(outcome, "key-inaccessible", name)
            expect(detail, name)
    for words in (inside("unreadable"), "0000"):
        expect(words in outcomes["unreadable"][1], words, outcomes["unreadable"])
    issuer = world.write("ca.pem", ca.pem)
    text = user.run("explain", "--issuer", issuer, check=0).out
    expect("mode 0000" in text, text)


def test_certificates_that_may_not_be_read(world):
    ca = pki.make_ca()
    user = world.machine().user()
    newest, good = pki.make("CN=newest", ca), pki.make("CN=good", ca, not_before=pki.now() - pki.days(9))
    os.chmod(user.put(newest, "newest"), 0)
    user.put(good, "good")
    closed = os.path.join(user.store, "closed")
    put(closed, pki.make("CN=closed", ca), "closed")
    as_ordinary_user(user)
    os.chmod(closed, 0)
    explanation = user.explain(ca)
    equal(explanation["selected"], good.fingerprint)
    why = {os.path.basename(item["location"]): item["why"] for item in explanation["passed_over"]}
    expect("0000" in why["newest.pem"] and "0000" in why["closed"], why)
    os.chmod(closed, 0o700)
    os.chmod(user.store, 0)
    explanation = user.explain(ca)
    equal((explanation["selected"], explanation["reason"]), (None, "no-certificate"))
    expect("0000" in explanation["passed_over"][0]["why"], explanation)
    os.chmod(user.store, 0o700)


def make_device(path, minor):
    """/dev/zero's or /dev/full's own node where we may make one, else a link to it."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    except OSError as error:
        expect(error.errno in (errno.EPERM, errno.EACCES), error)
        os.symlink({5: "/dev/zero", 7: "/dev/full"}[minor], path)


def test_what_is_no_file(world):
    ca = pki.make_ca()
    user = world.machine().user()
    leaf = pki.make("CN=a", ca)
    user.put(leaf)
    inside = lambda name: os.path.join(user.store, name)
    os.mkfifo(inside("fifo.pem"))
    os.symlink("fifo.pem", inside("to-fifo.pem"))
    make_device(inside("zero.pem"), 5)
    make_device(inside("full.pem"), 7)
    links = {"to-zero": "/dev/zero", "to-full": "/dev/full", "to-random": "/dev/random", "to-tty": "/dev/tty",
             "to-memory": "/proc/self/mem", "to-log": "/proc/kmsg", "to-itself": "to-itself.pem",
             "one": "two.pem", "two": "one.pem", "to-nowhere": "/nowhere/at/all", "to-root": "/",
             "to-store": ".", "up": "../..", "long": "/".join(["."] * 2000)}
    for name, target in links.items():
        os.symlink(target, inside(name + ".pem"))
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        here = os.open(user.store, os.O_PATH)
        stack.callback(os.close, here)
        listener.bind("/proc/self/fd/%d/socket.pem" % here)
        for size in (1 << 30, 1 << 40, (1 << 20) + 1):
            with open(inside("sparse-%d.pem" % size), "wb") as out:
                with contextlib.suppress(OSError):
                    out.truncate(size)
                    continue
                out.truncate(1 << 30)
        put(os.path.join(user.store, "deep", "er"), pki.make("CN=deep", ca), "deep")
        explanation = user.explain(ca)
    equal(explanation["selected"], leaf.fingerprint)
    why = {os.path.relpath(item["location"], user.store): item["why"] for item in explanation["passed_over"]}
    for name in ("fifo", "to-fifo", "zero", "full", "to-zero", "to-full", "to-random", "socket"):
        equal(why[name + ".pem"], "not a regular file", name)
    for name in ("one.pem", "two.pem", "to-itself.pem", "to-nowhere.pem", "to-root.pem", "to-store.pem", "deep/er",
                 "sparse-%d.pem" % (1 << 30), "sparse-%d.pem" % ((1 << 20) + 1)):
        expect(name in why, name, "is not in", why)


def test_stores_that_are_no_folders(world):
    ca = pki.make_ca()
    user = world.machine().user()
    for place in ("/dev/null", "/dev/full", "/proc/self/mem", "/nowhere", world.write("file", b"x")):
        user.configure(user_store=place)
        explanation = user.explain(ca)
        equal((explanation["selected"], explanation["reason"]), (None, "no-certificate"), place)
    loop = os.path.join(user.folder, "loop")
    os.symlink("loop", loop)
    user.configure(user_store=loop)
    equal(user.explain(ca)["reason"], "no-certificate")


def shuffle(user, leaf, ended):
    """Writes, renames and deletes in a store until told to end."""
    dice = random.Random(SEED)
    inside = lambda name: os.path.join(user.store, name)
    while not ended.is_set():
        name, other = ("moving-%d" % dice.randrange(20) for _ in range(2))
        action = dice.randrange(6)
        with contextlib.suppress(OSError):
            if action == 0:
                os.makedirs(inside(name), exist_ok=True)
                write(inside(name), "x.pem", leaf.pem)
            elif action == 1:
                os.rename(inside(name), inside(other))
            elif action == 2:
                shutil.rmtree(inside(name))
            elif action == 3:
                write(user.store, name + ".pem", leaf.pem[:dice.randrange(len(leaf.pem))])
            elif action == 4:
                os.remove(inside(name + ".pem"))
            else:
                os.symlink(other, inside(name))


def test_a_store_that_changes_while_it_is_read(world):
    ca = pki.make_ca()
    user = world.machine().user()
    leaf = pki.make("CN=stays", ca)
    passing = pki.make("CN=passes", ca, not_before=pki.now() - pki.days(3))
    user.put(leaf, "stays")
    for number in range(300):
        write(user.store, "more-%03d.pem" % number, passing.pem)
    ended = threading.Event()
    threads = [threading.Thread(target=shuffle, args=(user, passing, ended)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(40):
            equal(user.explain(ca)["selected"], leaf.fingerprint)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    equal(user.explain(ca)["selected"], leaf.fingerprint)


def test_a_store_that_comes_and_goes(world):
    ca = pki.make_ca()
    user = world.machine().user()
    leaf = pki.make("CN=a", ca)
    user.put(leaf)
    aside, ended = user.store + "-aside", threading.Event()

    def come_and_go():
        while not ended.is_set():
            os.rename(user.store, aside)
            os.rename(aside, user.store)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        seen = {user.explain(ca)["selected"] for _ in range(40)}
    finally:
        ended.set()
        thread.join()
    expect(seen <= {leaf.fingerprint, None}, seen)
    equal(user.explain(ca)["selected"], leaf.fingerprint)


def spelled(*parts):
    """A Name: each part (type, value, ASN.1 type), or a list of them for one RDN."""
    oids = {"CN": pki.NameOID.COMMON_NAME, "O": pki.NameOID.ORGANIZATION_NAME, "C": pki.NameOID.COUNTRY_NAME}
    rdns = []
    for part in parts:
        members = part if isinstance(part, list) else [part]
        rdns.append(pki.x509.RelativeDistinguishedName(
            [pki.x509.NameAttribute(oids[kind], value, asn1) for kind, value, asn1 in members]))
    return pki.x509.Name(rdns)


UTF8, PRINTABLE, BMP = Asn1.UTF8String, Asn1.PrintableString, Asn1.BMPString
LISTED = spelled(("C", "DE", PRINTABLE), ("O", "Example Org", UTF8), ("CN", "\u00dcber Test CA", UTF8))


def listed(country="DE", organisation="Example Org", name="\u00dcber Test CA", o_type=UTF8, cn_type=UTF8):
    return spelled(("C", country, PRINTABLE), ("O", organisation, o_type), ("CN", name, cn_type))


SAME = {
    "as it stands": LISTED,
    "PrintableString": listed(o_type=PRINTABLE),
    "BMPString": listed(o_type=BMP, cn_type=BMP),
    "letter case": listed("de", "EXAMPLE oRG", "\u00fcBER tEST ca"),
    "inner space": listed(organisation="Example   Org", name="\u00dcber\u00a0Test \t CA"),
    "outer space": listed(organisation="  Example Org ", name="\u00dcber Test CA   "),
    "decomposed": listed(name="U\u0308ber Test CA"),
    "compatible": listed(name="\u00dcber \uff34est CA"),
}
OTHER = {
    "no space": listed(organisation="ExampleOrg"),
    "another letter": listed(name="Uber Test CA"),
    "another country": listed(country="FR"),
    "a part less": spelled(("O", "Example Org", UTF8), ("CN", "\u00dcber Test CA", UTF8)),
    "another order": spelled(("O", "Example Org", UTF8), ("C", "DE", PRINTABLE), ("CN", "\u00dcber Test CA", UTF8)),
    "one set": spelled([("C", "DE", PRINTABLE), ("O", "Example Org", UTF8)], ("CN", "\u00dcber Test CA", UTF8)),
    "another type": spelled(("C", "DE", PRINTABLE), ("CN", "Example Org", UTF8), ("CN", "\u00dcber Test CA", UTF8)),
    "NUL behind": listed(name="\u00dcber Test CA\0"),
}


def test_names_in_other_spellings(world):  # rule 5
    key = pki.make_key()
    organisation = world.organisation()
    issuer = pki.make_ca(LISTED, key=key)
    organisation.trust(issuer, "--revocation", "none")
    for what, name in {**SAME, **OTHER}.items():
        user = world.machine().user()
        leaf = pki.make("CN=a", pki.make_ca(name, key=key))
        user.put(leaf)
        user.add(organisation)
        account = user.verdict()
        wanted = "managed" if what in SAME else "no-certificate"
        equal(account["reason"], wanted, what)
        equal(user.explain(issuer)["selected"], leaf.fingerprint if what in SAME else None, what)


def test_two_issuers_of_one_name(world):  # rule 5
    organisation = world.organisation()
    one, two = (pki.make_ca("CN=Same Name,O=x") for _ in range(2))
    stranger = pki.make_ca("CN=Same Name,O=x")
    first = organisation.trust(one, "--revocation", "none")
    organisation.trust(two, "--revocation", "none")
    user = world.machine().user()
    of_one = pki.make("CN=one", one, not_before=pki.now() - pki.days(1))
    of_two = pki.make("CN=two", two, not_before=pki.now() - pki.days(5))
    of_stranger = pki.make("CN=stranger", stranger)
    for number, leaf in enumerate((of_one, of_two, of_stranger)):
        user.put(leaf, "leaf-%d" % number)
    explanation = user.explain(two, one)
    equal(explanation["selected"], of_one.fingerprint)
    equal([[item["fingerprint"] for item in issuer["candidates"]] for issuer in explanation["issuers"]],
          [[of_two.fingerprint], [of_one.fingerprint]], "by signature, not by name")
    user.add(organisation)
    equal(user.verdict(code=0)["certificate"]["fingerprint"], of_one.fingerprint)
    organisation.admin("issuer", "delete", first["id"])
    equal(user.verdict(code=0)["certificate"]["fingerprint"], of_two.fingerprint)


main(globals())
