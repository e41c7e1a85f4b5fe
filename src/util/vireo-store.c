/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-store.h"

#include "vireo-error.h"
#include "vireo-store-disk.h"
#include "vireo-store-frame.h"
#include "vireo-store-log.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How many files one batch may hold open; far below the usual limit of 1024 descriptors. */
#define MAX_BATCH_OPS 128u

/* Nor is more than this written down at once, but for a single call. */
#define MAX_BATCH_SIZE (256u * 1024)

/* How long changes stay in the log when no others come, which people who look at the files should
 * not notice, and when others do; and after which time something that failed is tried again. */
#define CHECKPOINT_TIME_US (100 * G_TIME_SPAN_MILLISECOND)
#define CHECKPOINT_LATEST_US (10 * G_USEC_PER_SEC)
#define RETRY_TIME_US (3 * G_USEC_PER_SEC)

/**
 * VireoStore:
 *
 * Files in one folder, changed in a way that a crash at any instant leaves each file either as it
 * was or as it was to be, and that what was acknowledged is on the disk. One thread does the
 * writing. While it waits for the disk, calls gather, and go in one batch: many callers at once
 * cost little more than one.
 *
 * A store has a log or not. With one, a batch takes one flush of the disk, whatever is in it, and
 * the files follow a moment later; see vireo-store-log.h for how. Without one, each file and the
 * folder are synced: for folders in memory, where a sync costs nothing.
 *
 * Since: 0.1
 */
struct _VireoStore
{
  GObject parent_instance;

  char *folder;
  struct _Worker *worker;
  GThread *thread;
  GSource *done_source; /* (nullable) */
};

/* What the thread works on. It outlives the store when the last reference to the store is dropped
 * by the thread itself, with the task that held it. */
typedef struct _Worker
{
  char *folder;
  GMutex mutex;
  GCond changed;
  GQueue queue; /* GTask, whose task data is a VireoStoreCall */
  gboolean writing;
  gboolean stopping;
  gboolean ended;    /* whether all was done that is done when it stops */
  gboolean settling; /* whether somebody waits for an empty log */
  GError *unsettled; /* (nullable): why there was none when somebody waited last */
  gboolean synced;   /* whether the thread of a checkpoint is through */
  GPtrArray *done;   /* GTask, of calls that are over and that nobody was told of */
  int done_fd;       /* says that there are some; -1 when there is none to be had */
  /* What only the worker's thread uses. */
  VireoStoreLog *log;       /* (nullable) */
  GThread *checkpoint;      /* (nullable): what syncs files that were logged */
  gint64 checkpoint_time;   /* when the next one is due; 0 when there is nothing to sync */
  gint64 checkpoint_latest; /* however much is going on */
} Worker;

/* Workers whose threads run and that have a log. */
static GMutex running_lock;
static GQueue running = G_QUEUE_INIT;

G_DEFINE_FINAL_TYPE (VireoStore, vireo_store, G_TYPE_OBJECT)

static void
worker_clear (gpointer data)
{
  Worker *worker = data;

  g_queue_clear_full (&worker->queue, g_object_unref);
  g_ptr_array_unref (worker->done);
  if (worker->done_fd >= 0)
    close (worker->done_fd);
  g_mutex_clear (&worker->mutex);
  g_cond_clear (&worker->changed);
  g_clear_pointer (&worker->log, vireo_store_log_free);
  g_clear_error (&worker->unsettled);
  g_free (worker->folder);
}

static void
worker_unref (Worker *worker)
{
  g_atomic_rc_box_release_full (worker, worker_clear);
}

/* The calls at the head of the queue that fit in one batch; at least one. Under the mutex. */
static GPtrArray *
take_batch (Worker *worker)
{
  GPtrArray *batch = g_ptr_array_new_with_free_func (g_object_unref);
  gsize n_ops = 0, size = 0;

  while (!g_queue_is_empty (&worker->queue))
    {
      GTask *task = g_queue_peek_head (&worker->queue);
      VireoStoreCall *call = g_task_get_task_data (task);

      n_ops += call->n_ops;
      size += vireo_store_frame_call_size (call);
      if (batch->len > 0 && (n_ops > MAX_BATCH_OPS || size > MAX_BATCH_SIZE))
        break;
      g_ptr_array_add (batch, g_queue_pop_head (&worker->queue));
    }
  return batch;
}

