#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, the manual page, mistakes, prompts on a terminal, output that
cannot be written."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

from world import PROGRAM, Skip, equal, expect, main, run_program

GROUPS = ("account", "authority", "authority user", "authority issuer", "authority device",
          "authority certificate")


def run(world, *arguments, **options):
    return run_program(arguments, world.environment, **options)


def verbs(world):
    manual = run(world, "help", "--manual", check=0).out
    found = re.findall(r'^\.SS "(.*)"$', manual, re.MULTILINE)
    expect(len(found) > 30, found)
    return [verb.replace("\\-", "-") for verb in found]


def test_help_of_every_verb(world):
    for verb in verbs(world):
        for arguments in ((*verb.split(), "--help"), (*verb.split(), "-h"), ("help", *verb.split())):
            result = run(world, *arguments, check=0)
            expect(result.out.startswith("usage: countersign " + verb), arguments, result)
            equal(result.err, "", arguments)
        document = run(world, *verb.split(), "--help", "--json", check=0).json
        equal(document, {"help": result.out})
        expect(all(len(line) <= 80 for line in result.out.splitlines()[1:]), result.out)


def test_help_and_version(world):
    everything = run(world, "--help", check=0)
    equal(everything.err, "")
    for verb in verbs(world):
        expect("  " + verb in everything.out, verb)
    version = run(world, "--version", check=0)
    expect(re.fullmatch(r"countersign \d+\.\d+\.\d+\n", version.out), version)
    equal(run(world, "version", check=0).out, version.out)
    equal(run(world, "version", "--json", check=0).json, {"version": version.out.split()[1]})


def test_manual_is_well_formed(world):
    page = world.write("countersign.1", run(world, "help", "--manual", check=0).out.encode())
    tools = (("mandoc", "-T", "lint"), ("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"))
    for tool in tools:
        if not shutil.which(tool[0]):
            print("# no", tool[0], "here: the manual page is not checked with it")
            continue
        done = subprocess.run([*tool, page], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=world.environment, check=False)
        said = done.stdout if tool[0] == "mandoc" else ""
        equal((done.returncode, said, done.stderr), (0, "", ""), tool)
    languages = dict(world.environment, LC_ALL="C", LANGUAGE="de")
    equal(run_program(("help", "--manual"), languages, check=0).out.encode(),
          open(page, "rb").read(), "the same in every locale")


