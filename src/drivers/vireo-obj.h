/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-job.h"

G_BEGIN_DECLS

typedef struct _VireoObjList VireoObjList;

#define VIREO_TYPE_OBJ (vireo_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoObj, vireo_obj, VIREO, OBJ, GObject)

/**
 * VireoDescribeFunc:
 * @key: name of a variable, such as "pool_name"
 * @value: (nullable): its value; %NULL is left out
 * @user_data: what was handed in
 *
 * Takes one of the variables that say to polkit what an object is.
 *
 * Since: 0.1
 */
typedef void (*VireoDescribeFunc) (const char *key, const char *value, gpointer user_data);

/**
 * VireoObjClass:
 * @kind: "domain", "network", "storage-pool", …: what it is called in paths and messages
 *
 * A thing that a driver holds and that is a D-Bus object: it has a name, an owner, a slot for one
 * job, and most kinds have a canonical UUID that never changes. What has no UUID is known by its
 * name, which does not change then.
 *
 * GObject properties are named after the D-Bus properties (`post-parse-failed` for
 * `PostParseFailed`) and have the GType that g_dbus_gvariant_to_gvalue() gives for the D-Bus type,
 * or %G_TYPE_VARIANT for containers. The service reads them with g_object_get_property() and turns
 * each notify into PropertiesChanged, so a getter must be cheap and a setter must notify only when
 * the value changed (%G_PARAM_EXPLICIT_NOTIFY).
 *
 * Base properties: `name` s, `uuid` s, `owner` u, `persistent` b, `autostart` b, `active` b,
 * `current-job` (a #VireoJob, or %NULL), `jobs` (those in the background, see
 * vireo_job_new_background()). All but the last two can be set when the object is made.
 * Nobody connects to an object's notify: its list hands the changes of all its objects on.
 *
 * @job_wait: for how long callers wait for the slot, in milliseconds; 30,000 unless a class says
 * @describe: (nullable): tells the variables that administrators' rules know an object of the kind
 *   by, beside its name, UUID and owner and those of what it is in
 * @get_guest: (nullable): UUID of the domain that an object tells of, so that only who may read
 *   that may read the object; %NULL when it tells of none
 * @resumers: (nullable): which of its jobs go on without the daemon, and how they are taken up
 *
 * Since: 0.1
 */
struct _VireoObjClass
{
  GObjectClass parent_class;

  const char *kind;
  guint job_wait;
  void (*describe) (VireoObj *self, VireoDescribeFunc func, gpointer user_data);
  const char *(*get_guest) (VireoObj *self);
  const VireoJobResumer *resumers;
};

/* A uid that is nobody's: the owner of what was found without a record of who made it is root. */
#define VIREO_OWNER_ROOT 0u

const char *vireo_obj_get_kind (VireoObj *self);
const char *vireo_obj_get_name (VireoObj *self);
const char *vireo_obj_get_uuid (VireoObj *self);
guint vireo_obj_get_owner (VireoObj *self);
gboolean vireo_obj_get_active (VireoObj *self);
gboolean vireo_obj_get_persistent (VireoObj *self);
gboolean vireo_obj_get_autostart (VireoObj *self);

/* For drivers. The list that has the object indexes it again when its name changes. */
void vireo_obj_set_name (VireoObj *self, const char *name);
void vireo_obj_set_owner (VireoObj *self, guint owner);
void vireo_obj_set_active (VireoObj *self, gboolean active);
void vireo_obj_set_persistent (VireoObj *self, gboolean persistent);
void vireo_obj_set_autostart (VireoObj *self, gboolean autostart);

/* %NULL once the object was removed: it is dead, whoever still holds a reference. */
VireoObjList *vireo_obj_get_list (VireoObj *self);

/* Objects may have others below them, such as a domain its snapshots: lists by kind, which the
 * object owns. Most have none, so a list is there from when it is first wanted. */
VireoObjList *vireo_obj_get_children (VireoObj *self, const char *kind);
VireoObjList *vireo_obj_ensure_children (VireoObj *self, const char *kind);
void vireo_obj_set_children (VireoObj *self, const char *kind, VireoObjList *list);
/* %NULL for what is in no list of children, or was removed. */
VireoObj *vireo_obj_get_parent (VireoObj *self);

/* The job slot. Waiting is in turn; a caller that cancels leaves the queue with Cancelled, one that
 * waited 30 s (or finds too many waiting) is told Busy, and when the object is removed all who wait
 * get UnknownObject. Who gets a job must end it, whatever happens.
 * @uid is that of the caller, or 0 for the daemon itself. */
void vireo_obj_begin_job_async (VireoObj *self,
                                const char *operation,
                                VireoJobKind kind,
                                guint uid,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
VireoJob *vireo_obj_begin_job_finish (VireoObj *self, GAsyncResult *result, GError **error);
VireoJob *vireo_obj_get_current_job (VireoObj *self);

/* Emits `event` on the object's list, which becomes the D-Bus signal @signal of the object's
 * interface. @args: (nullable): a tuple, sunk. */
void vireo_obj_emit_event (VireoObj *self, const char *signal, GVariant *args);

/**
 * VireoObjList:
 *
 * Objects of one kind, by name and, if they have one, by UUID. Signals: `added` (VireoObj *),
 * `removed` (VireoObj *), `changed` (VireoObj *, guint n, GParamSpec **pspecs), `event` (VireoObj
 * *, const char *signal, GVariant *args), `children` (VireoObj *, const char *kind): the object has
 * a list of children of that kind now. `changed` comes from GObject's notify, so
 * g_object_freeze_notify() groups.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_OBJ_LIST (vireo_obj_list_get_type ())
G_DECLARE_FINAL_TYPE (VireoObjList, vireo_obj_list, VIREO, OBJ_LIST, GObject)

VireoObjList *vireo_obj_list_new (void);
guint vireo_obj_list_get_size (VireoObjList *self);
VireoObj *vireo_obj_list_find_by_uuid (VireoObjList *self, const char *uuid);
VireoObj *vireo_obj_list_find_by_name (VireoObjList *self, const char *name);
GPtrArray *vireo_obj_list_snapshot (VireoObjList *self);
gboolean vireo_obj_list_add (VireoObjList *self, VireoObj *obj, GError **error);
void vireo_obj_list_remove (VireoObjList *self, VireoObj *obj);

G_END_DECLS