static void
return_batch (GPtrArray *batch)
{
  for (guint i = 0; i < batch->len; i++)
    {
      GTask *task = g_ptr_array_index (batch, i);
      VireoStoreCall *call = g_task_get_task_data (task);

      if (call->error != NULL)
        g_task_return_error (task, g_steal_pointer (&call->error));
      else
        g_task_return_boolean (task, TRUE);
    }
}

/* Has the callers' thread return a batch, all of it in one turn of its loop. A GTask that is
 * returned from here would wake it with the lock of its context held, for which it then waits. */
static void
hand_over (Worker *worker, GPtrArray *batch)
{
  const guint64 one = 1;

  if (worker->done_fd < 0)
    {
      return_batch (batch);
      return;
    }
  g_mutex_lock (&worker->mutex);
  g_ptr_array_extend_and_steal (worker->done, g_ptr_array_ref (batch));
  g_mutex_unlock (&worker->mutex);
  if (write (worker->done_fd, &one, sizeof one) < 0)
    g_warning ("cannot tell of what was written to %s: %s", worker->folder, g_strerror (errno));
}

static gboolean
on_done (int fd, GIOCondition condition, gpointer data)
{
  Worker *worker = data;
  g_autoptr (GPtrArray) batch = NULL;
  guint64 number;

  if (read (fd, &number, sizeof number) < 0)
    return G_SOURCE_CONTINUE;
  g_mutex_lock (&worker->mutex);
  batch = g_steal_pointer (&worker->done);
  worker->done = g_ptr_array_new_with_free_func (g_object_unref);
  g_mutex_unlock (&worker->mutex);
  return_batch (batch);
  return G_SOURCE_CONTINUE;
}

/* ---- the log ---- */

static gpointer
checkpoint_main (gpointer data)
{
  Worker *worker = data;
  g_autoptr (GError) error = NULL;
  gboolean done = vireo_store_log_checkpoint (worker->log, &error);

  if (!done)
    g_warning ("%s", error->message);
  g_mutex_lock (&worker->mutex);
  worker->synced = TRUE;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->mutex);
  return GINT_TO_POINTER (done);
}

/* Waits for the checkpoint that is under way, if there is one. */
static void
end_checkpoint (Worker *worker)
{
  if (worker->checkpoint == NULL)
    return;
  vireo_store_log_checkpointed (
      worker->log, GPOINTER_TO_INT (g_thread_join (g_steal_pointer (&worker->checkpoint))));
  worker->synced = FALSE;
}

static void
begin_checkpoint (Worker *worker)
{
  end_checkpoint (worker);
  worker->checkpoint_time = 0;
  /* One that failed leaves the older changes where they are: nothing may come before them. */
  if (vireo_store_log_is_broken (worker->log) || !vireo_store_log_is_used (worker->log))
    return;
  vireo_store_log_turn (worker->log);
  worker->checkpoint = g_thread_try_new ("vireo-log-write", checkpoint_main, worker, NULL);
  if (worker->checkpoint == NULL)
    vireo_store_log_checkpointed (worker->log, vireo_store_log_checkpoint (worker->log, NULL));
}

/* After something failed: nothing is written, and nobody gets an answer, before it is undone. */
static gboolean
repair (Worker *worker, GError **error)
{
  if (!vireo_store_log_is_broken (worker->log))
    return TRUE;
  end_checkpoint (worker);
  if (vireo_store_log_repair (worker->log, error))
    return TRUE;
  worker->checkpoint_time = g_get_monotonic_time () + RETRY_TIME_US;
  return FALSE;
}

/* Nothing is in the log afterwards, or it is broken. */
static gboolean
settle (Worker *worker, GError **error)
{
  begin_checkpoint (worker);
  end_checkpoint (worker);
  return repair (worker, error);
}

/* The log that is full is synced while the other one takes what comes. */
static gboolean
make_room (Worker *worker, GError **error)
{
  end_checkpoint (worker);
  if (!repair (worker, error))
    return FALSE;
  begin_checkpoint (worker);
  return TRUE;
}

