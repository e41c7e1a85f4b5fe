/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the keeper finds in its folder: at start, on reload, and what lacks something for now. */

#include <glib/gstdio.h>
#include <string.h>

#include "keeper-fixture.h"
#include "util/vireo-error.h"

/* ---- what is found in the folder ---- */

static void
test_load_odd_files (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *good = domain_xml ("good", UUID_A, NULL);
  g_autofree char *clash = domain_xml ("clash", UUID_A, NULL);
  g_autofree char *same_name = domain_xml ("good", UUID_B, NULL);
  g_autofree char *no_uuid = domain_xml ("nouuid", NULL, NULL);
  g_autofree char *uuid = NULL;
  const char *message = NULL;

  keeper_write_file (fixture, UUID_A ".xml", good, -1);
  keeper_write_file (fixture, "a-clash.xml", clash, -1);
  keeper_write_file (fixture, "same-name.xml", same_name, -1);
  keeper_write_file (fixture, "nouuid.xml", no_uuid, -1);
  keeper_write_file (fixture, "broken.xml", "<domain type='test'><name>broken", -1);
  keeper_write_file (fixture, "empty.xml", "", -1);
  keeper_write_file (fixture, "binary.xml", "\xff\xfe\x00<x", 5);
  keeper_write_file (fixture, "good.xml", "<network/>", -1);
  keeper_write_file (fixture, "notes.txt", "not ours", -1);
  keeper_restart (fixture);

  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 8);
  g_assert_cmpint (keeper_state_of (fixture, "good"), ==, VIREO_DOMAIN_STATE_SHUTOFF);
  g_assert_cmpint (keeper_state_of (fixture, "nouuid"), ==, VIREO_DOMAIN_STATE_SHUTOFF);
  g_assert_cmpint (keeper_state_of (fixture, "a-clash"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (keeper_state_of (fixture, "same-name"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (keeper_state_of (fixture, "broken"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (keeper_state_of (fixture, "empty"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (keeper_state_of (fixture, "binary"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (keeper_state_of (fixture, "good-2"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpstr (
      vireo_def_obj_get_raw (VIREO_DEF_OBJ (keeper_by_name (fixture, "broken")), &message), ==,
      "<domain type='test'><name>broken");
  g_assert_cmpstr (message, !=, "");
  g_assert_cmpstr (vireo_domain_obj_get_state_reason (keeper_by_name (fixture, "broken")), ==,
                   message);
  g_assert_true (g_utf8_validate (
      vireo_def_obj_get_raw (VIREO_DEF_OBJ (keeper_by_name (fixture, "binary")), NULL), -1, NULL));

  /* They are the same objects after the next start. */
  uuid = g_strdup (vireo_obj_get_uuid (VIREO_OBJ (keeper_by_name (fixture, "broken"))));
  keeper_restart (fixture);
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (keeper_by_name (fixture, "broken"))), ==, uuid);
  g_assert_true (keeper_has_file (fixture, "notes.txt"));
}

/* Many are read by several threads and become objects meanwhile: who wins is the same each time. */
static void
test_load_many (KeeperFixture *fixture, gconstpointer data)
{
  static const guint n_files = 600;

  for (guint i = 0; i < n_files; i++)
    {
      g_autofree char *uuid = g_strdup_printf ("00000000-0000-4000-8000-%012u", i);
      g_autofree char *file = g_strconcat (uuid, ".xml", NULL);
      /* Each tenth has the name of the one before it. */
      g_autofree char *name = g_strdup_printf ("many-%u", i % 10 == 9 ? i - 1 : i);
      g_autofree char *xml = domain_xml (name, uuid, NULL);
      g_autofree char *first = g_strdup_printf ("0-%u.xml", i);

      keeper_write_file (fixture, file, i % 100 == 50 ? "<domain" : xml, -1);
      /* Comes before in the folder, and has a UUID that the keeper's own files have. */
      if (i % 100 == 0)
        keeper_write_file (fixture, first, xml, -1);
    }
  for (guint round = 0; round < 5; round++)
    {
      keeper_restart (fixture);
      g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, n_files + n_files / 100);
      for (guint i = 0; i < n_files; i++)
        {
          g_autofree char *uuid = g_strdup_printf ("00000000-0000-4000-8000-%012u", i);
          VireoObj *obj = vireo_obj_list_find_by_uuid (fixture->list, uuid);
          gboolean good = i % 10 != 9 && i % 100 != 50;

          g_assert_nonnull (obj);
          g_assert_cmpint (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (obj)), ==,
                           good ? VIREO_DOMAIN_STATE_SHUTOFF : VIREO_DOMAIN_STATE_UNPARSABLE);
        }
    }
}

static void
test_load_too_large (KeeperFixture *fixture, gconstpointer data)
{
  gsize size = VIREO_DOC_MAX_SIZE + 1;
  g_autofree char *text = g_malloc (size);

  memset (text, ' ', size);
  keeper_write_file (fixture, "large.xml", text, (gssize) size);
  keeper_restart (fixture);
  g_assert_cmpint (keeper_state_of (fixture, "large"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
}

static void
test_unparsable_is_used (KeeperFixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj;
  g_autoptr (GError) error = NULL;
  g_autofree char *fixed = domain_xml ("fixed", UUID_B, NULL);
  g_autofree char *fixed_a = domain_xml ("fixed-a", UUID_A, NULL);

  keeper_write_file (fixture, "broken.xml", "<domain", -1);
  keeper_write_file (fixture, "gone.xml", "<domain", -1);
  keeper_write_file (fixture, UUID_A ".xml", "<domain", -1);
  keeper_write_file (fixture, UUID_A ".conf", "[object]\nowner=5\nautostart=true\n", -1);
  keeper_restart (fixture);

  obj = keeper_by_name (fixture, "broken");
  g_assert_false (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE);
  g_clear_error (&error);
  g_assert_false (call_rename (fixture->driver, obj, "x", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE);
  g_clear_error (&error);

  /* With another UUID: another object, another file. */
  g_assert_true (call_replace (fixture->driver, obj, fixed, &error));
  g_assert_no_error (error);
  g_assert_null (keeper_by_name (fixture, "broken"));
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (keeper_by_name (fixture, "fixed"))), ==, UUID_B);
  g_assert_false (keeper_has_file (fixture, "broken.xml"));
  g_assert_true (keeper_has_file (fixture, UUID_B ".xml"));

  /* With its own: the same object. */
  obj = keeper_by_name (fixture, UUID_A);
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (obj)));
  g_assert_true (call_replace (fixture->driver, obj, fixed_a, NULL));
  g_assert_true (keeper_by_name (fixture, "fixed-a") == obj);
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, VIREO_DOMAIN_STATE_SHUTOFF);

  g_assert_true (call_undefine (fixture->driver,
                             keeper_by_name (fixture, "gone"), NULL));
  g_assert_false (keeper_has_file (fixture, "gone.xml"));

  keeper_restart (fixture);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 2);
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (keeper_by_name (fixture, "fixed-a"))));
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (keeper_by_name (fixture, "fixed-a"))), ==, 5);
}

