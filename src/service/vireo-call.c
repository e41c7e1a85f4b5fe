/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-call.h"

#include <string.h>
#include <unistd.h>

#include "util/vireo-alone.h"
#include "vireo-audit.h"
#include "vireo-bus.h"

/* Longer texts repeat what the caller sent. */
#define MAX_MESSAGE 4096

/**
 * vireo_call_new:
 * @message: (transfer full): a call
 *
 * Returns: (transfer full): the call, for the gate
 */
VireoCall *
vireo_call_new (VireoServer *server, VireoCaller *caller, GDBusMessage *message)
{
  VireoCall *self = g_new0 (VireoCall, 1);

  self->server = server;
  self->caller = g_object_ref (caller);
  self->message = message;
  self->interface = g_dbus_message_get_interface (message);
  self->member = g_dbus_message_get_member (message);
  self->args = g_dbus_message_get_body (message);
  return self;
}

/**
 * vireo_call_new_inner:
 * @message: (transfer none): the call that this is a part of
 * @answer: takes the answer
 * @answer_data: for @answer
 *
 * Makes a call that is done for another one, in the name of the same caller: it goes the same way,
 * and only its answer goes elsewhere.
 *
 * Returns: (transfer full): the call, for vireo_dispatch_method() and its siblings
 */
VireoCall *
vireo_call_new_inner (VireoServer *server,
                      VireoCaller *caller,
                      GDBusMessage *message,
                      VireoAnswerFunc answer,
                      gpointer answer_data)
{
  VireoCall *self = vireo_call_new (server, caller, g_object_ref (message));

  self->args = NULL;
  self->answer = answer;
  self->answer_data = answer_data;
  return self;
}

/* A large message is many small pieces, which take a while to free; and one with files of the
 * caller's closes them. */
#define LARGE (64u * 1024)

static void
drop_message (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);

  if ((body != NULL && g_variant_get_size (body) > LARGE)
      || g_dbus_message_get_unix_fd_list (message) != NULL)
    vireo_alone_drop (message, g_object_unref);
  else
    g_object_unref (message);
}

static void
call_free (VireoCall *self)
{
  VireoQuotas *quotas = vireo_server_get_quotas (self->server);
  guint uid = vireo_caller_get_uid (self->caller);

  if (self->has_turn)
    vireo_reader_end_turn (vireo_caller_get_reader (self->caller));
  if (self->answer == NULL)
    vireo_server_call_ended (self->server, self->caller, self->message);
  if (self->has_object_quota)
    vireo_quotas_give_back (quotas, uid, VIREO_QUOTA_OBJECTS, 1);
  if (self->has_job_quota)
    vireo_quotas_give_back (quotas, uid, VIREO_QUOTA_JOBS, 1);
  if (self->gone_id != 0)
    g_signal_handler_disconnect (self->caller, self->gone_id);
  if (self->def != NULL)
    vireo_doc_free (self->def_doc, self->def);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->job);
  g_clear_pointer (&self->options, g_variant_unref);
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_pointer (&self->node, vireo_node_unref);
  g_clear_pointer (&self->also, vireo_node_unref);
  g_clear_pointer (&self->subjects, g_ptr_array_unref);
  g_clear_pointer (&self->checks, g_array_unref);
  g_clear_error (&self->held);
  g_free (self->own_node_path);
  g_free (self->about);
  g_clear_pointer (&self->own_args, g_variant_unref);
  g_object_unref (self->caller);
  drop_message (self->message);
  g_free (self);
}

VireoObj *
vireo_call_get_object (VireoCall *self)
{
  return VIREO_OBJ (self->node->object);
}

