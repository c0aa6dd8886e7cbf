#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What a person does with the program from beginning to end: the real process in a session with a
real tray, against a real authority, seen and used as a screen reader would."""
import contextlib
import html
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402  pylint: disable=wrong-import-position
from access import Screen, Unseen  # noqa: E402  pylint: disable=wrong-import-position
from hostile import FrontedOrganisation  # noqa: E402
from session import Notifications, Session, stop  # noqa: E402
from world import Skip, equal, expect, main, managed_pair  # noqa: E402

ADDRESS = "Organisation’s address, or activation link"
CODE = "Activation code"
ENROLMENT = "/v1/accounts"
DELETE = "Delete Account…"
BOUND = "This device's certificate already belongs to another device."
RECOGNISED = "Your organisation recognises this device as managed."
REVOKED_STEP = "It is your turn. Delete the revoked certificate from this device"
RECENT = "the most recently issued of those whose key can sign"
UNREACHED = "The server could not be reached last time: what it said before still stands."
# What the administrator does, the state after it, and what a person is told.
ACTS = (
    ("suspend", "Action needed", "Action needed: ada at Example",
     "Your organisation has suspended this device."),
    ("resume", "Managed", "Managed: ada at Example", RECOGNISED),
    ("deactivate", "No account", "Account ended: ada at Example",
     "Your organisation has deactivated this device, which ended your account on it."),
)


def has_desktop():
    """Skips where the program was built without it."""
    session.require("xfce4-panel")
    with open(os.environ["COUNTERSIGN"], "rb") as program:
        if b"cs_tray_new" not in program.read():
            raise Skip("built without the desktop application")


class Story:
    """One person's session: the program, its icon, its windows and what it told."""

    def __init__(self, user, desktop, screen):
        self.user = user
        self.desktop = desktop
        self.screen = screen
        self.notifications = Notifications(desktop.bus)
        self.process = None
        self.item = None
        desktop.start_panel()

    def start(self, *words):
        self.process = self.desktop.start(self.user, *words)
        self.item = self.desktop.item()
        return self

    def restart(self):
        """After its end; returns when the new one is in the tray."""
        self.desktop.wait(lambda: self.desktop.owner() is None, "the end of the first")
        return self.start()

    def state(self):
        return self.item.Title.partition(": ")[2]

    def await_state(self, words):
        self.desktop.wait(lambda: self.state() == words, words + " in the tray")

    def await_settled(self):
        """Whatever the state is, once it is no longer being found out."""
        self.desktop.wait(lambda: self.state() != "Checking" and self.is_read(), "a state")

    def is_read(self):
        return "being read" not in self.sentence()

    def sentence(self):
        """What the icon says at more length; it is markup."""
        return html.unescape(self.item.ToolTip[3])

    def check_until(self, condition, what):
        """Check now, as often as it takes: while a check is under way, another is not begun."""
        def look():
            if condition():
                return True
            self.item.click("_Check now")
            return False

        self.desktop.wait(look, what)

    def check(self, organisation):
        """At least one whole check; the server may log the one before a moment after its answer."""
        before = len(events(organisation, "authentication"))
        self.check_until(lambda: len(events(organisation, "authentication")) >= before + 2, "checks")

    def await_telling(self, count):
        self.desktop.wait(lambda: len(self.notifications.seen) >= count,
                          "to be told of %d things, not %r" % (count, self.notifications.seen))
        return self.notifications.seen[count - 1][1:3]

    def open_account(self):
        """Its page, by the first line of the menu."""
        self.item.click(self.item.labels()[0])
        self.screen.await_thing("push button", DELETE, "visible")

    def begin_adding(self, organisation):
        """Up to where the organisation has said who it is and nobody was told anything. Returns the
        code, which is typed but not sent."""
        code = organisation.code("ada")["code"]
        self.screen.press("Add Account…")
        self.screen.await_field(ADDRESS).write(organisation.url)
        self.screen.press("Continue")
        self.screen.await_text(organisation.url)
        self.screen.await_field(CODE).write(code)
        return code

    def accounts(self):
        return self.user.run("status", "--json").json["accounts"]

    def end(self):
        """It has said nothing on its standard error, and ends when it is told to."""
        equal(stop(self.process), 0)
        equal(self.desktop.read_log("countersign"), "")


@contextlib.contextmanager
def story(user):
    """What goes wrong in one is told with all that was to be seen."""
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        try:
            yield Story(user, desktop, screen)
        except AssertionError as failure:
            seen = "" if isinstance(failure, Unseen) else "\non the screen:\n" + screen.dump()
            raise AssertionError("%s%s\nsaid:\n%s" % (
                failure, seen, desktop.read_log("countersign"))) from None


