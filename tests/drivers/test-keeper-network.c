/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keeper with networks: another kind of object, without post-parse. */

#include <glib/gstdio.h>

#include "driver-calls.h"
#include "drivers/test/vireo-test-networks.h"
#include "util/vireo-error.h"
#include "util/vireo-store.h"

#define UUID "dddddddd-1111-4111-8111-111111111111"

typedef struct
{
  char *dir;
  VireoNetworkDriver *driver;
  VireoNetworkDriverInterface *iface;
  VireoObjList *list;
  GString *log;
} Fixture;

static void
restart (Fixture *fixture)
{
  g_autoptr (VireoObjList) domains = vireo_obj_list_new ();
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->driver);
  if (fixture->log != NULL)
    g_string_free (fixture->log, TRUE);
  fixture->driver = VIREO_NETWORK_DRIVER (vireo_test_networks_new (fixture->dir, domains));
  fixture->iface = VIREO_NETWORK_DRIVER_GET_IFACE (fixture->driver);
  fixture->list = vireo_keeper_get_list (VIREO_KEEPER (fixture->driver));
  fixture->log = log_events (fixture->list);
  call_load (VIREO_KEEPER (fixture->driver), &error);
  g_assert_no_error (error);
}

static void
setup (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("vireo-keeper-XXXXXX", NULL);
  restart (fixture);
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (fixture->list);
  g_autofree char *folder = g_build_filename (fixture->dir, "networks", NULL);
  static const char *const logs[] = { ".vireo-log-0", ".vireo-log-1", ".vireo-log-reserve" };

  for (guint i = 0; i < objects->len; i++)
    {
      Waiting waiting = { NULL };

      fixture->iface->undefine (fixture->driver, objects->pdata[i], wait_task (&waiting));
      wait_until_done (&waiting);
      g_object_unref (waiting.result);
    }
  g_clear_object (&fixture->driver);
  g_string_free (fixture->log, TRUE);
  /* Undefining all of them leaves nothing behind but an empty log. */
  vireo_stores_settle ();
  for (guint i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      g_autofree char *log = g_build_filename (folder, logs[i], NULL);

      g_remove (log);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
}

static VireoObj *
define (Fixture *fixture, const char *xml, GError **error)
{
  g_autoptr (VireoNetworkDef) def = vireo_network_def_parse (xml, -1, VIREO_PARSE_NONE, NULL);
  g_autoptr (VireoObj) obj = NULL;
  Waiting waiting = { NULL };

  fixture->iface->define (fixture->driver, def, 42, wait_task (&waiting));
  wait_until_done (&waiting);
  obj = g_task_propagate_pointer (G_TASK (waiting.result), error);
  g_object_unref (waiting.result);
  return obj;
}

static gboolean
set_autostart (Fixture *fixture, VireoObj *obj, gboolean autostart)
{
  Waiting waiting = { NULL };
  gboolean done;

  fixture->iface->set_autostart (fixture->driver, VIREO_NETWORK_OBJ (obj), autostart,
                                 wait_task (&waiting));
  wait_until_done (&waiting);
  done = g_task_propagate_boolean (G_TASK (waiting.result), NULL);
  g_object_unref (waiting.result);
  return done;
}

static void
test_definitions (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VireoObj *obj = define (fixture,
                          "<network><name>n</name><uuid>" UUID "</uuid>"
                          "<forward mode='route'/><bridge name='vbr7'/>"
                          "<ip address='192.0.2.1' netmask='255.255.255.0'/></network>",
                          &error);
  g_autofree char *mode = NULL;
  g_autofree char *bridge = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (fixture->log->str, ==, "n Lifecycle ('defined',);");
  g_assert_true (set_autostart (fixture, obj, TRUE));
  g_assert_null (define (fixture, "<network><name>n</name></network>", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE);

  restart (fixture);
  obj = vireo_obj_list_find_by_uuid (fixture->list, UUID);
  g_object_get (obj, "forward-mode", &mode, "bridge-name", &bridge, NULL);
  g_assert_cmpstr (mode, ==, "route");
  g_assert_cmpstr (bridge, ==, "vbr7");
  g_assert_true (vireo_obj_get_autostart (obj));
  g_assert_cmpuint (vireo_obj_get_owner (obj), ==, 42);
}

static void
test_unparsable (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->dir, "networks", "odd.xml", NULL);
  g_autoptr (VireoNetworkDef) def = vireo_network_def_parse (
      "<network><name>mended</name></network>", -1, VIREO_PARSE_NONE, NULL);
  g_autofree char *state = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *text = NULL;
  Waiting start = { NULL }, replace = { NULL };
  g_autoptr (GError) error = NULL;
  VireoObj *obj;

  g_assert_true (g_file_set_contents (path, "<network><name>odd", -1, NULL));
  restart (fixture);
  obj = vireo_obj_list_find_by_name (fixture->list, "odd");
  g_object_get (obj, "state", &state, "state-reason", &reason, NULL);
  g_assert_cmpstr (state, ==, "unparsable");
  g_assert_cmpstr (reason, !=, "");
  text = vireo_def_obj_format (VIREO_DEF_OBJ (obj), VIREO_FORMAT_NONE, NULL);
  g_assert_cmpstr (text, ==, "<network><name>odd");

  fixture->iface->start (fixture->driver, VIREO_NETWORK_OBJ (obj), wait_task (&start));
  wait_until_done (&start);
  g_assert_false (g_task_propagate_boolean (G_TASK (start.result), &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE);
  g_object_unref (start.result);

  /* Without a UUID of its own it stays the same object, under the name that it now has. */
  fixture->iface->replace (fixture->driver, VIREO_NETWORK_OBJ (obj), def, wait_task (&replace));
  wait_until_done (&replace);
  g_assert_true (g_task_propagate_boolean (G_TASK (replace.result), NULL));
  g_object_unref (replace.result);
  g_assert_true (vireo_obj_list_find_by_name (fixture->list, "mended") == obj);
  vireo_stores_settle ();
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_pointer (&state, g_free);
  g_clear_pointer (&reason, g_free);
  g_object_get (obj, "state", &state, "state-reason", &reason, NULL);
  g_assert_cmpstr (state, ==, "inactive");
  g_assert_cmpstr (reason, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/keeper-network/definitions", Fixture, NULL, setup, test_definitions, teardown);
  g_test_add ("/keeper-network/unparsable", Fixture, NULL, setup, test_unparsable, teardown);
  return g_test_run ();
}
