#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions and the configurations of the test driver's hypervisor, both ways."""

import configparser

import vireotest
from members import CONNECTION
from worklib import WorkCase

FORMAT = "test-ini"
DOMAIN = """<domain type='test'>
  <name>web &amp; co</name>
  <uuid>aaaaaaaa-0000-4000-8000-00000000aa01</uuid>
  <description>two
lines</description>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='/images/a=b.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='block' device='cdrom'>
      <source dev='/dev/sr0'/><target dev='sda' bus='sata'/><readonly/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/><source network='default'/><model type='virtio'/>
    </interface>
    <interface type='user'><mac address='52:54:00:00:00:02'/></interface>
  </devices>
</domain>"""
SMALL = ("<domain type='test'><name>small</name><memory>65536</memory><os><type>hvm</type></os>"
         "<devices>{}</devices></domain>")


class Native(WorkCase):
    def convert(self, method, text, format_=FORMAT):
        return self.call(CONNECTION, method, "(ssa{sv})", format_, text, {},
                         interface="Connection")

    def refused(self, method, text, code, names, format_=FORMAT):
        self.error(CONNECTION, method, "(ssa{sv})", format_, text, {}, interface="Connection",
                   code=code, names=names)

    def plain(self):
        """Without what the format has no place for."""
        return DOMAIN.replace("<driver name='qemu' type", "<driver type").replace("<readonly/>", "")

    def test_both_ways(self):
        before = self.call(CONNECTION, "ListDomains", "(a{sv})", {}, interface="Connection")
        config = self.convert("DomainXmlToNative", self.plain())
        file = configparser.ConfigParser(interpolation=None)
        file.read_string(config)
        self.assertEqual(file.sections(), ["domain", "disk vda", "disk sda", "interface 0",
                                           "interface 1"])
        self.assertEqual(dict(file["disk vda"]), {
            "type": "file", "device": "disk", "format": "qcow2", "file": "/images/a=b.qcow2",
            "bus": "virtio"})
        self.assertEqual((file["domain"]["name"], file["domain"]["memory"]), ("web & co", "65536"))
        xml = self.convert("DomainXmlFromNative", config)
        # Nothing is defined by it; what is defined with it is the same machine.
        self.assertEqual(self.call(CONNECTION, "ListDomains", "(a{sv})", {},
                                   interface="Connection"), before)
        self.assertEqual(self.convert("DomainXmlToNative", xml), config)
        paths = [self.call(CONNECTION, "DefineDomain", "(sa{sv})", x, {}, interface="Connection")
                 for x in (self.plain(), xml)]
        self.assertEqual(paths[0], paths[1])
        self.assertIn("<description>two\nlines</description>",
                      self.call(paths[0], "GetXml", "(a{sv})", {}, interface="Domain"))
        self.assertEqual(self.convert("DomainXmlToNative", self.call(
            paths[0], "GetXml", "(a{sv})", {}, interface="Domain")), config)

    def test_nothing_is_lost(self):
        for devices, names in (
                ("<graphics type='vnc'/>", "<graphics type='vnc'"),
                ("<disk type='file' device='disk'><source file='/a'/><target dev='vda'/>"
                 "<readonly/></disk>", "<readonly/>"),
                ("<disk type='file' device='disk'><target dev='v]a'/></disk>", "v]a"),
                ("<disk type='file' device='disk'><target dev='vda'/></disk>" * 2, "vda")):
            with self.subTest(names):
                with self.assertRaises(vireotest.BusError) as caught:
                    self.convert("DomainXmlToNative", SMALL.format(devices))
                self.assertIn(caught.exception.code, ("ConfigUnsupported", "XmlInvalid"))
                self.assertIn(names, caught.exception.message)
        self.refused("DomainXmlToNative", SMALL.format("<interface type='user'/>" * 4000),
                     "LimitExceeded", "65536")

    def test_wrong_configurations(self):
        for config, code, names in (
                ("", "XmlInvalid", "name"),
                ("nonsense", "InvalidArgument", "nonsense"),
                ("[domain]\nname=x\nmemory=many\n", "XmlInvalid", "many"),
                ("[domain]\nname=x\nmemory=65536\ncolour=red\n", "InvalidArgument", "colour"),
                ("[domain]\nname=x\nname[de]=y\n", "InvalidArgument", "name[de]"),
                ("[domain]\nname=\\x\n", "InvalidArgument", "[domain]"),
                ("[domain]\nname=a\x01b\nmemory=65536\n", "XmlInvalid", "line"),
                ("[domain]\nname=x\nmemory=65536\n[disk]\n", "InvalidArgument", "[disk]"),
                ("[domain]\nname=x\nmemory=65536\n[tape 0]\n", "InvalidArgument", "[tape 0]"),
                ("[domain]\nname=" + "x" * 70000, "LimitExceeded", "65536")):
            with self.subTest(config[:40]):
                self.refused("DomainXmlFromNative", config, code, names)
        for method, text in (("DomainXmlFromNative", "[domain]\nname=x\nmemory=65536\n"),
                             ("DomainXmlToNative", self.plain())):
            self.refused(method, text, "InvalidArgument", "xen-xl", "xen-xl")

    def test_wrong_definitions(self):
        self.refused("DomainXmlToNative", "<domain type='test'><name/></domain>", "XmlInvalid",
                     "line 1")
        self.refused("DomainXmlToNative", self.plain().replace("'test'", "'kvm'"),
                     "ConfigUnsupported", "kvm")


vireotest.main()
