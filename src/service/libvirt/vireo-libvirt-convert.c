/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"

#include <string.h>

#include "drivers/vireo-driver.h"
#include "service/vireo-handlers.h"

gint
vireo_libvirt_number (const char *const *words, const char *word, gint fallback)
{
  for (gint i = 0; words[i] != NULL; i++)
    if (g_strcmp0 (words[i], word) == 0)
      return i;
  return fallback;
}

/* ---- states ---- */

static const char *const running_reasons[] = { "unknown",
                                               "booted",
                                               "migrated",
                                               "restored",
                                               "from-snapshot",
                                               "unpaused",
                                               "migration-canceled",
                                               "save-canceled",
                                               "wakeup",
                                               "crashed",
                                               "postcopy",
                                               "postcopy-failed",
                                               NULL };
static const char *const paused_reasons[] = { "unknown",
                                              "user",
                                              "migration",
                                              "save",
                                              "dump",
                                              "ioerror",
                                              "watchdog",
                                              "from-snapshot",
                                              "shutting-down",
                                              "snapshot",
                                              "crashed",
                                              "starting-up",
                                              "postcopy",
                                              "postcopy-failed",
                                              NULL };
static const char *const shutdown_reasons[] = { "unknown", "user", NULL };
static const char *const shutoff_reasons[]
    = { "unknown", "shutdown", "destroyed",     "crashed", "migrated",
        "saved",   "failed",   "from-snapshot", "daemon",  NULL };
static const char *const crashed_reasons[] = { "unknown", "panicked", NULL };

static const char *const *const reasons[] = {
  [VIREO_DOMAIN_STATE_RUNNING] = running_reasons,   [VIREO_DOMAIN_STATE_PAUSED] = paused_reasons,
  [VIREO_DOMAIN_STATE_SHUTDOWN] = shutdown_reasons, [VIREO_DOMAIN_STATE_SHUTOFF] = shutoff_reasons,
  [VIREO_DOMAIN_STATE_CRASHED] = crashed_reasons,
};

gint
vireo_libvirt_state_reason (guint state, const char *reason)
{
  if (state >= G_N_ELEMENTS (reasons) || reasons[state] == NULL)
    return 0;
  return vireo_libvirt_number (reasons[state], reason, 0);
}

/* ---- events ---- */

static const char *const defined[] = { "added", "updated", "renamed", "from-snapshot", NULL };
static const char *const undefined[] = { "removed", "renamed", NULL };
static const char *const started[]
    = { "booted", "migrated", "restored", "from-snapshot", "wakeup", NULL };
static const char *const suspended[]
    = { "paused",        "migrated",  "ioerror",  "watchdog",        "restored",
        "from-snapshot", "api-error", "postcopy", "postcopy-failed", NULL };
static const char *const resumed[]
    = { "unpaused", "migrated", "from-snapshot", "postcopy", "postcopy-failed", NULL };
static const char *const stopped[]
    = { "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot", NULL };
static const char *const shut_down[] = { "finished", "guest", "host", NULL };
static const char *const pmsuspended[] = { "memory", "disk", NULL };
static const char *const crashed[] = { "panicked", "crashloaded", NULL };

/* By number. */
static const struct
{
  const char *event;
  const char *const *details;
} events[] = {
  { "defined", defined },     { "undefined", undefined },     { "started", started },
  { "suspended", suspended }, { "resumed", resumed },         { "stopped", stopped },
  { "shutdown", shut_down },  { "pmsuspended", pmsuspended }, { "crashed", crashed },
};

gboolean
vireo_libvirt_domain_event (const char *event,
                            const char *detail,
                            gint *ret_event,
                            gint *ret_detail)
{
  for (gsize i = 0; i < G_N_ELEMENTS (events); i++)
    if (g_str_equal (events[i].event, event))
      {
        *ret_event = (gint) i;
        *ret_detail = vireo_libvirt_number (events[i].details, detail, 0);
        return TRUE;
      }
  return FALSE;
}

/* ---- lists ---- */

#define CHILDREN "children:"

static gboolean
matches_row (GObject *object, const VireoLibvirtFilter *row)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (object), row->property);
  g_auto (GValue) value = G_VALUE_INIT;

  if (g_str_has_prefix (row->property, CHILDREN))
    return vireo_object_has_children (VIREO_OBJ (object), row->property + strlen (CHILDREN))
           == row->wanted;
  if (pspec == NULL)
    return row->word == NULL && !row->wanted;
  g_value_init (&value, pspec->value_type);
  g_object_get_property (object, row->property, &value);
  if (row->word != NULL)
    return G_VALUE_HOLDS_STRING (&value) && g_strcmp0 (g_value_get_string (&value), row->word) == 0;
  return G_VALUE_HOLDS_BOOLEAN (&value) && g_value_get_boolean (&value) == row->wanted;
}

gboolean
vireo_libvirt_filters_match (GObject *object, const VireoLibvirtFilter *filters, guint32 flags)
{
  guint32 asked = 0, matched = 0; /* a bit a group */

  for (const VireoLibvirtFilter *row = filters; row->bit != 0; row++)
    {
      if ((flags & row->bit) == 0)
        continue;
      asked |= 1u << row->group;
      if (matches_row (object, row))
        matched |= 1u << row->group;
    }
  return asked == matched;
}

/* ---- sets of processors ---- */

GVariant *
vireo_libvirt_cpu_map (const char *list, guint number)
{
  g_autofree gboolean *set = g_new0 (gboolean, number);
  GVariantBuilder map;

  while (g_ascii_isdigit (*list))
    {
      char *end;
      guint64 first = g_ascii_strtoull (list, &end, 10);
      guint64 last = *end == '-' ? g_ascii_strtoull (end + 1, &end, 10) : first;

      for (guint64 i = first; i <= last && i < number; i++)
        set[i] = TRUE;
      list = *end == ',' ? end + 1 : end;
    }
  g_variant_builder_init (&map, G_VARIANT_TYPE ("ab"));
  for (guint i = 0; i < number; i++)
    g_variant_builder_add (&map, "b", set[i]);
  return g_variant_builder_end (&map);
}

char *
vireo_libvirt_cpu_list (GVariant *map)
{
  g_autoptr (GString) list = g_string_new (NULL);
  gsize n = 0;
  const guint8 *set = g_variant_get_fixed_array (map, &n, 1);

  for (gsize i = 0; i < n; i++)
    if (set[i])
      g_string_append_printf (list, "%s%" G_GSIZE_FORMAT, list->len > 0 ? "," : "", i);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* ---- dictionaries ---- */

GVariant *
vireo_libvirt_wrap_values (GVariant *values)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_builder_add (&builder, "{sv}", key, g_variant_new_variant (value));
  return g_variant_builder_end (&builder);
}

GVariant *
vireo_libvirt_unwrap_values (GVariant *values)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) inner = NULL;

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
        inner = g_variant_get_variant (value);
      g_variant_builder_add (&builder, "{sv}", key, inner != NULL ? inner : value);
    }
  return g_variant_builder_end (&builder);
}
