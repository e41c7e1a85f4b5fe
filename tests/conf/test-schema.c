/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine makes of good and bad definitions. */
#include <string.h>

#include "conf/vireo-conf.h"

#define NAMED(rest) "<domain type='kvm'><name>a</name>" rest "</domain>"

typedef struct
{
  const char *name;
  const char *text;
  VireoParseFlags flags;
  VireoError code;
  const char *message; /* how the error's text starts; NULL when the text is fine */
} Case;

static const Case cases[] = {
  { "empty", "", 0, VIREO_ERROR_XML_MALFORMED, "line 1: not XML" },
  { "unclosed", "<domain type='kvm'>\n<name>a</name>\n", 0, VIREO_ERROR_XML_MALFORMED,
    "line 3: not XML: " },
  { "latin-1", "<domain type='kvm'><name>\xe9</name></domain>", 0, VIREO_ERROR_XML_MALFORMED,
    "line 1: not XML: " },
  { "other-root", "<network/>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /network: expected the element <domain>" },
  { "no-name", "<domain type='kvm'/>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain: the element <name> is missing" },
  { "no-type", "<domain>\n<name>a</name></domain>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain: the attribute \"type\" is missing" },
  { "bad-type", "<domain type='kvn'><name>a</name></domain>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/@type: \"kvn\" is not one of: qemu, kvm, " },
  { "path-and-line",
    NAMED ("<devices>\n<disk><target dev='a'/></disk>\n<disk>\n<target dev='b' bus='cd'/></disk>"
           "</devices>"),
    0, VIREO_ERROR_XML_INVALID,
    "line 4: /domain/devices/disk[2]/target/@bus: \"cd\" is not one of" },
  { "name-slash", "<domain type='kvm'><name>a/b</name></domain>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/name: \"a/b\" is not a name: expected no slash" },
  { "name-newline", "<domain type='kvm'><name>a\nb</name></domain>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/name: \"a\nb\" is not a name: expected no newline" },
  { "name-dots", "<domain type='kvm'><name>..</name></domain>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/name: \"..\" is not a name" },
  { "name-empty", "<domain type='kvm'><name/></domain>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/name: \"\" is not a name of 1 to 255 bytes" },
  { "uuid-short", NAMED ("<uuid>c7a5fdbd</uuid>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/uuid: \"c7a5fdbd\" is not a UUID" },
  { "uuid-letters", NAMED ("<uuid>g7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"), 0,
    VIREO_ERROR_XML_INVALID, "line 1: /domain/uuid: " },
  { "uuid-long", NAMED ("<uuid>c7a5fdbd-edaf-9455-926a-d65c16db18090</uuid>"), 0,
    VIREO_ERROR_XML_INVALID, "line 1: /domain/uuid: " },
  { "number-huge", NAMED ("<vcpu>4294967296</vcpu>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/vcpu: \"4294967296\" is not a number from 1 to 4294967295" },
  { "number-wraps", NAMED ("<vcpu>18446744073709551617</vcpu>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/vcpu: " },
  { "number-negative", NAMED ("<vcpu>-1</vcpu>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/vcpu: \"-1\" is not a number" },
  { "number-zero", NAMED ("<vcpu>0</vcpu>"), 0, VIREO_ERROR_XML_INVALID, "line 1: /domain/vcpu: " },
  { "number-trailing", NAMED ("<vcpu>1x</vcpu>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/vcpu: " },
  { "number-space", NAMED ("<vcpu>\n  7\n</vcpu>"), 0, 0, NULL },
  { "number-below", NAMED ("<devices><graphics type='vnc' port='-2'/></devices>"), 0,
    VIREO_ERROR_XML_INVALID, "line 1: /domain/devices/graphics/@port: \"-2\" is not a number" },
  { "unit-unknown", NAMED ("<memory unit='bananas'>1</memory>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/memory: \"bananas\" is not a unit" },
  { "unit-overflow", NAMED ("<memory unit='EiB'>18446744073709551615</memory>"), 0,
    VIREO_ERROR_XML_INVALID, "line 1: /domain/memory: " },
  { "memory-negative", NAMED ("<memory>-5</memory>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/memory: \"-5\" is not a size" },
  { "number-decimal", NAMED ("<vcpu>0x2</vcpu>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/vcpu: \"0x2\" is not a number" },
  { "size-decimal", NAMED ("<memory>0x200</memory>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/memory: \"0x200\" is not a size" },
  { "hex-wants-prefix", NAMED ("<devices><panic><address type='pci' slot='1f'/></panic></devices>"),
    0, VIREO_ERROR_XML_INVALID, "line 1: /domain/devices/panic/address/@slot: \"1f\" is not" },
  { "base-16",
    NAMED ("<devices><panic><address type='isa' iobase='5g'/></panic></devices>"), 0,
    VIREO_ERROR_XML_INVALID, "line 1: /domain/devices/panic/address/@iobase: \"5g\" is not" },
  { "mac",
    NAMED ("<devices><interface type='user'><mac address='52:54:00:12'/></interface>"
           "</devices>"),
    0, VIREO_ERROR_XML_INVALID, "line 1: /domain/devices/interface/mac/@address: " },
  { "mac-sign",
    NAMED ("<devices><interface type='user'><mac address='52:-4:00:12:34:56'/></interface>"
           "</devices>"),
    0, VIREO_ERROR_XML_INVALID, "line 1: /domain/devices/interface/mac/@address: " },
  { "cpuset", NAMED ("<vcpu cpuset='0-a'>1</vcpu>"), 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/vcpu/@cpuset: \"0-a\" is not a set of numbers" },
  { "unknown-lenient", NAMED ("<nonsense a='1'>text</nonsense>"), 0, 0, NULL },
  { "unknown-strict", NAMED ("\n<nonsense/>"), VIREO_PARSE_STRICT, VIREO_ERROR_XML_INVALID,
    "line 2: /domain/nonsense: no such element is known here" },
  { "unknown-attribute", NAMED ("<vcpu colour='red'>1</vcpu>"), VIREO_PARSE_STRICT,
    VIREO_ERROR_XML_INVALID, "line 1: /domain/vcpu/@colour: no such attribute is known here" },
  { "misplaced", NAMED ("<devices><panic><address type='isa' slot='1'/></panic></devices>"),
    VIREO_PARSE_STRICT, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/devices/panic/address/@slot: has no place with the types" },
  { "twice-lenient", NAMED ("<uuid>c7a5fdbdedaf9455926ad65c16db1809</uuid><name>b</name>"), 0, 0,
    NULL },
  { "twice-strict", NAMED ("<name>b</name>"), VIREO_PARSE_STRICT, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/name[2]: stands here more than once" },
  { "two-devices", NAMED ("<devices/><devices/>"), 0, 0, NULL },
  { "stray-text", NAMED ("<devices>text</devices>"), VIREO_PARSE_STRICT, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/devices: has text in it" },
  { "foreign-strict", NAMED ("<x:y xmlns:x='urn:x'/>"), VIREO_PARSE_STRICT, 0, NULL },
  { "several", "<domain type='x'><vcpu>0</vcpu></domain>", 0, VIREO_ERROR_XML_INVALID,
    "line 1: /domain/@type: " },
};

static void
test_case (gconstpointer data)
{
  const Case *one = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (one->text, -1, one->flags, &error);

  if (one->message == NULL)
    {
      g_assert_no_error (error);
      g_assert_nonnull (def);
      return;
    }
  g_assert_null (def);
  g_assert_error (error, VIREO_ERROR, (int) one->code);
  if (!g_str_has_prefix (error->message, one->message))
    g_assert_cmpstr (error->message, ==, one->message);
}

static void
test_every_problem (void)
{
  g_autoptr (GPtrArray) problems
      = vireo_doc_check (vireo_doc_kind_find ("domain"),
                         "<domain type='x'>\n<vcpu>0</vcpu>\n<odd/>\n<uuid>1</uuid></domain>", -1);
  static const char *const codes[]
      = { "bad-value", "bad-value", "unknown-element", "bad-value", "missing-element" };

  g_assert_cmpuint (problems->len, >=, G_N_ELEMENTS (codes));
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    g_assert_cmpstr (((VireoProblem *) problems->pdata[i])->code, ==, codes[i]);
  g_assert_cmpuint (((VireoProblem *) problems->pdata[2])->line, ==, 3);
  g_assert_cmpstr (((VireoProblem *) problems->pdata[2])->path, ==, "/domain/odd");
}

/* What is wrong in one place is one problem: it is not missing, too. */
static void
test_one_problem (void)
{
  static const char *const docs[] = {
    "<domain type='test'><name>a/b</name><memory>1024</memory><os><type>hvm</type></os></domain>",
    "<domain type='test'><name/><memory>1024</memory><os><type>hvm</type></os></domain>",
    "<domain type='test'><name></name><memory>1024</memory><os><type>hvm</type></os></domain>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (docs); i++)
    {
      g_autoptr (GPtrArray) problems
          = vireo_doc_check (vireo_doc_kind_find ("domain"), docs[i], -1);

      g_assert_cmpuint (problems->len, ==, 1);
      g_assert_cmpstr (((VireoProblem *) problems->pdata[0])->code, ==,
                       "bad-value");
    }
}

/* What breaks a rule has a line too. */
static void
test_rule_has_line (void)
{
  g_autoptr (GPtrArray) problems
      = vireo_doc_check (vireo_doc_kind_find ("domain"),
                         NAMED ("<memory>1024</memory><os><type>hvm</type></os><devices>\n"
                                "<disk><target dev='vda' bus='virtio'/></disk>\n"
                                "<disk>\n<target dev='vda' bus='virtio'/></disk></devices>"),
                         -1);
  gboolean found = FALSE;

  for (guint i = 0; i < problems->len; i++)
    {
      const VireoProblem *problem = problems->pdata[i];

      if (g_strcmp0 (problem->path, "/domain/devices/disk[2]/target/@dev") == 0)
        {
          g_assert_cmpuint (problem->line, ==, 4);
          found = TRUE;
        }
    }
  g_assert_true (found);
}

static void
test_values (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      NAMED ("<uuid>C7A5FDBD edaf-9455926a-d65c16db1809</uuid>"
             "<memory unit='b'>1025</memory><currentMemory unit='MB'>1</currentMemory>"
             "<devices><disk><source file=''/><target dev='vda'/>"
             "<address type='pci' bus='0X1F' slot='010'/></disk></devices>"),
      -1, 0, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (def->uuid, ==, "c7a5fdbd-edaf-9455-926a-d65c16db1809");
  g_assert_cmpuint (def->memory, ==, 2); /* rounded up to KiB */
  g_assert_cmpuint (def->current_memory, ==, 977);
  g_assert_false (def->has_vcpus);
  g_assert_cmpuint (def->n_disks, ==, 1);
  g_assert_cmpstr (def->disks[0]->source->file, ==, "");
  g_assert_cmpuint (def->disks[0]->address->bus, ==, 0x1f);
  g_assert_cmpuint (def->disks[0]->address->slot, ==, 8);
  g_assert_false (def->disks[0]->address->has_function);
  g_assert_cmpint (def->disks[0]->device, ==, VIREO_DISK_DEVICE_UNSET);
  g_assert_cmpint (vireo_disk_def_get_device (def->disks[0]), ==, VIREO_DISK_DEVICE_DISK);
  g_assert_cmpstr (vireo_disk_device_to_string (VIREO_DISK_DEVICE_CDROM), ==, "cdrom");
  g_assert_null (vireo_disk_device_to_string (VIREO_DISK_DEVICE_UNSET));
  g_assert_cmpint (vireo_disk_device_from_string ("cdro"), ==, VIREO_DISK_DEVICE_UNSET);
}

/* What is always hexadecimal is so without 0x, too. */
static void
test_bases (void)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      NAMED ("<devices><panic><address type='isa' iobase='505' irq='0xA'/></panic>"
             "<controller type='usb' ports='8'><master startport='0x4'/></controller></devices>"),
      -1, 0, NULL);

  g_assert_nonnull (def);
  g_assert_cmpuint (def->panics[0]->address->iobase, ==, 0x505);
  g_assert_cmpuint (def->panics[0]->address->irq, ==, 10);
  g_assert_cmpuint (def->controllers[0]->master_startport, ==, 4);
}

static void
test_any_order (void)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      "<domain type='kvm'>mixed<devices>text<disk><target dev='a'/></disk><video/>"
      "<disk><target dev='b'/></disk></devices><name><!-- c -->a<![CDATA[<b]]></name>&amp;<devices>"
      "<disk><target dev='c'/></disk></devices></domain>",
      -1, 0, NULL);

  g_assert_nonnull (def);
  g_assert_cmpstr (def->name, ==, "a<b");
  g_assert_cmpuint (def->n_videos, ==, 1);
  g_assert_cmpuint (def->n_disks, ==, 3);
  g_assert_cmpstr (def->disks[2]->target->dev, ==, "c");
}

static void
assert_secret (VireoFormatFlags flags, gboolean shown)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      NAMED ("<devices><graphics type='vnc' passwd='hunter2' passwdValidTo='2030-01-01T00:00:00'/>"
             "<disk><source><cookies><cookie name='a'>hunter2</cookie></cookies></source>"
             "<target dev='vda'/></disk></devices>"),
      -1, 0, NULL);
  g_autofree char *text = NULL;

  g_assert_nonnull (def);
  text = vireo_domain_def_format (def, flags, NULL);
  g_assert_cmpint (strstr (text, "hunter2") != NULL, ==, shown);
  g_assert_cmpint (strstr (text, "cookie name='a'>hunter2<") != NULL, ==, shown);
}

static void
test_secrets (void)
{
  assert_secret (VIREO_FORMAT_NONE, FALSE);
  assert_secret (VIREO_FORMAT_INACTIVE | VIREO_FORMAT_MIGRATABLE, FALSE);
  assert_secret (VIREO_FORMAT_SECURE, TRUE);
}

static void
test_live (void)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      "<domain type='kvm' id='7'><name>a</name><devices>"
      "<disk><target dev='a'/><alias name='ua-mine'/></disk>"
      "<disk><target dev='b'/><alias name='virtio-disk1'/></disk></devices></domain>",
      -1, 0, NULL);
  g_autofree char *live = vireo_domain_def_format (def, 0, NULL);
  g_autofree char *inactive = vireo_domain_def_format (def, VIREO_FORMAT_INACTIVE, NULL);

  g_assert_nonnull (strstr (live, "id='7'"));
  g_assert_nonnull (strstr (live, "virtio-disk1"));
  g_assert_null (strstr (inactive, "id='7'"));
  g_assert_null (strstr (inactive, "virtio-disk1"));
  g_assert_nonnull (strstr (inactive, "ua-mine"));
}

static void
assert_abi (const char *before, const char *after, const char *message)
{
  const VireoDocKind *kind = vireo_doc_kind_find ("domain");
  g_autoptr (VireoDomainDef) a = vireo_domain_def_parse (before, -1, 0, NULL);
  g_autoptr (VireoDomainDef) b = vireo_domain_def_parse (after, -1, 0, NULL);
  g_autoptr (GError) error = NULL;
  gboolean same = vireo_doc_check_abi (kind, a, b, &error);

  if (same != (message == NULL))
    g_error ("%s, %s: %s", before, after, same ? "the same" : error->message);
  if (message == NULL)
    return;
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_ABI_MISMATCH);
  if (!g_str_has_prefix (error->message, message))
    g_error ("expected \"%s…\", got \"%s\"", message, error->message);
}

#define FEATURE(text) NAMED ("<features>" text "</features>")
#define CPU(text) NAMED ("<cpu mode='custom'>" text "</cpu>")
#define DEVICE(text) NAMED ("<devices>" text "</devices>")

/* What a guest sees, of each kind of thing that it sees: two of them, and where they differ; no
 * place when they do not. */
static const struct
{
  const char *a;
  const char *b;
  const char *where;
} abi_cases[] = {
  { FEATURE ("<hyperv><relaxed state='on'/></hyperv>"),
    FEATURE ("<hyperv><relaxed state='off'/></hyperv>"),
    "/domain/features/hyperv/relaxed/@state:" },
  { FEATURE ("<hyperv><spinlocks state='on' retries='4095'/></hyperv>"),
    FEATURE ("<hyperv><spinlocks state='on' retries='4096'/></hyperv>"),
    "/domain/features/hyperv/spinlocks/@retries: 4096 is not 4095" },
  { FEATURE ("<kvm><hidden state='on'/></kvm>"), FEATURE ("<kvm/>"),
    "/domain/features/kvm/hidden: is gone" },
  { FEATURE ("<apic/>"), FEATURE ("<apic eoi='on'/>"), "/domain/features/apic/@eoi:" },
  { FEATURE ("<gic version='2'/>"), FEATURE ("<gic version='3'/>"),
    "/domain/features/gic/@version: \"3\" is not \"2\"" },
  { FEATURE ("<smm><tseg unit='MiB'>8</tseg></smm>"),
    FEATURE ("<smm><tseg unit='MiB'>16</tseg></smm>"), "/domain/features/smm/tseg:" },
  { CPU ("<model>core2duo</model>"), CPU ("<model>qemu64</model>"),
    "/domain/cpu/model: \"qemu64\" is not \"core2duo\"" },
  { CPU ("<model fallback='allow'>qemu64</model>"), CPU ("<model fallback='forbid'>qemu64</model>"),
    NULL },
  { CPU ("<topology sockets='1' cores='2' threads='1'/>"),
    CPU ("<topology sockets='2' cores='1' threads='1'/>"), "/domain/cpu/topology/@sockets:" },
  { CPU ("<feature policy='require' name='vmx'/>"), CPU ("<feature policy='disable' name='vmx'/>"),
    "/domain/cpu/feature/@policy:" },
  { CPU ("<cache mode='emulate' level='3'/>"), CPU ("<cache mode='disable'/>"),
    "/domain/cpu/cache/@level:" },
  { NAMED ("<clock><timer name='hpet' present='no'/></clock>"),
    NAMED ("<clock><timer name='hpet' present='yes'/></clock>"),
    "/domain/clock/timer/@present: \"yes\" is not \"no\"" },
  { NAMED ("<sysinfo type='smbios'><bios><entry name='vendor'>a</entry></bios></sysinfo>"),
    NAMED ("<sysinfo type='smbios'><bios><entry name='vendor'>b</entry></bios></sysinfo>"),
    "/domain/sysinfo/bios/entry: \"b\" is not \"a\"" },
  { NAMED ("<devices><disk><driver iommu='on'/><target dev='a'/></disk></devices>"),
    NAMED ("<devices><disk><driver iommu='off'/><target dev='a'/></disk></devices>"),
    "/domain/devices/disk/driver/@iommu: \"no\" is not \"yes\"" },
  { NAMED ("<devices><disk><driver packed='on'/><target dev='a'/></disk></devices>"),
    NAMED ("<devices><disk><target dev='a'/></disk></devices>"),
    "/domain/devices/disk/driver/@packed: nothing is not \"yes\"" },
  { NAMED ("<devices><disk><target dev='a'/></disk></devices>"),
    NAMED ("<devices><disk><driver cache='none' io='native'/><target dev='a'/></disk></devices>"),
    NULL },
  { NAMED ("<devices><rng model='virtio'><driver ats='on'/></rng></devices>"),
    NAMED ("<devices><rng model='virtio'/></devices>"), "/domain/devices/rng/driver/@ats:" },
  { NAMED ("<os><type machine='q35'>hvm</type></os>"),
    NAMED ("<os><type machine='pc'>hvm</type></os>"),
    "/domain/os/type/@machine:" },
  { NAMED ("<maxMemory slots='1'>9</maxMemory>"), NAMED ("<maxMemory slots='2'>9</maxMemory>"),
    "/domain/maxMemory/@slots: 2 is not 1" },
  { DEVICE ("<interface type='user'><mac address='52:54:00:00:00:01'/></interface>"),
    DEVICE ("<interface type='user'><mac address='52:54:00:00:00:02'/></interface>"),
    "/domain/devices/interface/mac/@address:" },
  { DEVICE ("<interface type='user'><source dev='a'/></interface>"),
    DEVICE ("<interface type='bridge'><source bridge='b'/></interface>"), NULL },
  { DEVICE ("<disk><source file='/a'/><target dev='vda'/></disk>"),
    DEVICE ("<disk><driver cache='none'/><source file='/b'/><target dev='vda'/></disk>"), NULL },
  { DEVICE ("<disk><target dev='vda'/><serial>1</serial></disk>"),
    DEVICE ("<disk><target dev='vda'/><serial>2</serial></disk>"), "/domain/devices/disk/serial:" },
  { DEVICE ("<disk><target dev='vda'/><address type='pci' slot='4'/></disk>"),
    DEVICE ("<disk><target dev='vda'/><address type='pci' slot='5'/></disk>"),
    "/domain/devices/disk/address/@slot: 5 is not 4" },
  { DEVICE ("<disk><target dev='vda'/><readonly/></disk>"),
    DEVICE ("<disk><target dev='vda'/></disk>"), "/domain/devices/disk/readonly:" },
  { DEVICE ("<vsock><cid address='3'/></vsock>"), DEVICE ("<vsock><cid address='4'/></vsock>"),
    "/domain/devices/vsock/cid/@address: 4 is not 3" },
  { DEVICE ("<sound model='ich6'><codec type='duplex'/></sound>"),
    DEVICE ("<sound model='ich6'><codec type='micro'/></sound>"),
    "/domain/devices/sound/codec/@type:" },
  { DEVICE ("<video><model type='qxl' ram='1'/></video>"),
    DEVICE ("<video><model type='qxl' ram='2'/></video>"), "/domain/devices/video/model/@ram:" },
  { DEVICE ("<graphics type='vnc' port='5900'/>"), DEVICE ("<graphics type='spice'/>"), NULL },
  { DEVICE ("<memballoon model='virtio'/>"), DEVICE ("<memballoon model='none'/>"),
    "/domain/devices/memballoon/@model:" },
  { DEVICE ("<hostdev type='usb'><source><vendor id='1'/></source></hostdev>"),
    DEVICE ("<hostdev type='pci'/>"), "/domain/devices/hostdev/@type: \"pci\" is not \"usb\"" },
};

static void
test_abi_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (abi_cases); i++)
    assert_abi (abi_cases[i].a, abi_cases[i].b, abi_cases[i].where);
}

static void
test_abi (void)
{
  assert_abi (NAMED ("<title>x</title>"), NAMED ("<title>y</title>"), NULL);
  assert_abi (NAMED ("<memory>1</memory>"), NAMED ("<memory>2</memory>"),
              "/domain/memory: 2 is not 1: the guest would notice");
  assert_abi (NAMED ("<devices><disk><target dev='a'/></disk><disk><target dev='b'/></disk>"
                     "</devices>"),
              NAMED ("<devices><disk><target dev='a'/></disk><disk><target dev='c'/></disk>"
                     "</devices>"),
              "/domain/devices/disk[2]/target/@dev: \"c\" is not \"b\": the guest would notice");
  assert_abi (NAMED ("<devices><disk><target dev='a'/></disk></devices>"), NAMED (""),
              "/domain/devices/disk: 0 are not 1: the guest would notice");
  assert_abi (NAMED ("<features><acpi/></features>"), NAMED ("<features/>"),
              "/domain/features/acpi: nothing is not set: the guest would notice");
  assert_abi (NAMED ("<devices><sound model='ich9'/></devices>"),
              NAMED ("<devices><sound model='ac97'/></devices>"),
              "/domain/devices/sound/@model: \"ac97\" is not \"ich9\": the guest would notice");
}

static void
test_devices (void)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      NAMED ("<devices><video><model type='vga'/></video><disk><target dev='a'/><boot order='3'/>"
             "<address type='pci' slot='4'/></disk><memballoon model='virtio'/></devices>"),
      -1, 0, NULL);
  static const VireoDeviceKind kinds[]
      = { VIREO_DEVICE_DISK, VIREO_DEVICE_VIDEO, VIREO_DEVICE_MEMBALLOON };
  VireoDeviceIter iter;
  guint n = 0;

  vireo_device_iter_init (&iter, def);
  for (; vireo_device_iter_next (&iter); n++)
    {
      g_assert_cmpint (iter.kind, ==, kinds[n]);
      g_assert_cmpuint (iter.index, ==, 0);
      g_assert_true (vireo_device_set_alias (iter.kind, iter.device, "x"));
      g_assert_cmpstr (vireo_device_get_alias (iter.kind, iter.device), ==, "x");
    }
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (vireo_device_get_boot_order (VIREO_DEVICE_DISK, def->disks[0]), ==, 3);
  g_assert_cmpuint (vireo_device_get_boot_order (VIREO_DEVICE_VIDEO, def->videos[0]), ==, 0);
  g_assert_false (vireo_device_set_boot_order (VIREO_DEVICE_VIDEO, def->videos[0], 1));
  g_assert_cmpuint (vireo_device_get_address (VIREO_DEVICE_DISK, def->disks[0])->slot, ==, 4);
  g_assert_null (vireo_device_get_address_place (VIREO_DEVICE_AUDIO, def->videos[0]));
  g_assert_cmpstr (vireo_device_kind_to_string (VIREO_DEVICE_MEMBALLOON), ==, "memballoon");
  g_assert_cmpint (vireo_device_kind_from_string ("tpm"), ==, VIREO_DEVICE_TPM);
}

