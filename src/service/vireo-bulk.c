/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-bulk.h"

/* For how long the list is made before others have their turn. */
#define SLICE_US 700
/* An object takes much less; the clock is not looked at more often than this. */
#define AT_ONCE 8
/* Shorter answers are not worth a thread. */
#define LONG_ANSWER (64u * 1024)
/* What a system bus takes from a client, unless it is configured otherwise (dbus-daemon(1),
 * max_message_size). It throws out who sends more. */
#define LONGEST_ANSWER (32u * 1024 * 1024 - 4096)

typedef struct
{
  VireoCall *call;
  GPtrArray *nodes;
  GVariantType *type; /* (nullable): with @join */
  VireoBulkFunc func;
  VireoBulkJoinFunc join; /* (nullable) */
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
  guint next;
  GPtrArray *entries; /* (element-type GVariant) */
  gsize size;
  gboolean held;
} Bulk;

static void
bulk_free (Bulk *self)
{
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_ptr_array_unref (self->nodes);
  g_clear_pointer (&self->entries, g_ptr_array_unref);
  g_clear_pointer (&self->type, g_variant_type_free);
  g_free (self);
}

/* Returns: (transfer full) (nullable) */
static GVariant *
make_entry (Bulk *self, VireoNode *node)
{
  VireoCall *call = self->call;
  GVariant *made = self->func (node, call, self->user_data);
  g_autoptr (GVariant) entry = made != NULL ? g_variant_take_ref (made) : NULL;

  if (entry != NULL && call->entry != NULL)
    {
      made = call->entry (call, node, entry);
      g_variant_unref (entry);
      entry = made != NULL ? g_variant_take_ref (made) : NULL;
    }
  /* Puts it into one piece of memory: as a tree of its parts, it takes ten times that. */
  if (entry != NULL)
    g_variant_get_data (entry);
  return g_steal_pointer (&entry);
}

/* Makes up to a slice of the list. Returns whether all of it is there. */
static gboolean
make_slice (Bulk *self)
{
  gint64 until = g_get_monotonic_time () + SLICE_US;

  for (; self->next < self->nodes->len; self->next++)
    {
      VireoNode *node = g_ptr_array_index (self->nodes, self->next);
      GVariant *entry;

      if (self->next % AT_ONCE == 0 && g_get_monotonic_time () > until)
        return FALSE;
      /* One that is too long is not made to its end to say so. */
      if (node->gone || self->size > 2 * LONGEST_ANSWER)
        continue;
      entry = make_entry (self, node);
      if (entry == NULL)
        continue;
      self->size += g_variant_get_size (entry);
      g_ptr_array_add (self->entries, entry);
    }
  return TRUE;
}

/* Returns what is floating. */
static GVariant *
make_values (Bulk *self)
{
  GVariant *array;

  if (self->join != NULL)
    return self->join (self->entries, self->user_data);
  array = g_variant_new_array (self->type, (GVariant *const *) self->entries->pdata,
                               self->entries->len);
  return g_variant_new_tuple (&array, 1);
}

/* ---- long ones ---- */

static void
encode (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Bulk *self = task_data;
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (self->call->message);
  GError *error = NULL;
  guint8 *data;
  gsize size;

  g_dbus_message_set_body (reply, make_values (self));
  g_clear_pointer (&self->entries, g_ptr_array_unref);
  /* Its own comes when it is sent. */
  g_dbus_message_set_serial (reply, 1);
  data = g_dbus_message_to_blob (reply, &size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, &error);

  if (data == NULL)
    g_task_return_error (task, error);
  else if (size > LONGEST_ANSWER)
    {
      g_free (data);
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                               "the answer would have %" G_GSIZE_FORMAT
                               " bytes, and a bus carries %u: ask for fewer properties",
                               size, LONGEST_ANSWER);
    }
  else
    g_task_return_pointer (task, g_bytes_new_take (data, size), (GDestroyNotify) g_bytes_unref);
}

