/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces. */
#include "vireo-qemu-build.h"

#include <string.h>

/* What definitions call a model, and the device; those that QEMU calls so too are in it as well,
 * for what is not here is refused. */
static const struct
{
  const char *model;
  const char *driver;
  gboolean virtio;
} models[] = {
  { "virtio", "virtio-net", TRUE },
  { "virtio-transitional", "virtio-net", TRUE },
  { "virtio-non-transitional", "virtio-net", TRUE },
  { "e1000", "e1000", FALSE },
  { "e1000-82544gc", "e1000-82544gc", FALSE },
  { "e1000-82545em", "e1000-82545em", FALSE },
  { "e1000e", "e1000e", FALSE },
  { "igb", "igb", FALSE },
  { "rtl8139", "rtl8139", FALSE },
  { "pcnet", "pcnet", FALSE },
  { "ne2k_pci", "ne2k_pci", FALSE },
  { "ne2k_isa", "ne2k_isa", FALSE },
  { "vmxnet3", "vmxnet3", FALSE },
  { "tulip", "tulip", FALSE },
  { "i82550", "i82550", FALSE },
  { "i82551", "i82551", FALSE },
  { "i82557b", "i82557b", FALSE },
  { "i82558b", "i82558b", FALSE },
  { "i82559er", "i82559er", FALSE },
  { "i82562", "i82562", FALSE },
  { "i82801", "i82801", FALSE },
  { "usb-net", "usb-net", FALSE },
};

/* What the host side and the guest side of a virtio interface offer each other. */
static const struct
{
  gsize offset;
  const char *property;
} host_offloads[] = {
  { G_STRUCT_OFFSET (VireoInterfaceDriverHostDef, csum), "csum" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverHostDef, gso), "gso" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverHostDef, tso4), "host_tso4" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverHostDef, tso6), "host_tso6" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverHostDef, ecn), "host_ecn" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverHostDef, ufo), "host_ufo" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverHostDef, mrg_rxbuf), "mrg_rxbuf" },
};
static const struct
{
  gsize offset;
  const char *property;
} guest_offloads[] = {
  { G_STRUCT_OFFSET (VireoInterfaceDriverGuestDef, csum), "guest_csum" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverGuestDef, tso4), "guest_tso4" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverGuestDef, tso6), "guest_tso6" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverGuestDef, ecn), "guest_ecn" },
  { G_STRUCT_OFFSET (VireoInterfaceDriverGuestDef, ufo), "guest_ufo" },
};

static gboolean
add_user_addresses (const VireoInterfaceDef *interface, JsonObject *netdev, const char *what,
                    GError **error)
{
  for (guint i = 0; i < interface->n_ips; i++)
    {
      const VireoInterfaceIpDef *ip = interface->ips[i];
      gboolean ipv6 = ip->family == VIREO_IP_FAMILY_IPV6 || strchr (ip->address, ':') != NULL;
      g_autofree char *net = NULL;

      if (ip->peer != NULL)
        return vireo_qemu_unsupported (error, "%s: <ip peer='%s'> is not supported", what,
                                       ip->peer);
      if (ipv6)
        {
          json_object_set_string_member (netdev, "ipv6-prefix", ip->address);
          if (ip->has_prefix)
            json_object_set_int_member (netdev, "ipv6-prefixlen", ip->prefix);
          continue;
        }
      net = g_strdup_printf ("%s/%u", ip->address, ip->has_prefix ? ip->prefix : 24);
      json_object_set_string_member (netdev, "net", net);
    }
  return TRUE;
}

static int
get_tap (VireoQemuBuild *build, guint index)
{
  const GArray *taps = build->resources->taps;

  return taps != NULL && index < taps->len ? g_array_index (taps, int, index) : -1;
}

gboolean
vireo_qemu_needs_tap (const VireoInterfaceDef *interface)
{
  return (interface->type == VIREO_INTERFACE_TYPE_NETWORK
          || interface->type == VIREO_INTERFACE_TYPE_BRIDGE)
         && interface->source != NULL;
}

