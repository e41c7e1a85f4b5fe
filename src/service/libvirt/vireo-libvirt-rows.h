/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/vireo-tree.h"

G_BEGIN_DECLS

/* How the interfaces of org.libvirt are done with members of ours: a table a file. Each row names
 * the member that does it, which is called in the name of the caller and passes the gate as any
 * call does; what is here turns arguments and results from one into the other. */

typedef struct _VireoLibvirtCall VireoLibvirtCall;

/**
 * VireoLibvirtFlag:
 * @bit: in the argument `flags`
 * @option: (nullable): the boolean option that is set for it; %NULL when it changes nothing here
 *
 * A flag that a method knows. Others are refused.
 */
typedef struct
{
  guint32 bit;
  const char *option;
} VireoLibvirtFlag;

/**
 * VireoLibvirtFilter:
 * @bit: in the flags of a list
 * @group: objects are listed that match one of the bits that are set of every group
 * @property: GObject property of the object that is looked at; "children:KIND" stands for whether
 * it has children of the kind
 * @wanted: its value, when it is a boolean
 * @word: (nullable): its value, when it is a text
 *
 * Objects without the property are like those of which it is %FALSE, or empty.
 */
typedef struct
{
  guint32 bit;
  guint group;
  const char *property;
  gboolean wanted;
  const char *word;
} VireoLibvirtFilter;

/**
 * VireoLibvirtMethod:
 * @name: of the member
 * @native: (nullable): the method or property of ours that does it, such as "Domain.Start"; %NULL
 *   when nothing does it: NotSupported
 * @flags: (nullable): those that it knows, ending with an empty row; %NULL for none
 * @missing: (nullable): of look-ups: what is said, before the first argument, when nothing is found
 * @only_active: whether it is an error while the object is not active, where @native answers
 * @in: (nullable): makes the arguments of @native. Otherwise they are the same, but for the flags,
 *   which become options
 * @out: (nullable): makes the results of those of @native, or of the value of the property, which
 * is handed over as it is. Otherwise they are the same, but for object paths
 * @filters: (nullable): of lists of paths: what the flags leave out, ending with an empty row
 * @entry: (nullable): of other lists: makes an entry of one of @native's; (transfer full), may be
 *   floating
 * @entry_type: the type of what @entry makes
 * @run: (nullable): does it all, for what takes more than one call
 *
 * One row: how a method is served.
 */
typedef struct
{
  const char *name;
  const char *native;
  const VireoLibvirtFlag *flags;
  const char *missing;
  gboolean only_active;
  GVariant *(*in) (VireoLibvirtCall *call, GError **error);
  GVariant *(*out) (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error);
  const VireoLibvirtFilter *filters;
  GVariant *(*entry) (VireoLibvirtCall *call, VireoNode *node, GVariant *entry);
  const char *entry_type;
  void (*run) (VireoLibvirtCall *call);
} VireoLibvirtMethod;

/**
 * VireoLibvirtProperty:
 * @name: of the member
 * @native: (nullable): the property of ours, of the same object
 * @get: (nullable): makes the value from that of ours (%NULL when there is no @native). Otherwise
 * it is the same. (transfer full, may be floating)
 *
 * One row: how a property is served. One that can be written has the type of ours.
 */
typedef struct
{
  const char *name;
  const char *native;
  GVariant *(*get) (VireoNode *node, GVariant *value);
} VireoLibvirtProperty;

typedef struct _VireoLibvirtSignals VireoLibvirtSignals;

/**
 * VireoLibvirtSignal:
 * @event: the signal of ours, of an object of the kind
 * @name: (nullable): the signal there, of the object, when it has the same arguments
 * @emit: (nullable): tells it otherwise
 * @of_jobs: whether it is a signal of jobs that work on objects of the kind; @emit gets the job
 *
 * One row: what a signal of ours is there.
 */
typedef struct
{
  const char *event;
  const char *name;
  gboolean of_jobs;
  void (*emit) (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args);
} VireoLibvirtSignal;

/**
 * VireoLibvirtService:
 * @interface: name of the interface
 * @path_kind: the objects that have it
 * @noun: what they are called in errors, such as "Domain"
 * @missing: (nullable): what is said, before what the path names, of one that is not there
 * @methods: one row a method, ending with an empty one
 * @properties: one row a property, ending with an empty one
 * @signals: ending with an empty row
 *
 * How an interface is served.
 */
typedef struct
{
  const char *interface;
  VireoPathKind path_kind;
  const char *noun;
  const char *missing;
  const VireoLibvirtMethod *methods;
  const VireoLibvirtProperty *properties;
  const VireoLibvirtSignal *signals;
} VireoLibvirtService;

extern const VireoLibvirtService vireo_libvirt_connect;
extern const VireoLibvirtService vireo_libvirt_domain;
extern const VireoLibvirtService vireo_libvirt_domain_snapshot;
extern const VireoLibvirtService vireo_libvirt_interface;
extern const VireoLibvirtService vireo_libvirt_network;
extern const VireoLibvirtService vireo_libvirt_node_device;
extern const VireoLibvirtService vireo_libvirt_nwfilter;
extern const VireoLibvirtService vireo_libvirt_secret;
extern const VireoLibvirtService vireo_libvirt_storage_pool;
extern const VireoLibvirtService vireo_libvirt_storage_vol;

G_END_DECLS
