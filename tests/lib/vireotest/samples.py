# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions for tests."""

import xml.sax.saxutils

NO_OPTIONS = ("(a{sv})", {})


def quote(text):
    return xml.sax.saxutils.escape(str(text), {"'": "&apos;"})


def minimal_domain(name, type_="test", uuid=None, extra=""):
    """The smallest definition that a driver takes."""
    identity = f"<uuid>{uuid}</uuid>" if uuid else ""
    arch = " arch='x86_64'" if type_ != "test" else ""
    return (f"<domain type='{type_}'><name>{quote(name)}</name>{identity}"
            f"<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
            f"<os><type{arch}>hvm</type></os>{extra}</domain>")


def disk(path, format_="qcow2", target="vda"):
    return (f"<disk type='file' device='disk'><driver name='qemu' type='{format_}'/>"
            f"<source file='{quote(path)}'/><target dev='{target}' bus='virtio'/></disk>")


def network_interface(network, mac="52:54:00:12:34:56"):
    return (f"<interface type='network'><mac address='{mac}'/>"
            f"<source network='{quote(network)}'/><model type='virtio'/></interface>")


def guest_domain(name, image, devices="", type_="qemu", machine="q35", emulator=None, memory=256):
    """A domain that boots the test guest, with its console on the first serial port."""
    program = f"<emulator>{quote(emulator)}</emulator>" if emulator else ""
    return (f"<domain type='{type_}'><name>{quote(name)}</name>"
            f"<memory unit='MiB'>{memory}</memory><vcpu>1</vcpu>"
            f"<os><type arch='x86_64' machine='{machine}'>hvm</type>"
            f"<kernel>{quote(image.kernel)}</kernel><initrd>{quote(image.initrd)}</initrd>"
            f"<cmdline>{quote(image.cmdline)}</cmdline></os><features><acpi/></features>"
            f"<devices>{program}{devices}<serial type='pty'/><console type='pty'/></devices>"
            "</domain>")


def nat_network(name="demo", bridge="vireo0", subnet="192.168.150"):
    return (f"<network><name>{quote(name)}</name><forward mode='nat'/>"
            f"<bridge name='{bridge}' stp='off'/>"
            f"<ip address='{subnet}.1' netmask='255.255.255.0'><dhcp>"
            f"<range start='{subnet}.10' end='{subnet}.99'/></dhcp></ip></network>")
