#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs in the middle of which the daemon is killed: they go on where they can, or are undone."""

import ctypes
import errno
import os
import pwd
import shutil
import signal
import socket
import subprocess
import unittest

import vireotest
from vireotest import guest, hang, samples, wait_until
from vireotest.client import GLib

# Hangs instead of doing what it is asked for, once it has been let pass that many times.
WRAPPER = """#!/bin/sh
if [ -e {folder}/hang ]; then
  left=$(cat {folder}/hang)
  if [ "$left" -le 0 ]; then echo $$ > {folder}/hanging; exec sleep 1000; fi
  echo $((left - 1)) > {folder}/hang
fi
exec {program} "$@"
"""


# asm/unistd.h: the same on every architecture.
PIDFD_GETFD = 438
# What the daemon writes to have work on snapshots done, and what QEMU writes when it has begun.
TOLD, BEGUN = b'"snapshot-', b'"JOB_STATUS_CHANGE"'


def is_there(pid):
    return os.path.exists(f"/proc/{pid}")


def unread_in(pid, number):
    """What waits in a socket of another process; nothing of what is none, or listens."""
    if not os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:"):
        return b""
    process = os.pidfd_open(pid)
    ours = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, number, 0)
    os.close(process)
    if ours < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    with socket.socket(fileno=ours) as waiting:
        try:
            return waiting.recv(1 << 20, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EINVAL, errno.ENOTCONN):
                return b""
            raise


class RestartedJobs(unittest.TestCase):
    def setUp(self):
        self.tools = vireotest.work_folder("restart-tools")
        self.addCleanup(shutil.rmtree, self.tools, ignore_errors=True)
        wrapper = self.tools / "qemu-img"
        wrapper.write_text(WRAPPER.format(folder=self.tools, program=shutil.which("qemu-img")))
        wrapper.chmod(0o755)
        self.host = self.enterContext(vireotest.Host(
            "restart-jobs", env={"PATH": f"{self.tools}:{os.environ['PATH']}"}))
        self.daemon = self.host.daemon
        self.client = self.host.client
        self.connection = self.client.open("qemu:///system")

    def call(self, path, interface, method, signature="(a{sv})", *args, **options):
        options = {name.replace("_", "-"): GLib.Variant("b", value)
                   for name, value in options.items()}
        return self.client.call(path, interface, method, signature, *args, options, timeout=60)

    def begin(self, path, interface, method, signature="(a{sv})", *args):
        """A call that dies with the daemon."""
        return self.client.call_async(path, interface, method, signature, *args, {}, timeout=60)

    def jobs(self):
        return [path for path in self.client.managed_objects() if "/jobs/" in path]

    def the_job(self, kind=None):
        """The one that is going on, whose record is written as far as that kind."""
        def find():
            for record in (self.daemon.run / "jobs").glob("*.job"):
                if kind is None or kind in record.read_text():
                    return f"{vireotest.ROOT}/jobs/{record.stem}"
            return None
        return wait_until(find, 20, "the record of the job")

    def properties(self, job):
        return self.client.get_all(job, "Job")

    def same(self, job, before):
        now = self.properties(job)
        for name in ("Operation", "Objects", "StartedAt", "StartedByUid"):
            self.assertEqual(now[name], before[name])
        return now

    def wait_error(self, job):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(job, "Job", "Wait")
        return caught.exception

    def hang_after(self, calls):
        (self.tools / "hang").write_text(str(calls))

    def hung(self):
        def read():
            path = self.tools / "hanging"
            return int(path.read_text()) if path.exists() and path.read_text().strip() else None
        return wait_until(read, 20, "qemu-img to hang")

    def let_go(self):
        for name in ("hang", "hanging"):
            (self.tools / name).unlink(missing_ok=True)


