/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-publisher.h"

#include "vireo-receivers.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct _VireoPublisher
{
  GObject parent;

  VireoTree *tree;
  VireoReceivers *receivers;
  VireoMonitorWatchers *watchers;
  /* What is not told yet, in its order, and by node. */
  GQueue news;
  GHashTable *news_of;
  guint flush_id;
};

/* What is to be told of a node. */
typedef struct
{
  VireoNode *node;
  gboolean added;
  guint64 changed; /* a bit a property */
  GList link;
} News;

G_DEFINE_TYPE (VireoPublisher, vireo_publisher, G_TYPE_OBJECT)

static void
news_free (News *self)
{
  vireo_node_unref (self->node);
  g_free (self);
}

/* ---- what changed ---- */

static void
tell_added (VireoPublisher *self, VireoNode *node)
{
  VireoReading reading = { self->tree, NULL };
  GVariant *properties = vireo_export_get_many (node, &reading, VIREO_ALL_PROPERTIES);
  GVariantBuilder interfaces;

  g_variant_builder_init (&interfaces, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_variant_builder_add (&interfaces, "{s@a{sv}}", node->export->info->name, properties);
  vireo_receivers_send (self->receivers, node, node, VIREO_PATH_ROOT, OBJECT_MANAGER,
                        "InterfacesAdded", g_variant_new ("(oa{sa{sv}})", node->path, &interfaces));
}

static void
tell_changed (VireoPublisher *self, VireoNode *node, guint64 changed)
{
  const VireoInterfaceInfo *info = node->export->info;
  VireoReading reading = { self->tree, NULL };
  GVariantBuilder invalidated;

  g_variant_builder_init (&invalidated, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < node->export->n_properties; i++)
    {
      guint64 bit = G_GUINT64_CONSTANT (1) << i;

      if ((changed & bit) == 0 || info->properties[i].emits != VIREO_EMITS_INVALIDATED)
        continue;
      g_variant_builder_add (&invalidated, "s", info->properties[i].name);
      changed &= ~bit;
    }
  vireo_receivers_send (self->receivers, node, node, node->path, PROPERTIES, "PropertiesChanged",
                        g_variant_new ("(s@a{sv}as)", info->name,
                                       vireo_export_get_many (node, &reading, changed),
                                       &invalidated));
}

static void
tell (VireoPublisher *self, News *news)
{
  g_queue_unlink (&self->news, &news->link);
  g_hash_table_remove (self->news_of, news->node);
  if (news->added)
    tell_added (self, news->node);
  else if (news->changed != 0)
    tell_changed (self, news->node, news->changed);
  news_free (news);
}

/**
 * vireo_publisher_flush:
 *
 * Tells what changed until now.
 */
void
vireo_publisher_flush (VireoPublisher *self)
{
  News *news;

  while ((news = g_queue_peek_head (&self->news)) != NULL)
    tell (self, news);
  g_clear_handle_id (&self->flush_id, g_source_remove);
}

static gboolean
on_turn (gpointer user_data)
{
  VireoPublisher *self = user_data;

  self->flush_id = 0;
  vireo_publisher_flush (self);
  return G_SOURCE_REMOVE;
}

static News *
ensure_news (VireoPublisher *self, VireoNode *node)
{
  News *news = g_hash_table_lookup (self->news_of, node);

  if (news != NULL)
    return news;
  news = g_new0 (News, 1);
  news->node = vireo_node_ref (node);
  news->link.data = news;
  g_queue_push_tail_link (&self->news, &news->link);
  g_hash_table_insert (self->news_of, node, news);
  if (self->flush_id == 0)
    self->flush_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_turn, self, NULL);
  return news;
}

/* Nobody to tell is the usual case on a server, and costs nothing. */
static gboolean
has_audience (VireoPublisher *self)
{
  return vireo_receivers_are_there (self->receivers);
}

static void
on_added (VireoTree *tree, VireoNode *node, gpointer user_data)
{
  VireoPublisher *self = user_data;

  if (has_audience (self))
    ensure_news (self, node)->added = TRUE;
}

static void
on_removed (VireoTree *tree, VireoNode *node, gpointer user_data)
{
  VireoPublisher *self = user_data;
  News *news = g_hash_table_lookup (self->news_of, node);
  const char *interfaces[] = { node->export->info->name, NULL };
  gboolean never_told = news != NULL && news->added;

  if (news != NULL)
    {
      g_queue_unlink (&self->news, &news->link);
      g_hash_table_remove (self->news_of, node);
      news_free (news);
    }
  if (has_audience (self) && !never_told)
    vireo_receivers_send (self->receivers, node, node, VIREO_PATH_ROOT, OBJECT_MANAGER,
                          "InterfacesRemoved", g_variant_new ("(o^as)", node->path, interfaces));
}

