/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp-peer.h"

static void
execute (QmpPeer *peer, const char *command, guint timeout_ms, QmpResult *result)
{
  vireo_qmp_execute_async (peer->qmp, command, NULL, NULL, timeout_ms, NULL, qmp_result_executed,
                           result);
}

static void
test_greeting (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();

  g_assert_false (vireo_qmp_is_open (peer->qmp));
  g_assert_cmpuint (vireo_qmp_get_version (peer->qmp), ==, 0);
  qmp_peer_open (peer);
  g_assert_true (vireo_qmp_is_open (peer->qmp));
  g_assert_cmpuint (vireo_qmp_get_version (peer->qmp), ==, 7002022);
  g_assert_cmpstr (vireo_qmp_get_package (peer->qmp), ==, "Debian");
}

static void
test_greeting_timeout (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) opened = { 0 };

  vireo_qmp_open_async (peer->qmp, 30, NULL, qmp_result_opened, &opened);
  qmp_peer_run_until (&opened.done);
  g_assert_error (opened.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE);
  g_assert_cmpuint (peer->n_closed, ==, 1);
}

static void
test_open_cancelled (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (QmpResult) opened = { 0 };

  vireo_qmp_open_async (peer->qmp, 5000, cancellable, qmp_result_opened, &opened);
  g_cancellable_cancel (cancellable);
  qmp_peer_run_until (&opened.done);
  g_assert_error (opened.error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
}

static void
test_execute (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) result = { 0 };
  g_autofree char *line = NULL;
  JsonObject *arguments = json_object_new ();

  qmp_peer_open (peer);
  json_object_set_string_member (arguments, "name", "a \"b\"\n\001c");
  vireo_qmp_execute_async (peer->qmp, "x-say", arguments, NULL, 0, NULL, qmp_result_executed,
                           &result);
  line = qmp_peer_receive (peer, NULL);
  g_assert_cmpstr (line, ==,
                   "{\"execute\":\"x-say\",\"arguments\":{\"name\":\"a \\\"b\\\"\\n\\u0001c\"},"
                   "\"id\":2}");
  qmp_peer_send (peer, "{\"return\": [1, 2], \"id\": 2}\r\n");
  qmp_peer_run_until (&result.done);
  g_assert_no_error (result.error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (result.node)), ==, 2);
}

static void
test_refused (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) result = { 0 };

  qmp_peer_open (peer);
  execute (peer, "device_del", 0, &result);
  qmp_peer_send (peer, "{\"id\": 2, \"error\": {\"class\": \"DeviceNotFound\", \"desc\": "
                       "\"Device 'x' not found\"}}\r\n");
  qmp_peer_run_until (&result.done);
  g_assert_error (result.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR);
  g_assert_cmpstr (result.error->message, ==,
                   "QEMU refused device_del: DeviceNotFound: Device 'x' not found");
  g_assert_true (vireo_qmp_error_is (result.error, "DeviceNotFound"));
  g_assert_false (vireo_qmp_error_is (result.error, "Device"));
  g_assert_false (vireo_qmp_error_is (result.error, "GenericError"));
  g_assert_true (vireo_qmp_is_open (peer->qmp));
}

static void
test_pipeline (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  QmpResult results[50] = { { 0 } };

  qmp_peer_open (peer);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    execute (peer, "query-status", 0, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autofree char *line = qmp_peer_receive (peer, NULL);
      g_autofree char *expected
          = g_strdup_printf ("{\"execute\":\"query-status\",\"id\":%u}", i + 2);
      g_autofree char *reply = g_strdup_printf ("{\"return\": %u, \"id\": %u}\n", i, i + 2);

      g_assert_cmpstr (line, ==, expected);
      qmp_peer_send (peer, reply);
    }
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      qmp_peer_run_until (&results[i].done);
      g_assert_cmpint (json_node_get_int (results[i].node), ==, i);
      qmp_result_clear (&results[i]);
    }
}

