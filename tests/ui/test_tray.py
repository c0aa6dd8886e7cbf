#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The tray: its states, its menu, and what becomes of the program when no tray is there, when one
dies and returns, and when it is launched again, opened by a link or ended."""
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402  pylint: disable=wrong-import-position
from access import Screen  # noqa: E402  pylint: disable=wrong-import-position
from session import (APPLICATION, ITEM, WATCHER, GLib, Gio, Notifications,  # noqa: E402
                     Session, stop)
from world import equal, expect, main, managed_pair  # noqa: E402

ENTRIES = ["_Check now", "_Add account…", "_Repurpose this device…", "", "_Open Countersign",
           "_Quit"]
ICON = APPLICATION + "-%s-symbolic"
NO_TRAY = "no tray"  # of the window's line, in lower case


def await_state(desktop, item, words):
    desktop.wait(lambda: item.Title == "Countersign: " + words, words + " in the tray")


def seen_state(item):
    """Everything by which the item shows its state, after it was seen to be of one piece."""
    title, tooltip = item.Title, item.ToolTip
    equal((item.IconAccessibleDesc, item.AttentionAccessibleDesc, tooltip[2]), (title,) * 3)
    equal(tooltip[0], item.IconName)
    pixmaps = [(width, height, bytes(data)) for width, height, data in item.IconPixmap]
    equal([(width, height, len(data)) for width, height, data in pixmaps],
          [(size, size, size * size * 4) for size in (22, 32, 48)])
    return title, item.IconName, item.Status, pixmaps[0][2]


def make_not_managed(world):
    organisation = world.organisation()
    user = world.machine().user()
    user.add(organisation)
    return organisation, user


def test_states(world):
    """By icon and by words; each differs from the others."""
    session.require_desktop()
    organisation, _, managed, _ = managed_pair(world)
    _, not_managed = make_not_managed(world)
    nobody = world.machine().user()
    seen = []
    with Session() as desktop:
        Notifications(desktop.bus)
        desktop.start_panel()

        def look(words, icon, status="Active"):
            await_state(desktop, item, words)
            state = seen_state(item)
            equal(state[1:3], (ICON % icon, status))
            seen.append(state)

        for user, words, icon in ((nobody, "No account", "none"),
                                  (not_managed, "Not managed", "not-managed")):
            process = desktop.start(user, "start")
            item = desktop.item()
            look(words, icon)
            equal(stop(process), 0)
            desktop.wait(lambda: desktop.items() == [], "the item to go")
        desktop.start(managed, "start")
        item = desktop.item()
        look("Managed", "managed")
        organisation.process.send_signal(signal.SIGSTOP)
        try:
            item.click("_Check now")
            look("Checking", "checking")
        finally:
            organisation.process.send_signal(signal.SIGCONT)
        await_state(desktop, item, "Managed")
        organisation.admin("device", "suspend", organisation.devices()[0]["id"])
        item.click("_Check now")
        look("Action needed", "action", "NeedsAttention")
        equal(item.AttentionIconName, ICON % "action")
        expect(item.ToolTip[3] != "", "what to do next")
        for part in (0, 1, 3):
            equal(len({state[part] for state in seen}), 5, "five states, part", part)
        equal(desktop.read_log("countersign"), "")


def test_the_worst_of_several(world):
    session.require_desktop()
    organisation, _, user, _ = managed_pair(world)
    other = world.organisation("Other")
    user.add(other, "bob")
    with Session() as desktop:
        desktop.start_panel()
        desktop.start(user, "start")
        item = desktop.item()
        await_state(desktop, item, "Not managed")
        equal(sorted(item.labels()[:2]), ["ada, Example: Managed", "bob, Other: Not managed"])
        equal(item.labels()[2:], ["", *ENTRIES])
        equal(organisation.run("log", check=0).err, "")


def test_the_menu(world):
    """Each line does what it says; a name is shown as it is; lines are changed in place."""
    session.require_desktop()
    organisation, _, user, _ = managed_pair(world, "a_b_")
    line = "a__b__, Example: %s"
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        Notifications(desktop.bus)
        desktop.start_panel()
        process = desktop.start(user, "start")
        item = desktop.item()
        await_state(desktop, item, "Managed")
        equal(item.labels(), [line % "Managed", "", *ENTRIES])
        equal(screen.windows(), [], "no window before one is asked for")
        numbers = [number for number, _ in item.menu()]
        checks = len([event for event in organisation.log() if event["event"] == "authentication"])
        organisation.admin("device", "suspend", organisation.devices()[0]["id"])
        item.click("_Check now")
        desktop.wait(lambda: item.labels()[0] == line % "Action needed", "the line to change")
        equal([number for number, _ in item.menu()], numbers, "the same lines as before")
        equal(len([event for event in organisation.log() if event["event"] == "authentication"]),
              checks + 1)
        item.click("_Open Countersign")
        screen.await_text("a_b_")
        equal(len(screen.windows()), 1)
        item.click(line % "Action needed")
        screen.await_thing("push button", "Back")
        screen.await_text(organisation.devices()[0]["id"])
        item.click("_Add account…")
        screen.await_thing("push button", "Continue")
        equal(len(screen.windows()), 1)
        item.click("_Quit")
        equal(process.wait(session.PATIENCE_S), 0)
        desktop.wait(lambda: desktop.items() == [], "the item to go")
        equal(desktop.read_log("countersign"), "")


def test_a_click_opens_the_window(world):
    session.require_desktop()
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        desktop.start_panel()
        desktop.start(world.machine().user(), "start")
        item = desktop.item()
        await_state(desktop, item, "No account")
        item.activate()
        screen.window()
        for method, arguments in (("ContextMenu", GLib.Variant("(ii)", (0, 0))),
                                  ("Scroll", GLib.Variant("(is)", (1, "vertical"))),
                                  ("ProvideXdgActivationToken", GLib.Variant("(s)", ("token",)))):
            desktop.call(item.name, "/StatusNotifierItem", ITEM, method, arguments)
        equal(desktop.read_log("countersign"), "")


def outlast_patience(world):
    """Returns when a program that is started now, where no tray is, has said so: one that lost its
    tray before has had the time to."""
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        desktop.start(world.machine().user(), "start")
        screen.window()


def test_the_tray_dies_and_returns(world):
    """The item is registered again, and nobody is bothered; when it stays away, once."""
    session.require_desktop()
    _, _, user, _ = managed_pair(world)
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        notifications = Notifications(desktop.bus)
        panel = desktop.start_panel()
        process = desktop.start(user, "start")
        item = desktop.item()
        await_state(desktop, item, "Managed")
        for number in (signal.SIGKILL, signal.SIGTERM):
            stop(panel, number)
            desktop.wait(lambda: desktop.owner(WATCHER) is None, "the tray to die")
            panel = desktop.start_panel()
            equal(desktop.item().name, item.name, "registered again")
        equal((notifications.seen, screen.windows()), ([], []))
        stop(panel, signal.SIGKILL)
        desktop.wait(lambda: notifications.seen, "to be told that there is no tray")
        expect("Countersign" in notifications.seen[0][1], notifications.seen)
        notifications.click(notifications.seen[0][0])
        screen.await_text("ada")
        panel = desktop.start_panel()
        desktop.item()
        screen.press("Close")
        desktop.wait(lambda: screen.windows() == [], "the window to close")
        stop(panel, signal.SIGKILL)
        desktop.wait(lambda: desktop.owner(WATCHER) is None, "the tray to die")
        outlast_patience(world)
        desktop.wait(lambda: item.Title, "an answer")
        equal((len(notifications.seen), screen.windows()), (1, []), "said once")
        equal(stop(process), 0)
        equal(desktop.read_log("countersign"), "")


def test_no_tray_at_all(world):
    """The window opens, says so, and comes back by launching again; it says so once."""
    session.require_desktop()
    user = world.machine().user()
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        process = desktop.start(user, "start")
        screen.window()
        desktop.wait(lambda: NO_TRAY in "\n".join(screen.window().texts()).lower(), "the line")
        screen.press("Close")
        desktop.wait(lambda: screen.windows() == [], "the window to close")
        expect(process.poll() is None, "it goes on")
        equal(desktop.launch(user, check=0).err, "")
        expect(NO_TRAY not in "\n".join(screen.window().texts()).lower(), "said once")
        equal(stop(process), 0)
        equal(desktop.read_log("countersign"), "")


class Watcher:
    """A watcher without a panel: what says whether a host is there."""

    XML = """<node><interface name='%s'><method name='RegisterStatusNotifierItem'>
    <arg type='s' direction='in'/></method><property name='IsStatusNotifierHostRegistered' type='b'
    access='read'/><signal name='StatusNotifierHostRegistered'/>
    <signal name='StatusNotifierHostUnregistered'/></interface></node>""" % WATCHER

    def __init__(self, desktop, has_host):
        self.desktop = desktop
        self.has_host = has_host
        self.registered = []
        self.answers = []
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        desktop.bus.register_object("/StatusNotifierWatcher", interface, self._register,
                                    self._answer, None)
        desktop.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                     "RequestName", GLib.Variant("(su)", (WATCHER, 4)))

    def _register(self, _bus, sender, _path, _interface, _method, arguments, invocation):
        self.registered.append((sender, arguments.unpack()[0]))
        invocation.return_value(None)

    def _answer(self, *_):
        self.answers.append(self.has_host)
        return GLib.Variant("b", self.has_host)

    def set_host(self, has_host):
        self.has_host = has_host
        self.desktop.bus.emit_signal(
            None, "/StatusNotifierWatcher", WATCHER,
            "StatusNotifierHostRegistered" if has_host else "StatusNotifierHostUnregistered", None)


def test_a_watcher_without_a_host_shows_nothing(world):
    session.require_desktop()
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        watcher = Watcher(desktop, False)
        desktop.start(world.machine().user(), "start")
        desktop.wait(lambda: watcher.registered, "the item")
        equal(watcher.registered, [(desktop.owner(), "/StatusNotifierItem")])
        desktop.wait(screen.windows, "the window, as nobody shows the icon")


def test_a_host_goes_and_comes(world):
    """Heard of by the watcher's signals."""
    session.require_desktop()
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        notifications = Notifications(desktop.bus)
        watcher = Watcher(desktop, True)
        desktop.start(world.machine().user(), "start")
        desktop.wait(lambda: watcher.registered, "the item")
        await_state(desktop, desktop.bare_item(), "No account")
        watcher.set_host(False)
        desktop.wait(lambda: notifications.seen, "to be told")
        equal(screen.windows(), [], "it had been shown, so no window")
        asked = len(watcher.answers)
        watcher.set_host(True)
        desktop.wait(lambda: True in watcher.answers[asked:], "to be asked again")


