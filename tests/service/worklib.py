# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of long operations on domains share."""

import unittest

import vireotest
from members import CONNECTION, uuid_of
from vireotest.client import NAME, GLib

DOMAIN = f"{NAME}.Domain"
DISK = ("<disk type='file' device='disk'><driver name='test' type='qcow2'/>"
        "<source file='/images/{name}-{target}.qcow2'/>"
        "<target dev='{target}' bus='virtio'/></disk>")


def options(**values):
    """a{sv} from booleans, texts and numbers; keys may have underscores for dashes."""
    types = {bool: "b", str: "s", int: "t", list: "as"}
    return {key.replace("_", "-"): value if isinstance(value, GLib.Variant)
            else GLib.Variant(types[type(value)], value) for key, value in values.items()}


def guest_xml(name, number, metadata="", disks=("vda",)):
    devices = "".join(DISK.format(name=name, target=target) for target in disks)
    return ("<domain type='test' xmlns:t='https://vireo.org/xmlns/domain/test/1.0'>"
            f"<name>{name}</name><uuid>{uuid_of(number)}</uuid><metadata>{metadata}</metadata>"
            "<memory unit='MiB'>64</memory><os><type>hvm</type></os>"
            f"<devices>{devices}</devices></domain>")


class WorkCase(unittest.TestCase):
    """A daemon with the test driver; each test makes its own domains."""

    count = 0

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host(cls.__name__.lower(), arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client

    def setUp(self):
        self.maxDiff = None
        self.watches = []
        self.addCleanup(lambda: [watch.close() for watch in self.watches])

    def define(self, metadata="", start=True, connection=CONNECTION, disks=("vda",), **how):
        WorkCase.count += 1
        name = f"guest{WorkCase.count}"
        path = self.client.call(connection, "Connection", "DefineDomain", "(sa{sv})",
                                guest_xml(name, WorkCase.count, metadata, disks), {})
        if start:
            self.call(path, "Start", "(a{sv})", options(**how))
        return path

    def create(self, metadata="", disks=("vda",)):
        """A transient domain."""
        WorkCase.count += 1
        return self.client.call(CONNECTION, "Connection", "CreateDomain", "(sa{sv})", guest_xml(
            f"guest{WorkCase.count}", WorkCase.count, metadata, disks), {})

    def call(self, path, method, signature="(a{sv})", *args, interface="Domain"):
        return self.client.call(path, interface, method, signature, *(args or ({},)))

    def error(self, path, method, signature="(a{sv})", *args, interface="Domain", code=None,
              names=""):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(path, method, signature, *args, interface=interface)
        if code is not None:
            self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertIn(names, caught.exception.message)
        return caught.exception

    def get(self, path, name, interface="Domain"):
        return self.client.get(path, interface, name)

    def state(self, path):
        return (self.get(path, "State"), self.get(path, "StateReason"))

    def xml(self, path, **how):
        return self.call(path, "GetXml", "(a{sv})", options(**how))

    def watch(self, path=None, interface="Domain", member=None):
        watch = self.client.watch(path, interface, member)
        self.watches.append(watch)
        return watch

    def lifecycle(self, watch, count):
        """The next events of a watch."""
        return [watch.wait().args for _ in range(count)]

    def job_of(self, path):
        """The path of the job that works on the domain, as soon as there is one."""
        found = []

        def look():
            job = self.get(path, "CurrentJob")
            if job != "/":
                found.append(job)
            return job != "/"
        vireotest.wait_until(look, 10, "a job")
        return found[0]
