/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-client.h"
#include "vireo-object-list.h"
#include "vireo-object-private.h"

G_BEGIN_DECLS

/* A signal that came while the objects were being read, to be looked at afterwards. */
typedef struct
{
  char *path;
  char *interface;
  char *member;
  GVariant *args;
} VireoHeldSignal;

struct _VireoClient
{
  GObject parent_instance;

  GDBusConnection *bus;
  gboolean owns_bus;
  gboolean is_interactive;
  gboolean is_available;

  guint signal_id;
  guint owner_id;
  gulong closed_id;
  char *owner;              /* whose signals count */
  GPtrArray *held;          /* VireoHeldSignal; NULL when none are held back */
  GCancellable *loading;    /* of the reading of the objects */
  GTask *opening;           /* of the constructor, until the first answer */
  GSource *opening_cancelled;

  VireoManager *manager;
  GHashTable *objects;      /* path -> VireoObject, without the manager */
  GHashTable *gone;         /* path -> VireoObject, not owned: removed ones that others hold */
  GHashTable *lists;        /* type and parent -> VireoObjectList, those that were asked for */
};

/* vireo-client-tree.c */
void vireo_client_take_snapshot (VireoClient *self, GVariant *objects, GVariant *manager);
void vireo_client_dispatch (VireoClient *self, const char *path, const char *interface,
                            const char *member, GVariant *args);
void vireo_client_forget_all (VireoClient *self);
VireoObject *vireo_client_add_object (VireoClient *self, const char *path, const char *interface,
                                      GVariant *properties);
GListModel *vireo_client_get_list (VireoClient *self, GType type, const char *parent);
GType vireo_client_type_for (const char *interface);

/* vireo-client-load.c */
void vireo_client_start (VireoClient *self);
void vireo_client_stop (VireoClient *self);
void vireo_client_open (VireoClient *self, GTask *task);
gboolean vireo_client_load_sync (VireoClient *self, GCancellable *cancellable, GError **error);
void vireo_client_set_available (VireoClient *self, gboolean is_available);

/* vireo-client-open.c */
VireoClient *vireo_client_new_on (GDBusConnection *bus, gboolean owns_bus);

G_END_DECLS
