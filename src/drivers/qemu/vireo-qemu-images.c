/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-images.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drivers/common/vireo-qcow2.h"
#include "util/vireo-alone.h"

/* More layers than anybody has; QEMU itself gives up earlier. */
#define MAX_LAYERS 200u
/* Kernels and initramfs have some 100 MiB; what is larger is not one. */
#define MAX_COPY (G_GINT64_CONSTANT (2) << 30)

/* The formats that are safe to hand to QEMU by one descriptor: none of them but qcow2 names other
 * files, and those of qcow2 are looked at here. */
static const char *const formats[] = { "raw", "qcow2", "vdi", "vhdx", "vpc", NULL };

VireoQemuImageSpec *
vireo_qemu_image_spec_new (const char *path, const char *format, gboolean read_only)
{
  VireoQemuImageSpec *self = g_new0 (VireoQemuImageSpec, 1);

  self->path = g_strdup (path);
  self->format = g_strdup (format);
  self->read_only = read_only;
  self->fd = -1;
  return self;
}

void
vireo_qemu_image_spec_free (VireoQemuImageSpec *spec)
{
  if (spec == NULL)
    return;
  g_clear_pointer (&spec->lower, g_ptr_array_unref);
  vireo_alone_close (&spec->fd);
  g_free (spec->path);
  g_free (spec->format);
  g_free (spec);
}

/* Links such as /proc/self/fd/7 lead to what this process has open, whoever may open it by name. */
static int
open_without_magic (const char *path, int flags)
{
  struct open_how how = { .flags = (guint64) flags, .resolve = RESOLVE_NO_MAGICLINKS };

  return (int) syscall (SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

/* Whether @fd (transfer full) is a plain file or block device; it is closed when not. */
static gboolean
check_plain (int fd, const char *path, gboolean block_ok, struct stat *ret_status, GError **error)
{
  if (fstat (fd, ret_status) != 0)
    vireo_error_set_errno (error, errno, "cannot examine %s", path);
  else if (!S_ISREG (ret_status->st_mode) && !(block_ok && S_ISBLK (ret_status->st_mode)))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED, "%s is not a %s", path,
                 block_ok ? "plain file or block device" : "plain file");
  else
    return TRUE;
  close (fd);
  return FALSE;
}

/* Never waits for a peer (a FIFO, a terminal), and hands out plain files and block devices only. */
static int
open_plain (const char *path,
            int access,
            gboolean block_ok,
            struct stat *ret_status,
            GError **error)
{
  int fd;

  if (!g_path_is_absolute (path))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "'%s' is not an absolute path: only those are opened", path);
      return -1;
    }
  fd = open_without_magic (path, access | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot open %s%s", path,
                             access == O_RDWR ? " for writing" : "");
      return -1;
    }
  if (!check_plain (fd, path, block_ok, ret_status, error))
    return -1;
  (void) fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

/* What was handed over; its flags are whose it is. */
static int
take_plain (int handed, const char *path, struct stat *ret_status, GError **error)
{
  int fd = fcntl (handed, F_DUPFD_CLOEXEC, 3);

  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot use the file that was handed over for %s", path);
      return -1;
    }
  return check_plain (fd, path, TRUE, ret_status, error) ? fd : -1;
}

int
vireo_qemu_plain_open (const char *path, int access, GError **error)
{
  struct stat status;

  return open_plain (path, access, FALSE, &status, error);
}

int
vireo_qemu_folder_open (const char *path)
{
  return open_without_magic (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static VireoQemuImage *
open_layer (const char *path, int fd, const char *format, gboolean read_only, GError **error)
{
  g_autoptr (VireoQemuImage) image = g_new0 (VireoQemuImage, 1);
  struct stat status;

  image->fd = -1;
  image->path = g_strdup (path);
  image->format = g_strdup (format);
  image->read_only = read_only;
  if (!g_strv_contains (formats, format))
    {
      g_autofree char *known = g_strjoinv (", ", (char **) formats);

      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "%s: format '%s' is not supported; those that are: %s", path, format, known);
      return NULL;
    }
  image->fd = fd >= 0 ? take_plain (fd, path, &status, error)
                      : open_plain (path, read_only ? O_RDONLY : O_RDWR, TRUE, &status, error);
  if (image->fd < 0)
    return NULL;
  /* Two nodes of one block device are the same disk. */
  image->device = S_ISBLK (status.st_mode) ? 0 : status.st_dev;
  image->inode = S_ISBLK (status.st_mode) ? status.st_rdev : status.st_ino;
  return g_steal_pointer (&image);
}

/* The name as QEMU understands it: relative to the folder of the image that says it. */
static char *
backing_path (const char *image, const char *name, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (image);
  const char *colon = strchr (name, ':');
  const char *slash = strchr (name, '/');

  if (g_path_is_absolute (name))
    return g_strdup (name);
  if (colon != NULL && (slash == NULL || colon < slash))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "%s: its backing image '%s' is not a file", image, name);
      return NULL;
    }
  return g_build_filename (folder, name, NULL);
}

