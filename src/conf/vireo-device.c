/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all devices of a domain have, whatever they are. */
#include "vireo-schema.h"
#include "vireo-xml.h"

#define AT(base, offset, type) (*(type *) ((guint8 *) (base) + (offset)))

/**
 * vireo_device_kind_to_string:
 * @kind: a kind
 *
 * Returns: (transfer none): the name of the element, such as "disk"
 * Since: 0.1
 */
const char *
vireo_device_kind_to_string (VireoDeviceKind kind)
{
  g_return_val_if_fail (kind < VIREO_DEVICE_N_KINDS, NULL);
  return vireo_schema_name (vireo_schema_devices[kind].name);
}

/**
 * vireo_device_kind_from_string:
 * @name: the name of an element
 *
 * Returns: the kind, or %VIREO_DEVICE_N_KINDS when no device is called so
 * Since: 0.1
 */
VireoDeviceKind
vireo_device_kind_from_string (const char *name)
{
  for (guint kind = 0; kind < VIREO_DEVICE_N_KINDS; kind++)
    if (g_str_equal (name, vireo_schema_name (vireo_schema_devices[kind].name)))
      return kind;
  return VIREO_DEVICE_N_KINDS;
}

/**
 * vireo_domain_def_n_devices:
 * @def: a domain
 * @kind: a kind of device
 *
 * Returns: how many devices of that kind there are
 * Since: 0.1
 */
guint
vireo_domain_def_n_devices (const VireoDomainDef *def, VireoDeviceKind kind)
{
  const VireoSchemaDevice *desc = &vireo_schema_devices[kind];

  if (desc->count_offset == VIREO_SCHEMA_NO_OFFSET)
    return AT (def, desc->offset, gpointer) != NULL;
  return AT (def, desc->count_offset, guint);
}

/**
 * vireo_domain_def_get_device:
 * @def: a domain
 * @kind: a kind of device
 * @index: which, from 0; less than vireo_domain_def_n_devices()
 *
 * Returns: (transfer none): the device's struct, such as a #VireoDiskDef
 * Since: 0.1
 */
gpointer
vireo_domain_def_get_device (const VireoDomainDef *def, VireoDeviceKind kind, guint index)
{
  const VireoSchemaDevice *desc = &vireo_schema_devices[kind];

  g_return_val_if_fail (index < vireo_domain_def_n_devices (def, kind), NULL);
  if (desc->count_offset == VIREO_SCHEMA_NO_OFFSET)
    return AT (def, desc->offset, gpointer);
  return AT (def, desc->offset, gpointer *)[index];
}

/**
 * vireo_domain_def_add_device:
 * @def: a domain
 * @kind: a kind of device
 * @device: (transfer full): its struct
 *
 * Appends @device. A kind of which a domain has only one is replaced.
 *
 * Since: 0.1
 */
void
vireo_domain_def_add_device (VireoDomainDef *def, VireoDeviceKind kind, gpointer device)
{
  const VireoSchemaDevice *desc = &vireo_schema_devices[kind];

  if (desc->count_offset == VIREO_SCHEMA_NO_OFFSET)
    {
      vireo_schema_free (desc->schema, AT (def, desc->offset, gpointer));
      AT (def, desc->offset, gpointer) = device;
      return;
    }
  vireo_schema_append (&AT (def, desc->offset, gpointer *), &AT (def, desc->count_offset, guint),
                       device);
}

/**
 * vireo_domain_def_remove_device:
 * @def: a domain
 * @kind: a kind of device
 * @index: which, from 0
 *
 * Takes a device out; the order of the others stays.
 *
 * Returns: (transfer full): the device, to be freed with vireo_device_free()
 * Since: 0.1
 */
gpointer
vireo_domain_def_remove_device (VireoDomainDef *def, VireoDeviceKind kind, guint index)
{
  const VireoSchemaDevice *desc = &vireo_schema_devices[kind];
  gpointer device = vireo_domain_def_get_device (def, kind, index);
  gpointer *list;

  if (desc->count_offset == VIREO_SCHEMA_NO_OFFSET)
    {
      AT (def, desc->offset, gpointer) = NULL;
      return device;
    }
  list = AT (def, desc->offset, gpointer *);
  for (guint i = index + 1; i < AT (def, desc->count_offset, guint); i++)
    list[i - 1] = list[i];
  if (--AT (def, desc->count_offset, guint) == 0)
    g_clear_pointer (&AT (def, desc->offset, gpointer *), g_free);
  return device;
}

