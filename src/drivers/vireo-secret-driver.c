/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-secret-driver.h"

#include <string.h>

G_DEFINE_INTERFACE (VireoSecretDriver, vireo_secret_driver, G_TYPE_OBJECT)

static void
vireo_secret_driver_default_init (VireoSecretDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}

/* Bytes, and how many to overwrite. */
typedef struct
{
  gpointer data;
  gsize size;
} Wiped;

static void
wipe (gpointer user_data)
{
  Wiped *wiped = user_data;

  if (wiped->size > 0)
    explicit_bzero (wiped->data, wiped->size);
  g_free (wiped->data);
  g_free (wiped);
}

/**
 * vireo_secret_bytes_new_take:
 * @data: (transfer full) (nullable): bytes from g_malloc()
 * @size: how many
 *
 * Returns: (transfer full): the same bytes, which are overwritten when nobody refers to them
 * Since: 0.1
 */
GBytes *
vireo_secret_bytes_new_take (gpointer data, gsize size)
{
  Wiped *wiped = g_new (Wiped, 1);

  wiped->data = data;
  wiped->size = size;
  return g_bytes_new_with_free_func (data, size, wipe, wiped);
}

/**
 * vireo_secret_bytes_new:
 * @data: bytes
 * @size: how many
 *
 * Returns: (transfer full): a copy of them, which is overwritten when nobody refers to it
 * Since: 0.1
 */
GBytes *
vireo_secret_bytes_new (gconstpointer data, gsize size)
{
  return vireo_secret_bytes_new_take (g_memdup2 (data, size), size);
}
