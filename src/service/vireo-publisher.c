/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-publisher.h"

#include "vireo-visibility.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* A receiver for which more than this waits for polkit's answers has lost track, and is dropped. */
#define MAX_WAITING 65536u

struct _VireoPublisher
{
  GObject parent;

  GDBusConnection *connection;
  VireoTree *tree;
  VireoAuthority *authority;
  gboolean session;

  GHashTable *receivers; /* caller -> Receiver */
  /* What is not told yet, in its order, and by node. */
  GQueue news;
  GHashTable *news_of;
  guint flush_id;
};

typedef struct
{
  VireoCaller *caller; /* %NULL for everybody on a session bus */
  gulong gone_id;
  GQueue waiting; /* (element-type Letter) */
  guint n_refs;
  gboolean dropped;
  VireoPublisher *publisher;
} Receiver;

/* A signal to one receiver, who may or may not be allowed to have it. */
typedef struct
{
  GDBusMessage *message;
  Receiver *receiver;
  gboolean decided;
  gboolean allowed;
} Letter;

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
letter_free (gpointer data)
{
  Letter *self = data;

  g_object_unref (self->message);
  g_free (self);
}

static void
receiver_unref (gpointer data)
{
  Receiver *self = data;

  if (--self->n_refs > 0)
    return;
  g_clear_object (&self->caller);
  g_free (self);
}

static void
receiver_drop (gpointer data)
{
  Receiver *self = data;

  self->dropped = TRUE;
  if (self->caller != NULL)
    g_signal_handler_disconnect (self->caller, self->gone_id);
  receiver_unref (self);
}

static void
news_free (News *self)
{
  vireo_node_unref (self->node);
  g_free (self);
}

/* ---- sending ---- */

