/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process that changes definitions is killed at random instants: what it acknowledged is there,
 * what it was about to do is either done or not, and nothing else is left. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper-fixture.h"

#define SLOTS 8
#define ROUNDS 25
#define ABSENT "absent"

/* One UUID, and what is known of its definition: as the text that describe () gives. */
typedef struct
{
  char *now;
  char *pending; /* (nullable): what it will be when what was begun is done */
} Slot;

static char *
slot_uuid (guint slot)
{
  return g_strdup_printf ("cccccccc-0000-4000-8000-%012u", slot);
}

static char *
describe (KeeperFixture *fixture, guint slot)
{
  g_autofree char *uuid = slot_uuid (slot);
  VireoObj *obj = vireo_obj_list_find_by_uuid (fixture->list, uuid);
  const VireoDomainDef *def;

  if (obj == NULL)
    return g_strdup (ABSENT);
  def = vireo_domain_obj_get_persistent_def (VIREO_DOMAIN_OBJ (obj));
  g_assert_nonnull (def);
  g_assert_cmpstr (def->name, ==, vireo_obj_get_name (obj));
  return g_strdup_printf ("%s,%s,%d,%u", def->name, def->title, vireo_obj_get_autostart (obj),
                          vireo_obj_get_owner (obj));
}

/* ---- the process that is killed ---- */

static void
tell (int fd, char what, guint slot, const char *state)
{
  g_autofree char *line = g_strdup_printf ("%c %u %s\n", what, slot, state);

  if (write (fd, line, strlen (line)) != (gssize) strlen (line))
    _exit (3);
}

static void
change_something (KeeperFixture *fixture, GRand *rand, int fd, guint number)
{
  guint slot = (guint) g_rand_int_range (rand, 0, SLOTS);
  g_autofree char *uuid = slot_uuid (slot);
  g_autofree char *new_name = g_strdup_printf ("slot%u-%u", slot, number);
  g_autofree char *title = g_strdup_printf ("<title>%u</title>", number);
  VireoObj *obj = vireo_obj_list_find_by_uuid (fixture->list, uuid);
  const VireoDomainDef *def
      = obj != NULL ? vireo_domain_obj_get_persistent_def (VIREO_DOMAIN_OBJ (obj)) : NULL;
  gboolean autostart = obj != NULL && vireo_obj_get_autostart (obj);
  const char *name = obj != NULL ? vireo_obj_get_name (obj) : new_name;
  g_autofree char *xml = domain_xml (name, uuid, title);
  g_autofree char *state = NULL;
  g_autoptr (VireoDomainObj) defined = NULL;

  switch (obj != NULL ? g_rand_int_range (rand, 0, 4) : 0)
    {
    case 0:
      state = g_strdup_printf ("%s,%u,%d,77", name, number, autostart);
      tell (fd, 'B', slot, state);
      defined = call_define (fixture->driver, xml, 77, NULL);
      break;
    case 1:
      tell (fd, 'B', slot, ABSENT);
      call_undefine (fixture->driver, VIREO_DOMAIN_OBJ (obj), NULL);
      break;
    case 2:
      state = g_strdup_printf ("%s,%s,%d,77", new_name, def->title, autostart);
      tell (fd, 'B', slot, state);
      call_rename (fixture->driver, VIREO_DOMAIN_OBJ (obj), new_name, NULL);
      break;
    default:
      state = g_strdup_printf ("%s,%s,%d,77", name, def->title, !autostart);
      tell (fd, 'B', slot, state);
      call_set_autostart (fixture->driver, VIREO_DOMAIN_OBJ (obj), !autostart, NULL);
    }
  tell (fd, 'A', slot, "");
}

static void
run_child (const char *dir, guint round, int fd)
{
  KeeperFixture fixture = { .dir = g_strdup (dir) };
  GRand *rand = g_rand_new_with_seed (round);

  keeper_restart (&fixture);
  tell (fd, 'R', 0, "ready");
  for (guint i = 0;; i++)
    change_something (&fixture, rand, fd, round * 100000 + i);
}

/* ---- the process that watches ---- */

static void
note_line (Slot *slots, const char *line)
{
  char what;
  guint number;
  char state[128] = "";

  g_assert_cmpint (sscanf (line, "%c %u %127s", &what, &number, state), >=, 2);
  if (what == 'B')
    {
      g_free (slots[number].pending);
      slots[number].pending = g_strdup (state);
    }
  else if (what == 'A')
    {
      g_free (slots[number].now);
      slots[number].now = g_steal_pointer (&slots[number].pending);
    }
}

/* Starts the process anew, as a program: a fork of one that has threads could not use them. */
static GPid
start_child (const char *self, const char *dir, guint round, int *ret_fd)
{
  g_autofree char *number = g_strdup_printf ("%u", round);
  const char *const argv[] = { self, "--child", dir, number, NULL };
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                            NULL, ret_fd, NULL, &error);
  g_assert_no_error (error);
  return pid;
}

static guint
run_round (const char *self, KeeperFixture *fixture, Slot *slots, guint round, GRand *rand)
{
  int fd, status;
  GPid pid = start_child (self, fixture->dir, round, &fd);
  FILE *lines = fdopen (fd, "r");
  char line[256];
  guint n_lines = 0;

  g_assert_nonnull (fgets (line, sizeof line, lines));
  g_usleep ((gulong) g_rand_int_range (rand, 0, 40000));
  kill (pid, SIGKILL);
  while (fgets (line, sizeof line, lines) != NULL)
    {
      note_line (slots, line);
      n_lines++;
    }
  fclose (lines);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  return n_lines;
}

static void
check_slots (KeeperFixture *fixture, Slot *slots)
{
  guint n_present = 0;

  keeper_restart (fixture);
  for (guint i = 0; i < SLOTS; i++)
    {
      g_autofree char *actual = describe (fixture, i);

      if (slots[i].pending == NULL || !g_str_equal (actual, slots[i].pending))
        g_assert_cmpstr (actual, ==, slots[i].now);
      n_present += !g_str_equal (actual, ABSENT);
      g_free (slots[i].now);
      slots[i].now = g_steal_pointer (&actual);
      g_clear_pointer (&slots[i].pending, g_free);
    }
  g_assert_cmpuint (vireo_obj_list_get_size (fixture->list), ==, n_present);
}

static void
test_kill (gconstpointer self)
{
  KeeperFixture fixture = { 0 };
  Slot slots[SLOTS] = { { NULL } };
  GRand *rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  guint n_lines = 0;

  keeper_setup (&fixture, NULL);
  for (guint i = 0; i < SLOTS; i++)
    slots[i].now = g_strdup (ABSENT);
  for (guint round = 0; round < ROUNDS; round++)
    {
      n_lines += run_round (self, &fixture, slots, round, rand);
      check_slots (&fixture, slots);
    }
  /* It was killed at work, not before. */
  g_assert_cmpuint (n_lines, >, ROUNDS);
  for (guint i = 0; i < SLOTS; i++)
    g_free (slots[i].now);
  g_rand_free (rand);
  keeper_teardown (&fixture, NULL);
}

int
main (int argc, char **argv)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

  if (argc == 4 && g_str_equal (argv[1], "--child"))
    run_child (argv[2], (guint) atoi (argv[3]), STDOUT_FILENO);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/keeper/kill", self, test_kill);
  return g_test_run ();
}