/* Messages come in any pieces, and several at once. */
static void
test_split_and_merged (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) first = { 0 };
  g_auto (QmpResult) second = { 0 };
  const char *text = "{\"event\": \"A\", \"data\": {\"x\": \"}\\\"\\\\{\"}}\r\n\r\n\n"
                     "{\"return\": {}, \"id\": 2}\r\n{\"event\": \"B\"}\n"
                     "{\"return\": \"\\u00e4\", \"id\": 3}\n";

  qmp_peer_open (peer);
  execute (peer, "a", 0, &first);
  execute (peer, "b", 0, &second);
  for (gsize i = 0; i < strlen (text); i++)
    {
      qmp_peer_send_bytes (peer, text + i, 1);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  qmp_peer_run_until (&second.done);
  g_assert_true (first.done);
  g_assert_cmpstr (json_node_get_string (second.node), ==, "ä");
  g_assert_cmpstr (peer->events->str, ==, "A;B;");
  qmp_peer_send (peer, "{\"event\": \"C\"}\r\n{\"event\": \"D\"}\r\n{\"event\": \"E\"}\r\n");
  qmp_peer_run_ms (20);
  g_assert_cmpstr (peer->events->str, ==, "A;B;C;D;E;");
}

/* What a thread parses keeps its place between what came before and after. */
static void
test_large_in_order (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) result = { 0 };
  g_autofree char *blob = g_strnfill (4 * 1024 * 1024, 'x');
  g_autofree char *text = g_strdup_printf ("{\"event\": \"BEFORE\"}\n"
                                           "{\"event\": \"LARGE\", \"data\": {\"x\": \"%s\"}}\n"
                                           "{\"event\": \"AFTER\"}\n{\"return\": {}, \"id\": 2}\n",
                                           blob);

  qmp_peer_open (peer);
  execute (peer, "a", 0, &result);
  qmp_peer_send (peer, text);
  qmp_peer_run_until (&result.done);
  g_assert_no_error (result.error);
  g_assert_cmpstr (peer->events->str, ==, "BEFORE;LARGE;AFTER;");
}

static void
test_too_large (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) result = { 0 };
  g_autofree char *blob = g_strnfill (VIREO_QMP_MAX_MESSAGE + 1, 'x');

  qmp_peer_open (peer);
  execute (peer, "a", 0, &result);
  qmp_peer_send (peer, blob);
  qmp_peer_run_until (&result.done);
  g_assert_error (result.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  g_assert_nonnull (strstr (result.error->message, "longer than"));
}

static char *
nest (guint depth)
{
  g_autofree char *open = g_strnfill (depth - 2, '[');
  g_autofree char *close = g_strnfill (depth - 2, ']');

  return g_strdup_printf ("{\"event\": \"DEEP\", \"data\": {\"x\": %s%s}}\n", open, close);
}

static void
test_depth (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_autofree char *fits = nest (VIREO_QMP_MAX_DEPTH);
  g_autofree char *deep = nest (VIREO_QMP_MAX_DEPTH + 1);
  g_autofree char *abyss = nest (1000000);

  qmp_peer_open (peer);
  qmp_peer_send (peer, fits);
  qmp_peer_run_ms (20);
  g_assert_cmpstr (peer->events->str, ==, "DEEP;");
  qmp_peer_send (peer, deep);
  qmp_peer_run_ms (20);
  g_assert_cmpstr (peer->events->str, ==, "DEEP;");
  g_assert_nonnull (strstr (peer->closed->message, "nested deeper"));
  qmp_peer_free (g_steal_pointer (&peer));

  peer = qmp_peer_new ();
  qmp_peer_open (peer);
  qmp_peer_send (peer, abyss);
  qmp_peer_run_ms (50);
  g_assert_nonnull (peer->closed);
}

