#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Network.Update: elements of networks change one by one, in what is up and in what is kept."""

import unittest

import vireotest
from members import CONNECTION, permit, text
from vireotest.client import GLib

XML = """<network><name>{name}</name><forward mode='nat'/><bridge name='{name}br'/>
<ip address='10.9.{n}.1' netmask='255.255.255.0'>
<dhcp><range start='10.9.{n}.50' end='10.9.{n}.60'/></dhcp></ip>
<ip family='ipv6' address='fd00:{n}::1' prefix='64'/></network>"""
GUEST = """<domain type='test'><name>{name}</name><memory>65536</memory><os><type>hvm</type></os>
<devices><interface type='network'><mac address='{mac}'/><source network='{network}'/></interface>
</devices></domain>"""


class Update(unittest.TestCase):
    count = 0

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("networkupdate", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        self.addCleanup(self.host.polkit.set_rules, "")
        Update.count += 1
        self.n = Update.count
        self.name = f"net{self.n}"
        self.path = self.client.call(CONNECTION, "Connection", "DefineNetwork", "(sa{sv})",
                                     XML.format(name=self.name, n=self.n), {})
        self.client.call(self.path, "Network", "Start", "(a{sv})", {})

    def update(self, command, section, xml, **options):
        types = {bool: "b", int: "i"}
        self.client.call(self.path, "Network", "Update", "(sssa{sv})", command, section, xml, {
            key.replace("_", "-"): GLib.Variant(types[type(value)], value)
            for key, value in options.items()})

    def refused(self, code, names, *args, **options):
        with self.assertRaises(vireotest.BusError) as caught:
            self.update(*args, **options)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertIn(names, caught.exception.message)

    def xml(self, inactive=False):
        return self.client.call(self.path, "Network", "GetXml", "(a{sv})", {
            "inactive": GLib.Variant("b", inactive)})

    def entry(self, last, name="", ip=None):
        ip = ip or f"10.9.{self.n}.{last}"
        return f"<host mac='52:54:00:00:00:{last:02x}' {name and f'name={name!r}'} ip='{ip}'/>"

    def test_scope(self):
        """What is up by default; both where both are wanted; what the next start uses when down."""
        self.update("add-last", "ip-dhcp-host", self.entry(5))
        self.assertIn(f"10.9.{self.n}.5'", self.xml())
        self.assertNotIn(f"10.9.{self.n}.5'", self.xml(inactive=True))
        self.update("add-last", "ip-dhcp-host", self.entry(6), config=True)
        self.assertNotIn(f"10.9.{self.n}.6'", self.xml())
        self.assertIn(f"10.9.{self.n}.6'", self.xml(inactive=True))
        self.update("add-last", "ip-dhcp-host", self.entry(7), live=True, config=True)
        self.assertIn(f"10.9.{self.n}.7'", self.xml())
        self.assertIn(f"10.9.{self.n}.7'", self.xml(inactive=True))
        # Fits only one of the two: nothing happens to the other.
        self.refused("InvalidArgument", "already", "add-last", "ip-dhcp-host", self.entry(6),
                     live=True, config=True)
        self.assertNotIn(f"10.9.{self.n}.6'", self.xml())
        self.client.call(self.path, "Network", "Destroy", "(a{sv})", {})
        self.refused("InvalidState", "not active", "add-last", "ip-dhcp-host", self.entry(8),
                     live=True)
        self.update("add-last", "ip-dhcp-host", self.entry(8))
        self.assertIn(f"10.9.{self.n}.8'", self.xml())

    def test_hosts(self):
        self.update("add-last", "ip-dhcp-host", self.entry(10, "a"))
        self.update("add-first", "ip-dhcp-host", self.entry(11, "b"))
        self.assertLess(self.xml().index("name='b'"), self.xml().index("name='a'"))
        for again in (self.entry(10, "c"), self.entry(12, "a"),
                      self.entry(12, "c", f"10.9.{self.n}.10")):
            self.refused("InvalidArgument", "already", "add-last", "ip-dhcp-host", again)
        self.refused("XmlInvalid", "10.8.0.1", "add-last", "ip-dhcp-host",
                     self.entry(12, "c", "10.8.0.1"))
        self.update("modify", "ip-dhcp-host", self.entry(10, "z", f"10.9.{self.n}.40"))
        self.assertIn(f"name='z' ip='10.9.{self.n}.40'", self.xml())
        self.assertNotIn("name='a'", self.xml())
        # What it becomes must not be what another one is.
        self.refused("InvalidArgument", "already", "modify", "ip-dhcp-host", self.entry(10, "b"))
        self.assertIn("name='z'", self.xml())
        self.refused("NotFound", "no such", "modify", "ip-dhcp-host", self.entry(13, "z"))
        self.refused("NotFound", "no such", "delete", "ip-dhcp-host", self.entry(10, "z"))
        self.refused("XmlInvalid", "lacks", "delete", "ip-dhcp-host", "<host/>")
        self.update("delete", "ip-dhcp-host", "<host name='z'/>")
        self.update("delete", "ip-dhcp-host", "<host mac='52:54:00:00:00:0B'/>")
        self.assertNotIn("<host", self.xml())

    def test_which_ip(self):
        self.update("add-last", "ip-dhcp-host", "<host name='v6' ip='fd00:%d::9'/>" % self.n)
        self.assertIn("name='v6'", self.xml()[self.xml().index("fd00:"):])
        self.refused("XmlInvalid", "not inside", "add-last", "ip-dhcp-host", self.entry(20),
                     parent_index=1)
        self.refused("NotFound", "number 2", "add-last", "ip-dhcp-host", self.entry(20),
                     parent_index=2)
        self.update("add-last", "ip-dhcp-host", self.entry(20), parent_index=0)
        self.update("delete", "ip-dhcp-host", "<host name='v6'/>", parent_index=1)
        # No empty element stays behind.
        self.assertEqual(self.xml().count("<dhcp>"), 1)

    def test_ranges(self):
        more = f"<range start='10.9.{self.n}.70' end='10.9.{self.n}.80'/>"
        self.update("add-last", "ip-dhcp-range", more)
        self.refused("InvalidArgument", "already", "add-last", "ip-dhcp-range", more)
        self.refused("XmlInvalid", "after its end", "add-last", "ip-dhcp-range",
                     f"<range start='10.9.{self.n}.99' end='10.9.{self.n}.90'/>")
        self.refused("NotSupported", "", "modify", "ip-dhcp-range", more)
        self.update("delete", "ip-dhcp-range", more)
        self.refused("NotFound", "", "delete", "ip-dhcp-range", more)

    def test_other_sections(self):
        for section, add, wanted, again, delete in (
                ("dns-host", f"<host ip='10.9.{self.n}.2'><hostname>x.org</hostname></host>",
                 "<hostname>x.org</hostname>",
                 f"<host ip='10.9.{self.n}.2'><hostname>y.org</hostname></host>",
                 "<host><hostname>X.org</hostname></host>"),
                ("dns-txt", "<txt name='a' value='b'/>", "<txt name='a' value='b'/>",
                 "<txt name='a' value='c'/>", "<txt name='a'/>"),
                ("dns-srv", "<srv service='ldap' protocol='tcp' target='h' port='1'/>",
                 "service='ldap'", "<srv service='ldap' protocol='tcp' target='h' port='1'/>",
                 "<srv service='ldap'/>"),
                ("portgroup", "<portgroup name='slow'/>", "<portgroup name='slow'",
                 "<portgroup name='slow' default='yes'/>", "<portgroup name='slow'/>")):
            with self.subTest(section):
                self.update("add-last", section, add)
                self.assertIn(wanted, self.xml())
                self.refused("InvalidArgument", "already", "add-first", section, again)
                self.update("delete", section, delete)
                self.assertNotIn(wanted, self.xml())
                self.refused("NotFound", "no such", "delete", section, delete)
                self.refused("XmlInvalid", "", "add-last", section, "<bridge name='x'/>")
        self.update("add-last", "portgroup", "<portgroup name='p'/>")
        self.update("modify", "portgroup", "<portgroup name='p' default='yes'/>")
        self.assertIn("<portgroup name='p' default='yes'/>", self.xml())
        for target in ("one", "two"):
            self.update("add-last", "dns-srv",
                        f"<srv service='sip' protocol='udp' target='{target}'/>")
        self.refused("InvalidArgument", "several", "delete", "dns-srv",
                     "<srv service='sip' protocol='udp'/>")
        self.update("delete", "dns-srv", "<srv service='sip' protocol='udp' target='one'/>")
        self.assertIn("target='two'", self.xml())

    def test_interfaces(self):
        self.path = self.client.call(
            CONNECTION, "Connection", "DefineNetwork", "(sa{sv})",
            f"<network><name>direct{self.n}</name><forward mode='private'>"
            "<interface dev='eth7'/></forward></network>", {})
        self.update("add-first", "forward-interface", "<interface dev='eth8'/>")
        self.assertLess(self.xml().index("dev='eth8'"), self.xml().index("dev='eth7'"))
        self.update("delete", "forward-interface", "<interface dev='eth7'/>")
        self.assertNotIn("eth7", self.xml())

    def test_refused(self):
        for section in ("bridge", "domain", "ip", "forward", "forward-pf"):
            self.refused("NotSupported", "replace", "add-last", section, f"<{section}/>")
        self.refused("InvalidArgument", "cellar", "add-last", "cellar", "<host/>")
        self.refused("InvalidArgument", "explode", "explode", "dns-host", "<host/>")
        self.refused("XmlMalformed", "", "add-last", "dns-txt", "<txt")
        self.refused("XmlMalformed", "", "add-last", "ip-dhcp-host",
                     self.entry(3) + "</dhcp></ip><ip>")

    def test_leases_follow(self):
        """A guest gets the address that its host has."""
        mac = "52:54:00:00:00:21"
        self.client.call(CONNECTION, "Connection", "CreateDomain", "(sa{sv})", GUEST.format(
            name=f"guest{self.n}", mac=mac, network=self.name), {})
        watch = self.client.watch(self.path, "Network", "LeasesChanged")
        self.addCleanup(watch.close)
        self.update("add-last", "ip-dhcp-host", self.entry(0x21, "fixed"))
        watch.wait()
        lease, = self.client.call(self.path, "Network", "GetLeases", "(a{sv})", {})
        self.assertEqual((lease["address"], lease["hostname"]), (f"10.9.{self.n}.33", "fixed"))

    def test_who_may(self):
        """network.write changes what is up; what is kept takes network.save too."""
        self.host.polkit.set_rules(permit("action.id == 'org.vireo.vireo1.network.write'"))

        def update(last, options):
            return self.nobody.call(self.path, "Network", "Update", text(
                "(sssa{sv})", "add-last", "ip-dhcp-host", self.entry(last), options))
        self.assertIsNone(update(30, {}).error)
        self.assertEqual(update(31, {"config": GLib.Variant("b", True)}).error.code,
                         "NotAuthorized")
        self.assertNotIn("10.9.%d.31'" % self.n, self.xml(inactive=True))


vireotest.main()
