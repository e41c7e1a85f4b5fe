/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-storage-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/vireo-alone.h"
#include "util/vireo-error.h"

#define CHUNK (1024u * 1024)
#define TICK_MSEC 200

/* A pipe that is ready takes that many bytes without blocking, and no more for sure (pipe (7)). */
#define PIPE_STEP 4096u

/* One end, as the thread uses it. */
typedef struct
{
  VireoStorageEnd end;
  mode_t type; /* S_IFREG …; 0 for what has no file descriptor */
} Port;

typedef struct
{
  Port from;
  Port to;
  guint64 length;
  guint64 limit;
  gboolean sparse;
  VireoJob *job; /* the main context's only */
  GCancellable *cancellable;
  guint tick_id;
  guint64 total;     /* 0 when it is not known */
  gint64 started_at; /* µs */
  gint done_mib;     /* atomic: MiB that are done */
  gpointer buffer;
  gboolean hole_at_end; /* what was written last is a hole */
} Copy;

static void
port_clear (Port *port)
{
  vireo_alone_close (&port->end.fd);
}

static void
copy_free (gpointer data)
{
  Copy *copy = data;

  g_clear_handle_id (&copy->tick_id, g_source_remove);
  port_clear (&copy->from);
  port_clear (&copy->to);
  g_clear_object (&copy->job);
  g_clear_object (&copy->cancellable);
  g_free (copy->buffer);
  g_free (copy);
}

static gboolean
fail_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, VIREO_ERROR,
               code == ENOSPC || code == EDQUOT ? VIREO_ERROR_NO_SPACE : VIREO_ERROR_IO, "%s: %s",
               what, g_strerror (code));
  return FALSE;
}

/* ---- waiting ---- */

static gboolean
is_file (const Port *port)
{
  return S_ISREG (port->type) || S_ISBLK (port->type);
}

/* Until something can be read or written: of what is not a file, nobody knows when that will be. */
static gboolean
wait_for (Copy *copy, const Port *port, short events, GError **error)
{
  struct pollfd fds[2] = { { .fd = port->end.fd, .events = events } };
  gboolean more = FALSE;
  int n;

  if (g_cancellable_is_cancelled (copy->cancellable))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED, "the copy was cancelled");
      return FALSE;
    }
  if (port->type == 0 || is_file (port))
    return TRUE;
  if (copy->cancellable != NULL)
    {
      GPollFD pollfd;

      more = g_cancellable_make_pollfd (copy->cancellable, &pollfd);
      fds[1].fd = more ? pollfd.fd : -1;
      fds[1].events = POLLIN;
    }
  do
    n = poll (fds, more ? 2 : 1, -1);
  while (n < 0 && errno == EINTR);
  if (more)
    g_cancellable_release_fd (copy->cancellable);
  if (n < 0)
    return fail_errno (error, "waiting for the other end");
  if (g_cancellable_is_cancelled (copy->cancellable))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED, "the copy was cancelled");
      return FALSE;
    }
  return TRUE;
}

/* ---- reading ---- */

static gssize
read_random (guint8 *buffer, gsize size)
{
  gsize done = 0;

  while (done < size)
    {
      gssize n = getrandom (buffer + done, size - done, 0);

      if (n < 0 && errno != EINTR)
        return -1;
      done += n > 0 ? (gsize) n : 0;
    }
  return (gssize) size;
}

/* At most @size bytes into the buffer; 0 at the end. */
static gssize
read_some (Copy *copy, guint64 position, gsize size, GError **error)
{
  Port *from = &copy->from;
  gssize n = 0;

  do
    {
      if (!wait_for (copy, from, POLLIN, error))
        return -1;
      switch (from->end.kind)
        {
        case VIREO_STORAGE_END_ZEROS:
          return (gssize) size; /* the buffer is zeros from the beginning */
        case VIREO_STORAGE_END_RANDOM:
          n = read_random (copy->buffer, size);
          break;
        case VIREO_STORAGE_END_AT:
          n = pread (from->end.fd, copy->buffer, size, (off_t) (from->end.offset + position));
          break;
        case VIREO_STORAGE_END_STREAM:
          n = read (from->end.fd, copy->buffer, size);
          break;
        }
  } while (n < 0 && (errno == EINTR || errno == EAGAIN));
  if (n < 0)
    fail_errno (error, "reading");
  return n;
}

