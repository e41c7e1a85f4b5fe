/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/vireo-device.h"
#include "conf/vireo-postparse.h"

#include <string.h>

/* A definition around @inside, which stands in <devices>; @before stands before it. */
#define DOMAIN(before, inside)                                                                     \
  "<domain type='test'>\n  <name>one</name>\n"                                                     \
  "  <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>\n"                                          \
  "  <memory unit='KiB'>219136</memory>\n" before "  <devices>\n" inside "  </devices>\n</domain>\n"
#define HVM "  <os>\n    <type arch='x86_64' machine='pc'>hvm</type>\n  </os>\n"

static const VireoPostParseOps no_driver = { 0 };

static VireoDomainDef *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (text, -1, VIREO_PARSE_STRICT, &error);

  g_assert_no_error (error);
  return def;
}

static char *
format (const VireoDomainDef *def)
{
  g_autoptr (GError) error = NULL;
  char *text = vireo_domain_def_format (def, VIREO_FORMAT_SECURE, &error);

  g_assert_no_error (error);
  return text;
}

static VireoDomainDef *
complete_with (const char *text, const VireoPostParseOps *ops, gboolean existing)
{
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = parse (text);
  GPtrArray *problems = (gpointer) "untouched";

  g_assert_true (vireo_post_parse_run (&def, ops, NULL, existing, VIREO_PARSE_NONE, &problems,
                                       &error));
  g_assert_no_error (error);
  g_assert_null (problems);
  return def;
}

static VireoDomainDef *
complete (const char *text)
{
  return complete_with (text, &no_driver, FALSE);
}

/* --- the pipeline --- */

/* A driver whose phases do as they are told, and which notes what it was asked. */
typedef struct
{
  VireoPostParseOutcome outcomes[VIREO_POST_PARSE_N_PHASES];
  GString *log;
  gboolean environment_freed;
  gboolean changes_name;
} Driver;

