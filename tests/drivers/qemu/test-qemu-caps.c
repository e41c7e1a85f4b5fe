/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/qemu/vireo-qemu-caps-cache.h"

static const VireoQemuIdentity nobody_else = { FALSE, 0, 0, 0 };

typedef struct
{
  gboolean done;
  VireoQemuCaps *caps;
  GError *error;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_clear_pointer (&answer->caps, vireo_qemu_caps_unref);
  g_clear_error (&answer->error);
  answer->done = FALSE;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  g_assert_false (answer->done);
  answer->caps
      = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, &answer->error);
  answer->done = TRUE;
}

static void
wait_for (Answer *answer)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (!answer->done && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (answer->done);
}

static void
get (VireoQemuCapsCache *cache, const char *path, Answer *answer)
{
  vireo_qemu_caps_cache_get_async (cache, path, NULL, on_answer, answer);
  wait_for (answer);
}

/* A private folder with an "emulator" that counts how often it is started. */
typedef struct
{
  char *folder;
  char *cache;
  char *emulator;
  char *count;
} Fixture;

static void
write_emulator (Fixture *fixture, const char *body)
{
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\necho x >> %s\n%s\n", fixture->count, body);

  g_assert_true (g_file_set_contents (fixture->emulator, script, -1, NULL));
  g_assert_cmpint (g_chmod (fixture->emulator, 0755), ==, 0);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("vireo-caps-XXXXXX", NULL);
  fixture->cache = g_build_filename (fixture->folder, "cache", NULL);
  fixture->emulator = g_build_filename (fixture->folder, "emulator", NULL);
  fixture->count = g_build_filename (fixture->folder, "count", NULL);
  write_emulator (fixture, "exec qemu-system-x86_64 \"$@\"");
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  remove_tree (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->cache);
  g_free (fixture->emulator);
  g_free (fixture->count);
}

static guint
count_starts (Fixture *fixture)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (fixture->count, &text, NULL, NULL) ? (guint) strlen (text) / 2 : 0;
}

static gboolean
has_emulators (void)
{
  g_autofree char *x86 = g_find_program_in_path ("qemu-system-x86_64");
  g_autofree char *arm = g_find_program_in_path ("qemu-system-aarch64");

  if (x86 != NULL && arm != NULL)
    return TRUE;
  g_test_skip ("qemu-system-x86_64 or qemu-system-aarch64 is not installed");
  return FALSE;
}

static void
test_x86 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (NULL, &nobody_else);
  g_auto (Answer) answer = { 0 };
  const VireoQemuMachine *machine;

  if (!has_emulators ())
    return;
  get (cache, "/usr/bin/qemu-system-x86_64", &answer);
  g_assert_no_error (answer.error);
  g_assert_cmpstr (vireo_qemu_caps_get_arch (answer.caps), ==, "x86_64");
  g_assert_cmpuint (vireo_qemu_caps_get_version (answer.caps), >=, 7000000);
  machine = vireo_qemu_caps_find_machine (answer.caps, "q35");
  g_assert_nonnull (machine);
  g_assert_true (g_str_has_prefix (machine->name, "pc-q35-"));
  g_assert_true (machine == vireo_qemu_caps_find_machine (answer.caps, machine->name));
  g_assert_cmpuint (machine->cpu_max, >=, 255);
  g_assert_cmpstr (machine->default_cpu, ==, "qemu64");
  g_assert_cmpstr (machine->default_ram_id, ==, "pc.ram");
  g_assert_cmpstr (vireo_qemu_caps_get_default_machine (answer.caps)->alias, ==, "pc");
  g_assert_null (vireo_qemu_caps_find_machine (answer.caps, "none"));
  g_assert_null (vireo_qemu_caps_find_machine (answer.caps, "virt"));
  g_assert_true (vireo_qemu_caps_has_type (answer.caps, "virtio-blk-pci"));
  g_assert_true (vireo_qemu_caps_has_type (answer.caps, "rng-random"));
  g_assert_false (vireo_qemu_caps_has_type (answer.caps, "virtio-blk-ccw"));
  g_assert_true (vireo_qemu_caps_has_command (answer.caps, "query-status"));
  g_assert_false (vireo_qemu_caps_has_command (answer.caps, "query-nonsense"));
  g_assert_true (vireo_qemu_caps_has_option (answer.caps, "sandbox", "spawn"));
  g_assert_false (vireo_qemu_caps_has_option (answer.caps, "sandbox", "nonsense"));
  g_assert_true (vireo_qemu_caps_has_option (answer.caps, "chardev", NULL));
  g_assert_true (vireo_qemu_caps_has_property (answer.caps, "virtio-blk-pci", "queue-size"));
  g_assert_true (vireo_qemu_caps_has_property (answer.caps, "machine", "smm"));
  g_assert_true (vireo_qemu_caps_has_cpu_model (answer.caps, "qemu64"));
  g_assert_true (vireo_qemu_caps_has_tpm_backend (answer.caps, "emulator"));
}

