/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/vireo-cpuset.h"
#include "conf/vireo-postparse.h"

/* What is in <domain>, what is in its <devices>, and the problems that are expected, as
 * "CODE PATH", in their order. A name, memory and an operating system are put around. */
typedef struct
{
  const char *name;
  const char *outside;
  const char *devices;
  const char *expected[4];
} Case;

#define DISK(target) "<disk type='file'><source file='/a'/>" target "</disk>"
#define CHANNEL(type, source)                                                                      \
  "<channel type='" type "'>" source "<target type='virtio' name='x'/></channel>"

static const Case cases[] = {
  { "fine", "", DISK ("<target dev='vda'/>"), { NULL } },
  { "title", "<title>a\nb</title>", "", { "newline-in-title /domain/title" } },
  { "max-memory",
    "<maxMemory slots='1'>1</maxMemory>",
    "",
    { "max-memory-too-small /domain/maxMemory" } },
  { "vcpus",
    "<vcpu current='3'>2</vcpu><vcpus><vcpu id='0' enabled='no' hotpluggable='no'/>"
    "<vcpu id='2' enabled='yes'/></vcpus>",
    "",
    { "too-many-vcpus /domain/vcpu/@current", "vcpu-not-hotpluggable /domain/vcpus/vcpu[1]",
      "no-such-vcpu /domain/vcpus/vcpu[2]/@id" } },
  { "no-vcpu",
    "<vcpu>1</vcpu><vcpus><vcpu id='0' enabled='no' hotpluggable='yes'/></vcpus>",
    "",
    { "no-vcpu-enabled /domain/vcpus" } },
  { "numa",
    "<vcpu>4</vcpu><cpu><numa><cell id='0' cpus='0-2' memory='1'/>"
    "<cell id='2' cpus='2-4' memory='1'/></numa></cpu>",
    "",
    { "bad-numa-cell /domain/cpu/numa/cell[2]/@id",
      "overlapping-cells /domain/cpu/numa/cell[2]/@cpus", "no-such-vcpu /domain/cpu/numa" } },
  { "memnode",
    "<numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>",
    "",
    { "no-such-cell /domain/numatune/memnode[1]/@cellid" } },
  { "sysinfo",
    "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid><sysinfo type='smbios'><system>"
    "<entry name='uuid'>C7A5FDBD-edaf-9455-926a-d65c16db180a</entry></system></sysinfo>",
    "",
    { "uuid-mismatch /domain/sysinfo[1]/system/entry[1]" } },
  { "period",
    "<cputune><period>999</period><quota>-1</quota></cputune>",
    "",
    { "out-of-range /domain/cputune/period" } },
  { "schedulers",
    "<vcpu>4</vcpu><cputune><vcpusched vcpus='0-2' scheduler='fifo' priority='1'/>"
    "<vcpusched vcpus='1' scheduler='rr' priority='1'/></cputune>",
    "",
    { "overlapping-schedulers /domain/cputune/vcpusched[2]/@vcpus" } },
  { "iothread",
    "<iothreads>1</iothreads>",
    "<disk type='file'><driver iothread='2'/><source file='/a'/><target dev='vda'/></disk>",
    { "no-such-iothread /domain/devices/disk[1]/driver/@iothread" } },
  { "resctrl",
    "<vcpu>4</vcpu><cputune><cachetune vcpus='0-1'/><cachetune vcpus='1-2'/></cputune>",
    "",
    { "overlapping-groups /domain/cputune/cachetune[2]/@vcpus" } },
  { "cpu-model",
    "<cpu mode='custom' check='full' migratable='on'><vendor>Intel</vendor>"
    "<feature policy='require' name='vmx'/></cpu>",
    "",
    { "bad-migratable /domain/cpu/@migratable", "missing-cpu-model /domain/cpu/vendor",
      "missing-cpu-model /domain/cpu/feature[1]", "missing-cpu-model /domain/cpu/@check" } },
  { "hyperv",
    "<features><hyperv><relaxed/><spinlocks state='on' retries='4094'/><stimer/>"
    "<vendor_id state='on'/></hyperv></features>",
    "",
    { "missing-state /domain/features/hyperv/stimer/@state",
      "missing-state /domain/features/hyperv/relaxed/@state",
      "out-of-range /domain/features/hyperv/spinlocks/@retries",
      "missing-value /domain/features/hyperv/vendor_id/@value" } },
  { "kvm",
    "<features><kvm><hidden/><dirty-ring state='on' size='3000'/></kvm>"
    "<smm state='on'><tseg unit='KiB'>1500</tseg></smm></features>",
    "",
    { "missing-state /domain/features/kvm/hidden/@state",
      "out-of-range /domain/features/kvm/dirty-ring/@size",
      "bad-size /domain/features/smm/tseg" } },
  { "timezone",
    "<clock offset='timezone'/>",
    "",
    { "missing-timezone /domain/clock/@timezone" } },
  { "absolute", "<clock offset='absolute'/>", "", { "missing-start /domain/clock/@start" } },
  { "half-idmap",
    "<idmap><uid start='0' target='1000' count='1'/></idmap>",
    "",
    { "half-idmap /domain/idmap" } },
  { "root-not-mapped",
    "<idmap><uid start='0' target='1' count='1'/><gid start='1' target='1' count='1'/></idmap>",
    "",
    { "root-not-mapped /domain/idmap" } },
  { "hugepages",
    "<memoryBacking><hugepages><page size='0' nodeset='0'/><page size='4'/><page size='8'/>"
    "<page size='8' nodeset='1'/></hugepages></memoryBacking>",
    "",
    { "bad-size /domain/memoryBacking/hugepages/page[1]/@size",
      "two-page-sizes /domain/memoryBacking/hugepages/page[3]",
      "no-such-cell /domain/memoryBacking/hugepages/page[4]/@nodeset" } },
  { "nodeset",
    "<numatune><memory mode='strict' placement='static'/></numatune>",
    "",
    { "missing-nodeset /domain/numatune/memory/@nodeset" } },
  { "keywrap",
    "<keywrap><cipher name='aes' state='on'/><cipher name='aes' state='off'/></keywrap>",
    "",
    { "duplicate-cipher /domain/keywrap/cipher[2]/@name" } },
  { "pools",
    "<iothreads>2</iothreads><iothreadids><iothread id='1' thread_pool_min='4' "
    "thread_pool_max='3'/><iothread id='2' thread_pool_max='0'/></iothreadids>"
    "<defaultiothread thread_pool_min='1'/>",
    "",
    { "bad-pool /domain/defaultiothread/@thread_pool_min",
      "bad-pool /domain/iothreadids/iothread[1]/@thread_pool_min",
      "bad-pool /domain/iothreadids/iothread[2]/@thread_pool_max" } },
  { "no-vcpu-to-schedule",
    "<vcpu>1</vcpu><cputune><vcpusched vcpus='1' scheduler='batch'/></cputune>",
    "",
    { "no-such-vcpu /domain/cputune/vcpusched[1]/@vcpus" } },
  { "virtio-options",
    "",
    "<disk type='file'><driver iommu='on'/><source file='/a'/><target dev='sda' bus='sata'/>"
    "</disk><interface type='user'><model type='e1000'/><driver ats='on'/></interface>"
    "<input type='tablet' bus='usb'><driver packed='on'/></input>",
    { "not-virtio /domain/devices/disk[1]/driver",
      "not-virtio /domain/devices/interface[1]/driver",
      "not-virtio /domain/devices/input[1]/driver" } },
  { "disk-targets",
    "",
    DISK ("<target dev='nonsense'/>") DISK ("<target dev='sda' bus='sata' removable='on'/>")
        DISK ("<target dev='sdb' bus='sata' tray='open'/>")
            "<disk type='vhostuser'><source type='unix' path='/s'/>"
            "<target dev='sdc' bus='sata'/></disk>",
    { "bad-target /domain/devices/disk[1]/target/@dev",
      "bad-removable /domain/devices/disk[2]/target/@removable",
      "bad-tray /domain/devices/disk[3]/target/@tray",
      "bad-vhostuser /domain/devices/disk[4]/target/@bus" } },
  { "disk-and-hostdev",
    "",
    DISK ("<target dev='sdb' bus='scsi'/>") "<hostdev type='scsi'><source>"
    "<adapter name='scsi_host0'/><address bus='0' target='0' unit='0'/></source>"
    "<address type='drive' controller='0' bus='0' target='0' unit='1'/></hostdev>",
    { "address-in-use /domain/devices/disk[1]/target/@dev" } },
  { "usb-is-off",
    "",
    "<controller type='usb' index='0' model='none'/><input type='mouse' bus='usb'/>"
    "<redirdev bus='usb' type='spicevmc'/>",
    { "usb-off /domain/devices/input[1]", "usb-off /domain/devices/redirdev[1]" } },
  { "unassigned",
    "",
    "<rng model='virtio'><backend model='random'/><address type='unassigned'/></rng>",
    { "bad-address-type /domain/devices/rng[1]/address/@type" } },
  { "iommu",
    "",
    "<iommu model='smmuv3'><driver eim='on'/><address type='pci' slot='1'/></iommu>",
    { "bad-iommu /domain/devices/iommu[1]/driver", "bad-iommu /domain/devices/iommu[1]/address",
      "bad-iommu /domain/devices/iommu[1]/driver/@eim" } },
  { "memory-options",
    "",
    "<memory model='virtio-mem'><target><size unit='KiB'>4096</size><node>0</node>"
    "<block unit='KiB'>3000</block><requested unit='KiB'>8192</requested></target></memory>"
    "<memory model='nvdimm'><source><path>/a</path></source><target><size unit='KiB'>4096</size>"
    "<label><size unit='KiB'>127</size></label></target></memory>",
    { "bad-size /domain/devices/memory[1]/target/block",
      "out-of-range /domain/devices/memory[1]/target/requested",
      "out-of-range /domain/devices/memory[2]/target/label/size" } },
  { "numa-caches",
    "<vcpu>1</vcpu><cpu><numa><cell id='0' cpus='0' memory='1'><cache level='1'/><cache level='1'/>"
    "<cache level='4'/></cell><interconnects><latency initiator='0' target='1' value='1'/>"
    "<bandwidth initiator='0' target='0' cache='2' value='1'/></interconnects></numa></cpu>",
    "",
    { "no-such-cache /domain/cpu/numa/interconnects/bandwidth[1]/@cache",
      "bad-cache-level /domain/cpu/numa/cell[1]/cache[2]/@level",
      "bad-cache-level /domain/cpu/numa/cell[1]/cache[3]/@level",
      "no-such-cell /domain/cpu/numa/interconnects/latency[1]/@target" } },
  { "bios-date",
    "<sysinfo type='smbios'><bios><entry name='date'>1/2/20</entry></bios></sysinfo>"
    "<sysinfo type='smbios'><bios><entry name='date'>01/32/2020</entry></bios></sysinfo>"
    "<sysinfo type='smbios'><bios><entry name='date'>01/02/1899</entry></bios></sysinfo>",
    "",
    { "bad-date /domain/sysinfo[2]/bios/entry[1]", "bad-date /domain/sysinfo[3]/bios/entry[1]" } },
  { "wwn",
    "",
    "<disk type='file'><source file='/a'/><target dev='sda' bus='scsi'/>"
    "<wwn>0x5000c50015ea71ad</wwn></disk>"
    "<disk type='file'><source file='/b'/><target dev='sdb' bus='scsi'/>"
    "<wwn>5000c50015ea71a</wwn></disk>",
    { "bad-wwn /domain/devices/disk[2]/wwn" } },
  { "bandwidth",
    "",
    "<interface type='network'><source network='a'/><bandwidth><inbound floor='1'/>"
    "<outbound burst='1'/></bandwidth></interface><interface type='network'>"
    "<source network='a'/><bandwidth><inbound floor='1' peak='2'/>"
    "<outbound average='1' floor='1'/></bandwidth></interface>",
    { "missing-average /domain/devices/interface[1]/bandwidth/outbound/@average",
      "missing-average /domain/devices/interface[2]/bandwidth/inbound/@average",
      "bad-floor /domain/devices/interface[2]/bandwidth/outbound/@floor" } },
  { "inputs",
    "",
    "<input type='evdev' bus='usb'><source dev='/a'/></input><input type='passthrough' bus='usb'>"
    "<source evdev='/a'/></input><filesystem><source dir='/a'/><target dir='a'/><boot order='1'/>"
    "</filesystem><graphics type='vnc'><audio id='5'/></graphics>",
    { "no-such-audio /domain/devices/graphics[1]/audio/@id",
      "no-boot /domain/devices/filesystem[1]/boot/@order",
      "bad-bus /domain/devices/input[1]/@bus", "bad-bus /domain/devices/input[2]/@bus" } },
  { "rom",
    "",
    "<interface type='user'><rom enabled='no' bar='on'/></interface>"
    "<interface type='user'><rom enabled='no'/></interface>",
    { "rom-off /domain/devices/interface[1]/rom" } },
  { "tpm",
    "",
    "<tpm model='tpm-tis'><backend type='external'/></tpm><tpm model='spapr-tpm-proxy'>"
    "<backend type='emulator' version='1.2'><active_pcr_banks><sha1/></active_pcr_banks>"
    "</backend></tpm>",
    { "missing-source /domain/devices/tpm[1]/backend/source/@type",
      "bad-version /domain/devices/tpm[2]/backend/active_pcr_banks" } },
  { "startup-policy",
    "",
    "<hostdev type='scsi_host'><source startupPolicy='optional' protocol='vhost' wwpn='naa.1'/>"
    "</hostdev>",
    { "bad-startup-policy /domain/devices/hostdev[1]/source/@startupPolicy" } },
  { "targets",
    "",
    DISK ("<target dev='vda'/>") DISK ("<target dev='vda'/>"),
    { "duplicate-target /domain/devices/disk[2]/target/@dev" } },
  { "no-source",
    "",
    "<disk device='cdrom'><target dev='sda'/></disk><disk><target dev='sdb'/></disk>",
    { "missing-source /domain/devices/disk[2]/source" } },
  { "disk-address",
    "",
    DISK ("<target dev='sda' bus='sata'/><address type='pci' slot='3'/>"),
    { "bad-address-type /domain/devices/disk[1]/address/@type" } },
  { "iotune",
    "",
    DISK ("<target dev='vda'/><iotune><total_bytes_sec>1</total_bytes_sec>"
          "<read_bytes_sec>1</read_bytes_sec></iotune>"),
    { "iotune-conflict /domain/devices/disk[1]/iotune" } },
  { "boot",
    "",
    "<interface type='user'><boot order='1'/></interface>"
    "<interface type='user'><boot order='1'/></interface>",
    { "duplicate-boot-order /domain/devices/interface[2]/boot/@order" } },
  { "controllers",
    "",
    "<controller type='scsi' index='0'/><controller type='scsi' index='0'/>"
    "<controller type='usb' index='0' model='ich9-ehci1'/>"
    "<controller type='usb' index='0' model='ich9-uhci1'/>",
    { "duplicate-controller /domain/devices/controller[2]/@index" } },
  { "usb-off",
    "",
    "<controller type='usb' index='0' model='none'/><controller type='usb' index='1'/>",
    { "usb-off /domain/devices/controller" } },
  { "root",
    "",
    "<controller type='pci' index='0' model='pcie-root'><address type='pci' slot='1'/>"
    "</controller>",
    { "root-with-address /domain/devices/controller[1]/address" } },
  { "interface",
    "",
    "<interface type='network'><mac address='53:54:00:00:00:01'/></interface>",
    { "missing-source /domain/devices/interface[1]/source/@network",
      "multicast-mac /domain/devices/interface[1]/mac/@address" } },
  { "hostdevs",
    "",
    "<hostdev type='pci'><source><address domain='0' bus='1' slot='2' function='0'/></source>"
    "</hostdev><hostdev type='pci'><source><address domain='0' bus='1' slot='2' function='0'/>"
    "</source></hostdev>",
    { "duplicate-hostdev /domain/devices/hostdev[2]/source" } },
  { "primaries",
    "",
    "<video><model type='vga' primary='yes'/></video><video><model type='qxl' primary='yes'/>"
    "</video>",
    { "two-primaries /domain/devices/video[2]/model/@primary" } },
  { "shmem",
    "",
    "<shmem name='x'><size unit='M'>3</size></shmem>",
    { "bad-size /domain/devices/shmem[1]/size" } },
  { "aliases",
    "",
    "<input type='mouse'><alias name='ua-x'/></input><rng model='virtio'>"
    "<backend model='random'/><alias name='ua-x'/></rng>",
    { "duplicate-alias /domain/devices/rng[1]/alias/@name" } },
  { "chardev",
    "",
    CHANNEL ("tcp", "<source host='h'/>") CHANNEL ("unix", "")
        CHANNEL ("tcp", "<source mode='bind' host='h' service='1'>"
                        "<reconnect enabled='yes' timeout='0'/></source>"),
    { "missing-source /domain/devices/channel[1]/source/@service",
      "bad-reconnect /domain/devices/channel[3]/source/reconnect",
      "bad-timeout /domain/devices/channel[3]/source/reconnect/@timeout" } },
  { "pci",
    "",
    "<interface type='user'><address type='pci' bus='0' slot='3'/></interface>"
    "<interface type='user'><address type='pci' bus='0' slot='0x3'/></interface>"
    "<interface type='user'><address type='pci' bus='0' slot='0x20'/></interface>",
    { "duplicate-address /domain/devices/interface[2]/address",
      "address-out-of-range /domain/devices/interface[3]/address/@slot" } },
  { "drives",
    "",
    DISK ("<target dev='sda' bus='sata'/><address type='drive' unit='1'/>")
        DISK ("<target dev='sdb' bus='scsi'/><address type='drive' unit='1'/>")
            DISK ("<target dev='sdc' bus='scsi'/><address type='drive' unit='1'/>"),
    { "duplicate-address /domain/devices/disk[3]/address" } },
  { "hub",
    "",
    "<input type='mouse' bus='usb'><address type='usb' bus='0' port='1.2'/></input>",
    { "no-such-hub /domain/devices/input[1]/address/@port" } },
};

