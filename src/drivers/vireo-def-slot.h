/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/**
 * VireoDefSlot:
 *
 * Where an object has a definition that lies at rest most of the time: packed, it takes a fifth of
 * the memory, and a host has thousands of them. It is unpacked for whoever reads it. All zero when
 * there is none. Not thread-safe.
 *
 * Since: 0.1
 */
typedef struct
{
  guint8 *packed;
  gconstpointer open; /* unpacked, until the main loop runs again */
} VireoDefSlot;

gboolean vireo_def_slot_is_set (const VireoDefSlot *slot);
void vireo_def_slot_set (VireoDefSlot *slot, const VireoDocKind *kind, gpointer def);
void vireo_def_slot_clear (VireoDefSlot *slot);
gconstpointer vireo_def_slot_get (VireoDefSlot *slot, const VireoDocKind *kind);
gconstpointer vireo_def_slot_glance (VireoDefSlot *slot, const VireoDocKind *kind);

G_END_DECLS
