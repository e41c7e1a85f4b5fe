/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-migrate.h"

#include "drivers/common/vireo-domain-moments.h"
#include "util/vireo-error.h"
#include "vireo-test-block-jobs.h"
#include "vireo-test-migrate-disks.h"
#include "vireo-test-migrate-parameters.h"
#include "vireo-test-settings.h"

#define TICK_MSEC 20
/* Of what a guest has in memory, it writes a part in so many while that is copied; less when its
 * processors are slowed down, by at most so many percent. */
#define DIRTY_PART 4
#define MAX_THROTTLE 99
/* With a cache of what was sent, of what is sent again only what changed goes over. */
#define COMPRESSED_PART 4
/* A guest that writes too fast is never done. */
#define MAX_ITERATIONS 30

/* A migration on its way; the slot of the domain is held for it. */
typedef struct
{
  VireoTestDomains *from;
  VireoTestDomains *to;
  VireoDomainObj *obj;
  VireoJob *job;
  VireoDomainObj *arrival;  /* what it becomes */
  VireoJob *arrival_job;
  VireoDomainDef *kept;     /* (nullable): its persistent definition there */
  VireoMigrateFlags flags;
  GTask *task;              /* (nullable): until it has begun */
  gboolean was_running;
  gboolean postcopied;      /* the guest is over there, and its memory follows */
  gboolean interrupted;     /* it does not follow for now */
  guint64 total;
  guint64 disk_total;
  guint64 disk_remaining;   /* disks are copied before memory is */
  guint64 usual_rate;
  guint64 remaining;        /* of this iteration */
  guint64 processed;
  guint64 iteration_bytes;
  guint iteration;
  gint64 ticked_at;
  guint tick_id;
} Migration;

static GHashTable *connections; /* URI -> VireoTestDomains, which is not owned */

static GQuark
migration_quark (void)
{
  return g_quark_from_static_string ("vireo-test-migration");
}

static Migration *
get_migration (VireoDomainObj *obj)
{
  return g_object_get_qdata (G_OBJECT (obj), migration_quark ());
}

static void
forget_connection (gpointer uri, GObject *where_it_was)
{
  /* Unless another one has been opened with that URI before this one was gone. */
  if (connections != NULL && g_hash_table_lookup (connections, uri) == (gpointer) where_it_was)
    g_hash_table_remove (connections, uri);
  if (connections != NULL && g_hash_table_size (connections) == 0)
    g_clear_pointer (&connections, g_hash_table_unref);
  g_free (uri);
}

void
vireo_test_migrate_register (VireoTestDomains *domains, const char *uri)
{
  if (connections == NULL)
    connections = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_replace (connections, g_strdup (uri), domains);
  g_object_weak_ref (G_OBJECT (domains), forget_connection, g_strdup (uri));
}

static void
migration_free (Migration *self)
{
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_object_set_qdata (G_OBJECT (self->obj), migration_quark (), NULL);
  g_clear_pointer (&self->kept, vireo_domain_def_free);
  g_clear_object (&self->arrival);
  g_clear_object (&self->arrival_job);
  g_clear_object (&self->task);
  g_object_unref (self->job);
  g_object_unref (self->obj);
  g_object_unref (self->from);
  g_object_unref (self->to);
  g_free (self);
}

/* ---- its end ---- */

static void
set_state (VireoDomainObj *obj, VireoDomainState state, const char *reason, const char *detail)
{
  if (vireo_domain_obj_get_state (obj) == state)
    return;
  vireo_domain_obj_set_state (obj, state, reason);
  vireo_domain_obj_emit_lifecycle (
      obj, state == VIREO_DOMAIN_STATE_RUNNING ? "resumed" : "suspended", detail);
}

/* Ends what arrives, and lets the guest go on here, unless it has run over there: then neither side
 * has all of its memory. @error: (transfer full) */
