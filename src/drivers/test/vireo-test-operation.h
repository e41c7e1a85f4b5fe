/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-driver.h"
#include "vireo-test-guest.h"

G_BEGIN_DECLS

/* Operations on domains that run, which are done at once. */

/* Returns a tuple (transfer floating), or %NULL with @error. */
typedef GVariant *(*VireoTestOperation) (VireoTestGuest *guest, GVariant *args, GError **error);
/* Returns a file descriptor, or -1 with @error. */
typedef int (*VireoTestOpening) (VireoTestGuest *guest, GVariant *args, GError **error);

/* Each of these takes @task over. */
void vireo_test_operate (VireoDomainObj *obj, VireoTestOperation func, GVariant *args, GTask *task);
void vireo_test_open (VireoDomainObj *obj, VireoTestOpening func, GVariant *args, GTask *task);

/* The function of a driver's interface that has done what NAME_now() does. */
#define VIREO_TEST_OPERATION(name)                                                                 \
  static void name (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)   \
  {                                                                                                \
    vireo_test_operate (obj, name##_now, args, task);                                              \
  }

#define VIREO_TEST_OPENING(name)                                                                   \
  static void name (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)   \
  {                                                                                                \
    vireo_test_open (obj, name##_now, args, task);                                                 \
  }

/* An option among the last argument's. */
gboolean vireo_test_option (GVariant *args, const char *name);
GVariant *vireo_test_done (void);

/* What a monitor says by itself. */
void vireo_test_monitor_tell (VireoDomainObj *domain, const char *event);

/* What each file has to offer. */
void vireo_test_agent_fill (VireoDomainDriverInterface *iface);
void vireo_test_disks_fill (VireoDomainDriverInterface *iface);
void vireo_test_monitor_fill (VireoDomainDriverInterface *iface);
void vireo_test_power_fill (VireoDomainDriverInterface *iface);
void vireo_test_screen_fill (VireoDomainDriverInterface *iface);
void vireo_test_stats_fill (VireoDomainDriverInterface *iface);

G_END_DECLS
