/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-receipts.h"

#include "loop/queen-deadline-queue.h"
#include "loop/queen-portions.h"
#include "queen-dbus-user.h"
#include "text/queen-hash.h"

/* Bytes. A system bus stops reading at 127 MiB, and some of that is for signals that nobody reads:
 * at 88 MiB of both she comes by another connection (queen-dbus-service.c). Answers alone must not
 * take her there, with the one more that may follow (24 MiB), either. */
#define MAX_OF_USER (16 * 1024 * 1024)
#define MAX_OF_ALL (48 * 1024 * 1024)

#define MAX_SMALL 1024 /* callers who have had little, of whom most have gone since */

/* Receipts. With more, who has had little is forgotten: those of whom there are thousands are not
 * on the bus any more, as it does not let one user have so many connections. */
#define MAX_RECEIPTS 4096

/* From which on who has not read is told nothing any more, however little each answer is. It is
 * more than the above, or who never looks at a Ping would be left alone for a large answer. */
#define DEAF_OF_USER (32 * 1024 * 1024)
#define DEAF_OF_ALL (80 * 1024 * 1024)

/* Questions. A system bus lets her have 128 that are not answered, to all together and for ever;
 * and there is more that she asks. */
#define MAX_ASKED_OF_USER 16
#define MAX_ASKED 64
#define ASK_AGAIN_AFTER G_TIME_SPAN_SECOND
#define MAX_ATTEMPTS 10
#define MAX_USERS_AT_ONCE 16 /* of whom one connection each is asked, when one has answered */

/* What may be unread, in bytes, and how many connections are asked. */
typedef struct
{
  gsize n_bytes;
  guint n_asked;
} Load;

typedef struct
{
  char *name;
  Load load;
  guint n_receipts;
  GQueue waiting; /* of Receipt: those to be asked, the first one first */
} User;

/* All that one connection has not read. */
typedef struct
{
  QueenDBusReceipts *receipts;
  GDBusConnection *connection;
  char *caller;
  User *user;                /* NULL as long as that is not known */
  GList *wait;               /* among the user's; NULL when it is not to be asked */
  gboolean is_user_asked;    /* the bus, for that */
  gboolean is_asked;         /* whether it has read; until it answers, or has gone */
  gsize n_asked;             /* bytes before that question */
  gsize n_more;              /* and behind it */
  guint n_attempts;          /* to ask that the bus has refused */
  GCancellable *cancellable; /* of the questions */
  QueenDeadline deadline;    /* at which all counts as read */
  QueenDeadline attempt;     /* the next one */
} Receipt;

struct _QueenDBusReceipts
{
  GHashTable *by_caller; /* its name -> Receipt */
  GHashTable *users;     /* likewise -> User */
  GQueue askable;        /* of User: who has some that are to be asked, in turn */
  Load load;             /* of all; summed up by no walk, as who comes and goes makes many */
  GHashTable *small;     /* likewise -> bytes of what is too little for one */
  gsize n_small;         /* bytes of all these */
  void (*changed) (gpointer data);
  gpointer data;
  QueenAlarm *alarm;
  QueenDeadlineQueue deadlines;
  QueenDeadlineQueue attempts;
  const QueenClock *clock;
};

/* Sums */

static void
count_bytes (Receipt *receipt, gsize n_asked, gsize n_more)
{
  gsize n_before = receipt->n_asked + receipt->n_more;

  receipt->n_asked = n_asked;
  receipt->n_more = n_more;
  receipt->receipts->load.n_bytes += n_asked + n_more - n_before;
  if (receipt->user)
    receipt->user->load.n_bytes += n_asked + n_more - n_before;
}

static void
count_asked (Receipt *receipt, gboolean is_asked)
{
  guint n_more = (guint) (is_asked - receipt->is_asked);

  receipt->is_asked = is_asked;
  receipt->receipts->load.n_asked += n_more;
  if (receipt->user)
    receipt->user->load.n_asked += n_more;
}

static void
free_user (gpointer data)
{
  User *user = data;

  g_free (user->name);
  g_free (user);
}

