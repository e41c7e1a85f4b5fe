/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/* What a domain's metadata tells the driver to do; see the folder's README. Delays in
 * milliseconds. */
typedef struct
{
  guint start_delay;
  guint shutdown_delay;
  guint destroy_delay;
  guint save_delay; /* saving, and restoring */
  guint snapshot_delay;
  guint dump_delay;
  guint block_job_delay; /* backups, too */
  guint migrate_delay;
  char *start_failure; /* (nullable), as those below */
  char *save_failure;
  char *snapshot_failure;
  char *block_job_failure;
  char *migrate_failure; /* of the domain that arrives */
  char *kept_device;     /* alias of what the guest does not release */
  char *missing_resource;
} VireoTestSettings;

void vireo_test_settings_init (VireoTestSettings *settings, const VireoDomainDef *def);
void vireo_test_settings_clear (VireoTestSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VireoTestSettings, vireo_test_settings_clear)

G_END_DECLS
