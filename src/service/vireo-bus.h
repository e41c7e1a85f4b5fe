/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-caller.h"
#include "vireo-quotas.h"

G_BEGIN_DECLS

/**
 * VireoBus:
 *
 * Where calls come in. GDBus itself would answer some of them (Introspect, Properties, what exists)
 * before anybody asked whether the caller may know; so a filter takes every call away from it, and
 * hands them on the main context, a batch a turn, one of each sender in turn. A sender's calls wait
 * until the bus said whose they are, so they stay in their order. It ends with its connection.
 */
#define VIREO_TYPE_BUS (vireo_bus_get_type ())
G_DECLARE_FINAL_TYPE (VireoBus, vireo_bus, VIREO, BUS, GObject)

/**
 * VireoBusFunc:
 * @caller: who called
 * @message: (transfer full): the call
 *
 * Serves a call. vireo_bus_call_ended() is called, once, when it is over.
 */
typedef void (*VireoBusFunc) (VireoCaller *caller, GDBusMessage *message, gpointer user_data);

VireoBus *vireo_bus_new (GDBusConnection *connection,
                         VireoQuotas *quotas,
                         VireoBusFunc func,
                         gpointer user_data);
/* What a call that ended took of its caller's quotas, also when their bus is gone. */
void vireo_bus_give_back (VireoQuotas *quotas, VireoCaller *caller, GDBusMessage *message);
void vireo_bus_call_ended (VireoBus *self, VireoCaller *caller);
/* Serves a caller that was held. */
void vireo_bus_resume (VireoBus *self, VireoCaller *caller);

/**
 * vireo_bus_set_blob:
 * @message: a message without a body
 * @blob: the message that it stands for, in the bus' form
 *
 * Has @blob sent in the place of @message, with its serial. GDBus puts a message into the bus' form
 * with a lock held that everybody who sends anything needs: for millions of values, that is half a
 * second. This way it can be done elsewhere, before.
 */
void vireo_bus_set_blob (GDBusMessage *message, GBytes *blob);

/* About how many bytes it takes on the bus; rather too many than too few. */
gsize vireo_bus_measure (GDBusMessage *message);

/* Takes no more calls, and forgets those that wait. */
void vireo_bus_close (VireoBus *self);

G_END_DECLS
