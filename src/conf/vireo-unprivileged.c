/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-unprivileged.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

/* What an unprivileged definition may have. `x` allows the element or attribute itself, and what it
 * is in; a trailing `/ **` (without the blank) all that is in it, too. The values, where they are
 * limited, are separated by blanks. Everything else is privileged. */
typedef struct
{
  const char *path;
  const char *values; /* (nullable) */
} Allowed;

#define CHARDEV_TYPES "pty null"

static const Allowed allowed[] = {
  { "@type", "kvm qemu test" },
  { "@id", NULL },
  { "name", NULL },
  { "uuid", NULL },
  { "hwuuid", NULL },
  { "genid", NULL },
  { "title", NULL },
  { "description", NULL },
  { "metadata/**", NULL },
  { "memory/**", NULL },
  { "currentMemory/**", NULL },
  { "maxMemory/**", NULL },
  { "vcpu", NULL },
  { "vcpu/@current", NULL },
  { "vcpu/@placement", "static" },
  { "vcpus/**", NULL },
  { "iothreads", NULL },
  { "iothreadids/**", NULL },
  { "os/@firmware", NULL },
  { "os/type/**", NULL },
  { "os/firmware/**", NULL },
  { "os/loader/**", NULL },
  { "os/nvram", NULL },
  { "os/nvram/@template", NULL },
  { "os/nvram/@format", NULL },
  { "os/nvram/@type", "file" },
  { "os/kernel", NULL },
  { "os/initrd", NULL },
  { "os/cmdline", NULL },
  { "os/dtb", NULL },
  { "os/boot/**", NULL },
  { "os/bootmenu/**", NULL },
  { "os/bios/**", NULL },
  { "os/smbios/@mode", "emulate sysinfo" },
  { "sysinfo/@type", "smbios" },
  { "sysinfo/bios/**", NULL },
  { "sysinfo/system/**", NULL },
  { "sysinfo/baseBoard/**", NULL },
  { "sysinfo/chassis/**", NULL },
  { "sysinfo/oemStrings/**", NULL },
  { "features/acpi/**", NULL },
  { "features/apic/**", NULL },
  { "features/pae/**", NULL },
  { "features/hap/**", NULL },
  { "features/hyperv/**", NULL },
  { "features/kvm/**", NULL },
  { "features/pvspinlock/**", NULL },
  { "features/pmu/**", NULL },
  { "features/gic/**", NULL },
  { "features/smm/**", NULL },
  { "features/ioapic/**", NULL },
  { "features/vmcoreinfo/**", NULL },
  { "features/vmport/**", NULL },
  { "cpu/**", NULL },
  { "clock/**", NULL },
  { "on_poweroff", NULL },
  { "on_reboot", NULL },
  { "on_crash", "destroy restart preserve rename-restart" },
  { "pm/**", NULL },
  { "devices/disk/@type", "file block volume" },
  { "devices/disk/@device", "disk cdrom floppy" },
  { "devices/disk/@snapshot", NULL },
  { "devices/disk/driver/**", NULL },
  { "devices/disk/source/@file", NULL },
  { "devices/disk/source/@dev", NULL },
  { "devices/disk/source/@fdgroup", NULL },
  { "devices/disk/source/@pool", NULL },
  { "devices/disk/source/@volume", NULL },
  { "devices/disk/source/@startupPolicy", NULL },
  { "devices/disk/source/@index", NULL },
  { "devices/disk/backingStore", NULL },
  { "devices/disk/target/**", NULL },
  { "devices/disk/iotune/**", NULL },
  { "devices/disk/serial", NULL },
  { "devices/disk/wwn", NULL },
  { "devices/disk/vendor", NULL },
  { "devices/disk/product", NULL },
  { "devices/disk/boot/**", NULL },
  { "devices/disk/readonly", NULL },
  { "devices/disk/transient", NULL },
  { "devices/disk/blockio/**", NULL },
  { "devices/disk/geometry/**", NULL },
  { "devices/disk/alias/**", NULL },
  { "devices/disk/address/**", NULL },
  { "devices/controller/**", NULL },
  { "devices/interface/@type", "user network" },
  { "devices/interface/mac/**", NULL },
  { "devices/interface/source/@network", NULL },
  { "devices/interface/source/@portgroup", NULL },
  { "devices/interface/model/**", NULL },
  { "devices/interface/link/**", NULL },
  { "devices/interface/mtu/**", NULL },
  { "devices/interface/boot/**", NULL },
  { "devices/interface/rom/@enabled", NULL },
  { "devices/interface/rom/@bar", NULL },
  { "devices/interface/filterref/**", NULL },
  { "devices/interface/ip/**", NULL },
  { "devices/interface/alias/**", NULL },
  { "devices/interface/address/**", NULL },
  { "devices/serial/@type", CHARDEV_TYPES },
  { "devices/serial/target/**", NULL },
  { "devices/serial/alias/**", NULL },
  { "devices/serial/address/**", NULL },
  { "devices/parallel/@type", CHARDEV_TYPES },
  { "devices/parallel/target/**", NULL },
  { "devices/parallel/alias/**", NULL },
  { "devices/parallel/address/**", NULL },
  { "devices/console/@type", CHARDEV_TYPES },
  { "devices/console/target/**", NULL },
  { "devices/console/alias/**", NULL },
  { "devices/console/address/**", NULL },
  { "devices/channel/@type", CHARDEV_TYPES " unix spicevmc" },
  { "devices/channel/source/@mode", "bind" },
  { "devices/channel/target/**", NULL },
  { "devices/channel/alias/**", NULL },
  { "devices/channel/address/**", NULL },
  { "devices/input/@type", "tablet mouse keyboard" },
  { "devices/input/@bus", NULL },
  { "devices/input/@model", NULL },
  { "devices/input/driver/**", NULL },
  { "devices/input/alias/**", NULL },
  { "devices/input/address/**", NULL },
  { "devices/tpm/@model", NULL },
  { "devices/tpm/backend/@type", "emulator" },
  { "devices/tpm/backend/@version", NULL },
  { "devices/tpm/alias/**", NULL },
  { "devices/tpm/address/**", NULL },
  { "devices/graphics/@type", "vnc spice" },
  { "devices/graphics/@port", "-1" },
  { "devices/graphics/@autoport", "yes" },
  { "devices/graphics/@passwd", NULL },
  { "devices/graphics/@passwdValidTo", NULL },
  { "devices/graphics/@connected", NULL },
  { "devices/graphics/@sharePolicy", NULL },
  { "devices/graphics/@keymap", NULL },
  { "devices/graphics/@listen", "127.0.0.1 ::1 localhost" },
  { "devices/graphics/listen/@type", "address none" },
  { "devices/graphics/listen/@address", "127.0.0.1 ::1 localhost" },
  { "devices/graphics/image/**", NULL },
  { "devices/graphics/jpeg/**", NULL },
  { "devices/graphics/zlib/**", NULL },
  { "devices/graphics/playback/**", NULL },
  { "devices/graphics/streaming/**", NULL },
  { "devices/graphics/clipboard/**", NULL },
  { "devices/graphics/mouse/**", NULL },
  { "devices/sound/@model", NULL },
  { "devices/sound/codec/**", NULL },
  { "devices/sound/alias/**", NULL },
  { "devices/sound/address/**", NULL },
  { "devices/audio/@id", NULL },
  { "devices/audio/@type", "none spice" },
  { "devices/video/driver/@name", "qemu" },
  { "devices/video/model/**", NULL },
  { "devices/video/alias/**", NULL },
  { "devices/video/address/**", NULL },
  { "devices/hub/**", NULL },
  { "devices/watchdog/@model", NULL },
  { "devices/watchdog/@action", "reset shutdown poweroff pause none inject-nmi" },
  { "devices/watchdog/alias/**", NULL },
  { "devices/watchdog/address/**", NULL },
  { "devices/memballoon/**", NULL },
  { "devices/rng/@model", NULL },
  { "devices/rng/rate/**", NULL },
  { "devices/rng/backend", "/dev/random /dev/urandom" },
  { "devices/rng/backend/@model", "random builtin" },
  { "devices/rng/alias/**", NULL },
  { "devices/rng/address/**", NULL },
  { "devices/panic/**", NULL },
  { "devices/iommu/**", NULL },
  { "seclabel/@type", "dynamic" },
  { "seclabel/@model", NULL },
  { "seclabel/@relabel", NULL },
};

