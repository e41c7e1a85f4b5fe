/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireod-stalls.h"

static gint64 threshold;
static gint64 woken_at;

/* What is between two polls is one turn. */
static gint
timed_poll (GPollFD *fds, guint n_fds, gint timeout)
{
  gint64 took = g_get_monotonic_time () - woken_at;
  gint result;

  if (woken_at != 0 && took > threshold)
    g_message ("the main loop stood still for %" G_GINT64_FORMAT " us", took);
  result = g_poll (fds, n_fds, timeout);
  woken_at = g_get_monotonic_time ();
  return result;
}

void
vireod_stalls_watch (void)
{
  const char *text = g_getenv ("VIREO_STALLS");
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, G_USEC_PER_SEC, &value, NULL))
    return;
  threshold = (gint64) value;
  g_main_context_set_poll_func (g_main_context_default (), timed_poll);
}