static VireoPostParseOutcome
act (VireoPostParseContext *context, VireoPostParsePhase phase, const char *letter)
{
  Driver *driver = context->driver_data;

  g_string_append (driver->log, letter);
  if (driver->outcomes[phase] == VIREO_POST_PARSE_FAILED_FOR_NOW)
    return vireo_post_parse_missing (context, "missing-emulator", "/usr/bin/qemu", "%s is missing",
                                     "/usr/bin/qemu");
  if (driver->outcomes[phase] == VIREO_POST_PARSE_INVALID)
    return vireo_post_parse_invalid (context, "bad-machine", "no machine is called %s", "x");
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
act_basic (VireoPostParseContext *context)
{
  if (((Driver *) context->driver_data)->changes_name)
    {
      g_free (context->def->title);
      context->def->title = g_strdup ("another");
    }
  return act (context, VIREO_POST_PARSE_BASIC, "b");
}

static void
free_environment (gpointer data)
{
  ((Driver *) data)->environment_freed = TRUE;
}

static VireoPostParseOutcome
act_environment (VireoPostParseContext *context)
{
  VireoPostParseOutcome outcome = act (context, VIREO_POST_PARSE_ENVIRONMENT, "e");

  if (outcome == VIREO_POST_PARSE_DONE)
    {
      context->environment = context->driver_data;
      context->environment_free = free_environment;
    }
  return outcome;
}

static VireoPostParseOutcome
act_domain (VireoPostParseContext *context)
{
  return act (context, VIREO_POST_PARSE_DOMAIN, context->environment != NULL ? "D" : "d");
}

static VireoPostParseOutcome
act_device (VireoPostParseContext *context, VireoDeviceKind kind, gpointer device)
{
  g_string_append (((Driver *) context->driver_data)->log, vireo_device_kind_to_string (kind));
  return act (context, VIREO_POST_PARSE_DEVICE, ".");
}

static VireoPostParseOutcome
act_addresses (VireoPostParseContext *context)
{
  return act (context, VIREO_POST_PARSE_ADDRESSES, "a");
}

static const VireoPostParseOps acting = {
  .basic = act_basic,
  .environment = act_environment,
  .domain = act_domain,
  .device = act_device,
  .addresses = act_addresses,
};

static const char two_disks[]
    = DOMAIN ("",
              "    <disk type='file' device='disk'>\n      <source file='/a'/>\n"
              "      <target dev='vda' bus='virtio'/>\n    </disk>\n"
              "    <disk type='file' device='disk'>\n      <source file='/b'/>\n"
              "      <target dev='vdb' bus='virtio'/>\n"
              "      <alias name='ua-data'/>\n    </disk>\n");

static void
test_phases (void)
{
  Driver driver = { .log = g_string_new (NULL) };
  VireoDomainDef *def = parse (two_disks);
  g_autoptr (GError) error = NULL;
  GPtrArray *problems = NULL;

  g_assert_true (vireo_post_parse_run (&def, &acting, &driver, FALSE, VIREO_PARSE_NONE, &problems,
                                       &error));
  g_assert_cmpstr (driver.log->str, ==, "beDdisk.disk.a");
  g_assert_true (driver.environment_freed);
  g_assert_null (problems);
  g_assert_cmpint (def->on_reboot, ==, VIREO_LIFECYCLE_ACTION_RESTART);
  vireo_domain_def_free (def);
  g_string_free (driver.log, TRUE);
}

static const VireoPostParsePhase driver_phases[] = {
  VIREO_POST_PARSE_BASIC,  VIREO_POST_PARSE_ENVIRONMENT, VIREO_POST_PARSE_DOMAIN,
  VIREO_POST_PARSE_DEVICE, VIREO_POST_PARSE_ADDRESSES,
};

static void
test_failed_for_now (void)
{
  g_autofree char *before = NULL;
  VireoDomainDef *def = parse (two_disks);

  before = format (def);
  for (gsize i = 0; i < G_N_ELEMENTS (driver_phases); i++)
    {
      Driver driver = { .log = g_string_new (NULL) };
      g_autoptr (GPtrArray) problems = NULL;
      g_autofree char *after = NULL;
      g_autoptr (GError) error = NULL;

      driver.outcomes[driver_phases[i]] = VIREO_POST_PARSE_FAILED_FOR_NOW;
      g_assert_true (vireo_post_parse_run (&def, &acting, &driver, TRUE,
                                           VIREO_PARSE_ALLOW_POST_PARSE_FAIL, &problems, &error));
      g_assert_no_error (error);
      after = format (def);
      g_assert_cmpstr (after, ==, before);
      g_assert_nonnull (problems);
      g_assert_cmpuint (problems->len, ==, driver_phases[i] == VIREO_POST_PARSE_DEVICE ? 2 : 1);

      /* Without the flag it is an error, for a domain that exists too. */
      g_assert_false (vireo_post_parse_run (&def, &acting, &driver, TRUE, VIREO_PARSE_NONE,
                                            &problems, &error));
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
      g_assert_nonnull (strstr (error->message, "/usr/bin/qemu is missing"));
      g_free (after);
      after = format (def);
      g_assert_cmpstr (after, ==, before);
      g_string_free (driver.log, TRUE);
    }
  vireo_domain_def_free (def);
}

/* Every device has its problem, and the phases that can still say something are asked. */
static void
test_all_problems (void)
{
  Driver driver = { .log = g_string_new (NULL) };
  VireoDomainDef *def = parse (two_disks);
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  VireoProblem *problem;

  driver.outcomes[VIREO_POST_PARSE_ENVIRONMENT] = VIREO_POST_PARSE_FAILED_FOR_NOW;
  driver.outcomes[VIREO_POST_PARSE_DEVICE] = VIREO_POST_PARSE_FAILED_FOR_NOW;
  g_assert_true (vireo_post_parse_run (&def, &acting, &driver, TRUE,
                                       VIREO_PARSE_ALLOW_POST_PARSE_FAIL, &problems, &error));
  g_assert_cmpstr (driver.log->str, ==, "beddisk.disk.");
  g_assert_cmpuint (problems->len, ==, 3);

  problem = g_ptr_array_index (problems, 0);
  g_assert_cmpstr (problem->phase, ==, "environment");
  g_assert_cmpstr (problem->code, ==, "missing-emulator");
  g_assert_cmpstr (problem->resource, ==, "/usr/bin/qemu");
  g_assert_null (problem->device);
  problem = g_ptr_array_index (problems, 1);
  g_assert_cmpstr (problem->phase, ==, "device");
  g_assert_cmpstr (problem->device, ==, "disk[1]");
  g_assert_cmpstr (problem->path, ==, "/domain/devices/disk[1]");
  problem = g_ptr_array_index (problems, 2);
  g_assert_cmpstr (problem->device, ==, "ua-data");
  vireo_domain_def_free (def);
  g_string_free (driver.log, TRUE);
}

/* Invalid is an error whatever the flag says, also next to a failure for now. */
static void
test_invalid (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (driver_phases); i++)
    {
      Driver driver = { .log = g_string_new (NULL) };
      VireoDomainDef *def = parse (two_disks);
      g_autofree char *before = format (def);
      g_autofree char *after = NULL;
      g_autoptr (GError) error = NULL;
      GPtrArray *problems = NULL;

      if (driver_phases[i] == VIREO_POST_PARSE_DOMAIN)
        driver.outcomes[VIREO_POST_PARSE_ENVIRONMENT] = VIREO_POST_PARSE_FAILED_FOR_NOW;
      driver.outcomes[driver_phases[i]] = VIREO_POST_PARSE_INVALID;
      g_assert_false (vireo_post_parse_run (&def, &acting, &driver, TRUE,
                                            VIREO_PARSE_ALLOW_POST_PARSE_FAIL, &problems, &error));
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID);
      g_assert_nonnull (strstr (error->message, "no machine is called x"));
      g_assert_null (problems);
      after = format (def);
      g_assert_cmpstr (after, ==, before);
      vireo_domain_def_free (def);
      g_string_free (driver.log, TRUE);
    }
}

