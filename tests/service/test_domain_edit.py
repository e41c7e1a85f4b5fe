#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a domain has and how it is treated: changed while it runs and for the next start."""

import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from members import CONNECTION, permit, text, uuid_of
from vireotest.client import GLib

DISK = ("<disk type='file' device='disk'><source file='/none/{0}.img'/>"
        "<target dev='{0}' bus='virtio'/></disk>")
CDROM = ("<disk type='file' device='cdrom'><source file='/none/{}.iso'/>"
         "<target dev='sda' bus='sata'/><readonly/></disk>")
NET = "<interface type='network'><mac address='{}'/><source network='{}'/></interface>"
XML = ("<domain type='test' xmlns:t='https://vireo.org/xmlns/domain/test/1.0'><name>{}</name>"
       "<uuid>{}</uuid><metadata>{}</metadata><memory unit='KiB'>1048576</memory>"
       "<vcpu current='2'>4</vcpu><iothreads>2</iothreads><os><type>hvm</type></os><devices>"
       + DISK.format("vda") + CDROM.format("one") + NET.format("52:54:00:00:00:01", "default")
       + "<memballoon model='virtio'/></devices></domain>")
LIVE = {"live": GLib.Variant("b", True)}
CONFIG = {"config": GLib.Variant("b", True)}
BOTH = {**LIVE, **CONFIG}


def came(watch, member):
    return watch.wait(matching=lambda signal: signal.member == member)


