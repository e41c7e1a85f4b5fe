#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backups: pushed, pulled, of what has changed since a checkpoint, and how they end."""

import vireotest
from members import permit, text
from worklib import WorkCase

SLOW = "<t:delay block-job='60000'/>"
CHECKPOINT = "<domaincheckpoint><name>{}</name></domaincheckpoint>"
PULL = ("<domainbackup mode='pull'>{}<server name='localhost' port='10809'/>"
        "<disks><disk name='vda'/></disks></domainbackup>")


class Backup(WorkCase):
    def begin(self, path, xml="<domainbackup/>", checkpoint=""):
        return self.call(path, "BeginBackup", "(ssa{sv})", xml, checkpoint, {})

    def refused(self, path, code, names, xml="<domainbackup/>", checkpoint=""):
        self.error(path, "BeginBackup", "(ssa{sv})", xml, checkpoint, {}, code=code, names=names)

    def xml_of(self, path):
        return self.call(path, "GetBackupXml")

    def state_of(self, job):
        return self.get(job, "State", "Job")

    def test_push(self):
        path = self.define("<t:delay block-job='300'/>", disks=("vda", "vdb"))
        watch = self.watch(path)
        job = self.begin(path)
        self.assertEqual(self.get(job, "Operation", "Job"), "domain-backup")
        self.assertEqual(self.get(path, "Jobs"), [job])
        name = self.get(path, "Name")
        xml = self.xml_of(path)
        self.assertIn("<domainbackup mode='push'", xml)
        self.assertRegex(xml, "<disk name='vdb' backup='yes' type='file' backupmode='full'")
        self.assertRegex(xml, f"<target file='/images/{name}-vda.qcow2.[0-9]+'")
        self.call(job, "Wait", interface="Job")
        self.assertEqual(self.state_of(job), "completed")
        self.assertEqual(self.get(path, "Jobs"), [])
        seen = []
        while not seen or seen[-1].member != "JobCompleted":
            seen.append(watch.wait())
        self.assertEqual([s.args for s in seen if s.member == "BlockJob"],
                         [("vda", "backup", "completed"), ("vdb", "backup", "completed")])
        stats = seen[-1].args[0]
        self.assertEqual((stats["operation"], stats["success"]), ("domain-backup", True))
        self.assertEqual(stats["data_processed"], 2 << 30)
        self.error(path, "GetBackupXml", code="InvalidState")
        self.error(path, "EndBackup", code="InvalidState")

    def test_incremental(self):
        """A checkpoint is made with a backup, and the next one is of what has changed since."""
        path = self.define("<t:delay block-job='20'/>")
        first = self.begin(path, checkpoint=CHECKPOINT.format("monday"))
        checkpoint = self.call(path, "LookupCheckpointByName", "(s)", "monday")
        self.call(first, "Wait", interface="Job")
        second = self.begin(path, "<domainbackup><incremental>monday</incremental></domainbackup>",
                            CHECKPOINT.format("tuesday"))
        self.assertEqual(self.get(second, "BytesTotal", "Job") * 16,
                         self.get(first, "BytesTotal", "Job"))
        self.assertRegex(self.xml_of(path), "backupmode='incremental' incremental='monday'")
        self.assertIn("vda.qcow2.tuesday", self.xml_of(path))
        self.call(second, "Wait", interface="Job")
        self.assertEqual(self.get(self.call(path, "LookupCheckpointByName", "(s)", "tuesday"),
                                  "Parent", "DomainCheckpoint"), checkpoint)
        self.refused(path, "NotFound", "sunday",
                     "<domainbackup><incremental>sunday</incremental></domainbackup>",
                     CHECKPOINT.format("wednesday"))
        # One that was not begun makes no checkpoint.
        self.error(path, "LookupCheckpointByName", "(s)", "wednesday", code="NotFound")

    def test_pull(self):
        path = self.define(disks=("vda", "vdb"))
        job = self.begin(path, PULL.format(""))
        self.assertEqual(self.state_of(job), "ready")
        xml = self.xml_of(path)
        self.assertIn("exportname='vda'", xml)
        self.assertIn(".scratch'", xml)
        self.assertIn("<disk name='vdb' backup='no'", xml)
        self.call(path, "EndBackup")
        self.assertEqual(self.state_of(job), "completed")
        self.refused(path, "XmlInvalid", "server", "<domainbackup mode='pull'/>")
        self.refused(path, "XmlInvalid", "server",
                     "<domainbackup><server name='x'/></domainbackup>")
        self.refused(path, "XmlInvalid", "scratch", "<domainbackup><disks><disk name='vda'>"
                     "<scratch file='/x'/></disk></disks></domainbackup>")

    def test_what_ends_it(self):
        for end, state, code in (
                (lambda path, job: self.call(path, "EndBackup"), "cancelled", "Cancelled"),
                (lambda path, job: self.call(job, "Cancel", interface="Job"),
                 "cancelled", "Cancelled"),
                (lambda path, job: self.call(path, "Destroy"), "failed", "InvalidState")):
            path = self.define(SLOW)
            job = self.begin(path)
            end(path, job)
            vireotest.wait_until(lambda job=job, state=state: self.state_of(job) == state, 10,
                                 state)
            with self.assertRaises(vireotest.BusError) as caught:
                self.call(job, "Wait", interface="Job")
            self.assertEqual(caught.exception.code, code)
            self.assertEqual(self.get(path, "Jobs"), [])

    def test_fails(self):
        path = self.define("<t:delay block-job='20'/><t:fail block-job='disk on fire'/>")
        job = self.begin(path)
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(job, "Wait", interface="Job")
        self.assertIn("disk on fire", caught.exception.message)

    def test_one_at_a_time(self):
        path = self.define(SLOW)
        job = self.begin(path)
        self.refused(path, "Busy", "backup")
        self.error(path, "BlockPull", "(sa{sv})", "vda", {}, code="Busy")
        self.error(path, "CreateSnapshot", "(sa{sv})", "<domainsnapshot/>", {}, code="Busy",
                   names="backup")
        info = self.call(path, "GetBlockJobInfo", "(sa{sv})", "vda", {})
        self.assertEqual((info["type"], info["job"]), ("backup", job))
        self.call(path, "EndBackup")
        self.call(path, "BlockPull", "(sa{sv})", "vda", {})
        self.refused(path, "Busy", "block job")

    def test_refused(self):
        path = self.define(start=False)
        self.refused(path, "InvalidState", "not active")
        self.call(path, "Start")
        for code, names, disks in (
                ("NotFound", "vdz", "<disk name='vdz'/>"),
                ("InvalidArgument", "twice", "<disk name='vda'/><disk name='vda'/>"),
                ("InvalidArgument", "no disk", "<disk name='vda' backup='no'/>")):
            self.refused(path, code, names, f"<domainbackup><disks>{disks}</disks></domainbackup>")
        self.refused(path, "XmlMalformed", "", "<domainbackup")
        self.refused(path, "XmlMalformed", "", "<domainbackup/>", "<nothing")
        self.assertEqual(self.get(path, "Jobs"), [])

    def test_who_may(self):
        path = self.define("<t:delay block-job='10'/>")
        nobody = self.host.caller("nobody")
        self.addCleanup(self.host.polkit.set_rules, "")

        def begin(xml):
            return nobody.call(path, "Domain", "BeginBackup", text("(ssa{sv})", xml, "", {})).error
        self.assertEqual(begin("<domainbackup/>").code, "NotAuthorized")
        self.host.polkit.set_rules(permit(
            "action.id == 'org.vireo.vireo1.domain.checkpoint' || "
            "action.id == 'org.vireo.vireo1.domain.block-write'"))
        self.assertEqual(begin("<domainbackup><disks><disk name='vda'><target file='/etc/x'/>"
                               "</disk></disks></domainbackup>").code, "NotAuthorized")
        vireotest.wait_until(lambda: begin("<domainbackup/>") is None, 10, "the rule")


vireotest.main()
