/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What objects, their lists and their jobs tell each other; for nobody else. */

#include "vireo-obj.h"

G_BEGIN_DECLS

void _vireo_obj_set_list (VireoObj *self, VireoObjList *list);
/* The object was removed: it has no list any more, and nobody gets its slot. */
void _vireo_obj_removed (VireoObj *self);
void _vireo_obj_release_job (VireoObj *self, VireoJob *job);
gboolean _vireo_obj_stop_waits (VireoObj *self);

void _vireo_obj_list_reindex (VireoObjList *self, VireoObj *obj, const char *old_name);
void _vireo_obj_list_emit_changed (VireoObjList *self, VireoObj *obj, guint n, GParamSpec **pspecs);
void
_vireo_obj_list_emit_event (VireoObjList *self, VireoObj *obj, const char *signal, GVariant *args);
void _vireo_obj_list_emit_children (VireoObjList *self, VireoObj *obj, const char *kind);
void _vireo_obj_list_set_parent (VireoObjList *self, VireoObj *parent);
VireoObj *_vireo_obj_list_get_parent (VireoObjList *self);

/* @job has the slot if that is free. */
gboolean _vireo_obj_take_slot (VireoObj *self, VireoJob *job);

/* Of a job that was found on disk: one that goes on, which is then put into its place, and one that
 * has ended. */
VireoJob *_vireo_job_new_found (VireoObj *object, const char *operation, guint uid,
                                guint64 started_at);
void _vireo_job_place (VireoJob *self, gboolean slot);
VireoJob *_vireo_job_new_ended (const char *operation, guint uid, guint64 started_at,
                                guint64 ended_at, const GError *error, GVariant *statistics);
VireoJob *_vireo_job_new (VireoObj *object, const char *operation, VireoJobKind kind, guint uid);

G_END_DECLS