class Case(unittest.TestCase):
    number = 0

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("edit", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client

    def setUp(self):
        Case.number += 1
        self.path = self.define(f"guest{Case.number}", Case.number)
        self.call("Start", "(a{sv})", {})

    def define(self, name, number, metadata=""):
        return self.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                XML.format(name, uuid_of(number), metadata), {})

    def call(self, method, signature, *args):
        return self.client.call(self.path, "Domain", method, signature, *args)

    def error(self, method, signature, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(method, signature, *args)
        return caught.exception

    def xml(self, inactive=False):
        return ElementTree.fromstring(
            self.call("GetXml", "(a{sv})", {"inactive": GLib.Variant("b", inactive)}))

    def targets(self, inactive=False):
        return [t.get("dev") for t in self.xml(inactive).findall("devices/disk/target")]


class Devices(Case):
    def test_scopes(self):
        for options, live, config in [(LIVE, True, False), (CONFIG, False, True),
                                      (BOTH, True, True), ({}, True, False)]:
            with self.subTest(options=options):
                self.call("AttachDevice", "(sa{sv})", DISK.format("vdb"), options)
                self.assertEqual("vdb" in self.targets(), live)
                self.assertEqual("vdb" in self.targets(True), config)
                self.call("DetachDevice", "(sa{sv})", DISK.format("vdb"), options)
                self.assertNotIn("vdb", self.targets() + self.targets(True))

    def test_copied_out_of_what_runs(self):
        """As virt-manager and Cockpit do it: an alias is of the live definition alone."""
        self.call("AttachDevice", "(sa{sv})", DISK.format("vdb"), BOTH)
        self.call("Destroy", "(a{sv})", {})
        self.call("Start", "(a{sv})", {})
        for kind, which in (("disk", "target[@dev='vdb']"), ("interface", "mac")):
            device = next(d for d in self.xml().iterfind(f"devices/{kind}")
                          if d.find(which) is not None)
            self.assertIsNotNone(device.find("alias"))
            text = ElementTree.tostring(device, "unicode")
            self.call("UpdateDevice", "(sa{sv})", text, CONFIG)
            self.call("DetachDevice", "(sa{sv})", text, BOTH)
            for inactive in (False, True):
                self.assertIsNone(self.xml(inactive).find(f"devices/{kind}/{which}"))
        # One that its user gave is of both, and tells.
        named = DISK.format("vdc").replace("</disk>", "<alias name='ua-mine'/></disk>")
        self.call("AttachDevice", "(sa{sv})", named, BOTH)
        self.assertEqual(self.error("DetachDevice", "(sa{sv})", named.replace("mine", "other"),
                                    CONFIG).code, "NotFound")
        self.call("DetachDevice", "(sa{sv})", named, BOTH)

    def test_inactive(self):
        self.call("Destroy", "(a{sv})", {})
        self.call("AttachDevice", "(sa{sv})", DISK.format("vdb"), {})
        self.assertIn("vdb", self.targets(True))
        error = self.error("AttachDevice", "(sa{sv})", DISK.format("vdc"), LIVE)
        self.assertEqual(error.code, "InvalidState")
        self.call("Start", "(a{sv})", {})
        self.assertIn("vdb", self.targets())

    def test_signals(self):
        with self.client.watch() as watch:
            self.call("AttachDevice", "(sa{sv})", DISK.format("vdb"), {})
            added = came(watch, "DeviceAdded")
            self.assertEqual(added.path, self.path)
            alias = added.args[0]
            self.assertEqual(alias, "virtio-disk1")
            self.call("DetachDeviceByAlias", "(sa{sv})", alias, {})
            self.assertEqual(came(watch, "DeviceRemoved").args, (alias,))
        self.assertEqual(self.error("DetachDeviceByAlias", "(sa{sv})", alias, {}).code, "NotFound")

    def test_the_guest_keeps_it(self):
        path = self.define("keeper", 900, "<t:keep device='net0'/>")
        self.client.call(path, "Domain", "Start", "(a{sv})", {})
        with self.client.watch() as watch:
            with self.assertRaises(vireotest.BusError) as caught:
                self.client.call(path, "Domain", "DetachDevice", "(sa{sv})",
                                 NET.format("52:54:00:00:00:01", "default"), BOTH)
            self.assertEqual(caught.exception.code, "Hypervisor")
            self.assertEqual(came(watch, "DeviceRemovalFailed").args, ("net0",))
        for inactive in (False, True):
            xml = self.client.call(path, "Domain", "GetXml", "(a{sv})",
                                   {"inactive": GLib.Variant("b", inactive)})
            self.assertIn("<interface", xml)

    def test_change_a_medium(self):
        with self.client.watch() as watch:
            self.call("UpdateDevice", "(sa{sv})", CDROM.format("two"), BOTH)
            self.assertEqual([came(watch, "TrayChanged").args[1] for _ in range(2)],
                             ["open", "close"])
        for inactive in (False, True):
            sources = [s.get("file") for s in self.xml(inactive).findall("devices/disk/source")]
            self.assertIn("/none/two.iso", sources)

    def test_what_cannot_be_changed(self):
        other = DISK.format("vda").replace("/none/vda", "/none/other")
        self.assertEqual(self.error("UpdateDevice", "(sa{sv})", other, LIVE).code, "InvalidState")
        self.call("UpdateDevice", "(sa{sv})", other, CONFIG)
        net = NET.format("52:54:00:00:00:01", "default").replace(
            "</interface>", "<model type='e1000'/></interface>")
        self.assertEqual(self.error("UpdateDevice", "(sa{sv})", net, LIVE).code, "AbiMismatch")

    def test_wrong(self):
        for method, xml, code in [
                ("AttachDevice", "<disk", "XmlMalformed"),
                ("AttachDevice", "<domain/>", "XmlInvalid"),
                ("AttachDevice", DISK.format("vda"), "InvalidArgument"),
                ("AttachDevice", "<memballoon model='virtio'/>", "InvalidState"),
                ("DetachDevice", DISK.format("vdz"), "NotFound"),
                ("DetachDevice", "<rng model='virtio'><backend model='random'>/r</backend></rng>",
                 "NotFound"),
                ("UpdateDevice", NET.format("52:54:00:00:00:99", "default"), "NotFound")]:
            for options in (LIVE, CONFIG):
                with self.subTest(method=method, xml=xml):
                    self.assertEqual(self.error(method, "(sa{sv})", xml, options).code, code)

    def test_half_is_not_done(self):
        """What fails for the next start does not reach the guest either."""
        self.call("AttachDevice", "(sa{sv})", DISK.format("vdb"), CONFIG)
        self.error("AttachDevice", "(sa{sv})", DISK.format("vdb"), BOTH)
        self.assertNotIn("vdb", self.targets())


class MemoryAndProcessors(Case):
    def test_memory(self):
        with self.client.watch() as watch:
            self.call("SetMemory", "(ta{sv})", 524288, BOTH)
            self.assertEqual(came(watch, "BalloonChanged").args, (524288,))
        self.assertEqual(self.client.get(self.path, "Domain", "Memory"), 524288)
        self.assertEqual(self.xml(True).findtext("currentMemory"), "524288")
        for wrong in (0, 1048577):
            self.assertEqual(self.error("SetMemory", "(ta{sv})", wrong, {}).code,
                             "InvalidArgument")
        self.assertEqual(self.error("SetMaxMemory", "(ta{sv})", 99, LIVE).code, "InvalidState")
        self.call("SetMaxMemory", "(ta{sv})", 262144, CONFIG)
        self.assertEqual(self.xml(True).findtext("currentMemory"), "262144")

    def test_processors(self):
        self.call("SetVcpus", "(ua{sv})", 3, BOTH)
        self.assertEqual(self.client.get(self.path, "Domain", "Vcpus"), 3)
        self.assertEqual(self.error("SetVcpus", "(ua{sv})", 5, {}).code, "InvalidArgument")
        self.assertEqual(self.error("SetVcpus", "(ua{sv})", 0, {}).code, "InvalidArgument")
        maximum = {"maximum": GLib.Variant("b", True)}
        self.assertEqual(self.error("SetVcpus", "(ua{sv})", 8, {**LIVE, **maximum}).code,
                         "InvalidState")
        self.call("SetVcpus", "(ua{sv})", 8, {**CONFIG, **maximum})
        self.assertEqual(self.xml(True).findtext("vcpu"), "8")
        self.assertEqual(self.xml().findtext("vcpu"), "4")

    def test_pins(self):
        with self.client.watch() as watch:
            self.call("PinVcpu", "(usa{sv})", 1, "0-3,^2", BOTH)
            self.assertEqual(came(watch, "TunableChanged").args[0],
                             {"cputune.vcpupin1": "0-3,^2"})
        self.call("PinVcpu", "(usa{sv})", 1, "5", LIVE)
        self.assertEqual(self.xml().find("cputune/vcpupin").get("cpuset"), "5")
        self.assertEqual(self.xml(True).find("cputune/vcpupin").get("cpuset"), "0-3,^2")
        self.call("PinEmulator", "(sa{sv})", "7", LIVE)
        self.assertEqual(self.call("GetEmulatorPin", "(a{sv})", LIVE), "7")
        self.assertEqual(self.call("GetEmulatorPin", "(a{sv})", CONFIG), "")
        self.assertEqual(self.error("PinVcpu", "(usa{sv})", 4, "0", {}).code, "InvalidArgument")
        self.assertEqual(self.error("PinVcpu", "(usa{sv})", 0, "x", {}).code, "InvalidArgument")
        self.assertEqual(self.error("GetEmulatorPin", "(a{sv})", BOTH).code, "InvalidOption")

    def test_iothreads(self):
        ids = lambda: [t["id"] for t in self.call("GetIoThreads", "(a{sv})", {})]  # noqa: E731
        self.call("AddIoThread", "(ua{sv})", 7, {})
        self.assertEqual(ids(), [1, 2, 7])
        self.call("PinIoThread", "(usa{sv})", 7, "1", {})
        self.call("SetIoThread", "(ua{sv}a{sv})", 7, {"thread_pool_max": GLib.Variant("u", 9),
                                                      "poll_max_ns": GLib.Variant("t", 5)}, {})
        self.assertEqual(self.call("GetIoThreads", "(a{sv})", {})[2],
                         {"id": 7, "cpuset": "1", "thread_pool_max": 9})
        self.call("DeleteIoThread", "(ua{sv})", 1, {})
        self.assertEqual(ids(), [2, 7])
        self.assertEqual(self.error("AddIoThread", "(ua{sv})", 7, {}).code, "InvalidArgument")
        self.assertEqual(self.error("DeleteIoThread", "(ua{sv})", 1, {}).code, "NotFound")
        self.assertEqual(self.error("SetIoThread", "(ua{sv}a{sv})", 2,
                                    {"wings": GLib.Variant("u", 9)}, {}).code, "InvalidArgument")
        self.assertEqual(len(self.call("GetIoThreads", "(a{sv})", CONFIG)), 2)


class Parameters(Case):
    SETS = [
        ("MemoryParameters", (), {"hard_limit": GLib.Variant("t", 4096)}),
        ("BlkioParameters", (), {"weight": GLib.Variant("u", 500),
                                 "device_weight": GLib.Variant("s", "/dev/sda,300")}),
        ("NumaParameters", (), {"numa_mode": GLib.Variant("s", "strict"),
                                "numa_nodeset": GLib.Variant("s", "0")}),
        ("BlockIoTune", ("vda",), {"read_bytes_sec": GLib.Variant("t", 1000),
                                   "group_name": GLib.Variant("s", "slow")}),
        ("InterfaceParameters", ("52:54:00:00:00:01",),
         {"inbound.average": GLib.Variant("t", 100), "outbound.average": GLib.Variant("t", 7)}),
    ]

    def test_set_and_get(self):
        for name, device, values in self.SETS:
            with self.subTest(name):
                kinds = "s" * len(device)
                self.call("Set" + name, f"({kinds}a{{sv}}a{{sv}})", *device, values, CONFIG)
                got = self.call("Get" + name, f"({kinds}a{{sv}})", *device, CONFIG)
                wanted = {k: v.unpack() for k, v in values.items()}
                self.assertEqual({k: got[k] for k in wanted}, wanted)
                live = self.call("Get" + name, f"({kinds}a{{sv}})", *device, LIVE)
                self.assertNotEqual({k: live.get(k) for k in wanted}, wanted)

    def test_scheduler(self):
        self.call("SetSchedulerParameters", "(a{sv}a{sv})",
                  {"cpu_shares": GLib.Variant("t", 2048), "vcpu_quota": GLib.Variant("x", -1)}, {})
        kind, values = self.call("GetSchedulerParameters", "(a{sv})", {})
        self.assertEqual((kind, values), ("posix", {"cpu_shares": 2048, "vcpu_quota": -1}))

    def test_perf(self):
        self.call("SetPerfEvents", "(a{sv}a{sv})", {"cache_misses": GLib.Variant("b", True)}, {})
        events = self.call("GetPerfEvents", "(a{sv})", {})
        self.assertEqual([k for k, v in events.items() if v], ["cache_misses"])

    def test_wrong(self):
        for name, device, values in [
                ("MemoryParameters", (), {"hard_limit": GLib.Variant("s", "much")}),
                ("MemoryParameters", (), {"wings": GLib.Variant("t", 1)}),
                ("BlkioParameters", (), {"device_weight": GLib.Variant("s", "sda")}),
                ("BlockIoTune", ("vda",), {"read_bytes_sec": GLib.Variant("t", 1),
                                           "total_bytes_sec": GLib.Variant("t", 1)}),
                ("InterfaceParameters", ("52:54:00:00:00:01",),
                 {"outbound.floor": GLib.Variant("t", 1)}),
                ("PerfEvents", (), {"wings": GLib.Variant("b", True)})]:
            with self.subTest(name=name, values=values):
                before = self.call("GetXml", "(a{sv})", {})
                error = self.error("Set" + name, f"({'s' * len(device)}a{{sv}}a{{sv}})", *device,
                                   values, {})
                self.assertEqual(error.code, "InvalidArgument")
                self.assertEqual(self.call("GetXml", "(a{sv})", {}), before)
        self.assertEqual(self.error("GetBlockIoTune", "(sa{sv})", "vdz", {}).code, "NotFound")


class Notes(Case):
    def test_title_and_description(self):
        with self.client.watch() as watch:
            self.call("SetMetadata", "(ssssa{sv})", "title", "Mail", "", "", BOTH)
            self.assertEqual(came(watch, "MetadataChanged").args, ("title", ""))
        self.assertEqual(self.client.get(self.path, "Domain", "Title"), "Mail")
        self.assertEqual(self.call("GetMetadata", "(ssa{sv})", "title", "", CONFIG), "Mail")
        self.call("SetMetadata", "(ssssa{sv})", "title", "", "", "", CONFIG)
        self.assertEqual(self.error("GetMetadata", "(ssa{sv})", "title", "", CONFIG).code,
                         "NotFound")
        for wrong in [("title", "two\nlines"), ("wings", "x")]:
            self.assertEqual(self.error("SetMetadata", "(ssssa{sv})", *wrong, "", "", {}).code,
                             "InvalidArgument")

    def test_elements(self):
        put = lambda text_, key="app", uri="urn:app": self.call(  # noqa: E731
            "SetMetadata", "(ssssa{sv})", "element", text_, key, uri, BOTH)
        put("<rack n='4'><slot>7</slot></rack>")
        put("<other/>", "b", "urn:other")
        get = lambda uri: self.call("GetMetadata", "(ssa{sv})", "element", uri, {})  # noqa: E731
        self.assertEqual(get("urn:app"), "<rack n='4'><slot>7</slot></rack>")
        rack = self.xml(True).find("metadata/{urn:app}rack")
        self.assertEqual(rack.findtext("{urn:app}slot"), "7")
        put("<rack/>")
        self.assertEqual(get("urn:app"), "<rack/>")
        put("")
        self.assertEqual(self.error("GetMetadata", "(ssa{sv})", "element", "urn:app", {}).code,
                         "NotFound")
        self.assertEqual(get("urn:other"), "<other/>")
        for bad in [("<rack", "a", "urn:x", "XmlMalformed"),
                    ("<a/>", "", "urn:x", "InvalidArgument"),
                    ("<a/>", "a b", "urn:x", "InvalidArgument"),
                    ("<a/>", "a", "", "InvalidArgument"),
                    ("<a/></metadata><os/>", "a", "urn:x", "XmlMalformed")]:
            self.assertEqual(self.error("SetMetadata", "(ssssa{sv})", "element", *bad[:3], {}).code,
                             bad[3])

    def test_lifecycle_action(self):
        self.call("SetLifecycleAction", "(ssa{sv})", "reboot", "destroy", LIVE)
        self.assertEqual(self.xml().findtext("on_reboot"), "destroy")
        self.call("Reboot", "(a{sv})", {})
        self.assertEqual(self.client.get(self.path, "Domain", "State"), "shutoff")
        for wrong in [("fly", "destroy"), ("reboot", "fly"), ("reboot", "coredump-restart")]:
            self.assertEqual(self.error("SetLifecycleAction", "(ssa{sv})", *wrong, {}).code,
                             "InvalidArgument")

    def test_control_info(self):
        self.assertEqual(self.call("GetControlInfo", "(a{sv})", {}), ("ok", 0))
        self.assertEqual(self.call("GetMessages", "(a{sv})", {}), [])


class Permissions(Case):
    def nobody(self, method, signature, *args):
        return self.host.caller("nobody").call(
            self.path, "org.vireo.Vireo1.Domain", method, text(signature, *args)).error

    def allow(self, *permissions):
        self.host.polkit.set_rules(permit(" || ".join(
            f"action.id == 'org.vireo.vireo1.{p}'" for p in permissions)))

    def test_the_next_start_takes_save(self):
        self.allow("domain.write")
        period = lambda options: self.nobody(  # noqa: E731
            "SetMemoryStatsPeriod", "(ua{sv})", 5, options)
        self.assertIsNone(period(LIVE))
        self.assertIn("domain.save", period(CONFIG).message)
        self.assertIn("domain.save", period(BOTH).message)
        self.call("Destroy", "(a{sv})", {})
        self.assertIn("domain.save", period({}).message)
        self.assertIsNone(self.xml(True).find("devices/memballoon/stats"))

    def test_the_host_takes_more(self):
        """Who may change a machine does not get at the host by it."""
        self.allow("domain.write", "domain.save")
        for method, signature, arguments in [
                ("AttachDevice", "(sa{sv})", (DISK.format("vdb"),)),
                ("UpdateDevice", "(sa{sv})", (CDROM.format("two"),)),
                ("PinVcpu", "(usa{sv})", (0, "1")),
                ("SetMemoryParameters", "(a{sv}a{sv})", ({"hard_limit": GLib.Variant("t", 9)},))]:
            with self.subTest(method):
                error = self.nobody(method, signature, *arguments, BOTH)
                self.assertIn("domain.unrestricted", error.message)
        self.allow("domain.write", "domain.save", "domain.unrestricted")
        self.assertIsNone(self.nobody("AttachDevice", "(sa{sv})", DISK.format("vdb"), BOTH))
        self.assertIn("vdb", self.targets())


vireotest.main()
