#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No option is taken and ignored: for each driver that has a function, every flag and every field
that the service can hand it is read there, and so is every option that is handed on as it is."""

import collections
import re
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest

DRIVERS = vireotest.SOURCE / "src/drivers"
SERVICE = vireotest.SOURCE / "src/service"
# Which folders are a driver, beside what all share.
FOLDERS = {"test": ["test"], "qemu": ["qemu", "storage", "network"]}

# What a driver has no use for, because what it asks for is so anyway, or never is; why.
MOOT = {
    ("test", "VIREO_DOMAIN_UNDEFINE_KEEP_TPM"): "TPMs keep nothing",
    ("test", "VIREO_DOMAIN_ASK_PARAVIRT"): "refused with all that a guest has not",
    ("test", "VIREO_DOMAIN_START_BYPASS_CACHE"): "what was saved is in memory: there is no cache",
    ("test", "VIREO_DOMAIN_START_RESET_NVRAM"): "firmware keeps nothing",
    ("test", "VIREO_DOMAIN_DESTROY_REMOVE_LOGS"): "nothing is written down",
    ("test", "VIREO_DOMAIN_SAVE_BYPASS_CACHE"): "what is saved is in memory: there is no cache",
    ("test", "VIREO_DOMAIN_DUMP_BYPASS_CACHE"): "the same",
    ("test", "VIREO_DOMAIN_SAVE_RESET_NVRAM"): "firmware keeps nothing",
    ("test", "VIREO_SNAPSHOT_REVERT_RESET_NVRAM"): "firmware keeps nothing",
    ("test", "VIREO_SNAPSHOT_CREATE_ATOMIC"): "a snapshot is of all disks or none",
    ("test", "VIREO_BLOCK_JOB_TRANSIENT"): "no job outlives the daemon",
    ("test", "VIREO_BLOCK_JOB_SYNCHRONOUS_WRITES"): "no guest writes that could be waited for",
    ("test", "VireoBlockJobRequest.buffer_size"): "nothing is buffered",
    ("test", "VIREO_MIGRATE_CHANGE_PROTECTION"): "a job works on the domain: nothing else does",
    ("test", "VIREO_MIGRATE_ABORT_ON_ERROR"): "no disk fails",
    ("test", "VIREO_MIGRATE_SYNCHRONOUS_WRITES"): "no guest writes that could be waited for",
    ("test", "VIREO_STORAGE_BUILD_NEW"): "a folder in memory is there when it is needed",
    ("test", "VIREO_STORAGE_VOLUME_PREALLOC_METADATA"): "formats are but names",
    ("test", "VIREO_STORAGE_VOLUME_WITH_SNAPSHOTS"): "a file is deleted with all that is in it",
    ("test", "GetStats.enforce"): "it has all groups that there are",
    ("test", "GetStats.nowait"): "nothing is waited for",
    ("qemu", "VIREO_DOMAIN_START_FORCE_BOOT"): "there is no managed save image",
    ("qemu", "VIREO_DOMAIN_START_BYPASS_CACHE"): "there is no managed save image",
    ("qemu", "VIREO_DOMAIN_UNDEFINE_MANAGED_SAVE"): "there is no managed save image",
    ("qemu", "VIREO_DOMAIN_UNDEFINE_CHECKPOINTS"): "there are no checkpoints",
    ("qemu", "VIREO_DOMAIN_UNDEFINE_KEEP_TPM"): "what TPMs keep always stays",
    ("qemu", "VIREO_SNAPSHOT_CREATE_ATOMIC"): "a snapshot is of all disks or none",
    ("qemu", "VIREO_DOMAIN_ASK_INITCTL"): "refused with all that a guest has not",
    ("qemu", "VIREO_DOMAIN_ASK_SIGNAL"): "refused with all that a guest has not",
    ("qemu", "VIREO_DOMAIN_ASK_PARAVIRT"): "refused with all that a guest has not",
    ("qemu", "VIREO_STORAGE_BUILD_REPAIR"): "refused with all that a folder has not",
    ("qemu", "VIREO_STORAGE_BUILD_RESIZE"): "refused with all that a folder has not",
    ("qemu", "VIREO_STORAGE_VOLUME_WITH_SNAPSHOTS"): "a file is deleted with all that is in it",
}

# Handlers of the service that hand options on as they are, and macros of rows that use them.
# Handlers of their own that hand on some options, too.
ALSO = {"GetStats": "get_stats"}
HANDS_ON = r"vireo_handle_args|vireo_handle_args_fd|vireo_handle_query"
ROW = re.compile(r'(?:\b(?P<macro>[A-Z_]+) \(|\{ )"(?P<name>[A-Za-z]+)",'
                 r'(?P<rest>[^;]*?)(?:\)|\}),\n', re.S)


def read(paths):
    return {path: path.read_text() for path in sorted(paths)}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def load_headers():
    """The flags, by the type of their enumeration; the fields, by that of their structure; and the
    names of a driver's functions by the types that they take."""
    flags, fields, users = {}, {}, collections.defaultdict(set)
    handed_on = set()
    for path in DRIVERS.glob("vireo-*.h"):
        text = without_comments(path.read_text())
        for body, name in re.findall(r"typedef enum\n\{([^{}]*)\n\} (\w+);", text):
            flags[name] = re.findall(r"(\w+) = 1 << \d+", body)
        for body, name in re.findall(r"typedef struct\n\{([^{}]*)\n\} (\w+(?:Request|Transfer));",
                                     text):
            fields[name] = re.findall(r"(\w+);", body)
        for name, arguments in re.findall(r"\(\*(\w+)\) \(([^;]*?)\);", text, re.S):
            for kind in re.findall(r"Vireo\w+", arguments):
                users[kind].add(name)
            if "GVariant *args" in arguments:
                handed_on.add(name)
        handed_on.update(re.findall(r"VireoDomainFunc (\w+);", text))
    return flags, fields, users, handed_on


