/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/vireo-alone.h"
#include "util/vireo-error.h"
#include "util/vireo-task.h"

#define MAX_GROUPS 64

/* Of all domains of a user together: descriptors are the daemon's, and everybody needs some. */
#define MAX_FILES 256

/* The groups of a domain, by name, and whose files are counted. */
typedef struct
{
  GHashTable *by_name; /* GUnixFDList */
  guint owner;
} Groups;

static GHashTable *
get_counts (void)
{
  static GHashTable *counts = NULL;

  if (counts == NULL)
    counts = g_hash_table_new (NULL, NULL);
  return counts;
}

static guint
get_count (guint owner)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (get_counts (), GUINT_TO_POINTER (owner)));
}

static void
add_count (guint owner, int n)
{
  guint count = (guint) ((int) get_count (owner) + n);

  if (count == 0)
    g_hash_table_remove (get_counts (), GUINT_TO_POINTER (owner));
  else
    g_hash_table_insert (get_counts (), GUINT_TO_POINTER (owner), GUINT_TO_POINTER (count));
}

static void
remove_group (Groups *groups, const char *name)
{
  GUnixFDList *fds = g_hash_table_lookup (groups->by_name, name);

  if (fds == NULL)
    return;
  add_count (groups->owner, -g_unix_fd_list_get_length (fds));
  g_hash_table_remove (groups->by_name, name);
}

static void
groups_free (gpointer data)
{
  Groups *groups = data;
  GHashTableIter iter;
  gpointer fds;

  g_hash_table_iter_init (&iter, groups->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &fds))
    add_count (groups->owner, -g_unix_fd_list_get_length (fds));
  g_hash_table_unref (groups->by_name);
  g_free (groups);
}

static GQuark
groups_quark (void)
{
  return g_quark_from_static_string ("vireo-domain-files");
}

static Groups *
get_groups (VireoDomainObj *obj)
{
  return g_object_get_qdata (G_OBJECT (obj), groups_quark ());
}

static void
drop_list (gpointer fds)
{
  vireo_alone_drop (fds, g_object_unref);
}

static Groups *
ensure_groups (VireoDomainObj *obj)
{
  Groups *groups = get_groups (obj);

  if (groups == NULL)
    {
      groups = g_new0 (Groups, 1);
      groups->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, drop_list);
      groups->owner = vireo_obj_get_owner (VIREO_OBJ (obj));
      g_object_set_qdata_full (G_OBJECT (obj), groups_quark (), groups, groups_free);
    }
  return groups;
}

/* With the group that is replaced already gone. */
static gboolean
has_room (VireoDomainObj *obj, const Groups *groups, GUnixFDList *fds, GError **error)
{
  guint count = get_count (groups->owner) + (guint) g_unix_fd_list_get_length (fds);

  if (g_hash_table_size (groups->by_name) >= MAX_GROUPS)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                 "domain \"%s\" has %d groups of files already",
                 vireo_obj_get_name (VIREO_OBJ (obj)), MAX_GROUPS);
  else if (groups->owner != VIREO_OWNER_ROOT && count > MAX_FILES)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                 "the domains of a user have at most %d files that were handed over", MAX_FILES);
  else
    return TRUE;
  return FALSE;
}

typedef struct
{
  VireoDomainObj *obj;
  char *name;
  GUnixFDList *fds;
} Association;

static void
association_free (gpointer data)
{
  Association *self = data;

  g_object_unref (self->obj);
  g_free (self->name);
  g_clear_pointer (&self->fds, drop_list);
  g_free (self);
}

/* A descriptor that stays open here is closed by each program that is started, which waits for its
 * file system then: none whose answers depend on a program of a user's. */