def make_organisation(world):
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    return organisation


def make_user(world, organisation):
    """Somebody on a managed device, without an account."""
    user = world.machine().user()
    user.put(organisation.issue())
    return user


def events(organisation, name):
    return [event for event in organisation.log() if event["event"] == name]


def in_groups(text):
    """A fingerprint without what makes it easy to read."""
    return "".join(text.split())


def test_an_account_is_added_and_deleted(world):
    """By address and code; what the organisation is comes before anything is sent."""
    has_desktop()
    organisation = make_organisation(world)
    with story(make_user(world, organisation)) as told:
        told.start()
        told.await_state("No account")
        told.screen.await_text("No account yet")
        told.begin_adding(organisation)
        told.screen.await_text("Example")
        texts = "".join(in_groups(text) for text in told.screen.window().texts())
        expect(organisation.introduction["fingerprint"] in texts, "the key's fingerprint")
        equal(organisation.devices(), [], "nothing was sent yet")
        told.screen.press("Add Account")
        told.await_state("Managed")
        told.screen.await_text("Managed")
        told.screen.await_text(organisation.devices()[0]["id"])
        equal(told.item.labels()[0], "ada, Example: Managed")
        equal([account["managed"] for account in told.accounts()], [True])

        told.screen.press(DELETE, state="visible")
        told.screen.await_text("Delete the account of ada at Example?")
        told.screen.press("Cancel")
        told.desktop.wait(lambda: len(told.screen.windows()) == 1, "the dialog to go")
        equal((len(told.accounts()), told.state()), (1, "Managed"))
        told.screen.press(DELETE, state="visible")
        told.screen.press("Delete")
        told.await_state("No account")
        told.screen.await_text("No account yet")
        equal((told.accounts(), len(told.screen.windows())), ([], 1))
        equal(told.notifications.seen, [], "nobody is told what they see")
        told.end()


def test_a_copied_certificate(world):
    """It belongs to the device that had it first: Not managed, why, and what to do."""
    has_desktop()
    organisation, _, first, identity = managed_pair(world)
    device = first.verdict(code=0)["device_id"]
    user = world.machine().user()
    user.put(identity)
    user.add(organisation, "bob")
    with story(user) as told:
        told.start("start")
        told.await_state("Not managed")
        title, body = told.await_telling(1)
        equal(title, "Not managed: bob at Example")
        expect(body.startswith(BOUND + "\nAsk the helpdesk: "), body)
        next_step = body.partition("\n")[2]
        equal(told.sentence(), body)
        equal(told.item.labels()[0], "bob, Example: Not managed")
        told.open_account()
        for text in ("Not managed", BOUND, next_step):
            told.screen.await_text(text)
        told.check(organisation)
        told.await_state("Not managed")
        equal(len(told.notifications.seen), 1, "told once", told.notifications.seen)
        equal([found["id"] for found in organisation.devices() if found["links"]], [device])
        told.end()


def test_the_verdict_grows_older(world):
    """In the open window, without anybody's doing; a server that is away makes it no younger."""
    has_desktop()
    organisation, _, user, _ = managed_pair(world)
    user.verdict(0)
    organisation.stop()
    path = os.path.join(user.environment["XDG_STATE_HOME"], "countersign", "accounts.json")
    with open(path, encoding="utf-8") as file:
        book = json.load(file)
    book["accounts"][0]["checked_at"] = int(time.time()) - 45
    with open(path, "w", encoding="utf-8") as file:
        json.dump(book, file)
    with story(user) as told:
        def age():
            texts = [text for text in told.screen.window().texts() if text.startswith("checked ")]
            return texts[0] if texts else None

        told.start()
        told.await_state("Managed")
        told.open_account()
        told.screen.await_text(UNREACHED)
        first = age()
        expect(first, "an age")
        told.desktop.wait(lambda: age() not in (None, first), "it to grow older", 150)
        expect("minute" in age(), age())
        told.await_state("Managed")
        told.end()


