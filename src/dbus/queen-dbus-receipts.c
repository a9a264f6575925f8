/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-receipts.h"

#include "loop/queen-deadline-queue.h"
#include "queen-dbus-user.h"
#include "text/queen-hash.h"

/* Bytes. A system bus stops reading at 127 MiB, and some of that is for signals that nobody reads:
 * at 88 MiB of both she comes by another connection (queen-dbus-service.c). Answers alone must not
 * take her there, with the one more that may follow (24 MiB), either. */
#define MAX_OF_USER (16 * 1024 * 1024)
#define MAX_OF_ALL (48 * 1024 * 1024)

#define MAX_SMALL 1024 /* callers who have had little, of whom most have gone since */

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

/* All that one connection has not read. */
typedef struct
{
  QueenDBusReceipts *receipts;
  GDBusConnection *connection;
  char *caller;
  char *user;                /* NULL as long as that is not known */
  gboolean is_user_asked;    /* the bus, for that */
  gboolean is_asked;         /* whether it has read; until it answers, or has gone */
  gsize n_asked;             /* bytes before that question */
  gsize n_more;              /* and behind it */
  guint n_attempts;          /* to ask that the bus has refused */
  GCancellable *cancellable; /* of the questions */
  QueenDeadline deadline;    /* at which all counts as read */
  QueenDeadline attempt;     /* the next one */
} Receipt;

/* What may be unread, in bytes, and who has been asked. */
typedef struct
{
  gsize n_of_user;
  gsize n_of_all;
  guint n_asked_of_user; /* connections */
  guint n_asked_of_all;
} Load;

struct _QueenDBusReceipts
{
  GHashTable *by_caller; /* its name -> Receipt */
  GHashTable *small;     /* likewise -> bytes of what is too little for one */
  gsize n_small;         /* bytes of all these */
  void (*changed) (gpointer data);
  gpointer data;
  QueenAlarm *alarm;
  QueenDeadlineQueue deadlines;
  QueenDeadlineQueue attempts;
  const QueenClock *clock;
};

static void
free_receipt (gpointer data)
{
  Receipt *receipt = data;

  g_cancellable_cancel (receipt->cancellable);
  g_object_unref (receipt->cancellable);
  queen_deadline_end (&receipt->deadline);
  queen_deadline_end (&receipt->attempt);
  g_free (receipt->caller);
  g_free (receipt->user);
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

/* @user: (nullable): whose part of it is told beside the whole */
static Load
get_load (QueenDBusReceipts *self, const char *user)
{
  Load load = { 0 };
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_caller);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Receipt *receipt = value;
      gsize n = receipt->n_asked + receipt->n_more;

      load.n_of_all += n;
      load.n_asked_of_all += receipt->is_asked;
      if (g_strcmp0 (receipt->user, user) != 0)
        continue;
      load.n_of_user += n;
      load.n_asked_of_user += receipt->is_asked;
    }
  return load;
}

/* Whether there is room for one question more. */
static gboolean
may_ask (const Receipt *receipt)
{
  Load load = get_load (receipt->receipts, receipt->user);

  return load.n_asked_of_user < MAX_ASKED_OF_USER && load.n_asked_of_all < MAX_ASKED;
}

/* It has its turn when it is known whose it is, or another one has answered. */
static void
ask_if_possible (Receipt *receipt)
{
  if (receipt->user && receipt->n_more > 0 && !receipt->is_asked &&
      !queen_deadline_is_on (&receipt->attempt) && may_ask (receipt))
    ask_caller (receipt);
}

static void
ask_others (QueenDBusReceipts *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_caller);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ask_if_possible (value);
}

/* The bus has too many such questions of hers already. */
static void
ask_again_later (Receipt *receipt)
{
  receipt->n_more += receipt->n_asked;
  receipt->n_asked = 0;
  if (++receipt->n_attempts < MAX_ATTEMPTS)
    queen_deadline_begin (&receipt->attempt, &receipt->receipts->attempts, receipt);
  else
    drop_receipt (receipt); /* those who do read are not to be kept out by those who do not */
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
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return;
  self = receipt->receipts;
  receipt->is_asked = FALSE;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED))
    {
      ask_again_later (receipt);
      return;
    }
  /* Any other error says so, too: the caller's, or that it has gone. A bus that lets her ask nobody
   * leaves her no way to know. */
  receipt->n_asked = 0;
  receipt->n_attempts = 0;
  queen_deadline_end (&receipt->deadline);
  if (receipt->n_more > 0)
    queen_deadline_begin (&receipt->deadline, &self->deadlines, receipt);
  else
    drop_receipt (receipt);
  ask_others (self);
  tell_change (self);
}

static void
ask_caller (Receipt *receipt)
{
  receipt->is_asked = TRUE;
  receipt->n_asked = receipt->n_more;
  receipt->n_more = 0;
  g_dbus_connection_call (receipt->connection, receipt->caller, "/", "org.freedesktop.DBus.Peer",
                          "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT,
                          receipt->cancellable, on_caller_answered, receipt);
}

/* The bus still waits for the answer of one that has been asked. */
static void
lose_patience (Receipt *receipt)
{
  queen_deadline_end (&receipt->deadline);
  receipt->n_asked = receipt->n_more = 0;
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
    receipt->user = user ? g_steal_pointer (&user) : g_strdup ("");
  ask_if_possible (receipt);
}

static void
find_user (Receipt *receipt, const char *user)
{
  if (receipt->user)
    return;
  if (user)
    receipt->user = g_strdup (user);
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

gsize
queen_dbus_receipts_get_n_bytes (QueenDBusReceipts *self, const char *user)
{
  Load load = get_load (self, user);

  return user ? load.n_of_user : load.n_of_all;
}

gboolean
queen_dbus_receipts_has_room (QueenDBusReceipts *self, const char *user)
{
  Load load = get_load (self, user);

  return load.n_of_user < MAX_OF_USER && load.n_of_all < MAX_OF_ALL &&
         load.n_asked_of_user < MAX_ASKED_OF_USER;
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
  receipt->n_more += size;
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

static const char *
get_user (const Receipt *receipt)
{
  return receipt->user ? receipt->user : "";
}

static gsize
get_n_of_user (GHashTable *by_user, const char *user)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (by_user, user));
}

/* Returns: (transfer full): user -> bytes that its connections may not have read */
static GHashTable *
sum_up (QueenDBusReceipts *self, gsize *n_of_all)
{
  GHashTable *by_user = g_hash_table_new (queen_string_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;

  *n_of_all = self->n_small;
  g_hash_table_iter_init (&iter, self->by_caller);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Receipt *receipt = value;
      gsize n = receipt->n_asked + receipt->n_more;

      *n_of_all += n;
      g_hash_table_replace (by_user, (char *) get_user (receipt),
                            GSIZE_TO_POINTER (get_n_of_user (by_user, get_user (receipt)) + n));
    }
  return by_user;
}

GHashTable *
queen_dbus_receipts_list_deaf (QueenDBusReceipts *self)
{
  GHashTable *deaf = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  gsize n_of_all;
  g_autoptr (GHashTable) by_user = sum_up (self, &n_of_all);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_caller);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Receipt *receipt = value;

      if (n_of_all >= DEAF_OF_ALL || get_n_of_user (by_user, get_user (receipt)) >= DEAF_OF_USER)
        g_hash_table_add (deaf, g_strdup (receipt->caller));
    }
  return deaf;
}

void
queen_dbus_receipts_free (QueenDBusReceipts *self)
{
  g_hash_table_unref (self->by_caller);
  g_hash_table_unref (self->small);
  queen_alarm_free (self->alarm);
  g_free (self);
}