static void
give_up (Migration *self, GError *error)
{
  g_autoptr (VireoJob) job = g_object_ref (self->job);
  g_autoptr (GError) owned = error;

  if (self->postcopied && vireo_obj_get_active (VIREO_OBJ (self->arrival)))
    vireo_test_domains_stop (self->to, self->arrival, "failed");
  else
    vireo_keeper_stopped (VIREO_KEEPER (self->to), VIREO_OBJ (self->arrival));
  vireo_job_end (self->arrival_job, owned);
  if (vireo_obj_get_active (VIREO_OBJ (self->obj)) && self->was_running && !self->postcopied)
    set_state (self->obj, VIREO_DOMAIN_STATE_RUNNING, "migration-canceled", "migrated");
  migration_free (self);
  vireo_job_end (job, owned);
}

static void
finish (Migration *self, GError *error)
{
  g_autoptr (VireoJob) job = g_object_ref (self->job);
  g_autoptr (GError) owned = error;

  migration_free (self);
  vireo_job_end (job, owned);
}

static void
left (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  finish (data, error);
}

/* The guest runs over there. What is left of it here goes. */
static void
leave (Migration *self)
{
  if (vireo_obj_get_active (VIREO_OBJ (self->obj)))
    vireo_test_domains_stop (self->from, self->obj, "migrated");
  if ((self->flags & VIREO_MIGRATE_UNDEFINE_SOURCE) != 0
      && vireo_obj_get_persistent (VIREO_OBJ (self->obj)))
    vireo_keeper_undefine (VIREO_KEEPER (self->from), VIREO_OBJ (self->obj),
                           g_task_new (NULL, NULL, left, self));
  else
    finish (self, NULL);
}

/* The guest has arrived: that it is not kept there does not bring it back. */
static void
kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) obj = g_task_propagate_pointer (G_TASK (result), &error);

  if (obj == NULL)
    g_warning ("a domain that has arrived cannot be defined: %s", error->message);
  leave (data);
}

static void
run_over_there (Migration *self, const char *reason)
{
  gboolean paused = (self->flags & VIREO_MIGRATE_PAUSED) != 0 || !self->was_running;

  vireo_test_domains_begin (self->to, self->arrival, paused, reason, "migrated");
}

static void
arrive (Migration *self)
{
  g_auto (VireoTestSettings) settings = { 0 };

  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (self->arrival));
  if (settings.migrate_failure != NULL)
    {
      give_up (self, g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the hypervisor said: %s",
                                  settings.migrate_failure));
      return;
    }
  if (self->postcopied)
    set_state (self->arrival, VIREO_DOMAIN_STATE_RUNNING, "migrated", "migrated");
  else
    {
      if (self->was_running)
        set_state (self->obj, VIREO_DOMAIN_STATE_PAUSED, "migration", "migrated");
      run_over_there (self, "migrated");
    }
  vireo_job_end (self->arrival_job, NULL);
  if (self->kept != NULL)
    vireo_keeper_define (VIREO_KEEPER (self->to), self->kept,
                         vireo_obj_get_owner (VIREO_OBJ (self->obj)),
                         g_task_new (NULL, NULL, kept, self));
  else
    leave (self);
}

/* ---- copying ---- */

/* By how many percent the guest is slowed down: the more, the longer it takes. */
static guint64
get_throttle (const Migration *self)
{
  guint64 throttle;

  if ((self->flags & VIREO_MIGRATE_AUTO_CONVERGE) == 0)
    return 0;
  throttle = vireo_test_migrate_get_parameter (self->obj, "throttle-initial")
             + (self->iteration - 1)
                   * vireo_test_migrate_get_parameter (self->obj, "throttle-increment");
  return MIN (throttle, MAX_THROTTLE);
}

