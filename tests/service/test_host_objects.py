#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Network filters and their bindings, devices of the host, and its network interfaces."""

import unittest

import vireotest
from members import CONNECTION, permit, text
from vireotest.client import ROOT
from worklib import options

QEMU = f"{ROOT}/connections/qemu"
NO_OPTIONS = "(@a{sv} {},)"


def filter_xml(name, *references):
    return (f"<filter name='{name}' chain='root'>"
            + "".join(f"<filterref filter='{r}'/>" for r in references)
            + "<rule action='drop' direction='in' priority='500'><all/></rule></filter>")


def binding_xml(device, name):
    return ("<filterbinding><owner><name>vm</name>"
            "<uuid>aaaaaaaa-0000-4000-8000-000000000001</uuid></owner>"
            f"<portdev name='{device}'/><mac address='52:54:00:00:00:01'/>"
            f"<filterref filter='{name}'><parameter name='IP' value='10.0.0.1'/></filterref>"
            "</filterbinding>")


def vhba_xml(wwn, parent="<parent>scsi_host2</parent>"):
    return (f"<device>{parent}<capability type='scsi_host'><capability type='fc_host'>"
            f"<wwnn>20000000{wwn}</wwnn><wwpn>10000000{wwn}</wwpn>"
            "</capability></capability></device>")


def mdev_xml(uuid):
    return ("<device><parent>computer</parent><capability type='mdev'><type id='vgpu-1'/>"
            f"<uuid>{uuid}</uuid></capability></device>")


def interface_xml(name, mtu=1500, mac="52:54:00:aa:00:01"):
    return (f"<interface type='ethernet' name='{name}'><start mode='none'/>"
            f"<mac address='{mac}'/><mtu size='{mtu}'/></interface>")


