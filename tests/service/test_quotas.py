#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What there is only so much of for a user, over all of their connections."""

import unittest

import vireotest
from members import CONNECTION, domain_path, domain_xml, text, uuid_of
from vireotest.client import ROOT
from vireotest.wait import wait_until

PEER = "org.freedesktop.DBus.Peer"
SLOW = "<t:delay start='600000'/>"
CONFIG = "[Quotas]\nObjects=3\nJobs=2\nCalls=6\nCallMemory=1000000\nSubscriptions=2\n"
NO_OPTIONS = "(@a{sv} {},)"


class Quotas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("quotas", daemon=False, arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        (cls.host.daemon.config / "vireod.conf").write_text(CONFIG)
        cls.host.daemon.start()
        cls.host.polkit.set_rules(
            "polkit.addRule(function(action, subject) {"
            " if (subject.user != 'root' && action.id.indexOf('org.vireo.vireo1.') == 0 &&"
            # What is made with the latter is root's.
            " ['domain.reset', 'domain.unrestricted'].indexOf(action.id.substring(17)) < 0)"
            " return polkit.Result.YES; });")

    def caller(self, user="nobody"):
        return self.enterContext(vireotest.Caller(self.host.bus, user))

    def define(self, caller, number, metadata=""):
        return caller.call(CONNECTION, "Connection", "DefineDomain",
                           text("(sa{sv})", domain_xml(f"own-{number}", number, metadata), {}))

    def refused(self, outcome):
        self.assertIsNotNone(outcome.error)
        self.assertEqual(outcome.error.code, "QuotaExceeded", outcome.error.message)

    def test_objects(self):
        caller, other = self.caller(), self.caller()
        for number in range(3):
            self.define(caller, number).unpack()
        self.refused(self.define(caller, 3))
        self.refused(self.define(other, 3))
        # What is there already is no more.
        self.define(caller, 2).unpack()
        # Somebody else, and root, have their own.
        self.define(self.caller("daemon"), 4).unpack()
        for number in range(10, 15):
            self.host.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                  domain_xml(f"roots-{number}", number), {})
        caller.call(domain_path(uuid_of(0)), "Domain", "Undefine", NO_OPTIONS).unpack()
        self.define(other, 3).unpack()
        for number in (1, 2, 3, 4):
            self.host.client.call(domain_path(uuid_of(number)), "Domain", "Undefine", "(a{sv})",
                                  {})

    def test_many_at_once(self):
        """What is being made counts, too."""
        caller = self.caller("daemon")
        calls = [(CONNECTION, "Connection", "DefineDomain",
                  text("(sa{sv})", domain_xml(f"rush-{n}", 30 + n), {})) for n in range(6)]
        numbers = caller.start_many(calls)
        outcomes = [caller.finish(number) for number in numbers]
        made = [outcome for outcome in outcomes if outcome.error is None]
        self.assertEqual(len(made), 3)
        for outcome in outcomes:
            if outcome.error:
                self.refused(outcome)
            else:
                caller.call(outcome.unpack(), "Domain", "Undefine", NO_OPTIONS).unpack()

    def test_jobs(self):
        """Changes that are under way."""
        caller = self.caller()
        paths = [self.define(caller, 60 + n, SLOW if n < 2 else "").unpack() for n in range(3)]
        starts = [caller.start(path, "Domain", "Start", NO_OPTIONS, timeout=300)
                  for path in paths[:2]]
        for path in paths[:2]:
            self.host.client.wait_for(path, "Domain", "State", "shutoff")
            wait_until(lambda path=path: self.host.client.get(path, "Domain", "CurrentJob") != "/",
                       20, "the start to begin")
        self.refused(self.caller().call(paths[2], "Domain", "Start", NO_OPTIONS))
        self.host.client.call(paths[2], "Domain", "Start", "(a{sv})", {})
        # What only reads is none.
        caller.call(paths[0], "Domain", "GetXml", NO_OPTIONS).unpack()
        for path in paths[:2]:
            self.host.client.call(self.host.client.get(path, "Domain", "CurrentJob"), "Job",
                                  "Cancel", "(a{sv})", {})
        for start in starts:
            self.assertIsNotNone(caller.finish(start).error)
        caller.call(paths[2], "Domain", "Destroy", NO_OPTIONS).unpack()
        for path in paths:
            caller.call(path, "Domain", "Undefine", NO_OPTIONS).unpack()

    def test_memory_of_calls(self):
        caller = self.caller()
        lookup = lambda size: caller.call(  # noqa: E731
            CONNECTION, "Connection", "LookupDomainByName", text("(s)", "x" * size))
        self.refused(lookup(2_000_000))
        self.assertEqual(lookup(500_000).error.code, "NotFound")
        # It was given back.
        for _ in range(5):
            self.assertEqual(lookup(800_000).error.code, "NotFound")

    def test_calls(self):
        """Those that wait for a person count until they are answered, or their caller goes."""
        caller = self.caller()
        path = self.define(caller, 50).unpack()
        agent = self.host.agent(caller, "never")
        calls = [(path, "Domain", "Reset", NO_OPTIONS)] * 6
        caller.start_many(calls, interactive=True, timeout=300)
        wait_until(lambda: agent.times_asked() >= 1, 20, "dialogs")
        other = self.caller()
        wait_until(lambda: self.is_refused(other), 20, "the quota to be used up")
        self.assertIsNone(self.caller("daemon").call(ROOT, PEER, "Ping").error)
        self.host.client.call(ROOT, PEER, "Ping")
        caller.close()
        wait_until(lambda: not self.is_refused(other), 20, "the quota to be given back")
        self.host.client.call(path, "Domain", "Undefine", "(a{sv})", {})

    @staticmethod
    def is_refused(caller):
        error = caller.call(ROOT, PEER, "Ping").error
        return error is not None and error.code == "QuotaExceeded"

    def test_subscriptions(self):
        callers = [self.caller("daemon") for _ in range(3)]
        subscribe = lambda caller: caller.call(ROOT, "Manager", "Subscribe",  # noqa: E731
                                               NO_OPTIONS)
        for caller in callers[:2]:
            for _ in range(3):
                subscribe(caller).unpack()
        self.refused(subscribe(callers[2]))
        callers[0].call(ROOT, "Manager", "Unsubscribe", NO_OPTIONS).unpack()
        subscribe(callers[2]).unpack()
        callers[1].close()
        wait_until(lambda: subscribe(callers[0]).error is None, 10, "the one who left to count not")

    def test_configuration(self):
        for line, names in [("Things=1", "Things"), ("Jobs=many", "Jobs"), ("Jobs=-1", "Jobs"),
                            ("Jobs=0", "Jobs")]:
            with self.subTest(line), vireotest.Host("config", polkit=False, daemon=False,
                                                    arguments=["--drivers=test"]) as host:
                (host.daemon.config / "vireod.conf").write_text(f"[Quotas]\n{line}\n")
                host.daemon.spawn()
                self.assertEqual(host.daemon.process.wait(20), 1)
                self.assertIn(names, host.daemon.log_tail())
                self.assertIn("vireod.conf", host.daemon.log_tail())


vireotest.main()
