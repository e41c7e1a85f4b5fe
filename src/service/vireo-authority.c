/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-authority.h"

#include <unistd.h>

#include "vireo-polkit.h"

#define CACHE_TIME_US (5 * G_USEC_PER_SEC)
#define MAX_CACHED 65536u
#define MAX_CACHED_BYTES (16u * 1024 * 1024)
#define MAX_ASKED 48u
#define MAX_PROMPTS 48u
#define MAX_PROMPTS_OF_USER 8u
#define PROMPT_TIMEOUT_MS (10 * 60 * 1000)
/* From when a question is put, the time in line included. */
#define ANSWER_TIMEOUT_MS (25 * 1000)

struct _VireoAuthority
{
  GObject parent;

  GDBusConnection *connection;
  gboolean session;
  guint changed_id;
  guint owner_id;
  guint filter_id;

  /* Counts polkit's changes: an answer to a question from before one is not kept. Counted in
   * GDBus's thread, as the signal comes: a call that comes behind it must not find what is too old.
   */
  gint changes;

  /* (element-type CallerState): those with questions that wait, in turn */
  GQueue waiting;
  guint overdue_id; /* looks after them */
  guint n_asked;
  gint64 heard_at; /* when polkit last said anything */
  gint64 told_at;  /* when the log was last told that it says nothing */

  guint n_prompts;
  GHashTable *prompts_of_user;
  guint64 n_cancellations;
};

/* What is known and asked for one caller. */
typedef struct
{
  VireoAuthority *authority; /* not owned: it outlives the callers' calls */
  VireoCaller *caller;       /* not owned: owns this */
  gint changes;
  GHashTable *decisions; /* (element-type Question Decision) */
  GQueue kept;           /* (element-type Question): the keys of decisions, the oldest first */
  gsize n_kept_bytes;
  GHashTable *asked;     /* (element-type Question): waiting and under way */
  GQueue waiting;        /* (element-type Question) */
  GQueue prompts;        /* (element-type Prompt): the first is open, the others wait for it */
} CallerState;

typedef struct
{
  VireoVerdict verdict;
  gint64 expires;
  gsize n_bytes;
  GList link; /* in kept */
} Decision;

typedef struct
{
  VireoVerdictFunc func;
  gpointer user_data;
} Waiter;

/* Looked up by action and details alone. */
typedef struct
{
  const VireoAction *action;
  VireoDetails *details;
  VireoCaller *caller;
  VireoAuthority *authority;
  gint changes;
  gint64 put_at;
  gint64 asked_at;
  GArray *waiters;
} Question;

typedef struct
{
  VireoAuthority *authority;
  VireoCaller *caller;
  const VireoAction *action;
  VireoDetails *details;
  VireoVerdictFunc func;
  gpointer user_data;
  GCancellable *cancellable;
  gulong cancelled_id;
  char *cancellation_id;
  gboolean open;
  guint idle_id; /* of one that was taken back while it waited */
} Prompt;

G_DEFINE_TYPE (VireoAuthority, vireo_authority, G_TYPE_OBJECT)

static GQuark
caller_state_quark (void)
{
  static GQuark quark = 0;

  if (quark == 0)
    quark = g_quark_from_static_string ("vireo-authority-caller-state");
  return quark;
}

static guint
question_hash (gconstpointer key)
{
  const Question *question = key;

  return g_direct_hash (question->action) * 31 + g_direct_hash (question->details);
}

static gboolean
question_equal (gconstpointer a, gconstpointer b)
{
  const Question *one = a, *two = b;

  return one->action == two->action && one->details == two->details;
}

static Question *
question_new (const VireoAction *action, VireoDetails *details)
{
  Question *self = g_new0 (Question, 1);

  self->action = action;
  self->details = vireo_details_ref (details);
  return self;
}

static void
question_free (gpointer data)
{
  Question *self = data;

  vireo_details_unref (self->details);
  g_clear_object (&self->caller);
  g_clear_object (&self->authority);
  g_clear_pointer (&self->waiters, g_array_unref);
  g_free (self);
}