static void
send_letters (Receiver *receiver)
{
  Letter *letter;

  while ((letter = g_queue_peek_head (&receiver->waiting)) != NULL && letter->decided)
    {
      g_queue_pop_head (&receiver->waiting);
      if (letter->allowed && !receiver->dropped)
        g_dbus_connection_send_message (receiver->publisher->connection, letter->message,
                                        G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
      letter_free (letter);
    }
}

static void
on_visible (GPtrArray *nodes, gpointer user_data)
{
  Letter *letter = user_data;
  Receiver *receiver = letter->receiver;

  letter->decided = TRUE;
  /* Both the object that speaks and the one that is spoken of. */
  letter->allowed = nodes->len == 2;
  send_letters (receiver);
  receiver_unref (receiver);
}

static void
post (VireoPublisher *self,
      Receiver *receiver,
      VireoNode *node,
      VireoNode *about,
      const char *path,
      const char *interface,
      const char *signal,
      GVariant *args)
{
  Letter *letter = g_new0 (Letter, 1);
  g_autoptr (GPtrArray) nodes = NULL;

  letter->receiver = receiver;
  letter->message = g_dbus_message_new_signal (path, interface, signal);
  if (args != NULL)
    g_dbus_message_set_body (letter->message, args);
  if (receiver->caller == NULL)
    {
      letter->decided = letter->allowed = TRUE;
      g_queue_push_tail (&receiver->waiting, letter);
      send_letters (receiver);
      return;
    }

  g_dbus_message_set_destination (letter->message, vireo_caller_get_name (receiver->caller));
  g_queue_push_tail (&receiver->waiting, letter);
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  g_ptr_array_add (nodes, vireo_node_ref (node));
  g_ptr_array_add (nodes, vireo_node_ref (about));
  receiver->n_refs++;
  vireo_visibility_filter (self->authority, receiver->caller, nodes, on_visible, letter);
}

/* @args: (nullable): sunk. */
static void
publish (VireoPublisher *self,
         VireoNode *node,
         VireoNode *about,
         const char *path,
         const char *interface,
         const char *signal,
         GVariant *args)
{
  g_autoptr (GVariant) sunk = args != NULL ? g_variant_ref_sink (args) : NULL;
  g_autoptr (GList) receivers = g_hash_table_get_values (self->receivers);

  for (GList *link = receivers; link != NULL; link = link->next)
    {
      Receiver *receiver = link->data;

      if (receiver->waiting.length < MAX_WAITING)
        {
          post (self, receiver, node, about, path, interface, signal, sunk);
          continue;
        }
      g_warning ("%s does not keep up with the signals that it subscribed to, and is dropped",
                 vireo_caller_get_name (receiver->caller));
      g_hash_table_remove (self->receivers, receiver->caller);
    }
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
  publish (self, node, node, VIREO_PATH_ROOT, OBJECT_MANAGER, "InterfacesAdded",
           g_variant_new ("(oa{sa{sv}})", node->path, &interfaces));
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
  publish (self, node, node, node->path, PROPERTIES, "PropertiesChanged",
           g_variant_new ("(s@a{sv}as)", info->name,
                          vireo_export_get_many (node, &reading, changed), &invalidated));
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
  return g_hash_table_size (self->receivers) > 0;
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
    publish (self, node, node, VIREO_PATH_ROOT, OBJECT_MANAGER, "InterfacesRemoved",
             g_variant_new ("(o^as)", node->path, interfaces));
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
  if (!has_audience (self))
    return;
  news = g_hash_table_lookup (self->news_of, node);
  if (news != NULL)
    tell (self, news);
  publish (self, node, about, node->path, node->export->info->name, signal, args);
}

/* ---- receivers ---- */

static void
on_gone (VireoCaller *caller, gpointer user_data)
{
  vireo_publisher_unsubscribe (user_data, caller);
}

static void
add_receiver (VireoPublisher *self, VireoCaller *caller)
{
  Receiver *receiver = g_new0 (Receiver, 1);

  receiver->n_refs = 1;
  receiver->publisher = self;
  g_queue_init (&receiver->waiting);
  if (caller != NULL)
    {
      receiver->caller = g_object_ref (caller);
      receiver->gone_id = g_signal_connect (caller, "gone", G_CALLBACK (on_gone), self);
    }
  g_hash_table_insert (self->receivers, caller, receiver);
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
  if (self->session || vireo_caller_is_gone (caller)
      || g_hash_table_contains (self->receivers, caller))
    return;
  /* What happened before is told to who was there then. */
  vireo_publisher_flush (self);
  add_receiver (self, caller);
}

void
vireo_publisher_unsubscribe (VireoPublisher *self, VireoCaller *caller)
{
  g_hash_table_remove (self->receivers, caller);
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
  g_hash_table_remove_all (self->receivers);
  G_OBJECT_CLASS (vireo_publisher_parent_class)->dispose (object);
}

static void
publisher_finalize (GObject *object)
{
  VireoPublisher *self = VIREO_PUBLISHER (object);

  g_hash_table_unref (self->news_of);
  g_hash_table_unref (self->receivers);
  g_clear_object (&self->tree);
  g_clear_object (&self->authority);
  g_clear_object (&self->connection);
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
  self->receivers = g_hash_table_new_full (NULL, NULL, NULL, receiver_drop);
}

VireoPublisher *
vireo_publisher_new (GDBusConnection *connection,
                     VireoTree *tree,
                     VireoAuthority *authority,
                     gboolean session)
{
  VireoPublisher *self = g_object_new (VIREO_TYPE_PUBLISHER, NULL);

  self->connection = g_object_ref (connection);
  self->tree = g_object_ref (tree);
  self->authority = g_object_ref (authority);
  self->session = session;
  if (session)
    add_receiver (self, NULL);
  g_signal_connect (tree, "added", G_CALLBACK (on_added), self);
  g_signal_connect (tree, "removed", G_CALLBACK (on_removed), self);
  g_signal_connect (tree, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (tree, "event", G_CALLBACK (on_event), self);
  return self;
}
