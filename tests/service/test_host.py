#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host of the test driver: its memory, its pages, its sleep, and processors as sets."""

import re

import vireotest
from members import CONNECTION, permit, text
from vireotest.client import GLib
from worklib import WorkCase, options

EPYC = "<cpu><arch>x86_64</arch><model>EPYC</model><vendor>AMD</vendor>{}</cpu>"
GUEST = "<cpu match='{}'><model>{}</model>{}</cpu>"
FEATURE = "<feature policy='{}' name='{}'/>"


class Host(WorkCase):
    def ask(self, method, signature="(a{sv})", *args):
        return self.call(CONNECTION, method, signature, *args, interface="Connection")

    def refused(self, code, names, method, signature, *args):
        self.error(CONNECTION, method, signature, *args, interface="Connection", code=code,
                   names=names)


class Memory(Host):
    def parameters(self, **values):
        self.ask("SetHostMemoryParameters", "(a{sv}a{sv})", {
            key: GLib.Variant("u", value) for key, value in values.items()}, {})

    def test_parameters(self):
        before = self.ask("GetHostMemoryParameters")
        self.assertEqual(before["shm_pages_to_scan"], 100)
        self.parameters(shm_pages_to_scan=4000000000, shm_sleep_millisecs=1)
        after = self.ask("GetHostMemoryParameters")
        self.assertEqual((after["shm_pages_to_scan"], after["shm_merge_across_nodes"]),
                         (4000000000, 1))
        vireotest.wait_until(
            lambda: self.ask("GetHostMemoryParameters")["shm_full_scans"] > 0, 10, "a scan")
        for values, names in (({"shm_full_scans": GLib.Variant("t", 1)}, "shm_full_scans"),
                              ({"shm_merge_across_nodes": GLib.Variant("u", 2)}, "at most 1"),
                              ({"shm_sleep_millisecs": GLib.Variant("s", "x")}, "number")):
            # All of them, or none.
            values["shm_pages_to_scan"] = GLib.Variant("u", 1)
            self.refused("InvalidArgument", names, "SetHostMemoryParameters", "(a{sv}a{sv})",
                         values, {})
        self.assertEqual(self.ask("GetHostMemoryParameters")["shm_pages_to_scan"], 4000000000)

    def pages(self, *sizes):
        return self.ask("GetHostFreePages", "(aua{sv})", list(sizes), {})

    def allocate(self, pages, **how):
        self.ask("AllocateHostPages", "(a{ut}a{sv})", pages, how)

    def test_pages(self):
        before = self.pages()
        self.assertEqual(set(before), {0, 1})
        self.assertEqual(set(before[0]), {4, 2048, 1048576})
        self.assertEqual(before[1][2048], 0)
        self.allocate({2048: 10})
        self.assertEqual(self.pages(2048), {0: {2048: 10}, 1: {2048: 10}})
        # What is set apart is not free any more.
        self.assertEqual(self.pages(4)[0][4], before[0][4] - 10 * 512)
        self.allocate({2048: 5}, add=GLib.Variant("b", True), node=GLib.Variant("u", 1))
        self.assertEqual(self.pages(2048), {0: {2048: 10}, 1: {2048: 15}})
        self.refused("NoSpace", "free", "AllocateHostPages", "(a{ut}a{sv})", {1048576: 1000}, {})
        for pages, how in (({4: 1}, {}), ({7: 1}, {}), ({2048: 1 << 40}, {}),
                           ({2048: 1}, {"node": GLib.Variant("u", 2)})):
            self.refused("InvalidArgument", "", "AllocateHostPages", "(a{ut}a{sv})", pages, how)
        self.assertEqual(self.pages(2048)[1][2048], 15)
        self.allocate({2048: 0})
        self.assertEqual(self.pages(), before)
        self.refused("InvalidArgument", "7 KiB", "GetHostFreePages", "(aua{sv})", [4, 7], {})

    def test_sleep(self):
        for target, seconds in (("bed", 100), ("mem", 59), ("mem", 1 << 40)):
            self.refused("InvalidArgument", "sleeps", "SuspendHost", "(sta{sv})", target, seconds,
                         {})
        self.ask("SuspendHost", "(sta{sv})", "mem", 60, {})
        self.refused("Busy", "sleep", "SuspendHost", "(sta{sv})", "disk", 60, {})

    def test_sev(self):
        self.assertEqual(self.ask("GetHostSevInfo")["cbitpos"], 47)

    def test_who_may(self):
        nobody = self.host.caller("nobody")
        self.addCleanup(self.host.polkit.set_rules, "")
        suspend = lambda: nobody.call(  # noqa: E731
            CONNECTION, "Connection", "SuspendHost", text("(sta{sv})", "bed", 1, {})).error.code
        self.assertEqual(suspend(), "NotAuthorized")
        self.host.polkit.set_rules(permit("action.id == 'org.vireo.vireo1.connect.pm-control'"))
        vireotest.wait_until(lambda: suspend() == "InvalidArgument", 10, suspend)


