/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells systemd, if that began us, as sd_notify(3). Does not wait. */
void vireod_notify (const char *state);

G_END_DECLS