static void
caller_state_free (gpointer data)
{
  CallerState *self = data;

  g_hash_table_unref (self->decisions);
  g_hash_table_unref (self->asked);
  g_queue_clear (&self->waiting);
  g_queue_clear (&self->prompts);
  g_free (self);
}

static void
forget_all (CallerState *self)
{
  /* Its links lie in the decisions. */
  g_queue_init (&self->kept);
  self->n_kept_bytes = 0;
  g_hash_table_remove_all (self->decisions);
}

static void
forget (CallerState *self, const Question *question)
{
  Decision *decision = g_hash_table_lookup (self->decisions, question);

  if (decision == NULL)
    return;
  g_queue_unlink (&self->kept, &decision->link);
  self->n_kept_bytes -= decision->n_bytes;
  g_hash_table_remove (self->decisions, question);
}

/* What is too old is of no use, and what somebody made up for one call is never asked for again. */
static void
forget_oldest (CallerState *self, gint64 now)
{
  for (;;)
    {
      const Question *oldest = g_queue_peek_head (&self->kept);
      const Decision *decision
          = oldest != NULL ? g_hash_table_lookup (self->decisions, oldest) : NULL;

      if (decision == NULL
          || (decision->expires >= now && self->kept.length < MAX_CACHED
              && self->n_kept_bytes <= MAX_CACHED_BYTES))
        return;
      forget (self, oldest);
    }
}

static CallerState *
ensure_state (VireoAuthority *self, VireoCaller *caller)
{
  CallerState *state = g_object_get_qdata (G_OBJECT (caller), caller_state_quark ());
  gint changes = g_atomic_int_get (&self->changes);

  if (state == NULL)
    {
      state = g_new0 (CallerState, 1);
      state->authority = self;
      state->caller = caller;
      state->decisions
          = g_hash_table_new_full (question_hash, question_equal, question_free, g_free);
      state->asked = g_hash_table_new (question_hash, question_equal);
      g_object_set_qdata_full (G_OBJECT (caller), caller_state_quark (), state, caller_state_free);
    }
  if (state->changes != changes)
    {
      forget_all (state);
      state->changes = changes;
    }
  return state;
}

/* What our match rules are for is seen by the filter. */
static void
ignore_signal (GDBusConnection *connection,
               const char *sender,
               const char *path,
               const char *interface,
               const char *signal,
               GVariant *parameters,
               gpointer user_data)
{
}

/* In GDBus's thread. Anybody can send us such a signal; all that it does is that polkit is asked
 * again. */
static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  VireoAuthority *self = user_data;
  const char *member;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_SIGNAL)
    return message;
  member = g_dbus_message_get_member (message);
  if (g_strcmp0 (g_dbus_message_get_interface (message), VIREO_POLKIT_INTERFACE) == 0
      || (g_strcmp0 (member, "NameOwnerChanged") == 0
          && g_strcmp0 (g_dbus_message_get_arg0 (message), VIREO_POLKIT_NAME) == 0))
    g_atomic_int_inc (&self->changes);
  return message;
}

static void
leave (VireoAuthority *self)
{
  if (self->changed_id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->changed_id);
  if (self->owner_id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->owner_id);
  if (self->filter_id != 0)
    g_dbus_connection_remove_filter (self->connection, self->filter_id);
  self->changed_id = 0;
  self->owner_id = 0;
  self->filter_id = 0;
  g_clear_object (&self->connection);
}

static void
authority_dispose (GObject *object)
{
  leave (VIREO_AUTHORITY (object));
  g_clear_handle_id (&VIREO_AUTHORITY (object)->overdue_id, g_source_remove);
  G_OBJECT_CLASS (vireo_authority_parent_class)->dispose (object);
}

static void
authority_finalize (GObject *object)
{
  VireoAuthority *self = VIREO_AUTHORITY (object);

  g_queue_clear (&self->waiting);
  g_hash_table_unref (self->prompts_of_user);
  G_OBJECT_CLASS (vireo_authority_parent_class)->finalize (object);
}

