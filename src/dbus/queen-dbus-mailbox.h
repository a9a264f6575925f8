/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-event.h"
#include "queen-dbus-engine.h"
#include "queen-dbus-jobs.h"

G_BEGIN_DECLS

/**
 * QueenDBusNews:
 * @changes: (element-type QueenEvent): the last event of each component of which there was one
 * @events: (element-type QueenEvent): every event in order, when they are wanted
 * @n_dropped: how many of those were dropped that came before the last of @events
 * @n_events: how many events there were since the queen was started
 * @n_subscribers: how many listen to the stream
 * @jobs: (element-type utf8 QueenDBusJobView): how each job is that has changed, by its id; %NULL
 * for one that is not shown any more
 * @job_counts: how many of them there are
 * @engine: (nullable): how the engine is, if that is news
 *
 * What has happened since the mailbox was emptied last.
 */
typedef struct
{
  GHashTable *changes;
  GPtrArray *events;
  guint64 n_dropped;
  guint64 n_events;
  guint n_subscribers;
  GHashTable *jobs;
  QueenDBusJobCounts job_counts;
  QueenDBusEngine *engine;
} QueenDBusNews;

/**
 * QueenDBusMailbox:
 *
 * How the D-Bus thread hears of what happens: the main thread puts events in, at the price of a
 * lock and a hash table's entry, and never waits for them to be taken. However long that takes, the
 * mailbox holds at most one event for each component, and a bounded number of those that are to be
 * told one by one.
 */
typedef struct _QueenDBusMailbox QueenDBusMailbox;

/**
 * queen_dbus_mailbox_new:
 * @reader: the main context of the thread that takes the news
 * @max_events: how many events are kept before the oldest is dropped of whoever sent most of them
 * @max_bytes: likewise, of their JSON; the newest is kept even if it is larger
 */
QueenDBusMailbox *queen_dbus_mailbox_new (GMainContext *reader, guint max_events, gsize max_bytes);

/* Whoever puts: any thread. */

void queen_dbus_mailbox_put (QueenDBusMailbox *self, QueenEvent *event);
void queen_dbus_mailbox_set_n_subscribers (QueenDBusMailbox *self, guint n_subscribers);

/**
 * queen_dbus_mailbox_put_job:
 * @id: (nullable): the id of a job; %NULL when only the counts are others
 * @job: (nullable): how it is; %NULL when it is not to be shown any more
 */
void queen_dbus_mailbox_put_job (QueenDBusMailbox *self,
                                 const char *id,
                                 QueenDBusJobView *job,
                                 const QueenDBusJobCounts *counts);

/** queen_dbus_mailbox_put_engine: in the place of one that has not been taken. */
void queen_dbus_mailbox_put_engine (QueenDBusMailbox *self, QueenDBusEngine *engine);

/* Whoever takes: the reader's thread. */

/**
 * queen_dbus_mailbox_create_source:
 *
 * Returns: (transfer full): a source that is ready while there is news
 */
GSource *queen_dbus_mailbox_create_source (QueenDBusMailbox *self);

/**
 * queen_dbus_mailbox_want_events:
 *
 * Whether events are to be kept one by one, from now on.
 */
void queen_dbus_mailbox_want_events (QueenDBusMailbox *self, gboolean is_wanted);

/**
 * queen_dbus_mailbox_defer:
 * @is_deferring: whether the reader knows when it will look next, and need not be woken before
 *
 * Single events that are wanted wake it nevertheless, and so do changes of very many components.
 */
void queen_dbus_mailbox_defer (QueenDBusMailbox *self, gboolean is_deferring);

/**
 * queen_dbus_mailbox_take:
 * @max_events: how many single events to take, the oldest first; the others stay, and so does the
 *   limit. Who leaves some comes back for them without being woken
 *
 * Returns: (transfer full): everything else that is in the mailbox, and these
 */
QueenDBusNews *queen_dbus_mailbox_take (QueenDBusMailbox *self, guint max_events);

void queen_dbus_news_free (QueenDBusNews *news);
void queen_dbus_mailbox_free (QueenDBusMailbox *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusNews, queen_dbus_news_free)

G_END_DECLS
