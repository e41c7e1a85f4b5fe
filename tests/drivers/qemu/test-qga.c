/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client of guests' agents, and agents that are not as they should be. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/qemu/vireo-qga.h"

/* What an agent does with a line that it read; FALSE: it goes. */
typedef gboolean (*Behave) (int fd, const char *line);

typedef struct
{
  int fd;
  Behave behave;
} Peer;

/* One connection: an agent of one's own on the other end. */
static gpointer
peer_thread (gpointer data)
{
  g_autofree Peer *peer = data;
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean stays = TRUE;
  char buffer[4096];
  ssize_t n;

  while (stays && (n = read (peer->fd, buffer, sizeof buffer)) > 0)
    {
      char *end;

      g_string_append_len (text, buffer, n);
      while (stays && (end = strchr (text->str, '\n')) != NULL)
        {
          *end = '\0';
          stays = peer->behave (peer->fd, text->str);
          g_string_erase (text, 0, end - text->str + 1);
        }
    }
  close (peer->fd);
  return NULL;
}

typedef struct
{
  VireoQga *qga;
  Behave behave;
  guint connections;
  GPtrArray *threads;
} Fixture;

static GSocket *
connect_peer (gpointer data, GError **error)
{
  Fixture *fixture = data;
  Peer *peer = g_new0 (Peer, 1);
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  peer->fd = fds[1];
  peer->behave = fixture->behave;
  fixture->connections++;
  g_ptr_array_add (fixture->threads, g_thread_new ("peer", peer_thread, peer));
  return g_socket_new_from_fd (fds[0], error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->threads = g_ptr_array_new ();
  fixture->qga = vireo_qga_new (connect_peer, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  vireo_qga_close (fixture->qga);
  g_object_add_weak_pointer (G_OBJECT (fixture->qga), (gpointer *) &fixture->qga);
  g_object_unref (fixture->qga);
  /* What was under way when it was closed ends in a later turn of the loop. */
  while (fixture->qga != NULL)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < fixture->threads->len; i++)
    g_thread_join (fixture->threads->pdata[i]);
  g_ptr_array_unref (fixture->threads);
}

static void
say (int fd, const char *text)
{
  (void) send (fd, text, strlen (text), MSG_NOSIGNAL);
}

static gboolean
answer_sync (int fd, const char *line)
{
  const char *id = strstr (line, "\"id\":");
  g_autofree char *reply = NULL;

  if (strstr (line, "guest-sync-delimited") == NULL)
    return FALSE;
  reply = g_strdup_printf ("\xff{\"return\": %d}\n", atoi (id + 5));
  say (fd, reply);
  return TRUE;
}

/* ---- calls ---- */

typedef struct
{
  gboolean done;
  JsonNode *reply;
  GError *error;
} Outcome;

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->reply = vireo_qga_execute_finish (VIREO_QGA (source), result, &outcome->error);
  outcome->done = TRUE;
}

static void
await (Outcome *outcome)
{
  while (!outcome->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->reply, json_node_unref);
  g_clear_error (&outcome->error);
}

static void
run (Fixture *fixture, Behave behave, int timeout, VireoQgaFlags flags, Outcome *outcome)
{
  fixture->behave = behave;
  vireo_qga_execute_async (fixture->qga, "guest-do", NULL, timeout, flags, NULL, on_done, outcome);
  await (outcome);
}

static void
assert_fails (Fixture *fixture, Behave behave, VireoQgaFlags flags, VireoError code)
{
  Outcome outcome = { 0 };

  run (fixture, behave, 30, flags, &outcome);
  g_assert_error (outcome.error, VIREO_ERROR, (int) code);
  outcome_clear (&outcome);
}

/* ---- agents ---- */

/* Late replies, an echo of what a shell would write, and half of something. */
static gboolean
chatty (int fd, const char *line)
{
  if (strstr (line, "guest-sync-delimited") != NULL)
    {
      say (fd, "{\"return\": \"old\"}\nlogin: {\"error\": {}}\n");
      say (fd, "\xff{\"return\": 0}\n{\"ret\xff{\n{\"r");
      return answer_sync (fd, line);
    }
  say (fd, "{\"return\": {\"is\": 7}}\n");
  return TRUE;
}

static gboolean
ignorant (int fd, const char *line)
{
  if (!answer_sync (fd, line))
    say (fd, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}\n");
  return TRUE;
}

static gboolean
frozen (int fd, const char *line)
{
  if (!answer_sync (fd, line))
    say (fd, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"it is frozen\"}}\n");
  return TRUE;
}

static gboolean
silent (int fd, const char *line)
{
  return TRUE;
}

static gboolean
leaving (int fd, const char *line)
{
  return answer_sync (fd, line);
}

static gboolean
slow (int fd, const char *line)
{
  answer_sync (fd, line);
  return TRUE;
}

static gboolean
garbled (int fd, const char *line)
{
  if (!answer_sync (fd, line))
    say (fd, "{\"return\": \n");
  return TRUE;
}

static gboolean
binary (int fd, const char *line)
{
  if (!answer_sync (fd, line))
    say (fd, "{\"return\": \"\xc0\xaf\"}\n");
  return TRUE;
}