class Snapshots(RestartedJobs):
    DISKS = 1

    @classmethod
    def setUpClass(cls):
        cls.image = guest.build()

    def setUp(self):
        super().setUp()
        self.disks = [self.host.folder / f"disk{n}.qcow2" for n in range(self.DISKS)]
        for disk in self.disks:
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
            disk.chmod(0o600)
        devices = "".join(samples.disk(disk, target=f"vd{'abc'[n]}")
                          for n, disk in enumerate(self.disks))
        image = guest.install(self.image, self.host.folder / "guest")
        self.domain = self.client.call(self.connection, "Connection", "DefineDomain", "(sa{sv})",
                                       samples.guest_domain("kept", image, devices), {})
        self.addCleanup(self.destroy)

    def destroy(self):
        self.daemon.check_alive()
        if self.client.get(self.domain, "Domain", "Active"):
            self.call(self.domain, "Domain", "Destroy")

    def snapshot_xml(self, name):
        return f"<domainsnapshot><name>{name}</name></domainsnapshot>"

    def create(self, name):
        return self.call(self.domain, "Domain", "CreateSnapshot", "(sa{sv})",
                         self.snapshot_xml(name))

    def known(self):
        return sorted(self.client.get(path, "DomainSnapshot", "Name")
                      for path in self.client.managed_objects() if "/snapshots/" in path)

    def on_disk(self, number=0):
        done = subprocess.run(["qemu-img", "snapshot", "-U", "-l", self.disks[number]], check=True,
                              capture_output=True, text=True)
        return sorted(line.split()[1] for line in done.stdout.splitlines()[2:])

    def status(self):
        path, = (self.daemon.run / "qemu" / "status").glob("*.status")
        return path.read_text()

    def qemu(self):
        values = dict(line.split("=", 1) for line in self.status().splitlines() if "=" in line)
        return int(values["pid"])

    def hold(self):
        """Has QEMU hang, so that what it is told next waits."""
        self.pid = self.qemu()
        if self.client.get(self.domain, "Domain", "Active"):
            # A caller has its answer before QEMU has been told to forget the job.
            wait_until(lambda: self.call(self.domain, "Domain", "RunMonitorCommand", "(saha{sv})",
                                         '{"execute": "query-jobs"}', []) == "[]", 20, "no job")
        hang(self.pid)
        self.addCleanup(self.go_on)

    def go_on(self):
        if is_there(self.pid):
            os.kill(self.pid, signal.SIGCONT)

    def unread(self, pid, text):
        """Whether a socket of @pid holds @text that it has not read."""
        return any(text in unread_in(pid, int(number)) for number in os.listdir(f"/proc/{pid}/fd"))

    def kill_before(self, path, interface, method, *args):
        """Kills the daemon when it has told QEMU to begin, which has not heard it. Returns the job
        and its properties."""
        self.hold()
        self.begin(path, interface, method, *args)
        job = self.the_job("qemu-snapshot")
        wait_until(lambda: self.unread(self.pid, TOLD), 20, "QEMU to be told")
        before = self.properties(job)
        self.assertEqual((before["State"], before["StartedByUid"], before["Objects"]),
                         ("running", 0, [self.domain]))
        hang(self.daemon.pid)
        return job, before

    def kill_in(self, *call):
        """The same, when QEMU has begun."""
        job, before = self.kill_before(*call)
        os.kill(self.pid, signal.SIGCONT)
        wait_until(lambda: self.unread(self.daemon.pid, BEGUN), 20, "QEMU to begin")
        hang(self.pid)
        self.daemon.kill()
        return job, before


