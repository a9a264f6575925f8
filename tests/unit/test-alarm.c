/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Many alarms behind one source, in a group or on their own. */

#include "loop/queen-alarm.h"

#include "fake-clock.h"

#define N 100
#define PER_SLICE 2 /* alarms for which there is time in one */

typedef struct
{
  QueenAlarmGroup *group;
  QueenAlarm *alarms[N];
  GString *heard;
} Fixture;

typedef struct
{
  Fixture *f;
  int number;
} Item;

static Item items[N];

static void
on_alarm (gpointer data)
{
  Item *item = data;

  g_string_append_printf (item->f->heard, "%d ", item->number);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 1000;
  f->group = queen_alarm_group_new (&fake_clock, "test", G_PRIORITY_DEFAULT);
  f->heard = g_string_new (NULL);
  for (int i = 0; i < N; i++)
    {
      items[i] = (Item){ f, i };
      f->alarms[i] = queen_alarm_new_in_group (f->group, on_alarm, &items[i]);
    }
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < N; i++)
    if (f->alarms[i])
      queen_alarm_free (f->alarms[i]);
  queen_alarm_group_free (f->group);
  g_string_free (f->heard, TRUE);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
assert_heard (Fixture *f, const char *expected)
{
  turn ();
  g_assert_cmpstr (f->heard->str, ==, expected);
  g_string_truncate (f->heard, 0);
}

static void
test_order (Fixture *f, gconstpointer data)
{
  queen_alarm_set (f->alarms[1], 1030);
  queen_alarm_set (f->alarms[2], 1010);
  queen_alarm_set (f->alarms[3], 1020);
  queen_alarm_set (f->alarms[4], 1020);
  assert_heard (f, "");
  now = 1020;
  assert_heard (f, "2 3 4 ");
  now = 2000;
  assert_heard (f, "1 ");
  assert_heard (f, "");
}

static void
test_set_anew (Fixture *f, gconstpointer data)
{
  queen_alarm_set (f->alarms[1], 1010);
  queen_alarm_set (f->alarms[2], 1020);
  queen_alarm_set (f->alarms[1], 1030);
  queen_alarm_set_earlier (f->alarms[2], 1025);
  queen_alarm_set_earlier (f->alarms[3], 1005);
  queen_alarm_set (f->alarms[4], 1005);
  queen_alarm_set (f->alarms[4], -1);
  now = 1020;
  assert_heard (f, "3 2 ");
  now = 1030;
  assert_heard (f, "1 ");
}

static void
test_freed (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < N; i++)
    queen_alarm_set (f->alarms[i], 1000 + (i * 37) % N);
  for (int i = 0; i < N; i++)
    if (i % 10 != 0)
      g_clear_pointer (&f->alarms[i], queen_alarm_free);
  now = 1000 + N;
  assert_heard (f, "0 30 60 90 20 50 80 10 40 70 ");
}

static guint n_again;

static void
on_again (gpointer data)
{
  QueenAlarm **alarm = data;

  n_again++;
  queen_alarm_set (*alarm, 0);
}

/* One that is always due does not keep the others from their turn, nor the loop from turning. */
static void
test_always_due (Fixture *f, gconstpointer data)
{
  QueenAlarm *again = queen_alarm_new_in_group (f->group, on_again, &again);

  queen_alarm_set (again, 0);
  for (int i = 0; i < 10; i++)
    {
      queen_alarm_set (f->alarms[i], 0);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (n_again, ==, 10);
  g_assert_cmpstr (f->heard->str, ==, "0 1 2 3 4 5 6 7 8 9 ");
  queen_alarm_free (again);
}

static void
on_long (gpointer data)
{
  now += QUEEN_SLICE / PER_SLICE;
}

/* Others have a turn in between. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  QueenAlarm *slow[N];
  guint n_turns = 0;

  for (int i = 0; i < N; i++)
    {
      slow[i] = queen_alarm_new_in_group (f->group, on_long, NULL);
      queen_alarm_set (slow[i], 0);
    }
  while (g_main_context_iteration (NULL, FALSE))
    n_turns++;
  g_assert_cmpuint (n_turns, ==, N / PER_SLICE);
  for (int i = 0; i < N; i++)
    queen_alarm_free (slow[i]);
}

/* On their own */

static QueenAlarm *lone[4];

static void
on_lone (gpointer data)
{
  Item *item = data;

  g_string_append_printf (item->f->heard, "%d ", item->number);
  if (item->number == 1)
    {
      g_clear_pointer (&lone[1], queen_alarm_free);
      g_clear_pointer (&lone[2], queen_alarm_free);
      queen_alarm_set (lone[0], 0);
    }
}

/* The one after it, and itself: then the one before it is to go off, but in another turn. */
static void
test_lone (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < (int) G_N_ELEMENTS (lone); i++)
    {
      lone[i] = queen_alarm_new (&fake_clock, "test", G_PRIORITY_DEFAULT, on_lone, &items[i]);
      queen_alarm_set (lone[i], 1010);
    }
  assert_heard (f, "");
  now = 1010;
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (f->heard->str, ==, "0 1 3 ");
  assert_heard (f, "0 1 3 0 ");
  queen_alarm_free (lone[0]);
  queen_alarm_free (lone[3]);
}