static void
enter_user (Receipt *receipt, const char *name)
{
  QueenDBusReceipts *self = receipt->receipts;
  User *user = g_hash_table_lookup (self->users, name);

  if (!user)
    {
      user = g_new0 (User, 1);
      user->name = g_strdup (name);
      g_hash_table_insert (self->users, user->name, user);
    }
  user->n_receipts++;
  user->load.n_bytes += receipt->n_asked + receipt->n_more;
  user->load.n_asked += receipt->is_asked;
  receipt->user = user;
}

static void
leave_user (Receipt *receipt)
{
  User *user = g_steal_pointer (&receipt->user);

  if (user && --user->n_receipts == 0)
    g_hash_table_remove (receipt->receipts->users, user->name);
}

static void
wait_for_turn (Receipt *receipt)
{
  User *user = receipt->user;

  if (receipt->wait)
    return;
  g_queue_push_tail (&user->waiting, receipt);
  receipt->wait = user->waiting.tail;
  if (user->waiting.length == 1)
    g_queue_push_tail (&receipt->receipts->askable, user);
}

static void
end_wait (Receipt *receipt)
{
  User *user = receipt->user;

  if (!receipt->wait)
    return;
  g_queue_delete_link (&user->waiting, g_steal_pointer (&receipt->wait));
  if (user->waiting.length == 0)
    g_queue_remove (&receipt->receipts->askable, user);
}

static void
free_receipt (gpointer data)
{
  Receipt *receipt = data;

  end_wait (receipt);
  count_bytes (receipt, 0, 0);
  count_asked (receipt, FALSE);
  leave_user (receipt);
  g_cancellable_cancel (receipt->cancellable);
  g_object_unref (receipt->cancellable);
  queen_deadline_end (&receipt->deadline);
  queen_deadline_end (&receipt->attempt);
  g_free (receipt->caller);
  g_free (receipt);
}

static void
drop_receipt (Receipt *receipt)
{
  g_hash_table_remove (receipt->receipts->by_caller, receipt->caller);
}

static void
tell_change (QueenDBusReceipts *self)
{
  if (self->changed)
    self->changed (self->data);
}

/* Asking */

static void ask_caller (Receipt *receipt);

/* Nobody has more than is left, so some users cannot take all of it.
 *
 * Returns: whether one who has @n_own of @n_all may have more */
static gboolean
is_left (gsize n_own, gsize most_of_one, gsize n_all, gsize most)
{
  return n_own < most_of_one && queen_portions_is_fair (n_own + 1, 0, most - MIN (n_all, most));
}

static gboolean
may_ask (QueenDBusReceipts *self, const User *user)
{
  return is_left (user->load.n_asked, MAX_ASKED_OF_USER, self->load.n_asked, MAX_ASKED);
}

/* It has its turn when it is known whose it is, or another one has answered. */
static void
ask_if_possible (Receipt *receipt)
{
  if (!receipt->user || receipt->n_more == 0 || receipt->is_asked ||
      queen_deadline_is_on (&receipt->attempt))
    return;
  if (may_ask (receipt->receipts, receipt->user))
    ask_caller (receipt);
  else
    wait_for_turn (receipt);
}

/* Users take turns. */
static void
ask_others (QueenDBusReceipts *self)
{
  guint n_users = self->askable.length;

  for (guint i = 0; i < MIN (n_users, MAX_USERS_AT_ONCE); i++)
    {
      User *user = g_queue_pop_head (&self->askable);

      g_queue_push_tail (&self->askable, user);
      if (may_ask (self, user))
        ask_caller (user->waiting.head->data);
    }
}

/* The bus has too many such questions of hers already. */
static void
ask_again_later (Receipt *receipt)
{
  QueenDBusReceipts *self = receipt->receipts;

  count_bytes (receipt, 0, receipt->n_asked + receipt->n_more);
  if (receipt->n_more > 0 && ++receipt->n_attempts < MAX_ATTEMPTS)
    {
      queen_deadline_begin (&receipt->attempt, &self->attempts, receipt);
      return;
    }
  drop_receipt (receipt); /* those who do read are not to be kept out by those who do not */
  ask_others (self);
  tell_change (self);
}