static guint
position (GPtrArray *machines, const char *name)
{
  for (guint i = 0; i < machines->len; i++)
    if (g_str_equal (((const VireoQemuMachine *) machines->pdata[i])->name, name))
      return i;
  g_assert_not_reached ();
}

static void
test_arm (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (NULL, &nobody_else);
  g_auto (Answer) answer = { 0 };
  GPtrArray *machines;

  if (!has_emulators ())
    return;
  get (cache, "/usr/bin/qemu-system-aarch64", &answer);
  g_assert_no_error (answer.error);
  machines = vireo_qemu_caps_get_machines (answer.caps);
  g_assert_cmpstr (vireo_qemu_caps_get_arch (answer.caps), ==, "aarch64");
  g_assert_null (vireo_qemu_caps_get_default_machine (answer.caps));
  g_assert_cmpuint (position (machines, "virt-2.9"), <, position (machines, "virt-2.12"));
  g_assert_true (vireo_qemu_caps_has_property (answer.caps, "machine", "gic-version"));
  g_assert_true (vireo_qemu_caps_has_cpu_model (answer.caps, "cortex-a57"));
  g_assert_false (vireo_qemu_caps_has_kvm (answer.caps));
}

static void
test_shared_and_remembered (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (fixture->cache, &nobody_else);
  g_autoptr (VireoQemuCapsCache) later = NULL;
  g_autoptr (VireoQemuCaps) peeked = NULL;
  g_autoptr (GError) error = NULL;
  Answer answers[5] = { { 0 } };
  g_auto (Answer) again = { 0 };

  if (!has_emulators ())
    return;
  g_assert_null (vireo_qemu_caps_cache_peek (cache, fixture->emulator, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    vireo_qemu_caps_cache_get_async (cache, fixture->emulator, NULL, on_answer, &answers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      wait_for (&answers[i]);
      g_assert_no_error (answers[i].error);
      g_assert_true (answers[i].caps == answers[0].caps);
    }
  g_assert_cmpuint (count_starts (fixture), ==, 1);
  peeked = vireo_qemu_caps_cache_peek (cache, fixture->emulator, NULL);
  g_assert_true (peeked == answers[0].caps);

  later = vireo_qemu_caps_cache_new (fixture->cache, &nobody_else);
  get (later, fixture->emulator, &again);
  g_assert_no_error (again.error);
  g_assert_cmpuint (count_starts (fixture), ==, 1);
  g_assert_cmpuint (vireo_qemu_caps_get_machines (again.caps)->len, ==,
                    vireo_qemu_caps_get_machines (peeked)->len);
  g_assert_true (vireo_qemu_caps_has_property (again.caps, "machine", "smm"));
  g_assert_cmpint (vireo_qemu_caps_has_kvm (again.caps), ==, vireo_qemu_caps_has_kvm (peeked));
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answer_clear (&answers[i]);
}

static void
test_changed_binary (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (fixture->cache, &nobody_else);
  g_autoptr (GError) error = NULL;
  g_auto (Answer) answer = { 0 };

  if (!has_emulators ())
    return;
  get (cache, fixture->emulator, &answer);
  g_assert_cmpstr (vireo_qemu_caps_get_arch (answer.caps), ==, "x86_64");
  answer_clear (&answer);

  write_emulator (fixture, "exec qemu-system-aarch64 \"$@\"");
  g_assert_null (vireo_qemu_caps_cache_peek (cache, fixture->emulator, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  get (cache, fixture->emulator, &answer);
  g_assert_cmpstr (vireo_qemu_caps_get_arch (answer.caps), ==, "aarch64");
  answer_clear (&answer);
  g_clear_error (&error);

  g_remove (fixture->emulator);
  g_assert_null (vireo_qemu_caps_cache_peek (cache, fixture->emulator, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_nonnull (strstr (error->message, fixture->emulator));
}

static void
test_spoilt_cache (Fixture *fixture, gconstpointer data)
{
  static const char *const spoilt[]
      = { "", "nonsense", "[]", "{}", "{\"identity\": 1, \"facts\": []}", "{\"facts\": {" };

  if (!has_emulators ())
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (spoilt); i++)
    {
      g_autoptr (VireoQemuCapsCache) cache
          = vireo_qemu_caps_cache_new (fixture->cache, &nobody_else);
      g_autoptr (GDir) dir = NULL;
      g_auto (Answer) answer = { 0 };
      const char *name;

      get (cache, fixture->emulator, &answer);
      g_assert_no_error (answer.error);
      g_assert_cmpuint (count_starts (fixture), ==, i + 1);
      dir = g_dir_open (fixture->cache, 0, NULL);
      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *file = g_build_filename (fixture->cache, name, NULL);

          g_assert_true (g_file_set_contents (file, spoilt[i], -1, NULL));
        }
    }
}

static void
test_not_an_emulator (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (NULL, &nobody_else);
  g_autoptr (GError) error = NULL;
  g_auto (Answer) answer = { 0 };
  guint starts;

  write_emulator (fixture, "echo 'I am no emulator' >&2; exit 3");
  get (cache, fixture->emulator, &answer);
  g_assert_error (answer.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  g_assert_nonnull (strstr (answer.error->message, fixture->emulator));
  g_assert_nonnull (strstr (answer.error->message, "I am no emulator"));
  answer_clear (&answer);
  starts = count_starts (fixture);
  g_assert_cmpuint (starts, >, 0);

  /* It is not asked again at once. */
  get (cache, fixture->emulator, &answer);
  g_assert_error (answer.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  g_assert_cmpuint (count_starts (fixture), ==, starts);
  g_assert_null (vireo_qemu_caps_cache_peek (cache, fixture->emulator, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
}

/* Says things that are no emulator's, in the right protocol. */
static void
test_liar (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (NULL, &nobody_else);
  g_auto (Answer) answer = { 0 };

  write_emulator (fixture,
                  "echo '{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, \"major\""
                  ": 9}, \"package\": \"\"}, \"capabilities\": []}}' >&3\n"
                  "while read line <&3; do echo \"{\\\"return\\\": [1, {}, null, "
                  "{\\\"name\\\": 5}], \\\"id\\\": ${line##*:}\" >&3; done");
  get (cache, fixture->emulator, &answer);
  g_assert_error (answer.error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR);
}

static void
test_refused_paths (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *path;
    VireoError code;
  } cases[] = {
    { "/nonexistent/qemu-system-x86_64", VIREO_ERROR_MISSING_RESOURCE },
    { "qemu-system-x86_64", VIREO_ERROR_INVALID_ARGUMENT },
    { "", VIREO_ERROR_INVALID_ARGUMENT },
    { "/etc/passwd", VIREO_ERROR_ACCESS },
    { "/usr/bin", VIREO_ERROR_ACCESS },
    { "/dev/null", VIREO_ERROR_ACCESS },
  };
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (NULL, &nobody_else);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Answer) answer = { 0 };

      get (cache, cases[i].path, &answer);
      g_assert_error (answer.error, VIREO_ERROR, (int) cases[i].code);
      g_assert_nonnull (strstr (answer.error->message, cases[i].path));
    }
}

/* One who gives up does not take the answer from the others. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (NULL, &nobody_else);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Answer) given_up = { 0 };
  g_auto (Answer) other = { 0 };

  if (!has_emulators ())
    return;
  vireo_qemu_caps_cache_get_async (cache, fixture->emulator, cancellable, on_answer, &given_up);
  vireo_qemu_caps_cache_get_async (cache, fixture->emulator, NULL, on_answer, &other);
  g_cancellable_cancel (cancellable);
  wait_for (&given_up);
  g_assert_nonnull (given_up.error);
  g_assert_true (g_error_matches (given_up.error, VIREO_ERROR, VIREO_ERROR_CANCELLED)
                 || g_error_matches (given_up.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_assert_false (other.done);
  wait_for (&other);
  g_assert_no_error (other.error);
}

/* Emulators run as the guests' user, not as root. */
static void
test_identity (Fixture *fixture, gconstpointer data)
{
  VireoQemuIdentity identity;
  g_autoptr (VireoQemuCapsCache) cache = NULL;
  g_autofree char *who = NULL;
  g_auto (Answer) answer = { 0 };

  if (geteuid () != 0)
    {
      g_test_skip ("only root can become somebody else");
      return;
    }
  g_assert_true (vireo_qemu_identity_look_up ("nobody", &identity, NULL));
  cache = vireo_qemu_caps_cache_new (NULL, &identity);
  g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
  write_emulator (fixture, "echo I am `id -u` >&2; exit 1");
  get (cache, fixture->emulator, &answer);
  who = g_strdup_printf ("I am %u", (guint) identity.uid);
  g_assert_nonnull (answer.error);
  g_assert_nonnull (strstr (answer.error->message, who));
}

static void
test_find (void)
{
  g_autoptr (GPtrArray) found = vireo_qemu_find_emulators ();
  g_autofree char *ppc = vireo_qemu_default_emulator ("ppc64le");

  g_assert_cmpstr (strrchr (ppc, '/'), ==, "/qemu-system-ppc64");
  g_assert_null (vireo_qemu_default_emulator ("z80"));
  for (guint i = 0; i < found->len; i++)
    g_assert_null (strstr (found->pdata[i], "microvm"));
  if (has_emulators ())
    g_assert_cmpuint (found->len, >=, 2);
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/qemu/caps/x86", test_x86);
  add ("/qemu/caps/arm", test_arm);
  add ("/qemu/caps/shared-and-remembered", test_shared_and_remembered);
  add ("/qemu/caps/changed-binary", test_changed_binary);
  add ("/qemu/caps/spoilt-cache", test_spoilt_cache);
  add ("/qemu/caps/not-an-emulator", test_not_an_emulator);
  add ("/qemu/caps/liar", test_liar);
  add ("/qemu/caps/refused-paths", test_refused_paths);
  add ("/qemu/caps/cancelled", test_cancelled);
  add ("/qemu/caps/identity", test_identity);
  g_test_add_func ("/qemu/caps/find", test_find);
  return g_test_run ();
}
