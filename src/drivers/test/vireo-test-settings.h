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
  char *start_failure;    /* (nullable) */
  char *missing_resource; /* (nullable) */
} VireoTestSettings;

void vireo_test_settings_init (VireoTestSettings *settings, const VireoDomainDef *def);
void vireo_test_settings_clear (VireoTestSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VireoTestSettings, vireo_test_settings_clear)

G_END_DECLS
