/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * One queen writes faster than another one reads. */

#include "redis-fixture.h"

#define MOMENT (SECOND / 40)                   /* between two words of who is late */
#define REST "edcba9876543210fedcba9876543210" /* of a queen's name, behind a letter */
#define LEAST_RATE 25 /* events/s by which who holds others gets on at the least */

/* The stream says one thing more, behind all that has been told. */
static void
put_entry (Fixture *f, const char *kind, const char *text, const char *queen)
{
  FakeClient *client = fake_redis_find_waiting (&f->redis);
  g_autoptr (GString) reply = g_string_new ("*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n");
  g_autofree char *place =
      g_strdup_printf ("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, f->redis.n, ++f->redis.s);
  const char *fields[] = { "k", kind, "d", text, "o", queen };

  fake_redis_append_text (reply, place);
  g_string_append_printf (reply, "*%zu\r\n", G_N_ELEMENTS (fields));
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    fake_redis_append_text (reply, fields[i]);
  client->waits = FALSE;
  fake_redis_say (client, reply->str);
}

static void
say_entry (Fixture *f, const char *kind, const char *text, const char *queen)
{
  put_entry (f, kind, text, queen);
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
}

static void
say_pace (Fixture *f, const char *letter, guint64 place, guint room)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT "-%u", place, room);
  g_autofree char *queen = g_strconcat (letter, REST, NULL);

  say_entry (f, "pace", text, queen);
}

static gboolean
is_held (Fixture *f)
{
  return queen_redis_sequencer_is_full (f->sequencer);
}

/* The stream ends at 4 here. */
static void
test_held (Fixture *f, gconstpointer data)
{
  g_assert_false (is_held (f));
  say_pace (f, "a", 1, 4);
  g_assert_false (is_held (f));
  say_pace (f, "b", 2, 2);
  g_assert_true (is_held (f));
  say_pace (f, "b", 3, 2);
  g_assert_false (is_held (f));
  say_pace (f, "b", 3, 1);
  g_assert_true (is_held (f));
  say_pace (f, "b", 3, 0);
  g_assert_false (is_held (f));
}

/* What is on its way is in the stream soon. */
static void
test_own_count (Fixture *f, gconstpointer data)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup ("w");
  say_pace (f, "b", 2, 3);
  g_assert_false (is_held (f));
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
  g_assert_true (is_held (f));
}

/* Whoever hangs holds nobody for more than a second, however much she has read before. */
static void
test_hangs (Fixture *f, gconstpointer data)
{
  f->sequencer->read_to.number = f->redis.n = 5000;
  say_pace (f, "b", 4000, 10);
  g_assert_true (is_held (f));
  now += SECOND - 1;
  g_assert_true (is_held (f));
  now++;
  g_assert_false (is_held (f));
}

/* Nor does she who says it again and again, and does not get on; nor who has read all, and says
 * that there is no room for more. */
static void
test_does_not_get_on (Fixture *f, gconstpointer data)
{
  f->sequencer->read_to.number = f->redis.n = 5000;
  say_pace (f, "b", 4000, 10);
  for (gint64 end = now + SECOND; now < end; now += MOMENT)
    {
      g_assert_true (is_held (f));
      say_pace (f, "b", 4000, 10);
    }
  g_assert_false (is_held (f));
  say_pace (f, "b", 4001, 10);
  now += SECOND / LEAST_RATE - 1;
  g_assert_true (is_held (f));
  now++;
  g_assert_false (is_held (f));
  say_pace (f, "c", 5000, 0);
  g_assert_false (is_held (f));
}

/* However slowly: as long as she is one who reads. */
static void
test_gets_on (Fixture *f, gconstpointer data)
{
  f->sequencer->read_to.number = f->redis.n = 5000;
  for (guint place = 1000; place < 4000; place += LEAST_RATE / 4 + 1)
    {
      say_pace (f, "b", place, 10);
      now += SECOND / 4 - 1;
      g_assert_true (is_held (f));
    }
}

static void
test_nonsense (Fixture *f, gconstpointer data)
{
  static const char *const words[] = { "", "1", "-", "1-", "x-1", "1-x", "-1-1" };
  QueenEngineReport report;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    say_entry (f, "pace", words[i], "f" REST);
  say_entry (f, "pace", "1-1", "nobody");
  queen_redis_sequencer_report (f->sequencer, &report);
  g_assert_cmpuint (report.n_skipped, ==, G_N_ELEMENTS (words) + 1);
  say_entry (f, "pace", "1-1", f->sequencer->name);
  g_assert_false (is_held (f));
  g_assert_cmpuint (g_hash_table_size (f->sequencer->paces), ==, 0);
}

