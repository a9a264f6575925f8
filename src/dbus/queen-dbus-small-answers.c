/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-small-answers.h"

#include "text/queen-hash.h"

#define HEAD 256 /* bytes of an answer besides its body, more or less */

/* Shared with GDBus's own thread. */
struct _QueenDBusSmallAnswers
{
  GDBusConnection *connection;
  guint filter_id;
  GMainContext *context;

  GMutex lock;      /* of what follows */
  GHashTable *sent; /* a caller's name -> bytes, since the receipts were told last; NULL for none */
  GHashTable *deaf; /* names of those whose calls are not let in */

  /* What follows belongs to the thread of @context. */
  QueenDBusReceipts *receipts; /* NULL when nobody counts any more */
};

static void
clear_answers (gpointer data)
{
  QueenDBusSmallAnswers *self = data;

  g_main_context_unref (self->context);
  g_clear_pointer (&self->sent, g_hash_table_unref);
  g_hash_table_unref (self->deaf);
  g_mutex_clear (&self->lock);
}

static void
unref_answers (gpointer self)
{
  g_atomic_rc_box_release_full (self, clear_answers);
}

/* In the thread of the receipts */

static void
on_receipts_changed (gpointer data)
{
  QueenDBusSmallAnswers *self = data;
  g_autoptr (GHashTable) before = NULL;
  GHashTable *deaf = queen_dbus_receipts_list_deaf (self->receipts);

  g_mutex_lock (&self->lock);
  before = self->deaf;
  self->deaf = deaf;
  g_mutex_unlock (&self->lock);
}

static gboolean
on_sent (gpointer data)
{
  QueenDBusSmallAnswers *self = data;
  g_autoptr (GHashTable) sent = NULL;
  GHashTableIter iter;
  gpointer caller, size;

  g_mutex_lock (&self->lock);
  sent = g_steal_pointer (&self->sent);
  g_mutex_unlock (&self->lock);
  if (!self->receipts)
    return G_SOURCE_REMOVE;
  g_hash_table_iter_init (&iter, sent);
  while (g_hash_table_iter_next (&iter, &caller, &size))
    queen_dbus_receipts_add (self->receipts, self->connection, caller, NULL,
                             GPOINTER_TO_SIZE (size));
  return G_SOURCE_REMOVE;
}

/* In GDBus's thread */

static void
hand_over_later (QueenDBusSmallAnswers *self)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_sent, g_atomic_rc_box_acquire (self), unref_answers);
  g_source_set_static_name (source, "small answers");
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static void
count_sent (QueenDBusSmallAnswers *self, const char *caller, gsize size)
{
  gboolean is_first;

  g_mutex_lock (&self->lock);
  is_first = !self->sent;
  if (is_first)
    self->sent = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  size += GPOINTER_TO_SIZE (g_hash_table_lookup (self->sent, caller));
  g_hash_table_replace (self->sent, g_strdup (caller), GSIZE_TO_POINTER (size));
  g_mutex_unlock (&self->lock);
  if (is_first)
    hand_over_later (self);
}

static void
take_answer (QueenDBusSmallAnswers *self, GDBusMessage *answer)
{
  GVariant *body = g_dbus_message_get_body (answer);
  const char *caller = g_dbus_message_get_destination (answer);
  gsize size = HEAD + (body ? g_variant_get_size (body) : 0);

  if (caller && size < QUEEN_DBUS_RECEIPTS_LEAST)
    count_sent (self, caller, size);
}

static gboolean
is_deaf (QueenDBusSmallAnswers *self, GDBusMessage *call)
{
  const char *caller = g_dbus_message_get_sender (call);
  gboolean is_deaf;

  g_mutex_lock (&self->lock);
  is_deaf = caller && g_hash_table_contains (self->deaf, caller);
  g_mutex_unlock (&self->lock);
  return is_deaf;
}

static GDBusMessage *
pass_message (GDBusConnection *connection,
              GDBusMessage *message,
              gboolean is_incoming,
              gpointer data)
{
  GDBusMessageType type = g_dbus_message_get_message_type (message);

  if (is_incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_CALL && is_deaf (data, message))
    {
      g_object_unref (message);
      return NULL;
    }
  if (!is_incoming &&
      (type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || type == G_DBUS_MESSAGE_TYPE_ERROR))
    take_answer (data, message);
  return message;
}

QueenDBusSmallAnswers *
queen_dbus_small_answers_new (GDBusConnection *connection, QueenDBusReceipts *receipts)
{
  QueenDBusSmallAnswers *self = g_atomic_rc_box_new0 (QueenDBusSmallAnswers);

  self->connection = connection;
  self->context = g_main_context_ref_thread_default ();
  self->receipts = receipts;
  self->deaf = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  queen_dbus_receipts_set_changed (receipts, on_receipts_changed, self);
  self->filter_id = g_dbus_connection_add_filter (connection, pass_message,
                                                  g_atomic_rc_box_acquire (self), unref_answers);
  return self;
}

void
queen_dbus_small_answers_free (QueenDBusSmallAnswers *self)
{
  queen_dbus_receipts_set_changed (self->receipts, NULL, NULL);
  self->receipts = NULL;
  g_dbus_connection_remove_filter (self->connection, self->filter_id);
  unref_answers (self);
}