/* Each breaks the protocol: the connection ends, who waits is told, nothing else happens. */
static const char *const garbage[] = {
  "not json\n",
  "\377\376\n",
  "[]\n",
  "1\n",
  "\"x\"\n",
  "null\n",
  "{}\n",
  "{\"event\": 1}\n",
  "{\"event\": null}\n",
  "{\"event\": {\"a\": 1}}\n",
  "{\"event\": \"0123456789012345678901234567890123456789012345678901234567890123456789\"}\n",
  "{\"return\": {}}\n",
  "{\"return\": {}, \"id\": \"2\"}\n",
  "{\"return\": {}, \"id\": 2.5}\n",
  "{\"return\": {}, \"id\": -1}\n",
  "{\"return\": {}, \"id\": 1}\n",
  "{\"return\": {}, \"id\": 99999999999999999999999}\n",
  "{\"error\": {\"class\": \"GenericError\", \"desc\": \"Invalid JSON syntax\"}}\n",
  "{\"return\": {}, \"id\": 2\n",
  "{\"return\": {}, \"id\": 2}}\n}\n",
  "}{\n",
  "{\"a\":\"\\ud800\"}\n",
  QMP_PEER_GREETING,
};

static void
test_garbage (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (garbage); i++)
    {
      g_autoptr (QmpPeer) peer = qmp_peer_new ();
      g_auto (QmpResult) result = { 0 };

      qmp_peer_open (peer);
      execute (peer, "a", 0, &result);
      qmp_peer_send (peer, garbage[i]);
      qmp_peer_run_until (&result.done);
      g_assert_error (result.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
      g_assert_cmpuint (peer->n_closed, ==, 1);
      g_assert_nonnull (peer->closed);
      g_assert_false (vireo_qmp_is_open (peer->qmp));
      g_assert_cmpstr (peer->events->str, ==, "");
    }
}

/* QEMU finishes what a client that went away had asked for, and tells the next one: events and
 * replies come before the greeting, before the negotiation and at any time after. */
static void
test_replies_of_others (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) opened = { 0 };
  g_auto (QmpResult) result = { 0 };
  g_autofree char *negotiation = NULL;
  g_autofree char *command = NULL;

  vireo_qmp_set_first_id (peer->qmp, 100);
  vireo_qmp_open_async (peer->qmp, 5000, NULL, qmp_result_opened, &opened);
  qmp_peer_send (peer, "{\"event\": \"RESUME\"}\n{\"return\": {}, \"id\": 4}\n" QMP_PEER_GREETING
                       "{\"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}, \"id\": 5}\n");
  negotiation = qmp_peer_receive (peer, NULL);
  g_assert_cmpstr (negotiation, ==, "{\"execute\":\"qmp_capabilities\",\"id\":100}");
  qmp_peer_send (peer, "{\"return\": {}, \"id\": 100}\n");
  qmp_peer_run_until (&opened.done);
  g_assert_no_error (opened.error);
  g_assert_cmpstr (peer->events->str, ==, "RESUME;");

  execute (peer, "query-status", 0, &result);
  command = qmp_peer_receive (peer, NULL);
  g_assert_cmpstr (command, ==, "{\"execute\":\"query-status\",\"id\":101}");
  qmp_peer_send (peer, "{\"return\": \"other\", \"id\": 99}\n{\"return\": \"other\", \"id\": 102}\n"
                       "{\"return\": \"mine\", \"id\": 101}\n");
  qmp_peer_run_until (&result.done);
  g_assert_no_error (result.error);
  g_assert_cmpstr (json_node_get_string (result.node), ==, "mine");
  g_assert_true (vireo_qmp_is_open (peer->qmp));
}

static char *
first_command (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new_unnumbered ();
  g_auto (QmpResult) opened = { 0 };
  char *line;

  vireo_qmp_open_async (peer->qmp, 5000, NULL, qmp_result_opened, &opened);
  qmp_peer_send (peer, QMP_PEER_GREETING);
  line = qmp_peer_receive (peer, NULL);
  vireo_qmp_close (peer->qmp);
  qmp_peer_run_until (&opened.done);
  return line;
}

/* No two connections number their commands alike. */
static void
test_numbers_differ (void)
{
  g_autofree char *one = first_command ();
  g_autofree char *another = first_command ();

  g_assert_true (g_str_has_prefix (one, "{\"execute\":\"qmp_capabilities\",\"id\":"));
  g_assert_cmpstr (one, !=, another);
}

static void
test_nul_bytes (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();

  qmp_peer_open (peer);
  qmp_peer_send_bytes (peer, "{\"event\": \"A\0B\"}\n", 18);
  qmp_peer_run_ms (20);
  g_assert_nonnull (peer->closed);
}

