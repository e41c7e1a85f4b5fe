#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connection.GetDomainStats: figures of many domains in one answer."""

import vireotest
from members import CONNECTION, text
from vireotest.client import GLib
from worklib import WorkCase, options


class Stats(WorkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.host.polkit.set_rules, "")
        self.running = self.define()
        self.stopped = self.define(start=False)

    def stats(self, groups=(), **how):
        return self.call(CONNECTION, "GetDomainStats", "(asa{sv})", list(groups), options(**how),
                         interface="Connection")

    def test_all(self):
        found = self.stats()
        self.assertIn(self.running, found)
        self.assertEqual(set(found), set(self.call(CONNECTION, "ListDomains", "(a{sv})", {},
                                                   interface="Connection")))
        self.assertIn("cpu.time", found[self.running])
        self.assertNotIn("cpu.time", found[self.stopped])
        self.assertEqual(found[self.stopped]["balloon.maximum"], 65536)
        alone = self.call(self.running, "GetStats", "(asa{sv})", [], {})
        self.assertEqual(set(alone), set(found[self.running]))

    def test_groups(self):
        for stats in self.stats(["state"]).values():
            self.assertEqual(set(stats), {"state.state", "state.reason"})
        self.error(CONNECTION, "GetDomainStats", "(asa{sv})", ["wings"], {}, code="InvalidArgument",
                   names="wings", interface="Connection")

    def test_which(self):
        for how in ({"active": True}, {"state": "running"}, {"domains": None}):
            if "domains" in how:
                how["domains"] = GLib.Variant("ao", [
                    self.running, "/org/vireo/Vireo1/connections/test/domains/_none"])
            found = self.stats(["state"], **how)
            self.assertIn(self.running, found)
            self.assertNotIn(self.stopped, found)
        self.assertEqual(len(found), 1)
        self.assertEqual(self.stats(domains=GLib.Variant("ao", [])), {})
        self.error(CONNECTION, "GetDomainStats", "(asa{sv})", [], options(state="asleep"),
                   code="InvalidArgument", names="asleep", interface="Connection")
        self.error(CONNECTION, "GetDomainStats", "(asa{sv})", [], options(colour=True),
                   code="InvalidOption", names="colour", interface="Connection")

    def test_backing(self):
        disks = {key: value for key, value in self.call(
            self.running, "GetStats", "(asa{sv})", ["block"], {}).items()}
        self.assertEqual(disks["block.count"], 1)
        self.assertNotIn("block.0.backingIndex", disks)
        self.call(self.running, "CreateSnapshot", "(sa{sv})", "<domainsnapshot/>",
                  options(disk_only=True))
        stats = self.stats(["block"], backing=True, enforce=True,
                           domains=GLib.Variant("ao", [self.running]))[self.running]
        self.assertEqual(stats["block.count"], 2)
        self.assertEqual([stats[f"block.{i}.backingIndex"] for i in (0, 1)], [0, 1])
        self.assertEqual(stats["block.1.path"], disks["block.0.path"])
        self.assertNotEqual(stats["block.0.path"], disks["block.0.path"])

    def test_many(self):
        """More than are asked at once."""
        paths = {self.define() for _ in range(150)}
        self.assertLessEqual(paths, set(self.stats(["cpu"])))

    def test_who_may(self):
        """Only those that the caller may read."""
        def stats():
            outcome = self.nobody.call(CONNECTION, "Connection", "GetDomainStats",
                                       text("(asa{sv})", ["state"], {}))
            self.assertIsNone(outcome.error)
            return set(outcome.unpack())
        name = self.get(self.running, "Name")
        everything = stats()
        self.assertLessEqual({self.running, self.stopped}, everything)
        self.host.polkit.set_rules(
            "polkit.addRule(function(action, subject) {"
            " if (action.id == 'org.vireo.vireo1.domain.read' &&"
            f" action.lookup('domain_name') == '{name}') return polkit.Result.NO; }});")
        vireotest.wait_until(lambda: self.running not in stats(), 10, "the rule")
        self.assertEqual(stats(), everything - {self.running})
        # Seen, and not to be read.
        self.assertEqual(self.nobody.call(self.running, "Domain", "GetStats",
                                          text("(asa{sv})", [], {})).error.code, "NotAuthorized")


vireotest.main()