class Case(unittest.TestCase):
    CONNECTION = CONNECTION

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host(cls.__name__.lower(), arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        self.addCleanup(self.host.polkit.set_rules, "")

    @property
    def client(self):
        return self.host.client

    def call(self, path, interface, method, signature="(a{sv})", *args):
        return self.client.call(path, interface, method, signature, *(args or ({},)))

    def ask(self, method, signature="(a{sv})", *args):
        return self.call(self.CONNECTION, "Connection", method, signature, *args)

    def make(self, method, xml):
        return self.ask(method, "(sa{sv})", xml, {})

    def error(self, code, names, function, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            function(*args)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertIn(names, caught.exception.message)

    def get(self, path, interface, *names):
        everything = self.client.get_all(path, interface)
        return tuple(everything[name] for name in names)


class Filters(Case):
    def remove(self, path, interface="NetworkFilter", method="Undefine"):
        if self.client.exists(path):
            self.call(path, interface, method)

    def define(self, name, *references):
        path = self.make("DefineNetworkFilter", filter_xml(name, *references))
        self.addCleanup(self.remove, path)
        return path

    def bind(self, device, name):
        path = self.make("CreateNetworkFilterBinding", binding_xml(device, name))
        self.addCleanup(self.remove, path, "NetworkFilterBinding", "Delete")
        return path

    def test_definitions(self):
        path = self.define("one")
        uuid = self.get(path, "NetworkFilter", "Uuid")[0]
        self.assertEqual(self.ask("LookupNetworkFilterByName", "(s)", "one"), path)
        self.assertEqual(self.ask("LookupNetworkFilterByUuid", "(s)", uuid), path)
        self.assertEqual(self.ask("ListNetworkFilters"), [path])
        self.assertEqual(self.ask("GetNetworkFilters", "(asa{sv})", ["Name", "Owner"], {}),
                         {path: {"Name": "one", "Owner": 0}})
        changed = filter_xml("one", "two").replace("drop", "accept")
        self.call(path, "NetworkFilter", "SetXml", "(sa{sv})", changed, {})
        self.assertIn("action='accept'", self.call(path, "NetworkFilter", "GetXml"))
        self.error("InvalidArgument", "renaming", self.call, path, "NetworkFilter", "SetXml",
                   "(sa{sv})", filter_xml("other"), {})

    def test_values(self):
        """What no packet has is refused when it is defined, not when a guest starts."""
        for match in ("tcp dstportstart='99999'", "ip srcipaddr='1.2.3'", "mac srcmacaddr='$A-B'"):
            name = match.split()[1].split("=")[0]
            xml = (f"<filter name='values'><rule action='drop' direction='in'><{match}/></rule>"
                   "</filter>")
            self.error("XmlInvalid", f"@{name}", self.make, "DefineNetworkFilter", xml)
        self.assertEqual(self.ask("ListNetworkFilters"), [])

    def test_loops(self):
        self.error("XmlInvalid", "itself", self.make, "DefineNetworkFilter",
                   filter_xml("self", "self"))
        self.define("first", "second")
        self.define("second", "third")
        self.error("XmlInvalid", "first", self.make, "DefineNetworkFilter",
                   filter_xml("third", "first"))
        self.assertEqual(len(self.ask("ListNetworkFilters")), 2)

    def test_bindings(self):
        outer, inner = self.define("outer", "inner"), self.define("inner")
        free = self.define("free")
        path = self.bind("vnet0", "outer")
        self.assertEqual(self.get(path, "NetworkFilterBinding", "PortDev", "FilterName"),
                         ("vnet0", "outer"))
        self.assertIn("<portdev name='vnet0'/>", self.call(path, "NetworkFilterBinding", "GetXml"))
        self.assertEqual(self.ask("LookupNetworkFilterBindingByPortDev", "(s)", "vnet0"), path)
        self.assertEqual(self.ask("ListNetworkFilterBindings"), [path])
        for used in (outer, inner):
            self.error("Busy", "vnet0", self.call, used, "NetworkFilter", "Undefine")
        self.call(free, "NetworkFilter", "Undefine")
        self.error("NameInUse", "vnet0", self.bind, "vnet0", "inner")
        self.error("MissingResource", "nothing", self.bind, "vnet1", "nothing")
        self.call(path, "NetworkFilterBinding", "Delete")
        self.assertFalse(self.client.exists(path))
        self.call(inner, "NetworkFilter", "Undefine")
        # What it refers to is not there any more.
        self.error("MissingResource", "inner", self.bind, "vnet0", "outer")

    def test_who_may(self):
        self.define("allowed")
        self.host.polkit.set_rules(permit(
            "action.id == 'org.vireo.vireo1.nwfilter-binding.create' && "
            "action.lookup('nwfilter_binding_portdev') == 'mine0'"))
        bind = lambda device: self.nobody.call(  # noqa: E731
            CONNECTION, "Connection", "CreateNetworkFilterBinding",
            text("(sa{sv})", binding_xml(device, "allowed"), {}))
        self.assertEqual(bind("other0").error.code, "NotAuthorized")
        path = bind("mine0").unpack()
        self.addCleanup(self.remove, path, "NetworkFilterBinding", "Delete")
        self.assertNotEqual(self.get(path, "NetworkFilterBinding", "Owner"), (0,))


class FiltersOnDisk(Case):
    """Those of the QEMU connection, which has no bindings yet."""

    CONNECTION = QEMU

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("qemufilters", arguments=["--drivers=qemu"]).start()
        cls.addClassCleanup(cls.host.stop)

    def test_kept(self):
        path = self.make("DefineNetworkFilter", filter_xml("kept"))
        self.host.daemon.kill_and_restart()
        self.assertEqual(self.get(path, "NetworkFilter", "Name", "ParseError"), ("kept", ""))
        self.error("NotSupported", "CreateNetworkFilterBinding", self.make,
                   "CreateNetworkFilterBinding", binding_xml("vnet0", "kept"))
        features = self.client.get(QEMU, "Connection", "Features")
        self.assertIn("Connection.DefineNetworkFilter", features)
        self.assertNotIn("Connection.CreateNetworkFilterBinding", features)
        self.call(path, "NetworkFilter", "Undefine")
        self.host.daemon.restart()
        self.assertFalse(self.client.exists(path))


class Devices(Case):
    def device(self, name):
        return self.ask("LookupNodeDeviceByName", "(s)", name)

    def test_what_is_there(self):
        names = [d["Name"] for d in self.ask("GetNodeDevices", "(asa{sv})", ["Name"],
                                             {}).values()]
        self.assertLessEqual({"computer", "scsi_host1", "scsi_host2", "scsi_host11"}, set(names))
        self.assertEqual(self.get(self.device("computer"), "NodeDevice", "Parent", "Active",
                                  "Persistent", "Capabilities"), ("", True, False, ["system"]))
        self.assertEqual(self.get(self.device("scsi_host1"), "NodeDevice", "Parent",
                                  "Capabilities"),
                         ("computer", ["scsi_host", "fc_host", "vports"]))
        self.assertEqual(self.ask("ListNodeDevices", "(a{sv})", options(capabilities=["system"])),
                         [self.device("computer")])
        self.assertEqual(self.ask("ListNodeDevices", "(a{sv})", options(capabilities=["pci"])), [])
        self.assertEqual(self.ask("LookupScsiHostByWwn", "(ss)", "2000000034563456",
                                  "1000000034563456"), self.device("scsi_host11"))
        self.error("NotFound", "beef", self.ask, "LookupScsiHostByWwn", "(ss)", "beef", "beef")

    def test_handing_over(self):
        there = self.client.call("/org/vireo/Vireo1", "Manager", "OpenConnection", "(sa{sv})",
                                 "test:///pci", {})
        path = self.client.call(there, "Connection", "LookupNodeDeviceByName", "(s)",
                                "pci_0000_03_00_0")

        def do(method, driver=None):
            return self.client.call(path, "NodeDevice", method, "(a{sv})",
                                    options(driver=driver) if driver else {})
        self.error("InvalidState", "e1000e", do, "Reset")
        with self.client.watch(path, "NodeDevice", "Updated") as watch:
            do("Detach")
            watch.wait()
        self.assertEqual(self.client.get(path, "NodeDevice", "DriverName"), "vfio-pci")
        do("Reset")
        do("Detach", "xen")
        self.assertEqual(self.client.get(path, "NodeDevice", "DriverName"), "xen-pciback")
        do("Reattach")
        self.assertEqual(self.client.get(path, "NodeDevice", "DriverName"), "e1000e")
        self.error("InvalidOption", "kvm", do, "Detach", "kvm")
        path = self.device("computer")
        self.error("ConfigUnsupported", "PCI", do, "Detach")

    def test_virtual_adapters(self):
        parent = self.device("scsi_host2")
        with self.client.watch(None, "NodeDevice") as watch:
            path = self.make("CreateNodeDevice", vhba_xml("aaaa0001"))
            seen = [watch.wait() for _ in range(2)]
            self.assertEqual({(s.path, s.member, s.args) for s in seen},
                             {(parent, "Updated", ()), (path, "Lifecycle", ("created",))})
            self.assertIn("<vports>1</vports>", self.call(parent, "NodeDevice", "GetXml"))
            self.assertEqual(self.get(path, "NodeDevice", "Parent", "Capabilities", "Active"),
                             ("scsi_host2", ["scsi_host", "fc_host"], True))
            self.assertRegex(self.get(path, "NodeDevice", "Name")[0], r"^scsi_host\d+$")
            self.error("NameInUse", "WWNN", self.make, "CreateNodeDevice", vhba_xml("aaaa0001"))
            self.call(path, "NodeDevice", "Destroy")
            watch.wait(matching=lambda s: s.args == ("deleted",))
        self.assertFalse(self.client.exists(path))
        self.assertIn("<vports>0</vports>", self.call(parent, "NodeDevice", "GetXml"))

    def test_what_cannot_be_made(self):
        for code, names, xml in [
                ("MissingResource", "scsi_host99", vhba_xml("1", "<parent>scsi_host99</parent>")),
                ("MissingResource", "computer", vhba_xml("1", "<parent>computer</parent>")),
                ("XmlInvalid", "wwnn", "<device><parent>scsi_host1</parent><capability "
                 "type='scsi_host'><capability type='fc_host'/></capability></device>"),
                ("ConfigUnsupported", "made", "<device><capability type='pci'/></device>")]:
            self.error(code, names, self.make, "CreateNodeDevice", xml)
        self.error("InvalidState", "computer", self.call, self.device("computer"), "NodeDevice",
                   "Destroy")
        self.error("ConfigUnsupported", "PCI", self.call, self.device("computer"), "NodeDevice",
                   "Detach")

    def test_parent_by_wwn(self):
        path = self.make("CreateNodeDevice", vhba_xml(
            "aaaa0002", "<parent wwnn='2000000012341234' wwpn='1000000012341234'/>"))
        self.assertEqual(self.get(path, "NodeDevice", "Parent"), ("scsi_host1",))
        self.call(path, "NodeDevice", "Destroy")

    def test_mediated_devices(self):
        uuid = "cccccccc-0000-4000-8000-000000000001"
        path = self.make("DefineNodeDevice", mdev_xml(uuid))
        state = lambda: self.get(path, "NodeDevice", "Active", "Persistent")  # noqa: E731
        self.assertEqual(self.get(path, "NodeDevice", "Name"),
                         (f"mdev_{uuid.replace('-', '_')}_computer",))
        self.assertEqual(state(), (False, True))
        self.client.set(path, "NodeDevice", "Autostart", "b", True)
        self.call(path, "NodeDevice", "Start")
        self.error("InvalidState", "already", self.call, path, "NodeDevice", "Start")
        self.call(path, "NodeDevice", "Destroy")
        self.assertEqual(state(), (False, True))
        self.call(path, "NodeDevice", "Start")
        self.call(path, "NodeDevice", "Undefine")
        self.assertEqual(state(), (True, False))
        self.call(path, "NodeDevice", "Destroy")
        self.assertFalse(self.client.exists(path))


class Interfaces(Case):
    def names(self):
        return {i["Name"]: (i["Active"], i["Mac"]) for i in self.ask(
            "GetHostInterfaces", "(asa{sv})", ["Name", "Active", "Mac"], {}).values()}

    def define(self, *args, **kwargs):
        path = self.make("DefineHostInterface", interface_xml(*args, **kwargs))
        self.addCleanup(self.remove, path)
        return path

    def remove(self, path):
        if self.client.exists(path):
            self.call(path, "HostInterface", "Undefine")

    def test_what_is_there(self):
        self.assertEqual(self.names(), {"eth1": (True, "aa:bb:cc:dd:ee:ff")})
        path = self.ask("LookupHostInterfaceByName", "(s)", "eth1")
        self.assertEqual(self.ask("LookupHostInterfaceByMac", "(s)", "AA:BB:CC:DD:EE:FF"), path)
        self.assertIn("192.168.0.5", self.call(path, "HostInterface", "GetXml"))
        self.assertEqual(self.get(path, "HostInterface", "InterfaceType"), ("ethernet",))

    def test_up_and_down(self):
        with self.client.watch(None, "HostInterface", "Lifecycle") as watch:
            path = self.define("eth7")
            self.call(path, "HostInterface", "Start")
            self.error("InvalidState", "already", self.call, path, "HostInterface", "Start")
            self.assertEqual(self.ask("ListHostInterfaces", "(a{sv})", options(active=False)), [])
            self.call(path, "HostInterface", "Destroy")
            self.error("InvalidState", "not active", self.call, path, "HostInterface", "Destroy")
            self.assertEqual(self.ask("ListHostInterfaces", "(a{sv})", options(active=False)),
                             [path])
            self.call(path, "HostInterface", "Undefine")
            self.assertEqual([watch.wait().args[0] for _ in range(4)],
                             ["defined", "started", "stopped", "undefined"])
        self.error("XmlInvalid", "name", self.make, "DefineHostInterface",
                   "<interface type='ethernet'/>")

    def test_changes_are_taken_back(self):
        before = self.names()
        eth1 = self.ask("LookupHostInterfaceByName", "(s)", "eth1")
        xml = self.call(eth1, "HostInterface", "GetXml")
        for end in ("CommitInterfaceChange", "RollbackInterfaceChange"):
            self.error("InvalidState", "begun", self.ask, end)
        self.ask("BeginInterfaceChange")
        self.error("InvalidState", "begun", self.ask, "BeginInterfaceChange")
        self.define("eth8")
        self.call(eth1, "HostInterface", "Destroy")
        self.make("DefineHostInterface", interface_xml("eth1", 9000, "aa:bb:cc:dd:ee:00"))
        self.ask("RollbackInterfaceChange")
        self.assertEqual(self.names(), before)
        self.assertEqual(self.call(eth1, "HostInterface", "GetXml"), xml)
        self.ask("BeginInterfaceChange")
        self.call(eth1, "HostInterface", "Undefine")
        self.ask("RollbackInterfaceChange")
        self.assertEqual(self.names(), before)
        self.ask("BeginInterfaceChange")
        path = self.define("eth9")
        self.ask("CommitInterfaceChange")
        self.assertTrue(self.client.exists(path))

    def test_who_may(self):
        path = self.define("eth6")
        self.host.polkit.set_rules(permit(
            "action.id == 'org.vireo.vireo1.interface.start' && "
            "action.lookup('interface_name') == 'eth6' && "
            "action.lookup('interface_macaddr') == '52:54:00:aa:00:01'"))
        start = self.nobody.call(path, "HostInterface", "Start", NO_OPTIONS)
        self.assertIsNone(start.error)
        stop = self.nobody.call(path, "HostInterface", "Destroy", NO_OPTIONS)
        self.assertEqual(stop.error.code, "NotAuthorized")


vireotest.main()
