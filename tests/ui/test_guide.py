#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What leads a person on: rule 25 from the guide in the window, and what is told before there is
trouble. Real processes at both ends; the window is seen and used as a screen reader would."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import stop  # noqa: E402
from test_stories import ADDRESS, CODE, DELETE, has_desktop, make_organisation, story  # noqa: E402
from world import equal, expect, main, managed_pair  # noqa: E402

STEPS = 5
DONE = "Done"
HERE = "Next: on this device"
ADMINISTRATOR = "Next: the administrator"
NEW_USER = "Next: the new user, on this device"
QUESTION = "Delete the account of %s at Example?"
SERVES = "Done: this device serves %s at Example now"


def steps(told):
    """How far each is, as it is heard: the row's name says which, its description how far."""
    heard = {}
    for window in told.screen.windows():
        for row in window.find("list item", state="visible"):
            if row.name.startswith("Step "):
                heard[int(row.name.split()[1])] = row.description
    return heard


def await_step(told, number, whose):
    """Those before are done, this one is next, and whose it is."""
    def look():
        heard = steps(told)
        return (len(heard) == STEPS and heard[number] == whose
                and all(heard[before] == DONE for before in range(1, number)))

    told.desktop.wait(look, "step %d: %s" % (number, whose))
    told.screen.await_text("Step %d of %d" % (number, STEPS))


def await_end(told, login):
    told.screen.await_text(SERVES % login)
    equal(steps(told), {number: DONE for number in range(1, STEPS + 1)})
    told.await_state("Managed")
    equal([(account["user"], account["managed"]) for account in told.accounts()], [(login, True)])


def add_from_guide(told, organisation, login, address_is_known=True):
    """The page is the one that adds accounts always, with the address in it."""
    code = organisation.code(login)["code"]
    told.screen.press("Add Account…")
    field = told.screen.await_field(ADDRESS)
    if address_is_known:
        told.desktop.wait(lambda: field.text == organisation.url, "the address")
    else:
        field.write(organisation.url)
    told.screen.press("Continue")
    told.screen.await_text(organisation.url)
    told.screen.await_field(CODE).write(code)
    told.screen.press("Add Account")


def hand_over(organisation, device):
    organisation.admin("device", "deactivate", device)
    organisation.admin("device", "reactivate", device)


def test_rule_25_from_the_tray_to_another_user(world):  # rule 25
    """All of it from the guide, which the tray's menu opens; what the administrator does shows by
    itself."""
    has_desktop()
    organisation, _, user, _ = managed_pair(world)
    device = organisation.devices()[0]["id"]
    with story(user) as told:
        told.start("start")
        told.await_state("Managed")
        told.item.click("_Repurpose this device…")
        await_step(told, 1, HERE)
        told.screen.await_text(device)
        told.screen.press("Delete Account…")
        told.screen.await_text(QUESTION % "ada")
        told.screen.press("Delete")
        # not looked at while the dialog goes: GTK stumbles over questions about a button that is gone
        told.await_state("No account")
        await_step(told, 2, ADMINISTRATOR)
        organisation.admin("device", "deactivate", device)
        await_step(told, 3, ADMINISTRATOR)
        organisation.admin("device", "reactivate", device)
        await_step(told, 4, NEW_USER)
        add_from_guide(told, organisation, "bob")
        await_end(told, "bob")
        equal(told.item.labels()[0], "bob, Example: Managed")
        equal([found["id"] for found in organisation.devices()], [device], "the same device")
        told.screen.press("Open the Account")
        told.screen.await_text(device)
        equal(told.notifications.seen, [], "nobody is told what they see")
        told.end()


def test_rule_25_after_the_account_is_gone(world):  # rule 25
    """The device key outlives it. That the server is away is said, and what happened meanwhile shows
    when it is back."""
    has_desktop()
    organisation, _, user, _ = managed_pair(world)
    device = organisation.devices()[0]["id"]
    user.run("account", "delete", told_id(user), "--yes", check=0)
    with story(user) as told:
        told.start()
        told.await_state("No account")
        told.screen.await_text("No account yet")
        told.screen.press("Menu", role="toggle button")
        told.screen.press("Repurpose This Device…", role="push button", state="visible")
        await_step(told, 2, ADMINISTRATOR)
        organisation.stop()
        told.screen.await_text("Example cannot be reached.")
        await_step(told, 2, ADMINISTRATOR)
        hand_over(organisation, device)
        organisation.serve()
        await_step(told, 4, NEW_USER)
        told.desktop.wait(lambda: not told.screen.has_text("cannot be reached"), "an answer")
        add_from_guide(told, organisation, "bob")
        await_end(told, "bob")
        told.end()


def told_id(user):
    return user.run("status", "--json").json["accounts"][0]["id"]


def test_rule_26_to_another_system_user(world):  # rules 25 and 26
    """Both use the machine's store; each has a device key. The reactivation hands the certificate's
    link over to the first that comes."""
    has_desktop()
    organisation = make_organisation(world)
    machine = world.machine()
    machine.put(organisation.issue())
    first, second = machine.user("first"), machine.user("second")
    first.add(organisation, "ada")
    device = first.verdict(code=0)["device_id"]
    first.run("account", "delete", told_id(first), "--yes", check=0)
    hand_over(organisation, device)
    with story(second) as told:
        told.start("start")
        told.await_state("No account")
        told.item.click("_Repurpose this device…")
        told.screen.await_text("No organisation knows this user’s device yet.")
        add_from_guide(told, organisation, "bob", address_is_known=False)
        await_end(told, "bob")
        shown = organisation.admin("device", "show", device)
        equal([found["id"] for found in organisation.devices()], [device], "the same machine")
        expect(len(shown["keys"]) == 2, shown)
        told.end()
    first.add(organisation, "ada")
    equal(first.verdict(code=1)["reason"], "bound-to-another-device", "its only key")
    equal(second.verdict(code=0)["managed"], True)


def test_a_certificate_ends_soon(world):
    """It is told once, before there is trouble, and a click opens the account."""
    has_desktop()
    organisation = make_organisation(world)
    user = world.machine().user()
    user.put(organisation.issue(options=("--days", "10")))
    user.add(organisation, "ada")
    with story(user) as told:
        told.start("start")
        told.await_state("Managed")
        title, body = told.await_telling(1)
        equal(title, "Certificate ends soon: ada at Example")
        expect("ends within 14 days, and no newer one is here.\nAsk the helpdesk" in body, body)
        number, _, _, actions = told.notifications.seen[0]
        expect("default" in actions, actions)
        told.notifications.click(number)
        told.screen.await_thing("push button", DELETE, "visible")
        told.screen.await_text("Valid until")
        told.check(organisation)
        equal(stop(told.process), 0)
        told.restart()
        told.await_settled()
        told.check(organisation)
        equal(len(told.notifications.seen), 1, "once", told.notifications.seen)
        told.end()


if __name__ == "__main__":
    main(globals())
