/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Following the service: it is asked for everything when it comes, and listened to from then on.
 *
 * The service sends signals to those who called GetManagedObjects, and forgets them when it ends,
 * so that call is made again for each owner of its name. Signals that come while the answer is on
 * its way are held back: applied to it in their order they end at what is so now. */
#include "vireo-client-private.h"

#define DBUS "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"

static void
held_free (VireoHeldSignal *held)
{
  g_free (held->path);
  g_free (held->interface);
  g_free (held->member);
  g_variant_unref (held->args);
  g_free (held);
}

void
vireo_client_set_available (VireoClient *self, gboolean is_available)
{
  if (self->is_available == is_available)
    return;
  self->is_available = is_available;
  g_object_notify (G_OBJECT (self), "available");
}

/* The constructor is done at the first answer, whatever it is. */
static void
end_opening (VireoClient *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);

  if (self->opening_cancelled != NULL)
    g_source_destroy (self->opening_cancelled);
  g_clear_pointer (&self->opening_cancelled, g_source_unref);
  if (task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_object_ref (self), g_object_unref);
}

static void
stop_loading (VireoClient *self)
{
  if (self->loading != NULL)
    g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  g_clear_pointer (&self->held, g_ptr_array_unref);
}

static void
finish_loading (VireoClient *self, GVariant *objects, GVariant *manager)
{
  g_autoptr (GPtrArray) held = g_steal_pointer (&self->held);
  g_autoptr (GVariant) all = g_variant_get_child_value (objects, 0);
  g_autoptr (GVariant) properties = g_variant_get_child_value (manager, 0);

  g_clear_object (&self->loading);
  vireo_client_take_snapshot (self, all, properties);
  for (guint i = 0; held != NULL && i < held->len; i++)
    {
      VireoHeldSignal *signal = g_ptr_array_index (held, i);

      vireo_client_dispatch (self, signal->path, signal->interface, signal->member, signal->args);
    }
  vireo_client_set_available (self, TRUE);
}

/* One reading of everything, for one owner of the name. */
typedef struct
{
  GWeakRef client;
  GCancellable *cancellable;
  GVariant *objects;
  GVariant *manager;
} Load;

static void
load_unref (Load *load)
{
  g_weak_ref_clear (&load->client);
  g_object_unref (load->cancellable);
  g_clear_pointer (&load->objects, g_variant_unref);
  g_clear_pointer (&load->manager, g_variant_unref);
}

static void
part_came (Load *load, GVariant **slot, GObject *source, GAsyncResult *result)
{
  g_autoptr (VireoClient) client = g_weak_ref_get (&load->client);
  g_autoptr (GError) error = NULL;

  *slot = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (client == NULL)
    ; /* nobody waits for it any longer */
  else if (load->cancellable == client->loading && error != NULL)
    {
      stop_loading (client);
      g_dbus_error_strip_remote_error (error);
      if (client->opening == NULL)
        g_warning ("cannot read the objects of the service: %s", error->message);
      end_opening (client, g_steal_pointer (&error));
    }
  else if (load->cancellable == client->loading && load->objects != NULL && load->manager != NULL)
    {
      finish_loading (client, load->objects, load->manager);
      end_opening (client, NULL);
    }
  g_atomic_rc_box_release_full (load, (GDestroyNotify) load_unref);
}

static void
objects_came (GObject *source, GAsyncResult *result, gpointer data)
{
  part_came (data, &((Load *) data)->objects, source, result);
}

static void
manager_came (GObject *source, GAsyncResult *result, gpointer data)
{
  part_came (data, &((Load *) data)->manager, source, result);
}

static void
hold_back (VireoClient *self)
{
  stop_loading (self);
  self->loading = g_cancellable_new ();
  self->held = g_ptr_array_new_with_free_func ((GDestroyNotify) held_free);
}

static void
load (VireoClient *self)
{
  Load *job = g_atomic_rc_box_new0 (Load);

  hold_back (self);
  g_weak_ref_init (&job->client, self);
  job->cancellable = g_object_ref (self->loading);
  g_dbus_connection_call (self->bus, self->owner, VIREO_ROOT_PATH, VIREO_OBJECT_MANAGER_INTERFACE,
                          "GetManagedObjects", NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"),
                          G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT, self->loading, objects_came,
                          g_atomic_rc_box_acquire (job));
  g_dbus_connection_call (self->bus, self->owner, VIREO_ROOT_PATH, VIREO_PROPERTIES_INTERFACE,
                          "GetAll", g_variant_new ("(s)", VIREO_MANAGER_INTERFACE),
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT,
                          self->loading, manager_came, job);
}

/* @owner is the service's unique name; NULL when it is not there. */
static void
set_owner (VireoClient *self, const char *owner)
{
  /* The synchronous constructor has been there already. */
  if (owner != NULL && g_strcmp0 (owner, self->owner) == 0)
    return;
  stop_loading (self);
  g_free (self->owner);
  self->owner = g_strdup (owner);
  if (owner != NULL)
    {
      load (self);
      return;
    }
  vireo_client_set_available (self, FALSE);
  end_opening (self, NULL);
}

static void
owner_changed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
               const char *member, GVariant *args, gpointer data)
{
  g_autoptr (VireoClient) self = g_object_ref (data);
  const char *owner;

  if (!g_variant_is_of_type (args, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get (args, "(&s&s&s)", NULL, NULL, &owner);
  set_owner (self, owner[0] != '\0' ? owner : NULL);
}

static GWeakRef *
weak_ref_new (VireoClient *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  return weak;
}

static VireoClient *
weak_ref_end (GWeakRef *weak)
{
  VireoClient *self = g_weak_ref_get (weak);

  g_weak_ref_clear (weak);
  g_free (weak);
  return self;
}

static void
owner_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VireoClient) self = weak_ref_end (data);
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  const char *owner = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(&s)", &owner);
  if (self != NULL)
    set_owner (self, owner);
}

