/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What describes a domain, and what becomes of it. */

#include <string.h>

#include "conf/vireo-metadata.h"
#include "vireo-domain-edit-private.h"

/* Titles are shown in lists: they have one line. */
static gboolean
set_text (char **place, const char *value, gboolean one_line, GError **error)
{
  char *copy = *value != '\0' ? g_strdup (value) : NULL;

  if (one_line && strchr (value, '\n') != NULL)
    {
      g_free (copy);
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "a title has one line only");
      return FALSE;
    }
  g_free (*place);
  *place = copy;
  return TRUE;
}

static gboolean
refuse_type (const char *type, GError **error)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "metadata is title, description or element, not \"%.100s\"", type);
  return FALSE;
}

gboolean
_vireo_edit_metadata (const VireoDomainEdit *edit,
                      VireoDomainDef *def,
                      gboolean live,
                      GError **error)
{
  const char *type, *value, *key, *uri;

  g_variant_get_child (edit->args, 0, "&s", &type);
  g_variant_get_child (edit->args, 1, "&s", &value);
  g_variant_get_child (edit->args, 2, "&s", &key);
  g_variant_get_child (edit->args, 3, "&s", &uri);
  if (g_str_equal (type, "title"))
    return set_text (&def->title, value, TRUE, error);
  if (g_str_equal (type, "description"))
    return set_text (&def->description, value, FALSE, error);
  if (g_str_equal (type, "element"))
    return vireo_metadata_set (&def->metadata, uri, key, *value != '\0' ? value : NULL, error);
  return refuse_type (type, error);
}

/**
 * vireo_domain_view_metadata:
 * @def: a domain
 * @type: `title`, `description` or `element`
 * @uri: the namespace of the element
 * @error: InvalidArgument, NotFound
 *
 * Returns: (transfer full) (nullable): the text
 * Since: 0.1
 */
char *
vireo_domain_view_metadata (const VireoDomainDef *def,
                            const char *type,
                            const char *uri,
                            GError **error)
{
  char *text = NULL;

  if (g_str_equal (type, "title"))
    text = g_strdup (def->title);
  else if (g_str_equal (type, "description"))
    text = g_strdup (def->description);
  else if (g_str_equal (type, "element"))
    text = vireo_metadata_get (def->metadata, uri);
  else if (!refuse_type (type, error))
    return NULL;
  if (text == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no such %s", type);
  return text;
}

gboolean
_vireo_edit_lifecycle (const VireoDomainEdit *edit,
                       VireoDomainDef *def,
                       gboolean live,
                       GError **error)
{
  const struct
  {
    const char *event;
    VireoLifecycleAction *place;
    gboolean dumps;
  } rows[] = {
    { "poweroff", &def->on_poweroff, FALSE },
    { "reboot", &def->on_reboot, FALSE },
    { "crash", &def->on_crash, TRUE },
  };
  const char *event, *name;
  VireoLifecycleAction action;

  g_variant_get_child (edit->args, 0, "&s", &event);
  g_variant_get_child (edit->args, 1, "&s", &name);
  action = vireo_lifecycle_action_from_string (name);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (event, rows[i].event) && action != VIREO_LIFECYCLE_ACTION_UNSET
        && (rows[i].dumps || action < VIREO_LIFECYCLE_ACTION_COREDUMP_DESTROY))
      {
        *rows[i].place = action;
        return TRUE;
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "\"%.100s\" cannot follow on \"%.100s\"", name, event);
  return FALSE;
}

/**
 * vireo_domain_view_taints:
 * @def: a domain
 * @messages: a builder of "as"
 *
 * Adds a sentence for each thing about @def that its hypervisor's and our maintainers cannot answer
 * for.
 *
 * Since: 0.1
 */
void
vireo_domain_view_taints (const VireoDomainDef *def, GVariantBuilder *messages)
{
  const struct
  {
    gboolean holds;
    const char *message;
  } rows[] = {
    { def->qemu_commandline != NULL || def->bhyve_commandline != NULL
          || def->xen_commandline != NULL,
      "tainted: custom arguments for the hypervisor" },
    { def->qemu_capabilities != NULL, "tainted: capabilities of the hypervisor were overridden" },
    { def->qemu_override != NULL, "tainted: properties of devices were overridden" },
    { def->cpu != NULL && def->cpu->mode == VIREO_CPU_MODE_HOST_PASSTHROUGH,
      "tainted: the guest sees the host's processor" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].holds)
      g_variant_builder_add (messages, "s", rows[i].message);
}
