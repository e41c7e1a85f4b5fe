/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the store: its log.
 *
 * A change is durable when the log has it: one write to blocks that the file system gave us before,
 * and one flush, for all changes that came while the last flush went on. The files themselves are
 * written later, at a checkpoint: many at a time, each once whatever became of it meanwhile, and
 * each as every file of a store, that is to say to a temporary file that is synced and renamed.
 * Then the log begins again. Until then, what is acknowledged is in the log and in our memory, and
 * the folder is a second or so behind.
 *
 * There are two log files, so that one takes changes while the files of the other are written. They
 * are in the folder, hidden, and made at the first change; a folder that nothing changes in for a
 * few seconds, and one whose daemon ended in order, has nothing in its log. A third file keeps the
 * space that the files will need, so that a disk that somebody filled does not stop them.
 *
 * What holds at any instant:
 *  - no file is replaced before the log has, on the disk, what it is to be;
 *  - a log begins again only when all files that it names, and the folder, are synced;
 *  - a change that was not logged, or whose log could not be synced, is not acknowledged.
 *
 * Recovery, before the folder is used, looks at each name that the logs have steps for. The
 * contents before each step and after each step are what we know of the name; the last step says
 * what it is to be.
 *  - It is what it is to be: nothing is done.
 *  - It is something that it was before, according to the log: the crash came before the last step,
 *    which is done.
 *  - It is absent, empty, holds a NUL byte, or is the beginning of something that the log knows:
 *    that is what a power cut or a full disk leaves of a file, whoever wrote it. The last step is
 *    done.
 *  - It is anything else, or no regular file: an administrator put it there while there was no
 *    daemon. It stays.
 *
 * After a sync that failed, nobody knows what the disk has, and what the page cache says is no
 * help: all files that a log names are written anew, with syncs of their own, and the logs deleted.
 * Until that succeeds no change is made.
 *
 * These functions block. One thread uses a log, but for vireo_store_log_checkpoint(), which may run
 * next to it. */
#pragma once

#include "vireo-store-disk.h"

G_BEGIN_DECLS

/* Size of each of the two files, and of the third. */
#define VIREO_STORE_LOG_SIZE (4u * 1024u * 1024u)
#define VIREO_STORE_RESERVE_SIZE (16u * 1024u * 1024u)

typedef struct _VireoStoreLog VireoStoreLog;

VireoStoreLog *vireo_store_log_new (const char *folder, const VireoStoreIo *io);
void vireo_store_log_free (VireoStoreLog *self);

/* Makes the folder what was acknowledged, and deletes the logs of the daemon before. */
gboolean vireo_store_log_recover (VireoStoreLog *self, GError **error);

/* Whether changes of @size bytes (vireo_store_frame_call_size()) fit in a log; and whether that
 * many, and such a number of files, are within what is left of this one. */
gboolean vireo_store_log_can_take (VireoStoreLog *self, gsize size);
gboolean vireo_store_log_has_room (VireoStoreLog *self, gsize size, gsize n_ops);

/* Whether the log in use has anything, the other one is in a checkpoint, and something failed. */
gboolean vireo_store_log_is_used (VireoStoreLog *self);
gboolean vireo_store_log_is_checkpointing (VireoStoreLog *self);
gboolean vireo_store_log_is_broken (VireoStoreLog *self);

/* Makes the changes durable; each call's @error says how it went. There has to be
 * room. When the log is broken afterwards, nothing may be answered before
 * vireo_store_log_repair() was tried. */
void vireo_store_log_commit (VireoStoreLog *self, VireoStoreCall **calls, gsize n_calls);

/* A checkpoint: goes on in the other log; writes what the one so far is about, and empties it, in
 * any thread; takes note of how that went. */
void vireo_store_log_turn (VireoStoreLog *self);
gboolean vireo_store_log_checkpoint (VireoStoreLog *self, GError **error);
void vireo_store_log_checkpointed (VireoStoreLog *self, gboolean done);

/* Writes all that the logs are about anew, and deletes them. Not during a checkpoint. */
gboolean vireo_store_log_repair (VireoStoreLog *self, GError **error);

G_END_DECLS
