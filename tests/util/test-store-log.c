/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store's log on a disk that loses its power after every call that changes something, and that
 * fails at every such call: what was acknowledged is there, what was refused is not, and nothing is
 * there by half. */

#include "fake-disk.h"
#include "util/vireo-error.h"
#include "util/vireo-store-frame.h"
#include "util/vireo-store-log-private.h"

#include <errno.h>
#include <string.h>

#define N_NAMES 4u
#define N_ROUNDS 60u
#define MAX_TEXT 2000
#define ABSENT "(absent)"

/* Small, so that there are checkpoints. */
#define LOG_SIZE (8u * VIREO_STORE_BLOCK)
#define RESERVE_SIZE (64u * VIREO_STORE_BLOCK)

static const char *const file_names[N_NAMES] = { "a.xml", "b.xml", "c.xml", "d.conf" };

/* What is known of the files. */
typedef struct
{
  GRand *rand;
  VireoStoreLog *log;
  guint version;
  char *now[N_NAMES];       /* as acknowledged */
  GPtrArray *next[N_NAMES]; /* (element-type utf8): what it may be, of which nobody was told */
  guint n_failed;
} Model;

static void
replace_text (char **text, const char *with)
{
  char *copy = g_strdup (with);

  g_free (*text);
  *text = copy;
}

static void
new_log (Model *model)
{
  g_clear_pointer (&model->log, vireo_store_log_free);
  model->log = vireo_store_log_new ("/folder", &fake_disk_io);
  model->log->size = LOG_SIZE;
  model->log->reserve_size = RESERVE_SIZE;
}

static Model *
model_new (guint32 seed)
{
  Model *model = g_new0 (Model, 1);

  fake_disk_begin (seed);
  model->rand = g_rand_new_with_seed (seed);
  for (guint i = 0; i < N_NAMES; i++)
    {
      model->now[i] = g_strdup (ABSENT);
      model->next[i] = g_ptr_array_new_with_free_func (g_free);
    }
  new_log (model);
  return model;
}

static void
model_free (Model *model)
{
  for (guint i = 0; i < N_NAMES; i++)
    {
      g_free (model->now[i]);
      g_ptr_array_unref (model->next[i]);
    }
  vireo_store_log_free (model->log);
  g_rand_free (model->rand);
  g_free (model);
  fake_disk_end ();
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Model, model_free)

static char *
random_text (Model *model)
{
  guint size = (guint) g_rand_int_range (model->rand, 1, MAX_TEXT);
  g_autofree char *filler = g_strnfill (size, (char) ('a' + model->version % 26));

  return g_strdup_printf ("%u %s", ++model->version, filler);
}

/* One or two changes; @indices says of which names. */
static VireoStoreCall *
random_call (Model *model, guint *indices)
{
  VireoStoreOp ops[2];
  gsize n_ops = (gsize) g_rand_int_range (model->rand, 1, 3);
  VireoStoreCall *call;

  indices[0] = (guint) g_rand_int_range (model->rand, 0, N_NAMES);
  indices[1] = (indices[0] + 1) % N_NAMES;
  for (gsize i = 0; i < n_ops; i++)
    {
      char *text = g_rand_int_range (model->rand, 0, 4) > 0 ? random_text (model) : NULL;

      ops[i].name = file_names[indices[i]];
      ops[i].contents = text != NULL ? g_bytes_new_take (text, strlen (text)) : NULL;
      ops[i].mode = 0600;
    }
  call = vireo_store_call_new (ops, n_ops);
  for (gsize i = 0; i < n_ops; i++)
    g_clear_pointer (&ops[i].contents, g_bytes_unref);
  return call;
}

static char *
text_of (const VireoStoreOp *op)
{
  gsize size;
  const char *data;

  if (op->contents == NULL)
    return g_strdup (ABSENT);
  data = g_bytes_get_data (op->contents, &size);
  return g_strndup (data, size);
}

/* What was told, and what was not. Of a call that failed half-way nobody was told anything but that
 * it failed: what it did until then stays. */