static void
on_caller_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Receipt *receipt = data;
  QueenDBusReceipts *self;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) G_GNUC_UNUSED answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* The receipt is no more, or goes with the connection. */
  if ((g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
       g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)) &&
      !g_dbus_error_is_remote_error (error)) /* who is asked can name these, too */
    return;
  self = receipt->receipts;
  count_asked (receipt, FALSE);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED))
    {
      ask_again_later (receipt);
      return;
    }
  /* Any other error says so, too: the caller's, or that it has gone. A bus that lets her ask nobody
   * leaves her no way to know. */
  count_bytes (receipt, 0, receipt->n_more);
  receipt->n_attempts = 0;
  queen_deadline_end (&receipt->deadline);
  if (receipt->n_more > 0)
    {
      queen_deadline_begin (&receipt->deadline, &self->deadlines, receipt);
      wait_for_turn (receipt);
    }
  else
    drop_receipt (receipt);
  ask_others (self);
  tell_change (self);
}

static void
ask_caller (Receipt *receipt)
{
  end_wait (receipt);
  count_asked (receipt, TRUE);
  count_bytes (receipt, receipt->n_more, 0);
  g_dbus_connection_call (receipt->connection, receipt->caller, "/", "org.freedesktop.DBus.Peer",
                          "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT,
                          receipt->cancellable, on_caller_answered, receipt);
}

/* The bus still waits for the answer of one that has been asked. */
static void
lose_patience (Receipt *receipt)
{
  queen_deadline_end (&receipt->deadline);
  end_wait (receipt);
  count_bytes (receipt, 0, 0);
  if (!receipt->is_asked)
    drop_receipt (receipt);
}

static void
on_receipts_alarm (gpointer data)
{
  QueenDBusReceipts *self = data;
  gint64 now = self->clock->get_monotonic ();
  Receipt *receipt;

  while ((receipt = queen_deadline_queue_peek_due (&self->deadlines, now)))
    lose_patience (receipt);
  while ((receipt = queen_deadline_queue_peek_due (&self->attempts, now)))
    {
      queen_deadline_end (&receipt->attempt);
      ask_if_possible (receipt);
    }
  tell_change (self);
}

static void
on_user_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *user = queen_dbus_user_ask_finish (source, result, &error);
  Receipt *receipt = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!receipt->user) /* nobody's are those of whom the bus does not know */
    enter_user (receipt, user ? user : "");
  ask_if_possible (receipt);
}

static void
find_user (Receipt *receipt, const char *user)
{
  if (receipt->user)
    return;
  if (user)
    enter_user (receipt, user);
  else if (!receipt->is_user_asked)
    queen_dbus_user_ask (receipt->connection, receipt->caller, receipt->cancellable, on_user_told,
                         receipt);
  receipt->is_user_asked = TRUE;
}

static Receipt *
add_receipt (QueenDBusReceipts *self, GDBusConnection *connection, const char *caller)
{
  Receipt *receipt = g_new0 (Receipt, 1);

  receipt->receipts = self;
  receipt->connection = connection;
  receipt->caller = g_strdup (caller);
  receipt->cancellable = g_cancellable_new ();
  g_hash_table_insert (self->by_caller, receipt->caller, receipt);
  return receipt;
}

QueenDBusReceipts *
queen_dbus_receipts_new (const QueenClock *clock)
{
  QueenDBusReceipts *self = g_new0 (QueenDBusReceipts, 1);

  self->clock = clock;
  self->by_caller = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_receipt);
  self->users = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_user);
  self->small = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->alarm =
      queen_alarm_new (clock, "unread answers", G_PRIORITY_DEFAULT, on_receipts_alarm, self);
  queen_deadline_queue_init (&self->deadlines, QUEEN_DBUS_RECEIPTS_PATIENCE, self->alarm, clock);
  queen_deadline_queue_init (&self->attempts, ASK_AGAIN_AFTER, self->alarm, clock);
  return self;
}

gboolean
queen_dbus_receipts_is_empty (QueenDBusReceipts *self)
{
  return g_hash_table_size (self->by_caller) == 0;
}

static Load
get_load_of (QueenDBusReceipts *self, const char *name)
{
  const User *user = g_hash_table_lookup (self->users, name);

  return user ? user->load : (Load){ 0 };
}

