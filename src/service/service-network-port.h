/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* A member of networks. */
void vireo_network_create_port (VireoCall *call);

G_END_DECLS
