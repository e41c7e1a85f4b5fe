# SPDX-License-Identifier: LGPL-2.1-or-later
"""The steps of the demo, each under a heading; run_demo.py calls them inside the namespaces."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import vireotest
from vireotest import guest, leftovers
from vireotest.client import NAME, ROOT
from vireotest.paths import PRIVATE
from vireotest.privatebus import RULES

NETWORK_XML = """<network>
  <name>demo</name>
  <forward mode='nat'/>
  <bridge name='vireo0' stp='off'/>
  <ip address='192.168.150.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.150.10' end='192.168.150.99'/>
    </dhcp>
  </ip>
</network>
"""

DOMAIN_XML = """<domain type='{type}'>
  <name>{name}</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>{cmdline}</cmdline>
  </os>
  <features>
    <acpi/>
  </features>
  <devices>
    <emulator>{emulator}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:12:34:56'/>
      <source network='demo'/>
      <model type='virtio'/>
    </interface>
    <serial type='pty'/>
    <console type='pty'/>
  </devices>
</domain>
"""

RULE = """// demo.rules: nobody may suspend and resume the domain called demo, and nothing else.
polkit.addRule(function(action, subject) {
  if (action.id == "org.vireo.vireo1.domain.suspend" &&
      action.lookup("domain_name") == "demo" && subject.user == "nobody")
    return polkit.Result.YES;
});
"""

NO_OPTIONS = ("a{sv}", "0")
BOLD = "\033[1m{}\033[0m" if sys.stdout.isatty() else "{}"


class DemoFailed(Exception):
    """A step did not show what it is there to show."""


class Contents:
    """An argument that is a file's contents; printed as the shell would be told."""

    def __init__(self, path):
        self.path = path

    def __str__(self):
        return self.path.read_text()


def say(text=""):
    print(text, flush=True)


def heading(text):
    say("\n" + BOLD.format(f"== {text}"))


def printed(argument):
    if isinstance(argument, Contents):
        return f'"$(cat {shlex.quote(str(argument.path))})"'
    return shlex.quote(str(argument))


def check(condition, text):
    if not condition:
        raise DemoFailed(text)


class Demo:
    """What is up, and how to run a command so that everybody sees it."""

    def __init__(self, folder, bus, daemon, image, accelerator):
        self.folder = folder
        self.bus = bus
        self.daemon = daemon
        self.image = image
        self.type = "kvm" if accelerator == "kvm" else "qemu"
        self.connection = self.network = self.domain = None
        self.monitor = None

    def run(self, *command, user=None, fails=False, quiet=False, limit=60):
        """Prints a command, runs it, and shows and returns what it said."""
        if user:
            command = ("runuser", "-u", user, "--", *command)
        say("$ " + " ".join(printed(a) for a in command))
        done = subprocess.run([str(a) for a in command], env=self.bus.environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit)
        if done.stdout and not quiet:
            say(done.stdout.rstrip())
        if (done.returncode != 0) != fails:
            how = "succeeded" if fails else f"failed with {done.returncode}"
            raise DemoFailed(f"{command[0]} {how}: {done.stdout.strip()}")
        return done.stdout

    def call(self, path, interface, method, *arguments, **options):
        return self.run("busctl", "call", NAME, path, f"{NAME}.{interface}", method, *arguments,
                        **options)

    def gdbus_call(self, path, interface, method, *arguments, **options):
        return self.run("gdbus", "call", "--system", "--dest", NAME, "--object-path", path,
                        "--method", f"{NAME}.{interface}.{method}", *arguments, **options)

    def call_for_path(self, *arguments):
        """For methods that return an object path, which busctl prints as: o "/path"."""
        found = re.match(r'o "(.*)"', self.call(*arguments))
        check(found, "no object path came back")
        return found.group(1)

    def get(self, path, interface, *properties, **options):
        return self.run("busctl", "get-property", NAME, path, f"{NAME}.{interface}", *properties,
                        **options)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        say(f"$ cat {path}")
        say(text.rstrip())
        return Contents(path)

    def wait_state(self, state, seconds=60):
        self.daemon.client.wait_for(self.domain, "Domain", "State", state, seconds)


