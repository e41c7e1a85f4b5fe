#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Folders as storage pools of the QEMU connection: files, images, attacks on them, and kills."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

import vireotest
from vireotest.client import ROOT, Client, GLib
from vireotest.wait import wait_until

CONNECTION = f"{ROOT}/connections/qemu"
OPTIONS = "(a{sv})"
MIB = 1 << 20


def on(**options):
    return {name.replace("_", "-"): GLib.Variant("b", True) for name in options}


def volume_xml(name, capacity=MIB, allocation=0, form="raw", more="", target=""):
    return (f"<volume><name>{name}</name><capacity>{capacity}</capacity>"
            f"<allocation>{allocation}</allocation>{more}"
            f"<target><format type='{form}'/>{target}</target></volume>")


def image_info(path):
    out = subprocess.run(["qemu-img", "info", "--output=json", "-f", "qcow2", path],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vireo-pool-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.host = vireotest.Host("storage", arguments=["--drivers=qemu"]).start()
        self.addCleanup(self.host.stop)
        self.client = self.host.client
        self.path = self.folder / "pool"
        self.pool = self.define("images", self.path)
        self.call(self.pool, "Start", OPTIONS, on(build=True))

    def define(self, name, path):
        return self.client.call(
            CONNECTION, "Connection", "DefineStoragePool", "(sa{sv})",
            f"<pool type='dir'><name>{name}</name><uuid>{uuid.uuid4()}</uuid>"
            f"<target><path>{path}</path></target></pool>", {})

    def call(self, path, method, signature=OPTIONS, *args):
        interface = "StorageVolume" if "/volumes/" in path else "StoragePool"
        return self.client.call(path, interface, method, signature, *(args or ({},)))

    def error(self, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(*args)
        return caught.exception.code

    def create(self, name, *args, options=None, **more):
        return self.call(self.pool, "CreateVolume", "(sa{sv})", volume_xml(name, *args, **more),
                         options or {})

    def create_from(self, source, name, *args, options=None, **more):
        return self.call(self.pool, "CreateVolumeFrom", "(soa{sv})",
                         volume_xml(name, *args, **more), source, options or {})

    def get(self, path, name):
        interface = "StorageVolume" if "/volumes/" in path else "StoragePool"
        return self.client.get(path, interface, name)

    def volume(self, name):
        return self.call(self.pool, "LookupVolumeByName", "(s)", name)

    def names(self):
        found = self.call(self.pool, "GetVolumes", "(asa{sv})", ["Name"], {})
        return sorted(v["Name"] for v in found.values())

    def upload(self, volume, contents):
        with tempfile.TemporaryFile() as file:
            file.write(contents)
            file.seek(0)
            self.client.call_async(volume, "StorageVolume", "Upload", "(ha{sv})", 0, {},
                                   fds=[file.fileno()]).wait()

    def download(self, volume):
        with tempfile.TemporaryFile() as file:
            self.client.call_async(volume, "StorageVolume", "Download", "(ha{sv})", 0, {},
                                   fds=[file.fileno()]).wait()
            file.seek(0)
            return file.read()


class Folder(Case):
    def test_room_and_features(self):
        room = os.statvfs(self.path)
        self.assertEqual(self.get(self.pool, "Capacity"), room.f_frsize * room.f_blocks)
        self.assertEqual(self.get(self.pool, "State"), "running")
        xml = ElementTree.fromstring(self.client.call(
            CONNECTION, "Connection", "GetStoragePoolCapabilities", OPTIONS, {}))
        supported = {p.get("type") for p in xml if p.get("supported") == "yes"}
        self.assertEqual(supported, {"dir"})
        with self.assertRaises(vireotest.BusError) as caught:
            self.client.call(CONNECTION, "Connection", "DefineStoragePool", "(sa{sv})",
                             "<pool type='logical'><name>vg</name></pool>", {})
        self.assertEqual(caught.exception.code, "ConfigUnsupported")

    def test_a_folder_that_is_not_there(self):
        pool = self.define("absent", self.folder / "absent")
        self.assertEqual(self.error(pool, "Start"), "MissingResource")
        self.assertEqual(self.get(pool, "State"), "inactive")
        self.call(pool, "Build")
        self.call(pool, "Start")
        (self.folder / "absent" / "x").touch()
        self.call(pool, "Destroy")
        self.assertEqual(self.error(pool, "Delete"), "Io")
        (self.folder / "absent" / "x").unlink()
        self.call(pool, "Delete")
        self.assertFalse((self.folder / "absent").exists())

    def test_it_is_kept_current(self):
        with self.client.watch(member="InterfacesAdded") as added, \
                self.client.watch(member="InterfacesRemoved") as removed:
            (self.path / "new.img").write_bytes(bytes(MIB))
            volume = added.wait(matching=lambda s: "/volumes/" in s.args[0]).args[0]
            self.assertEqual(self.get(volume, "Capacity"), MIB)
            (self.path / "new.img").rename(self.path / "other.img")
            self.assertEqual(removed.wait().args[0], volume)
            wait_until(lambda: self.names() == ["other.img"], 10, "the new name")

    def test_clients_of_org_libvirt_hear_that_it_changed(self):
        """They know no signal of volumes: what they hear is that the pool was refreshed."""
        pool = f"/org/libvirt/QEMU/storagepool/{self.pool.rsplit('/', 1)[1]}"
        with Client(self.host.bus.address, "org.libvirt") as client, client.watch(
                path=pool, interface="org.libvirt.StoragePool") as watch:
            client.call(pool, "org.libvirt.StoragePool", "ListStorageVolumes", "(u)", 0)
            file = self.path / "new.img"
            for change in (lambda: file.write_bytes(bytes(MIB)), file.unlink):
                change()
                self.assertEqual(watch.wait().member, "Refresh")
            self.create("ours")
            client.call(pool, "org.libvirt.StoragePool", "Refresh", "(u)", 0)
            self.assertEqual(watch.wait().member, "Refresh")
            self.assertEqual(watch.signals, [])

    def test_it_goes_away_and_comes_back(self):
        self.create("kept")
        self.path.rename(self.folder / "away")
        self.client.wait_for(self.pool, "StoragePool", "State", "inaccessible")
        self.assertEqual(self.names(), [])
        (self.folder / "away").rename(self.path)
        self.client.wait_for(self.pool, "StoragePool", "State", "running")
        self.assertEqual(self.names(), ["kept"])

    def test_what_is_no_volume(self):
        secret = self.folder / "secret"
        secret.write_text("secret")
        (self.path / "link").symlink_to(secret)
        (self.path / "sub").mkdir()
        os.mkfifo(self.path / "pipe")
        (self.path / ".vireo-mine").touch()
        (self.path / "a\nb").touch()
        (self.path / "plain").touch()
        self.call(self.pool, "Refresh")
        self.assertEqual(self.names(), ["plain"])
        # A file that becomes a link while it is known is not followed.
        volume = self.volume("plain")
        (self.path / "plain").unlink()
        (self.path / "plain").symlink_to(secret)
        with tempfile.TemporaryFile() as file:
            download = self.client.call_async(volume, "StorageVolume", "Download", "(ha{sv})", 0,
                                              {}, fds=[file.fileno()])
            with self.assertRaises(vireotest.BusError):
                download.wait()
            file.seek(0)
            self.assertEqual(file.read(), b"")

    def test_it_survives_the_daemon(self):
        self.create("kept")
        self.client.set(self.pool, "StoragePool", "Autostart", "b", True)
        stopped = self.define("stopped", self.folder / "stopped")
        self.host.daemon.kill_and_restart()
        self.assertEqual(self.get(self.pool, "State"), "running")
        self.assertEqual(self.names(), ["kept"])
        self.assertEqual(self.get(stopped, "State"), "inactive")
        self.call(self.pool, "Destroy")
        self.host.daemon.restart()
        # It starts with the host, not with the daemon.
        self.assertEqual(self.get(self.pool, "State"), "inactive")
        # What was answered stays so, whatever becomes of the daemon.
        self.call(self.pool, "Start")
        self.host.daemon.kill_and_restart()
        self.assertEqual(self.get(self.pool, "State"), "running")
        self.call(self.pool, "Destroy")
        self.host.daemon.kill_and_restart()
        self.assertEqual(self.get(self.pool, "State"), "inactive")

    def test_pools_of_others(self):
        """The service does not read for somebody what they could not read themselves."""
        self.host.polkit.allow("nobody", "storage-pool.write", "storage-pool.save",
                               "storage-pool.start")
        nobody = self.host.caller("nobody")
        pool = nobody.call(CONNECTION, "Connection", "DefineStoragePool", GLib.Variant(
            "(sa{sv})", ("<pool type='dir'><name>theirs</name><target><path>/root</path></target>"
                         "</pool>", {})).print_(True)).unpack()
        outcome = nobody.call(pool, "StoragePool", "Start", "(@a{sv} {},)")
        self.assertEqual(outcome.error.code, "Access")


class Raw(Case):
    def test_a_life(self):
        volume = self.create("disk.img", 4 * MIB, MIB)
        status = (self.path / "disk.img").stat()
        self.assertEqual((status.st_size, status.st_mode & 0o777, status.st_uid),
                         (4 * MIB, 0o600, os.getuid()))
        self.assertGreaterEqual(status.st_blocks * 512, MIB)
        self.assertLess(status.st_blocks * 512, 4 * MIB)
        self.assertEqual((self.get(volume, "Format"), self.get(volume, "Capacity")),
                         ("raw", 4 * MIB))
        self.call(volume, "Resize", "(ta{sv})", 6 * MIB, on(allocate=True))
        self.assertEqual((self.path / "disk.img").stat().st_size, 6 * MIB)
        self.call(volume, "Delete")
        self.assertEqual(list(self.path.iterdir()), [])

    def test_permissions(self):
        self.create("theirs", target="<permissions><mode>0640</mode><owner>65534</owner>"
                                     "<group>65534</group></permissions>")
        status = (self.path / "theirs").stat()
        self.assertEqual((status.st_mode & 0o777, status.st_uid, status.st_gid),
                         (0o640, 65534, 65534))

    def test_contents(self):
        contents = os.urandom(MIB)
        volume = self.create("contents")
        self.upload(volume, contents)
        self.assertEqual((self.path / "contents").read_bytes(), contents)
        copy = self.create_from(volume, "copy", 2 * MIB)
        self.assertEqual(self.download(copy), contents + bytes(MIB))
        self.call(volume, "Wipe")
        self.assertEqual((self.path / "contents").read_bytes(), bytes(MIB))

    def test_a_name_that_is_taken(self):
        volume = self.create("one")
        self.upload(volume, b"kept" * 4)
        self.assertEqual(self.error(self.pool, "CreateVolume", "(sa{sv})", volume_xml("one"), {}),
                         "NameInUse")
        # Also when the service has not heard of it.
        self.call(self.pool, "Destroy")
        (self.path / "two").write_text("kept")
        self.call(self.pool, "Start")
        self.assertEqual(self.error(self.pool, "CreateVolume", "(sa{sv})", volume_xml("two"), {}),
                         "NameInUse")
        self.assertEqual((self.path / "two").read_text(), "kept")

    def test_too_large(self):
        before = set(self.path.iterdir())
        huge = 1 << 60
        code = self.error(self.pool, "CreateVolume", "(sa{sv})", volume_xml("huge", huge, huge), {})
        self.assertIn(code, ("NoSpace", "Io"))
        self.assertEqual(set(self.path.iterdir()), before)
        self.assertEqual(self.names(), [])

    def test_what_a_guest_writes_is_no_format(self):
        """A raw disk whose guest writes the header of an image that is over the host's files."""
        header = self.folder / "header.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "/etc/shadow", "-F",
                        "raw", header, "1M"], check=True)
        volume = self.create("guest", 4 * MIB)
        with open(self.path / "guest", "r+b") as file:
            file.write(header.read_bytes())
        self.call(self.pool, "Refresh")
        if self.get(volume, "Format") != "raw":
            self.skipTest("the file system remembers no attributes")
        self.assertNotIn("backingStore", self.call(volume, "GetXml"))
        copy = self.create_from(volume, "copy", form="qcow2")
        self.assertEqual(image_info(self.path / "copy")["virtual-size"], 4 * MIB)
        self.assertEqual(self.get(copy, "Format"), "qcow2")