static gboolean
wants_reply (VireoCall *self)
{
  return (g_dbus_message_get_flags (self->message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0;
}

static void
on_gone (VireoCaller *caller, gpointer user_data)
{
  VireoCall *self = user_data;

  g_cancellable_cancel (self->cancellable);
}

/**
 * vireo_call_get_cancellable:
 * @self: a call
 *
 * Gives what is cancelled when the caller leaves the bus. Who said that no reply is wanted may
 * leave at once: for such a call it is never cancelled.
 *
 * Returns: (transfer none): the cancellable
 */
GCancellable *
vireo_call_get_cancellable (VireoCall *self)
{
  if (self->cancellable != NULL)
    return self->cancellable;
  self->cancellable = g_cancellable_new ();
  if (wants_reply (self))
    {
      self->gone_id = g_signal_connect (self->caller, "gone", G_CALLBACK (on_gone), self);
      if (vireo_caller_is_gone (self->caller))
        g_cancellable_cancel (self->cancellable);
    }
  return self->cancellable;
}

/* What options a call has was checked before its handler sees it. */
gboolean
vireo_call_find_boolean (VireoCall *self, const char *option, gboolean *ret_value)
{
  return self->options != NULL && g_variant_lookup (self->options, option, "b", ret_value);
}

/* %FALSE when it is not given. */
gboolean
vireo_call_get_boolean (VireoCall *self, const char *option)
{
  gboolean value = FALSE;

  vireo_call_find_boolean (self, option, &value);
  return value;
}

/* %NULL when it is not given. */
const char *
vireo_call_get_string (VireoCall *self, const char *option)
{
  const char *value = NULL;

  if (self->options != NULL)
    g_variant_lookup (self->options, option, "&s", &value);
  return value;
}

guint64
vireo_call_get_uint64 (VireoCall *self, const char *option)
{
  guint64 value = 0;

  if (self->options != NULL)
    g_variant_lookup (self->options, option, "t", &value);
  return value;
}

guint
vireo_call_get_uint (VireoCall *self, const char *option)
{
  guint value = 0;

  if (self->options != NULL)
    g_variant_lookup (self->options, option, "u", &value);
  return value;
}

int
vireo_call_get_int (VireoCall *self, const char *option, int otherwise)
{
  int value = otherwise;

  if (self->options != NULL)
    g_variant_lookup (self->options, option, "i", &value);
  return value;
}

guint
vireo_call_get_flags (VireoCall *self, const VireoFlagOption *rows)
{
  guint flags = 0;

  for (; rows->option != NULL; rows++)
    if (vireo_call_get_boolean (self, rows->option))
      flags |= rows->flag;
  return flags;
}

/**
 * vireo_call_get_fd:
 * @self: a call
 * @argument: which of its arguments is a file descriptor
 * @ret_fd: (out): it; the call's, which has it until it is answered
 *
 * Returns: %FALSE when there is none, and the call was answered with that
 */
gboolean
vireo_call_get_fd (VireoCall *self, gsize argument, int *ret_fd)
{
  GUnixFDList *list = g_dbus_message_get_unix_fd_list (self->message);
  gint n_fds = 0;
  const gint *fds = list != NULL ? g_unix_fd_list_peek_fds (list, &n_fds) : NULL;
  gint32 handle;

  g_variant_get_child (self->args, argument, "h", &handle);
  if (handle >= 0 && handle < n_fds)
    {
      *ret_fd = fds[handle];
      return TRUE;
    }
  vireo_call_return_new_error (self, VIREO_ERROR_INVALID_ARGUMENT,
                               "no file descriptor came with the call");
  return FALSE;
}

/**
 * vireo_call_get_fds:
 * @self: a call
 * @argument: which of its arguments is an array of file descriptors
 *
 * Returns: (transfer full) (nullable): copies of them; %NULL when one did not come with the call,
 *   which was answered with that
 */
GUnixFDList *
vireo_call_get_fds (VireoCall *self, gsize argument)
{
  GUnixFDList *came = g_dbus_message_get_unix_fd_list (self->message);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) handles = g_variant_get_child_value (self->args, argument);
  gint n_came = 0;
  const gint *peeked = came != NULL ? g_unix_fd_list_peek_fds (came, &n_came) : NULL;
  GError *error = NULL;
  GVariantIter iter;
  gint32 handle;

  g_variant_iter_init (&iter, handles);
  while (g_variant_iter_next (&iter, "h", &handle))
    {
      if (handle < 0 || handle >= n_came)
        {
          vireo_call_return_new_error (self, VIREO_ERROR_INVALID_ARGUMENT,
                                       "a file descriptor did not come with the call");
          return NULL;
        }
      if (g_unix_fd_list_append (fds, peeked[handle], &error) < 0)
        {
          vireo_call_return_error (self, error);
          return NULL;
        }
    }
  return g_steal_pointer (&fds);
}

/* Sends @reply (transfer full), if any is wanted, and frees the call. */
static void
finish (VireoCall *self, GDBusMessage *reply)
{
  if (wants_reply (self) && self->has_turn)
    vireo_caller_send (self->caller, reply);
  else if (wants_reply (self))
    vireo_caller_answer (self->caller, self->message, reply);
  g_object_unref (reply);
  call_free (self);
}

/* Answers with @values (transfer full, nullable) and frees the call. */
static void
finish_with (VireoCall *self, GVariant *values, GUnixFDList *fds)
{
  GDBusMessage *reply;

  if (self->answer != NULL)
    {
      self->answer (self, values, fds, NULL);
      g_clear_pointer (&values, g_variant_unref);
      call_free (self);
      return;
    }
  reply = g_dbus_message_new_method_reply (self->message);
  if (fds != NULL)
    g_dbus_message_set_unix_fd_list (reply, fds);
  if (values != NULL)
    g_dbus_message_set_body (reply, values);
  g_clear_pointer (&values, g_variant_unref);
  finish (self, reply);
}

/* What came of the change is told before the answer: a client that has its answer knows it all. */
static void
settle (VireoCall *self, const GError *error)
{
  if (self->job != NULL && !vireo_job_is_ended (self->job))
    vireo_job_end (self->job, error);
  if (self->changes)
    vireo_server_flush_signals (self->server);
}

/* @result: "done", or "begun" */
static void
return_as (VireoCall *self, GVariant *values, const char *result)
{
  const char *path = "";

  if (values != NULL)
    g_variant_ref_sink (values);
  settle (self, NULL);
  if (values != NULL && g_variant_is_of_type (values, G_VARIANT_TYPE ("(o)")))
    g_variant_get (values, "(&o)", &path);
  if (self->changes)
    vireo_audit_call (self, result, path);
  finish_with (self, values, NULL);
}

/**
 * vireo_call_return:
 * @self: (transfer full): a call
 * @values: (nullable): what it returns, a tuple; sunk
 *
 * Answers the call.
 */
void
vireo_call_return (VireoCall *self, GVariant *values)
{
  return_as (self, values, "done");
}

void
vireo_call_set_turn (VireoCall *self)
{
  self->has_turn = TRUE;
}

gboolean
vireo_call_takes_message (VireoCall *self)
{
  return (self->answer == NULL || self->answer_blob != NULL) && wants_reply (self);
}

void
vireo_call_return_blob (VireoCall *self, GBytes *blob)
{
  GDBusMessage *reply;

  settle (self, NULL);
  if (self->answer_blob != NULL)
    {
      self->answer_blob (self, blob);
      call_free (self);
      return;
    }
  reply = g_dbus_message_new_method_reply (self->message);
  vireo_bus_set_blob (reply, blob);
  finish (self, reply);
}

static void
on_job_completed (VireoJob *job, const GError *error, gpointer user_data)
{
  vireo_quotas_give_back (user_data, vireo_job_get_started_by_uid (job), VIREO_QUOTA_JOBS, 1);
}

/* An answer that waits for the record of its job. */
typedef struct
{
  VireoCall *call;
  VireoNode *node;
} JobAnswer;

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  JobAnswer *answer = user_data;

  vireo_job_book_settle_finish (VIREO_JOB_BOOK (source), result);
  return_as (answer->call, g_variant_new ("(o)", answer->node->path), "begun");
  vireo_node_unref (answer->node);
  g_free (answer);
}