class OfRunningGuests(Snapshots):
    def setUp(self):
        super().setUp()
        self.call(self.domain, "Domain", "Start")

    def test_goes_on(self):
        said = self.host.folder / "said"
        job, before = self.kill_in(self.domain, "Domain", "CreateSnapshot", "(sa{sv})",
                                   self.snapshot_xml("one"))
        with open(said, "wb") as file:
            waiting = subprocess.Popen([vireotest.built("src/cli/vireoctl"), "job", "wait", job],
                                       env=self.host.bus.environment(), stdout=file, stderr=file)
        wait_until(lambda: "waiting for it" in said.read_text(), 20, "the command to wait")
        self.daemon.start()
        self.assertEqual(self.same(job, before)["State"], "running")
        self.assertEqual(self.client.get(self.domain, "Domain", "CurrentJob"), job)
        self.assertEqual(waiting.poll(), None)
        # It has the slot: nobody else is let in.
        second = self.begin(self.domain, "Domain", "CreateSnapshot", "(sa{sv})",
                            self.snapshot_xml("two"))
        self.go_on()
        self.call(job, "Job", "Wait")
        self.assertEqual(self.same(job, before)["State"], "completed")
        second.wait(60)
        self.assertEqual(waiting.wait(60), 0, said.read_text())
        self.assertIn("completed", said.read_text())
        self.assertEqual(self.known(), ["one", "two"])
        self.assertEqual(self.on_disk(), ["one", "two"])
        self.client.wait_for(self.domain, "Domain", "State", "running")
        self.daemon.kill_and_restart()
        self.assertEqual(self.known(), ["one", "two"])
        self.assertEqual(self.properties(job)["State"], "completed")

    def test_never_begun(self):
        """QEMU drops what it was told by who has gone."""
        job, before = self.kill_before(self.domain, "Domain", "CreateSnapshot", "(sa{sv})",
                                       self.snapshot_xml("one"))
        self.daemon.kill()
        self.daemon.start()
        self.go_on()
        self.assertEqual(self.wait_error(job).code, "Interrupted")
        self.same(job, before)
        self.assertEqual((self.known(), self.on_disk()), ([], []))

    def test_ends_while_nobody_is_there(self):
        job, before = self.kill_in(self.domain, "Domain", "CreateSnapshot", "(sa{sv})",
                                   self.snapshot_xml("one"))
        self.go_on()
        wait_until(lambda: self.on_disk() == ["one"], 60, "the snapshot")
        self.daemon.start()
        self.call(job, "Job", "Wait")
        self.assertEqual(self.same(job, before)["State"], "completed")
        self.assertEqual(self.known(), ["one"])
        current, = [path for path in self.client.managed_objects() if "/snapshots/" in path]
        self.assertTrue(self.client.get(current, "DomainSnapshot", "Current"))

    def test_the_guest_dies_meanwhile(self):
        job, before = self.kill_in(self.domain, "Domain", "CreateSnapshot", "(sa{sv})",
                                   self.snapshot_xml("one"))
        os.kill(self.pid, signal.SIGKILL)
        wait_until(lambda: not is_there(self.pid), 20, "QEMU to end")
        self.daemon.start()
        self.assertEqual(self.wait_error(job).code, "HypervisorDied")
        self.assertEqual(self.same(job, before)["State"], "failed")
        self.assertEqual(self.known(), [])
        self.assertFalse(self.client.get(self.domain, "Domain", "Active"))

    def test_is_on_its_user_s_account(self):
        """And seen by who could see it, only."""
        self.daemon.restart()
        (self.daemon.config / "vireod.conf").write_text("[Quotas]\nJobs=1\n")
        self.daemon.restart()
        self.host.polkit.set_rules(
            "polkit.addRule(function(action, subject) {"
            " if (action.id.indexOf('org.vireo.vireo1.') == 0 && subject.user == 'nobody')"
            " return polkit.Result.YES;"
            " if (action.id.indexOf('org.vireo.vireo1.domain.') == 0 && subject.user == 'daemon')"
            " return polkit.Result.NO; });")
        create = (self.domain, "Domain", "CreateSnapshot",
                  f"('{self.snapshot_xml('one')}', @a{{sv}} {{}})")
        wait = ("Job", "Wait", "(@a{sv} {},)")
        caller = self.host.caller()
        self.hold()
        caller.start_many([create])
        job = self.the_job("qemu-snapshot")
        wait_until(lambda: self.unread(self.pid, TOLD), 20, "QEMU to be told")
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.properties(job)["StartedByUid"], pwd.getpwnam("nobody").pw_uid)
        caller = self.host.caller()
        self.assertEqual(caller.call(*create).error.code, "QuotaExceeded")
        self.assertEqual(self.host.caller("daemon").call(job, *wait).error.code, "UnknownObject")
        self.go_on()
        self.assertEqual(caller.call(job, *wait).error.code, "Interrupted")
        self.assertIsNone(caller.call(*create).error)

    def test_fails_while_nobody_is_there(self):
        self.create("one")
        path, = [path for path in self.client.managed_objects() if "/snapshots/" in path]
        # What it would go back to is not there any more.
        self.call(self.domain, "Domain", "Destroy")
        subprocess.run(["qemu-img", "snapshot", "-d", "one", self.disks[0]], check=True)
        self.call(self.domain, "Domain", "Start")
        job, before = self.kill_in(path, "DomainSnapshot", "Revert")
        self.go_on()
        self.daemon.start()
        self.assertEqual(self.wait_error(job).code, "Hypervisor")
        self.assertEqual(self.same(job, before)["State"], "failed")

    def test_revert_and_delete(self):
        self.create("one")
        path, = [path for path in self.client.managed_objects() if "/snapshots/" in path]
        job, before = self.kill_in(path, "DomainSnapshot", "Revert")
        self.assertEqual(before["Operation"], "domain-revert-snapshot")
        self.daemon.start()
        self.go_on()
        self.call(job, "Job", "Wait")
        self.same(job, before)
        self.client.wait_for(self.domain, "Domain", "State", "running")
        (self.daemon.run / "jobs" / (job.rsplit("/", 1)[1] + ".job")).unlink()

        job, before = self.kill_in(path, "DomainSnapshot", "Delete")
        self.daemon.start()
        self.go_on()
        self.call(job, "Job", "Wait")
        self.assertEqual(self.same(job, before)["State"], "completed")
        self.assertEqual((self.known(), self.on_disk()), ([], []))