static void
vireo_authority_class_init (VireoAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = authority_dispose;
  G_OBJECT_CLASS (klass)->finalize = authority_finalize;
}

static void
vireo_authority_init (VireoAuthority *self)
{
  self->prompts_of_user = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->waiting);
}

/* GDBus may be in the filter when it is removed, and keeps a reference until it is out. */
static void
drop_reference (gpointer self)
{
  g_object_unref (self);
}

static gint
count_changes (VireoAuthority *self)
{
  return g_atomic_int_get (&self->changes);
}

/**
 * vireo_authority_new:
 * @session: whether it is for a session bus
 *
 * Returns: (transfer full): the authority
 */
VireoAuthority *
vireo_authority_new (gboolean session)
{
  VireoAuthority *self = g_object_new (VIREO_TYPE_AUTHORITY, NULL);

  self->session = session;
  return self;
}

void
vireo_authority_set_connection (VireoAuthority *self, GDBusConnection *connection)
{
  leave (self);
  if (connection == NULL)
    return;
  self->connection = g_object_ref (connection);
  if (self->session)
    return;

  self->changed_id = g_dbus_connection_signal_subscribe (
      connection, VIREO_POLKIT_NAME, VIREO_POLKIT_INTERFACE, "Changed", VIREO_POLKIT_PATH, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, ignore_signal, NULL, NULL);
  /* A polkitd that was started anew may have read other rules. */
  self->owner_id = g_dbus_connection_signal_subscribe (
      connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
      "/org/freedesktop/DBus", VIREO_POLKIT_NAME, G_DBUS_SIGNAL_FLAGS_NONE, ignore_signal, NULL,
      NULL);
  self->filter_id
      = g_dbus_connection_add_filter (connection, filter, g_object_ref (self), drop_reference);
}

/* (transfer none) (nullable) */
GDBusConnection *
vireo_authority_get_connection (VireoAuthority *self)
{
  return self->connection;
}

/**
 * vireo_authority_settles:
 * @caller: who
 * @ret_verdict: (out): the answer
 *
 * Answers for callers of whom it does not depend on what they want.
 *
 * Returns: whether there is an answer
 */
gboolean
vireo_authority_settles (VireoAuthority *self, VireoCaller *caller, VireoVerdict *ret_verdict)
{
  guint uid = vireo_caller_get_uid (caller);

  if (self->session)
    *ret_verdict = uid == getuid () ? VIREO_VERDICT_YES : VIREO_VERDICT_NO;
  else if (uid == 0)
    *ret_verdict = VIREO_VERDICT_YES;
  else if (vireo_caller_is_gone (caller))
    *ret_verdict = VIREO_VERDICT_CANCELLED;
  else
    return FALSE;
  return TRUE;
}

/**
 * vireo_authority_peek:
 * @caller: who
 * @action: what
 * @details: on what
 * @ret_verdict: (out): the answer
 *
 * Answers without asking, when that is possible.
 *
 * Returns: whether there is an answer
 */
gboolean
vireo_authority_peek (VireoAuthority *self,
                      VireoCaller *caller,
                      const VireoAction *action,
                      VireoDetails *details,
                      VireoVerdict *ret_verdict)
{
  Question question = { .action = action, .details = details };
  const Decision *decision;

  if (vireo_authority_settles (self, caller, ret_verdict))
    return TRUE;
  if (!action->reading)
    return FALSE;
  decision = g_hash_table_lookup (ensure_state (self, caller)->decisions, &question);
  if (decision == NULL || decision->expires < g_get_monotonic_time ())
    return FALSE;
  *ret_verdict = decision->verdict;
  return TRUE;
}

static void
remember (CallerState *state, const Question *question, VireoVerdict verdict)
{
  gint64 now = g_get_monotonic_time ();
  Decision *decision;
  Question *key;

  forget (state, question);
  key = question_new (question->action, question->details);
  decision = g_new0 (Decision, 1);
  decision->verdict = verdict;
  decision->expires = now + CACHE_TIME_US;
  decision->n_bytes = g_variant_get_size (vireo_details_get_dictionary (question->details));
  decision->link.data = key;
  g_queue_push_tail_link (&state->kept, &decision->link);
  state->n_kept_bytes += decision->n_bytes;
  g_hash_table_insert (state->decisions, key, decision);
  forget_oldest (state, now);
}

