#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshots and checkpoints: what they keep, going back, their trees, and who may."""

import re
import time

import vireotest
from members import hide, permit, text
from vireotest.client import NAME
from worklib import WorkCase, options


class Moments(WorkCase):
    def snapshot(self, path, body="", **how):
        return self.call(path, "CreateSnapshot", "(sa{sv})",
                         f"<domainsnapshot>{body}</domainsnapshot>", options(**how))

    def named(self, path, *names):
        return [self.snapshot(path, f"<name>{name}</name>") for name in names]

    def checkpoint(self, path, body="", **how):
        return self.call(path, "CreateCheckpoint", "(sa{sv})",
                         f"<domaincheckpoint>{body}</domaincheckpoint>", options(**how))

    def moment(self, path, name, interface="DomainSnapshot"):
        return self.get(path, name, interface)

    def on(self, path, method, interface="DomainSnapshot", **how):
        return self.call(path, method, "(a{sv})", options(**how), interface=interface)

    def listed(self, path, method="ListSnapshots", interface="Domain", **how):
        return [p.rsplit("/", 1)[1] for p in
                self.call(path, method, "(a{sv})", options(**how), interface=interface)]


class Snapshots(Moments):
    def test_of_a_running_domain(self):
        path = self.define()
        domain_watch = self.watch(path, interface="org.freedesktop.DBus.Properties")
        snapshot = self.snapshot(path, "<name>one</name><description>first</description>")
        self.assertEqual(snapshot, f"{path}/snapshots/one")
        properties = self.client.get_all(snapshot, "DomainSnapshot")
        self.assertLess(abs(properties.pop("CreationTime") / 1e6 - time.time()), 60)
        self.assertEqual(properties, {
            "Name": "one", "Domain": path, "Parent": "/", "Description": "first",
            "State": "running", "Location": "internal", "Current": True})
        self.assertEqual(self.get(path, "CurrentSnapshot"), snapshot)
        domain_watch.wait(matching=lambda s: s.args[1].get("CurrentSnapshot") == snapshot)
        xml = self.on(snapshot, "GetXml")
        for part in ["<state>running</state>", "<memory snapshot='internal'/>",
                     "<disk name='vda' snapshot='internal'/>", self.get(path, "Uuid")]:
            self.assertIn(part, xml)
        self.assertEqual(self.get(path, "State"), "running")

    def test_reverting_brings_back_what_it_was(self):
        path = self.define()
        running = self.snapshot(path, "<name>running</name>")
        self.call(path, "Suspend")
        paused = self.snapshot(path, "<name>paused</name>")
        self.call(path, "Destroy")
        off = self.snapshot(path, "<name>off</name>")
        self.assertEqual([self.moment(s, "State") for s in (running, paused, off)],
                         ["running", "paused", "shutoff"])
        watch = self.watch(path, member="Lifecycle")
        expected = [(running, "running", [("started", "from-snapshot")]),
                    (paused, "paused", [("suspended", "from-snapshot")]),
                    (running, "running", [("resumed", "from-snapshot")]),
                    (off, "shutoff", [("stopped", "from-snapshot")]),
                    (paused, "paused", [("started", "from-snapshot"),
                                        ("suspended", "from-snapshot")])]
        for snapshot, state, events in expected:
            self.on(snapshot, "Revert")
            self.assertEqual(self.state(path), (state, "from-snapshot"))
            self.assertEqual(self.get(path, "CurrentSnapshot"), snapshot)
            came = []
            while len(came) < len(events):
                came.append(watch.wait(matching=lambda s: s.args[0] != "defined").args)
            self.assertEqual(came, events)
        self.on(off, "Revert", running=True)
        self.assertEqual(self.get(path, "State"), "running")
        self.on(running, "Revert", paused=True)
        self.assertEqual(self.get(path, "State"), "paused")

    def test_reverting_brings_back_the_definition(self):
        path = self.define(start=False)
        snapshot = self.snapshot(path, "<name>old</name>")
        xml = self.xml(path)
        self.call(path, "SetXml", "(sa{sv})", xml.replace(">65536<", ">131072<"), {})
        self.assertEqual(self.get(path, "MaxMemory"), 131072)
        self.call(path, "Start")
        error = self.error(snapshot, "Revert", "(a{sv})", options(running=True),
                           interface="DomainSnapshot")
        self.assertEqual(error.code, "AbiMismatch")
        self.assertEqual(self.get(path, "MaxMemory"), 131072)
        self.on(snapshot, "Revert", running=True, force=True)
        self.assertEqual(self.get(path, "MaxMemory"), 65536)
        self.assertIn(">65536<", self.xml(path, inactive=True))

    def test_external_disks(self):
        path = self.define(disks=("vda", "vdb"))
        name = self.get(path, "Name")
        snapshot = self.snapshot(path, "<name>over</name><disks><disk name='vdb'><source file="
                                 "'/images/my-overlay'/></disk></disks>", disk_only=True)
        self.assertEqual(self.moment(snapshot, "State"), "disk-snapshot")
        self.assertEqual(self.moment(snapshot, "Location"), "external")
        xml = self.on(snapshot, "GetXml")
        self.assertIn(f"<source file='/images/{name}-vda.over'/>", xml)
        for how in ({}, {"inactive": True}):
            domain = self.xml(path, **how)
            self.assertIn("<source file='/images/my-overlay'/>", domain)
            self.assertRegex(domain, r"(?s)<backingStore.*/images/" + name + "-vdb.qcow2")
        # Deleting it gives the room back: the images that were there are used again.
        self.on(snapshot, "Delete")
        self.assertNotIn("overlay", self.xml(path))
        self.assertIn(f"<source file='/images/{name}-vdb.qcow2'/>", self.xml(path))
        self.assertEqual(self.get(path, "CurrentSnapshot"), "/")

    def test_external_memory(self):
        path = self.define()
        snapshot = self.snapshot(path, "<memory snapshot='external' file='/images/memory'/>",
                                 live=True)
        xml = self.on(snapshot, "GetXml")
        self.assertIn("<memory snapshot='external' file='/images/memory'/>", xml)
        self.assertIn("<disk name='vda' snapshot='external'", xml)
        self.assertTrue(re.fullmatch(r"\d+", self.moment(snapshot, "Name")))

    def test_what_is_refused(self):
        path = self.define()
        off = self.define(start=False)
        transient = self.create()
        wrong = [
            (path, "<disks><disk name='vdz'/></disks>", {}, "NotFound", "vdz"),
            (path, "<disks><disk name='vda'/><disk name='vda'/></disks>", {}, "InvalidArgument",
             "twice"),
            (path, "<memory snapshot='external'/>", {}, "InvalidArgument", "absolute path"),
            (path, "<memory snapshot='internal'/>", {"disk_only": True}, "InvalidArgument",
             "no memory"),
            (path, "<disks><disk name='vda' snapshot='internal'/></disks>", {"disk_only": True},
             "ConfigUnsupported", "internal"),
            (path, "", {"live": True}, "InvalidArgument", "external memory"),
            (path, "", {"quiesce": True}, "InvalidArgument", "quiesce"),
            (path, "", {"redefine": True, "no_metadata": True}, "InvalidArgument", "metadata"),
            (path, "<name>x</name>", {"redefine": True}, "XmlInvalid", "creationTime"),
            (off, "<memory snapshot='internal'/>", {}, "InvalidArgument", "not active"),
            (off, "", {"live": True}, "InvalidArgument", "not active"),
            (transient, "", {"halt": True}, "InvalidArgument", "transient"),
        ]
        for domain, body, how, code, names in wrong:
            with self.subTest(body=body, how=how):
                self.error(domain, "CreateSnapshot", "(sa{sv})",
                           f"<domainsnapshot>{body}</domainsnapshot>", options(**how), code=code,
                           names=names)
        self.named(path, "taken")
        self.error(path, "CreateSnapshot", "(sa{sv})",
                   "<domainsnapshot><name>taken</name></domainsnapshot>", {}, code="NameInUse")
        self.error(path, "CreateSnapshot", "(sa{sv})", "<domainsnapshot", {}, code="XmlMalformed")
        self.assertEqual(self.listed(off) + self.listed(transient), [])

    def test_halt_and_no_metadata(self):
        path = self.define()
        self.assertEqual(self.snapshot(path, no_metadata=True), "/")
        self.assertEqual(self.listed(path), [])
        self.snapshot(path, "<name>last</name>", halt=True)
        self.assertEqual(self.state(path), ("shutoff", "from-snapshot"))
        self.assertEqual(self.listed(path), ["last"])

    def test_a_failure_changes_nothing(self):
        path = self.define("<t:fail snapshot='no room'/>")
        self.error(path, "CreateSnapshot", "(sa{sv})", "<domainsnapshot/>",
                   options(disk_only=True), code="Hypervisor", names="no room")
        self.assertEqual(self.listed(path), [])
        self.assertNotIn("backingStore>", self.xml(path))
        self.assertEqual(self.get(path, "State"), "running")

    def test_cancel(self):
        path = self.define("<t:delay snapshot='60000'/>")
        taking = self.client.call_async(path, "Domain", "CreateSnapshot", "(sa{sv})",
                                        "<domainsnapshot/>", {})
        job = self.job_of(path)
        self.assertEqual(self.state(path), ("paused", "snapshot"))
        self.call(job, "Cancel", interface="Job")
        with self.assertRaises(vireotest.BusError) as caught:
            taking.wait()
        self.assertEqual(caught.exception.code, "Cancelled")
        self.assertEqual(self.get(path, "State"), "running")
        self.assertEqual(self.listed(path), [])