static void
show (Migration *self, guint64 rate)
{
  guint64 left = self->disk_remaining + self->remaining;
  guint64 whole = self->disk_total + self->iteration_bytes;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "memory_total", "t", self->total);
  g_variant_dict_insert (&dict, "memory_processed", "t", self->processed);
  g_variant_dict_insert (&dict, "memory_remaining", "t", self->remaining);
  g_variant_dict_insert (&dict, "memory_iteration", "t", (guint64) self->iteration);
  g_variant_dict_insert (&dict, "memory_bps", "t", self->disk_remaining > 0 ? 0 : rate);
  if (self->disk_total > 0)
    {
      g_variant_dict_insert (&dict, "disk_total", "t", self->disk_total);
      g_variant_dict_insert (&dict, "disk_processed", "t", self->disk_total - self->disk_remaining);
      g_variant_dict_insert (&dict, "disk_remaining", "t", self->disk_remaining);
      g_variant_dict_insert (&dict, "disk_bps", "t", self->disk_remaining > 0 ? rate : 0);
    }
  if ((self->flags & VIREO_MIGRATE_COMPRESSED) != 0)
    g_variant_dict_insert (&dict, "compression_cache", "t",
                           vireo_test_migrate_get_parameter (self->obj, "compression-cache"));
  if ((self->flags & VIREO_MIGRATE_AUTO_CONVERGE) != 0)
    g_variant_dict_insert (&dict, "auto_converge_throttle", "i", (int) get_throttle (self));
  vireo_job_set_statistics (self->job, g_variant_dict_end (&dict));
  vireo_job_set_progress (self->job, MIN (1.0, 1.0 - (double) left / (double) MAX (whole, 1)),
                          self->total + self->disk_total, rate);
}

static guint64
get_rate (const Migration *self)
{
  guint64 limit = vireo_test_migrate_get_parameter (
      self->obj, self->postcopied ? "max-postcopy-speed" : "max-speed");

  return limit > 0 ? MIN (limit, self->usual_rate) : self->usual_rate;
}

/* What the guest has written while the last iteration was copied. */
static guint64
count_dirty (const Migration *self)
{
  guint64 dirty = self->iteration_bytes / 100 * (100 - get_throttle (self)) / DIRTY_PART;

  if (vireo_domain_obj_get_state (self->obj) != VIREO_DOMAIN_STATE_RUNNING)
    return 0;
  return (self->flags & VIREO_MIGRATE_COMPRESSED) != 0 ? dirty / COMPRESSED_PART : dirty;
}

static gboolean
fits_into_downtime (const Migration *self, guint64 bytes)
{
  guint64 usec = vireo_test_migrate_get_parameter (self->obj, "max-downtime");

  return (double) bytes / (double) get_rate (self) * G_USEC_PER_SEC <= (double) usec;
}

/* Whether there is another iteration. */
static gboolean
begin_iteration (Migration *self, guint64 bytes)
{
  if (self->iteration > 0
      && (bytes == 0 || fits_into_downtime (self, bytes) || self->iteration >= MAX_ITERATIONS))
    return FALSE;
  self->iteration++;
  self->iteration_bytes = self->remaining = bytes;
  vireo_obj_emit_event (VIREO_OBJ (self->obj), "MigrationIteration",
                        g_variant_new ("(u)", self->iteration));
  return TRUE;
}

static gboolean
check_going_on (Migration *self, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (self->obj));

  if (g_cancellable_is_cancelled (vireo_job_get_cancellable (self->job)))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED,
                 "the migration of domain \"%s\" was cancelled", name);
  else if (!vireo_obj_get_active (VIREO_OBJ (self->obj)))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" stopped", name);
  else
    return TRUE;
  return FALSE;
}

/* How many of @bytes there were. */
static guint64
take (guint64 *remaining, guint64 bytes)
{
  guint64 taken = MIN (*remaining, bytes);

  *remaining -= taken;
  return taken;
}

