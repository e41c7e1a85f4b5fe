/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-server.h"

G_BEGIN_DECLS

/* @message: (transfer full): any call. Finds out what it is, and sends it to the gate. */
void vireo_dispatch (VireoServer *server, VireoCaller *caller, GDBusMessage *message);

G_END_DECLS
