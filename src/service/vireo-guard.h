/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* In the flags of a call that came with arguments that cannot be read, and has none now. */
#define VIREO_GUARD_UNREADABLE 0x80

/**
 * VireoGuard:
 *
 * Stands between the bus and GDBus, on a thread of its own. GDBus leaves a bus from which it gets a
 * message that it cannot read; a bus may take some that are such (GLib 2.74 reads one container
 * less in each other than the specification allows, which dbus-daemon lets pass; dbus-broker throws
 * out who sends it): so everybody who may send to us could have us thrown out. Here, each message
 * from the bus is read once by GDBus' own function, and only what it can read goes on. Of a call
 * that it cannot read, the header goes on, with %VIREO_GUARD_UNREADABLE in its flags, so that it is
 * answered in the place where all calls are. What else cannot be read is dropped.
 */

/**
 * vireo_guard_new:
 * @bus: (transfer full): a connection to a bus
 * @ret_thread: (out): what to join when the guarded stream was closed and all of it shall have gone
 *   to the bus; or to unref
 * @error: when there can be no more descriptors
 *
 * Returns: (transfer full): the stream to have instead
 */
GIOStream *vireo_guard_new (GSocketConnection *bus, GThread **ret_thread, GError **error);

G_END_DECLS
