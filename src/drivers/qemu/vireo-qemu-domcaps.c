/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-domcaps.h"

#include <string.h>

#include "vireo-qemu-arch.h"

/* What was asked for. */
typedef struct
{
  const VireoQemuArch *arch;
  char *machine;
  char *virt_type;
  GVariant *(*answer) (const VireoQemuCaps *caps, gpointer wish, GError **error);
} Wish;

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  g_free (wish->machine);
  g_free (wish->virt_type);
  g_free (wish);
}

/* ---- the document ---- */

/* Values that devices' attributes can have: each needs this of the emulator. */
static const struct
{
  const char *device;
  const char *attribute;
  const char *value;
  const char *type; /* %NULL: nothing */
} device_values[] = {
  { "disk", "diskDevice", "disk", NULL },
  { "disk", "diskDevice", "cdrom", NULL },
  { "disk", "diskDevice", "floppy", "isa-fdc" },
  { "disk", "bus", "ide", "ide-hd" },
  { "disk", "bus", "fdc", "isa-fdc" },
  { "disk", "bus", "scsi", "scsi-hd" },
  { "disk", "bus", "virtio", "virtio-blk-pci" },
  { "disk", "bus", "usb", "usb-storage" },
  { "disk", "bus", "sata", "ich9-ahci" },
  { "graphics", "type", "vnc", NULL },
  { "video", "modelType", "vga", "VGA" },
  { "video", "modelType", "cirrus", "cirrus-vga" },
  { "video", "modelType", "vmvga", "vmware-svga" },
  { "video", "modelType", "qxl", "qxl-vga" },
  { "video", "modelType", "virtio", "virtio-gpu-pci" },
  { "video", "modelType", "none", NULL },
  { "video", "modelType", "bochs", "bochs-display" },
  { "video", "modelType", "ramfb", "ramfb" },
  { "rng", "model", "virtio", "virtio-rng-pci" },
  { "rng", "backendModel", "random", "rng-random" },
  { "rng", "backendModel", "builtin", "rng-builtin" },
};

static void
append_devices (GString *xml, const VireoQemuCaps *caps)
{
  const char *device = NULL, *attribute = NULL;

  g_string_append (xml, "  <devices>\n");
  for (gsize i = 0; i < G_N_ELEMENTS (device_values); i++)
    {
      gboolean new_device = g_strcmp0 (device, device_values[i].device) != 0;
      gboolean new_attribute = new_device || g_strcmp0 (attribute, device_values[i].attribute) != 0;

      if (new_attribute && attribute != NULL)
        g_string_append (xml, "      </enum>\n");
      if (new_device && device != NULL)
        g_string_append_printf (xml, "    </%s>\n", device);
      device = device_values[i].device;
      attribute = device_values[i].attribute;
      if (new_device)
        g_string_append_printf (xml, "    <%s supported='yes'>\n", device);
      if (new_attribute)
        g_string_append_printf (xml, "      <enum name='%s'>\n", attribute);
      if (device_values[i].type == NULL || vireo_qemu_caps_has_type (caps, device_values[i].type))
        g_string_append_printf (xml, "        <value>%s</value>\n", device_values[i].value);
    }
  g_string_append_printf (xml, "      </enum>\n    </%s>\n  </devices>\n", device);
}

static void
append_cpu (GString *xml, const VireoQemuCaps *caps, gboolean kvm)
{
  GPtrArray *models = vireo_qemu_caps_get_cpu_models (caps);
  gboolean custom = models->len > 0;

  g_string_append_printf (xml,
                          "  <cpu>\n    <mode name='host-passthrough' supported='%s'/>\n"
                          "    <mode name='maximum' supported='yes'/>\n"
                          "    <mode name='host-model' supported='no'/>\n"
                          "    <mode name='custom' supported='%s'%s>\n",
                          kvm ? "yes" : "no", custom ? "yes" : "no", custom ? "" : "/");
  for (guint i = 0; i < models->len; i++)
    {
      g_autofree char *line = g_markup_printf_escaped ("      <model usable='unknown'>%s</model>\n",
                                                       (const char *) models->pdata[i]);

      g_string_append (xml, line);
    }
  g_string_append (xml, custom ? "    </mode>\n  </cpu>\n" : "  </cpu>\n");
}

static void
append_head (GString *xml,
             const VireoQemuCaps *caps,
             const VireoQemuArch *arch,
             const VireoQemuMachine *machine,
             gboolean kvm)
{
  g_autofree char *head = g_markup_printf_escaped (
      "<domainCapabilities>\n  <path>%s</path>\n  <domain>%s</domain>\n  <machine>%s</machine>\n"
      "  <arch>%s</arch>\n  <vcpu max='%u'/>\n  <iothreads supported='yes'/>\n",
      vireo_qemu_caps_get_path (caps), kvm ? "kvm" : "qemu", machine->name, arch->name,
      machine->cpu_max);

  g_string_append (xml, head);
  g_string_append (xml, "  <os supported='yes'>\n    <loader supported='yes'>\n"
                        "      <enum name='type'>\n        <value>rom</value>\n"
                        "        <value>pflash</value>\n      </enum>\n"
                        "      <enum name='readonly'>\n        <value>yes</value>\n"
                        "        <value>no</value>\n      </enum>\n    </loader>\n  </os>\n");
}