/* Who has the path finds the job there again, whenever the daemon is killed. */
static void
answer_with (VireoCall *self, VireoNode *node)
{
  JobAnswer *answer = g_new (JobAnswer, 1);

  *answer = (JobAnswer){ self, vireo_node_ref (node) };
  vireo_job_book_settle_async (
      vireo_tree_get_job_book (vireo_server_get_tree (self->server)), on_settled, answer);
}

void
vireo_call_return_job (VireoCall *self, VireoJob *job)
{
  g_autoptr (VireoJob) kept = g_object_ref (job);
  VireoNode *node = vireo_node_of (job);

  vireo_job_set_detached (job, TRUE);
  /* It goes on, and is its user's until it ends. */
  if (self->has_job_quota && !vireo_job_is_ended (job))
    {
      g_signal_connect (job, "completed", G_CALLBACK (on_job_completed),
                        vireo_server_get_quotas (self->server));
      self->has_job_quota = FALSE;
    }
  if (self->job == job)
    g_clear_object (&self->job);
  if (node == NULL)
    vireo_call_return_new_error (self, VIREO_ERROR_UNKNOWN_OBJECT,
                                 "the job %s is over, and so is what it worked on",
                                 vireo_job_get_operation (job));
  else
    answer_with (self, node);
}

/**
 * vireo_call_return_fd:
 * @self: (transfer full): a call
 * @fd: a file descriptor, which is closed when it was sent
 *
 * Answers the call with a file descriptor.
 */
void
vireo_call_return_fd (VireoCall *self, int fd)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);

  settle (self, NULL);
  vireo_audit_call (self, "done", "");
  finish_with (self, g_variant_ref_sink (g_variant_new ("(h)", 0)), list);
}

static char *
bounded_message (const char *message)
{
  g_autofree char *cut = NULL;

  if (strlen (message) <= MAX_MESSAGE)
    return g_utf8_make_valid (message, -1);
  cut = g_strdup_printf ("%.*s…", MAX_MESSAGE, message);
  return g_utf8_make_valid (cut, -1);
}

/* What was given up somewhere below only says that, in words that name nothing. */
static GError *
name_what_was_cancelled (VireoCall *self, GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return error;
  g_error_free (error);
  return g_error_new (VIREO_ERROR, VIREO_ERROR_CANCELLED,
                      "%s was given up before it was done, for another call or for its caller",
                      self->member);
}

