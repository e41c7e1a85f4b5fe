/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/vireo-call.h"
#include "vireo-libvirt-exports.h"
#include "vireo-libvirt-path.h"

G_BEGIN_DECLS

/**
 * VireoLibvirtCall:
 * @server: what serves it
 * @session: whether it came from a session bus
 * @caller: who called
 * @message: the call as it came
 * @path: what was called
 * @export: (nullable): how objects there are served
 * @connection: (nullable): the connection that the object is in, once it is open
 * @node_path: (nullable): our path of the object
 * @args: (nullable): the arguments, a tuple
 * @method: (nullable): the method that is called
 * @row: (nullable): how it is served
 * @target: (nullable): what of ours does it
 * @flags: the argument of that name
 * @property: index of the property that is read or written
 * @data: for a row that does it all
 *
 * A call of org.libvirt on its way. There is one answer to it: who has the call ends it with one of
 * the vireo_libvirt_call_return functions, which frees it.
 */
struct _VireoLibvirtCall
{
  VireoServer *server;
  gboolean session;
  VireoCaller *caller;
  GDBusMessage *message;
  VireoLibvirtPath path;
  const VireoLibvirtExport *export;
  VireoNode *connection;
  char *node_path;
  GVariant *args;
  const VireoMethodInfo *method;
  const VireoLibvirtMethod *row;
  const VireoLibvirtTarget *target;
  guint32 flags;
  guint property;
  gpointer data;
  GDestroyNotify data_free;

  /*< private >*/
  void (*go_on) (VireoLibvirtCall *self);
};

VireoLibvirtCall *vireo_libvirt_call_new (VireoServer *server,
                                          gboolean session,
                                          VireoCaller *caller,
                                          GDBusMessage *message);

/* Opens the connection, if it is not open, in the name of the caller, and goes on. */
void vireo_libvirt_call_open (VireoLibvirtCall *self, void (*go_on) (VireoLibvirtCall *self));

/* Does what the row says, when the connection is open. */
void vireo_libvirt_call_run (VireoLibvirtCall *self);

/* A call of ours that is a part of it; @answer gets it as call->answer_data. */
VireoCall *vireo_libvirt_call_begin (VireoLibvirtCall *self, VireoAnswerFunc answer);

/* For rows that do it all: calls a method of ours, with @args (sunk). */
void vireo_libvirt_call_native (VireoLibvirtCall *self,
                                const char *native,
                                const char *node_path,
                                GVariant *args,
                                VireoAnswerFunc answer);

/* The answer of the one call that does it: turned back as the row says. */
void vireo_libvirt_call_answer (VireoCall *call,
                                GVariant *values,
                                GUnixFDList *fds,
                                const GError *error);

/* (transfer floating): the options that the flags stand for, as a{sv}. */
GVariant *vireo_libvirt_call_options (VireoLibvirtCall *self);
/* The same, to be added to. */
void vireo_libvirt_call_begin_options (VireoLibvirtCall *self, GVariantBuilder *options);

void vireo_libvirt_call_return (VireoLibvirtCall *self, GVariant *values, GUnixFDList *fds);
/* @error: (transfer full): of org.libvirt, or of ours, which is turned into one */
void vireo_libvirt_call_return_error (VireoLibvirtCall *self, GError *error);
/* (transfer none) */
void vireo_libvirt_call_return_native_error (VireoLibvirtCall *self, const GError *error);
void vireo_libvirt_call_return_bus_error (VireoLibvirtCall *self,
                                          GDBusError code,
                                          const char *format,
                                          ...) G_GNUC_PRINTF (3, 4);

/* Their path of an object of ours: "/" for what is not there any more. */
char *vireo_libvirt_call_translate_path (VireoLibvirtCall *self, const char *node_path);

G_END_DECLS
