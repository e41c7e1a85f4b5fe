/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the store: the system calls that it makes, so that its tests can put a disk under it
 * that loses power. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * VireoStoreIo:
 * @open_folder: opens a folder
 * @open: openat(2) of a file in a folder; never follows links and never waits
 * @size: its size, or -1 with errno; EISDIR and the like for what is no regular file
 * @read: pread(2)
 * @write: pwrite(2)
 * @set_blockwise: says that from now on whole blocks are written, from memory that is aligned as
 *   they are, and synced at once: they need not lie in the page cache; need not do anything
 * @allocate: posix_fallocate(3), with errno: gives a file that many bytes of the disk
 * @set_mode: fchmod(2), if it has another mode
 * @start_sync: says that sync() will come; need not do anything
 * @sync: fsync(2), of files and folders
 * @sync_data: fdatasync(2)
 * @close: close(2)
 * @rename: renameat(2) within a folder
 * @unlink: unlinkat(2)
 *
 * They are called from several threads at once. All of them return -1 with errno when they fail.
 */
typedef struct
{
  int (*open_folder) (const char *path);
  int (*open) (int folder_fd, const char *name, int flags, mode_t mode);
  gint64 (*size) (int fd);
  gssize (*read) (int fd, void *buffer, gsize size, gint64 offset);
  gssize (*write) (int fd, const void *data, gsize size, gint64 offset);
  void (*set_blockwise) (int fd);
  int (*allocate) (int fd, gint64 size);
  int (*set_mode) (int fd, mode_t mode);
  void (*start_sync) (int fd);
  int (*sync) (int fd);
  int (*sync_data) (int fd);
  int (*close) (int fd);
  int (*rename) (int folder_fd, const char *from, const char *to);
  int (*unlink) (int folder_fd, const char *name);
} VireoStoreIo;

extern const VireoStoreIo vireo_store_system_io;

/* Both go on until all is written or read; -1 with errno otherwise. @read_all gives what is there,
 * at most @max_size bytes. */
int vireo_store_io_write_all (const VireoStoreIo *io, int fd, GBytes *contents, gint64 offset);
GBytes *vireo_store_io_read_all (const VireoStoreIo *io, int fd, gsize max_size);

/* (nullable): the contents of a regular file of at most @max_size bytes; %NULL with errno. */
GBytes *vireo_store_io_read_file (const VireoStoreIo *io, int folder_fd, const char *name,
                                  gsize max_size);

G_END_DECLS
