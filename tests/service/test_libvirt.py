#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.libvirt: the same objects as its clients know them, behind the same gate."""

import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from libvirtbus import (DOMAIN, NAME, NETWORK, TEST, LibvirtClient, interface_members,
                        interface_of, zero_arguments)
from members import INTROSPECTABLE, domain_xml, hide, permit, text, uuid_of
from vireotest.client import PROPERTIES
from vireotest.privatebus import Bus

ERROR = f"{NAME}.Error"
INTERFACES = sorted((vireotest.SOURCE / "introspection/libvirt").glob("*.xml"))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("libvirt", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = LibvirtClient(cls.host.bus.address)
        cls.addClassCleanup(cls.client.close)

    def refused(self, path, method, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            self.client.do(path, method, *args)
        self.assertEqual(caught.exception.name, ERROR)
        return caught.exception.message

    def define(self, name, number):
        return self.client.do(TEST, "DomainDefineXML", domain_xml(name, number))


class Shape(Case):
    def test_each_interface_has_its_members(self):
        """Of the objects that are there: name, types and access of every member."""
        known = {}
        for file in INTERFACES:
            known.update(interface_members(file.read_text()))
        self.assertEqual(len(known), 10)
        seen = set()
        for path in self.walk("/org/libvirt"):
            xml = self.client.call(path, INTROSPECTABLE, "Introspect")
            for name, members in interface_members(xml).items():
                if name.startswith(NAME):
                    self.assertEqual(name, interface_of(path))
                    self.assertEqual(members, known[name])
                    seen.add(name)
        self.assertGreaterEqual(seen, {f"{NAME}.Connect", f"{NAME}.Domain", f"{NAME}.Network"})

    def walk(self, path):
        yield path
        tree = ElementTree.fromstring(self.client.call(path, INTROSPECTABLE, "Introspect"))
        for node in tree.findall("node"):
            yield from self.walk(f"{path}/{node.get('name')}")

    def test_introspection_leads_to_everything(self):
        paths = list(self.walk("/org/libvirt"))
        self.assertIn("/org/libvirt/QEMU/storagevol", paths)
        self.assertIn("/org/libvirt/Xen", paths)
        self.assertNotIn("/org/libvirt/VMwareWS", paths)
        for path in self.client.do(TEST, "ListDomains", 0) + self.client.do(
                TEST, "ListNetworks", 0):
            self.assertIn(path, paths)

    def test_variants_in_variants(self):
        got = self.client.read_all(DOMAIN)
        self.assertEqual(got["Name"], "test")
        self.assertEqual(set(got), {"Active", "Autostart", "Id", "Name", "OSType", "Persistent",
                                    "SchedulerType", "UUID", "Updated"})
        for name, value in got.items():
            self.assertEqual(self.client.read(DOMAIN, name), value)
        self.assertEqual(self.client.read_all(NETWORK)["UUID"],
                         "dd8fe884-6c02-601e-7551-cca97df1c5df")
        self.assertEqual(self.client.read(TEST, "LibVersion"), 9000000)

    # Path, interface, method, arguments; name of the error.
    WRONG = [
        ("/org/libvirt/Nope", f"{NAME}.Connect", "ListDomains", ("(u)", 0), "UnknownMethod"),
        ("/org/libvirt/Test/nope", INTROSPECTABLE, "Introspect", (), "UnknownMethod"),
        (f"{DOMAIN}/x", f"{NAME}.Domain", "Create", ("(u)", 0), "UnknownMethod"),
        (TEST, f"{NAME}.Connect", "Fly", (), "UnknownMethod"),
        (TEST, f"{NAME}.Domain", "Create", ("(u)", 0), "UnknownMethod"),
        (TEST, f"{NAME}.Connect", "ListDomains", ("(s)", "x"), "InvalidArgs"),
        (TEST, PROPERTIES, "Get", ("(ss)", f"{NAME}.Connect", "Nope"), "InvalidArgs"),
        (TEST, PROPERTIES, "GetAll", ("(s)", f"{NAME}.Domain"), "InvalidArgs"),
    ]

    def test_wrong_calls(self):
        for path, interface, method, arguments, code in self.WRONG:
            with self.subTest(path=path, method=method):
                with self.assertRaises(vireotest.BusError) as caught:
                    self.client.call(path, interface, method, *arguments)
                self.assertEqual(caught.exception.name, f"org.freedesktop.DBus.Error.{code}")


class Use(Case):
    def test_life_of_a_domain(self):
        path = self.define("alive", 1)
        native = self.host.client
        own = self.client.do(TEST, "DomainLookupByName", "alive")
        self.assertEqual(path, own)
        self.assertEqual(self.client.do(TEST, "DomainLookupByUUID", uuid_of(1)), path)
        steps = [("Create", (1,), (3, 1)), ("Resume", (), (1, 5)), ("Suspend", (), (3, 1)),
                 ("Destroy", (0,), (5, 2)), ("Create", (0,), (1, 1)), ("Shutdown", (0,), (5, 1))]
        events = {"Create": [(2, 0)], "Resume": [(4, 0)], "Suspend": [(3, 0)], "Destroy": [(5, 1)],
                  "Shutdown": [(5, 0)]}
        with self.client.watch(path=TEST, interface=f"{NAME}.Connect") as watch:
            for method, arguments, state in steps:
                self.client.do(path, method, *arguments)
                for event in events[method]:
                    self.assertEqual(watch.wait(matching=lambda s: s.member == "DomainEvent"
                                                and s.args[1] not in (6,)).args, (path, *event))
                if method == "Create" and arguments == (1,):
                    self.assertEqual(watch.wait().args, (path, 3, 0))
                self.assertEqual(self.client.do(path, "GetState", 0), state)
        self.assertEqual(native.get(path.replace("/org/libvirt/Test/domain",
                                                 "/org/vireo/Vireo1/connections/test/domains"),
                                    "Domain", "State"), "shutoff")
        self.client.write(path, "Autostart", "b", True)
        self.assertIs(self.client.read(path, "Autostart"), True)
        self.client.do(path, "Rename", "renamed", 0)
        self.assertIn("<name>renamed</name>", self.client.do(path, "GetXMLDesc", 2))
        self.client.do(path, "Undefine", 7)
        self.assertEqual(self.refused(path, "Create", 0), "Domain not found")

    def test_a_domain_goes_to_another_connection(self):
        path = self.define("mover", 3)
        self.client.do(path, "Create", 0)
        self.client.do(path, "MigrateSetMaxSpeed", 7, 0)
        self.assertEqual(self.client.do(path, "MigrateGetMaxSpeed", 0), 7)
        self.host.client.open("test:///other")
        with self.client.watch(path=TEST, interface=f"{NAME}.Connect") as watch:
            self.client.do(path, "MigrateToURI3", "test:///other", {}, 1)
            self.assertEqual(watch.wait(matching=lambda s: s.args[1] == 5).args, (path, 5, 3))
        self.assertEqual(self.client.do(path, "GetState", 0), (5, 4))
        self.client.do(path, "Undefine", 0)

    def test_lists_with_flags(self):
        still = self.define("still", 2)
        ask = lambda flags: self.client.do(TEST, "ListDomains", flags)  # noqa: E731
        self.assertIn(still, ask(0))
        self.assertEqual(ask(1), [DOMAIN])
        self.assertIn(still, ask(2))
        self.assertEqual(ask(2 | 16), [])
        self.assertIn(still, ask(1 | 2 | 64))
        self.assertNotIn(DOMAIN, ask(1 | 2 | 64))
        self.assertEqual(ask(8), [])
        self.assertEqual(self.client.do(TEST, "ListNetworks", 2), [NETWORK])
        self.assertEqual(self.client.do(TEST, "ListNetworks", 1), [])

    def test_networks(self):
        xml = "<network><name>second</name><uuid>%s</uuid></network>" % uuid_of(9)
        with self.client.watch(path=TEST, interface=f"{NAME}.Connect") as watch:
            path = self.client.do(TEST, "NetworkDefineXML", xml)
            self.client.do(path, "Create")
            self.client.do(path, "Destroy")
            self.client.do(path, "Undefine")
            self.assertEqual([watch.wait().args for _ in range(4)],
                             [(path, 0), (path, 2), (path, 3), (path, 1)])
        lease, = self.client.do(NETWORK, "GetDHCPLeases", "", 0)
        self.assertEqual(lease[0], "virbr0")
        self.assertEqual(lease[2:5:2] + (lease[6],), (0, "", 24))
        self.assertEqual(self.client.do(NETWORK, "GetDHCPLeases", "52:54:00:00:00:00", 0), [])

    def test_secrets(self):
        xml = ("<secret ephemeral='no' private='no'><uuid>%s</uuid><usage type='volume'>"
               "<volume>/x.img</volume></usage></secret>" % uuid_of(60))
        with self.client.watch(path=TEST, interface=f"{NAME}.Connect") as watch:
            path = self.client.do(TEST, "SecretDefineXML", xml, 0)
            self.assertEqual(watch.wait().args, (path, 0, 0))
            self.assertEqual(self.client.do(TEST, "SecretLookupByUsage", 1, "/x.img"), path)
            self.assertEqual(self.client.read_all(path), {
                "UUID": uuid_of(60), "UsageID": "/x.img", "UsageType": 1})
            self.client.do(path, "SetValue", b"abc", 0)
            self.assertEqual(bytes(self.client.do(path, "GetValue", 0)), b"abc")
            self.assertEqual(self.client.do(TEST, "ListSecrets", 2 | 8), [path])
            self.assertEqual(self.client.do(TEST, "ListSecrets", 1), [])
            self.client.do(path, "Undefine")
            self.assertEqual(watch.wait().args, (path, 1, 0))
        self.assertTrue(self.refused(TEST, "SecretLookupByUUID", uuid_of(60)).startswith(
            "Secret not found: no secret with matching uuid"))

    def test_interfaces_devices_and_filters(self):
        do = self.client.do
        interface = do(TEST, "InterfaceLookupByName", "eth1")
        self.assertEqual(do(TEST, "ListInterfaces", 3), [interface])
        mac = self.client.read(interface, "MAC")
        self.assertEqual(do(TEST, "InterfaceLookupByMAC", mac), interface)
        do(interface, "Destroy", 0)
        self.assertEqual(do(TEST, "ListInterfaces", 2), [])
        self.assertEqual(do(TEST, "ListInterfaces", 1), [interface])
        do(interface, "Create", 0)

        computer = do(TEST, "NodeDeviceLookupByName", "computer")
        self.assertEqual(computer, f"{TEST}/nodedev/computer")
        self.assertIn(computer, do(TEST, "ListNodeDevices", 0))
        self.assertNotIn(computer, do(TEST, "ListNodeDevices", 1 << 5))
        xml = ("<device><parent>scsi_host2</parent><capability type='scsi_host'>"
               "<capability type='fc_host'><wwnn>1111222233334444</wwnn>"
               "<wwpn>5555666677778888</wwpn></capability></capability></device>")
        with self.client.watch(path=TEST, interface=f"{NAME}.Connect") as watch:
            device = do(TEST, "NodeDeviceCreateXML", xml, 0)
            self.assertEqual(watch.wait().args, (device, 0, 0))
            self.assertEqual(do(TEST, "NodeDeviceLookupSCSIHostByWWN", "1111222233334444",
                                "5555666677778888", 0), device)
            self.assertIn("scsi_host", do(device, "ListCaps"))
            self.assertEqual(self.client.read(device, "Parent"), "scsi_host2")
            do(device, "Destroy")
            self.assertEqual(watch.wait().args, (device, 1, 0))

        # Its WWN is that of an adapter of the host's; its parent is called by its older name.
        device = do(TEST, "NodeDeviceCreateXML", xml.replace(
            "scsi_host2", "test-scsi-host-vport").replace(
                "1111222233334444", "2000000012341234").replace(
                    "5555666677778888", "1000000012341234"), 0)
        self.assertEqual(self.client.read(device, "Parent"), "scsi_host2")
        do(device, "Destroy")

        nwfilter = do(TEST, "NWFilterDefineXML", "<filter name='f'/>")
        self.assertEqual(do(TEST, "ListNWFilters", 0), [nwfilter])
        self.assertEqual(self.client.read_all(nwfilter)["Name"], "f")
        do(nwfilter, "Undefine")
        self.assertTrue(self.refused(TEST, "NWFilterLookupByName", "f").startswith(
            "Network filter not found: "))

    def test_the_host(self):
        do = lambda *a: self.client.do(TEST, *a)  # noqa: E731
        self.assertEqual(do("NodeGetCPUMap", 0), [True] * 8)
        before = do("NodeGetCPUStats", -1, 0)
        self.assertEqual(set(before), {"user", "kernel", "idle", "iowait"})
        self.assertGreater(do("NodeGetCPUStats", -1, 0)["idle"], before["idle"])
        memory = do("NodeGetMemoryStats", -1, 0)
        self.assertEqual(set(memory), {"total", "free", "buffers", "cached"})
        self.assertEqual(do("NodeGetFreeMemory"), memory["free"] * 1024)
        self.assertEqual(do("NodeGetMemoryStats", 1, 0)["total"], memory["total"] // 2)
        for method, args in [("NodeGetMemoryStats", (2, 0)), ("NodeGetCPUStats", (8, 0)),
                             ("NodeGetCPUStats", (-2, 0)), ("GetCPUModelNames", ("z80", 0))]:
            self.assertIn("invalid argument: ", self.refused(TEST, method, *args))
        self.assertEqual(do("NodeGetSecurityModel"), ("testSecurity", ""))
        self.assertIn("qemu32", do("GetCPUModelNames", "i686", 0))
        document = ElementTree.fromstring(do("GetDomainCapabilities", "", "aarch64", "", "", 0))
        self.assertEqual(document.findtext("arch"), "aarch64")
        self.assertEqual(ElementTree.fromstring(do("GetSysinfo", 0)).tag, "sysinfo")

    def test_errors(self):
        absent = f"{TEST}/domain/_{uuid_of(77).replace('-', '_')}"
        for path, method, arguments, beginning in [
                (absent, "Create", (0,), "Domain not found"),
                (f"{TEST}/domain/_nonsense", "Create", (0,), "Domain not found"),
                (f"{TEST}/storagevol/x", "Delete", (0,), "Storage volume not found"),
                (TEST, "DomainLookupByName", ("x",), "Domain not found: no domain with matching"),
                (TEST, "DomainLookupByID", (-1,), "Domain not found"),
                (TEST, "NetworkLookupByName", ("x",),
                 "Network not found: no network with matching name 'x'"),
                (TEST, "ListDomains", (1 << 30,), "unsupported flags (0x40000000)"),
                (DOMAIN, "Create", (0,), "Requested operation is not valid: "),
                (TEST, "DomainDefineXML", ("<domain",), "")]:
            with self.subTest(path=path, method=method):
                self.assertTrue(self.refused(path, method, *arguments).startswith(beginning))
        with self.assertRaises(vireotest.BusError) as caught:
            self.client.read_all(absent)
        self.assertEqual(caught.exception.message, "Domain not found")

    def test_a_connection_that_cannot_be_opened(self):
        for name in ("QEMU", "Xen"):
            with self.assertRaises(vireotest.BusError) as caught:
                self.client.read(f"/org/libvirt/{name}", "Version")
            self.assertEqual(caught.exception.name, ERROR)


class Gate(Case):
    """Who may do what is the same as on our own interfaces."""

    def nobody(self):
        return self.host.caller("nobody")

    def call(self, caller, path, method, signature="()", *args):
        return caller.call(path, interface_of(path), method, text(signature, *args),
                           destination=NAME)

    def test_reading_is_open_and_changing_is_not(self):
        nobody = self.nobody()
        self.assertIsNone(self.call(nobody, DOMAIN, "GetXMLDesc", "(u)", 0).error)
        for path, method, signature, args in [
                (DOMAIN, "Destroy", "(u)", (0,)), (DOMAIN, "GetXMLDesc", "(u)", (1,)),
                (TEST, "DomainDefineXML", "(s)", (domain_xml("x", 20),)),
                (NETWORK, "Destroy", "()", ())]:
            with self.subTest(method):
                error = self.call(nobody, path, method, signature, *args).error
                self.assertEqual(error.name, ERROR)
                self.assertIn("access denied: ", error.message)
        error = nobody.call(DOMAIN, PROPERTIES, "Set",
                            "('org.libvirt.Domain', 'Autostart', <true>)", destination=NAME).error
        self.assertIn("access denied: ", error.message)
        self.assertEqual(self.client.do(DOMAIN, "GetState", 0)[0], 1)

    def one_of_each(self):
        """An object of each kind, by interface."""
        do = self.client.do
        domain = self.define("each", 30)
        pool = do(TEST, "StoragePoolLookupByName", "default-pool")
        vhba = ("<device><parent>scsi_host2</parent><capability type='scsi_host'>"
                "<capability type='fc_host'><wwnn>1111222233334455</wwnn>"
                "<wwpn>5555666677778899</wwpn></capability></capability></device>")
        secret = ("<secret><uuid>%s</uuid><usage type='volume'><volume>/each</volume></usage>"
                  "</secret>" % uuid_of(31))
        volume = "<volume><name>each</name><capacity>1024</capacity></volume>"
        return {
            "Connect": TEST, "Domain": domain, "Network": NETWORK, "StoragePool": pool,
            "DomainSnapshot": do(domain, "SnapshotCreateXML", "<domainsnapshot/>", 0),
            "StorageVol": do(pool, "StorageVolCreateXML", volume, 0),
            "Interface": do(TEST, "InterfaceLookupByName", "eth1"),
            "NodeDevice": do(TEST, "NodeDeviceCreateXML", vhba, 0),
            "NWFilter": do(TEST, "NWFilterDefineXML", "<filter name='each'/>"),
            "Secret": do(TEST, "SecretDefineXML", secret, 0),
        }

    def pictures(self, objects):
        """All that is known of the objects."""
        return {path: (self.client.read_all(path) if interface != "DomainSnapshot" else {},
                       self.client.do(path, "GetXMLDesc", 0) if interface != "Connect" else "")
                for interface, path in objects.items()}

    READING = ("Get", "List", "Lookup", "IsCurrent", "HasManagedSave", "NodeGet", "MemoryStats",
               "InterfaceAddresses", "FindStorage", "SnapshotLookup", "SnapshotCurrent",
               "StorageVolLookup")

    def test_every_member_as_nobody(self):
        objects = self.one_of_each()
        before = self.pictures(objects)
        caller, unserved, done = self.nobody(), set(), set()
        for interface, path in objects.items():
            for method, types in self.client.methods(f"{NAME}.{interface}").items():
                error = self.call(caller, path, method, f"({''.join(types)})",
                                  *zero_arguments(types)).error
                name = f"{interface}.{method}"
                with self.subTest(name):
                    if error is None:
                        done.add(name)
                        continue
                    self.assertEqual(error.name, ERROR)
                    if error.message.endswith(f"not supported by the connection driver: {method}"):
                        unserved.add(name)
        changing = {n for n in done if not any(n.split(".")[1].startswith(r) or r in n
                                               for r in self.READING)}
        self.assertEqual(changing, set())
        self.assertFalse(done & {"Secret.GetValue", "Domain.GetGuestVcpus", "Domain.GetHostname"})
        self.assertGreater(len(done), 20)
        self.assertEqual(self.pictures(objects), before)
        for interface in ("Domain", "Network", "StoragePool"):
            error = caller.call(objects[interface], PROPERTIES, "Set",
                                f"('{NAME}.{interface}', 'Autostart', <true>)",
                                destination=NAME).error
            self.assertIn("access denied", error.message)
        self.assertEqual(unserved, set())

    def test_a_rule_for_one_domain(self):
        mine, other = self.define("mine", 21), self.define("other", 22)
        self.host.polkit.set_rules(permit("action.id == 'org.vireo.vireo1.domain.start' && "
                                          "action.lookup('domain_name') == 'mine'"))
        self.addCleanup(self.host.polkit.set_rules, "")
        nobody = self.nobody()
        self.assertIsNone(self.call(nobody, mine, "Create", "(u)", 0).error)
        self.assertIn("access denied", self.call(nobody, other, "Create", "(u)", 0).error.message)

    def test_hidden_is_absent(self):
        hidden = self.define("hidden", 23)
        absent = f"{TEST}/domain/_{uuid_of(78).replace('-', '_')}"
        self.host.polkit.set_rules(hide(("domain_name", "hidden")))
        self.addCleanup(self.host.polkit.set_rules, "")
        nobody = self.nobody()
        self.assertNotIn(hidden, self.call(nobody, TEST, "ListDomains", "(u)", 0).unpack())
        children = nobody.call(f"{TEST}/domain", INTROSPECTABLE, "Introspect", "()",
                               destination=NAME).unpack()
        self.assertNotIn(hidden.rsplit("/", 1)[1], children)
        for method, signature, args in [("Create", "(u)", (0,)), ("GetXMLDesc", "(u)", (0,)),
                                        ("GetState", "(u)", (0,)), ("Undefine", "(u)", (0,))]:
            errors = {(e.name, e.message) for e in (
                self.call(nobody, path, method, signature, *args).error
                for path in (hidden, absent))}
            self.assertEqual(errors, {(ERROR, "Domain not found")})
        for lookup, arg in [("DomainLookupByName", "hidden"), ("DomainLookupByUUID", uuid_of(23))]:
            self.assertIn("Domain not found",
                          self.call(nobody, TEST, lookup, "(s)", arg).error.message)

    def test_each_change_is_in_the_log_once(self):
        path = self.define("logged", 24)
        self.client.do(path, "Create", 0)
        log = self.host.daemon.log_file.read_text()
        native = f"/org/vireo/Vireo1/connections/test/domains/{path.rsplit('/', 1)[1]}"
        self.assertEqual(log.count(f"Domain.Start on {native} (logged): done"), 1)


class Names(unittest.TestCase):
    def test_session(self):
        with vireotest.Host("libvirt-session", polkit=False, daemon=False) as host:
            host.daemon.arguments = ["--session", "--drivers=test"]
            host.daemon.extra_env = {"DBUS_SESSION_BUS_ADDRESS": host.bus.address}
            host.daemon.start()
            with LibvirtClient(host.bus.address) as client:
                tree = ElementTree.fromstring(
                    client.call("/org/libvirt", INTROSPECTABLE, "Introspect"))
                self.assertEqual({n.get("name") for n in tree.findall("node")},
                                 {"QEMU", "Test", "UML", "VBox", "VMwareFusion", "VMwarePlayer",
                                  "VMwareWS"})
                with LibvirtClient(host.bus.address) as other, other.watch() as watch:
                    client.do(DOMAIN, "Suspend")
                    self.assertEqual(watch.wait(matching=lambda s: s.member == "DomainEvent").args,
                                     (DOMAIN, 3, 0))
            outcome = host.caller("nobody").call(DOMAIN, f"{NAME}.Domain", "Resume", "()",
                                                 destination=NAME)
            self.assertEqual(outcome.error.name, ERROR)

    def test_without(self):
        with vireotest.Host("no-libvirt", polkit=False,
                            arguments=["--drivers=test", "--no-libvirt"]) as host:
            with LibvirtClient(host.bus.address) as client:
                with self.assertRaises(vireotest.BusError) as caught:
                    client.do(TEST, "ListDomains", 0)
                self.assertEqual(caught.exception.code, "ServiceUnknown")

    def test_somebody_else_has_it(self):
        with vireotest.Host("taken-libvirt", polkit=False, daemon=False,
                            arguments=["--drivers=test"]) as host:
            with host.bus.client(name="org.freedesktop.DBus") as other:
                other.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "(su)",
                           NAME, 4)
                host.daemon.start()
                self.assertIn(f"{NAME} is somebody else's", host.daemon.log_file.read_text())
                self.assertIn("test", host.client.get("/org/vireo/Vireo1/connections/test",
                                                      "Connection", "Id"))


vireotest.main()
