/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-credentials.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vireo-error.h"

/* What one user can be in; the kernel's limit (credentials(7)). */
#define MAX_GROUPS 65536

struct _VireoCredentials
{
  gboolean foreign; /* whether they are not the process's own */
  uid_t uid;
  gid_t gid;
  GArray *groups;       /* of gid_t */
  GArray *saved_groups; /* of gid_t; the thread's own */
  gid_t saved_gid;
};

static GArray *
list_groups (const char *name, gid_t gid)
{
  GArray *groups = g_array_new (FALSE, FALSE, sizeof (gid_t));
  int n = 64;

  g_array_set_size (groups, (guint) n);
  while (getgrouplist (name, gid, (gid_t *) groups->data, &n) < 0 && n <= MAX_GROUPS)
    g_array_set_size (groups, (guint) n);
  g_array_set_size (groups, (guint) MIN (n, MAX_GROUPS));
  return groups;
}

/**
 * vireo_credentials_new:
 * @uid: a user
 * @error: MissingResource for a user that is not known
 *
 * Returns: (transfer full) (nullable): the user's rights
 * Since: 0.1
 */
VireoCredentials *
vireo_credentials_new (guint uid, GError **error)
{
  struct passwd entry, *found = NULL;
  g_autofree char *buffer = NULL;
  VireoCredentials *self;
  int failure;

  if (uid == geteuid () || geteuid () != 0)
    return g_new0 (VireoCredentials, 1);
  buffer = g_malloc (65536);
  failure = getpwuid_r (uid, &entry, buffer, 65536, &found);
  if (found == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                   "there is no user with the id %u%s%s", uid, failure != 0 ? ": " : "",
                   failure != 0 ? g_strerror (failure) : "");
      return NULL;
    }
  self = g_new0 (VireoCredentials, 1);
  self->foreign = TRUE;
  self->uid = uid;
  self->gid = entry.pw_gid;
  self->groups = list_groups (entry.pw_name, entry.pw_gid);
  self->saved_groups = g_array_new (FALSE, FALSE, sizeof (gid_t));
  return self;
}

void
vireo_credentials_free (VireoCredentials *self)
{
  g_clear_pointer (&self->groups, g_array_unref);
  g_clear_pointer (&self->saved_groups, g_array_unref);
  g_free (self);
}

/* Of this thread alone. */
static gboolean
set_groups (const GArray *groups)
{
  return syscall (SYS_setgroups, (size_t) groups->len, groups->data) == 0;
}

/* setfsuid() tells no failure; asking for what cannot be tells what is. */
static gboolean
set_fsuid (uid_t uid)
{
  setfsuid (uid);
  return (uid_t) setfsuid ((uid_t) -1) == uid;
}

static gboolean
set_fsgid (gid_t gid)
{
  setfsgid (gid);
  return (gid_t) setfsgid ((gid_t) -1) == gid;
}

/**
 * vireo_credentials_assume:
 * @self: a user's rights
 * @error: NotAuthorized when this process cannot take them on
 *
 * Does nothing for the user that the process runs as, or when that is not root: then it has its own
 * rights and no others.
 *
 * Returns: whether the thread has them
 * Since: 0.1
 */
gboolean
vireo_credentials_assume (VireoCredentials *self, GError **error)
{
  int n;

  if (!self->foreign)
    return TRUE;
  errno = 0;
  n = getgroups (0, NULL);
  g_array_set_size (self->saved_groups, (guint) MAX (n, 0));
  n = getgroups (n, (gid_t *) self->saved_groups->data);
  g_array_set_size (self->saved_groups, (guint) MAX (n, 0));
  self->saved_gid = (gid_t) setfsgid ((gid_t) -1);
  if (set_groups (self->groups) && set_fsgid (self->gid) && set_fsuid (self->uid))
    return TRUE;
  vireo_error_set_errno (error, errno != 0 ? errno : EPERM, "cannot open files as the user %u",
                         self->uid);
  vireo_credentials_restore (self);
  return FALSE;
}

/**
 * vireo_credentials_restore:
 * @self: what vireo_credentials_assume() was called with
 *
 * Since: 0.1
 */
void
vireo_credentials_restore (VireoCredentials *self)
{
  if (!self->foreign)
    return;
  /* A thread that goes back to the pool with another's rights is a hole or a riddle later. */
  if (!set_fsuid (geteuid ()) || !set_fsgid (self->saved_gid) || !set_groups (self->saved_groups))
    g_error ("the rights of user %u cannot be given back", self->uid);
}