static void
check_expected (GPtrArray *problems, const char *const *expected)
{
  guint n = 0;

  while (n < 4 && expected[n] != NULL)
    n++;
  for (guint i = 0; i < problems->len; i++)
    {
      const VireoProblem *problem = g_ptr_array_index (problems, i);
      g_autofree char *found = g_strdup_printf ("%s %s", problem->code, problem->path);

      g_test_message ("%s: %s", found, problem->message);
      g_assert_cmpstr (found, ==, i < n ? expected[i] : "nothing more");
      g_assert_cmpstr (problem->phase, ==, "validate");
      g_assert_cmpstr (problem->message, !=, "");
    }
  g_assert_cmpuint (problems->len, ==, n);
}

static GPtrArray *
new_problems (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
}

static void
test_domain (gconstpointer data)
{
  const Case *test = data;
  g_autofree char *text
      = g_strdup_printf ("<domain type='test'><name>x</name><memory>2048</memory>%s"
                         "<os><type arch='x86_64'>hvm</type></os><devices>%s</devices></domain>",
                         test->outside, test->devices);
  g_autoptr (GPtrArray) problems = new_problems ();
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (text, -1, VIREO_PARSE_STRICT, &error);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_assert_no_error (error);
  before = vireo_domain_def_format (def, VIREO_FORMAT_SECURE, NULL);
  vireo_domain_def_validate (def, problems);
  check_expected (problems, test->expected);
  after = vireo_domain_def_format (def, VIREO_FORMAT_SECURE, NULL);
  g_assert_cmpstr (before, ==, after);
  vireo_domain_def_free (def);
}

