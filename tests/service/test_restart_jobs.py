#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients find of a job when the daemon was killed in the middle of it."""

import os
import subprocess

import vireotest
from members import CONNECTION
from vireotest.client import ROOT
from worklib import WorkCase, guest_xml, options

COPY = "<disk type='file'><source file='/images/copy'/><target dev='vda'/></disk>"
NO_OPTIONS = "(@a{sv} {},)"


class RestartedJobs(WorkCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.host.daemon

    def records(self):
        return sorted(path.name for path in (self.daemon.run / "jobs").glob("*.job"))

    def properties(self, job):
        return self.client.get_all(job, "Job")

    def slow_copy(self):
        """A copy of the disk of a running domain that takes very long."""
        path = self.define("<t:delay block-job='600000'/>")
        return path, self.call(path, "BlockCopy", "(ssa{sv})", "vda", COPY, {})

    def kill_and_restart(self):
        self.daemon.kill_and_restart()
        self.client.subscribe()

    def assert_interrupted(self, job, path, operation):
        now = self.properties(job)
        self.assertEqual((now["State"], now["Operation"], now["Objects"], now["StartedByUid"]),
                         ("failed", operation, [path], 0))
        self.assertTrue(now["Error"].endswith(".Error.Interrupted"), now["Error"])
        self.assertIn(operation, now["ErrorMessage"])
        self.assertGreaterEqual(now["EndedAt"], now["StartedAt"])
        self.assertFalse(now["Cancelable"])
        self.assertEqual(self.error(job, "Wait", interface="Job").code, "Interrupted")
        self.assertEqual(self.error(job, "Cancel", interface="Job").code, "InvalidState")

    def test_background_job(self):
        path, job = self.slow_copy()
        before = self.properties(job)
        self.assertEqual(before["State"], "running")
        self.kill_and_restart()
        self.assertFalse(self.client.exists(path))
        self.assert_interrupted(job, path, "domain-block-copy")
        self.assertEqual(self.properties(job)["StartedAt"], before["StartedAt"])
        self.assertIn(job, self.client.managed_objects())
        # And after one more daemon.
        self.kill_and_restart()
        self.assert_interrupted(job, path, "domain-block-copy")

    def test_job_of_a_call(self):
        """Somebody saw it on the domain: the call itself died with the daemon."""
        path = self.define("<t:delay start='600000'/>", start=False)
        self.client.call_async(path, "Domain", "Start", "(a{sv})", {})
        vireotest.wait_until(lambda: self.get(path, "CurrentJob") != "/", 10, "the job")
        job = self.get(path, "CurrentJob")
        self.kill_and_restart()
        self.assert_interrupted(job, path, "domain-start")

    def test_numbers_are_not_given_again(self):
        _, job = self.slow_copy()
        self.kill_and_restart()
        _, second = self.slow_copy()
        # Nothing of them is left but how far the numbers had come.
        self.daemon.kill()
        for name in self.records():
            (self.daemon.run / "jobs" / name).unlink()
        self.daemon.start()
        _, third = self.slow_copy()
        numbers = [int(path.rsplit("/", 1)[1]) for path in (job, second, third)]
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_nothing_is_left_of_what_ended(self):
        path = self.define(start=False)
        before = self.records()
        self.call(path, "Start")
        vireotest.wait_until(lambda: self.records() == before, 10, "the record to go")
        path, job = self.slow_copy()
        self.call(job, "Cancel", interface="Job")
        self.assertEqual(self.error(job, "Wait", interface="Job").code, "Cancelled")
        self.kill_and_restart()
        # How it ended is known still.
        self.assertEqual(self.properties(job)["State"], "cancelled")
        self.assertEqual(self.error(job, "Wait", interface="Job").code, "Cancelled")

    def test_a_result_survives_a_restart_in_order(self):
        path = self.define()
        job = self.call(path, "BlockCopy", "(ssa{sv})", "vda", COPY, {})
        self.client.wait_for(job, "Job", "State", "ready")
        self.call(path, "AbortBlockJob", "(sa{sv})", "vda", options(pivot=True))
        self.call(job, "Wait", interface="Job")
        self.daemon.restart()
        self.call(job, "Wait", interface="Job")
        self.assertEqual(self.properties(job)["State"], "completed")

    def test_who_sees_it(self):
        """Those who saw the domain, which is gone."""
        self.host.polkit.set_rules(
            "polkit.addRule(function(action, subject) {"
            " if (subject.user != 'nobody' || action.id.indexOf('org.vireo.vireo1.') != 0)"
            "  return polkit.Result.NOT_HANDLED;"
            " return action.lookup('domain_name') == 'guest-hidden' ? polkit.Result.NO"
            "  : polkit.Result.YES; });")
        seen, job = self.slow_copy()
        hidden = self.call(CONNECTION, "CreateDomain", "(sa{sv})", guest_xml(
            "guest-hidden", 999, "<t:delay block-job='600000'/>"), {}, interface="Connection")
        hidden_job = self.call(hidden, "BlockCopy", "(ssa{sv})", "vda", COPY, {})
        caller = self.host.caller()
        for turn in ("before", "after"):
            outcome = caller.call(job, "org.freedesktop.DBus.Properties", "Get",
                                  "('org.vireo.Vireo1.Job', 'Operation')")
            self.assertIsNone(outcome.error, turn)
            for member in ("Wait", "Cancel"):
                self.assertEqual(caller.call(hidden_job, "Job", member, NO_OPTIONS).error.code,
                                 "UnknownObject", turn)
            managed = caller.call(ROOT, "org.freedesktop.DBus.ObjectManager",
                                  "GetManagedObjects").unpack()
            self.assertIn(job, managed, turn)
            self.assertNotIn(hidden_job, managed, turn)
            if turn == "before":
                self.kill_and_restart()
                caller = self.host.caller()
        self.assertIn(hidden_job, self.client.managed_objects())

    def test_damaged_record(self):
        _, job = self.slow_copy()
        _, other = self.slow_copy()
        self.daemon.kill()
        record = self.daemon.run / "jobs" / (job.rsplit("/", 1)[1] + ".job")
        record.write_bytes(record.read_bytes()[:40])
        self.daemon.start()
        self.assertFalse(self.client.exists(job))
        self.assertEqual(self.properties(other)["State"], "failed")
        self.assertIn("cannot be told", self.daemon.log_file.read_text())
        self.assertFalse(record.exists())

    def test_full_disk(self):
        """The job is what counts, not its record."""
        folder = self.daemon.run / "jobs"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "none", folder],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        (folder / "filler").write_bytes(b"x" * os.statvfs(folder).f_bsize)
        path = self.define()
        job = self.call(path, "BlockCopy", "(ssa{sv})", "vda", COPY, {})
        self.client.wait_for(job, "Job", "State", "ready")
        self.call(path, "AbortBlockJob", "(sa{sv})", "vda", options(pivot=True))
        self.call(job, "Wait", interface="Job")
        self.assertEqual(self.properties(job)["State"], "completed")
        self.assertIn("is not on disk", self.daemon.log_file.read_text())
        self.assertEqual(self.records(), [])


if __name__ == "__main__":
    vireotest.main()
