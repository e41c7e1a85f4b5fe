/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/network/vireo-bridge-network-driver.h"
#include "sandbox.h"

void
net_take_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

void
net_wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* ---- operations, as the service calls them ---- */

VireoNetworkDriverInterface *
net_iface (Fixture *f)
{
  return VIREO_NETWORK_DRIVER_GET_IFACE (f->driver);
}

VireoJob *
net_begin (gpointer obj)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  VireoJob *job;

  vireo_obj_begin_job_async (VIREO_OBJ (obj), "test", VIREO_JOB_CHANGE, 0, NULL, net_take_result,
                             &result);
  net_wait_for (&result);
  job = vireo_obj_begin_job_finish (VIREO_OBJ (obj), result, &error);
  g_assert_no_error (error);
  return job;
}

gboolean
net_finish (GAsyncResult **result, GError **error)
{
  net_wait_for (result);
  return g_task_propagate_boolean (G_TASK (*result), error);
}

VireoNetworkObj *
net_define (Fixture *f, const char *xml, GError **error)
{
  g_autoptr (VireoNetworkDef) def = vireo_network_def_parse (xml, -1, VIREO_PARSE_NONE, error);
  g_autoptr (GAsyncResult) result = NULL;

  if (def == NULL)
    return NULL;
  net_iface (f)->define (f->driver, def, 1000, g_task_new (f->driver, NULL, net_take_result,
             &result));
  net_wait_for (&result);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
net_start (Fixture *f, VireoNetworkObj *obj, GError **error)
{
  g_autoptr (VireoJob) job = net_begin (obj);
  g_autoptr (GAsyncResult) result = NULL;
  gboolean ok;

  net_iface (f)->start (f->driver, obj, g_task_new (f->driver, NULL, net_take_result, &result));
  ok = net_finish (&result, error);
  vireo_job_end (job, NULL);
  return ok;
}

gboolean
net_update (Fixture *f, VireoNetworkObj *obj, const VireoNetworkUpdate *update, GError **error)
{
  g_autoptr (VireoJob) job = net_begin (obj);
  g_autoptr (GAsyncResult) result = NULL;
  gboolean ok;

  net_iface (f)->update (f->driver, obj, update,
                         g_task_new (f->driver, NULL, net_take_result, &result));
  ok = net_finish (&result, error);
  vireo_job_end (job, NULL);
  return ok;
}

gboolean
net_destroy (Fixture *f, VireoNetworkObj *obj, GError **error)
{
  g_autoptr (VireoJob) job = net_begin (obj);
  g_autoptr (GAsyncResult) result = NULL;
  gboolean ok;

  net_iface (f)->destroy (f->driver, obj, g_task_new (f->driver, NULL, net_take_result, &result));
  ok = net_finish (&result, error);
  vireo_job_end (job, NULL);
  return ok;
}

void
net_undefine (Fixture *f, VireoNetworkObj *obj)
{
  g_autoptr (VireoJob) job = net_begin (obj);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  net_iface (f)->undefine (f->driver, obj, g_task_new (f->driver, NULL, net_take_result, &result));
  net_finish (&result, &error);
  g_assert_no_error (error);
  vireo_job_end (job, NULL);
}

GPtrArray *
net_get_leases (Fixture *f, VireoNetworkObj *obj)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *leases;

  net_iface (f)->get_leases (f->driver, obj, g_task_new (f->driver, NULL, net_take_result,
             &result));
  net_wait_for (&result);
  leases = g_task_propagate_pointer (G_TASK (result), &error);
  g_assert_no_error (error);
  return leases;
}

VireoNetworkSocket *
net_plug (Fixture *f, const char *network, const char *bridge, const char *target, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  const VireoNetworkPlug wanted = {
    .network = network,
    .bridge = bridge,
    .target = target,
    .mac = "52:54:00:00:00:07",
    .vnet_header = TRUE,
    .owner_uuid = "9b7e5ec0-7b8c-4b8a-8c6e-111111111111",
  };

  net_iface (f)->plug (f->driver, &wanted, g_task_new (f->driver, NULL, net_take_result, &result));
  net_wait_for (&result);
  return g_task_propagate_pointer (G_TASK (result), error);
}

VireoNetworkObj *
net_find (Fixture *f, const char *name)
{
  VireoObj *obj = vireo_obj_list_find_by_name (net_iface (f)->get_networks (f->driver), name);

  return obj != NULL ? VIREO_NETWORK_OBJ (obj) : NULL;
}

/* ---- daemons ---- */

