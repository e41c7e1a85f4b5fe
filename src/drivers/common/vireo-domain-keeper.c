/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-keeper.h"

#include "util/vireo-error.h"
#include "vireo-domain-edit.h"

static char **
def_name (gpointer def)
{
  return &((VireoDomainDef *) def)->name;
}

static char **
def_uuid (gpointer def)
{
  return &((VireoDomainDef *) def)->uuid;
}

static GPtrArray *
get_problems (VireoObj *obj)
{
  return vireo_domain_obj_get_post_parse_problems (VIREO_DOMAIN_OBJ (obj));
}

static void
set_problems (VireoObj *obj, GPtrArray *problems)
{
  vireo_domain_obj_set_post_parse_problems (VIREO_DOMAIN_OBJ (obj), problems);
}

static void
validate (gconstpointer def, GPtrArray *problems)
{
  vireo_domain_def_validate (def, problems);
}

static const VireoKeeperKind domain_kind = {
  .kind = "domain",
  .folder = "domains",
  .doc = "domain",
  .name = def_name,
  .uuid = def_uuid,
  .get_problems = get_problems,
  .set_problems = set_problems,
  .validate = validate,
};

static gboolean
complete (VireoKeeper *self,
          gpointer *def,
          gboolean existing,
          VireoParseFlags flags,
          GPtrArray **ret_problems,
          GError **error)
{
  const VireoPostParseOps *ops = VIREO_DOMAIN_KEEPER_GET_CLASS (self)->post_parse_ops;
  VireoDomainDef *domain = *def;
  gboolean done = vireo_post_parse_run (&domain, ops, self, existing, flags, ret_problems, error);

  *def = domain;
  return done;
}

/* ---- the interface ---- */

static VireoObjList *
get_domains (VireoDomainDriver *driver)
{
  return vireo_keeper_get_list (VIREO_KEEPER (driver));
}

static void
define (VireoDomainDriver *driver, const VireoDomainDef *def, guint owner, GTask *task)
{
  vireo_keeper_define (VIREO_KEEPER (driver), def, owner, task);
}

static void
replace (VireoDomainDriver *driver, VireoDomainObj *obj, const VireoDomainDef *def, GTask *task)
{
  vireo_keeper_replace (VIREO_KEEPER (driver), VIREO_OBJ (obj), def, task);
}

/* What belongs to a domain beside its definition is the driver's: one that has such things chains
 * up when they are gone. */
static void
undefine (VireoDomainDriver *driver,
          VireoDomainObj *obj,
          VireoDomainUndefineFlags flags,
          GTask *task)
{
  const VireoDomainDef *def = vireo_domain_obj_get_persistent_def (obj);
  gboolean has_nvram = def != NULL && def->os != NULL && def->os->nvram != NULL;

  if ((flags & VIREO_DOMAIN_UNDEFINE_NVRAM && has_nvram)
      || (flags & VIREO_DOMAIN_UNDEFINE_TPM && def != NULL && def->n_tpms > 0))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                               "what firmware and TPMs keep is not removed by this driver: remove "
                               "it when the domain is undefined");
      g_object_unref (task);
      return;
    }
  vireo_keeper_undefine (VIREO_KEEPER (driver), VIREO_OBJ (obj), task);
}

static void
rename_domain (VireoDomainDriver *driver, VireoDomainObj *obj, const char *name, GTask *task)
{
  vireo_keeper_rename (VIREO_KEEPER (driver), VIREO_OBJ (obj), name, task);
}

static void
set_autostart (VireoDomainDriver *driver, VireoDomainObj *obj, gboolean autostart, GTask *task)
{
  vireo_keeper_set_autostart (VIREO_KEEPER (driver), VIREO_OBJ (obj), autostart, task);
}

static void
rerun_post_parse (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  vireo_keeper_rerun_post_parse (VIREO_KEEPER (driver), VIREO_OBJ (obj), task);
}

static void
edit (VireoDomainDriver *driver, VireoDomainObj *obj, const VireoDomainEdit *change, GTask *task)
{
  vireo_domain_edit_run (VIREO_DOMAIN_KEEPER (driver), obj, change, task);
}

static void
reload (VireoDomainDriver *driver, GTask *task)
{
  vireo_keeper_reload (VIREO_KEEPER (driver), task);
}

static void
domain_driver_init (VireoDomainDriverInterface *iface)
{
  iface->get_domains = get_domains;
  iface->define = define;
  iface->replace = replace;
  iface->undefine = undefine;
  iface->rename = rename_domain;
  iface->set_autostart = set_autostart;
  iface->rerun_post_parse = rerun_post_parse;
  iface->edit = edit;
  iface->reload = reload;
}

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (VireoDomainKeeper,
                                  vireo_domain_keeper,
                                  VIREO_TYPE_KEEPER,
                                  G_IMPLEMENT_INTERFACE (VIREO_TYPE_DOMAIN_DRIVER,
                                                         domain_driver_init))

static const VireoPostParseOps no_ops;

static void
vireo_domain_keeper_class_init (VireoDomainKeeperClass *klass)
{
  VireoKeeperClass *keeper_class = VIREO_KEEPER_CLASS (klass);

  keeper_class->kind = &domain_kind;
  keeper_class->obj_type = VIREO_TYPE_DOMAIN_OBJ;
  keeper_class->complete = complete;
  klass->post_parse_ops = &no_ops;
}

static void
vireo_domain_keeper_init (VireoDomainKeeper *self)
{
}