class Driver:
    def __init__(self, name):
        self.name = name
        self.own = read(p for f in FOLDERS[name] for p in (DRIVERS / f).glob("*.c"))
        self.shared = read((DRIVERS / "common").glob("*.c"))
        self.files = {**self.own, **self.shared}
        self.text = without_comments("\n".join(self.files.values()))
        self.functions = collections.defaultdict(list)
        for path, text in self.files.items():
            for op, function in re.findall(r"(?:iface|class)->(\w+)\s*=\s*(\w+);", text):
                self.functions[op].append((path, function))

    def has(self, op):
        return bool(self.functions[op])

    def mentions(self, word):
        return re.search(rf"\b{word}\b", self.text) is not None

    def reads_field(self, field):
        return re.search(rf"(->|\.){field}\b", self.text) is not None

    def files_of(self, op):
        """Where a function of the driver may read its options."""
        if op == "edit":
            return [p for p in self.files if "edit" in p.name or "device" in p.name]
        found = {path for path, _ in self.functions[op]}
        for path, function in self.functions[op]:
            for file in {path, *self.defining(function)}:
                found.add(file)
                for called in self.called_from(self.files[file], function):
                    found.update(self.defining(called))
        return found

    def called_from(self, text, function, seen=None):
        """Functions of other files that it calls, by itself or by others of its file."""
        seen = set() if seen is None else seen
        seen.add(function)
        found = set()
        for body in re.findall(rf"^{function} \(.*?^\}}", text, re.M | re.S):
            for name in set(re.findall(r"\b(\w+) \(", body)) - seen:
                if re.search(rf"^{name} \(", text, re.M):
                    found |= self.called_from(text, name, seen)
                elif name.startswith("vireo_"):
                    found.add(name)
        return found

    def defining(self, function):
        return [p for p, text in self.files.items() if re.search(rf"^{function} \(", text, re.M)]

    def reads_option(self, op, option):
        return any(f'"{option}"' in without_comments(self.files[p]) for p in self.files_of(op))


def load_options():
    """member -> names of its options"""
    found = collections.defaultdict(set)
    for path in (vireotest.SOURCE / "introspection").glob("org.vireo.*.xml"):
        for method in ElementTree.parse(path).iter("method"):
            for note in method.findall("annotation[@name='org.vireo.Options']"):
                found[method.get("name")].update(
                    part.split()[0] for part in note.get("value").split(",") if part.strip())
    return found


