/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What becomes of holds while a queen is alone, and when she comes back. */

#include "redis-fixture.h"

#define BY "token:ops"

/* Returns: (transfer full): its id */
static char *
hold (Fixture *f, guint number)
{
  g_autofree char *id = g_strdup_printf ("w%u", number);
  g_autofree char *holder = g_strdup_printf (BY "%u", number / QUEEN_HOLDS_MAX_PER_HOLDER);
  const QueenHoldRequest request = {
    .kind = QUEEN_COMPONENT_WORKER, .id = id, .reason = "new driver", .holder = holder
  };
  g_autoptr (GError) error = NULL;
  QueenHold *made = queen_holds_add (f->holds, &request, &error);

  g_assert_no_error (error);
  now++;
  return g_strdup (made->id);
}

static void
release (Fixture *f, guint number, const char *hold_id)
{
  g_autofree char *id = g_strdup_printf ("w%u", number);

  g_assert_cmpuint (queen_holds_release (f->holds, QUEEN_COMPONENT_WORKER, id, hold_id, BY, NULL),
                    ==, 1);
}

static gboolean
is_held (Fixture *f, guint number)
{
  g_autofree char *id = g_strdup_printf ("w%u", number);

  return queen_holds_lookup (f->holds, QUEEN_COMPONENT_WORKER, id) != NULL;
}

/* Redis has that hold of worker 0, and no other. */
static char *
make_scan (const char *hold_id)
{
  GString *text = g_string_new ("*2\r\n$1\r\n0\r\n*2\r\n");
  g_autoptr (GString) json = g_string_new (NULL);
  const QueenHold made = {
    .id = (char *) hold_id,
    .reason = (char *) "new driver",
    .holder = (char *) BY,
  };

  queen_hold_dispatch_write (json, QUEEN_COMPONENT_WORKER, "w0", &made);
  fake_redis_append_text (text, hold_id);
  fake_redis_append_text (text, json->str);
  return g_string_free (text, FALSE);
}

/* However many others come and go while she is alone: of those Redis has never heard. */
static void
test_very_many (Fixture *f, gconstpointer data)
{
  g_autofree char *known = hold (f, 0), *scan = make_scan (known);

  fake_redis_turn_until (&f->redis, f->redis.n_held == 1);
  leave_alone (f);
  for (guint i = 1; i <= QUEEN_HOLDS_MAX + 1; i++)
    {
      g_autofree char *other = hold (f, i);

      release (f, i, other);
    }
  release (f, 0, known);
  f->redis.holds = scan;
  come_together (f);
  g_assert_false (is_held (f, 0));
  fake_redis_turn_until (&f->redis, f->redis.n_released > 0);
  g_assert_cmpuint (f->redis.n_released, ==, 1);
  g_assert_cmpuint (f->redis.n_held, ==, 1);
  g_assert_cmpuint (g_hash_table_size (f->sequencer->released), ==, 1);
}

/* What she remembers has an end, and what Redis has been seen to have is not what she forgets. */
static void
test_remembered (Fixture *f, gconstpointer data)
{
  g_autofree char *known = hold (f, 0), *scan = make_scan (known);

  leave_alone (f);
  release (f, 0, known);
  f->redis.holds = scan;
  for (guint round = 0; round < 4; round++)
    {
      come_together (f);
      g_assert_false (is_held (f, 0));
      for (guint i = 1; i <= QUEEN_HOLDS_MAX; i++)
        {
          g_autofree char *other = hold (f, i);

          release (f, i, other);
          if (i % 256 == 0)
            fake_redis_turn (&f->redis);
        }
      g_assert_cmpuint (g_hash_table_size (f->sequencer->released), <=, 2 * QUEEN_HOLDS_MAX);
      if (fake_redis_is_in_state (f->sequencer, QUEEN_ENGINE_TOGETHER))
        leave_alone (f);
    }
  g_assert_cmpuint (g_hash_table_size (f->sequencer->released), ==, 2 * QUEEN_HOLDS_MAX);
}

/* She told Redis of the end, and Redis was gone before it heard of it. */
static void
test_on_the_way (Fixture *f, gconstpointer data)
{
  g_autofree char *known = hold (f, 0), *scan = make_scan (known);

  fake_redis_turn_until (&f->redis, f->redis.n_held == 1);
  release (f, 0, known);
  leave_alone (f);
  g_assert_cmpuint (f->redis.n_released, ==, 0);
  f->redis.holds = scan;
  come_together (f);
  g_assert_false (is_held (f, 0));
  fake_redis_turn_until (&f->redis, f->redis.n_released == 1);
}

/* Likewise of the beginning. */
static void
test_not_lost (Fixture *f, gconstpointer data)
{
  g_free (hold (f, 0));
  leave_alone (f);
  g_assert_cmpuint (f->redis.n_held, ==, 0);
  come_together (f);
  fake_redis_turn_until (&f->redis, f->redis.n_held == 1);
  g_assert_true (is_held (f, 0));
}

/* It ran out while no queen was there to end it: whoever comes first does, and has nobody held. */
static void
test_ran_out (Fixture *f, gconstpointer data)
{
  GString *text = g_string_new ("*2\r\n$1\r\n0\r\n*2\r\n");
  g_autoptr (GString) json = g_string_new (NULL);
  const QueenHold made = {
    .id = (char *) "hold-1",
    .reason = (char *) "new driver",
    .holder = (char *) BY,
    .until = now - 1,
  };
  g_autofree char *scan = NULL;

  queen_hold_dispatch_write (json, QUEEN_COMPONENT_WORKER, "w0", &made);
  fake_redis_append_text (text, made.id);
  fake_redis_append_text (text, json->str);
  f->redis.holds = scan = g_string_free (text, FALSE);
  leave_alone (f);
  come_together (f);
  g_assert_false (is_held (f, 0));
  fake_redis_turn_until (&f->redis, f->redis.n_released == 1);
  g_assert_cmpuint (f->redis.n_held, ==, 0);
}

/* What the others have ended meanwhile ends; what was made here meanwhile is told, so many in each
 * turn. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  g_autofree char *known = hold (f, 0), *scan = make_scan (known), *gone = NULL;

  gone = hold (f, 1);
  leave_alone (f);
  f->redis.holds = scan;
  come_together (f); /* as it was on its way, it is told again */
  fake_redis_turn_until (&f->redis, f->redis.n_held == 1);
  leave_alone (f);
  f->redis.n_held = f->redis.n_at_once = f->redis.most_at_once = 0;
  for (guint i = 2; i < 2000; i++)
    g_free (hold (f, i));
  come_together (f);
  fake_redis_turn_until (&f->redis, f->redis.n_held == 2000 - 1);
  g_assert_cmpuint (f->redis.most_at_once, <=, 512);
  g_assert_true (is_held (f, 0));
  fake_redis_turn_until (&f->redis, !f->sequencer->holds_to_heal);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (drop_lines, NULL, NULL);
#define ADD(path, func) g_test_add ("/redis-holds/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("alone/very-many-others-come-and-go", test_very_many);
  ADD ("alone/memory-has-an-end", test_remembered);
  ADD ("alone/end-was-on-its-way", test_on_the_way);
  ADD ("alone/beginning-was-on-its-way", test_not_lost);
  ADD ("back/in-slices", test_slices);
  ADD ("back/ran-out-while-nobody-was-there", test_ran_out);
  return g_test_run ();
}