static void
on_last (gpointer data)
{
  g_clear_pointer (&lone[0], queen_alarm_free);
}

/* With the last of them their source goes, too, and another one may come. */
static void
test_last (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 2; i++)
    {
      lone[0] = queen_alarm_new (&fake_clock, "test", G_PRIORITY_LOW, on_last, NULL);
      queen_alarm_set (lone[0], 0);
      turn ();
      g_assert_null (lone[0]);
    }
}

static QueenAlarm *first, *second;
static guint n_first, n_second;

static void
on_first (gpointer data)
{
  if (++n_first < 5)
    queen_alarm_set (first, 0);
  queen_alarm_set (second, 0);
}

static void
on_second (gpointer data)
{
  n_second++;
}

/* Whoever goes off before it sets it in each turn, for at once, as it wants to be heard, too. */
static void
test_set_again_and_again (Fixture *f, gconstpointer data)
{
  n_first = n_second = 0;
  first = queen_alarm_new (&fake_clock, "first", G_PRIORITY_DEFAULT, on_first, NULL);
  second = queen_alarm_new (&fake_clock, "second", G_PRIORITY_DEFAULT, on_second, NULL);
  queen_alarm_set (first, 0);
  queen_alarm_set (second, 0);
  turn ();
  g_assert_cmpuint (n_first, ==, 5);
  g_assert_cmpuint (n_second, >=, 3);
  queen_alarm_free (first);
  queen_alarm_free (second);
}

#define N_SLOW 8
#define N_AT_ONCE 3 /* that take a slice each, and of which the loop has had enough */

static QueenAlarm *slow[N_SLOW];
static guint n_heard[N_SLOW];
static gboolean is_again; /* whether who goes off is due again */

static void
on_slow (gpointer data)
{
  guint i = GPOINTER_TO_UINT (data);

  now += QUEEN_SLICE;
  n_heard[i]++;
  if (is_again)
    queen_alarm_set (slow[i], 0);
}

static void
make_slow (void (*callback) (gpointer))
{
  for (guint i = 0; i < N_SLOW; i++)
    {
      n_heard[i] = 0;
      slow[i] = queen_alarm_new (&fake_clock, "slow", G_PRIORITY_DEFAULT, i ? on_slow : callback,
                                 GUINT_TO_POINTER (i));
      queen_alarm_set (slow[i], 0);
    }
}

static void
free_slow (void)
{
  for (guint i = 0; i < N_SLOW; i++)
    g_clear_pointer (&slow[i], queen_alarm_free);
}

/* Others have a turn in between, and those that there was no time for remain due. */
static void
test_lone_slices (Fixture *f, gconstpointer data)
{
  guint n_turns = 0;

  is_again = FALSE;
  make_slow (on_slow);
  for (gint64 before = now; g_main_context_iteration (NULL, FALSE); before = now, n_turns++)
    g_assert_cmpint (now - before, <=, N_AT_ONCE * QUEEN_SLICE);
  g_assert_cmpuint (n_turns, ==, (N_SLOW + N_AT_ONCE - 1) / N_AT_ONCE);
  for (guint i = 0; i < N_SLOW; i++)
    g_assert_cmpuint (n_heard[i], ==, 1);
  free_slow ();
}

/* The first of them, always due, do not keep the last ones from their turn. */
static void
test_lone_fair (Fixture *f, gconstpointer data)
{
  is_again = TRUE;
  make_slow (on_slow);
  for (guint i = 0; i < N_SLOW; i++)
    g_main_context_iteration (NULL, FALSE);
  for (guint i = 0; i < N_SLOW; i++)
    g_assert_cmpuint (n_heard[i], ==, N_AT_ONCE);
  free_slow ();
}

static void
on_slowest (gpointer data)
{
  now += N_AT_ONCE * QUEEN_SLICE;
  free_slow ();
}

/* By the first of them, with itself; what comes behind them has its turn. */
static void
test_lone_freed_late (Fixture *f, gconstpointer data)
{
  QueenAlarm *last;

  make_slow (on_slowest);
  last = queen_alarm_new (&fake_clock, "last", G_PRIORITY_DEFAULT, on_alarm, &items[0]);
  queen_alarm_set (last, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_null (slow[0]);
  g_assert_cmpstr (f->heard->str, ==, "");
  assert_heard (f, "0 ");
  queen_alarm_free (last);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/alarm/group/in-order", test_order);
  ADD ("/alarm/group/set-anew", test_set_anew);
  ADD ("/alarm/group/freed-while-set", test_freed);
  ADD ("/alarm/group/who-is-always-due-comes-once-in-a-turn", test_always_due);
  ADD ("/alarm/group/many-take-several-turns", test_slices);
  ADD ("/alarm/lone/freed-while-they-go-off", test_lone);
  ADD ("/alarm/lone/set-again-and-again", test_set_again_and_again);
  ADD ("/alarm/lone/many-take-several-turns", test_lone_slices);
  ADD ("/alarm/lone/who-is-always-due-keeps-nobody-from-it", test_lone_fair);
  ADD ("/alarm/lone/freed-when-there-is-no-more-time", test_lone_freed_late);
  ADD ("/alarm/lone/last-is-freed-while-it-goes-off", test_last);
  return g_test_run ();
}