class Image(Case):
    def test_a_life(self):
        volume = self.create("a.qcow2", 64 * MIB, form="qcow2")
        info = image_info(self.path / "a.qcow2")
        self.assertEqual((info["format"], info["virtual-size"]), ("qcow2", 64 * MIB))
        self.assertEqual((self.get(volume, "Format"), self.get(volume, "Capacity")),
                         ("qcow2", 64 * MIB))
        self.assertLess(self.get(volume, "Physical"), MIB)
        self.call(volume, "Resize", "(ta{sv})", 80 * MIB, {})
        self.assertEqual(image_info(self.path / "a.qcow2")["virtual-size"], 80 * MIB)
        self.assertEqual(self.get(volume, "Capacity"), 80 * MIB)
        self.call(volume, "Resize", "(ta{sv})", 16 * MIB, on(shrink=True))
        self.assertEqual(self.get(volume, "Capacity"), 16 * MIB)

    def test_options(self):
        self.create("o", MIB, form="qcow2", options=on(prealloc_metadata=True),
                    target="<compat>0.10</compat><clusterSize unit='KiB'>128</clusterSize>")
        info = image_info(self.path / "o")
        self.assertEqual((info["cluster-size"], info["format-specific"]["data"]["compat"]),
                         (128 * 1024, "0.10"))
        for form, code in (("vmdk", "ConfigUnsupported"), ("luks", "ConfigUnsupported")):
            self.assertEqual(self.error(self.pool, "CreateVolume", "(sa{sv})",
                                        volume_xml("x", form=form), {}), code)

    def test_one_over_another(self):
        self.create("base", 4 * MIB)
        below = f"<backingStore><path>{self.path}/base</path><format type='raw'/></backingStore>"
        volume = self.create("over", 8 * MIB, form="qcow2", more=below)
        info = image_info(self.path / "over")
        self.assertEqual((info["backing-filename"], info["backing-filename-format"]),
                         (f"{self.path}/base", "raw"))
        xml = ElementTree.fromstring(self.call(volume, "GetXml"))
        self.assertEqual(xml.findtext("backingStore/path"), f"{self.path}/base")
        guess = f"<backingStore><path>{self.path}/base</path></backingStore>"
        self.assertEqual(self.error(self.pool, "CreateVolume", "(sa{sv})",
                                    volume_xml("x", form="qcow2", more=guess), {}), "XmlInvalid")

    def test_copies(self):
        contents = os.urandom(MIB)
        raw = self.create("raw")
        self.upload(raw, contents)
        image = self.create_from(raw, "image", 4 * MIB, form="qcow2")
        self.assertEqual(self.get(image, "Capacity"), 4 * MIB)
        back = self.create_from(image, "back")
        self.assertEqual(self.download(back), contents + bytes(3 * MIB))
        self.assertEqual((self.path / "image").stat().st_uid, os.getuid())

    def test_the_files_of_the_host_stay_its_own(self):
        """An image that names a file of the host is not read through."""
        secret = self.folder / "secret"
        secret.write_bytes(b"secret".ljust(MIB, b"!"))
        link = self.path / "link"
        link.symlink_to(secret)
        for number, below in enumerate((secret, link, "/dev/sda")):
            evil = self.folder / "evil"
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", below, "-F",
                            "raw", evil, "1M"], check=True)
            volume = self.create(f"evil{number}", MIB, form="qcow2")
            self.upload(volume, evil.read_bytes())
            for call in (("CreateVolumeFrom", "(soa{sv})", volume_xml("out"), volume, {}),):
                self.assertIn(self.error(self.pool, *call), ("ConfigUnsupported", "Io"))
            self.assertIn(self.error(volume, "Resize", "(ta{sv})", 2 * MIB, {}),
                          ("ConfigUnsupported", "Io"))
        self.assertNotIn("out", self.names())

    def test_an_image_that_is_open_elsewhere(self):
        volume = self.create("busy", MIB, form="qcow2")
        process = subprocess.Popen(
            ["qemu-io", "-f", "qcow2", self.path / "busy"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.communicate, b"quit\n")
        process.stdin.write(b"length\n")
        process.stdin.flush()
        process.stdout.readline()
        for call in (("Wipe",), ("Resize", "(ta{sv})", 2 * MIB, {})):
            self.assertEqual(self.error(volume, *call), "Busy")


class Disks(Case):
    """Volumes as the disks of machines, which name the pool and not the path."""

    def machine(self, volume, device="disk", pool="images", name="uses", more="",
                caller=None):
        xml = (f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>"
               f"<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
               f"<disk type='volume' device='{device}'><driver name='qemu' type='qcow2'/>"
               f"<source pool='{pool}' volume='{volume}'{more}/>"
               f"<target dev='sda' bus='sata'/></disk></devices></domain>")
        if caller is None:
            return self.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})", xml, {})
        return caller.call(CONNECTION, "Connection", "DefineDomain", GLib.Variant(
            "(sa{sv})", (xml, {})).print_(True)).unpack()

    def start(self, domain):
        self.addCleanup(self.destroy, domain)
        return self.client.call(domain, "Domain", "Start", OPTIONS, on(paused=True))

    def destroy(self, domain):
        if self.client.get(domain, "Domain", "Active"):
            self.client.call(domain, "Domain", "Destroy", OPTIONS, {})

    def refused(self, domain):
        with self.assertRaises(vireotest.BusError) as caught:
            self.start(domain)
        return caught.exception

    def figured_path(self, domain):
        stats = self.client.call(domain, "Domain", "GetStats", "(asa{sv})", ["block"], {})
        return stats["block.0.path"]

    def test_a_machine_on_a_volume(self):
        self.create("disk.qcow2", 8 * MIB, form="qcow2")
        domain = self.machine("disk.qcow2")
        info = self.client.call(domain, "Domain", "GetBlockInfo", "(sa{sv})", "sda", {})
        self.assertEqual(info[0], 8 * MIB)
        self.assertEqual(self.figured_path(domain), str(self.path / "disk.qcow2"))
        self.start(domain)
        live = ElementTree.fromstring(self.client.call(domain, "Domain", "GetXml", OPTIONS, {}))
        disk = live.find("devices/disk")
        self.assertEqual(disk.get("type"), "volume")
        self.assertEqual(disk.find("source").get("pool"), "images")
        self.assertIsNone(disk.find("source").get("file"))
        info = self.client.call(domain, "Domain", "GetBlockInfo", "(sa{sv})", "sda", {})
        self.assertEqual(info[0], 8 * MIB)
        self.assertEqual(self.figured_path(domain), str(self.path / "disk.qcow2"))
        other = self.machine("disk.qcow2", name="second")
        self.assertEqual(self.refused(other).code, "Busy")
        self.host.daemon.kill()
        self.host.daemon.start()
        self.client.open("qemu:///system")
        self.client.wait_for(domain, "Domain", "State", "paused")

    def test_volumes_that_are_not_there(self):
        domain = self.machine("missing.qcow2")
        error = self.refused(domain)
        self.assertEqual(error.code, "MissingResource")
        self.assertIn("missing.qcow2", error.message)
        self.assertIn("sda", error.message)
        error = self.refused(self.machine("disk", pool="nowhere", name="other"))
        self.assertEqual(error.code, "MissingResource")
        empty = self.machine("missing.qcow2", "cdrom", name="empty",
                             more=" startupPolicy='optional'")
        self.start(empty)
        live = self.client.call(empty, "Domain", "GetXml", OPTIONS, {})
        self.assertNotIn("missing.qcow2", live)
        self.create("missing.qcow2", form="qcow2")
        self.call(self.pool, "Destroy")
        error = self.refused(domain)
        self.assertEqual(error.code, "InvalidState")
        self.assertIn("images", error.message)

    def test_volumes_of_others(self):
        """A user learns nothing of pools that are not theirs, whatever is in them."""
        rules = vireotest.SOURCE / "data/polkit/examples/vireo-own-machines.rules"
        self.host.polkit.set_rules(rules.read_text())
        nobody = self.host.caller("nobody")
        self.create("disk.qcow2", form="qcow2")
        there = self.machine("disk.qcow2", name="there", caller=nobody)
        absent = self.machine("absent.qcow2", name="absent", caller=nobody)
        said = []
        for domain in (there, absent):
            outcome = nobody.call(domain, "Domain", "Start", "(@a{sv} {},)")
            said.append((outcome.error.code, outcome.error.message.replace("absent", "disk")))
        self.assertEqual(said[0], said[1])
        self.assertEqual(said[0][0], "MissingResource")


