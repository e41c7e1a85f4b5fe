/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-call.h"

#include "service/vireo-bus.h"
#include "service/vireo-dispatch.h"
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-error.h"

/* (transfer full): @message */
VireoLibvirtCall *
vireo_libvirt_call_new (VireoServer *server,
                        gboolean session,
                        VireoCaller *caller,
                        GDBusMessage *message)
{
  VireoLibvirtCall *self = g_new0 (VireoLibvirtCall, 1);

  self->server = server;
  self->session = session;
  self->caller = g_object_ref (caller);
  self->message = message;
  self->args = g_dbus_message_get_body (message);
  return self;
}

static void
call_free (VireoLibvirtCall *self)
{
  vireo_server_call_ended (self->server, self->caller, self->message);
  if (self->data_free != NULL)
    self->data_free (self->data);
  g_clear_pointer (&self->connection, vireo_node_unref);
  g_free (self->node_path);
  g_object_unref (self->caller);
  g_object_unref (self->message);
  g_free (self);
}

/* ---- answers ---- */

/* Sends @reply (transfer full), if any is wanted, and frees the call. */
static void
finish (VireoLibvirtCall *self, GDBusMessage *reply)
{
  if ((g_dbus_message_get_flags (self->message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0)
    vireo_caller_answer (self->caller, self->message, reply);
  g_object_unref (reply);
  call_free (self);
}

/**
 * vireo_libvirt_call_return:
 * @self: (transfer full): a call
 * @values: (nullable): what it returns, a tuple; sunk
 * @fds: (nullable): what @values refers to
 */
void
vireo_libvirt_call_return (VireoLibvirtCall *self, GVariant *values, GUnixFDList *fds)
{
  GDBusMessage *reply = g_dbus_message_new_method_reply (self->message);

  if (fds != NULL)
    g_dbus_message_set_unix_fd_list (reply, fds);
  if (values != NULL)
    g_dbus_message_set_body (reply, values);
  finish (self, reply);
}

void
vireo_libvirt_call_return_native_error (VireoLibvirtCall *self, const GError *error)
{
  g_autofree char *text = vireo_libvirt_error_text (self, error);

  finish (self,
          g_dbus_message_new_method_error_literal (self->message, VIREO_LIBVIRT_ERROR_NAME, text));
}

void
vireo_libvirt_call_return_error (VireoLibvirtCall *self, GError *error)
{
  vireo_libvirt_call_return_native_error (self, error);
  g_error_free (error);
}

void
vireo_libvirt_call_return_bus_error (VireoLibvirtCall *self,
                                     GDBusError code,
                                     const char *format,
                                     ...)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (G_DBUS_ERROR, (int) code, format, args);
  va_end (args);
  name = g_dbus_error_encode_gerror (error);
  finish (self, g_dbus_message_new_method_error_literal (self->message, name, error->message));
}

/* ---- calls of ours ---- */

VireoCall *
vireo_libvirt_call_begin (VireoLibvirtCall *self, VireoAnswerFunc answer)
{
  return vireo_call_new_inner (self->server, self->caller, self->message, answer, self);
}

void
vireo_libvirt_call_native (VireoLibvirtCall *self,
                           const char *native,
                           const char *node_path,
                           GVariant *args,
                           VireoAnswerFunc answer)
{
  VireoTree *tree = vireo_server_get_tree (self->server);
  VireoLibvirtTarget target;
  gboolean found = vireo_libvirt_target_find (tree, native, &target);

  g_return_if_fail (found && target.method != NULL);
  vireo_dispatch_method (vireo_libvirt_call_begin (self, answer), node_path, target.method, args);
}

static void
on_opened (VireoCall *call, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *self = call->answer_data;
  VireoNode *node
      = vireo_libvirt_find_connection (vireo_server_get_tree (self->server), self->path.driver);

  if (error != NULL)
    {
      vireo_libvirt_call_return_native_error (self, error);
      return;
    }
  if (node == NULL)
    {
      vireo_libvirt_call_return_error (self, g_error_new (VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                                                          "%s is open with another URI",
                                                          self->path.driver->name));
      return;
    }
  self->connection = vireo_node_ref (node);
  self->go_on (self);
}

void
vireo_libvirt_call_open (VireoLibvirtCall *self, void (*go_on) (VireoLibvirtCall *self))
{
  VireoNode *node
      = vireo_libvirt_find_connection (vireo_server_get_tree (self->server), self->path.driver);
  GVariantBuilder options;

  if (node != NULL)
    {
      self->connection = vireo_node_ref (node);
      go_on (self);
      return;
    }
  self->go_on = go_on;
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  vireo_libvirt_call_native (self, "Manager.OpenConnection", VIREO_PATH_ROOT,
                             g_variant_new ("(sa{sv})", self->path.driver->uri, &options),
                             on_opened);
}

/* ---- what a row says ---- */

void
vireo_libvirt_call_begin_options (VireoLibvirtCall *self, GVariantBuilder *options)
{
  g_variant_builder_init (options, G_VARIANT_TYPE_VARDICT);
  for (const VireoLibvirtFlag *flag = self->row->flags; flag != NULL && flag->bit != 0; flag++)
    if ((self->flags & flag->bit) != 0 && flag->option != NULL)
      g_variant_builder_add (options, "{sv}", flag->option, g_variant_new_boolean (TRUE));
}

GVariant *
vireo_libvirt_call_options (VireoLibvirtCall *self)
{
  GVariantBuilder options;

  vireo_libvirt_call_begin_options (self, &options);
  return g_variant_builder_end (&options);
}

/* The same arguments, but for the flags, which become options. */
static GVariant *
plain_in (VireoLibvirtCall *self)
{
  GVariantBuilder args;
  gsize n = self->args != NULL ? g_variant_n_children (self->args) : 0;

  g_variant_builder_init (&args, G_VARIANT_TYPE_TUPLE);
  for (gsize i = 0; i < n; i++)
    if ((int) i != self->method->options_index)
      {
        g_autoptr (GVariant) child = g_variant_get_child_value (self->args, i);

        g_variant_builder_add_value (&args, child);
      }
  if (self->target->method->options_index >= 0)
    g_variant_builder_add_value (&args, vireo_libvirt_call_options (self));
  return g_variant_builder_end (&args);
}

char *
vireo_libvirt_call_translate_path (VireoLibvirtCall *self, const char *node_path)
{
  VireoNode *node = vireo_tree_find (vireo_server_get_tree (self->server), node_path);
  char *path = node != NULL ? vireo_libvirt_path_of_node (node, self->session) : NULL;

  return path != NULL ? path : g_strdup ("/");
}

/* The same values, but for object paths. */
static GVariant *
plain_out (VireoLibvirtCall *self, GVariant *values)
{
  if (g_str_equal (self->method->out_type, "(o)"))
    {
      g_autofree char *path = NULL;
      const char *node_path;

      g_variant_get (values, "(&o)", &node_path);
      path = vireo_libvirt_call_translate_path (self, node_path);
      return g_variant_new ("(o)", path);
    }
  return values;
}

/* ---- lists ---- */

/* The path there of an object in a list, if the flags do not leave it out. */
static GVariant *
entry_path (VireoCall *call, VireoNode *node, GVariant *entry)
{
  VireoLibvirtCall *self = call->answer_data;
  g_autofree char *path = NULL;

  if (self->row->filters == NULL
      || vireo_libvirt_filters_match (node->object, self->row->filters, self->flags))
    path = vireo_libvirt_path_of_node (node, self->session);
  return path != NULL ? g_variant_new_object_path (path) : NULL;
}

static GVariant *
entry_of_row (VireoCall *call, VireoNode *node, GVariant *entry)
{
  VireoLibvirtCall *self = call->answer_data;

  return self->row->entry (self, node, entry);
}

/* Behind the gate: (transfer full) (nullable): why there is no answer. */
static GError *
check_active (VireoLibvirtCall *self, VireoCall *call)
{
  VireoObj *object = VIREO_OBJ (call->node->object);

  if (!self->row->only_active || vireo_obj_get_active (object))
    return NULL;
  return g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "%s \"%s\" is not active",
                      vireo_obj_get_kind (object), vireo_obj_get_name (object));
}

