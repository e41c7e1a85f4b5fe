/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent of a guest says of the guest: file systems, interfaces, and all that
 * GetGuestInfo() has, which libvirt's names are given. Nothing of it is trusted: what is missing or
 * of another type is left out, and there are no more of anything than MAX_ITEMS. */
#include <string.h>

#include "vireo-qemu-agent.h"
#include "vireo-qmp-message.h"

#define MAX_TEXT 4096u
#define MAX_ITEMS 1024u

static guint
count_items (JsonArray *list)
{
  return list != NULL ? MIN (json_array_get_length (list), MAX_ITEMS) : 0;
}

static const char *
get_text (JsonObject *object, const char *member)
{
  return vireo_json_get_string (object, member, MAX_TEXT);
}

/* ---- which disk of the definition it is ---- */

static gboolean
is_at_pci (const VireoAddressDef *address, JsonObject *pci)
{
  return address != NULL && address->type == VIREO_ADDRESS_TYPE_PCI
         && vireo_json_get_int (pci, "bus", -1) == address->bus
         && vireo_json_get_int (pci, "slot", -1) == address->slot
         && vireo_json_get_int (pci, "function", -1) == address->function;
}

/* A disk of a controller: that one's place, and the disk's on it. */
static gboolean
is_at_drive (const VireoDomainDef *def, const VireoDiskDef *disk, JsonObject *item)
{
  const VireoAddressDef *address = disk->address;
  JsonObject *pci = vireo_json_get_object (item, "pci-controller");

  if (address == NULL || address->type != VIREO_ADDRESS_TYPE_DRIVE
      || vireo_json_get_int (item, "bus", -1) != address->bus
      || vireo_json_get_int (item, "target", -1) != address->target
      || vireo_json_get_int (item, "unit", -1) != address->unit)
    return FALSE;
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->index == address->controller
        && is_at_pci (def->controllers[i]->address, pci))
      return TRUE;
  return FALSE;
}

static const char *
find_target (const VireoDomainDef *def, JsonObject *item)
{
  JsonObject *pci = vireo_json_get_object (item, "pci-controller");
  const char *serial = get_text (item, "serial");

  for (guint i = 0; def != NULL && item != NULL && i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];

      if (is_at_pci (disk->address, pci) || is_at_drive (def, disk, item)
          || (serial != NULL && g_strcmp0 (serial, disk->serial) == 0))
        return disk->target->dev;
    }
  return NULL;
}

static const VireoDomainDef *
get_def (VireoQemuDomain *self)
{
  return vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));
}

/* ---- file systems ---- */

static void
add_text (GVariantBuilder *dict, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_builder_add (dict, "{sv}", key, g_variant_new_string (value));
}

static void
add_size (GVariantBuilder *dict, const char *key, JsonObject *object, const char *member)
{
  gint64 value = vireo_json_get_int (object, member, -1);

  if (value >= 0)
    g_variant_builder_add (dict, "{sv}", key, g_variant_new_uint64 ((guint64) value));
}

static GVariant *
get_targets (VireoQemuDomain *self, JsonArray *disks)
{
  GVariantBuilder targets;

  g_variant_builder_init (&targets, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < count_items (disks); i++)
    {
      const char *target = find_target (get_def (self), vireo_qmp_element_object (disks, i));

      if (target != NULL)
        g_variant_builder_add (&targets, "s", target);
    }
  return g_variant_builder_end (&targets);
}

GVariant *
vireo_qemu_agent_take_fs_info (VireoQemuDomain *self, JsonNode *reply)
{
  JsonArray *list = vireo_qmp_node_array (reply);
  GVariantBuilder values;

  if (list == NULL)
    return NULL;
  g_variant_builder_init (&values, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < count_items (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);

      if (get_text (item, "mountpoint") == NULL)
        continue;
      g_variant_builder_open (&values, G_VARIANT_TYPE_VARDICT);
      add_text (&values, "mountpoint", get_text (item, "mountpoint"));
      add_text (&values, "name", get_text (item, "name"));
      add_text (&values, "fstype", get_text (item, "type"));
      g_variant_builder_add (&values, "{sv}", "devices",
                             get_targets (self, vireo_json_get_array (item, "disk")));
      add_size (&values, "total-bytes", item, "total-bytes");
      add_size (&values, "used-bytes", item, "used-bytes");
      g_variant_builder_close (&values);
    }
  return g_variant_new ("(aa{sv})", &values);
}