class Tree(Moments):
    def make(self):
        """a - b - c, and d beside b."""
        path = self.define()
        a, b, c = self.named(path, "a", "b", "c")
        self.on(a, "Revert")
        d, = self.named(path, "d")
        return path, a, b, c, d

    def test_walking(self):
        path, a, b, c, d = self.make()
        self.assertEqual(self.moment(d, "Parent"), a)
        self.assertEqual(sorted(self.listed(path)), ["a", "b", "c", "d"])
        self.assertEqual(self.listed(path)[0], "a")
        self.assertEqual(self.listed(path, roots=True), ["a"])
        self.assertEqual(sorted(self.listed(path, leaves=True)), ["c", "d"])
        self.assertEqual(sorted(self.listed(path, leaves=False)), ["a", "b"])
        children = {"method": "ListChildren", "interface": "DomainSnapshot"}
        self.assertEqual(sorted(self.listed(a, **children)), ["b", "d"])
        self.assertEqual(sorted(self.listed(a, descendants=True, **children)), ["b", "c", "d"])
        self.assertEqual(self.listed(path, state="inactive"), [])
        self.assertEqual(len(self.listed(path, state="active")), 4)
        self.error(path, "ListSnapshots", "(a{sv})", options(state="odd"), code="InvalidArgument")
        got = self.call(path, "GetSnapshots", "(asa{sv})", ["Name", "Current"], {})
        self.assertEqual(got[d], {"Name": "d", "Current": True})
        self.assertEqual(self.call(path, "LookupSnapshotByName", "(s)", "c"), c)
        self.error(path, "LookupSnapshotByName", "(s)", "z", code="NotFound")
        self.assertIn(c, self.client.managed_objects())

    def test_deleting_one(self):
        path, a, b, c, d = self.make()
        self.on(b, "Delete")
        self.assertEqual(self.moment(c, "Parent"), a)
        self.on(d, "Delete")
        self.assertEqual(self.get(path, "CurrentSnapshot"), a)
        self.on(a, "Delete")
        self.assertEqual(self.moment(c, "Parent"), "/")
        self.assertEqual(self.get(path, "CurrentSnapshot"), "/")
        self.assertEqual(self.error(b, "GetXml", interface="DomainSnapshot").code, "UnknownObject")

    def test_deleting_more(self):
        path, a, b, c, d = self.make()
        self.error(a, "Delete", "(a{sv})", options(children=True, children_only=True),
                   interface="DomainSnapshot", code="InvalidArgument")
        self.on(b, "Delete", children_only=True)
        self.assertEqual(sorted(self.listed(path)), ["a", "b", "d"])
        self.on(a, "Delete", children=True)
        self.assertEqual(self.listed(path), [])

    def test_redefining(self):
        path, a, b, c, d = self.make()
        xml = self.on(b, "GetXml")
        self.on(b, "Delete", metadata_only=True)
        self.assertEqual(self.call(path, "CreateSnapshot", "(sa{sv})", xml,
                                   options(redefine=True)), b)
        self.assertEqual(self.moment(b, "Parent"), a)
        self.assertFalse(self.moment(b, "Current"))
        changed = xml.replace("<state>", "<description>again</description><state>")
        self.call(path, "CreateSnapshot", "(sa{sv})", changed, options(redefine=True, current=True))
        self.assertEqual(self.moment(b, "Description"), "again")
        self.assertEqual(self.get(path, "CurrentSnapshot"), b)
        circle = self.on(a, "GetXml").replace(
            "<creationTime>", "<parent><name>b</name></parent><creationTime>", 1)
        self.error(path, "CreateSnapshot", "(sa{sv})", circle, options(redefine=True),
                   code="InvalidArgument", names="cannot come before")
        orphan = xml.replace("<name>a</name>", "<name>nobody</name>")
        self.error(path, "CreateSnapshot", "(sa{sv})", orphan, options(redefine=True),
                   code="NotFound", names="nobody")
        stranger = re.sub("<uuid>.{8}", "<uuid>12345678", xml)
        self.error(path, "CreateSnapshot", "(sa{sv})", stranger, options(redefine=True),
                   code="InvalidArgument", names="12345678")

    def test_the_domain_goes(self):
        path, a, *_ = self.make()
        self.call(path, "Destroy")
        self.error(path, "Undefine", code="InvalidState", names="snapshots")
        self.error(path, "Rename", "(sa{sv})", "other", {}, code="InvalidState", names="snapshots")
        self.call(path, "Undefine", "(a{sv})", options(snapshots_metadata=True))
        self.assertFalse(self.client.exists(a))


