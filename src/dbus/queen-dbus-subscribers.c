/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-subscribers.h"

#include "loop/queen-fair-queue.h"
#include "queen-dbus-stream.h"
#include "queen-dbus-user.h"
#include "queen-dbus-watch.h"
#include "text/queen-hash.h"

#define MAX_SUBSCRIBERS 256
#define UNKNOWN "" /* of all whose user is not known yet: they push out nobody but each other */

typedef struct
{
  QueenDBusSubscribers *subscribers;
  char *name;
  QueenDBusWatch *watch;     /* on whether it is there; NULL while the queen is not */
  GCancellable *cancellable; /* of the question whose it is */
  QueenFairPlace place;      /* the user's, as soon as that is known */
} Subscriber;

struct _QueenDBusSubscribers
{
  QueenDBusMailbox *mailbox;
  char *bus;              /* whose names these are; NULL while there are none */
  GHashTable *by_name;    /* unique name -> Subscriber */
  QueenFairQueue *places; /* nobody waits in it for a turn */
};

static void
lose_sight_of (Subscriber *subscriber)
{
  g_clear_pointer (&subscriber->watch, queen_dbus_watch_free);
  g_cancellable_cancel (subscriber->cancellable);
  g_clear_object (&subscriber->cancellable);
}

static void
free_subscriber (gpointer data)
{
  Subscriber *subscriber = data;

  lose_sight_of (subscriber);
  queen_fair_queue_leave (&subscriber->place);
  g_free (subscriber->name);
  g_free (subscriber);
}

static void
on_subscriber_gone (gpointer data)
{
  Subscriber *subscriber = data;

  queen_dbus_subscribers_remove (subscriber->subscribers, subscriber->name);
}

static void
on_user_told (GObject *source, GAsyncResult *result, gpointer data)
{
  Subscriber *subscriber = data;
  g_autofree char *user = queen_dbus_user_ask_finish (source, result, NULL);

  /* Without an answer it may be one no longer. */
  if (!user)
    return;
  queen_fair_queue_leave (&subscriber->place);
  queen_fair_queue_enter (subscriber->subscribers->places, &subscriber->place, user, subscriber);
}

/* Returns: whether their names are of that bus */
static gboolean
is_same_bus (QueenDBusSubscribers *self, GDBusConnection *connection)
{
  g_autofree char *bus = queen_dbus_stream_dup_name (connection, "");

  return g_strcmp0 (self->bus, bus) == 0;
}

static void
look_at (Subscriber *subscriber, GDBusConnection *connection)
{
  subscriber->cancellable = g_cancellable_new ();
  subscriber->watch =
      queen_dbus_watch_new (connection, subscriber->name, on_subscriber_gone, subscriber);
  queen_dbus_user_ask (connection, subscriber->name, subscriber->cancellable, on_user_told,
                       subscriber);
}

static gboolean
make_room (QueenDBusSubscribers *self)
{
  Subscriber *greediest;

  if (queen_fair_queue_has_room (self->places))
    return TRUE;
  greediest = queen_fair_queue_find_greediest (self->places, UNKNOWN);
  return greediest && queen_dbus_subscribers_remove (self, greediest->name);
}

QueenDBusSubscribers *
queen_dbus_subscribers_new (QueenDBusMailbox *mailbox)
{
  QueenDBusSubscribers *self = g_new0 (QueenDBusSubscribers, 1);

  self->mailbox = mailbox;
  self->by_name = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_subscriber);
  self->places = queen_fair_queue_new (MAX_SUBSCRIBERS);
  return self;
}

gboolean
queen_dbus_subscribers_add (QueenDBusSubscribers *self,
                            GDBusConnection *connection,
                            const char *name)
{
  Subscriber *subscriber;

  if (g_hash_table_contains (self->by_name, name))
    return TRUE;
  if (!make_room (self))
    return FALSE;
  if (!self->bus)
    self->bus = queen_dbus_stream_dup_name (connection, "");
  subscriber = g_new0 (Subscriber, 1);
  subscriber->subscribers = self;
  subscriber->name = g_strdup (name);
  g_hash_table_insert (self->by_name, subscriber->name, subscriber);
  queen_fair_queue_enter (self->places, &subscriber->place, UNKNOWN, subscriber);
  look_at (subscriber, connection);
  queen_dbus_mailbox_want_events (self->mailbox, TRUE);
  return TRUE;
}

gboolean
queen_dbus_subscribers_remove (QueenDBusSubscribers *self, const char *name)
{
  gboolean was_subscribed = g_hash_table_remove (self->by_name, name);

  queen_dbus_mailbox_want_events (self->mailbox, g_hash_table_size (self->by_name) > 0);
  return was_subscribed;
}

void
queen_dbus_subscribers_leave (QueenDBusSubscribers *self)
{
  GHashTableIter iter;
  gpointer subscriber;

  g_hash_table_iter_init (&iter, self->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &subscriber))
    lose_sight_of (subscriber);
}

void
queen_dbus_subscribers_come_back (QueenDBusSubscribers *self, GDBusConnection *connection)
{
  GHashTableIter iter;
  gpointer subscriber;

  if (!is_same_bus (self, connection))
    queen_dbus_subscribers_drop_all (self);
  g_hash_table_iter_init (&iter, self->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &subscriber))
    look_at (subscriber, connection);
}

void
queen_dbus_subscribers_drop_all (QueenDBusSubscribers *self)
{
  g_hash_table_remove_all (self->by_name);
  g_clear_pointer (&self->bus, g_free);
  queen_dbus_mailbox_want_events (self->mailbox, FALSE);
}

void
queen_dbus_subscribers_free (QueenDBusSubscribers *self)
{
  g_hash_table_unref (self->by_name);
  queen_fair_queue_free (self->places);
  g_free (self->bus);
  g_free (self);
}