static void
take_note (Model *model, const VireoStoreCall *call, const guint *indices, gboolean told)
{
  for (gsize i = 0; i < call->n_ops; i++)
    {
      g_autofree char *text = text_of (&call->ops[i]);

      if (told && (call->error == NULL || i < call->n_done))
        replace_text (&model->now[indices[i]], text);
      else if (!told)
        g_ptr_array_add (model->next[indices[i]], g_steal_pointer (&text));
    }
}

static void
end_checkpoint (Model *model)
{
  if (vireo_store_log_is_checkpointing (model->log))
    vireo_store_log_checkpointed (model->log, vireo_store_log_checkpoint (model->log, NULL));
}

/* Whether nothing is broken, and answers may be given. */
static gboolean
repair (Model *model)
{
  if (!vireo_store_log_is_broken (model->log))
    return TRUE;
  end_checkpoint (model);
  return vireo_store_log_repair (model->log, NULL);
}

static void
settle (Model *model)
{
  end_checkpoint (model);
  if (repair (model))
    vireo_store_log_turn (model->log);
  end_checkpoint (model);
  repair (model);
}

/* A few calls at once, as the store's thread does it. A checkpoint may be over only later. */
static void
run_batch (Model *model)
{
  VireoStoreCall *calls[3];
  guint indices[3][2];
  gsize n = (gsize) g_rand_int_range (model->rand, 1, 4);
  gsize size = 0;
  gboolean told;

  for (gsize i = 0; i < n; i++)
    {
      calls[i] = random_call (model, indices[i]);
      size += 2 * MAX_TEXT + 200;
    }
  if (!vireo_store_log_has_room (model->log, size, 2 * n))
    {
      end_checkpoint (model);
      if (repair (model))
        vireo_store_log_turn (model->log);
      if (g_rand_boolean (model->rand))
        end_checkpoint (model);
    }
  told = repair (model);
  if (told)
    {
      vireo_store_log_commit (model->log, calls, n);
      told = repair (model);
    }
  told = told && !fake_disk_is_stopped ();
  for (gsize i = 0; i < n; i++)
    {
      model->n_failed += calls[i]->error != NULL;
      take_note (model, calls[i], indices[i], told);
      vireo_store_call_free (calls[i]);
    }
}

static void
run (Model *model)
{
  for (guint i = 0; i < N_ROUNDS && !fake_disk_is_stopped (); i++)
    run_batch (model);
}

static void
recover (Model *model)
{
  g_autoptr (GError) error = NULL;

  new_log (model);
  g_assert_true (vireo_store_log_recover (model->log, &error));
  g_assert_no_error (error);
}

static gboolean
may_be (Model *model, guint i, const char *found)
{
  return g_str_equal (found, model->now[i])
         || g_ptr_array_find_with_equal_func (model->next[i], found, g_str_equal, NULL);
}

/* Each file is as acknowledged, or as a change leaves it that nobody was told of. */
static void
check (Model *model, const char *when, guint number)
{
  for (guint i = 0; i < N_NAMES; i++)
    {
      g_autofree char *read = fake_disk_read (file_names[i]);
      const char *found = read != NULL ? read : ABSENT;

      if (may_be (model, i, found))
        continue;
      g_test_message ("%s %u: %s is %.20s, and was to be %.20s", when, number, file_names[i], found,
                      model->now[i]);
      g_test_fail ();
    }
}

static guint
count_calls (guint32 seed)
{
  g_autoptr (Model) model = model_new (seed);

  run (model);
  settle (model);
  check (model, "without a crash", 0);
  g_assert_cmpuint (model->n_failed, ==, 0);
  return fake_disk_count ();
}

/* The power goes at each call, and once more at some call of the recovery. */
static void
test_power (void)
{
  guint32 seed = (guint32) g_test_rand_int ();
  guint n = count_calls (seed);

  g_test_message ("%u calls", n);
  g_assert_cmpuint (n, >, 300);
  for (guint i = 1; i <= n; i++)
    {
      g_autoptr (Model) model = model_new (seed);

      fake_disk_stop_at (i);
      run (model);
      fake_disk_lose_power ();
      fake_disk_stop_at (1 + i % 40);
      new_log (model);
      vireo_store_log_recover (model->log, NULL);
      fake_disk_lose_power ();
      recover (model);
      check (model, "power lost at call", i);
      /* And what recovery did is safe. */
      fake_disk_lose_power ();
      recover (model);
      check (model, "power lost after that, call", i);
    }
}

