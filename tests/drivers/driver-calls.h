/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-domain-keeper.h"
#include "drivers/vireo-driver.h"

/* Calls of drivers for tests: each waits until the operation has ended. Those that the service
 * calls with the slot held take it, and end the job. */

typedef struct
{
  GAsyncResult *result;
} Waiting;

void wait_result (GObject *source, GAsyncResult *result, gpointer data);
GTask *wait_task (Waiting *waiting);
void wait_until_done (Waiting *waiting);

VireoDomainObj *
call_define (VireoDomainDriver *driver, const char *xml, guint owner, GError **error);
VireoDomainObj *call_create (VireoDomainDriver *driver,
                             const char *xml,
                             VireoDomainStartFlags flags,
                             GError **error);
gboolean
call_replace (VireoDomainDriver *driver, VireoDomainObj *obj, const char *xml, GError **error);
gboolean
call_rename (VireoDomainDriver *driver, VireoDomainObj *obj, const char *name, GError **error);
gboolean call_set_autostart (VireoDomainDriver *driver,
                             VireoDomainObj *obj,
                             gboolean autostart,
                             GError **error);
gboolean call_start (VireoDomainDriver *driver,
                     VireoDomainObj *obj,
                     VireoDomainStartFlags flags,
                     GError **error);
gboolean call_destroy (VireoDomainDriver *driver, VireoDomainObj *obj, GError **error);
gboolean call_undefine (VireoDomainDriver *driver, VireoDomainObj *obj, GError **error);
/* One that takes nothing but the object, such as iface->suspend. */
gboolean call_plain (void (*operation) (VireoDomainDriver *, VireoDomainObj *, GTask *),
                     VireoDomainDriver *driver,
                     VireoDomainObj *obj,
                     GError **error);
gboolean call_reload (VireoDomainDriver *driver, GError **error);
gboolean call_load (VireoKeeper *keeper, GError **error);

/* A domain of the test driver; @uuid and @more may be %NULL. */
char *domain_xml (const char *name, const char *uuid, const char *more);

/* What the list's events were, as "name Signal (args);" each. */
GString *log_events (VireoObjList *list);
