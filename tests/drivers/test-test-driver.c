/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* test:///default, as the service uses it. */

#include <errno.h>
#include <string.h>
#include <glib-unix.h>
#include <unistd.h>

#include "driver-calls.h"
#include "util/vireo-error.h"

#define METADATA(inner)                                                                            \
  "<metadata xmlns:test='https://vireo.org/xmlns/domain/test/1.0'>" inner "</metadata>"

typedef struct
{
  GPtrArray *drivers;
  VireoConnectionObj *connection;
  VireoDomainDriver *driver;
  VireoDomainDriverInterface *iface;
  VireoNetworkDriver *networks;
  VireoObjList *list;
  GString *log;
} Fixture;

static VireoConnectionObj *
open_uri (VireoDriver *driver, const char *uri, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  vireo_driver_open_async (driver, uri, NULL, wait_result, &waiting);
  wait_until_done (&waiting);
  result = waiting.result;
  return vireo_driver_open_finish (driver, result, error);
}

static VireoDriver *
find_driver (GPtrArray *drivers, const char *id)
{
  for (guint i = 0; i < drivers->len; i++)
    if (g_str_equal (vireo_driver_get_id (drivers->pdata[i]), id))
      return drivers->pdata[i];
  return NULL;
}

static void
setup (Fixture *fixture, gconstpointer data)
{
  static VireoEnv env;
  g_autoptr (GError) error = NULL;

  fixture->drivers = vireo_drivers_new (&env);
  fixture->connection
      = open_uri (find_driver (fixture->drivers, "test"), "test:///default", &error);
  g_assert_no_error (error);
  fixture->driver = vireo_connection_obj_get_domain_driver (fixture->connection);
  fixture->iface = VIREO_DOMAIN_DRIVER_GET_IFACE (fixture->driver);
  fixture->networks = vireo_connection_obj_get_network_driver (fixture->connection);
  fixture->list = fixture->iface->get_domains (fixture->driver);
  fixture->log = log_events (fixture->list);
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->connection);
  g_ptr_array_unref (fixture->drivers);
  g_string_free (fixture->log, TRUE);
}

static VireoDomainObj *
define (Fixture *fixture, const char *name, const char *more)
{
  g_autofree char *xml = domain_xml (name, NULL, more);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainObj) obj = call_define (fixture->driver, xml, 1000, &error);

  g_assert_no_error (error);
  return obj;
}

static void
assert_state (VireoDomainObj *obj, VireoDomainState state, const char *reason)
{
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, state);
  g_assert_cmpstr (vireo_domain_obj_get_state_reason (obj), ==, reason);
}

static void
run_until (gboolean (*done) (gpointer), gpointer data)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!done (data) && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (500);
    }
  g_assert_true (done (data));
}

/* ---- the connection ---- */

