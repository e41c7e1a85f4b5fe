/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-driver.h"
#include "vireo-members.h"
#include "vireo-path.h"

G_BEGIN_DECLS

typedef struct _VireoCall VireoCall;
typedef struct _VireoNode VireoNode;

/* A part of a connection, one higher than its number, so that 0 is none. */
typedef guint VireoPartRef;
#define VIREO_PART_REF(part) ((part) + 1)

/* Where functions are. */
#define VIREO_DOMAIN_OP(name) G_STRUCT_OFFSET (VireoDomainDriverInterface, name)
#define VIREO_NETWORK_OP(name) G_STRUCT_OFFSET (VireoNetworkDriverInterface, name)
#define VIREO_HOST_OP(name) G_STRUCT_OFFSET (VireoHostDriverInterface, name)
#define VIREO_CONNECTION_OP(name) G_STRUCT_OFFSET (VireoConnectionObjClass, name)
#define VIREO_NETWORK_FILTER_OP(name) G_STRUCT_OFFSET (VireoNetworkFilterDriverInterface, name)
#define VIREO_NODE_DEVICE_OP(name) G_STRUCT_OFFSET (VireoNodeDeviceDriverInterface, name)
#define VIREO_HOST_INTERFACE_OP(name) G_STRUCT_OFFSET (VireoHostInterfaceDriverInterface, name)
#define VIREO_SECRET_OP(name) G_STRUCT_OFFSET (VireoSecretDriverInterface, name)
#define VIREO_STORAGE_OP(name) G_STRUCT_OFFSET (VireoStorageDriverInterface, name)

/**
 * VireoHandler:
 * @name: of the method, or of the property that is written
 * @handle: does it. Called when the gate was passed; answers with vireo_call_return() or its
 *   siblings, now or later, exactly once
 * @job: the slot of the call's object that is held meanwhile
 * @operation: (nullable): what the job is called; also where @job is %VIREO_JOB_NONE, when the
 *   driver takes a slot for it
 * @show_job: whether the job takes long enough to be shown as an object on the bus
 * @op: where the driver's function for it is in the interface of the part: a driver that lacks it
 *   answers NotSupported, and `Features` does not list the member. 0 for what is no driver's
 * @part: which part of the connection that is, where it is not the service's
 * @of: what kind of object it lists, looks up or makes, where that is not the one that was called
 * @detail: for @handle, where it serves several members
 * @prepare: (nullable): looks at the arguments before the caller is authorized, to say what else
 *   has to be allowed. Returns with vireo_call_prepared(), now or later, exactly once
 *
 * One row: how a member is served.
 */
typedef struct
{
  const char *name;
  void (*handle) (VireoCall *call);
  VireoJobKind job;
  const char *operation;
  gboolean show_job;
  gsize op;
  VireoPartRef part;
  VireoPathKind of;
  guint detail;
  void (*prepare) (VireoCall *call);
} VireoHandler;

/**
 * VireoReading:
 * @tree: where the other objects are
 * @visible: (nullable) (element-type VireoNode): the connections that the caller may read; %NULL
 *   for all
 *
 * What a property may depend on beside its object.
 */
typedef struct
{
  struct _VireoTree *tree;
  GHashTable *visible;
} VireoReading;

/**
 * VireoGetter:
 * @name: of the property
 * @get: gives its value (transfer full, may be floating)
 *
 * One row: a property that is not simply the GObject property of the same name.
 */
typedef struct
{
  const char *name;
  GVariant *(*get) (VireoNode *node, const VireoReading *reading);
} VireoGetter;

/**
 * VireoService:
 * @interface: name of the interface
 * @path_kind: the objects that have it
 * @kind: what their permissions are named after; "$object" when they are those of another object
 * @secure: (nullable): the permission that secrets in its definition take, and a text of which
 * nobody knows what is in it
 * @part: the part of the connection that has the driver's functions; 0 when there is none
 * @parent_slot: whether their members hold the slot of what they are in, such as the domain of a
 *   snapshot, rather than one of their own
 * @get_type: (nullable): GType of what is behind them
 * @methods: one row a method, ending with an empty one
 * @more_methods: (nullable): further tables of them, ending with %NULL, for interfaces of which one
 *   file would be too long
 * @writers: (nullable): one row a writable property, ending with an empty one
 * @getters: (nullable): ending with an empty one
 *
 * How an interface is served. There is a table a file.
 */
typedef struct
{
  const char *interface;
  VireoPathKind path_kind;
  const char *kind;
  const char *secure;
  VireoPartRef part;
  gboolean parent_slot;
  GType (*get_type) (void);
  const VireoHandler *methods;
  const VireoHandler *const *more_methods;
  const VireoHandler *writers;
  const VireoGetter *getters;
} VireoService;

/* The tables of a service's methods: the nth, from 0, or %NULL when there is none. */
static inline const VireoHandler *
vireo_service_get_methods (const VireoService *service, guint n)
{
  if (n == 0)
    return service->methods;
  return service->more_methods != NULL ? service->more_methods[n - 1] : NULL;
}

/* The most properties that an interface has: sets of them are kept as bits. */
#define VIREO_MAX_PROPERTIES 64

/**
 * VireoExport:
 *
 * An interface joined with how it is served: nothing is missing, on either side.
 */
typedef struct
{
  const VireoInterfaceInfo *info;
  const VireoService *service;
  const VireoAction *getattr;
  /* In the order of the members in @info. */
  const VireoHandler **methods;
  const VireoHandler **writers;
  const VireoGetter **getters;
  GParamSpec **pspecs;
  GVariant **keys; /* the names of the properties */
  GHashTable *by_attribute;
  guint n_properties;
} VireoExport;

VireoExport *vireo_export_new (const VireoService *service, GError **error);
void vireo_export_free (VireoExport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoExport, vireo_export_free)

GVariant *vireo_export_get (const VireoExport *self,
                            guint index,
                            VireoNode *node,
                            const VireoReading *reading);

/* A bit a property, in their order. */
#define VIREO_ALL_PROPERTIES G_MAXUINT64

/* Those properties of a node that are in @mask, as a{sv} (transfer floating). */
GVariant *vireo_export_get_many (VireoNode *node, const VireoReading *reading, guint64 mask);

gboolean
vireo_export_find_attribute (const VireoExport *self, const char *attribute, guint *ret_index);

G_END_DECLS
