/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Devices that come, go and change. */

#include "vireo-domain-edit-private.h"

static const char *
mac_of (gconstpointer device)
{
  const VireoInterfaceDef *interface = device;

  return interface->mac != NULL ? interface->mac->address : NULL;
}

static const char *
target_of (gconstpointer device)
{
  const VireoDiskDef *disk = device;

  return disk->target != NULL ? disk->target->dev : NULL;
}

/* What tells devices of a kind apart, where there is such a thing. */
static const char *(*const key_of[VIREO_DEVICE_N_KINDS]) (gconstpointer device) = {
  [VIREO_DEVICE_DISK] = target_of,
  [VIREO_DEVICE_INTERFACE] = mac_of,
};

/* Devices of what runs have an alias each; in other definitions only those to which their user gave
 * one, which tells nothing of the rest: what was copied out of the one is found in the other. */
static const char *
telling_alias (VireoDeviceKind kind, gconstpointer wanted, gconstpointer device)
{
  const char *alias = vireo_device_get_alias (kind, wanted);

  if (alias == NULL || g_str_has_prefix (alias, "ua-")
      || vireo_device_get_alias (kind, device) != NULL)
    return alias;
  return NULL;
}

static gboolean
matches (VireoDeviceKind kind, gconstpointer wanted, gconstpointer device)
{
  const char *alias = telling_alias (kind, wanted, device);
  const VireoAddressDef *address = vireo_device_get_address (kind, wanted);
  const char *key = key_of[kind] != NULL ? key_of[kind](wanted) : NULL;

  if (alias != NULL && g_strcmp0 (alias, vireo_device_get_alias (kind, device)) != 0)
    return FALSE;
  if (key != NULL)
    return g_strcmp0 (key, key_of[kind](device)) == 0;
  if (alias != NULL)
    return TRUE;
  if (address != NULL && address->type != VIREO_ADDRESS_TYPE_UNSET)
    return vireo_device_get_address (kind, device) != NULL
           && vireo_address_def_equal (address, vireo_device_get_address (kind, device));
  return vireo_device_has_all (kind, wanted, device);
}

/**
 * vireo_domain_edit_find_device:
 * @def: a domain
 * @kind: a kind of device
 * @device: a device of that kind, of which as much is written as tells it from the others: a disk's
 *   target, an interface's MAC address, an alias or an address, or anything else
 * @ret_index: (out): its place among its kind
 * @error: NotFound, or InvalidArgument when several match
 *
 * Returns: whether there is exactly one such device
 * Since: 0.1
 */
gboolean
vireo_domain_edit_find_device (const VireoDomainDef *def,
                               VireoDeviceKind kind,
                               gconstpointer device,
                               guint *ret_index,
                               GError **error)
{
  guint n_found = 0, found = 0;

  for (guint i = 0; i < vireo_domain_def_n_devices (def, kind); i++)
    if (matches (kind, device, vireo_domain_def_get_device (def, kind, i)))
      {
        found = i;
        n_found++;
      }
  if (n_found == 1)
    {
      *ret_index = found;
      return TRUE;
    }
  if (n_found == 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no such %s",
                 vireo_device_kind_to_string (kind));
  else
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "%u devices match: say which %s by its alias or address", n_found,
                 vireo_device_kind_to_string (kind));
  return FALSE;
}

/**
 * vireo_domain_edit_find_alias:
 * @def: a domain
 * @alias: an alias
 * @ret_kind: (out): what has it
 * @ret_index: (out): its place among its kind
 * @error: NotFound
 *
 * Returns: whether there is such a device
 * Since: 0.1
 */
gboolean
vireo_domain_edit_find_alias (const VireoDomainDef *def,
                              const char *alias,
                              VireoDeviceKind *ret_kind,
                              guint *ret_index,
                              GError **error)
{
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    if (g_strcmp0 (alias, vireo_device_get_alias (iter.kind, iter.device)) == 0)
      {
        *ret_kind = iter.kind;
        *ret_index = iter.index;
        return TRUE;
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
               "the domain has no device with the alias \"%s\"", alias);
  return FALSE;
}

static gpointer
parse (const VireoDomainEdit *edit, VireoDeviceKind *ret_kind, GError **error)
{
  const char *text;

  g_variant_get_child (edit->args, 0, "&s", &text);
  return vireo_device_parse (text, VIREO_PARSE_NONE, ret_kind, error);
}

/* ---- attach ---- */

static gboolean
is_only_one (VireoDeviceKind kind)
{
  return kind == VIREO_DEVICE_MEMBALLOON || kind == VIREO_DEVICE_NVRAM || kind == VIREO_DEVICE_IOMMU
         || kind == VIREO_DEVICE_VSOCK;
}