def test_a_second_launch_shows_the_first(world):
    session.require_desktop()
    user = world.machine().user()
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        desktop.start_panel()
        process = desktop.start(user, "start")
        item = desktop.item()
        result = desktop.launch(user, "start", check=0)
        equal((result.out, result.err), ("", ""))
        equal(screen.windows(), [], "a second start asks for no window")
        result = desktop.launch(user, check=0)
        equal((result.out, result.err), ("", ""))
        screen.window()
        equal((desktop.owner(), len(desktop.items())), (item.name, 1))
        desktop.launch(user, check=0)
        desktop.call(item.name, "/StatusNotifierItem", ITEM, "Activate", GLib.Variant("(ii)", (0, 0)))
        equal(len(screen.windows()), 1)
        expect(process.poll() is None, "the first goes on")


def test_a_first_launch_shows_the_window(world):
    session.require_desktop()
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        desktop.start_panel()
        process = desktop.start(world.machine().user())
        screen.window()
        item = desktop.item()
        equal(stop(process), 0)
        desktop.wait(lambda: (item.name, "/StatusNotifierItem") not in desktop.items(), "the item to go")


def test_it_ends(world):
    """By either signal, in the middle of a check too, and with the session's bus."""
    session.require_desktop()
    organisation, _, user, _ = managed_pair(world)
    for number in (signal.SIGTERM, signal.SIGINT):
        with Session() as desktop:
            desktop.start_panel()
            process = desktop.start(user)
            item = desktop.item()
            await_state(desktop, item, "Managed")
            organisation.process.send_signal(signal.SIGSTOP)
            try:
                item.click("_Check now")
                await_state(desktop, item, "Checking")
                equal(stop(process, number), 0)
            finally:
                organisation.process.send_signal(signal.SIGCONT)
            equal(desktop.read_log("countersign"), "")
    with Session() as desktop:
        process = desktop.start(user, "start")
        await_state(desktop, desktop.bare_item(), "Managed")
        stop(desktop.bus_process)
        equal(process.wait(session.PATIENCE_S), 0, "the session's end")
    equal(user.verdict(0)["managed"], True)


