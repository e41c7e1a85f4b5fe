/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qmp-writer.h"

#include <gio/gunixfdmessage.h>

#include "util/vireo-alone.h"

typedef struct
{
  GBytes *bytes;
  gsize sent;
  GUnixFDList *fds;
} Outgoing;

struct _VireoQmpWriter
{
  GSocket *socket;
  GMainContext *context;
  GSource *writable;
  GQueue outgoing;
};

static void
outgoing_free (Outgoing *outgoing)
{
  g_bytes_unref (outgoing->bytes);
  vireo_alone_close_list (&outgoing->fds);
  g_free (outgoing);
}

static void
stop_waiting (VireoQmpWriter *self)
{
  if (self->writable == NULL)
    return;
  g_source_destroy (self->writable);
  g_clear_pointer (&self->writable, g_source_unref);
}

/* Whether @outgoing is sent whole; FALSE without @error: the socket is full. */
static gboolean
send_some (VireoQmpWriter *self, Outgoing *outgoing, GError **error)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (outgoing->bytes, &size);
  GOutputVector vector = { data + outgoing->sent, size - outgoing->sent };
  g_autoptr (GSocketControlMessage) message
      = outgoing->fds != NULL ? g_unix_fd_message_new_with_fd_list (outgoing->fds) : NULL;
  g_autoptr (GError) cause = NULL;
  gssize n = g_socket_send_message (self->socket, NULL, &vector, 1, &message,
                                    message != NULL ? 1 : 0, 0, NULL, &cause);

  if (n >= 0)
    {
      outgoing->sent += (gsize) n;
      vireo_alone_close_list (&outgoing->fds);
      return outgoing->sent == size;
    }
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean on_writable (GSocket *socket, GIOCondition condition, gpointer data);

static void
flush (VireoQmpWriter *self)
{
  g_autoptr (GError) error = NULL;

  while (self->outgoing.head != NULL && send_some (self, self->outgoing.head->data, &error))
    outgoing_free (g_queue_pop_head (&self->outgoing));
  /* What the other side said before it died is still to be read, and reading finds the end itself:
   * nobody has to be told here. */
  if (error != NULL)
    vireo_qmp_writer_stop (self);
  else if (self->outgoing.head == NULL)
    stop_waiting (self);
  else if (self->writable == NULL)
    {
      self->writable = g_socket_create_source (self->socket, G_IO_OUT, NULL);
      g_source_set_callback (self->writable, G_SOURCE_FUNC (on_writable), self, NULL);
      g_source_attach (self->writable, self->context);
    }
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer data)
{
  flush (data);
  return G_SOURCE_CONTINUE;
}

void
vireo_qmp_writer_send (VireoQmpWriter *self, GBytes *message, GUnixFDList *fds)
{
  Outgoing *outgoing = g_new0 (Outgoing, 1);

  outgoing->bytes = g_bytes_ref (message);
  outgoing->fds = fds != NULL ? g_object_ref (fds) : NULL;
  g_queue_push_tail (&self->outgoing, outgoing);
  flush (self);
}

void
vireo_qmp_writer_stop (VireoQmpWriter *self)
{
  stop_waiting (self);
  g_queue_clear_full (&self->outgoing, (GDestroyNotify) outgoing_free);
}

VireoQmpWriter *
vireo_qmp_writer_new (GSocket *socket, GMainContext *context)
{
  VireoQmpWriter *self = g_new0 (VireoQmpWriter, 1);

  self->socket = g_object_ref (socket);
  self->context = g_main_context_ref (context);
  g_queue_init (&self->outgoing);
  return self;
}

void
vireo_qmp_writer_free (VireoQmpWriter *self)
{
  vireo_qmp_writer_stop (self);
  g_object_unref (self->socket);
  g_main_context_unref (self->context);
  g_free (self);
}
