#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people who know virsh type: every command has its verb or a reason, and those that make
definitions of words make the right ones."""

import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ET

import clitest
import vireotest
from clitest import vireoctl
from vireotest.paths import SOURCE

VIRSH_MD = SOURCE / "docs/virsh.md"
ROW = re.compile(r"^\| ([a-z-]+) \| (.+) \|$", re.M)
OPTIONS = re.compile(r"^\| ([a-z, -]+) \| ([a-z -]+) \| .+ \|$", re.M)
N_COMMANDS = 274
INTERFACE = ("<devices><interface type='network'><source network='default'/>"
             "<mac address='52:54:00:aa:bb:cc'/><model type='virtio'/></interface></devices>")
DISK = ("<devices><disk type='file' device='disk'><source file='/images/words.qcow2'/>"
        "<target dev='vda' bus='virtio'/></disk></devices>")


def canonical(text):
    """A document without the order of attributes and children."""
    def tree(node):
        return (node.tag, sorted(node.items()), (node.text or "").strip(),
                sorted(tree(child) for child in node))
    return tree(ET.fromstring(text))


def table():
    rows = ROW.findall(VIRSH_MD.read_text().partition("## Options")[0])
    return {command: verb for command, verb in rows if command != "virsh"}


class Table(unittest.TestCase):
    def test_it_has_all_commands(self):
        self.assertEqual(len(table()), N_COMMANDS)
        if not shutil.which("virsh"):
            self.skipTest("virsh (libvirt-clients) is not installed")
        version = subprocess.run(["virsh", "--version"], capture_output=True, text=True,
                                 check=True).stdout.strip()
        if not version.startswith("9.0."):
            self.skipTest(f"virsh is {version}, and the table of 9.0")
        said = subprocess.run(["virsh", "help"], capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual(set(table()), set(re.findall(r"^    ([a-z][a-z-]+) ", said, re.M)))

    def test_it_has_all_options(self):
        """Each option of virsh is taken, or is in the table with what there is instead."""
        if not shutil.which("virsh"):
            self.skipTest("virsh (libvirt-clients) is not installed")
        elsewhere = {(command.strip(), option)
                     for commands, options in OPTIONS.findall(
                         VIRSH_MD.read_text().partition("## Options")[2])
                     if commands != "command"
                     for command in commands.split(",") for option in options.split()}
        refused = set()
        for command, verb in table().items():
            if not verb.startswith("none: "):
                refused |= {(command, option) for option in self.options_of(command)
                            if not self.takes(command, *option)}
        names = {(command, option) for command, (option, _) in refused}
        self.assertEqual(names - elsewhere, set(), "neither taken nor in docs/virsh.md")
        self.assertLess(len(names), 110)
        for command in {command for command, _ in elsewhere}:
            self.assertTrue({o for c, o in elsewhere if c == command}
                            & {o for c, o in names if c == command},
                            f"{command} takes all that docs/virsh.md says it does not")

    @staticmethod
    def options_of(command):
        said = subprocess.run(["virsh", "help", command], capture_output=True, text=True,
                              check=True).stdout
        return re.findall(r"(?m)^ {4}\[?--([\w-]+)\]?( <[^>]+>)?", said.partition("OPTIONS")[2])

    @staticmethod
    def takes(command, option, value):
        """Whether the command line is understood; there is no service to do it."""
        word = f"--{option}=1" if value else f"--{option}"
        done = subprocess.run(vireoctl(command, word), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL,
                              env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})
        return "Unknown option" not in done.stderr

    def test_each_leads_to_its_verb_or_has_a_reason(self):
        for command, verb in table().items():
            with self.subTest(command):
                if verb.startswith("none: "):
                    self.assertGreater(len(verb), 20)
                    continue
                done = subprocess.run(vireoctl(command, "--help"), capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, rf"^Usage: vireoctl {verb.strip('`')} \[OPTION…\]")


class Words(clitest.Command):
    def test_words_by_their_names(self):
        volume = self.run_ok("vol-create-as", "default-pool", "by name", "1M").strip()
        self.addCleanup(self.run_raw, "vol-delete", "default-pool", "by name")
        for words in (["default-pool", "by name"], ["by name", "--pool", "default-pool"],
                      ["--pool=default-pool", "--vol", "by name"],
                      ["--volume", "by name", "default-pool"], ["/default-pool/by name"],
                      [volume], ["--vol", volume, "any"]):
            self.assertRegex(self.run_ok("vol-info", *words), r"(?m)^Name +by name$", words)
        self.run_ok("vol-resize", "/default-pool/by name", "2M")
        self.run_ok("vol-resize", "--pool", "default-pool", "by name", "--capacity", "3M")
        self.assertEqual(self.run_json("vol-info", volume)["Capacity"], 3 << 20)
        self.define("named")
        self.addCleanup(self.run_raw, "undefine", "named", "--snapshots-metadata")
        self.run_ok("snapshot-create-as", "--domain", "named", "--name", "one")
        self.assertRegex(self.run_ok("snapshot-info", "named", "--snapshotname", "one"),
                         r"(?m)^Name +one$")
        self.assertIn("Usage: ", self.run_fails(2, "vol-info", "--vol", "by name"))
        self.assertIn("Usage: ", self.run_fails(2, "start", "named", "--domain", "named"))
        self.assertIn("no volume", self.run_fails(1, "vol-info", "--pool", "default-pool", "none"))
        self.run_fails(1, "vol-info", "/default-pool/none")
        # What an option of the verb itself is called stays that.
        self.assertIn("<path>/x</path>", self.run_ok("pool-define-as", "named", "dir", "--target",
                                                     "/x", "--print-xml"))

    def test_volume_is_cloned(self):
        self.run_ok("vol-create-as", "default-pool", "one.qcow2", "5M", "--format", "qcow2")
        self.addCleanup(self.run_raw, "vol-delete", "default-pool", "one.qcow2")
        for words in (["default-pool", "one.qcow2"], ["--pool", "default-pool", "one.qcow2"],
                      ["/default-pool/one.qcow2"]):
            path = self.run_ok("vol-clone", *words, "two.qcow2").strip()
            info = self.run_json("vol-info", path)
            self.assertEqual((info["Name"], info["Format"], info["Capacity"]),
                             ("two.qcow2", "qcow2", 5 << 20))
            self.assertIn("two.qcow2", self.run_fails(1, "vol-clone", *words, "two.qcow2"))
            self.run_ok("vol-delete", path)

    def test_figures_of_one_device(self):
        for verb, device, key in (("domblkstat", "vda", "rd.bytes"),
                                  ("domblkstat", "/guest/diskimage1", "rd.bytes"),
                                  ("domifstat", "net0", "rx.bytes")):
            found = self.run_json(verb, "test", device)
            self.assertIn(key, found)
            self.assertIn(device, (found["name"], found.get("path")))
            self.assertRegex(self.run_ok(verb, "test", device), rf"(?m)^{key} +\d+$")
        self.assertRegex(self.run_ok("domblkstat", "test"), r"(?m)^block.0.rd.bytes +\d+$")
        self.assertIn("no device “vdq”", self.run_fails(1, "domblkstat", "test", "vdq"))

    def test_figures_of_some_domains(self):
        path = self.define("figured")
        self.assertEqual(list(self.run_json("domstats", "figured")), [path])
        self.assertEqual(len(self.run_json("domstats", "figured", "test")), 2)
        self.assertGreaterEqual(len(self.run_json("domstats", "state", "cpu")), 2)
        self.assertRegex(self.run_ok("domstats", "test"), r"(?m)^state.state +1$")
        self.assertIn("no domain “absent”", self.run_fails(1, "domstats", "absent"))

    def test_signals_and_passwords_of_virsh(self):
        for signal in ("term", "TERM", "SIGTERM", "sigterm", "15", "rt1", "33", "SIGRT1"):
            self.assertIn("no process 77", self.run_fails(1, "send-process-signal", "test", "77",
                                                          signal))
        for signal in ("65", "sig", "nothing"):
            self.assertIn("is no signal", self.run_fails(1, "send-process-signal", "test", "77",
                                                         signal))
        self.define("seen", "<devices><graphics type='vnc' passwd='open'/></devices>")
        self.assertIn("passwd='open'", self.run_ok("dumpxml", "seen", "--security-info"))
        self.assertNotIn("passwd='open'", self.run_ok("dumpxml", "seen"))

    def test_network_update_of_virsh(self):
        host = "<host mac='52:54:00:00:00:01' ip='192.168.122.50'/>"
        self.run_ok("net-update", "default", "add", "ip-dhcp-host", host, "--live", "--config")
        self.assertIn("192.168.122.50", self.run_ok("net-dumpxml", "default"))
        self.run_ok("net-update", "default", "delete", "ip-dhcp-host", host)
        self.assertNotIn("192.168.122.50", self.run_ok("net-dumpxml", "default"))

    def test_disk_is_copied_to_a_path(self):
        self.define("copied", "<devices><disk type='file' device='disk'><source file='/guest/d'/>"
                              "<target dev='vdb'/></disk></devices>")
        self.run_ok("start", "copied")
        self.addCleanup(self.run_raw, "destroy", "copied")
        self.run_ok("blockcopy", "copied", "vdb", "/images/a & b.img", "--wait", "--pivot")
        self.assertIn("/images/a & b.img", self.run_ok("domblklist", "copied"))
        self.run_ok("blockcopy", "copied", "vdb", "<disk type='file'><source file='/images/c'/>"
                    "<target dev='vdb'/></disk>", "--pivot")
        self.assertIn("/images/c", self.run_ok("domblklist", "copied"))

    def test_numbers_say_what_they_are(self):
        """Of which processor, of which node, in which unit."""
        self.assertRegex(self.run_ok("cpu-stats", "test"), r"(?m)^CPU +CPU_TIME *\n0 +\d+$")
        self.assertRegex(self.run_ok("freepages", "4"),
                         r"^NODE +KIB +PAGES *\n0 +4 +\d+\n1 +4 +\d+\n$")
        self.assertRegex(self.run_ok("dominfo", "test"), r"(?m)^MaxMemory +\d+ KiB$")
        self.assertRegex(self.run_ok("pool-info", "default-pool"), r"(?m)^Capacity +\d+ bytes$")
        self.assertIsInstance(self.run_json("dominfo", "test")["MaxMemory"], int)

    def test_hostname_is_the_hosts_or_the_guests(self):
        self.assertEqual(self.run_ok("hostname"), self.run_ok("connection", "hostname"))
        self.assertEqual(self.run_ok("hostname", "test"), "test\n")

    def pool_xml(self, *words):
        return ET.fromstring(self.run_ok("pool-define-as", *words, "--print-xml"))

    def test_pool_is_defined_of_words(self):
        pool = self.pool_xml("nfs & co", "netfs", "--source-host", "server", "--source-path",
                             "/export", "--target", "/mnt/<nfs>", "--source-format", "nfs",
                             "--source-protocol-ver", "4.1")
        self.assertEqual(pool.get("type"), "netfs")
        self.assertEqual(pool.findtext("name"), "nfs & co")
        self.assertEqual(pool.findtext("target/path"), "/mnt/<nfs>")
        for path, attribute, value in (("host", "name", "server"), ("dir", "path", "/export"),
                                       ("format", "type", "nfs"), ("protocol", "ver", "4.1")):
            self.assertEqual(pool.find(f"source/{path}").get(attribute), value)
        adapter = self.pool_xml("hba", "scsi", "--adapter-wwnn", "20000000c9831b4b",
                                "--adapter-wwpn", "10000000c9831b4b", "--adapter-parent",
                                "scsi_host3", "--target", "/dev/disk/by-path")
        self.assertEqual(adapter.find("source/adapter").get("type"), "fc_host")
        ceph = self.pool_xml("ceph", "rbd", "--source-host", "mon", "--source-name", "guests",
                             "--auth-type", "ceph", "--auth-username", "admin", "--secret-usage",
                             "ceph:guests")
        self.assertEqual(ceph.find("source/auth/secret").get("usage"), "ceph:guests")
        # Nothing of it was defined; and what is no pool is refused, by name.
        self.assertNotIn("ceph", self.run_ok("pool-list", "--name").split())
        self.assertIn("cloud", self.run_fails(1, "pool-define-as", "bad", "cloud"))
        self.run_fails(2, "pool-define-as", "bad")

    def test_pool_and_volumes_live(self):
        # As virsh's manual and many a web page have it.
        self.run_ok("pool-define-as", "words", "dir", "-", "-", "-", "-", "/pools/words")
        self.addCleanup(self.run_raw, "pool-undefine", "words")
        self.assertIn("<path>/pools/words</path>", self.run_ok("pool-dumpxml", "words"))
        self.run_ok("pool-start", "words")
        self.addCleanup(self.run_raw, "pool-destroy", "words")
        self.run_ok("vol-create-as", "words", "base.qcow2", "1G", "--format", "qcow2")
        self.run_ok("vol-create-as", "words", "over.qcow2", "1G", "--allocation", "64K", "--format",
                    "qcow2", "--backing-vol", "base.qcow2", "--backing-vol-format", "qcow2")
        self.addCleanup(self.run_raw, "vol-delete", "words", "base.qcow2")
        self.addCleanup(self.run_raw, "vol-delete", "words", "over.qcow2")
        base = self.run_ok("vol-path", "words", "base.qcow2").strip()
        over = ET.fromstring(self.run_ok("vol-dumpxml", "words", "over.qcow2"))
        self.assertEqual(over.findtext("capacity"), str(1 << 30))
        self.assertEqual(over.findtext("backingStore/path"), base)
        self.assertEqual(over.find("target/format").get("type"), "qcow2")
        self.assertEqual(self.run_ok("vol-name", base), "base.qcow2\n")
        self.assertEqual(self.run_ok("vol-pool", base), "words\n")
        key = self.run_ok("vol-key", "words", "base.qcow2").strip()
        self.assertEqual(self.run_ok("vol-name", key), "base.qcow2\n")
        self.run_fails(1, "vol-name", "/nowhere/at/all")
        self.assertIn("not a size", self.run_fails(2, "vol-create-as", "words", "x", "much"))
        self.run_fails(1, "vol-create-as", "words", "x", "1G", "--backing-vol", "nothing")
        self.run_ok("pool-create-as", "passing", "dir", "--target", "/pools/passing")
        self.run_ok("pool-destroy", "passing")
        self.assertNotIn("passing", self.run_ok("pool-list", "--name").split())

    def device(self, verb, *words):
        """The device that it would attach."""
        return self.run_ok(verb, "words", *words, "--print-xml").strip()

    def test_disk_is_made_of_words(self):
        self.define("words")
        for words, expected in [
                (["/a/b.img", "vda"],
                 '<disk device="disk" type="file"><source file="/a/b.img"/>'
                 '<driver name="qemu" type="raw"/><target dev="vda"/></disk>'),
                (["/dev/sdx", "sda", "--targetbus", "scsi", "--subdriver", "qcow2", "--mode",
                  "shareable", "--cache", "none", "--address", "scsi:0.0.3"],
                 '<disk type="block" device="disk"><source dev="/dev/sdx"/>'
                 '<driver name="qemu" type="qcow2" cache="none"/><target bus="scsi" dev="sda"/>'
                 '<shareable/><address type="drive" controller="0" bus="0" unit="3"/></disk>'),
                (["pool/image", "vdb", "--source-protocol", "rbd", "--source-host-name",
                  "[::1]:6789", "--address", "pci:0000.01.02.0", "--multifunction"],
                 '<disk type="network" device="disk"><source name="pool/image" protocol="rbd">'
                 '<host port="6789" name="[::1]"/></source><driver name="qemu" type="raw"/>'
                 '<target dev="vdb"/><address type="pci" domain="0x0000" bus="0x01" slot="0x02" '
                 'function="0x0" multifunction="on"/></disk>')]:
            with self.subTest(words):
                self.assertEqual(canonical(self.device("attach-disk", *words)),
                                 canonical(expected))
        for words, status in [(["a", "vda", "--address", "isa:0"], 2),
                              (["a", "vda", "--mode", "writable"], 2),
                              (["a", "vda", "--sourcetype", "tape"], 2),
                              (["a", "vda", "--cache", "much"], 1), (["a"], 2)]:
            with self.subTest(words):
                self.assertIn(words[-1] if len(words) > 1 else "Usage",
                              self.run_fails(status, "attach-disk", "words", *words))
        self.run_ok("attach-disk", "words", "/a/c.img", "vdc", "--persistent")
        self.assertIn("vdc", self.run_ok("dumpxml", "words", "--inactive"))
        self.run_ok("start", "words")
        self.addCleanup(self.run_raw, "destroy", "words")
        self.run_ok("attach-disk", "words", "/a/d.img", "vdd", "--persistent")
        for more in ([], ["--inactive"]):
            self.assertIn("vdd", self.run_ok("dumpxml", "words", *more))

    def test_interface_is_made_of_words(self):
        self.define("words")
        for words, expected in [
                (["network", "default", "--mac", "52:54:00:00:00:01", "--inbound", "100,,300",
                  "--outbound", "5"],
                 '<interface type="network"><source network="default"/>'
                 '<mac address="52:54:00:00:00:01"/><bandwidth>'
                 '<inbound average="100" burst="300"/><outbound average="5"/></bandwidth>'
                 '</interface>'),
                (["direct", "eth0", "--source-mode", "bridge", "--model", "virtio"],
                 '<interface type="direct"><source dev="eth0" mode="bridge"/>'
                 '<model type="virtio"/></interface>'),
                (["hostdev", "0000:07:00.1", "--managed"],
                 '<interface type="hostdev" managed="yes"><source><address type="pci" '
                 'domain="0x0000" bus="0x07" slot="0x00" function="0x1"/></source></interface>')]:
            with self.subTest(words):
                self.assertEqual(canonical(self.device("attach-interface", *words)),
                                 canonical(expected))
        self.run_fails(2, "attach-interface", "words", "network", "a", "--outbound", "1,2,3,4")
        self.run_fails(2, "attach-interface", "words", "hostdev", "07:00.1")
        self.run_fails(1, "attach-interface", "words", "network", "a", "--mac", "luck")

    def test_moments_are_made_of_words(self):
        self.define("words", DISK)
        self.run_ok("start", "words")
        self.addCleanup(self.run_raw, "undefine", "words", "--snapshots-metadata",
                        "--checkpoints-metadata")
        self.addCleanup(self.run_raw, "destroy", "words")
        printed = self.run_ok("snapshot-create-as", "words", "--name", "s", "--print-xml",
                              "--memspec", "/m/s,,1,snapshot=external", "--diskspec",
                              "vda,snapshot=external,driver=qcow2,file=/o/a=b",
                              "--diskspec", "vdb,stype=block,file=/dev/sdx", "--diskspec",
                              "vdc,snapshot=no")
        self.assertEqual(canonical(printed), canonical(
            '<domainsnapshot><name>s</name><memory snapshot="external" file="/m/s,1"/><disks>'
            '<disk name="vda" snapshot="external"><driver type="qcow2"/>'
            '<source file="/o/a=b"/></disk>'
            '<disk name="vdb" type="block"><source dev="/dev/sdx"/></disk>'
            '<disk name="vdc" snapshot="no"/></disks></domainsnapshot>'))
        self.run_ok("snapshot-create-as", "words", "taken", "for <now>",
                    "vda,snapshot=external,file=/o/overlay", "--disk-only")
        self.assertIn("/o/overlay", self.run_ok("domblklist", "words"))
        xml = self.run_ok("snapshot-dumpxml", "words", "taken")
        self.assertIn("<description>for &lt;now&gt;</description>", xml)
        self.run_ok("checkpoint-create-as", "words", "--name", "c", "--diskspec",
                    "vda,bitmap=mine")
        self.assertIn('bitmap=\'mine\'', self.run_ok("checkpoint-dumpxml", "words", "c"))
        for verb, spec in [("snapshot", "vda,luck=1"), ("snapshot", "vda,snapshot="),
                           ("checkpoint", "vda,file=/x"), ("snapshot", "vda,external")]:
            self.assertIn(spec.split(",")[1],
                          self.run_fails(2, f"{verb}-create-as", "words", "--diskspec", spec))
        self.run_fails(1, "snapshot-create-as", "words", "--diskspec", "vda,snapshot=maybe")

    def test_cable(self):
        self.define("cabled", INTERFACE)
        self.assertEqual(self.run_ok("domif-getlink", "cabled", "52:54:00:AA:bb:cc"), "up\n")
        self.run_ok("domif-setlink", "cabled", "52:54:00:aa:bb:cc", "down", "--config")
        self.assertEqual(self.run_ok("domif-getlink", "cabled", "52:54:00:aa:bb:cc"), "down\n")
        xml = ET.fromstring(self.run_ok("dumpxml", "cabled"))
        self.assertEqual(xml.find("devices/interface/model").get("type"), "virtio")
        self.run_ok("domif-setlink", "cabled", "52:54:00:aa:bb:cc", "up", "--config")
        self.assertEqual(self.run_ok("domif-getlink", "cabled", "52:54:00:aa:bb:cc"), "up\n")
        self.run_fails(1, "domif-setlink", "cabled", "52:54:00:aa:bb:cc", "sideways", "--config")
        self.run_fails(1, "domif-getlink", "cabled", "52:54:00:00:00:00")

    def test_figures(self):
        self.define("counted", "<devices><disk type='file' device='disk'>"
                    "<source file='/images/a.img'/><target dev='vda' bus='virtio'/></disk>"
                    f"{INTERFACE.removeprefix('<devices>')}")
        self.addCleanup(self.run_raw, "destroy", "counted")
        self.run_ok("start", "counted")
        self.assertRegex(self.run_ok("domblkstat", "counted"), r"(?m)^block\.0\.name +vda$")
        self.assertRegex(self.run_ok("domifstat", "counted"), r"(?m)^net\.0\.rx\.bytes ")
        self.assertRegex(self.run_ok("dommemstat", "counted"), r"(?m)^balloon\.current ")
        self.run_fails(2, "domblkstat")

    def test_terminal(self):
        self.define("terminal", "<devices><console type='pty'/></devices>")
        self.run_fails(1, "ttyconsole", "terminal")
        self.run_fails(2, "ttyconsole")


vireotest.main()
