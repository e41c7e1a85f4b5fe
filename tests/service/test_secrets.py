#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secrets: their definitions, and who gets their values and where these are."""

import subprocess
import unittest

import vireotest
from members import CONNECTION, permit, text
from vireotest.client import ROOT
from worklib import options

QEMU = f"{ROOT}/connections/qemu"
NO_OPTIONS = "(@a{sv} {},)"
VALUE = b"open \x00 sesame"


def uuid_of(number):
    return f"bbbbbbbb-0000-4000-8000-{number:012x}"


def secret_xml(number, usage="", attributes="", description="of a test"):
    return (f"<secret {attributes}><uuid>{uuid_of(number)}</uuid>"
            f"<description>{description}</description>{usage}</secret>")


def ceph(name):
    return f"<usage type='ceph'><name>{name}</name></usage>"


class Case(unittest.TestCase):
    CONNECTION = CONNECTION

    def setUp(self):
        self.addCleanup(self.host.polkit.set_rules, "")

    def define(self, *args, remove=True, **kwargs):
        path = self.call(self.CONNECTION, "Connection", "DefineSecret", "(sa{sv})",
                         secret_xml(*args, **kwargs), {})
        if remove:
            self.addCleanup(self.remove, path)
        return path

    def remove(self, path):
        if self.client.exists(path):
            self.call(path, "Secret", "Undefine", "(a{sv})", {})

    def call(self, path, interface, method, signature, *args):
        return self.client.call(path, interface, method, signature, *args)

    def set_value(self, path, value=VALUE):
        self.call(path, "Secret", "SetValue", "(aya{sv})", value, {})

    def value(self, path):
        return bytes(self.call(path, "Secret", "GetValue", "(a{sv})", {}))

    def error(self, code, *args, names=""):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(*args)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertIn(names, caught.exception.message)