static gboolean
tick (gpointer data)
{
  Migration *self = data;
  gint64 now = g_get_monotonic_time ();
  guint64 rate = get_rate (self);
  guint64 done = (guint64) ((double) rate * (double) (now - self->ticked_at) / G_USEC_PER_SEC);
  GError *error = NULL;

  self->ticked_at = now;
  if ((!self->postcopied || self->interrupted) && !check_going_on (self, &error))
    {
      self->tick_id = 0;
      give_up (self, error);
      return G_SOURCE_REMOVE;
    }
  if (self->interrupted)
    return G_SOURCE_CONTINUE;
  done -= take (&self->disk_remaining, done);
  self->processed += take (&self->remaining, done);
  show (self, rate);
  if (self->remaining > 0
      || (!self->postcopied && begin_iteration (self, count_dirty (self))))
    return G_SOURCE_CONTINUE;
  self->tick_id = 0;
  vireo_job_set_cancelable (self->job, FALSE);
  arrive (self);
  return G_SOURCE_REMOVE;
}

/* ---- its beginning ---- */

static void
begin (Migration *self)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (self->obj);
  g_auto (VireoTestSettings) settings = { 0 };

  vireo_test_settings_init (&settings, def);
  self->was_running = vireo_domain_obj_get_state (self->obj) == VIREO_DOMAIN_STATE_RUNNING;
  self->total = MAX (def->memory, 1) * 1024;
  self->usual_rate = (self->total + self->disk_total) * 1000 / MAX (settings.migrate_delay, 1);
  self->ticked_at = g_get_monotonic_time ();
  if ((self->flags & VIREO_MIGRATE_LIVE) == 0 && self->was_running)
    set_state (self->obj, VIREO_DOMAIN_STATE_PAUSED, "migration", "migrated");
  g_object_set_qdata (G_OBJECT (self->obj), migration_quark (), self);
  begin_iteration (self, self->total);
  show (self, 0);
  vireo_job_set_cancelable (self->job, TRUE);
  self->tick_id = g_timeout_add (TICK_MSEC, tick, self);
}

/* Returns the task, and leaves no trace. @error: (transfer full) */
static void
refuse (Migration *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  migration_free (self);
  g_task_return_error (task, error);
}

static void
created (GObject *source, GAsyncResult *result, gpointer data)
{
  Migration *self = data;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  self->arrival_job = vireo_keeper_create_finish (VIREO_KEEPER (source), result, &error);
  if (self->arrival_job == NULL)
    {
      refuse (self, error);
      return;
    }
  self->arrival = g_object_ref (VIREO_DOMAIN_OBJ (vireo_job_get_object (self->arrival_job)));
  task = g_steal_pointer (&self->task);
  if (vireo_obj_get_active (VIREO_OBJ (self->obj)))
    {
      g_task_return_pointer (task, g_object_ref (self->job), g_object_unref);
      begin (self);
      return;
    }
  error = g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" stopped",
                       vireo_obj_get_name (VIREO_OBJ (self->obj)));
  vireo_keeper_stopped (VIREO_KEEPER (self->to), VIREO_OBJ (self->arrival));
  vireo_job_end (self->arrival_job, error);
  migration_free (self);
  g_task_return_error (task, error);
}

/* Of a domain that does not run, only the definition moves. */
static void
moved (GObject *source, GAsyncResult *result, gpointer data)
{
  Migration *self = data;
  GError *error = NULL;
  g_autoptr (GObject) obj = g_task_propagate_pointer (G_TASK (result), &error);

  if (obj == NULL)
    {
      refuse (self, error);
      return;
    }
  /* Whoever is told of the job finds it, although it is over. */
  vireo_job_set_detached (self->job, TRUE);
  g_task_return_pointer (self->task, g_object_ref (self->job), g_object_unref);
  g_clear_object (&self->task);
  leave (self);
}

