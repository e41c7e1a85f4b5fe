/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What making, going back to and deleting a snapshot share; for nobody else. */

#include "util/vireo-steps.h"
#include "vireo-qemu-moments.h"
#include "vireo-qemu-snapshot-disks.h"

G_BEGIN_DECLS

/* How far it is, as it is written down: what a daemon does that finds it there. */
#define VIREO_QEMU_SNAPSHOT_STAGE_ACTING ""        /* it looks how that ended */
#define VIREO_QEMU_SNAPSHOT_STAGE_DISKS "disks"    /* puts the disks back again */
#define VIREO_QEMU_SNAPSHOT_STAGE_START "starting" /* stops the machine that was started for it */
#define VIREO_QEMU_SNAPSHOT_STAGE_RUN "run"        /* does the rest */

/* The row of the domain's class. */
#define VIREO_QEMU_SNAPSHOT_RESUME_KIND "qemu-snapshot"

/**
 * VireoQemuSnapshotWork:
 * @driver: whose domain it is
 * @domain: the domain
 * @job: (nullable): of the call
 * @what: "create", "revert" or "delete"; static
 * @def: (nullable): of one that is made
 * @moment: (nullable): the snapshot, once it is there
 * @others: (nullable): those that are deleted with it, and it
 * @flags: of the call
 * @next: of @others
 * @started: whether the machine was, to go back
 * @resumed: whether another daemon began it, and did an unknown part of what is next
 * @stage: how far it is
 * @id: (nullable): of QEMU's job
 *
 * One piece of work.
 *
 * Since: 0.1
 */
typedef struct _VireoQemuSnapshotWork VireoQemuSnapshotWork;

typedef void (*VireoQemuSnapshotFunc) (VireoQemuSnapshotWork *work, GTask *task);

struct _VireoQemuSnapshotWork
{
  VireoQemuDomains *driver;
  VireoQemuDomain *domain;
  VireoJob *job;
  const char *what;
  VireoDomainSnapshotDef *def;
  VireoMomentObj *moment;
  GPtrArray *others;
  guint flags;
  guint next;
  gboolean started;
  gboolean resumed;
  const char *stage;
  char *id;
  /*< private >*/
  VireoQemuSnapshotAction action;
  char *name;
  GPtrArray *disks;
  VireoQemuSnapshotFunc then;
  GTask *noted_task;
};

/* Becomes the data of @task. */
VireoQemuSnapshotWork *vireo_qemu_snapshot_work_new (VireoQemuDomains *driver,
                                                     VireoQemuDomain *domain,
                                                     VireoJob *job,
                                                     const char *what,
                                                     guint flags,
                                                     GTask *task);

/* Writes down that it has come to @stage, and goes on with @then. @task: (transfer full) */
void vireo_qemu_snapshot_note (VireoQemuSnapshotWork *work,
                               const char *stage,
                               VireoQemuSnapshotFunc then,
                               GTask *task);

/* Does it to the disks of @def, with a record of it. @task: (transfer full): returns a boolean */
void vireo_qemu_snapshot_act (VireoQemuSnapshotWork *work,
                              VireoQemuSnapshotAction action,
                              const VireoDomainSnapshotDef *def,
                              GTask *task);
/* What QEMU was told to do is recorded, and it may forget it. */
void vireo_qemu_snapshot_acted (VireoQemuSnapshotWork *work);

/* The snapshot is in the disks: makes it known. @task: (transfer full): returns the moment */
void vireo_qemu_snapshot_taken (VireoQemuSnapshotWork *work, GTask *task);
/* Waits for what QEMU was told by another daemon. Interrupted when it was not told. @task:
 * (transfer full): returns a boolean */
void vireo_qemu_snapshot_follow (VireoQemuSnapshotWork *work, GTask *task);
/* That at @next is not in the disks any more: forgets it, and goes on. @task: as below */
void vireo_qemu_snapshot_cleared (VireoQemuSnapshotWork *work, GTask *task);
/* Deletes those from @next on. @task: (transfer full): returns a boolean */
void vireo_qemu_snapshot_delete_next (VireoQemuSnapshotWork *work, GTask *task);

/* Steps of going back. */
extern const VireoStep vireo_qemu_snapshot_revert_steps[];
extern const gsize vireo_qemu_snapshot_n_revert_steps;
#define VIREO_QEMU_SNAPSHOT_STEP_DISKS 2 /* the first that is repeated */
#define VIREO_QEMU_SNAPSHOT_STEP_MEMORY 4
#define VIREO_QEMU_SNAPSHOT_STEP_RUN 5 /* behind the disks and the memory */
void vireo_qemu_snapshot_stop_started (gpointer context);

/* See #VireoJobResumer. */
void vireo_qemu_snapshot_resume (VireoObj *object, VireoJob *job, GVariant *data);

G_END_DECLS