/* ---- writing ---- */

static gssize
write_stream (const Port *to, const guint8 *bytes, gsize size)
{
  if (S_ISSOCK (to->type))
    return send (to->end.fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return write (to->end.fd, bytes, is_file (to) ? size : MIN (size, PIPE_STEP));
}

static gboolean
write_all (Copy *copy, guint64 position, const guint8 *bytes, gsize size, GError **error)
{
  Port *to = &copy->to;
  gsize done = 0;

  while (done < size)
    {
      gssize n;

      if (!wait_for (copy, to, POLLOUT, error))
        return FALSE;
      if (to->end.kind == VIREO_STORAGE_END_AT)
        n = pwrite (to->end.fd, bytes + done, size - done,
                    (off_t) (to->end.offset + position + done));
      else
        n = write_stream (to, bytes + done, size - done);
      if (n < 0 && errno != EINTR && errno != EAGAIN)
        return fail_errno (error, "writing");
      done += n > 0 ? (gsize) n : 0;
    }
  return TRUE;
}

static gboolean
is_zero (const guint8 *bytes, gsize size)
{
  return size == 0 || (bytes[0] == 0 && memcmp (bytes, bytes + 1, size - 1) == 0);
}

/* Zeros are left out of a file. Blocks that hold something else are given back; where the file
 * system cannot do that, they are written. */
static gboolean
write_hole (Copy *copy, guint64 position, gsize size, GError **error)
{
  Port *to = &copy->to;

  if (to->end.kind == VIREO_STORAGE_END_STREAM)
    {
      if (lseek (to->end.fd, (off_t) size, SEEK_CUR) < 0)
        return fail_errno (error, "leaving a hole");
      return TRUE;
    }
  if (fallocate (to->end.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                 (off_t) (to->end.offset + position), (off_t) size)
      == 0)
    return TRUE;
  if (errno != EOPNOTSUPP)
    return fail_errno (error, "leaving a hole");
  return write_all (copy, position, copy->buffer, size, error);
}

/* The holes at its end belong to the file. */
static gboolean
extend (Copy *copy, guint64 written, GError **error)
{
  Port *to = &copy->to;
  off_t end = to->end.kind == VIREO_STORAGE_END_AT ? (off_t) (to->end.offset + written)
                                                   : lseek (to->end.fd, 0, SEEK_CUR);
  struct stat status;

  if (end < 0 || fstat (to->end.fd, &status) < 0)
    return fail_errno (error, "leaving a hole");
  if (S_ISREG (status.st_mode) && status.st_size < end && ftruncate (to->end.fd, end) < 0)
    return fail_errno (error, "leaving a hole");
  return TRUE;
}

/* ---- the thread ---- */

static gsize
next_size (const Copy *copy, guint64 position)
{
  if (copy->length == 0)
    return CHUNK;
  return (gsize) MIN (CHUNK, copy->length - position);
}

static gboolean
copy_all (Copy *copy, GError **error)
{
  guint64 position = 0;

  while (copy->length == 0 || position < copy->length)
    {
      gssize n = read_some (copy, position, next_size (copy, position), error);
      gboolean hole;

      if (n < 0)
        return FALSE;
      if (n == 0)
        break;
      if ((guint64) n > copy->limit - position)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                       "there is more than the %" G_GUINT64_FORMAT " bytes that fit", copy->limit);
          return FALSE;
        }
      hole = copy->sparse && is_zero (copy->buffer, (gsize) n);
      if (hole ? !write_hole (copy, position, (gsize) n, error)
               : !write_all (copy, position, copy->buffer, (gsize) n, error))
        return FALSE;
      copy->hole_at_end = hole;
      position += (guint64) n;
      g_atomic_int_set (&copy->done_mib, (gint) (position >> 20));
    }
  if (copy->hole_at_end && !extend (copy, position, error))
    return FALSE;
  if (copy->to.end.kind == VIREO_STORAGE_END_AT && fdatasync (copy->to.end.fd) < 0)
    return fail_errno (error, "writing to the disk");
  return TRUE;
}