/* Whether it could be started shows in whether it is there. */
static void
service_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VireoClient) self = weak_ref_end (data);
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  if (self != NULL)
    g_dbus_connection_call (G_DBUS_CONNECTION (source), DBUS, "GetNameOwner",
                            g_variant_new ("(s)", VIREO_BUS_NAME), G_VARIANT_TYPE ("(s)"),
                            G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT, NULL, owner_found,
                            weak_ref_new (self));
}

static void
signal_came (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
             const char *member, GVariant *args, gpointer data)
{
  g_autoptr (VireoClient) self = g_object_ref (data);
  VireoHeldSignal *held;

  if (g_strcmp0 (sender, self->owner) != 0)
    return;
  if (self->held == NULL)
    {
      vireo_client_dispatch (self, path, interface, member, args);
      return;
    }
  held = g_new0 (VireoHeldSignal, 1);
  held->path = g_strdup (path);
  held->interface = g_strdup (interface);
  held->member = g_strdup (member);
  held->args = g_variant_ref (args);
  g_ptr_array_add (self->held, held);
}

static void
bus_closed (GDBusConnection *bus, gboolean vanished, GError *error, gpointer data)
{
  g_autoptr (VireoClient) self = g_object_ref (data);

  stop_loading (self);
  g_clear_pointer (&self->owner, g_free);
  vireo_client_set_available (self, FALSE);
  g_signal_emit_by_name (self, "closed", error != NULL ? error->message : "");
  end_opening (self, NULL);
}

/* g_bus_watch_name () is not used: GLib before 2.80 trips when the connection is closed while it
 * asks who has the name. */
void
vireo_client_start (VireoClient *self)
{
  self->closed_id = g_signal_connect (self->bus, "closed", G_CALLBACK (bus_closed), self);
  self->signal_id = g_dbus_connection_signal_subscribe (
      self->bus, VIREO_BUS_NAME, NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, signal_came,
      self, NULL);
  self->owner_id = g_dbus_connection_signal_subscribe (
      self->bus, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
      "/org/freedesktop/DBus", VIREO_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, owner_changed, self,
      NULL);
}

static gboolean
opening_cancelled (GCancellable *cancellable, gpointer data)
{
  g_autoptr (VireoClient) self = g_object_ref (data);
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  stop_loading (self);
  end_opening (self, error);
  return G_SOURCE_REMOVE;
}

/* Starts, and ends @task, whose result is the client, at the first answer. */
void
vireo_client_open (VireoClient *self, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  /* The task keeps the client until then. */
  g_task_set_task_data (task, g_object_ref (self), g_object_unref);
  self->opening = g_object_ref (task);
  if (cancellable != NULL)
    {
      self->opening_cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->opening_cancelled, G_SOURCE_FUNC (opening_cancelled), self,
                             NULL);
      g_source_attach (self->opening_cancelled, g_main_context_get_thread_default ());
    }
  vireo_client_start (self);
  g_dbus_connection_call (self->bus, DBUS, "StartServiceByName",
                          g_variant_new ("(su)", VIREO_BUS_NAME, 0), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT, NULL, service_started,
                          weak_ref_new (self));
}

void
vireo_client_stop (VireoClient *self)
{
  stop_loading (self);
  if (self->bus == NULL)
    return;
  g_clear_signal_handler (&self->closed_id, self->bus);
  if (self->signal_id != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->signal_id);
  if (self->owner_id != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->owner_id);
  self->signal_id = self->owner_id = 0;
  if (self->owns_bus && !g_dbus_connection_is_closed (self->bus))
    g_dbus_connection_close (self->bus, NULL, NULL, NULL);
  g_clear_object (&self->bus);
}

static GVariant *
call_bus_sync (VireoClient *self, const char *method, GVariant *args, const char *type,
               GCancellable *cancellable, GError **error)
{
  return g_dbus_connection_call_sync (self->bus, DBUS, method, args, G_VARIANT_TYPE (type),
                                      G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT, cancellable, error);
}

/* Reads everything and waits for it. That the service is not there is no failure. */
gboolean
vireo_client_load_sync (VireoClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) started
      = call_bus_sync (self, "StartServiceByName", g_variant_new ("(su)", VIREO_BUS_NAME, 0), "(u)",
                       cancellable, NULL);
  g_autoptr (GVariant) owner = call_bus_sync (
      self, "GetNameOwner", g_variant_new ("(s)", VIREO_BUS_NAME), "(s)", cancellable, NULL);
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GVariant) manager = NULL;

  if (owner == NULL)
    return !g_cancellable_set_error_if_cancelled (cancellable, error);
  g_variant_get (owner, "(s)", &self->owner);
  hold_back (self);
  objects = g_dbus_connection_call_sync (
      self->bus, self->owner, VIREO_ROOT_PATH, VIREO_OBJECT_MANAGER_INTERFACE, "GetManagedObjects",
      NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT,
      cancellable, error);
  if (objects != NULL)
    manager = g_dbus_connection_call_sync (
        self->bus, self->owner, VIREO_ROOT_PATH, VIREO_PROPERTIES_INTERFACE, "GetAll",
        g_variant_new ("(s)", VIREO_MANAGER_INTERFACE), G_VARIANT_TYPE ("(a{sv})"),
        G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT, cancellable, error);
  if (manager != NULL)
    finish_loading (self, objects, manager);
  return manager != NULL;
}
