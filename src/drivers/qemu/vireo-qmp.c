/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qmp.h"

#include <string.h>

#include "vireo-qmp-message.h"
#include "vireo-qmp-writer.h"

/* Out-of-band execution is not negotiated: with it QEMU reads ahead, and file descriptors that came
 * with a command are lost when those of the next one arrive before it ran. Without it, QEMU reads
 * no further than the command that it runs. */

/* One turn of the main loop reads at most this much, and a message larger than WORKER_SIZE is
 * parsed by a thread: a QEMU that talks too much delays nobody else. */
#define READ_SIZE 16384
#define WORKER_SIZE 65536

/* Commands that may be waiting for a reply, those that timed out included. */
#define MAX_PENDING 1024

#define ERROR_PREFIX "QEMU refused "

typedef enum
{
  STATE_NEW,
  STATE_GREETING,
  STATE_NEGOTIATING,
  STATE_OPEN,
  STATE_CLOSED,
} State;

typedef struct
{
  VireoQmp *qmp; /* not owned: it owns this */
  gint64 id;
  char *command;
  GTask *task; /* NULL when nobody waits any more: the reply is dropped */
  GSource *timeout;
  GSource *cancelled;
} Pending;

struct _VireoQmp
{
  GObject parent;

  State state;
  GSocket *socket;
  GMainContext *context;
  GSource *readable;
  VireoQmpReader *reader;
  VireoQmpWriter *writer;
  GHashTable *pending;
  gint64 first_id;
  gint64 next_id;

  GTask *opening;
  GSource *open_timeout;
  GSource *open_cancelled;

  guint version;
  char *package;
};

enum
{
  SIGNAL_EVENT,
  SIGNAL_CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VireoQmp, vireo_qmp, G_TYPE_OBJECT)

static void start_reading (VireoQmp *self);
static void send_command (VireoQmp *self, Pending *pending, JsonObject *arguments,
                          GUnixFDList *fds);

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
attach_source (VireoQmp *self, GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_callback (source, callback, data, NULL);
  g_source_attach (source, self->context);
  return source;
}

static void
pending_stop_waiting (Pending *pending)
{
  clear_source (&pending->timeout);
  clear_source (&pending->cancelled);
}

static void
pending_free (Pending *pending)
{
  pending_stop_waiting (pending);
  g_clear_object (&pending->task);
  g_free (pending->command);
  g_free (pending);
}

/* Gives the task away: from here on nobody waits. */
static GTask *
pending_steal_task (Pending *pending)
{
  pending_stop_waiting (pending);
  return g_steal_pointer (&pending->task);
}

/* The connection is over. @error: (nullable) (transfer none): NULL when we wanted it so. */
static void
close_with (VireoQmp *self, const GError *error)
{
  g_autoptr (VireoQmp) keep = g_object_ref (self);
  g_autoptr (GError) told = NULL;
  g_autoptr (GTask) opening = g_steal_pointer (&self->opening);
  g_autoptr (GHashTable) pending = NULL;
  GHashTableIter iter;
  gpointer value;

  if (self->state == STATE_CLOSED)
    return;
  self->state = STATE_CLOSED;
  clear_source (&self->readable);
  clear_source (&self->open_timeout);
  clear_source (&self->open_cancelled);
  vireo_qmp_writer_stop (self->writer);
  g_socket_close (self->socket, NULL);

  told = error != NULL ? g_error_copy (error)
                       : g_error_new_literal (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                                              "The connection to QEMU was closed");
  pending = g_steal_pointer (&self->pending);
  self->pending = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_hash_table_iter_init (&iter, pending);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      g_autoptr (GTask) task = pending_steal_task (value);

      if (task != NULL)
        g_task_return_error (task, g_error_copy (told));
    }
  if (opening != NULL)
    g_task_return_error (opening, g_error_copy (told));
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, error);
}

static void
close_broken (VireoQmp *self, const GError *cause)
{
  g_autoptr (GError) error
      = g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                     "QEMU broke the monitor protocol, so the connection was closed: %s",
                     cause->message);

  close_with (self, error);
}

static void
close_broken_literal (VireoQmp *self, const char *what)
{
  g_autoptr (GError) cause = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_HYPERVISOR, what);

  close_broken (self, cause);
}

static void
close_lost (VireoQmp *self, const char *what)
{
  g_autoptr (GError) error
      = g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED, "QEMU's monitor is gone: %s", what);

  close_with (self, error);
}