static void
test_connection (Fixture *fixture, gconstpointer data)
{
  g_autofree char *id = NULL;
  g_autofree char *driver = NULL;
  g_autofree char *hostname = NULL;
  g_autofree char *xml = NULL;
  Waiting waiting = { NULL };
  g_autoptr (GError) error = NULL;

  g_object_get (fixture->connection, "id", &id, "driver", &driver, "hostname", &hostname, NULL);
  g_assert_cmpstr (id, ==, "test");
  g_assert_cmpstr (driver, ==, "Test");
  g_assert_cmpstr (hostname, ==, g_get_host_name ());
  g_assert_cmpstr (vireo_obj_get_kind (VIREO_OBJ (fixture->connection)), ==, "connect");

  VIREO_CONNECTION_OBJ_GET_CLASS (fixture->connection)
      ->get_capabilities (fixture->connection, wait_task (&waiting));
  wait_until_done (&waiting);
  xml = g_task_propagate_pointer (G_TASK (waiting.result), NULL);
  g_assert_nonnull (strstr (xml, "<domain type='test'/>"));
  g_object_unref (waiting.result);

  g_assert_null (open_uri (find_driver (fixture->drivers, "test"), "test:///no/such/file", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  VireoObj *domain = vireo_obj_list_find_by_name (fixture->list, "test");
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (fixture->networks);
  VireoObj *network
      = vireo_obj_list_find_by_name (iface->get_networks (fixture->networks), "default");
  g_autofree char *bridge = NULL;
  g_autofree char *mode = NULL;
  g_autofree char *state = NULL;
  guint64 memory, max_memory;
  guint vcpus, id;

  g_assert_cmpstr (vireo_obj_get_uuid (domain), ==, "6695eb01-f6a4-8304-79aa-97f2502e193f");
  assert_state (VIREO_DOMAIN_OBJ (domain), VIREO_DOMAIN_STATE_RUNNING, "booted");
  g_assert_true (vireo_obj_get_persistent (domain));
  g_object_get (domain, "memory", &memory, "max-memory", &max_memory, "vcpus", &vcpus, "id", &id,
                NULL);
  g_assert_cmpuint (memory, ==, 2097152);
  g_assert_cmpuint (max_memory, ==, 8388608);
  g_assert_cmpuint (vcpus, ==, 2);
  g_assert_cmpuint (id, ==, 1);

  g_object_get (network, "bridge-name", &bridge, "forward-mode", &mode, "state", &state, NULL);
  g_assert_cmpstr (bridge, ==, "virbr0");
  g_assert_cmpstr (mode, ==, "nat");
  g_assert_cmpstr (state, ==, "active");
}

/* ---- the life of a domain ---- */

static void
test_lifecycle (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (call_start (fixture->driver, obj, VIREO_DOMAIN_START_PAUSED, NULL));
  assert_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");
  g_assert_false (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_assert_true (call_plain (fixture->iface->resume, fixture->driver, obj, NULL));
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "unpaused");
  g_clear_error (&error);
  g_assert_false (call_plain (fixture->iface->resume, fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_assert_true (call_plain (fixture->iface->suspend, fixture->driver, obj, NULL));
  g_assert_true (call_plain (fixture->iface->reset, fixture->driver, obj, NULL));
  g_assert_true (call_plain (fixture->iface->resume, fixture->driver, obj, NULL));
  g_assert_true (call_plain (fixture->iface->reboot, fixture->driver, obj, NULL));
  g_assert_cmpuint (vireo_domain_obj_get_id (obj), ==, 2);
  g_assert_true (call_plain (fixture->iface->shutdown, fixture->driver, obj, NULL));
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "shutdown");
  g_assert_cmpuint (vireo_domain_obj_get_id (obj), ==, 0);
  g_assert_null (vireo_domain_obj_get_live_def (obj));

  g_assert_true (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL));
  g_assert_cmpuint (vireo_domain_obj_get_id (obj), ==, 3);
  g_assert_true (call_destroy (fixture->driver, obj, NULL));
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "destroyed");
  g_clear_error (&error);
  g_assert_false (call_destroy (fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_false (call_plain (fixture->iface->reboot, fixture->driver, obj, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);

  g_assert_cmpstr (fixture->log->str, ==,
                   "a Lifecycle ('defined', 'added');"
                   "a Lifecycle ('started', 'booted');"
                   "a Lifecycle ('suspended', 'paused');"
                   "a Lifecycle ('resumed', 'unpaused');"
                   "a Lifecycle ('suspended', 'paused');"
                   "a Rebooted ();"
                   "a Lifecycle ('resumed', 'unpaused');"
                   "a Rebooted ();"
                   "a Lifecycle ('stopped', 'shutdown');"
                   "a Lifecycle ('started', 'booted');"
                   "a Lifecycle ('stopped', 'destroyed');");
}

static void
test_definitions_apart (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", "<title>one</title>");
  g_autofree char *xml
      = domain_xml ("a", vireo_obj_get_uuid (VIREO_OBJ (obj)), "<title>two</title>");
  g_autoptr (VireoDomainObj) again = NULL;
  g_autofree char *live = NULL;
  g_autofree char *inactive = NULL;
  g_autofree char *title = NULL;

  call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL);
  again = call_define (fixture->driver, xml, 0, NULL);
  g_assert_true (again == obj);
  live = vireo_def_obj_format (VIREO_DEF_OBJ (obj), VIREO_FORMAT_NONE, NULL);
  inactive = vireo_def_obj_format (VIREO_DEF_OBJ (obj), VIREO_FORMAT_INACTIVE, NULL);
  g_assert_nonnull (strstr (live, "<title>one</title>"));
  g_assert_nonnull (strstr (inactive, "<title>two</title>"));
  g_object_get (obj, "title", &title, NULL);
  g_assert_cmpstr (title, ==, "one");
  call_destroy (fixture->driver, obj, NULL);
  g_free (title);
  g_object_get (obj, "title", &title, NULL);
  g_assert_cmpstr (title, ==, "two");
}

static gboolean
is_shut_off (gpointer obj)
{
  return vireo_domain_obj_get_state (obj) == VIREO_DOMAIN_STATE_SHUTOFF;
}

static void
test_shutdown_takes_time (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", METADATA ("<test:delay shutdown='80'/>"));

  call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL);
  g_assert_true (call_plain (fixture->iface->shutdown, fixture->driver, obj, NULL));
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  run_until (is_shut_off, obj);
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "shutdown");

  /* One that is destroyed, and started again, is not stopped by what was asked before. */
  call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL);
  call_plain (fixture->iface->shutdown, fixture->driver, obj, NULL);
  call_destroy (fixture->driver, obj, NULL);
  call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, NULL);
  for (guint i = 0; i < 150; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
}

