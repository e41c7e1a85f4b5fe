#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Block jobs: pulls, commits and copies that go on while the guest runs, and how they end."""

import vireotest
from worklib import WorkCase, options

COPY = "<disk type='file'><source file='{}'/><target dev='vda'/></disk>"
SLOW = "<t:delay block-job='60000'/>"


class BlockJobs(WorkCase):
    def chain(self, metadata=""):
        """A running domain whose disk has two overlays: top, middle, and the image itself."""
        path = self.define(metadata)
        for name in ("middle", "top"):
            self.call(path, "CreateSnapshot", "(sa{sv})",
                      f"<domainsnapshot><name>{name}</name></domainsnapshot>",
                      options(disk_only=True, no_metadata=True))
        self.image = f"/images/{self.get(path, 'Name')}-vda"
        self.assertEqual(self.images(path), ["top", "middle", "qcow2"])
        return path

    def images(self, path):
        """The last part of the names of the images of the chain, the active one first."""
        xml = self.xml(path).split("<disk ")[1].split("<mirror")[0]
        return [part.split("'")[0].removeprefix(self.image + ".")
                for part in xml.split("source file='")[1:]]

    def begin(self, path, method, **how):
        return self.call(path, method, "(sa{sv})", "vda", options(**how))

    def copy(self, path, **how):
        return self.call(path, "BlockCopy", "(ssa{sv})", "vda", COPY.format(self.copy_of(path)),
                         options(**how))

    def copy_of(self, path):
        return f"/images/copy-of-{self.get(path, 'Name')}"

    def info(self, path):
        return self.call(path, "GetBlockJobInfo", "(sa{sv})", "vda", {})

    def abort(self, path, **how):
        self.call(path, "AbortBlockJob", "(sa{sv})", "vda", options(**how))

    def finish(self, job):
        self.call(job, "Wait", interface="Job")
        self.assertEqual(self.get(job, "State", "Job"), "completed")

    def test_pull(self):
        path = self.chain()
        watch = self.watch(path, member="BlockJob")
        job = self.begin(path, "BlockPull", base="vda[2]")
        self.assertEqual(self.get(job, "Operation", "Job"), "domain-block-pull")
        self.assertEqual(self.get(job, "Objects", "Job"), [path])
        self.finish(job)
        self.assertEqual(watch.wait().args, ("vda", "pull", "completed"))
        self.assertEqual(self.images(path), ["top", "qcow2"])
        self.finish(self.begin(path, "BlockPull"))
        self.assertEqual(self.images(path), ["top"])
        self.assertEqual(self.get(path, "Jobs"), [])
        self.assertEqual(self.get(job, "Progress", "Job"), 1)

    def test_commit(self):
        path = self.chain()
        self.finish(self.begin(path, "BlockCommit", top=self.image + ".middle"))
        self.assertEqual(self.images(path), ["top", "qcow2"])
        self.error(path, "BlockCommit", "(sa{sv})", "vda", {}, code="InvalidArgument",
                   names="active")
        job = self.begin(path, "BlockCommit", active=True)
        self.client.wait_for(job, "Job", "State", "ready")
        self.assertIn("job='active-commit' ready='yes'", self.xml(path))
        self.abort(path, pivot=True)
        self.finish(job)
        self.assertEqual(self.images(path), ["qcow2"])
        self.assertIn(f"{self.image}.qcow2", self.xml(path, inactive=True))
        self.assertNotIn("<mirror", self.xml(path))

    def test_copy_and_pivot(self):
        path = self.chain()
        watch = self.watch(path, member="BlockJob")
        job = self.copy(path)
        self.assertEqual(watch.wait().args, ("vda", "copy", "ready"))
        self.assertEqual(self.get(job, "State", "Job"), "ready")
        self.assertIn("job='copy' ready='yes'", self.xml(path))
        self.assertEqual(self.info(path)["cur"], self.info(path)["end"])
        self.error(path, "BlockPull", "(sa{sv})", "vda", {}, code="Busy", names="vda")
        self.error(path, "CreateSnapshot", "(sa{sv})", "<domainsnapshot/>", {}, code="Busy")
        self.abort(path, pivot=True)
        self.assertEqual(watch.wait().args, ("vda", "copy", "completed"))
        self.assertEqual(self.images(path), [self.copy_of(path)])
        self.assertIn(self.copy_of(path), self.xml(path, inactive=True))

    def test_speed_progress_and_cancel(self):
        path = self.chain(SLOW)
        watch = self.watch(path, member="BlockJob")
        job = self.copy(path, bandwidth=4096)
        self.assertEqual(self.get(path, "Jobs"), [job])
        self.assertEqual(self.get(path, "CurrentJob"), "/")
        info = self.info(path)
        self.assertEqual((info["type"], info["bandwidth"], info["job"]), ("copy", 4096, job))
        self.error(path, "AbortBlockJob", "(sa{sv})", "vda", options(pivot=True),
                   code="InvalidState", names="not ready")
        self.call(path, "SetBlockJobSpeed", "(sta{sv})", "vda", 0, {})
        self.client.wait_for(job, "Job", "Rate", (1 << 30) * 1000 // 60000)
        vireotest.wait_until(lambda: self.get(job, "Progress", "Job") > 0, 10, "progress")
        # The slot is free: other things can be done with the domain meanwhile.
        self.call(path, "Suspend")
        self.call(path, "Resume")
        self.call(job, "Cancel", interface="Job")
        self.assertEqual(watch.wait().args, ("vda", "copy", "canceled"))
        self.assertEqual(self.error(job, "Wait", interface="Job").code, "Cancelled")
        self.assertEqual(self.get(job, "State", "Job"), "cancelled")
        self.assertEqual(self.images(path), ["top", "middle", "qcow2"])
        self.assertNotIn("<mirror", self.xml(path))
        self.assertEqual(self.info(path), {})

    def test_the_domain_stops(self):
        path = self.chain(SLOW)
        job = self.begin(path, "BlockPull")
        self.call(path, "Destroy")
        self.assertEqual(self.get(job, "State", "Job"), "failed")
        self.assertIn("stopped", self.get(job, "ErrorMessage", "Job"))
        self.error(path, "BlockPull", "(sa{sv})", "vda", {}, code="InvalidState", names="active")

    def test_a_failure(self):
        path = self.chain("<t:fail block-job='out of room'/>")
        error = self.error(self.begin(path, "BlockPull"), "Wait", interface="Job")
        self.assertEqual(error.code, "Hypervisor")
        self.assertIn("out of room", error.message)
        self.assertEqual(self.images(path), ["top", "middle", "qcow2"])

    def test_what_is_wrong(self):
        path = self.chain()
        wrong = [("BlockPull", "(sa{sv})", ("vdz", {}), "NotFound", "vdz"),
                 ("BlockPull", "(sa{sv})", ("vda", options(base="/none")), "NotFound", "/none"),
                 ("BlockPull", "(sa{sv})", ("vda", options(base="vda[0]")), "InvalidArgument", ""),
                 ("BlockCommit", "(sa{sv})", ("vda", options(top="vda[2]")), "InvalidArgument", ""),
                 ("BlockCopy", "(ssa{sv})", ("vda", "<disk", {}), "XmlMalformed", ""),
                 ("BlockCopy", "(ssa{sv})", ("vda", "<rng model='virtio'/>", {}), None, ""),
                 ("AbortBlockJob", "(sa{sv})", ("vda", {}), "NotFound", "no block job"),
                 ("SetBlockJobSpeed", "(sta{sv})", ("vda", 1, {}), "NotFound", "no block job")]
        for method, signature, arguments, code, names in wrong:
            with self.subTest(method=method, arguments=arguments):
                self.error(path, method, signature, *arguments, code=code, names=names)
        self.assertEqual(self.get(path, "Jobs"), [])


vireotest.main()