static void ask_next (VireoAuthority *self);

/* Tells those who wait for the answer. */
static void
end_question (Question *question, VireoVerdict verdict)
{
  for (guint i = 0; i < question->waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (question->waiters, Waiter, i);

      waiter->func (verdict, waiter->user_data);
    }
  question_free (question);
}

/* A later question may have taken its place when the rules changed meanwhile. */
static void
forget_asked (CallerState *state, Question *question)
{
  if (g_hash_table_lookup (state->asked, question) == question)
    g_hash_table_remove (state->asked, question);
}

/* When polkit hangs, whoever waits behind those who asked it hears so with them: it would be the
 * turn of the last when all before them had waited as long. */
static void
give_up_waiting (VireoAuthority *self)
{
  g_autoptr (GPtrArray) questions = g_ptr_array_new ();
  CallerState *state;

  while ((state = g_queue_pop_head (&self->waiting)) != NULL)
    {
      Question *question;

      while ((question = g_queue_pop_head (&state->waiting)) != NULL)
        {
          forget_asked (state, question);
          g_ptr_array_add (questions, question);
        }
    }
  for (guint i = 0; i < questions->len; i++)
    end_question (questions->pdata[i], VIREO_VERDICT_FAILED);
}

/* What is left of the time for an answer, in milliseconds. */
static int
time_left (const Question *question, gint64 now)
{
  return (int) (ANSWER_TIMEOUT_MS - (now - question->put_at) / 1000);
}

/* One that says something now and then, but less than it is asked, is as good as one that hangs. */
static gboolean
give_up_overdue (gpointer data)
{
  g_autoptr (VireoAuthority) self = g_object_ref (data);
  g_autoptr (GPtrArray) questions = g_ptr_array_new ();
  gint64 now = g_get_monotonic_time ();

  for (guint i = g_queue_get_length (&self->waiting); i > 0; i--)
    {
      CallerState *state = g_queue_pop_head (&self->waiting);
      Question *question;

      while ((question = g_queue_peek_head (&state->waiting)) != NULL
             && time_left (question, now) <= 0)
        {
          g_queue_pop_head (&state->waiting);
          forget_asked (state, question);
          g_ptr_array_add (questions, question);
        }
      if (question != NULL)
        g_queue_push_tail (&self->waiting, state);
    }
  for (guint i = 0; i < questions->len; i++)
    end_question (questions->pdata[i], VIREO_VERDICT_FAILED);
  if (!g_queue_is_empty (&self->waiting))
    return G_SOURCE_CONTINUE;
  self->overdue_id = 0;
  return G_SOURCE_REMOVE;
}

/* Nobody else can tell an administrator why callers are refused what the rules give them. */
static void
tell_silence (VireoAuthority *self, const Question *question)
{
  gint64 now = g_get_monotonic_time ();

  if (self->told_at != 0 && now - self->told_at < 60 * G_USEC_PER_SEC)
    return;
  self->told_at = now;
  g_message ("polkit did not answer within %d seconds whether %s may have %s",
             ANSWER_TIMEOUT_MS / 1000, vireo_caller_get_name (question->caller),
             question->action->name);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (VireoAuthority) self = g_object_ref (question->authority);
  CallerState *state = ensure_state (self, question->caller);
  gboolean fresh, silent = FALSE;
  VireoVerdict verdict = vireo_polkit_read_answer (source, result, &fresh, &silent);

  self->n_asked--;
  forget_asked (state, question);
  if (fresh && question->action->reading && question->changes == count_changes (self))
    remember (state, question, verdict);
  if (silent)
    tell_silence (self, question);
  else
    self->heard_at = g_get_monotonic_time ();
  if (silent && question->asked_at > self->heard_at)
    give_up_waiting (self);
  ask_next (self);
  end_question (question, verdict);
}