def test_a_revoked_certificate(world):  # rule 9
    """Not managed: why, by whom, and as text for the helpdesk; then the certificate is deleted, with a
    backup, and the next one counts."""
    has_desktop()
    organisation, _, user, older = managed_pair(world)
    newer = organisation.issue_newer(older)
    path = user.put(newer, "newer")
    equal(user.verdict(0)["certificate"]["fingerprint"], newer.fingerprint)
    with story(user) as told:
        told.start("start")
        told.await_state("Managed")
        organisation.admin("certificate", "revoke", newer.fingerprint)
        told.check_until(lambda: told.state() == "Not managed", "Not managed")
        told.open_account()
        told.screen.press("Why Not Managed?")
        told.screen.await_text(REVOKED_STEP)
        told.screen.await_text("certificate has been revoked.")
        expect(not told.screen.has_text(newer.fingerprint), "the rest is closed")
        told.screen.press("Copy as Text")
        told.screen.await_thing("push button", "Copied")
        told.screen.press("Issuers and Certificates", "toggle button")
        for text in (path, newer.fingerprint, RECENT):
            told.screen.await_text(text)

        told.screen.press("Delete This Certificate…")
        told.screen.await_text("Delete the certificate of ")
        told.screen.press("Cancel")
        told.desktop.wait(lambda: len(told.screen.windows()) == 1, "the dialog to go")
        expect(os.path.exists(path), "nothing was deleted")
        told.screen.press("Delete This Certificate…")
        told.screen.press("Delete")
        told.screen.await_text("The certificate is deleted from your store.")
        backup = os.path.join(user.state, "deleted-certificates", newer.fingerprint[:16])
        told.screen.await_text(backup)
        equal((sorted(os.listdir(backup)), os.path.exists(path)), (["newer.key", "newer.pem"], False))
        dialog = next(window for window in told.screen.windows() if window.name == "Delete Certificate")
        dialog.find("push button", "Close")[0].act()
        told.await_state("Managed")
        told.screen.await_text(RECOGNISED)
        equal(told.accounts()[0]["certificate"]["fingerprint"], older.fingerprint)

        told.screen.press("Back")
        told.screen.await_thing("push button", DELETE, "visible")
        told.screen.press("Back")
        told.screen.press("Add Account…")
        field = told.screen.await_field(ADDRESS)
        field.paste()
        told.desktop.wait(lambda: field.text, "what was copied")
        expect(field.text.startswith(REVOKED_STEP) and "certificate-revoked" in field.text
               and newer.fingerprint in field.text, field.text)
        told.end()


def test_the_server_goes_and_comes_back(world):
    """The last verdict stays, with its age, and that nobody answered is said."""
    has_desktop()
    organisation, _, user, _ = managed_pair(world)
    with story(user) as told:
        told.start("start")
        told.await_state("Managed")
        told.open_account()
        told.screen.await_text("checked ")
        told.desktop.wait(lambda: not told.screen.has_text(UNREACHED), "no error yet")
        before = told.accounts()[0]["checked_at"]
        organisation.stop()
        told.screen.press("Check Now")
        told.screen.await_text(RECOGNISED + " " + UNREACHED)
        told.screen.await_text("checked ")
        told.await_state("Managed")
        expect(UNREACHED in told.sentence(), told.sentence())
        equal(told.accounts()[0]["checked_at"], before, "it is as old as it was")
        organisation.serve()
        checks = len(events(organisation, "authentication"))
        told.check_until(lambda: not told.screen.has_text(UNREACHED)
                         and told.screen.has_text(RECOGNISED), "the error to go")
        told.await_state("Managed")
        expect(len(events(organisation, "authentication")) > checks, "the server was asked")
        equal(told.notifications.seen, [], "nothing that anybody has to be told")
        told.end()


def test_the_administrator_acts(world):
    """Suspended, resumed, deactivated: each is told once, and seen in the tray and in the window."""
    has_desktop()
    organisation, _, user, _ = managed_pair(world)
    device = organisation.devices()[0]["id"]
    with story(user) as told:
        told.start("start")
        told.await_state("Managed")
        told.open_account()
        for count, (verb, state, title, sentence) in enumerate(ACTS, 1):
            organisation.admin("device", verb, device)
            told.check_until(lambda count=count: len(told.notifications.seen) >= count, verb)
            seen = told.await_telling(count)
            equal(seen[0], title)
            expect(sentence in seen[1], seen)
            told.await_state(state)
            told.screen.await_text(sentence)
            if told.accounts():
                told.check(organisation)
                told.await_state(state)
        told.screen.await_text("No account yet")
        equal(told.accounts(), [])
        equal(stop(told.process), 0)
        told.restart()
        told.await_state("No account")
        told.await_settled()
        equal(len(told.notifications.seen), len(ACTS), "each once", told.notifications.seen)
        told.end()


