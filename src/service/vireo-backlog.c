/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-backlog.h"

#include "util/vireo-error.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define STATS BUS_NAME ".Debug.Stats"

/* A dbus-daemon takes 127 MiB and 64 descriptors of one connection, unless it is configured
 * otherwise (dbus-daemon(1), max_incoming_bytes; the comment in its system.conf has the numbers).
 * What all may have together stays below, for root, small answers and signals; each user may have
 * a part of what others left, and at least a little, so that many who do not read cannot shut
 * others out. */
#define ALL_BYTES (96u * 1024 * 1024)
#define LAST_BYTES (112u * 1024 * 1024)
#define LEAST_BYTES (1024u * 1024)
#define ALL_FDS 48u
#define USER_FDS 16u
#define LEAST_FDS 2u

/* The bus is asked again when so much was sent to a caller. */
#define ASK_BYTES (256u * 1024)
/* While somebody does not read, it is asked again after so long. */
#define SHORTEST_DELAY_MS 20u
#define LONGEST_DELAY_MS 2000u
/* For how long those who are behind wait while they read nothing. */
#define PATIENCE_US (5 * G_USEC_PER_SEC)

/* What waits for its turn takes no more memory than so many times what may be unread: calls that
 * were begun before anybody knew how long their answers are. */
#define WAITING_SHARE 4u

typedef struct
{
  gsize bytes;
  guint fds;
} Amount;

struct _VireoBacklog
{
  guint n_refs;
  GDBusConnection *connection;
  VireoQuotas *quotas;
  VireoBacklogFunc func;
  gpointer user_data;
  GCancellable *cancellable;
  gboolean off;

  Amount unread;
  GHashTable *users;  /* uid -> User */
  GPtrArray *behind; /* (element-type User) */
};

typedef struct
{
  VireoBacklog *backlog;
  guint uid;
  GPtrArray *readers;
  Amount unread;

  gboolean behind;
  gboolean refused;
  gint64 progress_at;

  VireoReader *turn_holder;
  gboolean granting;
  GQueue turns; /* (element-type Turn) */
  gsize turns_size;
} User;

struct _VireoReader
{
  VireoBacklog *backlog;
  User *user; /* %NULL when they left */
  char *name;
  Amount unread;
  Amount since; /* the bus was asked */
  gboolean asking;
  guint delay_ms;
  guint timer_id;
  guint n_refs;
};

typedef struct
{
  VireoReader *reader;
  gsize size;
  VireoTurnFunc func;
  gpointer user_data;
} Turn;

/* A question to the bus. */
typedef struct
{
  VireoReader *reader;
  Amount unread;
} Question;

static void ask (VireoReader *self);

static void
backlog_unref (VireoBacklog *self)
{
  if (--self->n_refs > 0)
    return;
  g_hash_table_unref (self->users);
  g_ptr_array_unref (self->behind);
  g_object_unref (self->cancellable);
  g_object_unref (self->connection);
  g_free (self);
}

static VireoReader *
reader_ref (VireoReader *self)
{
  self->n_refs++;
  return self;
}

static void
reader_unref (VireoReader *self)
{
  if (--self->n_refs > 0)
    return;
  backlog_unref (self->backlog);
  g_free (self->name);
  g_free (self);
}

/* ---- who is behind ---- */

static gsize
byte_limit (const User *user)
{
  const VireoBacklog *all = user->backlog;
  gsize left = ALL_BYTES - MIN (all->unread.bytes, ALL_BYTES);
  gsize quota = (gsize) vireo_quotas_get_limit (all->quotas, VIREO_QUOTA_UNREAD);

  return MIN (quota, MAX (left / 2, LEAST_BYTES));
}

static guint
fd_limit (const User *user)
{
  guint left = ALL_FDS - MIN (user->backlog->unread.fds, ALL_FDS);

  return CLAMP (left / 2, LEAST_FDS, USER_FDS);
}

static gboolean
is_exempt (const User *user)
{
  return user->backlog->off || vireo_quotas_is_exempt (user->backlog->quotas, user->uid);
}

static gboolean
has_too_much (const User *user)
{
  return !is_exempt (user)
         && (user->unread.bytes >= byte_limit (user) || user->unread.fds >= fd_limit (user));
}

