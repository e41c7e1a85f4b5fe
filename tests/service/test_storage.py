#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storage pools and volumes of the test connection, through the bus."""

import os
import tempfile
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

import vireotest
from members import CONNECTION, hide, permit, text
from vireotest.client import PROPERTIES, ROOT, GLib

OPTIONS = "(a{sv})"
NO_OPTIONS = "(@a{sv} {},)"
MIB = 1 << 20
GIB = 1 << 30
DEFAULT_UUID = "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566"


def on(**options):
    return {name.replace("_", "-"): GLib.Variant("b", True) for name in options}


def pool_xml(name, path=None, number=None):
    number = number or str(uuid.uuid4())
    return (f"<pool type='dir'><name>{name}</name><uuid>{number}</uuid>"
            f"<target><path>{path or '/pools/' + name}</path></target></pool>")


def volume_xml(name, capacity=MIB, allocation=0, more=""):
    return (f"<volume><name>{name}</name><capacity>{capacity}</capacity>"
            f"<allocation>{allocation}</allocation>{more}</volume>")


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("storage", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        self.addCleanup(self.host.polkit.set_rules, "")
        self.pool = self.connection("LookupStoragePoolByName", "(s)", "default-pool")

    def connection(self, method, *args):
        return self.client.call(CONNECTION, "Connection", method, *args)

    def on_pool(self, method, signature=OPTIONS, *args, pool=None):
        return self.client.call(pool or self.pool, "StoragePool", method, signature,
                                *(args or ({},)))

    def on_volume(self, volume, method, signature=OPTIONS, *args):
        return self.client.call(volume, "StorageVolume", method, signature, *(args or ({},)))

    def error(self, function, *args, **more):
        with self.assertRaises(vireotest.BusError) as caught:
            function(*args, **more)
        return caught.exception.code

    def define(self, name, path=None):
        pool = self.connection("DefineStoragePool", "(sa{sv})", pool_xml(name, path), {})
        self.addCleanup(self.remove_pool, pool)
        return pool

    def remove_pool(self, pool):
        if not self.client.exists(pool):
            return
        if self.client.get(pool, "StoragePool", "Active"):
            for volume in self.on_pool("ListVolumes", pool=pool):
                self.on_volume(volume, "Delete")
            self.on_pool("Destroy", pool=pool)
        if self.client.exists(pool):
            self.on_pool("Undefine", pool=pool)

    def create(self, name, capacity=MIB, allocation=0, more="", pool=None):
        volume = self.on_pool("CreateVolume", "(sa{sv})",
                              volume_xml(name, capacity, allocation, more), {}, pool=pool)
        self.addCleanup(self.remove_volume, volume)
        return volume

    def remove_volume(self, volume):
        if self.client.exists(volume):
            self.on_volume(volume, "Delete")

    def get(self, volume, name):
        return self.client.get(volume, "StorageVolume", name)

    def file(self, contents=b""):
        file = tempfile.TemporaryFile()
        self.addCleanup(file.close)
        file.write(contents)
        file.seek(0)
        return file

    def transfer(self, volume, method, file, **options):
        variants = {k: GLib.Variant("b" if isinstance(v, bool) else "t", v)
                    for k, v in options.items()}
        return self.client.call_async(volume, "StorageVolume", method, "(ha{sv})", 0, variants,
                                      fds=[file if isinstance(file, int) else file.fileno()])

    def download(self, volume, **options):
        file = self.file()
        self.transfer(volume, "Download", file, **options).wait()
        file.seek(0)
        return file.read()


class Pools(Case):
    def test_the_one_that_is_there(self):
        values = self.client.get_all(self.pool, "StoragePool")
        self.assertEqual((values["Uuid"], values["State"], values["TargetPath"],
                          values["PoolType"]),
                         (DEFAULT_UUID, "running", "/default-pool", "dir"))
        self.assertEqual(values["Capacity"], 100 * GIB)
        self.assertEqual(values["Allocation"] + values["Available"], values["Capacity"])
        for method, wanted in (("LookupStoragePoolByUuid", DEFAULT_UUID.replace("-", "")),
                               ("LookupStoragePoolByTargetPath", "/default-pool/../default-pool")):
            self.assertEqual(self.connection(method, "(s)", wanted), self.pool)
        self.assertEqual(self.error(self.connection, "LookupStoragePoolByTargetPath", "(s)",
                                    "/x"), "NotFound")

    def test_a_life(self):
        with self.client.watch(interface="StoragePool", member="Lifecycle") as events:
            pool = self.define("life")
            self.assertEqual(self.client.get(pool, "StoragePool", "State"), "inactive")
            self.assertEqual(self.client.get(pool, "StoragePool", "Capacity"), 0)
            for method in ("Build", "Start", "Destroy", "Delete", "Undefine"):
                self.on_pool(method, pool=pool)
            came = [events.wait(matching=lambda s: s.path == pool).args[0] for _ in range(6)]
        self.assertEqual(came, ["defined", "created", "started", "stopped", "deleted", "undefined"])
        self.assertFalse(self.client.exists(pool))

    def test_states(self):
        pool = self.define("states")
        for method in ("Destroy", "Refresh"):
            self.assertEqual(self.error(self.on_pool, method, pool=pool), "InvalidState")
        self.assertEqual(self.error(self.on_pool, "CreateVolume", "(sa{sv})", volume_xml("v"), {},
                                    pool=pool), "InvalidState")
        self.on_pool("Start", pool=pool)
        for method in ("Start", "Build", "Delete"):
            self.assertEqual(self.error(self.on_pool, method, pool=pool), "InvalidState")
        # Undefined while it is active it is transient, and gone when it stops.
        self.on_pool("Undefine", pool=pool)
        self.assertFalse(self.client.get(pool, "StoragePool", "Persistent"))
        self.on_pool("Destroy", pool=pool)
        self.assertFalse(self.client.exists(pool))

    def test_transient(self):
        pool = self.connection("CreateStoragePool", "(sa{sv})", pool_xml("fleeting"),
                               on(build=True))
        self.assertEqual(self.client.get(pool, "StoragePool", "State"), "running")
        self.assertFalse(self.client.get(pool, "StoragePool", "Persistent"))
        self.assertEqual(self.error(self.client.set, pool, "StoragePool", "Autostart", "b", True),
                         "InvalidState")
        self.on_pool("Destroy", pool=pool)
        self.assertFalse(self.client.exists(pool))

    def test_what_is_refused(self):
        for xml, code in (
                ("<pool type='dir'><name>a</name></pool>", "XmlInvalid"),
                ("<pool type='dir'><target><path>/p</path></target></pool>", "XmlInvalid"),
                (pool_xml("a", "not/absolute"), "XmlInvalid"),
                ("<pool type='cloud'><name>a</name></pool>", "XmlInvalid"),
                ("<pool type='netfs'><name>a</name><target><path>/p</path></target></pool>",
                 "XmlInvalid"),
                (pool_xml("default-pool", "/elsewhere"), "NameInUse"),
                (pool_xml("other", number=DEFAULT_UUID), "UuidInUse"),
                (pool_xml("other", "/default-pool/"), "NameInUse")):
            with self.subTest(xml=xml):
                self.assertEqual(self.error(self.connection, "DefineStoragePool", "(sa{sv})", xml,
                                            {}), code)
        pool = self.define("flags")
        self.assertEqual(self.error(self.on_pool, "Build", OPTIONS,
                                    on(overwrite=True, no_overwrite=True), pool=pool),
                         "InvalidOption")

    def test_what_is_in_it_stays(self):
        pool = self.define("kept")
        self.on_pool("Start", pool=pool)
        volume = self.create("v", 5 * MIB, pool=pool)
        self.assertEqual(self.error(self.on_pool, "Build", OPTIONS, on(no_overwrite=True),
                                    pool=pool), "InvalidState")
        self.on_pool("Destroy", pool=pool)
        self.assertFalse(self.client.exists(volume))
        self.assertEqual(self.error(self.on_pool, "Delete", pool=pool), "Io")
        self.on_pool("Start", pool=pool)
        self.assertEqual(self.get(volume, "Capacity"), 5 * MIB)
        self.on_pool("Destroy", pool=pool)
        self.on_pool("Start", OPTIONS, on(overwrite=True), pool=pool)
        self.assertFalse(self.client.exists(volume))

    def test_lists(self):
        pool = self.define("listed")
        self.client.set(pool, "StoragePool", "Autostart", "b", True)
        for options, wanted in (({"active": False}, {pool}), ({"active": True}, {self.pool}),
                                ({"autostart": True}, {pool}), ({}, {pool, self.pool}),
                                ({"type": "dir"}, {pool, self.pool}), ({"type": "rbd"}, set())):
            variants = {k: GLib.Variant("s" if isinstance(v, str) else "b", v)
                        for k, v in options.items()}
            with self.subTest(options=options):
                self.assertEqual(set(self.connection("ListStoragePools", OPTIONS, variants)),
                                 wanted)
                self.assertEqual(self.connection("GetStoragePools", "(asa{sv})", ["Name"],
                                                 variants),
                                 {p: {"Name": self.client.get(p, "StoragePool", "Name")}
                                  for p in wanted})
        self.assertEqual(self.error(self.connection, "ListStoragePools", OPTIONS,
                                    {"type": GLib.Variant("s", "cloud")}), "InvalidArgument")

    def test_documents(self):
        pool = self.define("written")
        xml = ElementTree.fromstring(self.on_pool("GetXml", pool=pool))
        self.assertEqual(xml.findtext("capacity"), "0")
        self.on_pool("Start", pool=pool)
        live = ElementTree.fromstring(self.on_pool("GetXml", pool=pool))
        inactive = ElementTree.fromstring(self.on_pool("GetXml", OPTIONS, on(inactive=True),
                                                       pool=pool))
        self.assertEqual((live.findtext("capacity"), inactive.findtext("capacity")),
                         (str(100 * GIB), "0"))
        number = self.client.get(pool, "StoragePool", "Uuid")
        self.on_pool("SetXml", "(sa{sv})", pool_xml("written", "/moved", number), {}, pool=pool)
        self.assertEqual(self.client.get(pool, "StoragePool", "TargetPath"), "/pools/written")
        self.on_pool("Destroy", pool=pool)
        self.assertEqual(self.client.get(pool, "StoragePool", "TargetPath"), "/moved")

    def test_sources(self):
        xml = ("<pool type='netfs'><name>net</name><source><host name='h.example'/>"
               "<dir path='/export'/></source><target><path>/net</path></target></pool>")
        self.addCleanup(self.remove_pool, self.connection("DefineStoragePool", "(sa{sv})", xml, {}))
        found = self.connection("FindStoragePoolSources", "(ssa{sv})", "netfs", "", {})
        source = ElementTree.fromstring(found).find("source")
        self.assertEqual(source.find("host").get("name"), "h.example")
        self.assertEqual(self.connection("FindStoragePoolSources", "(ssa{sv})", "iscsi", "", {}),
                         "<sources>\n</sources>\n")
        for kind, code in (("dir", "ConfigUnsupported"), ("cloud", "InvalidArgument")):
            self.assertEqual(self.error(self.connection, "FindStoragePoolSources", "(ssa{sv})",
                                        kind, "", {}), code)


class Volumes(Case):
    def test_formats(self):
        # As libvirt's test driver has them: wanted, and what it becomes; None is refused.
        image = {"": "raw", "qcow2": "qcow2", "dir": "dir", "linux": None, "bogus": None}
        cases = {
            "dir": ("<target><path>/pools/f</path></target>", image),
            "rbd": ("<source><host name='h'/><name>r</name></source>", image),
            "disk": ("<source><device path='/dev/sdz'/></source><target><path>/dev</path></target>",
                     {"": "none", "linux-swap": "linux-swap", "raw": None}),
            "logical": ("<source><name>f</name></source>", {"": None, "qcow2": None}),
        }
        for kind, (inside, formats) in cases.items():
            name = "" if kind == "logical" else "<name>f</name>"
            pool = self.connection("DefineStoragePool", "(sa{sv})",
                                   f"<pool type='{kind}'>{name}{inside}</pool>", {})
            self.addCleanup(self.remove_pool, pool)
            self.assertEqual(self.client.get(pool, "StoragePool", "Name"), "f")
            self.on_pool("Start", pool=pool)
            for wanted, becomes in formats.items():
                with self.subTest(kind, wanted=wanted):
                    xml = volume_xml("v", more=wanted and
                                     f"<target><format type='{wanted}'/></target>")
                    if becomes is None and kind != "logical":
                        self.assertEqual(self.error(self.on_pool, "CreateVolume", "(sa{sv})", xml,
                                                    {}, pool=pool), "ConfigUnsupported")
                        continue
                    volume = self.on_pool("CreateVolume", "(sa{sv})", xml, {}, pool=pool)
                    made = ElementTree.fromstring(self.on_volume(volume, "GetXml"))
                    found = made.find("target/format")
                    self.assertEqual(None if found is None else found.get("type"), becomes)
                    self.on_volume(volume, "Delete")
            self.on_pool("Destroy", pool=pool)
            self.on_pool("Undefine", pool=pool)

    def test_a_life(self):
        self.client.subscribe()
        before = self.client.get(self.pool, "StoragePool", "Available")
        volume = self.create("a b.img", 8 * MIB, 2 * MIB)
        self.assertEqual(self.client.get_all(volume, "StorageVolume"), {
            "Name": "a b.img", "Key": "/default-pool/a b.img", "Path": "/default-pool/a b.img",
            "VolumeType": "file", "Format": "raw", "Capacity": 8 * MIB, "Allocation": 2 * MIB,
            "Physical": 8 * MIB, "CurrentJob": "/"})
        self.assertEqual(self.client.get(self.pool, "StoragePool", "Available"), before - 2 * MIB)
        self.assertEqual(self.on_pool("ListVolumes"), [volume])
        self.assertEqual(self.on_pool("GetVolumes", "(asa{sv})", ["Capacity"], {}),
                         {volume: {"Capacity": 8 * MIB}})
        self.assertEqual(self.on_pool("LookupVolumeByName", "(s)", "a b.img"), volume)
        for method in ("LookupStorageVolumeByKey", "LookupStorageVolumeByPath"):
            self.assertEqual(self.connection(method, "(s)", "/default-pool/a b.img"), volume)
            self.assertEqual(self.error(self.connection, method, "(s)", "/default-pool/no"),
                             "NotFound")
        self.on_volume(volume, "Delete")
        self.assertFalse(self.client.exists(volume))
        self.assertEqual(self.client.get(self.pool, "StoragePool", "Available"), before)

    def test_what_is_refused(self):
        self.create("taken")
        for xml, code in (
                (volume_xml("taken"), "NameInUse"), (volume_xml("../etc/shadow"), "XmlInvalid"),
                (volume_xml(".."), "XmlInvalid"), (volume_xml("a/b"), "XmlInvalid"),
                (volume_xml(".vireo-1"), "XmlInvalid"),
                ("<volume><name>v</name></volume>", "XmlInvalid"),
                (volume_xml("v", 1 << 63), "XmlInvalid"),
                (volume_xml("v", 200 * GIB, 200 * GIB), "NoSpace"), ("<disk/>", "XmlInvalid")):
            with self.subTest(xml=xml):
                self.assertEqual(self.error(self.on_pool, "CreateVolume", "(sa{sv})", xml, {}),
                                 code)
        self.assertEqual(len(self.on_pool("ListVolumes")), 1)

    def test_contents(self):
        volume = self.create("contents", 4 * MIB)
        contents = os.urandom(MIB)
        self.transfer(volume, "Upload", self.file(contents), offset=MIB).wait()
        self.assertEqual(self.download(volume), bytes(MIB) + contents + bytes(2 * MIB))
        self.assertEqual(self.download(volume, offset=MIB + 10, length=20), contents[10:30])
        self.assertEqual(self.get(volume, "Allocation"), MIB)
        file = self.file()
        self.transfer(volume, "Download", file, sparse=True).wait()
        status = os.fstat(file.fileno())
        self.assertEqual(status.st_size, 4 * MIB)
        self.assertLess(status.st_blocks * 512, 2 * MIB)

    def test_transfers_that_are_refused(self):
        volume = self.create("narrow")
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        folder = os.open("/", os.O_RDONLY)
        self.addCleanup(os.close, folder)
        for method, fd, options, code in (
                ("Upload", write, {}, "InvalidArgument"), ("Download", read, {}, "InvalidArgument"),
                ("Upload", folder, {}, "InvalidArgument"),
                ("Download", write, {"sparse": True}, "InvalidArgument"),
                ("Upload", read, {"offset": 2 * MIB}, "InvalidArgument"),
                ("Upload", self.file(b"x" * (MIB + 1)).fileno(), {}, "LimitExceeded")):
            with self.subTest(method=method, options=options):
                self.assertEqual(self.error(self.transfer(volume, method, fd, **options).wait),
                                 code)
        self.assertEqual(self.error(self.on_volume, volume, "Upload", "(ha{sv})", 0, {}),
                         "InvalidArgument")

    def test_an_upload_is_a_job(self):
        volume = self.create("slow", 4 * MIB)
        self.client.subscribe()
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        upload = self.transfer(volume, "Upload", read)
        os.close(read)
        job = vireotest.wait_until(lambda: self.job_of(volume), 10, "the job")
        self.assertEqual(self.client.get(job, "Job", "Operation"), "storage-vol-upload")
        os.write(write, b"some")
        # Neither the pool nor the volume can go away now.
        self.assertEqual(self.error(self.on_pool, "Destroy"), "Busy")
        self.client.wait_for(job, "Job", "Cancelable", True)
        self.client.call(job, "Job", "Cancel", OPTIONS, {})
        self.assertEqual(self.error(upload.wait), "Cancelled")
        self.assertEqual(self.get(volume, "CurrentJob"), "/")

    def job_of(self, volume):
        job = self.get(volume, "CurrentJob")
        return job if job != "/" else None

    def test_wipe(self):
        volume = self.create("secret", MIB, more="<target><format type='qcow2'/></target>")
        self.transfer(volume, "Upload", self.file(b"secret" * 1000)).wait()
        self.assertEqual(self.get(volume, "Format"), "qcow2")
        self.on_volume(volume, "Wipe")
        self.assertEqual(self.download(volume), bytes(MIB))
        self.assertEqual(self.get(volume, "Format"), "raw")
        self.on_volume(volume, "Wipe", OPTIONS, {"algorithm": GLib.Variant("s", "random")})
        self.assertNotIn(bytes(100), self.download(volume))
        self.on_volume(volume, "Wipe", OPTIONS, {"algorithm": GLib.Variant("s", "trim")})
        self.assertEqual(self.get(volume, "Allocation"), 0)
        for name, code in (("gutmann", "ConfigUnsupported"), ("magic", "InvalidOption")):
            self.assertEqual(self.error(self.on_volume, volume, "Wipe", OPTIONS,
                                        {"algorithm": GLib.Variant("s", name)}), code)

    def test_resize(self):
        volume = self.create("elastic", 4 * MIB)
        with self.client.watch(volume, PROPERTIES) as changes:
            self.on_volume(volume, "Resize", "(ta{sv})", 6 * MIB, {})
            changed = changes.wait(matching=lambda s: "Capacity" in s.args[1]).args[1]
        self.assertEqual(changed["Capacity"], 6 * MIB)
        self.assertEqual(self.error(self.on_volume, volume, "Resize", "(ta{sv})", MIB, {}),
                         "InvalidArgument")
        self.on_volume(volume, "Resize", "(ta{sv})", MIB, on(delta=True, allocate=True))
        self.assertEqual((self.get(volume, "Capacity"), self.get(volume, "Allocation")),
                         (7 * MIB, 7 * MIB))
        self.on_volume(volume, "Resize", "(ta{sv})", 2 * MIB, on(delta=True, shrink=True))
        self.assertEqual(self.get(volume, "Capacity"), 5 * MIB)
        for size, options in ((6 * MIB, on(delta=True, shrink=True)), ((1 << 64) - 1, {}),
                              ((1 << 64) - 1, on(delta=True))):
            self.assertEqual(self.error(self.on_volume, volume, "Resize", "(ta{sv})", size,
                                        options), "InvalidArgument")

    def create_from(self, source, xml, caller=None):
        if caller:
            return caller.call(self.pool, "StoragePool", "CreateVolumeFrom",
                               text("(soa{sv})", xml, source, {}))
        copy = self.on_pool("CreateVolumeFrom", "(soa{sv})", xml, source, {})
        self.addCleanup(self.remove_volume, copy)
        return copy

    def test_a_copy(self):
        source = self.create("source", 2 * MIB)
        self.transfer(source, "Upload", self.file(b"contents")).wait()
        copy = self.create_from(source, volume_xml("copy", MIB))
        self.assertEqual(self.get(copy, "Capacity"), 2 * MIB)
        self.assertEqual(self.download(copy), self.download(source))
        for path in (f"{self.pool}/volumes/absent", self.pool, ROOT):
            self.assertEqual(self.error(self.create_from, path, volume_xml("x")), "UnknownObject")


class Permissions(Case):
    def test_variables(self):
        volume = self.create("v")
        self.host.polkit.set_rules(permit(
            "action.id == 'org.vireo.vireo1.storage-vol.resize'"
            " && action.lookup('pool_name') == 'default-pool'"
            f" && action.lookup('pool_uuid') == '{DEFAULT_UUID}'"
            " && action.lookup('vol_name') == 'v' && action.lookup('owner') == 'root'"
            " && action.lookup('vol_key') == '/default-pool/v'"))
        outcome = self.nobody.call(volume, "StorageVolume", "Resize",
                                   text("(ta{sv})", 2 * MIB, {}))
        self.assertIsNone(outcome.error)
        self.assertEqual(self.get(volume, "Capacity"), 2 * MIB)
        outcome = self.nobody.call(volume, "StorageVolume", "Delete", NO_OPTIONS)
        self.assertEqual(outcome.error.code, "NotAuthorized")

    def test_a_new_volume_is_the_pool_owners(self):
        """Who may do what they like with their own does not get into the pools of others."""
        self.host.polkit.set_rules(permit("action.lookup('owner') == 'nobody'"))
        outcome = self.nobody.call(self.pool, "StoragePool", "CreateVolume",
                                   text("(sa{sv})", volume_xml("mine"), {}))
        self.assertEqual(outcome.error.code, "NotAuthorized")
        self.host.polkit.set_rules(permit("action.lookup('vol_name') == 'mine'"))
        outcome = self.nobody.call(self.pool, "StoragePool", "CreateVolume",
                                   text("(sa{sv})", volume_xml("mine"), {}))
        self.addCleanup(self.remove_volume, outcome.unpack())

    def test_building_takes_more(self):
        pool = self.define("plain")
        self.host.polkit.allow("nobody", "storage-pool.start")
        outcome = self.nobody.call(pool, "StoragePool", "Start", "({'build': <true>},)")
        self.assertEqual(outcome.error.code, "NotAuthorized")
        self.assertIn("storage-pool.format", outcome.error.message)
        self.assertIsNone(self.nobody.call(pool, "StoragePool", "Start", NO_OPTIONS).error)
        self.host.polkit.set_rules(permit(
            "action.id.match(/storage-pool.(write|start)$/)"))
        outcome = self.nobody.call(CONNECTION, "Connection", "CreateStoragePool",
                                   text("(sa{sv})", pool_xml("built"), on(build=True)))
        self.assertIn("storage-pool.format", outcome.error.message)

    def create_from(self, source):
        return self.nobody.call(self.pool, "StoragePool", "CreateVolumeFrom",
                                text("(soa{sv})", volume_xml("copy"), source, {}))

    def test_a_copy_reads_its_source(self):
        source = self.create("source")
        self.host.polkit.allow("nobody", "storage-vol.create")
        outcome = self.create_from(source)
        self.assertEqual(outcome.error.code, "NotAuthorized")
        self.assertIn("storage-vol.data-read", outcome.error.message)
        self.host.polkit.set_rules(permit("action.id.match(/storage-vol.(create|data-read)$/)"))
        self.addCleanup(self.remove_volume, self.create_from(source).unpack())

    def test_a_hidden_source_is_like_none(self):
        hidden = self.create("hidden")
        absent = f"{self.pool}/volumes/absent"
        for rest in ("", permit("action.id.match(/storage-vol.(create|data-read)$/)")):
            self.host.polkit.set_rules(hide(("vol_name", "hidden")) + rest)
            errors = [self.create_from(path).error for path in (hidden, absent)]
            self.assertEqual(errors[0].name, errors[1].name)
            self.assertEqual(errors[0].message.replace(hidden, absent), errors[1].message)

    def test_hidden_ones(self):
        hidden = self.create("hidden")
        shown = self.create("shown")
        self.host.polkit.set_rules(hide(("vol_name", "hidden")))
        listed = self.nobody.call(self.pool, "StoragePool", "ListVolumes", NO_OPTIONS).unpack()
        self.assertEqual(listed, [shown])
        for method, word in (("LookupStorageVolumeByKey", "/default-pool/hidden"),
                             ("LookupStorageVolumeByPath", "/default-pool/hidden")):
            outcome = self.nobody.call(CONNECTION, "Connection", method, f"('{word}',)")
            self.assertEqual(outcome.error.code, "NotFound")
        # Nor what is in a pool that may not be seen.
        self.host.polkit.set_rules(hide(("pool_name", "default-pool")))
        for path in (self.pool, shown, hidden):
            outcome = self.nobody.call(path, "org.freedesktop.DBus.Properties", "GetAll", "('',)")
            self.assertEqual(outcome.error.code, "UnknownObject")


vireotest.main()
