/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent in the guest: what it says, and what it does for us. */

#include <stdio.h>
#include <string.h>

#include "conf/vireo-cpuset.h"
#include "drivers/common/vireo-domain-edit.h"
#include "util/vireo-error.h"
#include "vireo-test-operation.h"

#define FS_SIZE (G_GUINT64_CONSTANT (8) << 30)
#define FS_USED (G_GUINT64_CONSTANT (3) << 30)

/* ---- file systems: one on each disk that stays ---- */

typedef void (*MountFunc) (VireoTestGuest *guest,
                           const VireoDiskDef *disk,
                           const char *mountpoint,
                           gpointer data);

static void
foreach_mount (VireoTestGuest *guest, MountFunc func, gpointer data)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  gboolean first = TRUE;

  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];
      g_autofree char *mountpoint = NULL;

      if (disk->device == VIREO_DISK_DEVICE_CDROM || disk->device == VIREO_DISK_DEVICE_FLOPPY)
        continue;
      mountpoint = first ? g_strdup ("/") : g_strconcat ("/mnt/", disk->target->dev, NULL);
      func (guest, disk, mountpoint, data);
      first = FALSE;
    }
}

static void
add_fs (VireoTestGuest *guest, const VireoDiskDef *disk, const char *mountpoint, gpointer data)
{
  const char *devices[] = { disk->target->dev, NULL };
  g_autofree char *name = g_strconcat (disk->target->dev, "1", NULL);
  GVariantBuilder *list = data;

  g_variant_builder_open (list, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (list, "{sv}", "mountpoint", g_variant_new_string (mountpoint));
  g_variant_builder_add (list, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (list, "{sv}", "fstype", g_variant_new_string ("ext4"));
  g_variant_builder_add (list, "{sv}", "devices", g_variant_new_strv (devices, 1));
  g_variant_builder_add (list, "{sv}", "total-bytes", g_variant_new_uint64 (FS_SIZE));
  g_variant_builder_add (list, "{sv}", "used-bytes", g_variant_new_uint64 (FS_USED));
  g_variant_builder_close (list);
}

static GVariant *
get_fs_info_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  GVariantBuilder list;

  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  foreach_mount (guest, add_fs, &list);
  return g_variant_new ("(aa{sv})", &list);
}

static void
add_mount (VireoTestGuest *guest, const VireoDiskDef *disk, const char *mountpoint, gpointer data)
{
  g_hash_table_add (data, g_strdup (mountpoint));
}

/* Those of @wanted, or all; %NULL when one is not there. */
static GHashTable *
select_mounts (VireoTestGuest *guest, const char *const *wanted, GError **error)
{
  g_autoptr (GHashTable) all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) some = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  foreach_mount (guest, add_mount, all);
  for (; *wanted != NULL; wanted++)
    {
      if (!g_hash_table_contains (all, *wanted))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                       "nothing is mounted at \"%.100s\" in the guest", *wanted);
          return NULL;
        }
      g_hash_table_add (some, g_strdup (*wanted));
    }
  return g_hash_table_size (some) > 0 ? g_steal_pointer (&some) : g_steal_pointer (&all);
}

static GVariant *
freeze_or_thaw (VireoTestGuest *guest, GVariant *args, gboolean freeze, GError **error)
{
  g_autofree const char **wanted = NULL;
  g_autoptr (GHashTable) mounts = NULL;
  GHashTableIter iter;
  gpointer mountpoint;
  guint count = 0;

  g_variant_get_child (args, 0, "^a&s", &wanted);
  mounts = select_mounts (guest, wanted, error);
  if (mounts == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, mounts);
  while (g_hash_table_iter_next (&iter, &mountpoint, NULL))
    count += freeze ? g_hash_table_add (guest->frozen, g_strdup (mountpoint))
                    : g_hash_table_remove (guest->frozen, mountpoint);
  return g_variant_new ("(u)", count);
}

static GVariant *
fs_freeze_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  return freeze_or_thaw (guest, args, TRUE, error);
}

static GVariant *
fs_thaw_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  return freeze_or_thaw (guest, args, FALSE, error);
}

static GVariant *
fs_trim_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const char *wanted[] = { NULL, NULL };
  g_autoptr (GHashTable) mounts = NULL;
  GHashTableIter iter;
  gpointer mountpoint;

  g_variant_get_child (args, 0, "&s", &wanted[0]);
  if (*wanted[0] == '\0')
    wanted[0] = NULL;
  mounts = select_mounts (guest, wanted, error);
  if (mounts == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, mounts);
  while (g_hash_table_iter_next (&iter, &mountpoint, NULL))
    if (g_hash_table_contains (guest->frozen, mountpoint))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "%s is frozen",
                     (const char *) mountpoint);
        return NULL;
      }
  return vireo_test_done ();
}

