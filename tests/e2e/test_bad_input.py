#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input of every sort: a named error that says what and where, and nothing changed by it."""

import contextlib
import hashlib
import unittest

import vireotest
from vireotest import guest, samples
from vireotest.client import GLib
from vireotest.samples import NO_OPTIONS, minimal_domain

UUID = "11111111-2222-4333-8444-555555555555"
OTHER_UUID = "99999999-2222-4333-8444-555555555555"
XML = {"XmlMalformed", "XmlInvalid"}
LIMIT = {"LimitExceeded"}

BOMB = ("<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY {chr(98 + i)} '{('&' + chr(97 + i) + ';') * 10}'>" for i in range(9))
        + "]><domain type='{type}'><name>&j;</name></domain>")
EXTERNAL = ("<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
            "<domain type='{type}'><name>bad</name><title>&e;</title><memory>1024</memory>"
            "<os><type>hvm</type></os></domain>")


def base(**changes):
    """A minimal domain with parts replaced."""
    parts = {"name": "<name>bad</name>", "uuid": "", "memory": "<memory unit='MiB'>64</memory>",
             "vcpu": "<vcpu>1</vcpu>", "os": "<os><type>hvm</type></os>", "extra": ""}
    parts.update(changes)
    return "<domain type='{type}'>" + "".join(parts.values()) + "</domain>"


# What is wrong, the document ({type} becomes the connection's), the errors that fit, and what the
# message must name (None: anything).
DOMAINS = [
    ("no text", "", XML, None),
    ("no XML", "hello", XML, "line 1"),
    ("cut off", "<domain type='{type}'><name>x", XML, "line 1"),
    ("two roots", base() + "<domain/>", XML, None),
    ("bad attribute", "<domain type=qemu/>", XML, "line 1"),
    ("another kind of document", "<network><name>x</name></network>", XML, "domain"),
    ("entities that grow", BOMB, XML | LIMIT, None),
    ("external entity", EXTERNAL, XML | LIMIT, None),
    ("too deep", "<domain type='{type}'>" + "<a>" * 5000 + "</a>" * 5000 + "</domain>",
     XML | LIMIT, None),
    ("name of 10 MB", base(name="<name>" + "n" * 10_000_000 + "</name>"), LIMIT, None),
    ("comment of 10 MB", base(extra="<!--" + "c" * 10_000_000 + "-->"), LIMIT, None),
    ("name of 100 kB", base(name="<name>" + "n" * 100_000 + "</name>"), XML | LIMIT, "name"),
    ("no name", base(name=""), XML, "name"),
    ("empty name", base(name="<name></name>"), XML, "name"),
    ("name with a slash", base(name="<name>a/b</name>"), XML, "name"),
    ("name with a newline", base(name="<name>a&#10;b</name>"), XML, "name"),
    ("name that is a folder", base(name="<name>..</name>"), XML, "name"),
    ("bad UUID", base(uuid="<uuid>not-one</uuid>"), XML, "uuid"),
    ("UUID of zeroes and more", base(uuid=f"<uuid>{UUID}0</uuid>"), XML, "uuid"),
    ("no memory", base(memory=""), XML, "memory"),
    ("memory that is no number", base(memory="<memory>lots</memory>"), XML, "memory"),
    ("negative memory", base(memory="<memory>-1</memory>"), XML, "memory"),
    ("huge memory", base(memory="<memory unit='TiB'>99999999999999</memory>"), XML, "memory"),
    ("memory beyond 64 bits", base(memory="<memory>99999999999999999999999</memory>"), XML,
     "memory"),
    ("bad unit", base(memory="<memory unit='furlong'>5</memory>"), XML, "unit"),
    ("no processors", base(vcpu="<vcpu>0</vcpu>"), XML, "vcpu"),
    ("negative processors", base(vcpu="<vcpu>-1</vcpu>"), XML, "vcpu"),
    ("huge processors", base(vcpu="<vcpu>99999999999</vcpu>"), XML, "vcpu"),
    ("unknown type", "<domain type='abacus'><name>bad</name><memory>1024</memory>"
     "<os><type>hvm</type></os></domain>", XML | {"ConfigUnsupported"}, "abacus"),
    ("type of another hypervisor", "<domain type='xen'><name>bad</name><memory>1024</memory>"
     "<os><type>hvm</type></os></domain>", XML | {"ConfigUnsupported"}, "xen"),
    ("bad enumeration", base(extra="<on_crash>panic</on_crash>"), XML, "on_crash"),
    ("disk without target", base(extra="<devices><disk type='file' device='disk'>"
                                       "<source file='/x'/></disk></devices>"), XML, "target"),
    ("two disks in one place", base(extra="<devices>" + samples.disk("/x") * 2 + "</devices>"),
     XML, "vda"),
    ("bad MAC", base(extra="<devices><interface type='network'><mac address='52:54:zz'/>"
                           "<source network='n'/></interface></devices>"), XML, "mac"),
]

