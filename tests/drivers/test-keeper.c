/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Defining, changing and removing definitions. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "keeper-fixture.h"
#include "util/vireo-error.h"

/* ---- define ---- */

static void
test_define (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  VireoDomainObj *obj = keeper_define (fixture, "a", UUID_A, NULL);
  g_autofree char *path = keeper_path_of (fixture, UUID_A ".xml");
  struct stat info;

  g_assert_true (vireo_obj_get_persistent (VIREO_OBJ (obj)));
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_cmpstr (fixture->log->str, ==, "a Lifecycle ('defined', 'added');");
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);

  /* The same again is a change of it, and its maker stays. */
  g_string_truncate (fixture->log, 0);
  g_assert_true (keeper_define (fixture, "a", UUID_A, "<title>changed</title>") == obj);
  g_assert_cmpstr (fixture->log->str, ==, "a Lifecycle ('defined', 'updated');");
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 1);
  text = keeper_read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (text, "changed"));

  keeper_restart (fixture);
  obj = keeper_by_name (fixture, "a");
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (obj)), ==, UUID_A);
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->title, ==, "changed");
}

static void
test_define_keeps_secrets (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = NULL;
  VireoDomainObj *obj = keeper_define (
      fixture, "a", UUID_A, "<devices><graphics type='vnc' passwd='hunter2'/></devices>");

  text = keeper_read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (text, "hunter2"));
  shown = vireo_def_obj_format (VIREO_DEF_OBJ (obj), VIREO_FORMAT_NONE, NULL);
  g_assert_null (strstr (shown, "hunter2"));
}

static void
test_define_collisions (KeeperFixture *fixture, gconstpointer data)
{
  keeper_define (fixture, "a", UUID_A, NULL);
  keeper_assert_define_fails (fixture, "a", UUID_B, VIREO_ERROR_NAME_IN_USE);
  keeper_assert_define_fails (fixture, "b", UUID_A, VIREO_ERROR_UUID_IN_USE);
  keeper_assert_define_fails (fixture, "a", NULL, VIREO_ERROR_NAME_IN_USE);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 1);
  g_assert_false (keeper_has_file (fixture, UUID_B ".xml"));
  g_assert_false (keeper_has_file (fixture, UUID_B ".conf"));
}

static void
test_define_concurrent (KeeperFixture *fixture, gconstpointer data)
{
  const char *const uuids[] = { UUID_A, UUID_B };
  Waiting waiting[10] = { { NULL } };
  guint won = 0;

  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      g_autofree char *xml = domain_xml ("same", uuids[i % 2], NULL);
      g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, NULL);

      fixture->iface->define (fixture->driver, def, i, wait_task (&waiting[i]));
    }
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VireoObj) obj = NULL;

      wait_until_done (&waiting[i]);
      obj = g_task_propagate_pointer (G_TASK (waiting[i].result), &error);
      won += obj != NULL;
      if (error != NULL)
        g_assert_true (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE)
                       || g_error_matches (error, VIREO_ERROR, VIREO_ERROR_UUID_IN_USE));
      g_object_unref (waiting[i].result);
    }
  g_assert_cmpuint (won, ==, 1);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 1);
  keeper_restart (fixture);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 1);
}