/* ---- what it knows ---- */

static GVariant *
get_hostname_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  return g_variant_new ("(s)", vireo_obj_get_name (VIREO_OBJ (guest->domain)));
}

static void
add_text (GVariantBuilder *info, const char *key, const char *value)
{
  g_variant_builder_add (info, "{sv}", key, g_variant_new_string (value));
}

static void
tell_users (VireoTestGuest *guest, GVariantBuilder *info)
{
  g_variant_builder_add (info, "{sv}", "user.count", g_variant_new_uint32 (1));
  add_text (info, "user.0.name", "root");
  g_variant_builder_add (
      info, "{sv}", "user.0.login-time",
      g_variant_new_uint64 (vireo_domain_obj_get_state_changed_at (guest->domain) / 1000));
}

static void
tell_os (VireoTestGuest *guest, GVariantBuilder *info)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);

  add_text (info, "os.id", "vireo-test");
  add_text (info, "os.name", "Vireo test guest");
  add_text (info, "os.pretty-name", "Vireo test guest 1");
  add_text (info, "os.version", "1");
  add_text (info, "os.machine", def->os->arch);
}

static void
tell_timezone (VireoTestGuest *guest, GVariantBuilder *info)
{
  add_text (info, "timezone.name", "UTC");
  g_variant_builder_add (info, "{sv}", "timezone.offset", g_variant_new_int32 (0));
}

static void
tell_hostname (VireoTestGuest *guest, GVariantBuilder *info)
{
  add_text (info, "hostname", vireo_obj_get_name (VIREO_OBJ (guest->domain)));
}

typedef struct
{
  GVariantBuilder *info;
  guint count;
} Telling;

static void
tell_fs (VireoTestGuest *guest, const VireoDiskDef *disk, const char *mountpoint, gpointer data)
{
  Telling *telling = data;
  g_autofree char *mount_key = g_strdup_printf ("fs.%u.mountpoint", telling->count);
  g_autofree char *type_key = g_strdup_printf ("fs.%u.fstype", telling->count);
  g_autofree char *disk_key = g_strdup_printf ("fs.%u.disk.0.alias", telling->count);

  add_text (telling->info, mount_key, mountpoint);
  add_text (telling->info, type_key, "ext4");
  add_text (telling->info, disk_key, disk->target->dev);
  telling->count++;
}

static void
tell_filesystems (VireoTestGuest *guest, GVariantBuilder *info)
{
  Telling telling = { info, 0 };

  foreach_mount (guest, tell_fs, &telling);
  g_variant_builder_add (info, "{sv}", "fs.count", g_variant_new_uint32 (telling.count));
}

static void
tell_disks (VireoTestGuest *guest, GVariantBuilder *info)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);

  g_variant_builder_add (info, "{sv}", "disk.count", g_variant_new_uint32 (def->n_disks));
  for (guint i = 0; i < def->n_disks; i++)
    {
      g_autofree char *key = g_strdup_printf ("disk.%u.name", i);
      g_autofree char *name = g_strconcat ("/dev/", def->disks[i]->target->dev, NULL);

      add_text (info, key, name);
    }
}

static void
tell_interfaces (VireoTestGuest *guest, GVariantBuilder *info)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);

  g_variant_builder_add (info, "{sv}", "if.count", g_variant_new_uint32 (def->n_interfaces));
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      g_autofree char *name_key = g_strdup_printf ("if.%u.name", i);
      g_autofree char *address_key = g_strdup_printf ("if.%u.hwaddr", i);
      g_autofree char *name = g_strdup_printf ("eth%u", i);

      add_text (info, name_key, name);
      if (def->interfaces[i]->mac != NULL)
        add_text (info, address_key, def->interfaces[i]->mac->address);
    }
}

static const struct
{
  const char *type;
  void (*tell) (VireoTestGuest *guest, GVariantBuilder *info);
} tellers[] = {
  { "users", tell_users },
  { "os", tell_os },
  { "timezone", tell_timezone },
  { "hostname", tell_hostname },
  { "filesystem", tell_filesystems },
  { "disks", tell_disks },
  { "interfaces", tell_interfaces },
};