gsize
queen_dbus_receipts_get_n_bytes (QueenDBusReceipts *self, const char *user)
{
  return user ? get_load_of (self, user).n_bytes : self->load.n_bytes;
}

gboolean
queen_dbus_receipts_has_room (QueenDBusReceipts *self, const char *user)
{
  Load load = get_load_of (self, user);

  return is_left (load.n_bytes, MAX_OF_USER, self->load.n_bytes, MAX_OF_ALL) &&
         load.n_asked < MAX_ASKED_OF_USER;
}

static void
count_answer (QueenDBusReceipts *self,
              GDBusConnection *connection,
              const char *caller,
              const char *user,
              gsize size)
{
  Receipt *receipt = g_hash_table_lookup (self->by_caller, caller);

  if (!receipt)
    receipt = add_receipt (self, connection, caller);
  find_user (receipt, user);
  count_bytes (receipt, receipt->n_asked, receipt->n_more + size);
  if (!queen_deadline_is_on (&receipt->deadline))
    queen_deadline_begin (&receipt->deadline, &self->deadlines, receipt);
  ask_if_possible (receipt);
  tell_change (self);
}

/* One of those who have had little is asked as well, so that they do not become more and more. */
static void
count_any_small (QueenDBusReceipts *self, GDBusConnection *connection)
{
  g_autofree char *caller = NULL;
  gpointer name, size;
  GHashTableIter iter;

  g_hash_table_iter_init (&iter, self->small);
  if (!g_hash_table_iter_next (&iter, &name, &size))
    return;
  caller = name;
  g_hash_table_iter_steal (&iter);
  self->n_small -= GPOINTER_TO_SIZE (size);
  if (g_hash_table_size (self->by_caller) >= MAX_RECEIPTS)
    return;
  count_answer (self, connection, caller, NULL, GPOINTER_TO_SIZE (size));
}

/* Returns: whether it is not to be counted yet; @size: (inout): of all that is */
static gboolean
is_small (QueenDBusReceipts *self, const char *caller, gsize *size)
{
  gsize before;

  if (g_hash_table_contains (self->by_caller, caller))
    return FALSE;
  before = GPOINTER_TO_SIZE (g_hash_table_lookup (self->small, caller));
  self->n_small -= before;
  *size += before;
  if (*size >= QUEEN_DBUS_RECEIPTS_LEAST)
    {
      g_hash_table_remove (self->small, caller);
      return FALSE;
    }
  g_hash_table_replace (self->small, g_strdup (caller), GSIZE_TO_POINTER (*size));
  self->n_small += *size;
  return TRUE;
}

void
queen_dbus_receipts_add (QueenDBusReceipts *self,
                         GDBusConnection *connection,
                         const char *caller,
                         const char *user,
                         gsize size)
{
  if (!is_small (self, caller, &size))
    count_answer (self, connection, caller, user, size);
  else if (g_hash_table_size (self->small) > MAX_SMALL)
    count_any_small (self, connection);
}

/* Who has not read */

void
queen_dbus_receipts_set_changed (QueenDBusReceipts *self,
                                 void (*changed) (gpointer data),
                                 gpointer data)
{
  self->changed = changed;
  self->data = data;
}

GHashTable *
queen_dbus_receipts_list_deaf (QueenDBusReceipts *self)
{
  GHashTable *deaf = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  gsize n_of_all = self->load.n_bytes + self->n_small;
  GHashTableIter iter;
  gpointer value;

  if (n_of_all < DEAF_OF_USER)
    return deaf;
  g_hash_table_iter_init (&iter, self->by_caller);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Receipt *receipt = value;

      if (n_of_all >= DEAF_OF_ALL || (receipt->user && receipt->user->load.n_bytes >= DEAF_OF_USER))
        g_hash_table_add (deaf, g_strdup (receipt->caller));
    }
  return deaf;
}

void
queen_dbus_receipts_free (QueenDBusReceipts *self)
{
  g_hash_table_unref (self->by_caller);
  g_hash_table_unref (self->users);
  g_hash_table_unref (self->small);
  queen_alarm_free (self->alarm);
  g_free (self);
}
