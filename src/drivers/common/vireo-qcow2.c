/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qcow2.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Numbers from QEMU's published description of the format (docs/interop/qcow2). All are
 * big-endian. */
#define QCOW2_MAGIC 0x514649fbu
#define V2_HEADER_LENGTH 72u
#define V3_HEADER_LENGTH 104u
#define OFFSET_VERSION 4u
#define OFFSET_BACKING_OFFSET 8u
#define OFFSET_BACKING_SIZE 16u
#define OFFSET_CAPACITY 24u
#define OFFSET_INCOMPATIBLE 72u
#define OFFSET_HEADER_LENGTH 100u
#define INCOMPATIBLE_EXTERNAL_DATA (G_GUINT64_CONSTANT (1) << 2)
#define EXTENSION_END 0u
#define EXTENSION_BACKING_FORMAT 0xe2792acau
#define MAX_BACKING_NAME 1023u
#define MAX_FORMAT_NAME 64u

/* The name of the backing image is in the first cluster; the largest cluster has 2 MiB, but what we
 * look for comes first. An image that keeps it further behind is refused, not misread. */
#define READ_SIZE 65536u

typedef struct
{
  const guint8 *data;
  gsize size;
} Header;

static guint32
get_u32 (const Header *header, gsize offset)
{
  guint32 value;

  memcpy (&value, header->data + offset, sizeof (value));
  return GUINT32_FROM_BE (value);
}

static guint64
get_u64 (const Header *header, gsize offset)
{
  guint64 value;

  memcpy (&value, header->data + offset, sizeof (value));
  return GUINT64_FROM_BE (value);
}

static gboolean
broken (const char *path, const char *what, GError **error)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
               "%s: the qcow2 header is broken: %s", path, what);
  return FALSE;
}

/* A name of @size bytes at @offset, which must be text. */
static char *
get_name (const Header *header, guint64 offset, guint64 size)
{
  const char *start = (const char *) header->data + offset;

  if (offset > header->size || size > header->size - offset
      || !g_utf8_validate_len (start, size, NULL))
    return NULL;
  return g_strndup (start, size);
}

static gboolean
read_backing (const Header *header, const char *path, VireoQcow2 *result, GError **error)
{
  guint64 offset = get_u64 (header, OFFSET_BACKING_OFFSET);
  guint32 size = get_u32 (header, OFFSET_BACKING_SIZE);

  if (offset == 0 || size == 0)
    return TRUE;
  if (size > MAX_BACKING_NAME)
    return broken (path, "the name of its backing image is too long", error);
  result->backing = get_name (header, offset, size);
  if (result->backing == NULL)
    return broken (path, "the name of its backing image cannot be read", error);
  return TRUE;
}

static gboolean
read_extensions (const Header *header, const char *path, guint32 offset, VireoQcow2 *result,
                 GError **error)
{
  while (offset <= header->size - 8)
    {
      guint32 type = get_u32 (header, offset);
      guint32 size = get_u32 (header, offset + 4);

      offset += 8;
      if (type == EXTENSION_END)
        return TRUE;
      if (size > header->size - offset)
        return broken (path, "a header extension is too long", error);
      if (type == EXTENSION_BACKING_FORMAT && result->backing_format == NULL)
        {
          result->backing_format
              = size <= MAX_FORMAT_NAME ? get_name (header, offset, size) : NULL;
          if (result->backing_format == NULL)
            return broken (path, "the format of its backing image cannot be read", error);
        }
      offset += (size + 7) & ~7u;
    }
  return TRUE;
}

static gboolean
read_header (const Header *header, const char *path, VireoQcow2 *result, GError **error)
{
  guint32 version, length = V2_HEADER_LENGTH;

  if (header->size < V3_HEADER_LENGTH)
    return broken (path, "it is too short", error);
  version = get_u32 (header, OFFSET_VERSION);
  if (version != 2 && version != 3)
    return broken (path, "its version is neither 2 nor 3", error);
  result->version = version;
  result->capacity = get_u64 (header, OFFSET_CAPACITY);
  if (version == 3)
    {
      length = get_u32 (header, OFFSET_HEADER_LENGTH);
      result->external_data
          = (get_u64 (header, OFFSET_INCOMPATIBLE) & INCOMPATIBLE_EXTERNAL_DATA) != 0;
      if (length < V3_HEADER_LENGTH || length > header->size - 8)
        return broken (path, "its length is out of range", error);
    }
  return read_extensions (header, path, length, result, error)
         && read_backing (header, path, result, error);
}

gboolean
vireo_qcow2_read (int fd, const char *path, VireoQcow2 *ret_header, GError **error)
{
  g_autofree guint8 *data = g_malloc (READ_SIZE);
  g_auto (VireoQcow2) result = { FALSE };
  Header header = { data, 0 };

  while (header.size < READ_SIZE)
    {
      ssize_t n = pread (fd, data + header.size, READ_SIZE - header.size, (off_t) header.size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          vireo_error_set_errno (error, errno, "cannot read %s", path);
          return FALSE;
        }
      if (n == 0)
        break;
      header.size += (gsize) n;
    }
  if (header.size >= 4 && get_u32 (&header, 0) == QCOW2_MAGIC)
    {
      result.is_qcow2 = TRUE;
      if (!read_header (&header, path, &result, error))
        return FALSE;
    }
  *ret_header = result;
  result = (VireoQcow2){ FALSE };
  return TRUE;
}

void
vireo_qcow2_clear (VireoQcow2 *header)
{
  g_clear_pointer (&header->backing, g_free);
  g_clear_pointer (&header->backing_format, g_free);
}
