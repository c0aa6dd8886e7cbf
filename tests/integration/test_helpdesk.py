#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Helpdesk's end of the telephone: the code that a device is called by, and the steps of repurposing
it (rule 25) in helpdesk's terminal, between real processes."""
import fcntl
import os
import pty
import re
import select
import sqlite3
import subprocess
import termios
import time

from world import PROGRAM, TIMEOUT_S, equal, expect, main, managed_pair

ALPHABET = "2346789FKLMRW"
CODE = re.compile("[%s]{8}" % ALPHABET)
STEPS = ["delete-account", "deactivate", "reactivate", "add-account", "first-authentication"]
CLEAR = "\x1b[H\x1b[J"


def grouped(code):
    return code[:4] + "-" + code[4:]


def code_of(user):
    return user.run("status", "--json", check=0).json["accounts"][0]["helpdesk_code"]


def misheard(code, place, given=()):
    """The code with another character at that place; where codes were given out, not one of theirs."""
    for letter in ALPHABET:
        heard = code[:place] + letter + code[place + 1:]
        if letter != code[place] and heard not in given:
            return heard
    raise AssertionError(code)


def test_the_code_is_shown_at_both_ends(world):
    organisation, machine, user, _ = managed_pair(world)
    other = world.machine().user()
    other.add(organisation, "grace")
    code = code_of(user)
    expect(CODE.fullmatch(code), code)
    expect(code != code_of(other), code)
    account = user.run("account", "list", "--json", check=0).json["accounts"][0]
    equal(user.run("account", "show", account["id"], "--json", check=0).json["helpdesk_code"], code)
    for verb in (("account", "show", account["id"]), ("status",), ("repurpose",)):
        expect(grouped(code) in user.run(*verb, check=0).out, verb)
    equal([device["helpdesk_code"] for device in organisation.devices()], [code, code_of(other)])
    shown = organisation.admin("device", "show", account["device_id"])
    equal(shown["helpdesk_code"], code)
    for verb in (("device", "list"), ("device", "show", shown["id"])):
        expect(grouped(code) in organisation.run(*verb, check=0).out, verb)
    asked = user.run("repurpose", "--json", check=0).json["organisations"][0]
    equal(asked["helpdesk_code"], code)
    # another user of the same machine: one record, one code
    second = machine.user("second")
    second.add(organisation, "alan")
    equal(code_of(second), code)


def test_the_code_outlives_the_account_and_the_record(world):
    organisation, machine, user, _ = managed_pair(world)
    code = code_of(user)
    account = user.run("account", "list", "--json", check=0).json["accounts"][0]
    user.run("account", "delete", account["id"], "--yes", check=0)
    equal(user.run("repurpose", "--json", check=0).json["organisations"][0]["helpdesk_code"], code)
    organisation.admin("device", "deactivate", account["device_id"])
    organisation.admin("device", "delete", account["device_id"])
    equal(organisation.admin("device", "show", code)["state"], "deleted")
    new = machine.user("new")
    new.add(organisation, "grace")
    expect(code_of(new) != code, "a new record has a code of its own")


def test_show_forgives_how_the_code_is_written(world):
    organisation, _, user, _ = managed_pair(world)
    code = code_of(user)
    device = organisation.devices()[0]["id"]
    for spelling in (code, code.lower(), grouped(code), " ".join(code), " %s - %s " % (code[:3], code[3:].lower())):
        equal(organisation.admin("device", "show", spelling)["id"], device, spelling)
    equal(organisation.admin("device", "show", device)["id"], device)
    for nonsense in ("", code[:7], code + "2", code + code, "AAAAAAAA", "nosuchdevice", "\u00e4" * 8):
        result = organisation.run("device", "show", nonsense, "--json")
        equal(result.code, 6, nonsense, result)
        equal(set(result.json["error"]), {"code", "message"}, nonsense, result)


def expect_candidate(organisation, heard, device):
    for verb in (("device", "show"), ("repurpose",)):
        result = organisation.run(*verb, heard, "--json")
        equal(result.code, 6, heard, result)
        error = result.json["error"]
        equal(error["code"], "helpdesk-code-misheard", heard, result)
        expect({key: device[key] for key in ("helpdesk_code", "id", "name", "state")} in error["candidates"],
               heard, result)
        for part in (grouped(device["helpdesk_code"]), device["name"], device["id"]):
            expect(part in error["message"], heard, result)
            expect(part in organisation.run(*verb, heard).err, heard)


def test_one_misheard_character_names_the_candidates(world):
    organisation, _, user, _ = managed_pair(world)
    world.machine().user().add(organisation, "grace")
    code = code_of(user)
    devices = organisation.devices()
    given = [device["helpdesk_code"] for device in devices]
    equal(given[0], code)
    for place in range(8):
        expect_candidate(organisation, misheard(code, place, given), devices[0])
    expect_candidate(organisation, code[:3] + "e" + code[4:], devices[0])
    swapped = code[0] + code[2] + code[1] + code[3:]
    expect_candidate(organisation, grouped(swapped).lower(), devices[0])
    # two mistakes: nobody is named but by chance
    heard = misheard(misheard(code, 0), 5)
    result = organisation.run("device", "show", heard, "--json")
    equal(result.code, 6, result)