/* A driver that changes what an existing domain has is caught; for a new one it may. */
static void
test_existing_is_kept (void)
{
  static const char titled[] = DOMAIN ("  <title>mine</title>\n", "");
  Driver driver = { .log = g_string_new (NULL), .changes_name = TRUE };
  VireoDomainDef *def = parse (titled);
  g_autoptr (GError) error = NULL;
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR);

  g_assert_false (vireo_post_parse_run (&def, &acting, &driver, TRUE,
                                        VIREO_PARSE_ALLOW_POST_PARSE_FAIL, NULL, &error));
  g_log_set_always_fatal (fatal);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "/domain/title"));
  g_assert_cmpstr (def->title, ==, "mine");
  g_clear_error (&error);

  g_assert_true (vireo_post_parse_run (&def, &acting, &driver, FALSE, VIREO_PARSE_NONE, NULL,
                                       &error));
  g_assert_cmpstr (def->title, ==, "another");
  vireo_domain_def_free (def);
  g_string_free (driver.log, TRUE);
}

/* The path says which of several, and an element that was put between is no change. */
static VireoPostParseOutcome
move_disk (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;
  VireoControllerDef *controller = vireo_controller_def_new ();

  controller->type = VIREO_CONTROLLER_TYPE_USB;
  vireo_domain_def_add_controller (def, controller);
  memmove (def->controllers + 1, def->controllers,
           (def->n_controllers - 1) * sizeof *def->controllers);
  def->controllers[0] = controller;
  if (context->driver_data != NULL)
    {
      g_free (def->disks[1]->target->dev);
      def->disks[1]->target->dev = g_strdup ("vdc");
    }
  return VIREO_POST_PARSE_DONE;
}

static void
test_what_is_lost (void)
{
  static const VireoPostParseOps moving = { .domain = move_disk };
  static const char text[]
      = DOMAIN ("", "<disk><source file='/a'/><target dev='vda'/></disk>"
                    "<disk><source file='/b'/><target dev='vdb'/></disk>"
                    "<controller type='scsi' index='0'/>");
  VireoDomainDef *def = parse (text);
  g_autoptr (GError) error = NULL;
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR);

  g_assert_false (vireo_post_parse_run (&def, &moving, &error, TRUE, VIREO_PARSE_NONE, NULL,
                                        &error));
  g_log_set_always_fatal (fatal);
  g_assert_nonnull (strstr (error->message, "/domain/devices/disk[2]/target/@dev"));
  g_clear_error (&error);
  g_assert_true (vireo_post_parse_run (&def, &moving, NULL, TRUE, VIREO_PARSE_NONE, NULL, &error));
  g_assert_no_error (error);
  vireo_domain_def_free (def);
}