NETWORKS = [
    ("no XML", "hello", XML, "line 1"),
    ("another kind of document", "<domain type='test'/>", XML, "network"),
    ("no name", "<network/>", XML, "name"),
    ("name with a slash", "<network><name>a/b</name></network>", XML, "name"),
    ("bridge name too long", "<network><name>n</name><bridge name='abcdefghijklmnopq'/></network>",
     XML, "bridge"),
    ("bad address", "<network><name>n</name><ip address='300.1.1.1' netmask='255.0.0.0'/>"
     "</network>", XML, "address"),
    ("bad netmask", "<network><name>n</name><ip address='10.1.1.1' netmask='255.0.255.0'/>"
     "</network>", XML, "mask"),
    ("bad prefix", "<network><name>n</name><ip address='10.1.1.1' prefix='33'/></network>", XML,
     "prefix"),
    ("range outside", "<network><name>n</name><ip address='10.1.1.1' netmask='255.255.255.0'><dhcp>"
     "<range start='10.2.0.1' end='10.2.0.9'/></dhcp></ip></network>", XML, "range"),
    ("range backwards", "<network><name>n</name><ip address='10.1.1.1' netmask='255.255.255.0'>"
     "<dhcp><range start='10.1.1.9' end='10.1.1.2'/></dhcp></ip></network>", XML, "range"),
    ("bad forward mode", "<network><name>n</name><forward mode='sideways'/></network>", XML,
     "mode"),
    ("injection", "<network><name>n</name><dns><host ip='10.1.1.5'><hostname>a&#10;dhcp-script=/x"
     "</hostname></host></dns></network>", XML, "hostname"),
    ("text with a newline", "<network><name>n</name><dns><txt name='a' value='b&#10;c'/></dns>"
     "</network>", XML, "txt"),
    ("domain with a newline", "<network><name>n</name><domain name='a&#10;b'/></network>", XML,
     "domain"),
]