static Pending *
pending_new (VireoQmp *self, const char *command, GTask *task)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->qmp = self;
  pending->id = self->next_id++;
  pending->command = g_strdup (command);
  pending->task = task;
  g_hash_table_insert (self->pending, &pending->id, pending);
  return pending;
}

/* Whether a reply is to a command that was sent on another connection. QEMU runs what it has begun
 * when its client goes away, and gives the reply to whoever is its client then: to us, when another
 * daemon was killed before. */
static gboolean
is_of_others (VireoQmp *self, gint64 id)
{
  return id >= 0 && (id < self->first_id || id >= self->next_id);
}

static void
handle_greeting (VireoQmp *self, JsonObject *message)
{
  JsonObject *greeting = vireo_json_get_object (message, "QMP");
  JsonObject *version = vireo_json_get_object (greeting, "version");
  JsonObject *qemu = vireo_json_get_object (version, "qemu");
  const char *package = vireo_json_get_string (version, "package", 255);
  gint64 major = vireo_json_get_int (qemu, "major", -1);
  gint64 minor = vireo_json_get_int (qemu, "minor", -1);
  gint64 micro = vireo_json_get_int (qemu, "micro", -1);

  if (major < 0 || major > 999 || minor < 0 || minor > 999 || micro < 0 || micro > 999)
    {
      close_broken_literal (self, "there is no greeting with a version");
      return;
    }
  self->version = (guint) (major * 1000000 + minor * 1000 + micro);
  g_free (self->package);
  self->package = g_strdup (package != NULL ? package : "");
  self->state = STATE_NEGOTIATING;
  send_command (self, pending_new (self, "qmp_capabilities", NULL), NULL, NULL);
}

static gint64
get_timestamp (JsonObject *message)
{
  JsonObject *timestamp = vireo_json_get_object (message, "timestamp");
  gint64 seconds = vireo_json_get_int (timestamp, "seconds", -1);
  gint64 microseconds = vireo_json_get_int (timestamp, "microseconds", -1);

  if (seconds < 0 || seconds > G_MAXINT64 / G_USEC_PER_SEC - 1 || microseconds < 0
      || microseconds >= G_USEC_PER_SEC)
    return 0;
  return seconds * G_USEC_PER_SEC + microseconds;
}

static void
handle_event (VireoQmp *self, JsonObject *message)
{
  const char *name = vireo_json_get_string (message, "event", 63);
  GQuark detail;

  if (name == NULL)
    {
      close_broken_literal (self, "an event has no name");
      return;
    }
  /* A quark lives forever: only those that somebody listens to are there, and no new one is made
   * of what QEMU sends. */
  detail = g_quark_try_string (name);
  g_signal_emit (self, signals[SIGNAL_EVENT], detail, name, vireo_json_get_object (message, "data"),
                 get_timestamp (message));
}

static void
negotiated (VireoQmp *self, const GError *error)
{
  g_autoptr (GTask) task = NULL;

  if (error != NULL)
    {
      close_with (self, error);
      return;
    }
  self->state = STATE_OPEN;
  clear_source (&self->open_timeout);
  clear_source (&self->open_cancelled);
  task = g_steal_pointer (&self->opening);
  g_task_return_boolean (task, TRUE);
}

static GError *
reply_to_error (JsonObject *message, const char *command)
{
  JsonObject *error = vireo_json_get_object (message, "error");
  const char *class = vireo_json_get_string (error, "class", 63);
  const char *text = vireo_json_get_string (error, "desc", 65535);

  return g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR, ERROR_PREFIX "%s: %s: %s", command,
                      class != NULL ? class : "GenericError", text != NULL ? text : "no reason");
}

static void
handle_reply (VireoQmp *self, JsonObject *message)
{
  gint64 id = vireo_json_get_int (message, "id", -1);
  Pending *pending = g_hash_table_lookup (self->pending, &id);
  gboolean negotiating = self->state == STATE_NEGOTIATING;
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;

  if (is_of_others (self, id))
    {
      g_debug ("a reply to command %" G_GINT64_FORMAT ", which was not ours, is dropped", id);
      return;
    }
  if (pending == NULL)
    {
      close_broken_literal (self, "a reply belongs to no command");
      return;
    }
  if (!json_object_has_member (message, "return"))
    error = reply_to_error (message, pending->command);
  task = pending_steal_task (pending);
  g_hash_table_remove (self->pending, &id);
  if (negotiating)
    negotiated (self, error);
  else if (task != NULL && error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (task != NULL)
    g_task_return_pointer (task, json_object_dup_member (message, "return"),
                           (GDestroyNotify) json_node_unref);
}

/* Events and the replies of others come before the greeting, too, when QEMU was at them. */
static void
handle_message (VireoQmp *self, JsonObject *message)
{
  gboolean greeting = self->state == STATE_GREETING && json_object_has_member (message, "QMP");

  if (greeting)
    handle_greeting (self, message);
  else if (json_object_has_member (message, "event"))
    handle_event (self, message);
  else if (json_object_has_member (message, "return") || json_object_has_member (message, "error"))
    handle_reply (self, message);
  else
    close_broken_literal (self, self->state == STATE_GREETING
                                    ? "there is no greeting with a version"
                                    : "a message is neither event nor reply");
}

static void
parse_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  JsonObject *message = vireo_qmp_message_parse (data, VIREO_QMP_MAX_DEPTH, &error);

  if (message == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, message, (GDestroyNotify) json_object_unref);
}