/* What they have read before may not be known yet. */
static void
begin_behind (User *user)
{
  user->behind = TRUE;
  user->progress_at = g_get_monotonic_time ();
  g_ptr_array_add (user->backlog->behind, user);
  for (guint i = 0; i < user->readers->len; i++)
    {
      VireoReader *reader = g_ptr_array_index (user->readers, i);

      if (reader->unread.bytes > 0 || reader->unread.fds > 0)
        ask (reader);
    }
}

static void grant_turns (User *user);

static void
end_behind (User *user)
{
  user->behind = FALSE;
  user->refused = FALSE;
  g_ptr_array_remove_fast (user->backlog->behind, user);
  grant_turns (user);
  user->backlog->func (user->uid, user->backlog->user_data);
}

static void
update_behind (User *user)
{
  if (!user->behind && has_too_much (user))
    begin_behind (user);
}

/* What one has read makes room for others, too. Whoever is let go on may be behind at once again,
 * or gone. */
static void
let_go_on (VireoBacklog *self)
{
  self->n_refs++;
  for (guint i = self->behind->len; i > 0; i--)
    {
      User *user = i <= self->behind->len ? g_ptr_array_index (self->behind, i - 1) : NULL;

      if (user != NULL && !has_too_much (user))
        end_behind (user);
    }
  backlog_unref (self);
}

static void
refuse_turns (User *user)
{
  Turn *turn;

  user->turns_size = 0;
  while ((turn = g_queue_pop_head (&user->turns)) != NULL)
    {
      turn->func (FALSE, turn->user_data);
      g_free (turn);
    }
}

/* ---- what the bus says ---- */

static void
take_away (Amount *from, Amount what)
{
  from->bytes -= MIN (from->bytes, what.bytes);
  from->fds -= MIN (from->fds, what.fds);
}

static void
settle (VireoReader *self, Amount read)
{
  VireoBacklog *backlog = self->backlog;

  take_away (&self->unread, read);
  take_away (&self->user->unread, read);
  take_away (&backlog->unread, read);
  if (read.bytes == 0 && read.fds == 0)
    return;
  self->delay_ms = 0;
  self->user->progress_at = g_get_monotonic_time ();
  let_go_on (backlog);
}

static void
be_off (VireoBacklog *self, const GError *error)
{
  if (self->off)
    return;
  self->off = TRUE;
  g_message ("the bus does not tell what callers have not read, and it is not bounded here: %s",
             error->message);
  let_go_on (self);
}

static gboolean
on_timer (gpointer user_data)
{
  VireoReader *self = user_data;

  self->timer_id = 0;
  ask (self);
  return G_SOURCE_REMOVE;
}

/* Whether it matters what they have not read. */
static gboolean
is_of_interest (VireoReader *self)
{
  return self->unread.bytes >= ASK_BYTES || self->unread.fds > 0
         || (self->user->behind && self->unread.bytes > 0);
}

static void
ask_later (VireoReader *self)
{
  if (self->timer_id != 0 || self->asking)
    return;
  if (!is_of_interest (self))
    {
      self->delay_ms = 0;
      return;
    }
  self->delay_ms = CLAMP (self->delay_ms * 2, SHORTEST_DELAY_MS, LONGEST_DELAY_MS);
  self->timer_id = g_timeout_add (self->delay_ms, on_timer, self);
}

static void
lose_patience (User *user)
{
  if (!user->behind || user->refused
      || g_get_monotonic_time () - user->progress_at < PATIENCE_US)
    return;
  user->refused = TRUE;
  g_message ("user %u has not read %" G_GSIZE_FORMAT " bytes and %u descriptors, and is refused",
             user->uid, user->unread.bytes, user->unread.fds);
  refuse_turns (user);
  user->backlog->func (user->uid, user->backlog->user_data);
}

