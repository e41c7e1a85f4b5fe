/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-path.h"

#include <string.h>

#define CONNECTIONS VIREO_PATH_ROOT "/connections"
#define JOBS VIREO_PATH_ROOT "/jobs"

/* The folders, and what is in them and what they are in. */
static const struct
{
  const char *kind;
  const char *folder;
  VireoPathKind parent;
} folders[VIREO_PATH_N_KINDS] = {
  [VIREO_PATH_DOMAIN] = { "domain", "domains", VIREO_PATH_CONNECTION },
  [VIREO_PATH_DOMAIN_SNAPSHOT] = { "domain-snapshot", "snapshots", VIREO_PATH_DOMAIN },
  [VIREO_PATH_DOMAIN_CHECKPOINT] = { "domain-checkpoint", "checkpoints", VIREO_PATH_DOMAIN },
  [VIREO_PATH_NETWORK] = { "network", "networks", VIREO_PATH_CONNECTION },
  [VIREO_PATH_NETWORK_PORT] = { "network-port", "ports", VIREO_PATH_NETWORK },
  [VIREO_PATH_NETWORK_FILTER] = { "nwfilter", "filters", VIREO_PATH_CONNECTION },
  [VIREO_PATH_NETWORK_FILTER_BINDING]
  = { "nwfilter-binding", "filter_bindings", VIREO_PATH_CONNECTION },
  [VIREO_PATH_STORAGE_POOL] = { "storage-pool", "pools", VIREO_PATH_CONNECTION },
  [VIREO_PATH_STORAGE_VOLUME] = { "storage-vol", "volumes", VIREO_PATH_STORAGE_POOL },
  [VIREO_PATH_SECRET] = { "secret", "secrets", VIREO_PATH_CONNECTION },
  [VIREO_PATH_NODE_DEVICE] = { "node-device", "node_devices", VIREO_PATH_CONNECTION },
  [VIREO_PATH_HOST_INTERFACE] = { "interface", "interfaces", VIREO_PATH_CONNECTION },
};

const char *
vireo_path_kind_name (VireoPathKind path_kind)
{
  return folders[path_kind].kind;
}

const char *
vireo_path_kind_folder (VireoPathKind path_kind)
{
  return folders[path_kind].folder;
}

VireoPathKind
vireo_path_kind_parent (VireoPathKind path_kind)
{
  return folders[path_kind].parent;
}

VireoPathKind
vireo_path_kind_of_child (VireoPathKind parent, const char *name)
{
  for (guint i = 0; i < VIREO_PATH_N_KINDS; i++)
    if (folders[i].kind != NULL && folders[i].parent == parent
        && g_str_equal (folders[i].kind, name))
      return i;
  return VIREO_PATH_NONE;
}

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

/* Of what is below an object of the kind @parent: @rest is the folder, and what follows. */
static VireoPathKind
classify_below (VireoPathKind parent, const char *rest)
{
  for (guint i = 0; i < VIREO_PATH_N_KINDS; i++)
    {
      const char *element, *slash;

      if (folders[i].kind == NULL || folders[i].parent != parent)
        continue;
      element = behind (rest, folders[i].folder);
      if (element == NULL)
        continue;
      if (*element == '\0')
        return VIREO_PATH_FOLDER;
      slash = strchr (element, '/');
      return slash == NULL ? i : classify_below (i, slash + 1);
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
  return slash == NULL ? VIREO_PATH_CONNECTION : classify_below (VIREO_PATH_CONNECTION, slash + 1);
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
 * @parent_path: path of what the object is in
 * @path_kind: what it is
 * @uuid: (nullable): its canonical UUID
 * @name: its name, which is in the path when it has no UUID
 *
 * Returns: (transfer full): the path
 */
char *
vireo_path_for_object (const char *parent_path,
                       VireoPathKind path_kind,
                       const char *uuid,
                       const char *name)
{
  const char *folder = folders[path_kind].folder;
  g_autofree char *element = NULL;

  if (uuid == NULL)
    element = vireo_path_escape (name);
  else
    {
      element = g_strconcat ("_", uuid, NULL);
      g_strdelimit (element, "-", '_');
    }
  return g_strconcat (parent_path, "/", folder, "/", element, NULL);
}

char *
vireo_path_for_job (guint64 number)
{
  return g_strdup_printf (JOBS "/%" G_GUINT64_FORMAT, number);
}
