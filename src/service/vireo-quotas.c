/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-quotas.h"

#include "util/vireo-error.h"

#define FILE_NAME "vireod.conf"
#define GROUP "Quotas"

static const struct
{
  const char *key;
  guint64 limit;
  const char *what;
} rows[VIREO_N_QUOTAS] = {
  [VIREO_QUOTA_OBJECTS] = { "Objects", 1000, "objects that you own" },
  [VIREO_QUOTA_JOBS] = { "Jobs", 128, "changes under way" },
  [VIREO_QUOTA_CALLS] = { "Calls", 4096, "calls that are not answered" },
  [VIREO_QUOTA_CALL_MEMORY]
  = { "CallMemory", 128 * 1024 * 1024, "bytes of arguments of calls that are not answered" },
  [VIREO_QUOTA_SUBSCRIPTIONS] = { "Subscriptions", 256, "connections that get signals" },
  [VIREO_QUOTA_UNREAD]
  = { "Unread", 16 * 1024 * 1024, "bytes sent to you that you have not read" },
};

struct _VireoQuotas
{
  gboolean session;
  guint64 limits[VIREO_N_QUOTAS];
  GHashTable *accounts; /* uid -> Account */
};

/* What a user has: there is one for each user who has anything. */
typedef struct
{
  guint64 used[VIREO_N_QUOTAS];
} Account;

static gboolean
read_key (VireoQuotas *self, GKeyFile *file, const char *key, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].key, key))
      {
        g_autofree char *text = g_key_file_get_value (file, GROUP, key, NULL);

        return g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, &self->limits[i], error);
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "there is no such key");
  return FALSE;
}

static gboolean
load (VireoQuotas *self, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) problem = NULL;
  g_auto (GStrv) keys = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &problem))
    {
      if (g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "%s: %s", path,
                   problem->message);
      return FALSE;
    }
  keys = g_key_file_get_keys (file, GROUP, NULL, NULL);
  for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
    if (!read_key (self, file, keys[i], &problem))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "%s: [%s] %s: %s", path,
                     GROUP, keys[i], problem->message);
        return FALSE;
      }
  return TRUE;
}

VireoQuotas *
vireo_quotas_new (const char *folder, gboolean session, GError **error)
{
  VireoQuotas *self = g_new0 (VireoQuotas, 1);
  g_autofree char *path = g_build_filename (folder, FILE_NAME, NULL);

  self->session = session;
  self->accounts = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    self->limits[i] = rows[i].limit;
  if (load (self, path, error))
    return self;
  vireo_quotas_free (self);
  return NULL;
}

void
vireo_quotas_free (VireoQuotas *self)
{
  g_hash_table_unref (self->accounts);
  g_free (self);
}

gboolean
vireo_quotas_is_of_session (VireoQuotas *self)
{
  return self->session;
}

gboolean
vireo_quotas_is_exempt (VireoQuotas *self, guint uid)
{
  return uid == 0 || self->session;
}

guint64
vireo_quotas_get_limit (VireoQuotas *self, VireoQuota what)
{
  return self->limits[what];
}

gboolean
vireo_quotas_check (VireoQuotas *self, guint uid, VireoQuota what, guint64 has, GError **error)
{
  const Account *account = g_hash_table_lookup (self->accounts, GUINT_TO_POINTER (uid));
  guint64 used = has + (account != NULL ? account->used[what] : 0);

  if (vireo_quotas_is_exempt (self, uid) || used <= self->limits[what])
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_QUOTA_EXCEEDED,
               "there may be %" G_GUINT64_FORMAT " %s, and this would make %" G_GUINT64_FORMAT,
               self->limits[what], rows[what].what, used);
  return FALSE;
}

void
vireo_quotas_charge (VireoQuotas *self, guint uid, VireoQuota what, guint64 amount)
{
  Account *account = g_hash_table_lookup (self->accounts, GUINT_TO_POINTER (uid));

  if (vireo_quotas_is_exempt (self, uid))
    return;
  if (account == NULL)
    {
      account = g_new0 (Account, 1);
      g_hash_table_insert (self->accounts, GUINT_TO_POINTER (uid), account);
    }
  account->used[what] += amount;
}

gboolean
vireo_quotas_take (VireoQuotas *self, guint uid, VireoQuota what, guint64 amount, GError **error)
{
  if (!vireo_quotas_check (self, uid, what, amount, error))
    return FALSE;
  vireo_quotas_charge (self, uid, what, amount);
  return TRUE;
}

void
vireo_quotas_give_back (VireoQuotas *self, guint uid, VireoQuota what, guint64 amount)
{
  Account *account = g_hash_table_lookup (self->accounts, GUINT_TO_POINTER (uid));
  guint64 left = 0;

  if (vireo_quotas_is_exempt (self, uid) || account == NULL)
    return;
  account->used[what] -= MIN (amount, account->used[what]);
  for (gsize i = 0; i < G_N_ELEMENTS (account->used); i++)
    left |= account->used[i];
  if (left == 0)
    g_hash_table_remove (self->accounts, GUINT_TO_POINTER (uid));
}
