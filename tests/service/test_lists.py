#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Long lists: nobody else waits for them, and they join with the signals without a gap."""

import os
import select
import unittest

import vireotest
from libvirtbus import TEST, LibvirtClient
from members import CONNECTION, domain_xml
from vireotest.client import GLib, NAME, OBJECT_MANAGER, PROPERTIES, ROOT
from vireotest.rawbus import RawClient

PEER = "org.freedesktop.DBus.Peer"
BUS = "org.freedesktop.DBus"
DOMAIN = f"{NAME}.Domain"
N = 1500


class View:
    """What a client knows that applies signals to a list."""

    def __init__(self, objects):
        self.objects = {path: dict(all_of[DOMAIN]) for path, all_of in objects.items()
                        if DOMAIN in all_of}

    def apply(self, signal):
        body = signal.get_body().unpack()
        member = signal.get_member()
        if member == "InterfacesAdded" and DOMAIN in body[1]:
            self.objects[body[0]] = dict(body[1][DOMAIN])
        elif member == "InterfacesRemoved" and DOMAIN in body[1]:
            self.objects.pop(body[0], None)
        elif member == "PropertiesChanged" and body[0] == DOMAIN:
            self.objects[signal.get_path()].update(body[1])


class Base:
    ARGUMENTS = ["--drivers=test"]

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("lists", polkit=False, daemon=False)
        cls.host.start()
        cls.addClassCleanup(cls.host.stop)
        cls.host.daemon.arguments = cls.ARGUMENTS
        # What a sanitizer keeps of freed memory is not what is looked for.
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        cls.host.daemon.extra_env = {
            "DBUS_SESSION_BUS_ADDRESS": cls.host.bus.address,
            "ASAN_OPTIONS": f"{sanitizer}:quarantine_size_mb=8".lstrip(":")}
        cls.host.daemon.start()
        cls.client = cls.host.client
        cls.paths = []
        for first in range(0, N, 50):
            pending = [cls.client.call_async(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                             domain_xml(f"domain-{number}", number), {})
                       for number in range(first, first + 50)]
            cls.paths += [each.wait() for each in pending]

    def raw(self):
        return self.enterContext(RawClient(self.host.bus.address, 60))

    def listener(self):
        raw = self.raw()
        raw.reply(raw.call("/org/freedesktop/DBus", BUS, "AddMatch",
                           GLib.Variant("(s)", (f"sender='{NAME}'",)), BUS))
        raw.reply(raw.call(ROOT, f"{NAME}.Manager", "Subscribe", GLib.Variant("(a{sv})", ({},))))
        return raw

    def change_things(self, n):
        """Of the first and the last in whatever order the list has them, too."""
        for number in range(n):
            path = self.paths[number * 7 % N]
            running = self.client.get(path, "Domain", "State") == "running"
            self.client.call(path, "Domain", "Destroy" if running else "Start", "(a{sv})", {})
            self.client.set(path, "Domain", "Autostart", "b", number % 2 == 0)
            if number % 5 == 0:
                made = self.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                        domain_xml(f"more-{number}", N + number), {})
                if number % 10 == 0:
                    self.client.call(made, "Domain", "Undefine", "(a{sv})", {})

    def test_a_list_and_signals_join(self):
        raw = self.listener()
        serial = raw.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")
        self.change_things(60)
        last = raw.call(ROOT, PEER, "Ping")
        view, seen, early = None, 0, 0
        while (message := raw.read()).get_reply_serial() != last:
            if message.get_reply_serial() == serial:
                view = View(message.get_body().unpack()[0])
            elif message.get_interface() in (PROPERTIES, OBJECT_MANAGER):
                seen += 1
                if view:
                    view.apply(message)
                else:
                    early += 1
        self.assertEqual(view.objects, View(self.client.managed_objects()).objects)
        self.assertGreater(seen, 60)
        self.check_early(early)

    def check_early(self, early):
        self.assertEqual(early, 0)

    def test_others_do_not_wait(self):
        for path, interface, method, body in [
                (ROOT, OBJECT_MANAGER, "GetManagedObjects", None),
                (CONNECTION, f"{NAME}.Connection", "GetDomains",
                 GLib.Variant("(asa{sv})", ([], {})))]:
            with self.subTest(method):
                asks, other = self.raw(), self.raw()
                for each in (asks, other):
                    each.reply(each.call(ROOT, PEER, "Ping"))
                serial = asks.call(path, interface, method, body)
                for _ in range(5):
                    other.reply(other.call(ROOT, PEER, "Ping"))
                self.assertEqual(select.select([asks.socket], [], [], 0)[0], [])
                self.assertGreater(asks.reply(serial).get_body().n_children(), 0)

    def test_an_answer_is_whole(self):
        raw = self.raw()
        expected = raw.reply(raw.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")).get_body()
        serials = [raw.call(ROOT, OBJECT_MANAGER, "GetManagedObjects") for _ in range(4)]
        pings = [raw.call(ROOT, PEER, "Ping") for _ in range(4)]
        for serial in serials:
            self.assertTrue(raw.reply(serial).get_body().equal(expected))
        raw.reply(pings[-1])

    def test_lists_of_org_libvirt(self):
        """They are made of ours, entry by entry."""
        ours = self.client.call(CONNECTION, "Connection", "GetDomains", "(asa{sv})",
                                ["Name", "Active"], {})
        active = sum(each["Active"] for each in ours.values())
        with LibvirtClient(self.host.bus.address) as client:
            theirs = client.do(TEST, "ListDomains", 0)
            self.assertEqual(len(theirs), len(ours))
            self.assertEqual(client.read(theirs[0], "Name"), next(iter(ours.values()))["Name"])
            figures = client.do(TEST, "GetAllDomainStats", 0, 0)
            self.assertEqual(sorted(name for name, _ in figures),
                             sorted(each["Name"] for each in ours.values()))
            self.assertEqual(len(client.do(TEST, "ListDomains", 1)), active)
            self.assertEqual(len(client.do(TEST, "ListDomains", 2)), len(ours) - active)
        many = self.client.call(CONNECTION, "Connection", "GetDomainStats", "(asa{sv})", [], {})
        self.assertEqual(many.keys(), ours.keys())

    def test_who_asks_and_goes(self):
        for _ in range(10):
            raw = RawClient(self.host.bus.address)
            for _ in range(5):
                raw.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")
            raw.close()
        self.assertEqual(len(View(self.client.managed_objects()).objects), len(
            self.client.call(CONNECTION, "Connection", "ListDomains", "(a{sv})", {})))

    def test_memory_is_given_back(self):
        raw = self.raw()

        def ask(times):
            for _ in range(times):
                raw.reply(raw.call(ROOT, OBJECT_MANAGER, "GetManagedObjects"))
        ask(3)
        before = self.resident()
        ask(20)
        self.assertLess(self.resident(), before + 40e6)

    def resident(self):
        with open(f"/proc/{self.host.daemon.pid}/statm") as file:
            return int(file.read().split()[1]) * 4096


class System(Base, unittest.TestCase):
    pass


class Session(Base, unittest.TestCase):
    """Signals are broadcast: who waits for a list hears them early, and again after it."""

    ARGUMENTS = ["--session", "--drivers=test"]

    def check_early(self, early):
        pass


vireotest.main()
