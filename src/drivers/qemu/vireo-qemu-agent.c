/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the agent of a guest is, and whether it is there. QEMU tells when the guest opens or closes
 * the port of its channel; the socket behind it is QEMU's, in the guest's folder or where the
 * definition says. */
#include "vireo-qemu-agent.h"

#include <sys/socket.h>

#include "vireo-qemu-monitor.h"
#include "vireo-qmp-message.h"

#define AGENT_NAME "org.qemu.guest_agent.0"
#define MAX_TEXT 4096u

static VireoChannelDef *
find_channel (const VireoDomainDef *def)
{
  for (guint i = 0; def != NULL && i < def->n_channels; i++)
    if (def->channels[i]->type == VIREO_CHARDEV_TYPE_UNIX && def->channels[i]->target != NULL
        && g_strcmp0 (def->channels[i]->target->name, AGENT_NAME) == 0)
      return def->channels[i];
  return NULL;
}

static const VireoChannelDef *
get_channel (VireoQemuDomain *self)
{
  return find_channel (vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self)));
}

void
vireo_qemu_agent_drop (VireoQemuDomain *self)
{
  g_autoptr (VireoQga) agent = g_steal_pointer (&self->agent);

  if (agent != NULL)
    vireo_qga_close (agent);
}

void
vireo_qemu_agent_set_open (VireoQemuDomain *self, const char *alias, gboolean open,
                           const char *reason)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);
  const VireoChannelDef *channel = get_channel (self);
  VireoChannelState state = open ? VIREO_CHANNEL_STATE_CONNECTED : VIREO_CHANNEL_STATE_DISCONNECTED;
  gboolean was_open;
  VireoDomainDef *def;

  if (channel == NULL || g_strcmp0 (channel->alias, alias) != 0
      || channel->target->state == state)
    return;
  was_open = channel->target->state == VIREO_CHANNEL_STATE_CONNECTED;
  def = vireo_domain_def_copy (vireo_domain_obj_get_live_def (obj));
  find_channel (def)->target->state = state;
  vireo_domain_obj_set_live_def (obj, def);
  vireo_qemu_domain_save_async (self, NULL, NULL, NULL);
  if (!open)
    vireo_qemu_agent_drop (self);
  if (open != was_open)
    vireo_obj_emit_event (VIREO_OBJ (self), "AgentLifecycle",
                          g_variant_new ("(ss)", open ? "connected" : "disconnected", reason));
}

static void
on_chardevs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoQemuDomain) self = user_data;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, NULL);
  JsonArray *list = vireo_qmp_node_array (reply);
  const VireoChannelDef *channel = self->status != NULL ? get_channel (self) : NULL;
  g_autofree char *label = channel != NULL ? g_strconcat ("char", channel->alias, NULL) : NULL;

  for (guint i = 0; label != NULL && list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      g_autofree char *alias = NULL;

      if (g_strcmp0 (vireo_json_get_string (item, "label", MAX_TEXT), label) != 0)
        continue;
      alias = g_strdup (channel->alias);
      vireo_qemu_agent_set_open (
          self, alias, vireo_json_get_boolean (item, "frontend-open", FALSE), "unknown");
      return;
    }
}

void
vireo_qemu_agent_reconcile (VireoQemuDomain *self)
{
  if (get_channel (self) != NULL)
    vireo_qmp_execute_async (self->qmp, "query-chardev", NULL, NULL, VIREO_QMP_TIMEOUT_NEVER, NULL,
                             on_chardevs, g_object_ref (self));
}

/* A guest's process may put anything in the place of its socket, so we look whose it is. */
static gboolean
check_peer (VireoQemuDomain *self, GSocket *socket, const char *path, GError **error)
{
  struct ucred peer = { 0 };
  socklen_t size = sizeof peer;

  if (getsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
      && self->process != NULL && peer.pid == vireo_qemu_process_get_pid (self->process))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_ACCESS,
               "the socket %s is not that of the emulator of '%s'", path,
               vireo_obj_get_name (VIREO_OBJ (self)));
  return FALSE;
}

static GSocket *
connect_agent (gpointer user_data, GError **error)
{
  VireoQemuDomain *self = user_data;
  const VireoChannelDef *channel = get_channel (self);
  const VireoChardevSourceDef *source
      = channel != NULL && channel->n_sources > 0 ? channel->sources[0] : NULL;
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GSocket) socket = NULL;

  if (channel == NULL || self->status == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                           "the domain has stopped");
      return NULL;
    }
  name = g_strconcat (channel->alias, ".sock", NULL);
  path = source != NULL && source->path != NULL
             ? g_strdup (source->path)
             : g_build_filename (self->status->runtime_dir, name, NULL);
  socket = vireo_qemu_monitor_connect (path, error);
  if (socket == NULL || !check_peer (self, socket, path, error))
    return NULL;
  return g_steal_pointer (&socket);
}

VireoQga *
vireo_qemu_agent_get (VireoQemuDomain *self, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (self));
  const VireoChannelDef *channel;

  if (!vireo_qemu_domain_check_active (self, error))
    return NULL;
  channel = get_channel (self);
  if (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self)) != VIREO_DOMAIN_STATE_RUNNING)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the domain '%s' does not run",
                 name);
  else if (channel == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "the domain '%s' has no channel for an agent, a <channel type='unix'> with the "
                 "target '" AGENT_NAME "'",
                 name);
  else if (channel->target->state != VIREO_CHANNEL_STATE_CONNECTED)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "no agent runs in the guest '%s'",
                 name);
  else
    {
      if (self->agent == NULL)
        self->agent = vireo_qga_new (connect_agent, self);
      return self->agent;
    }
  return NULL;
}

int
vireo_qemu_agent_get_timeout (VireoQemuDomain *self)
{
  return self->status != NULL ? self->status->agent_timeout : VIREO_QGA_TIMEOUT_USUAL;
}
