#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many callers, many changes: nobody starves, and nothing is left out."""

import os
import selectors
import signal
import time
import unittest

import vireotest
from members import CONNECTION, define, domain_path, domain_xml, uuid_of
from vireotest.client import GLib, NAME, PROPERTIES, ROOT
from vireotest.rawbus import RawClient

PEER = "org.freedesktop.DBus.Peer"
DOMAIN = f"{NAME}.Domain"


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("load", polkit=False, arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.paths = [define(cls.host.client, f"load-{n}", n) for n in range(4)]

    def raw(self):
        return self.enterContext(RawClient(self.host.bus.address, 60))

    def test_no_change_is_left_out(self):
        """Thousands in a row, told to several who subscribed, each in their order."""
        n = 4000
        listeners = [self.raw() for _ in range(3)]
        for raw in listeners:
            raw.reply(raw.call(ROOT, f"{NAME}.Manager", "Subscribe",
                               GLib.Variant("(a{sv})", ({},))))
        changer = self.raw()
        started = time.monotonic()
        for first in range(0, n, 50):
            for number in range(first, first + 50):
                serial = changer.call(self.paths[number % 4], PROPERTIES, "Set", GLib.Variant(
                    "(ssv)", (DOMAIN, "Autostart", GLib.Variant("b", number // 4 % 2 == 0))))
            changer.reply(serial)
        print(f"# {n / (time.monotonic() - started):.0f} changes a second")
        for raw in listeners:
            last = raw.call(ROOT, PEER, "Ping")
            seen = {path: [] for path in self.paths}
            while (message := raw.read()).get_reply_serial() != last:
                if message.get_member() == "PropertiesChanged":
                    seen[message.get_path()].append(message.get_body().unpack()[1]["Autostart"])
            for path in self.paths:
                self.assertEqual(seen[path], [i % 2 == 0 for i in range(n // 4)])

    def test_a_queue_of_thousands_delays_nobody(self):
        """Calls are taken in turn: one of another caller waits for one of the hog's, not for all.
        """
        hog, other = self.raw(), self.raw()
        for each in (hog, other):
            each.reply(each.call(ROOT, PEER, "Ping"))
        started = time.monotonic()
        for _ in range(3000):
            last = hog.call(self.paths[0], PROPERTIES, "GetAll", GLib.Variant("(s)", ("",)))
        waits = []
        for _ in range(10):
            begin = time.monotonic()
            other.reply(other.call(ROOT, PEER, "Ping"))
            waits.append(time.monotonic() - begin)
        hog.reply(last)
        self.assertLess(sorted(waits)[5], (time.monotonic() - started) / 10)

    def test_fifty_callers(self):
        """Each with a call open all the time: all get as many answers, give or take."""
        clients = [self.raw() for _ in range(50)]
        answered = dict.fromkeys(clients, 0)
        with selectors.DefaultSelector() as selector:
            def ask(raw):
                raw.call(self.paths[0], PROPERTIES, "Get", GLib.Variant("(ss)", (DOMAIN, "State")))
            for raw in clients:
                raw.reply(raw.call(ROOT, PEER, "Ping"))
                selector.register(raw.socket, selectors.EVENT_READ, raw)
                ask(raw)
            while sum(answered.values()) < 5000:
                for key, _events in selector.select(30):
                    key.data.read()
                    answered[key.data] += 1
                    ask(key.data)
        self.assertGreater(min(answered.values()), 50)
        self.assertLess(max(answered.values()), 200)

    def test_long_arguments(self):
        """What is looked for one by one is not any number of things."""
        for method, first in (("GetDomains", "Name"), ("GetDomainStats", "state")):
            with self.assertRaises(vireotest.BusError) as caught:
                self.host.client.call(CONNECTION, "Connection", method, "(asa{sv})",
                                      [first] * 100000, {})
            self.assertEqual(caught.exception.code, "LimitExceeded")
            self.assertIn("100000", caught.exception.message)
        options = {f"o{n}": GLib.Variant("b", True) for n in range(1000)}
        with self.assertRaises(vireotest.BusError) as caught:
            self.host.client.call(CONNECTION, "Connection", "ListDomains", "(a{sv})", options)
        self.assertEqual(caught.exception.code, "InvalidOption")
        self.assertIn("1000 options", caught.exception.message)

    def test_reloads_in_a_row(self):
        """Nobody reads here what systemd is told of each of them."""
        client = self.host.client
        for number in range(60):
            os.kill(self.host.daemon.pid, signal.SIGHUP)
            made = client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                               domain_xml(f"reload-{number}", 5000 + number), {}, timeout=5)
            self.addCleanup(client.call, made, "Domain", "Undefine", "(a{sv})", {})
            self.assertTrue(client.exists(made))

    def test_some_never_read(self):
        big = self.host.client.call(
            CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
            domain_xml("big", 9, f"<t:x>{'y' * 1_000_000}</t:x>"), {})
        silent = [self.raw() for _ in range(10)]
        for raw in silent:
            for _ in range(5):
                raw.call(big, DOMAIN, "GetXml", GLib.Variant("(a{sv})", ({},)))
        for _ in range(100):
            self.host.client.call(ROOT, PEER, "Ping")
        for raw in silent:
            raw.close()
        self.host.client.call(big, "Domain", "Undefine", "(a{sv})", {})


class Questions(unittest.TestCase):
    """polkit answers some hundred questions a second, and a list asks one of each object."""

    N = 600

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("questions", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        for number in range(cls.N):
            define(cls.host.client, f"asked-{number}", number)

    def test_a_long_list_delays_nobody(self):
        """Of another caller's questions, the next is asked before the rest of the list's."""
        hog, other = (self.enterContext(vireotest.Caller(self.host.bus, user))
                      for user in ("nobody", "daemon"))
        for caller in (hog, other):
            caller.call(ROOT, PEER, "Ping").unpack()
        lists = hog.start_many([(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                 "()")], timeout=120)
        for number in range(3):
            path = domain_path(uuid_of(self.N - 1 - number))
            self.assertIn("<domain", other.call(path, "Domain", "GetXml", "(@a{sv} {},)").unpack())
        self.assertFalse(hog.is_done(lists[0]))
        outcome = hog.finish(lists[0], 120)
        self.assertGreaterEqual(len(outcome.unpack()), self.N)
        print(f"# {self.N / outcome.seconds:.0f} objects a second")

    def test_leases_delay_nobody(self):
        """Whose they are is looked up in all definitions."""
        plug = "<interface type='network'><source network='default'/></interface>"
        for number in range(self.N, self.N + 400):
            xml = domain_xml(f"big-{number}", number).replace(
                "</domain>", f"<devices>{plug * 400}</devices></domain>")
            path = self.host.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                         xml, {})
            self.addCleanup(self.host.client.call, path, "Domain", "Undefine", "(a{sv})", {})
        self.start_with_lease()
        hog, other = (self.enterContext(vireotest.Caller(self.host.bus, user))
                      for user in ("nobody", "daemon"))
        call = (self.network, "Network", "GetLeases", "(@a{sv} {},)")
        # polkit is asked, and what it said of reading is remembered.
        self.assertTrue(hog.call(*call).unpack())
        other.call(ROOT, PEER, "Ping").unpack()
        number, pings = hog.start(*call), 0
        while not hog.is_done(number):
            other.call(ROOT, PEER, "Ping").unpack()
            pings += 1
        outcome = hog.finish(number)
        self.assertTrue(outcome.unpack())
        print(f"# {pings} others in {outcome.seconds * 1e3:.0f} ms")
        self.assertGreater(pings, 10)

    def start_with_lease(self):
        client = self.host.client
        xml = domain_xml("leased", 9999).replace(
            "</domain>", "<devices><interface type='network'><source network='default'/>"
            "</interface></devices></domain>")
        path = client.call(CONNECTION, "Connection", "CreateDomain", "(sa{sv})", xml, {})
        self.addCleanup(client.call, path, "Domain", "Destroy", "(a{sv})", {})
        self.network = client.call(CONNECTION, "Connection", "LookupNetworkByName", "(s)",
                                   "default")


vireotest.main()
