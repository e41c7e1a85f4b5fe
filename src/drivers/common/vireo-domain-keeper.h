/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-postparse.h"
#include "drivers/common/vireo-keeper.h"
#include "drivers/vireo-domain-driver.h"
#include "drivers/vireo-domain-edit.h"

G_BEGIN_DECLS

/**
 * VireoDomainKeeper:
 *
 * Keeps the definitions of domains. Implements of #VireoDomainDriver what is about definitions:
 * get_domains, define, replace, undefine, rename, set_autostart, rerun_post_parse, edit, reload; a
 * driver derives from it and implements the interface again for the rest (GObject hands on what was
 * filled in already).
 *
 * Since: 0.1
 */
#define VIREO_TYPE_DOMAIN_KEEPER (vireo_domain_keeper_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoDomainKeeper, vireo_domain_keeper, VIREO, DOMAIN_KEEPER, VireoKeeper)

/**
 * VireoDomainKeeperClass:
 * @post_parse_ops: (nullable): the driver's callbacks, which get the keeper as their driver_data
 * @edit_live: (nullable): does to the running guest what an edit says, and puts the changed
 *   definition in place of the live one; vireo_domain_edit_apply() makes it. Returns a boolean
 *
 * Since: 0.1
 */
struct _VireoDomainKeeperClass
{
  VireoKeeperClass parent_class;

  const VireoPostParseOps *post_parse_ops;
  void (*edit_live) (VireoDomainKeeper *self,
                     VireoDomainObj *obj,
                     const VireoDomainEdit *edit,
                     GTask *task);
};

G_END_DECLS
