#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""import-libvirt, from files that a libvirt wrote in this test's own namespaces."""

import base64
import pathlib
import shutil
import subprocess
import unittest

import clitest
import vireotest
from vireotest import samples
from vireotest.wait import wait_until

NETWORK = ("<network><name>office</name><forward mode='nat'/><bridge name='virbr77'/>"
           "<ip address='192.168.77.1' netmask='255.255.255.0'><dhcp>"
           "<range start='192.168.77.10' end='192.168.77.20'/></dhcp></ip></network>")
SECRET = ("<secret ephemeral='no' private='no'><uuid>1f3ad70c-5a4e-4f5d-9c3f-8a7b6c5d4e3f</uuid>"
          "<usage type='ceph'><name>backup</name></usage></secret>")
FILTER = "<filter name='no-spoof'><rule action='drop' direction='in'/></filter>"
DOMAIN = """<domain type='qemu'><name>{name}</name><memory>65536</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>
<target dev='vda' bus='virtio'/></disk>
<interface type='network'><source network='office'/></interface></devices></domain>"""
FOLDERS = ("/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt",
           "/run/libvirt")


def missing():
    for program in ("libvirtd", "virsh", "qemu-img"):
        if not shutil.which(program):
            raise unittest.SkipTest(f"{program} is not installed")


class Libvirt:
    """A libvirtd that has its folders to itself."""

    def __init__(self, folder):
        self.folder = folder
        for name in FOLDERS:
            pathlib.Path(name).mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "vireo-test", name], check=True)
        etc = pathlib.Path("/etc/libvirt")
        (etc / "libvirtd.conf").write_text('auth_unix_rw = "none"\n')
        (etc / "qemu.conf").write_text('security_driver = "none"\ncgroup_controllers = []\n'
                                       'user = "root"\ngroup = "root"\n')

    def __enter__(self):
        log = (self.folder / "libvirtd.log").open("wb")
        self.process = subprocess.Popen(["libvirtd"], stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log)
        log.close()
        wait_until(lambda: self.virsh("uri", check=False).returncode == 0, 60,
                   lambda: (self.folder / "libvirtd.log").read_text())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def virsh(self, *words, check=True):
        done = subprocess.run(["virsh", "-q", "-c", "qemu:///system", *words], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"virsh {words}: {done.stderr}")
        return done

    def define(self, verb, text):
        file = self.folder / "document.xml"
        file.write_text(text)
        self.virsh(verb, str(file))


def fill(libvirt, folder):
    disk = folder / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disk), "1M"], check=True)
    libvirt.define("secret-define", SECRET)
    libvirt.virsh("secret-set-value", "1f3ad70c-5a4e-4f5d-9c3f-8a7b6c5d4e3f",
                  base64.b64encode(b"key").decode())
    libvirt.define("nwfilter-define", FILTER)
    libvirt.define("net-define", NETWORK)
    libvirt.virsh("net-autostart", "office")
    libvirt.virsh("pool-define-as", "shelf", "dir", "--target", str(folder))
    libvirt.virsh("pool-autostart", "shelf")
    for name in ("web", "taken"):
        libvirt.define("define", DOMAIN.format(name=name, disk=disk))
    libvirt.virsh("autostart", "web")
    # Their names are not in the order in which they follow each other.
    libvirt.virsh("snapshot-create-as", "web", "zero", "the first")
    libvirt.virsh("snapshot-create-as", "web", "alpha")
    libvirt.virsh("snapshot-create-as", "taken", "own")