static void
test_add_remove (void)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_new ();
  gpointer second;

  for (guint i = 0; i < 100; i++)
    {
      VireoDiskDef *disk = vireo_disk_def_new ();

      disk->has_boot_order = TRUE;
      disk->boot_order = i;
      vireo_domain_def_add_disk (def, disk);
    }
  g_assert_cmpuint (def->n_disks, ==, 100);
  second = vireo_domain_def_remove_device (def, VIREO_DEVICE_DISK, 1);
  g_assert_cmpuint (def->n_disks, ==, 99);
  g_assert_cmpuint (def->disks[1]->boot_order, ==, 2);
  g_assert_cmpuint (def->disks[98]->boot_order, ==, 99);
  vireo_device_free (VIREO_DEVICE_DISK, second);
  vireo_domain_def_add_device (def, VIREO_DEVICE_MEMBALLOON, vireo_memballoon_def_new ());
  vireo_domain_def_add_device (def, VIREO_DEVICE_MEMBALLOON, vireo_memballoon_def_new ());
  g_assert_cmpuint (vireo_domain_def_n_devices (def, VIREO_DEVICE_MEMBALLOON), ==, 1);
}

/* The element that a list of devices is in may be there twice: the first of what there is one of
 * counts, and the lists go on. (Under the address sanitizer also: nothing is lost.) */
