/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "service/vireo-path.h"

static void
test_classify (void)
{
  static const struct
  {
    const char *path;
    VireoPathKind kind;
  } paths[] = {
    { "/", VIREO_PATH_ABOVE },
    { "/org", VIREO_PATH_ABOVE },
    { "/org/vireo", VIREO_PATH_ABOVE },
    { "/org/vireo/Vireo", VIREO_PATH_NONE },
    { "/org/vireo/Vireo1", VIREO_PATH_MANAGER },
    { "/org/vireo/Vireo10", VIREO_PATH_NONE },
    { "/org/vireo/Vireo1/connections", VIREO_PATH_FOLDER },
    { "/org/vireo/Vireo1/connectionsx", VIREO_PATH_NONE },
    { "/org/vireo/Vireo1/connections/a", VIREO_PATH_CONNECTION },
    { "/org/vireo/Vireo1/connections/a/b", VIREO_PATH_NONE },
    { "/org/vireo/Vireo1/connections/a/domains", VIREO_PATH_FOLDER },
    { "/org/vireo/Vireo1/connections/a/domains/_1", VIREO_PATH_DOMAIN },
    { "/org/vireo/Vireo1/connections/a/domains/_1/x", VIREO_PATH_NONE },
    { "/org/vireo/Vireo1/connections/a/networks/_1", VIREO_PATH_NETWORK },
    { "/org/vireo/Vireo1/jobs", VIREO_PATH_FOLDER },
    { "/org/vireo/Vireo1/jobs/1", VIREO_PATH_JOB },
    { "/org/vireo/Vireo1/jobs/1/1", VIREO_PATH_NONE },
    { "/org/libvirt", VIREO_PATH_NONE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_test_message ("%s", paths[i].path);
      g_assert_cmpint (vireo_path_classify (paths[i].path), ==, paths[i].kind);
    }
}

static void
test_escape (void)
{
  static const char *const texts[][2] = {
    { "qemu", "qemu" }, { "", "_" },    { "a b", "a_20b" },     { "a_b", "a_5fb" },
    { "ä", "_c3_a4" },  { "/", "_2f" }, { "52:54", "52_3a54" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *element = vireo_path_escape (texts[i][0]);
      g_autofree char *back = vireo_path_unescape (element);
      g_autofree char *path = vireo_path_for_connection (texts[i][0]);

      g_assert_cmpstr (element, ==, texts[i][1]);
      g_assert_cmpstr (back, ==, texts[i][0]);
      g_assert_true (g_variant_is_object_path (path));
    }
}

static void
test_every_byte (void)
{
  char text[2] = { 0 };

  for (int byte = 1; byte < 256; byte++)
    {
      g_autofree char *element = NULL;
      g_autofree char *back = NULL;

      text[0] = (char) byte;
      element = vireo_path_escape (text);
      back = vireo_path_unescape (element);
      g_assert_cmpstr (back, ==, text);
    }
}

/* Two spellings of one text would be two paths of one object. */
static void
test_unescape_bad (void)
{
  static const char *const elements[]
      = { "_2", "_", "a_", "_zz", "_00", "_61", "_5F", "a-b", "__" };

  for (gsize i = 0; i < G_N_ELEMENTS (elements); i++)
    {
      g_autofree char *text = vireo_path_unescape (elements[i]);

      g_test_message ("%s", elements[i]);
      if (strcmp (elements[i], "_") == 0)
        g_assert_cmpstr (text, ==, "");
      else
        g_assert_null (text);
    }
}

static void
test_objects (void)
{
  g_autofree char *connection = vireo_path_for_connection ("test");
  g_autofree char *domain = vireo_path_for_object (connection, VIREO_PATH_DOMAIN,
                                                   "6695eb01-f6a4-8304-79aa-97f2502e193f", "name");
  g_autofree char *snapshot
      = vireo_path_for_object (domain, VIREO_PATH_DOMAIN_SNAPSHOT, NULL, "before update");
  g_autofree char *folder = g_strconcat (domain, "/snapshots", NULL);
  g_autofree char *job = vireo_path_for_job (G_MAXUINT64);

  g_assert_cmpstr (
      domain, ==,
      "/org/vireo/Vireo1/connections/test/domains/_6695eb01_f6a4_8304_79aa_97f2502e193f");
  g_assert_cmpint (vireo_path_classify (domain), ==, VIREO_PATH_DOMAIN);
  g_assert_true (g_str_has_suffix (snapshot, "_97f2502e193f/snapshots/before_20update"));
  g_assert_cmpint (vireo_path_classify (snapshot), ==, VIREO_PATH_DOMAIN_SNAPSHOT);
  g_assert_cmpint (vireo_path_classify (folder), ==, VIREO_PATH_FOLDER);
  g_assert_cmpint (vireo_path_classify (job), ==, VIREO_PATH_JOB);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/path/classify", test_classify);
  g_test_add_func ("/path/escape", test_escape);
  g_test_add_func ("/path/every-byte", test_every_byte);
  g_test_add_func ("/path/unescape-bad", test_unescape_bad);
  g_test_add_func ("/path/objects", test_objects);
  return g_test_run ();
}
