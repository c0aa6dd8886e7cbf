# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""A desktop session for tests: an X server, a session bus and folders of its own, and in it, when
asked for, a real tray (xfce4-panel), a notification service that remembers, and the program under
test. Nothing of the session of whoever runs the tests is seen or touched."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import world  # noqa: E402  pylint: disable=wrong-import-position

try:
    import gi
    from gi.repository import Gio, GLib
except ImportError:
    gi = None

APPLICATION = "org.countersign.Countersign"
APPLICATION_PATH = "/org/countersign/Countersign"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
TOOLS = ("Xvfb", "dbus-daemon")
# What the session's bus may start; anything else of this machine stays out of it.
SERVICES = ("org.a11y.Bus.service", "org.xfce.Xfconf.service")
SERVICE_FOLDER = "/usr/share/dbus-1/services"
PATIENCE_S = 60 if "sanitize" not in world.PROGRAM else 240

BUS_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <servicedir>%s</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*" eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

PANEL_CONFIGURATION = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="icon-size" type="uint" value="24"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"""

NOTIFICATIONS = """<node><interface name='org.freedesktop.Notifications'>
<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/>
<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>
<arg type='as' direction='in'/><arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>
<arg type='u' direction='out'/></method>
<method name='CloseNotification'><arg type='u' direction='in'/></method>
<method name='GetCapabilities'><arg type='as' direction='out'/></method>
<method name='GetServerInformation'><arg type='s' direction='out'/><arg type='s' direction='out'/>
<arg type='s' direction='out'/><arg type='s' direction='out'/></method>
<signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>
<signal name='NotificationClosed'><arg type='u'/><arg type='u'/></signal></interface></node>"""


def require(*tools):
    """Skips, aloud, where this machine lacks what a story is played with."""
    missing = [tool for tool in (*TOOLS, *tools) if shutil.which(tool) is None]
    if gi is None:
        missing.append("python3-gi")
    if missing:
        raise world.Skip("needs " + ", ".join(missing))


def require_desktop():
    """Skips where the program was built without its desktop application."""
    require()
    with open(world.PROGRAM, "rb") as program:
        if b"cs_application_run" not in program.read():
            raise world.Skip("built without the desktop application")


class Notifications:
    """org.freedesktop.Notifications: remembers what it was given."""

    def __init__(self, bus):
        self.bus = bus
        self.seen = []  # (id, title, body, actions)
        interface = Gio.DBusNodeInfo.new_for_xml(NOTIFICATIONS).interfaces[0]
        bus.register_object("/org/freedesktop/Notifications", interface, self._call, None, None)
        bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                      "RequestName", GLib.Variant("(su)", ("org.freedesktop.Notifications", 4)),
                      None, 0, -1, None)

    def _call(self, _bus, _sender, _path, _interface, method, arguments, invocation):
        answers = {"CloseNotification": None,
                   "GetCapabilities": GLib.Variant("(as)", (["actions", "body"],)),
                   "GetServerInformation": GLib.Variant("(ssss)", ("test", "test", "1", "1.2"))}
        if method == "Notify":
            _, replaces, _, title, body, actions, _, _ = arguments.unpack()
            number = replaces or len(self.seen) + 1
            self.seen.append((number, title, body, actions))
            invocation.return_value(GLib.Variant("(u)", (number,)))
        else:
            invocation.return_value(answers[method])

    def click(self, number, action="default"):
        """The user clicks on it."""
        self.bus.emit_signal(None, "/org/freedesktop/Notifications",
                             "org.freedesktop.Notifications", "ActionInvoked",
                             GLib.Variant("(us)", (number, action)))


class Session:
    """The X server and the bus; a context manager. Processes in it end with it."""

    def __init__(self, size="1280x800", accessible=False, shows_pixels=False):
        require()
        self.folder = tempfile.mkdtemp(prefix="countersign-session-")
        self.environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith(("XDG_", "COUNTERSIGN", "DBUS_", "DESKTOP_", "WAYLAND", "GTK_",
                                   "GDK_", "AT_SPI", "XAUTHORITY", "SESSION_MANAGER"))
            and "proxy" not in key.lower()}
        for variable, part in (("HOME", "home"), ("XDG_RUNTIME_DIR", "run"),
                               ("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"),
                               ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")):
            self.environment[variable] = os.path.join(self.folder, part)
            os.mkdir(self.environment[variable], 0o700)
        self.environment.update(LC_ALL="C.UTF-8", TZ="UTC", XDG_SESSION_TYPE="x11", GDK_BACKEND="x11",
                                LIBGL_ALWAYS_SOFTWARE="1", GSETTINGS_BACKEND="memory",
                                G_DEBUG="fatal-criticals")
        if not accessible:
            self.environment["NO_AT_BRIDGE"] = "1"
        self.size = size
        self.shows_pixels = shows_pixels
        self.processes = []
        self.bus = None

    def __enter__(self):
        try:
            self._start_display()
            self._start_bus()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        if self.bus is not None and not self.bus.is_closed():
            self.bus.close_sync(None)
        for process in reversed(self.processes):
            end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name):
        """The file that a process of this name writes its messages to."""
        return os.path.join(self.folder, name + ".log")

    def read_log(self, name):
        with open(self.log(name), encoding="utf-8", errors="replace") as log:
            return log.read()

    def spawn(self, words, name, environment=None, **options):
        """A process of the session, in a group of its own that ends with the session."""
        with open(self.log(name), "ab") as log:
            process = subprocess.Popen(words, env=environment or self.environment, stdout=log,
                                       stderr=log, start_new_session=True, **options)
        self.processes.append(process)
        return process

    def _start_display(self):
        reader, writer = os.pipe()
        server = self.spawn(["Xvfb", "-displayfd", str(writer), "-screen", "0", self.size + "x24",
                             "-nolisten", "tcp", "-noreset",
                             *(["-fbdir", self.folder] if self.shows_pixels else [])],
                            "Xvfb", pass_fds=(writer,))
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as told:
            number = told.readline().strip()
        world.expect(number, "Xvfb said", self.read_log("Xvfb"), server.poll())
        self.environment["DISPLAY"] = ":" + number

    def _start_bus(self):
        services = os.path.join(self.folder, "services")
        os.mkdir(services)
        for name in SERVICES:
            if os.path.exists(os.path.join(SERVICE_FOLDER, name)):
                shutil.copy(os.path.join(SERVICE_FOLDER, name), services)
        path = os.path.join(self.folder, "bus")
        configuration = os.path.join(self.folder, "bus.conf")
        with open(configuration, "w", encoding="utf-8") as out:
            out.write(BUS_CONFIGURATION % (path, services))
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + path
        reader, writer = os.pipe()
        self.bus_process = self.spawn(["dbus-daemon", "--nofork", "--config-file=" + configuration,
                                       "--print-address=%d" % writer], "dbus-daemon", pass_fds=(writer,))
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as told:  # once it listens: the socket is there before
            world.expect(told.readline(), "no bus:", self.read_log("dbus-daemon"))
        self.bus = Gio.DBusConnection.new_for_address_sync(
            self.environment["DBUS_SESSION_BUS_ADDRESS"],
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)

    # The program

    def environment_of(self, user):
        """The session's, with the folders of a user of world.py."""
        return {**self.environment, **{key: value for key, value in user.environment.items()
                                       if key == "HOME" or key.startswith("XDG_")}}

    def start(self, user, *words, name="countersign", environment=None, program=world.PROGRAM):
        """Starts the program in this session; it goes on."""
        return self.spawn([program, "--config", user.config, *words], name,
                          {**self.environment_of(user), **(environment or {})})

    def launch(self, user, *words, check=None):
        """Runs it to its end: a second launch, or one that fails."""
        return world.run_program(["--config", user.config, *words], self.environment_of(user),
                                 check=check)

    def add_service(self, user):
        """Lets the bus start the program, as its D-Bus service file does."""
        path = os.path.join(self.folder, "services", APPLICATION + ".service")
        runner = os.path.join(self.folder, "run-countersign")
        with open(runner, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n")
            for key, value in self.environment_of(user).items():
                if key == "HOME" or key.startswith("XDG_"):
                    out.write("export %s='%s'\n" % (key, value))
            out.write("exec '%s' --config '%s' start 2>'%s'\n" %
                      (world.PROGRAM, user.config, self.log("activated")))
        os.chmod(runner, 0o755)
        with open(path, "w", encoding="utf-8") as out:
            out.write("[D-BUS Service]\nName=%s\nExec=%s\n" % (APPLICATION, runner))
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                  "ReloadConfig")

    # The bus

    def call(self, destination, path, interface, method, arguments=None):
        """A D-Bus call, answered; the answer unpacked."""
        return self.bus.call_sync(destination, path, interface, method, arguments, None, 0,
                                  PATIENCE_S * 1000, None).unpack()

    def get(self, destination, path, interface, name):
        return self.call(destination, path, "org.freedesktop.DBus.Properties", "Get",
                         GLib.Variant("(ss)", (interface, name)))[0]

    def owner(self, name=APPLICATION):
        """The unique name behind a name, or None."""
        try:
            return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                             "org.freedesktop.DBus", "GetNameOwner", GLib.Variant("(s)", (name,)))[0]
        except GLib.Error:
            return None

    def process_id(self, name):
        """Of the process behind a name."""
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                         "GetConnectionUnixProcessID", GLib.Variant("(s)", (name,)))[0]

    def wait(self, condition, what, seconds=None):
        """Polls a condition, and lets this process answer its own calls meanwhile."""
        until = time.monotonic() + (seconds or PATIENCE_S)
        context = GLib.MainContext.default()
        while not condition():
            world.expect(time.monotonic() < until, "waited in vain:", what)
            while context.iteration(False):
                pass
            time.sleep(0.02)

    def activate(self, action, parameter=None):
        """A jump list's line, or a notification's button."""
        self.call(APPLICATION, APPLICATION_PATH, "org.freedesktop.Application", "ActivateAction",
                  GLib.Variant("(sava{sv})", (action, [parameter] if parameter else [], {})))

    def open(self, uri):
        """What a click on a link does."""
        self.call(APPLICATION, APPLICATION_PATH, "org.freedesktop.Application", "Open",
                  GLib.Variant("(asa{sv})", ([uri], {})))

    # The tray

    def start_panel(self):
        """A real tray host, and the watcher with it."""
        require("xfce4-panel")
        folder = os.path.join(self.environment["XDG_CONFIG_HOME"],
                              "xfce4/xfconf/xfce-perchannel-xml")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "xfce4-panel.xml"), "w", encoding="utf-8") as out:
            out.write(PANEL_CONFIGURATION)
        panel = self.spawn(["xfce4-panel", "--disable-wm-check"], "panel")
        self.wait(lambda: self.owner(WATCHER) is not None, "the panel's tray")
        return panel

    def items(self):
        """What the tray shows: (name, path)."""
        if self.owner(WATCHER) is None:
            return []
        found = []
        for entry in self.get(WATCHER, "/StatusNotifierWatcher", WATCHER,
                              "RegisteredStatusNotifierItems"):
            name, slash, path = entry.partition("/")
            found.append((name, slash + path))
        return found

    def item(self):
        """The program's item in the tray, once it is there."""
        self.wait(lambda: self.owner() is not None, "the program on the bus")
        self.wait(lambda: (self.owner(), "/StatusNotifierItem") in self.items(),
                  "the item in the tray")
        return Item(self, self.owner())

    def bare_item(self):
        """The same, where no tray shows it."""
        self.wait(lambda: self.owner() is not None, "the program on the bus")
        item = Item(self, self.owner())
        self.wait(item.is_there, "its item, which comes after the name")
        return item

    def screenshot(self, path):
        """The whole screen, as a PNG."""
        require("import")
        subprocess.run(["import", "-window", "root", path], env=self.environment, check=True,
                       timeout=PATIENCE_S)


