/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "util/vireo-json.h"

G_BEGIN_DECLS

/* For @timeout, in seconds. The usual time is five seconds for an agent to say that it is there,
 * and a minute for it to do something. */
#define VIREO_QGA_TIMEOUT_USUAL (-1)
#define VIREO_QGA_TIMEOUT_NEVER (-2)

/**
 * VireoQgaFlags:
 * @VIREO_QGA_NO_REPLY: the agent answers only when it refuses: it sleeps or ends otherwise
 * @VIREO_QGA_RAW: what the agent does not know is an error as any that it gives, not NotSupported
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_QGA_NONE = 0,
  VIREO_QGA_NO_REPLY = 1 << 0,
  VIREO_QGA_RAW = 1 << 1,
} VireoQgaFlags;

/**
 * VireoQga:
 *
 * A client of the agent that runs in a guest ("QEMU Guest Agent Protocol Reference"), over the
 * socket of its channel. Commands are done one after another; before each the two come to terms on
 * where the stream is, so that the reply to a command that somebody gave up is not taken for
 * another's. Guests are not trusted: what they send is read only while something is awaited, and
 * bounded; what does not come in time ends the connection, and the next command makes another.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_QGA (vireo_qga_get_type ())
G_DECLARE_FINAL_TYPE (VireoQga, vireo_qga, VIREO, QGA, GObject)

/* Returns a connected socket that does not block. */
typedef GSocket *(*VireoQgaConnectFunc) (gpointer user_data, GError **error);

/* @user_data: must be there until vireo_qga_close() */
VireoQga *vireo_qga_new (VireoQgaConnectFunc connect, gpointer user_data);

/* @arguments: (nullable) (transfer full) */
void vireo_qga_execute_async (VireoQga *self, const char *command, JsonObject *arguments,
                              int timeout, VireoQgaFlags flags, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): what the command returned; a null when it has no reply. Errors:
 * NotSupported, Hypervisor (the agent refuses), TimedOut, HypervisorDied (it went), Cancelled,
 * LimitExceeded, Busy. */
JsonNode *vireo_qga_execute_finish (VireoQga *self, GAsyncResult *result, GError **error);

/* The agent is gone: who waits is told, and so is whoever comes. */
void vireo_qga_close (VireoQga *self);

G_END_DECLS
