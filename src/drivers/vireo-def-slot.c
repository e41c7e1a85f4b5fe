/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-def-slot.h"

/* Those that are open, and what closes them. */
static GPtrArray *opened;
static guint close_id;

/* What was glanced at last: whoever lists thousands of objects reads several properties of each. */
static struct
{
  const VireoDefSlot *slot;
  gpointer def;
} glanced;

static void
slot_close (gpointer data)
{
  VireoDefSlot *slot = data;

  g_free ((gpointer) slot->open);
  slot->open = NULL;
}

static gboolean
close_all (gpointer data)
{
  close_id = 0;
  g_ptr_array_set_size (opened, 0);
  return G_SOURCE_REMOVE;
}

static void
forget_glance (void)
{
  glanced.slot = NULL;
  g_clear_pointer (&glanced.def, g_free);
}

/**
 * vireo_def_slot_is_set:
 * @slot: a slot
 *
 * Returns: whether it has a definition
 * Since: 0.1
 */
gboolean
vireo_def_slot_is_set (const VireoDefSlot *slot)
{
  return slot->packed != NULL;
}

/**
 * vireo_def_slot_clear:
 * @slot: a slot
 *
 * Frees the definition, also what vireo_def_slot_get() returned of it.
 *
 * Since: 0.1
 */
void
vireo_def_slot_clear (VireoDefSlot *slot)
{
  if (slot->open != NULL)
    g_ptr_array_remove_fast (opened, slot);
  if (glanced.slot == slot)
    forget_glance ();
  g_clear_pointer (&slot->packed, g_free);
}

/**
 * vireo_def_slot_set:
 * @slot: a slot
 * @kind: the kind of definition
 * @def: (nullable) (transfer full): the definition that it is to have from here on
 *
 * Since: 0.1
 */
void
vireo_def_slot_set (VireoDefSlot *slot, const VireoDocKind *kind, gpointer def)
{
  guint8 *packed = NULL;
  gsize size;

  if (def != NULL)
    packed = vireo_doc_pack (kind, def, &size);
  vireo_doc_free (kind, def);
  vireo_def_slot_clear (slot);
  slot->packed = packed;
}

/**
 * vireo_def_slot_get:
 * @slot: a slot
 * @kind: the kind of definition
 *
 * Returns: (transfer none) (nullable): the definition, until the slot gets another one or control
 *   returns to the main loop
 * Since: 0.1
 */
gconstpointer
vireo_def_slot_get (VireoDefSlot *slot, const VireoDocKind *kind)
{
  if (slot->packed == NULL || slot->open != NULL)
    return slot->open;
  if (opened == NULL)
    opened = g_ptr_array_new_with_free_func (slot_close);
  if (close_id == 0)
    close_id = g_idle_add_full (G_PRIORITY_HIGH, close_all, NULL, NULL);
  slot->open = vireo_doc_unpack (kind, slot->packed);
  g_ptr_array_add (opened, slot);
  return slot->open;
}

/**
 * vireo_def_slot_glance:
 * @slot: a slot
 * @kind: the kind of definition
 *
 * For whoever looks at very many slots in turn.
 *
 * Returns: (transfer none) (nullable): the definition, until the next glance at any slot
 * Since: 0.1
 */
gconstpointer
vireo_def_slot_glance (VireoDefSlot *slot, const VireoDocKind *kind)
{
  if (slot->packed == NULL || slot->open != NULL)
    return slot->open;
  if (glanced.slot != slot)
    {
      forget_glance ();
      glanced.slot = slot;
      glanced.def = (gpointer) vireo_doc_unpack (kind, slot->packed);
    }
  return glanced.def;
}
