/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keeping definitions, with the test driver's domains in a folder of their own. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "driver-calls.h"
#include "drivers/test/vireo-test-domains.h"
#include "util/vireo-error.h"

#define UUID_A "aaaaaaaa-1111-4111-8111-111111111111"
#define UUID_B "bbbbbbbb-2222-4222-8222-222222222222"
#define METADATA(inner)                                                                            \
  "<metadata xmlns:test='https://vireo.org/xmlns/domain/test/1.0'>" inner "</metadata>"

typedef struct
{
  char *dir;
  VireoDomainDriver *driver;
  VireoDomainDriverInterface *iface;
  VireoObjList *list;
  GString *log;
} Fixture;

/* What a new daemon finds. */
static void
restart (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->driver);
  if (fixture->log != NULL)
    g_string_free (fixture->log, TRUE);
  fixture->driver = VIREO_DOMAIN_DRIVER (vireo_test_domains_new (fixture->dir));
  fixture->iface = VIREO_DOMAIN_DRIVER_GET_IFACE (fixture->driver);
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

static char *
path_of (Fixture *fixture, const char *file)
{
  return g_build_filename (fixture->dir, "domains", file, NULL);
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_folder (child);
      g_remove (child);
    }
  g_rmdir (path);
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  g_autofree char *domains = path_of (fixture, "");

  g_clear_object (&fixture->driver);
  g_string_free (fixture->log, TRUE);
  g_chmod (domains, 0700);
  remove_folder (fixture->dir);
  g_free (fixture->dir);
}

static VireoDomainObj *
define (Fixture *fixture, const char *name, const char *uuid, const char *more)
{
  g_autofree char *xml = domain_xml (name, uuid, more);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainObj) obj = call_define (fixture->driver, xml, 1000, &error);

  g_assert_no_error (error);
  return obj;
}

static void
assert_define_fails (Fixture *fixture, const char *name, const char *uuid, int code)
{
  g_autofree char *xml = domain_xml (name, uuid, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (call_define (fixture->driver, xml, 1000, &error));
  g_assert_error (error, VIREO_ERROR, code);
}

static char *
read_file (Fixture *fixture, const char *file)
{
  g_autofree char *path = path_of (fixture, file);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static void
write_file (Fixture *fixture, const char *file, const char *text, gssize length)
{
  g_autofree char *path = path_of (fixture, file);

  g_assert_true (g_file_set_contents (path, text, length, NULL));
}

static gboolean
has_file (Fixture *fixture, const char *file)
{
  g_autofree char *path = path_of (fixture, file);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static VireoDomainObj *
by_name (Fixture *fixture, const char *name)
{
  VireoObj *obj = vireo_obj_list_find_by_name (fixture->list, name);

  return obj != NULL ? VIREO_DOMAIN_OBJ (obj) : NULL;
}

static VireoDomainState
state_of (Fixture *fixture, const char *name)
{
  g_assert_nonnull (by_name (fixture, name));
  return vireo_domain_obj_get_state (by_name (fixture, name));
}

/* ---- define ---- */

static void
test_define (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  VireoDomainObj *obj = define (fixture, "a", UUID_A, NULL);
  g_autofree char *path = path_of (fixture, UUID_A ".xml");
  struct stat info;

  g_assert_true (vireo_obj_get_persistent (VIREO_OBJ (obj)));
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_cmpstr (fixture->log->str, ==, "a Lifecycle ('defined', 'added');");
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);

  /* The same again is a change of it, and its maker stays. */
  g_string_truncate (fixture->log, 0);
  g_assert_true (define (fixture, "a", UUID_A, "<title>changed</title>") == obj);
  g_assert_cmpstr (fixture->log->str, ==, "a Lifecycle ('defined', 'updated');");
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 1);
  text = read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (text, "changed"));

  restart (fixture);
  obj = by_name (fixture, "a");
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (obj)), ==, UUID_A);
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->title, ==, "changed");
}

static void
test_define_keeps_secrets (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = NULL;
  VireoDomainObj *obj
      = define (fixture, "a", UUID_A, "<devices><graphics type='vnc' passwd='hunter2'/></devices>");

  text = read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (text, "hunter2"));
  shown = vireo_domain_obj_format (obj, VIREO_FORMAT_NONE, NULL);
  g_assert_null (strstr (shown, "hunter2"));
}