/* One question of each caller that has any, until as many as is allowed are under way. */
static void
ask_next (VireoAuthority *self)
{
  while (self->n_asked < MAX_ASKED)
    {
      CallerState *state = g_queue_pop_head (&self->waiting);
      Question *question;

      if (state == NULL)
        return;
      question = g_queue_pop_head (&state->waiting);
      if (!g_queue_is_empty (&state->waiting))
        g_queue_push_tail (&self->waiting, state);

      self->n_asked++;
      question->changes = count_changes (self);
      question->asked_at = g_get_monotonic_time ();
      g_dbus_connection_call (
          vireo_caller_get_connection (question->caller), VIREO_POLKIT_NAME, VIREO_POLKIT_PATH,
          VIREO_POLKIT_INTERFACE, "CheckAuthorization",
          vireo_polkit_request (question->caller, question->action, question->details, 0, ""),
          G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE,
          MAX (time_left (question, question->asked_at), 1000), NULL, on_answered, question);
    }
  if (!g_queue_is_empty (&self->waiting) && self->overdue_id == 0)
    self->overdue_id = g_timeout_add_seconds (1, give_up_overdue, self);
}

/**
 * vireo_authority_ask:
 * @caller: who
 * @action: what
 * @details: on what
 * @func: called with the answer, never before this returns
 * @user_data: for @func
 *
 * Asks polkit, and nobody else.
 */
void
vireo_authority_ask (VireoAuthority *self,
                     VireoCaller *caller,
                     const VireoAction *action,
                     VireoDetails *details,
                     VireoVerdictFunc func,
                     gpointer user_data)
{
  CallerState *state = ensure_state (self, caller);
  Question key = { .action = action, .details = details };
  Waiter waiter = { func, user_data };
  Question *question = g_hash_table_lookup (state->asked, &key);

  /* A change of the rules since then makes an answer to the question under way too old. */
  if (question != NULL && question->changes == count_changes (self))
    {
      g_array_append_val (question->waiters, waiter);
      return;
    }

  question = question_new (action, details);
  question->caller = g_object_ref (caller);
  question->authority = g_object_ref (self);
  question->changes = count_changes (self);
  question->put_at = g_get_monotonic_time ();
  question->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_array_append_val (question->waiters, waiter);
  g_hash_table_replace (state->asked, question, question);
  if (g_queue_is_empty (&state->waiting))
    g_queue_push_tail (&self->waiting, state);
  g_queue_push_tail (&state->waiting, question);
  ask_next (self);
}

static void
count_prompt (VireoAuthority *self, guint uid, int change)
{
  gpointer key = GUINT_TO_POINTER (uid);
  int n = GPOINTER_TO_INT (g_hash_table_lookup (self->prompts_of_user, key)) + change;

  self->n_prompts += change;
  if (n > 0)
    g_hash_table_insert (self->prompts_of_user, key, GINT_TO_POINTER (n));
  else
    g_hash_table_remove (self->prompts_of_user, key);
}

static void show_next (CallerState *state);

/* Tells what came of it, and lets the caller's next one have its turn. */
static void
end_prompt (Prompt *prompt, VireoVerdict verdict)
{
  CallerState *state = ensure_state (prompt->authority, prompt->caller);

  g_cancellable_disconnect (prompt->cancellable, prompt->cancelled_id);
  g_queue_remove (&state->prompts, prompt);
  count_prompt (prompt->authority, vireo_caller_get_uid (prompt->caller), -1);
  prompt->func (verdict, prompt->user_data);
  show_next (state);

  vireo_details_unref (prompt->details);
  g_object_unref (prompt->cancellable);
  g_object_unref (prompt->caller);
  g_object_unref (prompt->authority);
  g_free (prompt->cancellation_id);
  g_free (prompt);
}

