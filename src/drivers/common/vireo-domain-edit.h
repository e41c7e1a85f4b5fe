/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-domain-keeper.h"
#include "drivers/vireo-domain-edit.h"

G_BEGIN_DECLS

/* Changes @def as @edit says, or leaves it in a state to be thrown away. @live: whether it is the
 * definition of a guest that runs, of which not everything can change. */
gboolean vireo_domain_edit_apply (const VireoDomainEdit *edit,
                                  VireoDomainDef *def,
                                  gboolean live,
                                  GError **error);

gboolean vireo_domain_edit_get_option (const VireoDomainEdit *edit, const char *name);

/* The operation `edit`: see #VireoDomainKeeperClass.edit_live. */
void vireo_domain_edit_run (VireoDomainKeeper *self,
                            VireoDomainObj *obj,
                            const VireoDomainEdit *edit,
                            GTask *task);

/* Which definitions a scope means now. Errors: InvalidState. */
gboolean vireo_domain_scope_resolve (VireoDomainObj *obj, VireoDomainScope *scope, GError **error);

/* The device that has all that is written in @device, and nothing less; its index among its kind.
 */
gboolean vireo_domain_edit_find_device (const VireoDomainDef *def,
                                        VireoDeviceKind kind,
                                        gconstpointer device,
                                        guint *ret_index,
                                        GError **error);
gboolean vireo_domain_edit_find_alias (const VireoDomainDef *def,
                                       const char *alias,
                                       VireoDeviceKind *ret_kind,
                                       guint *ret_index,
                                       GError **error);

/* ---- what can be read of a definition; (transfer floating) ---- */

GVariant *vireo_domain_view_parameters (const VireoDomainDef *def,
                                        VireoDomainEditKind kind,
                                        const char *device,
                                        GError **error);
GVariant *vireo_domain_view_iothreads (const VireoDomainDef *def);
char *vireo_domain_view_metadata (const VireoDomainDef *def,
                                  const char *type,
                                  const char *uri,
                                  GError **error);
/* Adds to an "as" what keeps people from helping with the domain. */
void vireo_domain_view_taints (const VireoDomainDef *def, GVariantBuilder *messages);
/* Whether the guest has this processor from its start, or now. */
gboolean vireo_domain_view_vcpu_enabled (const VireoDomainDef *def, guint vcpu);
const char *vireo_domain_view_vcpu_pin (const VireoDomainDef *def, guint vcpu);

G_END_DECLS