static void
test_define_collisions (Fixture *fixture, gconstpointer data)
{
  define (fixture, "a", UUID_A, NULL);
  assert_define_fails (fixture, "a", UUID_B, VIREO_ERROR_NAME_IN_USE);
  assert_define_fails (fixture, "b", UUID_A, VIREO_ERROR_UUID_IN_USE);
  assert_define_fails (fixture, "a", NULL, VIREO_ERROR_NAME_IN_USE);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 1);
  g_assert_false (has_file (fixture, UUID_B ".xml"));
  g_assert_false (has_file (fixture, UUID_B ".conf"));
}

static void
test_define_concurrent (Fixture *fixture, gconstpointer data)
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
  restart (fixture);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 1);
}

static void
test_define_invalid (Fixture *fixture, gconstpointer data)
{
  g_autofree char *xml = domain_xml ("a", UUID_A, NULL);
  g_autofree char *kvm = g_strdup (xml);
  g_autoptr (GError) error = NULL;

  memcpy (strstr (kvm, "'test'"), "'kvm' ", 6);
  g_assert_null (call_define (fixture->driver, kvm, 0, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 0);
  g_assert_false (has_file (fixture, UUID_A ".xml"));
}

static void
test_define_disk_fails (Fixture *fixture, gconstpointer data)
{
  g_autofree char *xml_a = domain_xml ("a", UUID_A, "<title>new</title>");
  g_autofree char *xml_b = domain_xml ("b", UUID_B, NULL);
  g_autofree char *file = path_of (fixture, UUID_B ".xml");
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
  define (fixture, "b", UUID_B, NULL);
  define (fixture, "a", UUID_A, NULL);

  /* One that is there stays as it was. */
  g_free (file);
  file = path_of (fixture, UUID_A ".xml");
  g_unlink (file);
  g_free (inner);
  inner = g_build_filename (file, "x", NULL);
  g_mkdir_with_parents (inner, 0700);
  g_clear_error (&error);
  g_assert_null (call_define (fixture->driver, xml_a, 0, &error));
  g_assert_nonnull (error);
  g_assert_null (vireo_domain_obj_get_persistent_def (by_name (fixture, "a"))->title);
  g_assert_null (vireo_obj_get_current_job (VIREO_OBJ (by_name (fixture, "a"))));
}

/* ---- undefine, rename, autostart, replace ---- */

static void
test_undefine (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoDomainObj) obj = g_object_ref (define (fixture, "a", UUID_A, NULL));
  g_autoptr (GError) error = NULL;

  g_string_truncate (fixture->log, 0);
  g_assert_true (call_plain (fixture->iface->undefine, fixture->driver, obj, NULL));
  g_assert_cmpstr (fixture->log->str, ==, "a Lifecycle ('undefined', 'removed');");
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 0);
  g_assert_false (has_file (fixture, UUID_A ".xml"));
  g_assert_false (has_file (fixture, UUID_A ".conf"));
  g_assert_false (call_plain (fixture->iface->undefine, fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT);
}

/* One who waits to redefine it while it is undefined gets a new one. */
static void
test_undefine_while_defined (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoDomainObj) obj = g_object_ref (define (fixture, "a", UUID_A, NULL));
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
  fixture->iface->undefine (fixture->driver, obj, wait_task (&undefine));
  fixture->iface->define (fixture->driver, def, 7, wait_task (&defined));
  wait_until_done (&undefine);
  vireo_job_end (job, NULL);
  wait_until_done (&defined);
  again = g_task_propagate_pointer (G_TASK (defined.result), &error);
  g_assert_no_error (error);
  g_assert_true (again != VIREO_OBJ (obj));
  g_assert_true (has_file (fixture, UUID_A ".xml"));
  g_assert_cmpuint (vireo_obj_get_owner (again), ==, 7);
  g_object_unref (slot.result);
  g_object_unref (undefine.result);
  g_object_unref (defined.result);
}