/* However many say that they are there; but each time that a queen comes again she is another one.
 */
static void
test_very_many (Fixture *f, gconstpointer data)
{
  const QueenRedisReply said = { .type = QUEEN_REDIS_TEXT, .length = 3, .text = (char *) "1-1" };

  for (guint i = 0; i < 2 * QUEEN_SIBLINGS_MAX; i++)
    {
      g_autofree char *queen = g_strdup_printf ("%032x", i);

      say_entry (f, "pace", "1-1", queen);
    }
  g_assert_cmpuint (g_hash_table_size (f->sequencer->paces), ==, QUEEN_SIBLINGS_MAX);
  queen_redis_sequencer_take_pace (f->sequencer, &said, "b" REST);
  g_assert_false (g_hash_table_contains (f->sequencer->paces, "b" REST));
  now += 3602 * SECOND;
  queen_redis_sequencer_take_pace (f->sequencer, &said, "b" REST);
  g_assert_true (g_hash_table_contains (f->sequencer->paces, "b" REST));
  g_assert_cmpuint (g_hash_table_size (f->sequencer->paces), ==, 1);
}

/* One's own */

static gboolean
is_behind (gpointer data)
{
  return *(gboolean *) data;
}

static guint
count_words (Fixture *f)
{
  guint n = 0;

  for (const char *c = f->redis.paces->str; *c; c++)
    n += *c == ' ';
  return n;
}

/* Who listens does not keep up, and Redis says that there is much more: she tells the others how
 * far she is, a while longer, and in the end that she holds nobody. */
static void
test_late (Fixture *f, gconstpointer data)
{
  gboolean are_behind = TRUE;
  guint n;

  f->sequencer->settings.is_behind = is_behind;
  f->sequencer->settings.data = &are_behind;
  g_assert_cmpuint (count_words (f), ==, 0);
  put_entry (f, "jobs-news", "", "f" REST);
  f->redis.n = 5000;
  while (!strstr (f->redis.paces->str, " 4-256-1 "))
    pass (f, MOMENT);
  g_assert_true (g_str_has_prefix (f->redis.paces->str, "4-256-0 "));
  g_assert_true (queen_redis_sequencer_is_late (f->sequencer));
  are_behind = FALSE;
  f->sequencer->read_to.number = 5000;
  for (n = 0; f->sequencer->late_until > 0; n++)
    pass (f, SECOND);
  g_assert_cmpuint (n, <, 10);
  pass (f, MOMENT);
  g_assert_true (g_str_has_suffix (f->redis.paces->str, " 5000-0-1 "));
  n = count_words (f);
  pass (f, SECOND);
  g_assert_cmpuint (count_words (f), ==, n);
}

/* What she has written comes back late then, and that is not the engine's fault: but only as long
 * as she reads on. */
static void
test_waits_for_own (Fixture *f, gconstpointer data)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  QueenEngineReport report;

  worker->id = g_strdup ("w");
  f->sequencer->late_until = G_MAXINT64;
  f->sequencer->tail = f->redis.n = G_MAXUINT;
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
  for (guint i = 0; i < 6; i++)
    {
      pass (f, SECOND / 2);
      f->sequencer->read_to.number++;
    }
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
  for (guint i = 0; i < 5 && is_in_state (f, QUEEN_ENGINE_TOGETHER); i++)
    pass (f, SECOND / 2);
  queen_redis_sequencer_report (f->sequencer, &report);
  g_assert_cmpstr (report.reason, ==, "not_coming_back");
}

/* Of who keeps up nobody hears. */
static void
test_not_late (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    {
      say_entry (f, "jobs-news", "", "f" REST);
      pass (f, SECOND / 10);
    }
  g_assert_cmpstr (f->redis.paces->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (drop_lines, NULL, NULL);
#define ADD(path, func) g_test_add ("/redis-pace/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("others/held", test_held);
  ADD ("others/what-is-on-its-way-counts", test_own_count);
  ADD ("others/who-hangs", test_hangs);
  ADD ("others/who-does-not-get-on", test_does_not_get_on);
  ADD ("others/who-gets-on", test_gets_on);
  ADD ("others/nonsense", test_nonsense);
  ADD ("others/very-many", test_very_many);
  ADD ("own/late", test_late);
  ADD ("own/not-late", test_not_late);
  ADD ("own/what-she-writes-comes-late", test_waits_for_own);
#undef ADD
  return g_test_run ();
}