static void handle_lines (VireoQmp *self);

static void
parsed (GObject *source, GAsyncResult *result, gpointer data)
{
  VireoQmp *self = VIREO_QMP (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) message = g_task_propagate_pointer (G_TASK (result), &error);

  if (self->state == STATE_CLOSED)
    return;
  if (message == NULL)
    {
      close_broken (self, error);
      return;
    }
  handle_message (self, message);
  handle_lines (self);
  start_reading (self);
}

/* Messages keep their order, so nothing is read while a thread has one. */
static void
parse_in_thread (VireoQmp *self, GBytes *line)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, parsed, NULL);

  clear_source (&self->readable);
  g_task_set_task_data (task, g_bytes_ref (line), (GDestroyNotify) g_bytes_unref);
  g_task_run_in_thread (task, parse_thread);
}

/* Whether it is done; FALSE when a thread goes on with it. */
static gboolean
handle_line (VireoQmp *self, GBytes *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) message = NULL;

  if (g_bytes_get_size (line) > WORKER_SIZE)
    {
      parse_in_thread (self, line);
      return FALSE;
    }
  message = vireo_qmp_message_parse (line, VIREO_QMP_MAX_DEPTH, &error);
  if (message != NULL)
    handle_message (self, message);
  else
    close_broken (self, error);
  return TRUE;
}

static void
handle_lines (VireoQmp *self)
{
  gboolean go_on = TRUE;

  while (go_on && self->state != STATE_CLOSED)
    {
      g_autoptr (GBytes) line = vireo_qmp_reader_next (self->reader);

      go_on = line != NULL && handle_line (self, line);
    }
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  g_autoptr (VireoQmp) self = g_object_ref (VIREO_QMP (data));
  g_autoptr (GError) error = NULL;
  char buffer[READ_SIZE];
  gssize n = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);

  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (n < 0)
    close_lost (self, error->message);
  else if (n == 0)
    close_lost (self, "it was closed by QEMU");
  else if (!vireo_qmp_reader_push (self->reader, buffer, (gsize) n, &error))
    close_broken (self, error);
  else
    handle_lines (self);
  return G_SOURCE_CONTINUE;
}

static void
start_reading (VireoQmp *self)
{
  if (self->state == STATE_CLOSED || self->readable != NULL)
    return;
  self->readable = g_socket_create_source (self->socket, G_IO_IN, NULL);
  attach_source (self, self->readable, G_SOURCE_FUNC (on_readable), self);
}

static void
send_command (VireoQmp *self, Pending *pending, JsonObject *arguments, GUnixFDList *fds)
{
  g_autoptr (GBytes) message
      = vireo_qmp_message_format (pending->command, arguments, pending->id);

  vireo_qmp_writer_send (self->writer, message, fds);
}

static gboolean
on_open_timeout (gpointer data)
{
  VireoQmp *self = VIREO_QMP (data);
  g_autoptr (GError) error
      = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                             self->state == STATE_GREETING ? "QEMU's monitor does not greet"
                                                           : "QEMU's monitor does not answer");

  close_with (self, error);
  return G_SOURCE_REMOVE;
}

static gboolean
on_open_cancelled (GCancellable *cancellable, gpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_CANCELLED,
                                                  "Connecting to QEMU's monitor was cancelled");

  close_with (VIREO_QMP (data), error);
  return G_SOURCE_REMOVE;
}

static guint
effective_timeout (guint timeout_ms)
{
  return timeout_ms == 0 ? VIREO_QMP_TIMEOUT_DEFAULT : timeout_ms;
}

