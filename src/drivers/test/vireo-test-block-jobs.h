/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* Pulls, commits and copies of disks, in the background. */
void vireo_test_block_jobs_init (VireoDomainDriverInterface *iface);

/* The domain has stopped: so have they. */
void vireo_test_block_jobs_stopped (VireoDomainObj *obj);
/* Whether none works on the domain; BUSY with @error otherwise. */
gboolean vireo_test_block_jobs_check_none (VireoDomainObj *obj, GError **error);

G_END_DECLS
