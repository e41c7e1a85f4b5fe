/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a definition this driver builds. Every element and attribute that it has is looked up, so
 * that what the format learns later is refused here until it is built: nothing can be left out in
 * silence. So it is with values that would be built only in part. */
#include "vireo-qemu-command.h"

#include <stdlib.h>
#include <string.h>

#include "vireo-qemu-supported.h"

/* The password is the key of a DES (RFC 6143, 7.2.2): of a longer one QEMU uses the beginning
 * without a word, and whoever chose it would believe in more safety than there is. */
#define MAX_VNC_PASSWORD 8u

typedef struct
{
  GString *row; /* of the table, for the path that is looked up */
  GPtrArray *problems;
} Walk;

static int
compare (const void *key, const void *row)
{
  return strcmp (key, *(const char *const *) row);
}

static gboolean
contains (const char *const *table, gsize n, const char *path)
{
  return bsearch (path, table, n, sizeof *table, compare) != NULL;
}

static gboolean
part_is (const char *part, const char *name)
{
  gsize length = strlen (name);

  return strncmp (part, name, length) == 0 && (part[length] == '/' || part[length] == '\0');
}

/* The rows of a table stand for more than one path: those of any device's address and alias, and
 * those of every image of a chain. Done for each element and attribute of each definition: it goes
 * through the path once, and makes nothing. */
static void
normalize (const char *path, GString *row)
{
  const char *before = "";

  g_string_truncate (row, 0);
  for (guint depth = 0; *path == '/'; depth++)
    {
      const char *part = path + 1;
      gsize length = strcspn (part, "/");
      const char *next = part + length;

      path = next;
      if (part_is (part, "backingStore") && part_is (before, "backingStore"))
        continue;
      if (depth == 2 && part_is (before, "devices") && *next == '/'
          && (part_is (next + 1, "address") || part_is (next + 1, "alias")))
        g_string_append (row, "/*");
      else
        g_string_append_len (row, part - 1, (gssize) length + 1);
      before = part;
    }
}

static gboolean
is_supported (Walk *walk, const char *path)
{
  normalize (path, walk->row);
  return contains (vireo_qemu_supported, vireo_qemu_n_supported, walk->row->str);
}

static void
report (Walk *walk, const char *path)
{
  VireoProblem *problem;

  for (guint i = 0; i < walk->problems->len; i++)
    if (g_strcmp0 (((VireoProblem *) walk->problems->pdata[i])->path, path) == 0)
      return;
  problem = vireo_problem_new ("validate", "unsupported-element");
  problem->path = g_strdup (path);
  problem->message = g_strdup ("not supported by the QEMU driver yet");
  g_ptr_array_add (walk->problems, problem);
}

static gboolean
check_element (const char *path, gpointer data)
{
  Walk *walk = data;

  if (contains (vireo_qemu_opaque, vireo_qemu_n_opaque, path))
    return FALSE;
  if (is_supported (walk, path))
    return TRUE;
  report (walk, path);
  return FALSE;
}

static void
check_attribute (const char *path, gpointer data)
{
  Walk *walk = data;

  if (!is_supported (walk, path))
    report (walk, path);
}

static void
check_vnc_passwords (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_graphics; i++)
    {
      const VireoGraphicsDef *graphics = def->graphics[i];
      VireoProblem *problem;

      if (graphics->type != VIREO_GRAPHICS_TYPE_VNC || graphics->passwd == NULL
          || strlen (graphics->passwd) <= MAX_VNC_PASSWORD)
        continue;
      problem = vireo_problem_new ("validate", "vnc-password");
      problem->path = g_strdup_printf ("/domain/devices/graphics[%u]/@passwd", i + 1);
      problem->message = g_strdup_printf ("a VNC password has at most %u bytes, and this one has "
                                          "%" G_GSIZE_FORMAT,
                                          MAX_VNC_PASSWORD, strlen (graphics->passwd));
      g_ptr_array_add (problems, problem);
    }
}

/**
 * vireo_qemu_validate:
 * @def: a definition
 * @problems: (element-type VireoProblem): what is not built as it is written is added
 *
 * Finds what of a definition the driver does not build.
 *
 * Since: 0.1
 */
void
vireo_qemu_validate (const VireoDomainDef *def, GPtrArray *problems)
{
  static const VireoDocVisitor visitor = { check_element, check_attribute };
  g_autoptr (GString) row = g_string_new (NULL);
  Walk walk = { row, problems };

  check_vnc_passwords (def, problems);
  vireo_doc_walk (vireo_doc_kind_find ("domain"), def, VIREO_FORMAT_SECURE, &visitor, &walk);
}