static GVariant *
get_guest_info_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  g_autofree const char **types = NULL;
  GVariantBuilder info;

  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  g_variant_get_child (args, 0, "^a&s", &types);
  for (gsize i = 0; types[i] != NULL; i++)
    {
      gboolean known = FALSE;

      for (gsize j = 0; j < G_N_ELEMENTS (tellers); j++)
        known |= g_str_equal (types[i], tellers[j].type);
      if (known)
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "a guest tells nothing called \"%.100s\"", types[i]);
      return NULL;
    }
  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < G_N_ELEMENTS (tellers); i++)
    if (types[0] == NULL || g_strv_contains (types, tellers[i].type))
      tellers[i].tell (guest, &info);
  return g_variant_new ("(a{sv})", &info);
}

/* Link-local addresses made of the MAC address, as RFC 4291 has it. */
static GVariant *
get_interface_addresses_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  GVariantBuilder list;
  const char *source;

  g_variant_get_child (args, 0, "&s", &source);
  if (g_str_equal (source, "agent") && !vireo_test_guest_need_agent (guest, error))
    return NULL;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ssa(ssu))"));
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const char *mac = def->interfaces[i]->mac != NULL ? def->interfaces[i]->mac->address : NULL;
      g_autofree char *name = g_strdup_printf ("eth%u", i);
      g_autofree char *address = NULL;
      guint b[6];

      if (mac == NULL
          || sscanf (mac, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
        continue;
      address = g_strdup_printf ("fe80::%x:%x:fe%02x:%x", (b[0] ^ 2) << 8 | b[1], b[2] << 8 | 0xff,
                                 b[3], b[4] << 8 | b[5]);
      g_variant_builder_open (&list, G_VARIANT_TYPE ("(ssa(ssu))"));
      g_variant_builder_add (&list, "s", name);
      g_variant_builder_add (&list, "s", mac);
      g_variant_builder_open (&list, G_VARIANT_TYPE ("a(ssu)"));
      g_variant_builder_add (&list, "(ssu)", "ipv6", address, 64);
      g_variant_builder_close (&list);
      g_variant_builder_close (&list);
    }
  return g_variant_new ("(a(ssa(ssu)))", &list);
}

/* ---- time ---- */

static GVariant *
get_time_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  return g_variant_new ("(t)", (guint64) (g_get_real_time () + guest->clock_offset));
}

static GVariant *
set_time_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  guint64 when;

  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  g_variant_get_child (args, 0, "t", &when);
  if (vireo_test_option (args, "sync"))
    guest->clock_offset = 0;
  else if (when > G_MAXINT64)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "no clock goes that far");
      return NULL;
    }
  else
    guest->clock_offset = (gint64) when - g_get_real_time ();
  vireo_obj_emit_event (VIREO_OBJ (guest->domain), "RtcChanged",
                        g_variant_new ("(x)", guest->clock_offset / G_USEC_PER_SEC));
  return vireo_test_done ();
}

/* ---- users ---- */

static gboolean
need_user (VireoTestGuest *guest, const char *user, GError **error)
{
  if (!vireo_test_guest_need_agent (guest, error))
    return FALSE;
  if (g_str_equal (user, "root"))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the guest has no user \"%.100s\"", user);
  return FALSE;
}

static GVariant *
set_user_password_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  gboolean encrypted = vireo_test_option (args, "encrypted");
  const char *user, *password;

  g_variant_get_child (args, 0, "&s", &user);
  g_variant_get_child (args, 1, "&s", &password);
  if (!need_user (guest, user, error))
    return NULL;
  /* As crypt(5) writes it: the agent hands it on as it is. */
  if (encrypted && !g_regex_match_simple ("^\\$[a-z0-9]+\\$.", password, 0, 0))
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "an encrypted password begins with how it is encrypted, such as $6$");
      return NULL;
    }
  g_hash_table_insert (guest->passwords, g_strdup (user),
                       encrypted
                           ? g_strdup (password)
                           : g_compute_checksum_for_string (G_CHECKSUM_SHA256, password, -1));
  return vireo_test_done ();
}

static GVariant *
get_ssh_keys_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const char *const *keys;
  const char *user;

  g_variant_get_child (args, 0, "&s", &user);
  if (!need_user (guest, user, error))
    return NULL;
  keys = g_hash_table_lookup (guest->ssh_keys, user);
  return g_variant_new ("(@as)", g_variant_new_strv (keys, keys != NULL ? -1 : 0));
}