class Checkpoints(Moments):
    def on(self, path, method, interface="DomainCheckpoint", **how):
        return super().on(path, method, interface, **how)

    def test_what_they_keep(self):
        path = self.define(disks=("vda", "vdb"))
        first = self.checkpoint(path, "<name>first</name>")
        second = self.checkpoint(path, "<name>second</name><disks><disk name='vdb' "
                                 "checkpoint='bitmap'/></disks>")
        self.assertEqual(first, f"{path}/checkpoints/first")
        self.assertEqual(self.moment(second, "Parent", "DomainCheckpoint"), first)
        xml = self.on(second, "GetXml")
        self.assertIn("<disk name='vdb' checkpoint='bitmap' bitmap='second'/>", xml)
        self.assertIn("<disk name='vda' checkpoint='no'/>", xml)
        self.assertIn("<domain ", xml)
        self.assertNotIn("<domain ", self.on(second, "GetXml", no_domain=True))
        self.assertRegex(self.on(first, "GetXml", size=True), "size='[0-9]+'")
        self.assertEqual(self.listed(path, "ListCheckpoints"), ["first", "second"])
        self.assertEqual(self.listed(path, "ListCheckpoints", leaves=True), ["second"])
        self.assertEqual(self.listed(first, "ListChildren", "DomainCheckpoint"), ["second"])
        self.assertEqual(self.call(path, "LookupCheckpointByName", "(s)", "first"), first)
        self.assertEqual(set(self.call(path, "GetCheckpoints", "(asa{sv})", ["Name"], {})),
                         {first, second})

    def test_deleting_and_redefining(self):
        path = self.define()
        first, second = [self.checkpoint(path, f"<name>{n}</name>") for n in ("one", "two")]
        xml = self.on(first, "GetXml")
        self.on(first, "Delete")
        self.assertEqual(self.moment(second, "Parent", "DomainCheckpoint"), "/")
        self.call(path, "CreateCheckpoint", "(sa{sv})", xml, options(redefine=True))
        self.assertTrue(self.client.exists(first))
        self.error(path, "CreateCheckpoint", "(sa{sv})", xml, options(redefine_validate=True),
                   code="InvalidArgument")
        wrong = xml.replace("disk name='vda'", "disk name='vdq'")
        self.error(path, "CreateCheckpoint", "(sa{sv})", wrong,
                   options(redefine=True, redefine_validate=True), code="NotFound", names="vdq")
        self.error(self.define(start=False), "CreateCheckpoint", "(sa{sv})", "<domaincheckpoint/>",
                   {}, code="InvalidState", names="active")
        self.call(path, "Destroy")
        self.error(path, "Undefine", code="InvalidState", names="checkpoints")
        self.call(path, "Undefine", "(a{sv})", options(checkpoints_metadata=True))
        self.assertFalse(self.client.exists(path))