static gpointer
run (gpointer data)
{
  g_autoptr (GTask) task = data;
  Copy *copy = g_task_get_task_data (task);
  GError *error = NULL;
  sigset_t set;

  /* A pipe whose reader went is an error like any other. */
  sigemptyset (&set);
  sigaddset (&set, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  if (copy_all (copy, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  return NULL;
}

/* ---- the main context ---- */

static gboolean
tick (gpointer data)
{
  Copy *copy = data;
  guint64 done = (guint64) g_atomic_int_get (&copy->done_mib) << 20;
  gint64 elapsed = MAX (g_get_monotonic_time () - copy->started_at, 1);
  double progress = copy->total > 0 ? (double) done / (double) copy->total : -1;

  vireo_job_set_progress (copy->job, progress, copy->total,
                          (guint64) ((double) done * G_USEC_PER_SEC / (double) elapsed));
  return G_SOURCE_CONTINUE;
}

static gboolean
open_port (const VireoStorageEnd *end, gboolean write, Port *port, GError **error)
{
  struct stat status;
  int mode;

  port->end = *end;
  port->end.fd = -1;
  if (end->kind == VIREO_STORAGE_END_ZEROS || end->kind == VIREO_STORAGE_END_RANDOM)
    return TRUE;
  port->end.fd = fcntl (end->fd, F_DUPFD_CLOEXEC, 0);
  mode = port->end.fd >= 0 ? fcntl (port->end.fd, F_GETFL) : -1;
  if (mode < 0 || fstat (port->end.fd, &status) < 0)
    return fail_errno (error, "the file descriptor");
  port->type = status.st_mode & S_IFMT;
  if ((mode & O_PATH) != 0 || (mode & O_ACCMODE) == (write ? O_RDONLY : O_WRONLY))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the file descriptor is not open for %s", write ? "writing" : "reading");
  else if (!is_file (port) && !S_ISFIFO (port->type) && !S_ISSOCK (port->type))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the file descriptor is of no file, pipe or socket");
  else
    return TRUE;
  return FALSE;
}

/* How many bytes there are to copy; 0 when that shows only at the end. */
static guint64
find_total (const Copy *copy)
{
  struct stat status;
  off_t position = 0;

  if (copy->length > 0)
    return copy->length;
  if (!S_ISREG (copy->from.type) || fstat (copy->from.end.fd, &status) < 0)
    return 0;
  if (copy->from.end.kind == VIREO_STORAGE_END_AT)
    position = (off_t) copy->from.end.offset;
  else
    position = lseek (copy->from.end.fd, 0, SEEK_CUR);
  return position < 0 || position > status.st_size ? 0 : (guint64) (status.st_size - position);
}

/**
 * vireo_storage_copy_async:
 * @copy: what to copy
 * @job: (nullable): has the progress
 * @cancellable: (nullable): to give up; what was written stays
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Since: 0.1
 */
void
vireo_storage_copy_async (const VireoStorageCopy *request,
                          VireoJob *job,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Copy *copy = g_new0 (Copy, 1);
  GError *error = NULL;

  copy->from.end.fd = copy->to.end.fd = -1;
  g_task_set_task_data (task, copy, copy_free);
  copy->length = request->length;
  copy->limit = request->limit;
  copy->sparse = request->sparse;
  copy->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  if (!open_port (&request->from, FALSE, &copy->from, &error)
      || !open_port (&request->to, TRUE, &copy->to, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (copy->sparse && !S_ISREG (copy->to.type))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                               "only a file can have holes");
      return;
    }
  copy->buffer = g_malloc0 (CHUNK);
  copy->total = find_total (copy);
  copy->started_at = g_get_monotonic_time ();
  if (job != NULL)
    {
      copy->job = g_object_ref (job);
      copy->tick_id = g_timeout_add (TICK_MSEC, tick, copy);
      tick (copy);
    }
  g_thread_unref (g_thread_new ("vireo-copy", run, g_object_ref (task)));
}

/**
 * vireo_storage_copy_finish:
 * @result: what the callback got
 * @error: see vireo_storage_copy_async()
 *
 * Returns: whether all was copied
 * Since: 0.1
 */
gboolean
vireo_storage_copy_finish (GAsyncResult *result, GError **error)
{
  Copy *copy = g_task_get_task_data (G_TASK (result));

  /* Here, for the thread may be the last to let go of the rest. */
  g_clear_handle_id (&copy->tick_id, g_source_remove);
  g_clear_object (&copy->job);
  return g_task_propagate_boolean (G_TASK (result), error);
}
