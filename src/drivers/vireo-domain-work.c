/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-work.h"

static const char *const dump_formats[] = {
  [VIREO_DOMAIN_DUMP_FORMAT_RAW] = "raw",
  [VIREO_DOMAIN_DUMP_FORMAT_KDUMP_ZLIB] = "kdump-zlib",
  [VIREO_DOMAIN_DUMP_FORMAT_KDUMP_LZO] = "kdump-lzo",
  [VIREO_DOMAIN_DUMP_FORMAT_KDUMP_SNAPPY] = "kdump-snappy",
  [VIREO_DOMAIN_DUMP_FORMAT_WIN_DMP] = "win-dmp",
};

/**
 * vireo_domain_dump_format_to_string:
 * @format: a format
 *
 * Returns: (transfer none): its name on the bus
 * Since: 0.1
 */
const char *
vireo_domain_dump_format_to_string (VireoDomainDumpFormat format)
{
  g_return_val_if_fail ((guint) format < G_N_ELEMENTS (dump_formats), "raw");
  return dump_formats[format];
}

/**
 * vireo_domain_dump_format_from_string:
 * @string: a name
 * @ret_format: (out): the format
 *
 * Returns: whether there is a format with that name
 * Since: 0.1
 */
gboolean
vireo_domain_dump_format_from_string (const char *string, VireoDomainDumpFormat *ret_format)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dump_formats); i++)
    if (g_strcmp0 (string, dump_formats[i]) == 0)
      {
        *ret_format = (VireoDomainDumpFormat) i;
        return TRUE;
      }
  return FALSE;
}