/* A second run finds nothing more to do, and says that of an existing domain too. */
static void
test_fixed_point (void)
{
  static const char text[]
      = DOMAIN (HVM,
                "    <disk type='file' device='cdrom'>\n      <target dev='sda'/>\n    </disk>\n"
                "    <controller type='usb' model='ich9-ehci1'/>\n"
                "    <controller type='usb' model='ich9-uhci1'/>\n"
                "    <interface type='user'/>\n    <console type='pty'/>\n"
                "    <graphics type='vnc' listen='127.0.0.1'/>\n");
  VireoDomainDef *def = complete (text);
  g_autofree char *first = format (def);
  g_autofree char *second = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_post_parse_run (&def, &no_driver, NULL, TRUE, VIREO_PARSE_NONE, NULL,
                                       &error));
  g_assert_no_error (error);
  second = format (def);
  g_assert_cmpstr (first, ==, second);
  vireo_domain_def_free (def);
}

/* --- the generic phases --- */

static void
test_defaults (void)
{
  VireoDomainDef *def = complete ("<domain type='test'><name>x</name><memory>2048</memory>"
                                  "<os><type>hvm</type></os></domain>");

  g_assert_true (g_uuid_string_is_valid (def->uuid));
  g_assert_cmpuint (def->current_memory, ==, 2048);
  g_assert_cmpuint (def->vcpus, ==, 1);
  g_assert_cmpint (def->vcpu_placement, ==, VIREO_VCPU_PLACEMENT_STATIC);
  g_assert_cmpint (def->clock->offset, ==, VIREO_CLOCK_OFFSET_UTC);
  g_assert_cmpint (def->on_poweroff, ==, VIREO_LIFECYCLE_ACTION_DESTROY);
  g_assert_cmpint (def->on_crash, ==, VIREO_LIFECYCLE_ACTION_DESTROY);
  g_assert_cmpuint (def->os->n_boots, ==, 1);
  g_assert_cmpint (def->os->boots[0]->dev, ==, VIREO_OS_BOOT_DEVICE_HD);
  vireo_domain_def_free (def);
}

static void
test_boot_order (void)
{
  VireoDomainDef *def
      = complete (DOMAIN (HVM, "<interface type='user'><boot order='1'/></interface>"));

  g_assert_cmpuint (def->os->n_boots, ==, 0);
  vireo_domain_def_free (def);
}

static void
test_numa_memory (void)
{
  static const char text[]
      = "<domain type='test'><name>x</name><os><type>hvm</type></os><cpu><numa>"
        "<cell cpus='0' memory='1024'/><cell cpus='1' memory='2048'/></numa></cpu></domain>";
  VireoDomainDef *def = complete (text);

  g_assert_cmpuint (def->memory, ==, 3072);
  g_assert_cmpuint (def->current_memory, ==, 3072);
  g_assert_cmpuint (def->cpu->numa_cells[1]->id, ==, 1);
  vireo_domain_def_free (def);
}

static void
assert_drive (const VireoDiskDef *disk, guint controller, guint bus, guint unit)
{
  g_assert_nonnull (disk->address);
  g_assert_cmpint (disk->address->type, ==, VIREO_ADDRESS_TYPE_DRIVE);
  g_assert_cmpuint (disk->address->controller, ==, controller);
  g_assert_cmpuint (disk->address->bus, ==, bus);
  g_assert_cmpuint (disk->address->unit, ==, unit);
}