static void
test_define_invalid (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *xml = domain_xml ("a", UUID_A, NULL);
  g_autofree char *kvm = g_strdup (xml);
  g_autoptr (GError) error = NULL;

  memcpy (strstr (kvm, "'test'"), "'kvm' ", 6);
  g_assert_null (call_define (fixture->driver, kvm, 0, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 0);
  g_assert_false (keeper_has_file (fixture, UUID_A ".xml"));
}

static void
test_define_disk_fails (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *xml_a = domain_xml ("a", UUID_A, "<title>new</title>");
  g_autofree char *xml_b = domain_xml ("b", UUID_B, NULL);
  g_autofree char *file = keeper_path_of (fixture, UUID_B ".xml");
  g_autofree char *inner = g_build_filename (file, "x", NULL);
  g_autoptr (GError) error = NULL;

  /* A folder where the file has to go: not even root can rename onto it. */
  g_mkdir_with_parents (inner, 0700);
  g_assert_null (call_define (fixture->driver, xml_b, 0, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 0);
  g_assert_cmpstr (fixture->log->str, ==, "");

  /* Its name and UUID are free again. */
  g_rmdir (inner);
  g_rmdir (file);
  keeper_define (fixture, "b", UUID_B, NULL);
  keeper_define (fixture, "a", UUID_A, NULL);

  /* One that is there stays as it was. */
  g_free (file);
  file = keeper_path_of (fixture, UUID_A ".xml");
  g_unlink (file);
  g_free (inner);
  inner = g_build_filename (file, "x", NULL);
  g_mkdir_with_parents (inner, 0700);
  g_clear_error (&error);
  g_assert_null (call_define (fixture->driver, xml_a, 0, &error));
  g_assert_nonnull (error);
  g_assert_null (vireo_domain_obj_get_persistent_def (keeper_by_name (fixture, "a"))->title);
  g_assert_null (vireo_obj_get_current_job (VIREO_OBJ (keeper_by_name (fixture, "a"))));
}

/* ---- undefine, rename, autostart, replace ---- */

static void
test_undefine (KeeperFixture *fixture, gconstpointer data)
{
  g_autoptr (VireoDomainObj) obj = g_object_ref (keeper_define (fixture, "a", UUID_A, NULL));
  g_autoptr (GError) error = NULL;

  g_string_truncate (fixture->log, 0);
  g_assert_true (call_undefine (fixture->driver, obj, NULL));
  g_assert_cmpstr (fixture->log->str, ==, "a Lifecycle ('undefined', 'removed');");
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 0);
  g_assert_false (keeper_has_file (fixture, UUID_A ".xml"));
  g_assert_false (keeper_has_file (fixture, UUID_A ".conf"));
  g_assert_false (call_undefine (fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT);
}

/* One who waits to redefine it while it is undefined gets a new one. */
static void
test_undefine_while_defined (KeeperFixture *fixture, gconstpointer data)
{
  g_autoptr (VireoDomainObj) obj = g_object_ref (keeper_define (fixture, "a", UUID_A, NULL));
  g_autofree char *xml = domain_xml ("a", UUID_A, NULL);
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, NULL);
  Waiting slot = { NULL }, undefine = { NULL }, defined = { NULL };
  g_autoptr (VireoJob) job = NULL;
  g_autoptr (VireoObj) again = NULL;
  g_autoptr (GError) error = NULL;

  vireo_obj_begin_job_async (VIREO_OBJ (obj), "undefine", VIREO_JOB_CHANGE, 0, NULL, wait_result,
                             &slot);
  wait_until_done (&slot);
  job = vireo_obj_begin_job_finish (VIREO_OBJ (obj), slot.result, NULL);
  fixture->iface->undefine (fixture->driver, obj, VIREO_DOMAIN_UNDEFINE_NONE,
                            wait_task (&undefine));
  fixture->iface->define (fixture->driver, def, 7, wait_task (&defined));
  wait_until_done (&undefine);
  vireo_job_end (job, NULL);
  wait_until_done (&defined);
  again = g_task_propagate_pointer (G_TASK (defined.result), &error);
  g_assert_no_error (error);
  g_assert_true (again != VIREO_OBJ (obj));
  g_assert_true (keeper_has_file (fixture, UUID_A ".xml"));
  g_assert_cmpuint (vireo_obj_get_owner (again), ==, 7);
  g_object_unref (slot.result);
  g_object_unref (undefine.result);
  g_object_unref (defined.result);
}

static void
test_undefine_active (KeeperFixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = keeper_define (fixture, "a", UUID_A, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL));
  g_assert_true (call_undefine (fixture->driver, obj, NULL));
  g_assert_true (keeper_by_name (fixture, "a") == obj);
  g_assert_false (vireo_obj_get_persistent (VIREO_OBJ (obj)));
  g_assert_false (keeper_has_file (fixture, UUID_A ".xml"));
  g_assert_false (call_undefine (fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);

  /* Defining it makes it persistent again. */
  g_assert_true (keeper_define (fixture, "a", UUID_A, NULL) == obj);
  g_assert_true (vireo_obj_get_persistent (VIREO_OBJ (obj)));
  g_assert_true (keeper_has_file (fixture, UUID_A ".conf"));
  g_assert_true (call_undefine (fixture->driver, obj, NULL));
  g_assert_true (call_destroy (fixture->driver, obj, NULL));
  g_assert_null (keeper_by_name (fixture, "a"));
}

/* A transient domain is made persistent, and stops, in whichever order. */
static void
test_define_while_stopping (KeeperFixture *fixture, gconstpointer data)
{
  for (guint turns = 0; turns < 12; turns++)
    {
      g_autofree char *name = g_strdup_printf ("t%u", turns);
      g_autofree char *uuid = g_uuid_string_random ();
      g_autofree char *file = g_strconcat (uuid, ".xml", NULL);
      g_autofree char *xml = domain_xml (name, uuid, NULL);
      g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, NULL);
      g_autoptr (VireoDomainObj) obj
          = call_create (fixture->driver, xml, VIREO_DOMAIN_START_NONE, NULL);
      Waiting define = { NULL }, destroy = { NULL };
      g_autoptr (VireoObj) defined = NULL;
      g_autoptr (GError) error = NULL;

      fixture->iface->define (fixture->driver, def, 0, wait_task (&define));
      for (guint i = 0; i < turns; i++)
        g_main_context_iteration (NULL, FALSE);
      /* A guest that stops by itself asks nobody for the slot. */
      fixture->iface->destroy (fixture->driver, obj, VIREO_DOMAIN_DESTROY_NONE,
                               wait_task (&destroy));
      wait_until_done (&define);
      wait_until_done (&destroy);
      defined = g_task_propagate_pointer (G_TASK (define.result), &error);
      g_assert_no_error (error);
      g_assert_true (defined == VIREO_OBJ (keeper_by_name (fixture, name)));
      g_assert_true (vireo_obj_get_persistent (defined));
      g_assert_false (vireo_obj_get_active (defined));
      g_assert_null (vireo_obj_get_current_job (defined));
      g_assert_true (keeper_has_file (fixture, file));
      g_object_unref (define.result);
      g_object_unref (destroy.result);
    }
}