static void
check_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Association *self = data;
  int n = 0;
  const int *fds = g_unix_fd_list_peek_fds (self->fds, &n);
  struct statfs status;

  for (int i = 0; i < n; i++)
    if (fstatfs (fds[i], &status) == 0 && status.f_type == FUSE_SUPER_MAGIC)
      {
        g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                                 "the %d. file of \"%s\" is on a file system of a program (FUSE), "
                                 "which may not answer: such files are not taken",
                                 i + 1, self->name);
        return;
      }
  g_task_return_boolean (task, TRUE);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  const Association *self = g_task_get_task_data (G_TASK (result));
  Groups *groups = ensure_groups (self->obj);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      remove_group (groups, self->name);
      if (g_unix_fd_list_get_length (self->fds) > 0
          && has_room (self->obj, groups, self->fds, &error))
        {
          add_count (groups->owner, g_unix_fd_list_get_length (self->fds));
          g_hash_table_insert (groups->by_name, g_strdup (self->name), g_object_ref (self->fds));
        }
    }
  vireo_task_end (task, error == NULL, error);
}

/**
 * vireo_domain_files_associate:
 * @driver: a driver of domains
 * @obj: a domain
 * @name: of the group
 * @fds: its files; none: the group is forgotten
 * @task: (transfer full): returns whether it was done; LimitExceeded, ConfigUnsupported
 *
 * The operation `associate_fds` of a driver.
 *
 * Since: 0.1
 */
void
vireo_domain_files_associate (VireoDomainDriver *driver,
                              VireoDomainObj *obj,
                              const char *name,
                              GUnixFDList *fds,
                              GTask *task)
{
  guint owner = vireo_obj_get_owner (VIREO_OBJ (obj));
  g_autoptr (GTask) check = g_task_new (driver, NULL, on_checked, task);
  Association *self = g_new (Association, 1);

  *self = (Association){ g_object_ref (obj), g_strdup (name), g_object_ref (fds) };
  g_task_set_task_data (check, self, association_free);
  if (owner == VIREO_OWNER_ROOT)
    g_task_return_boolean (check, TRUE);
  else
    vireo_alone_run (check, owner, check_thread);
}

/* (nullable): without @error, the disk names no group. */
static GUnixFDList *
find_group (VireoDomainObj *obj, const VireoDiskDef *disk, GError **error)
{
  const char *name = disk->source != NULL ? disk->source->fdgroup : NULL;
  const Groups *groups = get_groups (obj);
  GUnixFDList *fds = NULL;

  if (name == NULL)
    return NULL;
  if (groups != NULL)
    fds = g_hash_table_lookup (groups->by_name, name);
  if (fds == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                 "nobody has handed over the files \"%s\" of the disk %s", name,
                 disk->target->dev);
  return fds;
}

gboolean
vireo_domain_files_check (VireoDomainObj *obj, const VireoDiskDef *disk, GError **error)
{
  return find_group (obj, disk, error) != NULL || disk->source == NULL
         || disk->source->fdgroup == NULL;
}

int
vireo_domain_files_open (VireoDomainObj *obj,
                         const VireoDiskDef *disk,
                         gboolean read_only,
                         GError **error)
{
  GUnixFDList *fds = find_group (obj, disk, error);
  int wanted = read_only ? O_RDONLY : O_RDWR;
  const int *list;
  int n = 0;

  if (fds == NULL)
    return -1;
  list = g_unix_fd_list_peek_fds (fds, &n);
  /* One that can be written to is read as well when there is no other. */
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < n; i++)
      {
        int flags = fcntl (list[i], F_GETFL);
        int access = flags & O_ACCMODE;

        if (flags >= 0 && (flags & O_PATH) == 0
            && (access == wanted || (pass > 0 && access == O_RDWR)))
          return g_unix_fd_list_get (fds, i, error);
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_ACCESS,
               "none of the files \"%s\" of the disk %s is open for %s", disk->source->fdgroup,
               disk->target->dev, read_only ? "reading" : "reading and writing");
  return -1;
}

void
vireo_domain_files_forget (VireoDomainObj *obj)
{
  g_object_set_qdata (G_OBJECT (obj), groups_quark (), NULL);
}