static GVariant *
answer_domcaps (const VireoQemuCaps *caps, gpointer data, GError **error)
{
  const Wish *wish = data;
  g_autoptr (GString) xml = g_string_new (NULL);
  const VireoQemuMachine *machine = wish->machine != NULL
                                        ? vireo_qemu_caps_find_machine (caps, wish->machine)
                                        : vireo_qemu_caps_get_default_machine (caps);
  gboolean kvm = vireo_qemu_caps_has_kvm (caps);

  if (machine == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   wish->machine != NULL ? "%s has no machine \"%s\""
                                         : "%s has no default machine, so one must be named%s",
                   vireo_qemu_caps_get_path (caps), wish->machine != NULL ? wish->machine : "");
      return NULL;
    }
  if (g_strcmp0 (wish->virt_type, "kvm") == 0 && !kvm)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "guests of %s cannot use KVM on this host", vireo_qemu_caps_get_path (caps));
      return NULL;
    }
  kvm = kvm && g_strcmp0 (wish->virt_type, "qemu") != 0;
  append_head (xml, caps, wish->arch, machine, kvm);
  append_cpu (xml, caps, kvm);
  append_devices (xml, caps);
  g_string_append (xml, "</domainCapabilities>\n");
  return g_variant_new ("(s)", xml->str);
}

static GVariant *
answer_cpu_models (const VireoQemuCaps *caps, gpointer data, GError **error)
{
  GPtrArray *models = vireo_qemu_caps_get_cpu_models (caps);

  return g_variant_new ("(@as)",
                        g_variant_new_strv ((const char *const *) models->pdata, models->len));
}

/* ---- which emulator ---- */

static void
on_caps (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Wish *wish = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (VireoQemuCaps) caps
      = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, &error);
  GVariant *values = caps != NULL ? wish->answer (caps, wish, &error) : NULL;

  if (values != NULL)
    g_task_return_pointer (task, g_variant_ref_sink (values), (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

/* Everybody may ask, and an emulator is run to answer: only those that are installed as such are,
 * not whatever program a caller names. */
static gboolean
is_installed (const char *emulator)
{
  g_autoptr (GPtrArray) emulators = vireo_qemu_find_emulators ();

  return g_ptr_array_find_with_equal_func (emulators, emulator, g_str_equal, NULL);
}

/* Takes @wish and @task over. */
static void
ask (VireoQemuCapsCache *cache, Wish *wish, const char *arch, const char *emulator, GTask *task)
{
  g_autofree char *path = NULL;

  g_task_set_task_data (task, wish, wish_free);
  wish->arch = arch != NULL ? vireo_qemu_arch_find (arch) : vireo_qemu_arch_host ();
  if (wish->arch != NULL)
    path = emulator != NULL ? g_strdup (emulator) : vireo_qemu_default_emulator (wish->arch->name);
  if (path == NULL)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                             "there is no architecture \"%s\"", arch != NULL ? arch : "");
  else if (!is_installed (path))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                             "there is no emulator %s", path);
  else
    {
      vireo_qemu_caps_cache_get_async (cache, path, g_task_get_cancellable (task), on_caps, task);
      return;
    }
  g_object_unref (task);
}

/* %NULL for what is not given, or empty. */
static const char *
get_option (GVariant *options, const char *key)
{
  const char *value = NULL;

  g_variant_lookup (options, key, "&s", &value);
  return value != NULL && *value != '\0' ? value : NULL;
}

void
vireo_qemu_domcaps_get (VireoQemuCapsCache *cache, GVariant *args, GTask *task)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 0);
  Wish *wish = g_new0 (Wish, 1);

  wish->machine = g_strdup (get_option (options, "machine"));
  wish->virt_type = g_strdup (get_option (options, "virt-type"));
  wish->answer = answer_domcaps;
  ask (cache, wish, get_option (options, "arch"), get_option (options, "emulator"), task);
}

void
vireo_qemu_domcaps_get_cpu_models (VireoQemuCapsCache *cache, GVariant *args, GTask *task)
{
  Wish *wish = g_new0 (Wish, 1);
  const char *arch;

  g_variant_get_child (args, 0, "&s", &arch);
  wish->answer = answer_cpu_models;
  ask (cache, wish, *arch != '\0' ? arch : NULL, NULL, task);
}
