# SPDX-License-Identifier: LGPL-2.1-or-later
"""A caller who is another user: a process of that uid with one bus connection."""

import gi
gi.require_version("GLib", "2.0")
from gi.repository import GLib  # noqa: E402

from .client import BusError, PROPERTIES, full_interface  # noqa: E402
from .wait import FACTOR, wait_until  # noqa: E402
from .worker import Worker  # noqa: E402


class Outcome:
    """How a call went: error is None or a BusError, value a GLib.Variant."""

    def __init__(self, message):
        self.error = None
        self.value = None
        self.seconds = message["seconds"]
        if "error" in message:
            self.error = BusError(message["error"], message["message"])
        else:
            self.value = GLib.Variant.parse(None, message["value"], None, None)

    def unpack(self):
        """The results, as Client.call() gives them, or the error."""
        if self.error:
            raise self.error
        values = self.value.unpack()
        if not values:
            return None
        return values[0] if len(values) == 1 else values


class Caller(Worker):
    """Makes calls as a user, thousands in seconds.

    parameters are the text of a GVariant tuple, such as ``('vm', @a{sv} {})``.
    """

    def __init__(self, bus, user="nobody"):
        self._next = 0
        self._outcomes = {}
        super().__init__("caller_worker", [bus.address], user=user, env=bus.environment())
        self.unique_name = self.wait_for(lambda m: m["event"] == "name")["name"]

    def handle(self, message):
        if message["event"] == "reply":
            self._outcomes[message["id"]] = Outcome(message)
        else:
            super().handle(message)

    def start(self, path, interface, method, parameters="()", interactive=False, timeout=30,
              destination=None):
        """Sends a call and returns its number, for finish()."""
        return self.start_many([(path, interface, method, parameters)], interactive, timeout,
                               destination)[0]

    def start_many(self, calls, interactive=False, timeout=30, destination=None):
        orders = []
        for path, interface, method, parameters in calls:
            self._next += 1
            orders.append({"do": "call", "id": self._next, "path": path, "interface": interface,
                           "method": method, "parameters": parameters, "interactive": interactive,
                           "timeout": timeout * FACTOR, "destination": destination})
        self.send(*orders)
        return [order["id"] for order in orders]

    def is_done(self, number):
        return number in self._outcomes

    def finish(self, number, seconds=35):
        wait_until(lambda: number in self._outcomes, seconds, "the reply to a caller's call")
        return self._outcomes.pop(number)

    def call(self, path, interface, method, parameters="()", **options):
        """The Outcome of one call."""
        return self.finish(self.start(path, interface, method, parameters, **options))

    def call_many(self, calls, at_once=100, **options):
        """The Outcomes of (path, interface, method, parameters) tuples, some at a time.

        A bus limits the replies that a connection may wait for, to 128 by default.
        """
        outcomes = []
        for first in range(0, len(calls), at_once):
            numbers = self.start_many(calls[first:first + at_once], **options)
            outcomes += [self.finish(number) for number in numbers]
        return outcomes

    def get(self, path, interface, prop):
        quoted = GLib.Variant("(ss)", (full_interface(interface), prop)).print_(False)
        return self.call(path, PROPERTIES, "Get", quoted)

    def set(self, path, interface, prop, value, **options):
        """value is a GLib.Variant."""
        parameters = GLib.Variant("(ssv)", (full_interface(interface), prop, value)).print_(True)
        return self.call(path, PROPERTIES, "Set", parameters, **options)

    def subscribe(self):
        """From now on, signals of the service that reach this caller are kept in messages."""
        self.send({"do": "subscribe"})
        self.wait_for(lambda m: m["event"] == "subscribed")

    def signals(self):
        return [m for m in self.messages if m["event"] == "signal"]
