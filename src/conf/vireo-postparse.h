/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-conf.h"

G_BEGIN_DECLS

/**
 * VireoPostParseOutcome:
 * @VIREO_POST_PARSE_DONE: fine
 * @VIREO_POST_PARSE_FAILED_FOR_NOW: the host lacks something; a problem was added that says what
 * @VIREO_POST_PARSE_INVALID: wrong on every host; a problem was added that says why
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_POST_PARSE_DONE,
  VIREO_POST_PARSE_FAILED_FOR_NOW,
  VIREO_POST_PARSE_INVALID,
} VireoPostParseOutcome;

/**
 * VireoPostParsePhase:
 *
 * The phases, in their order.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_POST_PARSE_BASIC,       /* driver */
  VIREO_POST_PARSE_ENVIRONMENT, /* driver */
  VIREO_POST_PARSE_CONTROLLERS, /* generic */
  VIREO_POST_PARSE_DOMAIN,      /* driver */
  VIREO_POST_PARSE_DEVICE,      /* driver, then generic */
  VIREO_POST_PARSE_IMPLICIT,    /* generic */
  VIREO_POST_PARSE_ADDRESSES,   /* driver */
  VIREO_POST_PARSE_FEATURES,    /* generic */
  VIREO_POST_PARSE_N_PHASES,
} VireoPostParsePhase;

/**
 * VireoPostParseFeatures:
 * @VIREO_POST_PARSE_MEMORY_HOTPLUG: memory devices, and <maxMemory>
 * @VIREO_POST_PARSE_OFFLINE_VCPUPIN: <vcpupin> for processors that are not online
 * @VIREO_POST_PARSE_INDIVIDUAL_VCPUS: <vcpus> that says which processors are online
 * @VIREO_POST_PARSE_FIRMWARE_AUTO: <os firmware=…>
 * @VIREO_POST_PARSE_WIDE_SCSI: 16 units a SCSI bus instead of 8
 * @VIREO_POST_PARSE_AUDIO: audio backends; one that follows from the graphics is added
 *
 * What a driver can do of that which the format has; the rest is refused in the last phase.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_POST_PARSE_MEMORY_HOTPLUG = 1 << 0,
  VIREO_POST_PARSE_OFFLINE_VCPUPIN = 1 << 1,
  VIREO_POST_PARSE_INDIVIDUAL_VCPUS = 1 << 2,
  VIREO_POST_PARSE_FIRMWARE_AUTO = 1 << 3,
  VIREO_POST_PARSE_WIDE_SCSI = 1 << 4,
  VIREO_POST_PARSE_AUDIO = 1 << 5,
} VireoPostParseFeatures;

/**
 * VireoPostParseContext:
 * @def: the copy that is being completed
 * @existing: whether it is the definition of a domain that exists: what is there must not change
 * @environment: (nullable): what the environment phase found, such as an emulator's capabilities
 * @environment_free: frees @environment
 * @driver_data: the driver's own, as given to vireo_post_parse_run()
 *
 * What a callback gets.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoDomainDef *def;
  gboolean existing;
  gpointer environment;
  GDestroyNotify environment_free;
  gpointer driver_data;
  /*< private >*/
  const struct _VireoPostParseOps *ops;
  GPtrArray *failed;
  GPtrArray *invalid;
  VireoPostParsePhase phase;
  VireoDeviceKind device_kind;
  gconstpointer device;
  guint device_index;
} VireoPostParseContext;

/**
 * VireoPostParseOps:
 * @basic: what must be known before anything else, such as the architecture
 * @environment: looks up what the host has to offer, and puts it into the context
 * @domain: the driver's defaults, and devices that its machines always have
 * @device: completes one device; also called for the devices that the generic phases add
 * @addresses: puts the devices in their places
 * @features: what the driver can do of that which not all can
 * @mac_prefix: the first three bytes of generated MAC addresses, as 0x525400; 0 for that one
 *
 * A driver's callbacks; those that are NULL have nothing to do. None of them blocks: what takes
 * long (probing an emulator) was found out before, and its result or failure is in @driver_data.
 *
 * After a failure for now, the callbacks @environment, @domain and @device are still called, so
 * that all problems come to light: they find the environment missing, and say only what does not
 * follow from that. What they call invalid must be so on every host.
 *
 * Since: 0.1
 */
typedef struct _VireoPostParseOps
{
  VireoPostParseOutcome (*basic) (VireoPostParseContext *context);
  VireoPostParseOutcome (*environment) (VireoPostParseContext *context);
  VireoPostParseOutcome (*domain) (VireoPostParseContext *context);
  VireoPostParseOutcome (*device) (VireoPostParseContext *context, VireoDeviceKind kind,
                                   gpointer device);
  VireoPostParseOutcome (*addresses) (VireoPostParseContext *context);
  VireoPostParseFeatures features;
  guint32 mac_prefix;
} VireoPostParseOps;

/* For callbacks: say what is wrong, and return the outcome that follows:
 *   return vireo_post_parse_missing (context, "missing-emulator", path, "%s is not there",
 *                                    path); */
VireoPostParseOutcome vireo_post_parse_missing (VireoPostParseContext *context, const char *code,
                                                const char *resource, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
/* @code: what begins with "unsupported" ends as ConfigUnsupported, all else as XmlInvalid. */
VireoPostParseOutcome vireo_post_parse_invalid (VireoPostParseContext *context, const char *code,
                                                const char *format, ...) G_GNUC_PRINTF (3, 4);

/**
 * vireo_post_parse_run:
 * @def: (inout): the definition; completed on success, replaced by one that is equal to what it was
 *   otherwise
 * @ops: the driver's callbacks
 * @driver_data: handed to them
 * @existing: whether it is the definition of a domain that exists already
 * @flags: with %VIREO_PARSE_ALLOW_POST_PARSE_FAIL, failures for now in the driver's phases are no
 *   error
 * @ret_problems: (out) (transfer full) (nullable) (element-type VireoProblem): what failed for now,
 *   for every device; %NULL when all was done
 * @error: MissingResource, XmlInvalid or ConfigUnsupported
 *
 * Runs the pipeline on @def.
 *
 * Returns: %FALSE with @error. %TRUE with @ret_problems set means: allowed to fail, and did; @def
 *   says exactly what it said
 * Since: 0.1
 */
gboolean vireo_post_parse_run (VireoDomainDef **def, const VireoPostParseOps *ops,
                               gpointer driver_data, gboolean existing, VireoParseFlags flags,
                               GPtrArray **ret_problems, GError **error);

/* What names of our own files in the folder of a pool begin with: they are no volumes. */
#define VIREO_VOLUME_HIDDEN ".vireo-"
gboolean vireo_volume_name_is_valid (const char *name);
void vireo_storage_pool_def_complete_name (VireoStoragePoolDef *def);
const char *const *vireo_volume_formats (VireoPoolType type);

G_END_DECLS