/**
 * vireo_call_return_error:
 * @self: (transfer full): a call
 * @error: (transfer full): why it failed
 *
 * Answers the call with an error.
 */
void
vireo_call_return_error (VireoCall *self, GError *error)
{
  g_autofree char *message = NULL;
  g_autofree char *bus_name = NULL;
  const char *name;

  error = name_what_was_cancelled (self, error);
  message = bounded_message (error->message);
  if (error->domain == G_DBUS_ERROR && !g_dbus_error_is_remote_error (error))
    name = bus_name = g_dbus_error_encode_gerror (error);
  else
    name = vireo_error_dbus_name (error);

  settle (self, error);
  if (self->changes)
    vireo_audit_call (self, name, message);
  if (self->answer != NULL)
    {
      self->answer (self, NULL, NULL, error);
      call_free (self);
    }
  else
    finish (self, g_dbus_message_new_method_error_literal (self->message, name, message));
  g_error_free (error);
}

void
vireo_call_return_new_error (VireoCall *self, VireoError code, const char *format, ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (VIREO_ERROR, code, format, args);
  va_end (args);
  vireo_call_return_error (self, error);
}

static void
on_boolean (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *self = user_data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    vireo_call_return (self, NULL);
  else
    vireo_call_return_error (self, error);
}

static void
on_variant (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *self = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) values = g_task_propagate_pointer (G_TASK (result), &error);

  if (values != NULL)
    vireo_call_return (self, values);
  else
    vireo_call_return_error (self, error);
}

static void
on_fd (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *self = user_data;
  GError *error = NULL;
  gssize fd = g_task_propagate_int (G_TASK (result), &error);

  if (error == NULL)
    vireo_call_return_fd (self, (int) fd);
  else
    vireo_call_return_error (self, error);
}

static void
on_job (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *self = user_data;
  GError *error = NULL;
  g_autoptr (VireoJob) job = g_task_propagate_pointer (G_TASK (result), &error);

  if (job != NULL)
    vireo_call_return_job (self, job);
  else
    vireo_call_return_error (self, error);
}

/**
 * vireo_call_take_node:
 * @self: a call
 * @result: what a task that returns an object gave
 *
 * For the callback of a task in which an object was made. Without one, @self is answered with the
 * error, and gone.
 *
 * Returns: (transfer none) (nullable): the object, until control returns to the main loop
 */
VireoNode *
vireo_call_take_node (VireoCall *self, GAsyncResult *result)
{
  GError *error = NULL;
  g_autoptr (GObject) object = g_task_propagate_pointer (G_TASK (result), &error);
  VireoNode *node = vireo_node_of (object);

  if (object == NULL)
    vireo_call_return_error (self, error);
  else if (node == NULL)
    vireo_call_return_new_error (self, VIREO_ERROR_UNKNOWN_OBJECT,
                                 "it was made, and removed again meanwhile");
  return node;
}

static void
on_object (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoNode *node = vireo_call_take_node (user_data, result);

  if (node != NULL)
    vireo_call_return (user_data, g_variant_new ("(o)", node->path));
}

/**
 * vireo_call_task:
 * @self: a call, which @callback must end
 * @callback: called with the call as its user data
 *
 * Makes a task for an operation of a driver. It is cancelled with the job that the call holds, if
 * it holds one: what was begun for a caller who leaves is not given up half-way.
 *
 * Returns: (transfer full): the task
 */
GTask *
vireo_call_task (VireoCall *self, GAsyncReadyCallback callback)
{
  GCancellable *cancellable = self->job != NULL ? vireo_job_get_cancellable (self->job)
                                                : vireo_call_get_cancellable (self);

  return g_task_new (NULL, cancellable, callback, self);
}

/* (transfer full): a task that returns a boolean. */
GTask *
vireo_call_task_boolean (VireoCall *self)
{
  return vireo_call_task (self, on_boolean);
}

/* (transfer full): a task that returns an object that is on the bus then. */
GTask *
vireo_call_task_object (VireoCall *self)
{
  return vireo_call_task (self, on_object);
}

/* (transfer full): a task that returns a job that goes on. */
GTask *
vireo_call_task_job (VireoCall *self)
{
  return vireo_call_task (self, on_job);
}

/* (transfer full): a task that returns a tuple, which is the answer. */
GTask *
vireo_call_task_variant (VireoCall *self)
{
  return vireo_call_task (self, on_variant);
}

/* (transfer full): a task that returns a file descriptor, as an int. */
GTask *
vireo_call_task_fd (VireoCall *self)
{
  return vireo_call_task (self, on_fd);
}
