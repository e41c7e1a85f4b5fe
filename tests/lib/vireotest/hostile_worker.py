# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process that makes hostile calls, a batch at a time: hostile_worker.py ADDRESS.

Each order is a batch, with its own seed. What was sent is told when something is wrong with an
answer; a batch with the same seed, of the same objects, sends the same.
"""

import os
import random
import socket
import sys
import time

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from .client import BusError, Client, NAME, PROPERTIES, to_bus_error  # noqa: E402
from .hostile import INTROSPECTABLE, Surface, Values, documents  # noqa: E402
from .rawbus import RawClient  # noqa: E402
from .worker import emit, serve  # noqa: E402

IN_FLIGHT = 40
# Objects with definitions, by the folder that they are in.
KINDS = {"domains": "Domain", "snapshots": "DomainSnapshot", "checkpoints": "DomainCheckpoint",
         "networks": "Network", "ports": "NetworkPort", "filters": "NetworkFilter",
         "pools": "StoragePool", "volumes": "StorageVolume", "secrets": "Secret",
         "node_devices": "NodeDevice", "interfaces": "HostInterface"}
LONGEST_ERROR = 5000
# What a bus says to who overdoes it, and what GDBus says of a connection that the bus has closed.
EXPECTED = ("org.vireo.Vireo1.Error.", "org.libvirt.Error", "org.freedesktop.DBus.Error.",
            "local.g-io-error-quark.")


def make_fds():
    """Descriptors of several kinds, most of which nobody expects; the list owns copies."""
    fds = Gio.UnixFDList.new()
    ends = [*os.pipe(), *[s.detach() for s in socket.socketpair()],
            os.open("/dev/null", os.O_RDWR), os.open("/", os.O_RDONLY), os.memfd_create("fuzz")]
    for fd in ends:
        fds.append(fd)
        os.close(fd)
    return fds


def shortened(variant):
    text = variant.print_(True)
    return text if len(text) < 500 else f"{text[:500]}… ({len(text)} characters)"


class Batch:
    """Calls that were drawn, and what came of them."""

    def __init__(self, client, seed, n_calls, texts, timeout):
        self.client = client
        self.random = random.Random(seed)
        self.n_left = n_calls
        self.texts = texts
        self.timeout = timeout
        self.n_flying = 0
        self.n_errors = 0
        self.slowest = 0.0
        self.problems = []

    def introspect(self, path):
        try:
            return self.client.call(path, INTROSPECTABLE, "Introspect", timeout=self.timeout)
        except BusError as error:
            # It may have gone meanwhile, or is not for this caller's eyes.
            if error.name.startswith("local.") and "closed" not in error.message:
                self.problem("Introspect", path, error.name, error.message, "()")
            return None

    def describe(self, path):
        """The definition of an object that has one, which this caller may read."""
        kind = KINDS.get(path.split("/")[-2])
        if kind is None:
            return None
        try:
            return self.client.call(path, kind, "GetXml", "(a{sv})", {}, timeout=self.timeout)
        except BusError:
            return None

    def discover(self):
        self.surface = Surface(self.introspect, self.random, describe=self.describe)
        self.values = Values(self.random, self.surface, self.texts)

    def problem(self, *what):
        self.problems.append(" ".join(str(w) for w in what))

    def replied(self, connection, result, context):
        sent, at = context
        self.n_flying -= 1
        self.slowest = max(self.slowest, time.monotonic() - at)
        try:
            reply = connection.send_message_with_reply_finish(result)
            reply.to_gerror()
        except GLib.Error as error:
            self.failed(sent, to_bus_error(error))

    def failed(self, sent, error):
        self.n_errors += 1
        # On paths between objects GDBus says itself that there are none.
        own = not error.message.startswith(("No such interface", "No such property"))
        closed = error.name.startswith("local.g-io-error-quark") and "closed" in error.message
        if not error.name.startswith(EXPECTED) or (own and len(error.message) > LONGEST_ERROR):
            self.problem("an error nobody should see:", error.name, error.message[:500], sent)
        elif error.name.startswith("local.") and not closed:
            self.problem("no answer:", error.message, sent)
        elif error.code == "NoReply":
            self.problem("no answer:", error.message, sent)

    def draw(self):
        method = self.random.choice(self.surface.methods)
        path = method.path
        if self.random.random() < 0.08:
            path = self.values.path()
        interface = method.interface
        if self.random.random() < 0.03:
            interface = self.random.choice([None, PROPERTIES, "org.example.None"])
        message = Gio.DBusMessage.new_method_call(NAME, path, interface, method.name)
        body = self.values.arguments(method)
        if body.n_children():
            message.set_body(body)
        if self.values.n_handles:
            message.set_unix_fd_list(make_fds())
        flags = Gio.DBusMessageFlags.NONE
        if self.random.random() < 0.05:
            flags |= Gio.DBusMessageFlags.NO_REPLY_EXPECTED
        if self.random.random() < 0.05:
            flags |= Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION
        message.set_flags(flags)
        return message, f"{path[:200]} {interface}.{method.name} {shortened(body)}"

    def send_one(self):
        message, sent = self.draw()
        self.n_left -= 1
        connection = self.client.connection
        if message.get_flags() & Gio.DBusMessageFlags.NO_REPLY_EXPECTED:
            connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
            return
        self.n_flying += 1
        connection.send_message_with_reply(
            message, Gio.DBusSendMessageFlags.NONE, int(self.timeout * 1000), None, self.replied,
            (sent, time.monotonic()))

    def try_one(self):
        try:
            self.send_one()
        except GLib.Error:
            # The bus closed the connection, or a value is none that it carries.
            if self.client.connection.is_closed():
                self.n_left = 0

    def run(self):
        context = GLib.MainContext.default()
        self.discover()
        while self.n_flying or (self.n_left > 0 and self.surface.methods):
            while self.n_left > 0 and self.n_flying < IN_FLIGHT and self.surface.methods:
                self.try_one()
            context.iteration(self.n_flying > 0)


class Silent(RawClient):
    """A client that sends and never reads."""

    def flood(self, n):
        """Asks for the longest answers, until nobody takes any more."""
        self.socket.setblocking(False)
        try:
            for _ in range(n):
                self.call("/org/vireo/Vireo1", "org.freedesktop.DBus.ObjectManager",
                          "GetManagedObjects")
        except OSError:
            pass


class Worker:
    def __init__(self, address):
        self.address = address
        self.client = Client(address)
        self.texts = documents()
        self.silent = []

    def batch(self, order):
        if self.client.connection.is_closed():
            self.client = Client(self.address)
        batch = Batch(self.client, order["seed"], order["calls"], self.texts, order["timeout"])
        if order["vanish"]:
            batch.discover()
            for _ in range(min(order["calls"], IN_FLIGHT)):
                batch.try_one()
            self.client.close()
        else:
            batch.run()
        emit({"event": "batch", "methods": len(batch.surface.methods), "errors": batch.n_errors,
              "slowest": batch.slowest, "problems": batch.problems[:20]})

    def silence(self, order):
        """Some more clients that never read; the oldest of them go."""
        self.silent.append(Silent(self.address))
        self.silent[-1].flood(order["calls"])
        while len(self.silent) > 3:
            self.silent.pop(0).close()
        emit({"event": "batch", "methods": 0, "errors": 0, "slowest": 0, "problems": []})

    def handle(self, order):
        {"batch": self.batch, "silence": self.silence}[order["do"]](order)


if __name__ == "__main__":
    serve(Worker(sys.argv[1]).handle)