static void
test_sweep (KeeperFixture *fixture, gconstpointer data)
{
  keeper_define (fixture, "a", UUID_A, NULL);
  keeper_write_file (fixture, UUID_B ".conf", "[object]\nowner=0\n", -1);
  keeper_restart (fixture);
  while (keeper_has_file (fixture, UUID_B ".conf"))
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (keeper_has_file (fixture, UUID_A ".conf"));
}

/* ---- post-parse ---- */

static char *
missing_xml (KeeperFixture *fixture, char **ret_path)
{
  *ret_path = g_build_filename (fixture->dir, "resource", NULL);
  return g_strdup_printf (METADATA ("<test:missing resource='%s'/>"), *ret_path);
}

static void
wait_for_event (KeeperFixture *fixture, const char *text)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (strstr (fixture->log->str, text) == NULL && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_nonnull (strstr (fixture->log->str, text));
}

/* A definition that lacks something, as a daemon finds it. */
static VireoDomainObj *
find_failed (KeeperFixture *fixture, char **ret_path)
{
  g_autofree char *more = missing_xml (fixture, ret_path);
  g_autofree char *xml = domain_xml ("a", UUID_A, more);

  keeper_write_file (fixture, UUID_A ".xml", xml, -1);
  keeper_restart (fixture);
  return keeper_by_name (fixture, "a");
}