static void
test_group_twice (void)
{
  static const char text[] = "<domain type='kvm'><name>a</name>"
                             "<devices><hub type='usb'/><memballoon model='none'/></devices>"
                             "<devices><hub type='usb'/><memballoon model='xen'/></devices>"
                             "</domain>";
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (text, -1, 0, NULL);

  g_assert_nonnull (def);
  g_assert_cmpuint (def->n_hubs, ==, 2);
  g_assert_cmpint (def->memballoon->model, ==, VIREO_MEMBALLOON_MODEL_NONE);
}

/* Members that never hold at once share a place, and still come and go on their own. */
/* A wrapper that was written with nothing in it is printed again, and filled when there is
 * something for it; one that was emptied since goes. */
static void
test_empty_wrappers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      NAMED ("<vcpus></vcpus><iothreadids><iothread id='1'/></iothreadids>"
             "<devices>\n</devices>"),
      -1, VIREO_PARSE_STRICT, &error);
  g_autoptr (VireoDomainDef) copy = NULL;
  const VireoDocKind *kind = vireo_doc_kind_find ("domain");
  g_autofree guint8 *packed = NULL;
  g_autofree VireoDomainDef *unpacked = NULL;
  g_autofree char *repacked = NULL;
  g_autofree char *text = NULL;
  g_autofree char *filled = NULL;
  gsize size;

  g_assert_no_error (error);
  vireo_iothread_id_def_free (def->iothreadids[0]);
  def->n_iothreadids = 0;
  copy = vireo_domain_def_copy (def);
  text = vireo_domain_def_format (copy, VIREO_FORMAT_NONE, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, "  <vcpus/>\n"));
  g_assert_nonnull (strstr (text, "  <devices/>\n"));
  g_assert_null (strstr (text, "iothreadids"));
  packed = vireo_doc_pack (kind, copy, &size);
  unpacked = (gpointer) vireo_doc_unpack (kind, packed);
  repacked = vireo_domain_def_format (unpacked, VIREO_FORMAT_NONE, &error);
  g_assert_cmpstr (repacked, ==, text);
  vireo_domain_def_add_hub (copy, vireo_hub_def_new ());
  copy->hubs[0]->type = VIREO_HUB_TYPE_USB;
  filled = vireo_domain_def_format (copy, VIREO_FORMAT_NONE, &error);
  g_assert_nonnull (strstr (filled, "<devices>\n    <hub type='usb'/>\n  </devices>"));
}

