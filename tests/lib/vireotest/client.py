# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls to the service over GDBus, with errors by their D-Bus names."""

import os

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from .wait import FACTOR, wait_until  # noqa: E402

NAME = "org.vireo.Vireo1"
ROOT = "/org/vireo/Vireo1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
DEFAULT_TIMEOUT = 30


class BusError(Exception):
    """An error reply: name is its D-Bus name, message its text."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message

    @property
    def code(self):
        """The last part of the name, such as NotAuthorized."""
        return self.name.rsplit(".", 1)[-1]


def to_bus_error(error):
    name = Gio.DBusError.get_remote_error(error)
    if name is None:
        return BusError(f"local.{error.domain}.{error.code}", error.message)
    # get_remote_error() leaves "GDBus.Error:NAME: " in front of the text.
    return BusError(name, error.message.split(": ", 1)[-1])


def full_interface(short):
    return short if "." in short else f"{NAME}.{short}"


class Signal:
    """One signal that came."""

    def __init__(self, path, interface, member, args):
        self.path = path
        self.interface = interface
        self.member = member
        self.args = args

    def __repr__(self):
        return f"<{self.member} {self.path} {self.args}>"


class Watch:
    """Collects signals from the moment it is made until it is closed."""

    def __init__(self, connection, sender, path, interface, member):
        self.signals = []
        self._connection = connection
        self._id = connection.signal_subscribe(
            sender, interface, member, path, None, Gio.DBusSignalFlags.NONE, self._came)

    def _came(self, _connection, _sender, path, interface, member, parameters):
        self.signals.append(Signal(path, interface, member, parameters.unpack()))

    def wait(self, seconds=10, matching=lambda signal: True):
        """The first signal so far or from now on that matches; it is taken out."""
        def find():
            for signal in self.signals:
                if matching(signal):
                    self.signals.remove(signal)
                    return signal
            return None
        return wait_until(find, seconds, lambda: f"a signal; came: {self.signals}")

    def close(self):
        self._connection.signal_unsubscribe(self._id)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Client:
    """A connection to the private bus, and the service as seen from it."""

    def __init__(self, address, name=NAME):
        self.address = address
        self.name = name
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                 | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self.connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self.connection.set_exit_on_close(False)

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, path, interface, method, signature="()", *args, timeout=DEFAULT_TIMEOUT,
             interactive=False):
        """Calls a method and returns its results: none, the only one, or a tuple."""
        reply = self.call_variant(path, interface, method, GLib.Variant(signature, args),
                                  timeout=timeout, interactive=interactive)
        return unpack(reply)

    def call_variant(self, path, interface, method, parameters, timeout=DEFAULT_TIMEOUT,
                     interactive=False):
        flags = (Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if interactive
                 else Gio.DBusCallFlags.NONE)
        try:
            return self.connection.call_sync(
                self.name, path, full_interface(interface), method, parameters, None, flags,
                int(timeout * FACTOR * 1000), None)
        except GLib.Error as error:
            raise to_bus_error(error) from None

    def call_async(self, path, interface, method, signature="()", *args, timeout=DEFAULT_TIMEOUT,
                   fds=()):
        """Starts a call; wait() on what it returns gives the results or raises. Arguments of the
        type h are places in fds."""
        return Pending(self, path, interface, method, GLib.Variant(signature, args), timeout, fds)

    def call_for_fd(self, path, interface, method, signature, *args):
        """Calls a method that returns a file descriptor."""
        try:
            _reply, fds = self.connection.call_with_unix_fd_list_sync(
                self.name, path, full_interface(interface), method, GLib.Variant(signature, args),
                None, Gio.DBusCallFlags.NONE, int(DEFAULT_TIMEOUT * FACTOR * 1000), None, None)
        except GLib.Error as error:
            raise to_bus_error(error) from None
        return fds.get(0)

    def get(self, path, interface, prop):
        return self.call(path, PROPERTIES, "Get", "(ss)", full_interface(interface), prop)

    def get_all(self, path, interface):
        return self.call(path, PROPERTIES, "GetAll", "(s)", full_interface(interface))

    def set(self, path, interface, prop, signature, value):
        self.call(path, PROPERTIES, "Set", "(ssv)", full_interface(interface), prop,
                  GLib.Variant(signature, value))

    def managed_objects(self):
        return self.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")

    def open(self, uri):
        """The path of the connection for a URI."""
        return self.call(ROOT, "Manager", "OpenConnection", "(sa{sv})", uri, {})

    def exists(self, path):
        return any(p == path for p in self.managed_objects())

    def subscribe(self):
        """Signals go to those who asked for them; a service that was restarted forgot who did."""
        if self.name == NAME:
            self.call(ROOT, "Manager", "Subscribe", "(a{sv})", {})

    def watch(self, path=None, interface=None, member=None):
        """Collects signals from now on."""
        self.subscribe()
        interface = full_interface(interface) if interface else None
        return Watch(self.connection, self.name, path, interface, member)

    def wait_for(self, path, interface, prop, value, seconds=10):
        """Waits until a property has the value; wakes up with PropertiesChanged, not by polling."""
        self.subscribe()
        changed = [True]

        def check():
            if not changed[0]:
                return False
            changed[0] = False
            return self.get(path, interface, prop) == value
        watch = self.connection.signal_subscribe(
            self.name, PROPERTIES, "PropertiesChanged", path, None, Gio.DBusSignalFlags.NONE,
            lambda *_: changed.__setitem__(0, True))
        try:
            changed[0] = True
            wait_until(check, seconds,
                       lambda: f"{prop} of {path} to be {value!r}; it is "
                               f"{self.get(path, interface, prop)!r}")
        finally:
            self.connection.signal_unsubscribe(watch)

    def has_owner(self):
        reply = self.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "NameHasOwner", GLib.Variant("(s)", (self.name,)), None, Gio.DBusCallFlags.NONE,
            5000, None)
        return reply.unpack()[0]

    def wait_for_owner(self, present=True, seconds=20, alive=None):
        """Waits for the service's name to come or go; alive() says why it never will."""
        def check():
            if alive:
                alive()
            return self.has_owner() == present
        # The signal ends the wait at once; what comes of its own accord needs no tick.
        watch = self.connection.signal_subscribe(
            "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
            "/org/freedesktop/DBus", self.name, Gio.DBusSignalFlags.NONE,
            lambda *_: None)
        try:
            wait_until(check, seconds, f"{self.name} to {'come' if present else 'go'}")
        finally:
            self.connection.signal_unsubscribe(watch)


def unpack(variant):
    values = variant.unpack()
    if not values:
        return None
    return values[0] if len(values) == 1 else values


class Pending:
    """A call that was sent."""

    def __init__(self, client, path, interface, method, parameters, timeout, fds):
        self._result = None
        self._error = None
        self._what = f"{interface}.{method}"
        self.done = False
        client.connection.call_with_unix_fd_list(
            client.name, path, full_interface(interface), method, parameters, None,
            Gio.DBusCallFlags.NONE, int(timeout * FACTOR * 1000), Gio.UnixFDList.new_from_array(
                [os.dup(fd) for fd in fds]), None, self._came, None)

    def _came(self, connection, result, _data):
        self.done = True
        try:
            self._result, _fds = connection.call_with_unix_fd_list_finish(result)
        except GLib.Error as error:
            self._error = to_bus_error(error)

    def wait(self, seconds=DEFAULT_TIMEOUT + 5):
        wait_until(lambda: self.done, seconds, f"the reply to {self._what}")
        if self._error:
            raise self._error
        return unpack(self._result)