static void
commit_logged (Worker *worker, VireoStoreCall **calls, gsize n_calls)
{
  g_autoptr (GError) error = NULL;
  gint64 now = g_get_monotonic_time ();
  gsize size = 0, n_ops = 0;

  for (gsize i = 0; i < n_calls; i++)
    {
      size += vireo_store_frame_call_size (calls[i]);
      n_ops += calls[i]->n_ops;
    }
  if (!repair (worker, &error)
      || (!vireo_store_log_can_take (worker->log, size) && !settle (worker, &error)))
    {
      vireo_store_fail_all (calls, n_calls, error);
      return;
    }
  if (!vireo_store_log_can_take (worker->log, size))
    {
      vireo_store_commit (&vireo_store_system_io, worker->folder, calls, n_calls);
      return;
    }
  if (!vireo_store_log_has_room (worker->log, size, n_ops) && !make_room (worker, &error))
    {
      vireo_store_fail_all (calls, n_calls, error);
      return;
    }
  vireo_store_log_commit (worker->log, calls, n_calls);
  if (!repair (worker, &error))
    g_warning ("%s", error->message);
  if (worker->checkpoint_time == 0 && vireo_store_log_is_used (worker->log))
    worker->checkpoint_latest = now + CHECKPOINT_LATEST_US;
  /* Syncs of what was logged would compete with those that callers wait for. */
  if (vireo_store_log_is_used (worker->log))
    worker->checkpoint_time = MIN (now + CHECKPOINT_TIME_US, worker->checkpoint_latest);
}

/* Runs a batch without those calls that were cancelled while they waited. */
static void
commit_batch (Worker *worker, GPtrArray *batch)
{
  g_autofree VireoStoreCall **calls = g_new (VireoStoreCall *, batch->len);
  gsize n_calls = 0;

  for (guint i = 0; i < batch->len; i++)
    {
      GTask *task = g_ptr_array_index (batch, i);
      VireoStoreCall *call = g_task_get_task_data (task);

      if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
        call->error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_CANCELLED,
                                           "cancelled before it was written");
      else
        calls[n_calls++] = call;
    }
  if (n_calls > 0 && worker->log != NULL)
    commit_logged (worker, calls, n_calls);
  else if (n_calls > 0)
    vireo_store_commit (&vireo_store_system_io, worker->folder, calls, n_calls);
}

/* Waits until there is something to do, which need not be a call. Under the mutex. */
static void
wait_for_work (Worker *worker)
{
  if (worker->checkpoint_time == 0)
    g_cond_wait (&worker->changed, &worker->mutex);
  else
    g_cond_wait_until (&worker->changed, &worker->mutex, worker->checkpoint_time);
}

/* What the worker does when no calls wait. Without the mutex. */
static GError *
look_after_log (Worker *worker, gboolean settling, gboolean synced)
{
  GError *error = NULL;

  if (settling)
    settle (worker, &error);
  else if (synced)
    {
      end_checkpoint (worker);
      repair (worker, &error);
    }
  else if (repair (worker, &error))
    begin_checkpoint (worker);
  if (error != NULL)
    g_warning ("%s", error->message);
  return error;
}

static gboolean
has_chores (Worker *worker)
{
  return worker->log != NULL
         && (worker->settling || worker->synced
             || (worker->checkpoint_time != 0
                 && g_get_monotonic_time () >= worker->checkpoint_time));
}

/* One round, with the mutex held before and after. */
static void
work (Worker *worker)
{
  g_autoptr (GPtrArray) batch = NULL;
  g_autoptr (GError) error = NULL;
  gboolean settling = worker->settling, synced = worker->synced;
  gboolean idle = g_queue_is_empty (&worker->queue);

  if (!idle)
    batch = take_batch (worker);
  worker->writing = TRUE;
  g_mutex_unlock (&worker->mutex);

  if (!idle)
    {
      commit_batch (worker, batch);
      hand_over (worker, batch);
    }
  else
    error = look_after_log (worker, settling, synced);
  /* May drop the last reference to the store: not under the mutex. */
  g_clear_pointer (&batch, g_ptr_array_unref);

  g_mutex_lock (&worker->mutex);
  if (idle && settling)
    {
      worker->settling = FALSE;
      g_clear_error (&worker->unsettled);
      worker->unsettled = g_steal_pointer (&error);
    }
  worker->writing = FALSE;
  g_cond_broadcast (&worker->changed);
}

static gpointer
worker_main (gpointer data)
{
  Worker *worker = data;
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&worker->mutex);
  while (!worker->stopping || !g_queue_is_empty (&worker->queue))
    {
      if (g_queue_is_empty (&worker->queue) && !has_chores (worker))
        wait_for_work (worker);
      else
        work (worker);
    }
  g_mutex_unlock (&worker->mutex);
  if (worker->log != NULL && !settle (worker, &error))
    g_warning ("%s", error->message);
  g_mutex_lock (&running_lock);
  g_queue_remove (&running, worker);
  g_mutex_unlock (&running_lock);
  g_mutex_lock (&worker->mutex);
  worker->ended = TRUE;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->mutex);
  worker_unref (worker);
  return NULL;
}

