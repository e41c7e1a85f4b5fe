# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop for a test: a display in memory, a session bus, and what a screen reader sees."""

import pathlib
import struct
import subprocess
import zlib

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from vireotest import wait_until  # noqa: E402

ACCESSIBLE = "org.a11y.atspi.Accessible"
XWD_COLOUR = 12


class Display:
    """Xvfb without files outside of @folder: the socket is of the network namespace's."""

    def __init__(self, folder, size=(800, 600)):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        log = open(self.folder / "log", "wb")
        # Without -noreset it begins anew when its last client leaves (the launcher of the bus of
        # screen readers is a short one), and refuses who comes just then.
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-noreset", "-nolock", "-nolisten", "unix",
             "-nolisten", "tcp", "-fbdir", self.folder, "-screen", "0", f"{size[0]}x{size[1]}x24"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        log.close()
        number = self.process.stdout.readline().decode().strip()
        if not number:
            raise AssertionError(f"Xvfb: {(self.folder / 'log').read_text()}")
        self.name = f":{number}"

    def picture(self):
        """(width, height, rows of RGB bytes) of what is on it now."""
        data = (self.folder / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        width, height, line = header[4], header[5], header[12]
        start = header[0] + header[19] * XWD_COLOUR
        rows = []
        for y in range(height):
            row = data[start + y * line:start + y * line + width * 4]
            # Blue, green, red, nothing.
            rgb = bytearray(width * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            rows.append(bytes(rgb))
        return width, height, rows

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def write_png(path, picture):
    width, height, rows = picture

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    pathlib.Path(path).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9))
        + chunk(b"IEND", b""))


def count_colours(picture):
    """How many pixels each colour has."""
    counts = {}
    for row in picture[2]:
        for x in range(0, len(row), 3):
            counts[row[x:x + 3]] = counts.get(row[x:x + 3], 0) + 1
    return counts


class Session:
    """A session bus, with the distribution's services on it: the one for screen readers, too."""

    def __init__(self, folder, env):
        folder = pathlib.Path(folder)
        folder.mkdir(mode=0o700)
        self.address = f"unix:path={folder / 'bus'}"
        self.env = {**env, "DBUS_SESSION_BUS_ADDRESS": self.address,
                    "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
        log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self.address}",
             "--print-address"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            env=self.env)
        log.close()
        if not self.process.stdout.readline():
            raise AssertionError(f"dbus-daemon: {(folder / 'log').read_text()}")
        self.connection = connect(self.address)

    def accessibility(self):
        address = call(self.connection, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus",
                       "GetAddress")[0]
        return connect(address)

    def stop(self):
        self.connection.close_sync(None)
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def connect(address):
    return Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)


def call(connection, name, path, interface, member, parameters=None):
    return connection.call_sync(name, path, interface, member, parameters, None,
                                Gio.DBusCallFlags.NONE, 20000, None).unpack()


class Accessible:
    """A widget, as a screen reader sees it."""

    def __init__(self, connection, name, path):
        self.connection, self.name, self.path = connection, name, path

    def call(self, interface, member, parameters=None):
        return call(self.connection, self.name, self.path, interface, member, parameters)

    def children(self):
        return [Accessible(self.connection, *child)
                for child in self.call(ACCESSIBLE, "GetChildren")[0]]

    def role(self):
        return self.call(ACCESSIBLE, "GetRoleName")[0]

    def text(self):
        """Its name, which of a label is its text."""
        return self.call("org.freedesktop.DBus.Properties", "Get",
                         GLib.Variant("(ss)", (ACCESSIBLE, "Name")))[0]

    def walk(self):
        yield self
        for child in self.children():
            yield from child.walk()

    def texts(self):
        """(role, text) of whatever says something. Widgets may go while they are looked at."""
        found = []
        try:
            for widget in self.walk():
                text = widget.text()
                if text:
                    found.append((widget.role(), text))
        except GLib.Error:
            return []
        return found


def find_application(connection, name):
    """The accessible of the application that is called @name, when it has come."""
    desktop = Accessible(connection, "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")

    def find():
        return next((child for child in desktop.children() if child.text() == name), None)
    return wait_until(find, 30, f"{name} on the bus of screen readers")
