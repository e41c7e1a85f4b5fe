/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-domain-obj.h"
#include "vireo-moment-obj.h"

G_BEGIN_DECLS

/* What goes with the long operations on domains: saving, snapshots, backups, block jobs, migration.
 * Their functions are in #VireoDomainDriverInterface. */

/* As for the next start of what was saved; with neither, it runs if it ran. */
typedef enum
{
  VIREO_DOMAIN_SAVE_NONE = 0,
  VIREO_DOMAIN_SAVE_BYPASS_CACHE = 1 << 0,
  VIREO_DOMAIN_SAVE_RUNNING = 1 << 1,
  VIREO_DOMAIN_SAVE_PAUSED = 1 << 2,
  VIREO_DOMAIN_SAVE_RESET_NVRAM = 1 << 3, /* restoring only */
} VireoDomainSaveFlags;

typedef enum
{
  VIREO_DOMAIN_DUMP_NONE = 0,
  VIREO_DOMAIN_DUMP_CRASH = 1 << 0,
  VIREO_DOMAIN_DUMP_LIVE = 1 << 1,
  VIREO_DOMAIN_DUMP_BYPASS_CACHE = 1 << 2,
  VIREO_DOMAIN_DUMP_RESET = 1 << 3,
  VIREO_DOMAIN_DUMP_MEMORY_ONLY = 1 << 4,
} VireoDomainDumpFlags;

/* Formats of a core dump, numbered as in libvirt's public interface. */
typedef enum
{
  VIREO_DOMAIN_DUMP_FORMAT_RAW = 0,
  VIREO_DOMAIN_DUMP_FORMAT_KDUMP_ZLIB = 1,
  VIREO_DOMAIN_DUMP_FORMAT_KDUMP_LZO = 2,
  VIREO_DOMAIN_DUMP_FORMAT_KDUMP_SNAPPY = 3,
  VIREO_DOMAIN_DUMP_FORMAT_WIN_DMP = 4,
} VireoDomainDumpFormat;

const char *vireo_domain_dump_format_to_string (VireoDomainDumpFormat format);
gboolean
vireo_domain_dump_format_from_string (const char *string, VireoDomainDumpFormat *ret_format);

typedef enum
{
  VIREO_SNAPSHOT_CREATE_NONE = 0,
  VIREO_SNAPSHOT_CREATE_REDEFINE = 1 << 0,
  VIREO_SNAPSHOT_CREATE_CURRENT = 1 << 1,
  VIREO_SNAPSHOT_CREATE_NO_METADATA = 1 << 2,
  VIREO_SNAPSHOT_CREATE_HALT = 1 << 3,
  VIREO_SNAPSHOT_CREATE_DISK_ONLY = 1 << 4,
  VIREO_SNAPSHOT_CREATE_REUSE_EXTERNAL = 1 << 5,
  VIREO_SNAPSHOT_CREATE_QUIESCE = 1 << 6,
  VIREO_SNAPSHOT_CREATE_ATOMIC = 1 << 7,
  VIREO_SNAPSHOT_CREATE_LIVE = 1 << 8,
} VireoSnapshotCreateFlags;

typedef enum
{
  VIREO_SNAPSHOT_REVERT_NONE = 0,
  VIREO_SNAPSHOT_REVERT_RUNNING = 1 << 0,
  VIREO_SNAPSHOT_REVERT_PAUSED = 1 << 1,
  VIREO_SNAPSHOT_REVERT_FORCE = 1 << 2,
  VIREO_SNAPSHOT_REVERT_RESET_NVRAM = 1 << 3,
} VireoSnapshotRevertFlags;

typedef enum
{
  VIREO_MOMENT_DELETE_NONE = 0,
  VIREO_MOMENT_DELETE_CHILDREN = 1 << 0,
  VIREO_MOMENT_DELETE_METADATA_ONLY = 1 << 1,
  VIREO_MOMENT_DELETE_CHILDREN_ONLY = 1 << 2,
} VireoMomentDeleteFlags;

typedef enum
{
  VIREO_CHECKPOINT_CREATE_NONE = 0,
  VIREO_CHECKPOINT_CREATE_REDEFINE = 1 << 0,
  VIREO_CHECKPOINT_CREATE_QUIESCE = 1 << 1,
  VIREO_CHECKPOINT_CREATE_REDEFINE_VALIDATE = 1 << 2,
} VireoCheckpointCreateFlags;

typedef enum
{
  VIREO_BACKUP_BEGIN_NONE = 0,
  VIREO_BACKUP_BEGIN_REUSE_EXTERNAL = 1 << 0,
} VireoBackupBeginFlags;