static void
test_disks (void)
{
  static const char text[]
      = DOMAIN ("", "<disk device='cdrom'><target dev='hdc'/></disk>"
                    "<disk><source file='/a'/><target dev='sdaa'/></disk>"
                    "<disk device='floppy'><target dev='fdb'/></disk>"
                    "<disk><source file='/c'/><target dev='sdh' bus='sata'/></disk>"
                    "<disk><source file='/d'/><target dev='vda'/></disk>");
  VireoDomainDef *def = complete (text);
  static const VireoPostParseOps wide = { .features = VIREO_POST_PARSE_WIDE_SCSI };
  guint n_scsi = 0;

  g_assert_cmpint (def->disks[0]->target->bus, ==, VIREO_DISK_BUS_IDE);
  g_assert_true (def->disks[0]->readonly);
  assert_drive (def->disks[0], 0, 1, 0);
  g_assert_false (def->disks[1]->readonly);
  assert_drive (def->disks[1], 3, 0, 5);
  assert_drive (def->disks[2], 0, 0, 1);
  assert_drive (def->disks[3], 1, 0, 1);
  g_assert_cmpint (def->disks[4]->target->bus, ==, VIREO_DISK_BUS_VIRTIO);
  g_assert_null (def->disks[4]->address);

  /* Controllers up to the highest that is used. */
  for (guint i = 0; i < def->n_controllers; i++)
    n_scsi += def->controllers[i]->type == VIREO_CONTROLLER_TYPE_SCSI;
  g_assert_cmpuint (n_scsi, ==, 4);
  g_assert_cmpuint (def->n_controllers, ==, 1 + 4 + 1 + 2);
  vireo_domain_def_free (def);

  def = complete_with (text, &wide, FALSE);
  assert_drive (def->disks[1], 1, 0, 12);
  vireo_domain_def_free (def);
}

