/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-signals.h"

#include "service/vireo-receivers.h"
#include "vireo-libvirt-path.h"

struct _VireoLibvirtSignals
{
  VireoTree *tree;
  gboolean session;
  VireoReceivers *receivers;
  const VireoLibvirtService *services[VIREO_PATH_N_KINDS];
};

static void
on_event (VireoTree *tree,
          VireoNode *node,
          const char *signal,
          GVariant *args,
          VireoNode *about,
          gpointer user_data)
{
  VireoLibvirtSignals *self = user_data;
  gboolean is_job = node->path_kind == VIREO_PATH_JOB;
  VireoNode *speaker = is_job ? node->subject : node;
  const VireoLibvirtService *service = speaker != NULL ? self->services[speaker->path_kind] : NULL;

  if (service == NULL || !vireo_receivers_are_there (self->receivers))
    return;
  for (const VireoLibvirtSignal *row = service->signals; row->event != NULL; row++)
    {
      if (row->of_jobs != is_job || !g_str_equal (row->event, signal))
        continue;
      if (row->emit != NULL)
        row->emit (self, node, args);
      else
        vireo_libvirt_signals_emit (self, node, row->name, args);
    }
}

VireoLibvirtSignals *
vireo_libvirt_signals_new (VireoServer *server,
                           gboolean session,
                           const VireoLibvirtService *const *services,
                           gsize n_services)
{
  VireoLibvirtSignals *self = g_new0 (VireoLibvirtSignals, 1);

  self->tree = g_object_ref (vireo_server_get_tree (server));
  self->session = session;
  self->receivers = vireo_receivers_new (vireo_server_get_authority (server), session);
  for (gsize i = 0; i < n_services; i++)
    self->services[services[i]->path_kind] = services[i];
  g_signal_connect (self->tree, "event", G_CALLBACK (on_event), self);
  return self;
}

void
vireo_libvirt_signals_free (VireoLibvirtSignals *self)
{
  g_signal_handlers_disconnect_by_data (self->tree, self);
  g_object_run_dispose (G_OBJECT (self->receivers));
  g_object_unref (self->receivers);
  g_object_unref (self->tree);
  g_free (self);
}

void
vireo_libvirt_signals_subscribe (VireoLibvirtSignals *self, VireoCaller *caller)
{
  vireo_receivers_add (self->receivers, caller);
}

void
vireo_libvirt_signals_emit (VireoLibvirtSignals *self,
                            VireoNode *node,
                            const char *signal,
                            GVariant *args)
{
  g_autofree char *path = vireo_libvirt_path_of_node (node, self->session);
  g_autoptr (GVariant) sunk = args != NULL ? g_variant_ref_sink (args) : NULL;

  if (path != NULL)
    vireo_receivers_send (self->receivers, node, node, path,
                          self->services[node->path_kind]->interface, signal, sunk);
}

void
vireo_libvirt_signals_emit_event (VireoLibvirtSignals *self,
                                  VireoNode *node,
                                  const char *signal,
                                  gint event,
                                  gint detail)
{
  VireoNode *connection = vireo_node_get_connection (node);
  g_autofree char *path = vireo_libvirt_path_of_node (node, self->session);
  g_autofree char *connection_path = vireo_libvirt_path_of_node (connection, self->session);
  GVariant *args;

  if (path == NULL || connection_path == NULL)
    return;
  args = detail < 0 ? g_variant_new ("(oi)", path, event)
                    : g_variant_new ("(oii)", path, event, detail);
  vireo_receivers_send (self->receivers, connection, node, connection_path,
                        self->services[VIREO_PATH_CONNECTION]->interface, signal, args);
}
