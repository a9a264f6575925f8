/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as what an engine answers to a queen who joins, reads, and says that she is there: it
 * may be anything that somebody has put there. She survives, is together or alone, and tells nobody
 * an id twice or backwards. */

#include <string.h>

#include "../unit/fake-redis.h"
#include "fuzz.h"
#include "model/queen-cluster.h"
#include "redis/queen-redis-sequencer.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define N_TURNS 12 /* of the loop, in which all that has come is read */

typedef struct
{
  FakeRedis redis;
  QueenRedisSequencer *sequencer;
  guint64 last; /* number of the last event that was told */
} World;

static void
on_event_told (World *world, QueenEvent *event)
{
  if (!(event->kind & QUEEN_EVENT_NUMBERED_KINDS) || event->number == 0)
    return;
  g_assert_cmpuint (event->number, >, world->last);
  world->last = event->number;
}

static void
on_restart_told (World *world, const char *epoch, guint64 next, gboolean is_lost)
{
  world->last = next - 1;
}

static QueenSequencer *
make_sequencer (QueenEventBus *bus, QueenLocalSequencer *local, gpointer data)
{
  World *world = data;

  world->sequencer = fake_redis_make_sequencer (&world->redis, bus, local, &fake_clock, 10);
  return QUEEN_SEQUENCER (g_object_ref (world->sequencer));
}

static void
turn (World *world)
{
  for (guint i = 0; i < N_TURNS; i++)
    fake_redis_turn (&world->redis);
}

/* Whoever waits for news hears the bytes as they are, if anybody does. */
static void
say_raw (World *world, const char *text, gsize size)
{
  FakeClient *client = fake_redis_find_waiting (&world->redis);

  if (!client)
    return;
  client->waits = FALSE;
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (client->connection)), text,
                             size, NULL, NULL, NULL);
  turn (world);
}

/* As one entry of the stream: the bytes up to the first NUL are its kind, and the rest what it
 * says. */
static void
say_as_entry (World *world, const char *text, gsize size)
{
  FakeClient *client = fake_redis_find_waiting (&world->redis);
  gsize length = strnlen (text, MIN (size, 64));
  gsize begin = MIN (length + 1, size);
  g_autoptr (GString) entry = g_string_new (NULL);

  if (!client)
    return;
  client->waits = FALSE;
  g_string_append_printf (entry,
                          "*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n4-1\r\n*6\r\n"
                          "$1\r\nk\r\n$%zu\r\n%.*s\r\n$1\r\nd\r\n$%zu\r\n",
                          length, (int) length, text, size - begin);
  g_string_append_len (entry, text + begin, (gssize) (size - begin));
  g_string_append (entry, "\r\n$1\r\no\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n");
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (client->connection)),
                             entry->str, entry->len, NULL, NULL, NULL);
  turn (world);
}

static void
wait_for_time (World *world, gint64 time)
{
  now += time;
  turn (world);
}

static void
use_world (World *world, QueenCluster *cluster, const char *text, gsize size)
{
  queen_redis_sequencer_start (world->sequencer, cluster, NULL, 0);
  for (guint i = 0; i < 10 && !fake_redis_find_waiting (&world->redis); i++)
    turn (world);
  say_as_entry (world, text, size);
  say_raw (world, text, size);
  wait_for_time (world, 3 * SECOND); /* she says that she is there */
  g_assert_true (fake_redis_is_in_state (world->sequencer, QUEEN_ENGINE_TOGETHER) ||
                 fake_redis_is_in_state (world->sequencer, QUEEN_ENGINE_JOINING) ||
                 fake_redis_is_in_state (world->sequencer, QUEEN_ENGINE_ALONE));
  wait_for_time (world, 6 * SECOND); /* and comes back, if she was alone */
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) known = size > 0 ? g_bytes_new (data, size) : NULL;
  World world = { 0 };
  const QueenClusterSettings settings = {
    .registry = { &fake_clock, 90 * SECOND, 3600 * SECOND, 100 },
    .heartbeat_interval = SECOND,
    .make_sequencer = make_sequencer,
    .data = &world,
  };
  QueenCluster *cluster;

  fuzz_allow_warnings (); /* of what she passes over, and why she is alone */
  now = 1000 * SECOND;
  fake_redis_start (&world.redis);
  world.redis.n = 4;
  cluster = queen_cluster_new (&settings);
  g_signal_connect_swapped (queen_cluster_get_bus (cluster), "event", G_CALLBACK (on_event_told),
                            &world);
  g_signal_connect_swapped (world.sequencer, "restart", G_CALLBACK (on_restart_told), &world);
  world.redis.known = known;
  use_world (&world, cluster, (const char *) data, size);

  queen_redis_sequencer_stop (world.sequencer);
  g_signal_handlers_disconnect_by_data (world.sequencer, &world);
  g_signal_handlers_disconnect_by_data (queen_cluster_get_bus (cluster), &world);
  fake_redis_stop (&world.redis);
  g_object_unref (world.sequencer);
  g_object_unref (cluster);
  return 0;
}
