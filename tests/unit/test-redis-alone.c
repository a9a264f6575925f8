/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What is on its way when a queen is left alone: all that who listens does about it takes its time,
 * and there may be very much of it. */

#include "redis-fixture.h"

#define READ "*1\r\n*2\r\n$1\r\nx\r\n" /* an answer with entries of the stream */
#define SENT 50                        /* heartbeats that are on their way */

/* What the bus was told: by ID, and the number behind it. */
typedef struct
{
  GString *text;
  gint64 takes;    /* µs that one takes whoever listens */
  guint n_in_turn; /* how many since the loop has turned */
  guint most_in_turn;
} Told;

static void
on_told (Told *told, const QueenEvent *event)
{
  g_string_append_printf (told->text, "%s#%" G_GUINT64_FORMAT " ", event->component->id,
                          event->number);
  told->n_in_turn++;
  told->most_in_turn = MAX (told->most_in_turn, told->n_in_turn);
  now += told->takes;
}

static void
listen_to_bus (Fixture *f, Told *told)
{
  *told = (Told){ .text = g_string_new (NULL), .takes = QUEEN_SLICE };
  g_signal_connect_data (queen_cluster_get_bus (f->cluster), "event", G_CALLBACK (on_told), told,
                         NULL, G_CONNECT_SWAPPED);
}

static void
stop_listening (Fixture *f, Told *told)
{
  g_signal_handlers_disconnect_by_data (queen_cluster_get_bus (f->cluster), told);
  g_string_free (told->text, TRUE);
}

static void
beat (Fixture *f, guint number)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup_printf ("w%u", number);
  worker->status = QUEEN_STATUS_READY;
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

/* Those from @first to @last, with the numbers from @first_number on. */
static void
assert_told (Told *told, guint first, guint last, guint first_number)
{
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = first; i <= last; i++)
    g_string_append_printf (expected, "w%u#%u ", i, first_number + i - first);
  g_assert_cmpstr (told->text->str, ==, expected->str);
}

static void
send_and_leave (Fixture *f, Told *told)
{
  listen_to_bus (f, told);
  for (guint i = 0; i < SENT; i++)
    beat (f, i);
  g_assert_cmpstr (told->text->str, ==, "");
  leave_alone (f);
}

static gboolean
has_more (Fixture *f)
{
  return queen_flights_has_untold (f->sequencer->flights);
}

/* One turn of her loop, whatever it is about. */
static void
turn (Fixture *f, Told *told)
{
  told->n_in_turn = 0;
  fake_redis_turn (&f->redis);
}

/* A few are told in each turn of the loop; what comes meanwhile is told behind them, and whoever
 * would send more waits. */
static void
test_in_turns (Fixture *f, gconstpointer data)
{
  Told told;

  send_and_leave (f, &told);
  for (guint sent = SENT; has_more (f); sent++)
    {
      g_assert_true (queen_redis_sequencer_is_full (f->sequencer));
      if (sent < SENT + 3)
        beat (f, sent);
      turn (f, &told);
    }
  g_assert_false (queen_redis_sequencer_is_full (f->sequencer));
  assert_told (&told, 0, SENT + 2, 1);
  g_assert_cmpuint (told.most_in_turn, ==, 1);
  beat (f, SENT + 3);
  assert_told (&told, 0, SENT + 3, 1);
  stop_listening (f, &told);
}

static gboolean
is_behind (gpointer data)
{
  return TRUE;
}

/* Who listens does not keep up with what she tells, and Redis is there again: before all is told
 * she does not join the others. Then she does, and all of it is theirs. */
static void
test_rejoins_afterwards (Fixture *f, gconstpointer data)
{
  QueenRedisSequencer *self = f->sequencer;
  Told told;

  send_and_leave (f, &told);
  self->settings.is_behind = is_behind;
  while (!queen_redis_is_ready (self->writer) || !queen_redis_is_ready (self->reader))
    pass (f, SECOND / 10);
  pass (f, 10 * SECOND);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_ALONE));
  g_assert_cmpstr (told.text->str, ==, "");
  self->settings.is_behind = NULL;
  come_together (f);
  assert_told (&told, 0, SENT - 1, 1);
  fake_redis_turn_until (&f->redis, f->redis.n_healed == SENT);
  assert_told (&told, 0, SENT - 1, 1);
  stop_listening (f, &told);
}