/* ---- interfaces ---- */

static void
add_addresses (GVariantBuilder *values, JsonArray *addresses)
{
  g_variant_builder_open (values, G_VARIANT_TYPE ("a(ssu)"));
  for (guint i = 0; i < count_items (addresses); i++)
    {
      JsonObject *item = vireo_qmp_element_object (addresses, i);
      const char *address = get_text (item, "ip-address");
      gint64 prefix = vireo_json_get_int (item, "prefix", 0);

      if (address != NULL)
        g_variant_builder_add (values, "(ssu)",
                               g_strcmp0 (get_text (item, "ip-address-type"), "ipv6") == 0 ? "ipv6"
                                                                                          : "ipv4",
                               address, (guint) CLAMP (prefix, 0, 128));
    }
  g_variant_builder_close (values);
}

GVariant *
vireo_qemu_agent_take_interfaces (JsonNode *reply)
{
  JsonArray *list = vireo_qmp_node_array (reply);
  GVariantBuilder values;

  if (list == NULL)
    return NULL;
  g_variant_builder_init (&values, G_VARIANT_TYPE ("a(ssa(ssu))"));
  for (guint i = 0; i < count_items (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      const char *mac = get_text (item, "hardware-address");

      if (get_text (item, "name") == NULL)
        continue;
      g_variant_builder_open (&values, G_VARIANT_TYPE ("(ssa(ssu))"));
      g_variant_builder_add (&values, "s", get_text (item, "name"));
      g_variant_builder_add (&values, "s", mac != NULL ? mac : "");
      add_addresses (&values, vireo_json_get_array (item, "ip-addresses"));
      g_variant_builder_close (&values);
    }
  return g_variant_new ("(a(ssa(ssu)))", &values);
}

/* ---- all of it ---- */

/* Members of an item of a list, and what they are called behind its number. */
typedef struct
{
  const char *member;
  const char *key;
} Row;

static void
tell_text (GVariantBuilder *info, const char *prefix, JsonObject *item, const Row *rows)
{
  for (; rows->member != NULL; rows++)
    {
      g_autofree char *key = g_strconcat (prefix, rows->key, NULL);

      add_text (info, key, get_text (item, rows->member));
    }
}

static void
tell_count (GVariantBuilder *info, const char *prefix, guint count)
{
  g_autofree char *key = g_strconcat (prefix, "count", NULL);

  g_variant_builder_add (info, "{sv}", key, g_variant_new_uint32 (count));
}

static void
tell_users (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply)
{
  static const Row rows[] = { { "user", "name" }, { "domain", "domain" }, { NULL } };
  JsonArray *list = vireo_qmp_node_array (reply);

  tell_count (info, "user.", count_items (list));
  for (guint i = 0; i < count_items (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      JsonNode *since = item != NULL ? json_object_get_member (item, "login-time") : NULL;
      double seconds = since != NULL && JSON_NODE_HOLDS_VALUE (since)
                           ? json_node_get_double (since)
                           : -1;
      g_autofree char *prefix = g_strdup_printf ("user.%u.", i);
      g_autofree char *key = g_strconcat (prefix, "login-time", NULL);

      tell_text (info, prefix, item, rows);
      if (seconds >= 0 && seconds < 1e15)
        g_variant_builder_add (info, "{sv}", key,
                               g_variant_new_uint64 ((guint64) (seconds * 1000)));
    }
}

static void
tell_os (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply)
{
  static const Row rows[]
      = { { "id", "id" },           { "name", "name" },
          { "machine", "machine" }, { "pretty-name", "pretty-name" },
          { "version", "version" }, { "version-id", "version-id" },
          { "variant", "variant" }, { "variant-id", "variant-id" },
          { "kernel-release", "kernel-release" }, { "kernel-version", "kernel-version" },
          { NULL } };

  tell_text (info, "os.", vireo_qmp_node_object (reply), rows);
}

static void
tell_timezone (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply)
{
  static const Row rows[] = { { "zone", "name" }, { NULL } };
  JsonObject *object = vireo_qmp_node_object (reply);
  gint64 offset = vireo_json_get_int (object, "offset", 0);

  tell_text (info, "timezone.", object, rows);
  g_variant_builder_add (info, "{sv}", "timezone.offset",
                         g_variant_new_int32 ((gint32) CLAMP (offset, -86400, 86400)));
}

static void
tell_hostname (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply)
{
  static const Row rows[] = { { "host-name", "hostname" }, { NULL } };

  tell_text (info, "", vireo_qmp_node_object (reply), rows);
}

static void
tell_fs_disks (VireoQemuDomain *self, GVariantBuilder *info, const char *prefix, JsonArray *disks)
{
  static const Row rows[] = { { "serial", "serial" }, { "dev", "device" }, { NULL } };
  g_autofree char *group = g_strconcat (prefix, "disk.", NULL);

  tell_count (info, group, count_items (disks));
  for (guint i = 0; i < count_items (disks); i++)
    {
      JsonObject *item = vireo_qmp_element_object (disks, i);
      g_autofree char *one = g_strdup_printf ("%s%u.", group, i);
      g_autofree char *alias = g_strconcat (one, "alias", NULL);

      tell_text (info, one, item, rows);
      add_text (info, alias, find_target (get_def (self), item));
    }
}

static void
tell_filesystems (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply)
{
  static const Row rows[]
      = { { "name", "name" }, { "mountpoint", "mountpoint" }, { "type", "fstype" }, { NULL } };
  JsonArray *list = vireo_qmp_node_array (reply);

  tell_count (info, "fs.", count_items (list));
  for (guint i = 0; i < count_items (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      g_autofree char *prefix = g_strdup_printf ("fs.%u.", i);
      g_autofree char *total = g_strconcat (prefix, "total-bytes", NULL);
      g_autofree char *used = g_strconcat (prefix, "used-bytes", NULL);

      tell_text (info, prefix, item, rows);
      add_size (info, total, item, "total-bytes");
      add_size (info, used, item, "used-bytes");
      tell_fs_disks (self, info, prefix, vireo_json_get_array (item, "disk"));
    }
}

static void
tell_disks (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply)
{
  static const Row rows[] = { { "name", "name" }, { "alias", "guest_alias" }, { NULL } };
  static const Row address_rows[] = { { "serial", "serial" }, { NULL } };
  JsonArray *list = vireo_qmp_node_array (reply);

  tell_count (info, "disk.", count_items (list));
  for (guint i = 0; i < count_items (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      JsonObject *address = vireo_json_get_object (item, "address");
      g_autofree char *prefix = g_strdup_printf ("disk.%u.", i);
      g_autofree char *partition = g_strconcat (prefix, "partition", NULL);
      g_autofree char *alias = g_strconcat (prefix, "alias", NULL);

      tell_text (info, prefix, item, rows);
      tell_text (info, prefix, address, address_rows);
      g_variant_builder_add (
          info, "{sv}", partition,
          g_variant_new_boolean (vireo_json_get_boolean (item, "partition", FALSE)));
      add_text (info, alias, find_target (get_def (self), address));
    }
}

static void
tell_addresses (GVariantBuilder *info, const char *prefix, JsonArray *addresses)
{
  static const Row rows[] = { { "ip-address-type", "type" }, { "ip-address", "addr" }, { NULL } };
  g_autofree char *group = g_strconcat (prefix, "addr.", NULL);

  tell_count (info, group, count_items (addresses));
  for (guint i = 0; i < count_items (addresses); i++)
    {
      JsonObject *item = vireo_qmp_element_object (addresses, i);
      g_autofree char *one = g_strdup_printf ("%s%u.", group, i);
      g_autofree char *key = g_strconcat (one, "prefix", NULL);

      tell_text (info, one, item, rows);
      g_variant_builder_add (
          info, "{sv}", key,
          g_variant_new_uint32 ((guint) CLAMP (vireo_json_get_int (item, "prefix", 0), 0, 128)));
    }
}

static void
tell_interfaces (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply)
{
  static const Row rows[] = { { "name", "name" }, { "hardware-address", "hwaddr" }, { NULL } };
  JsonArray *list = vireo_qmp_node_array (reply);

  tell_count (info, "if.", count_items (list));
  for (guint i = 0; i < count_items (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      g_autofree char *prefix = g_strdup_printf ("if.%u.", i);

      tell_text (info, prefix, item, rows);
      tell_addresses (info, prefix, vireo_json_get_array (item, "ip-addresses"));
    }
}

static const struct
{
  const char *type;
  const char *command;
  void (*tell) (VireoQemuDomain *self, GVariantBuilder *info, JsonNode *reply);
} tellers[] = {
  { "users", "guest-get-users", tell_users },
  { "os", "guest-get-osinfo", tell_os },
  { "timezone", "guest-get-timezone", tell_timezone },
  { "hostname", "guest-get-host-name", tell_hostname },
  { "filesystem", "guest-get-fsinfo", tell_filesystems },
  { "disks", "guest-get-disks", tell_disks },
  { "interfaces", "guest-network-get-interfaces", tell_interfaces },
};

typedef struct
{
  VireoQemuDomain *domain;
  gboolean all;    /* nobody said what: what the agent does not know is left out */
  guint wanted;    /* a bit a row */
  gsize next;      /* the row that is asked */
  GVariantBuilder info;
} Asking;

static void
asking_free (gpointer data)
{
  Asking *asking = data;

  g_variant_builder_clear (&asking->info);
  g_object_unref (asking->domain);
  g_free (asking);
}

static void
free_variant (gpointer data)
{
  g_variant_unref (data);
}

static void ask_next (GTask *task);

static void
on_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Asking *asking = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qga_execute_finish (VIREO_QGA (source), result, &error);
  gboolean skip = asking->all
                  && (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED)
                      || g_error_matches (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR));

  if (reply == NULL && !skip)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_clear_error (&error);
  if (reply != NULL)
    tellers[asking->next].tell (asking->domain, &asking->info, reply);
  asking->next++;
  ask_next (task);
}

static void
ask_next (GTask *task)
{
  Asking *asking = g_task_get_task_data (task);
  VireoQga *agent;
  GError *error = NULL;

  while (asking->next < G_N_ELEMENTS (tellers) && (asking->wanted & 1u << asking->next) == 0)
    asking->next++;
  if (asking->next == G_N_ELEMENTS (tellers))
    {
      GVariant *values = g_variant_new ("(a{sv})", &asking->info);

      g_variant_builder_init (&asking->info, G_VARIANT_TYPE_VARDICT);
      g_task_return_pointer (task, g_variant_ref_sink (values), free_variant);
      g_object_unref (task);
      return;
    }
  agent = vireo_qemu_agent_get (asking->domain, &error);
  if (agent != NULL)
    {
      vireo_qga_execute_async (agent, tellers[asking->next].command, NULL,
                               vireo_qemu_agent_get_timeout (asking->domain), VIREO_QGA_NONE,
                               g_task_get_cancellable (task), on_told, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static gboolean
choose (Asking *asking, const char *const *types, GError **error)
{
  asking->all = types[0] == NULL;
  asking->wanted = asking->all ? (1u << G_N_ELEMENTS (tellers)) - 1 : 0;
  for (; *types != NULL; types++)
    {
      guint before = asking->wanted;

      for (gsize i = 0; i < G_N_ELEMENTS (tellers); i++)
        if (g_str_equal (tellers[i].type, *types))
          asking->wanted |= 1u << i;
      if (asking->wanted != before || asking->all)
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "a guest tells nothing called \"%.100s\", or it is there twice", *types);
      return FALSE;
    }
  return TRUE;
}

void
vireo_qemu_agent_get_guest_info (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                                 GTask *task)
{
  Asking *asking = g_new0 (Asking, 1);
  g_autofree const char **types = NULL;
  GError *error = NULL;

  asking->domain = g_object_ref (VIREO_QEMU_DOMAIN (obj));
  g_variant_builder_init (&asking->info, G_VARIANT_TYPE_VARDICT);
  g_task_set_task_data (task, asking, asking_free);
  g_variant_get_child (args, 0, "^a&s", &types);
  if (choose (asking, types, &error))
    {
      ask_next (task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}
