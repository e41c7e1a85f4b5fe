/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qga.h"

#include <string.h>

#include "vireo-qmp-message.h"
#include "vireo-qmp-writer.h"

/* What begins a reply of guest-sync-delimited, and has the agent forget what it read of a line. It
 * is in no UTF-8 text. */
#define DELIMITER '\xff'

/* One turn of the main loop reads at most this much, and a reply larger than WORKER_SIZE is parsed
 * by a thread. MAX_REPLY is one line, MAX_RECEIVED all that comes while a command is done. */
#define READ_SIZE 16384
#define WORKER_SIZE 65536
#define MAX_REPLY (4u * 1024 * 1024)
#define MAX_RECEIVED (4 * MAX_REPLY)
#define MAX_DEPTH 64u
#define MAX_QUEUE 64
#define MAX_TEXT 4096u

#define SYNC_MS 5000u
#define REPLY_MS 60000u
/* For a refusal of what has no reply. */
#define REFUSAL_MS 3000u

typedef enum
{
  PHASE_IDLE,
  PHASE_SYNC,
  PHASE_REPLY,
  PHASE_PARSE,
} Phase;

typedef struct
{
  VireoQga *qga; /* not owned: it owns this */
  char *name;
  JsonObject *arguments;
  int timeout;
  VireoQgaFlags flags;
  GTask *task;
  GSource *cancelled;
} Command;

struct _VireoQga
{
  GObject parent_instance;

  VireoQgaConnectFunc connect;
  gpointer connect_data;
  gboolean closed;

  GSocket *socket; /* NULL: not connected */
  VireoQmpReader *reader;
  VireoQmpWriter *writer;
  GSource *readable;

  GQueue commands; /* the first is the one that is done */
  Phase phase;
  gint64 sync_id;
  gsize received;
  GSource *timeout;
};

G_DEFINE_FINAL_TYPE (VireoQga, vireo_qga, G_TYPE_OBJECT)

static void begin (VireoQga *self);

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
attach (GSource *source, GSourceFunc func, gpointer data)
{
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
disconnect (VireoQga *self)
{
  clear_source (&self->readable);
  g_clear_pointer (&self->writer, vireo_qmp_writer_free);
  g_clear_pointer (&self->reader, vireo_qmp_reader_free);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
}

static void
command_free (Command *command)
{
  clear_source (&command->cancelled);
  g_clear_pointer (&command->arguments, json_object_unref);
  g_free (command->name);
  g_object_unref (command->task);
  g_free (command);
}

/* ---- how a command ends ---- */

/* Takes a command out of the queue, for its task to be returned. */
static GTask *
take_out (VireoQga *self, Command *command)
{
  GTask *task = g_object_ref (command->task);

  if (g_queue_peek_head (&self->commands) == command)
    {
      clear_source (&self->timeout);
      clear_source (&self->readable);
      self->phase = PHASE_IDLE;
    }
  g_queue_remove (&self->commands, command);
  command_free (command);
  return task;
}

/* @reply, @error: (transfer full): one of them. */
static void
end (VireoQga *self, JsonNode *reply, GError *error)
{
  g_autoptr (GTask) task = take_out (self, g_queue_peek_head (&self->commands));

  begin (self);
  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static void
end_all (VireoQga *self, const GError *error)
{
  Command *command;

  disconnect (self);
  while ((command = g_queue_peek_head (&self->commands)) != NULL)
    {
      g_autoptr (GTask) task = take_out (self, command);

      g_task_return_error (task, g_error_copy (error));
    }
}

static gboolean
awaits_no_reply (VireoQga *self)
{
  Command *command = g_queue_peek_head (&self->commands);

  return self->phase == PHASE_REPLY && (command->flags & VIREO_QGA_NO_REPLY) != 0;
}

/* Nothing more comes. */
static void
fail (VireoQga *self, VireoError code, const char *what)
{
  gboolean is_done = awaits_no_reply (self);

  disconnect (self);
  if (is_done)
    end (self, json_node_new (JSON_NODE_NULL), NULL);
  else
    end (self, NULL, g_error_new_literal (VIREO_ERROR, code, what));
}

static gboolean
on_timeout (gpointer data)
{
  g_autoptr (VireoQga) self = g_object_ref (VIREO_QGA (data));
  g_autoptr (GError) error = NULL;

  if (self->phase != PHASE_SYNC)
    {
      fail (self, VIREO_ERROR_TIMED_OUT, "the agent in the guest has not done it in time");
      return G_SOURCE_REMOVE;
    }
  /* Who waits behind this one would learn the same, only later. */
  error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_TIMED_OUT,
                               "the agent in the guest does not answer");
  end_all (self, error);
  return G_SOURCE_REMOVE;
}

static void
set_timeout (VireoQga *self, int seconds, guint usual_ms)
{
  clear_source (&self->timeout);
  if (seconds == VIREO_QGA_TIMEOUT_NEVER)
    return;
  self->timeout = seconds < 0 ? g_timeout_source_new (usual_ms)
                              : g_timeout_source_new ((guint) MIN (seconds, 1000000) * 1000);
  attach (self->timeout, on_timeout, self);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Command *command = data;
  g_autoptr (VireoQga) self = g_object_ref (command->qga);
  gboolean current = g_queue_peek_head (&self->commands) == command;
  g_autoptr (GTask) task = NULL;

  /* Half a line may be on its way. */
  if (current)
    disconnect (self);
  task = take_out (self, command);
  if (current)
    begin (self);
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED,
                           "waiting for the agent in the guest was cancelled");
  return G_SOURCE_REMOVE;
}

