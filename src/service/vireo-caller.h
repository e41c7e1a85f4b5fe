/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-backlog.h"

G_BEGIN_DECLS

/**
 * VireoCaller:
 *
 * A connection to the bus that called us: its unique name, and the user that the bus says it is of.
 * The signal `gone` is emitted once, when it leaves the bus, or the bus or we do. A bus never uses
 * a unique name again, but one that was started anew begins to count at the beginning: so whatever
 * is sent to a caller, or asked about it, goes to the bus that it called us on, and nowhere when
 * that is gone. What hangs on a caller is good for as long as it lives.
 */
#define VIREO_TYPE_CALLER (vireo_caller_get_type ())
G_DECLARE_FINAL_TYPE (VireoCaller, vireo_caller, VIREO, CALLER, GObject)

VireoCaller *
vireo_caller_new (GDBusConnection *connection, VireoBacklog *backlog, const char *name);
GDBusConnection *vireo_caller_get_connection (VireoCaller *self);
const char *vireo_caller_get_name (VireoCaller *self);

/* (guint) -1 until it is known. */
guint vireo_caller_get_uid (VireoCaller *self);
gboolean vireo_caller_is_gone (VireoCaller *self);

void vireo_caller_set_uid (VireoCaller *self, guint uid);
void vireo_caller_set_gone (VireoCaller *self);

/* @message: for the caller. It is dropped when the bus that they called on is gone. */
void vireo_caller_send (VireoCaller *self, GDBusMessage *message);

/* @reply: to @call, which is theirs. A long one, or one with descriptors, goes when it is its turn;
 * an error goes instead when there is no room for it. */
void vireo_caller_answer (VireoCaller *self, GDBusMessage *call, GDBusMessage *reply);
/* What of the above they have not read. */
VireoReader *vireo_caller_get_reader (VireoCaller *self);

/* While a caller is held, what is sent to it waits, but for one message after
 * vireo_caller_let_pass(). Each hold is released once. */
void vireo_caller_hold (VireoCaller *self);
void vireo_caller_let_pass (VireoCaller *self);
void vireo_caller_release (VireoCaller *self);
/* How much waits; 0 when the caller is not held. */
guint vireo_caller_count_waiting (VireoCaller *self);
gboolean vireo_caller_is_held (VireoCaller *self);
/* (element-type VireoCaller): all that are */
GPtrArray *vireo_callers_get_held (void);

G_END_DECLS
