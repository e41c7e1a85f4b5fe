/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-path.h"

#include <string.h>

#define CONNECTIONS VIREO_PATH_ROOT "/connections"
#define JOBS VIREO_PATH_ROOT "/jobs"

/* The folders below a connection, and what is in them. */
static const struct
{
  const char *kind;
  const char *folder;
  VireoPathKind path_kind;
} folders[] = {
  { "domain", "domains", VIREO_PATH_DOMAIN },
  { "network", "networks", VIREO_PATH_NETWORK },
};

/* The part of @path behind @prefix and a slash; "" when it is @prefix itself, %NULL when it is
 * neither. */
static const char *
behind (const char *path, const char *prefix)
{
  gsize length = strlen (prefix);

  if (strncmp (path, prefix, length) != 0)
    return NULL;
  if (path[length] == '\0')
    return path + length;
  return path[length] == '/' ? path + length + 1 : NULL;
}

static VireoPathKind
classify_in_connection (const char *rest)
{
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      const char *element = behind (rest, folders[i].folder);

      if (element == NULL)
        continue;
      if (*element == '\0')
        return VIREO_PATH_FOLDER;
      return strchr (element, '/') == NULL ? folders[i].path_kind : VIREO_PATH_NONE;
    }
  return VIREO_PATH_NONE;
}

/**
 * vireo_path_classify:
 * @path: an object path
 *
 * Returns: what kind of object is, or would be, at @path
 */
VireoPathKind
vireo_path_classify (const char *path)
{
  const char *rest = behind (path, VIREO_PATH_ROOT);
  const char *slash;

  if (rest == NULL)
    {
      gboolean above = g_str_equal (path, "/") || g_str_equal (path, "/org")
                       || g_str_equal (path, "/org/vireo");

      return above ? VIREO_PATH_ABOVE : VIREO_PATH_NONE;
    }
  if (*rest == '\0')
    return VIREO_PATH_MANAGER;

  rest = behind (path, JOBS);
  if (rest != NULL)
    {
      if (*rest == '\0')
        return VIREO_PATH_FOLDER;
      return strchr (rest, '/') == NULL ? VIREO_PATH_JOB : VIREO_PATH_NONE;
    }

  rest = behind (path, CONNECTIONS);
  if (rest == NULL)
    return VIREO_PATH_NONE;
  if (*rest == '\0')
    return VIREO_PATH_FOLDER;
  slash = strchr (rest, '/');
  return slash == NULL ? VIREO_PATH_CONNECTION : classify_in_connection (slash + 1);
}

/**
 * vireo_path_escape:
 * @text: any text
 *
 * Writes @text as one element of an object path: letters and digits as they are, every other byte
 * as an underscore and two hexadecimal digits; the empty text as a lone underscore.
 *
 * Returns: (transfer full): the element
 */
char *
vireo_path_escape (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (const char *c = text; *c != '\0'; c++)
    {
      if (g_ascii_isalnum (*c))
        g_string_append_c (out, *c);
      else
        g_string_append_printf (out, "_%02x", (guchar) *c);
    }
  if (out->len == 0)
    g_string_append_c (out, '_');
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/**
 * vireo_path_unescape:
 * @element: one element of an object path
 *
 * Takes vireo_path_escape() back.
 *
 * Returns: (transfer full) (nullable): the text; %NULL when @element is none that
 *   vireo_path_escape() makes
 */
char *
vireo_path_unescape (const char *element)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *again = NULL;

  if (g_str_equal (element, "_"))
    return g_strdup ("");
  for (const char *c = element; *c != '\0'; c++)
    {
      int byte;

      if (*c != '_')
        {
          g_string_append_c (out, *c);
          continue;
        }
      if (!g_ascii_isxdigit (c[1]) || !g_ascii_isxdigit (c[2]))
        return NULL;
      byte = g_ascii_xdigit_value (c[1]) * 16 + g_ascii_xdigit_value (c[2]);
      if (byte == 0)
        return NULL;
      g_string_append_c (out, (char) byte);
      c += 2;
    }

  /* One text has one spelling, or two paths would name one object. */
  again = vireo_path_escape (out->str);
  if (!g_str_equal (again, element))
    return NULL;
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
vireo_path_for_connection (const char *id)
{
  g_autofree char *element = vireo_path_escape (id);

  return g_strconcat (CONNECTIONS "/", element, NULL);
}

/**
 * vireo_path_for_object:
 * @connection_path: path of the connection that the object is of
 * @kind: "domain" or "network"
 * @uuid: its canonical UUID
 *
 * Returns: (transfer full): the path
 */
char *
vireo_path_for_object (const char *connection_path, const char *kind, const char *uuid)
{
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    if (g_str_equal (folders[i].kind, kind))
      {
        char *path = g_strconcat (connection_path, "/", folders[i].folder, "/_", uuid, NULL);

        g_strdelimit (path + strlen (connection_path), "-", '_');
        return path;
      }
  g_return_val_if_reached (NULL);
}

char *
vireo_path_for_job (guint64 number)
{
  return g_strdup_printf (JOBS "/%" G_GUINT64_FORMAT, number);
}
