/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/vireo-unprivileged.h"

/* What an owner without privileges may write, in one definition. */
static const char harmless[]
    = "<domain type='kvm'><name>a</name><uuid>11111111-1111-4111-8111-111111111111</uuid>"
      "<title>t</title><metadata><x:y xmlns:x='urn:x'>z</x:y></metadata>"
      "<memory unit='MiB'>64</memory><vcpu placement='static' current='1'>2</vcpu>"
      "<os><type arch='x86_64' machine='q35'>hvm</type><loader readonly='yes' type='pflash'>"
      "/usr/share/OVMF/OVMF_CODE.fd</loader><kernel>/srv/a/vmlinuz</kernel><boot dev='hd'/></os>"
      "<features><acpi/><apic/></features><cpu mode='host-model'/>"
      "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/></clock>"
      "<on_poweroff>destroy</on_poweroff><on_crash>restart</on_crash>"
      "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
      "<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>"
      "<source file='/srv/a/disk.qcow2'/><target dev='vda' bus='virtio'/><serial>x</serial></disk>"
      "<controller type='usb' model='qemu-xhci'/>"
      "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>"
      "<interface type='network'><source network='default'/></interface>"
      "<serial type='pty'><target port='0'/></serial><console type='pty'/>"
      "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
      "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>"
      "<input type='tablet' bus='usb'/><graphics type='vnc' port='-1' autoport='yes' "
      "listen='127.0.0.1' passwd='secret'><listen type='address' address='127.0.0.1'/></graphics>"
      "<sound model='ich9'/><video><model type='virtio'/></video><memballoon model='virtio'/>"
      "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
      "<watchdog model='itco' action='reset'/><tpm model='tpm-crb'><backend type='emulator' "
      "version='2.0'/></tpm></devices></domain>";

static GPtrArray *
check (const char *text)
{
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (text, -1, VIREO_PARSE_NONE, &error);
  GPtrArray *problems = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);

  g_assert_no_error (error);
  vireo_domain_def_check_unprivileged (def, problems);
  vireo_domain_def_free (def);
  return problems;
}

static void
test_harmless (void)
{
  g_autoptr (GPtrArray) problems = check (harmless);

  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *text = vireo_problem_to_string (problems->pdata[i]);

      g_test_message ("%s", text);
    }
  g_assert_cmpuint (problems->len, ==, 0);
}

/* Each of these alone is more than an owner may have; @path is where it is said. */
static const struct
{
  const char *top;
  const char *device;
  const char *path;
} privileged[] = {
  { "<memoryBacking><hugepages/></memoryBacking>", "", "/domain/memoryBacking" },
  { "<memoryBacking><locked/></memoryBacking>", "", "/domain/memoryBacking" },
  { "<cputune><shares>2048</shares></cputune>", "", "/domain/cputune" },
  { "<resource><partition>/machine</partition></resource>", "", "/domain/resource" },
  { "<bootloader>/usr/bin/pygrub</bootloader>", "", "/domain/bootloader" },
  { "<on_crash>coredump-destroy</on_crash>", "", "/domain/on_crash" },
  { "<seclabel type='none'/>", "", "/domain/seclabel/@type" },
  { "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
    "<qemu:arg value='-S'/></qemu:commandline>",
    "", "/domain/qemu:commandline" },
  { "", "<emulator>/srv/a/qemu</emulator>", "/domain/devices/emulator" },
  { "", "<emulator>/usr/bin/python3</emulator>", "/domain/devices/emulator" },
  { "", "<emulator>/usr/bin/qemu-system-/../../srv/a/qemu</emulator>",
    "/domain/devices/emulator" },
  { "", "<disk type='network'><source protocol='nbd' name='x'/><target dev='vda'/></disk>",
    "/domain/devices/disk/@type" },
  { "", "<disk type='vhostuser'><source type='unix' path='/run/x'/><target dev='vda'/></disk>",
    "/domain/devices/disk/@type" },
  { "",
    "<disk type='block' device='lun'><source dev='/dev/sda'><reservations managed='yes'/></source>"
    "<target dev='sda' bus='scsi'/></disk>",
    "/domain/devices/disk/@device" },
  { "", "<interface type='bridge'><source bridge='br0'/></interface>",
    "/domain/devices/interface/@type" },
  { "", "<interface type='direct'><source dev='eth0'/></interface>",
    "/domain/devices/interface/@type" },
  { "", "<interface type='user'><script path='/srv/a/up'/></interface>",
    "/domain/devices/interface/script" },
  { "", "<interface type='network'><source network='a'/><target dev='eth0'/></interface>",
    "/domain/devices/interface/target" },
  { "", "<serial type='file'><source path='/etc/passwd'/></serial>",
    "/domain/devices/serial/@type" },
  { "", "<serial type='dev'><source path='/dev/ttyS0'/></serial>", "/domain/devices/serial/@type" },
  { "", "<serial type='pty'><log file='/etc/passwd'/></serial>", "/domain/devices/serial/log" },
  { "",
    "<channel type='unix'><source mode='bind' path='/run/dbus/system_bus_socket'/>"
    "<target type='virtio' name='x'/></channel>",
    "/domain/devices/channel/source/@path" },
  { "", "<channel type='unix'><source mode='connect'/><target type='virtio' name='x'/></channel>",
    "/domain/devices/channel/source/@mode" },
  { "", "<graphics type='vnc' port='-1' autoport='yes' listen='0.0.0.0'/>",
    "/domain/devices/graphics/@listen" },
  { "", "<graphics type='vnc' socket='/run/x'/>", "/domain/devices/graphics/@socket" },
  { "",
    "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0x1'/>"
    "</source></hostdev>",
    "/domain/devices/hostdev" },
  { "", "<filesystem type='mount'><source dir='/etc'/><target dir='x'/></filesystem>",
    "/domain/devices/filesystem" },
  { "", "<rng model='virtio'><backend model='random'>/etc/shadow</backend></rng>",
    "/domain/devices/rng/backend" },
  { "",
    "<rng model='virtio'><backend model='egd' type='unix'><source mode='connect' path='/x'/>"
    "</backend></rng>",
    "/domain/devices/rng/backend/@model" },
  { "", "<input type='passthrough' bus='virtio'><source evdev='/dev/input/event1'/></input>",
    "/domain/devices/input/@type" },
  { "",
    "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend>"
    "</tpm>",
    "/domain/devices/tpm/backend/@type" },
  { "", "<shmem name='x'/>", "/domain/devices/shmem" },
  { "", "<vsock model='virtio'><cid auto='yes'/></vsock>", "/domain/devices/vsock" },
};

static void
test_privileged (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (privileged); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "<domain type='kvm'><name>a</name><memory>65536</memory><os><type>hvm</type></os>%s"
          "<devices>%s</devices></domain>",
          privileged[i].top, privileged[i].device);
      g_autoptr (GPtrArray) problems = check (text);
      gboolean found = FALSE;

      g_test_message ("%s", text);
      g_assert_cmpuint (problems->len, >=, 1);
      for (guint j = 0; j < problems->len; j++)
        found |= g_str_equal (((VireoProblem *) problems->pdata[j])->path, privileged[i].path);
      if (!found)
        g_test_message ("told: %s", ((VireoProblem *) problems->pdata[0])->path);
      g_assert_true (found);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unprivileged/harmless", test_harmless);
  g_test_add_func ("/unprivileged/privileged", test_privileged);
  return g_test_run ();
}
