/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the generated classes, which scripts/gen-client.py writes, are made of. */
#pragma once

#include "vireo-object.h"

G_BEGIN_DECLS

#define VIREO_BUS_NAME "org.vireo.Vireo1"
#define VIREO_ROOT_PATH "/org/vireo/Vireo1"
#define VIREO_MANAGER_INTERFACE "org.vireo.Vireo1.Manager"
#define VIREO_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define VIREO_OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"

/* A person may have to type a password meanwhile. */
#define VIREO_NO_TIMEOUT G_MAXINT

typedef struct
{
  const char *name; /* on the bus */
  const char *nick; /* of the GObject property or signal */
  const char *type; /* D-Bus signature; of a signal, that of all arguments in parentheses */
} VireoMemberInfo;

typedef struct
{
  const char *interface;
  const VireoMemberInfo *properties;
  guint n_properties;
  const VireoMemberInfo *signals;
  guint n_signals;
} VireoInterfaceInfo;

typedef enum
{
  VIREO_REPLY_VALUES, /* a tuple: GVariant */
  VIREO_REPLY_OBJECT, /* one object path: VireoObject */
  VIREO_REPLY_STREAM, /* one file descriptor: GIOStream */
} VireoReplyKind;

typedef struct
{
  const char *interface;
  const char *name;
  const char *args_type;
  const char *reply_type;
  VireoReplyKind kind;
  const char *result_interface; /* of VIREO_REPLY_OBJECT */
} VireoMethodInfo;

typedef struct
{
  const char *interface;
  GType (*get_type) (void);
} VireoKnownInterface;

/* Every interface of introspection/, and its class; ends with a row of NULL. */
extern const VireoKnownInterface vireo_known_interfaces[];

struct _VireoObject
{
  GObject parent_instance;

  VireoClient *client; /* not owned; NULL once the client is gone */
  char *path;
  GVariant **values; /* one for each property of the class; NULL when it is not known */
  gboolean removed;
};

struct _VireoObjectClass
{
  GObjectClass parent_class;

  const VireoInterfaceInfo *info;
  GParamSpec **pspecs;
  guint *signal_ids;
  int name_index; /* of the property that objects are sorted by; -1 for none */
};

void vireo_object_class_install (VireoObjectClass *klass, const VireoInterfaceInfo *info);

/* vireo-client-tree.c */
void vireo_client_forget_gone (VireoClient *self, VireoObject *object);

/* vireo-object.c */
VireoObject *vireo_object_new (GType type, VireoClient *client, const char *path);
gboolean vireo_object_apply (VireoObject *self, GVariant *properties, gboolean is_all);
void vireo_object_handle_signal (VireoObject *self, const char *member, GVariant *args);
void vireo_object_set_removed (VireoObject *self, gboolean removed);
void vireo_object_detach (VireoObject *self);
const VireoInterfaceInfo *vireo_object_get_info (VireoObject *self);
const char *vireo_object_get_sort_name (VireoObject *self);

const char *vireo_object_get_string_value (VireoObject *self, guint index);
gboolean vireo_object_get_boolean_value (VireoObject *self, guint index);
guint vireo_object_get_uint_value (VireoObject *self, guint index);
gint vireo_object_get_int_value (VireoObject *self, guint index);
guint64 vireo_object_get_uint64_value (VireoObject *self, guint index);
gint64 vireo_object_get_int64_value (VireoObject *self, guint index);
double vireo_object_get_double_value (VireoObject *self, guint index);
char **vireo_object_get_strv_value (VireoObject *self, guint index);
GVariant *vireo_object_get_variant_value (VireoObject *self, guint index);

/* vireo-object-call.c */
GVariant *vireo_options_or_empty (GVariant *options);
GVariant *vireo_fds_to_variant (GUnixFDList *fds);
GVariant *vireo_path_to_variant (const char *path);
void vireo_object_call_async (VireoObject *self, const VireoMethodInfo *method, GVariant *args,
                              gpointer source_tag, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
gpointer vireo_object_call_finish (VireoObject *self, GAsyncResult *result, gpointer source_tag,
                                   GError **error);
gpointer vireo_object_call_sync (VireoObject *self, const VireoMethodInfo *method,
                                 GVariant *args, GCancellable *cancellable, GError **error);
gboolean vireo_object_done (GVariant *reply);

G_END_DECLS
