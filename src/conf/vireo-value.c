/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to the value of one field, with its checks. */
#include "vireo-value.h"

#include "vireo-cpuset.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define KIB G_GUINT64_CONSTANT (1024)
#define MIB (KIB * 1024)

static const VireoScale scales[] = {
  { KIB, KIB, KIB, "KiB" }, /* kib */
  { 1, 1, 1, "bytes" },     /* bytes */
  { 1, 1, 1, "B" },         /* b */
  { 1, 1, MIB, "M" },       /* mib */
  { MIB, 1, 0, NULL },      /* pretty */
  { KIB, 1, 0, NULL },      /* pretty_kib */
};

static const struct
{
  const char *name;
  guint64 bytes;
} units[] = {
  { "b", 1 },
  { "byte", 1 },
  { "bytes", 1 },
  { "k", KIB },
  { "KiB", KIB },
  { "KB", 1000 },
  { "m", MIB },
  { "MiB", MIB },
  { "MB", G_GUINT64_CONSTANT (1000000) },
  { "g", MIB *KIB },
  { "GiB", MIB *KIB },
  { "GB", G_GUINT64_CONSTANT (1000000000) },
  { "t", MIB *MIB },
  { "TiB", MIB *MIB },
  { "TB", G_GUINT64_CONSTANT (1000000000000) },
  { "p", MIB *MIB *KIB },
  { "PiB", MIB *MIB *KIB },
  { "PB", G_GUINT64_CONSTANT (1000000000000000) },
  { "e", MIB *MIB *MIB },
  { "EiB", MIB *MIB *MIB },
  { "EB", G_GUINT64_CONSTANT (1000000000000000000) },
};

/* Of a type that is a size with a unit; NULL for the others. */
const VireoScale *
vireo_value_scale (VireoSchemaType type)
{
  if (type < VIREO_SCHEMA_KIB || type > VIREO_SCHEMA_PRETTY_KIB)
    return NULL;
  return &scales[type - VIREO_SCHEMA_KIB];
}

/* The largest unit of which @bytes is a multiple. */
const char *
vireo_value_pretty (guint64 bytes, guint64 *ret_number)
{
  static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  guint i = 0;

  while (bytes != 0 && bytes % KIB == 0 && i + 1 < G_N_ELEMENTS (names))
    {
      bytes /= KIB;
      i++;
    }
  *ret_number = bytes;
  return names[i];
}

static char *
quoted (const char *text, const char *expected)
{
  if (strlen (text) <= 80)
    return g_strdup_printf ("\"%s\" is not %s", text, expected);
  return g_strdup_printf ("\"%.*s…\" is not %s",
                          (int) (g_utf8_find_prev_char (text, text + 78) - text), text, expected);
}

/* The text without white space around it, in @buffer when it had to be cut; NULL when it is longer
 * than any value of these types. */
static const char *
trim (const char *text, char buffer[128])
{
  const char *end;

  while (g_ascii_isspace (*text))
    text++;
  end = text + strlen (text);
  if (end == text || !g_ascii_isspace (end[-1]))
    return text;
  while (end > text && g_ascii_isspace (end[-1]))
    end--;
  if (end - text >= 128)
    return NULL;
  memcpy (buffer, text, (gsize) (end - text));
  buffer[end - text] = '\0';
  return buffer;
}

static gboolean
parse_digits (const char *at, guint base, guint64 *ret_value)
{
  guint64 value = 0;

  if (*at == '\0')
    return FALSE;
  for (; *at != '\0'; at++)
    {
      int digit = g_ascii_xdigit_value (*at);

      if (digit < 0 || digit >= (int) base || value > (G_MAXUINT64 - (guint64) digit) / base)
        return FALSE;
      value = value * base + (guint64) digit;
    }
  *ret_value = value;
  return TRUE;
}

/* A number without its sign, in the bases that @field takes. */
static gboolean
parse_magnitude (const VireoSchemaField *field, const char *digits, guint64 *ret_value)
{
  gboolean prefixed = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');

  if (field->type == VIREO_SCHEMA_OCTAL)
    return parse_digits (digits, 8, ret_value);
  if (prefixed && (field->aux & (VIREO_SCHEMA_BASE16 | VIREO_SCHEMA_ANY_BASE)) != 0)
    return parse_digits (digits + 2, 16, ret_value);
  if ((field->aux & VIREO_SCHEMA_BASE16) != 0)
    return parse_digits (digits, 16, ret_value);
  /* As C reads them: 010 is 8. */
  return parse_digits (digits,
                       (field->aux & VIREO_SCHEMA_ANY_BASE) != 0 && digits[0] == '0' ? 8 : 10,
                       ret_value);
}

