/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-store-frame.h"

#include <string.h>

/* All numbers are little-endian.
 *
 *   header block:  "VireoLog"  u32 version  u32 CRC  u64 epoch                        zeros
 *   frame:         "VreoStep"  u32 length   u32 CRC  u64 epoch  u64 sequence  steps   zeros
 *   step:          u8 kind  u8 before  u16 length of the name  u32 mode  u32 size
 *                  digest[32]  name  contents
 *
 * A CRC (32C, as in RFC 3720) is that of everything but itself, zeros that fill the last block left
 * out. The epoch is drawn anew whenever a log begins again, so that old frames are never taken for
 * new ones. */
#define VERSION 1u
#define HEADER_SIZE 24u
#define FRAME_SIZE 32u
#define STEP_SIZE 44u
#define CRC_OFFSET 12u

static const char header_magic[] = "VireoLog";
static const char frame_magic[] = "VreoStep";

enum
{
  STEP_DELETE,
  STEP_WRITE,
};

void
vireo_store_step_free (gpointer data)
{
  VireoStoreStep *step = data;

  g_free (step->name);
  g_clear_pointer (&step->contents, g_bytes_unref);
  g_free (step);
}

void
vireo_store_digest (GBytes *contents, guint8 *ret_digest)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = VIREO_STORE_DIGEST_SIZE;
  gsize size;
  const guint8 *data = g_bytes_get_data (contents, &size);

  g_checksum_update (checksum, data, (gssize) size);
  g_checksum_get_digest (checksum, ret_digest, &length);
}

static gpointer
make_crc_table (gpointer data)
{
  guint32 *table = g_new (guint32, 256);

  for (guint32 i = 0; i < 256; i++)
    {
      guint32 crc = i;

      for (int bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
      table[i] = crc;
    }
  return table;
}

static guint32
update_crc (guint32 crc, const guint8 *data, gsize size)
{
  static GOnce once = G_ONCE_INIT;
  const guint32 *table = g_once (&once, make_crc_table, NULL);

  for (gsize i = 0; i < size; i++)
    crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
  return crc;
}

/* Of a header or frame of @size bytes, as if there were nothing where the checksum is. */
static guint32
compute_crc (const guint8 *data, gsize size)
{
  gsize behind = CRC_OFFSET + sizeof (guint32);
  guint32 crc = update_crc (~0u, data, CRC_OFFSET);

  return ~update_crc (crc, data + behind, size - behind);
}

static void
put (GByteArray *bytes, guint64 value, guint size)
{
  guint64 little = GUINT64_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &little, size);
}

static guint64
get (const guint8 *data, guint size)
{
  guint64 little = 0;

  memcpy (&little, data, size);
  return GUINT64_FROM_LE (little);
}

/* Fills in what depends on the whole, and fills up the last block. Takes @bytes over. What comes of
 * it lies in memory as blocks do on the disk, so that it need not be copied on its way there. */
static GBytes *
seal (GByteArray *bytes, gboolean is_frame)
{
  gsize size = bytes->len;
  gsize whole = (size + VIREO_STORE_BLOCK - 1) / VIREO_STORE_BLOCK * VIREO_STORE_BLOCK;
  guint32 number = GUINT32_TO_LE ((guint32) size);
  guint8 *blocks = g_aligned_alloc (whole, 1, VIREO_STORE_BLOCK);

  if (is_frame)
    memcpy (bytes->data + 8, &number, sizeof number);
  number = GUINT32_TO_LE (compute_crc (bytes->data, size));
  memcpy (bytes->data + CRC_OFFSET, &number, sizeof number);
  memcpy (blocks, bytes->data, size);
  memset (blocks + size, 0, whole - size);
  g_byte_array_unref (bytes);
  return g_bytes_new_with_free_func (blocks, whole, g_aligned_free, blocks);
}

GBytes *
vireo_store_frame_new_header (guint64 epoch)
{
  GByteArray *bytes = g_byte_array_sized_new (VIREO_STORE_BLOCK);

  g_byte_array_append (bytes, (const guint8 *) header_magic, 8);
  put (bytes, VERSION, 4);
  put (bytes, 0, 4);
  put (bytes, epoch, 8);
  return seal (bytes, FALSE);
}

gboolean
vireo_store_frame_read_header (GBytes *log, guint64 *ret_epoch)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (log, &size);

  if (size < HEADER_SIZE || memcmp (data, header_magic, 8) != 0 || get (data + 8, 4) != VERSION
      || get (data + CRC_OFFSET, 4) != compute_crc (data, HEADER_SIZE))
    return FALSE;
  *ret_epoch = get (data + 16, 8);
  return TRUE;
}