static void
test_overlaid_members (void)
{
  static const char text[]
      = "<domain type='kvm'><name>a</name><devices>"
        "<hub type='usb'><address type='usb' bus='3' port='1.2'/></hub>"
        "<hub type='usb'><address type='mdev' uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></hub>"
        "<hub type='usb'><address type='drive' controller='1' bus='2' target='3' unit='4'/></hub>"
        "</devices></domain>";
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (text, -1, 0, NULL);
  g_autoptr (VireoDomainDef) copy = vireo_domain_def_copy (def);
  const VireoAddressDef *drive = copy->hubs[2]->address;

  g_assert_cmpuint (sizeof (VireoAddressDef), <=, 40);
  g_assert_true (vireo_domain_def_equal (def, copy));
  g_assert_cmpstr (copy->hubs[0]->address->usb_port, ==, "1.2");
  g_assert_true (copy->hubs[0]->address->usb_port != def->hubs[0]->address->usb_port);
  g_assert_cmpstr (copy->hubs[1]->address->uuid, ==, "c2177883-f1bb-47f0-914d-32a22e3a8804");
  g_assert_cmpuint (drive->controller * 1000 + drive->bus * 100 + drive->target * 10 + drive->unit,
                    ==, 1234);
  copy->hubs[2]->address->unit = 5;
  g_assert_false (vireo_domain_def_equal (def, copy));
}