class Item:
    """The program's icon in the tray and its menu, over the bus."""

    def __init__(self, session, name):
        self.session = session
        self.name = name

    def is_there(self):
        try:
            return bool(self.Title)
        except GLib.Error:
            return False

    def __getattr__(self, name):
        """item.Title, item.ToolTip ..."""
        if not name[0].isupper():
            raise AttributeError(name)
        return self.session.get(self.name, "/StatusNotifierItem", ITEM, name)

    def activate(self):
        """A click on the icon."""
        self.session.call(self.name, "/StatusNotifierItem", ITEM, "Activate",
                          GLib.Variant("(ii)", (0, 0)))

    def menu(self):
        """The lines: (id, properties)."""
        self.session.call(self.name, self.Menu, MENU, "AboutToShow", GLib.Variant("(i)", (0,)))
        _, root = self.session.call(self.name, self.Menu, MENU, "GetLayout",
                                    GLib.Variant("(iias)", (0, -1, [])))
        return [(number, properties) for number, properties, _ in root[2]]

    def labels(self):
        """The lines as they stand in the menu, mnemonics and all; "" is a separator."""
        return [properties.get("label", "") for _, properties in self.menu()]

    def click(self, label):
        """Clicks the one line of this label."""
        numbers = [number for number, properties in self.menu() if properties.get("label") == label]
        world.equal(len(numbers), 1, label, self.labels())
        self.session.call(self.name, self.Menu, MENU, "Event",
                          GLib.Variant("(isvu)", (numbers[0], "clicked", GLib.Variant("i", 0), 0)))


def end(process):
    """SIGTERM to the process and what it started, SIGKILL to what is left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    process.wait(10)


def stop(process, number=signal.SIGTERM):
    """Ends a process by a signal; returns its exit code."""
    process.send_signal(number)
    return process.wait(PATIENCE_S)
