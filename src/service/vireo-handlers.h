/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Handlers that serve the same kind of member of any kind of object. Those that call the driver use
 * the row's `op`, and say below what the function looks like; @part is the part of the connection.
 * Those that look for objects find those of the row's `of` in what was called; what the caller does
 * not see is not found. */

/* void (*) (part, object, GTask *); returns nothing. */
void vireo_handle_plain (VireoCall *call);
/* void (*) (part, object, GVariant *args, GTask *); returns a tuple, or a file descriptor. */
void vireo_handle_args (VireoCall *call);
void vireo_handle_args_fd (VireoCall *call);
/* void (*) (part, gconstpointer def, guint owner, GTask *): the object. Prepared by
 * vireo_define_prepare(). */
void vireo_handle_define (VireoCall *call);
/* void (*) (part, object, gconstpointer def, GTask *); prepared by vireo_define_prepare(). */
void vireo_handle_set_xml (VireoCall *call);
/* Of a writable boolean. void (*) (part, object, gboolean, GTask *). */
void vireo_handle_set_boolean (VireoCall *call);

/* What is asked of the driver and changes nothing. void (*) (part, GVariant *args, GTask *): a
 * GVariant, which is what the method returns. */
void vireo_handle_query (VireoCall *call);

/* The document of a VireoDefObj. Secrets, and text of which nobody knows whether it has any, take
 * the service's `secure` permission as well. */
void vireo_prepare_get_xml (VireoCall *call);
void vireo_handle_get_xml (VireoCall *call);
VireoFormatFlags vireo_call_get_format_flags (VireoCall *call);

/* The property `CurrentJob`. */
GVariant *vireo_get_current_job (VireoNode *node, const VireoReading *reading);
/* The property `Jobs`. */
GVariant *vireo_get_jobs (VireoNode *node, const VireoReading *reading);

void vireo_handle_list (VireoCall *call);
void vireo_handle_get_objects (VireoCall *call);
void vireo_handle_lookup_by_name (VireoCall *call);
void vireo_handle_lookup_by_uuid (VireoCall *call);
/* Whether there is any object of the kind, such as "domain-snapshot", below @obj. */
gboolean vireo_object_has_children (VireoObj *obj, const char *kind);
/* (transfer full) (element-type VireoNode): those that match the options of @call, whoever sees
 * them; %NULL when it was answered. */
GPtrArray *vireo_call_collect (VireoCall *call);
/* What those answer with: the @nodes (element-type VireoNode) that the caller sees, in their order.
 * */
void vireo_call_return_list (VireoCall *call, GPtrArray *nodes);
/* The properties that the first argument names are there; the call is answered otherwise. */
gboolean vireo_call_check_properties (VireoCall *call);
void vireo_call_return_objects (VireoCall *call, GPtrArray *nodes);
/* Answers with @obj, if the caller sees it. */
void vireo_call_return_found (VireoCall *call, VireoObj *obj);
/* Answers with the first of @objects (element-type VireoObj) that the caller sees. */
void vireo_call_return_first (VireoCall *call, GPtrArray *objects);

G_END_DECLS
