/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "libvirt/vireo-libvirt.h"
#include "util/vireo-store.h"
#include "vireo-hypervisors.h"
#include "vireo-server.h"
#include "vireo-services.h"
#include "vireod-lock.h"
#include "vireod-options.h"

#define BUS_NAME "org.vireo.Vireo1"

/* The daemon from its start to its end: the folders, the bus, the connections and what they hold,
 * and only then the name, so that no client sees half of it. Guests do not end with it. */
typedef struct
{
  VireodOptions options;
  GMainLoop *loop;
  GDBusConnection *connection;
  VireoTree *tree;
  VireoHypervisors *hypervisors;
  VireoServer *server;
  VireoLibvirt *libvirt;
  guint name_id;
  guint libvirt_name_id;
  gboolean reloading;
  gboolean failed;
} Daemon;

static void
quit (Daemon *self, gboolean failed)
{
  self->failed |= failed;
  sd_notify (0, "STOPPING=1");
  g_main_loop_quit (self->loop);
}

static gboolean
on_terminate (gpointer user_data)
{
  g_message ("stopping; guests keep running");
  quit (user_data, FALSE);
  return G_SOURCE_CONTINUE;
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Daemon *self = user_data;
  g_autoptr (GError) error = NULL;

  self->reloading = FALSE;
  if (!vireo_hypervisors_reload_finish (VIREO_HYPERVISORS (source), result, &error))
    g_warning ("not everything was read again: %s", error->message);
  sd_notify (0, "READY=1");
}

static gboolean
on_hangup (gpointer user_data)
{
  Daemon *self = user_data;

  if (self->name_id == 0 || self->reloading)
    return G_SOURCE_CONTINUE;
  self->reloading = TRUE;
  /* systemd wants to know since when (sd_notify(3), MONOTONIC_USEC=). */
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  vireo_hypervisors_reload_async (self->hypervisors, NULL, on_reloaded, self);
  return G_SOURCE_CONTINUE;
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_message ("ready");
  sd_notify (0, "READY=1");
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_warning ("the name %s is somebody else's, or may not be ours", name);
  quit (user_data, TRUE);
}

/* It is owned where the bus lets us, which is what installing its policy says, and nobody else is.
 */
static void
on_libvirt_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_message ("the name %s is somebody else's, or may not be ours: its clients are not served",
             name);
}

static void
own_libvirt_name (Daemon *self)
{
  self->libvirt_name_id = g_bus_own_name_on_connection (self->connection, VIREO_LIBVIRT_BUS_NAME,
                                                        G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, NULL,
                                                        on_libvirt_name_lost, self, NULL);
}

static void
on_bus_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer user_data)
{
  g_warning ("the bus is gone%s%s", error != NULL ? ": " : "", error != NULL ? error->message : "");
  quit (user_data, TRUE);
}

static void
on_all_open (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Daemon *self = user_data;

  vireo_hypervisors_open_all_finish (VIREO_HYPERVISORS (source), result);
  if (self->libvirt != NULL)
    own_libvirt_name (self);
  self->name_id = g_bus_own_name_on_connection (self->connection, BUS_NAME,
                                                G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                                on_name_acquired, on_name_lost, self, NULL);
}

static GDBusConnection *
connect_to_bus (Daemon *self, GError **error)
{
  GBusType type = self->options.env.session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
  g_autofree char *own_address = NULL;
  const char *address = self->options.bus_address;

  if (address == NULL)
    {
      own_address = g_dbus_address_get_for_bus_sync (type, NULL, error);
      address = own_address;
    }
  if (address == NULL)
    return NULL;
  return g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
}

static gboolean
start (Daemon *self, GError **error)
{
  if (!vireod_options_make_folders (&self->options, error)
      || !vireod_lock_folder (self->options.env.state_dir, error)
      || !vireod_lock_folder (self->options.env.run_dir, error))
    return FALSE;
  self->tree = vireo_tree_new (vireo_services, error);
  if (self->tree == NULL)
    return FALSE;
  self->hypervisors = vireo_hypervisors_new (self->tree, &self->options.env,
                                             (const char *const *) self->options.drivers, error);
  if (self->hypervisors == NULL)
    return FALSE;
  self->connection = connect_to_bus (self, error);
  if (self->connection == NULL)
    return FALSE;
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_bus_closed), self);
  self->server = vireo_server_new (self->connection, self->tree, self->options.env.session);
  if (!self->options.no_libvirt)
    {
      self->libvirt = vireo_libvirt_new (self->server, self->options.env.session, error);
      if (self->libvirt == NULL)
        return FALSE;
    }
  vireo_hypervisors_open_all_async (self->hypervisors, on_all_open, self);
  return TRUE;
}

/* What is under way is not waited for: whatever was not answered was not promised, and files are
 * written so that they are whole at any instant. */
static void
stop (Daemon *self)
{
  if (self->name_id != 0)
    g_bus_unown_name (self->name_id);
  if (self->libvirt_name_id != 0)
    g_bus_unown_name (self->libvirt_name_id);
  if (self->server != NULL)
    vireo_server_close (self->server);
  if (self->connection != NULL && !g_dbus_connection_is_closed (self->connection))
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      g_dbus_connection_flush_sync (self->connection, NULL, NULL);
    }
  vireo_stores_settle ();
}

static int
serve (Daemon *self)
{
  g_autoptr (GError) error = NULL;

  g_unix_signal_add (SIGTERM, on_terminate, self);
  g_unix_signal_add (SIGINT, on_terminate, self);
  g_unix_signal_add (SIGHUP, on_hangup, self);
  if (start (self, &error))
    {
      g_main_loop_run (self->loop);
    }
  else
    {
      g_printerr ("vireod: %s\n", error->message);
      self->failed = TRUE;
    }
  stop (self);
  return self->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  /* What the daemon holds ends with the process, not before: operations that nobody waits for may
   * still be using it. It is static so that a leak checker finds it all held. */
  static Daemon self;
  g_autoptr (GError) error = NULL;
  int status = EXIT_SUCCESS;

  setlocale (LC_ALL, "");
  umask (022);
  self.loop = g_main_loop_new (NULL, FALSE);
  if (!vireod_options_parse (&self.options, &argc, &argv, &error))
    {
      g_printerr ("vireod: %s\n", error->message);
      status = 2;
    }
  else if (self.options.version)
    g_print ("vireod %s\n", VIREO_VERSION);
  else
    status = serve (&self);
  return status;
}