static void
vireo_store_finalize (GObject *object)
{
  VireoStore *self = VIREO_STORE (object);
  GThread *thread = self->thread;

  g_mutex_lock (&self->worker->mutex);
  self->worker->stopping = TRUE;
  g_cond_broadcast (&self->worker->changed);
  g_mutex_unlock (&self->worker->mutex);

  if (self->done_source != NULL)
    {
      g_source_destroy (self->done_source);
      g_source_unref (self->done_source);
    }
  if (thread != NULL && thread == g_thread_self ())
    g_thread_unref (thread);
  else if (thread != NULL)
    g_thread_join (thread);

  worker_unref (self->worker);
  g_free (self->folder);
  G_OBJECT_CLASS (vireo_store_parent_class)->finalize (object);
}

static void
vireo_store_class_init (VireoStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_store_finalize;
}

static void
vireo_store_init (VireoStore *self)
{
  self->worker = g_atomic_rc_box_new0 (Worker);
  g_mutex_init (&self->worker->mutex);
  g_cond_init (&self->worker->changed);
  g_queue_init (&self->worker->queue);
  self->worker->done = g_ptr_array_new_with_free_func (g_object_unref);
  self->worker->done_fd = -1;
}

/**
 * vireo_store_new:
 * @folder: (type filename): where the files are; need not exist
 *
 * Returns: (transfer full): a store; call vireo_store_prepare() before the first use
 * Since: 0.1
 */
VireoStore *
vireo_store_new (const char *folder)
{
  VireoStore *self = g_object_new (VIREO_TYPE_STORE, NULL);

  self->folder = g_strdup (folder);
  self->worker->folder = g_strdup (folder);
  return self;
}

/**
 * vireo_store_new_logged:
 * @folder: (type filename): where the files are; need not exist
 *
 * Returns: (transfer full): a store with a log, for a folder on a disk
 * Since: 0.1
 */
VireoStore *
vireo_store_new_logged (const char *folder)
{
  VireoStore *self = vireo_store_new (folder);

  self->worker->log = vireo_store_log_new (folder, &vireo_store_system_io);
  return self;
}

/**
 * vireo_store_get_folder:
 * @self: a store
 *
 * Returns: (transfer none) (type filename): the folder
 * Since: 0.1
 */
const char *
vireo_store_get_folder (VireoStore *self)
{
  return self->folder;
}

/**
 * vireo_store_prepare:
 * @self: a store
 * @error: what the operating system said
 *
 * Makes the folder, readable for its owner only, if it is not there, removes what a daemon left in
 * it that was killed while it wrote, and does what it left in its log. For the start, before the
 * first change: it blocks, and must not run next to another process that uses the folder.
 *
 * Returns: whether the folder can be used
 * Since: 0.1
 */
gboolean
vireo_store_prepare (VireoStore *self, GError **error)
{
  return vireo_store_make_folder (self->folder, error) && vireo_store_sweep (self->folder, error)
         && (self->worker->log == NULL || vireo_store_log_recover (self->worker->log, error));
}

static gboolean
check_ops (const VireoStoreOp *ops, gsize n_ops, GError **error)
{
  if (n_ops > MAX_BATCH_OPS)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                   "%" G_GSIZE_FORMAT " changes at once; %u are allowed", n_ops, MAX_BATCH_OPS);
      return FALSE;
    }
  for (gsize i = 0; i < n_ops; i++)
    {
      if (!vireo_store_check_name (ops[i].name, error))
        return FALSE;
      if (ops[i].contents != NULL && (ops[i].mode & ~0777u) != 0)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "%o cannot be the permissions of a file", ops[i].mode);
          return FALSE;
        }
    }
  return TRUE;
}

/* Whoever calls first is told of the others' calls as well; their tasks know where they belong. */
static void
start_listening (VireoStore *self)
{
  self->worker->done_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->worker->done_fd < 0)
    return;
  self->done_source = g_unix_fd_source_new (self->worker->done_fd, G_IO_IN);
  g_source_set_callback (self->done_source, G_SOURCE_FUNC (on_done),
                         g_atomic_rc_box_acquire (self->worker), (GDestroyNotify) worker_unref);
  g_source_attach (self->done_source, g_main_context_get_thread_default ());
}