/* What a network or a bridge gives the guest. */
static void
add_tap (VireoQemuBuild *build, const VireoInterfaceDef *interface, int tap, JsonObject *netdev)
{
  if (tap >= 0)
    {
      g_autofree char *fd = g_strdup_printf ("%d", tap);

      json_object_set_string_member (netdev, "fd", fd);
    }
  else if (interface->target != NULL)
    vireo_qemu_json_string (netdev, "ifname", interface->target->dev);
  if (interface->tune != NULL)
    json_object_set_int_member (netdev, "sndbuf", (gint64) interface->tune->sndbuf);
}

static gboolean
add_backend (VireoQemuBuild *build, guint index, const char *id, const char *what, GError **error)
{
  const VireoInterfaceDef *interface = build->def->interfaces[index];
  int tap = get_tap (build, index);
  /* By name, QEMU makes the device itself: what it is plugged into, a script of the host says. */
  gboolean is_tap
      = tap >= 0 || (vireo_qemu_build_is_by_name (build) && vireo_qemu_needs_tap (interface));
  JsonObject *netdev;

  if (interface->backend != NULL && interface->backend->type == VIREO_INTERFACE_BACKEND_TYPE_PASST)
    return vireo_qemu_unsupported (error, "%s: <backend type='passt'> is not supported", what);
  netdev = json_object_new ();
  json_object_set_string_member (netdev, "type", is_tap ? "tap" : "user");
  json_object_set_string_member (netdev, "id", id);
  if (is_tap)
    add_tap (build, interface, tap, netdev);
  else if (interface->type != VIREO_INTERFACE_TYPE_USER)
    {
      json_object_unref (netdev);
      return vireo_qemu_unsupported (error, "%s: <interface type='%s'> is not supported", what,
                                     vireo_interface_type_to_string (interface->type));
    }
  else if (!add_user_addresses (interface, netdev, what, error))
    {
      json_object_unref (netdev);
      return FALSE;
    }
  vireo_qemu_build_json (build, "-netdev", netdev);
  return TRUE;
}

static void
add_offloads (const VireoInterfaceDriverDef *driver, JsonObject *device)
{
  for (gsize i = 0; driver->host != NULL && i < G_N_ELEMENTS (host_offloads); i++)
    vireo_qemu_json_switch (
        device, host_offloads[i].property,
        G_STRUCT_MEMBER (VireoTristate, driver->host, host_offloads[i].offset));
  for (gsize i = 0; driver->guest != NULL && i < G_N_ELEMENTS (guest_offloads); i++)
    vireo_qemu_json_switch (
        device, guest_offloads[i].property,
        G_STRUCT_MEMBER (VireoTristate, driver->guest, guest_offloads[i].offset));
}

static gboolean
add_driver (const VireoInterfaceDef *interface, JsonObject *device, const char *what,
            GError **error)
{
  const VireoInterfaceDriverDef *driver = interface->driver;

  if (driver == NULL)
    return TRUE;
  if (driver->name == VIREO_INTERFACE_DRIVER_NAME_VFIO
      || driver->name == VIREO_INTERFACE_DRIVER_NAME_XEN
      || driver->name == VIREO_INTERFACE_DRIVER_NAME_KVM)
    return vireo_qemu_unsupported (error, "%s: <driver name='%s'> is not supported", what,
                                   vireo_interface_driver_name_to_string (driver->name));
  if (driver->has_queues && driver->queues > 1)
    return vireo_qemu_unsupported (error, "%s: <driver queues='%u'>: only one is supported", what,
                                   driver->queues);
  if (driver->txmode != VIREO_INTERFACE_TXMODE_UNSET)
    json_object_set_string_member (
        device, "tx", driver->txmode == VIREO_INTERFACE_TXMODE_IOTHREAD ? "bh" : "timer");
  vireo_qemu_json_switch (device, "ioeventfd", driver->ioeventfd);
  vireo_qemu_json_switch (device, "event_idx", driver->event_idx);
  if (driver->has_rx_queue_size)
    json_object_set_int_member (device, "rx_queue_size", driver->rx_queue_size);
  if (driver->has_tx_queue_size)
    json_object_set_int_member (device, "tx_queue_size", driver->tx_queue_size);
  vireo_qemu_json_switch (device, "rss", driver->rss);
  vireo_qemu_json_switch (device, "hash", driver->rss_hash_report);
  add_offloads (driver, device);
  vireo_qemu_build_virtio_options (device, driver->iommu, driver->ats, driver->packed,
                                   driver->page_per_vq);
  return TRUE;
}

