/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-keeper-names.h"

#include <string.h>

#define UUID_BYTES 16
#define MAX_NAME 200

/* What UUIDs made from file names are told apart from others by; a random one, made for this. */
static const guint8 file_namespace[UUID_BYTES] = { 0x3d, 0x0f, 0x5a, 0x91, 0x5e, 0x27, 0x4b, 0x6c,
                                                   0x8e, 0x1a, 0x77, 0xc4, 0x02, 0xd9, 0x6b, 0xf3 };

static char *
format_bytes (const guint8 bytes[UUID_BYTES])
{
  static const char digits[] = "0123456789abcdef";
  GString *text = g_string_sized_new (37);

  for (guint i = 0; i < UUID_BYTES; i++)
    {
      if (i == 4 || i == 6 || i == 8 || i == 10)
        g_string_append_c (text, '-');
      g_string_append_c (text, digits[bytes[i] >> 4]);
      g_string_append_c (text, digits[bytes[i] & 0x0f]);
    }
  return g_string_free (text, FALSE);
}

/**
 * vireo_uuid_normalize:
 * @text: (nullable): a UUID as people write it: 32 hexadecimal digits, with or without dashes
 *
 * Returns: (transfer full) (nullable): in lower case with dashes; %NULL when it is no UUID
 * Since: 0.1
 */
char *
vireo_uuid_normalize (const char *text)
{
  guint8 bytes[UUID_BYTES] = { 0 };
  guint n = 0;

  if (text == NULL || strlen (text) > 36)
    return NULL;
  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c == '-')
        continue;
      if (!g_ascii_isxdigit (*c) || n == 2 * UUID_BYTES)
        return NULL;
      bytes[n / 2] = (guint8) (bytes[n / 2] << 4 | g_ascii_xdigit_value (*c));
      n++;
    }
  return n == 2 * UUID_BYTES ? format_bytes (bytes) : NULL;
}

static char *
without_suffix (const char *file)
{
  return g_strndup (file, strlen (file) - (g_str_has_suffix (file, ".xml") ? 4 : 0));
}

/**
 * vireo_uuid_for_file:
 * @file: (type filename): name of a definition's file, which ends in `.xml`
 *
 * Gives a file whose own UUID is not known one that stays the same as long as its name does.
 *
 * Returns: (transfer full): the UUID that the name is, or else a version 5 UUID (RFC 4122, 4.3) of
 *   the name
 * Since: 0.1
 */
char *
vireo_uuid_for_file (const char *file)
{
  g_autofree char *stem = without_suffix (file);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  char *uuid = vireo_uuid_normalize (stem);
  guint8 digest[20];
  gsize length = sizeof digest;

  if (uuid != NULL)
    return uuid;
  g_checksum_update (checksum, file_namespace, sizeof file_namespace);
  g_checksum_update (checksum, (const guchar *) file, (gssize) strlen (file));
  g_checksum_get_digest (checksum, digest, &length);
  digest[6] = (digest[6] & 0x0f) | 0x50;
  digest[8] = (digest[8] & 0x3f) | 0x80;
  return format_bytes (digest);
}

/**
 * vireo_name_for_file:
 * @file: (type filename): name of a definition's file, which ends in `.xml`
 *
 * Returns: (transfer full): a name for an object whose own cannot be known: the file's, with what
 *   cannot be in a name replaced
 * Since: 0.1
 */
char *
vireo_name_for_file (const char *file)
{
  g_autofree char *stem = without_suffix (file);
  g_autofree char *valid = g_utf8_make_valid (stem, -1);
  GString *name = g_string_new (NULL);

  for (const char *c = valid; *c != '\0' && name->len < MAX_NAME; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      g_string_append_unichar (name, g_unichar_iscntrl (character) ? '_' : character);
    }
  if (name->len == 0)
    g_string_assign (name, "unnamed");
  return g_string_free (name, FALSE);
}