static void
test_start_fails (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", METADATA ("<test:fail start='no such luck'/>"));
  g_autoptr (GError) error = NULL;

  g_assert_false (call_start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR);
  g_assert_nonnull (strstr (error->message, "no such luck"));
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_null (vireo_domain_obj_get_live_def (obj));
}

/* ---- jobs ---- */

static gboolean
has_progress (gpointer obj)
{
  VireoJob *job = vireo_obj_get_current_job (obj);

  return job != NULL && vireo_job_get_progress (job) > 0;
}

static void
start_slowly (Fixture *fixture, VireoDomainObj *obj, Waiting *waiting, VireoJob **ret_job)
{
  Waiting slot = { NULL };

  vireo_obj_begin_job_async (VIREO_OBJ (obj), "domain-start", VIREO_JOB_CHANGE, 1000, NULL,
                             wait_result, &slot);
  wait_until_done (&slot);
  *ret_job = vireo_obj_begin_job_finish (VIREO_OBJ (obj), slot.result, NULL);
  g_object_unref (slot.result);
  fixture->iface->start (fixture->driver, obj, VIREO_DOMAIN_START_NONE, wait_task (waiting));
  run_until (has_progress, obj);
}

static void
test_job_cancelled (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", METADATA ("<test:delay start='60000'/>"));
  Waiting waiting = { NULL };
  g_autoptr (VireoJob) job = NULL;
  g_autoptr (GError) error = NULL;

  start_slowly (fixture, obj, &waiting, &job);
  g_assert_true (vireo_job_get_cancelable (job));
  g_assert_true (vireo_job_cancel (job, NULL));
  wait_until_done (&waiting);
  g_assert_false (g_task_propagate_boolean (G_TASK (waiting.result), &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_null (vireo_domain_obj_get_live_def (obj));
  vireo_job_end (job, error);
  g_object_unref (waiting.result);
}

/* Destroy goes before what waits, and cancels what is going on. */
static void
test_job_destroy_cancels (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = define (fixture, "a", METADATA ("<test:delay start='60000'/>"));
  Waiting waiting = { NULL }, stop = { NULL };
  g_autoptr (VireoJob) job = NULL;
  g_autoptr (VireoJob) stop_job = NULL;
  g_autoptr (GError) error = NULL;

  start_slowly (fixture, obj, &waiting, &job);
  vireo_obj_begin_job_async (VIREO_OBJ (obj), "domain-destroy", VIREO_JOB_STOP, 0, NULL,
                             wait_result, &stop);
  wait_until_done (&waiting);
  g_assert_false (g_task_propagate_boolean (G_TASK (waiting.result), &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  vireo_job_end (job, error);
  wait_until_done (&stop);
  stop_job = vireo_obj_begin_job_finish (VIREO_OBJ (obj), stop.result, NULL);
  g_assert_nonnull (stop_job);
  vireo_job_end (stop_job, NULL);
  g_object_unref (waiting.result);
  g_object_unref (stop.result);
}

/* ---- console ---- */

static int
open_console (Fixture *fixture,
              VireoDomainObj *obj,
              const char *device,
              gboolean force,
              GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  fixture->iface->open_console (fixture->driver, obj, device, force, wait_task (&waiting));
  wait_until_done (&waiting);
  result = waiting.result;
  return (int) g_task_propagate_int (G_TASK (result), error);
}

/* Reads until @text came, or the end. */
static gboolean
read_until (int fd, const char *text)
{
  g_autoptr (GString) got = g_string_new (NULL);
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  while (g_get_monotonic_time () < end)
    {
      char buffer[256];
      gssize n = read (fd, buffer, sizeof buffer);

      if (n == 0)
        return FALSE;
      if (n > 0)
        g_string_append_len (got, buffer, n);
      if (strstr (got->str, text) != NULL)
        return TRUE;
      g_main_context_iteration (NULL, FALSE);
      g_usleep (500);
    }
  return FALSE;
}

static void
test_console (Fixture *fixture, gconstpointer data)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (vireo_obj_list_find_by_name (fixture->list, "test"));
  VireoDomainObj *bare = define (fixture, "bare", NULL);
  g_autoptr (GError) error = NULL;
  int first = open_console (fixture, obj, "", FALSE, &error), second;

  g_assert_no_error (error);
  g_assert_true (read_until (first, "test login: "));
  g_assert_cmpint (write (first, "root\n", 5), ==, 5);
  g_assert_true (read_until (first, "root\r\ntest login: "));

  g_assert_cmpint (open_console (fixture, obj, "", FALSE, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_cmpint (open_console (fixture, obj, "serial7", TRUE, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  second = open_console (fixture, obj, "serial0", TRUE, &error);
  g_assert_no_error (error);
  g_assert_false (read_until (first, "never"));
  close (first);

  call_destroy (fixture->driver, obj, NULL);
  g_assert_false (read_until (second, "never"));
  close (second);
  g_assert_cmpint (open_console (fixture, obj, "", FALSE, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);

  call_start (fixture->driver, bare, VIREO_DOMAIN_START_NONE, NULL);
  g_assert_cmpint (open_console (fixture, bare, "", FALSE, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND);
}

/* ---- networks ---- */

static GPtrArray *
get_leases (Fixture *fixture, VireoObj *network, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  VIREO_NETWORK_DRIVER_GET_IFACE (fixture->networks)
      ->get_leases (fixture->networks, VIREO_NETWORK_OBJ (network), wait_task (&waiting));
  wait_until_done (&waiting);
  result = waiting.result;
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
call_network (Fixture *fixture,
              VireoObj *network,
              void (*operation) (VireoNetworkDriver *, VireoNetworkObj *, GTask *),
              GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  operation (fixture->networks, VIREO_NETWORK_OBJ (network), wait_task (&waiting));
  wait_until_done (&waiting);
  result = waiting.result;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_leases (Fixture *fixture, gconstpointer data)
{
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (fixture->networks);
  VireoObjList *networks = iface->get_networks (fixture->networks);
  VireoObj *network = vireo_obj_list_find_by_name (networks, "default");
  VireoObj *domain = vireo_obj_list_find_by_name (fixture->list, "test");
  GString *log = log_events (networks);
  g_autoptr (GPtrArray) leases = get_leases (fixture, network, NULL);
  g_autoptr (GPtrArray) again = get_leases (fixture, network, NULL);
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;
  const VireoNetworkLease *lease;

  g_assert_cmpuint (leases->len, ==, 1);
  lease = leases->pdata[0];
  g_assert_cmpstr (lease->mac, ==, "aa:bb:cc:dd:ee:ff");
  g_assert_true (g_str_has_prefix (lease->address, "192.168.122."));
  g_assert_cmpstr (lease->hostname, ==, "test");
  g_assert_cmpuint (lease->prefix, ==, 24);
  g_assert_cmpstr (lease->address, ==, ((VireoNetworkLease *) again->pdata[0])->address);

  call_destroy (fixture->driver, VIREO_DOMAIN_OBJ (domain), NULL);
  g_assert_nonnull (strstr (log->str, "default LeasesChanged ();"));
  none = get_leases (fixture, network, NULL);
  g_assert_cmpuint (none->len, ==, 0);

  g_assert_true (call_network (fixture, network, iface->destroy, NULL));
  g_assert_null (get_leases (fixture, network, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_false (call_network (fixture, network, iface->destroy, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_assert_true (call_network (fixture, network, iface->start, NULL));
  g_assert_nonnull (
      strstr (log->str, "default Lifecycle ('stopped',);default Lifecycle ('started',);"));
  g_assert_true (call_network (fixture, network, iface->destroy, NULL));
  g_assert_true (call_network (fixture, network, iface->undefine, NULL));
  g_assert_cmpuint (vireo_obj_list_get_size (networks), ==, 0);
  g_string_free (log, TRUE);
}

static void
test_network_definitions (Fixture *fixture, gconstpointer data)
{
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (fixture->networks);
  const char *const xml[]
      = { "<network><name>n</name></network>", "<network><name>default</name></network>" };
  g_autoptr (VireoObj) transient = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (xml); i++)
    {
      g_autoptr (VireoNetworkDef) def
          = vireo_network_def_parse (xml[i], -1, VIREO_PARSE_NONE, NULL);
      Waiting waiting = { NULL };
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      iface->create (fixture->networks, def, 1000, wait_task (&waiting));
      wait_until_done (&waiting);
      result = waiting.result;
      if (i == 0)
        transient = g_task_propagate_pointer (G_TASK (result), &error);
      else
        {
          g_assert_null (g_task_propagate_pointer (G_TASK (result), &error));
          g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE);
        }
    }
  g_assert_true (vireo_obj_get_active (transient));
  g_assert_false (vireo_obj_get_persistent (transient));
  g_assert_true (call_network (fixture, transient, iface->destroy, NULL));
  g_assert_null (vireo_obj_get_list (transient));
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
  add ("/test-driver/connection", test_connection);
  add ("/test-driver/defaults", test_defaults);
  add ("/test-driver/lifecycle", test_lifecycle);
  add ("/test-driver/definitions-apart", test_definitions_apart);
  add ("/test-driver/shutdown-takes-time", test_shutdown_takes_time);
  add ("/test-driver/start-fails", test_start_fails);
  add ("/test-driver/job/cancelled", test_job_cancelled);
  add ("/test-driver/job/destroy-cancels", test_job_destroy_cancels);
  add ("/test-driver/console", test_console);
  add ("/test-driver/leases", test_leases);
  add ("/test-driver/network-definitions", test_network_definitions);
  return g_test_run ();
}
