/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-keeper.h"

#include "conf/vireo-postparse.h"

static char **
def_name (gpointer def)
{
  return &((VireoNetworkDef *) def)->name;
}

static char **
def_uuid (gpointer def)
{
  return &((VireoNetworkDef *) def)->uuid;
}

static void
validate (gconstpointer def, GPtrArray *problems)
{
  vireo_network_def_validate (def, problems);
}

static const VireoKeeperKind network_kind = {
  .kind = "network",
  .folder = "networks",
  .doc = "network",
  .name = def_name,
  .uuid = def_uuid,
  .validate = validate,
};

/* ---- the interface ---- */

static VireoObjList *
get_networks (VireoNetworkDriver *driver)
{
  return vireo_keeper_get_list (VIREO_KEEPER (driver));
}

static void
define (VireoNetworkDriver *driver, const VireoNetworkDef *def, guint owner, GTask *task)
{
  vireo_keeper_define (VIREO_KEEPER (driver), def, owner, task);
}

static void
replace (VireoNetworkDriver *driver, VireoNetworkObj *obj, const VireoNetworkDef *def, GTask *task)
{
  vireo_keeper_replace (VIREO_KEEPER (driver), VIREO_OBJ (obj), def, task);
}

static void
undefine (VireoNetworkDriver *driver, VireoNetworkObj *obj, GTask *task)
{
  vireo_keeper_undefine (VIREO_KEEPER (driver), VIREO_OBJ (obj), task);
}

static void
set_autostart (VireoNetworkDriver *driver, VireoNetworkObj *obj, gboolean autostart, GTask *task)
{
  vireo_keeper_set_autostart (VIREO_KEEPER (driver), VIREO_OBJ (obj), autostart, task);
}

static void
reload (VireoNetworkDriver *driver, GTask *task)
{
  vireo_keeper_reload (VIREO_KEEPER (driver), task);
}

static void
network_driver_init (VireoNetworkDriverInterface *iface)
{
  iface->get_networks = get_networks;
  iface->define = define;
  iface->replace = replace;
  iface->undefine = undefine;
  iface->set_autostart = set_autostart;
  iface->reload = reload;
}

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (VireoNetworkKeeper,
                                  vireo_network_keeper,
                                  VIREO_TYPE_KEEPER,
                                  G_IMPLEMENT_INTERFACE (VIREO_TYPE_NETWORK_DRIVER,
                                                         network_driver_init))

static void
vireo_network_keeper_class_init (VireoNetworkKeeperClass *klass)
{
  VireoKeeperClass *keeper_class = VIREO_KEEPER_CLASS (klass);

  keeper_class->kind = &network_kind;
  keeper_class->obj_type = VIREO_TYPE_NETWORK_OBJ;
}

static void
vireo_network_keeper_init (VireoNetworkKeeper *self)
{
}
