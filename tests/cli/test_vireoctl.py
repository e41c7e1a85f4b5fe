#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vireoctl against the service with the test driver: what a person at a shell sees."""

import os
import pty
import re
import select
import subprocess

import clitest
import vireotest
from clitest import vireoctl
from vireotest import samples
from vireotest.wait import wait_until

POOL = "<pool type='dir'><name>shelf</name><target><path>/shelf</path></target></pool>"
VOLUME = "<volume><name>disk</name><capacity>4096</capacity></volume>"
NETWORK = ("<network><name>office</name><forward mode='nat'/><bridge name='office0'/>"
           "<ip address='192.168.77.1' netmask='255.255.255.0'/></network>")


class Verbs(clitest.Command):
    def test_life_of_a_domain(self):
        self.define("life")
        self.addCleanup(self.run_raw, "destroy", "life")
        self.assertEqual(self.run_ok("state", "life"), "shutoff\n")
        self.run_ok("start", "life")
        self.assertEqual(self.run_ok("domain", "state", "--reason", "life"), "running (booted)\n")
        self.run_ok("suspend", "life")
        self.assertEqual(self.run_ok("domstate", "life"), "paused\n")
        self.run_ok("resume", "life")
        self.run_ok("shutdown", "--wait", "life")
        self.assertEqual(self.run_ok("state", "life"), "shutoff\n")
        self.run_ok("start", "--paused", "life")
        self.assertEqual(self.run_ok("state", "life"), "paused\n")
        self.run_ok("destroy", "life")

    def test_list_is_a_table_or_json_or_names(self):
        self.define("listed")
        table = self.run_ok("list")
        self.assertRegex(table.splitlines()[0], r"^NAME +STATE +AUTOSTART +PERSISTENT +UUID$")
        self.assertRegex(table, r"(?m)^listed +shutoff +no +yes +[0-9a-f-]{36}$")
        self.assertNotIn("\x1b", table)
        names = self.run_ok("list", "--name").split("\n")
        self.assertIn("listed", names)
        self.assertIn("test", names)
        self.assertNotIn("listed", self.run_ok("list", "--name", "--active").split("\n"))
        parsed = self.run_json("list")
        self.assertIn("listed", [p["Name"] for p in parsed.values()])

    def test_a_domain_is_found_by_name_uuid_id_and_path(self):
        path = self.define("found")
        self.addCleanup(self.run_raw, "destroy", "found")
        uuid = self.run_ok("uuid", "found").strip()
        self.assertEqual(path.rsplit("/_", 1)[1].replace("_", "-"), uuid)
        self.run_ok("start", "found")
        number = self.run_ok("id", "found").strip()
        for word in ("found", uuid, number, path):
            self.assertEqual(self.run_ok("name", word), "found\n", word)
        self.assertIn("NotFound", self.run_fails(1, "start", "nowhere"))

    def test_definition_can_be_printed_and_autostart_set(self):
        self.define("printed")
        xml = self.run_ok("dumpxml", "printed")
        self.assertIn("<name>printed</name>", xml)
        self.run_ok("autostart", "printed")
        self.assertRegex(self.run_ok("info", "printed"), r"(?m)^Autostart +yes$")
        self.run_ok("autostart", "--disable", "printed")
        self.assertRegex(self.run_ok("info", "printed"), r"(?m)^Autostart +no$")

    def test_rename(self):
        self.define("before")
        self.addCleanup(self.run_raw, "undefine", "after")
        self.run_ok("rename", "before", "after")
        self.assertEqual(self.run_ok("state", "after"), "shutoff\n")
        self.run_fails(1, "state", "before")

    def test_edit_replaces_the_definition(self):
        self.define("edited")
        self.run_ok("edit", "edited",
                    EDITOR="sed -i s#</name>#</name><title>New</title>#")
        self.assertIn("<title>New</title>", self.run_ok("dumpxml", "edited"))
        self.assertIn("Nothing was changed", self.run_ok("edit", "edited", EDITOR="true"))
        error = self.run_fails(1, "edit", "edited", EDITOR="sed -i s#<vcpu.*#<vcpu>many</vcpu>#")
        self.assertIn("many", error)
        self.assertNotIn("many", self.run_ok("dumpxml", "edited"))
        self.assertEqual(list(self.host.folder.glob("vireo-*.xml")), [])

    def test_networks(self):
        self.run_ok("net-define", "-", stdin=NETWORK)
        self.addCleanup(self.run_raw, "net-undefine", "office")
        self.run_ok("net-start", "office")
        self.assertRegex(self.run_ok("network", "list"),
                         r"(?m)^office +active +no +yes +office0 +nat$")
        self.assertIn("EXPIRES", self.run_ok("net-dhcp-leases", "office"))
        self.run_ok("network", "destroy", "office")
        self.assertRegex(self.run_ok("network", "list", "--inactive"), r"(?m)^office +inactive")

    def test_pools_and_volumes(self):
        self.run_ok("pool-define", "-", stdin=POOL)
        self.addCleanup(self.run_raw, "pool-undefine", "shelf")
        self.run_ok("pool-start", "shelf", "--build")
        self.addCleanup(self.run_raw, "pool-destroy", "shelf")
        self.assertRegex(self.run_ok("pool", "list", "--active", "--type", "dir"),
                         r"(?m)^shelf +running +no +yes .* /shelf$")
        path = self.run_ok("vol-create", "shelf", "-", stdin=VOLUME).strip()
        self.assertTrue(path.endswith("/volumes/disk"), path)
        self.addCleanup(self.run_raw, "vol-delete", "shelf", "disk")
        file = self.host.folder / "contents"
        file.write_bytes(b"contents")
        self.run_ok("vol-upload", "shelf", "disk", str(file), "--offset", "8")
        self.run_ok("vol-download", "shelf", "disk", str(file), "--length", "16")
        self.assertEqual(file.read_bytes(), bytes(8) + b"contents")
        self.run_ok("volume", "resize", "shelf", "disk", "8192")
        self.assertRegex(self.run_ok("vol", "list", "shelf"), r"(?m)^disk +raw +8192 ")
        self.run_ok("vol-wipe", "shelf", "disk", "--algorithm", "trim")
        self.assertIn("<key>/shelf/disk</key>", self.run_ok("vol-dumpxml", "shelf", "disk"))
        self.assertIn("NotFound", self.run_fails(1, "vol-info", "shelf", "other"))
        self.run_fails(2, "vol-resize", "shelf", "disk", "much")
        self.run_ok("vol-delete", "shelf", "disk")

    def test_console_is_joined_to_the_terminal(self):
        self.define("talker", "<devices><serial type='pty'/><console type='pty'/></devices>")
        self.addCleanup(self.run_raw, "destroy", "talker")
        self.run_ok("start", "talker")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        with subprocess.Popen(vireoctl("-c", "test", "console", "talker"), env=self.env,
                              stdin=slave, stdout=slave, stderr=slave) as process:
            os.close(slave)
            said = []

            def read():
                if select.select([master], [], [], 0)[0]:
                    said.append(os.read(master, 4096).decode())
                return "".join(said)
            wait_until(lambda: "login" in read(), 20, lambda: f"a banner; {said}")
            os.write(master, b"hello there\r")
            wait_until(lambda: "hello there" in read(), 20, lambda: f"an echo; {said}")
            os.write(master, b"\x1d")
            self.assertEqual(process.wait(20), 0)

    def test_errors_name_what_and_where(self):
        error = self.run_fails(1, "define", "-", stdin="<domain>\n<name>x/y</name></domain>")
        self.assertRegex(error, r"XmlInvalid: .*line 2")
        self.assertIn("x/y", error)
        self.assertIn("Usage", self.run_fails(2, "start"))
        self.run_fails(2, "start", "a", "b")
        self.run_fails(2, "list", "--nonsense")
        self.run_fails(1, "define", "/nonexistent.xml")
        self.assertEqual(self.run_raw("frobnicate").returncode, 2)

    def test_nobody_is_told_that_polkit_refused(self):
        done = subprocess.run(
            ["runuser", "-u", "nobody", "--",
             *vireoctl("-c", "test", "--no-ask-password", "destroy", "test")],
            env=self.env, text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("NotAuthorized", done.stderr)
        check = subprocess.run(
            ["runuser", "-u", "nobody", "--",
             *vireoctl("-c", "test", "service", "check", "domain.stop", "test")],
            env=self.env, text=True, capture_output=True, timeout=60, check=False)
        self.assertIn(check.stdout, ("no\n", "after authentication\n"))
        self.assertEqual(check.returncode, 1)

    def test_job_is_waited_for_over_a_restart(self):
        domain = self.define(
            "slower", "<metadata><t:delay xmlns:t='https://vireo.org/xmlns/domain/test/1.0'"
                      " start='600000'/></metadata>")
        start = subprocess.Popen(vireoctl("-c", "test", "start", "slower"), env=self.env,
                                 text=True, stderr=subprocess.PIPE)
        self.addCleanup(start.stderr.close)
        wait_until(lambda: "domain-start" in self.run_ok("job", "list"), 20, lambda: "a job")
        number = self.host.client.get(domain, "Domain", "CurrentJob").rsplit("/", 1)[1]
        said = self.host.folder / "said"
        with open(said, "wb") as file:
            waiting = subprocess.Popen(vireoctl("job", "wait", number), env=self.env, stdout=file,
                                       stderr=file)
        record = self.host.daemon.run / "jobs" / f"{number}.job"
        wait_until(record.exists, 20, lambda: "the record of the job")
        self.host.daemon.kill()
        wait_until(lambda: "waiting for it to come back" in said.read_text(), 20,
                   "the command to notice")
        self.assertEqual(start.wait(30), 1)
        self.assertEqual(start.stderr.read(),
                         "vireoctl: the service ended before it answered Start: see what there is "
                         "before you ask again, for it may have been done\n")
        self.assertIn("is not on the system bus of this host", self.run_fails(1, "list"))
        self.host.daemon.start()
        self.assertEqual(waiting.wait(30), 1)
        self.assertIn("in the middle of domain-start", said.read_text())
        self.host.client.open("test:///default")

    def test_words_that_are_none(self):
        """What was mistyped is named, and not in the midst of what a pipe gets."""
        for words, said in ((["frobnicate"], "no verb “frobnicate”"),
                            (["domain", "frobnicate"], "no verb “frobnicate”"),
                            (["network", "frobnicate", "x"], "no verb “frobnicate”"),
                            (["network"], "network --help"), ([], "vireoctl help")):
            done = self.run_raw(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(said, done.stderr)
            self.assertLess(len(done.stderr), 200)
        self.assertIn("autostart", self.run_ok("network", "--help"))
        self.assertIn("no domain “absent”", self.run_fails(1, "start", "absent"))
        self.assertIn("no pool “absent”", self.run_fails(1, "pool", "start", "absent"))

    def test_autodestroy(self):
        """The command stays for as long as the guest does, and the guest for as long as it."""
        path = self.define("stays")
        state = lambda: self.host.client.get(path, "Domain", "State")  # noqa: E731
        for ends in ("command", "guest"):
            with subprocess.Popen(vireoctl("-c", "test", "start", "--autodestroy", "stays"),
                                  env=self.env, text=True, stderr=subprocess.PIPE) as process:
                wait_until(lambda: state() == "running", 20, "the guest to run")
                self.assertIsNone(process.poll())
                if ends == "command":
                    process.terminate()
                else:
                    self.run_ok("destroy", "stays")
                    self.assertEqual(process.wait(20), 0, process.stderr.read())
            wait_until(lambda: state() == "shutoff", 20, "the guest to end")
        with subprocess.Popen(vireoctl("-c", "test", "create", "--autodestroy", "-"), text=True,
                              env=self.env, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            process.stdin.write(samples.minimal_domain("passing"))
            process.stdin.close()
            self.assertIn("/domains/", process.stdout.readline())
            self.run_ok("destroy", "passing")
            self.assertEqual(process.wait(20), 0)

    def test_a_guest_is_waited_for_no_longer_than_the_service_is_there(self):
        self.define("asked", "<metadata><t:delay xmlns:t='https://vireo.org/xmlns/domain/test/1.0'"
                             " shutdown='600000'/></metadata>")
        self.run_ok("start", "asked")
        with subprocess.Popen(vireoctl("-c", "test", "shutdown", "--wait", "asked"), env=self.env,
                              text=True, stderr=subprocess.PIPE) as asking:
            wait_until(lambda: "Domain.Shutdown" in self.host.daemon.log_tail(5), 20,
                       lambda: self.host.daemon.log_tail(5))
            self.host.daemon.kill()
            self.assertEqual(asking.wait(30), 1)
            self.assertIn("ended", asking.stderr.read())
        self.host.daemon.start()
        self.host.client.open("test:///default")

    def test_a_bus_that_is_not_there(self):
        for words, variable, name in ((["list"], "DBUS_SYSTEM_BUS_ADDRESS", "system"),
                                      (["--session", "list"], "DBUS_SESSION_BUS_ADDRESS",
                                       "session")):
            said = self.run_fails(1, *words, **{variable: "unix:path=/nowhere"})
            self.assertRegex(said, f"^vireoctl: cannot reach the {name} bus: .*/nowhere|No such")
        self.assertIn("“-x” is not a host", self.run_fails(2, "--host=-x", "list"))

    def test_jobs_are_listed_and_cancelled(self):
        self.define("slow", "<metadata><t:delay xmlns:t='https://vireo.org/xmlns/domain/test/1.0'"
                            " start='60000'/></metadata>")
        with subprocess.Popen(vireoctl("-c", "test", "start", "slow"), env=self.env, text=True,
                              stderr=subprocess.PIPE) as start:
            wait_until(lambda: "domain-start" in self.run_ok("job", "list"), 20, lambda: "a job")
            self.assertRegex(self.run_ok("job", "info", "slow"), r"(?m)^Cancelable +yes$")
            self.run_ok("job", "cancel", "slow")
            self.assertEqual(start.wait(20), 1)
            self.assertIn("Cancelled", start.stderr.read())
        self.assertEqual(self.run_ok("state", "slow"), "shutoff\n")

    def test_watch_prints_signals(self):
        with subprocess.Popen(vireoctl("watch"), env=self.env, text=True,
                              stdout=subprocess.PIPE) as watch:
            os.set_blocking(watch.stdout.fileno(), False)
            said = []

            def seen():
                self.run_raw("autostart", "test")
                self.run_raw("autostart", "--disable", "test")
                said.append(watch.stdout.read() or "")
                return "PropertiesChanged" in "".join(said)
            wait_until(seen, 20, lambda: f"a signal; {said}")
            watch.terminate()

    def test_completion_knows_verbs_options_and_names(self):
        self.define("complete-me")

        def complete(*words):
            return subprocess.run(vireoctl("__complete", "-c", "test", *words), env=self.env,
                                  text=True, capture_output=True, timeout=60,
                                  check=True).stdout.split()
        self.assertIn("domain", complete(""))
        self.assertIn("start", complete("sta"))
        self.assertEqual(complete("network", "lea"), ["leases"])
        self.assertEqual(complete("start", "--pa"), ["--paused"])
        self.assertEqual(complete("start", "complete"), ["complete-me"])
        self.assertEqual(complete("net", "start", "def"), ["default"])

    def test_connections(self):
        self.assertRegex(self.run_ok("connection", "list"),
                         r"(?m)^test +Test +\S+ +test:///default$")
        features = self.run_json("connection", "info")["Features"]
        self.assertIn("Domain.Start", features)
        self.assertTrue(re.search(r"<capabilities>", self.run_ok("connection", "capabilities")))


vireotest.main()
