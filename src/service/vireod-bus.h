/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-server.h"

G_BEGIN_DECLS

/**
 * VireodBus:
 *
 * Keeps the daemon on its bus. A bus that is started anew, or that throws us out, does not end the
 * daemon: guests, jobs and what is on the bus stay as they are, and it connects again and takes its
 * names again. Clients see NameOwnerChanged, as when the daemon itself was started anew. A bus that
 * is left again and again is returned to after longer and longer, up to a second. The bus of a
 * session does not come back: the daemon of one ends with it.
 *
 * When it was GDBus that left the bus, over a message that it could not read, we return behind a
 * VireoGuard, which sees to it that this was the last time. It is not there before, for it costs
 * each call some 50 microseconds.
 */
typedef struct _VireodBus VireodBus;

/**
 * VireodBusFunc:
 * @serving: %TRUE when the daemon's name is ours, %FALSE when it never will be again
 */
typedef void (*VireodBusFunc) (gboolean serving, gpointer user_data);

/* @address: (nullable): of the bus; of the system's or the session's own when %NULL */
VireodBus *vireod_bus_new (VireoServer *server,
                           const char *address,
                           gboolean session,
                           VireodBusFunc func,
                           gpointer user_data,
                           GError **error);

/* The first time; it blocks. */
gboolean vireod_bus_open (VireodBus *self, GError **error);

/* From now on there is something to see: takes the names. @libvirt: whether org.libvirt's, too */
void vireod_bus_serve (VireodBus *self, gboolean libvirt);

/* Leaves the bus, after what was said was sent. */
void vireod_bus_close (VireodBus *self);

G_END_DECLS
