# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that speaks the bus' protocol itself: what no library would send, and never reading."""

import os
import socket
import struct

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from .client import NAME  # noqa: E402
from .wait import FACTOR  # noqa: E402


class RawClient:
    """Sends, and reads only when it is told to."""

    def __init__(self, address, seconds=10, fds=False):
        path = address.split("path=")[1].split(",")[0]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds * FACTOR)
        self.socket.connect(path)
        identity = str(os.getuid()).encode().hex()
        self.socket.sendall(b"\0AUTH EXTERNAL " + identity.encode() + b"\r\n")
        if not self.socket.recv(200).startswith(b"OK"):
            raise ConnectionError("the bus does not know this user")
        if fds:
            # What comes is thrown away by who reads with recv(), but the bus sends it.
            self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
            if not self.socket.recv(200).startswith(b"AGREE"):
                raise ConnectionError("the bus passes no descriptors")
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0
        self._buffer = bytearray()
        self.send(Gio.DBusMessage.new_method_call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"))

    def blob(self, message):
        self.serial += 1
        message.set_serial(self.serial)
        return message.to_blob(Gio.DBusCapabilityFlags.NONE)

    def send(self, message):
        """Returns its serial."""
        self.socket.sendall(self.blob(message))
        return self.serial

    def call(self, path, interface, method, body=None, destination=NAME):
        message = Gio.DBusMessage.new_method_call(destination, path, interface, method)
        if body is not None:
            message.set_body(body)
        return self.send(message)

    def call_nested(self, depth, path="/org/vireo/Vireo1",
                    interface="org.freedesktop.DBus.Properties", method="GetAll",
                    destination=NAME):
        """A call with so many containers in each other, variants and in them an empty array of
        arrays. Returns its serial."""
        message = Gio.DBusMessage.new_method_call(destination, path, interface, method)
        message.set_body(GLib.Variant("(v)", (GLib.Variant("y", 5),)))
        blob = self.blob(message)
        body = b"\1v\0" * (depth - 3) + b"\3aay\0"
        body += b"\0" * (-len(body) % 4) + struct.pack("=I", 0)
        old = struct.unpack_from("=I", blob, 4)[0]
        head = bytearray(blob[:len(blob) - old])
        struct.pack_into("=I", head, 4, len(body))
        self.socket.sendall(bytes(head) + body)
        return self.serial

    def _take(self):
        """The next message of what was read, or None."""
        if len(self._buffer) < 16:
            return None
        size = Gio.DBusMessage.bytes_needed(bytes(self._buffer[:16]))
        if len(self._buffer) < size:
            return None
        message = Gio.DBusMessage.new_from_blob(bytes(self._buffer[:size]),
                                                Gio.DBusCapabilityFlags.NONE)
        del self._buffer[:size]
        return message

    def _receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the bus closed the connection")
        self._buffer += data

    def read(self):
        """The next message that comes."""
        while (message := self._take()) is None:
            self._receive()
        return message

    def read_some(self):
        """What is complete after one read."""
        self._receive()
        while (message := self._take()) is not None:
            yield message

    def reply(self, serial):
        """The answer to a call; whatever comes before it is dropped."""
        while True:
            message = self.read()
            if message.get_reply_serial() == serial:
                return message

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
