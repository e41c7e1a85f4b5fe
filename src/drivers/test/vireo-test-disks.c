/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Disks and memory, which are empty but for what the guest is made to write: nothing of the host is
 * opened. */

#include <string.h>

#include "util/vireo-error.h"
#include "vireo-test-operation.h"

#define USUAL_SIZE (G_GUINT64_CONSTANT (10) << 30)
#define MAX_PEEK (1u << 20)

/* Linux's direct mapping of all memory, on x86_64 without randomization; what is below is mapped
 * one to one. */
#define VIRTUAL_START G_GUINT64_CONSTANT (0xffff888000000000)
/* Where a PC keeps what was typed: a ring of 16 codes. */
#define KEYBOARD_BUFFER 0x41e
#define KEYBOARD_CODES 16

static const VireoDiskDef *
find_disk (VireoTestGuest *guest, const char *name, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);

  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];

      if (g_strcmp0 (disk->target->dev, name) == 0
          || (disk->source != NULL && g_strcmp0 (disk->source->file, name) == 0))
        return disk;
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no disk \"%.100s\"",
               name);
  return NULL;
}

static guint64
disk_size (VireoTestGuest *guest, const VireoDiskDef *disk)
{
  const guint64 *size = g_hash_table_lookup (guest->sizes, disk->target->dev);

  return size != NULL ? *size : USUAL_SIZE;
}

static GVariant *
get_block_info_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDiskDef *disk;
  const char *name;
  guint64 size;

  g_variant_get_child (args, 0, "&s", &name);
  disk = find_disk (guest, name, error);
  if (disk == NULL)
    return NULL;
  size = disk_size (guest, disk);
  return g_variant_new ("(ttt)", size, size / 4, size / 4);
}

static GVariant *
block_resize_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDiskDef *disk;
  const char *name;
  guint64 size;

  g_variant_get_child (args, 0, "&s", &name);
  g_variant_get_child (args, 1, "t", &size);
  disk = find_disk (guest, name, error);
  if (disk == NULL)
    return NULL;
  if (disk->readonly)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the disk %s is read-only",
                 disk->target->dev);
  else if (vireo_test_option (args, "capacity"))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "the disk %s is no device of the host whose size it could have",
                 disk->target->dev);
  else if (size == 0 || size % 512 != 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "%" G_GUINT64_FORMAT " bytes are no size of a disk: it has sectors of 512", size);
  else
    {
      g_hash_table_insert (guest->sizes, g_strdup (disk->target->dev),
                           g_memdup2 (&size, sizeof size));
      return vireo_test_done ();
    }
  return NULL;
}

static gboolean
check_range (guint64 offset, guint size, guint64 end, GError **error)
{
  if (size > 0 && size <= MAX_PEEK && offset <= end && size <= end - offset)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "%u bytes at %" G_GUINT64_FORMAT " are not 1 to %u bytes below %" G_GUINT64_FORMAT,
               size, offset, MAX_PEEK, end);
  return FALSE;
}

static GVariant *
bytes (gpointer data, guint size)
{
  return g_variant_new (
      "(@ay)", g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data));
}

static GVariant *
block_peek_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDiskDef *disk;
  const char *name;
  guint64 offset;
  guint size;

  g_variant_get_child (args, 0, "&s", &name);
  g_variant_get_child (args, 1, "t", &offset);
  g_variant_get_child (args, 2, "u", &size);
  disk = find_disk (guest, name, error);
  if (disk == NULL || !check_range (offset, size, disk_size (guest, disk), error))
    return NULL;
  return bytes (g_malloc0 (size), size);
}

static GVariant *
memory_peek_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  guint16 codes[KEYBOARD_CODES] = { 0 };
  guint64 start;
  guint8 *data;
  guint size;

  g_variant_get_child (args, 0, "t", &start);
  g_variant_get_child (args, 1, "u", &size);
  /* Where its virtual memory begins, the guest sees all of the physical one. */
  if (!vireo_test_option (args, "physical") && start >= VIRTUAL_START)
    start -= VIRTUAL_START;
  if (!check_range (start, size, def->memory * 1024, error))
    return NULL;
  for (guint i = 0; i < guest->codes->len; i++)
    codes[i % KEYBOARD_CODES] = (guint16) g_array_index (guest->codes, guint, i);
  data = g_malloc0 (size);
  for (guint i = 0; i < sizeof codes; i++)
    if (KEYBOARD_BUFFER + i >= start && KEYBOARD_BUFFER + i - start < size)
      data[KEYBOARD_BUFFER + i - start] = ((const guint8 *) codes)[i];
  return bytes (data, size);
}

static GVariant *
get_disk_errors_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  GVariantBuilder errors;
  GHashTableIter iter;
  gpointer disk, reason;

  g_variant_builder_init (&errors, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, guest->disk_errors);
  while (g_hash_table_iter_next (&iter, &disk, &reason))
    g_variant_builder_add (&errors, "{ss}", disk, reason);
  return g_variant_new ("(a{ss})", &errors);
}

/* A disk is written to as far as a quarter of it: a threshold below that is exceeded at once. */
static GVariant *
set_block_threshold_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  g_autofree char *target = NULL;
  const VireoDiskDef *disk;
  const char *name;
  guint64 threshold, written;

  g_variant_get_child (args, 0, "&s", &name);
  g_variant_get_child (args, 1, "t", &threshold);
  target = g_strndup (name, strcspn (name, "["));
  disk = find_disk (guest, target, error);
  if (disk == NULL)
    return NULL;
  written = disk_size (guest, disk) / 4;
  if (threshold == 0 || threshold > written)
    {
      g_hash_table_insert (guest->thresholds, g_strdup (name),
                           g_memdup2 (&threshold, sizeof threshold));
      return vireo_test_done ();
    }
  vireo_obj_emit_event (
      VIREO_OBJ (guest->domain), "BlockThresholdReached",
      g_variant_new ("(sstt)", name,
                     disk->source != NULL && disk->source->file != NULL ? disk->source->file : "",
                     threshold, written - threshold));
  return vireo_test_done ();
}

VIREO_TEST_OPERATION (get_block_info)
VIREO_TEST_OPERATION (block_resize)
VIREO_TEST_OPERATION (block_peek)
VIREO_TEST_OPERATION (memory_peek)
VIREO_TEST_OPERATION (get_disk_errors)
VIREO_TEST_OPERATION (set_block_threshold)

void
vireo_test_disks_fill (VireoDomainDriverInterface *iface)
{
  iface->get_block_info = get_block_info;
  iface->block_resize = block_resize;
  iface->block_peek = block_peek;
  iface->memory_peek = memory_peek;
  iface->get_disk_errors = get_disk_errors;
  iface->set_block_threshold = set_block_threshold;
}
