#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every operation has a verb; and the verbs of all kinds of object do what they say."""

import base64
import json
import os
import pty
import re
import select
import subprocess
import xml.etree.ElementTree as ET

import clitest
import vireotest
from clitest import vireoctl
from vireotest.paths import SOURCE
from vireotest.wait import wait_until

DISK = ("<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        "<source file='/images/a.qcow2'/><target dev='vda' bus='virtio'/></disk>"
        "<interface type='network'><source network='default'/>"
        "<mac address='52:54:00:aa:bb:cc'/></interface>"
        "<serial type='pty'/><channel type='unix'><target type='virtio' "
        "name='org.qemu.guest_agent.0'/></channel><graphics type='vnc'/></devices>")
NETWORK = ("<network><name>kinds</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"
           "<bridge name='kinds0'/><ip address='192.168.78.1' netmask='255.255.255.0'/></network>")
PORT = ("<networkport><uuid>5d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid><owner><name>guest</name>"
        "<uuid>b0f8a6c9-5b3c-4b5f-9d6b-1d3c4f1a2b3c</uuid></owner>"
        "<mac address='52:54:00:7b:35:93'/></networkport>")
SECRET = ("<secret ephemeral='no' private='no'><uuid>1f3ad70c-5a4e-4f5d-9c3f-8a7b6c5d4e3f</uuid>"
          "<description>of a test</description><usage type='ceph'><name>backup</name></usage>"
          "</secret>")
FILTER = "<filter name='kinds' chain='root'><rule action='drop' direction='in'/></filter>"
BINDING = ("<filterbinding><owner><name>guest</name><uuid>b0f8a6c9-5b3c-4b5f-9d6b-1d3c4f1a2b3c"
           "</uuid></owner><portdev name='vnet7'/><mac address='52:54:00:7b:35:93'/>"
           "<filterref filter='kinds'/></filterbinding>")
INTERFACE = ("<interface type='bridge' name='kinds1'><start mode='onboot'/><bridge/></interface>")

# Members that no verb stands on: words are looked up by these, a list has the properties, too.
WITHOUT_VERB = re.compile(
    r"^(Connection\.(Lookup(Domain|Network|NetworkFilter|StoragePool|NodeDevice|HostInterface)By"
    r"(Name|Uuid|Id|Mac)|LookupSecretBy\w+|LookupNetworkFilterBindingByPortDev|List\w+)"
    r"|\w+\.(LookupSnapshotByName|LookupCheckpointByName|LookupPortByUuid|LookupVolumeByName"
    r"|List(Snapshots|Checkpoints|Children|Ports|Volumes))|Manager\.Unsubscribe"
    r"|Connection\.UnsubscribeMonitorEvents"
    # desc and metadata call these two.
    r"|Domain\.[GS]etMetadata)$")


