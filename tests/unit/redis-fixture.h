/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "fake-redis.h"
#include "redis/queen-redis-sequencer-private.h"

/* A queen who is together with others, as far as a Redis that is none tells her. */

#define SECOND ((gint64) G_USEC_PER_SEC)
#define MANY 20000 /* workers that there may be */

typedef struct
{
  FakeRedis redis;
  QueenCluster *cluster;
  QueenRegistry *workers; /* of the cluster */
  QueenHolds *holds;      /* likewise */
  QueenRedisSequencer *sequencer;
} Fixture;

static inline GLogWriterOutput
drop_lines (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_assert_true (level & ~(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL));
  return G_LOG_WRITER_HANDLED;
}

static inline QueenSequencer *
make_sequencer (QueenEventBus *bus, QueenLocalSequencer *local, gpointer data)
{
  Fixture *f = data;

  f->sequencer = fake_redis_make_sequencer (&f->redis, bus, local, &fake_clock, 10);
  return QUEEN_SEQUENCER (g_object_ref (f->sequencer));
}

static inline gboolean
is_in_state (Fixture *f, QueenEngineState state)
{
  return fake_redis_is_in_state (f->sequencer, state);
}

static inline void
pass (Fixture *f, gint64 time)
{
  now += time;
  for (int i = 0; i < 10; i++)
    fake_redis_turn (&f->redis);
}

static inline void
come_together (Fixture *f)
{
  while (!fake_redis_find_waiting (&f->redis))
    pass (f, SECOND / 10);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
}

static inline void
set_up (Fixture *f, gconstpointer data)
{
  const QueenClusterSettings settings = {
    .registry = { &fake_clock, G_MAXINT64 / 2, G_MAXINT64 / 2, MANY },
    .heartbeat_interval = SECOND,
    .make_sequencer = make_sequencer,
    .data = f,
  };

  now = 1000 * SECOND;
  fake_redis_start (&f->redis);
  f->redis.n = 4;
  f->cluster = queen_cluster_new (&settings);
  f->holds = queen_cluster_get_holds (f->cluster);
  f->workers = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  queen_redis_sequencer_start (f->sequencer, f->cluster, NULL, 0);
  come_together (f);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  queen_redis_sequencer_stop (f->sequencer);
  fake_redis_stop (&f->redis);
  g_object_unref (f->sequencer);
  g_object_unref (f->cluster);
}

/* Nobody answers any more, and nothing of what is on its way there is read. */
static inline void
leave_alone (Fixture *f)
{
  for (guint i = 0; i < FAKE_REDIS_MAX_CLIENTS; i++)
    fake_redis_drop (&f->redis.clients[i]);
  while (!is_in_state (f, QUEEN_ENGINE_ALONE))
    g_main_context_iteration (NULL, TRUE);
}