/* What is below @image, from its header: path and format, or a NULL path when nothing is. */
static gboolean
find_lower (const VireoQemuImage *image, char **ret_path, char **ret_format, GError **error)
{
  g_auto (VireoQcow2) header = { FALSE };

  if (!vireo_qcow2_read (image->fd, image->path, &header, error))
    return FALSE;
  if (!header.is_qcow2)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED, "%s is not a qcow2 image",
                   image->path);
      return FALSE;
    }
  if (header.external_data)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "%s keeps its data in another file, which is not supported", image->path);
      return FALSE;
    }
  if (header.backing == NULL)
    return TRUE;
  *ret_path = backing_path (image->path, header.backing, error);
  *ret_format = g_steal_pointer (&header.backing_format);
  return *ret_path != NULL;
}

/* A layer about which the one above does not say what it is can only be raw. Should it look like
 * something else, then either somebody forgot to say so, or a guest wrote it into a raw image to be
 * given files of the host: nobody can tell which. */
static gboolean
check_unsaid_format (const VireoQemuImage *image, const char *above, GError **error)
{
  g_auto (VireoQcow2) header = { FALSE };

  if (!vireo_qcow2_read (image->fd, image->path, &header, error))
    return FALSE;
  if (header.is_qcow2)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "%s does not say what format its backing image %s has; "
                   "say it with 'qemu-img rebase -u -b … -F FORMAT'",
                   above, image->path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
add_layer (GPtrArray *chain, VireoQemuImage *image, guint *next_fdset, GError **error)
{
  for (guint i = 0; i < chain->len; i++)
    {
      const VireoQemuImage *other = chain->pdata[i];

      if (other->device == image->device && other->inode == image->inode)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                       "%s is its own backing image", image->path);
          vireo_qemu_image_free (image);
          return FALSE;
        }
    }
  image->fdset = (*next_fdset)++;
  g_ptr_array_add (chain, image);
  return TRUE;
}

static gboolean
open_lower_found (GPtrArray *chain, guint *next_fdset, GError **error)
{
  while (chain->len < MAX_LAYERS)
    {
      const VireoQemuImage *above = chain->pdata[chain->len - 1];
      g_autofree char *path = NULL, *format = NULL;
      VireoQemuImage *image;

      if (!g_str_equal (above->format, "qcow2"))
        return TRUE;
      if (!find_lower (above, &path, &format, error))
        return FALSE;
      if (path == NULL)
        return TRUE;
      image = open_layer (path, -1, format != NULL ? format : "raw", TRUE, error);
      if (image == NULL)
        {
          g_prefix_error (error, "backing image of %s: ", above->path);
          return FALSE;
        }
      if ((format == NULL && !check_unsaid_format (image, above->path, error)))
        {
          vireo_qemu_image_free (image);
          return FALSE;
        }
      if (!add_layer (chain, image, next_fdset, error))
        return FALSE;
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED, "%s has more than %u layers",
               ((VireoQemuImage *) chain->pdata[0])->path, MAX_LAYERS);
  return FALSE;
}

static gboolean
open_lower_given (GPtrArray *chain, GPtrArray *lower, guint *next_fdset, GError **error)
{
  for (guint i = 0; i < lower->len; i++)
    {
      const VireoQemuImageSpec *spec = lower->pdata[i];
      VireoQemuImage *image
          = open_layer (spec->path, -1, spec->format != NULL ? spec->format : "raw", TRUE, error);

      if (image == NULL || !add_layer (chain, image, next_fdset, error))
        return FALSE;
    }
  return TRUE;
}