def test_nothing_is_done_by_a_code(world):
    organisation, _, user, _ = managed_pair(world)
    code = code_of(user)
    for verb in ("suspend", "resume", "deactivate", "reactivate", "delete"):
        equal(organisation.run("device", verb, code).code, 6, verb)
    equal(organisation.devices()[0]["state"], "active")


def steps_of(organisation, name):
    document = organisation.admin("repurpose", name)
    equal([step["step"] for step in document["steps"]], STEPS)
    return [step["done"] for step in document["steps"]]


def test_rule_25_steps_without_a_terminal(world):  # rule 25
    organisation, _, user, _ = managed_pair(world)
    code = code_of(user)
    account = user.verdict(code=0)
    device = account["device_id"]
    document = organisation.admin("repurpose", code)
    equal(set(document), {"id", "helpdesk_code", "name", "state", "users", "steps", "hand_over_until",
                          "hand_over_expired"})
    equal((document["id"], document["state"], document["users"]), (device, "active", ["ada"]))
    asked = user.run("repurpose", "--json", check=0).json["organisations"][0]
    equal(steps_of(organisation, device), [step["done"] for step in asked["steps"]])
    shown = organisation.run("repurpose", grouped(code), check=0)
    expect(grouped(code) in shown.out and "<- next" in shown.out, shown)
    expect("?" not in shown.out and "[y/N]" not in shown.out + shown.err, shown)
    user.run("account", "delete", account["id"], "--yes", check=0)
    equal(steps_of(organisation, code), [True, False, False, False, False])
    organisation.admin("device", "deactivate", device)
    equal(steps_of(organisation, code), [True, True, False, False, False])
    organisation.admin("device", "reactivate", device)
    equal(steps_of(organisation, code), [True, True, True, False, False])
    expect(organisation.admin("repurpose", code)["hand_over_until"], "a hand-over is open")
    user.add(organisation, "grace")
    equal(steps_of(organisation, code), [True, True, True, True, False])
    user.check(code=0)
    equal(steps_of(organisation, code), [True] * 5)


def test_rule_22_a_deleted_device_is_refused(world):  # rule 22
    organisation, _, user, _ = managed_pair(world)
    code = code_of(user)
    device = organisation.devices()[0]["id"]
    organisation.admin("device", "deactivate", device)
    organisation.admin("device", "delete", device)
    result = organisation.run("repurpose", code, "--json")
    equal((result.code, result.json["error"]["code"]), (3, "transition-forbidden"), result)
    equal(organisation.run("repurpose", code).code, 3)
    equal(organisation.run("repurpose", "nosuchdevice").code, 6)