static void
close_dialog (Prompt *prompt)
{
  g_dbus_connection_call (vireo_caller_get_connection (prompt->caller), VIREO_POLKIT_NAME,
                          VIREO_POLKIT_PATH, VIREO_POLKIT_INTERFACE, "CancelCheckAuthorization",
                          g_variant_new ("(s)", prompt->cancellation_id), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static gboolean
on_taken_back (gpointer user_data)
{
  Prompt *prompt = user_data;

  prompt->idle_id = 0;
  end_prompt (prompt, VIREO_VERDICT_CANCELLED);
  return G_SOURCE_REMOVE;
}

/* Our call is cancelled by GDBus; this closes the dialog. One that waits is not shown: it ends when
 * nobody is in the middle of cancelling. */
static void
on_prompt_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Prompt *prompt = user_data;

  if (prompt->open)
    close_dialog (prompt);
  else if (prompt->idle_id == 0)
    prompt->idle_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_taken_back, prompt, NULL);
}

static void
on_prompt_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Prompt *prompt = user_data;
  gboolean fresh;
  VireoVerdict verdict = vireo_polkit_read_answer (source, result, &fresh, NULL);

  /* Nobody answered in time; the dialog must not stay. */
  if (verdict == VIREO_VERDICT_FAILED)
    close_dialog (prompt);
  end_prompt (prompt, verdict);
}

/* People answer one question after the other; and polkit may have kept what they said to the first,
 * so that the next is no question any more. */
static void
show_next (CallerState *state)
{
  Prompt *prompt = g_queue_peek_head (&state->prompts);

  if (prompt == NULL || prompt->open || prompt->idle_id != 0)
    return;
  prompt->open = TRUE;
  g_dbus_connection_call (vireo_caller_get_connection (prompt->caller), VIREO_POLKIT_NAME,
                          VIREO_POLKIT_PATH, VIREO_POLKIT_INTERFACE, "CheckAuthorization",
                          vireo_polkit_request (prompt->caller, prompt->action, prompt->details,
                                                VIREO_POLKIT_FLAG_INTERACTION,
                                                prompt->cancellation_id),
                          G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE,
                          PROMPT_TIMEOUT_MS, prompt->cancellable, on_prompt_answered, prompt);
}

/**
 * vireo_authority_prompt:
 * @caller: who
 * @action: what
 * @details: on what
 * @cancellable: takes the question back, and closes the dialog
 * @func: called with the answer
 * @user_data: for @func
 *
 * Asks polkit, which may ask the person at the caller's screen, as soon as nothing else is asked
 * there for the same caller. The answer is not remembered. A dialog that nobody answers is closed
 * after ten minutes.
 */
void
vireo_authority_prompt (VireoAuthority *self,
                        VireoCaller *caller,
                        const VireoAction *action,
                        VireoDetails *details,
                        GCancellable *cancellable,
                        VireoVerdictFunc func,
                        gpointer user_data)
{
  guint uid = vireo_caller_get_uid (caller);
  gpointer n = g_hash_table_lookup (self->prompts_of_user, GUINT_TO_POINTER (uid));
  CallerState *state = ensure_state (self, caller);
  Prompt *prompt;

  if (self->n_prompts >= MAX_PROMPTS || GPOINTER_TO_UINT (n) >= MAX_PROMPTS_OF_USER)
    {
      func (VIREO_VERDICT_BUSY, user_data);
      return;
    }

  prompt = g_new0 (Prompt, 1);
  prompt->authority = g_object_ref (self);
  prompt->caller = g_object_ref (caller);
  prompt->action = action;
  prompt->details = vireo_details_ref (details);
  prompt->func = func;
  prompt->user_data = user_data;
  prompt->cancellable = g_object_ref (cancellable);
  prompt->cancellation_id = g_strdup_printf ("vireo-%" G_GUINT64_FORMAT, self->n_cancellations++);
  count_prompt (self, uid, 1);
  g_queue_push_tail (&state->prompts, prompt);
  prompt->cancelled_id
      = g_cancellable_connect (cancellable, G_CALLBACK (on_prompt_cancelled), prompt, NULL);
  show_next (state);
}
