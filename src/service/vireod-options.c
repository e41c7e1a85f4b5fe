/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireod-options.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "util/vireo-error.h"

/* The folders: where they are on a host, and in a session, below which of the user's. */
static const struct
{
  gsize offset;
  const char *system;
  const char *(*session_base) (void);
  const char *session_suffix;
  guint mode;
} folders[] = {
  { G_STRUCT_OFFSET (VireoEnv, state_dir), VIREO_STATE_DIR, g_get_user_data_dir, "vireo", 0700 },
  { G_STRUCT_OFFSET (VireoEnv, run_dir), VIREO_RUN_DIR, g_get_user_runtime_dir, "vireo", 0755 },
  { G_STRUCT_OFFSET (VireoEnv, cache_dir), VIREO_CACHE_DIR, g_get_user_cache_dir, "vireo", 0711 },
  { G_STRUCT_OFFSET (VireoEnv, log_dir), VIREO_LOG_DIR, g_get_user_state_dir, "vireo/log", 0700 },
  { G_STRUCT_OFFSET (VireoEnv, config_dir), VIREO_SYSCONF_DIR, g_get_user_config_dir, "vireo",
    0755 },
};

static void
fill_in_folders (VireodOptions *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      char **folder = G_STRUCT_MEMBER_P (&self->env, folders[i].offset);
      g_autofree char *given = g_steal_pointer (folder);

      if (given != NULL)
        *folder = g_canonicalize_filename (given, NULL);
      else if (self->env.session)
        *folder = g_build_filename (folders[i].session_base (), folders[i].session_suffix, NULL);
      else
        *folder = g_strdup (folders[i].system);
    }
}

gboolean
vireod_options_parse (VireodOptions *self, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- virtualization service");
  g_autofree char *drivers = NULL;
  const GOptionEntry entries[] = {
    { "session", 0, 0, G_OPTION_ARG_NONE, &self->env.session, "Serve the session bus, for one user",
      NULL },
    { "bus", 0, 0, G_OPTION_ARG_STRING, &self->bus_address, "Serve the bus at ADDRESS", "ADDRESS" },
    { "drivers", 0, 0, G_OPTION_ARG_STRING, &drivers, "Have these drivers only, such as test,qemu",
      "LIST" },
    { "guest-user", 0, 0, G_OPTION_ARG_STRING, &self->env.guest_user,
      "Run guests as USER; empty for the daemon's own", "USER" },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &self->env.state_dir, "Definitions", "FOLDER" },
    { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &self->env.run_dir, "Live status", "FOLDER" },
    { "cache-dir", 0, 0, G_OPTION_ARG_FILENAME, &self->env.cache_dir, "Caches", "FOLDER" },
    { "log-dir", 0, 0, G_OPTION_ARG_FILENAME, &self->env.log_dir, "Guests' logs", "FOLDER" },
    { "config-dir", 0, 0, G_OPTION_ARG_FILENAME, &self->env.config_dir, "Configuration", "FOLDER" },
    { "no-libvirt", 0, 0, G_OPTION_ARG_NONE, &self->no_libvirt,
      "Do not serve clients of org.libvirt", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, "Print the version", NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "unexpected argument \"%s\"",
                   (*argv)[1]);
      return FALSE;
    }
  if (drivers != NULL)
    self->drivers = g_strsplit (drivers, ",", -1);

  /* Only root can run guests as somebody else. */
  if (self->env.guest_user == NULL && !self->env.session && geteuid () == 0)
    self->env.guest_user = g_strdup (VIREO_GUEST_USER);
  if (self->env.guest_user != NULL && *self->env.guest_user == '\0')
    g_clear_pointer (&self->env.guest_user, g_free);
  fill_in_folders (self);
  return TRUE;
}

gboolean
vireod_options_make_folders (VireodOptions *self, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      const char *folder = G_STRUCT_MEMBER (char *, &self->env, folders[i].offset);

      if (g_mkdir_with_parents (folder, (int) folders[i].mode) != 0)
        {
          vireo_error_set_errno (error, errno, "cannot make the folder %s", folder);
          return FALSE;
        }
    }
  return TRUE;
}