/* What Redis says next: @text has been written by @queen, and is at @place of the stream. */
static void
append_entry (GString *reply, const char *place, const char *text, const char *queen)
{
  const char *fields[] = { "k", "worker", "d", text, "o", queen };

  g_string_append (reply, "*2\r\n");
  fake_redis_append_text (reply, place);
  g_string_append_printf (reply, "*%zu\r\n", G_N_ELEMENTS (fields));
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    fake_redis_append_text (reply, fields[i]);
}

static void
append_stranger (GString *reply, const char *place, guint number)
{
  g_autoptr (QueenComponent) worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (GString) text = g_string_new (NULL);

  worker->id = g_strdup_printf ("w%u", number);
  worker->status = QUEEN_STATUS_READY;
  worker->first_seen = worker->since = worker->last_seen = ++now;
  worker->heartbeats = 1;
  queen_dispatch_write (text, worker, NULL, FAKE_REDIS_OTHER);
  append_entry (reply, place, text->str, FAKE_REDIS_OTHER);
}

static void
say_entries (Fixture *f, GString *reply)
{
  FakeClient *client = fake_redis_find_waiting (&f->redis);

  client->waits = FALSE;
  fake_redis_say (client, reply->str);
}

/* Her own heartbeat, as she has written it and has yet to send it. */
static char *
dup_put (Fixture *f)
{
  const char *word = f->sequencer->puts->str;

  g_assert_cmpuint (f->sequencer->n_puts, ==, 1);
  for (int i = 0; i < 2; i++)
    word += strlen (word) + 1;
  return g_strdup (word);
}

/* She knows those from @first to @last, who are in @text then as they are told when forgotten. */
static void
know (Fixture *f, guint first, guint last, GString *text)
{
  for (guint i = first; i <= last; i++)
    {
      g_autoptr (QueenComponent) before = NULL;
      QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

      worker->id = g_strdup_printf ("w%u", i);
      worker->status = QUEEN_STATUS_OFFLINE;
      worker->last_seen = now;
      g_string_append_printf (text, "w%u#0 ", i);
      g_assert_nonnull (queen_registry_apply (f->workers, worker, NULL, 0, &before, NULL));
    }
}

/* Those who are forgotten behind a heartbeat that comes back: a few in each turn, and all of them
 * before what the stream says next. */
static void
test_behind_one (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) both = g_string_new (READ "*2\r\n"), last = g_string_new (READ "*1\r\n");
  g_autoptr (GString) expected = g_string_new ("w0#5 ");
  g_autofree char *put = NULL;
  Told told;

  know (f, 1, SENT, expected);
  listen_to_bus (f, &told);
  beat (f, 0);
  put = dup_put (f);
  for (guint i = 1; i <= SENT; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      g_assert_true (queen_registry_forget (f->workers, id, "admin", NULL));
    }
  append_entry (both, "5-0", put, f->sequencer->name);
  append_stranger (both, "6-0", SENT + 1);
  append_stranger (last, "6-0", SENT + 1);
  say_entries (f, both);
  while (!fake_redis_find_waiting (&f->redis))
    turn (f, &told);
  g_assert_cmpstr (told.text->str, ==, expected->str);
  g_assert_cmpuint (told.most_in_turn, <=, 3);
  say_entries (f, last);
  while (!fake_redis_find_waiting (&f->redis))
    turn (f, &told);
  g_string_append_printf (expected, "w%u#6 ", SENT + 1);
  g_assert_cmpstr (told.text->str, ==, expected->str);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
  stop_listening (f, &told);
}

/* Nothing is told after her end, nor is anything left over. */
static void
test_ends_meanwhile (Fixture *f, gconstpointer data)
{
  Told told;

  send_and_leave (f, &told);
  while (told.text->len == 0)
    turn (f, &told);
  g_assert_true (has_more (f));
  queen_redis_sequencer_stop (f->sequencer);
  g_assert_false (has_more (f));
  g_string_truncate (told.text, 0);
  for (guint i = 0; i < 10; i++)
    turn (f, &told);
  g_assert_cmpstr (told.text->str, ==, "");
  stop_listening (f, &told);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (drop_lines, NULL, NULL);
#define ADD(path, func) g_test_add ("/redis-alone/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("told-in-turns", test_in_turns);
  ADD ("rejoins-when-all-is-told", test_rejoins_afterwards);
  ADD ("what-is-behind-one-in-turns", test_behind_one);
  ADD ("ends-meanwhile", test_ends_meanwhile);
#undef ADD
  return g_test_run ();
}