def test_no_display(world):
    """What cannot be shown is an error at once, not a program that nobody sees."""
    session.require_desktop()
    user = world.machine().user()
    with Session() as desktop:
        desktop.environment["DISPLAY"] = ":nosuch"
        result = desktop.launch(user, check=5)
        expect("no display" in result.err, result)
        equal(desktop.launch(user, "--json", check=5).json["error"]["code"], "no-display")
        equal(desktop.owner(), None)


def test_a_link_that_is_opened(world):
    """By the bus, running or not; the window shows whose it is before anything is sent."""
    session.require_desktop()
    organisation = world.organisation()
    user = world.machine().user()
    link = organisation.code("ada")["link"]
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        desktop.start_panel()
        desktop.add_service(user)
        desktop.open("countersign:" + link)
        screen.await_text(organisation.url)
        desktop.item()
        equal(organisation.devices(), [], "nothing was sent yet")
        expect("#" not in desktop.read_log("activated"), "the code is in no log")


def test_the_bus_starts_it(world):
    """As a click on its icon does in desktops that know D-Bus activation, and its jump list."""
    session.require_desktop()
    _, _, user, _ = managed_pair(world)
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        desktop.start_panel()
        desktop.add_service(user)
        desktop.activate("check")
        await_state(desktop, desktop.item(), "Managed")
        equal(screen.windows(), [])
        desktop.activate("add")
        screen.await_thing("push button", "Continue")
        desktop.activate("quit")
        desktop.wait(lambda: desktop.owner() is None, "the end")
        desktop.call(APPLICATION, session.APPLICATION_PATH, "org.freedesktop.Application", "Activate",
                     GLib.Variant("(a{sv})", ({},)))
        screen.await_text("ada")