static GVariant *
set_ssh_keys_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  gboolean append = vireo_test_option (args, "append"), take = vireo_test_option (args, "remove");
  g_autoptr (GStrvBuilder) result = g_strv_builder_new ();
  g_autofree const char **keys = NULL;
  const char *const *old;
  const char *user;

  g_variant_get_child (args, 0, "&s", &user);
  g_variant_get_child (args, 1, "^a&s", &keys);
  if (append && take)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                           "keys are added or taken out, not both");
      return NULL;
    }
  if (!need_user (guest, user, error))
    return NULL;
  old = g_hash_table_lookup (guest->ssh_keys, user);
  for (gsize i = 0; (append || take) && old != NULL && old[i] != NULL; i++)
    if (!g_strv_contains (keys, old[i]))
      g_strv_builder_add (result, old[i]);
  for (gsize i = 0; !take && keys[i] != NULL; i++)
    g_strv_builder_add (result, keys[i]);
  g_hash_table_insert (guest->ssh_keys, g_strdup (user), g_strv_builder_end (result));
  return vireo_test_done ();
}

/* ---- processors that the guest uses ---- */

static void
append_number (GString *set, guint number)
{
  g_string_append_printf (set, "%s%u", set->len > 0 ? "," : "", number);
}

static GVariant *
get_guest_vcpus_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GString) online = g_string_new (NULL);
  g_autoptr (GString) offlinable = g_string_new (NULL);
  GVariantBuilder values;

  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  for (guint i = 0; i < MAX (def->vcpus, 1); i++)
    {
      if (!vireo_domain_view_vcpu_enabled (def, i))
        continue;
      append_number (all, i);
      if (i > 0)
        append_number (offlinable, i);
      if (!g_hash_table_contains (guest->offline_vcpus, GUINT_TO_POINTER (i)))
        append_number (online, i);
    }
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  add_text (&values, "vcpus", all->str);
  add_text (&values, "online", online->str);
  add_text (&values, "offlinable", offlinable->str);
  return g_variant_new ("(a{sv})", &values);
}

static GVariant *
set_guest_vcpus_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  g_autofree VireoCpuset *set = NULL;
  gboolean online;
  const char *text;

  if (!vireo_test_guest_need_agent (guest, error))
    return NULL;
  g_variant_get_child (args, 0, "&s", &text);
  g_variant_get_child (args, 1, "b", &online);
  set = vireo_cpuset_parse (text);
  if (set == NULL || vireo_cpuset_is_empty (set) || vireo_cpuset_last (set) >= MAX (def->vcpus, 1)
      || (!online && vireo_cpuset_contains (set, 0)))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "\"%.100s\" is no set of processors that the guest can put %s", text,
                   online ? "on" : "off");
      return NULL;
    }
  for (guint i = 0; i < def->vcpus; i++)
    if (vireo_cpuset_contains (set, i) && online)
      g_hash_table_remove (guest->offline_vcpus, GUINT_TO_POINTER (i));
    else if (vireo_cpuset_contains (set, i))
      g_hash_table_add (guest->offline_vcpus, GUINT_TO_POINTER (i));
  return vireo_test_done ();
}

static GVariant *
set_agent_timeout_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  int timeout;

  g_variant_get_child (args, 0, "i", &timeout);
  if (timeout < -2)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%d is neither a time nor -1 or -2", timeout);
      return NULL;
    }
  guest->agent_timeout = timeout;
  return vireo_test_done ();
}

VIREO_TEST_OPERATION (get_fs_info)
VIREO_TEST_OPERATION (fs_freeze)
VIREO_TEST_OPERATION (fs_thaw)
VIREO_TEST_OPERATION (fs_trim)
VIREO_TEST_OPERATION (get_hostname)
VIREO_TEST_OPERATION (get_guest_info)
VIREO_TEST_OPERATION (get_interface_addresses)
VIREO_TEST_OPERATION (get_time)
VIREO_TEST_OPERATION (set_time)
VIREO_TEST_OPERATION (set_user_password)
VIREO_TEST_OPERATION (get_ssh_keys)
VIREO_TEST_OPERATION (set_ssh_keys)
VIREO_TEST_OPERATION (get_guest_vcpus)
VIREO_TEST_OPERATION (set_guest_vcpus)
VIREO_TEST_OPERATION (set_agent_timeout)

void
vireo_test_agent_fill (VireoDomainDriverInterface *iface)
{
  iface->get_fs_info = get_fs_info;
  iface->fs_freeze = fs_freeze;
  iface->fs_thaw = fs_thaw;
  iface->fs_trim = fs_trim;
  iface->get_hostname = get_hostname;
  iface->get_guest_info = get_guest_info;
  iface->get_interface_addresses = get_interface_addresses;
  iface->get_time = get_time;
  iface->set_time = set_time;
  iface->set_user_password = set_user_password;
  iface->get_ssh_keys = get_ssh_keys;
  iface->set_ssh_keys = set_ssh_keys;
  iface->get_guest_vcpus = get_guest_vcpus;
  iface->set_guest_vcpus = set_guest_vcpus;
  iface->set_agent_timeout = set_agent_timeout;
}
