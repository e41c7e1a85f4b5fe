/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of objects that applications see. */
#include "vireo-client-private.h"

/**
 * vireo_client_get_connection_model:
 * @self: a client
 *
 * Gets the connections to hypervisors, sorted by name (`vm9` before `vm10`),
 * in a list that stays current for as long as the client lives.
 *
 * Returns: (transfer none): a list of [class@Vireo.Connection]
 * Since: 0.1
 */
GListModel *
vireo_client_get_connection_model (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  return vireo_client_get_list (self, VIREO_TYPE_CONNECTION, "");
}

/**
 * vireo_client_get_domain_model:
 * @self: a client
 *
 * Gets the domains of all connections, sorted by name (`vm9` before `vm10`),
 * in a list that stays current for as long as the client lives.
 *
 * Returns: (transfer none): a list of [class@Vireo.Domain]
 * Since: 0.1
 */
GListModel *
vireo_client_get_domain_model (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  return vireo_client_get_list (self, VIREO_TYPE_DOMAIN, "");
}

/**
 * vireo_client_get_network_model:
 * @self: a client
 *
 * Gets the networks of all connections, sorted by name (`vm9` before `vm10`),
 * in a list that stays current for as long as the client lives.
 *
 * Returns: (transfer none): a list of [class@Vireo.Network]
 * Since: 0.1
 */
GListModel *
vireo_client_get_network_model (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  return vireo_client_get_list (self, VIREO_TYPE_NETWORK, "");
}

/**
 * vireo_client_get_storage_pool_model:
 * @self: a client
 *
 * Gets the storage pools of all connections, sorted by name (`vm9` before `vm10`),
 * in a list that stays current for as long as the client lives.
 *
 * Returns: (transfer none): a list of [class@Vireo.StoragePool]
 * Since: 0.1
 */
GListModel *
vireo_client_get_storage_pool_model (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  return vireo_client_get_list (self, VIREO_TYPE_STORAGE_POOL, "");
}

/**
 * vireo_client_get_job_model:
 * @self: a client
 *
 * Gets the jobs that are going on, sorted by name (`vm9` before `vm10`),
 * in a list that stays current for as long as the client lives.
 *
 * Returns: (transfer none): a list of [class@Vireo.Job]
 * Since: 0.1
 */
GListModel *
vireo_client_get_job_model (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  return vireo_client_get_list (self, VIREO_TYPE_JOB, "");
}

/**
 * vireo_client_get_model:
 * @self: a client
 * @type: the class of the objects, such as that of [class@Vireo.Secret] or
 *   [class@Vireo.NodeDevice]
 *
 * Gets all objects of a kind, wherever they are, sorted by name (`vm9` before `vm10`), in a list
 * that stays current for as long as the client lives.
 *
 * Returns: (transfer none): a list of objects of that class
 * Since: 0.1
 */
GListModel *
vireo_client_get_model (VireoClient *self, GType type)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_type_is_a (type, VIREO_TYPE_OBJECT), NULL);
  return vireo_client_get_list (self, type, "");
}

/* An object that outlived its client has an empty list. */
static GListModel *
list_of (VireoObject *self, GType type)
{
  if (self->client == NULL)
    return G_LIST_MODEL (vireo_object_list_new (type));
  return g_object_ref (vireo_client_get_list (self->client, type, self->path));
}

/**
 * vireo_connection_get_domain_model:
 * @self: a connection
 *
 * Gets the connection's domains, sorted by name (`vm9` before `vm10`), in a list that stays current
 * for as long as the client lives.
 *
 * Returns: (transfer full): a list of [class@Vireo.Domain]
 * Since: 0.1
 */
GListModel *
vireo_connection_get_domain_model (VireoConnection *self)
{
  g_return_val_if_fail (VIREO_IS_CONNECTION (self), NULL);
  return list_of (VIREO_OBJECT (self), VIREO_TYPE_DOMAIN);
}

/**
 * vireo_connection_get_network_model:
 * @self: a connection
 *
 * Gets the connection's networks, sorted by name (`vm9` before `vm10`), in a list that stays
 * current for as long as the client lives.
 *
 * Returns: (transfer full): a list of [class@Vireo.Network]
 * Since: 0.1
 */
GListModel *
vireo_connection_get_network_model (VireoConnection *self)
{
  g_return_val_if_fail (VIREO_IS_CONNECTION (self), NULL);
  return list_of (VIREO_OBJECT (self), VIREO_TYPE_NETWORK);
}

/**
 * vireo_connection_get_storage_pool_model:
 * @self: a connection
 *
 * Gets the connection's storage pools, sorted by name (`vm9` before `vm10`), in a list that stays
 * current for as long as the client lives.
 *
 * Returns: (transfer full): a list of [class@Vireo.StoragePool]
 * Since: 0.1
 */
GListModel *
vireo_connection_get_storage_pool_model (VireoConnection *self)
{
  g_return_val_if_fail (VIREO_IS_CONNECTION (self), NULL);
  return list_of (VIREO_OBJECT (self), VIREO_TYPE_STORAGE_POOL);
}

/**
 * vireo_storage_pool_get_volume_model:
 * @self: a storage pool
 *
 * Gets the pool's volumes, sorted by name (`vm9` before `vm10`), in a list that stays current
 * for as long as the client lives.
 *
 * Returns: (transfer full): a list of [class@Vireo.StorageVolume]
 * Since: 0.1
 */
GListModel *
vireo_storage_pool_get_volume_model (VireoStoragePool *self)
{
  g_return_val_if_fail (VIREO_IS_STORAGE_POOL (self), NULL);
  return list_of (VIREO_OBJECT (self), VIREO_TYPE_STORAGE_VOLUME);
}

/**
 * vireo_domain_get_snapshot_model:
 * @self: a domain
 *
 * Gets the domain's snapshots, sorted by name (`vm9` before `vm10`), in a list that stays current
 * for as long as the client lives.
 *
 * Returns: (transfer full): a list of [class@Vireo.DomainSnapshot]
 * Since: 0.1
 */
GListModel *
vireo_domain_get_snapshot_model (VireoDomain *self)
{
  g_return_val_if_fail (VIREO_IS_DOMAIN (self), NULL);
  return list_of (VIREO_OBJECT (self), VIREO_TYPE_DOMAIN_SNAPSHOT);
}

/**
 * vireo_object_get_model:
 * @self: a connection, a domain, a network or a storage pool
 * @type: the class of the objects, such as that of [class@Vireo.Secret] in a connection, or of
 *   [class@Vireo.NetworkPort] in a network
 *
 * Gets the objects of a kind that are right below another one, sorted by name (`vm9` before
 * `vm10`), in a list that stays current for as long as the client lives.
 *
 * Returns: (transfer full): a list of objects of that class
 * Since: 0.1
 */
GListModel *
vireo_object_get_model (VireoObject *self, GType type)
{
  g_return_val_if_fail (VIREO_IS_OBJECT (self), NULL);
  g_return_val_if_fail (g_type_is_a (type, VIREO_TYPE_OBJECT), NULL);
  return list_of (self, type);
}