/**
 * vireo_qmp_set_first_id:
 * @self: a client that was not opened yet
 * @first_id: number of the first command, at least 0
 *
 * Numbers the commands from here on. Without it, each connection begins at a number of its own.
 *
 * Since: 0.1
 */
void
vireo_qmp_set_first_id (VireoQmp *self, gint64 first_id)
{
  g_return_if_fail (self->state == STATE_NEW && first_id >= 0);
  self->first_id = self->next_id = first_id;
}

/**
 * vireo_qmp_open_async:
 * @self: a client that was not opened yet
 * @timeout_ms: for greeting and negotiation together, in milliseconds
 * @cancellable: (nullable): cancelling closes the connection
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Waits for QEMU's greeting and negotiates capabilities. When it fails, the connection is closed.
 *
 * Since: 0.1
 */
void
vireo_qmp_open_async (VireoQmp *self, guint timeout_ms, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, vireo_qmp_open_async);
  if (self->state != STATE_NEW)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                               "The connection to QEMU was closed");
      g_object_unref (task);
      return;
    }
  self->state = STATE_GREETING;
  self->opening = task;
  if (timeout_ms != VIREO_QMP_TIMEOUT_NEVER)
    self->open_timeout = attach_source (
        self, g_timeout_source_new (effective_timeout (timeout_ms)), on_open_timeout, self);
  if (cancellable != NULL)
    self->open_cancelled = attach_source (self, g_cancellable_source_new (cancellable),
                                          G_SOURCE_FUNC (on_open_cancelled), self);
  start_reading (self);
}

/**
 * vireo_qmp_open_finish:
 * @self: a client
 * @result: what the callback got
 * @error: HypervisorUnresponsive, HypervisorDied, Hypervisor or Cancelled
 *
 * Returns: whether the connection is open
 * Since: 0.1
 */
gboolean
vireo_qmp_open_finish (VireoQmp *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
on_command_timeout (gpointer data)
{
  Pending *pending = data;
  g_autoptr (GTask) task = pending_steal_task (pending);

  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                           "QEMU does not answer %s", pending->command);
  return G_SOURCE_REMOVE;
}

static gboolean
on_command_cancelled (GCancellable *cancellable, gpointer data)
{
  Pending *pending = data;
  g_autoptr (GTask) task = pending_steal_task (pending);

  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED,
                           "Waiting for QEMU's answer to %s was cancelled", pending->command);
  return G_SOURCE_REMOVE;
}

static GUnixFDList *
copy_fds (GUnixFDList *fds, GError **error)
{
  g_autoptr (GUnixFDList) copy = g_unix_fd_list_new ();
  int n = 0;
  const int *numbers = g_unix_fd_list_peek_fds (fds, &n);

  for (int i = 0; i < n; i++)
    if (g_unix_fd_list_append (copy, numbers[i], error) < 0)
      {
        vireo_error_translate (error, "Sending file descriptors to QEMU");
        return NULL;
      }
  return g_steal_pointer (&copy);
}

static gboolean
check_ready (VireoQmp *self, const char *command, GError **error)
{
  if (self->state != STATE_OPEN)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                   "QEMU cannot be asked for %s: its monitor is not connected", command);
      return FALSE;
    }
  if (g_hash_table_size (self->pending) >= MAX_PENDING)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                   "QEMU cannot be asked for %s: %u commands are not answered yet", command,
                   MAX_PENDING);
      return FALSE;
    }
  return TRUE;
}

/**
 * vireo_qmp_execute_async:
 * @self: a client that is open
 * @command: name of a command
 * @arguments: (nullable) (transfer full): its arguments
 * @fds: (nullable): file descriptors to send with it; duplicates of them are made
 * @timeout_ms: how long to wait for the reply, in milliseconds; 0 for
 *   %VIREO_QMP_TIMEOUT_DEFAULT, or %VIREO_QMP_TIMEOUT_NEVER
 * @cancellable: (nullable): cancelling stops the wait; QEMU runs the command all the same
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Sends a command behind those that were sent before. A reply that comes after the time limit or
 * after cancelling is dropped, and the connection goes on.
 *
 * Since: 0.1
 */