/* Emulators that are the distribution's: only root can have put them there, and they are no other
 * programs, which would do who knows what with an emulator's arguments. */
static const char *const emulators[]
    = { "/usr/bin/qemu-system-", "/usr/bin/kvm", "/usr/bin/qemu-kvm", "/usr/libexec/qemu-kvm" };

static gboolean
is_of_the_system (const char *emulator)
{
  for (gsize i = 0; i < G_N_ELEMENTS (emulators); i++)
    if (g_str_has_prefix (emulator, emulators[i]))
      return strchr (emulator + strlen (emulators[i]), '/') == NULL;
  return FALSE;
}

static gboolean
has_value (const char *values, const char *value)
{
  g_auto (GStrv) list = g_strsplit (values, " ", -1);

  return g_strv_contains ((const char *const *) list, value);
}

/* Whether @path is @pattern, or what that is in; or, with a trailing `/ **`, in it. */
static gboolean
matches (const char *pattern, const char *path, gboolean *ret_exactly)
{
  gsize length = strlen (pattern), path_length = strlen (path);
  gboolean below = g_str_has_suffix (pattern, "/**");

  if (below)
    length -= 3;
  *ret_exactly = path_length == length && strncmp (pattern, path, length) == 0;
  if (*ret_exactly)
    return TRUE;
  if (path_length < length)
    return strncmp (pattern, path, path_length) == 0 && pattern[path_length] == '/';
  return below && strncmp (pattern, path, length) == 0 && path[length] == '/';
}

