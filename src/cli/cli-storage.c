/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl pool …, volume … */
#include "cli-storage-as.h"

#define POOL_AS_USAGE \
  "NAME TYPE [SOURCE-HOST|-] [SOURCE-PATH|-] [SOURCE-DEV|-] [SOURCE-NAME|-] [TARGET] [FORMAT]"

static const CliVerb pool_verbs[] = {
  { "list", "ls", "Connection.GetStoragePools", "List storage pools", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "start", NULL, "StoragePool.Start", "Start an inactive pool" },
  { "destroy", "stop", "StoragePool.Destroy", "Stop the pool; what is in it stays" },
  { "build", NULL, "StoragePool.Build", "Make what the pool needs, such as its folder" },
  { "delete", NULL, "StoragePool.Delete", "Remove what build made" },
  { "refresh", NULL, "StoragePool.Refresh", "Look for its volumes anew" },
  { "define", NULL, "Connection.DefineStoragePool", "Define a pool, or replace its definition" },
  { "create", NULL, "Connection.CreateStoragePool", "Start a transient pool" },
  { "define-as", NULL, "Connection.DefineStoragePool", "Define a pool, without a document",
    cli_run_pool_as, .usage = POOL_AS_USAGE, .options = cli_pool_as_options,
    .json = "path | string" },
  { "create-as", NULL, "Connection.CreateStoragePool", "Start a transient pool, without a document",
    cli_run_pool_as, .usage = POOL_AS_USAGE, .options = cli_pool_as_options,
    .json = "path | string" },
  { "undefine", NULL, "StoragePool.Undefine", "Remove the definition" },
  { "autostart", NULL, "StoragePool:Autostart", "Start the pool with the host",
    cli_run_autostart, .options = cli_autostart_options },
  { "xml", "dumpxml", "StoragePool.GetXml", "Print the definition" },
  { "edit", NULL, "StoragePool.GetXml", "Edit the definition", cli_run_edit,
    "StoragePool.SetXml" },
  { "set-xml", NULL, "StoragePool.SetXml", "Replace the definition" },
  { "name", NULL, "StoragePool:Name", "Print the name", cli_run_property },
  { "uuid", NULL, "StoragePool:Uuid", "Print the UUID", cli_run_property },
  { "find", NULL, "Connection.LookupStoragePoolByTargetPath",
    "Print the pool whose volumes are in a folder" },
  { "find-sources", "find-storage-pool-sources", "Connection.FindStoragePoolSources",
    "Print what pools of a type could be made of", .optional = 1 },
  { "find-sources-as", "find-storage-pool-sources-as", "Connection.FindStoragePoolSources",
    "Print what a server has to make pools of", cli_run_find_sources_as,
    .usage = "TYPE [HOST] [PORT]", .options = cli_find_sources_as_options },
  { "capabilities", NULL, "Connection.GetStoragePoolCapabilities",
    "Print which types of pool there can be" },
};

const CliGroup cli_pool_group = { "pool", "storage-pool", "pool-", "StoragePool", pool_verbs,
                                  G_N_ELEMENTS (pool_verbs), "storage pools" };

static const CliVerb volume_verbs[] = {
  { "list", "ls", "StoragePool.GetVolumes", "List the volumes of a pool", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "create", NULL, "StoragePool.CreateVolume", "Create a volume as a document says" },
  { "create-as", NULL, "StoragePool.CreateVolume", "Create a volume, without a document",
    cli_run_volume_as, .usage = "POOL NAME CAPACITY", .options = cli_volume_as_options,
    .json = "path | string" },
  { "create-from", NULL, "StoragePool.CreateVolumeFrom",
    "Create a volume as a document says, with what is in another one" },
  { "clone", NULL, "StoragePool.CreateVolumeFrom", "Copy a volume to a new one of its pool",
    cli_run_volume_clone, .usage = "POOL VOLUME NAME", .json = "path" },
  { "delete", NULL, "StorageVolume.Delete", "Remove a volume and what is in it" },
  { "wipe", NULL, "StorageVolume.Wipe", "Overwrite what is in it" },
  { "resize", NULL, "StorageVolume.Resize", "Change its size" },
  { "upload", NULL, "StorageVolume.Upload", "Write a file to it" },
  { "download", NULL, "StorageVolume.Download", "Read it into a file" },
  { "xml", "dumpxml", "StorageVolume.GetXml", "Print its description" },
  { "path", NULL, "StorageVolume:Path", "Print where it is on the host", cli_run_property },
  { "key", NULL, "StorageVolume:Key", "Print its key", cli_run_property },
  { "find", NULL, "Connection.LookupStorageVolumeByPath",
    "Print the volume that is at a path on the host" },
  { "find-key", NULL, "Connection.LookupStorageVolumeByKey", "Print the volume with a key" },
  { "name", NULL, NULL, "Print the name of the volume with a key or at a path", cli_run_volume_at,
    .usage = "KEY|PATH",
    .json = "string" },
  { "pool", NULL, NULL, "Print the pool of the volume with a key or at a path",
    cli_run_volume_at, .usage = "KEY|PATH",
    .json = "string" },
};

const CliGroup cli_volume_group = { "volume", "vol", "vol-", "StorageVolume", volume_verbs,
                                    G_N_ELEMENTS (volume_verbs), "volumes of storage pools" };
