/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-slices.h"

/* For how long one is at it before others have their turn. */
#define SLICE_US 700
/* What is done for one of thousands takes much less; the clock is looked at after so many. */
#define AT_ONCE 16

typedef struct
{
  guint n;
  guint next;
  VireoSliceFunc func;
  VireoSlicedFunc done;
  gpointer user_data;
} Slices;

static gboolean
on_turn (gpointer data)
{
  Slices *self = data;
  gint64 until = g_get_monotonic_time () + SLICE_US;

  while (self->next < self->n)
    {
      self->func (self->next++, self->user_data);
      if (self->next % AT_ONCE == 0 && g_get_monotonic_time () > until)
        return G_SOURCE_CONTINUE;
    }
  self->done (self->user_data);
  g_free (self);
  return G_SOURCE_REMOVE;
}

/**
 * vireo_slices_run:
 * @n: how many there are
 * @func: called with each index from 0 to @n - 1, in this order
 * @done: called behind the last one
 * @user_data: for both
 *
 * Does for thousands what must be done in the main loop, so that nobody else waits for longer than
 * a millisecond. Whatever @func looks at may change between two of its calls. Begins when control
 * returns to the main loop, and cannot be stopped: @user_data is to live until @done.
 *
 * Since: 0.1
 */
void
vireo_slices_run (guint n, VireoSliceFunc func, VireoSlicedFunc done, gpointer user_data)
{
  Slices *self = g_new0 (Slices, 1);

  self->n = n;
  self->func = func;
  self->done = done;
  self->user_data = user_data;
  g_idle_add_full (G_PRIORITY_DEFAULT, on_turn, self, NULL);
}