def test_without_a_verb(world):
    has_desktop = "start" in verbs(world)
    if has_desktop:
        for words in ((), ("start",)):
            result = run(world, *words, check=5)
            expect(result.err.startswith("countersign: there is no display"), result)
            result = run(world, *words, "--json", check=5)
            equal((result.json["error"]["code"], result.err), ("no-display", ""))
            result = run_program(words, dict(world.environment, DISPLAY=":nosuch",
                                             DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent"), check=5)
            expect("message bus cannot be reached" in result.err, result)
    for words in GROUPS if has_desktop else ("", *GROUPS):
        result = run(world, *words.split(), check=2)
        equal(result.out, "", words)
        expect(result.err.startswith(("usage: countersign " + words).strip()), result)
        result = run(world, *words.split(), "--json", check=2)
        equal((result.json["error"]["code"], result.err), ("verb-missing", ""), words)
        expect("usage:" in run(world, *words.split(), "--help", check=0).out, words)


def test_mistakes(world):
    cases = (("statis",), ("status", "--chekc"), ("status", "-c"), ("status", "extra"),
             ("status", "--check=yes"), ("status", "--check", "--check"), ("account", "show"),
             ("account", "show", "a", "b"), ("explain", "--issuer"), ("explain", "a", "--issuer", "b"),
             ("status", "--config"), ("status", "--config", "--check"), ("status", "--dir", "x"),
             ("authority", "init", "--name", "x"), ("authority", "device", "approve", "x"),
             ("authority", "code", "ada", "--minutes", "0"), ("help", "nosuch"),
             ("authority", "issuer", "add"), ("authority", "issuer", "add", "f", "--built-in"),
             ("authority", "issuer", "add", "f", "--revocation", "some"),
             ("account", "add", "http://127.0.0.1", "--code-stdin", "--link-stdin"),
             ("account", "add", "http://127.0.0.1", "--code-stdin", "--fingerprint", "abc"))
    folder = os.path.join(world.folder, "mistakes")
    run(world, "authority", "--dir", folder, "init", "--name", "M", "--url", "http://127.0.0.1:1", check=0)
    for arguments in cases:
        extra = ("--dir", folder) if arguments[0] == "authority" else ()
        result = run(world, *arguments, *extra, check=2)
        equal(result.out, "", arguments)
        expect(result.err.startswith("countersign: "), arguments, result)
        expect(len(result.err.splitlines()) <= 2, arguments, result)
        result = run(world, *arguments, *extra, "--json", check=2)
        equal((sorted(result.json["error"]), result.err), (["code", "message"], ""), arguments)


def test_options_stand_anywhere(world):
    config = world.write("empty.conf", b"")
    wanted = {"accounts": []}
    for arguments in (("--config", config, "status", "--json"), ("status", "--config", config, "--json"),
                      ("--json", "--config=" + config, "status"), ("status", "--json", "--config=" + config, "--")):
        equal(run(world, *arguments, check=0).json, wanted, arguments)
    folder = os.path.join(world.folder, "anywhere")
    run(world, "authority", "init", "--dir", folder, "--name", "A", "--url=http://127.0.0.1:1", check=0)
    for arguments in (("authority", "--dir", folder, "user", "list"), ("authority", "user", "list", "--dir", folder)):
        equal(run(world, *arguments, "--json", check=0).json, {"users": []})


def test_a_link_on_the_command_line_is_not_repeated(world):
    link = "http://127.0.0.1:1#S3CR-ETCD-EFGH.abcdefghijklmnopqrstuvwxyz"
    for arguments in (("account", "add", link), ("account", "add", link, "--json"), (link,),
                      ("account", "add", "http://127.0.0.1:1", link), ("account", "add", "--code-stdin=" + link),
                      ("account", "add", "http://127.0.0.1:1", "--" + link), ("status", link)):
        result = run(world, *arguments, check=2)
        expect("S3CR" not in result.out + result.err, arguments, result)
    result = run(world, "account", "add", link, "--json", stdin="x\n")
    equal(result.json["error"]["code"], "link-on-command-line")


def test_never_asks_without_a_terminal(world):
    result = run(world, "account", "add", "http://127.0.0.1:1", "--json", check=2)
    equal(result.json["error"]["code"], "no-terminal")
    expect("--code-stdin" in result.json["error"]["message"], result)
    user = world.machine().user()
    account = user.add(world.organisation()).json["id"]
    equal(user.run("account", "delete", account, "--json", check=2).json["error"]["code"], "no-terminal")
    equal(len(user.run("account", "list", "--json").json["accounts"]), 1)


class Terminal:
    """The program with a terminal as its standard input."""

    def __init__(self, user, *arguments):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([PROGRAM, "--config", user.config, *arguments], stdin=slave,
                                        stdout=subprocess.PIPE, stderr=slave, env=user.environment,
                                        start_new_session=True)
        os.close(slave)
        self.seen = ""

    def wait_for(self, text):
        end = time.monotonic() + 60
        while text not in self.seen:
            ready = select.select([self.master], [], [], max(0, end - time.monotonic()))[0]
            expect(ready, "no", repr(text), "in", repr(self.seen))
            try:
                self.seen += os.read(self.master, 4096).decode()
            except OSError:
                raise AssertionError("ended before %r: %r" % (text, self.seen)) from None

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Returns exit code and standard output; what was on the terminal is in self.seen."""
        out = self.process.communicate(timeout=60)[0].decode()
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.seen += os.read(self.master, 4096).decode()
            except OSError:
                break
        os.close(self.master)
        return self.process.returncode, out


def test_account_add_at_the_prompt(world):
    organisation = world.organisation()
    user = world.machine().user()
    for login, secret in (("ada", "code"), ("bob", "link")):
        terminal = Terminal(user, "account", "add", organisation.url, "--json")
        terminal.wait_for("Activation code or link")
        fingerprint = organisation.introduction["fingerprint"]
        expect(fingerprint in terminal.seen, terminal.seen)
        expect("consent" in terminal.seen and "\\x0a" not in terminal.seen, terminal.seen)
        terminal.type("not a code\n")
        terminal.wait_for("neither")
        answer = organisation.code(login)[secret]
        terminal.type(answer + "\n")
        code, out = terminal.end()
        equal(code, 0, terminal.seen)
        equal(json.loads(out)["user"], login)
        for typed in ("not a code", answer):
            expect(typed not in terminal.seen, "what is typed is not shown", repr(terminal.seen))


def test_a_link_at_the_prompt_pins(world):
    organisation, other = world.organisation(), world.organisation()
    user = world.machine().user()
    link, foreign = organisation.code("ada")["link"], other.code("ada")["link"]
    forged = link.rsplit(".", 1)[0] + "." + foreign.rsplit(".", 1)[1]
    terminal = Terminal(user, "account", "add", organisation.url, "--json")
    terminal.wait_for("Activation code or link")
    terminal.type(foreign + "\n")
    terminal.wait_for("not for")
    terminal.type(forged + "\n")
    code, out = terminal.end()
    equal((code, json.loads(out)["error"]["code"]), (3, "server-key-unknown"))
    equal(user.run("account", "list", "--json").json["accounts"], [])


def test_interrupted_at_the_prompt(world):
    organisation = world.organisation()
    user = world.machine().user()
    terminal = Terminal(user, "account", "add", organisation.url)
    terminal.wait_for("Activation code or link")
    terminal.process.send_signal(signal.SIGINT)
    equal(terminal.end()[0], 128 + signal.SIGINT)


def test_account_delete_asks_once(world):
    organisation = world.organisation()
    user = world.machine().user()
    account = user.add(organisation).json["id"]
    for answer, exit_code, left in (("\n", 1, 1), ("n\n", 1, 1), ("y\n", 0, 0)):
        terminal = Terminal(user, "account", "delete", account, "--json")
        terminal.wait_for("[y/N]")
        expect("\\x0a" not in terminal.seen and "link to this" in terminal.seen, terminal.seen)
        terminal.type(answer)
        code, out = terminal.end()
        equal((code, json.loads(out)), (exit_code, {"id": account, "deleted": not left, "pending": False}))
        equal(len(user.run("account", "list", "--json").json["accounts"]), left)


def test_german_is_asked_and_answered_in_german(world):
    if "COUNTERSIGN_LOCALE_FOLDER" not in os.environ:
        raise Skip("needs COUNTERSIGN_LOCALE_FOLDER, the translations of the build")
    organisation = world.organisation()
    user = world.machine().user()
    account = user.add(organisation).json["id"]
    user.environment.update(LANGUAGE="de",
                            COUNTERSIGN_LOCALE_FOLDER=os.environ["COUNTERSIGN_LOCALE_FOLDER"])
    expect("Noch nicht geprüft" in user.run("status").out, "the status")
    expect("keine Antwort von 127.0.0.1: es kommt keine Verbindung zustande" in
           user.run("account", "add", "http://127.0.0.1:1", "--code-stdin", stdin="BCDF-GHJK-MNPQ\n").err,
           "an error, whole")
    for answer, exit_code in (("n\n", 1), ("j\n", 0)):
        terminal = Terminal(user, "account", "delete", account, "--json")
        terminal.wait_for("Löschen? [j/N]")
        terminal.type(answer)
        equal(terminal.end()[0], exit_code, answer)


def test_account_delete_takes_a_script_s_answer(world):
    organisation = world.organisation()
    user = world.machine().user()
    account = user.add(organisation).json["id"]
    for answer, exit_code, left in (("", 2, 1), ("\n", 2, 1), ("n\n", 1, 1), ("y\n", 0, 0)):
        result = user.run("account", "delete", account, "--json", stdin=answer, check=exit_code)
        json.loads(result.out)
        equal(len(user.run("account", "list", "--json").json["accounts"]), left, repr(answer))


def test_output_that_cannot_be_written(world):
    for arguments in (("--help",), ("status",), ("version", "--json")):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE,
                                  env=world.environment, check=False)
        equal(done.returncode, 5, arguments)
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE,
                              env=world.environment, check=False)
        os.close(writer)
        equal(done.returncode, 5, arguments)
        done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', PROGRAM, *arguments],
                              stderr=subprocess.PIPE, env=world.environment, check=False)
        equal(done.returncode, 5, arguments)


def test_closed_descriptors_are_not_taken_over(world):
    """What the program opens must not become its standard input or output."""
    probe = ("import os, sys; [os.close(fd) for fd in (0, 1)]; os.execv(sys.argv[1], sys.argv[1:])")
    organisation = world.organisation()
    user = world.machine().user()
    for extra, code in (((), 2), (("--json",), 5)):
        done = subprocess.run([sys.executable, "-c", probe, PROGRAM, "--config", user.config, "account", "add",
                               organisation.url, "--code-stdin", *extra], stderr=subprocess.PIPE, text=True,
                              env=user.environment, timeout=60, check=False)
        equal(done.returncode, code, "nothing to read, nothing to write on", done.stderr)


def test_nothing_from_outside_moves_the_cursor(world):
    for name in ("/no\x1b[31m", "/no\u009b31m", "/no\u202eliame", "/no\ncountersign: all is well", "/no\xff"):
        result = run(world, "explain", "--issuer", name, check=6)
        equal(len(result.err.splitlines()), 1, result)
        for hidden in ("\x1b", "\u009b", "\u202e"):
            expect(hidden not in result.err, repr(result.err))
        run(world, "explain", "--issuer", name, "--json", check=6).json["error"]


def test_relative_xdg_folders_are_ignored(world):
    environment = dict(world.environment, XDG_STATE_HOME="relative", HOME=os.path.join(world.folder, "home"))
    run_program(("authority", "init", "--name", "X", "--url", "http://127.0.0.1:1"), environment, check=0)
    expect(os.path.isdir(os.path.join(world.folder, "home", ".local", "state", "countersign", "authority")))
    expect(not os.path.exists("relative"))


main(globals())