class Life(Snapshots):
    """Of domains: how it ended is seen in the guest."""

    def record(self, number, operation):
        """As a daemon leaves it that was killed in the middle."""
        about = f"[('{self.domain}', @a{{ss}} {{}}), ('{self.connection}', @a{{ss}} {{}})]"
        (self.daemon.run / "jobs" / f"{number}.job").write_text(
            f"{{'operation': <'{operation}'>, 'uid': <uint32 0>, 'started-at': <uint64 7>,"
            f" 'slot': <true>, 'about': <<{about}>>}}")
        return f"{vireotest.ROOT}/jobs/{number}"

    def test_start_and_stop_that_came_to_their_end(self):
        for method, ends, fails in (("Start", "domain-start", "domain-destroy"),
                                    ("Destroy", "domain-destroy", "domain-start")):
            with self.subTest(method):
                self.call(self.domain, "Domain", method)
                self.daemon.kill()
                good, bad = self.record(90001, ends), self.record(90002, fails)
                self.daemon.start()
                self.call(good, "Job", "Wait")
                self.assertEqual(self.properties(good)["State"], "completed")
                self.assertEqual(self.wait_error(bad).code, "Interrupted")
                self.daemon.terminate()
                for path in (self.daemon.run / "jobs").glob("*.job"):
                    path.unlink()
                self.daemon.start()

    def test_stop_goes_on(self):
        self.call(self.domain, "Domain", "Start")
        self.hold()
        self.begin(self.domain, "Domain", "Destroy")
        job = self.the_job("domain-destroy")
        wait_until(lambda: "phase=stopping" in self.status(), 20, "the record of the guest")
        before = self.properties(job)
        self.daemon.kill()
        self.assertTrue(is_there(self.pid))
        self.daemon.start()
        self.call(job, "Job", "Wait")
        self.assertEqual(self.same(job, before)["State"], "completed")
        self.assertFalse(self.client.get(self.domain, "Domain", "Active"))
        self.assertFalse(is_there(self.pid))


