/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/**
 * VireoDomainScope:
 * @VIREO_DOMAIN_SCOPE_CURRENT: what runs, or the next start when nothing runs
 * @VIREO_DOMAIN_SCOPE_LIVE: what runs
 * @VIREO_DOMAIN_SCOPE_CONFIG: what the next start uses
 *
 * Which of a domain's definitions are meant; both can be.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_DOMAIN_SCOPE_CURRENT = 0,
  VIREO_DOMAIN_SCOPE_LIVE = 1 << 0,
  VIREO_DOMAIN_SCOPE_CONFIG = 1 << 1,
} VireoDomainScope;

/**
 * VireoDomainEditKind:
 * @VIREO_DOMAIN_EDIT_ATTACH_DEVICE: (s): adds the device that a document describes
 * @VIREO_DOMAIN_EDIT_DETACH_DEVICE: (s): removes the device that a document describes
 * @VIREO_DOMAIN_EDIT_DETACH_ALIAS: (s): removes the device with an alias
 * @VIREO_DOMAIN_EDIT_UPDATE_DEVICE: (s): replaces the device that a document describes
 * @VIREO_DOMAIN_EDIT_MEMORY: (t): what the guest has, in KiB
 * @VIREO_DOMAIN_EDIT_MAX_MEMORY: (t): what it can have, in KiB
 * @VIREO_DOMAIN_EDIT_MEMORY_STATS_PERIOD: (u): how often the guest tells of its memory, in seconds
 * @VIREO_DOMAIN_EDIT_VCPUS: (u): how many processors it has; options `maximum`, `hotpluggable`
 * @VIREO_DOMAIN_EDIT_VCPU_STATE: (sb): whether it has those of a set
 * @VIREO_DOMAIN_EDIT_PIN_VCPU: (us): on which of the host's processors one of the guest's runs
 * @VIREO_DOMAIN_EDIT_PIN_EMULATOR: (s): the same for what is no processor of the guest's
 * @VIREO_DOMAIN_EDIT_PIN_IOTHREAD: (us): the same for an I/O thread
 * @VIREO_DOMAIN_EDIT_ADD_IOTHREAD: (u): adds an I/O thread
 * @VIREO_DOMAIN_EDIT_DELETE_IOTHREAD: (u): removes one
 * @VIREO_DOMAIN_EDIT_SET_IOTHREAD: (ua{sv}): its parameters
 * @VIREO_DOMAIN_EDIT_BLKIO: (a{sv}): block I/O of the whole domain
 * @VIREO_DOMAIN_EDIT_MEMORY_PARAMETERS: (a{sv}): limits on memory
 * @VIREO_DOMAIN_EDIT_NUMA: (a{sv}): where memory comes from
 * @VIREO_DOMAIN_EDIT_SCHEDULER: (a{sv}): shares and quotas of the host's processors
 * @VIREO_DOMAIN_EDIT_PERF: (a{sv}): what performance events are counted
 * @VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE: (sa{sv}): rates of a disk
 * @VIREO_DOMAIN_EDIT_INTERFACE: (sa{sv}): rates of an interface
 * @VIREO_DOMAIN_EDIT_METADATA: (ssss): kind, value, key and URI
 * @VIREO_DOMAIN_EDIT_LIFECYCLE_ACTION: (ss): what happens on an event
 *
 * What is to be changed, with the types of its arguments; all have an a{sv} of options behind them.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_DOMAIN_EDIT_ATTACH_DEVICE,
  VIREO_DOMAIN_EDIT_DETACH_DEVICE,
  VIREO_DOMAIN_EDIT_DETACH_ALIAS,
  VIREO_DOMAIN_EDIT_UPDATE_DEVICE,
  VIREO_DOMAIN_EDIT_MEMORY,
  VIREO_DOMAIN_EDIT_MAX_MEMORY,
  VIREO_DOMAIN_EDIT_MEMORY_STATS_PERIOD,
  VIREO_DOMAIN_EDIT_VCPUS,
  VIREO_DOMAIN_EDIT_VCPU_STATE,
  VIREO_DOMAIN_EDIT_PIN_VCPU,
  VIREO_DOMAIN_EDIT_PIN_EMULATOR,
  VIREO_DOMAIN_EDIT_PIN_IOTHREAD,
  VIREO_DOMAIN_EDIT_ADD_IOTHREAD,
  VIREO_DOMAIN_EDIT_DELETE_IOTHREAD,
  VIREO_DOMAIN_EDIT_SET_IOTHREAD,
  VIREO_DOMAIN_EDIT_BLKIO,
  VIREO_DOMAIN_EDIT_MEMORY_PARAMETERS,
  VIREO_DOMAIN_EDIT_NUMA,
  VIREO_DOMAIN_EDIT_SCHEDULER,
  VIREO_DOMAIN_EDIT_PERF,
  VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE,
  VIREO_DOMAIN_EDIT_INTERFACE,
  VIREO_DOMAIN_EDIT_METADATA,
  VIREO_DOMAIN_EDIT_LIFECYCLE_ACTION,
  VIREO_DOMAIN_N_EDITS,
} VireoDomainEditKind;

/**
 * VireoDomainEdit:
 * @kind: what is to be changed
 * @scope: where
 * @args: the arguments, of the types that the kind says
 *
 * One change of a domain: what it has, and how it is treated.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoDomainEditKind kind;
  VireoDomainScope scope;
  GVariant *args;
} VireoDomainEdit;

G_END_DECLS
