/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of methods, and what becomes of their replies. */
#include "vireo-client-private.h"

#include <gio/gunixfdlist.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  const VireoMethodInfo *method;
  VireoClient *client;
  char *path; /* of the object that the reply named */
} Call;

static void
call_free (Call *call)
{
  g_object_unref (call->client);
  g_free (call->path);
  g_free (call);
}

/* An absent dictionary of options is an empty one. */
GVariant *
vireo_options_or_empty (GVariant *options)
{
  return options != NULL ? options : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

/* What is no path is a string, which check_args() has something to say about: an assertion of
 * GLib's would end the application. */
GVariant *
vireo_path_to_variant (const char *path)
{
  return g_variant_is_object_path (path) ? g_variant_new_object_path (path)
                                         : g_variant_new_string (path);
}

/* Whether a call succeeded whose reply says nothing else. */
gboolean
vireo_object_done (GVariant *reply)
{
  if (reply == NULL)
    return FALSE;
  g_variant_unref (reply);
  return TRUE;
}

static GDBusCallFlags
call_flags (VireoClient *client)
{
  return client->is_interactive ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                                : G_DBUS_CALL_FLAGS_NONE;
}

static gboolean
is_usable (VireoObject *self, GError **error)
{
  if (self->client != NULL && self->client->bus != NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the client of %s is gone", self->path);
  return FALSE;
}

/* The name under which the error came is in its domain and code. What the bus says of a service
 * that is not there is about the bus, not about what was called. */
static GError *
clean_error (const VireoMethodInfo *method, GError *error)
{
  static const struct
  {
    GDBusError code;
    const char *text;
  } rows[] = {
    { G_DBUS_ERROR_SERVICE_UNKNOWN, "the service " VIREO_BUS_NAME " is not there" },
    { G_DBUS_ERROR_NAME_HAS_NO_OWNER, "the service " VIREO_BUS_NAME " is not there" },
    { G_DBUS_ERROR_NO_REPLY, "the service ended before it answered; it may have been done" },
  };

  g_dbus_error_strip_remote_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_error_matches (error, G_DBUS_ERROR, (int) rows[i].code))
      {
        g_prefix_error (&error, "%s: %s: ", method->name, rows[i].text);
        break;
      }
  return error;
}

static GError *
surprise (const VireoMethodInfo *method, const char *what)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s.%s: %s", method->interface,
                      method->name, what);
}

/* Applications in languages without types give what they like. */
static gboolean
check_args (const VireoMethodInfo *method, GVariant *args, GError **error)
{
  const char *wanted = method->args_type + 1;

  if (g_variant_is_of_type (args, G_VARIANT_TYPE (method->args_type)))
    return TRUE;
  for (gsize i = 0; i < g_variant_n_children (args); i++)
    {
      g_autoptr (GVariant) value = g_variant_get_child_value (args, i);
      const char *end = NULL;
      g_autofree char *type = NULL;

      g_variant_type_string_scan (wanted, NULL, &end);
      type = g_strndup (wanted, (gsize) (end - wanted));
      wanted = end;
      if (g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%s: argument %" G_GSIZE_FORMAT " is of the type %s, not %s", method->name,
                   i + 1, type, g_variant_get_type_string (value));
      break;
    }
  return FALSE;
}

/* A socket or anything else that can be read and written. */
static GIOStream *
stream_for_fd (int fd, GError **error)
{
  int type;
  socklen_t length = sizeof type;
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) output = NULL;

  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0)
    {
      g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);

      if (socket == NULL)
        {
          close (fd);
          return NULL;
        }
      return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
    }
  input = g_unix_input_stream_new (fd, TRUE);
  output = g_unix_output_stream_new (fd, FALSE);
  return g_simple_io_stream_new (input, output);
}

static GIOStream *
stream_from_reply (const VireoMethodInfo *method, GVariant *reply, GUnixFDList *fds,
                   GError **error)
{
  gint32 handle = -1;
  int fd;

  g_variant_get (reply, "(h)", &handle);
  if (fds == NULL || handle < 0 || handle >= g_unix_fd_list_get_length (fds))
    {
      g_propagate_error (error, surprise (method, "the reply has no file descriptor"));
      return NULL;
    }
  fd = g_unix_fd_list_get (fds, handle, error);
  return fd >= 0 ? stream_for_fd (fd, error) : NULL;
}