static void
note_event (VireoObjList *list, VireoObj *obj, const char *signal, GVariant *args, Fixture *f)
{
  const char *event = "";

  if (args != NULL)
    g_variant_get_child (args, 0, "&s", &event);
  g_string_append_printf (f->events, "%s:%s%s%s\n", vireo_obj_get_name (obj), signal,
                          event[0] != '\0' ? " " : "", event);
}

void
net_daemon_start (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  f->driver = vireo_bridge_network_driver_new (&f->env);
  g_signal_connect (net_iface (f)->get_networks (f->driver), "event", G_CALLBACK (note_event), f);
  vireo_bridge_network_driver_load_async (f->driver, NULL, net_take_result, &result);
  net_wait_for (&result);
  g_assert_true (vireo_bridge_network_driver_load_finish (f->driver, result, &error));
  g_assert_no_error (error);
}

static guint n_networks;

static void
one_less (gpointer data, GObject *gone)
{
  n_networks--;
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
net_daemon_end (Fixture *f)
{
  gint64 latest = g_get_monotonic_time () + 2 * G_USEC_PER_SEC;
  guint tick;
  g_autoptr (GPtrArray) networks = NULL;

  if (f->driver == NULL)
    return;
  g_signal_handlers_disconnect_by_data (net_iface (f)->get_networks (f->driver), f);
  networks = vireo_obj_list_snapshot (net_iface (f)->get_networks (f->driver));
  for (guint i = 0; i < networks->len; i++, n_networks++)
    g_object_weak_ref (networks->pdata[i], one_less, NULL);
  g_clear_pointer (&networks, g_ptr_array_unref);
  g_clear_object (&f->driver);
  /* What a thread still does for one keeps it; and while it is there, it looks after its dnsmasq,
   * as the next daemon does. A test may have one as well, of which nothing is known here. */
  tick = g_timeout_add (20, on_tick, NULL);
  while (n_networks > 0 && g_get_monotonic_time () < latest)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
net_daemon_restart (Fixture *f)
{
  net_daemon_end (f);
  net_daemon_start (f);
}

/* The names of the host's devices. */
static char *
links (void)
{
  g_autofree char *out = sandbox_run ("ip -br link");
  g_auto (GStrv) lines = g_strsplit (out, "\n", 0);
  GString *names = g_string_new (NULL);

  for (char **line = lines; *line != NULL; line++)
    {
      g_string_append_len (names, *line, (gssize) strcspn (*line, " "));
      g_string_append_c (names, '\n');
    }
  return g_string_free (names, FALSE);
}

void
net_assert_nothing_left (Fixture *f)
{
  g_autofree char *now_links = links ();
  g_autofree char *now_rules = sandbox_run ("nft list ruleset");
  g_autofree char *now_routes = sandbox_run ("ip route");
  g_autofree char *find_run = g_strdup_printf ("find %s/run -type f -not -name autostarted",
                                               f->folder);
  g_autofree char *files = sandbox_run (find_run);
  g_autofree char *command = g_strdup_printf ("pgrep -f %s", f->folder);
  g_autofree char *processes = sandbox_try (command);

  g_assert_cmpstr (now_links, ==, f->links);
  g_assert_cmpstr (now_rules, ==, f->rules);
  g_assert_cmpstr (now_routes, ==, f->routes);
  g_assert_cmpstr (files, ==, "");
  g_assert_cmpstr (processes, ==, NULL);
}

void
net_set_up (Fixture *f, gconstpointer data)
{
  f->folder = sandbox_folder ();
  f->env.state_dir = g_build_filename (f->folder, "state", NULL);
  f->env.run_dir = g_build_filename (f->folder, "run", NULL);
  f->events = g_string_new (NULL);
  f->links = links ();
  f->rules = sandbox_run ("nft list ruleset");
  f->routes = sandbox_run ("ip route");
  net_daemon_start (f);
}

void
net_tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -r %s", f->folder);

  net_daemon_end (f);
  net_assert_nothing_left (f);
  sandbox_do (command);
  g_free (f->folder);
  g_free (f->links);
  g_free (f->rules);
  g_free (f->routes);
  g_free (f->env.state_dir);
  g_free (f->env.run_dir);
  g_string_free (f->events, TRUE);
}

/* The process that is in the background: one that is still starting has not written its number. */
int
net_dnsmasq_pid (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->env.run_dir, "network",
                                            "81ff0d90-c91e-6742-64da-4a736edb9a9b", "dnsmasq.pid",
                                            NULL);
  g_autofree char *text = NULL;
  int pid;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  pid = atoi (text);
  return pid > 0 && kill (pid, 0) == 0 ? pid : 0;
}