def fingerprint(folder):
    """What the files say; the log of what is written only grows."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".vireo-log-")}


class BadInput:
    """The tests; the classes below say on which connection."""

    uri = type_ = None

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("bad"))
        cls.connection = cls.host.client.open(cls.uri)
        cls.there = cls.host.client.call(
            cls.connection, "Connection", "DefineDomain", "(sa{sv})",
            minimal_domain("there", cls.type_, UUID), {})

    @property
    def client(self):
        return self.host.client

    def setUp(self):
        self.files = fingerprint(self.host.daemon.settled())
        self.objects = self.objects_here()
        self.pid = self.host.daemon.pid

    def tearDown(self):
        self.host.daemon.check_alive()
        self.assertEqual(self.host.daemon.pid, self.pid)
        self.assertEqual(fingerprint(self.host.daemon.settled()), self.files)
        self.assertEqual(self.objects_here(), self.objects)

    def objects_here(self):
        """The connection's objects; what it knows of its hypervisor is found out by and by."""
        return {path: facts for path, facts in self.client.managed_objects().items()
                if path.startswith(f"{self.connection}/")}

    def refused(self, codes, mentions, path, interface, method, signature="()", *args):
        try:
            result = self.client.call(path, interface, method, signature, *args, timeout=30)
        except vireotest.BusError as refusal:
            error = refusal
        else:
            self.remove(result)
            self.fail(f"{method} accepted it")
        self.assertIn(error.code, codes, str(error)[:1000])
        self.assertTrue(error.message.strip())
        self.assertLess(len(error.message), 8192)
        if mentions:
            self.assertIn(mentions.lower(), error.message.lower())
        return error

    def remove(self, path):
        """What came of a call that should have been refused must not disturb the next one."""
        if not isinstance(path, str) or not path.startswith(f"{self.connection}/"):
            return
        interface = "Network" if "/networks/" in path else "Domain"
        for method in ("Destroy", "Undefine"):
            with contextlib.suppress(vireotest.BusError):
                self.client.call(path, interface, method, *NO_OPTIONS)

    def run_table(self, table, method):
        for what, document, codes, mentions in table:
            with self.subTest(what):
                xml = document.replace("{type}", self.type_)
                error = self.refused(codes, mentions, self.connection, "Connection", method,
                                     "(sa{sv})", xml, {})
                self.assertNotIn("root:", error.message)

    def test_define_domain(self):
        self.run_table(DOMAINS, "DefineDomain")

    def test_create_domain(self):
        self.run_table(DOMAINS, "CreateDomain")

    def test_define_network(self):
        if "Connection.DefineNetwork" not in self.client.get(self.connection, "Connection",
                                                             "Features"):
            self.skipTest("the connection has no networks")
        self.run_table(NETWORKS, "DefineNetwork")

    def test_strict(self):
        xml = minimal_domain("strict", self.type_, extra="<nonsense/>")
        self.refused({"XmlInvalid"}, "nonsense", self.connection, "Connection", "DefineDomain",
                     "(sa{sv})", xml, {"validate": GLib.Variant("b", True)})

    def test_options(self):
        xml = minimal_domain("options", self.type_)
        for options in ({"no-such-key": GLib.Variant("b", True)},
                        {"validate": GLib.Variant("s", "yes")},
                        {"validate": GLib.Variant("v", GLib.Variant("b", True))},
                        {"": GLib.Variant("b", True)},
                        {"k" * 1_000_000: GLib.Variant("b", True)}):
            with self.subTest(str(options)[:80]):
                self.refused({"InvalidOption"}, None, self.connection, "Connection",
                             "DefineDomain", "(sa{sv})", xml, options)

    def test_name_and_uuid_in_use(self):
        for xml, codes, mentions in (
                (minimal_domain("there", self.type_, OTHER_UUID), {"NameInUse"}, "there"),
                (minimal_domain("elsewhere", self.type_, UUID), {"UuidInUse"}, UUID)):
            for method in ("DefineDomain", "CreateDomain"):
                with self.subTest(f"{method} {mentions}"):
                    self.refused(codes, mentions, self.connection, "Connection", method,
                                 "(sa{sv})", xml, {})

    def test_set_xml_with_another_uuid(self):
        for xml in (minimal_domain("there", self.type_, OTHER_UUID), "junk"):
            with self.subTest(xml[:20]):
                self.refused(XML | {"InvalidArgument", "UuidInUse"}, None, self.there, "Domain",
                             "SetXml", "(sa{sv})", xml, {})

    def test_rename(self):
        for name in ("", "a/b", "a\nb", "..", "n" * 10_000_000):
            with self.subTest(name[:10]):
                self.refused({"InvalidArgument", "LimitExceeded", "XmlInvalid"}, None, self.there,
                             "Domain", "Rename", "(sa{sv})", name, {})

    def test_look_ups(self):
        for method, signature, value in (
                ("LookupDomainByName", "(s)", "absent"), ("LookupDomainByName", "(s)", ""),
                ("LookupDomainByName", "(s)", "x" * 10_000_000),
                ("LookupDomainByUuid", "(s)", OTHER_UUID),
                ("LookupDomainById", "(u)", 4294967295), ("LookupDomainById", "(u)", 0)):
            with self.subTest(f"{method} {str(value)[:10]}"):
                self.refused({"NotFound"}, None, self.connection, "Connection", method, signature,
                             value)
        self.refused({"NotFound", "InvalidArgument"}, None, self.connection, "Connection",
                     "LookupDomainByUuid", "(s)", "no uuid")

    def test_objects_that_are_not_there(self):
        self.client.call(self.connection, "Connection", "DefineDomain", "(sa{sv})",
                         minimal_domain("brief", self.type_, OTHER_UUID), {})
        path = self.client.call(self.connection, "Connection", "LookupDomainByName", "(s)", "brief")
        self.client.call(path, "Domain", "Undefine", *NO_OPTIONS)
        for gone in (path, f"{self.connection}/domains/_nonsense", f"{self.connection}/domains/_",
                     f"{self.connection}/domains/x" + "y" * 10_000):
            with self.subTest(gone[-20:]):
                self.refused({"UnknownObject"}, None, gone, "Domain", "Start", *NO_OPTIONS)
                self.refused({"UnknownObject"}, None, gone, "org.freedesktop.DBus.Properties",
                             "GetAll", "(s)", "org.vireo.Vireo1.Domain")

    def test_wrong_calls(self):
        properties = "org.freedesktop.DBus.Properties"
        domain = "org.vireo.Vireo1.Domain"
        cases = [
            ({"UnknownMethod"}, "Domain", "NoSuchMethod", "()"),
            ({"UnknownMethod", "UnknownInterface"}, "NoSuchInterface", "Start", "()"),
            ({"InvalidArgs"}, "Domain", "Start", "(s)", "x"),
            ({"InvalidArgs"}, "Domain", "Start", "()"),
            ({"UnknownProperty", "InvalidArgs"}, properties, "Get", "(ss)", domain, "NoSuchOne"),
            ({"UnknownInterface", "InvalidArgs", "UnknownProperty"}, properties, "Get", "(ss)",
             "no.such.Interface", "Name"),
            ({"PropertyReadOnly", "InvalidArgs"}, properties, "Set", "(ssv)", domain, "Name",
             GLib.Variant("s", "x")),
            ({"InvalidArgs"}, properties, "Set", "(ssv)", domain, "Autostart",
             GLib.Variant("s", "yes")),
        ]
        for codes, interface, method, signature, *args in cases:
            with self.subTest(f"{interface}.{method}{signature}"):
                self.refused(codes, None, self.there, interface, method, signature, *args)

    def test_wrong_state(self):
        for method in ("Shutdown", "Reboot", "Reset", "Destroy", "Suspend", "Resume"):
            with self.subTest(method):
                self.refused({"InvalidState"}, "there", self.there, "Domain", method, *NO_OPTIONS)

    def test_connections(self):
        for uri in ("", "nonsense", "qemu://", "file:///etc/passwd", "x" * 1_000_000):
            with self.subTest(uri[:20]):
                self.refused({"InvalidArgument", "NotSupported", "NotFound", "ConfigUnsupported"},
                             None, vireotest.ROOT, "Manager", "OpenConnection", "(sa{sv})", uri, {})

    def test_concurrent_definitions_of_one_name(self):
        calls = [self.client.call_async(
            self.connection, "Connection", "DefineDomain", "(sa{sv})",
            minimal_domain("wanted", self.type_, f"{n:08d}-2222-4333-8444-555555555555"), {})
            for n in range(20)]
        won, lost = self.outcomes(calls)
        self.assertEqual((len(won), lost), (1, {"NameInUse"}))
        self.client.call(won[0], "Domain", "Undefine", *NO_OPTIONS)

    def test_concurrent_undefinitions(self):
        path = self.client.call(self.connection, "Connection", "DefineDomain", "(sa{sv})",
                                minimal_domain("unwanted", self.type_), {})
        won, lost = self.outcomes([self.client.call_async(path, "Domain", "Undefine", *NO_OPTIONS)
                                   for _ in range(20)])
        self.assertEqual((len(won), lost), (1, {"UnknownObject"}))

    def test_concurrent_starts(self):
        path = self.client.call(self.connection, "Connection", "DefineDomain", "(sa{sv})",
                                minimal_domain("popular", self.type_), {})
        won, lost = self.outcomes([self.client.call_async(path, "Domain", "Start", *NO_OPTIONS)
                                   for _ in range(10)])
        self.assertEqual((len(won), lost), (1, {"InvalidState"}))
        self.client.call(path, "Domain", "Destroy", *NO_OPTIONS)
        self.client.call(path, "Domain", "Undefine", *NO_OPTIONS)

    @staticmethod
    def outcomes(calls):
        won, lost = [], set()
        for call in calls:
            try:
                won.append(call.wait(60))
            except vireotest.BusError as error:
                lost.add(error.code)
        return won, lost


class TestConnection(BadInput, unittest.TestCase):
    uri, type_ = "test:///default", "test"


class QemuConnection(BadInput, unittest.TestCase):
    uri, type_ = "qemu:///system", "qemu"


vireotest.main(prepare=guest.prepare_emulator)