/* The smallest and largest number of @field. */
static void
limits_of (const VireoSchemaField *field, gint64 *ret_min, guint64 *ret_max)
{
  static const struct
  {
    gint64 min;
    guint64 max;
  } types[] = {
    [VIREO_SCHEMA_U8] = { 0, G_MAXUINT8 },
    [VIREO_SCHEMA_U16] = { 0, G_MAXUINT16 },
    [VIREO_SCHEMA_U32] = { 0, G_MAXUINT32 },
    [VIREO_SCHEMA_U64] = { 0, G_MAXUINT64 },
    [VIREO_SCHEMA_S32] = { G_MININT32, G_MAXINT32 },
    [VIREO_SCHEMA_S64] = { G_MININT64, G_MAXINT64 },
    [VIREO_SCHEMA_OCTAL] = { 0, 07777 },
  };

  *ret_min = types[field->type].min;
  *ret_max = types[field->type].max;
  if (field->aux2 != 0)
    {
      *ret_min = MAX (*ret_min, vireo_schema_ranges[field->aux2].min);
      *ret_max = MIN (*ret_max, vireo_schema_ranges[field->aux2].max);
    }
}

static char *
set_number (const VireoSchemaField *field, gpointer def, const char *text)
{
  char buffer[128];
  const char *trimmed = trim (text, buffer);
  gboolean negative = trimmed != NULL && *trimmed == '-';
  g_autofree char *expected = NULL;
  guint64 magnitude = 0, max;
  gint64 min;
  gboolean fits;

  limits_of (field, &min, &max);
  fits = trimmed != NULL
         && parse_magnitude (field, trimmed + negative, &magnitude);
  if (fits && negative && magnitude != 0)
    fits = min < 0 && magnitude <= (guint64) - (min + 1) + 1;
  else if (fits)
    fits = magnitude <= max && (min <= 0 || magnitude >= (guint64) min);
  if (fits)
    {
      vireo_schema_store (field, def, negative ? (guint64) 0 - magnitude : magnitude);
      return NULL;
    }
  expected = g_strdup_printf ("a number from %" G_GINT64_FORMAT " to %" G_GUINT64_FORMAT, min, max);
  return quoted (text, expected);
}

static char *
set_scaled (const VireoSchemaField *field, gpointer def, const char *text, const char *unit)
{
  const VireoScale *scale = vireo_value_scale (field->type);
  char buffer[128];
  const char *trimmed = trim (text, buffer);
  guint64 factor = unit == NULL || *unit == '\0' ? scale->in : 0;
  guint64 number;

  for (guint i = 0; factor == 0 && i < G_N_ELEMENTS (units); i++)
    if (g_ascii_strcasecmp (unit, units[i].name) == 0)
      factor = units[i].bytes;
  if (factor == 0)
    return quoted (unit, "a unit: expected bytes, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB "
                         "or EiB");
  if (trimmed == NULL || !parse_digits (trimmed, 10, &number))
    return quoted (text, "a size: expected a whole number, at most 18446744073709551615");
  if (factor >= scale->stored && number > G_MAXUINT64 / (factor / scale->stored))
    return quoted (text, "a size that fits into 64 bits with this unit");
  if (factor % scale->stored == 0)
    number *= factor / scale->stored;
  else if (number > G_MAXUINT64 / factor - 1)
    return quoted (text, "a size that fits into 64 bits with this unit");
  else
    number = (number * factor + scale->stored - 1) / scale->stored;
  vireo_schema_store (field, def, number);
  return NULL;
}

static char *
set_tristate (const VireoSchemaField *field, gpointer def, const char *text)
{
  gboolean words = field->type == VIREO_SCHEMA_YESNO;
  char buffer[128];
  const char *trimmed = trim (text, buffer);

  if (trimmed != NULL && strcmp (trimmed, words ? "yes" : "on") == 0)
    vireo_schema_store (field, def, VIREO_TRISTATE_YES);
  else if (trimmed != NULL && strcmp (trimmed, words ? "no" : "off") == 0)
    vireo_schema_store (field, def, VIREO_TRISTATE_NO);
  else
    return quoted (text, words ? "one of: yes, no" : "one of: on, off");
  return NULL;
}

static char *
set_enum (const VireoSchemaField *field, gpointer def, const char *text)
{
  const VireoSchemaEnum *desc = &vireo_schema_enums[field->aux];
  char buffer[128];
  const char *trimmed = trim (text, buffer);
  guint value = trimmed != NULL ? vireo_schema_enum_value (field->aux, trimmed) : 0;
  g_autoptr (GString) expected = NULL;

  if (value != 0)
    {
      vireo_schema_store (field, def, value);
      return NULL;
    }
  expected = g_string_new ("one of: ");
  for (guint i = 1; i <= desc->n_values; i++)
    g_string_append_printf (expected, "%s%s", i > 1 ? ", " : "",
                            vireo_schema_enum_name (field->aux, i));
  return quoted (text, expected->str);
}

/* --- strings: each takes the text and returns what to keep, or what was expected */

