#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options that make a difference that is seen only with a guest or files of one's own: the test
driver does what they say, or says that it cannot."""

import socket

import vireotest
from members import CONNECTION
from vireotest.client import GLib
from worklib import WorkCase, options

POOL = "<pool type='dir'><name>{0}</name><target><path>/pools/{0}</path></target></pool>"
VOLUME = "<volume><name>{}</name><capacity>1048576</capacity></volume>"
AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
CDROM = ("<disk type='file' device='cdrom'><source file='/images/{}.iso'/>"
         "<target dev='sda' bus='sata'/><readonly/></disk>")
OVERLAY = ("<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='{}'/></disk>"
           "</disks></domainsnapshot>")
BACKUP = ("<domainbackup><disks><disk name='vda' type='file'><target file='{}'/></disk></disks>"
          "</domainbackup>")
COPY = "<disk type='file'><source file='{}'/><target dev='vda'/></disk>"
QUICK = "<t:delay block-job='20' migrate='60'/>"
SLOW = "<t:delay migrate='60000'/>"


class Case(WorkCase):
    count = 0

    def define_with(self, devices, metadata=""):
        """A running domain with more devices."""
        path = self.define(metadata, start=False)
        xml = self.xml(path).replace("</devices>", devices + "</devices>")
        self.call(path, "SetXml", "(sa{sv})", xml, {})
        self.call(path, "Start")
        return path

    def pool(self):
        Case.count += 1
        path = self.client.call(CONNECTION, "Connection", "CreateStoragePool", "(sa{sv})",
                                POOL.format(f"pool{Case.count}"), {})
        self.addCleanup(self.call, path, "Destroy", interface="StoragePool")
        return path

    def volume(self, name):
        """The path of a new volume, and that of its object."""
        volume = self.call(self.pool(), "CreateVolume", "(sa{sv})", VOLUME.format(name), {},
                           interface="StoragePool")
        return self.get(volume, "Path", "StorageVolume"), volume

    def finish(self, job):
        self.call(job, "Wait", interface="Job")


class Trays(Case):
    def update(self, path, medium, **how):
        return self.call(path, "UpdateDevice", "(sa{sv})", CDROM.format(medium), options(**how))

    def test_a_locked_tray(self):
        path = self.define_with(CDROM.format("one"), "<t:keep device='sata0-0-0'/>")
        self.error(path, "UpdateDevice", "(sa{sv})", CDROM.format("two"), {}, code="Hypervisor",
                   names="force")
        self.assertIn("one.iso", self.xml(path))
        # The next start is no business of what the guest does now.
        self.update(path, "next", config=True)
        self.assertIn("next.iso", self.xml(path, inactive=True))
        self.assertIn("one.iso", self.xml(path))
        watch = self.watch(path, member="TrayChanged")
        self.update(path, "two", force=True)
        self.assertIn("two.iso", self.xml(path))
        self.assertEqual([watch.wait().args[1] for _ in range(2)], ["open", "close"])

    def test_one_that_is_not_locked(self):
        path = self.define_with(CDROM.format("one"))
        self.update(path, "two")
        self.assertIn("two.iso", self.xml(path))


class Displays(Case):
    def security(self, path, **how):
        """What the display says, in RFC 6143's numbers, and the event."""
        watch = self.watch(path, member="Graphics")
        fd = self.client.call_for_fd(path, "Domain", "OpenGraphics", "(ua{sv})", 0, options(**how))
        with socket.socket(fileno=fd) as display:
            display.settimeout(10)
            self.assertEqual(display.recv(12, socket.MSG_WAITALL), b"RFB 003.008\n")
            display.sendall(b"RFB 003.008\n")
            return list(display.recv(2, socket.MSG_WAITALL)), watch.wait().args[3]

    def test_password(self):
        path = self.define_with("<graphics type='vnc' port='-1' passwd='secret'/>")
        self.assertEqual(self.security(path), ([1, 2], "vnc"))
        self.assertEqual(self.security(path, skip_auth=True), ([1, 1], "none"))

    def test_no_password(self):
        path = self.define_with("<graphics type='vnc' port='-1'/>")
        self.assertEqual(self.security(path), ([1, 1], "none"))