static void
test_no_memory (void)
{
  const char *expected[4] = { "missing-memory /domain/memory" };
  g_autoptr (GPtrArray) problems = new_problems ();
  VireoDomainDef *def = vireo_domain_def_parse ("<domain type='test'><name>x</name></domain>", -1,
                                                VIREO_PARSE_NONE, NULL);

  vireo_domain_def_validate (def, problems);
  check_expected (problems, expected);
  vireo_domain_def_free (def);
}

/* The strict check of a text finds what breaks a rule, next to what is not in the format. */
static void
test_check (void)
{
  g_autoptr (GPtrArray) problems
      = vireo_doc_check (vireo_doc_kind_find ("domain"),
                         "<domain type='test'><name>x</name><memory>1</memory><nonsense/>"
                         "<maxMemory slots='1'>0</maxMemory></domain>",
                         -1);

  g_assert_cmpuint (problems->len, ==, 2);
  g_assert_cmpstr (((VireoProblem *) problems->pdata[0])->path, ==, "/domain/nonsense");
  g_assert_cmpstr (((VireoProblem *) problems->pdata[1])->code, ==, "max-memory-too-small");
}

static const Case networks[] = {
  { "fine",
    "<forward mode='nat'/><ip address='10.0.0.1' netmask='255.255.255.0'><dhcp>"
    "<range start='10.0.0.2' end='10.0.0.254'/><host mac='52:54:00:00:00:01' ip='10.0.0.3'/></dhcp>"
    "</ip>",
    NULL,
    { NULL } },
  { "forwarder",
    "<bandwidth><inbound burst='1'/></bandwidth><dns><forwarder/></dns>"
    "<ip address='192.0.2.1' prefix='24'/>",
    NULL,
    { "empty-forwarder /network/dns/forwarder[1]",
      "missing-average /network/bandwidth/inbound/@average" } },
  { "isolated", "<ip family='ipv6' address='fd00::1' prefix='64'/>", NULL, { NULL } },
  { "no-ip", "<forward mode='nat'/>", NULL, { "missing-ip /network/ip" } },
  { "bridge",
    "<forward mode='bridge'/><bridge name='br0'/><ip address='10.0.0.1'/>",
    NULL,
    { "ip-in-mode /network/ip" } },
  { "range",
    "<ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.9' end='10.0.0.3'/>"
    "<range start='10.0.0.9' end='10.0.1.3'/></dhcp></ip>",
    NULL,
    { "range-backwards /network/ip[1]/dhcp/range[1]",
      "range-outside /network/ip[1]/dhcp/range[2]" } },
  { "hosts",
    "<ip address='10.0.0.1' prefix='24'><dhcp><host mac='52:54:00:00:00:01' ip='10.0.1.2'/>"
    "<host mac='52:54:00:00:00:02' ip='10.0.0.2'/><host mac='52:54:00:00:00:03' ip='10.0.0.2'/>"
    "</dhcp></ip>",
    NULL,
    { "host-outside /network/ip[1]/dhcp/host[1]/@ip",
      "duplicate-host /network/ip[1]/dhcp/host[3]/@ip" } },
  { "netmask",
    "<ip address='10.0.0.1' netmask='255.0.255.0'/><ip address='10.1.0.1' prefix='33'/>"
    "<ip address='10.2.0.1' prefix='8' netmask='255.0.0.0'/>",
    NULL,
    { "bad-prefix /network/ip[1]", "bad-prefix /network/ip[2]",
      "prefix-and-netmask /network/ip[3]" } },
  { "family",
    "<ip family='ipv6' address='10.0.0.1'/>",
    NULL,
    { "family-mismatch /network/ip[1]/@family" } },
  { "portgroups",
    "<portgroup name='a' default='yes'/><portgroup name='a' default='yes'/>",
    NULL,
    { "duplicate-portgroup /network/portgroup[2]/@name",
      "two-defaults /network/portgroup[2]/@default" } },
};

