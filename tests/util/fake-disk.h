/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder on a disk that loses its power, and that fails, when a test wants it. */
#pragma once

#include "util/vireo-store-io.h"

G_BEGIN_DECLS

/* There is one at a time. It counts the calls that change something. */
extern const VireoStoreIo fake_disk_io;

void fake_disk_begin (guint32 seed);
void fake_disk_end (void);

/* The call number @call, counted from now, and all after it, do nothing. 0: never. */
void fake_disk_stop_at (guint call);
guint fake_disk_count (void);
gboolean fake_disk_is_stopped (void);

/* The call number @call, counted from now, fails with @error; later ones do not. A sync that failed
 * leaves a page cache that says one thing and a disk that has another, and all later syncs of that
 * file succeed and do nothing. */
void fake_disk_fail_at (guint call, int error);

/* What was not synced is there, is not, or is there in parts, as chance will have it; and the disk
 * works again. */
void fake_disk_lose_power (void);

/* The process is killed: all that it did is there. */
void fake_disk_kill (void);

/* What an administrator sees and does. */
char *fake_disk_read (const char *name);
void fake_disk_write (const char *name, const char *contents, gssize size);
void fake_disk_delete (const char *name);
void fake_disk_set_read_only (gboolean read_only);

G_END_DECLS