/* The process is killed at each call: what it wrote is there, but it is not on the disk. */
static void
test_kill (void)
{
  guint32 seed = (guint32) g_test_rand_int ();
  guint n = count_calls (seed);

  for (guint i = 1; i <= n; i++)
    {
      g_autoptr (Model) model = model_new (seed);

      fake_disk_stop_at (i);
      run (model);
      fake_disk_kill ();
      recover (model);
      check (model, "killed at call", i);
      fake_disk_lose_power ();
      recover (model);
      check (model, "power lost after that, call", i);
    }
}

/* Each call fails once. All goes on after that; then the power goes. */
static void
test_errors (gconstpointer data)
{
  guint32 seed = (guint32) g_test_rand_int ();
  guint n = count_calls (seed);
  guint n_failed = 0;

  for (guint i = 1; i <= n; i++)
    {
      g_autoptr (Model) model = model_new (seed);

      fake_disk_fail_at (i, GPOINTER_TO_INT (data));
      run (model);
      settle (model);
      check (model, "after an error at call", i);
      n_failed += model->n_failed;
      fake_disk_lose_power ();
      recover (model);
      check (model, "power lost after an error at call", i);
    }
  g_test_message ("%u changes were refused in %u runs", n_failed, n);
  g_assert_cmpuint (n_failed, >, n / 10);
}

/* An error, and some time later the power goes. */
static void
test_errors_and_power (void)
{
  guint32 seed = (guint32) g_test_rand_int ();
  guint n = count_calls (seed);

  for (guint i = 1; i <= n; i++)
    {
      g_autoptr (Model) model = model_new (seed);

      fake_disk_fail_at (i, EIO);
      fake_disk_stop_at (i + 1 + i % 13);
      run (model);
      fake_disk_lose_power ();
      recover (model);
      check (model, "power lost soon after an error at call", i);
    }
}

/* ---- hands ---- */

static void
apply (Model *model, const char *name, const char *text)
{
  g_autoptr (GBytes) bytes = text != NULL ? g_bytes_new (text, strlen (text)) : NULL;
  VireoStoreOp op = { name, bytes, 0600 };
  VireoStoreCall *call = vireo_store_call_new (&op, 1);

  vireo_store_log_commit (model->log, &call, 1);
  g_assert_no_error (call->error);
  vireo_store_call_free (call);
}

static void
assert_file (const char *name, const char *expected)
{
  g_autofree char *found = fake_disk_read (name);

  g_assert_cmpstr (found, ==, expected);
}

/* What was before, what there is in the log, and what is found; what is to be. */
static void
test_hands (void)
{
  static const struct
  {
    const char *first;
    const char *second;
    const char *found; /* %NULL: absent; "\1": holes */
    const char *expected;
  } rows[] = {
    { "old", "newer text", "newer text", "newer text" },
    { "old", "newer text", "old", "newer text" },
    { "old", "newer text", "", "newer text" },
    { "old", "newer text", "newer", "newer text" },
    { "old", "newer text", "\1", "newer text" },
    { "old", "newer text", NULL, "newer text" },
    { "old", "newer text", "by hand", "by hand" },
    { "old", "newer text", "newer text, by hand", "newer text, by hand" },
    { "old", NULL, "old", NULL },
    { "old", NULL, NULL, NULL },
    { "old", NULL, "", NULL },
    { "old", NULL, "by hand", "by hand" },
    { NULL, "new", NULL, "new" },
    { NULL, "new", "by hand", "by hand" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Model) model = model_new (1);

      if (rows[i].first != NULL)
        fake_disk_write ("a.xml", rows[i].first, -1);
      apply (model, "other", "x");
      apply (model, "a.xml", rows[i].second);
      if (rows[i].found == NULL)
        fake_disk_delete ("a.xml");
      else if (rows[i].found[0] == '\1')
        fake_disk_write ("a.xml", "ne\0\0\0 text", 10);
      else
        fake_disk_write ("a.xml", rows[i].found, -1);
      recover (model);
      g_test_message ("row %" G_GSIZE_FORMAT, i);
      assert_file ("a.xml", rows[i].expected);
      assert_file ("other", "x");
      /* Nothing of it is done a second time. */
      fake_disk_write ("a.xml", "old", -1);
      recover (model);
      assert_file ("a.xml", "old");
    }
}

