/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireod-notify.h"

#include <systemd/sd-daemon.h>

static void
send_notice (gpointer state, gpointer unused)
{
  sd_notify (0, state);
  g_free (state);
}

/* In a thread, for it waits when whoever listens does not: one after the other, in turn. */
void
vireod_notify (const char *state)
{
  static GThreadPool *sender = NULL;

  if (sender == NULL)
    sender = g_thread_pool_new (send_notice, NULL, 1, FALSE, NULL);
  g_thread_pool_push (sender, g_strdup (state), NULL);
}