def lose_call(connection, request, forward):
    """It never comes to the server."""
    del request, forward
    connection.recv(1)


def lose_answer(connection, request, forward):
    """The server has done it, and its client does not hear of that."""
    forward(request)
    connection.recv(1)


def lose_nothing(connection, request, forward):
    del connection
    return forward(request)


def log_out(told, organisation, act):
    """Ends the session's program when the server has, or would have, what adds an account."""
    before = len(events(organisation, "enrolment"))
    calls = organisation.front.calls
    with organisation.front.rule("^POST %s$" % ENROLMENT, act):
        told.screen.press("Add Account")
        told.desktop.wait(lambda: any(call.path == ENROLMENT for call in calls), "the call")
        if act != lose_call:
            told.desktop.wait(lambda: len(events(organisation, "enrolment")) > before,
                              "the server to know it")
        equal(stop(told.process), 0)


def test_logged_out_while_adding(world):
    """The account is there or is not, and where it is not the same code adds it: never half."""
    has_desktop()
    for act in (lose_call, lose_answer, lose_nothing):
        organisation = FrontedOrganisation(world)
        organisation.admin("issuer", "add", "--built-in")
        with story(make_user(world, organisation)) as told:
            told.start()
            told.await_state("No account")
            code = told.begin_adding(organisation)
            log_out(told, organisation, act)
            told.restart()
            told.await_settled()
            there = told.accounts()
            expect(not there or act == lose_nothing, act, there)
            told.await_state("Managed" if there else "No account")
            if not there:
                told.user.run("account", "add", organisation.url, "--code-stdin",
                              stdin=code + "\n", check=0)
            account = told.user.verdict(0)
            equal([device["id"] for device in organisation.devices()], [account["device_id"]])
            told.item.click("_Open Countersign")
            told.await_state("Managed")
            told.end()


def test_the_report_is_read_before_it_is_passed_on(world):
    """From the menu; names are reduced, and it is copied, once it is on the screen."""
    has_desktop()
    organisation, _, user, _ = managed_pair(world)
    with story(user) as told:
        told.start()
        told.await_state("Managed")
        told.open_account()
        told.screen.press("Menu", role="toggle button")
        told.screen.press("Diagnostics…", state="visible")
        told.screen.await_text("Countersign diagnostics of")
        request = user.run("status", "--json", check=0).json["accounts"][0]["request"]
        for part in ("ada at Example (" + organisation.url, "request: " + request, "somebody shows tray icons: yes",
                     "~/store/user.pem", "info start version="):
            told.screen.await_text(part)
        report = told.screen.await_thing("text", "Report").text
        expect(user.folder not in report, "the home folder is not told", report)
        told.screen.press("Reduce names to initials", role="check box")
        told.screen.await_text("A at Example (")
        dialog, = [window for window in told.screen.windows() if window.name == "Diagnostics"]
        dialog.find("push button", "Copy")[0].act()
        told.screen.await_text("The report is in the clipboard.")
        dialog.find("push button", "Close")[0].act()
        told.desktop.wait(lambda: len(told.screen.windows()) == 1, "the dialog to go")
        told.end()


def test_a_link_is_opened(world):
    """By the bus: it fills the page, and its code is to be seen nowhere. As an argument, where others
    could read it, it is refused."""
    has_desktop()
    organisation = make_organisation(world)
    user = make_user(world, organisation)
    given = organisation.code("ada")
    with story(user) as told:
        told.start("start")
        told.await_state("No account")
        for words in ((given["link"],), ("countersign:" + given["link"],),
                      ("start", given["link"])):
            result = told.desktop.launch(user, *words, check=2)
            expect(given["code"] not in result.out + result.err, "the code in a message")
        equal(told.screen.windows(), [], "nothing was opened")
        told.desktop.open("countersign:" + given["link"])
        field = told.screen.await_field(ADDRESS)
        told.desktop.wait(lambda: field.text == organisation.url, "the address")
        told.screen.await_text("From an activation link")
        told.screen.press("Continue")
        told.screen.await_text("It is the key that your activation link names.")
        equal(organisation.devices(), [], "nothing was sent yet")
        seen = told.screen.dump() + "".join(told.screen.window().texts())
        expect(given["code"] not in seen and given["code"].replace("-", "") not in seen,
               "the code on the screen")
        told.screen.press("Add Account")
        told.await_state("Managed")
        told.screen.await_text(organisation.devices()[0]["id"])
        told.end()


if __name__ == "__main__":
    main(globals())