static gboolean
check_request (VireoDomainObj *obj, const VireoMigrateRequest *request, GError **error)
{
  const guint impossible = VIREO_MIGRATE_TUNNELLED | VIREO_MIGRATE_TLS | VIREO_MIGRATE_PARALLEL
                           | VIREO_MIGRATE_RDMA_PIN_ALL | VIREO_MIGRATE_ZEROCOPY;
  const char *name = vireo_obj_get_name (VIREO_OBJ (obj));
  gboolean active = vireo_obj_get_active (VIREO_OBJ (obj));

  if (request->flags & impossible)
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                         "connections of this driver are in one process: there is nothing to "
                         "encrypt, to tunnel or to do in parallel");
  else if (active && (request->flags & VIREO_MIGRATE_OFFLINE))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" is active: it cannot move offline", name);
  else if (!active && !(request->flags & VIREO_MIGRATE_OFFLINE))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" is not active",
                 name);
  else if (!active && !(request->flags & VIREO_MIGRATE_PERSIST_DEST))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                 "of domain \"%s\", which does not run, nothing would arrive without "
                 "`persist-destination`",
                 name);
  else if (vireo_domain_moments_count (obj, VIREO_KIND_SNAPSHOT) > 0
           || vireo_domain_moments_count (obj, VIREO_KIND_CHECKPOINT) > 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" has snapshots or checkpoints, which stay here", name);
  else
    return vireo_test_block_jobs_check_none (obj, error);
  return FALSE;
}

/* (transfer full): what arrives, of which the guest sees no difference. */
static VireoDomainDef *
make_def (const VireoDomainDef *now,
          const VireoDomainDef *wanted,
          const char *name,
          GError **error)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_copy (wanted != NULL ? wanted : now);
  g_autoptr (VireoDomainDef) compared = NULL;

  if (wanted != NULL && g_strcmp0 (now->uuid, wanted->uuid) != 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_ABI_MISMATCH,
                   "the definition has the UUID %s, and the domain %s", wanted->uuid, now->uuid);
      return NULL;
    }
  /* A name is no business of the guest's. */
  compared = vireo_domain_def_copy (def);
  g_free (compared->name);
  compared->name = g_strdup (now->name);
  if (!vireo_doc_check_abi (vireo_doc_kind_find ("domain"), now, compared, error))
    return NULL;
  if (name != NULL)
    {
      g_free (def->name);
      def->name = g_strdup (name);
    }
  return g_steal_pointer (&def);
}

static VireoTestDomains *
find_connection (VireoTestDomains *from, const char *uri, GError **error)
{
  VireoTestDomains *to = connections != NULL ? g_hash_table_lookup (connections, uri) : NULL;

  if (to == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                 "no connection \"%s\" of this driver is open", uri);
  else if (to == from)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "the domain is there already");
  else
    return to;
  return NULL;
}

static void
begin_moving (Migration *self, VireoDomainDef *def)
{
  guint owner = vireo_obj_get_owner (VIREO_OBJ (self->obj));

  if (vireo_obj_get_active (VIREO_OBJ (self->obj)))
    vireo_keeper_create_async (VIREO_KEEPER (self->to), def, owner,
                               g_task_get_cancellable (self->task), created, self);
  else
    vireo_keeper_define (VIREO_KEEPER (self->to), self->kept, owner,
                         g_task_new (NULL, NULL, moved, self));
}

