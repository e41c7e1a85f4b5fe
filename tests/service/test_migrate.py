#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains move from one connection of the test driver to another."""

import vireotest
from members import CONNECTION, permit, text
from vireotest.client import GLib
from worklib import WorkCase, options

HERE = "test:///default"
THERE = "test:///there"
SLOW = "<t:delay migrate='60000'/>"
QUICK = "<t:delay migrate='60'/>"
MANAGER = "/org/vireo/Vireo1"


def number(value):
    return GLib.Variant("u", value)


class Case(WorkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.client.call(MANAGER, "Manager", "OpenConnection", "(sa{sv})", THERE, {})
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.host.polkit.set_rules, "")

    def over_there(self, path):
        return path.replace(CONNECTION, self.there)

    def migrate(self, path, uri=THERE, **how):
        return self.call(path, "Migrate", "(sa{sv})", uri, options(**how))

    def refused(self, path, code, names="", uri=THERE, **how):
        self.error(path, "Migrate", "(sa{sv})", uri, options(**how), code=code, names=names)

    def wait(self, job):
        self.call(job, "Wait", interface="Job")

    def fails(self, job, code, names=""):
        self.error(job, "Wait", interface="Job", code=code, names=names)

    def parameters(self, path, **values):
        self.call(path, "SetMigrationParameters", "(a{sv}a{sv})", options(**values), {})


class Connections(Case):
    def test_several(self):
        self.assertEqual(self.get(self.there, "Id", "Connection"), "test-there")
        self.assertEqual(self.get(self.there, "Uri", "Connection"), THERE)
        opened = lambda uri: self.client.call(  # noqa: E731
            MANAGER, "Manager", "OpenConnection", "(sa{sv})", uri, {})
        self.assertEqual(opened(THERE), self.there)
        self.assertEqual(opened(HERE), CONNECTION)
        self.assertEqual(self.get(MANAGER, "Drivers", "Manager"), ["Test"])
        self.assertIn(self.there, self.get(MANAGER, "Connections", "Manager"))
        for uri in ("test:///", "test:///a/b", "test:///Big", "test:///" + "x" * 33,
                    "other:///system"):
            self.error(MANAGER, "OpenConnection", "(sa{sv})", uri, {}, interface="Manager",
                       code="NotSupported")

    def test_not_too_many(self):
        with self.assertRaises(vireotest.BusError) as caught:
            for number in range(20):
                self.client.call(MANAGER, "Manager", "OpenConnection", "(sa{sv})",
                                 f"test:///n{number}", {})
        self.assertEqual(caught.exception.code, "LimitExceeded")


