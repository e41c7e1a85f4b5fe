/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-status.h"

#include <stdio.h>
#include <string.h>

/* Raised when a daemon could misunderstand what another wrote; it is then left alone. */
#define FORMAT_VERSION 1

/* Above what any start uses, in case nobody says how far it came. */
#define FIRST_UNKNOWN_FDSET 100000u

#define GROUP_DOMAIN "domain"
#define GROUP_PROCESS "process"
#define GROUP_CONSOLES "consoles"
#define GROUP_IMAGES "images"

static const char *const phase_names[] = { "starting", "running", "stopping" };

/* The members that are one string each. */
static const struct
{
  const char *group;
  const char *key;
  gsize offset;
  gboolean required;
} strings[] = {
  { GROUP_DOMAIN, "uuid", G_STRUCT_OFFSET (VireoQemuStatus, uuid), TRUE },
  { GROUP_DOMAIN, "name", G_STRUCT_OFFSET (VireoQemuStatus, name), TRUE },
  { GROUP_DOMAIN, "state", G_STRUCT_OFFSET (VireoQemuStatus, state), FALSE },
  { GROUP_DOMAIN, "state-reason", G_STRUCT_OFFSET (VireoQemuStatus, state_reason), FALSE },
  { GROUP_DOMAIN, "xml", G_STRUCT_OFFSET (VireoQemuStatus, xml), TRUE },
  { GROUP_PROCESS, "boot-id", G_STRUCT_OFFSET (VireoQemuStatus, boot_id), TRUE },
  { GROUP_PROCESS, "runtime-dir", G_STRUCT_OFFSET (VireoQemuStatus, runtime_dir), TRUE },
  { GROUP_PROCESS, "monitor", G_STRUCT_OFFSET (VireoQemuStatus, monitor), TRUE },
  { GROUP_PROCESS, "log", G_STRUCT_OFFSET (VireoQemuStatus, log), FALSE },
};

#define STRING_AT(self, i) G_STRUCT_MEMBER (char *, self, strings[i].offset)

static void
image_clear (gpointer data)
{
  g_free (((VireoQemuStatusImage *) data)->disk);
}

VireoQemuStatus *
vireo_qemu_status_new (void)
{
  VireoQemuStatus *self = g_new0 (VireoQemuStatus, 1);

  self->taps = g_new0 (char *, 1);
  self->images = g_array_new (FALSE, FALSE, sizeof (VireoQemuStatusImage));
  g_array_set_clear_func (self->images, image_clear);
  self->next_fdset = FIRST_UNKNOWN_FDSET;
  self->agent_timeout = -1;
  self->consoles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
vireo_qemu_status_free (VireoQemuStatus *self)
{
  if (self == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (STRING_AT (self, i));
  g_strfreev (self->taps);
  g_array_unref (self->images);
  g_hash_table_unref (self->consoles);
  g_free (self);
}

void
vireo_qemu_status_add_image (VireoQemuStatus *self, const VireoQemuImageUse *use, const char *disk,
                             guint fdset)
{
  VireoQemuStatusImage image = { *use, g_strdup (disk), fdset };

  g_array_append_val (self->images, image);
}

GArray *
vireo_qemu_status_get_fdsets (const VireoQemuStatus *self, const char *disk)
{
  GArray *fdsets = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < self->images->len; i++)
    {
      const VireoQemuStatusImage *image = vireo_qemu_status_get_image (self, i);

      if (g_str_equal (image->disk, disk))
        g_array_append_val (fdsets, image->fdset);
    }
  return fdsets;
}

void
vireo_qemu_status_add_tap (VireoQemuStatus *self, const char *device)
{
  guint n = g_strv_length (self->taps);

  self->taps = g_renew (char *, self->taps, n + 2);
  self->taps[n] = g_strdup (device);
  self->taps[n + 1] = NULL;
}

gboolean
vireo_qemu_status_remove_tap (VireoQemuStatus *self, const char *device)
{
  guint n = g_strv_length (self->taps);

  for (guint i = 0; i < n; i++)
    if (g_str_equal (self->taps[i], device))
      {
        g_free (self->taps[i]);
        self->taps[i] = self->taps[n - 1];
        self->taps[n - 1] = NULL;
        return TRUE;
      }
  return FALSE;
}

static void
put_images (GKeyFile *file, const VireoQemuStatus *self)
{
  for (guint i = 0; i < self->images->len; i++)
    {
      const VireoQemuStatusImage *image = vireo_qemu_status_get_image (self, i);
      g_autofree char *key = g_strdup_printf ("%u", i);
      g_autofree char *value = g_strdup_printf (
          "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %d %u %s", image->use.device,
          image->use.inode, image->use.writes, image->use.shared, image->fdset, image->disk);

      g_key_file_set_string (file, GROUP_IMAGES, key, value);
    }
}

GBytes *
vireo_qemu_status_to_bytes (const VireoQemuStatus *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  GHashTableIter iter;
  gpointer alias, path;
  gsize length;
  char *text;

  g_key_file_set_integer (file, GROUP_DOMAIN, "version", FORMAT_VERSION);
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    if (STRING_AT (self, i) != NULL)
      g_key_file_set_string (file, strings[i].group, strings[i].key, STRING_AT (self, i));
  g_key_file_set_uint64 (file, GROUP_DOMAIN, "owner", self->owner);
  g_key_file_set_uint64 (file, GROUP_DOMAIN, "id", self->id);
  g_key_file_set_uint64 (file, GROUP_DOMAIN, "state-changed-at", self->state_changed_at);
  g_key_file_set_uint64 (file, GROUP_DOMAIN, "next-fdset", self->next_fdset);
  g_key_file_set_string (file, GROUP_DOMAIN, "phase", phase_names[self->phase]);
  g_key_file_set_boolean (file, GROUP_DOMAIN, "rebooting", self->rebooting);
  g_key_file_set_boolean (file, GROUP_DOMAIN, "custom-monitor", self->custom_monitor);
  g_key_file_set_integer (file, GROUP_DOMAIN, "agent-timeout", self->agent_timeout);
  g_key_file_set_int64 (file, GROUP_PROCESS, "pid", self->pid);
  g_key_file_set_uint64 (file, GROUP_PROCESS, "start-time", self->start_time);
  g_key_file_set_string_list (file, GROUP_DOMAIN, "taps", (const char *const *) self->taps,
                              g_strv_length (self->taps));
  g_hash_table_iter_init (&iter, self->consoles);
  while (g_hash_table_iter_next (&iter, &alias, &path))
    g_key_file_set_string (file, GROUP_CONSOLES, alias, path);
  put_images (file, self);
  text = g_key_file_to_data (file, &length, NULL);
  return g_bytes_new_take (text, length);
}

static gboolean
get_phase (GKeyFile *file, VireoQemuStatus *self)
{
  g_autofree char *name = g_key_file_get_string (file, GROUP_DOMAIN, "phase", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (phase_names); i++)
    if (g_strcmp0 (name, phase_names[i]) == 0)
      {
        self->phase = (VireoQemuPhase) i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
get_images (GKeyFile *file, VireoQemuStatus *self)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, GROUP_IMAGES, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_string (file, GROUP_IMAGES, keys[i], NULL);
      VireoQemuImageUse use = { 0 };
      guint fdset = 0;
      int end = 0;

      if (value == NULL
          || sscanf (value, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %d %u %n", &use.device,
                     &use.inode, &use.writes, &use.shared, &fdset, &end)
                 != 5
          || end == 0)
        return FALSE;
      vireo_qemu_status_add_image (self, &use, value + end, fdset);
    }
  return TRUE;
}

static void
get_consoles (GKeyFile *file, VireoQemuStatus *self)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, GROUP_CONSOLES, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    g_hash_table_insert (self->consoles, g_strdup (keys[i]),
                         g_key_file_get_string (file, GROUP_CONSOLES, keys[i], NULL));
}