static const char *const bad_greetings[] = {
  "{}\n",
  "{\"QMP\": {}}\n",
  "{\"QMP\": []}\n",
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2}}}}\n",
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, \"major\": \"7\"}}}}\n",
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, \"major\": 123456789}}}}\n",
  "{\"return\": {}}\n",
  "{\"event\": 1}\n",
};

static void
test_bad_greetings (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_greetings); i++)
    {
      g_autoptr (QmpPeer) peer = qmp_peer_new ();
      g_auto (QmpResult) opened = { 0 };

      vireo_qmp_open_async (peer->qmp, 5000, NULL, qmp_result_opened, &opened);
      qmp_peer_send (peer, bad_greetings[i]);
      qmp_peer_run_until (&opened.done);
      g_assert_error (opened.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
    }
}

/* Random bytes never crash it, whatever becomes of the connection. */
static void
test_noise (void)
{
  static const char alphabet[] = "{}[]\",:\\\n0e-.tfnull\"event\"\"return\"\"id\"\303";

  for (guint round = 0; round < 300; round++)
    {
      g_autoptr (QmpPeer) peer = qmp_peer_new ();
      char noise[512];

      for (gsize i = 0; i < sizeof noise; i++)
        noise[i] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
      qmp_peer_open (peer);
      qmp_peer_send_bytes (peer, noise, sizeof noise);
      close (peer->fd);
      peer->fd = -1;
      while (peer->n_closed == 0)
        g_main_context_iteration (NULL, TRUE);
    }
}

/* The reply that comes too late is dropped, and the connection goes on. */
static void
test_timeout (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) late = { 0 };
  g_auto (QmpResult) next = { 0 };

  qmp_peer_open (peer);
  execute (peer, "slow", 30, &late);
  qmp_peer_run_until (&late.done);
  g_assert_error (late.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE);
  g_assert_cmpstr (late.error->message, ==, "QEMU does not answer slow");
  execute (peer, "next", 0, &next);
  qmp_peer_send (peer, "{\"return\": \"late\", \"id\": 2}\n{\"return\": \"next\", \"id\": 3}\n");
  qmp_peer_run_until (&next.done);
  g_assert_cmpstr (json_node_get_string (next.node), ==, "next");
  g_assert_true (vireo_qmp_is_open (peer->qmp));
}