/**
 * vireo_device_iter_init:
 * @iter: (out caller-allocates): an iterator
 * @def: a domain that does not lose or gain devices meanwhile
 *
 * Since: 0.1
 */
void
vireo_device_iter_init (VireoDeviceIter *iter, const VireoDomainDef *def)
{
  *iter = (VireoDeviceIter){ .def = def };
}

/**
 * vireo_device_iter_next:
 * @iter: an iterator
 *
 * Goes to the next device, in the order in which they are printed: kind, index and device are then
 * in @iter.
 *
 * Returns: %FALSE when there is no more
 * Since: 0.1
 */
gboolean
vireo_device_iter_next (VireoDeviceIter *iter)
{
  if (iter->device != NULL)
    iter->index++;
  while (iter->kind < VIREO_DEVICE_N_KINDS)
    {
      if (iter->index < vireo_domain_def_n_devices (iter->def, iter->kind))
        {
          iter->device = vireo_domain_def_get_device (iter->def, iter->kind, iter->index);
          return TRUE;
        }
      iter->kind++;
      iter->index = 0;
    }
  iter->device = NULL;
  return FALSE;
}

/**
 * vireo_device_get_alias:
 * @kind: a kind of device
 * @device: a device of that kind
 *
 * Returns: (transfer none) (nullable): the alias
 * Since: 0.1
 */
const char *
vireo_device_get_alias (VireoDeviceKind kind, gconstpointer device)
{
  guint16 offset = vireo_schema_devices[kind].alias_offset;

  return offset == VIREO_SCHEMA_NO_OFFSET ? NULL : AT (device, offset, const char *);
}

/**
 * vireo_device_set_alias:
 * @kind: a kind of device
 * @device: a device of that kind
 * @alias: (nullable): the alias
 *
 * Returns: %FALSE when devices of that kind have none
 * Since: 0.1
 */
gboolean
vireo_device_set_alias (VireoDeviceKind kind, gpointer device, const char *alias)
{
  guint16 offset = vireo_schema_devices[kind].alias_offset;
  char *copy;

  if (offset == VIREO_SCHEMA_NO_OFFSET)
    return FALSE;
  copy = g_strdup (alias);
  g_free (AT (device, offset, char *));
  AT (device, offset, char *) = copy;
  return TRUE;
}

/**
 * vireo_device_get_address_place:
 * @kind: a kind of device
 * @device: a device of that kind
 *
 * Returns: (transfer none) (nullable): where the device keeps its address, which may be %NULL; or
 *   %NULL when devices of that kind have none
 * Since: 0.1
 */
VireoAddressDef **
vireo_device_get_address_place (VireoDeviceKind kind, gpointer device)
{
  guint16 offset = vireo_schema_devices[kind].address_offset;

  return offset == VIREO_SCHEMA_NO_OFFSET ? NULL : &AT (device, offset, VireoAddressDef *);
}

/**
 * vireo_device_get_address:
 * @kind: a kind of device
 * @device: a device of that kind
 *
 * Returns: (transfer none) (nullable): its address
 * Since: 0.1
 */
VireoAddressDef *
vireo_device_get_address (VireoDeviceKind kind, gconstpointer device)
{
  VireoAddressDef **place = vireo_device_get_address_place (kind, (gpointer) device);

  return place == NULL ? NULL : *place;
}

/**
 * vireo_device_get_boot_order:
 * @kind: a kind of device
 * @device: a device of that kind
 *
 * Returns: its place in the boot order, from 1; 0 when it has none
 * Since: 0.1
 */
guint
vireo_device_get_boot_order (VireoDeviceKind kind, gconstpointer device)
{
  const VireoSchemaDevice *desc = &vireo_schema_devices[kind];

  if (desc->boot_offset == VIREO_SCHEMA_NO_OFFSET || !vireo_schema_bit (device, desc->boot_bit))
    return 0;
  return AT (device, desc->boot_offset, guint);
}

/**
 * vireo_device_set_boot_order:
 * @kind: a kind of device
 * @device: a device of that kind
 * @order: its place in the boot order, from 1
 *
 * Returns: %FALSE when devices of that kind cannot be started from
 * Since: 0.1
 */
