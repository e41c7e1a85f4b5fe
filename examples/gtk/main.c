/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small desktop manager: what an application gets from libvireo-1.0.
 *   gcc *.c -o manager $(pkg-config --cflags --libs vireo-1.0 gtk4 vte-2.91-gtk4)
 *   ./manager [--session | --address=ADDRESS | --host=USER@HOST] [--connect=URI]
 *
 * Nothing here asks twice: the lists are GListModels that the library keeps current, and each label
 * is bound to a property. Nothing waits: every call is an _async one. */
#include "manager.h"

static const GOptionEntry entries[] = {
  { "session", 0, 0, G_OPTION_ARG_NONE, NULL, "Use the service on the session bus", NULL },
  { "address", 0, 0, G_OPTION_ARG_STRING, NULL, "Use the service on the bus at ADDRESS",
    "ADDRESS" },
  { "host", 0, 0, G_OPTION_ARG_STRING, NULL, "Use the service of another host, over ssh",
    "USER@HOST" },
  { "connect", 0, 0, G_OPTION_ARG_STRING, NULL, "Open this connection first", "URI" },
  { 0 },
};

/* One process serves all windows of a user: what a second one is called with comes here. */
static int
on_command_line (GApplication *application, GApplicationCommandLine *line)
{
  GVariantDict *options = g_application_command_line_get_options_dict (line);
  ManagerPlace place = { 0 };

  g_variant_dict_lookup (options, "session", "b", &place.session);
  g_variant_dict_lookup (options, "address", "&s", &place.address);
  g_variant_dict_lookup (options, "host", "&s", &place.host);
  g_variant_dict_lookup (options, "connect", "&s", &place.uri);
  gtk_window_present (manager_window_new (GTK_APPLICATION (application), &place));
  return 0;
}

static void
on_startup (GtkApplication *application)
{
  const struct
  {
    const char *action;
    const char *keys[2];
  } keys[] = {
    { "win.start", { "<Control>r" } },       { "win.suspend", { "<Control>p" } },
    { "win.resume", { "<Control>p" } },
    { "win.shutdown", { "<Control>d" } },    { "win.console", { "<Control>t" } },
    { "window.close", { "<Control>w" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_application_set_accels_for_action (application, keys[i].action, keys[i].keys);
}

int
main (int argc, char **argv)
{
  g_autoptr (GtkApplication) application
      = gtk_application_new ("org.vireo.Manager", G_APPLICATION_HANDLES_COMMAND_LINE);

  g_application_add_main_option_entries (G_APPLICATION (application), entries);
  g_signal_connect (application, "startup", G_CALLBACK (on_startup), NULL);
  g_signal_connect (application, "command-line", G_CALLBACK (on_command_line), NULL);
  return g_application_run (G_APPLICATION (application), argc, argv);
}
