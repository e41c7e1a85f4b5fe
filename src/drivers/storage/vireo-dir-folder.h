/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/* A folder of volumes, and the files in it. Everything here blocks: for worker threads. A name
 * never leads out of its folder, nor through a symbolic link, and only regular files are opened:
 * what somebody put there does not make the service read or write anything else. */

/* The formats of volumes here. The first is that of what has no other. */
extern const char *const vireo_dir_formats[];

/* Opens a folder. Errors: MissingResource when it is not there, Access, Io. */
int vireo_dir_folder_open (const char *path, GError **error);

/* Opens a file. With @write it must not be a running guest's. Errors: MissingResource, Busy,
 * Access, Io. */
int vireo_dir_file_open (int folder, const char *name, gboolean write, GError **error);

/* Opens a new file without a name, in @folder; when the file system has none, one with a name that
 * is no volume's, which is @ret_temporary then. */
int vireo_dir_file_new (int folder, char **ret_temporary, GError **error);

/* Gives a new file its name, unless there is such a one (NameInUse), with permissions and format;
 * it and its name are on the disk then. */
gboolean vireo_dir_file_publish (int folder,
                                 int fd,
                                 const char *temporary,
                                 const VireoStorageVolumeDef *wanted,
                                 GError **error);

/* What a file is: (transfer full). @format: (nullable): what it is known to be, which is
 * remembered; otherwise what was remembered or, of a file that was not made here, what its first
 * bytes say. */
VireoStorageVolumeDef *vireo_dir_file_describe (int fd,
                                                const char *folder_path,
                                                const char *name,
                                                const char *format,
                                                GError **error);

/* Everything in a folder that can be a volume. (transfer full) (element-type VireoStorageVolumeDef)
 */
GPtrArray *vireo_dir_folder_scan (const char *path, GError **error);

/* What a daemon that was killed was making. */
void vireo_dir_folder_sweep (int folder);

/* Whether an image depends on nothing but files in its own folder, so that a program may be let at
 * it. Errors: ConfigUnsupported. */
gboolean
vireo_dir_file_check_chain (int folder, const char *folder_path, const char *name, GError **error);

gboolean vireo_dir_remove (int folder, const char *name, GError **error);

typedef struct
{
  guint64 capacity;
  guint64 available;
} VireoDirSpace;

gboolean vireo_dir_folder_get_space (const char *path, VireoDirSpace *ret_space, GError **error);

G_END_DECLS
