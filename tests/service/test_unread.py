#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that ask for much and do not read: a dbus-daemon would stop reading from us, for all."""

import os
import unittest

import vireotest
from members import CONNECTION, define, domain_xml, text, uuid_of
from vireotest.client import NAME, ROOT
from vireotest.wait import wait_until
from vireotest.worker import Worker

BUS = "org.freedesktop.DBus"
PEER = f"{BUS}.Peer"
STATS = f"{BUS}.Debug.Stats"
UNREAD = 4_000_000
XML_SIZE = 1_000_000
N_OBJECTS = 200
NO_OPTIONS = "(@a{sv} {},)"
# What a dbus-daemon takes of one connection before it reads no more from it.
MAX_INCOMING = 133169152


class Unread(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        cls.host = vireotest.Host("unread", daemon=False, arguments=["--drivers=test"], env={
            # What it keeps of freed memory is none of what is measured here.
            "ASAN_OPTIONS": f"{sanitizer}:quarantine_size_mb=1".lstrip(":")}).start()
        cls.addClassCleanup(cls.host.stop)
        (cls.host.daemon.config / "vireod.conf").write_text(f"[Quotas]\nUnread={UNREAD}\n")
        cls.host.daemon.start()
        cls.host.polkit.set_rules(
            "polkit.addRule(function(action, subject) {"
            " if (action.id.indexOf('org.vireo.vireo1.') == 0) return polkit.Result.YES; });")
        metadata = f"<t:x>{'y' * XML_SIZE}</t:x>"
        cls.big = define(cls.host.client, "big", 0, metadata)
        for number in range(1, N_OBJECTS):
            cls.host.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                 domain_xml(f"small-{number}", number), {})

    def setUp(self):
        # What the test before left unread goes with its clients, which takes the bus a moment.
        for user in ("nobody", "daemon"):
            caller = self.caller(user)
            wait_until(lambda c=caller: not self.is_refused(c), 60, f"{user} to be served again")

    def silent(self, user, clients, calls):
        """Clients of a user that made calls and do not read. Returns the worker and their names."""
        worker = Worker("silent_worker", [self.host.bus.address], user=user,
                        env=self.host.bus.environment())
        self.addCleanup(worker.close)
        worker.send({"do": "flood", "clients": clients, "calls": calls})
        names = [worker.wait_for(lambda m: m["event"] == "called", 60)["name"]
                 for _ in range(clients)]
        return worker, names

    def get_xml(self, n):
        return [(self.big, f"{NAME}.Domain", "GetXml", NO_OPTIONS)] * n

    def unread_of(self, names):
        """Bytes and descriptors that the bus has for these."""
        total = [0, 0]
        for name in names:
            stats = self.host.client.connection.call_sync(
                BUS, "/org/freedesktop/DBus", STATS, "GetConnectionStats",
                vireotest.client.GLib.Variant("(s)", (name,)), None, 0, 20000, None).unpack()[0]
            total[0] += stats["OutgoingBytes"]
            total[1] += stats["OutgoingFDs"]
        return total

    def memory(self):
        with open(f"/proc/{self.host.daemon.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def describe(self, path, text):
        self.host.client.call(path, "Domain", "SetMetadata", "(ssssa{sv})", "description", text, "",
                              "", {})

    def caller(self, user="nobody"):
        return self.enterContext(vireotest.Caller(self.host.bus, user))

    @staticmethod
    def is_refused(caller):
        error = caller.call(ROOT, PEER, "Ping").error
        if error is not None and error.code not in ("QuotaExceeded", "NoReply"):
            raise AssertionError(error.message)
        return error is not None and error.code == "QuotaExceeded"

    def test_nobody_waits_for_them(self):
        """Several users, each with several clients, which together were promised 1.8 GB."""
        before = self.memory()
        hostile = {user: self.silent(user, 6, self.get_xml(100))
                   for user in ("nobody", "daemon", "bin")}
        honest = self.caller("mail")
        for _ in range(60):
            self.assertGreater(len(honest.call(self.big, "Domain", "GetXml", NO_OPTIONS).unpack()),
                               XML_SIZE)
            self.host.client.call(ROOT, PEER, "Ping")
        self.assertGreater(len(self.host.client.managed_objects()), N_OBJECTS)
        for user, (_worker, names) in hostile.items():
            unread, _fds = self.unread_of(names)
            # One of them is begun when the others are just below the limit.
            self.assertLess(unread, UNREAD + 2 * XML_SIZE, user)
            self.assertGreater(unread, UNREAD // 2, user)
        self.assertLess(self.memory(), before + 150)

        # Who shares the user of those shares what they may have; it is told so, and not for ever.
        other = self.caller("nobody")
        wait_until(lambda: self.is_refused(other), 60, "a call of the same user to be refused")
        # So is who comes when that is known already.
        self.assertTrue(self.is_refused(self.caller("nobody")))
        worker, _names = hostile["nobody"]
        worker.send({"do": "read"})
        outcomes = worker.wait_for(lambda m: m["event"] == "read", 120)["outcomes"]
        self.assertEqual(set(outcomes), {"answered", f"{NAME}.Error.QuotaExceeded"})
        self.assertEqual(sum(outcomes.values()), 600)
        self.assertGreater(outcomes["answered"], 1)
        wait_until(lambda: not self.is_refused(other), 60, "the user to be served again")

    def test_slow_readers_get_all(self):
        """Who reads gets what it asked for, however much it is: it waits, and is not refused."""
        worker, names = self.silent("nobody", 3, self.get_xml(6))
        for _ in range(3):
            wait_until(lambda: self.unread_of(names)[0] > UNREAD // 2, 60, "answers")
            worker.send({"do": "read"})
            outcomes = worker.wait_for(lambda m: m["event"] == "read", 120)["outcomes"]
            self.assertEqual(outcomes, {"answered": 18})
            worker.send({"do": "again", "calls": self.get_xml(6)})

    def test_lists(self):
        """One is made at a time, and none while what was made is not read."""
        call = (ROOT, f"{BUS}.ObjectManager", "GetManagedObjects", "")
        _worker, names = self.silent("nobody", 4, [call] * 100)
        other = self.caller("nobody")
        wait_until(lambda: self.is_refused(other), 60, "a call of the same user to be refused")
        self.assertLess(self.unread_of(names)[0], 2 * UNREAD)
        self.assertGreater(len(self.host.client.managed_objects()), N_OBJECTS)

    def test_descriptors(self):
        """A bus takes 64 of them that are not read."""
        path = self.host.client.call(
            CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
            domain_xml("console", N_OBJECTS).replace(
                "</os>", "</os><devices><console type='pty'/></devices>"), {})
        self.host.client.call(path, "Domain", "Start", "(a{sv})", {})
        call = (path, f"{NAME}.Domain", "OpenConsole", "('', {'force': <true>})")
        for user in ("nobody", "daemon"):
            # The first answer fills what the kernel has for a socket; the rest is the bus'.
            worker, names = self.silent(user, 2, self.get_xml(1))
            wait_until(lambda n=names: self.unread_of(n)[0] > XML_SIZE, 60, "long answers")
            worker.send({"do": "again", "calls": [call] * 50})
            wait_until(lambda n=names: self.unread_of(n)[1] >= 8, 60, "descriptors")
            other = self.caller(user)
            wait_until(lambda o=other: self.is_refused(o), 60, "the user to be refused")
            self.assertLess(self.unread_of(names)[1], 20)
        honest = self.caller("mail")
        for _ in range(30):
            honest.call(path, "Domain", "OpenConsole", "('', {'force': <true>})").unpack()
        self.host.client.call(path, "Domain", "Destroy", "(a{sv})", {})
        self.host.client.call(path, "Domain", "Undefine", "(a{sv})", {})

    def test_signals(self):
        """Who does not read what it subscribed to is dropped; others hear everything."""
        subscribe = (ROOT, f"{NAME}.Manager", "Subscribe", NO_OPTIONS)
        _worker, names = self.silent("nobody", 2, [subscribe])
        _worker, roots = self.silent(None, 1, [subscribe])
        listeners = [self.silent(user, 1, [subscribe])[0] for user in ("nobody", "mail", None)]
        for listener in listeners:
            # Signals are counted: they have to be subscribed before the first is sent.
            listener.send({"do": "read"})
            listener.wait_for(lambda m: m["event"] == "read", 60)
            listener.send({"do": "listen", "signals": 600, "each": 10,
                           "name": "PropertiesChanged"})
        path = f"{CONNECTION}/domains/_{uuid_of(1).replace('-', '_')}"
        for number in range(1, 601):
            self.describe(path, f"{number} " + "d" * 50_000)
            if number % 10 == 0:
                for listener in listeners:
                    listener.wait_for(lambda m, n=number: m == {"event": "heard", "n": n}, 60)
        log = self.host.daemon.log_tail(100_000)
        for name in (*names, *roots):
            self.assertTrue(f"{name} does not keep up" in log, name)
        self.assertLess(self.unread_of(names)[0], 3 * UNREAD)
        self.assertLess(self.unread_of(roots)[0], 3 * UNREAD)
        self.describe(path, "")


vireotest.main()