/* ---- what comes ---- */

static GError *
refusal (const Command *command, JsonObject *message)
{
  JsonObject *error = vireo_json_get_object (message, "error");
  const char *class = vireo_json_get_string (error, "class", MAX_TEXT);
  const char *text = vireo_json_get_string (error, "desc", MAX_TEXT);
  gboolean unknown = g_strcmp0 (class, "CommandNotFound") == 0
                     || g_strcmp0 (class, "CommandDisabled") == 0;
  VireoError code = VIREO_ERROR_HYPERVISOR;

  /* While file systems are frozen it knows hardly any command, and says so in words only. */
  if (unknown && (command->flags & VIREO_QGA_RAW) == 0)
    code = text != NULL && strstr (text, "frozen") != NULL ? VIREO_ERROR_INVALID_STATE
                                                           : VIREO_ERROR_NOT_SUPPORTED;
  return g_error_new (VIREO_ERROR, code,
                      "the agent in the guest refused %s: %s: %s", command->name,
                      class != NULL ? class : "GenericError", text != NULL ? text : "no reason");
}

static void
handle_reply (VireoQga *self, JsonObject *message)
{
  Command *command = g_queue_peek_head (&self->commands);

  if (json_object_has_member (message, "return"))
    end (self, json_object_dup_member (message, "return"), NULL);
  else
    end (self, NULL, refusal (command, message));
}

static void
send_line (VireoQga *self, const char *name, JsonObject *arguments, gboolean delimited)
{
  g_autoptr (JsonObject) message = json_object_new ();
  g_autofree char *text = NULL;
  g_autoptr (GBytes) bytes = NULL;
  char *line;

  json_object_set_string_member (message, "execute", name);
  if (arguments != NULL)
    json_object_set_object_member (message, "arguments", json_object_ref (arguments));
  text = vireo_json_object_to_text (message);
  line = g_strconcat (delimited ? "\xff" : "", text, "\n", NULL);
  bytes = g_bytes_new_take (line, strlen (line));
  vireo_qmp_writer_send (self->writer, bytes, NULL);
}