void
vireo_qmp_execute_async (VireoQmp *self, const char *command, JsonObject *arguments,
                         GUnixFDList *fds, guint timeout_ms, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (JsonObject) taken = arguments;
  g_autoptr (GUnixFDList) sent = NULL;
  GError *error = NULL;
  Pending *pending;

  g_task_set_source_tag (task, vireo_qmp_execute_async);
  if (!check_ready (self, command, &error)
      || (fds != NULL && (sent = copy_fds (fds, &error)) == NULL))
    {
      g_task_return_error (task, error);
      return;
    }
  if (g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED,
                               "Asking QEMU for %s was cancelled", command);
      return;
    }
  pending = pending_new (self, command, g_steal_pointer (&task));
  if (timeout_ms != VIREO_QMP_TIMEOUT_NEVER)
    pending->timeout = attach_source (
        self, g_timeout_source_new (effective_timeout (timeout_ms)), on_command_timeout, pending);
  if (cancellable != NULL)
    pending->cancelled = attach_source (self, g_cancellable_source_new (cancellable),
                                        G_SOURCE_FUNC (on_command_cancelled), pending);
  send_command (self, pending, taken, sent);
}

/**
 * vireo_qmp_execute_finish:
 * @self: a client
 * @result: what the callback got
 * @error: Hypervisor with what QEMU said, HypervisorUnresponsive, HypervisorDied or Cancelled
 *
 * Returns: (transfer full): what the command returned
 * Since: 0.1
 */
JsonNode *
vireo_qmp_execute_finish (VireoQmp *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * vireo_qmp_close:
 * @self: a client
 *
 * Ends the connection. All that wait get HypervisorDied, and `closed` is emitted without an error.
 *
 * Since: 0.1
 */
void
vireo_qmp_close (VireoQmp *self)
{
  close_with (self, NULL);
}

gboolean
vireo_qmp_is_open (VireoQmp *self)
{
  return self->state == STATE_OPEN;
}

guint
vireo_qmp_get_version (VireoQmp *self)
{
  return self->version;
}

const char *
vireo_qmp_get_package (VireoQmp *self)
{
  return self->package != NULL ? self->package : "";
}

/**
 * vireo_qmp_error_is:
 * @error: (nullable): any error
 * @error_class: a class of QEMU's errors, such as "DeviceNotFound"
 *
 * Returns: whether @error is QEMU's refusal of a command with that class
 * Since: 0.1
 */
gboolean
vireo_qmp_error_is (const GError *error, const char *error_class)
{
  const char *class;
  gsize length = strlen (error_class);

  if (!g_error_matches (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR)
      || !g_str_has_prefix (error->message, ERROR_PREFIX))
    return FALSE;
  class = strstr (error->message, ": ");
  return class != NULL && strncmp (class + 2, error_class, length) == 0
         && class[2 + length] == ':';
}

static void
vireo_qmp_dispose (GObject *object)
{
  VireoQmp *self = VIREO_QMP (object);

  close_with (self, NULL);
  G_OBJECT_CLASS (vireo_qmp_parent_class)->dispose (object);
}

static void
vireo_qmp_finalize (GObject *object)
{
  VireoQmp *self = VIREO_QMP (object);

  g_clear_pointer (&self->writer, vireo_qmp_writer_free);
  g_clear_object (&self->socket);
  g_clear_pointer (&self->reader, vireo_qmp_reader_free);
  g_clear_pointer (&self->pending, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self->package);
  G_OBJECT_CLASS (vireo_qmp_parent_class)->finalize (object);
}

static void
vireo_qmp_class_init (VireoQmpClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->dispose = vireo_qmp_dispose;
  object_class->finalize = vireo_qmp_finalize;
  signals[SIGNAL_EVENT]
      = g_signal_new ("event", VIREO_TYPE_QMP, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 3, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE,
                      JSON_TYPE_OBJECT | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_INT64);
  signals[SIGNAL_CLOSED]
      = g_signal_new ("closed", VIREO_TYPE_QMP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
vireo_qmp_init (VireoQmp *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->reader = vireo_qmp_reader_new (VIREO_QMP_MAX_MESSAGE);
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                         (GDestroyNotify) pending_free);
  /* So that replies to other connections' commands are not taken for replies to ours. Numbers stay
   * below 2^53, which all of JSON's readers keep exactly. */
  vireo_qmp_set_first_id (self, ((gint64) g_random_int () << 20) + 1);
}

/**
 * vireo_qmp_new:
 * @socket: a connected socket
 *
 * Returns: (transfer full): a client that is to be opened
 * Since: 0.1
 */
VireoQmp *
vireo_qmp_new (GSocket *socket)
{
  VireoQmp *self = g_object_new (VIREO_TYPE_QMP, NULL);

  self->socket = g_object_ref (socket);
  g_socket_set_blocking (socket, FALSE);
  self->writer = vireo_qmp_writer_new (socket, self->context);
  return self;
}