/* Until nobody takes any more. */
static gboolean
flood (int fd, const char *line)
{
  static const char junk[4096] = { 'x' };

  while (send (fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
    ;
  return FALSE;
}

static gboolean
flood_of_lines (int fd, const char *line)
{
  g_autofree char *junk = g_strnfill (4096, 'x');

  junk[4095] = '\n';
  while (send (fd, junk, 4096, MSG_NOSIGNAL) > 0)
    ;
  return FALSE;
}

static gboolean
talkative (int fd, const char *line)
{
  g_autofree char *long_one = g_strnfill (3 * 1024 * 1024, 'y');

  if (answer_sync (fd, line))
    return TRUE;
  say (fd, "{\"return\": \"");
  for (gsize sent = 0; sent < strlen (long_one);)
    {
      ssize_t n = send (fd, long_one + sent, strlen (long_one) - sent, MSG_NOSIGNAL);

      if (n <= 0)
        return FALSE;
      sent += (gsize) n;
    }
  say (fd, "\"}\n");
  return TRUE;
}

/* ---- the tests ---- */

static void
test_stale (Fixture *fixture, gconstpointer data)
{
  for (int i = 0; i < 3; i++)
    {
      Outcome outcome = { 0 };

      run (fixture, chatty, 30, VIREO_QGA_NONE, &outcome);
      g_assert_no_error (outcome.error);
      g_assert_cmpint (
          vireo_json_get_int (json_node_get_object (outcome.reply), "is", 0), ==, 7);
      outcome_clear (&outcome);
    }
  g_assert_cmpuint (fixture->connections, ==, 1);
}

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  assert_fails (fixture, ignorant, VIREO_QGA_NONE, VIREO_ERROR_NOT_SUPPORTED);
  assert_fails (fixture, ignorant, VIREO_QGA_RAW, VIREO_ERROR_HYPERVISOR);
  assert_fails (fixture, ignorant, VIREO_QGA_NO_REPLY, VIREO_ERROR_NOT_SUPPORTED);
}

static void
test_frozen (Fixture *fixture, gconstpointer data)
{
  assert_fails (fixture, frozen, VIREO_QGA_NONE, VIREO_ERROR_INVALID_STATE);
}

static void
test_nonsense (Fixture *fixture, gconstpointer data)
{
  assert_fails (fixture, garbled, VIREO_QGA_NONE, VIREO_ERROR_HYPERVISOR);
  assert_fails (fixture, binary, VIREO_QGA_NONE, VIREO_ERROR_HYPERVISOR);
  assert_fails (fixture, flood, VIREO_QGA_NONE, VIREO_ERROR_LIMIT_EXCEEDED);
  assert_fails (fixture, flood_of_lines, VIREO_QGA_NO_REPLY, VIREO_ERROR_LIMIT_EXCEEDED);
  /* Each has cost its connection, and nothing else. */
  g_assert_cmpuint (fixture->connections, ==, 4);
}

static void
test_long_reply (Fixture *fixture, gconstpointer data)
{
  Outcome outcome = { 0 };

  run (fixture, talkative, 30, VIREO_QGA_NONE, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (strlen (json_node_get_string (outcome.reply)), ==, 3 * 1024 * 1024);
  outcome_clear (&outcome);
}

static void
test_silent (Fixture *fixture, gconstpointer data)
{
  Outcome outcomes[3] = { 0 };

  fixture->behave = silent;
  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    vireo_qga_execute_async (fixture->qga, "guest-do", NULL, i == 0 ? 0 : VIREO_QGA_TIMEOUT_NEVER,
                             VIREO_QGA_NONE, NULL, on_done, &outcomes[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      await (&outcomes[i]);
      g_assert_error (outcomes[i].error, VIREO_ERROR, VIREO_ERROR_TIMED_OUT);
      outcome_clear (&outcomes[i]);
    }
}

static void
test_gone (Fixture *fixture, gconstpointer data)
{
  Outcome outcome = { 0 };

  assert_fails (fixture, leaving, VIREO_QGA_NONE, VIREO_ERROR_HYPERVISOR_DIED);
  /* Who is told to end, ends. */
  run (fixture, leaving, 30, VIREO_QGA_NO_REPLY, &outcome);
  g_assert_no_error (outcome.error);
  outcome_clear (&outcome);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome first = { 0 }, second = { 0 }, third = { 0 };

  fixture->behave = slow;
  vireo_qga_execute_async (fixture->qga, "guest-do", NULL, VIREO_QGA_TIMEOUT_NEVER,
                           VIREO_QGA_NONE, cancellable, on_done, &first);
  vireo_qga_execute_async (fixture->qga, "guest-do", NULL, VIREO_QGA_TIMEOUT_NEVER,
                           VIREO_QGA_NONE, cancellable, on_done, &second);
  fixture->behave = chatty;
  vireo_qga_execute_async (fixture->qga, "guest-do", NULL, 30, VIREO_QGA_NONE, NULL, on_done,
                           &third);
  g_cancellable_cancel (cancellable);
  await (&first);
  await (&second);
  await (&third);
  g_assert_error (first.error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_assert_error (second.error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_assert_no_error (third.error);
  outcome_clear (&first);
  outcome_clear (&second);
  outcome_clear (&third);
}

static void
test_closed (Fixture *fixture, gconstpointer data)
{
  Outcome waiting = { 0 }, late = { 0 };

  fixture->behave = silent;
  vireo_qga_execute_async (fixture->qga, "guest-do", NULL, VIREO_QGA_TIMEOUT_NEVER,
                           VIREO_QGA_NONE, NULL, on_done, &waiting);
  vireo_qga_close (fixture->qga);
  await (&waiting);
  g_assert_error (waiting.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  outcome_clear (&waiting);
  run (fixture, silent, 30, VIREO_QGA_NONE, &late);
  g_assert_error (late.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  outcome_clear (&late);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/qga/stale", test_stale },         { "/qga/refusals", test_refusals },
    { "/qga/frozen", test_frozen },       { "/qga/nonsense", test_nonsense },
    { "/qga/long-reply", test_long_reply }, { "/qga/silent", test_silent },
    { "/qga/gone", test_gone },           { "/qga/cancelled", test_cancelled },
    { "/qga/closed", test_closed },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
