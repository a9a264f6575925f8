/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis.h"

#include "loop/queen-alarm.h"
#include "queen-redis-link.h"
#include "queen-redis-pause.h"
#include "queen-redis-search.h"

/* µs that one place may take at the least, however soon commands have to be answered: names are
 * looked up, and handshakes go back and forth. */
#define LEAST_SEARCH (2 * G_USEC_PER_SEC)

/* In each state but the first and the last one, exactly one of search, alarm and link is at work.
 */
typedef enum
{
  STATE_NEW,
  STATE_SEARCHING,
  STATE_PAUSING,
  STATE_READY,
  STATE_STOPPED,
} State;

struct _QueenRedis
{
  GObject parent_instance;

  QueenRedisTarget *target;
  const char *name;
  gint64 timeout; /* µs */
  const QueenClock *clock;
  gint64 (*random) (gint64 limit); /* NULL for GLib's */

  State state;
  QueenRedisSearch *search; /* may be one that is over */
  QueenRedisLink *link;     /* NULL while it is not ready */
  char *address;            /* likewise */
  GError *trouble;          /* NULL while it is ready, and before anything was found out */
  QueenAlarm *alarm;
  gint64 pause;           /* µs: the last one; 0 for none */
  gint64 ready_at;        /* µs, monotonic */
  QueenRedisFigures past; /* of links that have ended */
};