def load_rows(handed_on):
    """(file, member, op) of members whose options the service hands on to drivers."""
    for member, op in ALSO.items():
        yield None, member, op
    for path, text in read(SERVICE.glob("*.c")).items():
        macros = set(re.findall(rf"#define (\w+)\([^)]*\)[^#]*?(?:{HANDS_ON}|handle_edit)\b", text))
        for row in ROW.finditer(text):
            if row["macro"] in macros or re.search(HANDS_ON, row["rest"]):
                words = re.findall(r"\w+", row["rest"])
                ops = [w for w in words if w in handed_on]
                yield path, row["name"], "edit" if row["macro"] == "EDIT" else (ops or [None])[-1]


class Options(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.flags, cls.fields, cls.users, cls.handed_on = load_headers()
        cls.drivers = [Driver(name) for name in FOLDERS]
        cls.service = without_comments("\n".join(read(SERVICE.glob("*.c")).values()))
        cls.used = set()

    def check(self, driver, what, is_read):
        moot = (driver.name, what) in MOOT
        self.used.add((driver.name, what))
        if is_read:
            self.assertFalse(moot, f"{driver.name} reads {what} after all")
        elif not moot:
            self.fail(f"the {driver.name} driver takes {what} and does nothing with it")

    def test_something_was_found(self):
        """The patterns fit what there is."""
        self.assertIn("VIREO_MIGRATE_UNSAFE", self.flags["VireoMigrateFlags"])
        self.assertIn("granularity", self.fields["VireoBlockJobRequest"])
        self.assertIn("start", self.users["VireoDomainStartFlags"])
        self.assertIn("open_graphics", self.handed_on)
        self.assertTrue(all(d.has("start") and d.has("edit") for d in self.drivers))
        members = {member: op for _, member, op in load_rows(self.handed_on)}
        for member, op in (("OpenGraphics", "open_graphics"), ("UpdateDevice", "edit"),
                           ("SetTime", "set_time"), ("AllocateHostPages", "allocate_pages")):
            self.assertEqual(members.get(member), op, member)

    def test_flags(self):
        for kind, names in self.flags.items():
            # Those of a request are the fields' business.
            for name in names:
                if not re.search(rf"\b{name}\b", self.service):
                    continue
                for driver in self.drivers:
                    takers = self.users[kind] | {op for request, has in self.fields.items()
                                                 if "flags" in has and self.fits(kind, request)
                                                 for op in self.users[request]}
                    if any(driver.has(op) for op in takers):
                        with self.subTest(driver=driver.name, flag=name):
                            self.check(driver, name, driver.mentions(name))

    def fits(self, kind, request):
        """Whether the field `flags` of the structure is of that kind."""
        return kind.removesuffix("Flags") == request.removesuffix("Request")

    def test_fields(self):
        for kind, names in self.fields.items():
            for driver in self.drivers:
                if any(driver.has(op) for op in self.users[kind]):
                    for name in names:
                        with self.subTest(driver=driver.name, field=f"{kind}.{name}"):
                            self.check(driver, f"{kind}.{name}", driver.reads_field(name))

    def test_what_is_handed_on(self):
        options = load_options()
        for path, member, op in load_rows(self.handed_on):
            service = without_comments(path.read_text()) if path is not None else ""
            for option in sorted(options[member]):
                for driver in self.drivers:
                    if op is None or not driver.has(op) or f'"{option}"' in service:
                        continue
                    with self.subTest(driver=driver.name, option=f"{member}.{option}"):
                        self.check(driver, f"{member}.{option}", driver.reads_option(op, option))

    def test_what_is_not_handed_on(self):
        """The service reads it, in the files of its handlers or where several share it."""
        handed_on = {member for _, member, _ in load_rows(self.handed_on)}
        for member, names in load_options().items():
            for option in sorted(names):
                if member not in handed_on:
                    self.assertIn(f'"{option}"', self.service, f"nobody reads {option} of {member}")

    @classmethod
    def tearDownClass(cls):
        stale = set(MOOT) - cls.used
        if stale:
            raise AssertionError(f"nobody can ask for these any more: {sorted(stale)}")


vireotest.main()