GPtrArray *
vireo_qemu_images_open (const VireoQemuImageSpec *spec, guint *next_fdset, GError **error)
{
  g_autoptr (GPtrArray) chain
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_qemu_image_free);
  VireoQemuImage *top
      = open_layer (spec->path, spec->fd, spec->format != NULL ? spec->format : "raw",
                    spec->read_only, error);

  if (top == NULL || !add_layer (chain, top, next_fdset, error))
    return NULL;
  if (spec->lower != NULL ? !open_lower_given (chain, spec->lower, next_fdset, error)
                          : !open_lower_found (chain, next_fdset, error))
    return NULL;
  return g_steal_pointer (&chain);
}

static int
copy_to_memory (int fd, const char *path, off_t size, GError **error)
{
  int copy = size <= MAX_COPY ? memfd_create ("vireo-file", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;
  off_t offset = 0;

  if (size > MAX_COPY)
    errno = EFBIG;
  while (copy >= 0 && offset < size)
    {
      ssize_t n = sendfile (copy, fd, &offset, (size_t) (size - offset));

      if (n > 0 || (n < 0 && errno == EINTR))
        continue;
      errno = n == 0 ? EIO : errno;
      close (copy);
      copy = -1;
    }
  if (copy < 0)
    vireo_error_set_errno (error, errno, "cannot copy %s", path);
  else
    (void) fcntl (copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  return copy;
}

VireoQemuFile *
vireo_qemu_file_open (const char *path, gboolean foreign, GError **error)
{
  g_autoptr (VireoQemuFile) file = g_new0 (VireoQemuFile, 1);
  struct stat status;

  file->path = g_strdup (path);
  file->fd = open_plain (path, O_RDONLY, FALSE, &status, error);
  if (file->fd < 0)
    return NULL;
  if (foreign && (status.st_mode & S_IROTH) == 0)
    {
      int copy = copy_to_memory (file->fd, path, status.st_size, error);

      close (file->fd);
      file->fd = copy;
      if (copy < 0)
        return NULL;
    }
  return g_steal_pointer (&file);
}

struct _VireoQemuImageRegistry
{
  GArray *uses; /* of Entry */
};

typedef struct
{
  char *owner;
  VireoQemuImageUse use;
} Entry;

static void
entry_clear (gpointer data)
{
  g_free (((Entry *) data)->owner);
}

VireoQemuImageRegistry *
vireo_qemu_image_registry_new (void)
{
  VireoQemuImageRegistry *self = g_new0 (VireoQemuImageRegistry, 1);

  self->uses = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (self->uses, entry_clear);
  return self;
}

void
vireo_qemu_image_registry_free (VireoQemuImageRegistry *self)
{
  g_array_unref (self->uses);
  g_free (self);
}

/* Readers get along, and so do writers that all say they share; nobody gets along with another
 * writer. */
static gboolean
conflict (const VireoQemuImageUse *a, const VireoQemuImageUse *b)
{
  return a->device == b->device && a->inode == b->inode && (a->writes || b->writes)
         && !(a->shared && b->shared);
}

gboolean
vireo_qemu_image_registry_claim (VireoQemuImageRegistry *self,
                                 const char *owner,
                                 const VireoQemuImageUse *use,
                                 const char *path,
                                 GError **error)
{
  Entry entry = { NULL, *use };

  for (guint i = 0; i < self->uses->len; i++)
    {
      const Entry *other = &g_array_index (self->uses, Entry, i);

      if (!conflict (&other->use, use))
        continue;
      /* Who starts the one may not be allowed to know of the other; the journal's readers may. */
      g_message ("'%s' cannot have %s, which '%s' uses", owner, path, other->owner);
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "%s is in use by another domain%s", path,
                   use->writes ? "" : ", which may write to it");
      return FALSE;
    }
  entry.owner = g_strdup (owner);
  g_array_append_val (self->uses, entry);
  return TRUE;
}

void
vireo_qemu_image_registry_release (VireoQemuImageRegistry *self, const char *owner)
{
  for (guint i = self->uses->len; i > 0; i--)
    if (g_str_equal (g_array_index (self->uses, Entry, i - 1).owner, owner))
      g_array_remove_index_fast (self->uses, i - 1);
}

void
vireo_qemu_image_registry_release_use (VireoQemuImageRegistry *self,
                                       const char *owner,
                                       const VireoQemuImageUse *use)
{
  for (guint i = 0; i < self->uses->len; i++)
    {
      const Entry *entry = &g_array_index (self->uses, Entry, i);

      if (g_str_equal (entry->owner, owner) && entry->use.device == use->device
          && entry->use.inode == use->inode && entry->use.writes == use->writes
          && entry->use.shared == use->shared)
        {
          g_array_remove_index_fast (self->uses, i);
          return;
        }
    }
}