def test_notices_are_told_once(world):
    """What a server says about account, device or user: one notification, which opens its page."""
    session.require_desktop()
    organisation, _, user, _ = managed_pair(world)
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        notifications = Notifications(desktop.bus)
        desktop.start_panel()
        process = desktop.start(user, "start")
        item = desktop.item()
        await_state(desktop, item, "Managed")
        device = organisation.devices()[0]["id"]
        organisation.admin("device", "suspend", device)
        item.click("_Check now")
        desktop.wait(lambda: notifications.seen, "a notification")
        number, title, body, actions = notifications.seen[0]
        expect("ada" in title and "Example" in title and body, title, body)
        equal(actions[:1], ["default"])
        for _ in range(2):
            item.click("_Check now")
            await_state(desktop, item, "Checking")
            await_state(desktop, item, "Action needed")
        equal(stop(process), 0)
        desktop.start(user, "start")
        item = desktop.item()
        await_state(desktop, item, "Action needed")
        equal(len(notifications.seen), 1, "never twice, nor after a restart", notifications.seen)
        organisation.admin("device", "resume", device)
        item.click("_Check now")
        desktop.wait(lambda: len(notifications.seen) == 2, "that it works again")
        notifications.click(notifications.seen[1][0])
        screen.await_thing("push button", "Back")
        screen.await_text(device)
        expect(number > 0, number)


def test_start_at_login(world):
    """The window's switch writes an entry that starts this very program, wherever that lies."""
    session.require_desktop()
    user = world.machine().user()
    program = os.path.join(world.folder, "a \"folder\" `of` $HOME \\ 'x'", "countersign")
    os.mkdir(os.path.dirname(program))
    shutil.copy(session.world.PROGRAM, program)
    entry = os.path.join(user.environment["XDG_CONFIG_HOME"], "autostart", APPLICATION + ".desktop")
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        desktop.start_panel()
        # A sanitizer's symbolizer does not survive the folder's name.
        desktop.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":symbolize=0"
        process = desktop.start(user, program=program)
        screen.press("Menu", "toggle button")
        screen.press("Start at Login", "check box")
        desktop.wait(lambda: os.path.exists(entry), "the entry")
        equal(os.stat(entry).st_mode & 0o777, 0o600)
        equal(stop(process), 0)
        desktop.wait(lambda: desktop.owner() is None, "the end")
        context = Gio.AppLaunchContext()
        for key, value in desktop.environment_of(user).items():
            context.setenv(key, value)
        expect(Gio.DesktopAppInfo.new_from_filename(entry).launch([], context), "launched")
        item = desktop.item()
        equal(os.readlink("/proc/%d/exe" % desktop.process_id(item.name)), program)
        equal(screen.windows(), [], "without a window")
        item.activate()
        screen.press("Menu", "toggle button")
        screen.press("Start at Login", "check box")
        desktop.wait(lambda: not os.path.exists(entry), "the entry to go")
        item.click("_Quit")
        desktop.wait(lambda: desktop.owner() is None, "the end")


if __name__ == "__main__":
    main(globals())
