# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small Linux guest: Debian's cloud kernel, and an initramfs of busybox and a few modules.

The kernel's package is downloaded once with apt-get and unpacked, not installed. What was built is
kept in a cache folder by its contents, so that later runs need no network.
"""

import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import time
import unittest

from .paths import SOURCE

PACKAGE = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_net", "virtio_blk", "virtio_console", "virtio_scsi", "sr_mod",
           "sd_mod", "isofs", "button", "evdev", "virtio_balloon", "virtio_rng")
INIT = pathlib.Path(__file__).parent / "guest-files" / "init"
EMULATOR = "qemu-system-x86_64"
CMDLINE = "console=ttyS0 quiet panic=1 random.trust_cpu=on"
# What the agent needs of a guest beside itself: users, a name of the system, a way to stop.
AGENT = pathlib.Path("/usr/sbin/qemu-ga")
AGENT_MODULES = ("ext4",)
AGENT_FILES = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "etc/shadow": b"root:*:19000:0:99999:7:::\n",
    "etc/group": b"root:x:0:\n",
    "etc/os-release": b'ID=vireo-guest\nNAME="Vireo guest"\nPRETTY_NAME="Vireo guest 1"\n',
    "root/README": b"",
    "var/run/README": b"",
    # What it was given is kept for a test to see.
    "bin/chpasswd": b'#!/bin/sh\nread -r line\ngrep -q "^${line%%:*}:" /etc/passwd || exit 1\n'
                    b'echo "$line" > /run/chpasswd\n',
    "sbin/hwclock": b'#!/bin/sh\nexec /bin/busybox hwclock -u "$@"\n',
    "sbin/shutdown": b'#!/bin/sh\nsync\ncase $1 in -r) reboot -f ;; *) poweroff -f ;; esac\n',
}
READY = "VIREO GUEST READY"
POWER_BUTTON = "VIREO GUEST POWER BUTTON"


class GuestUnavailable(Exception):
    """No guest can be built here, and why."""


class Guest:
    """The files to boot."""

    def __init__(self, folder):
        self.folder = folder
        self.kernel = folder / "vmlinuz"
        self.initrd = folder / "initrd"
        self.cmdline = CMDLINE


def cache_folder():
    """Beside the build folders, so that the project leaves nothing anywhere else."""
    return pathlib.Path(os.environ.get("VIREO_TEST_CACHE") or SOURCE / "build-cache")


def output(command, cwd=None):
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        raise GuestUnavailable(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return done.stdout


def newest_package():
    """Name and version of the kernel that the archive has now."""
    names = re.findall(r"linux-image-\S+-cloud-amd64", output(["apt-cache", "depends", PACKAGE]))
    if not names:
        raise GuestUnavailable(f"apt knows no {PACKAGE}; run: apt-get update")
    fields = output(["apt-cache", "show", "--no-all-versions", names[0]])
    return names[0], re.search(r"^Version: (\S+)$", fields, re.M).group(1)


def unpack_kernel(cache):
    """The folder of the unpacked kernel package: the newest, or what is there when offline."""
    try:
        name, version = newest_package()
        target = cache / "kernels" / f"{name}_{version.replace(':', '-')}"
        if not target.exists():
            download_kernel(name, version, target)
        return target
    except (GuestUnavailable, FileNotFoundError) as problem:
        have = sorted((cache / "kernels").glob("linux-image-*"), key=lambda p: p.stat().st_mtime)
        if not have:
            raise GuestUnavailable(f"no kernel for the guest: {problem}") from None
        return have[-1]


def download_kernel(name, version, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        output(["apt-get", "download", f"{name}={version}"], cwd=work)
        package = next(pathlib.Path(work).glob("*.deb"))
        unpacked = pathlib.Path(work) / "unpacked"
        output(["dpkg", "-x", str(package), str(unpacked)])
        publish(unpacked, target)


def publish(folder, target):
    """Renames a finished folder into place; another process may have been faster."""
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def module_index(kernel):
    return {p.stem.replace("-", "_"): p for p in kernel.glob("lib/modules/*/kernel/**/*.ko")}


def load_order(index, wanted):
    """Modules with what they need before them, from the `depends=` of each."""
    order = []

    def visit(name):
        if name in order or name not in index:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", b"\0" + index[name].read_bytes())
        for needed in found.group(1).decode().split(",") if found else []:
            if needed:
                visit(needed.replace("-", "_"))
        order.append(name)
    for name in wanted:
        visit(name)
    return order


class Cpio:
    """An archive in the format "newc" that the kernel unpacks."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0

    def add(self, name, mode, contents=b"", device=(0, 0)):
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 1, 0, len(contents), 0, 0, *device, len(encoded), 0]
        self.data += b"070701" + b"".join(b"%08X" % f for f in fields)
        for part in (encoded, contents):
            self.data += part
            self.data += b"\0" * (-len(self.data) % 4)

    def folder(self, name):
        self.add(name, stat.S_IFDIR | 0o755)

    def file(self, name, contents, mode=0o644):
        self.add(name, stat.S_IFREG | mode, contents)

    def finish(self):
        self.add("TRAILER!!!", 0)
        return bytes(self.data)


