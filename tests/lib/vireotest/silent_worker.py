# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process with clients that call and do not read until they are told to:
silent_worker.py ADDRESS."""

import collections
import selectors
import sys

from .client import GLib
from .rawbus import RawClient
from .worker import emit, serve


class Worker:
    def __init__(self, address):
        self.address = address
        self.clients = []

    def flood(self, order):
        """More clients, each of which makes the same calls: path, interface, member, arguments."""
        for _ in range(order["clients"]):
            client = RawClient(self.address, 60, fds=True)
            hello = client.serial
            name = client.reply(hello).get_body().unpack()[0]
            self.clients.append((client, set()))
            self.again(order, [self.clients[-1]])
            emit({"event": "called", "name": name})

    def again(self, order, clients=None):
        """The same clients, or some of them, make calls."""
        for client, open_calls in clients or self.clients:
            for path, interface, member, arguments in order["calls"]:
                body = GLib.Variant.parse(None, arguments, None, None) if arguments else None
                open_calls.add(client.call(path, interface, member, body))

    def read(self, order):
        """Reads until every call was answered; says with what errors."""
        outcomes = collections.Counter()
        with selectors.DefaultSelector() as selector:
            for client, open_calls in self.clients:
                selector.register(client.socket, selectors.EVENT_READ, (client, open_calls))
            while any(open_calls for _client, open_calls in self.clients):
                for key, _events in selector.select():
                    client, open_calls = key.data
                    for message in client.read_some():
                        if message.get_reply_serial() in open_calls:
                            open_calls.remove(message.get_reply_serial())
                            outcomes[message.get_error_name() or "answered"] += 1
        emit({"event": "read", "outcomes": outcomes})

    def listen(self, order):
        """Has the first client read until it heard so many signals of a name; tells of some."""
        heard = 0
        while heard < order["signals"]:
            if self.clients[0][0].read().get_member() != order["name"]:
                continue
            heard += 1
            if heard % order["each"] == 0:
                emit({"event": "heard", "n": heard})

    def handle(self, order):
        {"again": self.again, "flood": self.flood, "listen": self.listen,
         "read": self.read}[order["do"]](order)


if __name__ == "__main__":
    serve(Worker(sys.argv[1]).handle)