static void
tell (GPtrArray *problems, const char *path, const char *value)
{
  VireoProblem *problem = vireo_problem_new ("validate", "privileged");

  problem->path = g_strconcat ("/domain/", path, NULL);
  if (value != NULL)
    problem->message
        = g_strdup_printf ("the value '%s' gives the guest what its owner may not have", value);
  else
    problem->message = g_strdup ("it gives the guest what its owner may not have");
  g_ptr_array_add (problems, problem);
}

/* @value: (nullable): of an attribute, or the text of an element that has no elements. Returns
 * whether to look at what is inside. */
static gboolean
check_place (const char *path, const char *value, GPtrArray *problems)
{
  if (g_str_equal (path, "devices/emulator"))
    {
      if (value == NULL || !is_of_the_system (value))
        tell (problems, path, value);
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    {
      gboolean exactly;

      if (!matches (allowed[i].path, path, &exactly))
        continue;
      if (exactly && allowed[i].values != NULL && value != NULL
          && !has_value (allowed[i].values, value))
        {
          tell (problems, path, value);
          return FALSE;
        }
      return TRUE;
    }
  tell (problems, path, NULL);
  return FALSE;
}

static char *
place_of (const char *parent, const char *prefix, const xmlChar *name, const xmlNs *ns)
{
  return g_strconcat (parent, *parent != '\0' ? "/" : "", prefix,
                      ns != NULL && ns->prefix != NULL ? (const char *) ns->prefix : "",
                      ns != NULL && ns->prefix != NULL ? ":" : "", (const char *) name, NULL);
}

/* The format limits how deep a document goes. */
static void
check_inside (const xmlNode *node, const char *path, GPtrArray *problems)
{
  for (xmlAttr *attr = node->properties; attr != NULL; attr = attr->next)
    {
      g_autofree char *place = place_of (path, "@", attr->name, attr->ns);
      xmlChar *value = xmlNodeListGetString (node->doc, attr->children, 1);

      check_place (place, value != NULL ? (const char *) value : "", problems);
      xmlFree (value);
    }
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    {
      g_autofree char *place = NULL;
      xmlChar *value = NULL;

      if (child->type != XML_ELEMENT_NODE)
        continue;
      place = place_of (path, "", child->name, child->ns);
      if (xmlChildElementCount ((xmlNode *) child) == 0)
        value = xmlNodeGetContent (child);
      if (check_place (place, (const char *) value, problems))
        check_inside (child, place, problems);
      xmlFree (value);
    }
}

void
vireo_domain_def_check_unprivileged (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autofree char *text = vireo_domain_def_format (def, VIREO_FORMAT_SECURE, NULL);
  xmlDoc *doc = text != NULL ? xmlReadMemory (text, (int) strlen (text), NULL, NULL,
                                              XML_PARSE_NONET | XML_PARSE_NOBLANKS)
                             : NULL;

  if (doc == NULL)
    {
      tell (problems, "", NULL);
      return;
    }
  check_inside (xmlDocGetRootElement (doc), "", problems);
  xmlFreeDoc (doc);
}