def agent_files():
    """QEMU's guest agent, with the libraries that it needs, by their names in the guest."""
    if not AGENT.exists():
        raise GuestUnavailable("qemu-guest-agent is not installed")
    libraries = re.findall(r"(/\S+) \(0x", output(["ldd", str(AGENT)]))
    return {file.lstrip("/"): pathlib.Path(file).read_bytes()
            for file in [str(AGENT), *libraries]}


def add_agent(cpio):
    files = agent_files()
    files.update(AGENT_FILES)
    folders = {str(parent) for name in files for parent in pathlib.PurePath(name).parents}
    for folder in sorted(folders - {".", "etc", "bin", "dev"}):
        cpio.folder(folder)
    for name, contents in files.items():
        cpio.file(name, contents, 0o755)


def make_initrd(kernel, busybox, agent):
    index = module_index(kernel)
    order = load_order(index, MODULES + (AGENT_MODULES if agent else ()))
    cpio = Cpio()
    for folder in ("bin", "dev", "etc", "modules"):
        cpio.folder(folder)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    cpio.file("init", INIT.read_bytes(), 0o755)
    cpio.file("bin/busybox", busybox.read_bytes(), 0o755)
    cpio.file("modules/order", "".join(f"{n}\n" for n in order).encode())
    for name in order:
        cpio.file(f"modules/{name}.ko", index[name].read_bytes())
    if agent:
        add_agent(cpio)
    return cpio.finish()


def find_busybox():
    path = shutil.which("busybox")
    if not path:
        raise GuestUnavailable("busybox-static is not installed")
    binary = pathlib.Path(path)
    if b"ld-linux" in binary.read_bytes()[:4096]:
        raise GuestUnavailable(f"{path} is not static; install busybox-static")
    return binary


def build(cache=None, agent=False):
    """The guest, with QEMU's agent in it or not, from the cache when it is there."""
    cache = pathlib.Path(cache) if cache else cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    busybox = find_busybox()
    kernel = unpack_kernel(cache)
    digest = hashlib.sha256()
    for part in (kernel.name.encode(), busybox.read_bytes(), INIT.read_bytes(),
                 pathlib.Path(__file__).read_bytes()):
        digest.update(hashlib.sha256(part).digest())
    for name, contents in sorted(agent_files().items()) if agent else ():
        digest.update(hashlib.sha256(name.encode() + contents).digest())
    folder = cache / "guests" / digest.hexdigest()[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            made = pathlib.Path(work) / "guest"
            made.mkdir()
            shutil.copy(next(kernel.glob("boot/vmlinuz-*")), made / "vmlinuz")
            (made / "initrd").write_bytes(make_initrd(kernel, busybox, agent))
            for file in made.iterdir():
                file.chmod(0o644)
            made.chmod(0o755)
            publish(made, folder)
    return Guest(folder)


def prepare_emulator():
    """For vireotest.main(): skips the tests when there is no QEMU."""
    if not shutil.which(EMULATOR):
        raise unittest.SkipTest(f"{EMULATOR} is not installed")


def prepare(agent=False):
    """For vireotest.main(): builds the guest while there is a network, or skips the tests."""
    prepare_emulator()
    try:
        build(agent=agent)
    except GuestUnavailable as problem:
        raise unittest.SkipTest(str(problem)) from None


def install(guest, folder):
    """Copies the guest where a daemon of any user can read it, and returns the copy."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    copy = Guest(folder)
    shutil.copy(guest.kernel, copy.kernel)
    shutil.copy(guest.initrd, copy.initrd)
    return copy


def boots_with(guest, accelerator, seconds):
    """Whether this very guest comes up with an accelerator; KVM may open, and then hang."""
    command = [EMULATOR, "-accel", accelerator, "-nodefaults", "-no-user-config",
               "-display", "none", "-no-reboot", "-m", "192",
               "-serial", "stdio", "-kernel", str(guest.kernel),
               "-initrd", str(guest.initrd), "-append", guest.cmdline]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        os.set_blocking(process.stdout.fileno(), False)
        seen = b""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            seen += process.stdout.read() or b""
            if READY.encode() in seen:
                break
            time.sleep(0.05)
        process.kill()
        seen += process.stdout.read() or b""
    return READY.encode() in seen


def kvm_works(guest, seconds=6):
    """A short probe: with KVM that works the guest is up in a second or two."""
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and boots_with(guest, "kvm", seconds)