static void
test_cancelled (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (QmpResult) result = { 0 };
  g_auto (QmpResult) again = { 0 };

  qmp_peer_open (peer);
  vireo_qmp_execute_async (peer->qmp, "slow", NULL, NULL, 0, cancellable, qmp_result_executed,
                           &result);
  g_cancellable_cancel (cancellable);
  qmp_peer_run_until (&result.done);
  g_assert_error (result.error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  vireo_qmp_execute_async (peer->qmp, "never-sent", NULL, NULL, 0, cancellable,
                           qmp_result_executed, &again);
  qmp_peer_run_until (&again.done);
  g_assert_error (again.error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  qmp_peer_send (peer, "{\"return\": {}, \"id\": 2}\n{\"event\": \"ALIVE\"}\n");
  qmp_peer_run_ms (20);
  g_assert_cmpstr (peer->events->str, ==, "ALIVE;");
}

/* A QEMU that never answers cannot make us remember ever more. */
static void
test_too_many_pending (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  QmpResult *results = g_new0 (QmpResult, 1025);

  qmp_peer_open (peer);
  for (guint i = 0; i < 1025; i++)
    execute (peer, "a", 0, &results[i]);
  qmp_peer_run_until (&results[1024].done);
  g_assert_error (results[1024].error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE);
  g_assert_false (results[0].done);
  vireo_qmp_close (peer->qmp);
  for (guint i = 0; i < 1025; i++)
    {
      qmp_peer_run_until (&results[i].done);
      qmp_result_clear (&results[i]);
    }
  g_free (results);
}

static void
test_disconnected (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) first = { 0 };
  g_auto (QmpResult) second = { 0 };
  g_auto (QmpResult) after = { 0 };

  qmp_peer_open (peer);
  execute (peer, "a", 0, &first);
  execute (peer, "b", VIREO_QMP_TIMEOUT_NEVER, &second);
  /* What was said before the end is heard. */
  qmp_peer_send (peer, "{\"event\": \"SHUTDOWN\"}\n{\"return\": {}, \"id\": 2}\n");
  close (peer->fd);
  peer->fd = -1;
  qmp_peer_run_until (&second.done);
  g_assert_true (first.done);
  g_assert_no_error (first.error);
  g_assert_error (second.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  g_assert_cmpstr (peer->events->str, ==, "SHUTDOWN;");
  g_assert_cmpuint (peer->n_closed, ==, 1);
  execute (peer, "c", 0, &after);
  qmp_peer_run_until (&after.done);
  g_assert_error (after.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
}

static void
test_closed_by_us (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) result = { 0 };

  qmp_peer_open (peer);
  execute (peer, "a", 0, &result);
  vireo_qmp_close (peer->qmp);
  vireo_qmp_close (peer->qmp);
  qmp_peer_run_until (&result.done);
  g_assert_error (result.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  g_assert_cmpuint (peer->n_closed, ==, 1);
  g_assert_no_error (peer->closed);
}

static void
close_on_event (VireoQmp *qmp, const char *name, JsonObject *data, gint64 timestamp,
                gpointer user_data)
{
  g_assert_cmpstr (json_object_get_string_member (data, "reason"), ==, "host");
  g_assert_cmpint (timestamp, ==, 5000007);
  vireo_qmp_close (qmp);
}

static void
test_close_inside_event (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();

  qmp_peer_open (peer);
  g_signal_connect (peer->qmp, "event::SHUTDOWN", G_CALLBACK (close_on_event), NULL);
  qmp_peer_send (peer, "{\"timestamp\": {\"seconds\": 5, \"microseconds\": 7}, \"event\": "
                       "\"SHUTDOWN\", \"data\": {\"reason\": \"host\"}}\n{\"event\": \"NEVER\"}\n");
  qmp_peer_run_ms (20);
  g_assert_cmpstr (peer->events->str, ==, "SHUTDOWN;");
  g_assert_cmpuint (peer->n_closed, ==, 1);
}

static void
test_fds (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto (QmpResult) result = { 0 };
  g_autofree char *line = NULL;
  int null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  guint n_fds = 0;

  g_unix_fd_list_append (fds, null_fd, NULL);
  close (null_fd);
  qmp_peer_open (peer);
  vireo_qmp_execute_async (peer->qmp, "add-fd", NULL, fds, 0, NULL, qmp_result_executed, &result);
  line = qmp_peer_receive (peer, &n_fds);
  g_assert_cmpuint (n_fds, ==, 1);
  qmp_peer_send (peer, "{\"return\": {}, \"id\": 2}\n");
  qmp_peer_run_until (&result.done);
}

/* More than the socket takes: the rest follows when the other side reads. */
static void
test_long_command (void)
{
  g_autoptr (QmpPeer) peer = qmp_peer_new ();
  g_auto (QmpResult) result = { 0 };
  g_autofree char *blob = g_strnfill (3 * 1024 * 1024, 'y');
  g_autofree char *line = NULL;
  JsonObject *arguments = json_object_new ();

  qmp_peer_open (peer);
  json_object_set_string_member (arguments, "x", blob);
  vireo_qmp_execute_async (peer->qmp, "a", arguments, NULL, 0, NULL, qmp_result_executed, &result);
  line = qmp_peer_receive (peer, NULL);
  g_assert_cmpuint (strlen (line), >, strlen (blob));
  qmp_peer_send (peer, "{\"return\": {}, \"id\": 2}\n");
  qmp_peer_run_until (&result.done);
  g_assert_no_error (result.error);
}

static GSubprocess *
spawn_qemu (const char *binary, VireoQmp **ret_qmp)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  GSubprocess *process;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_subprocess_launcher_take_fd (launcher, fds[1], 3);
  process = g_subprocess_launcher_spawn (launcher, &error, binary, "-nodefaults", "-no-user-config",
                                         "-display", "none", "-machine", "none", "-chardev",
                                         "socket,id=m,fd=3", "-mon", "chardev=m,mode=control",
                                         NULL);
  g_assert_no_error (error);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  *ret_qmp = vireo_qmp_new (socket);
  return process;
}

static void
test_real_qemu (void)
{
  g_autofree char *binary = g_find_program_in_path ("qemu-system-x86_64");
  g_autoptr (VireoQmp) qmp = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto (QmpResult) opened = { 0 };
  QmpResult results[5] = { { 0 } };
  JsonObject *arguments = json_object_new ();

  if (binary == NULL)
    {
      g_test_skip ("qemu-system-x86_64 is not installed");
      return;
    }
  process = spawn_qemu (binary, &qmp);
  vireo_qmp_open_async (qmp, 20000, NULL, qmp_result_opened, &opened);
  qmp_peer_run_until (&opened.done);
  g_assert_no_error (opened.error);
  g_assert_cmpuint (vireo_qmp_get_version (qmp), >=, 7000000);

  g_unix_fd_list_append (fds, 0, NULL);
  json_object_set_int_member (arguments, "fdset-id", 1);
  vireo_qmp_execute_async (qmp, "query-qmp-schema", NULL, NULL, 0, NULL, qmp_result_executed,
                           &results[0]);
  vireo_qmp_execute_async (qmp, "add-fd", json_object_ref (arguments), fds, 0, NULL,
                           qmp_result_executed, &results[1]);
  vireo_qmp_execute_async (qmp, "add-fd", arguments, fds, 0, NULL, qmp_result_executed,
                           &results[2]);
  vireo_qmp_execute_async (qmp, "x-no-such", NULL, NULL, 0, NULL, qmp_result_executed,
                           &results[3]);
  vireo_qmp_execute_async (qmp, "quit", NULL, NULL, 0, NULL, qmp_result_executed, &results[4]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      qmp_peer_run_until (&results[i].done);
      if (i != 3)
        g_assert_no_error (results[i].error);
    }
  g_assert_cmpuint (json_array_get_length (json_node_get_array (results[0].node)), >, 100);
  g_assert_true (vireo_qmp_error_is (results[3].error, "CommandNotFound"));
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    qmp_result_clear (&results[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qmp/greeting", test_greeting);
  g_test_add_func ("/qmp/greeting-timeout", test_greeting_timeout);
  g_test_add_func ("/qmp/open-cancelled", test_open_cancelled);
  g_test_add_func ("/qmp/bad-greetings", test_bad_greetings);
  g_test_add_func ("/qmp/execute", test_execute);
  g_test_add_func ("/qmp/refused", test_refused);
  g_test_add_func ("/qmp/pipeline", test_pipeline);
  g_test_add_func ("/qmp/split-and-merged", test_split_and_merged);
  g_test_add_func ("/qmp/large-in-order", test_large_in_order);
  g_test_add_func ("/qmp/too-large", test_too_large);
  g_test_add_func ("/qmp/depth", test_depth);
  g_test_add_func ("/qmp/garbage", test_garbage);
  g_test_add_func ("/qmp/replies-of-others", test_replies_of_others);
  g_test_add_func ("/qmp/numbers-differ", test_numbers_differ);
  g_test_add_func ("/qmp/nul-bytes", test_nul_bytes);
  g_test_add_func ("/qmp/noise", test_noise);
  g_test_add_func ("/qmp/timeout", test_timeout);
  g_test_add_func ("/qmp/cancelled", test_cancelled);
  g_test_add_func ("/qmp/too-many-pending", test_too_many_pending);
  g_test_add_func ("/qmp/disconnected", test_disconnected);
  g_test_add_func ("/qmp/closed-by-us", test_closed_by_us);
  g_test_add_func ("/qmp/close-inside-event", test_close_inside_event);
  g_test_add_func ("/qmp/fds", test_fds);
  g_test_add_func ("/qmp/long-command", test_long_command);
  g_test_add_func ("/qmp/real-qemu", test_real_qemu);
  return g_test_run ();
}