class Terminal:
    """Helpdesk's: the program on a terminal of its own, and what stands on its screen."""

    def __init__(self, organisation, name, terminal="xterm"):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [PROGRAM, "authority", "--dir", organisation.folder, "repurpose", name],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # pylint: disable=subprocess-popen-preexec-fn
            env=dict(organisation.environment, TERM=terminal))
        os.close(slave)
        self.output = ""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    @property
    def screen(self):
        return self.output.rsplit(CLEAR, 1)[-1]

    def read(self, until, what):
        """Reads on until the condition holds of the screen, or the program has closed it."""
        end = time.monotonic() + TIMEOUT_S
        while not until():
            expect(select.select([self.master], [], [], max(0, end - time.monotonic()))[0], what, repr(self.output))
            try:
                self.output += os.read(self.master, 4096).decode()
            except OSError:
                break

    def wait_for(self, *texts):
        self.read(lambda: all(text in self.screen for text in texts), texts)
        expect(all(text in self.screen for text in texts), texts, repr(self.output))

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Reads to the end; returns the exit code."""
        self.read(lambda: False, "the end")
        return self.process.wait(TIMEOUT_S)


def done(count):
    """How the screen shows that the first steps are done."""
    marks = ["[x] %d." % step for step in range(1, count + 1)]
    return [*marks, *("[ ] %d." % step for step in range(count + 1, 6))]


DEACTIVATE = "Deactivate this device"
REACTIVATE = "Reactivate this device"


def test_rule_25_a_hand_over_that_ran_out(world):  # rule 25
    """Nobody came in time: helpdesk sees it, and the way out of it."""
    organisation, _, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    device = account["device_id"]
    user.run("account", "delete", account["id"], "--yes", check=0)
    organisation.admin("device", "deactivate", device)
    equal(organisation.admin("repurpose", device)["hand_over_expired"], False, "it has not begun")
    organisation.admin("device", "reactivate", device)
    equal(organisation.admin("repurpose", device)["hand_over_expired"], False)
    database = sqlite3.connect(os.path.join(organisation.folder, "registry.db"))
    database.execute("UPDATE links SET hand_over_until = 1")
    database.commit()
    database.close()
    document = organisation.admin("repurpose", device)
    equal((document["hand_over_until"], document["hand_over_expired"]), (None, True))
    expect("has run out" in organisation.run("repurpose", device, check=0).out, "said")
    with Terminal(organisation, device) as terminal:
        terminal.wait_for("has run out", DEACTIVATE, "[y/N]")
        terminal.type("y\n")
        terminal.wait_for(REACTIVATE)
        terminal.type("y\n")
        terminal.wait_for("take over its certificates until")
        expect("has run out" not in terminal.screen, terminal.screen)
    user.add(organisation, "grace")
    equal(user.verdict(code=0)["managed"], True)


def test_rule_25_in_the_terminal(world):  # rule 25
    organisation, _, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    with Terminal(organisation, code_of(user).lower()) as terminal:
        terminal.wait_for(grouped(account["helpdesk_code"]), "ada", *done(0), "not deleted yet", "[y/N]")
        user.run("account", "delete", account["id"], "--yes", check=0)
        terminal.wait_for(*done(1), DEACTIVATE + " now?", "[y/N]")
        terminal.type("y\n")
        terminal.wait_for(*done(2), REACTIVATE, "[y/N]")
        equal(organisation.devices()[0]["state"], "deactivated")
        terminal.type("yes\n")
        terminal.wait_for(*done(3), "follows by itself", "until")
        expect("[y/N]" not in terminal.screen, repr(terminal.screen))
        user.add(organisation, "grace")
        terminal.wait_for(*done(4), "grace")
        user.check(code=0)
        equal(terminal.end(), 0)
        terminal.wait_for(*done(5), "All is done")
    events = [line["event"] for line in organisation.log()]
    equal((events.count("device-deactivate"), events.count("device-reactivate")), (1, 1))


def test_each_is_asked_once_and_no_is_no(world):
    organisation, _, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    device = account["device_id"]
    with Terminal(organisation, device) as terminal:
        terminal.wait_for(DEACTIVATE, "[y/N]")
        terminal.type("\n")
        terminal.wait_for("follows by itself")
        equal(organisation.devices()[0]["state"], "active")
        user.run("account", "delete", account["id"], "--yes", check=0)
        terminal.wait_for(*done(1), "follows by itself")
        organisation.admin("device", "deactivate", device)
        # another administrator was faster: what is typed now is no answer to the question before
        terminal.wait_for(*done(2), REACTIVATE, "[y/N]")
        terminal.type("n\n")
        terminal.wait_for(*done(2), "follows by itself")
        equal(organisation.devices()[0]["state"], "deactivated")
        organisation.admin("device", "reactivate", device)
        terminal.wait_for(*done(3), "follows by itself")
        terminal.type("\x03")
        equal(terminal.end(), 0)
    equal(organisation.devices()[0]["state"], "active")


def test_what_was_typed_before_a_question_answers_nothing(world):
    organisation, _, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    with Terminal(organisation, device) as terminal:
        terminal.wait_for(DEACTIVATE, "[y/N]")
        terminal.type("y")
        organisation.admin("device", "deactivate", device)
        terminal.wait_for(REACTIVATE, "[y/N]")
        terminal.type("\n")
        terminal.wait_for("follows by itself")
        terminal.type("\x03")
        equal(terminal.end(), 0)
    equal(organisation.devices()[0]["state"], "deactivated")


def test_the_next_repurposing_begins_where_the_last_one_ended(world):  # rule 25
    organisation, _, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    for login in ("grace", "alan"):
        with Terminal(organisation, device, terminal="dumb") as terminal:
            terminal.wait_for(DEACTIVATE, "ends for good", "[y/N]")
            terminal.type("y\n")
            terminal.wait_for(REACTIVATE)
            terminal.type("y\n")
            terminal.wait_for("follows by itself")
            user.check()
            user.add(organisation, login)
            user.check(code=0)
            equal(terminal.end(), 0)
            expect(CLEAR not in terminal.output, repr(terminal.output))
    with Terminal(organisation, device) as terminal:
        terminal.wait_for(*done(5), DEACTIVATE)
        terminal.type("n\n")
        equal(terminal.end(), 0)
        terminal.wait_for("All is done")
    equal(organisation.devices()[0]["state"], "active")


def test_the_end_of_the_input_ends_it(world):
    organisation, _, user, _ = managed_pair(world)
    with Terminal(organisation, code_of(user)) as terminal:
        terminal.wait_for("[y/N]")
        terminal.type("\x04")
        equal(terminal.end(), 0)
    equal(organisation.devices()[0]["state"], "active")


def test_old_accounts_still_load(world):
    """A book of before there were helpdesk codes."""
    _, _, user, _ = managed_pair(world)
    path = os.path.join(user.state, "accounts.json")
    with open(path, encoding="utf-8") as book:
        text = book.read()
    expect('"helpdesk_code"' in text, text)
    with open(path, "w", encoding="utf-8") as book:
        book.write(re.sub(r'\s*"helpdesk_code":\s*"[^"]*",', "", text))
    account = user.verdict(code=0)
    expect(account["managed"] and account["helpdesk_code"] is None, account)
    equal(user.run("repurpose", "--json", check=0).json["organisations"][0]["error"], None)


if __name__ == "__main__":
    main(globals())
