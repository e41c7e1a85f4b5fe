/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/vireo-server.h"

G_BEGIN_DECLS

/**
 * VireoLibvirt:
 *
 * The objects that libvirt-dbus has, for its clients: another face of the same objects, behind the
 * same gate.
 */
#define VIREO_TYPE_LIBVIRT (vireo_libvirt_get_type ())
G_DECLARE_FINAL_TYPE (VireoLibvirt, vireo_libvirt, VIREO, LIBVIRT, GObject)

#define VIREO_LIBVIRT_BUS_NAME "org.libvirt"

/* Serves @server's objects below /org/libvirt. %NULL with @error when a table is incomplete. */
VireoLibvirt *vireo_libvirt_new (VireoServer *server, gboolean session, GError **error);

G_END_DECLS