static void
on_changed (VireoTree *tree, VireoNode *node, const char *attribute, gpointer user_data)
{
  VireoPublisher *self = user_data;
  guint index;

  if (!has_audience (self) || !vireo_export_find_attribute (node->export, attribute, &index)
      || node->export->info->properties[index].emits == VIREO_EMITS_NOTHING)
    return;
  ensure_news (self, node)->changed |= G_GUINT64_CONSTANT (1) << index;
}

static void
on_event (VireoTree *tree,
          VireoNode *node,
          const char *signal,
          GVariant *args,
          VireoNode *about,
          gpointer user_data)
{
  VireoPublisher *self = user_data;
  const VireoSignalInfo *info = vireo_signal_find (node->export->info, signal);
  const char *type = args != NULL ? g_variant_get_type_string (args) : "()";
  News *news;

  if (info == NULL || !g_str_equal (info->type, type))
    {
      g_critical ("%s has no signal %s%s", node->export->info->name, signal, type);
      return;
    }
  if (info->on_request)
    {
      vireo_monitor_watchers_send (self->watchers, node, signal, args);
      return;
    }
  if (!has_audience (self))
    return;
  news = g_hash_table_lookup (self->news_of, node);
  if (news != NULL)
    tell (self, news);
  vireo_receivers_send (self->receivers, node, about, node->path, node->export->info->name, signal,
                        args);
}

/* ---- receivers ---- */

gboolean
vireo_publisher_is_new (VireoPublisher *self, VireoCaller *caller)
{
  return vireo_receivers_is_new (self->receivers, caller);
}

guint
vireo_publisher_count_of (VireoPublisher *self, guint uid)
{
  return vireo_receivers_count_of (self->receivers, uid);
}

/**
 * vireo_publisher_subscribe:
 * @caller: who wants to hear what it may hear
 *
 * From now on @caller gets signals, until it leaves the bus or vireo_publisher_unsubscribe().
 */
void
vireo_publisher_subscribe (VireoPublisher *self, VireoCaller *caller)
{
  if (!vireo_receivers_is_new (self->receivers, caller))
    return;
  /* What happened before is told to who was there then. */
  vireo_publisher_flush (self);
  vireo_receivers_add (self->receivers, caller);
}

void
vireo_publisher_unsubscribe (VireoPublisher *self, VireoCaller *caller)
{
  vireo_receivers_remove (self->receivers, caller);
}

VireoMonitorWatchers *
vireo_publisher_get_watchers (VireoPublisher *self)
{
  return self->watchers;
}

static void
publisher_dispose (GObject *object)
{
  VireoPublisher *self = VIREO_PUBLISHER (object);
  News *news;

  g_clear_handle_id (&self->flush_id, g_source_remove);
  if (self->tree != NULL)
    g_signal_handlers_disconnect_by_data (self->tree, self);
  g_hash_table_remove_all (self->news_of);
  while ((news = g_queue_peek_head (&self->news)) != NULL)
    {
      g_queue_unlink (&self->news, &news->link);
      news_free (news);
    }
  g_object_run_dispose (G_OBJECT (self->receivers));
  G_OBJECT_CLASS (vireo_publisher_parent_class)->dispose (object);
}

static void
publisher_finalize (GObject *object)
{
  VireoPublisher *self = VIREO_PUBLISHER (object);

  g_hash_table_unref (self->news_of);
  g_clear_object (&self->receivers);
  g_clear_pointer (&self->watchers, vireo_monitor_watchers_free);
  g_clear_object (&self->tree);
  G_OBJECT_CLASS (vireo_publisher_parent_class)->finalize (object);
}

static void
vireo_publisher_class_init (VireoPublisherClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = publisher_dispose;
  G_OBJECT_CLASS (klass)->finalize = publisher_finalize;
}

static void
vireo_publisher_init (VireoPublisher *self)
{
  g_queue_init (&self->news);
  self->news_of = g_hash_table_new (NULL, NULL);
}

VireoPublisher *
vireo_publisher_new (VireoTree *tree, VireoAuthority *authority, gboolean session)
{
  VireoPublisher *self = g_object_new (VIREO_TYPE_PUBLISHER, NULL);

  self->tree = g_object_ref (tree);
  self->receivers = vireo_receivers_new (authority, session);
  self->watchers = vireo_monitor_watchers_new (authority);
  g_signal_connect (tree, "added", G_CALLBACK (on_added), self);
  g_signal_connect (tree, "removed", G_CALLBACK (on_removed), self);
  g_signal_connect (tree, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (tree, "event", G_CALLBACK (on_event), self);
  return self;
}