static void
on_encoded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Bulk *self = user_data;
  VireoServer *server = self->call->server;
  g_autoptr (VireoCaller) caller = g_object_ref (self->call->caller);
  GError *error = NULL;
  g_autoptr (GBytes) blob = g_task_propagate_pointer (G_TASK (result), &error);

  /* The answer goes first, and then what waited for it. */
  vireo_caller_let_pass (caller);
  if (blob != NULL
      && !vireo_reader_has_room (vireo_caller_get_reader (caller), g_bytes_get_size (blob)))
    {
      g_clear_pointer (&blob, g_bytes_unref);
      vireo_reader_set_error (vireo_caller_get_reader (caller), &error);
    }
  if (blob != NULL)
    vireo_call_return_blob (self->call, blob);
  else
    vireo_call_return_error (self->call, error);
  vireo_server_release (server, caller);
  bulk_free (self);
}

static void
return_list (Bulk *self)
{
  VireoServer *server = self->call->server;
  g_autoptr (VireoCaller) caller = g_object_ref (self->call->caller);
  g_autoptr (GTask) task = NULL;

  if (self->held && self->size >= LONG_ANSWER && vireo_call_takes_message (self->call))
    {
      task = g_task_new (NULL, NULL, on_encoded, self);
      g_task_set_task_data (task, self, NULL);
      g_task_run_in_thread (task, encode);
      return;
    }
  if (self->held)
    vireo_caller_let_pass (caller);
  vireo_call_return (self->call, make_values (self));
  if (self->held)
    vireo_server_release (server, caller);
  bulk_free (self);
}

static gboolean
on_turn (gpointer user_data)
{
  Bulk *self = user_data;

  /* Nobody wants the rest. */
  if (vireo_caller_is_gone (self->call->caller))
    self->next = self->nodes->len;
  if (!make_slice (self))
    return G_SOURCE_CONTINUE;
  return_list (self);
  return G_SOURCE_REMOVE;
}

static void
refuse (Bulk *self)
{
  VireoServer *server = self->call->server;
  g_autoptr (VireoCaller) caller = g_object_ref (self->call->caller);
  GError *error = NULL;

  vireo_reader_set_error (vireo_caller_get_reader (caller), &error);
  if (self->held)
    vireo_caller_let_pass (caller);
  vireo_call_return_error (self->call, error);
  if (self->held)
    vireo_server_release (server, caller);
  bulk_free (self);
}

static void
on_granted (gboolean granted, gpointer user_data)
{
  Bulk *self = user_data;

  if (!granted)
    {
      refuse (self);
      return;
    }
  vireo_call_set_turn (self->call);
  if (!self->held && make_slice (self))
    {
      return_list (self);
      return;
    }
  if (!self->held)
    vireo_caller_hold (self->call->caller);
  self->held = TRUE;
  /* After calls of others, which are served in a source of the default priority. */
  g_idle_add_full (G_PRIORITY_DEFAULT + 10, on_turn, self, NULL);
}

/* With all but the type of what is returned. */
static void
begin (Bulk *self, VireoCall *call, GPtrArray *nodes)
{
  g_autoptr (VireoCaller) caller = g_object_ref (call->caller);

  self->call = call;
  self->nodes = g_ptr_array_ref (nodes);
  self->entries = g_ptr_array_new_full (nodes->len, (GDestroyNotify) g_variant_unref);
  if (vireo_reader_take_turn (vireo_caller_get_reader (caller),
                              sizeof *self + nodes->len * sizeof (gpointer), on_granted, self))
    return;
  self->held = TRUE;
  vireo_caller_hold (caller);
}

void
vireo_bulk_return (VireoCall *call,
                   GPtrArray *nodes,
                   const GVariantType *type,
                   VireoBulkFunc func,
                   gpointer user_data,
                   GDestroyNotify destroy)
{
  Bulk *self = g_new0 (Bulk, 1);

  self->type = g_variant_type_copy (call->entry != NULL ? G_VARIANT_TYPE (call->entry_type) : type);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  call->is_list = TRUE;
  begin (self, call, nodes);
}

void
vireo_bulk_return_joined (VireoCall *call,
                          GPtrArray *nodes,
                          VireoBulkFunc func,
                          VireoBulkJoinFunc join,
                          gpointer user_data,
                          GDestroyNotify destroy)
{
  Bulk *self = g_new0 (Bulk, 1);

  self->func = func;
  self->join = join;
  self->user_data = user_data;
  self->destroy = destroy;
  begin (self, call, nodes);
}
