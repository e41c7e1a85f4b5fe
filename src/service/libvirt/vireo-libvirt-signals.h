/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/vireo-server.h"
#include "vireo-libvirt-rows.h"

G_BEGIN_DECLS

/**
 * VireoLibvirtSignals:
 *
 * Signals of org.libvirt, made from those of ours as the tables of rows say. Each is sent once, by
 * the object or connection of the driver that it is about, to those who may read it and called an
 * object of org.libvirt before; on a session bus, to everybody.
 */
VireoLibvirtSignals *vireo_libvirt_signals_new (VireoServer *server,
                                                gboolean session,
                                                const VireoLibvirtService *const *services,
                                                gsize n_services);
void vireo_libvirt_signals_free (VireoLibvirtSignals *self);

void vireo_libvirt_signals_subscribe (VireoLibvirtSignals *self, VireoCaller *caller);

/* For rows: a signal of @node itself. @args: (nullable): a tuple, sunk. */
void vireo_libvirt_signals_emit (VireoLibvirtSignals *self,
                                 VireoNode *node,
                                 const char *signal,
                                 GVariant *args);
/* A signal of the connection about @node: its path, and @event and, unless it is negative, @detail.
 */
void vireo_libvirt_signals_emit_event (VireoLibvirtSignals *self,
                                       VireoNode *node,
                                       const char *signal,
                                       gint event,
                                       gint detail);

G_END_DECLS