static void
test_undefine_active (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", UUID_A, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL));
  g_assert_true (call_plain (fixture->iface->undefine, fixture->driver, obj, NULL));
  g_assert_true (by_name (fixture, "a") == obj);
  g_assert_false (vireo_obj_get_persistent (VIREO_OBJ (obj)));
  g_assert_false (has_file (fixture, UUID_A ".xml"));
  g_assert_false (call_plain (fixture->iface->undefine, fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);

  /* Defining it makes it persistent again. */
  g_assert_true (define (fixture, "a", UUID_A, NULL) == obj);
  g_assert_true (vireo_obj_get_persistent (VIREO_OBJ (obj)));
  g_assert_true (has_file (fixture, UUID_A ".conf"));
  g_assert_true (call_plain (fixture->iface->undefine, fixture->driver, obj, NULL));
  g_assert_true (call_destroy (fixture->driver, obj, NULL));
  g_assert_null (by_name (fixture, "a"));
}

static void
test_rename (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", UUID_A, NULL);
  static const char *const bad[] = { "", "x/y", "x\ny", "\x01" };
  g_autoptr (GError) error = NULL;

  define (fixture, "b", UUID_B, NULL);
  g_string_truncate (fixture->log, 0);
  g_assert_true (call_rename (fixture->driver, obj, "new <name>", NULL));
  g_assert_cmpstr (fixture->log->str, ==,
                   "a Lifecycle ('undefined', 'renamed');"
                   "new <name> Lifecycle ('defined', 'renamed');");
  g_assert_true (by_name (fixture, "new <name>") == obj);
  g_assert_null (by_name (fixture, "a"));

  g_assert_false (call_rename (fixture->driver, obj, "b", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_clear_error (&error);
      g_assert_false (call_rename (fixture->driver, obj, bad[i], &error));
      g_assert_nonnull (error);
    }
  g_assert_cmpstr (vireo_obj_get_name (VIREO_OBJ (obj)), ==, "new <name>");

  restart (fixture);
  obj = by_name (fixture, "new <name>");
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (obj)), ==, UUID_A);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 2);

  call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL);
  g_clear_error (&error);
  g_assert_false (call_rename (fixture->driver, obj, "c", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
}

static void
test_autostart (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", UUID_A, NULL);
  g_autofree char *xml = domain_xml ("t", UUID_B, NULL);
  g_autoptr (VireoDomainObj) transient = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (call_set_autostart (fixture->driver, obj, TRUE, NULL));
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (obj)));
  /* A new definition does not change it. */
  define (fixture, "a", UUID_A, "<title>x</title>");
  restart (fixture);
  obj = by_name (fixture, "a");
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (obj)));
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_true (call_set_autostart (fixture->driver, obj, FALSE, NULL));
  restart (fixture);
  g_assert_false (vireo_obj_get_autostart (VIREO_OBJ (by_name (fixture, "a"))));

  transient = call_create (fixture->driver, xml, VIREO_DOMAIN_START_NONE, NULL);
  g_assert_false (call_set_autostart (fixture->driver, transient, TRUE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
}

static void
test_replace (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", UUID_A, NULL);
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
test_create (Fixture *fixture, gconstpointer data)
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
  g_assert_false (has_file (fixture, UUID_A ".xml"));
  assert_define_fails (fixture, "t", UUID_B, VIREO_ERROR_NAME_IN_USE);

  g_assert_null (call_create (fixture->driver, xml, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_assert_null (call_create (fixture->driver, failing, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR);
  g_assert_nonnull (strstr (error->message, "out of luck"));
  g_assert_null (by_name (fixture, "f"));

  g_assert_true (call_destroy (fixture->driver, obj, NULL));
  g_assert_null (by_name (fixture, "t"));
  g_assert_null (vireo_obj_get_list (VIREO_OBJ (obj)));
}

/* ---- what is found in the folder ---- */

static void
test_load_odd_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *good = domain_xml ("good", UUID_A, NULL);
  g_autofree char *clash = domain_xml ("clash", UUID_A, NULL);
  g_autofree char *same_name = domain_xml ("good", UUID_B, NULL);
  g_autofree char *no_uuid = domain_xml ("nouuid", NULL, NULL);
  g_autofree char *uuid = NULL;
  const char *message = NULL;

  write_file (fixture, UUID_A ".xml", good, -1);
  write_file (fixture, "a-clash.xml", clash, -1);
  write_file (fixture, "same-name.xml", same_name, -1);
  write_file (fixture, "nouuid.xml", no_uuid, -1);
  write_file (fixture, "broken.xml", "<domain type='test'><name>broken", -1);
  write_file (fixture, "empty.xml", "", -1);
  write_file (fixture, "binary.xml", "\xff\xfe\x00<x", 5);
  write_file (fixture, "good.xml", "<network/>", -1);
  write_file (fixture, "notes.txt", "not ours", -1);
  restart (fixture);

  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 8);
  g_assert_cmpint (state_of (fixture, "good"), ==, VIREO_DOMAIN_STATE_SHUTOFF);
  g_assert_cmpint (state_of (fixture, "nouuid"), ==, VIREO_DOMAIN_STATE_SHUTOFF);
  g_assert_cmpint (state_of (fixture, "a-clash"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (state_of (fixture, "same-name"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (state_of (fixture, "broken"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (state_of (fixture, "empty"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (state_of (fixture, "binary"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpint (state_of (fixture, "good-2"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  g_assert_cmpstr (vireo_domain_obj_get_raw (by_name (fixture, "broken"), &message), ==,
                   "<domain type='test'><name>broken");
  g_assert_cmpstr (message, !=, "");
  g_assert_cmpstr (vireo_domain_obj_get_state_reason (by_name (fixture, "broken")), ==, message);
  g_assert_true (
      g_utf8_validate (vireo_domain_obj_get_raw (by_name (fixture, "binary"), NULL), -1, NULL));

  /* They are the same objects after the next start. */
  uuid = g_strdup (vireo_obj_get_uuid (VIREO_OBJ (by_name (fixture, "broken"))));
  restart (fixture);
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (by_name (fixture, "broken"))), ==, uuid);
  g_assert_true (has_file (fixture, "notes.txt"));
}

static void
test_load_too_large (Fixture *fixture, gconstpointer data)
{
  gsize size = VIREO_DOC_MAX_SIZE + 1;
  g_autofree char *text = g_malloc (size);

  memset (text, ' ', size);
  write_file (fixture, "large.xml", text, (gssize) size);
  restart (fixture);
  g_assert_cmpint (state_of (fixture, "large"), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
}

static void
test_unparsable_is_used (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj;
  g_autoptr (GError) error = NULL;
  g_autofree char *fixed = domain_xml ("fixed", UUID_B, NULL);
  g_autofree char *fixed_a = domain_xml ("fixed-a", UUID_A, NULL);

  write_file (fixture, "broken.xml", "<domain", -1);
  write_file (fixture, "gone.xml", "<domain", -1);
  write_file (fixture, UUID_A ".xml", "<domain", -1);
  write_file (fixture, UUID_A ".conf", "[object]\nowner=5\nautostart=true\n", -1);
  restart (fixture);

  obj = by_name (fixture, "broken");
  g_assert_false (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE);
  g_clear_error (&error);
  g_assert_false (call_rename (fixture->driver, obj, "x", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE);
  g_clear_error (&error);

  /* With another UUID: another object, another file. */
  g_assert_true (call_replace (fixture->driver, obj, fixed, &error));
  g_assert_no_error (error);
  g_assert_null (by_name (fixture, "broken"));
  g_assert_cmpstr (vireo_obj_get_uuid (VIREO_OBJ (by_name (fixture, "fixed"))), ==, UUID_B);
  g_assert_false (has_file (fixture, "broken.xml"));
  g_assert_true (has_file (fixture, UUID_B ".xml"));

  /* With its own: the same object. */
  obj = by_name (fixture, UUID_A);
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (obj)));
  g_assert_true (call_replace (fixture->driver, obj, fixed_a, NULL));
  g_assert_true (by_name (fixture, "fixed-a") == obj);
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, VIREO_DOMAIN_STATE_SHUTOFF);

  g_assert_true (
      call_plain (fixture->iface->undefine, fixture->driver, by_name (fixture, "gone"), NULL));
  g_assert_false (has_file (fixture, "gone.xml"));

  restart (fixture);
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, 2);
  g_assert_true (vireo_obj_get_autostart (VIREO_OBJ (by_name (fixture, "fixed-a"))));
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (by_name (fixture, "fixed-a"))), ==, 5);
}

static void
test_sweep (Fixture *fixture, gconstpointer data)
{
  define (fixture, "a", UUID_A, NULL);
  write_file (fixture, UUID_B ".conf", "[object]\nowner=0\n", -1);
  restart (fixture);
  while (has_file (fixture, UUID_B ".conf"))
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (has_file (fixture, UUID_A ".conf"));
}

/* ---- post-parse ---- */

static char *
missing_xml (Fixture *fixture, char **ret_path)
{
  *ret_path = g_build_filename (fixture->dir, "resource", NULL);
  return g_strdup_printf (METADATA ("<test:missing resource='%s'/>"), *ret_path);
}

static void
wait_for_event (Fixture *fixture, const char *text)
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
find_failed (Fixture *fixture, char **ret_path)
{
  g_autofree char *more = missing_xml (fixture, ret_path);
  g_autofree char *xml = domain_xml ("a", UUID_A, more);

  write_file (fixture, UUID_A ".xml", xml, -1);
  restart (fixture);
  return by_name (fixture, "a");
}

static void
test_post_parse_define (Fixture *fixture, gconstpointer data)
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
test_post_parse_load (Fixture *fixture, gconstpointer data)
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
  g_assert_true (has_file (fixture, UUID_A ".xml"));

  g_string_truncate (fixture->log, 0);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_true (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL));
  g_assert_nonnull (strstr (fixture->log->str, "a PostParseRerun (true,);"));
  g_object_get (obj, "post-parse-failed", &failed, NULL);
  g_assert_false (failed);
  g_assert_cmpstr (vireo_domain_obj_get_live_def (obj)->os->arch, ==, "x86_64");
  stored = read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (stored, "x86_64"));
}

static void
test_post_parse_by_itself (Fixture *fixture, gconstpointer data)
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
  stored = read_file (fixture, UUID_A ".xml");
  g_assert_nonnull (strstr (stored, "x86_64"));
}

/* ---- reload ---- */

static void
test_reload (Fixture *fixture, gconstpointer data)
{
  g_autofree char *changed = domain_xml ("a", UUID_A, "<title>by hand</title>");
  g_autofree char *added = domain_xml ("c", NULL, NULL);
  g_autofree char *path = NULL;
  VireoDomainObj *obj = define (fixture, "a", UUID_A, NULL);
  VireoDomainObj *running = define (fixture, "b", UUID_B, NULL);
  g_autofree char *file_b = path_of (fixture, UUID_B ".xml");

  g_assert_true (call_start (fixture->driver, running, VIREO_DOMAIN_START_NONE, NULL));
  g_string_truncate (fixture->log, 0);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_cmpstr (fixture->log->str, ==, "");

  write_file (fixture, UUID_A ".xml", changed, -1);
  write_file (fixture, "c.xml", added, -1);
  g_unlink (file_b);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_nonnull (strstr (fixture->log->str, "a Lifecycle ('defined', 'updated');"));
  g_assert_nonnull (strstr (fixture->log->str, "c Lifecycle ('defined', 'added');"));
  g_assert_nonnull (strstr (fixture->log->str, "b Lifecycle ('undefined', 'removed');"));
  g_assert_cmpstr (vireo_domain_obj_get_persistent_def (obj)->title, ==, "by hand");
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (obj)), ==, 1000);
  g_assert_true (by_name (fixture, "b") == running);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (running)));
  g_assert_false (vireo_obj_get_persistent (VIREO_OBJ (running)));

  /* Broken by hand, and mended. */
  write_file (fixture, UUID_A ".xml", "<domain", -1);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_true (by_name (fixture, "a") == obj);
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, VIREO_DOMAIN_STATE_UNPARSABLE);
  write_file (fixture, UUID_A ".xml", changed, -1);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, VIREO_DOMAIN_STATE_SHUTOFF);

  g_free (path);
  path = path_of (fixture, UUID_A ".xml");
  g_unlink (path);
  g_assert_true (call_reload (fixture->driver, NULL));
  g_assert_null (by_name (fixture, "a"));
}

