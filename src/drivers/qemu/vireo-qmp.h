/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <json-glib/json-glib.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/* The largest message that a QEMU may send, in bytes, and how deep it may nest. The largest that
 * QEMU has reason to send is its schema (a quarter of a MiB); the deepest is a chain of images. */
#define VIREO_QMP_MAX_MESSAGE (16u * 1024 * 1024)
#define VIREO_QMP_MAX_DEPTH 256u

/* For @timeout_ms: 0 is the default below; a command that may take its time says never. */
#define VIREO_QMP_TIMEOUT_DEFAULT 30000u
#define VIREO_QMP_TIMEOUT_NEVER G_MAXUINT

/**
 * VireoQmp:
 *
 * An asynchronous client of the QEMU Machine Protocol over a connected socket. It belongs to the
 * main context of the thread that made it. What the other side sends is not trusted: what breaks
 * the protocol or the limits ends the connection, with an error that says why.
 *
 * Commands may be sent without waiting for replies; QEMU answers in their order.
 *
 * Signals:
 *
 * `event` (const char *name, JsonObject *data (nullable), gint64 timestamp), detailed by name
 * ("event::SHUTDOWN"): what QEMU says by itself; @timestamp in µs since the epoch, 0 if unknown.
 * Events that come before the client is open are delivered too: QEMU sends what another client's
 * commands led to. It also sends their replies; those are dropped.
 *
 * `closed` (const GError *error): once, when the connection is over; all that waited get
 * HypervisorDied.
 * @error is %NULL when vireo_qmp_close() did it.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_QMP (vireo_qmp_get_type ())
G_DECLARE_FINAL_TYPE (VireoQmp, vireo_qmp, VIREO, QMP, GObject)

/* @socket: connected; the client makes it non-blocking and closes it in the end. */
VireoQmp *vireo_qmp_new (GSocket *socket);

/* Numbers the commands from @first_id on, rather than from where no other connection does. */
void vireo_qmp_set_first_id (VireoQmp *self, gint64 first_id);

/* Waits for the greeting and negotiates. To be called once, before anything else. */
void vireo_qmp_open_async (VireoQmp *self, guint timeout_ms, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_qmp_open_finish (VireoQmp *self, GAsyncResult *result, GError **error);

/* @arguments: (nullable) (transfer full); @fds: (nullable) (transfer none): sent along with the
 * command, as add-fd and getfd want it; duplicates are made at once. */
void vireo_qmp_execute_async (VireoQmp *self, const char *command, JsonObject *arguments,
                              GUnixFDList *fds, guint timeout_ms, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): what the command returned, never %NULL on success */
JsonNode *vireo_qmp_execute_finish (VireoQmp *self, GAsyncResult *result, GError **error);

/* Ends the connection at once; all that wait get HypervisorDied. */
void vireo_qmp_close (VireoQmp *self);

/* Open, and not closed since. */
gboolean vireo_qmp_is_open (VireoQmp *self);

/* Version as major * 1000000 + minor * 1000 + micro; 0 before the greeting. */
guint vireo_qmp_get_version (VireoQmp *self);
/* What the distribution calls its build; "" if it says nothing. */
const char *vireo_qmp_get_package (VireoQmp *self);

/* Whether QEMU refused a command with that class of error, such as "DeviceNotFound". */
gboolean vireo_qmp_error_is (const GError *error, const char *error_class);

G_END_DECLS