/* Which part is missing or wrong; NULL when all is there. */
static const char *
read_all (GKeyFile *file, VireoQemuStatus *self)
{
  g_auto (GStrv) taps = g_key_file_get_string_list (file, GROUP_DOMAIN, "taps", NULL, NULL);

  if (g_key_file_get_integer (file, GROUP_DOMAIN, "version", NULL) != FORMAT_VERSION)
    return "version";
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      STRING_AT (self, i) = g_key_file_get_string (file, strings[i].group, strings[i].key, NULL);
      if (STRING_AT (self, i) == NULL && strings[i].required)
        return strings[i].key;
    }
  self->owner = (guint) g_key_file_get_uint64 (file, GROUP_DOMAIN, "owner", NULL);
  self->id = (guint) g_key_file_get_uint64 (file, GROUP_DOMAIN, "id", NULL);
  self->state_changed_at
      = g_key_file_get_uint64 (file, GROUP_DOMAIN, "state-changed-at", NULL);
  self->next_fdset = (guint) g_key_file_get_uint64 (file, GROUP_DOMAIN, "next-fdset", NULL);
  if (self->next_fdset == 0)
    self->next_fdset = FIRST_UNKNOWN_FDSET;
  self->rebooting = g_key_file_get_boolean (file, GROUP_DOMAIN, "rebooting", NULL);
  if (g_key_file_has_key (file, GROUP_DOMAIN, "agent-timeout", NULL))
    self->agent_timeout = g_key_file_get_integer (file, GROUP_DOMAIN, "agent-timeout", NULL);
  self->custom_monitor = g_key_file_get_boolean (file, GROUP_DOMAIN, "custom-monitor", NULL);
  self->pid = g_key_file_get_int64 (file, GROUP_PROCESS, "pid", NULL);
  self->start_time = g_key_file_get_uint64 (file, GROUP_PROCESS, "start-time", NULL);
  if (taps != NULL)
    {
      g_strfreev (self->taps);
      self->taps = g_steal_pointer (&taps);
    }
  get_consoles (file, self);
  if (!get_phase (file, self))
    return "phase";
  if (self->id == 0)
    return "id";
  return get_images (file, self) ? NULL : "images";
}

VireoQemuStatus *
vireo_qemu_status_parse (GBytes *bytes, GError **error)
{
  g_autoptr (VireoQemuStatus) self = vireo_qemu_status_new ();
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) cause = NULL;
  const char *wrong;

  if (!g_key_file_load_from_bytes (file, bytes, G_KEY_FILE_NONE, &cause))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE, "%s", cause->message);
      return NULL;
    }
  wrong = read_all (file, self);
  if (wrong != NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE, "'%s' is missing or wrong", wrong);
      return NULL;
    }
  return g_steal_pointer (&self);
}

const char *
vireo_qemu_boot_id (void)
{
  static char *boot_id;

  if (g_once_init_enter (&boot_id))
    {
      char *text = NULL;

      if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
        text = g_strdup ("unknown");
      g_once_init_leave (&boot_id, g_strstrip (text));
    }
  return boot_id;
}