gsize
vireo_store_frame_empty_size (void)
{
  return FRAME_SIZE;
}

gsize
vireo_store_frame_call_size (const VireoStoreCall *call)
{
  gsize size = 0;

  for (gsize i = 0; i < call->n_ops; i++)
    {
      size += STEP_SIZE + strlen (call->ops[i].name);
      if (call->ops[i].contents != NULL)
        size += g_bytes_get_size (call->ops[i].contents);
    }
  return size;
}

static void
put_step (GByteArray *bytes, const VireoStoreOp *op, const VireoStoreState *before)
{
  guint8 digest[VIREO_STORE_DIGEST_SIZE] = { 0 };
  gsize size = 0;
  const guint8 *contents = op->contents != NULL ? g_bytes_get_data (op->contents, &size) : NULL;

  if (before->contents != NULL)
    vireo_store_digest (before->contents, digest);
  put (bytes, op->contents != NULL ? STEP_WRITE : STEP_DELETE, 1);
  put (bytes, before->kind, 1);
  put (bytes, strlen (op->name), 2);
  put (bytes, op->mode, 4);
  put (bytes, size, 4);
  g_byte_array_append (bytes, digest, sizeof digest);
  g_byte_array_append (bytes, (const guint8 *) op->name, (guint) strlen (op->name));
  if (size > 0)
    g_byte_array_append (bytes, contents, (guint) size);
}

GBytes *
vireo_store_frame_new (guint64 epoch, guint64 sequence, VireoStoreCall **calls, gsize n_calls)
{
  GByteArray *bytes = g_byte_array_sized_new (4 * VIREO_STORE_BLOCK);

  g_byte_array_append (bytes, (const guint8 *) frame_magic, 8);
  put (bytes, 0, 4);
  put (bytes, 0, 4);
  put (bytes, epoch, 8);
  put (bytes, sequence, 8);
  for (gsize i = 0; i < n_calls; i++)
    for (gsize j = 0; calls[i]->error == NULL && j < calls[i]->n_ops; j++)
      put_step (bytes, &calls[i]->ops[j], &calls[i]->states[j]);
  return seal (bytes, TRUE);
}

/* Reads the step at @data, of which @left bytes are there; how many it takes, or 0. */
static gsize
read_step (const guint8 *data, gsize left, GPtrArray *steps)
{
  VireoStoreStep *step;
  gsize length, size;

  if (left < STEP_SIZE)
    return 0;
  length = get (data + 2, 2);
  size = get (data + 8, 4);
  if (left - STEP_SIZE < length || left - STEP_SIZE - length < size)
    return 0;
  step = g_new0 (VireoStoreStep, 1);
  step->name = g_strndup ((const char *) data + STEP_SIZE, length);
  if (data[0] == STEP_WRITE)
    step->contents = g_bytes_new (data + STEP_SIZE + length, size);
  step->before = data[1];
  step->mode = (guint) get (data + 4, 4) & 0777u;
  memcpy (step->digest, data + 12, sizeof step->digest);
  g_ptr_array_add (steps, step);
  return vireo_store_check_name (step->name, NULL) ? STEP_SIZE + length + size : 0;
}

gboolean
vireo_store_frame_read (GBytes *log,
                        guint64 epoch,
                        gsize *offset,
                        guint64 *ret_sequence,
                        GPtrArray *steps)
{
  guint n_before = steps->len;
  gsize size;
  const guint8 *data = g_bytes_get_data (log, &size);
  gsize length, at = FRAME_SIZE;

  if (*offset > size || size - *offset < FRAME_SIZE)
    return FALSE;
  data += *offset;
  length = get (data + 8, 4);
  if (memcmp (data, frame_magic, 8) != 0 || length < FRAME_SIZE || length > size - *offset
      || get (data + 16, 8) != epoch || get (data + CRC_OFFSET, 4) != compute_crc (data, length))
    return FALSE;
  while (at < length)
    {
      gsize taken = read_step (data + at, length - at, steps);

      if (taken == 0)
        {
          g_ptr_array_set_size (steps, (gint) n_before);
          return FALSE;
        }
      at += taken;
    }
  *ret_sequence = get (data + 24, 8);
  *offset += (length + VIREO_STORE_BLOCK - 1) / VIREO_STORE_BLOCK * VIREO_STORE_BLOCK;
  return TRUE;
}