class Import(clitest.Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.host.folder / "root"
        with Libvirt(cls.host.folder) as libvirt:
            fill(libvirt, cls.host.folder)
        for name in ("etc/libvirt", "var/lib/libvirt"):
            shutil.copytree(f"/{name}", cls.root / name, symlinks=True)
        etc = cls.root / "etc/libvirt"
        (etc / "qemu/broken.xml").write_text("<domain type='qemu'><name>broken</name>")
        (etc / "qemu/odd.xml").write_text(
            "<domain type='test'><name>odd</name><memory>65536</memory><os><type>hvm</type></os>"
            "<novelty/></domain>")
        (etc / "lxc").mkdir(exist_ok=True)
        (etc / "lxc/box.xml").write_text("<domain type='lxc'><name>box</name></domain>")
        lost = cls.root / "var/lib/libvirt/qemu/snapshot/gone"
        lost.mkdir(parents=True)
        (lost / "s.xml").write_text("<domainsnapshot><name>s</name></domainsnapshot>")
        (cls.root / "var/lib/libvirt/qemu/save").mkdir(exist_ok=True)
        (cls.root / "var/lib/libvirt/qemu/save/web.save").write_bytes(b"")
        # The test driver has domains of its own type only.
        for file in (*(etc / "qemu").glob("*.xml"),
                     *(cls.root / "var/lib/libvirt/qemu/snapshot").glob("*/*.xml")):
            file.write_text(file.read_text().replace("<domain type='qemu'>",
                                                     "<domain type='test'>"))

    def import_libvirt(self, *words):
        return self.run_raw("import-libvirt", "--root", str(self.root), *words)

    def names(self, *words):
        return set(self.run_ok(*words, "--name").split())

    def test_dry_run_then_import_then_nothing_left(self):
        self.define("taken")
        before = self.run_ok("dumpxml", "taken")
        plan = self.import_libvirt()
        self.assertEqual(plan.returncode, 1, plan.stderr)
        for line in (r"would import +secret +1f3ad70c-\S+ \(with its value\)",
                     r"would import +filter +no-spoof", r"would import +network +office "
                     r"\(autostart\)", r"would import +pool +shelf \(autostart\)",
                     r"would import +domain +web \(autostart\)", r"name taken +domain +taken\n"
                     r" +\S+/taken.xml: another one here has that name$",
                     r"would import +snapshot +web zero", r"would import +snapshot +web alpha",
                     r"cannot +domain +broken", r"would import +domain +odd",
                     r"cannot +snapshot +gone s", r".*/lxc/box.xml: .*not taken over",
                     r".*broken.xml: .*line 1", r".*odd.xml: .*novelty", r".*save/web.save stays",
                     r"cannot +snapshot +taken own\n +\S+: its domain is not taken over$",
                     r"Nothing was changed; --yes does it, .* not asked"):
            self.assertRegex(plan.stdout, f"(?m)^ *{line}")
        self.assertNotIn("key", plan.stdout)
        self.assertNotIn("web", self.names("list"))
        self.assertNotIn("office", self.names("net-list"))
        self.assertNotIn("no-spoof", self.names("filter", "list"))

        done = self.import_libvirt("--yes")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^imported +domain +web \(autostart\)$")
        self.assertRegex(done.stdout, r"(?m)^name taken +domain +taken$")
        self.assertEqual(self.run_ok("dumpxml", "taken"), before)
        self.assertEqual(self.names("snapshot-list", "taken"), set())
        self.assertRegex(self.run_ok("info", "web"), r"(?m)^Autostart +yes$")
        self.assertRegex(self.run_ok("info", "web"), r"(?m)^State +shutoff$")
        self.assertRegex(self.run_ok("net-info", "office"), r"(?m)^Autostart +yes$")
        self.assertRegex(self.run_ok("pool-info", "shelf"), r"(?m)^Autostart +yes$")
        self.assertEqual(base64.b64decode(self.run_ok("secret-get-value", "ceph:backup")), b"key")
        self.assertEqual(self.names("snapshot-list", "web"), {"zero", "alpha"})
        self.assertRegex(self.run_ok("snapshot-current", "web"), r"(?m)^Name +alpha$")
        self.assertRegex(self.run_ok("snapshot", "parent", "web", "alpha"), r"/snapshots/zero\n$")
        self.assertIn("no-spoof", self.names("filter", "list"))

        again = self.import_libvirt("--yes")
        self.assertNotRegex(again.stdout, r"(?m)^imported")
        self.assertRegex(again.stdout, r"(?m)^there already +snapshot +web alpha$")
        self.assertEqual(self.run_ok("dumpxml", "taken"), before)

        # What a run did not come to is taken over by the next one; what the domain has stays.
        self.run_ok("snapshot-create-as", "web", "here")
        self.run_ok("snapshot", "delete", "web", "alpha", "--metadata-only")
        self.assertRegex(self.import_libvirt().stdout, r"(?m)^would import +snapshot +web alpha$")
        rest = self.import_libvirt("--yes")
        self.assertRegex(rest.stdout, r"(?m)^imported +snapshot +web alpha$")
        self.assertRegex(rest.stdout, r"(?m)^there already +snapshot +web zero$")
        self.assertRegex(self.run_ok("snapshot-current", "web"), r"(?m)^Name +here$")

    def test_what_stays_behind_is_a_failure(self):
        lxc = self.host.folder / "lxc"
        (lxc / "etc/libvirt/lxc").mkdir(parents=True)
        self.assertEqual(self.run_raw("import-libvirt", "--root", str(lxc)).returncode, 0)
        (lxc / "etc/libvirt/lxc/box.xml").write_text("<domain type='lxc'/>")
        self.assertEqual(self.run_raw("import-libvirt", "--root", str(lxc)).returncode, 1)
        runs = self.host.folder / "runs"
        (runs / "etc/libvirt").mkdir(parents=True)
        (runs / "run/libvirt/qemu").mkdir(parents=True)
        (runs / "run/libvirt/qemu/passing.xml").write_text("<domstatus/>")
        done = self.run_raw("import-libvirt", "--root", str(runs))
        self.assertRegex(done.stdout, r"passing.xml: it runs under libvirt without a definition")
        self.assertEqual(done.returncode, 1)

    def test_nothing_there(self):
        done = self.run_raw("import-libvirt", "--root", str(self.host.folder / "nowhere"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere/etc/libvirt", done.stderr)

    def test_json(self):
        report = self.run_json("import-libvirt", "--root", str(self.root), status=1)
        rows = {(row["kind"], row["name"]): row for row in report["items"]}
        self.assertEqual(rows["domain", "broken"]["result"], "cannot")
        self.assertTrue(rows["network", "office"]["autostart"])
        self.assertTrue(any("box.xml" in notice for notice in report["notices"]))


class OnQemu(clitest.Command):
    """What libvirt takes and a driver of ours does not."""

    def import_libvirt(self, *words):
        return subprocess.run(clitest.vireoctl("import-libvirt", "--root", str(self.root), *words),
                              env=self.env, text=True, capture_output=True, timeout=60)

    def test_refused_by_a_driver(self):
        self.root = self.host.folder / "refused"
        storage = self.root / "etc/libvirt/storage"
        storage.mkdir(parents=True)
        (storage / "paths.xml").write_text("<pool type='mpath'><name>paths</name><target>"
                                          "<path>/dev/mapper</path></target></pool>")
        (storage / "folder.xml").write_text(
            "<pool type='dir'><name>folder</name><target><path>/srv/x</path></target></pool>")
        plan = self.import_libvirt()
        self.assertEqual(plan.returncode, 0, plan.stderr)
        self.assertRegex(plan.stdout, r"(?m)^would import +pool +paths$")
        done = self.import_libvirt("--yes")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^imported +pool +folder$")
        self.assertRegex(done.stdout, r"(?m)^failed +pool +paths\n +\S+/storage/paths.xml: "
                                      r"/pool/@type: .*mpath")
        again = self.import_libvirt("--yes")
        self.assertRegex(again.stdout, r"(?m)^there already +pool +folder$")
        self.assertRegex(again.stdout, r"(?m)^failed +pool +paths$")


    def test_known_beforehand(self):
        """What the connection says that it has not, the dry run says."""
        self.root = self.host.folder / "without"
        (self.root / "etc/libvirt/qemu").mkdir(parents=True)
        (self.root / "etc/libvirt/qemu/g.xml").write_text(
            samples.minimal_domain("g", "qemu"))
        moments = self.root / "var/lib/libvirt/qemu/checkpoint/g"
        moments.mkdir(parents=True)
        (moments / "c.xml").write_text(
            "<domaincheckpoint><name>c</name><creationTime>1</creationTime></domaincheckpoint>")
        features = self.host.client.get("/org/vireo/Vireo1/connections/qemu", "Connection",
                                        "Features")
        plan = self.import_libvirt()
        if "Domain.CreateCheckpoint" in features:
            self.assertRegex(plan.stdout, r"(?m)^would import +checkpoint +g c$")
        else:
            self.assertEqual(plan.returncode, 1, plan.stdout)
            self.assertRegex(plan.stdout, r"(?m)^cannot +checkpoint +g c\n +\S+/c.xml: the driver "
                                          r"of this connection has no Domain.CreateCheckpoint$")

    def test_all_that_a_driver_refuses(self):
        self.root = self.host.folder / "several"
        (self.root / "etc/libvirt/qemu").mkdir(parents=True)
        (self.root / "etc/libvirt/qemu/g.xml").write_text(
            "<domain type='qemu'><name>several</name><memory>65536</memory><vcpu>1</vcpu>"
            "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
            + 2 * "<graphics type='vnc' passwd='far-too-long'/>" + "</devices></domain>")
        done = self.import_libvirt("--yes")
        self.assertRegex(done.stdout, r"(?m)graphics\[1\]/@passwd: [^;]*; "
                                      r".*graphics\[2\]/@passwd: [^;]*$")


vireotest.main(prepare=missing)