static void
migrate (VireoDomainDriver *driver,
         VireoDomainObj *obj,
         const VireoMigrateRequest *request,
         GTask *task)
{
  const VireoDomainDef *now = vireo_domain_obj_get_def (obj);
  const VireoDomainDef *persistent = vireo_domain_obj_get_persistent_def (obj);
  g_autoptr (VireoDomainDef) def = NULL;
  guint64 disk_bytes = 0;
  VireoTestDomains *to;
  GError *error = NULL;
  Migration *self;

  to = find_connection (VIREO_TEST_DOMAINS (driver), request->destination, &error);
  if (to != NULL && check_request (obj, request, &error)
      && vireo_test_migrate_check_disks (now, request, &disk_bytes, &error)
      && vireo_test_migrate_use (obj, request->more, &error))
    def = make_def (now, request->def, request->name, &error);
  if (def == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  self = g_new0 (Migration, 1);
  self->from = g_object_ref (VIREO_TEST_DOMAINS (driver));
  self->to = g_object_ref (to);
  self->obj = g_object_ref (obj);
  self->job = g_object_ref (vireo_obj_get_current_job (VIREO_OBJ (obj)));
  self->flags = request->flags;
  self->disk_total = self->disk_remaining = disk_bytes;
  self->task = task;
  g_task_set_check_cancellable (task, FALSE);
  if ((request->flags & VIREO_MIGRATE_PERSIST_DEST) != 0)
    {
      const VireoDomainDef *wanted = request->persistent_def != NULL ? request->persistent_def
                                     : request->def != NULL          ? request->def
                                     : persistent != NULL            ? persistent
                                                                     : now;

      self->kept = vireo_domain_def_copy (wanted);
      g_free (self->kept->name);
      self->kept->name = g_strdup (def->name);
    }
  begin_moving (self, def);
}

/* ---- while it goes on ---- */

static void
start_postcopy (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  Migration *self = get_migration (obj);
  const char *name = vireo_obj_get_name (VIREO_OBJ (obj));

  if (self == NULL)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "domain \"%s\" does not migrate", name);
  else if ((self->flags & VIREO_MIGRATE_POSTCOPY) == 0 || self->postcopied
           || self->tick_id == 0)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "the migration of domain \"%s\" was not begun with `postcopy`, or has "
                             "come too far",
                             name);
  else if (self->disk_remaining > 0)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "the disks of domain \"%s\" are still copied: it could not read them "
                             "over there",
                             name);
  else
    {
      self->postcopied = TRUE;
      vireo_job_set_cancelable (self->job, FALSE);
      set_state (obj, VIREO_DOMAIN_STATE_PAUSED, "postcopy", "postcopy");
      run_over_there (self, "postcopy");
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

static void
set_postcopy_state (Migration *self, VireoDomainState over_there, const char *reason)
{
  VireoDomainObj *sides[] = { self->obj, self->arrival };
  const VireoDomainState states[] = { VIREO_DOMAIN_STATE_PAUSED, over_there };

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      vireo_domain_obj_set_state (sides[i], states[i], reason);
      vireo_domain_obj_emit_lifecycle (
          sides[i], states[i] == VIREO_DOMAIN_STATE_RUNNING ? "resumed" : "suspended", reason);
    }
}

/* Stops the memory that follows the guest, or lets it go on. */
static void
interrupt (VireoDomainObj *obj, gboolean interrupted, GTask *task)
{
  Migration *self = get_migration (obj);

  if (self == NULL || self->tick_id == 0 || !self->postcopied || self->interrupted == interrupted)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "domain \"%s\" has no migration whose memory %s",
                             vireo_obj_get_name (VIREO_OBJ (obj)),
                             interrupted ? "follows the guest" : "has stopped to follow the guest");
  else
    {
      self->interrupted = interrupted;
      vireo_job_set_cancelable (self->job, interrupted);
      if (interrupted)
        set_postcopy_state (self, VIREO_DOMAIN_STATE_PAUSED, "postcopy-failed");
      else
        set_postcopy_state (self, VIREO_DOMAIN_STATE_RUNNING, "postcopy");
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

static void
pause_postcopy (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  interrupt (obj, TRUE, task);
}

static void
resume_postcopy (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  interrupt (obj, FALSE, task);
}

void
vireo_test_migrate_init (VireoDomainDriverInterface *iface)
{
  iface->migrate = migrate;
  iface->start_postcopy = start_postcopy;
  iface->pause_postcopy = pause_postcopy;
  iface->resume_postcopy = resume_postcopy;
  vireo_test_migrate_parameters_init (iface);
}
