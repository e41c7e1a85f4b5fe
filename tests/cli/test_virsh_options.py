#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virsh's options by its names: they do what virsh's own page says of them."""

import base64
import subprocess
import time
import unittest

import clitest
import vireotest
from clitest import vireoctl

DISK = ("<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{}'/>"
        "<target dev='{}' bus='virtio'/>{}</disk>")


class Options(clitest.Command):
    def define_with(self, name, *devices):
        return self.define(name, f"<devices>{''.join(devices)}</devices>")

    def test_parameters(self):
        """What virsh has an option for each, are parameters here."""
        self.define_with("tuned", DISK.format("/a.raw", "vda", ""),
                         "<interface type='network'><source network='default'/>"
                         "<target dev='tap0'/><mac address='52:54:00:00:00:09'/></interface>")
        for verb, words, found in (
                ("blkdeviotune", ["vda", "--total-bytes-sec", "4096", "--config"],
                 ("total_bytes_sec", "4096")),
                ("blkdeviotune", ["--device", "vda", "--group-name=shared", "--current"],
                 ("group_name", "shared")),
                ("blkiotune", ["--weight", "300"], ("weight", "300")),
                ("blkiotune", ["--device-weights", "/dev/sda,200"],
                 ("device_weight", "/dev/sda,200")),
                ("memtune", ["--hard-limit", "900000", "--config"], ("hard_limit", "900000")),
                ("numatune", ["--mode", "strict", "--nodeset", "0"], ("numa_mode", "strict")),
                ("schedinfo", ["--set", "cpu_shares=77", "--current"], ("cpu_shares", "77")),
                ("domiftune", ["52:54:00:00:00:09", "--inbound", "100,,300"],
                 ("inbound.burst", "300"))):
            with self.subTest(verb=verb, words=words):
                self.run_ok(verb, "tuned", *words)
                key, value = found
                shown = [w for w in words[:1] if not w.startswith("--")] or ["vda"] * (
                    verb == "blkdeviotune")
                self.assertRegex(self.run_ok(verb, "tuned", *shown),
                                 rf"(?m)^{key} +{value}( |$)")
        self.assertIn("no_such_limit", self.run_fails(1, "memtune", "tuned", "--no-such-limit",
                                                      "5"))
        self.assertIn("Unknown option", self.run_fails(2, "memtune", "tuned", "--hard-limit"))
        self.assertIn("Unknown option", self.run_fails(2, "start", "tuned", "--no-such", "5"))

    def test_persistent(self):
        """Both definitions of what runs, and the one of what does not."""
        self.define_with("lasting")
        disk = DISK.format("/a.raw", "vdb", "")
        self.run_ok("attach-device", "lasting", disk, "--persistent")
        self.assertIn("vdb", self.run_ok("dumpxml", "lasting", "--inactive"))
        self.run_ok("detach-device", "lasting", disk, "--persistent")
        self.run_ok("start", "lasting")
        self.addCleanup(self.run_raw, "destroy", "lasting")
        self.run_ok("attach-device", "lasting", disk, "--persistent")
        for inactive in ([], ["--inactive"]):
            self.assertIn("vdb", self.run_ok("dumpxml", "lasting", *inactive))
        self.run_ok("attach-device", "lasting", DISK.format("/b.raw", "vdc", ""), "--current")
        self.assertNotIn("vdc", self.run_ok("dumpxml", "lasting", "--inactive"))

    def test_xpath(self):
        self.define_with("found", *(DISK.format(f"/{t}.raw", t, "") for t in ("vda", "vdb")))
        ask = lambda *words: self.run_ok("dumpxml", "found", "--xpath", *words)  # noqa: E731
        self.assertEqual(ask("//disk/target/@dev"), ' dev="vda"\n dev="vdb"\n')
        self.assertEqual(ask("string(//source[1]/@file)"), "/vda.raw\n")
        self.assertEqual(ask("count(//disk)"), "2\n")
        self.assertEqual(ask("/domain/name/text()"), "found\n")
        self.assertEqual(ask("//disk[2]/source", "--wrap"),
                         '<nodes>\n<source file="/vdb.raw"/>\n</nodes>\n')
        self.assertIn("finds nothing", self.run_fails(1, "dumpxml", "found", "--xpath", "//x"))
        self.assertIn("no XPath", self.run_fails(2, "dumpxml", "found", "--xpath", "//["))
        self.assertEqual(self.run_ok("net-dumpxml", "default", "--xpath", "//name/text()"),
                         "default\n")

    def test_lists(self):
        path = self.define("listed")
        uuid = path.rsplit("/_", 1)[1].replace("_", "-")
        self.assertIn(uuid, self.run_ok("list", "--uuid", "--all").splitlines())
        self.assertIn(f"{uuid}  listed", self.run_ok("list", "--uuid", "--name").splitlines())
        self.assertRegex(self.run_ok("list", "--title", "--table").splitlines()[0], "TITLE$")
        self.run_ok("desc", "listed", "--title", "--new-desc", "a title", "--current")
        self.assertRegex(self.run_ok("list", "--title"), "(?m)^listed .* a title$")
        self.assertNotIn("listed", self.run_ok("list", "--state-running", "--name").split())
        self.assertIn("listed", self.run_ok("list", "--without-snapshot", "--name").split())
        self.assertIn("no Uuid", self.run_fails(1, "iface-list", "--uuid"))
        self.assertEqual(self.run_ok("nodedev-list", "--cap", "net,scsi_host", "--name"),
                         self.run_ok("device", "list", "--name", "--capabilities", "net",
                                     "--capabilities", "scsi_host"))

    def test_figures(self):
        self.define("figured")
        said = self.run_ok("domstats", "--balloon", "--raw", "figured")
        self.assertIn("balloon.", said)
        self.assertNotIn("state.state", said)
        self.assertNotIn("figured", self.run_ok("domstats", "--list-active", "--state"))
        self.assertEqual(list(self.run_json("domstats", "--state", "figured").values()),
                         [{"state.state": 5, "state.reason": "unknown"}])
        self.assertEqual(self.run_json("domstats", "--state", "paused"), {})
        self.assertIn("no domain “absent”", self.run_fails(1, "domstats", "--vcpu", "absent"))
        said = self.run_ok("guestinfo", "test", "--os", "--hostname")
        self.assertIn("os.", said)
        self.assertNotIn("fs.", said)
        self.run_ok("setvcpus", "test", "2", "--current")

    def test_current_snapshot(self):
        self.define("moments")
        self.addCleanup(self.run_raw, "undefine", "moments", "--snapshots-metadata")
        self.assertIn("no snapshot", self.run_fails(1, "snapshot-revert", "moments", "--current"))
        for name in "one", "two", "three":
            self.run_ok("snapshot-create-as", "moments", name)
        self.assertRegex(self.run_ok("snapshot-info", "moments", "--current"), "(?m)^Name +three$")
        self.run_ok("snapshot-revert", "--domain", "moments", "--snapshotname", "two")
        self.run_ok("snapshot-delete", "moments", "--current")
        self.assertRegex(self.run_ok("snapshot-info", "moments", "--current"), "(?m)^Name +one$")
        self.assertEqual(self.run_ok("snapshot-list", "moments", "--from", "one", "--name"),
                         "three\n")
        self.assertEqual(self.run_ok("snapshot-list", "moments", "--current", "--descendants",
                                     "--inactive", "--name"), "three\n")
        self.run_ok("snapshot-revert", "moments", "--current")

    def test_trees(self):
        self.define("grown")
        self.addCleanup(self.run_raw, "undefine", "grown", "--snapshots-metadata")
        for name, after in (("root", None), ("a", "root"), ("b", "a"), ("c", "root")):
            if after:
                self.run_ok("snapshot-revert", "grown", after)
            self.run_ok("snapshot-create-as", "grown", name)
        self.assertEqual(self.run_ok("snapshot-list", "grown", "--tree"),
                         "root\n├─ a\n│  └─ b\n└─ c\n")
        said = self.run_ok("nodedev-list", "--tree").splitlines()
        self.assertEqual(said[0], "computer")
        self.assertEqual(len(said), len(self.run_ok("nodedev-list", "--name").splitlines()))
        self.assertIn("no Parent", self.run_fails(1, "list", "--tree"))

    def volume(self, name):
        self.run_ok("vol-create-as", "default-pool", name, "1M")
        self.addCleanup(self.run_raw, "vol-delete", "default-pool", name)
        return f"/default-pool/{name}"

    def test_storage_goes_with_its_domain(self):
        one, two, shared, medium = (self.volume(n) for n in ("one", "two", "shared", "medium"))
        disks = (DISK.format(one, "vda", ""), DISK.format(two, "vdb", ""),
                 DISK.format(shared, "vdc", "<shareable/>"),
                 DISK.format(medium, "sda", "<readonly/>").replace("'disk'>", "'cdrom'>"))
        self.define_with("goes", *disks)
        volumes = lambda: set(self.run_ok("vol-list", "default-pool", "--name").split())  # noqa
        before = volumes()
        for words, said in ((["--storage", "vdq"], "vdq"), (["--storage", "vda,/x"], "/x"),
                            (["--wipe-storage"], "--storage")):
            self.assertIn(said, self.run_fails(1 + (len(words) == 1), "undefine", "goes", *words))
            self.assertIn("goes", self.run_ok("list", "--name").split())
        self.run_ok("start", "goes")
        self.assertIn("active", self.run_fails(1, "undefine", "goes", "--remove-all-storage"))
        self.run_ok("destroy", "goes")
        self.assertEqual(volumes(), before)
        self.run_ok("undefine", "goes", "--storage", two)
        self.assertEqual(volumes(), before - {"two"})
        self.define_with("goes", disks[0], *disks[2:])
        self.run_ok("undefine", "goes", "--remove-all-storage", "--wipe-storage")
        self.assertEqual(volumes(), before - {"one", "two"})
        self.define_with("outside", DISK.format("/nowhere.raw", "vda", ""))
        self.assertIn("the disk vda", self.run_fails(1, "undefine", "outside",
                                                     "--remove-all-storage"))
        self.assertIn("outside", self.run_ok("list", "--name").split())

    def test_block_jobs(self):
        self.define_with("copied", DISK.format("/guest/d", "vdb", ""))
        self.run_ok("start", "copied")
        self.addCleanup(self.run_raw, "destroy", "copied")
        self.run_ok("blockcopy", "copied", "--path", "vdb", "--dest", "/guest/copy.raw",
                    "--verbose", "--bytes")
        self.run_ok("blockjob", "copied", "vdb", "--bandwidth", "4096", "--bytes")
        self.assertIn("4096", self.run_ok("blockjob", "copied", "vdb", "--info"))
        self.run_ok("blockjob", "copied", "--path", "vdb", "--abort", "--pivot")
        self.assertIn("/guest/copy.raw", self.run_ok("domblklist", "copied", "--details"))

    def test_secrets(self):
        uuid = "aaaaaaaa-0000-4000-8000-0000000000f1"
        self.run_ok("secret-define", f"<secret><uuid>{uuid}</uuid></secret>")
        self.addCleanup(self.run_raw, "secret-undefine", uuid)
        file = self.host.folder / "value"
        file.write_bytes(base64.b64encode(b"in the file") + b"\n")
        self.run_ok("secret-set-value", uuid, "--file", str(file))
        self.assertEqual(self.run_ok("secret-get-value", uuid, "--plain"), "in the file")
        self.run_ok("secret-set-value", uuid, "--file", str(file), "--plain")
        self.assertEqual(self.run_ok("secret-get-value", uuid, "--plain"), file.read_text())
        # By our own name a file is what it is.
        file.write_bytes(b"raw!")
        self.run_ok("secret", "set-value", uuid, str(file))
        self.assertEqual(self.run_ok("secret-get-value", uuid, "--plain"), "raw!")
        for words in (["--file", str(file)], ["--base64", "raw!"], ["--base64", "abc"]):
            self.assertIn("base64", self.run_fails(2, "secret-set-value", uuid, *words))

    def test_ssh_keys(self):
        """virsh adds keys; our own verb says which there are to be."""
        first, second = (f"ssh-ed25519 AAAA{n} {n}@host" for n in ("one", "two"))
        def keys():
            return self.run_ok("get-user-sshkeys", "test", "root")
        for words, wanted in ((["--file", "-", "--reset"], {first}), (["--file", "-"],
                                                                    {first, second})):
            self.run_ok("set-user-sshkeys", "test", "root", *words,
                        stdin="\n".join(wanted - {first} or wanted))
            self.assertEqual({k for k in (first, second) if k in keys()}, wanted)
        self.run_ok("domain", "set-ssh-keys", "test", "root", "-", stdin=second)
        self.assertNotIn(first, keys())

    def test_events(self):
        self.define("watched")
        watching = subprocess.Popen(
            vireoctl("-c", "test", "event", "--domain", "watched", "--event", "lifecycle",
                     "--timestamp", "--count", "1", "--timeout", "30"),
            env=self.env, stdout=subprocess.PIPE, text=True)
        self.addCleanup(watching.kill)
        limit = time.monotonic() + 30
        while watching.poll() is None and time.monotonic() < limit:
            self.run_raw("start", "watched")
            self.run_raw("destroy", "watched")
        said = watching.communicate(timeout=10)[0]
        self.assertEqual(watching.returncode, 0, said)
        self.assertIn("Lifecycle", said)

    def test_values_are_no_options(self):
        self.define("odd")
        self.run_ok("desc", "odd", "--new-desc", "--current")
        self.assertEqual(self.run_ok("desc", "odd"), "--current\n")
        self.run_ok("desc", "odd", "--", "--config")
        self.assertEqual(self.run_ok("desc", "odd"), "--config\n")


vireotest.main()
