/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "config.h"
#include "libvirt/vireo-libvirt.h"
#include "util/vireo-stdio.h"
#include "util/vireo-store.h"
#include "vireo-hypervisors.h"
#include "vireo-recovery.h"
#include "vireo-server.h"
#include "vireo-services.h"
#include "vireod-bus.h"
#include "vireod-lock.h"
#include "vireod-notify.h"
#include "vireod-options.h"
#include "vireod-stalls.h"

/* The daemon from its start to its end: the folders, the bus, the connections and what they hold,
 * and only then the name, so that no client sees half of it. Guests do not end with it. */
typedef struct
{
  VireodOptions options;
  GMainLoop *loop;
  VireoTree *tree;
  VireoHypervisors *hypervisors;
  VireoServer *server;
  GPtrArray *found_jobs; /* (nullable): until the connections are open */
  VireoLibvirt *libvirt;
  VireodBus *bus;
  gboolean ready;
  gboolean reloading;
  gboolean failed;
} Daemon;

static void
quit (Daemon *self, gboolean failed)
{
  self->failed |= failed;
  vireod_notify ("STOPPING=1");
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
  vireod_notify ("READY=1");
}

static gboolean
on_hangup (gpointer user_data)
{
  Daemon *self = user_data;
  g_autofree char *since = NULL;

  if (!self->ready || self->reloading)
    return G_SOURCE_CONTINUE;
  self->reloading = TRUE;
  /* systemd wants to know since when (sd_notify(3), MONOTONIC_USEC=). */
  since = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
                           g_get_monotonic_time ());
  vireod_notify (since);
  vireo_hypervisors_reload_async (self->hypervisors, NULL, on_reloaded, self);
  return G_SOURCE_CONTINUE;
}

static void
on_bus (gboolean serving, gpointer user_data)
{
  Daemon *self = user_data;

  if (!serving)
    {
      quit (self, TRUE);
      return;
    }
  self->ready = TRUE;
  g_message ("ready");
  vireod_notify ("READY=1\nSTATUS=");
}

static void
on_all_open (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Daemon *self = user_data;

  vireo_hypervisors_open_all_finish (VIREO_HYPERVISORS (source), result);
  vireo_recover_jobs (self->tree, vireo_server_get_quotas (self->server), self->found_jobs);
  g_clear_pointer (&self->found_jobs, g_ptr_array_unref);
  vireo_autodestroy_begin (vireo_server_get_autodestroy (self->server));
  vireod_bus_serve (self->bus, self->libvirt != NULL);
}

/* Before a driver makes the first job of this daemon. */
static void
open_job_book (Daemon *self)
{
  g_autoptr (VireoJobBook) book
      = vireo_job_book_new (self->options.env.run_dir, self->options.env.state_dir);

  self->found_jobs = vireo_job_book_load (book);
  vireo_tree_set_job_book (self->tree, book);
}

static gboolean
start (Daemon *self, GError **error)
{
  VireoQuotas *quotas;

  if (!vireod_options_make_folders (&self->options, error)
      || !vireod_lock_folder (self->options.env.state_dir, error)
      || !vireod_lock_folder (self->options.env.run_dir, error))
    return FALSE;
  self->tree = vireo_tree_new (vireo_services, error);
  if (self->tree == NULL)
    return FALSE;
  open_job_book (self);
  self->hypervisors = vireo_hypervisors_new (self->tree, &self->options.env,
                                             (const char *const *) self->options.drivers, error);
  if (self->hypervisors == NULL)
    return FALSE;
  quotas = vireo_quotas_new (self->options.env.config_dir, self->options.env.session, error);
  if (quotas == NULL)
    return FALSE;
  self->server = vireo_server_new (self->tree, quotas, self->options.env.session,
                                   self->options.env.run_dir);
  if (!self->options.no_libvirt)
    {
      self->libvirt = vireo_libvirt_new (self->server, self->options.env.session, error);
      if (self->libvirt == NULL)
        return FALSE;
    }
  self->bus = vireod_bus_new (self->server, self->options.bus_address, self->options.env.session,
                              on_bus, self, error);
  if (self->bus == NULL || !vireod_bus_open (self->bus, error))
    return FALSE;
  vireo_hypervisors_open_all_async (self->hypervisors, on_all_open, self);
  return TRUE;
}

/* What is under way is not waited for: whatever was not answered was not promised, and files are
 * written so that they are whole at any instant. */
static void
stop (Daemon *self)
{
  if (self->bus != NULL)
    vireod_bus_close (self->bus);
  if (self->tree != NULL)
    vireo_job_book_flush (vireo_tree_get_job_book (self->tree));
  vireo_stores_settle ();
  vireod_lock_release ();
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
      vireod_stalls_watch ();
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

  if (!vireo_stdio_settle ())
    return EXIT_FAILURE;
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
