/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fuzzing found once, seeds/KIND/NAME, again. */
#include "fuzz-conf.h"

static void
test_seed (gconstpointer data)
{
  const char *path = data;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *kind = g_path_get_basename (folder);
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  fuzz_conf (vireo_doc_kind_find (kind), text, length);
}

static void
add_kind (const char *kind)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "seeds", kind, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *test = g_strdup_printf ("/fuzz/seeds/%s/%s", kind, name);

      g_test_add_data_func_full (test, g_build_filename (folder, name, NULL), test_seed, g_free);
    }
}

int
main (int argc, char **argv)
{
  const char *const *kinds = vireo_doc_kind_names ();

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; kinds[i] != NULL; i++)
    add_kind (kinds[i]);
  return g_test_run ();
}