static void
test_post_parse_define (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *more = missing_xml (fixture, &path);
  g_autofree char *xml = domain_xml ("a", UUID_A, more);
  g_autoptr (GError) error = NULL;

  g_assert_null (call_define (fixture->driver, xml, 0, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 0);
}

static void
test_post_parse_load (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  VireoDomainObj *obj = find_failed (fixture, &path);
  g_autofree char *text = NULL;
  g_autofree char *stored = NULL;
  g_autoptr (GVariant) problems = NULL;
  g_autoptr (GError) error = NULL;
  gboolean failed;

  g_object_get (obj, "post-parse-failed", &failed, "post-parse-problems", &problems, NULL);
  g_assert_true (failed);
  text = g_variant_print (problems, FALSE);
  g_assert_nonnull (strstr (text, "'missing-resource'"));
  g_assert_nonnull (strstr (text, path));
  g_assert_nonnull (strstr (fixture->log->str, "a PostParseRerunNeeded ([("));
  /* As it was written. */
  g_assert_null (vireo_domain_obj_get_persistent_def (obj)->os->arch);

  g_string_truncate (fixture->log, 0);
  g_assert_false (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_cmpstr (fixture->log->str, ==, "a PostParseRerun (false,);");
  g_clear_error (&error);
  g_assert_false (call_plain (fixture->iface->rerun_post_parse, fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_true (keeper_has_file (fixture, UUID_A ".xml"));

  g_string_truncate (fixture->log, 0);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_true (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL));
  g_assert_nonnull (strstr (fixture->log->str, "a PostParseRerun (true,);"));
  g_object_get (obj, "post-parse-failed", &failed, NULL);
  g_assert_false (failed);
  g_assert_cmpstr (vireo_domain_obj_get_live_def (obj)->os->arch, ==, "x86_64");
  stored = keeper_read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (stored, "x86_64"));
}

static void
test_post_parse_by_itself (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  VireoDomainObj *obj = find_failed (fixture, &path);
  g_autofree char *stored = NULL;
  gboolean failed;

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  wait_for_event (fixture, "a PostParseRerun (true,);");
  g_object_get (obj, "post-parse-failed", &failed, NULL);
  g_assert_false (failed);
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->os->arch, ==, "x86_64");
  stored = keeper_read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (stored, "x86_64"));
}

/* Many that wait for the same thing: all are completed, and others have their turn meanwhile. */
static void
test_post_parse_many (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *more = missing_xml (fixture, &path);
  g_autoptr (GPtrArray) objects = NULL;
  guint n_failed = 300;
  gint64 end;

  for (guint i = 0; i < n_failed; i++)
    {
      g_autofree char *name = g_strdup_printf ("many%u", i);
      g_autofree char *xml = domain_xml (name, NULL, more);
      g_autofree char *file = g_strconcat (name, ".xml", NULL);

      keeper_write_file (fixture, file, xml, -1);
    }
  keeper_restart (fixture);
  objects = vireo_obj_list_snapshot (fixture->list);
  g_assert_cmpuint (objects->len, ==, n_failed);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  while (n_failed > 0 && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, TRUE);
      n_failed = 0;
      for (guint i = 0; i < objects->len; i++)
        n_failed += vireo_domain_obj_get_post_parse_problems (objects->pdata[i]) != NULL;
    }
  g_assert_cmpuint (n_failed, ==, 0);
}

/* ---- reload ---- */