/* What is defined while the folder is read is neither lost nor taken for something else. */
static void
test_reload_while_defining (Fixture *fixture, gconstpointer data)
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

      g_assert_cmpint (state_of (fixture, name), ==, VIREO_DOMAIN_STATE_SHUTOFF);
    }
}

static void
test_reload_reruns (Fixture *fixture, gconstpointer data)
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

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, setup, function, teardown);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/keeper/define", test_define);
  add ("/keeper/define/keeps-secrets", test_define_keeps_secrets);
  add ("/keeper/define/collisions", test_define_collisions);
  add ("/keeper/define/concurrent", test_define_concurrent);
  add ("/keeper/define/invalid", test_define_invalid);
  add ("/keeper/define/disk-fails", test_define_disk_fails);
  add ("/keeper/undefine", test_undefine);
  add ("/keeper/undefine/while-defined", test_undefine_while_defined);
  add ("/keeper/undefine/active", test_undefine_active);
  add ("/keeper/rename", test_rename);
  add ("/keeper/autostart", test_autostart);
  add ("/keeper/replace", test_replace);
  add ("/keeper/create", test_create);
  add ("/keeper/load/odd-files", test_load_odd_files);
  add ("/keeper/load/too-large", test_load_too_large);
  add ("/keeper/load/unparsable-is-used", test_unparsable_is_used);
  add ("/keeper/load/sweep", test_sweep);
  add ("/keeper/post-parse/define", test_post_parse_define);
  add ("/keeper/post-parse/load", test_post_parse_load);
  add ("/keeper/post-parse/by-itself", test_post_parse_by_itself);
  add ("/keeper/reload", test_reload);
  add ("/keeper/reload/while-defining", test_reload_while_defining);
  add ("/keeper/reload/reruns", test_reload_reruns);
  return g_test_run ();
}
