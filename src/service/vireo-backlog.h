/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "vireo-quotas.h"

G_BEGIN_DECLS

/**
 * VireoBacklog:
 *
 * What was sent to callers and they may not have read. A bus keeps it for them, and a dbus-daemon
 * reads nothing more from us while what it keeps of us is more than its max_incoming_bytes, or
 * max_incoming_unix_fds: then nobody gets an answer. So each user may have only so much of it:
 * whoever has more is not served until they read, and is refused when they do not read at all.
 *
 * How much a caller has not read the bus says when it is asked (GetConnectionStats, which a system
 * bus lets root ask). It is asked when what was sent since the last time may matter, so small
 * answers cost nothing. Calls to us are no sign of reading, and an answer to a Ping of ours can be
 * sent by those who do not read, too.
 *
 * A bus that does not say it (dbus-broker has quotas of its own, and throws out who does not read)
 * is served without this; on a session's, there is one user.
 */
typedef struct _VireoBacklog VireoBacklog;

/* One caller's, and on their user's account. */
typedef struct _VireoReader VireoReader;

/* @uid: a user who may be served again, or who is to be refused what waits */
typedef void (*VireoBacklogFunc) (guint uid, gpointer user_data);

VireoBacklog *vireo_backlog_new (GDBusConnection *connection,
                                 VireoQuotas *quotas,
                                 VireoBacklogFunc func,
                                 gpointer user_data);
/* When all readers have left. Their memory is given back with the last of them. */
void vireo_backlog_close (VireoBacklog *self);

VireoReader *vireo_reader_new (VireoBacklog *backlog, const char *name);
void vireo_reader_set_uid (VireoReader *self, guint uid);
/* The caller left: nothing is kept for it any more. What waits for its turn is refused. */
void vireo_reader_leave (VireoReader *self);
void vireo_reader_free (VireoReader *self);

/* @size: of a message that is sent, in bytes */
void vireo_reader_sent (VireoReader *self, gsize size, guint n_fds);

/* Whether no call of theirs is to be begun now. */
gboolean vireo_reader_is_behind (VireoReader *self);
/* Whether it did not help to wait, and their calls are to be refused. */
gboolean vireo_reader_is_refused (VireoReader *self);
/* Whether they do not even read what they are refused with. */
gboolean vireo_reader_is_lost (VireoReader *self);
/* Whether they read the signals that they get. */
gboolean vireo_reader_keeps_up (VireoReader *self);
/* Whether so much can be sent to them without doing harm to others. */
gboolean vireo_reader_has_room (VireoReader *self, gsize size);
/* QuotaExceeded, with why. */
void vireo_reader_set_error (VireoReader *self, GError **error);

/**
 * VireoTurnFunc:
 * @granted: %FALSE when there is no room, nor will be
 */
typedef void (*VireoTurnFunc) (gboolean granted, gpointer user_data);

/**
 * vireo_reader_take_turn:
 * @size: of memory that is taken while it waits
 * @func: called once, when it is the caller's turn, at once if it is now
 *
 * Waits until something long can be sent to a caller: one thing after the other for each user, and
 * none while they are behind. A turn that was granted is ended with vireo_reader_end_turn().
 *
 * Returns: whether @func was called
 */
gboolean
vireo_reader_take_turn (VireoReader *self, gsize size, VireoTurnFunc func, gpointer user_data);
void vireo_reader_end_turn (VireoReader *self);

G_END_DECLS
