/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Public: installed with the client library. Codes are only ever added, at the end. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VIREO_ERROR:
 *
 * The one error domain. Each code has a D-Bus name below `org.vireo.Vireo1.Error.`, such as
 * `org.vireo.Vireo1.Error.NotAuthorized`.
 *
 * Since: 0.1
 */
#define VIREO_ERROR (vireo_error_quark ())

/**
 * VireoError:
 * @VIREO_ERROR_FAILED: a defect of ours or something that has no code of its own
 * @VIREO_ERROR_INVALID_ARGUMENT: an argument is out of range or of the wrong form
 * @VIREO_ERROR_INVALID_OPTION: an options dictionary has an unknown key or a value of a wrong type
 * @VIREO_ERROR_XML_MALFORMED: text that is not XML
 * @VIREO_ERROR_XML_INVALID: XML that breaks the format: wrong element, value, or one
 *   that is missing
 * @VIREO_ERROR_CONFIG_UNSUPPORTED: valid, but this hypervisor or host cannot do it
 * @VIREO_ERROR_LIMIT_EXCEEDED: larger, deeper or more than is accepted
 * @VIREO_ERROR_NOT_AUTHORIZED: polkit refused the caller
 * @VIREO_ERROR_AUTH_DISMISSED: the caller closed the authentication dialog
 * @VIREO_ERROR_UNKNOWN_OBJECT: no such object, or none that the caller may read
 * @VIREO_ERROR_NOT_FOUND: a look-up found nothing, or nothing that the caller may read
 * @VIREO_ERROR_NAME_IN_USE: the name belongs to another object
 * @VIREO_ERROR_UUID_IN_USE: the UUID belongs to another object
 * @VIREO_ERROR_INVALID_STATE: the object's state does not allow the operation
 * @VIREO_ERROR_BUSY: somebody else uses it, or a job is in the way
 * @VIREO_ERROR_CANCELLED: the operation was cancelled
 * @VIREO_ERROR_TIMED_OUT: the operation took too long
 * @VIREO_ERROR_NOT_SUPPORTED: the driver does not have the operation
 * @VIREO_ERROR_MISSING_RESOURCE: the host lacks something for now (an emulator, a device)
 * @VIREO_ERROR_HYPERVISOR: the hypervisor refused; the message says what it said
 * @VIREO_ERROR_HYPERVISOR_UNRESPONSIVE: the hypervisor does not answer
 * @VIREO_ERROR_HYPERVISOR_DIED: the hypervisor's process ended
 * @VIREO_ERROR_NO_SPACE: a file system is full
 * @VIREO_ERROR_IO: reading or writing failed
 * @VIREO_ERROR_ACCESS: the operating system refused access
 * @VIREO_ERROR_QUOTA_EXCEEDED: the caller has as much of it as is allowed
 * @VIREO_ERROR_NETWORK: a bridge, interface, firewall rule or address could not be set up
 * @VIREO_ERROR_UNPARSABLE: the definition on disk cannot be parsed
 * @VIREO_ERROR_ABI_MISMATCH: two definitions differ in what the guest sees
 * @VIREO_ERROR_INTERRUPTED: the service ended in the middle of the work, which could not go on
 *   without it
 *
 * What went wrong.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_ERROR_FAILED,
  VIREO_ERROR_INVALID_ARGUMENT,
  VIREO_ERROR_INVALID_OPTION,
  VIREO_ERROR_XML_MALFORMED,
  VIREO_ERROR_XML_INVALID,
  VIREO_ERROR_CONFIG_UNSUPPORTED,
  VIREO_ERROR_LIMIT_EXCEEDED,
  VIREO_ERROR_NOT_AUTHORIZED,
  VIREO_ERROR_AUTH_DISMISSED,
  VIREO_ERROR_UNKNOWN_OBJECT,
  VIREO_ERROR_NOT_FOUND,
  VIREO_ERROR_NAME_IN_USE,
  VIREO_ERROR_UUID_IN_USE,
  VIREO_ERROR_INVALID_STATE,
  VIREO_ERROR_BUSY,
  VIREO_ERROR_CANCELLED,
  VIREO_ERROR_TIMED_OUT,
  VIREO_ERROR_NOT_SUPPORTED,
  VIREO_ERROR_MISSING_RESOURCE,
  VIREO_ERROR_HYPERVISOR,
  VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
  VIREO_ERROR_HYPERVISOR_DIED,
  VIREO_ERROR_NO_SPACE,
  VIREO_ERROR_IO,
  VIREO_ERROR_ACCESS,
  VIREO_ERROR_QUOTA_EXCEEDED,
  VIREO_ERROR_NETWORK,
  VIREO_ERROR_UNPARSABLE,
  VIREO_ERROR_ABI_MISMATCH,
  VIREO_ERROR_INTERRUPTED,
} VireoError;

/**
 * vireo_error_quark:
 *
 * Gives the quark of %VIREO_ERROR, and sees to it that replies with these errors come with their
 * codes.
 *
 * Returns: the quark
 * Since: 0.1
 */
GQuark vireo_error_quark (void);

G_END_DECLS
