# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What a screen reader sees of the program's windows, and what it can do with them: AT-SPI by plain
D-Bus calls, so that several sessions can be looked at from one test. Needs Session(accessible=True)."""
import session
import world
from session import Gio, GLib

REGISTRY = "org.a11y.atspi.Registry"
ROOT = "/org/a11y/atspi/accessible/root"
ACCESSIBLE = "org.a11y.atspi.Accessible"
LABELLED_BY = 2  # ATSPI_RELATION_LABELLED_BY
STATES = {1: "active", 4: "checked", 8: "enabled", 11: "focusable", 12: "focused", 24: "sensitive",
          25: "showing", 30: "visible"}


def connect(desktop):
    """The accessibility bus of a session."""
    address = desktop.call("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress")[0]
    return Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)


class Accessible:
    """One thing on the screen."""

    def __init__(self, bus, destination, path):
        self.bus = bus
        self.destination = destination
        self.path = path

    def _call(self, interface, method, arguments=None):
        return self.bus.call_sync(self.destination, self.path, interface, method, arguments, None, 0,
                                  session.PATIENCE_S * 1000, None).unpack()

    def _get(self, interface, name):
        return self._call("org.freedesktop.DBus.Properties", "Get",
                          GLib.Variant("(ss)", (interface, name)))[0]

    def __eq__(self, other):
        return (self.destination, self.path) == (other.destination, other.path)

    def __hash__(self):
        return hash((self.destination, self.path))

    def __repr__(self):
        return "%s %r" % (self.role, self.name)

    @property
    def name(self):
        return self._get(ACCESSIBLE, "Name")

    @property
    def description(self):
        return self._get(ACCESSIBLE, "Description")

    @property
    def role(self):
        return self._call(ACCESSIBLE, "GetRoleName")[0]

    @property
    def states(self):
        low, high = self._call(ACCESSIBLE, "GetState")[0]
        bits = low | high << 32
        return {name for bit, name in STATES.items() if bits >> bit & 1}

    @property
    def interfaces(self):
        return {name.rpartition(".")[2] for name in self._call(ACCESSIBLE, "GetInterfaces")[0]}

    def children(self):
        """What it holds. A thing that just went away is not there."""
        return [Accessible(self.bus, destination, path)
                for destination, path in self._call(ACCESSIBLE, "GetChildren")[0]
                if path != "/org/a11y/atspi/null"]

    def walk(self, depth=0):
        """Yields (depth, thing) for itself and all below."""
        yield depth, self
        try:
            children = self.children()
        except GLib.Error:
            children = []
        for child in children:
            yield from child.walk(depth + 1)

    def label(self):
        """What stands beside a field and names it; its own name where nothing does."""
        for kind, others in self._call(ACCESSIBLE, "GetRelationSet")[0]:
            if kind == LABELLED_BY:
                return " ".join(Accessible(self.bus, *other).name for other in others)
        return self.name

    def find_fields(self, label):
        """What can be typed into and has this label."""
        found = []
        for _, thing in self.walk():
            try:
                if ("EditableText" in thing.interfaces and "showing" in thing.states
                        and thing.label() == label):
                    found.append(thing)
            except GLib.Error:
                continue
        return found

    def find(self, role, name=None, state="showing"):
        """All of a role in a state, and of a name where one is given."""
        found = []
        for _, thing in self.walk():
            try:
                if thing.role == role and name in (None, thing.name) and state in thing.states:
                    found.append(thing)
            except GLib.Error:
                continue
        return found

    def act(self, number=0):
        """Presses it."""
        world.expect(self._call("org.a11y.atspi.Action", "DoAction",
                                GLib.Variant("(i)", (number,)))[0], "pressed in vain:", self)

    def write(self, text):
        """Types over what stands in it."""
        world.expect(self._call("org.a11y.atspi.EditableText", "SetTextContents",
                                GLib.Variant("(s)", (text,)))[0], "written in vain:", self)

    def paste(self):
        """What is in the clipboard, before what stands in it."""
        self._call("org.a11y.atspi.EditableText", "PasteText", GLib.Variant("(i)", (0,)))

    @property
    def text(self):
        return self._call("org.a11y.atspi.Text", "GetText", GLib.Variant("(ii)", (0, -1)))[0]

    def texts(self):
        """Every text that is to be seen in it."""
        return [thing.text for _, thing in self.walk()
                if "Text" in thing.interfaces and "showing" in thing.states]


class Unseen(AssertionError):
    """Something that was to be seen is not; what is seen instead is told."""


class Screen:
    """The program's windows in a session, as a screen reader sees them. A context manager."""

    def __init__(self, desktop, name=session.APPLICATION):
        self.session = desktop
        self.name = name
        self.bus = connect(desktop)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if not self.bus.is_closed():
            self.bus.close_sync(None)

    def windows(self):
        """The program's windows; none before the first."""
        try:
            applications = Accessible(self.bus, REGISTRY, ROOT).children()
            return [window for application in applications if application.name == self.name
                    for window in application.children() if "showing" in window.states]
        except GLib.Error:
            return []

    def window(self):
        """The one window, once it is there."""
        self.session.wait(self.windows, "a window")
        return self.windows()[0]

    def _await_one(self, find, what):
        found = []

        def look():
            found[:] = [thing for window in self.windows() for thing in find(window)]
            return len(found) == 1

        try:
            self.session.wait(look, what)
        except AssertionError:
            raise Unseen("no %s in\n%s" % (what, self.dump())) from None
        return found[0]

    def await_thing(self, role, name=None, state="showing"):
        """The one thing of that role and name, once it is to be seen; "visible": it may be so far
        down that one would have to scroll."""
        return self._await_one(lambda window: window.find(role, name, state),
                               "%s %r" % (role, name))

    def await_field(self, label):
        """The one field of that label, once it is to be seen."""
        return self._await_one(lambda window: window.find_fields(label), "field %r" % label)

    def press(self, name, role="push button", state="showing"):
        self.await_thing(role, name, state).act()

    def has_text(self, text):
        return any(text in seen for window in self.windows() for seen in window.texts())

    def await_text(self, text):
        """A text that has this in it."""
        try:
            self.session.wait(lambda: self.has_text(text), text)
        except AssertionError:
            raise Unseen("no text %r in\n%s" % (text, self.dump())) from None

    def dump(self):
        """All of it, for whoever reads why a test failed."""
        return "\n".join("  " * depth + repr(thing) + " " + " ".join(sorted(thing.states))
                         for window in self.windows() for depth, thing in window.walk())