static void
on_stats (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  VireoReader *reader = question->reader;
  Amount read = question->unread;
  Amount left = { 0, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) stats = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
  guint32 bytes = 0, fds = 0;

  g_free (question);
  reader->asking = FALSE;
  if (reader->user == NULL)
    {
      reader_unref (reader);
      return;
    }
  if (stats != NULL && g_variant_lookup (stats, "OutgoingBytes", "u", &bytes))
    {
      /* What others sent to it is among that. */
      g_variant_lookup (stats, "OutgoingFDs", "u", &fds);
      left = (Amount){ bytes, fds };
      take_away (&read, left);
      settle (reader, read);
    }
  else if (error != NULL && !g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    be_off (reader->backlog, error);
  if (reader->user != NULL && !reader->backlog->off)
    {
      lose_patience (reader->user);
      ask_later (reader);
    }
  reader_unref (reader);
}

/* The bus gets the question after what was sent before. */
static void
ask (VireoReader *self)
{
  VireoBacklog *backlog = self->backlog;
  Question *question;

  if (self->asking || backlog->off)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  question = g_new0 (Question, 1);
  question->reader = reader_ref (self);
  question->unread = self->unread;
  self->since = (Amount){ 0, 0 };
  self->asking = TRUE;
  g_dbus_connection_call (backlog->connection, BUS_NAME, BUS_PATH, STATS, "GetConnectionStats",
                          g_variant_new ("(s)", self->name), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, -1, backlog->cancellable, on_stats, question);
}

/* ---- readers ---- */

static void
user_free (gpointer data)
{
  User *self = data;

  g_ptr_array_remove_fast (self->backlog->behind, self);
  g_ptr_array_unref (self->readers);
  g_free (self);
}

static User *
ensure_user (VireoBacklog *backlog, guint uid)
{
  User *user = g_hash_table_lookup (backlog->users, GUINT_TO_POINTER (uid));

  if (user != NULL)
    return user;
  user = g_new0 (User, 1);
  user->backlog = backlog;
  user->uid = uid;
  user->readers = g_ptr_array_new ();
  g_queue_init (&user->turns);
  g_hash_table_insert (backlog->users, GUINT_TO_POINTER (uid), user);
  return user;
}

static void
join (VireoReader *self, User *user)
{
  self->user = user;
  g_ptr_array_add (user->readers, self);
  user->unread.bytes += self->unread.bytes;
  user->unread.fds += self->unread.fds;
}

static void
part (VireoReader *self)
{
  User *user = g_steal_pointer (&self->user);

  take_away (&user->unread, self->unread);
  g_ptr_array_remove_fast (user->readers, self);
  if (user->readers->len == 0)
    g_hash_table_remove (user->backlog->users, GUINT_TO_POINTER (user->uid));
}

VireoReader *
vireo_reader_new (VireoBacklog *backlog, const char *name)
{
  VireoReader *self = g_new0 (VireoReader, 1);

  self->n_refs = 1;
  self->backlog = backlog;
  backlog->n_refs++;
  self->name = g_strdup (name);
  /* Nobody knows yet whose they are. */
  join (self, ensure_user (backlog, (guint) -1));
  return self;
}

void
vireo_reader_set_uid (VireoReader *self, guint uid)
{
  if (self->user == NULL)
    return;
  part (self);
  join (self, ensure_user (self->backlog, uid));
}

static void
refuse_turns_of (VireoReader *self)
{
  GQueue turns = self->user->turns;
  Turn *turn;
  GQueue refused = G_QUEUE_INIT;

  g_queue_init (&self->user->turns);
  while ((turn = g_queue_pop_head (&turns)) != NULL)
    g_queue_push_tail (turn->reader == self ? &refused : &self->user->turns, turn);
  while ((turn = g_queue_pop_head (&refused)) != NULL)
    {
      self->user->turns_size -= turn->size;
      turn->func (FALSE, turn->user_data);
      g_free (turn);
    }
}

void
vireo_reader_leave (VireoReader *self)
{
  VireoBacklog *backlog = self->backlog;

  if (self->user == NULL)
    return;
  refuse_turns_of (self);
  vireo_reader_end_turn (self);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  take_away (&backlog->unread, self->unread);
  part (self);
  self->unread = (Amount){ 0, 0 };
  let_go_on (backlog);
}

void
vireo_reader_free (VireoReader *self)
{
  vireo_reader_leave (self);
  reader_unref (self);
}

void
vireo_reader_sent (VireoReader *self, gsize size, guint n_fds)
{
  VireoBacklog *backlog = self->backlog;

  if (self->user == NULL || backlog->off)
    return;
  self->unread.bytes += size;
  self->unread.fds += n_fds;
  self->user->unread.bytes += size;
  self->user->unread.fds += n_fds;
  backlog->unread.bytes += size;
  backlog->unread.fds += n_fds;
  self->since.bytes += size;
  self->since.fds += n_fds;
  if (self->since.bytes >= ASK_BYTES || self->since.fds > 0)
    ask (self);
  update_behind (self->user);
}

gboolean
vireo_reader_is_behind (VireoReader *self)
{
  if (self->user == NULL)
    return FALSE;
  update_behind (self->user);
  return self->user->behind;
}

gboolean
vireo_reader_is_refused (VireoReader *self)
{
  return self->user != NULL && self->user->refused;
}

gboolean
vireo_reader_is_lost (VireoReader *self)
{
  return self->user != NULL && !is_exempt (self->user)
         && self->user->unread.bytes >= 2 * byte_limit (self->user);
}

gboolean
vireo_reader_keeps_up (VireoReader *self)
{
  const User *user = self->user;
  gsize limit;

  if (user == NULL || user->backlog->off)
    return TRUE;
  limit = byte_limit (user);
  if (is_exempt (user))
    return self->unread.bytes < 2 * limit;
  /* Of a user's many, those are to blame who have more than their part. */
  return user->unread.bytes < 2 * limit || self->unread.bytes <= limit / user->readers->len;
}

gboolean
vireo_reader_has_room (VireoReader *self, gsize size)
{
  return self->user == NULL || is_exempt (self->user)
         || self->backlog->unread.bytes + size <= LAST_BYTES;
}

void
vireo_reader_set_error (VireoReader *self, GError **error)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_QUOTA_EXCEEDED,
               "connections of your user have not read %" G_GSIZE_FORMAT
               " bytes and %u descriptors that were sent to them",
               self->user != NULL ? self->user->unread.bytes : 0,
               self->user != NULL ? self->user->unread.fds : 0);
}