/* After a checkpoint the log says nothing, whatever becomes of the files. */
static void
test_checkpoint (void)
{
  g_autoptr (Model) model = model_new (2);

  apply (model, "a.xml", "one");
  vireo_store_log_turn (model->log);
  apply (model, "b.xml", "two");
  g_assert_true (vireo_store_log_checkpoint (model->log, NULL));
  vireo_store_log_checkpointed (model->log, TRUE);
  fake_disk_delete ("a.xml");
  fake_disk_delete ("b.xml");
  recover (model);
  assert_file ("a.xml", NULL);
  assert_file ("b.xml", "two");
}

/* A log whose end is damaged counts up to there; one without a head, or with another's, not at
 * all. */
static void
test_damage (void)
{
  g_autoptr (Model) model = model_new (3);
  const guint offsets[] = { 3, 18, 2 * VIREO_STORE_BLOCK + 80 };
  const char *const expected[][2] = { { NULL, NULL }, { NULL, NULL }, { "one", NULL } };

  apply (model, "a.xml", "one");
  apply (model, "b.xml", "two");
  for (gsize i = 0; i < G_N_ELEMENTS (offsets); i++)
    {
      int fd = fake_disk_io.open (0, ".vireo-log-0", 0, 0);
      g_autofree char *saved = g_malloc (LOG_SIZE);
      char byte;

      g_assert_cmpint (fake_disk_io.read (fd, saved, LOG_SIZE, 0), ==, LOG_SIZE);
      byte = (char) (saved[offsets[i]] ^ 1);
      fake_disk_io.write (fd, &byte, 1, offsets[i]);
      fake_disk_io.close (fd);
      fake_disk_delete ("a.xml");
      fake_disk_delete ("b.xml");
      recover (model);
      assert_file ("a.xml", expected[i][0]);
      assert_file ("b.xml", expected[i][1]);
      fake_disk_write (".vireo-log-0", saved, LOG_SIZE);
    }
  fake_disk_delete ("a.xml");
  recover (model);
  assert_file ("a.xml", "one");
  assert_file ("b.xml", "two");
}

/* What is up to date can be read; nothing is acknowledged until the log is gone. */
static void
test_read_only (void)
{
  g_autoptr (Model) model = model_new (4);
  g_autoptr (GError) error = NULL;
  VireoStoreOp op = { "a.xml", NULL, 0 };
  VireoStoreCall *call = vireo_store_call_new (&op, 1);

  apply (model, "a.xml", "one");
  fake_disk_write ("a.xml", "one", -1);
  fake_disk_set_read_only (TRUE);
  recover (model);
  vireo_store_log_commit (model->log, &call, 1);
  g_assert_error (call->error, VIREO_ERROR, VIREO_ERROR_ACCESS);
  vireo_store_call_free (call);
  assert_file ("a.xml", "one");

  fake_disk_delete ("a.xml");
  new_log (model);
  g_assert_false (vireo_store_log_recover (model->log, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_ACCESS);

  fake_disk_set_read_only (FALSE);
  recover (model);
  assert_file ("a.xml", "one");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-log/power", test_power);
  g_test_add_func ("/store-log/kill", test_kill);
  g_test_add_data_func ("/store-log/errors", GINT_TO_POINTER (EIO), test_errors);
  g_test_add_data_func ("/store-log/full", GINT_TO_POINTER (ENOSPC), test_errors);
  g_test_add_func ("/store-log/errors-and-power", test_errors_and_power);
  g_test_add_func ("/store-log/hands", test_hands);
  g_test_add_func ("/store-log/checkpoint", test_checkpoint);
  g_test_add_func ("/store-log/damage", test_damage);
  g_test_add_func ("/store-log/read-only", test_read_only);
  return g_test_run ();
}