static void
test_control_characters (void)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_new ();
  g_autoptr (VireoDomainDef) again = NULL;
  g_autofree char *text = NULL;

  def->type = VIREO_DOMAIN_TYPE_KVM;
  def->name = g_strdup ("a");
  def->description = g_strdup ("tab\tbell\a<\n\"'&\r end");
  def->memory_dump_core = VIREO_TRISTATE_NO;
  text = vireo_domain_def_format (def, 0, NULL);
  again = vireo_domain_def_parse (text, -1, VIREO_PARSE_STRICT, NULL);
  g_assert_nonnull (again);
  g_assert_cmpstr (again->description, ==, "tab\tbell<\n\"'&\r end");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strconcat ("/conf/case/", cases[i].name, NULL);

      g_test_add_data_func (name, &cases[i], test_case);
    }
  g_test_add_func ("/conf/group-twice", test_group_twice);
  g_test_add_func ("/conf/empty-wrappers", test_empty_wrappers);
  g_test_add_func ("/conf/overlaid-members", test_overlaid_members);
  g_test_add_func ("/conf/every-problem", test_every_problem);
  g_test_add_func ("/conf/one-problem", test_one_problem);
  g_test_add_func ("/conf/rule-has-line", test_rule_has_line);
  g_test_add_func ("/conf/values", test_values);
  g_test_add_func ("/conf/bases", test_bases);
  g_test_add_func ("/conf/any-order", test_any_order);
  g_test_add_func ("/conf/secrets", test_secrets);
  g_test_add_func ("/conf/live", test_live);
  g_test_add_func ("/conf/abi", test_abi);
  g_test_add_func ("/conf/abi-cases", test_abi_cases);
  g_test_add_func ("/conf/devices", test_devices);
  g_test_add_func ("/conf/add-remove", test_add_remove);
  g_test_add_func ("/conf/control-characters", test_control_characters);
  return g_test_run ();
}
