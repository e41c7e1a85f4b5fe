/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-host-driver.h"
#include "drivers/vireo-obj.h"

G_BEGIN_DECLS

/* A machine that is always the same, but for what its guests use of it. */
#define VIREO_TYPE_TEST_HOST (vireo_test_host_get_type ())
G_DECLARE_FINAL_TYPE (VireoTestHost, vireo_test_host, VIREO, TEST_HOST, GObject)

/* @domains: those that run on it. */
VireoHostDriver *vireo_test_host_new (VireoObjList *domains);

#define VIREO_TEST_HOST_NODES 2

/* What is free of its memory, in KiB. */
guint64 vireo_test_host_get_free (VireoHostDriver *host);

/* For the connection: what VireoConnectionObjClass has of the same names. */
void vireo_test_host_get_cpu_models (gpointer connection, GVariant *args, GTask *task);
void vireo_test_host_get_domain_capabilities (gpointer connection, GVariant *args, GTask *task);

gboolean vireo_test_host_check_guest (GVariant *options, GError **error);

G_END_DECLS