enum
{
  READY,
  LOST,
  FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (QueenRedis, queen_redis, G_TYPE_OBJECT)

static void
note_trouble (QueenRedis *self, const GError *error)
{
  g_clear_error (&self->trouble);
  self->trouble = error ? g_error_copy (error) : NULL;
}

static void
make_pause (QueenRedis *self)
{
  self->state = STATE_PAUSING;
  self->pause = queen_redis_pause_next (self->pause, self->random);
  queen_alarm_set (self->alarm, self->clock->get_monotonic () + self->pause);
}

/* What the link has done is kept, and those who wait for it are told. They find her not ready. */
static void
drop_link (QueenRedis *self, const GError *error)
{
  g_autoptr (QueenRedisLink) link = g_steal_pointer (&self->link);

  g_clear_pointer (&self->address, g_free);
  if (!link)
    return;
  queen_redis_link_close (link, error);
  queen_redis_link_add_figures (link, &self->past);
}

/* One that is lost as soon as it is there must not be looked for without a pause that grows. */
static void
lose_link (QueenRedis *self, const GError *error)
{
  g_autoptr (GError) copy = g_error_copy (error);

  if (self->clock->get_monotonic () - self->ready_at >= QUEEN_REDIS_MOST_PAUSE)
    self->pause = 0;
  self->past.n_failures++;
  note_trouble (self, copy);
  make_pause (self);
  g_object_ref (self); /* who is told may let go of it */
  drop_link (self, copy);
  if (self->state != STATE_STOPPED)
    g_signal_emit (self, signals[LOST], 0, copy);
  g_object_unref (self);
}

static void
on_link_broken (const GError *error, gpointer data)
{
  lose_link (data, error);
}

static void
on_found (QueenRedisLink *link, const char *address, gpointer data)
{
  QueenRedis *self = data;

  self->state = STATE_READY;
  self->link = link;
  self->address = g_strdup (address);
  self->ready_at = self->clock->get_monotonic ();
  self->past.n_connections++;
  note_trouble (self, NULL);
  queen_redis_link_set_owner (link, on_link_broken, self);
  g_clear_pointer (&self->search, queen_redis_search_free);
  g_signal_emit (self, signals[READY], 0);
}

static void
on_search_failed (const GError *error, gpointer data)
{
  QueenRedis *self = data;
  g_autoptr (GError) copy = g_error_copy (error); /* the search has it, and goes */

  g_clear_pointer (&self->search, queen_redis_search_free);
  self->past.n_failures++;
  note_trouble (self, copy);
  make_pause (self);
  g_signal_emit (self, signals[FAILED], 0, copy);
}

static void
begin_search (QueenRedis *self)
{
  self->state = STATE_SEARCHING;
  self->search = queen_redis_search_new (&(QueenRedisSearchSettings){
      .target = self->target,
      .name = self->name,
      .clock = self->clock,
      .timeout = MAX (self->timeout, LEAST_SEARCH),
      .redis = self,
      .on_found = on_found,
      .on_failed = on_search_failed,
      .data = self,
  });
}

static void
on_pause_over (gpointer data)
{
  begin_search (data);
}

static void
queen_redis_dispose (GObject *object)
{
  QueenRedis *self = QUEEN_REDIS (object);

  queen_redis_stop (self);
  g_clear_pointer (&self->alarm, queen_alarm_free);
  g_clear_pointer (&self->target, queen_redis_target_unref);
  g_clear_error (&self->trouble);

  G_OBJECT_CLASS (queen_redis_parent_class)->dispose (object);
}

static guint
make_signal (const char *name, guint n_params)
{
  return g_signal_new (name, QUEEN_TYPE_REDIS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                       n_params, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
queen_redis_class_init (QueenRedisClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = queen_redis_dispose;
  signals[READY] = make_signal ("ready", 0);
  signals[LOST] = make_signal ("lost", 1);
  signals[FAILED] = make_signal ("failed", 1);
}

static void
queen_redis_init (QueenRedis *self)
{
}

QueenRedis *
queen_redis_new (const QueenRedisSettings *settings)
{
  QueenRedis *self = g_object_new (QUEEN_TYPE_REDIS, NULL);

  self->target = queen_redis_target_ref (settings->target);
  self->name = settings->name;
  self->timeout = settings->timeout;
  self->clock = settings->clock ? settings->clock : &queen_clock_system;
  self->random = settings->random;
  self->alarm = queen_alarm_new (self->clock, self->name, G_PRIORITY_DEFAULT, on_pause_over, self);
  return self;
}

void
queen_redis_start (QueenRedis *self)
{
  g_return_if_fail (QUEEN_IS_REDIS (self));

  if (self->state == STATE_NEW)
    begin_search (self);
}

void
queen_redis_stop (QueenRedis *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (QUEEN_IS_REDIS (self));

  if (self->state == STATE_STOPPED)
    return;
  error = g_error_new_literal (QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST,
                               "the queen has let go of Redis");
  self->state = STATE_STOPPED;
  queen_alarm_set (self->alarm, -1);
  g_clear_pointer (&self->search, queen_redis_search_free);
  drop_link (self, error);
}

void
queen_redis_reconnect (QueenRedis *self, const GError *error)
{
  g_return_if_fail (QUEEN_IS_REDIS (self));
  g_return_if_fail (error != NULL);

  if (self->state == STATE_READY)
    lose_link (self, error);
}

void
queen_redis_retry (QueenRedis *self)
{
  g_return_if_fail (QUEEN_IS_REDIS (self));

  if (self->state != STATE_PAUSING)
    return;
  self->pause = 0;
  queen_alarm_set (self->alarm, self->clock->get_monotonic ());
}

gboolean
queen_redis_is_ready (QueenRedis *self)
{
  g_return_val_if_fail (QUEEN_IS_REDIS (self), FALSE);

  return self->link != NULL;
}

gboolean
queen_redis_send (QueenRedis *self,
                  guint argc,
                  const char *const *argv,
                  gint64 timeout,
                  QueenRedisCallback callback,
                  gpointer data,
                  GError **error)
{
  g_return_val_if_fail (QUEEN_IS_REDIS (self), FALSE);
  g_return_val_if_fail (argc > 0, FALSE);

  if (self->link)
    return queen_redis_link_send (self->link, argc, argv, timeout > 0 ? timeout : self->timeout,
                                  callback, data, error);
  g_set_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AWAY,
               "there is no connection to Redis%s%s", self->trouble ? ": " : "",
               self->trouble ? self->trouble->message : "");
  return FALSE;
}

const char *
queen_redis_get_address (QueenRedis *self)
{
  g_return_val_if_fail (QUEEN_IS_REDIS (self), NULL);

  return self->address;
}

const GError *
queen_redis_get_trouble (QueenRedis *self)
{
  g_return_val_if_fail (QUEEN_IS_REDIS (self), NULL);

  return self->trouble;
}

QueenRedisFigures
queen_redis_get_figures (QueenRedis *self)
{
  QueenRedisFigures figures = { 0 };

  g_return_val_if_fail (QUEEN_IS_REDIS (self), figures);

  figures = self->past;
  if (self->link)
    queen_redis_link_add_figures (self->link, &figures);
  return figures;
}
