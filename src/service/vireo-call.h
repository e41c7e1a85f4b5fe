/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gunixfdlist.h>

#include "util/vireo-error.h"
#include "vireo-server.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/**
 * VireoAnswerFunc:
 * @call: a call that is over, and is freed when this returns
 * @values: (nullable): what it returns, a tuple; %NULL for nothing
 * @fds: (nullable): the file descriptors that @values refers to
 * @error: (nullable): why it failed
 *
 * Takes the answer of a call, instead of its caller.
 */
typedef void (*VireoAnswerFunc) (VireoCall *call,
                                 GVariant *values,
                                 GUnixFDList *fds,
                                 const GError *error);

/**
 * VireoBlobFunc:
 * @call: the call, which is freed after it
 * @blob: the whole answer, in the bus' form
 *
 * Takes the answer of a call when it is a long list.
 */
typedef void (*VireoBlobFunc) (VireoCall *call, GBytes *blob);

/**
 * VireoEntryFunc:
 * @call: the call
 * @node: the object that an entry of a list is about
 * @entry: the entry
 *
 * Returns: (transfer full) (nullable): what to list instead, which may be floating; %NULL for
 *   nothing
 */
typedef GVariant *(*VireoEntryFunc) (VireoCall *call, VireoNode *node, GVariant *entry);

/**
 * VireoCall:
 * @server: what serves it
 * @caller: who called
 * @message: the call as it came
 * @path_kind: of the path that was called
 * @node_path: the object that has to exist for it; %NULL when none has to
 * @node: (nullable): that object, once the gate found it
 * @export: (nullable): how the object is served
 * @interface: for the log
 * @member: for the log
 * @args: (nullable): the arguments, a tuple
 * @actions: (nullable): what the caller must be allowed
 * @method: (nullable): the method that is called
 * @handler: (nullable): how it is served
 * @op: (nullable): the driver's function for it, to be cast to what it is
 * @part: (nullable): what to call @op with
 * @run: does it, when the gate was passed
 * @property: index of the property that is read or written
 * @value: (nullable): what to write
 * @job: (nullable): the slot, while it is held
 * @def: (nullable): a definition that was parsed for it
 * @def_doc: (nullable): the kind of document that it is
 * @owner: whose the object is, or will be
 * @late: (nullable): adds checks that come after those of the member
 * @also: (nullable): another object that the arguments name: see vireo_call_require_object()
 * @changes: whether it is more than a reading
 * @answer: (nullable): who takes the answer, if that is not the caller
 * @answer_data: for @answer
 * @answer_blob: (nullable): takes it instead of @answer when it is a long list; for who has @answer
 * @entry: (nullable): what becomes of each entry of a list; for who has @answer
 * @entry_type: the type of what @entry makes
 * @is_list: whether the answer is a list of which each entry went through @entry
 *
 * One call on its way. There is exactly one answer to it: who has the call ends it with one of the
 * vireo_call_return functions, which frees it.
 */
struct _VireoCall
{
  VireoServer *server;
  VireoCaller *caller;
  GDBusMessage *message;
  VireoPathKind path_kind;
  const char *node_path;
  VireoNode *node;
  const VireoExport *export;
  const char *interface;
  const char *member;
  GVariant *args;
  const VireoAction *const *actions;
  const VireoMethodInfo *method;
  const VireoHandler *handler;
  VireoDriverFunc op;
  gpointer part;
  void (*run) (VireoCall *call);
  guint property;
  GVariant *value;
  VireoJob *job;
  gpointer def;
  const VireoDocKind *def_doc;
  char *about; /* (nullable): what its definition calls what it defines */
  guint owner;
  void (*late) (VireoCall *call);
  VireoNode *also;
  gboolean changes;
  VireoAnswerFunc answer;
  gpointer answer_data;
  VireoBlobFunc answer_blob;
  VireoEntryFunc entry;
  const char *entry_type;
  gboolean is_list;

  /*< private, the gate's >*/
  GVariant *options;
  char *own_node_path;
  GVariant *own_args;
  GError *held;
  const VireoAction *more;
  const VireoAction *also_action;
  GPtrArray *subjects;
  GArray *checks;
  guint next_check;
  gboolean prepared;
  gboolean makes; /* an object that was not there */
  gboolean has_object_quota;
  gboolean has_job_quota;
  gboolean has_turn;
  GCancellable *cancellable;
  gulong gone_id;
};

VireoCall *vireo_call_new (VireoServer *server, VireoCaller *caller, GDBusMessage *message);
VireoCall *vireo_call_new_inner (VireoServer *server,
                                 VireoCaller *caller,
                                 GDBusMessage *message,
                                 VireoAnswerFunc answer,
                                 gpointer answer_data);

VireoObj *vireo_call_get_object (VireoCall *self);
GCancellable *vireo_call_get_cancellable (VireoCall *self);

gboolean vireo_call_get_boolean (VireoCall *self, const char *option);
const char *vireo_call_get_string (VireoCall *self, const char *option);
gboolean vireo_call_find_boolean (VireoCall *self, const char *option, gboolean *ret_value);
gboolean vireo_call_get_fd (VireoCall *self, gsize argument, int *ret_fd);
GUnixFDList *vireo_call_get_fds (VireoCall *self, gsize argument);

/* 0 when it is not given. */
guint64 vireo_call_get_uint64 (VireoCall *self, const char *option);
guint vireo_call_get_uint (VireoCall *self, const char *option);
int vireo_call_get_int (VireoCall *self, const char *option, int otherwise);

/* A boolean option, and the flag of a driver's operation that it is. */
typedef struct
{
  const char *option;
  guint flag;
} VireoFlagOption;

/* @rows: ending with an empty one */
guint vireo_call_get_flags (VireoCall *self, const VireoFlagOption *rows);

void vireo_call_return (VireoCall *self, GVariant *values);
/* Whether the answer goes to the bus, as a message. */
gboolean vireo_call_takes_message (VireoCall *self);
/* The call was granted a turn of its caller's (vireo_reader_take_turn()), which ends with it. */
void vireo_call_set_turn (VireoCall *self);
/* With a message in the bus' form, of which the serial is set when it is sent. */
void vireo_call_return_blob (VireoCall *self, GBytes *blob);
/* Answers with a job, which goes on: the call's own, which is ended by whoever works on it, or one
 * in the background. */
void vireo_call_return_job (VireoCall *self, VireoJob *job);
void vireo_call_return_fd (VireoCall *self, int fd);
void vireo_call_return_error (VireoCall *self, GError *error);
void vireo_call_return_new_error (VireoCall *self, VireoError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* For operations of drivers: a task that answers the call. */
GTask *vireo_call_task_boolean (VireoCall *self);
VireoNode *vireo_call_take_node (VireoCall *self, GAsyncResult *result);
GTask *vireo_call_task_object (VireoCall *self);
GTask *vireo_call_task_job (VireoCall *self);
GTask *vireo_call_task_variant (VireoCall *self);
GTask *vireo_call_task_fd (VireoCall *self);
GTask *vireo_call_task (VireoCall *self, GAsyncReadyCallback callback);

G_END_DECLS
