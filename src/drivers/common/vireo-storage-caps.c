/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-storage-caps.h"

static gboolean
is_in (const VireoPoolType *types, VireoPoolType type)
{
  for (; *types != VIREO_POOL_TYPE_UNSET; types++)
    if (*types == type)
      return TRUE;
  return FALSE;
}

static gboolean
has_files (VireoPoolType type)
{
  return type == VIREO_POOL_TYPE_DIR || type == VIREO_POOL_TYPE_FS || type == VIREO_POOL_TYPE_NETFS
         || type == VIREO_POOL_TYPE_VSTORAGE;
}

static void
add_formats (GString *xml, const char *const *formats)
{
  g_string_append_printf (xml,
                          "    <volOptions>\n"
                          "      <defaultFormat type='%s'/>\n"
                          "      <enum name='targetFormatType'>\n",
                          formats[0]);
  for (; *formats != NULL; formats++)
    g_string_append_printf (xml, "        <value>%s</value>\n", *formats);
  g_string_append (xml, "      </enum>\n"
                        "    </volOptions>\n");
}

/**
 * vireo_storage_capabilities_format:
 * @types: those that there can be, ending with %VIREO_POOL_TYPE_UNSET
 * @formats: (nullable): of volumes in folders, the default one first
 *
 * Returns: (transfer full): the document
 * Since: 0.1
 */
char *
vireo_storage_capabilities_format (const VireoPoolType *types, const char *const *formats)
{
  g_autoptr (GString) xml = g_string_new ("<storagepoolCapabilities>\n");

  for (guint type = VIREO_POOL_TYPE_UNSET + 1; type < VIREO_POOL_TYPE_N_VALUES; type++)
    {
      gboolean supported = is_in (types, (VireoPoolType) type);
      gboolean more = supported && has_files ((VireoPoolType) type) && formats != NULL;

      g_string_append_printf (xml, "  <pool type='%s' supported='%s'%s>\n",
                              vireo_pool_type_to_string ((VireoPoolType) type),
                              supported ? "yes" : "no", more ? "" : "/");
      if (!more)
        continue;
      add_formats (xml, formats);
      g_string_append (xml, "  </pool>\n");
    }
  g_string_append (xml, "</storagepoolCapabilities>\n");
  return g_string_free (g_steal_pointer (&xml), FALSE);
}