class Monitor:
    """busctl monitor in the background, whose output is shown where it belongs.

    Signals go only to callers who may read the object and who called Subscribe, as the demo's own
    client did; root may watch the bus and see them pass.
    """

    def __init__(self, demo, path):
        demo.daemon.client.subscribe()
        match = f"type=signal,path={path},interface={NAME}.Domain"
        command = ["busctl", "monitor", "--match", match]
        say("$ " + shlex.join(command) + " &")
        self.file = (demo.folder / "monitor.log").open("w+")
        self.shown = 0
        self.process = subprocess.Popen(command, env=demo.bus.environment(), stdout=self.file,
                                        stderr=subprocess.STDOUT)
        vireotest.wait_until(lambda: "onitoring" in self.text(), 10, "busctl monitor to listen")
        self.shown = len(self.text())

    def text(self):
        return pathlib.Path(self.file.name).read_text()

    def wait_for(self, what, seconds=20):
        """Waits for a signal, and shows what came since the last time."""
        vireotest.wait_until(lambda: re.search(what, self.text()[self.shown:]), seconds,
                             lambda: f"the signal {what}; came: {self.text()[self.shown:]}")
        text = self.text()
        say(text[self.shown:].rstrip())
        self.shown = len(text)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.file.close()


def show_service(demo):
    heading("The service on its bus")
    demo.run("busctl", "list", "--acquired", "--no-pager")
    demo.run("gdbus", "call", "--system", "--dest", NAME, "--object-path", ROOT, "--method",
             "org.freedesktop.DBus.Properties.Get", f"{NAME}.Manager", "Version")
    demo.connection = demo.call_for_path(ROOT, "Manager", "OpenConnection", "sa{sv}",
                                         "qemu:///system", "0")
    demo.get(demo.connection, "Connection", "HypervisorVersion")


def start_network(demo):
    heading("A network with NAT, DHCP and DNS")
    xml = demo.write("network.xml", NETWORK_XML)
    demo.network = demo.call_for_path(demo.connection, "Connection", "DefineNetwork", "sa{sv}", xml,
                                      "0")
    demo.call(demo.network, "Network", "Start", *NO_OPTIONS)
    demo.get(demo.network, "Network", "Name", "State", "BridgeName", "ForwardMode")
    demo.run("ip", "-brief", "address", "show", "dev", "vireo0")
    demo.run("nft", "list", "tables")


def domain_xml(demo, name, emulator, machine):
    disk = demo.folder / f"{name}.qcow2"
    demo.run("qemu-img", "create", "-q", "-f", "qcow2", disk, "64M")
    return demo.write(f"{name}.xml", DOMAIN_XML.format(
        type=demo.type, name=name, machine=machine, kernel=demo.image.kernel,
        initrd=demo.image.initrd, cmdline=demo.image.cmdline, disk=disk, emulator=emulator))


def start_domain(demo):
    heading(f"A domain on it ({'KVM' if demo.type == 'kvm' else 'TCG: KVM does not run it here'})")
    xml = domain_xml(demo, "demo", shutil.which(guest.EMULATOR), "q35")
    demo.domain = demo.call_for_path(demo.connection, "Connection", "DefineDomain", "sa{sv}", xml,
                                     "0")
    demo.call(demo.domain, "Domain", "Start", *NO_OPTIONS)
    demo.get(demo.domain, "Domain", "Name", "State", "StateReason", "Persistent")


def show_console(demo):
    heading("The guest's console")
    tool = vireotest.SOURCE / "tests/lib/watch-console"
    demo.run(tool, "--until", guest.READY, "--seconds", "120", demo.domain, limit=150)
    say("The same by the command, with a line typed into the guest:")
    typed(demo, "uname -sr; cat /proc/uptime", "Linux")


