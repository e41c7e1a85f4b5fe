/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-error.h"

#include <errno.h>
#include <gio/gio.h>

static const GDBusErrorEntry entries[] = {
  { VIREO_ERROR_FAILED, VIREO_ERROR_DBUS_PREFIX "Failed" },
  { VIREO_ERROR_INVALID_ARGUMENT, VIREO_ERROR_DBUS_PREFIX "InvalidArgument" },
  { VIREO_ERROR_INVALID_OPTION, VIREO_ERROR_DBUS_PREFIX "InvalidOption" },
  { VIREO_ERROR_XML_MALFORMED, VIREO_ERROR_DBUS_PREFIX "XmlMalformed" },
  { VIREO_ERROR_XML_INVALID, VIREO_ERROR_DBUS_PREFIX "XmlInvalid" },
  { VIREO_ERROR_CONFIG_UNSUPPORTED, VIREO_ERROR_DBUS_PREFIX "ConfigUnsupported" },
  { VIREO_ERROR_LIMIT_EXCEEDED, VIREO_ERROR_DBUS_PREFIX "LimitExceeded" },
  { VIREO_ERROR_NOT_AUTHORIZED, VIREO_ERROR_DBUS_PREFIX "NotAuthorized" },
  { VIREO_ERROR_AUTH_DISMISSED, VIREO_ERROR_DBUS_PREFIX "AuthDismissed" },
  { VIREO_ERROR_UNKNOWN_OBJECT, VIREO_ERROR_DBUS_PREFIX "UnknownObject" },
  { VIREO_ERROR_NOT_FOUND, VIREO_ERROR_DBUS_PREFIX "NotFound" },
  { VIREO_ERROR_NAME_IN_USE, VIREO_ERROR_DBUS_PREFIX "NameInUse" },
  { VIREO_ERROR_UUID_IN_USE, VIREO_ERROR_DBUS_PREFIX "UuidInUse" },
  { VIREO_ERROR_INVALID_STATE, VIREO_ERROR_DBUS_PREFIX "InvalidState" },
  { VIREO_ERROR_BUSY, VIREO_ERROR_DBUS_PREFIX "Busy" },
  { VIREO_ERROR_CANCELLED, VIREO_ERROR_DBUS_PREFIX "Cancelled" },
  { VIREO_ERROR_TIMED_OUT, VIREO_ERROR_DBUS_PREFIX "TimedOut" },
  { VIREO_ERROR_NOT_SUPPORTED, VIREO_ERROR_DBUS_PREFIX "NotSupported" },
  { VIREO_ERROR_MISSING_RESOURCE, VIREO_ERROR_DBUS_PREFIX "MissingResource" },
  { VIREO_ERROR_HYPERVISOR, VIREO_ERROR_DBUS_PREFIX "Hypervisor" },
  { VIREO_ERROR_HYPERVISOR_UNRESPONSIVE, VIREO_ERROR_DBUS_PREFIX "HypervisorUnresponsive" },
  { VIREO_ERROR_HYPERVISOR_DIED, VIREO_ERROR_DBUS_PREFIX "HypervisorDied" },
  { VIREO_ERROR_NO_SPACE, VIREO_ERROR_DBUS_PREFIX "NoSpace" },
  { VIREO_ERROR_IO, VIREO_ERROR_DBUS_PREFIX "Io" },
  { VIREO_ERROR_ACCESS, VIREO_ERROR_DBUS_PREFIX "Access" },
  { VIREO_ERROR_QUOTA_EXCEEDED, VIREO_ERROR_DBUS_PREFIX "QuotaExceeded" },
  { VIREO_ERROR_NETWORK, VIREO_ERROR_DBUS_PREFIX "Network" },
  { VIREO_ERROR_UNPARSABLE, VIREO_ERROR_DBUS_PREFIX "Unparsable" },
  { VIREO_ERROR_ABI_MISMATCH, VIREO_ERROR_DBUS_PREFIX "AbiMismatch" },
  { VIREO_ERROR_INTERRUPTED, VIREO_ERROR_DBUS_PREFIX "Interrupted" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == VIREO_ERROR_N_CODES);

static const struct
{
  int number;
  VireoError code;
} errno_codes[] = {
  { ENOSPC, VIREO_ERROR_NO_SPACE },
  { EDQUOT, VIREO_ERROR_NO_SPACE },
  { EACCES, VIREO_ERROR_ACCESS },
  { EPERM, VIREO_ERROR_ACCESS },
  { EROFS, VIREO_ERROR_ACCESS },
  { ENOENT, VIREO_ERROR_MISSING_RESOURCE },
  { ENODEV, VIREO_ERROR_MISSING_RESOURCE },
  { ENXIO, VIREO_ERROR_MISSING_RESOURCE },
  { EBUSY, VIREO_ERROR_BUSY },
  { ETXTBSY, VIREO_ERROR_BUSY },
  { EADDRINUSE, VIREO_ERROR_BUSY },
  { ETIMEDOUT, VIREO_ERROR_TIMED_OUT },
  { ECANCELED, VIREO_ERROR_CANCELLED },
  { EINVAL, VIREO_ERROR_INVALID_ARGUMENT },
  { ENAMETOOLONG, VIREO_ERROR_INVALID_ARGUMENT },
  { EOPNOTSUPP, VIREO_ERROR_NOT_SUPPORTED },
};

/* GIO's codes, for vireo_error_translate (). */
static const struct
{
  GIOErrorEnum io;
  VireoError code;
} io_codes[] = {
  { G_IO_ERROR_NO_SPACE, VIREO_ERROR_NO_SPACE },
  { G_IO_ERROR_PERMISSION_DENIED, VIREO_ERROR_ACCESS },
  { G_IO_ERROR_READ_ONLY, VIREO_ERROR_ACCESS },
  { G_IO_ERROR_NOT_FOUND, VIREO_ERROR_MISSING_RESOURCE },
  { G_IO_ERROR_BUSY, VIREO_ERROR_BUSY },
  { G_IO_ERROR_ADDRESS_IN_USE, VIREO_ERROR_BUSY },
  { G_IO_ERROR_TIMED_OUT, VIREO_ERROR_TIMED_OUT },
  { G_IO_ERROR_CANCELLED, VIREO_ERROR_CANCELLED },
  { G_IO_ERROR_NOT_SUPPORTED, VIREO_ERROR_NOT_SUPPORTED },
};

GQuark
vireo_error_quark (void)
{
  static gsize quark = 0;

  g_dbus_error_register_error_domain ("vireo-error-quark", &quark, entries, G_N_ELEMENTS (entries));
  return (GQuark) quark;
}

/**
 * vireo_error_dbus_name:
 * @error: any error
 *
 * Gives the D-Bus name under which @error is sent to a caller.
 *
 * Returns: (transfer none): a name, never %NULL
 * Since: 0.1
 */
const char *
vireo_error_dbus_name (const GError *error)
{
  if (error->domain == VIREO_ERROR && error->code >= 0 && error->code < VIREO_ERROR_N_CODES)
    return entries[error->code].dbus_error_name;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return entries[VIREO_ERROR_CANCELLED].dbus_error_name;
  return entries[VIREO_ERROR_FAILED].dbus_error_name;
}

/**
 * vireo_error_from_errno:
 * @saved_errno: a value of errno
 *
 * Returns: the code that says the same; %VIREO_ERROR_IO for what has none of its own
 * Since: 0.1
 */
VireoError
vireo_error_from_errno (int saved_errno)
{
  for (gsize i = 0; i < G_N_ELEMENTS (errno_codes); i++)
    if (errno_codes[i].number == saved_errno)
      return errno_codes[i].code;
  return VIREO_ERROR_IO;
}

/**
 * vireo_error_set_errno:
 * @error: (nullable): where to put the error
 * @saved_errno: a value of errno
 * @format: what was tried, such as "cannot open %s"; the system's text is put behind it
 * @...: arguments of @format
 *
 * Sets an error that says what was tried and why the system refused.
 *
 * Since: 0.1
 */
void
vireo_error_set_errno (GError **error, int saved_errno, const char *format, ...)
{
  g_autofree char *tried = NULL;
  va_list args;

  va_start (args, format);
  tried = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, VIREO_ERROR, vireo_error_from_errno (saved_errno), "%s: %s", tried,
               g_strerror (saved_errno));
}

/**
 * vireo_error_translate:
 * @error: (nullable) (inout): an error of any domain, or %NULL
 * @format: what was tried; it goes before the text of @error
 * @...: arguments of @format
 *
 * Turns an error of GIO or another library into one of ours, and says what was being done. An error
 * that is ours already keeps its code.
 *
 * Since: 0.1
 */
void
vireo_error_translate (GError **error, const char *format, ...)
{
  g_autofree char *tried = NULL;
  int code = VIREO_ERROR_FAILED;
  GError *ours;
  va_list args;

  if (error == NULL || *error == NULL)
    return;

  va_start (args, format);
  tried = g_strdup_vprintf (format, args);
  va_end (args);

  if ((*error)->domain == VIREO_ERROR)
    code = (*error)->code;
  for (gsize i = 0; i < G_N_ELEMENTS (io_codes); i++)
    if (g_error_matches (*error, G_IO_ERROR, (int) io_codes[i].io))
      code = io_codes[i].code;

  ours = g_error_new (VIREO_ERROR, code, "%s: %s", tried, (*error)->message);
  g_clear_error (error);
  *error = ours;
}
