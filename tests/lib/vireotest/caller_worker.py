# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process behind Caller: makes the calls that it is told to, many at a time."""

import sys
import time

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from .client import Client, full_interface, to_bus_error  # noqa: E402
from .worker import emit, serve  # noqa: E402


class Calls:
    def __init__(self, address):
        self.client = Client(address)

    def reply(self, connection, result, context):
        number, started = context
        answer = {"event": "reply", "id": number}
        try:
            value = connection.call_finish(result)
            answer["value"] = value.print_(True)
        except GLib.Error as error:
            failure = to_bus_error(error)
            answer["error"] = failure.name
            answer["message"] = failure.message
        answer["seconds"] = time.monotonic() - started
        emit(answer)

    def call(self, order):
        flags = Gio.DBusCallFlags.NONE
        if order["interactive"]:
            flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION
        parameters = GLib.Variant.parse(None, order["parameters"], None, None)
        self.client.connection.call(
            order.get("destination") or self.client.name, order["path"],
            full_interface(order["interface"]), order["method"], parameters, None, flags,
            int(order["timeout"] * 1000), None, self.reply, (order["id"], time.monotonic()))

    def subscribe(self, _order):
        def came(_connection, _sender, path, interface, member, parameters):
            emit({"event": "signal", "path": path, "interface": interface, "member": member,
                  "args": parameters.print_(True)})
        self.client.connection.signal_subscribe(
            self.client.name, None, None, None, None, Gio.DBusSignalFlags.NONE, came)
        # Once this is answered, the bus has the match rule.
        self.client.has_owner()
        emit({"event": "subscribed"})

    def handle(self, order):
        {"call": self.call, "subscribe": self.subscribe}[order["do"]](order)


def run(address):
    calls = Calls(address)
    emit({"event": "name", "name": calls.client.connection.get_unique_name()})
    serve(calls.handle)


if __name__ == "__main__":
    run(sys.argv[1])