static void
test_reload (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *changed = domain_xml ("a", UUID_A, "<title>by hand</title>");
  g_autofree char *added = domain_xml ("c", NULL, NULL);
  g_autofree char *path = NULL;
  VireoDomainObj *obj = keeper_define (fixture, "a", UUID_A, NULL);
  VireoDomainObj *running = keeper_define (fixture, "b", UUID_B, NULL);
  g_autofree char *file_b = keeper_path_of (fixture, UUID_B ".xml");

  g_assert_true (call_start (fixture->driver, running, VIREO_DOMAIN_START_NONE, NULL));
  g_string_truncate (fixture->log, 0);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_cmpstr (fixture->log->str, ==, "");

  keeper_write_file (fixture, UUID_A ".xml", changed, -1);
  keeper_write_file (fixture, "c.xml", added, -1);
  g_unlink (file_b);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_nonnull (strstr (fixture->log->str, "a Lifecycle ('defined', 'updated');"));
  g_assert_nonnull (strstr (fixture->log->str, "c Lifecycle ('defined', 'added');"));
  g_assert_nonnull (strstr (fixture->log->str, "b Lifecycle ('undefined', 'removed');"));
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->title, ==, "by hand");
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_true (keeper_by_name (fixture, "b") == running);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (running)));
  g_assert_false (vireo_obj_get_persistent (VIREO_OBJ (running)));

  /* Broken by hand, and mended. */
  keeper_write_file (fixture, UUID_A ".xml", "<domain", -1);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_true (keeper_by_name (fixture, "a") == obj);
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  keeper_write_file (fixture, UUID_A ".xml", changed, -1);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, VIREO_DOMAIN_STATE_SHUTOFF);

  g_free (path);
  path = keeper_path_of (fixture, UUID_A ".xml");
  g_unlink (path);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_null (keeper_by_name (fixture, "a"));
}

/* What is defined while the folder is read is neither lost nor taken for something else. */
static void
test_reload_while_defining (KeeperFixture *fixture, gconstpointer data)
{
  Waiting reload[3] = { { NULL } };
  Waiting defines[60] = { { NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (defines); i++)
    {
      g_autofree char *name = g_strdup_printf ("d%u", i);
      g_autofree char *xml = domain_xml (name, NULL, NULL);
      g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, NULL);

      if (i % 20 == 10)
        {
          if (i > 10)
            wait_until_done (&reload[i / 20 - 1]);
          fixture->iface->reload (fixture->driver, wait_task (&reload[i / 20]));
        }
      fixture->iface->define (fixture->driver, def, 0, wait_task (&defines[i]));
      g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (defines); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VireoObj) obj = NULL;

      wait_until_done (&defines[i]);
      obj = g_task_propagate_pointer (G_TASK (defines[i].result), &error);
      g_assert_no_error (error);
      g_object_unref (defines[i].result);
    }
  for (guint i = 0; i < G_N_ELEMENTS (reload); i++)
    {
      wait_until_done (&reload[i]);
      g_object_unref (reload[i].result);
    }
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, G_N_ELEMENTS (defines));
  g_assert_null (strstr (fixture->log->str, "undefined"));
  for (guint i = 0; i < G_N_ELEMENTS (defines); i++)
    {
      g_autofree char *name = g_strdup_printf ("d%u", i);

      g_assert_cmpint (keeper_state_of (fixture, name), ==, VIREO_DOMAIN_STATE_SHUTOFF);
    }
}

static void
test_reload_reruns (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  VireoDomainObj *obj = find_failed (fixture, &path);
  gboolean failed;

  g_assert_true (call_reload (fixture->driver, NULL));
  g_object_get (obj, "post-parse-failed", &failed, NULL);
  g_assert_true (failed);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_true (call_reload (fixture->driver, NULL));
  g_object_get (obj, "post-parse-failed", &failed, NULL);
  g_assert_false (failed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  keeper_add_test ("/keeper/load/odd-files", test_load_odd_files);
  keeper_add_test ("/keeper/load/many", test_load_many);
  keeper_add_test ("/keeper/load/too-large", test_load_too_large);
  keeper_add_test ("/keeper/load/unparsable-is-used", test_unparsable_is_used);
  keeper_add_test ("/keeper/load/sweep", test_sweep);
  keeper_add_test ("/keeper/post-parse/define", test_post_parse_define);
  keeper_add_test ("/keeper/post-parse/load", test_post_parse_load);
  keeper_add_test ("/keeper/post-parse/by-itself", test_post_parse_by_itself);
  keeper_add_test ("/keeper/post-parse/many", test_post_parse_many);
  keeper_add_test ("/keeper/reload", test_reload);
  keeper_add_test ("/keeper/reload/while-defining", test_reload_while_defining);
  keeper_add_test ("/keeper/reload/reruns", test_reload_reruns);
  return g_test_run ();
}
