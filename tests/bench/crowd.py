# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients at once, each with a call open all the time."""

import contextlib
import selectors
import statistics
import time

from vireotest.client import GLib, NAME, PROPERTIES
from vireotest.rawbus import RawClient


class Client:
    def __init__(self, raw, path):
        self.raw = raw
        message = GLib.Variant("(ss)", (f"{NAME}.Domain", "State"))
        self.path, self.body = path, message
        self.sent_at = 0

    def ask(self):
        self.sent_at = time.perf_counter()
        self.raw.call(self.path, PROPERTIES, "Get", self.body)


def crowd(bus, path, count, seconds):
    """Seconds that each call took, of @count clients that read a property as fast as they can."""
    took = []
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(count):
            client = Client(stack.enter_context(RawClient(bus.address, 60)), path)
            client.ask()
            client.raw.reply(client.raw.serial)
            selector.register(client.raw.socket, selectors.EVENT_READ, client)
            client.ask()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for key, _events in selector.select(30):
                key.data.raw.read()
                took.append(time.perf_counter() - key.data.sent_at)
                key.data.ask()
    return took


def percentiles(took):
    """The median, and what one in a hundred takes longer than."""
    cut = statistics.quantiles(took, n=100)
    return cut[49], cut[98]