class Authorization(Moments):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.host.polkit.set_rules, "")
        self.nobody = self.host.caller("nobody")

    def ask(self, path, interface, method, parameters="(@a{sv} {},)"):
        outcome = self.nobody.call(path, f"{NAME}.{interface}", method, parameters)
        return outcome.error.code if outcome.error is not None else None

    def test_permissions_are_those_of_the_domain(self):
        path = self.define()
        snapshot = self.snapshot(path, "<name>mine</name>")
        self.assertEqual(self.ask(snapshot, "DomainSnapshot", "Revert"), "NotAuthorized")
        name = self.get(path, "Name")
        self.host.polkit.set_rules(permit("action.id.indexOf('domain.snapshot') > 0 && "
                                          f"action.lookup('domain_name') == '{name}'"))
        self.assertIsNone(self.ask(snapshot, "DomainSnapshot", "Revert"))
        create = text("(sa{sv})", "<domainsnapshot/>", options(disk_only=True))
        self.assertIsNone(self.ask(path, "Domain", "CreateSnapshot", create))
        # Another permission, for what the guest's agent would do.
        quiesce = text("(sa{sv})", "<domainsnapshot/>", options(disk_only=True, quiesce=True))
        self.assertEqual(self.ask(path, "Domain", "CreateSnapshot", quiesce), "NotAuthorized")
        other = self.define()
        self.assertEqual(self.ask(other, "Domain", "CreateSnapshot", create), "NotAuthorized")

    def test_hidden_with_the_domain(self):
        path = self.define()
        snapshot = self.snapshot(path, "<name>secret</name>")
        self.host.polkit.set_rules(hide(("domain_uuid", self.get(path, "Uuid"))))
        self.assertEqual(self.ask(snapshot, "DomainSnapshot", "GetXml"), "UnknownObject")
        self.assertEqual(self.ask(f"{path}/snapshots/absent", "DomainSnapshot", "GetXml"),
                         "UnknownObject")


vireotest.main()