static void
test_network (gconstpointer data)
{
  const Case *test = data;
  g_autofree char *text
      = g_strdup_printf ("<network><name>x</name>%s</network>", test->outside);
  g_autoptr (GPtrArray) problems = new_problems ();
  g_autoptr (GError) error = NULL;
  VireoNetworkDef *def = vireo_network_def_parse (text, -1, VIREO_PARSE_STRICT, &error);

  g_assert_no_error (error);
  vireo_network_def_validate (def, problems);
  check_expected (problems, test->expected);
  vireo_network_def_free (def);
}

static void
test_cpuset (void)
{
  static const char *const bad[] = { "", ",", "1,", "a", "3-1", "16384", "1-99999", "^", "1 2" };
  g_autofree VireoCpuset *set = vireo_cpuset_parse (" 0-3,^2, 16383");
  g_autofree VireoCpuset *part = vireo_cpuset_parse ("0,3");
  g_autofree VireoCpuset *none = vireo_cpuset_parse ("5,^5");

  g_assert_nonnull (set);
  g_assert_cmpuint (vireo_cpuset_count (set), ==, 4);
  g_assert_false (vireo_cpuset_contains (set, 2));
  g_assert_cmpuint (vireo_cpuset_last (set), ==, 16383);
  g_assert_true (vireo_cpuset_is_subset (part, set));
  g_assert_false (vireo_cpuset_is_subset (set, part));
  g_assert_true (vireo_cpuset_is_empty (none));
  g_assert_false (vireo_cpuset_intersects (none, set));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (vireo_cpuset_parse (bad[i]));
  g_assert_null (vireo_cpuset_parse (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/validate/domain/%s", cases[i].name);

      g_test_add_data_func (path, &cases[i], test_domain);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (networks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/validate/network/%s", networks[i].name);

      g_test_add_data_func (path, &networks[i], test_network);
    }
  g_test_add_func ("/validate/no-memory", test_no_memory);
  g_test_add_func ("/validate/check", test_check);
  g_test_add_func ("/validate/cpuset", test_cpuset);
  return g_test_run ();
}