class Files(Case):
    """What is there is not overwritten, and what is to be used is there."""

    def both(self, path, method, signature, make, names, **how):
        """Without `reuse-external` it takes no file that is there, and with it no other."""
        there, _ = self.volume("there.img")
        self.error(path, method, signature, *make(there), options(**how), code="InvalidState",
                   names="reuse-external")
        self.error(path, method, signature, *make("/images/nowhere"),
                   options(reuse_external=True, **how), code="NotFound", names="/images/nowhere")
        result = self.call(path, method, signature, *make(there),
                           options(reuse_external=True, **how))
        self.assertIn(there, names())
        return result

    def test_snapshot(self):
        path = self.define(QUICK)
        self.both(path, "CreateSnapshot", "(sa{sv})", lambda file: (OVERLAY.format(file),),
                  lambda: self.xml(path), disk_only=True)
        # What a domain uses is there, too.
        self.error(self.define(), "CreateSnapshot", "(sa{sv})",
                   OVERLAY.format(f"/images/{self.get(path, 'Name')}-vda.qcow2"),
                   options(disk_only=True), code="InvalidState", names="reuse-external")

    def test_backup(self):
        path = self.define("<t:delay block-job='60000'/>")
        job = self.both(path, "BeginBackup", "(ssa{sv})", lambda file: (BACKUP.format(file), ""),
                        lambda: self.call(path, "GetBackupXml"))
        self.call(job, "Cancel", interface="Job")

    def test_copy(self):
        path = self.define("<t:delay block-job='60000'/>")
        job = self.both(path, "BlockCopy", "(ssa{sv})", lambda file: ("vda", COPY.format(file)),
                        lambda: self.xml(path))
        self.call(job, "Cancel", interface="Job")

    def test_what_was_committed_is_deleted(self):
        for how, left in (({}, True), ({"delete": True}, False)):
            path = self.define(QUICK)
            file, volume = self.volume("overlay.qcow2")
            self.call(path, "CreateSnapshot", "(sa{sv})", OVERLAY.format(file),
                      options(disk_only=True, no_metadata=True, reuse_external=True))
            job = self.call(path, "BlockCommit", "(sa{sv})", "vda", options(active=True, **how))
            self.client.wait_for(job, "Job", "State", "ready")
            self.call(path, "AbortBlockJob", "(sa{sv})", "vda", options(pivot=True))
            self.finish(job)
            self.assertNotIn(file, self.xml(path))
            self.assertEqual(self.client.exists(volume), left)

    def test_relative_paths(self):
        path = self.define()
        for method in ("BlockPull", "BlockCommit"):
            self.error(path, method, "(sa{sv})", "vda", options(relative=True),
                       code="ConfigUnsupported", names="relative")

    def test_pools(self):
        pool = self.pool()
        volume = self.call(pool, "CreateVolume", "(sa{sv})", VOLUME.format("a"), {},
                           interface="StoragePool")
        self.error(pool, "CreateVolumeFrom", "(soa{sv})", VOLUME.format("b"), volume,
                   options(reflink=True), interface="StoragePool", code="ConfigUnsupported",
                   names="reflink")
        inactive = self.client.call(CONNECTION, "Connection", "DefineStoragePool", "(sa{sv})",
                                    POOL.format("inactive"), {})
        self.addCleanup(self.call, inactive, "Undefine", interface="StoragePool")
        for how in ("repair", "resize"):
            self.error(inactive, "Build", "(a{sv})", options(**{how: True}),
                       interface="StoragePool", code="ConfigUnsupported", names=how)


class Agents(Case):
    def test_quiesce(self):
        makers = (("CreateSnapshot", "<domainsnapshot/>", {"disk_only": True}),
                  ("CreateCheckpoint", "<domaincheckpoint/>", {}))
        without, with_one = self.define(), self.define_with(AGENT)
        for method, xml, how in makers:
            self.error(without, method, "(sa{sv})", xml, options(quiesce=True, **how),
                       code="InvalidState", names="agent")
            self.call(with_one, method, "(sa{sv})", xml, options(quiesce=True, **how))
        self.error(with_one, "CreateCheckpoint", "(sa{sv})",
                   "<domaincheckpoint><name>x</name><creationTime>1</creationTime>"
                   "</domaincheckpoint>", options(quiesce=True, redefine=True),
                   code="InvalidArgument", names="quiesce")