def typed(demo, line, until):
    """Types a line into `vireoctl domain console`, which wants a terminal, and shows the answer."""
    command = [str(vireotest.BUILD / "src/cli/vireoctl"), "domain", "console", "demo"]
    say("$ " + shlex.join(command))
    ours, theirs = os.openpty()
    process = subprocess.Popen(command, env=demo.bus.environment(), stdin=theirs, stdout=theirs,
                               stderr=theirs, start_new_session=True)
    os.close(theirs)
    from vireotest.console import Console
    with Console(ours) as terminal:
        try:
            vireotest.wait_until(lambda: is_raw(ours), 10, "vireoctl to open the console")
            terminal.type("\n")
            terminal.wait_for("guest# ", 20)
            terminal.type(line + "\n")
            text = terminal.wait_for(until, 20) + terminal.wait_for("\nguest# ", 20)
            say("guest# " + re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text))
        finally:
            process.kill()
            process.wait()


def is_raw(fd):
    import termios
    return not termios.tcgetattr(fd)[3] & termios.ICANON


def show_lease(demo):
    heading("Its DHCP lease, and a way to it")
    text = demo.call(demo.network, "Network", "GetLeases", *NO_OPTIONS)
    found = re.search(r'"address" s "([\d.]+)"', text)
    check(found, "the guest got no lease")
    demo.address = found.group(1)
    demo.run("ping", "-c", "3", "-i", "0.3", demo.address)


def show_polkit(demo):
    heading("Somebody else, without and with a polkit rule")
    text = demo.gdbus_call(demo.domain, "Domain", "Suspend", "{}", user="nobody", fails=True)
    check("Error.NotAuthorized" in text, "the error is not NotAuthorized")
    rule = demo.write("demo.rules", RULE)
    demo.polkit.set_rules(str(rule), name="50-demo.rules")
    say(f"$ cp {rule.path} {RULES}/50-demo.rules")
    demo.gdbus_call(demo.domain, "Domain", "Suspend", "{}", user="nobody")
    demo.get(demo.domain, "Domain", "State", user="nobody")
    demo.gdbus_call(demo.domain, "Domain", "Resume", "{}", user="nobody")
    text = demo.gdbus_call(demo.domain, "Domain", "Destroy", "{}", user="nobody", fails=True)
    check("Error.NotAuthorized" in text, "the rule allows more than it says")


def show_post_parse(demo):
    heading("A definition whose emulator goes missing")
    emulator = demo.folder / "bin" / "qemu-of-mine"
    emulator.parent.mkdir()
    demo.run("ln", "-s", shutil.which(guest.EMULATOR), emulator)
    xml = domain_xml(demo, "other", emulator, "pc")
    other = demo.call_for_path(demo.connection, "Connection", "DefineDomain", "sa{sv}", xml, "0")
    monitor = Monitor(demo, other)
    try:
        demo.run("rm", emulator)
        say("The definition's file changes while the emulator is away, and is read again:")
        file = next(path for path in demo.daemon.settled().rglob("*.xml")
                    if "<name>other</name>" in path.read_text())
        demo.run("sed", "-i", "s,<vcpu,<title>Edited by hand</title>&,", file)
        demo.call(ROOT, "Manager", "Reload", *NO_OPTIONS)
        monitor.wait_for("PostParseRerunNeeded")
        demo.get(other, "Domain", "Name", "Title", "State", "PostParseFailed", "PostParseProblems")
        text = demo.call(other, "Domain", "Start", *NO_OPTIONS, fails=True)
        check("qemu-of-mine" in text, "Start does not say which emulator is missing")
        say("The emulator comes back, and nobody has to do anything:")
        demo.run("ln", "-s", shutil.which(guest.EMULATOR), emulator)
        monitor.wait_for(r"Member=PostParseRerun\b(?s:.*)BOOLEAN true")
        demo.get(other, "Domain", "PostParseFailed")
        demo.call(other, "Domain", "Undefine", *NO_OPTIONS)
    finally:
        monitor.stop()


