/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp-peer.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
on_event (VireoQmp *qmp, const char *name, JsonObject *data, gint64 timestamp, gpointer user_data)
{
  QmpPeer *peer = user_data;

  g_string_append_printf (peer->events, "%s;", name);
}

static void
on_closed (VireoQmp *qmp, const GError *error, gpointer user_data)
{
  QmpPeer *peer = user_data;

  peer->n_closed++;
  if (error != NULL && peer->closed == NULL)
    peer->closed = g_error_copy (error);
}

QmpPeer *
qmp_peer_new (void)
{
  QmpPeer *peer = qmp_peer_new_unnumbered ();

  vireo_qmp_set_first_id (peer->qmp, 1);
  return peer;
}

QmpPeer *
qmp_peer_new_unnumbered (void)
{
  QmpPeer *peer = g_new0 (QmpPeer, 1);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  peer->fd = fds[1];
  peer->qmp = vireo_qmp_new (socket);
  peer->received = g_string_new (NULL);
  peer->events = g_string_new (NULL);
  g_signal_connect (peer->qmp, "event", G_CALLBACK (on_event), peer);
  g_signal_connect (peer->qmp, "closed", G_CALLBACK (on_closed), peer);
  return peer;
}

void
qmp_peer_free (QmpPeer *peer)
{
  g_signal_handlers_disconnect_by_data (peer->qmp, peer);
  g_object_unref (peer->qmp);
  if (peer->fd >= 0)
    close (peer->fd);
  g_string_free (peer->received, TRUE);
  g_string_free (peer->events, TRUE);
  g_clear_error (&peer->closed);
  g_free (peer);
}

/* Blocks when the client does not read, so it runs the main loop between the pieces. */
void
qmp_peer_send_bytes (QmpPeer *peer, const void *data, gsize length)
{
  const char *bytes = data;

  for (gsize sent = 0; sent < length;)
    {
      gssize n = send (peer->fd, bytes + sent, length - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n > 0)
        sent += (gsize) n;
      else if (errno == EPIPE || errno == ECONNRESET)
        return;
      else
        g_main_context_iteration (NULL, FALSE);
    }
}

void
qmp_peer_send (QmpPeer *peer, const char *text)
{
  qmp_peer_send_bytes (peer, text, strlen (text));
}

static guint
receive_some (QmpPeer *peer)
{
  char buffer[4096];
  char control[CMSG_SPACE (16 * sizeof (int))];
  struct iovec vector = { buffer, sizeof buffer };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                            .msg_controllen = sizeof control };
  gssize n = recvmsg (peer->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  guint n_fds = 0;

  if (n <= 0)
    return 0;
  g_string_append_len (peer->received, buffer, n);
  for (struct cmsghdr *c = CMSG_FIRSTHDR (&message); c != NULL; c = CMSG_NXTHDR (&message, c))
    {
      guint count = (guint) ((c->cmsg_len - CMSG_LEN (0)) / sizeof (int));
      int fds[16];

      memcpy (fds, CMSG_DATA (c), count * sizeof (int));
      for (guint i = 0; i < count; i++)
        close (fds[i]);
      n_fds += count;
    }
  return n_fds;
}

char *
qmp_peer_receive (QmpPeer *peer, guint *ret_fds)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  guint n_fds = 0;
  const char *end;
  char *line;

  while ((end = strchr (peer->received->str, '\n')) == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
      n_fds += receive_some (peer);
    }
  line = g_strndup (peer->received->str, (gsize) (end - peer->received->str));
  g_string_erase (peer->received, 0, (gssize) strlen (line) + 1);
  if (ret_fds != NULL)
    *ret_fds = n_fds;
  return line;
}

static gboolean
set_flag (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

void
qmp_peer_run_until (const gboolean *flag)
{
  gboolean late = FALSE;
  guint source = g_timeout_add_seconds (10, set_flag, &late);

  while (!*flag && !late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (late);
  g_source_remove (source);
}

void
qmp_peer_run_ms (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, set_flag, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

void
qmp_result_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  QmpResult *self = data;

  g_assert_false (self->done);
  vireo_qmp_open_finish (VIREO_QMP (source), result, &self->error);
  self->done = TRUE;
}

void
qmp_result_executed (GObject *source, GAsyncResult *result, gpointer data)
{
  QmpResult *self = data;

  g_assert_false (self->done);
  self->node = vireo_qmp_execute_finish (VIREO_QMP (source), result, &self->error);
  g_assert_true ((self->node != NULL) != (self->error != NULL));
  self->done = TRUE;
}

void
qmp_result_clear (QmpResult *result)
{
  g_clear_pointer (&result->node, json_node_unref);
  g_clear_error (&result->error);
}

void
qmp_peer_open (QmpPeer *peer)
{
  g_auto (QmpResult) opened = { 0 };
  g_autofree char *line = NULL;

  vireo_qmp_open_async (peer->qmp, 5000, NULL, qmp_result_opened, &opened);
  qmp_peer_send (peer, QMP_PEER_GREETING);
  line = qmp_peer_receive (peer, NULL);
  g_assert_cmpstr (line, ==, "{\"execute\":\"qmp_capabilities\",\"id\":1}");
  qmp_peer_send (peer, "{\"return\": {}, \"id\": 1}\r\n");
  qmp_peer_run_until (&opened.done);
  g_assert_no_error (opened.error);
}