static void
test_rename (KeeperFixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = keeper_define (fixture, "a", UUID_A, NULL);
  static const char *const bad[] = { "", "x/y", "x\ny", "\x01" };
  g_autoptr (GError) error = NULL;

  keeper_define (fixture, "b", UUID_B, NULL);
  g_string_truncate (fixture->log, 0);
  g_assert_true (call_rename (fixture->driver, obj, "new <name>", NULL));
  g_assert_cmpstr (fixture->log->str, ==,
                   "a Lifecycle ('undefined', 'renamed');"
                   "new <name> Lifecycle ('defined', 'renamed');");
  g_assert_true (keeper_by_name (fixture, "new <name>") == obj);
  g_assert_null (keeper_by_name (fixture, "a"));

  g_assert_false (call_rename (fixture->driver, obj, "b", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_clear_error (&error);
      g_assert_false (call_rename (fixture->driver, obj, bad[i], &error));
      g_assert_nonnull (error);
    }
  g_assert_cmpstr (vireo_obj_get_name (VIREO_OBJ (obj)), ==, "new <name>");

  keeper_restart (fixture);
  obj = keeper_by_name (fixture, "new <name>");
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (obj)), ==, UUID_A);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 2);

  call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL);
  g_clear_error (&error);
  g_assert_false (call_rename (fixture->driver, obj, "c", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
}

/* Root's objects that do not start with the host need no sidecar, and keep none of another's. */
static void
test_sidecar (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *xml = domain_xml ("a", UUID_A, NULL);
  g_autoptr (VireoDomainObj) obj = NULL;
  VireoObj *found;

  keeper_write_file (fixture, UUID_A ".conf", "[object]\nowner=5\nautostart=true\n", -1);
  obj = call_define (fixture->driver, xml, VIREO_OWNER_ROOT, NULL);
  g_assert_nonnull (obj);
  g_assert_false (keeper_has_file (fixture, UUID_A ".conf"));
  g_assert_true (call_set_autostart (fixture->driver, obj, TRUE, NULL));
  g_assert_true (keeper_has_file (fixture, UUID_A ".conf"));
  g_assert_true (call_set_autostart (fixture->driver, obj, FALSE, NULL));
  g_assert_false (keeper_has_file (fixture, UUID_A ".conf"));

  keeper_restart (fixture);
  found = VIREO_OBJ (keeper_by_name (fixture, "a"));
  g_assert_cmpuint (vireo_obj_get_owner (found), ==, VIREO_OWNER_ROOT);
  g_assert_false (vireo_obj_get_autostart (found));
}

static void
test_autostart (KeeperFixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = keeper_define (fixture, "a", UUID_A, NULL);
  g_autofree char *xml = domain_xml ("t", UUID_B, NULL);
  g_autoptr (VireoDomainObj) transient = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (call_set_autostart (fixture->driver, obj, TRUE, NULL));
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (obj)));
  /* A new definition does not change it. */
  keeper_define (fixture, "a", UUID_A, "<title>x</title>");
  keeper_restart (fixture);
  obj = keeper_by_name (fixture, "a");
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (obj)));
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_true (call_set_autostart (fixture->driver, obj, FALSE, NULL));
  keeper_restart (fixture);
  g_assert_false (vireo_obj_get_autostart (VIREO_OBJ (keeper_by_name (fixture, "a"))));

  transient = call_create (fixture->driver, xml, VIREO_DOMAIN_START_NONE, NULL);
  g_assert_false (call_set_autostart (fixture->driver, transient, TRUE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
}

static void
test_replace (KeeperFixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = keeper_define (fixture, "a", UUID_A, NULL);
  g_autofree char *same = domain_xml ("a", NULL, "<title>t</title>");
  g_autofree char *other_uuid = domain_xml ("a", UUID_B, NULL);
  g_autofree char *other_name = domain_xml ("b", UUID_A, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (call_replace (fixture->driver, obj, same, NULL));
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->title, ==, "t");
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->uuid, ==, UUID_A);
  g_assert_false (call_replace (fixture->driver, obj, other_uuid, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (call_replace (fixture->driver, obj, other_name, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->title, ==, "t");
}

/* ---- transient ---- */

static void
test_create (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *xml = domain_xml ("t", UUID_A, NULL);
  g_autofree char *failing
      = domain_xml ("f", UUID_B, METADATA ("<test:fail start='out of luck'/>"));
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainObj) obj
      = call_create (fixture->driver, xml, VIREO_DOMAIN_START_NONE, &error);

  g_assert_no_error (error);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_false (vireo_obj_get_persistent (VIREO_OBJ (obj)));
  g_assert_null (vireo_obj_get_current_job (VIREO_OBJ (obj)));
  g_assert_false (keeper_has_file (fixture, UUID_A ".xml"));
  keeper_assert_define_fails (fixture, "t", UUID_B, VIREO_ERROR_NAME_IN_USE);

  g_assert_null (call_create (fixture->driver, xml, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_assert_null (call_create (fixture->driver, failing, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR);
  g_assert_nonnull (strstr (error->message, "out of luck"));
  g_assert_null (keeper_by_name (fixture, "f"));

  g_assert_true (call_destroy (fixture->driver, obj, NULL));
  g_assert_null (keeper_by_name (fixture, "t"));
  g_assert_null (vireo_obj_get_list (VIREO_OBJ (obj)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  keeper_add_test ("/keeper/define", test_define);
  keeper_add_test ("/keeper/define/keeps-secrets", test_define_keeps_secrets);
  keeper_add_test ("/keeper/define/collisions", test_define_collisions);
  keeper_add_test ("/keeper/define/concurrent", test_define_concurrent);
  keeper_add_test ("/keeper/define/invalid", test_define_invalid);
  keeper_add_test ("/keeper/define/disk-fails", test_define_disk_fails);
  keeper_add_test ("/keeper/undefine", test_undefine);
  keeper_add_test ("/keeper/undefine/while-defined", test_undefine_while_defined);
  keeper_add_test ("/keeper/undefine/active", test_undefine_active);
  keeper_add_test ("/keeper/define/while-stopping", test_define_while_stopping);
  keeper_add_test ("/keeper/rename", test_rename);
  keeper_add_test ("/keeper/sidecar", test_sidecar);
  keeper_add_test ("/keeper/autostart", test_autostart);
  keeper_add_test ("/keeper/replace", test_replace);
  keeper_add_test ("/keeper/create", test_create);
  return g_test_run ();
}
