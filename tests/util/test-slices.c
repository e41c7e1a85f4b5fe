/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/vireo-slices.h"

typedef struct
{
  GMainLoop *loop;
  guint n_done;
  guint turns_of_others;
  gboolean slow;
} Fixture;

static void
on_one (guint index, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_cmpuint (index, ==, f->n_done);
  f->n_done++;
  /* A turn's time is over after a few of these. */
  if (f->slow)
    g_usleep (100);
}

static void
on_done (gpointer user_data)
{
  Fixture *f = user_data;

  g_main_loop_quit (f->loop);
}

static gboolean
on_other (gpointer user_data)
{
  Fixture *f = user_data;

  f->turns_of_others++;
  return G_SOURCE_CONTINUE;
}

static void
run (Fixture *f, guint n)
{
  guint other = g_idle_add_full (G_PRIORITY_DEFAULT, on_other, f, NULL);

  f->loop = g_main_loop_new (NULL, FALSE);
  vireo_slices_run (n, on_one, on_done, f);
  /* Not before control returns. */
  g_assert_cmpuint (f->n_done, ==, 0);
  g_main_loop_run (f->loop);
  g_assert_cmpuint (f->n_done, ==, n);
  g_source_remove (other);
  g_main_loop_unref (f->loop);
}

static void
test_order (void)
{
  Fixture f = { NULL };

  run (&f, 1000);
}

static void
test_none (void)
{
  Fixture f = { NULL };

  run (&f, 0);
}

/* 500 of them take 50 ms at least, and others have their turn between. */
static void
test_others (void)
{
  Fixture f = { .slow = TRUE };

  run (&f, 500);
  g_assert_cmpuint (f.turns_of_others, >=, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slices/order", test_order);
  g_test_add_func ("/slices/none", test_none);
  g_test_add_func ("/slices/others", test_others);
  return g_test_run ();
}
