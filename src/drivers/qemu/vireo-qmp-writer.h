/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/**
 * VireoQmpWriter:
 *
 * Sends messages over a socket in their order, each with the file descriptors that belong to it,
 * and waits when the socket is full.
 *
 * Since: 0.1
 */
typedef struct _VireoQmpWriter VireoQmpWriter;

/* @socket: non-blocking. */
VireoQmpWriter *vireo_qmp_writer_new (GSocket *socket, GMainContext *context);
void vireo_qmp_writer_free (VireoQmpWriter *self);

/* @fds: (nullable): sent with the first byte. */
void vireo_qmp_writer_send (VireoQmpWriter *self, GBytes *message, GUnixFDList *fds);
/* Drops what was not sent. */
void vireo_qmp_writer_stop (VireoQmpWriter *self);

G_END_DECLS
