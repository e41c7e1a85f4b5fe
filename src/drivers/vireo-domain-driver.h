/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-domain-obj.h"

G_BEGIN_DECLS

typedef enum
{
  VIREO_DOMAIN_START_NONE = 0,
  VIREO_DOMAIN_START_PAUSED = 1 << 0,
} VireoDomainStartFlags;

typedef enum
{
  VIREO_DOMAIN_DESTROY_NONE = 0,
  VIREO_DOMAIN_DESTROY_GRACEFUL = 1 << 0,
} VireoDomainDestroyFlags;

#define VIREO_TYPE_DOMAIN_DRIVER (vireo_domain_driver_get_type ())
G_DECLARE_INTERFACE (VireoDomainDriver, vireo_domain_driver, VIREO, DOMAIN_DRIVER, GObject)

/**
 * VireoDomainDriverInterface:
 * @get_domains: (transfer none): the domains; the list lives as long as the driver
 * @define: defines @def (transfer none, as parsed; the driver works on a copy) for @owner, or
 *   replaces the definition of the domain with its name and UUID. Without the slot: takes that of
 *   an existing domain itself. Returns a #VireoDomainObj (transfer full)
 * @create: defines and starts a transient domain. Without the slot. Returns a #VireoDomainObj
 * @replace: as @define, but for the domain @obj, whatever it was until now (SetXml). Returns a
 *   boolean
 * @undefine: removes the persistent definition. Returns a boolean, as all below unless they say
 * @rename: of an inactive persistent domain
 * @set_autostart: stores the flag
 * @rerun_post_parse: runs the callbacks again on the persistent definition
 * @start: starts an inactive domain
 * @shutdown: asks the guest to power off
 * @reboot: asks the guest to restart
 * @reset: resets the machine. Without the slot
 * @destroy: stops the domain, with a slot of the kind %VIREO_JOB_STOP
 * @suspend: stops the processors
 * @resume: lets them run
 * @open_console: (nullable device): returns a file descriptor, as an int. Without the slot
 * @reload: reads definitions again from the state folder. Without the slot
 *
 * What can be done with domains. See the folder's README for the rules.
 *
 * Since: 0.1
 */
struct _VireoDomainDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_domains) (VireoDomainDriver *self);

  void (*define) (VireoDomainDriver *self, const VireoDomainDef *def, guint owner, GTask *task);
  void (*create) (VireoDomainDriver *self,
                  const VireoDomainDef *def,
                  guint owner,
                  VireoDomainStartFlags flags,
                  GTask *task);
  void (*replace) (VireoDomainDriver *self,
                   VireoDomainObj *obj,
                   const VireoDomainDef *def,
                   GTask *task);
  void (*undefine) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*rename) (VireoDomainDriver *self, VireoDomainObj *obj, const char *name, GTask *task);
  void (*set_autostart) (VireoDomainDriver *self,
                         VireoDomainObj *obj,
                         gboolean autostart,
                         GTask *task);
  void (*rerun_post_parse) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);

  void (*start) (VireoDomainDriver *self,
                 VireoDomainObj *obj,
                 VireoDomainStartFlags flags,
                 GTask *task);
  void (*shutdown) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*reboot) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*reset) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*destroy) (VireoDomainDriver *self,
                   VireoDomainObj *obj,
                   VireoDomainDestroyFlags flags,
                   GTask *task);
  void (*suspend) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*resume) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*open_console) (VireoDomainDriver *self,
                        VireoDomainObj *obj,
                        const char *device,
                        gboolean force,
                        GTask *task);

  void (*reload) (VireoDomainDriver *self, GTask *task);
};

G_END_DECLS