class InMemory(Case):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("secrets", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.nobody = cls.host.caller("nobody")

    def test_properties(self):
        path = self.define(1, ceph("disks"), "ephemeral='yes' private='no'")
        self.assertEqual(self.client.get_all(path, "Secret"), {
            "Uuid": uuid_of(1), "UsageType": "ceph", "UsageId": "disks", "Ephemeral": True,
            "Private": False, "HasValue": False, "Description": "of a test", "ParseError": "",
            "Owner": 0})
        xml = self.call(path, "Secret", "GetXml", "(a{sv})", {})
        self.assertIn("<name>disks</name>", xml)
        self.assertIn("ephemeral='yes'", xml)

    def test_value(self):
        path = self.define(1)
        self.error("NotFound", path, "Secret", "GetValue", "(a{sv})", {}, names="no value")
        with self.client.watch(path, "Secret", "ValueChanged") as watch:
            self.set_value(path)
            watch.wait()
        self.client.wait_for(path, "Secret", "HasValue", True)
        self.assertEqual(self.value(path), VALUE)
        self.set_value(path, b"")
        self.assertEqual(self.value(path), b"")
        self.set_value(path, b"x" * 65536)
        self.error("LimitExceeded", path, "Secret", "SetValue", "(aya{sv})", b"x" * 65537, {})
        self.assertEqual(len(self.value(path)), 65536)
        # Another definition is no other value.
        self.call(path, "Secret", "SetXml", "(sa{sv})", secret_xml(1, description="changed"), {})
        self.client.wait_for(path, "Secret", "Description", "changed")
        self.assertEqual(len(self.value(path)), 65536)

    def test_a_new_secret_has_no_old_value(self):
        path = self.define(1)
        self.set_value(path)
        self.remove(path)
        self.define(1)
        self.assertFalse(self.client.get(path, "Secret", "HasValue"))
        self.error("NotFound", path, "Secret", "GetValue", "(a{sv})", {})

    def test_private(self):
        path = self.define(1, "", "private='yes'")
        self.set_value(path)
        self.error("NotAuthorized", path, "Secret", "GetValue", "(a{sv})", {}, names="private")
        self.error("InvalidArgument", path, "Secret", "SetXml", "(sa{sv})", secret_xml(1), {},
                   names="private")
        self.assertTrue(self.client.get(path, "Secret", "Private"))

    def test_what_it_is_for(self):
        path = self.define(1, ceph("one"))
        self.error("NameInUse", CONNECTION, "Connection", "DefineSecret", "(sa{sv})",
                   secret_xml(2, ceph("one")), {}, names='ceph "one"')
        self.error("InvalidArgument", CONNECTION, "Connection", "DefineSecret", "(sa{sv})",
                   secret_xml(1, ceph("two")), {}, names="something else")
        self.error("InvalidArgument", path, "Secret", "SetXml", "(sa{sv})",
                   secret_xml(1, ceph("one"), "ephemeral='yes'"), {}, names="ephemeral")
        self.error("XmlInvalid", CONNECTION, "Connection", "DefineSecret", "(sa{sv})",
                   secret_xml(3, "<usage type='volume'/>"), {}, names="<volume>")
        self.assertEqual(self.call(CONNECTION, "Connection", "DefineSecret", "(sa{sv})",
                                   secret_xml(1, ceph("one"), description="again"), {}), path)
        # The same name for another kind of thing is another secret.
        self.define(4, "<usage type='tls'><name>one</name></usage>")

    def test_find(self):
        one = self.define(1, ceph("find"), "private='yes'")
        two = self.define(2, "<usage type='iscsi'><target>find</target></usage>",
                          "ephemeral='yes'")
        three = self.define(3)
        look = lambda *a: self.call(  # noqa: E731
            CONNECTION, "Connection", "LookupSecretByUsage", "(ss)", *a)
        self.assertEqual((look("ceph", "find"), look("iscsi", "find")), (one, two))
        self.error("NotFound", CONNECTION, "Connection", "LookupSecretByUsage", "(ss)", "tls",
                   "find")
        self.error("InvalidArgument", CONNECTION, "Connection", "LookupSecretByUsage", "(ss)",
                   "cephalopod", "find", names="cephalopod")
        self.assertEqual(self.call(CONNECTION, "Connection", "LookupSecretByUuid", "(s)",
                                   uuid_of(3)), three)
        listed = lambda **how: self.call(  # noqa: E731
            CONNECTION, "Connection", "ListSecrets", "(a{sv})", options(**how))
        self.assertEqual(sorted(listed()), sorted([one, two, three]))
        self.assertEqual(listed(private=True), [one])
        self.assertEqual(sorted(listed(ephemeral=False)), sorted([one, three]))
        got = self.call(CONNECTION, "Connection", "GetSecrets", "(asa{sv})", ["UsageId"],
                        options(ephemeral=True))
        self.assertEqual(got, {two: {"UsageId": "find"}})

    def test_signals(self):
        with self.client.watch(None, "Secret", "Lifecycle") as watch:
            path = self.define(1)
            self.remove(path)
            seen = [watch.wait() for _ in range(2)]
        self.assertEqual([(s.path, s.args[0]) for s in seen],
                         [(path, "defined"), (path, "undefined")])

    def test_who_may(self):
        path = self.define(1, ceph("asked"))
        self.set_value(path)
        get = lambda: self.nobody.call(path, "Secret", "GetValue", NO_OPTIONS)  # noqa: E731
        self.assertEqual(get().error.code, "NotAuthorized")
        self.assertIn("read-secure", get().error.message)
        self.host.polkit.set_rules(permit(
            "action.id == 'org.vireo.vireo1.secret.read-secure' && "
            f"action.lookup('secret_uuid') == '{uuid_of(1)}' && "
            "action.lookup('secret_usage_ceph') == 'asked' && "
            "action.lookup('secret_name') === undefined"))
        self.assertEqual(bytes(get().unpack()), VALUE)
        refused = self.nobody.call(path, "Secret", "SetValue", "(b'x', @a{sv} {})")
        self.assertEqual(refused.error.code, "NotAuthorized")

    def test_who_may_define(self):
        """Rules see what a new secret would be for."""
        self.host.polkit.set_rules(permit(
            "action.id.indexOf('org.vireo.vireo1.secret.') == 0 && "
            "action.lookup('secret_usage_volume') == '/images/mine'"))
        define = lambda number, volume: self.nobody.call(  # noqa: E731
            CONNECTION, "Connection", "DefineSecret", text(
                "(sa{sv})", secret_xml(number, f"<usage type='volume'><volume>{volume}</volume>"
                                       "</usage>"), {}))
        self.assertEqual(define(1, "/images/other").error.code, "NotAuthorized")
        mine = define(1, "/images/mine").unpack()
        self.addCleanup(self.remove, mine)
        self.assertNotEqual(self.client.get(mine, "Secret", "Owner"), 0)
        self.assertIsNone(self.nobody.call(mine, "Secret", "SetValue", "(b'x', @a{sv} {})").error)
        self.assertEqual(bytes(self.nobody.call(mine, "Secret", "GetValue",
                                                NO_OPTIONS).unpack()), b"x\0")

    def test_no_value_in_the_log(self):
        path = self.define(1)
        self.set_value(path, b"unmistakable-value")
        self.value(path)
        log = self.host.daemon.log_file.read_bytes()
        self.assertIn(b"Secret.SetValue on " + path.encode() + b": done", log)
        self.assertNotIn(b"unmistakable-value", log)


class OnDisk(Case):
    """Those of the QEMU connection."""

    CONNECTION = QEMU

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("qemusecrets", arguments=["--drivers=qemu"]).start()
        cls.addClassCleanup(cls.host.stop)

    @property
    def client(self):
        return self.host.client

    def files(self):
        folder = self.host.daemon.settled() / "secret"
        return {str(p.relative_to(folder)): p for p in folder.rglob("*")
                if p.is_file() and not p.name.startswith(".")}

    def test_kept(self):
        path = self.define(1, ceph("kept"))
        self.set_value(path)
        value = self.files()[f"secret-values/{uuid_of(1)}.value"]
        self.assertEqual(value.read_bytes(), VALUE)
        for file in (value, self.files()[f"secrets/{uuid_of(1)}.xml"]):
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(value.parent.stat().st_mode & 0o777, 0o700)
        self.host.daemon.kill_and_restart()
        self.assertTrue(self.client.get(path, "Secret", "HasValue"))
        self.assertEqual(self.value(path), VALUE)
        self.remove(path)
        self.assertEqual(self.files(), {})
        self.host.daemon.restart()
        self.assertFalse(self.client.exists(path))

    def test_ephemeral(self):
        path = self.define(2, ceph("short"), "ephemeral='yes'")
        self.set_value(path, b"unmistakable-value")
        self.assertEqual(self.files(), {})
        found = subprocess.run(["grep", "-rl", "unmistakable-value", self.host.daemon.folder],
                               capture_output=True, text=True)
        self.assertEqual(found.stdout, "")
        self.call(QEMU, "Connection", "Reload", "(a{sv})", {})
        self.assertEqual(self.value(path), b"unmistakable-value")
        self.host.daemon.restart()
        self.assertFalse(self.client.exists(path))

    def test_a_value_goes_with_its_definition(self):
        path = self.define(3)
        self.set_value(path)
        self.files()[f"secrets/{uuid_of(3)}.xml"].unlink()
        self.call(QEMU, "Connection", "Reload", "(a{sv})", {})
        vireotest.wait_until(lambda: not self.files(), 10, "the value to go")
        self.assertFalse(self.client.exists(path))

    def test_unparsable(self):
        path = self.define(4, remove=False)
        self.set_value(path)
        file = self.files()[f"secrets/{uuid_of(4)}.xml"]
        file.write_text("<secret private='maybe'/>")
        self.call(QEMU, "Connection", "Reload", "(a{sv})", {})
        self.assertIn("maybe", self.client.get(path, "Secret", "ParseError"))
        self.error("NotAuthorized", path, "Secret", "GetValue", "(a{sv})", {})
        self.error("Unparsable", path, "Secret", "SetValue", "(aya{sv})", b"x", {})
        self.call(path, "Secret", "SetXml", "(sa{sv})", secret_xml(4, "", "ephemeral='yes'"), {})
        self.assertEqual(self.client.get(path, "Secret", "ParseError"), "")
        vireotest.wait_until(lambda: not self.files(), 10, "nothing to be on the disk")
        self.assertFalse(self.client.get(path, "Secret", "HasValue"))
        self.remove(path)


vireotest.main()