static void
handle_sync (VireoQga *self, const char *text, gsize length)
{
  const char *delimiter = memrchr (text, DELIMITER, length);
  Command *command = g_queue_peek_head (&self->commands);
  g_autoptr (JsonObject) message = NULL;

  /* Replies to what was given up before, and whatever a guest likes to write. */
  if (delimiter == NULL || length > WORKER_SIZE)
    return;
  delimiter++;
  message = vireo_json_parse_object (delimiter, length - (gsize) (delimiter - text), MAX_DEPTH,
                                     NULL);
  if (vireo_json_get_int (message, "return", -1) != self->sync_id)
    return;
  self->phase = PHASE_REPLY;
  send_line (self, command->name, command->arguments, FALSE);
  if ((command->flags & VIREO_QGA_NO_REPLY) != 0)
    set_timeout (self, VIREO_QGA_TIMEOUT_USUAL, REFUSAL_MS);
  else
    set_timeout (self, command->timeout, REPLY_MS);
}

static void
parse_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  gsize length = 0;
  const char *text = g_bytes_get_data (data, &length);
  JsonObject *message = vireo_json_parse_object (text, length, MAX_DEPTH, &error);

  if (message == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, message, (GDestroyNotify) json_object_unref);
}

static void
parsed (VireoQga *self, JsonObject *message, const GError *error)
{
  g_autofree char *what = NULL;

  if (message != NULL)
    {
      handle_reply (self, message);
      return;
    }
  what = g_strdup_printf ("what the agent in the guest says is %s", error->message);
  self->phase = PHASE_PARSE;
  fail (self, VIREO_ERROR_HYPERVISOR, what);
}

static void
on_parsed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoQga *self = VIREO_QGA (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) message = g_task_propagate_pointer (G_TASK (result), &error);

  /* It may have been given up meanwhile. */
  if (self->phase == PHASE_PARSE && self->sync_id == (gint64) GPOINTER_TO_SIZE (user_data))
    parsed (self, message, error);
}

static void
handle_line (VireoQga *self, GBytes *line)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (line, &length);
  g_autoptr (JsonObject) message = NULL;
  g_autoptr (GError) error = NULL;

  if (self->phase == PHASE_SYNC)
    handle_sync (self, text, length);
  else if (length <= WORKER_SIZE)
    {
      message = vireo_json_parse_object (text, length, MAX_DEPTH, &error);
      parsed (self, message, error);
    }
  else
    {
      g_autoptr (GTask) task
          = g_task_new (self, NULL, on_parsed, GSIZE_TO_POINTER ((gsize) self->sync_id));

      clear_source (&self->readable);
      self->phase = PHASE_PARSE;
      g_task_set_task_data (task, g_bytes_ref (line), (GDestroyNotify) g_bytes_unref);
      g_task_run_in_thread (task, parse_thread);
    }
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  g_autoptr (VireoQga) self = g_object_ref (VIREO_QGA (data));
  g_autoptr (GError) error = NULL;
  char buffer[READ_SIZE];
  gssize n = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);

  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      fail (self, VIREO_ERROR_HYPERVISOR_DIED, "the channel to the agent in the guest was closed");
      return G_SOURCE_CONTINUE;
    }
  self->received += (gsize) n;
  if (self->received > MAX_RECEIVED
      || !vireo_qmp_reader_push (self->reader, buffer, (gsize) n, NULL))
    {
      self->phase = PHASE_PARSE;
      fail (self, VIREO_ERROR_LIMIT_EXCEEDED, "the agent in the guest says more than is taken");
      return G_SOURCE_CONTINUE;
    }
  while (self->phase == PHASE_SYNC || self->phase == PHASE_REPLY)
    {
      g_autoptr (GBytes) line
          = self->reader != NULL ? vireo_qmp_reader_next (self->reader) : NULL;

      if (line == NULL)
        break;
      handle_line (self, line);
    }
  return G_SOURCE_CONTINUE;
}

/* ---- what goes ---- */