class Kinds(clitest.Command):
    def start(self, name, extra=DISK):
        self.define(name, extra)
        self.addCleanup(self.run_raw, "destroy", name)
        self.run_ok("start", name)

    def test_every_member_has_a_verb(self):
        called = set(subprocess.run(vireoctl("__complete", "--members"), check=True, text=True,
                                    capture_output=True).stdout.split())
        members = {f"{interface.get('name').rsplit('.', 1)[1]}.{method.get('name')}"
                   for file in (SOURCE / "introspection").glob("org.vireo.*.xml")
                   for interface in ET.parse(file).getroot().findall("interface")
                   for method in interface.findall("method")}
        self.assertGreater(len(members), 200)
        missing = {m for m in members - called if not WITHOUT_VERB.match(m)}
        self.assertEqual(missing, set(), "give each a row in src/cli (see the README there)")
        unknown = {m for m in called if "." in m and m not in members}
        self.assertEqual(unknown, set(), "verbs that call what is not there")

    def test_devices_come_change_and_go(self):
        self.define("devices", DISK)
        self.assertRegex(self.run_ok("domblklist", "devices"),
                         r"(?m)^TYPE +DEVICE +TARGET +SOURCE\nfile +disk +vda +/images/a.qcow2$")
        self.run_ok("attach-disk", "devices", "/images/b.img", "vdb", "--serial", "<&>")
        self.assertEqual([d["target"] for d in self.run_json("disks", "devices")], ["vda", "vdb"])
        self.assertIn("<serial>&lt;&amp;&gt;</serial>", self.run_ok("dumpxml", "devices"))
        self.run_ok("detach-disk", "devices", "vdb")
        self.assertNotIn("vdb", self.run_ok("disks", "devices"))
        self.run_fails(1, "detach-disk", "devices", "vdz")
        self.run_ok("attach-interface", "devices", "network", "default", "--mac",
                    "52:54:00:aa:bb:dd", "--model", "virtio")
        self.run_fails(1, "detach-interface", "devices", "network")
        self.run_ok("detach-interface", "devices", "network", "--mac", "52:54:00:aa:bb:cc")
        self.assertRegex(self.run_ok("domiflist", "devices"),
                         r"(?m)network +default +virtio +52:54:00:aa:bb:dd$")
        self.run_fails(2, "attach-interface", "devices", "network")
        self.run_ok("attach-device", "devices", "<hostdev mode='subsystem' type='usb'>"
                    "<source><vendor id='0x1234'/><product id='0xabcd'/></source></hostdev>")
        self.assertIn("<hostdev", self.run_ok("dumpxml", "devices"))
        image = self.host.folder / "fd-image"
        image.write_bytes(bytes(1024))
        self.run_ok("associate-fds", "devices", "group", str(image))
        self.run_ok("associate-fds", "devices", "group", "0")
        self.assertIn("nowhere", self.run_fails(1, "associate-fds", "devices", "group", "nowhere"))

    def test_memory_takes_units(self):
        self.define("sized")
        self.run_ok("setmaxmem", "sized", "2G")
        self.assertRegex(self.run_ok("info", "sized"), r"(?m)^MaxMemory +2097152 KiB$")
        self.run_ok("setmem", "sized", "524288")
        self.assertRegex(self.run_ok("info", "sized"), r"(?m)^Memory +524288 KiB$")
        for word in ("much", "-1", "99999999999E", ""):
            self.assertIn(word, self.run_fails(2, "set-memory", "sized", "--", word))

    def test_tuning_is_said_and_set(self):
        self.define("tuned", DISK)
        self.run_ok("schedinfo", "tuned", "cpu_shares=2048", "vcpu_quota=-1")
        self.assertRegex(self.run_ok("schedinfo", "tuned"), r"(?m)^cpu_shares +2048$")
        self.run_ok("blkdeviotune", "tuned", "vda", "total_bytes_sec=1048576", "group_name=g")
        self.assertRegex(self.run_ok("disk-tuning", "tuned", "vda"),
                         r"(?m)^total_bytes_sec +1048576$")
        self.run_ok("perf", "tuned", "cpu_cycles=on")
        self.assertRegex(self.run_ok("perf", "tuned"), r"(?m)^cpu_cycles +yes$")
        self.run_ok("memtune", "tuned", "hard_limit=1G")
        self.assertEqual(self.run_json("memtune", "tuned")["hard_limit"], 1048576)
        self.run_fails(2, "memtune", "tuned", "hard_limit")
        self.assertIn("unheard", self.run_fails(1, "memtune", "tuned", "unheard=1"))
        self.run_ok("pin-vcpu", "tuned", "0", "0-1")
        self.assertRegex(self.run_ok("vcpupin", "tuned"), r"(?m)^0 +yes +0-1")
        self.assertIn("Usage", self.run_fails(2, "pin-vcpu", "tuned", "0"))

    def test_notes(self):
        self.define("noted")
        self.run_ok("desc", "noted", "A <guest>")
        self.run_ok("desc", "--title", "noted", "Short")
        self.assertEqual(self.run_ok("desc", "noted"), "A <guest>\n")
        self.assertEqual(self.run_ok("desc", "--title", "noted"), "Short\n")
        self.run_ok("metadata", "noted", "urn:x", "x", "<thing>7</thing>")
        self.assertIn("7", self.run_ok("metadata", "noted", "urn:x"))

    def test_guest_is_asked_and_told(self):
        self.start("asked")
        self.run_ok("send-key", "asked", "KEY_LEFTCTRL", "key_c", "0x1c")
        self.assertIn("KEY_NO_SUCH", self.run_fails(2, "send-key", "asked", "KEY_NO_SUCH"))
        picture = self.host.folder / "screen"
        self.run_ok("screenshot", "asked", str(picture))
        self.assertEqual(self.run_ok("namespace", "--", "asked", "uts", "uname", "-s"), "Linux\n")
        self.run_fails(2, "namespace", "asked", "net", "ls", "/nowhere-at-all")
        self.run_fails(1, "namespace", "asked", "nonsense", "true")
        self.assertGreater(picture.stat().st_size, 100)
        self.run_ok("time", "asked", "2026-01-31T12:00:00Z")
        self.assertRegex(self.run_ok("time", "asked"), r"^2026-01-31 \d\d:\d\d:\d\d\n$")
        self.run_ok("time", "asked", "--sync")
        self.assertNotIn("2026-01-31 12:0", self.run_ok("time", "asked", TZ="UTC"))
        self.run_fails(2, "time", "asked", "yesterday")
        self.run_ok("set-user-password", "asked", "root", stdin="hidden\n")
        keys = self.host.folder / "keys"
        keys.write_text("ssh-ed25519 AAAA a\n\nssh-ed25519 BBBB b\n")
        self.run_ok("set-ssh-keys", "asked", "root", str(keys))
        self.assertEqual(self.run_ok("ssh-keys", "asked", "root").split("\n"),
                         ["ssh-ed25519 AAAA a", "ssh-ed25519 BBBB b", ""])
        self.assertIn('"asked"', self.run_ok("monitor-command", "asked",
                                              '{"execute": "query-name"}'))
        self.assertEqual(self.run_ok("qemu-agent-command", "asked", '{"execute": "guest-ping"}'),
                         "{}\n")
        self.assertIn("name:", self.run_ok("qemu-monitor-command", "asked", "--human", "info name"))
        self.assertIn("state.state", self.run_ok("stats", "asked", "state"))
        self.assertNotIn("cpu.time", self.run_ok("stats", "asked", "state"))
        self.assertIn("state.state", self.run_ok("domstats", "state", "--domains", "asked"))
        self.assertGreater(len(self.run_raw("memory-peek", "asked", "0", "16").stdout), 0)

    def test_snapshots(self):
        self.start("snapped")
        self.run_ok("snapshot-create-as", "snapped", "first", "before <all>")
        self.run_ok("snapshot", "create", "snapped",
                    "<domainsnapshot><name>second</name></domainsnapshot>")
        self.addCleanup(self.run_raw, "undefine", "--snapshots-metadata", "snapped")
        self.assertRegex(self.run_ok("snapshot-list", "snapped"),
                         r"(?m)^first +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +running +internal +no +"
                         r"before <all>$")
        self.assertEqual(self.run_ok("snapshot-list", "--name", "--roots", "snapped"), "first\n")
        self.assertEqual(self.run_ok("snapshot", "list", "snapped", "--name", "--no-roots"),
                         "second\n")
        self.assertEqual(self.run_ok("snapshot-children", "snapped", "first", "--name"),
                         "second\n")
        self.assertRegex(self.run_ok("snapshot-current", "snapped"), r"(?m)^Name +second$")
        self.run_ok("snapshot-edit", "snapped", "first",
                    EDITOR="sed -i s/before/after/")
        self.assertIn("after", self.run_ok("snapshot-dumpxml", "snapped", "first"))
        self.run_ok("snapshot-revert", "snapped", "first")
        self.run_ok("snapshot-delete", "snapped", "first", "--children")
        self.assertEqual(self.run_ok("snapshot", "list", "snapped", "--name"), "")
        self.assertIn("NotFound", self.run_fails(1, "snapshot-info", "snapped", "first"))

    def test_saving(self):
        self.start("saved")
        image = self.host.folder / "image"
        self.run_ok("save", "saved", str(image))
        self.assertEqual(self.run_ok("state", "saved"), "shutoff\n")
        self.assertIn("<name>saved</name>", self.run_ok("save-image-dumpxml", str(image)))
        self.run_ok("save-image-edit", str(image),
                    EDITOR="sed -i s#</name>#</name><title>T</title>#")
        self.assertIn("<title>T</title>", self.run_ok("save-image-xml", str(image)))
        self.run_ok("restore", str(image), "--paused")
        self.assertEqual(self.run_ok("state", "saved"), "paused\n")
        self.run_ok("managedsave", "saved")
        self.assertIn("saved", self.run_ok("managedsave-dumpxml", "saved"))
        self.run_ok("managed-save-remove", "saved")
        self.assertRegex(self.run_ok("info", "saved"), r"(?m)^HasManagedSave +no$")

    def test_block_jobs_are_waited_for(self):
        self.start("copied")
        self.run_ok("blockpull", "copied", "vda")
        copy = ("<disk type='file'><source file='/images/copy.qcow2'/>"
                "<target dev='vda'/></disk>")
        self.assertIn("ready", self.run_ok("block-copy", "copied", "vda", copy))
        self.assertRegex(self.run_ok("blockjob", "copied", "vda"), r"(?m)^type +copy$")
        self.run_ok("block-job-abort", "copied", "vda")
        self.run_ok("blockcopy", "copied", "vda", copy, "--pivot")
        self.assertIn("/images/copy.qcow2", self.run_ok("disks", "copied"))
        job = self.run_ok("block-copy", "copied", "vda",
                          copy.replace("copy.q", "copy2.q"), "--no-wait")
        self.assertRegex(job, r"^/org/vireo/Vireo1/jobs/\d+$")
        self.run_ok("job", "wait", job.strip())
        self.run_ok("block-job-abort", "copied", "vda")

    def test_backup(self):
        self.start("kept")
        job = self.run_ok("backup-begin", "kept", "<domainbackup mode='pull'>"
                          "<server transport='unix' socket='/run/kept.sock'/></domainbackup>")
        self.assertRegex(job, r"^/org/vireo/Vireo1/jobs/\d+$")
        self.assertEqual(self.run_ok("job", "wait", job.strip()), "ready\n")
        self.assertIn("<domainbackup", self.run_ok("backup-dumpxml", "kept"))
        self.run_ok("backup-end", "kept")

    def test_secrets(self):
        self.run_ok("secret-define", SECRET)
        self.addCleanup(self.run_raw, "secret-undefine", "ceph:backup")
        self.run_ok("secret-set-value", "ceph:backup", stdin="quiet\n")
        self.assertEqual(base64.b64decode(self.run_ok("secret-get-value", "ceph:backup")), b"quiet")
        self.run_ok("secret-set-value", "ceph:backup", "--base64", "AAEC")
        done = subprocess.run(vireoctl("-c", "test", "secret", "get-value", "--plain",
                                       "1f3ad70c-5a4e-4f5d-9c3f-8a7b6c5d4e3f"), env=self.env,
                              capture_output=True, timeout=60, check=True)
        self.assertEqual(done.stdout, b"\0\1\2")
        self.assertRegex(self.run_ok("secret-list"),
                         r"(?m)^1f3ad70c-\S+ +ceph +backup +yes +of a test$")
        self.run_ok("secret", "edit", "ceph:backup", EDITOR="sed -i s/of.a.test/edited/")
        self.assertIn("edited", self.run_ok("secret", "xml", "ceph:backup"))

    def test_filters_ports_devices_and_interfaces(self):
        self.run_ok("nwfilter-define", FILTER)
        self.addCleanup(self.run_raw, "nwfilter-undefine", "kinds")
        self.assertIn("kinds", self.run_ok("filter", "list", "--name").split())
        self.run_ok("nwfilter-binding-create", BINDING)
        self.addCleanup(self.run_raw, "nwfilter-binding-delete", "vnet7")
        self.assertRegex(self.run_ok("nwfilter-binding-list"), r"(?m)^vnet7 +kinds$")
        self.run_ok("nwfilter-binding-delete", "vnet7")
        self.run_ok("net-define", NETWORK)
        self.addCleanup(self.run_raw, "net-undefine", "kinds")
        self.run_ok("net-start", "kinds")
        self.addCleanup(self.run_raw, "net-destroy", "kinds")
        self.run_ok("net-port-create", "kinds", PORT)
        port = self.run_ok("net-port-list", "kinds", "--name").strip()
        self.assertEqual(port, "5d744f21-ba4a-4d6e-bdb2-30a35ff3207d")
        self.run_ok("port", "tuning", "kinds", port, "inbound.average=100")
        self.assertRegex(self.run_ok("port", "tuning", "kinds", port),
                         r"(?m)^inbound.average +100$")
        self.run_ok("net-port-delete", "kinds", port)
        self.run_ok("iface-begin")
        self.run_ok("iface-define", INTERFACE)
        self.assertIn("kinds1", self.run_ok("iface-list", "--inactive", "--name").split())
        self.run_ok("iface-rollback")
        self.assertNotIn("kinds1", self.run_ok("iface-list", "--name").split())
        names = self.run_ok("nodedev-list", "--name").split()
        self.assertTrue(names)
        self.assertIn("<device>", self.run_ok("nodedev-dumpxml", names[0]))
        self.assertEqual(self.run_ok("nodedev-list", "--capabilities", "nonsense", "--name"), "")

    def test_host_is_described(self):
        self.assertRegex(self.run_ok("nodeinfo"), r"(?m)^arch +\S+$")
        self.assertRegex(self.run_ok("connection", "host-cpus"), r"(?m)^number +\d+$")
        self.assertIn("total", self.run_ok("host-memory-stats"))
        self.assertRegex(self.run_ok("connection", "uri"), r"^test:///default$")
        self.assertIn("Domain.Start", self.run_ok("connection", "features"))
        self.assertIn("<domainCapabilities>", self.run_ok("domcapabilities"))

    def test_watch_as_json(self):
        self.define("seen")
        with subprocess.Popen(vireoctl("-c", "test", "--json", "watch", "seen", "--signal",
                                       "Lifecycle", "--count", "1", "--timeout", "60"),
                              env=self.env, text=True, stdout=subprocess.PIPE) as watch:
            def ended():
                self.run_raw("start", "test")
                self.run_raw("destroy", "test")
                self.run_raw("start", "seen")
                self.run_raw("destroy", "seen")
                return watch.poll() is not None
            wait_until(ended, 60, lambda: "one signal")
            line = json.loads(watch.stdout.read())
        self.assertEqual(watch.returncode, 0)
        self.assertEqual((line["signal"], line["interface"]),
                         ("Lifecycle", "org.vireo.Vireo1.Domain"))
        self.assertIn(line["arguments"]["event"], ("started", "stopped"))
        self.assertEqual(line["path"], self.run_json("define", self.xml_of("seen")))

    def xml_of(self, name):
        return self.run_ok("dumpxml", name)

    def test_progress_on_a_terminal_only(self):
        self.define("slow", "<metadata><t:delay xmlns:t='https://vireo.org/xmlns/domain/test/1.0'"
                            " start='1500'/></metadata>")
        self.addCleanup(self.run_raw, "destroy", "slow")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        said = []
        with subprocess.Popen(vireoctl("-c", "test", "start", "slow"), env=self.env,
                              stderr=slave) as start:
            os.close(slave)

            def read():
                if select.select([master], [], [], 0)[0]:
                    try:
                        said.append(os.read(master, 4096).decode())
                    except OSError:
                        pass
                return start.poll() is not None
            wait_until(read, 30, lambda: f"an end; {said}")
        self.assertEqual(start.returncode, 0, said)
        self.assertRegex("".join(said), r"domain-start \[[#.]+\] +\d+ %")
        self.run_ok("destroy", "slow")
        self.assertEqual(self.run_raw("start", "slow").stderr, "")

    def test_remote_host_through_ssh(self):
        folder = self.host.folder / "bin"
        folder.mkdir()
        ssh = folder / "ssh"
        ssh.write_text("#!/bin/sh\n[ \"$3\" = user@far ] || exit 9\nshift 3\n"
                       "exec \"$@\" --bus-path=\"$DBUS_SYSTEM_BUS_ADDRESS\"\n")
        ssh.chmod(0o755)
        env = {**self.env, "PATH": f"{folder}:{os.environ['PATH']}"}
        done = subprocess.run(vireoctl("--host", "user@far", "-c", "test", "list", "--name"),
                              env=env, text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("test", done.stdout.split())
        for words, said in ((["-oProxyCommand=x"], "is not a host"), ([""], "is not a host"),
                            (["user@far", "--session"], "--session is of this machine")):
            done = subprocess.run(vireoctl("--host", *words, "list"), env=env, text=True,
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)

        # What cannot travel is not waited for.
        self.start("remote")
        for words in (["console", "remote"], ["screenshot", "remote", "/dev/null"],
                      ["volume", "upload", "default-pool", "none", "/dev/null"]):
            done = subprocess.run(vireoctl("--host", "user@far", "-c", "test", *words), env=env,
                                  text=True, capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 1, words)
            if "volume" not in words:
                self.assertIn("do not travel over ssh: do it on user@far", done.stderr)

    def test_remote_host_that_cannot_be_reached(self):
        folder = self.host.folder / "failing"
        folder.mkdir()
        env = {**self.env, "PATH": f"{folder}:{os.environ['PATH']}"}
        for status, said in ((255, "ssh could not log in there"),
                             (127, "systemd-stdio-bridge is not installed there"),
                             (1, "systemd-stdio-bridge ended there with status 1")):
            (folder / "ssh").write_text(f"#!/bin/sh\necho its own words >&2\nexit {status}\n")
            (folder / "ssh").chmod(0o755)
            done = subprocess.run(vireoctl("--host", "far", "list"), env=env, text=True,
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, "^its own words\nvireoctl: cannot reach the system bus "
                                          f"of far: {said}")

    def test_connection_by_uri(self):
        self.define("found")
        listed = subprocess.run(vireoctl("-c", "test:///default", "list", "--name"), env=self.env,
                                text=True, capture_output=True, timeout=60, check=False)
        self.assertIn("found", listed.stdout.split(), listed.stderr)
        for uri, status, said in (("qemu+ssh://far/system", 2, "reached with --host"),
                                  ("nothing:///x", 1, "nothing:///x"),
                                  ("a/b", 2, "neither the id of a connection nor a URI"),
                                  ("", 2, "neither the id of a connection nor a URI")):
            done = subprocess.run(vireoctl("-c", uri, "list"), env=self.env, text=True,
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(said, done.stderr)

    def test_edit_again_after_a_refusal(self):
        self.define("retried")
        editor = self.host.folder / "editor"
        editor.write_text("#!/bin/sh\nif grep -q wrong \"$1\"; then sed -i s/wrong/7/ \"$1\"\n"
                          "else sed -i 's#<vcpu.*#<vcpu>wrong</vcpu>#' \"$1\"\nfi\n")
        editor.chmod(0o755)
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        said = []
        with subprocess.Popen(vireoctl("-c", "test", "edit", "retried"), stdin=slave, stdout=slave,
                              stderr=slave, env={**self.env, "EDITOR": str(editor)}) as edit:
            os.close(slave)

            def asked():
                if select.select([master], [], [], 0)[0]:
                    said.append(os.read(master, 4096).decode())
                return "again?" in "".join(said)
            wait_until(asked, 30, lambda: f"a question; {said}")
            os.write(master, b"y\n")
            self.assertEqual(edit.wait(30), 0)
        self.assertIn("wrong", "".join(said))
        self.assertIn(">7</vcpu>", self.run_ok("dumpxml", "retried"))

    def complete(self, *words):
        done = subprocess.run(vireoctl("__complete", "-c", "test", *words), env=self.env, text=True,
                              capture_output=True, timeout=60, check=True)
        return done.stdout.split()

    def test_completion_of_every_kind(self):
        self.start("completed")
        self.run_ok("snapshot-create-as", "completed", "one")
        self.addCleanup(self.run_raw, "undefine", "--snapshots-metadata", "completed")
        self.assertEqual(self.complete("snapshot", "revert", "compl"), ["completed"])
        self.assertEqual(self.complete("snapshot", "revert", "completed", ""), ["one"])
        self.assertEqual(self.complete("snapshot-revert", "--running", "completed", "o"), ["one"])
        self.assertEqual(self.complete("setvcpu", "completed", "1", "o"), ["on", "off"])
        self.assertIn("--live", self.complete("setmem", "--"))
        self.assertIn("net-start", self.complete("net-st"))
        self.assertEqual(self.complete("start", "completed", ""), [])
        self.assertIn("domain", self.complete("xml", "validate", "d"))


vireotest.main()
