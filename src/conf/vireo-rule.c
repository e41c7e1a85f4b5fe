/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-rule.h"

#include <string.h>

#include "vireo-cpuset.h"
#include "vireo-device.h"
#include "vireo-postparse-private.h"

/* --- who breaks which --- */

/* The kind of device that an element is, or VIREO_DEVICE_N_KINDS. */
static VireoDeviceKind
device_kind (const VireoRuleFrame *frame)
{
  guint kind = 0;

  while (kind < VIREO_DEVICE_N_KINDS
         && (frame->field == NULL || vireo_schema_devices[kind].schema != frame->schema
             || vireo_schema_devices[kind].offset != frame->field->offset))
    kind++;
  return kind;
}

static void
append_path (GString *path, const VireoRuleFrame *frame)
{
  guint number = frame->number;

  if (frame->up != NULL)
    append_path (path, frame->up);
  g_string_append_c (path, '/');
  if (frame->field != NULL && frame->field->ns != 0)
    g_string_append_printf (
        path, "%s:", vireo_schema_name (vireo_schema_namespaces[frame->field->ns].prefix));
  g_string_append (path, vireo_schema_name (frame->field != NULL
                                                ? frame->field->name
                                                : vireo_schema_structs[frame->schema].name));
  /* Devices are counted even where there can be one only. */
  if (number == 0 && device_kind (frame) != VIREO_DEVICE_N_KINDS)
    number = 1;
  if (number > 0)
    g_string_append_printf (path, "[%u]", number);
}

static char *
device_label (const VireoRuleFrame *frame)
{
  VireoDeviceKind kind = VIREO_DEVICE_N_KINDS;
  const char *alias;

  while (frame != NULL && (kind = device_kind (frame)) == VIREO_DEVICE_N_KINDS)
    frame = frame->up;
  if (frame == NULL)
    return NULL;
  alias = vireo_device_get_alias (kind, frame->def);
  return alias != NULL ? g_strdup (alias)
                       : g_strdup_printf ("%s[%u]", vireo_device_kind_to_string (kind),
                                          MAX (frame->number, 1));
}

/* @below: what comes behind the element in the path, or "" */
void
vireo_rule_broken (const VireoRuleFrame *frame, const char *below, const char *code,
                   const char *format, ...)
{
  VireoProblem *problem = vireo_problem_new ("validate", code);
  GString *path = g_string_new (NULL);
  va_list args;

  append_path (path, frame);
  if (*below != '\0')
    g_string_append_printf (path, "/%s", below);
  problem->path = g_string_free (path, FALSE);
  problem->device = device_label (frame);
  va_start (args, format);
  problem->message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (frame->problems, problem);
}

/* --- the walk --- */

static void check_element (const VireoRuleFrame *frame);

static void
check_list (VireoRuleFrame *child, gpointer const *list, guint n)
{
  g_autoptr (GHashTable) seen = NULL;

  child->seen = &seen;
  for (guint i = 0; i < n; i++)
    {
      child->def = list[i];
      child->number = i + 1;
      check_element (child);
    }
}

static void
check_way (const VireoRuleFrame *frame, const VireoSchemaField *field)
{
  const guint8 *place = (const guint8 *) frame->def + field->offset;
  VireoRuleFrame child = { frame, field, frame->def, field->aux, 0, NULL, frame->problems };

  if (field->type == VIREO_SCHEMA_GROUP)
    check_element (&child);
  else if (field->flags & VIREO_SCHEMA_LIST)
    check_list (&child, *(gpointer *const *) place,
                *(const guint *) ((const guint8 *) frame->def + field->aux2));
  else if ((child.def = *(gconstpointer const *) place) != NULL)
    check_element (&child);
}

static void
check_element (const VireoRuleFrame *frame)
{
  const VireoRuleStruct *rules = &vireo_rule_structs[frame->schema];
  const VireoSchemaField *fields = &vireo_schema_fields[vireo_schema_structs[frame->schema].first];

  if (rules->check != 0)
    vireo_rule_checks[rules->check](frame);
  for (guint i = 0; i < rules->n_ways; i++)
    check_way (frame, &fields[vireo_rule_ways[rules->first + i]]);
}