static char *
check_name (const char *text, const char **ret_expected)
{
  if (*text == '\0' || strlen (text) > 255)
    *ret_expected = "a name of 1 to 255 bytes";
  else if (strcmp (text, ".") == 0 || strcmp (text, "..") == 0)
    *ret_expected = "a name: expected one that is not a folder's";
  else if (strchr (text, '/') != NULL)
    *ret_expected = "a name: expected no slash in it";
  for (const char *at = text; *at != '\0'; at++)
    if ((guint8) *at < 0x20 || *at == 0x7f)
      *ret_expected = "a name: expected no newline or other control character in it";
  return g_strdup (text);
}

static char *
check_uuid (const char *text, const char **ret_expected)
{
  char out[37];
  guint n = 0;

  for (const char *at = text; *at != '\0'; at++)
    {
      if (*at == '-' || g_ascii_isspace (*at))
        continue;
      if (!g_ascii_isxdigit (*at) || n >= 36)
        {
          n = 0;
          break;
        }
      out[n++] = g_ascii_tolower (*at);
      if (n == 8 || n == 13 || n == 18 || n == 23)
        out[n++] = '-';
    }
  out[MIN (n, 36)] = '\0';
  if (n != 36)
    *ret_expected = "a UUID: expected 32 hexadecimal digits, with or without dashes";
  return g_strdup (out);
}

static char *
check_mac (const char *text, const char **ret_expected)
{
  guint octets[6];
  char rest;

  /* Which would take signs and white space. */
  if (strlen (text) > 17 || text[strspn (text, "0123456789abcdefABCDEF:")] != '\0'
      || sscanf (text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &octets[0], &octets[1], &octets[2], &octets[3],
                 &octets[4], &octets[5], &rest)
             != 6)
    {
      *ret_expected = "a MAC address such as 52:54:00:12:34:56";
      return NULL;
    }
  return g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x", octets[0], octets[1], octets[2],
                          octets[3], octets[4], octets[5]);
}

/* One number at least has to be in it. */
static char *
check_cpuset (const char *text, const char **ret_expected)
{
  g_autofree VireoCpuset *set = vireo_cpuset_parse (text);

  if (set == NULL || vireo_cpuset_is_empty (set))
    *ret_expected = "a set of numbers such as 0-3,^2,8";
  return g_strdup (text);
}

static char *
check_ip (const char *text, const char **ret_expected)
{
  guint8 bytes[16];

  if (inet_pton (AF_INET, text, bytes) != 1 && inet_pton (AF_INET6, text, bytes) != 1)
    *ret_expected = "an IPv4 or IPv6 address";
  return g_strdup (text);
}

static char *
set_string (const VireoSchemaField *field, gpointer def, const char *text)
{
  static char *(*const checks[]) (const char *, const char **) = {
    [VIREO_SCHEMA_NAME] = check_name, [VIREO_SCHEMA_UUID] = check_uuid,
    [VIREO_SCHEMA_MAC] = check_mac,   [VIREO_SCHEMA_CPUSET] = check_cpuset,
    [VIREO_SCHEMA_IP] = check_ip,     [VIREO_SCHEMA_PATH] = NULL,
  };
  const char *expected = NULL;
  g_autofree char *bounds = NULL;
  g_autofree char *value = NULL;
  gboolean list = field->flags & VIREO_SCHEMA_LIST;

  if (field->type < G_N_ELEMENTS (checks) && checks[field->type] != NULL)
    value = checks[field->type](text, &expected);
  else
    value = g_strdup (text);
  if (!list && field->aux2 != 0)
    {
      const VireoSchemaRange *range = &vireo_schema_ranges[field->aux2];
      gsize length = strlen (text);

      if (length < (guint64) range->min || length > range->max)
        expected = bounds
            = g_strdup_printf ("a text of %" G_GINT64_FORMAT " to %" G_GUINT64_FORMAT " bytes",
                               range->min, range->max);
    }
  if (expected != NULL)
    return quoted (text, expected);
  if (list)
    vireo_schema_append ((gpointer **) ((guint8 *) def + field->offset),
                         (guint *) ((guint8 *) def + field->aux2), g_steal_pointer (&value));
  else
    {
      char **place = (char **) ((guint8 *) def + field->offset);

      g_free (*place);
      *place = g_steal_pointer (&value);
    }
  return NULL;
}

char *
vireo_value_set (const VireoSchemaField *field, gpointer def, const char *text, const char *unit)
{
  if (field->type <= VIREO_SCHEMA_IP)
    return set_string (field, def, text);
  if (field->type <= VIREO_SCHEMA_OCTAL)
    return set_number (field, def, text);
  if (field->type <= VIREO_SCHEMA_PRETTY_KIB)
    return set_scaled (field, def, text, unit);
  if (field->type == VIREO_SCHEMA_ENUM)
    return set_enum (field, def, text);
  return set_tristate (field, def, text);
}
