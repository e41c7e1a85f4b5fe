# SPDX-License-Identifier: LGPL-2.1-or-later
"""Namespaces for a test or a demo, so that it disturbs nobody and leaves nothing.

A process that calls reexec() comes back inside mount, network and process namespaces of its own;
settle() then gives it a loopback, writable copies of the few system folders that the service and
polkit read, and the accounts that the package would make. All of it is gone with the last process.
"""

import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys

from .paths import PRIVATE, PRIVATE_SOURCE, SOURCE

MARK = "VIREO_TEST_ISOLATED"
GUEST_USER = "vireo-guest"
PR_SET_PDEATHSIG = 1


def is_isolated():
    return os.environ.get(MARK) == "1"


def unshare_command():
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        # An ordinary user is root in a user namespace whose other ids come from /etc/subuid.
        command += ["--user", "--map-root-user", "--map-auto"]
    return command


def isolation_missing():
    """Why namespaces cannot be had here, or None."""
    if not shutil.which("unshare"):
        return "unshare (util-linux) is not installed"
    done = subprocess.run(unshare_command() + ["true"], capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return f"no private namespaces: {done.stderr.strip() or 'unshare failed'}"


def inside_command():
    """The command and environment that run this program again inside."""
    command = unshare_command() + ["--", sys.executable, *sys.argv]
    return command, dict(os.environ, **{MARK: "1"})


def reexec():
    """Runs this program again inside; does not return."""
    command, environment = inside_command()
    sys.stdout.flush()
    os.execvpe(command[0], command, environment)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def private_copy(folder, mode=0o755):
    """A writable copy of a small folder in memory, in its place."""
    path = pathlib.Path(folder)
    if not path.is_dir():
        return
    contents = [(p.relative_to(path), p.read_bytes()) for p in path.rglob("*") if p.is_file()]
    mount("-t", "tmpfs", "-o", f"mode={mode:o}", "vireo-test", str(path))
    for relative, data in contents:
        target = path / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def empty_folder(folder, mode=0o755):
    if pathlib.Path(folder).is_dir():
        mount("-t", "tmpfs", "-o", f"mode={mode:o}", "vireo-test", folder)


def add_guest_user(memory):
    """The account that sysusers.d makes on an installed system, in a private /etc/passwd."""
    try:
        pwd.getpwnam(GUEST_USER)
        return
    except KeyError:
        pass
    used = {entry.pw_uid for entry in pwd.getpwall()}
    uid = next(i for i in range(989, 200, -1) if i not in used)
    lines = {
        "/etc/passwd": f"{GUEST_USER}:x:{uid}:{uid}:Vireo guests:/:/usr/sbin/nologin\n",
        "/etc/group": f"{GUEST_USER}:x:{uid}:\n",
    }
    for file, line in lines.items():
        copy = memory / pathlib.Path(file).name
        copy.write_text(pathlib.Path(file).read_text() + line)
        copy.chmod(0o644)
        mount("--bind", str(copy), file)


def become_init():
    """Splits off the process that goes on; the first one of the namespace only buries the dead.

    Guests outlive the daemon that started them, so somebody has to reap what is orphaned: a zombie
    looks alive to whoever asks by its number.
    """
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    # A terminal's interrupt reaches the child by itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _frame: os.kill(child, n))
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def settle():
    """What a fresh namespace needs before tests run in it; once, in the first process."""
    if os.getpid() != 1:
        return
    become_init()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount("--make-rprivate", "/")
    # The accounts are made below a folder that only this mount namespace has.
    mount("-t", "tmpfs", "-o", "mode=755", "vireo-test", str(PRIVATE))
    add_guest_user(PRIVATE)
    PRIVATE_SOURCE.mkdir()
    mount("--bind", str(SOURCE), str(PRIVATE_SOURCE))
    empty_folder("/etc/polkit-1/rules.d")
    empty_folder("/etc/polkit-1/localauthority")
    private_copy("/usr/share/polkit-1/rules.d")
    private_copy("/usr/share/polkit-1/actions")
    # Bridges write here through sysctl; the network namespace has its own /proc/sys/net.
    mount("-t", "sysfs", "sysfs", "/sys")


def make_harmless():
    """After settle(): nothing that root does here changes the machine's disks or devices.

    For tests that let a service do what nobody foresaw.
    """
    devices = PRIVATE / "dev"
    devices.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "vireo-test", str(devices))
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (devices / name).touch()
        mount("--bind", f"/dev/{name}", str(devices / name))
    (devices / "pts").mkdir()
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts",
          str(devices / "pts"))
    (devices / "ptmx").symlink_to("pts/ptmx")
    mount("--rbind", str(devices), "/dev")
    empty_folder("/tmp", 0o1777)
    empty_folder("/var/tmp", 0o1777)
    if not SOURCE.is_dir():
        SOURCE.mkdir(parents=True)
        mount("--bind", str(PRIVATE_SOURCE), str(SOURCE))
        mount("-o", "remount,bind,ro", str(SOURCE))
    switches = [s for s in ("/proc/sys", "/proc/sysrq-trigger") if os.path.exists(s)]
    for switch in switches:
        mount("--bind", switch, switch)
    for target in (*switches, "/sys", "/"):
        mount("-o", "remount,bind,ro", target)
