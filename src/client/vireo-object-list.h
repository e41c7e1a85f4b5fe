/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sorted GListModel that the client keeps. Not public: applications see a GListModel. */
#pragma once

#include "vireo-object.h"

G_BEGIN_DECLS

#define VIREO_TYPE_OBJECT_LIST (vireo_object_list_get_type ())
G_DECLARE_FINAL_TYPE (VireoObjectList, vireo_object_list, VIREO, OBJECT_LIST, GObject)

VireoObjectList *vireo_object_list_new (GType item_type);
void vireo_object_list_add (VireoObjectList *self, VireoObject *object);
void vireo_object_list_remove (VireoObjectList *self, VireoObject *object);
void vireo_object_list_resort (VireoObjectList *self, VireoObject *object);
void vireo_object_list_freeze (VireoObjectList *self);
void vireo_object_list_thaw (VireoObjectList *self);

G_END_DECLS