static void
answer_with_blob (VireoCall *call, GBytes *blob)
{
  VireoLibvirtCall *self = call->answer_data;
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (self->message);
  GError *error = check_active (self, call);

  if (error != NULL)
    {
      vireo_libvirt_call_return_error (self, error);
      return;
    }
  vireo_bus_set_blob (reply, blob);
  /* That there is room for it was seen to. */
  vireo_caller_send (self->caller, reply);
  call_free (self);
}

/* Long lists are made in slices: what there is to do is done with each entry. */
static void
prepare_entries (VireoLibvirtCall *self, VireoCall *call)
{
  if (self->row->entry != NULL)
    {
      call->entry = entry_of_row;
      call->entry_type = self->row->entry_type;
    }
  else if (g_str_equal (self->method->out_type, "(ao)"))
    {
      call->entry = entry_path;
      call->entry_type = "o";
    }
  if (call->entry != NULL)
    call->answer_blob = answer_with_blob;
}

/* Whether an error says no more than that the driver has none of what is listed. */
static gboolean
is_empty_list (VireoLibvirtCall *self, const GError *error)
{
  return g_str_equal (self->method->out_type, "(ao)")
         && g_error_matches (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED);
}

void
vireo_libvirt_call_answer (VireoCall *call, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *self = call->answer_data;
  GError *own_error = NULL;
  GVariant *out = values;

  if (error != NULL && is_empty_list (self, error))
    {
      vireo_libvirt_call_return (self, g_variant_new ("(ao)", NULL), NULL);
      return;
    }
  if (error != NULL)
    {
      vireo_libvirt_call_return_native_error (self, error);
      return;
    }
  if (call->entry != NULL && values != NULL && !call->is_list)
    g_critical ("%s is no list that is made of entries", self->row->native);
  else if ((own_error = check_active (self, call)) != NULL)
    out = NULL;
  else if (self->row->out != NULL)
    out = self->row->out (self, call->node, values, &own_error);
  else if (values != NULL && !call->is_list)
    out = plain_out (self, values);
  if (own_error != NULL)
    vireo_libvirt_call_return_error (self, own_error);
  else
    vireo_libvirt_call_return (self, out, fds);
}