typedef enum
{
  VIREO_BLOCK_JOB_NONE = 0,
  VIREO_BLOCK_JOB_SHALLOW = 1 << 0,
  VIREO_BLOCK_JOB_REUSE_EXTERNAL = 1 << 1,
  VIREO_BLOCK_JOB_TRANSIENT = 1 << 2,
  VIREO_BLOCK_JOB_SYNCHRONOUS_WRITES = 1 << 3,
  VIREO_BLOCK_JOB_RELATIVE = 1 << 4,
  VIREO_BLOCK_JOB_DELETE = 1 << 5,
  VIREO_BLOCK_JOB_ACTIVE = 1 << 6,
} VireoBlockJobFlags;

/**
 * VireoBlockJobRequest:
 * @disk: the disk's target, such as "vda", or the path of its source
 * @base: (nullable): the image that stays, of a pull and a commit; %NULL for the last of the chain
 * @top: (nullable): the image that goes, of a commit; %NULL for the active one
 * @destination: (nullable): where to, of a copy
 * @bandwidth: bytes a second; 0 without a limit
 * @granularity: of a copy, in bytes; 0 for the hypervisor's own
 * @buffer_size: of a copy, in bytes; 0 for the hypervisor's own
 * @flags: how
 *
 * What a block job is to do.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *disk;
  const char *base;
  const char *top;
  const VireoDiskDef *destination;
  guint64 bandwidth;
  guint granularity;
  guint64 buffer_size;
  VireoBlockJobFlags flags;
} VireoBlockJobRequest;

/**
 * VireoBlockJobInfo:
 * @type: "pull", "copy", "commit", "active-commit" or "backup"
 * @bandwidth: bytes a second; 0 without a limit
 * @current: how far it is
 * @end: how far it has to be
 * @job: (transfer none): the job
 *
 * A block job that is going on.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *type;
  guint64 bandwidth;
  guint64 current;
  guint64 end;
  VireoJob *job;
} VireoBlockJobInfo;

typedef enum
{
  VIREO_MIGRATE_NONE = 0,
  VIREO_MIGRATE_LIVE = 1 << 0,
  VIREO_MIGRATE_TUNNELLED = 1 << 1,
  VIREO_MIGRATE_PERSIST_DEST = 1 << 2,
  VIREO_MIGRATE_UNDEFINE_SOURCE = 1 << 3,
  VIREO_MIGRATE_PAUSED = 1 << 4,
  VIREO_MIGRATE_NON_SHARED_DISK = 1 << 5,
  VIREO_MIGRATE_NON_SHARED_INC = 1 << 6,
  VIREO_MIGRATE_CHANGE_PROTECTION = 1 << 7,
  VIREO_MIGRATE_UNSAFE = 1 << 8,
  VIREO_MIGRATE_OFFLINE = 1 << 9,
  VIREO_MIGRATE_COMPRESSED = 1 << 10,
  VIREO_MIGRATE_ABORT_ON_ERROR = 1 << 11,
  VIREO_MIGRATE_AUTO_CONVERGE = 1 << 12,
  VIREO_MIGRATE_RDMA_PIN_ALL = 1 << 13,
  VIREO_MIGRATE_POSTCOPY = 1 << 14,
  VIREO_MIGRATE_TLS = 1 << 15,
  VIREO_MIGRATE_PARALLEL = 1 << 16,
  VIREO_MIGRATE_SYNCHRONOUS_WRITES = 1 << 17,
  VIREO_MIGRATE_POSTCOPY_RESUME = 1 << 18,
  VIREO_MIGRATE_ZEROCOPY = 1 << 19,
} VireoMigrateFlags;

/**
 * VireoMigrateRequest:
 * @destination: URI of the connection that the domain goes to
 * @flags: how
 * @name: (nullable): its name there; %NULL for the same
 * @def: (nullable): its definition there; %NULL for the same
 * @persistent_def: (nullable): its persistent definition there
 * @disks: (nullable): targets of the disks to copy; %NULL for all that can be written
 * @more: (nullable): a{sv} of numbers and texts by libvirt's names of the parameters, such as
 *   "bandwidth"
 *
 * A migration that is wanted.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *destination;
  VireoMigrateFlags flags;
  const char *name;
  const VireoDomainDef *def;
  const VireoDomainDef *persistent_def;
  const char *const *disks;
  GVariant *more;
} VireoMigrateRequest;

G_END_DECLS