/* A number in an address must not be answered with as many controllers. */
static void
test_absurd_controller (void)
{
  VireoDomainDef *def
      = parse (DOMAIN ("", "<disk><source file='/a'/><target dev='sda' bus='scsi'/>"
                           "<address type='drive' controller='65535'/></disk>"));
  g_autoptr (GError) error = NULL;

  g_assert_false (vireo_post_parse_run (&def, &no_driver, NULL, FALSE, VIREO_PARSE_NONE, NULL,
                                        &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID);
  vireo_domain_def_free (def);
}

/* The numbers that libvirt's documentation and definitions show for USB 2 with companions. */
static void
test_controller_indexes (void)
{
  static const char text[]
      = DOMAIN ("", "<controller type='pci' model='pcie-root-port'/>"
                    "<controller type='pci' model='pcie-root'/>"
                    "<controller type='usb' model='ich9-ehci1'/>"
                    "<controller type='usb' model='ich9-uhci1'/>"
                    "<controller type='usb' model='ich9-uhci2'/>"
                    "<controller type='usb' model='ich9-uhci3'/>"
                    "<controller type='usb' model='ich9-uhci1'/>"
                    "<controller type='usb' model='ich9-ehci1'/>"
                    "<controller type='usb' model='nec-xhci'/>"
                    "<controller type='scsi' index='1'/><controller type='scsi'/>"
                    "<controller type='scsi'/>");
  static const guint expected[] = { 1, 0, 0, 0, 0, 0, 1, 1, 2, 1, 0, 2 };
  VireoDomainDef *def = complete (text);

  g_assert_cmpuint (def->n_controllers, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < def->n_controllers; i++)
    g_assert_cmpuint (def->controllers[i]->index, ==, expected[i]);
  g_assert_false (def->controllers[2]->has_master_startport);
  g_assert_cmpuint (def->controllers[5]->master_startport, ==, 4);
  vireo_domain_def_free (def);
}

static void
test_console (void)
{
  VireoDomainDef *def
      = complete (DOMAIN (HVM, "<console type='file'><source path='/log'/></console>"));

  g_assert_cmpuint (def->n_serials, ==, 1);
  g_assert_cmpint (def->serials[0]->type, ==, VIREO_CHARDEV_TYPE_FILE);
  g_assert_cmpstr (def->serials[0]->sources[0]->path, ==, "/log");
  g_assert_cmpuint (def->n_consoles, ==, 1);
  g_assert_cmpint (def->consoles[0]->target->type, ==, VIREO_CONSOLE_TARGET_TYPE_SERIAL);
  vireo_domain_def_free (def);

  def = complete (DOMAIN (HVM, "<serial type='pty'><target port='3'/></serial><serial type='pty'/>"
                               "<console type='pty'><target type='virtio'/></console>"));
  g_assert_cmpuint (def->serials[1]->target->port, ==, 4);
  g_assert_cmpuint (def->n_consoles, ==, 2);
  g_assert_cmpint (def->consoles[0]->target->type, ==, VIREO_CONSOLE_TARGET_TYPE_SERIAL);
  g_assert_cmpint (def->consoles[1]->target->type, ==, VIREO_CONSOLE_TARGET_TYPE_VIRTIO);
  vireo_domain_def_free (def);

  /* Neither a card nor a container's console is a port of the board. */
  def = complete (DOMAIN (HVM, "<serial type='pty'><target type='pci-serial'/></serial>"));
  g_assert_cmpuint (def->n_consoles, ==, 0);
  vireo_domain_def_free (def);
  def = complete (DOMAIN ("<os><type>exe</type><init>/sbin/init</init></os>",
                          "<console type='pty'/>"));
  g_assert_cmpuint (def->n_serials, ==, 0);
  g_assert_cmpint (def->consoles[0]->target->type, ==, VIREO_CONSOLE_TARGET_TYPE_LXC);
  vireo_domain_def_free (def);
}

static void
test_graphics (void)
{
  VireoDomainDef *def = complete (DOMAIN (HVM, "<graphics type='vnc' listen='127.0.0.1'/>"
                                               "<graphics type='spice'/>"));
  const VireoGraphicsDef *vnc = def->graphics[0];

  g_assert_cmpint (vnc->port, ==, -1);
  g_assert_cmpint (vnc->autoport, ==, VIREO_TRISTATE_YES);
  g_assert_cmpuint (vnc->n_listens, ==, 1);
  g_assert_cmpstr (vnc->listens[0]->address, ==, "127.0.0.1");
  g_assert_cmpint (def->graphics[1]->listens[0]->type, ==, VIREO_GRAPHICS_LISTEN_TYPE_NONE);
  g_assert_cmpuint (def->n_videos, ==, 1);
  g_assert_cmpint (def->videos[0]->model->primary, ==, VIREO_TRISTATE_YES);
  vireo_domain_def_free (def);

  def = complete (DOMAIN (HVM, "<graphics type='vnc' socket='/vnc' autoport='yes'>"
                               "<listen type='address' address='0.0.0.0'/></graphics>"));
  g_assert_cmpuint (def->graphics[0]->n_listens, ==, 1);
  g_assert_cmpint (def->graphics[0]->listens[0]->type, ==, VIREO_GRAPHICS_LISTEN_TYPE_SOCKET);
  g_assert_cmpstr (def->graphics[0]->listens[0]->socket, ==, "/vnc");
  vireo_domain_def_free (def);
}

static void
test_video_order (void)
{
  static const char text[]
      = DOMAIN (HVM, "<video><model type='qxl'/></video>"
                     "<video><model type='vga' primary='yes'/></video>");
  VireoDomainDef *def = complete (text);

  g_assert_cmpint (def->videos[0]->model->type, ==, VIREO_VIDEO_MODEL_TYPE_VGA);
  g_assert_cmpint (def->videos[1]->model->primary, ==, VIREO_TRISTATE_UNSET);
  g_assert_cmpuint (def->videos[1]->model->vgamem, ==, 16384);
  vireo_domain_def_free (def);
  /* What exists keeps its order. */
  def = complete_with (text, &no_driver, TRUE);
  g_assert_cmpint (def->videos[0]->model->type, ==, VIREO_VIDEO_MODEL_TYPE_QXL);
  vireo_domain_def_free (def);
}

static void
test_macs (void)
{
  static const VireoPostParseOps xen = { .mac_prefix = 0x00163e };
  VireoDomainDef *def
      = complete_with (DOMAIN ("", "<interface type='user'/><interface type='user'>"
                                   "<mac address='52:54:00:00:00:01'/></interface>"),
                       &xen, FALSE);

  g_assert_true (g_str_has_prefix (def->interfaces[0]->mac->address, "00:16:3e:"));
  g_assert_cmpuint (strlen (def->interfaces[0]->mac->address), ==, 17);
  g_assert_cmpstr (def->interfaces[1]->mac->address, ==, "52:54:00:00:00:01");
  vireo_domain_def_free (def);
}

static void
test_audio (void)
{
  static const VireoPostParseOps audio = { .features = VIREO_POST_PARSE_AUDIO };
  VireoDomainDef *def = complete_with (
      DOMAIN (HVM, "<graphics type='vnc'/><graphics type='spice'/>"), &audio, FALSE);

  g_assert_cmpuint (def->n_audios, ==, 1);
  g_assert_cmpint (def->audios[0]->type, ==, VIREO_AUDIO_TYPE_SPICE);
  vireo_domain_def_free (def);
  def = complete (DOMAIN (HVM, "<graphics type='spice'/>"));
  g_assert_cmpuint (def->n_audios, ==, 0);
  vireo_domain_def_free (def);
}

static void
test_features (void)
{
  static const VireoPostParseOps able = { .features = VIREO_POST_PARSE_MEMORY_HOTPLUG };
  static const char text[] = DOMAIN ("<maxMemory slots='4'>1000000</maxMemory>", "");
  VireoDomainDef *def = parse (text);
  g_autoptr (GError) error = NULL;

  g_assert_false (vireo_post_parse_run (&def, &no_driver, NULL, FALSE, VIREO_PARSE_NONE, NULL,
                                        &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
  vireo_domain_def_free (def);
  def = complete_with (text, &able, FALSE);
  vireo_domain_def_free (def);
}

/* A driver's callback sees the devices that the generic phases add, and may complete them. */
static VireoPostParseOutcome
choose_video (VireoPostParseContext *context, VireoDeviceKind kind, gpointer device)
{
  VireoVideoDef *video = device;

  if (kind == VIREO_DEVICE_VIDEO && video->model->type == VIREO_VIDEO_MODEL_TYPE_DEFAULT)
    video->model->type = VIREO_VIDEO_MODEL_TYPE_CIRRUS;
  return VIREO_POST_PARSE_DONE;
}

static void
test_added_devices_are_completed (void)
{
  static const VireoPostParseOps choosing = { .device = choose_video };
  VireoDomainDef *def = complete_with (DOMAIN (HVM, "<graphics type='vnc'/>"), &choosing, FALSE);

  g_assert_cmpint (def->videos[0]->model->type, ==, VIREO_VIDEO_MODEL_TYPE_CIRRUS);
  g_assert_cmpuint (def->videos[0]->model->vram, ==, 16384);
  vireo_domain_def_free (def);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/post-parse/phases", test_phases);
  g_test_add_func ("/post-parse/failed-for-now", test_failed_for_now);
  g_test_add_func ("/post-parse/all-problems", test_all_problems);
  g_test_add_func ("/post-parse/invalid", test_invalid);
  g_test_add_func ("/post-parse/existing-is-kept", test_existing_is_kept);
  g_test_add_func ("/post-parse/what-is-lost", test_what_is_lost);
  g_test_add_func ("/post-parse/fixed-point", test_fixed_point);
  g_test_add_func ("/post-parse/defaults", test_defaults);
  g_test_add_func ("/post-parse/boot-order", test_boot_order);
  g_test_add_func ("/post-parse/numa-memory", test_numa_memory);
  g_test_add_func ("/post-parse/disks", test_disks);
  g_test_add_func ("/post-parse/absurd-controller", test_absurd_controller);
  g_test_add_func ("/post-parse/controller-indexes", test_controller_indexes);
  g_test_add_func ("/post-parse/console", test_console);
  g_test_add_func ("/post-parse/graphics", test_graphics);
  g_test_add_func ("/post-parse/video-order", test_video_order);
  g_test_add_func ("/post-parse/macs", test_macs);
  g_test_add_func ("/post-parse/audio", test_audio);
  g_test_add_func ("/post-parse/features", test_features);
  g_test_add_func ("/post-parse/added-devices", test_added_devices_are_completed);
  return g_test_run ();
}