/* ---- turns ---- */

static void
grant_turns (User *user)
{
  Turn *turn;

  if (user->granting)
    return;
  user->granting = TRUE;
  update_behind (user);
  while (user->turn_holder == NULL && !user->behind
         && (turn = g_queue_pop_head (&user->turns)) != NULL)
    {
      user->turn_holder = turn->reader;
      user->turns_size -= turn->size;
      turn->func (TRUE, turn->user_data);
      g_free (turn);
      update_behind (user);
    }
  user->granting = FALSE;
}

gboolean
vireo_reader_take_turn (VireoReader *self, gsize size, VireoTurnFunc func, gpointer user_data)
{
  User *user = self->user;
  Turn *turn;

  if (user == NULL || is_exempt (user))
    {
      func (TRUE, user_data);
      return TRUE;
    }
  update_behind (user);
  if (user->refused
      || (!g_queue_is_empty (&user->turns)
          && user->turns_size + size > WAITING_SHARE * byte_limit (user)))
    {
      func (FALSE, user_data);
      return TRUE;
    }
  if (user->turn_holder == NULL && !user->behind && !user->granting)
    {
      user->turn_holder = self;
      func (TRUE, user_data);
      return TRUE;
    }
  turn = g_new0 (Turn, 1);
  turn->reader = self;
  turn->size = size;
  turn->func = func;
  turn->user_data = user_data;
  user->turns_size += size;
  g_queue_push_tail (&user->turns, turn);
  return FALSE;
}

void
vireo_reader_end_turn (VireoReader *self)
{
  if (self->user == NULL || self->user->turn_holder != self)
    return;
  self->user->turn_holder = NULL;
  grant_turns (self->user);
}

/* ---- all ---- */

VireoBacklog *
vireo_backlog_new (GDBusConnection *connection,
                   VireoQuotas *quotas,
                   VireoBacklogFunc func,
                   gpointer user_data)
{
  VireoBacklog *self = g_new0 (VireoBacklog, 1);

  self->n_refs = 1;
  self->connection = g_object_ref (connection);
  self->quotas = quotas;
  self->func = func;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->off = vireo_quotas_is_of_session (quotas);
  self->users = g_hash_table_new_full (NULL, NULL, NULL, user_free);
  self->behind = g_ptr_array_new ();
  return self;
}

static void
ignore (guint uid, gpointer user_data)
{
}

void
vireo_backlog_close (VireoBacklog *self)
{
  self->func = ignore;
  g_cancellable_cancel (self->cancellable);
  backlog_unref (self);
}