/* Applies the rules of the schema to a document, and what it names for the rest. */
void
vireo_rule_check (const VireoDocKind *kind, gconstpointer def, GPtrArray *problems)
{
  VireoRuleFrame frame = { NULL, NULL, def, kind->schema, 0, NULL, problems };

  check_element (&frame);
}

/* --- what rules ask --- */

/* The nearest such struct around, or NULL. */
gconstpointer
vireo_rule_around (const VireoRuleFrame *frame, guint schema)
{
  while (frame != NULL && frame->schema != schema)
    frame = frame->up;
  return frame != NULL ? frame->def : NULL;
}

typedef struct
{
  guint rule;
  guint64 number;
  const char *text; /* (nullable) */
} Seen;

static guint
seen_hash (gconstpointer data)
{
  const Seen *seen = data;
  guint hash = seen->text != NULL ? g_str_hash (seen->text) : g_int64_hash (&seen->number);

  return hash * 31 + seen->rule;
}

static gboolean
seen_equal (gconstpointer a, gconstpointer b)
{
  const Seen *one = a;
  const Seen *other = b;

  return one->rule == other->rule && one->number == other->number
         && g_strcmp0 (one->text, other->text) == 0;
}

/* Whether an earlier one of the list said the same to this rule. */
gboolean
vireo_rule_repeats (const VireoRuleFrame *frame, guint rule, guint64 number, const char *text)
{
  Seen *seen;

  if (frame->seen == NULL)
    return FALSE;
  if (*frame->seen == NULL)
    *frame->seen = g_hash_table_new_full (seen_hash, seen_equal, g_free, NULL);
  seen = g_new (Seen, 1);
  *seen = (Seen){ rule, number, text };
  return !g_hash_table_add (*frame->seen, seen);
}

/* An NAA identifier of 64 bits (SPC-4, 7.8.6.6), with 0x or without. */
gboolean
vireo_rule_wwn (const char *text)
{
  const char *digits = g_str_has_prefix (text, "0x") ? text + 2 : text;

  return strlen (digits) == 16 && strspn (digits, "0123456789abcdefABCDEF") == 16;
}

/* Whether it says a place, as "sdc" does. */
gboolean
vireo_rule_disk_name (const char *text)
{
  guint number;

  return vireo_disk_name_to_index (text, &number);
}

gboolean
vireo_rule_volume_name (const char *text)
{
  return vireo_volume_name_is_valid (text);
}

gboolean
vireo_rule_filled (const char *text)
{
  return *text != '\0';
}

gboolean
vireo_rule_one_line (const char *text)
{
  return strchr (text, '\n') == NULL;
}

gboolean
vireo_rule_one_word (const char *text)
{
  return strpbrk (text, " ,") == NULL;
}

/* Without control characters. */
gboolean
vireo_rule_visible (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      return FALSE;
  return TRUE;
}

/* The lowest bit of the first byte says that a MAC address is one of many. */
gboolean
vireo_rule_multicast (const char *text)
{
  return strlen (text) > 1 && (g_ascii_xdigit_value (text[1]) & 1) != 0;
}

gboolean
vireo_rule_absolute (const char *text)
{
  return g_path_is_absolute (text);
}

gboolean
vireo_rule_slash (const char *text)
{
  return strchr (text, '/') != NULL;
}

gboolean
vireo_rule_power_of_two (guint64 value)
{
  return value != 0 && (value & (value - 1)) == 0;
}

gboolean
vireo_rule_whole_mib (guint64 value)
{
  return value % (1024 * 1024) == 0;
}

/* The last number of a set; -1 of an empty one, or of what is none. */
gint64
vireo_rule_last (const char *text)
{
  g_autofree VireoCpuset *set = vireo_cpuset_parse (text);

  return set != NULL && !vireo_cpuset_is_empty (set) ? (gint64) vireo_cpuset_last (set) : -1;
}
