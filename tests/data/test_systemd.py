#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files for systemd, as systemd itself reads them."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import vireotest

# What systemd-analyze calls exposure, times ten: 0 is sealed, 100 is open.
EXPOSURE_LIMIT = 50
# Settings that the unit must not give up; an exception is explained in the unit.
WANTED = {"NoNewPrivileges", "ProtectKernelModules", "ProtectClock",
          "ProtectHostname", "ProtectKernelLogs", "RestrictNamespaces", "RestrictSUIDSGID",
          "SystemCallArchitectures", "LockPersonality"}


class Systemd(unittest.TestCase):
    def setUp(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def unit(self):
        """The unit, with a program that is there in place of the installed one."""
        text = vireotest.built("data/systemd/vireod.service").read_text()
        path = self.root / "vireod.service"
        path.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M))
        return path

    def run_tool(self, *command):
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def test_unit_is_valid(self):
        done = self.run_tool("systemd-analyze", "verify", "--man=no", str(self.unit()))
        said = [line for line in done.stderr.splitlines() if "vireod" in line]
        self.assertEqual(said, [])

    def test_unit_is_hardened(self):
        done = self.run_tool(
            "systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_LIMIT}",
            "--json=short", str(self.unit()))
        rows = [(row["json_field"].split("_")[0], row["set"]) for row in json.loads(done.stdout)]
        self.assertLessEqual(WANTED, {name for name, _closed in rows})
        self.assertEqual([n for n, closed in rows if n in WANTED and closed is False], [])

    def test_guests_outlive_the_daemon(self):
        text = self.unit().read_text()
        self.assertIn("\nKillMode=process\n", text)
        self.assertIn("\nRuntimeDirectoryPreserve=yes\n", text)

    def test_sysusers_makes_the_guest_user(self):
        file = vireotest.built("data/systemd/vireo-sysusers.conf")
        (self.root / "etc").mkdir()
        self.run_tool("systemd-sysusers", f"--root={self.root}", str(file))
        line = next(entry for entry in (self.root / "etc/passwd").read_text().splitlines()
                    if entry.startswith("vireo-guest:"))
        fields = line.split(":")
        self.assertNotEqual(fields[2], "0")
        self.assertIn("nologin", fields[6])
        self.assertRegex((self.root / "etc/group").read_text(), r"(?m)^vireo:x:\d+:$")

    def test_tmpfiles_makes_the_folders(self):
        file = vireotest.built("data/systemd/vireo-tmpfiles.conf")
        text = re.sub(r" root root ", " - - ", file.read_text())
        copy = self.root / "vireo.conf"
        copy.write_text(text)
        self.run_tool("systemd-tmpfiles", "--create", f"--root={self.root}", str(copy))
        made = re.findall(r"^d (\S+) (\d+)", text, re.M)
        self.assertEqual(len(made), 5)
        for path, mode in made:
            folder = self.root / path.lstrip("/")
            self.assertTrue(folder.is_dir(), path)
            self.assertEqual(folder.stat().st_mode & 0o777, int(mode, 8), path)


vireotest.main(isolated=False)
