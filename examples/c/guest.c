/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defines a domain, starts it, sees it run, and reads its console:
 *   gcc guest.c -o guest $(pkg-config --cflags --libs vireo-1.0) */
#include <string.h>
#include <vireo.h>

static const char xml[]
    = "<domain type='test'><name>c</name><memory unit='KiB'>8192</memory>"
      "<os><type>hvm</type></os><devices><console type='pty'/></devices></domain>";

static void
on_state (VireoDomain *domain, GParamSpec *pspec, gpointer loop)
{
  g_print ("state: %s\n", vireo_domain_get_state (domain));
  if (g_strcmp0 (vireo_domain_get_state (domain), "running") == 0)
    g_main_loop_quit (loop);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_domain_start_finish (VIREO_DOMAIN (source), result, &error))
    g_error ("cannot start: %s", error->message);
}

static gboolean
print_console (VireoDomain *domain, GError **error)
{
  g_autoptr (GIOStream) terminal = vireo_domain_open_console_sync (domain, "", NULL, NULL, error);
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;

  while (terminal != NULL
         && (strstr (text->str, "Vireo test guest") == NULL
             || !g_str_has_suffix (text->str, "login: ")))
    {
      g_autoptr (GBytes) bytes = g_input_stream_read_bytes (
          g_io_stream_get_input_stream (terminal), 256, NULL, error);

      if (bytes == NULL || g_bytes_get_size (bytes) == 0)
        return FALSE;
      g_string_append_len (text, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
    }
  lines = g_strsplit (text->str, "\r\n", -1);
  g_print ("console: %s\n", terminal != NULL ? lines[1] : "-");
  return terminal != NULL;
}

static void
print_domains (VireoClient *client)
{
  GListModel *domains = vireo_client_get_domain_model (client);

  for (guint i = 0; i < g_list_model_get_n_items (domains); i++)
    {
      g_autoptr (VireoDomain) domain = g_list_model_get_item (domains, i);

      g_print ("listed: %s %s\n", vireo_domain_get_name (domain), vireo_domain_get_state (domain));
    }
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) absent = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (VireoClient) client = vireo_client_new_for_bus_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  g_autoptr (VireoConnection) connection = NULL;
  g_autoptr (VireoDomain) domain = NULL;
  g_autoptr (VireoDomain) nobody = NULL;

  if (client != NULL)
    connection = vireo_manager_open_connection_sync (vireo_client_get_manager (client),
                                                     "test:///default", NULL, NULL, &error);
  if (connection != NULL)
    domain = vireo_connection_define_domain_sync (connection, xml, NULL, NULL, &error);
  if (domain == NULL)
    g_error ("%s", error->message);

  g_signal_connect (domain, "notify::state", G_CALLBACK (on_state), loop);
  vireo_domain_start_async (domain, NULL, NULL, on_started, NULL);
  g_main_loop_run (loop);
  print_domains (client);
  if (!print_console (domain, &error))
    g_error ("%s", error->message);

  nobody = vireo_connection_lookup_domain_by_name_sync (connection, "absent", NULL, &absent);
  g_print ("not found: %s\n",
           g_error_matches (absent, VIREO_ERROR, VIREO_ERROR_NOT_FOUND) ? "True" : "False");

  if (!vireo_domain_destroy_sync (domain, NULL, NULL, &error)
      || !vireo_domain_undefine_sync (domain, NULL, NULL, &error))
    g_error ("%s", error->message);
  return 0;
}
