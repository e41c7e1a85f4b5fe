/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* Snapshots: what they keep are definitions and states. */
void vireo_test_snapshots_init (VireoDomainDriverInterface *iface);

G_END_DECLS