static gboolean
check_new (const VireoDomainDef *def, VireoDeviceKind kind, gconstpointer device, GError **error)
{
  const char *key = key_of[kind] != NULL ? key_of[kind](device) : NULL;
  const char *alias = vireo_device_get_alias (kind, device);
  VireoDeviceIter iter;

  if (is_only_one (kind) && vireo_domain_def_n_devices (def, kind) > 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "the domain has its %s already, and can have one only",
                   vireo_device_kind_to_string (kind));
      return FALSE;
    }
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      gboolean same_key
          = iter.kind == kind && key != NULL && g_strcmp0 (key, key_of[kind](iter.device)) == 0;
      gboolean same_alias
          = alias != NULL
            && g_strcmp0 (alias, vireo_device_get_alias (iter.kind, iter.device)) == 0;

      if (!same_key && !same_alias)
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the domain has a %s %s already", vireo_device_kind_to_string (iter.kind),
                   same_key ? key : alias);
      return FALSE;
    }
  return TRUE;
}

gboolean
_vireo_edit_attach (const VireoDomainEdit *edit, VireoDomainDef *def, gboolean live, GError **error)
{
  VireoDeviceKind kind;
  gpointer device = parse (edit, &kind, error);

  if (device == NULL)
    return FALSE;
  if (!check_new (def, kind, device, error))
    {
      vireo_device_free (kind, device);
      return FALSE;
    }
  vireo_domain_def_add_device (def, kind, device);
  return TRUE;
}

/* ---- detach ---- */

gboolean
_vireo_edit_detach (const VireoDomainEdit *edit, VireoDomainDef *def, gboolean live, GError **error)
{
  VireoDeviceKind kind;
  gpointer device = parse (edit, &kind, error);
  gboolean found;
  guint index = 0;

  if (device == NULL)
    return FALSE;
  found = vireo_domain_edit_find_device (def, kind, device, &index, error);
  vireo_device_free (kind, device);
  if (found)
    vireo_device_free (kind, vireo_domain_def_remove_device (def, kind, index));
  return found;
}

gboolean
_vireo_edit_detach_alias (const VireoDomainEdit *edit,
                          VireoDomainDef *def,
                          gboolean live,
                          GError **error)
{
  VireoDeviceKind kind = VIREO_DEVICE_DISK;
  const char *alias;
  guint index = 0;

  g_variant_get_child (edit->args, 0, "&s", &alias);
  if (!vireo_domain_edit_find_alias (def, alias, &kind, &index, error))
    return FALSE;
  vireo_device_free (kind, vireo_domain_def_remove_device (def, kind, index));
  return TRUE;
}

/* ---- update ---- */

/* What a running guest's device keeps, though it is not written again. */
static void
keep_identity (VireoDeviceKind kind, gpointer device, gconstpointer old)
{
  VireoAddressDef **place = vireo_device_get_address_place (kind, device);
  const VireoAddressDef *address = vireo_device_get_address (kind, old);

  if (vireo_device_get_alias (kind, device) == NULL)
    vireo_device_set_alias (kind, device, vireo_device_get_alias (kind, old));
  if (place != NULL && *place == NULL && address != NULL)
    *place = vireo_address_def_copy (address);
  if (kind == VIREO_DEVICE_INTERFACE)
    {
      VireoInterfaceDef *interface = device;
      const VireoInterfaceDef *before = old;

      if (interface->model == NULL)
        interface->model = g_strdup (before->model);
      if (interface->target == NULL && before->target != NULL)
        interface->target = vireo_interface_target_def_copy (before->target);
    }
}

/* A medium can be changed where it can be taken out; of a fixed disk everything else can. */
static gboolean
check_medium (const VireoDiskDef *old, const VireoDiskDef *disk, GError **error)
{
  gboolean removable
      = old->device == VIREO_DISK_DEVICE_CDROM || old->device == VIREO_DISK_DEVICE_FLOPPY;
  gboolean same = old->source == NULL || disk->source == NULL
                      ? old->source == disk->source
                      : vireo_disk_source_def_equal (old->source, disk->source);

  if (removable || same)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
               "the disk %s has no removable medium, so its source cannot change while the guest "
               "runs",
               old->target->dev);
  return FALSE;
}

gboolean
_vireo_edit_update (const VireoDomainEdit *edit, VireoDomainDef *def, gboolean live, GError **error)
{
  g_autoptr (VireoDomainDef) before = live ? vireo_domain_def_copy (def) : NULL;
  VireoDeviceKind kind;
  gpointer device = parse (edit, &kind, error);
  gpointer old;
  guint index = 0;

  if (device == NULL)
    return FALSE;
  if (!vireo_domain_edit_find_device (def, kind, device, &index, error))
    {
      vireo_device_free (kind, device);
      return FALSE;
    }
  old = vireo_domain_def_get_device (def, kind, index);
  if (live && kind == VIREO_DEVICE_DISK && !check_medium (old, device, error))
    {
      vireo_device_free (kind, device);
      return FALSE;
    }
  keep_identity (kind, device, old);
  vireo_domain_def_replace_device (def, kind, index, device);
  return !live || vireo_doc_check_abi (vireo_doc_kind_find ("domain"), before, def, error);
}