gboolean
vireo_device_set_boot_order (VireoDeviceKind kind, gpointer device, guint order)
{
  const VireoSchemaDevice *desc = &vireo_schema_devices[kind];

  if (desc->boot_offset == VIREO_SCHEMA_NO_OFFSET)
    return FALSE;
  AT (device, desc->boot_offset, guint) = order;
  vireo_schema_set_bit (device, desc->boot_bit);
  return TRUE;
}

/**
 * vireo_device_free:
 * @kind: a kind of device
 * @device: (nullable) (transfer full): a device of that kind
 *
 * Since: 0.1
 */
void
vireo_device_free (VireoDeviceKind kind, gpointer device)
{
  vireo_schema_free (vireo_schema_devices[kind].schema, device);
}

/**
 * vireo_device_copy:
 * @kind: a kind of device
 * @device: (nullable): a device of that kind
 *
 * Returns: (transfer full) (nullable): a copy
 * Since: 0.1
 */
gpointer
vireo_device_copy (VireoDeviceKind kind, gconstpointer device)
{
  return vireo_schema_copy (vireo_schema_devices[kind].schema, device);
}

/**
 * vireo_device_equal:
 * @kind: a kind of device
 * @a: a device of that kind
 * @b: another one
 *
 * Returns: whether all that is written in them is the same
 * Since: 0.1
 */
gboolean
vireo_device_equal (VireoDeviceKind kind, gconstpointer a, gconstpointer b)
{
  return vireo_schema_equal (vireo_schema_devices[kind].schema, a, b);
}

static gpointer
read_device (const char *text,
             VireoParseFlags flags,
             VireoDeviceKind *ret_kind,
             GPtrArray *problems)
{
  g_autoptr (xmlDoc) doc = vireo_xml_read (text, -1, problems);
  const char *name;
  VireoDeviceKind kind;
  VireoProblem *problem;

  if (doc == NULL)
    return NULL;
  name = (const char *) xmlDocGetRootElement (doc)->name;
  kind = vireo_device_kind_from_string (name);
  if (kind < VIREO_DEVICE_N_KINDS)
    {
      *ret_kind = kind;
      return vireo_schema_read_tree (vireo_schema_devices[kind].schema, doc, flags, problems);
    }
  problem = vireo_problem_new ("parse", "wrong-root");
  problem->message = g_strdup_printf ("<%s> is not a device", name);
  g_ptr_array_add (problems, problem);
  return NULL;
}

/**
 * vireo_device_parse:
 * @text: a document whose element is a device, such as `<disk>`
 * @flags: how to read it
 * @ret_kind: (out): what it is
 * @error: XmlMalformed, XmlInvalid, LimitExceeded
 *
 * Returns: (transfer full) (nullable): the device, to be freed with vireo_device_free()
 * Since: 0.1
 */
gpointer
vireo_device_parse (const char *text,
                    VireoParseFlags flags,
                    VireoDeviceKind *ret_kind,
                    GError **error)
{
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  VireoDeviceKind kind = VIREO_DEVICE_N_KINDS;
  gpointer device = read_device (text, flags, &kind, problems);

  if (problems->len == 0)
    {
      *ret_kind = kind;
      return device;
    }
  g_propagate_error (error, vireo_problems_to_error (problems, vireo_xml_error_code (problems)));
  if (device != NULL)
    vireo_device_free (kind, device);
  return NULL;
}

/**
 * vireo_domain_def_replace_device:
 * @def: a domain
 * @kind: a kind of device
 * @index: which, from 0
 * @device: (transfer full): what takes its place
 *
 * Frees the device that was there.
 *
 * Since: 0.1
 */
void
vireo_domain_def_replace_device (VireoDomainDef *def,
                                 VireoDeviceKind kind,
                                 guint index,
                                 gpointer device)
{
  const VireoSchemaDevice *desc = &vireo_schema_devices[kind];
  gpointer *place;

  if (desc->count_offset == VIREO_SCHEMA_NO_OFFSET)
    place = &AT (def, desc->offset, gpointer);
  else
    place = &AT (def, desc->offset, gpointer *)[index];
  vireo_device_free (kind, *place);
  *place = device;
}
