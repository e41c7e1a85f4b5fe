/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Members of connections that are about secrets. */
void vireo_handle_lookup_secret_by_usage (VireoCall *call);

G_END_DECLS
