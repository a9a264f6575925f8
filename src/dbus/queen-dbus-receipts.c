/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-receipts.h"

#include "loop/queen-deadline-queue.h"
#include "queen-dbus-user.h"
#include "text/queen-hash.h"

/* Bytes; with the one answer more that may follow (24 MiB), both together stay under the 127 MiB at
 * which a system bus stops reading. */
#define MAX_OF_USER (16 * 1024 * 1024)
#define MAX_OF_ALL (80 * 1024 * 1024)

#define MAX_SMALL 1024 /* callers who have had little, of whom most have gone since */

/* Questions. A system bus lets her have 128 that are not answered, to all together and for ever. */
#define MAX_ASKED_OF_USER 16
#define ASK_AGAIN_AFTER G_TIME_SPAN_SECOND
#define MAX_ATTEMPTS 10

/* All that one connection has not read. */
typedef struct
{
  QueenDBusReceipts *receipts;
  GDBusConnection *connection;
  char *caller;
  char *user;                /* NULL as long as that is not known */
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
  GHashTable *small;     /* likewise -> bytes of what is too little for one */
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

/* Asking */

static void ask_caller (Receipt *receipt);

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
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) G_GNUC_UNUSED answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* The receipt is no more, or goes with the connection. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return;
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
  if (receipt->n_more > 0)
    ask_caller (receipt);
  else
    drop_receipt (receipt);
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
      ask_caller (receipt);
    }
}

static void
on_user_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *user = queen_dbus_user_ask_finish (source, result, &error);
  Receipt *receipt = data;

  if (user && !receipt->user)
    receipt->user = g_steal_pointer (&user);
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
  GHashTableIter iter;
  gpointer value;
  gsize n = 0;

  g_hash_table_iter_init (&iter, self->by_caller);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Receipt *receipt = value;

      if (!user || g_strcmp0 (receipt->user, user) == 0)
        n += receipt->n_asked + receipt->n_more;
    }
  return n;
}

gboolean
queen_dbus_receipts_has_room (QueenDBusReceipts *self, const char *user)
{
  gsize n_of_user = 0, n_of_all = 0;
  guint n_asked = 0; /* of the user's connections */
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_caller);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Receipt *receipt = value;
      gsize n = receipt->n_asked + receipt->n_more;
      gboolean is_of_user = g_strcmp0 (receipt->user, user) == 0;

      n_of_all += n;
      n_of_user += is_of_user ? n : 0;
      n_asked += is_of_user && receipt->is_asked;
    }
  return n_of_user < MAX_OF_USER && n_of_all < MAX_OF_ALL && n_asked < MAX_ASKED_OF_USER;
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
  if (!receipt->user && user)
    receipt->user = g_strdup (user);
  else if (!receipt->user)
    queen_dbus_user_ask (connection, caller, receipt->cancellable, on_user_told, receipt);
  receipt->n_more += size;
  queen_deadline_end (&receipt->deadline);
  queen_deadline_begin (&receipt->deadline, &self->deadlines, receipt);
  if (!receipt->is_asked && !queen_deadline_is_on (&receipt->attempt))
    ask_caller (receipt);
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
  count_answer (self, connection, caller, NULL, GPOINTER_TO_SIZE (size));
}

/* Returns: whether it is not to be counted yet; @size: (inout): of all that is */
static gboolean
is_small (QueenDBusReceipts *self, const char *caller, gsize *size)
{
  if (g_hash_table_contains (self->by_caller, caller))
    return FALSE;
  *size += GPOINTER_TO_SIZE (g_hash_table_lookup (self->small, caller));
  if (*size < QUEEN_DBUS_RECEIPTS_LEAST)
    g_hash_table_replace (self->small, g_strdup (caller), GSIZE_TO_POINTER (*size));
  else
    g_hash_table_remove (self->small, caller);
  return *size < QUEEN_DBUS_RECEIPTS_LEAST;
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

void
queen_dbus_receipts_free (QueenDBusReceipts *self)
{
  g_hash_table_unref (self->by_caller);
  g_hash_table_unref (self->small);
  queen_alarm_free (self->alarm);
  g_free (self);
}