class OfImages(Snapshots):
    DISKS = 2

    def test_create_is_undone(self):
        self.hang_after(1)
        self.begin(self.domain, "Domain", "CreateSnapshot", "(sa{sv})", self.snapshot_xml("one"))
        pid = self.hung()
        self.assertEqual(self.on_disk(), ["one"])
        job = self.the_job("qemu-snapshot")
        before = self.properties(job)
        self.daemon.kill()
        wait_until(lambda: not is_there(pid), 20, "qemu-img to end with the daemon")
        self.let_go()
        self.daemon.start()
        self.assertEqual(self.wait_error(job).code, "Interrupted")
        self.same(job, before)
        self.assertEqual((self.on_disk(0), self.on_disk(1), self.known()), ([], [], []))
        self.create("one")
        self.assertEqual((self.on_disk(0), self.on_disk(1), self.known()),
                         (["one"], ["one"], ["one"]))

    def test_revert_and_delete_go_on(self):
        self.create("one")
        path, = [path for path in self.client.managed_objects() if "/snapshots/" in path]
        for member in ("Revert", "Delete"):
            with self.subTest(member):
                self.hang_after(1)
                self.begin(path, "DomainSnapshot", member)
                self.hung()
                job = self.the_job("qemu-snapshot")
                self.daemon.kill()
                self.let_go()
                self.daemon.start()
                self.call(job, "Job", "Wait")
                self.assertEqual(self.properties(job)["State"], "completed")
                (self.daemon.run / "jobs" / (job.rsplit("/", 1)[1] + ".job")).unlink()
        self.assertEqual((self.on_disk(0), self.on_disk(1), self.known()), ([], [], []))


class Volumes(RestartedJobs):
    def setUp(self):
        super().setUp()
        self.folder = self.host.folder / "pool"
        self.folder.mkdir()
        self.pool = self.client.call(
            self.connection, "Connection", "DefineStoragePool", "(sa{sv})",
            f"<pool type='dir'><name>p</name><target><path>{self.folder}</path></target></pool>",
            {})
        self.call(self.pool, "StoragePool", "Start")

    def volume_xml(self, name):
        return (f"<volume><name>{name}</name><capacity unit='MiB'>16</capacity>"
                "<target><format type='qcow2'/></target></volume>")

    def assert_gone(self, job, before, pid, files):
        wait_until(lambda: not is_there(pid), 20, "qemu-img to end with the daemon")
        self.let_go()
        self.daemon.start()
        self.assertEqual(self.wait_error(job).code, "Interrupted")
        self.assertEqual(self.same(job, before)["State"], "failed")
        self.assertEqual(sorted(os.listdir(self.folder)), files)
        self.assertEqual([path for path in self.client.managed_objects() if "/volumes/" in path
                          and path in before["Objects"]], [])

    def test_creation(self):
        self.hang_after(0)
        self.begin(self.pool, "StoragePool", "CreateVolume", "(sa{sv})", self.volume_xml("new"))
        pid = self.hung()
        job = self.the_job()
        before = self.properties(job)
        self.assertEqual(before["Operation"], "storage-vol-create")
        self.daemon.kill()
        self.assert_gone(job, before, pid, [])
        self.call(self.pool, "StoragePool", "CreateVolume", "(sa{sv})", self.volume_xml("new"))
        self.assertEqual(os.listdir(self.folder), ["new"])

    def test_clone(self):
        source = self.call(self.pool, "StoragePool", "CreateVolume", "(sa{sv})",
                           self.volume_xml("base"))
        self.hang_after(0)
        self.begin(self.pool, "StoragePool", "CreateVolumeFrom", "(soa{sv})",
                   self.volume_xml("copy").replace("qcow2", "raw"), source)
        pid = self.hung()
        job = self.the_job()
        before = self.properties(job)
        self.daemon.kill()
        self.assert_gone(job, before, pid, ["base"])


if __name__ == "__main__":
    vireotest.main()
