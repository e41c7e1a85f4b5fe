/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-guest.h"

#include <string.h>

#include "drivers/common/vireo-domain-aliases.h"
#include "util/vireo-error.h"
#include "vireo-test-console.h"

#define AGENT_CHANNEL "org.qemu.guest_agent.0"

static VireoChannelDef *
find_agent_channel (const VireoDomainDef *def)
{
  for (guint i = 0; i < def->n_channels; i++)
    if (g_strcmp0 (def->channels[i]->target->name, AGENT_CHANNEL) == 0)
      return def->channels[i];
  return NULL;
}

/**
 * vireo_test_guest_new:
 * @domain: a domain that has just got its live definition
 *
 * Starts what pretends to be the guest. An agent that it has is there at once.
 *
 * Returns: (transfer full): the guest
 * Since: 0.1
 */
VireoTestGuest *
vireo_test_guest_new (VireoDomainObj *domain)
{
  VireoTestGuest *self = g_new0 (VireoTestGuest, 1);
  VireoDomainDef *def = vireo_domain_obj_get_live_def (domain);

  self->domain = domain;
  self->started_at = g_get_monotonic_time ();
  self->frozen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->passwords = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->ssh_keys
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  self->offline_vcpus = g_hash_table_new (NULL, NULL);
  self->agent_timeout = -1;
  self->screen = g_string_new (NULL);
  self->codes = g_array_new (FALSE, TRUE, sizeof (guint));
  self->sizes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->thresholds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->iothreads
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
  self->disk_errors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify) vireo_test_console_free);
  self->monitor_files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->dirty_rate = -1;
  g_string_printf (self->screen, "%s login: ", vireo_obj_get_name (VIREO_OBJ (domain)));
  vireo_domain_assign_aliases (def);
  if (find_agent_channel (def) != NULL)
    find_agent_channel (def)->target->state = VIREO_CHANNEL_STATE_CONNECTED;
  return self;
}

/**
 * vireo_test_guest_free:
 * @self: (nullable): a guest
 *
 * Ends it.
 *
 * Since: 0.1
 */
void
vireo_test_guest_free (VireoTestGuest *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->wakeup_id, g_source_remove);
  g_clear_handle_id (&self->dirty_id, g_source_remove);
  g_hash_table_unref (self->frozen);
  g_hash_table_unref (self->monitor_files);
  g_hash_table_unref (self->passwords);
  g_hash_table_unref (self->ssh_keys);
  g_hash_table_unref (self->offline_vcpus);
  g_string_free (self->screen, TRUE);
  g_array_unref (self->codes);
  g_hash_table_unref (self->sizes);
  g_hash_table_unref (self->disk_errors);
  g_hash_table_unref (self->open);
  g_hash_table_unref (self->thresholds);
  g_hash_table_unref (self->iothreads);
  g_clear_object (&self->files);
  g_free (self);
}

/**
 * vireo_test_guest_has_agent:
 * @self: a guest
 *
 * Returns: whether an agent runs in it, which needs its channel
 * Since: 0.1
 */
gboolean
vireo_test_guest_has_agent (VireoTestGuest *self)
{
  return find_agent_channel (vireo_domain_obj_get_live_def (self->domain)) != NULL;
}

/**
 * vireo_test_guest_need_agent:
 * @self: a guest
 * @error: InvalidState
 *
 * Returns: whether it has an agent that can be asked something now
 * Since: 0.1
 */
gboolean
vireo_test_guest_need_agent (VireoTestGuest *self, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (self->domain));

  if (vireo_domain_obj_get_state (self->domain) != VIREO_DOMAIN_STATE_RUNNING)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" does not run", name);
  else if (!vireo_test_guest_has_agent (self))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "no agent answers in domain \"%s\": it has no channel for one", name);
  else
    return TRUE;
  return FALSE;
}

static int
keep_open (VireoTestGuest *self, const char *device, VireoTestConsole *console, int fd)
{
  if (console != NULL)
    g_hash_table_insert (self->open, g_strdup (device), console);
  return fd;
}

/**
 * vireo_test_guest_open_channel:
 * @self: a guest
 * @device: name of the channel
 * @force: whether it is taken from whoever has it open
 * @error: Busy, or what the operating system said
 *
 * Returns: the caller's end of a socket, or -1
 * Since: 0.1
 */
int
vireo_test_guest_open_channel (VireoTestGuest *self,
                               const char *device,
                               gboolean force,
                               GError **error)
{
  VireoTestConsole *old = g_hash_table_lookup (self->open, device);
  VireoTestConsole *console;
  int fd = -1;

  if (old != NULL && vireo_test_console_is_open (old) && !force)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "somebody else has %s open", device);
      return -1;
    }
  console = vireo_test_console_new (device, &fd, error);
  return keep_open (self, device, console, fd);
}

/**
 * vireo_test_guest_open_display:
 * @self: a guest
 * @device: name of the display
 * @password: whether it asks for one
 * @error: what the operating system said
 *
 * Whoever had it open is thrown out.
 *
 * Returns: the caller's end of a socket, or -1
 * Since: 0.1
 */
int
vireo_test_guest_open_display (VireoTestGuest *self,
                               const char *device,
                               gboolean password,
                               GError **error)
{
  int fd = -1;
  VireoTestConsole *console = vireo_test_console_new_display (password, &fd, error);

  return keep_open (self, device, console, fd);
}