def guest_pid(demo):
    """The guest's QEMU."""
    found = [pid for pid, command in leftovers.processes().items() if "qemu-system" in command]
    check(len(found) == 1, f"one QEMU, not {found}")
    return found[0]


def kill_daemon(demo):
    heading("The daemon is killed; the guest does not notice")
    pid = guest_pid(demo)
    say(f"$ kill -KILL {demo.daemon.pid}    # vireod")
    demo.daemon.kill()
    demo.run("ps", "-o", "pid,user:12,stat,etime,comm", "-p", str(pid))
    demo.run("ping", "-c", "1", "-W", "5", demo.address)
    say("$ vireod &")
    demo.daemon.start()
    demo.wait_state("running", 20)
    demo.get(demo.domain, "Domain", "Name", "State", "Id")
    demo.get(demo.network, "Network", "State")
    check(guest_pid(demo) == pid, "it is another QEMU")
    typed(demo, "cat /proc/uptime", "uptime\n")


def shut_down(demo):
    heading("The guest is asked to shut down")
    demo.call(demo.domain, "Domain", "Shutdown", *NO_OPTIONS)
    demo.wait_state("shutoff")
    demo.get(demo.domain, "Domain", "State", "StateReason")
    demo.call(demo.network, "Network", "Destroy", *NO_OPTIONS)
    demo.call(demo.domain, "Domain", "Undefine", *NO_OPTIONS)
    demo.call(demo.network, "Network", "Undefine", *NO_OPTIONS)
    demo.run(vireotest.BUILD / "src/cli/vireoctl", "domain", "list", "--all")


STEPS = (show_service, start_network, start_domain, show_console, show_lease, show_polkit,
         show_post_parse, kill_daemon)


def stand_by(keep_fd):
    """Tells the parent that all is up, lets go of its terminal, and stays until it is killed."""
    null = os.open(os.devnull, os.O_RDWR)
    os.write(keep_fd, b"kept")
    os.close(keep_fd)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    while True:
        signal.pause()


def choose_accelerator(image):
    heading("Which accelerator runs a guest here")
    accelerator = "kvm" if guest.kvm_works(image) else "tcg"
    say(f"a probe guest runs under {accelerator}" + (
        "" if accelerator == "kvm" else "; it does not come up under KVM, or there is no /dev/kvm"))
    return accelerator


def show_all(folder, keep):
    image = guest.install(guest.build(), folder / "guest")
    accelerator = choose_accelerator(image)
    with vireotest.Bus(folder / "bus-files", socket=PRIVATE / "bus") as bus, \
            vireotest.Polkit(bus) as polkit:
        before = vireotest.Leftovers()
        with vireotest.Daemon(bus, folder / "vireo") as daemon:
            demo = Demo(folder, bus, daemon, image, accelerator)
            demo.polkit = polkit
            say(f"\n$ export DBUS_SYSTEM_BUS_ADDRESS={bus.address}")
            for step in STEPS:
                step(demo)
            if keep:
                stand_by(int(os.environ["VIREO_DEMO_STATUS"]))
            shut_down(demo)
        before.check()
        heading("What is left: no process, no bridge, no firewall rule")
        demo.run("ip", "-brief", "link")


def run(keep):
    """Shows everything; the exit status."""
    def end(_number, _frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, end)
    started = time.monotonic()
    folder = vireotest.work_folder("demo")
    try:
        show_all(folder, keep)
    except KeyboardInterrupt:
        say("\ndemo: interrupted")
        return 130
    except (DemoFailed, AssertionError, vireotest.BusError, subprocess.TimeoutExpired) as problem:
        say(f"\ndemo: failed: {problem}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"\nAll of it took {time.monotonic() - started:.0f} s.")
    return 0