static VireoObject *
object_from_properties (VireoClient *client, const VireoMethodInfo *method, const char *path,
                        GVariant *reply, GError **error)
{
  g_autoptr (GVariant) properties = g_variant_get_child_value (reply, 0);
  VireoObject *object
      = vireo_client_add_object (client, path, method->result_interface, properties);

  if (object == NULL)
    g_propagate_error (error, surprise (method, "the reply names an object of another kind"));
  return object != NULL ? g_object_ref (object) : NULL;
}

static void
properties_came (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  VireoObject *object;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    {
      g_task_return_error (task, clean_error (call->method, error));
      return;
    }
  object = object_from_properties (call->client, call->method, call->path, reply, &error);
  if (object == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, object, g_object_unref);
}

/* An object is in a reply before it is in a signal, that it is new as well as how it changed, so it
 * is asked about. */
static void
find_object (GTask *task, GVariant *reply)
{
  Call *call = g_task_get_task_data (task);

  g_variant_get (reply, "(o)", &call->path);
  g_dbus_connection_call (call->client->bus, VIREO_BUS_NAME, call->path,
                          VIREO_PROPERTIES_INTERFACE, "GetAll",
                          g_variant_new ("(s)", call->method->result_interface),
                          G_VARIANT_TYPE ("(a{sv})"), call_flags (call->client), VIREO_NO_TIMEOUT,
                          g_task_get_cancellable (task), properties_came, g_object_ref (task));
}

static void
reply_came (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  GIOStream *stream = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &fds, result, &error);

  if (reply == NULL)
    {
      g_task_return_error (task, clean_error (call->method, error));
      return;
    }
  switch (call->method->kind)
    {
    case VIREO_REPLY_VALUES:
      g_task_return_pointer (task, g_steal_pointer (&reply), (GDestroyNotify) g_variant_unref);
      break;
    case VIREO_REPLY_OBJECT:
      find_object (task, reply);
      break;
    case VIREO_REPLY_STREAM:
      stream = stream_from_reply (call->method, reply, fds, &error);
      if (stream != NULL)
        g_task_return_pointer (task, stream, g_object_unref);
      else
        g_task_return_error (task, error);
      break;
    }
}

/* Puts a duplicate of what @handle (transfer full) says into @fds: gives its place there, or %NULL.
 * */
static GVariant *
place_fd (GVariant *handle, GUnixFDList *fds, GError **error)
{
  int place = g_unix_fd_list_append (fds, g_variant_get_handle (handle), error);

  g_variant_unref (handle);
  return place >= 0 ? g_variant_ref_sink (g_variant_new_handle (place)) : NULL;
}

/* The same of an array. */
static GVariant *
place_fds (GVariant *handles, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) owned = handles;
  gsize n = g_variant_n_children (handles);
  GVariantBuilder places;

  g_variant_builder_init (&places, G_VARIANT_TYPE ("ah"));
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) place = place_fd (g_variant_get_child_value (owned, i), fds, error);

      if (place == NULL)
        {
          g_variant_builder_clear (&places);
          return NULL;
        }
      g_variant_builder_add_value (&places, place);
    }
  return g_variant_ref_sink (g_variant_builder_end (&places));
}

/* An array of the numbers of file descriptors. (transfer floating) */
GVariant *
vireo_fds_to_variant (GUnixFDList *fds)
{
  gint n = 0;
  const gint *numbers = fds != NULL ? g_unix_fd_list_peek_fds (fds, &n) : NULL;

  return g_variant_new_fixed_array (G_VARIANT_TYPE_HANDLE, numbers, (gsize) n, sizeof *numbers);
}

/* Methods are called with the numbers of file descriptors where D-Bus wants their places in a list:
 * gives that list (transfer full), of duplicates, and puts the places into *@args (sunk). */