static gboolean
ensure_connected (VireoQga *self, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (self->socket != NULL)
    return TRUE;
  self->socket = self->connect (self->connect_data, error);
  if (self->socket == NULL)
    return FALSE;
  g_socket_set_blocking (self->socket, FALSE);
  self->reader = vireo_qmp_reader_new (MAX_REPLY);
  self->writer = vireo_qmp_writer_new (self->socket, context);
  return TRUE;
}

/* What came too late, or too much. */
static void
drop_lines (VireoQga *self)
{
  GBytes *line;

  while ((line = vireo_qmp_reader_next (self->reader)) != NULL)
    g_bytes_unref (line);
}

/* The first that waits. */
static void
begin (VireoQga *self)
{
  Command *command = g_queue_peek_head (&self->commands);
  g_autoptr (JsonObject) arguments = NULL;
  GError *error = NULL;

  if (command == NULL || self->closed || self->phase != PHASE_IDLE)
    return;
  if (!ensure_connected (self, &error))
    {
      end (self, NULL, error);
      return;
    }
  drop_lines (self);
  self->phase = PHASE_SYNC;
  self->sync_id = g_random_int_range (1, G_MAXINT32);
  self->received = 0;
  self->readable = g_socket_create_source (self->socket, G_IO_IN, NULL);
  attach (self->readable, G_SOURCE_FUNC (on_readable), self);
  set_timeout (self, command->timeout, SYNC_MS);
  arguments = json_object_new ();
  json_object_set_int_member (arguments, "id", self->sync_id);
  send_line (self, "guest-sync-delimited", arguments, TRUE);
}

void
vireo_qga_execute_async (VireoQga *self, const char *name, JsonObject *arguments, int timeout,
                         VireoQgaFlags flags, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (JsonObject) taken = arguments;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Command *command;

  g_task_set_source_tag (task, vireo_qga_execute_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->closed || g_queue_get_length (&self->commands) >= MAX_QUEUE)
    {
      g_task_return_new_error (task, VIREO_ERROR,
                               self->closed ? VIREO_ERROR_HYPERVISOR_DIED : VIREO_ERROR_BUSY,
                               self->closed ? "the agent in the guest is gone"
                                            : "too much is waiting for the agent in the guest");
      return;
    }
  command = g_new0 (Command, 1);
  command->qga = self;
  command->name = g_strdup (name);
  command->arguments = g_steal_pointer (&taken);
  command->timeout = timeout;
  command->flags = flags;
  command->task = g_steal_pointer (&task);
  if (cancellable != NULL)
    {
      command->cancelled = g_cancellable_source_new (cancellable);
      attach (command->cancelled, G_SOURCE_FUNC (on_cancelled), command);
    }
  g_queue_push_tail (&self->commands, command);
  begin (self);
}

JsonNode *
vireo_qga_execute_finish (VireoQga *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
vireo_qga_close (VireoQga *self)
{
  g_autoptr (VireoQga) kept = g_object_ref (self);
  g_autoptr (GError) error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                                                  "the agent in the guest went away");

  self->closed = TRUE;
  if (awaits_no_reply (self))
    end (self, json_node_new (JSON_NODE_NULL), NULL);
  end_all (self, error);
}

static void
vireo_qga_finalize (GObject *object)
{
  VireoQga *self = VIREO_QGA (object);

  /* A command holds the client: there is none. */
  disconnect (self);
  clear_source (&self->timeout);
  G_OBJECT_CLASS (vireo_qga_parent_class)->finalize (object);
}

static void
vireo_qga_class_init (VireoQgaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_qga_finalize;
}

static void
vireo_qga_init (VireoQga *self)
{
  g_queue_init (&self->commands);
}

VireoQga *
vireo_qga_new (VireoQgaConnectFunc connect, gpointer user_data)
{
  VireoQga *self = g_object_new (VIREO_TYPE_QGA, NULL);

  self->connect = connect;
  self->connect_data = user_data;
  return self;
}