/* Behind the gate: the value of a property, and then it goes on as after any call of ours. */
static void
read_property (VireoCall *call)
{
  VireoReading reading = { vireo_server_get_tree (call->server), NULL };
  g_autoptr (GVariant) value
      = vireo_export_get (call->export, call->property, call->node, &reading);

  vireo_call_return (call, value);
}

/* The object that has the member that does it: the one that was called, or its connection. */
static const char *
target_path (VireoLibvirtCall *self)
{
  return self->target->path_kind == VIREO_PATH_CONNECTION ? self->connection->path
                                                          : self->node_path;
}

static void
run_native (VireoLibvirtCall *self)
{
  VireoCall *call;
  GVariant *args;
  GError *error = NULL;

  if (self->target->method == NULL)
    {
      call = vireo_libvirt_call_begin (self, vireo_libvirt_call_answer);
      call->property = (guint) (self->target->property - self->target->info->properties);
      vireo_dispatch_read (call, target_path (self), self->target->property->actions,
                           read_property);
      return;
    }
  args = self->row->in != NULL ? self->row->in (self, &error) : plain_in (self);
  if (args == NULL)
    {
      vireo_libvirt_call_return_error (self, error);
      return;
    }
  call = vireo_libvirt_call_begin (self, vireo_libvirt_call_answer);
  prepare_entries (self, call);
  vireo_dispatch_method (call, target_path (self), self->target->method, args);
}

void
vireo_libvirt_call_run (VireoLibvirtCall *self)
{
  if (self->row->run != NULL)
    self->row->run (self);
  else if (self->row->native != NULL)
    run_native (self);
  else
    vireo_libvirt_call_return_error (
        self, g_error_new (VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED, "%s", self->row->name));
}