static gboolean
list_fds (GVariant **args, GUnixFDList **ret_fds, GError **error)
{
  gsize n = g_variant_n_children (*args);
  g_autoptr (GUnixFDList) fds = NULL;
  GVariantBuilder places;

  if (strchr (g_variant_get_type_string (*args), 'h') == NULL)
    return TRUE;
  fds = g_unix_fd_list_new ();
  g_variant_builder_init (&places, G_VARIANT_TYPE_TUPLE);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) value = g_variant_get_child_value (*args, i);

      if (g_variant_is_of_type (value, G_VARIANT_TYPE ("ah")))
        value = place_fds (g_steal_pointer (&value), fds, error);
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_HANDLE))
        value = place_fd (g_steal_pointer (&value), fds, error);
      if (value == NULL)
        {
          g_variant_builder_clear (&places);
          return FALSE;
        }
      g_variant_builder_add_value (&places, value);
    }
  g_variant_unref (*args);
  *args = g_variant_ref_sink (g_variant_builder_end (&places));
  *ret_fds = g_steal_pointer (&fds);
  return TRUE;
}

void
vireo_object_call_async (VireoObject *self, const VireoMethodInfo *method, GVariant *args,
                         gpointer source_tag, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GVariant) held = g_variant_ref_sink (args);
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  Call *call;

  g_task_set_source_tag (task, source_tag);
  g_task_set_name (task, method->name);
  if (!is_usable (self, &error) || !check_args (method, held, &error)
      || !list_fds (&held, &fds, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  call = g_new0 (Call, 1);
  call->method = method;
  call->client = g_object_ref (self->client);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  g_dbus_connection_call_with_unix_fd_list (
      call->client->bus, VIREO_BUS_NAME, self->path, method->interface, method->name, held,
      G_VARIANT_TYPE (method->reply_type), call_flags (call->client), VIREO_NO_TIMEOUT, fds,
      cancellable, reply_came, g_object_ref (task));
}

gpointer
vireo_object_call_finish (VireoObject *self, GAsyncResult *result, gpointer source_tag,
                          GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_task_get_source_tag (G_TASK (result)) == source_tag, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static VireoObject *
find_object_sync (VireoClient *client, const VireoMethodInfo *method, const char *path,
                  GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      client->bus, VIREO_BUS_NAME, path, VIREO_PROPERTIES_INTERFACE, "GetAll",
      g_variant_new ("(s)", method->result_interface), G_VARIANT_TYPE ("(a{sv})"),
      call_flags (client), VIREO_NO_TIMEOUT, cancellable, error);

  return reply != NULL ? object_from_properties (client, method, path, reply, error) : NULL;
}

gpointer
vireo_object_call_sync (VireoObject *self, const VireoMethodInfo *method, GVariant *args,
                        GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (args);
  g_autoptr (VireoClient) client = NULL;
  g_autoptr (GUnixFDList) own_fds = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  GError *local_error = NULL;
  gpointer outcome = NULL;
  const char *path;

  if (!is_usable (self, error) || !check_args (method, held, error)
      || !list_fds (&held, &own_fds, error))
    return NULL;
  client = g_object_ref (self->client);
  reply = g_dbus_connection_call_with_unix_fd_list_sync (
      client->bus, VIREO_BUS_NAME, self->path, method->interface, method->name, held,
      G_VARIANT_TYPE (method->reply_type), call_flags (client), VIREO_NO_TIMEOUT, own_fds,
      &fds, cancellable, &local_error);
  if (reply != NULL)
    switch (method->kind)
      {
      case VIREO_REPLY_VALUES:
        return g_steal_pointer (&reply);
      case VIREO_REPLY_OBJECT:
        g_variant_get (reply, "(&o)", &path);
        outcome = find_object_sync (client, method, path, cancellable, &local_error);
        break;
      case VIREO_REPLY_STREAM:
        outcome = stream_from_reply (method, reply, fds, &local_error);
        break;
      }
  if (local_error != NULL)
    g_propagate_error (error, clean_error (method, local_error));
  return outcome;
}

static const VireoMethodInfo check_authorization_method
    = { VIREO_MANAGER_INTERFACE, "CheckAuthorization", "(soa{sv})", "(bb)",
        VIREO_REPLY_VALUES,      NULL };

static VireoAuthorization
read_authorization (GVariant *reply)
{
  gboolean authorized;
  gboolean challenge;

  g_variant_get (reply, "(bb)", &authorized, &challenge);
  if (authorized)
    return VIREO_AUTHORIZATION_YES;
  return challenge ? VIREO_AUTHORIZATION_CHALLENGE : VIREO_AUTHORIZATION_NO;
}

static void
authorization_came (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vireo_object_call_finish (VIREO_OBJECT (source), result,
                                                         authorization_came, &error);

  if (reply == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, read_authorization (reply));
}

static GVariant *
authorization_question (VireoObject *self, const char *permission)
{
  return g_variant_new ("(so@a{sv})", permission, self->path, vireo_options_or_empty (NULL));
}

/* The manager answers for every object; NULL, with @error set, when it is not there. */
static VireoObject *
find_manager (VireoObject *self, GError **error)
{
  if (!is_usable (self, error))
    return NULL;
  if (self->client->manager == NULL)
    g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN, "the service is not there");
  return VIREO_OBJECT (self->client->manager);
}