class Kills(Case):
    def test_nothing_half_made(self):
        """A daemon that is killed while it copies leaves nothing that looks like a volume."""
        source = self.create("source", 64 * MIB)
        with open(self.path / "source", "r+b") as file:
            file.write(os.urandom(64 * MIB))
        self.client.call_async(self.pool, "StoragePool", "CreateVolumeFrom", "(soa{sv})",
                               volume_xml("copy", form="qcow2"), source, {})
        wait_until(lambda: "copy" in self.names(), 10, "the copy's beginning")
        self.host.daemon.kill_and_restart()
        if "copy" in self.names():
            self.assertEqual(image_info(self.path / "copy")["virtual-size"], 64 * MIB)
        self.assertEqual([p.name for p in self.path.iterdir() if p.name.startswith(".")], [])

    def test_cancelled(self):
        source = self.create("source", 64 * MIB)
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        upload = self.client.call_async(source, "StorageVolume", "Upload", "(ha{sv})", 0, {},
                                        fds=[read])
        os.close(read)
        job = wait_until(lambda: self.job_of(source), 10, "the job")
        # Who is written to cannot be copied meanwhile.
        self.assertEqual(self.error(self.pool, "CreateVolumeFrom", "(soa{sv})", volume_xml("c"),
                                    source, {}), "Busy")
        self.client.wait_for(job, "Job", "Cancelable", True)
        self.client.call(job, "Job", "Cancel", OPTIONS, {})
        with self.assertRaises(vireotest.BusError) as caught:
            upload.wait()
        self.assertEqual(caught.exception.code, "Cancelled")

    def job_of(self, volume):
        job = self.get(volume, "CurrentJob")
        return job if job != "/" else None


vireotest.main()