static gboolean
add_details (VireoQemuBuild *build, const VireoInterfaceDef *interface, gboolean virtio,
             JsonObject *device, const char *what, GError **error)
{
  guint boot = interface->has_boot_order
                   ? interface->boot_order
                   : vireo_qemu_build_boot_index (build, VIREO_DEVICE_INTERFACE, interface);

  if (interface->mac != NULL)
    vireo_qemu_json_string (device, "mac", interface->mac->address);
  if (boot != 0)
    json_object_set_int_member (device, "bootindex", boot);
  if (interface->rom != NULL)
    {
      if (interface->rom->enabled == VIREO_TRISTATE_NO)
        json_object_set_string_member (device, "romfile", "");
      if (interface->rom->bar != VIREO_TRISTATE_UNSET)
        json_object_set_int_member (device, "rombar",
                                    interface->rom->bar == VIREO_TRISTATE_YES);
    }
  if (virtio && interface->has_mtu)
    json_object_set_int_member (device, "host_mtu", interface->mtu);
  if (virtio && !add_driver (interface, device, what, error))
    return FALSE;
  if (g_str_equal (json_object_get_string_member (device, "driver"), "usb-net"))
    vireo_qemu_build_usb_place (build, device, interface->address);
  else if (!vireo_qemu_build_place (build, device, interface->address, error))
    return FALSE;
  return TRUE;
}

static void
add_link_state (VireoQemuBuild *build, const VireoInterfaceDef *interface)
{
  JsonObject *arguments;

  if (interface->link_state != VIREO_INTERFACE_LINK_STATE_DOWN)
    return;
  arguments = json_object_new ();
  json_object_set_string_member (arguments, "name", interface->alias);
  json_object_set_boolean_member (arguments, "up", FALSE);
  vireo_qemu_build_step (build, "set_link", arguments);
}

static JsonObject *
make_device (VireoQemuBuild *build, const VireoInterfaceDef *interface, const char *what,
             GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (g_strcmp0 (models[i].model, interface->model) == 0)
      {
        g_autofree char *driver
            = models[i].virtio
                  ? vireo_qemu_build_virtio_driver (build, models[i].driver,
                                                    vireo_qemu_virtio_variant (interface->model))
                  : g_strdup (models[i].driver);
        JsonObject *device = vireo_qemu_json_device (driver, interface->alias);

        if (add_details (build, interface, models[i].virtio, device, what, error))
          return device;
        json_object_unref (device);
        return NULL;
      }
  vireo_qemu_unsupported (error, "%s: <model type='%s'> is not supported", what,
                          interface->model != NULL ? interface->model : "");
  return NULL;
}

gboolean
vireo_qemu_build_interface (VireoQemuBuild *build, guint index, GError **error)
{
  const VireoInterfaceDef *interface = build->def->interfaces[index];
  g_autofree char *what = g_strdup_printf ("The interface '%s'", interface->alias);
  g_autofree char *id = g_strdup_printf ("host%s", interface->alias);
  JsonObject *device;

  if (!add_backend (build, index, id, what, error))
    return FALSE;
  device = make_device (build, interface, what, error);
  if (device == NULL)
    return FALSE;
  json_object_set_string_member (device, "netdev", id);
  if (!vireo_qemu_build_device (build, device, what, error))
    return FALSE;
  add_link_state (build, interface);
  return TRUE;
}

gboolean
vireo_qemu_build_interfaces (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_interfaces; i++)
    if (!vireo_qemu_build_interface (build, i, error))
      return FALSE;
  return TRUE;
}
