/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/qemu/vireo-qmp.h"

/* A socket pair with a client at one end; the test writes and reads raw bytes at the other. */
typedef struct
{
  VireoQmp *qmp;
  int fd;
  GString *received;
  GString *events; /* what the client emitted, as "NAME;" */
  guint n_closed;
  GError *closed;
} QmpPeer;

#define QMP_PEER_GREETING                                                                         \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": " \
  "\"Debian\"}, \"capabilities\": [\"oob\"]}}\r\n"

QmpPeer *qmp_peer_new (void);
/* A client that numbers its commands as it does outside tests, rather than from 1. */
QmpPeer *qmp_peer_new_unnumbered (void);
void qmp_peer_free (QmpPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpPeer, qmp_peer_free)

void qmp_peer_open (QmpPeer *peer);
void qmp_peer_send (QmpPeer *peer, const char *text);
void qmp_peer_send_bytes (QmpPeer *peer, const void *data, gsize length);
/* The next line that the client sent; runs the main loop until there is one. @ret_fds: (nullable):
 * how many file descriptors came with it; they are closed. */
char *qmp_peer_receive (QmpPeer *peer, guint *ret_fds);

/* Runs the main loop until @flag, for 10 s at most. */
void qmp_peer_run_until (const gboolean *flag);
void qmp_peer_run_ms (guint ms);

/* An operation's end. */
typedef struct
{
  gboolean done;
  JsonNode *node;
  GError *error;
} QmpResult;

void qmp_result_opened (GObject *source, GAsyncResult *result, gpointer data);
void qmp_result_executed (GObject *source, GAsyncResult *result, gpointer data);
void qmp_result_clear (QmpResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QmpResult, qmp_result_clear)