static void
ensure_thread (VireoStore *self)
{
  if (self->thread != NULL)
    return;
  start_listening (self);
  g_mutex_lock (&running_lock);
  g_queue_push_tail (&running, self->worker);
  g_mutex_unlock (&running_lock);
  self->thread = g_thread_new ("vireo-store", worker_main, g_atomic_rc_box_acquire (self->worker));
}

/**
 * vireo_store_apply_async:
 * @self: a store
 * @ops: (array length=n_ops): the changes; copied
 * @n_ops: how many, at most 128; with none, the call only waits for those before it
 * @cancellable: (nullable): a call that is cancelled before it is its turn changes nothing; later
 *   it is too late, and the result says what happened
 * @callback: called on the thread-default main context of the caller
 * @user_data: for @callback
 *
 * Makes changes, in their order, after those of all calls before it. The call succeeds when they
 * are on the disk. When one of the files cannot be written, none of the call's changes is made;
 * other calls do not suffer.
 *
 * Since: 0.1
 */
void
vireo_store_apply_async (VireoStore *self,
                         const VireoStoreOp *ops,
                         gsize n_ops,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, vireo_store_apply_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!check_ops (ops, n_ops, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, vireo_store_call_new (ops, n_ops),
                        (GDestroyNotify) vireo_store_call_free);

  g_mutex_lock (&self->worker->mutex);
  ensure_thread (self);
  g_queue_push_tail (&self->worker->queue, g_steal_pointer (&task));
  g_mutex_unlock (&self->worker->mutex);
  /* Now that whoever wakes up can have the mutex. */
  g_cond_broadcast (&self->worker->changed);
}

/**
 * vireo_store_apply_finish:
 * @self: a store
 * @result: what the callback got
 * @error: Cancelled, InvalidArgument, NoSpace, Access, or what else the operating system said
 *
 * Returns: whether the changes are on the disk
 * Since: 0.1
 */
gboolean
vireo_store_apply_finish (VireoStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
flush_worker (Worker *worker)
{
  g_mutex_lock (&worker->mutex);
  while (worker->writing || !g_queue_is_empty (&worker->queue))
    g_cond_wait (&worker->changed, &worker->mutex);
  g_mutex_unlock (&worker->mutex);
}

/**
 * vireo_store_flush:
 * @self: a store
 *
 * Waits until all calls that were made are on the disk or have failed. For the end of the daemon;
 * their callbacks still come from the main context, if it runs on.
 *
 * Since: 0.1
 */
void
vireo_store_flush (VireoStore *self)
{
  flush_worker (self->worker);
}

static gboolean
settle_worker (Worker *worker, GError **error)
{
  gboolean settled;

  if (worker->log == NULL)
    {
      flush_worker (worker);
      return TRUE;
    }
  g_mutex_lock (&worker->mutex);
  worker->settling = TRUE;
  g_cond_broadcast (&worker->changed);
  while ((worker->settling || worker->stopping) && !worker->ended)
    g_cond_wait (&worker->changed, &worker->mutex);
  settled = worker->unsettled == NULL;
  if (!settled && error != NULL)
    *error = g_error_copy (worker->unsettled);
  g_mutex_unlock (&worker->mutex);
  return settled;
}

/**
 * vireo_store_settle:
 * @self: a store
 * @error: why the files cannot be written
 *
 * Waits until the calls that were made are over, and the folder has what they left. Blocks: not for
 * the main thread.
 *
 * Returns: whether what is in the folder is what was acknowledged
 * Since: 0.1
 */
gboolean
vireo_store_settle (VireoStore *self, GError **error)
{
  gboolean begun;

  g_mutex_lock (&self->worker->mutex);
  begun = self->thread != NULL;
  g_mutex_unlock (&self->worker->mutex);
  if (!begun)
    return TRUE;
  return settle_worker (self->worker, error);
}

/**
 * vireo_stores_settle:
 *
 * Waits until the calls of all stores are over, also those that nobody waits for, and nothing is in
 * a log any more, so that whoever changes files by hand while there is no daemon is not
 * contradicted. For the end of the daemon: it blocks.
 *
 * Since: 0.1
 */
void
vireo_stores_settle (void)
{
  g_autoptr (GPtrArray) workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_unref);

  g_mutex_lock (&running_lock);
  for (GList *link = running.head; link != NULL; link = link->next)
    g_ptr_array_add (workers, g_atomic_rc_box_acquire (link->data));
  g_mutex_unlock (&running_lock);
  for (guint i = 0; i < workers->len; i++)
    settle_worker (workers->pdata[i], NULL);
}