class Migration(Case):
    def test_live(self):
        path = self.define("<t:delay migrate='200'/>")
        there = self.over_there(path)
        here, over = self.watch(path), self.watch(there, member="Lifecycle")
        self.parameters(path, max_downtime=1000)
        job = self.migrate(path, live=True)
        self.assertEqual(self.get(job, "Operation", "Job"), "domain-migrate")
        self.assertEqual(self.get(path, "CurrentJob"), job)
        self.assertEqual(self.state(path)[0], "running")
        self.wait(job)
        self.assertEqual(self.get(job, "State", "Job"), "completed")
        self.assertEqual(self.state(there), ("running", "migrated"))
        self.assertEqual(self.state(path), ("shutoff", "migrated"))
        seen = []
        while not seen or seen[-1].member != "JobCompleted":
            seen.append(here.wait())
        self.assertEqual([s.args[0] for s in seen if s.member == "MigrationIteration"][:3],
                         [1, 2, 3])
        self.assertEqual([s.args for s in seen if s.member == "Lifecycle"],
                         [("suspended", "migrated"), ("stopped", "migrated")])
        stats = seen[-1].args[0]
        self.assertTrue(stats["success"])
        self.assertEqual(stats["memory_total"], 64 << 20)
        self.assertGreater(stats["memory_processed"], stats["memory_total"])
        self.assertEqual(over.wait().args, ("started", "migrated"))
        # What has moved is transient there, and stays defined here.
        self.assertFalse(self.get(there, "Persistent"))
        self.assertTrue(self.get(path, "Persistent"))
        # And back, where it is defined.
        self.wait(self.migrate(there, HERE, live=True))
        self.assertEqual(self.state(path), ("running", "migrated"))
        self.assertFalse(self.client.exists(there))

    def test_not_live(self):
        path = self.define("<t:delay migrate='400'/>")
        job = self.migrate(path)
        self.assertEqual(self.state(path), ("paused", "migration"))
        self.wait(job)
        self.assertEqual(self.state(self.over_there(path)), ("running", "migrated"))

    def test_persist_undefine_rename_paused(self):
        path = self.define(QUICK)
        self.wait(self.migrate(path, live=True, paused=True, persist_destination=True,
                               undefine_source=True, name=f"moved{Case.count}"))
        there = self.over_there(path)
        self.assertFalse(self.client.exists(path))
        self.assertTrue(self.get(there, "Persistent"))
        self.assertEqual(self.get(there, "Name"), f"moved{Case.count}")
        self.assertEqual(self.state(there)[0], "paused")
        self.assertIn(f"<name>moved{Case.count}</name>", self.xml(there, inactive=True))

    def test_paused_guest_stays_paused(self):
        path = self.define(QUICK, paused=True)
        self.wait(self.migrate(path, live=True))
        self.assertEqual(self.state(self.over_there(path))[0], "paused")

    def test_offline(self):
        path = self.define(start=False)
        self.refused(path, "InvalidState", "not active")
        self.refused(path, "InvalidOption", "persist-destination", offline=True)
        self.wait(self.migrate(path, offline=True, persist_destination=True,
                               undefine_source=True))
        self.assertFalse(self.client.exists(path))
        self.assertEqual(self.state(self.over_there(path))[0], "shutoff")

    def test_cancel(self):
        for live in (True, False):
            path = self.define(SLOW)
            job = self.migrate(path, live=live)
            there = self.over_there(path)
            self.assertTrue(self.client.exists(there))
            self.call(path, "AbortJob")
            self.fails(job, "Cancelled")
            self.assertEqual(self.get(job, "State", "Job"), "cancelled")
            self.assertEqual(self.state(path)[0], "running")
            self.assertFalse(self.client.exists(there))

    def test_destroyed_meanwhile(self):
        path = self.define(SLOW)
        job = self.migrate(path, live=True)
        self.call(path, "Destroy")
        self.fails(job, "Cancelled")
        self.assertEqual(self.state(path), ("shutoff", "destroyed"))
        self.assertFalse(self.client.exists(self.over_there(path)))

    def test_arrival_fails(self):
        path = self.define("<t:delay migrate='40'/><t:fail migrate='no room'/>")
        self.fails(self.migrate(path), "Hypervisor", "no room")
        self.assertEqual(self.state(path), ("running", "migration-canceled"))
        self.assertFalse(self.client.exists(self.over_there(path)))

    def test_bandwidth(self):
        """A limit makes it slow, and lifting it lets it end."""
        path = self.define(QUICK)
        job = self.migrate(path, live=True, bandwidth=1 << 20)
        get = lambda: self.call(path, "GetMigrationParameters")  # noqa: E731
        self.assertEqual(get()["max-speed"], 1 << 20)
        vireotest.wait_until(lambda: self.get(job, "Progress", "Job") > 0, 10, "progress")
        self.assertLess(self.get(job, "Progress", "Job"), 0.5)
        self.assertEqual(self.get(job, "Rate", "Job"), 1 << 20)
        self.parameters(path, max_speed=0)
        self.wait(job)

    def test_postcopy(self):
        path = self.define(SLOW)
        self.error(path, "StartPostcopy", code="InvalidState", names="not migrate")
        job = self.migrate(path, live=True)
        self.error(path, "StartPostcopy", code="InvalidState", names="postcopy")
        self.call(path, "AbortJob")
        self.fails(job, "Cancelled")
        job = self.migrate(path, live=True, postcopy=True, postcopy_bandwidth=1 << 20)
        there = self.over_there(path)
        self.call(path, "StartPostcopy")
        self.assertEqual(self.state(path), ("paused", "postcopy"))
        self.assertEqual(self.state(there), ("running", "postcopy"))
        self.assertFalse(self.get(job, "Cancelable", "Job"))
        self.error(path, "AbortJob", code="InvalidState")
        self.error(path, "StartPostcopy", code="InvalidState")
        self.assertEqual(self.get(job, "State", "Job"), "running")

    def test_postcopy_pauses(self):
        """As when the way between the hosts is lost."""
        path = self.define(SLOW)
        for method in ("PausePostcopy", "ResumePostcopy"):
            self.error(path, method, code="InvalidState", names="no migration")
        job = self.migrate(path, live=True, postcopy=True)
        self.error(path, "PausePostcopy", code="InvalidState")
        there = self.over_there(path)
        self.call(path, "StartPostcopy")
        self.error(path, "ResumePostcopy", code="InvalidState")
        self.call(path, "PausePostcopy")
        self.error(path, "PausePostcopy", code="InvalidState")
        for side in (path, there):
            self.assertEqual(self.state(side), ("paused", "postcopy-failed"))
        self.assertEqual(self.get(job, "State", "Job"), "running")
        self.call(path, "ResumePostcopy")
        self.assertEqual(self.state(path), ("paused", "postcopy"))
        self.assertEqual(self.state(there), ("running", "postcopy"))
        # The one that ends while it is paused ends both.
        self.call(path, "PausePostcopy")
        self.call(path, "Destroy")
        self.fails(job, "Cancelled")
        self.assertEqual(self.state(path), ("shutoff", "destroyed"))
        self.assertFalse(self.client.exists(there))

    def test_throttled(self):
        """The guest is slowed down by as much as was asked for, and more the longer it takes."""
        how = {"live": True, "auto_converge": True, "auto_converge_initial": number(50),
               "auto_converge_increment": number(40)}
        get = lambda **which: self.call(  # noqa: E731
            path, "GetJobStats", "(a{sv})", options(**which))["auto_converge_throttle"]
        path = self.define(SLOW)
        job = self.migrate(path, **how)
        self.assertEqual(get(), 50)
        self.call(path, "AbortJob")
        self.fails(job, "Cancelled")
        path = self.define(QUICK)
        self.parameters(path, max_downtime=1)
        self.wait(self.migrate(path, **how))
        self.assertIn(get(completed=True), (90, 99))

    def test_how(self):
        path = self.define(SLOW)
        job = self.migrate(path, compressed=True, compression=["xbzrle"],
                           compression_xbzrle_cache=1 << 20, change_protection=True,
                           abort_on_error=True)
        self.assertEqual(self.call(path, "GetJobStats")["compression_cache"], 1 << 20)
        self.call(path, "AbortJob")
        self.fails(job, "Cancelled")
        for how, code, names in (
                ({"compression": ["xbzrle"]}, "InvalidOption", "compressed"),
                ({"tls_destination": "there"}, "InvalidOption", "`tls`"),
                ({"parallel_connections": number(2)}, "InvalidOption", "`parallel`"),
                ({"auto_converge_initial": number(20)}, "InvalidOption", "auto-converge"),
                ({"disks_port": number(1)}, "InvalidOption", "copy-storage"),
                ({"synchronous_writes": True}, "InvalidOption", "copy-storage"),
                ({"copy_storage": True, "disks_port": number(70000)}, "InvalidArgument", "65535"),
                ({"auto_converge": True, "auto_converge_initial": number(100)}, "InvalidArgument",
                 "from 1 to 99"),
                ({"compressed": True, "compression_xbzrle_cache": 3}, "InvalidArgument",
                 "power of two"),
                ({"compressed": True, "compression": ["zip"]}, "ConfigUnsupported", "zip"),
                ({"compressed": True, "compression_mt_level": number(1)}, "ConfigUnsupported",
                 "compression.mt.level"),
                ({"listen_address": "::"}, "ConfigUnsupported", "listen_address"),
                ({"rdma_pin_all": True}, "ConfigUnsupported", "in one process"),
                ({"compression_mt_threads": "x"}, "InvalidOption", "compression-mt-threads")):
            with self.subTest(how):
                self.refused(path, code, names, **how)
        # What was refused has changed nothing.
        self.assertEqual(self.call(path, "GetMigrationParameters")["compression-cache"], 1 << 20)

    def test_parameters(self):
        path = self.define()
        self.assertEqual(self.call(path, "GetMigrationParameters"), {
            "max-downtime": 300000, "max-speed": 0, "max-postcopy-speed": 0,
            "compression-cache": 64 << 20})
        self.parameters(path, max_downtime=5, compression_cache=1 << 20)
        self.assertEqual(self.call(path, "GetMigrationParameters")["compression-cache"], 1 << 20)
        for values, names in ((options(compression_cache=3), "power of two"),
                              (options(luck=7), "luck"), (options(max_speed="x"), "number")):
            self.error(path, "SetMigrationParameters", "(a{sv}a{sv})", values, {},
                       code="InvalidArgument", names=names)
        self.call(path, "Destroy")
        self.error(path, "SetMigrationParameters", "(a{sv}a{sv})", options(max_speed=1), {},
                   code="InvalidState")

    def test_refused(self):
        path = self.define(QUICK)
        xml = self.xml(path)
        self.refused(path, "AbiMismatch", xml=xml.replace("<memory unit='KiB'>65536",
                                                          "<memory unit='KiB'>131072"))
        self.refused(path, "InvalidArgument", "already", uri=HERE)
        self.refused(path, "NotFound", "nowhere", uri="test:///nowhere")
        self.refused(path, "ConfigUnsupported", tls=True)
        self.refused(path, "InvalidState", "offline", offline=True)
        self.refused(path, "XmlMalformed", xml="<domain")
        self.refused(path, "XmlMalformed", persistent_xml="<domain")
        other = self.call(self.there, "DefineDomain", "(sa{sv})",
                          f"<domain type='test'><name>{self.get(path, 'Name')}</name>"
                          "<memory>1024</memory><os><type>hvm</type></os></domain>", {},
                          interface="Connection")
        self.refused(path, "NameInUse", self.get(path, "Name"))
        self.call(other, "Undefine")
        self.call(path, "CreateSnapshot", "(sa{sv})", "<domainsnapshot/>", {})
        self.refused(path, "InvalidState", "snapshots")
        self.assertEqual(self.state(path)[0], "running")

    def test_definitions_over_there(self):
        path = self.define(QUICK)
        xml = self.xml(path).replace("<memory ", "<title>moved</title><memory ", 1)
        kept = self.xml(path, inactive=True).replace(">65536<", ">32768<")
        self.wait(self.migrate(path, live=True, xml=xml, persistent_xml=kept,
                               persist_destination=True))
        there = self.over_there(path)
        self.assertEqual(self.get(there, "Title"), "moved")
        self.assertIn(">32768<", self.xml(there, inactive=True))

    def test_who_may(self):
        path = self.define(QUICK)

        def migrate(**how):
            return self.nobody.call(path, "Domain", "Migrate", text("(sa{sv})", THERE,
                                                                    options(**how))).error
        needed = ["migrate", "unrestricted", "start", "write"]
        for number in range(len(needed)):
            self.host.polkit.set_rules(permit(" || ".join(
                f"action.id == 'org.vireo.vireo1.domain.{p}'"
                for i, p in enumerate(needed) if i != number)))
            self.assertEqual(migrate(live=True).code, "NotAuthorized", needed[number])
        # Over there, it is asked about what is there.
        self.host.polkit.set_rules(permit(" || ".join(
            [f"action.id == 'org.vireo.vireo1.domain.{p}'" for p in needed[:2]]
            + [f"action.lookup('connect_uri') == '{THERE}'"])))
        self.assertEqual(migrate(live=True, undefine_source=True).code, "NotAuthorized")
        error = migrate(live=True)
        self.assertIsNone(error, error)


vireotest.main()