class Cpus(Host):
    def compare(self, xml, **how):
        return self.ask("CompareCpu", "(sa{sv})", xml, options(**how))

    def baseline(self, *cpus, **how):
        xml = self.ask("BaselineCpu", "(asa{sv})", list(cpus), options(**how))
        return (re.search("<model[^>]*>(.*)</model>", xml).group(1),
                set(re.findall("feature policy='require' name='(.*?)'", xml)), xml)

    def test_compare(self):
        host = re.search(r"(?s)<cpu>.*?</cpu>", self.ask("GetCapabilities")).group()
        self.assertEqual(self.compare(host), "identical")
        for xml, result in (
                (GUEST.format("exact", "EPYC", ""), "identical"),
                (GUEST.format("exact", "qemu64", ""), "superset"),
                (GUEST.format("strict", "qemu64", ""), "incompatible"),
                (GUEST.format("exact", "Haswell", ""), "incompatible"),
                (GUEST.format("exact", "EPYC", FEATURE.format("require", "avx512f")),
                 "incompatible"),
                (GUEST.format("exact", "EPYC", FEATURE.format("optional", "avx512f")),
                 "identical"),
                (GUEST.format("exact", "EPYC", FEATURE.format("disable", "svm")), "superset"),
                (GUEST.format("exact", "EPYC", FEATURE.format("forbid", "svm")), "incompatible"),
                ("<cpu mode='host-model'/>", "identical"),
                ("<cpu><arch>x86_64</arch><model>qemu64</model><vendor>Intel</vendor></cpu>",
                 "incompatible")):
            with self.subTest(xml):
                self.assertEqual(self.compare(xml), result)
        self.refused("ConfigUnsupported", "avx512f", "CompareCpu", "(sa{sv})", GUEST.format(
            "exact", "EPYC", FEATURE.format("require", "avx512f")),
            options(fail_incompatible=True))

    def test_wrong(self):
        for xml, code, names in (
                (GUEST.format("exact", "Abacus", ""), "ConfigUnsupported", "Abacus"),
                (GUEST.format("exact", "EPYC", FEATURE.format("require", "wings")),
                 "ConfigUnsupported", "wings"),
                ("<cpu><arch>s390x</arch></cpu>", "ConfigUnsupported", "s390x"),
                ("<cpu", "XmlMalformed", "")):
            self.refused(code, names, "CompareCpu", "(sa{sv})", xml, {})
            self.refused(code, names, "BaselineCpu", "(asa{sv})", [EPYC.format(""), xml], {})
        self.assertEqual(self.compare("<cpu mode='host-model'><nonsense/></cpu>"), "identical")
        self.refused("XmlInvalid", "nonsense", "CompareCpu", "(sa{sv})",
                     "<cpu mode='host-model'><nonsense/></cpu>", options(validate=True))
        for how in ({"virt_type": "kvm"}, {"arch": "z80"}, {"emulator": "/bin/sh"}):
            for method, signature, what in (("CompareCpu", "(sa{sv})", EPYC.format("")),
                                            ("BaselineCpu", "(asa{sv})", [EPYC.format("")])):
                self.refused("InvalidArgument", list(how.values())[0], method, signature, what,
                             options(**how))
        self.refused("InvalidArgument", "1 to 64", "BaselineCpu", "(asa{sv})", [], {})
        self.refused("InvalidArgument", "1 to 64", "BaselineCpu", "(asa{sv})",
                     [EPYC.format("")] * 65, {})

    def test_baseline(self):
        intel = "<cpu><arch>x86_64</arch><model>{}</model><vendor>Intel</vendor>{}</cpu>"
        server, client = (intel.format(f"Skylake-{which}", "") for which in ("Server", "Client"))
        self.assertEqual(self.baseline(server)[:2], ("Skylake-Server", set()))
        model, features, xml = self.baseline(server, client)
        self.assertEqual((model, features), ("Skylake-Client", set()))
        self.assertIn("<vendor>Intel</vendor>", xml)
        # What is in common can be more than a model has.
        more = intel.format("Haswell", "<feature name='adx'/><feature name='avx512f'/>")
        self.assertEqual(self.baseline(more, server)[:2], ("Haswell", {"adx", "avx512f"}))
        self.assertEqual(self.baseline(more, client)[:2], ("Haswell", {"adx"}))
        stays = EPYC.format("<feature name='invtsc'/>")
        self.assertEqual(self.baseline(stays)[1], {"invtsc"})
        self.assertEqual(self.baseline(stays, migratable=True, virt_type="test")[1], set())
        # All of it has to be had by the host that it is made for.
        model, features, xml = self.baseline(EPYC.format(""), expand_features=True)
        self.assertIn("sha-ni", features)
        self.assertEqual(self.compare(xml), "identical")
        self.refused("ConfigUnsupported", "AMD", "BaselineCpu", "(asa{sv})",
                     [EPYC.format(""), client], {})
        # Of guests' models, which have no vendor, what is common to both.
        model, features, xml = self.baseline(GUEST.format("exact", "EPYC", ""),
                                             GUEST.format("exact", "Haswell", ""))
        self.assertEqual(model, "qemu64")
        self.assertIn("avx2", features)
        self.assertNotIn("sha-ni", features)
        self.assertEqual(self.compare(xml), "superset")


vireotest.main()
