/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/vireo-credentials.h"
#include "util/vireo-error.h"

typedef struct
{
  char *folder;
  char *roots;  /* a file that only root may read */
  char *theirs; /* one that only nobody may read */
  guint nobody;
} Fixture;

static char *
make_file (const Fixture *fixture, const char *name, guint owner)
{
  char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  g_assert_cmpint (chmod (path, 0600), ==, 0);
  g_assert_cmpint (chown (path, owner, (gid_t) -1), ==, 0);
  return path;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const struct passwd *entry = getpwnam ("nobody");

  if (geteuid () != 0 || entry == NULL)
    return;
  fixture->nobody = entry->pw_uid;
  fixture->folder = g_dir_make_tmp ("vireo-credentials-XXXXXX", NULL);
  g_assert_cmpint (chmod (fixture->folder, 0755), ==, 0);
  fixture->roots = make_file (fixture, "roots", 0);
  fixture->theirs = make_file (fixture, "theirs", fixture->nobody);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->folder == NULL)
    return;
  g_remove (fixture->roots);
  g_remove (fixture->theirs);
  g_rmdir (fixture->folder);
  g_free (fixture->roots);
  g_free (fixture->theirs);
  g_free (fixture->folder);
}

static gboolean
can_open (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

/* In a thread of its own, which has the user's rights meanwhile. */
typedef struct
{
  const Fixture *fixture;
  GMutex lock;
  GCond changed;
  gboolean assumed;
  gboolean looked;
} Side;

static gpointer
with_their_rights (gpointer data)
{
  Side *side = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoCredentials) credentials = vireo_credentials_new (side->fixture->nobody, &error);

  g_assert_no_error (error);
  g_assert_true (can_open (side->fixture->roots));
  g_assert_true (vireo_credentials_assume (credentials, &error));
  g_assert_no_error (error);
  g_assert_false (can_open (side->fixture->roots));
  g_assert_true (can_open (side->fixture->theirs));

  g_mutex_lock (&side->lock);
  side->assumed = TRUE;
  g_cond_signal (&side->changed);
  while (!side->looked)
    g_cond_wait (&side->changed, &side->lock);
  g_mutex_unlock (&side->lock);

  g_assert_false (can_open (side->fixture->roots));
  vireo_credentials_restore (credentials);
  g_assert_true (can_open (side->fixture->roots));
  return NULL;
}

static void
test_one_thread (Fixture *fixture, gconstpointer data)
{
  Side side = { .fixture = fixture };
  GThread *thread;

  if (fixture->folder == NULL)
    {
      g_test_skip ("needs root");
      return;
    }
  g_mutex_init (&side.lock);
  g_cond_init (&side.changed);
  thread = g_thread_new ("theirs", with_their_rights, &side);
  g_mutex_lock (&side.lock);
  while (!side.assumed)
    g_cond_wait (&side.changed, &side.lock);
  /* The others are who they were. */
  g_assert_true (can_open (fixture->roots));
  side.looked = TRUE;
  g_cond_signal (&side.changed);
  g_mutex_unlock (&side.lock);
  g_thread_join (thread);
  g_mutex_clear (&side.lock);
  g_cond_clear (&side.changed);
}

static void
test_own (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoCredentials) own = vireo_credentials_new (geteuid (), &error);

  g_assert_no_error (error);
  g_assert_true (vireo_credentials_assume (own, &error));
  vireo_credentials_restore (own);
  g_assert_cmpuint (geteuid (), ==, getuid ());
}

static void
test_unknown_user (void)
{
  g_autoptr (GError) error = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("needs root");
      return;
    }
  g_assert_null (vireo_credentials_new (0x7ffffff0, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/credentials/one-thread", Fixture, NULL, set_up, test_one_thread, tear_down);
  g_test_add_func ("/credentials/own", test_own);
  g_test_add_func ("/credentials/unknown-user", test_unknown_user);
  return g_test_run ();
}