class Destroying(Case):
    def test_graceful(self):
        path = self.define("<t:delay destroy='600000'/>")
        self.error(path, "Destroy", "(a{sv})", options(graceful=True),
                   code="HypervisorUnresponsive", names="graceful")
        self.assertEqual(self.get(path, "State"), "running")
        path = self.define("<t:delay destroy='10'/>")
        self.call(path, "Destroy", "(a{sv})", options(graceful=True))
        self.assertEqual(self.get(path, "State"), "shutoff")


class Questions(Case):
    def test_what_guests_can_have(self):
        ask = lambda **how: self.call(CONNECTION, "GetDomainCapabilities",  # noqa: E731
                                      "(a{sv})", options(**how), interface="Connection")
        self.assertIn("<machine>q35</machine>", ask(machine="q35", virt_type="test"))
        self.assertNotIn("<machine>", ask())
        for how in ({"arch": "z80"}, {"virt_type": "kvm"}, {"emulator": "/bin/sh"}):
            self.error(CONNECTION, "GetDomainCapabilities", "(a{sv})", options(**how),
                       interface="Connection", code="InvalidArgument",
                       names=list(how.values())[0])


class Disks(Case):
    """Of a domain that migrates."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.call("/org/vireo/Vireo1", "Manager", "OpenConnection", "(sa{sv})",
                        "test:///there", {})

    def migrate(self, path, **how):
        return self.call(path, "Migrate", "(sa{sv})", "test:///there",
                         options(live=True, **how))

    def copied(self, path, **how):
        """How many bytes of disks are copied."""
        job = self.migrate(path, **how)
        stats = self.call(path, "GetJobStats")
        self.call(job, "Cancel", interface="Job")
        vireotest.wait_until(lambda: self.get(job, "State", "Job") == "cancelled", 10, "the end")
        self.assertEqual(stats.get("disk_total", 0),
                         stats.get("disk_processed", 0) + stats.get("disk_remaining", 0))
        return stats.get("disk_total", 0)

    def test_which(self):
        path = self.define(SLOW, disks=("vda", "vdb", "vdc"))
        self.assertEqual(self.copied(path), 0)
        self.assertEqual(self.copied(path, copy_storage=True), 3 << 30)
        self.assertEqual(self.copied(path, copy_storage_increment=True), 3 << 26)
        self.assertEqual(self.copied(path, copy_storage=True, disks=["vdb", "vdc"]), 2 << 30)

    def test_it_takes_its_time_before_memory_does(self):
        path = self.define("<t:delay migrate='400'/>")
        job = self.migrate(path, copy_storage=True, postcopy=True)
        self.error(path, "StartPostcopy", code="InvalidState", names="disks")
        stats = self.call(path, "GetJobStats")
        self.assertGreater(stats["disk_remaining"], 0)
        self.assertEqual(stats["memory_remaining"], stats["memory_total"])
        watch = self.watch(path, member="JobCompleted")
        self.finish(job)
        stats = watch.wait().args[0]
        self.assertEqual((stats["disk_remaining"], stats["disk_processed"]), (0, 1 << 30))

    def test_what_is_not_copied_must_be_safe(self):
        path = self.define(SLOW, start=False, disks=("vda", "vdb"))
        self.call(path, "SetXml", "(sa{sv})", self.xml(path).replace(
            "type='qcow2'", "type='qcow2' cache='writeback'"), {})
        self.call(path, "Start")
        how = {"names": "vdb", "code": "ConfigUnsupported"}
        self.error(path, "Migrate", "(sa{sv})", "test:///there",
                   options(copy_storage=True, disks=["vda"]), **how)
        self.assertEqual(self.copied(path, copy_storage=True), 2 << 30)
        self.assertEqual(self.copied(path, copy_storage=True, disks=["vda"], unsafe=True), 1 << 30)

    def test_wrong(self):
        path = self.define_with(CDROM.format("one"))
        for how, code, names in (
                ({"disks": ["vda"]}, "InvalidOption", "copy-storage"),
                ({"copy_storage": True, "copy_storage_increment": True}, "InvalidOption", "whole"),
                ({"copy_storage": True, "disks": ["vdz"]}, "NotFound", "vdz"),
                ({"copy_storage": True, "disks": ["sda"]}, "InvalidArgument", "sda"),
                ({"offline": True, "copy_storage": True}, None, "offline")):
            with self.subTest(how):
                self.error(path, "Migrate", "(sa{sv})", "test:///there", options(**how), code=code,
                           names=names)
        self.assertIsInstance(options(disks=["vda"])["disks"], GLib.Variant)


vireotest.main()
