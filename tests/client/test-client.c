/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client library from C. test_c.py runs each case on a private bus. */
#include <gio/gio.h>
#include <string.h>

#include "vireo.h"

#define DOMAIN_XML(name) \
  "<domain type='test'><name>" name "</name><memory unit='KiB'>8192</memory>" \
  "<os><type>hvm</type></os>" \
  "<devices><console type='pty'/></devices></domain>"

#define AGAIN_XML(title) \
  "<domain type='test'><name>again</name><title>" title "</title>" \
  "<uuid>00000000-0000-4000-8000-000000000099</uuid><memory>8192</memory>" \
  "<os><type>hvm</type></os></domain>"

static VireoClient *
open_client (void)
{
  g_autoptr (GError) error = NULL;
  VireoClient *client = vireo_client_new_for_bus_sync (G_BUS_TYPE_SYSTEM, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (vireo_client_get_available (client));
  return client;
}

static VireoConnection *
open_connection (VireoClient *client)
{
  g_autoptr (GError) error = NULL;
  VireoConnection *connection = vireo_manager_open_connection_sync (
      vireo_client_get_manager (client), "test:///default", NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (vireo_connection_get_driver (connection), ==, "Test");
  return connection;
}

static VireoDomain *
define (VireoConnection *connection, const char *xml)
{
  g_autoptr (GError) error = NULL;
  VireoDomain *domain
      = vireo_connection_define_domain_sync (connection, xml, NULL, NULL, &error);

  g_assert_no_error (error);
  return domain;
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static GAsyncResult *
wait_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static gboolean
give_up (gpointer data)
{
  g_error ("timed out waiting for %s", (const char *) data);
  return G_SOURCE_REMOVE;
}

static void
wait_state (VireoDomain *domain, const char *state)
{
  guint id = g_timeout_add_seconds (20, give_up, (gpointer) state);

  while (g_strcmp0 (vireo_domain_get_state (domain), state) != 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (id);
}

static void
test_values (void)
{
  g_autoptr (VireoClient) client = open_client ();
  g_autoptr (VireoConnection) connection = open_connection (client);
  g_autoptr (VireoDomain) domain = define (connection, DOMAIN_XML ("values"));
  g_auto (GStrv) features = vireo_connection_get_features (connection);
  g_autofree char *xml = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  guint64 memory;
  GVariantDict options;

  g_assert_cmpstr (vireo_domain_get_name (domain), ==, "values");
  g_assert_cmpstr (vireo_domain_get_state (domain), ==, "shutoff");
  g_assert_cmpuint (vireo_domain_get_memory (domain), ==, 8192);
  g_assert_true (vireo_domain_get_persistent (domain));
  g_assert_false (vireo_domain_get_active (domain));
  g_assert_true (g_strv_contains ((const char *const *) features, "Domain.Start"));
  g_assert_cmpstr (vireo_domain_get_current_job (domain), ==, "/");
  g_assert_cmpuint (g_variant_n_children (vireo_domain_get_post_parse_problems (domain)), ==, 0);

  g_object_get (domain, "name", &name, "max-memory", &memory, NULL);
  g_assert_cmpstr (name, ==, "values");
  g_assert_cmpuint (memory, ==, 8192);

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "inactive", "b", TRUE);
  xml = vireo_domain_get_xml_sync (domain, g_variant_dict_end (&options), NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "<name>values</name>"));
}

static void
count_lifecycle (VireoDomain *domain, const char *event, const char *detail, gpointer data)
{
  GString *seen = data;

  g_string_append_printf (seen, "%s:%s ", event, detail);
}

static void
test_async (void)
{
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) defined = NULL;
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (VireoClient) client = NULL;
  g_autoptr (VireoConnection) connection = NULL;
  g_autoptr (VireoDomain) domain = NULL;

  vireo_client_new_for_bus_async (G_BUS_TYPE_SYSTEM, NULL, keep_result, &opened);
  client = vireo_client_new_for_bus_finish (wait_result (&opened), &error);
  g_assert_no_error (error);
  g_assert_true (vireo_client_get_available (client));
  connection = open_connection (client);

  vireo_connection_define_domain_async (connection, DOMAIN_XML ("async"), NULL, NULL, keep_result,
                                        &defined);
  domain = vireo_connection_define_domain_finish (connection, wait_result (&defined), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (vireo_domain_get_name (domain), ==, "async");
  g_assert_true (vireo_client_lookup_object (client, vireo_object_get_path (VIREO_OBJECT (domain)))
                 == VIREO_OBJECT (domain));

  g_signal_connect (domain, "lifecycle", G_CALLBACK (count_lifecycle), seen);
  vireo_domain_start_async (domain, NULL, NULL, keep_result, &started);
  g_assert_true (vireo_domain_start_finish (domain, wait_result (&started), &error));
  g_assert_no_error (error);
  wait_state (domain, "running");
  while (strstr (seen->str, "started:") == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_errors (void)
{
  g_autoptr (VireoClient) client = open_client ();
  g_autoptr (VireoConnection) connection = open_connection (client);
  g_autoptr (VireoDomain) domain = define (connection, DOMAIN_XML ("errors"));
  g_autoptr (GError) error = NULL;
  GVariantDict options;

  g_assert_null (vireo_connection_define_domain_sync (connection, "<domain", NULL, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_XML_MALFORMED);
  g_assert_null (strstr (error->message, "GDBus.Error"));
  g_clear_error (&error);

  g_assert_null (vireo_connection_lookup_domain_by_name_sync (connection, "absent", NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_false (vireo_domain_resume_sync (domain, NULL, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "no-such", "b", TRUE);
  g_assert_false (vireo_domain_start_sync (domain, g_variant_dict_end (&options), NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION);
  g_clear_error (&error);

  g_assert_true (vireo_domain_undefine_sync (domain, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (vireo_domain_start_sync (domain, NULL, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT);
  while (!vireo_object_get_removed (VIREO_OBJECT (domain)))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (vireo_domain_get_name (domain), ==, "errors");
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (VireoClient) client = open_client ();
  g_autoptr (VireoConnection) connection = open_connection (client);
  g_autoptr (VireoDomain) domain = define (connection, DOMAIN_XML ("cancelled"));
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  vireo_domain_start_async (domain, NULL, cancellable, keep_result, &started);
  g_assert_false (vireo_domain_start_finish (domain, wait_result (&started), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  vireo_client_new_for_dbus_connection_async (vireo_client_get_dbus_connection (client),
                                              cancellable, keep_result, &opened);
  g_assert_null (vireo_client_new_for_dbus_connection_finish (wait_result (&opened), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_console (void)
{
  g_autoptr (VireoClient) client = open_client ();
  g_autoptr (VireoConnection) connection = open_connection (client);
  g_autoptr (VireoDomain) domain = define (connection, DOMAIN_XML ("console"));
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[256];

  g_assert_null (vireo_domain_open_console_sync (domain, "", NULL, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_assert_true (vireo_domain_start_sync (domain, NULL, NULL, &error));
  g_assert_no_error (error);
  stream = vireo_domain_open_console_sync (domain, "", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (G_IS_SOCKET_CONNECTION (stream));
  while (strstr (text->str, "Vireo test guest console") == NULL)
    {
      gssize n = g_input_stream_read (g_io_stream_get_input_stream (stream), buffer, sizeof buffer,
                                      NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      g_string_append_len (text, buffer, n);
    }
  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (stream), "abc", 3, NULL,
                                            NULL, &error));
  while (strstr (text->str, "abc") == NULL)
    {
      gssize n = g_input_stream_read (g_io_stream_get_input_stream (stream), buffer, sizeof buffer,
                                      NULL, &error);

      g_assert_cmpint (n, >, 0);
      g_string_append_len (text, buffer, n);
    }
}

static void
test_authorization (void)
{
  g_autoptr (VireoClient) client = open_client ();
  g_autoptr (VireoConnection) connection = open_connection (client);
  g_autoptr (GError) error = NULL;
  VireoAuthorization answer;

  /* The test runs as root, whom polkit allows everything. */
  answer = vireo_object_check_authorization_sync (VIREO_OBJECT (connection), "connect.write", NULL,
                                                  &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer, ==, VIREO_AUTHORIZATION_YES);

  answer = vireo_object_check_authorization_sync (VIREO_OBJECT (connection), "connect.no-such",
                                                  NULL, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (answer, ==, VIREO_AUTHORIZATION_UNKNOWN);
}

static void
test_outlived (void)
{
  VireoClient *client = open_client ();
  g_autoptr (VireoConnection) connection = open_connection (client);
  g_autoptr (VireoDomain) domain = define (connection, DOMAIN_XML ("outlived"));
  g_autoptr (GListModel) domains = vireo_connection_get_domain_model (connection);
  g_autoptr (GListModel) empty = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (domains), ==, 2);
  g_assert_finalize_object (client);
  g_assert_null (vireo_object_dup_client (VIREO_OBJECT (domain)));
  g_assert_cmpstr (vireo_domain_get_name (domain), ==, "outlived");
  g_assert_false (vireo_domain_start_sync (domain, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  empty = vireo_connection_get_domain_model (connection);
  g_assert_cmpuint (g_list_model_get_n_items (empty), ==, 0);
}

/* Also one that was gone before the client. */
static void
test_outlived_removed (void)
{
  VireoClient *client = open_client ();
  VireoConnection *connection = open_connection (client);
  g_autoptr (VireoDomain) domain = define (connection, DOMAIN_XML ("outlived"));
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_domain_undefine_sync (domain, NULL, NULL, &error));
  g_assert_no_error (error);
  while (!vireo_object_get_removed (VIREO_OBJECT (domain)))
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (connection);
  g_assert_finalize_object (client);
  g_assert_null (vireo_object_dup_client (VIREO_OBJECT (domain)));
  g_assert_false (vireo_domain_start_sync (domain, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* What a call returns is current, whatever the signals on their way are about. */
static void
test_returned_is_current (void)
{
  const char *first = AGAIN_XML ("one");
  g_autoptr (VireoClient) client = open_client ();
  g_autoptr (VireoConnection) connection = open_connection (client);
  g_autoptr (VireoDomain) domain = define (connection, first);
  g_autoptr (VireoDomain) redefined = define (connection, AGAIN_XML ("two"));
  g_autoptr (VireoDomain) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (redefined == domain);
  g_assert_cmpstr (vireo_domain_get_title (redefined), ==, "two");

  g_assert_true (vireo_domain_undefine_sync (domain, NULL, NULL, &error));
  again = define (connection, first);
  g_assert_true (again == domain);
  g_assert_cmpstr (vireo_domain_get_title (again), ==, "one");
  /* The signals say now that it went and came. */
  g_assert_true (vireo_domain_start_sync (again, NULL, NULL, &error));
  g_assert_no_error (error);
  wait_state (again, "running");
  g_assert_false (vireo_object_get_removed (VIREO_OBJECT (again)));
  g_assert_true (vireo_client_lookup_object (client, vireo_object_get_path (VIREO_OBJECT (again)))
                 == VIREO_OBJECT (again));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/values", test_values);
  g_test_add_func ("/client/async", test_async);
  g_test_add_func ("/client/errors", test_errors);
  g_test_add_func ("/client/cancelled", test_cancelled);
  g_test_add_func ("/client/console", test_console);
  g_test_add_func ("/client/authorization", test_authorization);
  g_test_add_func ("/client/outlived", test_outlived);
  g_test_add_func ("/client/outlived-removed", test_outlived_removed);
  g_test_add_func ("/client/returned-is-current", test_returned_is_current);
  return g_test_run ();
}