/**
 * vireo_object_check_authorization_async:
 * @self: an object
 * @permission: what to do with it, such as `domain.start`
 * @cancellable: (nullable): cancels the question
 * @callback: (scope async): called when the answer is there
 * @user_data: for @callback
 *
 * Asks whether the caller may do something with the object. Nobody is prompted, so it is fit to
 * decide which buttons to show.
 *
 * Since: 0.1
 */
void
vireo_object_check_authorization_async (VireoObject *self, const char *permission,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  VireoObject *manager;

  g_return_if_fail (VIREO_IS_OBJECT (self));
  g_return_if_fail (permission != NULL);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, vireo_object_check_authorization_async);
  manager = find_manager (self, &error);
  if (manager == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  vireo_object_call_async (manager, &check_authorization_method,
                           authorization_question (self, permission), authorization_came,
                           cancellable, authorization_came, g_object_ref (task));
}

/**
 * vireo_object_check_authorization_finish:
 * @self: an object
 * @result: what the callback got
 * @error: %VIREO_ERROR_INVALID_ARGUMENT when there is no such permission,
 *   %VIREO_ERROR_UNKNOWN_OBJECT when the caller may not read the object or it is gone
 *
 * Ends what [method@Vireo.Object.check_authorization_async] began.
 *
 * Returns: the answer; %VIREO_AUTHORIZATION_UNKNOWN on error
 * Since: 0.1
 */
VireoAuthorization
vireo_object_check_authorization_finish (VireoObject *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), VIREO_AUTHORIZATION_UNKNOWN);
  return (VireoAuthorization) g_task_propagate_int (G_TASK (result), error);
}

/**
 * vireo_object_check_authorization_sync:
 * @self: an object
 * @permission: what to do with it, such as `domain.start`
 * @cancellable: (nullable): cancels the question
 * @error: as for [method@Vireo.Object.check_authorization_finish]
 *
 * Asks whether the caller may do something with the object, and waits for the answer.
 *
 * Returns: the answer; %VIREO_AUTHORIZATION_UNKNOWN on error
 * Since: 0.1
 */
VireoAuthorization
vireo_object_check_authorization_sync (VireoObject *self, const char *permission,
                                       GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  VireoObject *manager;

  g_return_val_if_fail (VIREO_IS_OBJECT (self), VIREO_AUTHORIZATION_UNKNOWN);
  g_return_val_if_fail (permission != NULL, VIREO_AUTHORIZATION_UNKNOWN);
  manager = find_manager (self, error);
  if (manager != NULL)
    reply = vireo_object_call_sync (manager, &check_authorization_method,
                                    authorization_question (self, permission), cancellable, error);
  return reply != NULL ? read_authorization (reply) : VIREO_AUTHORIZATION_UNKNOWN;
}
