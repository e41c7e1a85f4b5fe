/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-driver.h"

G_BEGIN_DECLS

/**
 * VireodOptions:
 * @env: the daemon's folders
 * @bus_address: (nullable): the bus; %NULL for the system's or session's own
 * @drivers: (nullable): ids of the drivers to have; %NULL for all
 * @no_libvirt: whether to leave org.libvirt alone
 * @version: whether only to print the version
 *
 * The command line of vireod.
 */
typedef struct
{
  VireoEnv env;
  char *bus_address;
  char **drivers;
  gboolean no_libvirt;
  gboolean version;
} VireodOptions;

gboolean vireod_options_parse (VireodOptions *self, int *argc, char ***argv, GError **error);
gboolean vireod_options_make_folders (VireodOptions *self, GError **error);

G_END_DECLS
