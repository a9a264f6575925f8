/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who sees how many of their models named where there is room for only so many. */

#include "model/queen-model-board.h"

#define ROOM 8
#define LONG 100 /* bytes of ids for each of them, on the whole */
#define N_STEPS 20000

typedef struct
{
  QueenModelBoard *board;
  GHashTable *ids; /* of models: themselves, for as long as the test takes */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->board = queen_model_board_new (ROOM, ROOM * LONG);
  f->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_model_board_free (f->board);
  g_hash_table_unref (f->ids);
}

static void
count (Fixture *f, const char *id, const char *sender, int n)
{
  char *name = sender ? g_ref_string_new (sender) : NULL;

  if (!g_hash_table_contains (f->ids, id))
    g_hash_table_add (f->ids, g_strdup (id));
  queen_model_board_count (f->board, g_hash_table_lookup (f->ids, id), name, n);
  g_clear_pointer (&name, g_ref_string_release);
}

/* Brings `PREFIX00`, `PREFIX01`, …; or takes them back. */
static void
count_many (Fixture *f, const char *prefix, const char *sender, guint n_models, int n)
{
  for (guint i = 0; i < n_models; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s%02u", prefix, i);

      count (f, id, sender, n);
    }
}

static void
assert_named (Fixture *f, const char *expected)
{
  g_autoptr (GString) named = g_string_new (NULL);

  for (const char *id = NULL; (id = queen_model_board_get_next (f->board, id));)
    g_string_append_printf (named, "%s ", id);
  g_assert_cmpstr (named->str, ==, expected);
}

/* Returns: how many are named that begin with @letter */
static guint
count_named (Fixture *f, char letter)
{
  guint n = 0;

  for (const char *id = NULL; (id = queen_model_board_get_next (f->board, id));)
    n += *id == letter;
  return n;
}

/* Whoever brings them, all are there, in the order of the letters, until nobody has them. */
static void
test_room (Fixture *f, gconstpointer data)
{
  count (f, "c", "token:a", 1);
  count (f, "a", "token:a", 1);
  count (f, "b", NULL, 1);
  count (f, "a", "address:192.0.2.1", 2);
  assert_named (f, "a b c ");
  g_assert_cmpstr (queen_model_board_get_next (f->board, "aa"), ==, "b"); /* which is not there */
  count (f, "a", "token:a", -1);
  count (f, "a", "address:192.0.2.1", -1);
  count (f, "b", NULL, -1);
  assert_named (f, "a c ");
  count (f, "a", "address:192.0.2.1", -1);
  assert_named (f, "c ");
}

/* However many one brings, be it before or after others. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  count (f, "x", "token:x", 1);
  count_many (f, "!", "token:flood", 50, 1);
  assert_named (f, "!00 !01 !02 !03 !04 !05 !06 x ");
  count (f, "y", "token:y", 1);
  count (f, "z", NULL, 1);
  assert_named (f, "!00 !01 !02 !03 !04 x y z ");
  count (f, "x2", "token:x", 1);
  assert_named (f, "!00 !01 !02 !03 x x2 y z ");
}

/* Of two who have too many each has half, and what one leaves is the other's. */
static void
test_half (Fixture *f, gconstpointer data)
{
  count_many (f, "a", "token:a", 50, 1);
  count_many (f, "b", "token:b", 50, 1);
  assert_named (f, "a00 a01 a02 a03 b00 b01 b02 b03 ");
  count_many (f, "a", "token:a", 49, -1);
  g_assert_cmpuint (count_named (f, 'a'), ==, 1);
  g_assert_cmpuint (count_named (f, 'b'), ==, ROOM - 1);
  count_many (f, "a", "token:a", 50, 1);
  g_assert_cmpuint (count_named (f, 'a'), ==, ROOM / 2);
  g_assert_cmpuint (count_named (f, 'b'), ==, ROOM / 2);
}

/* As addresses, whoever has such a network is one. */
static void
test_wide (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *id = g_strdup_printf ("!%02u", i);
      g_autofree char *sender = g_strdup_printf ("address:2001:db8:1:%x::/64", i);

      count (f, id, sender, 1);
    }
  count_many (f, "a", "token:a", 4, 1);
  assert_named (f, "!00 !01 !02 !03 a00 a01 a02 a03 ");
}

/* Few models with long names take as much as many with short ones. */
static void
test_long (Fixture *f, gconstpointer data)
{
  g_autofree char *padding = g_strnfill (3 * LONG, '!');

  count_many (f, padding, "token:flood", 20, 1);
  count_many (f, "a", "token:a", 5, 1);
  g_assert_cmpuint (count_named (f, 'a'), ==, 5);
  g_assert_cmpuint (count_named (f, '!'), ==, 2);
}

/* What others have, too, does not go with who has most, however many have it by then. */
static void
test_shared (Fixture *f, gconstpointer data)
{
  count_many (f, "!", "token:flood", 7, 1);
  count (f, "m", "token:flood", 1); /* its last */
  count (f, "m", "token:a", 1);
  count (f, "b", "token:b", 1);
  assert_named (f, "!00 !01 !02 !03 !04 !05 b m ");
  count (f, "!49", "token:c", 1);
  count (f, "!49", "token:flood", 1);
  assert_named (f, "!00 !01 !02 !03 !04 !49 b m ");
  count (f, "m", "token:a", -1); /* so it is one of many again, */
  count (f, "c", "token:d", 1);  /* and the last of them */
  assert_named (f, "!00 !01 !02 !03 !04 !49 b c ");
  count (f, "m", "token:a", 1);
  assert_named (f, "!00 !01 !02 !03 !49 b c m ");
}

/* After whatever happened: as many as there is room for, and of nobody that nobody has. */
static void
test_any (Fixture *f, gconstpointer data)
{
  static const char *const senders[] = { "token:a", "token:b", "address:2001:db8:1:1::/64",
                                         "address:2001:db8:1:2::/64", NULL };
  guint counts[G_N_ELEMENTS (senders)][30] = { 0 }, n_there = 0, n_named = 0;

  for (int step = 0; step < N_STEPS; step++)
    {
      int s = g_test_rand_int_range (0, G_N_ELEMENTS (senders));
      int m = g_test_rand_int_range (0, 30);
      g_autofree char *id = g_strdup_printf ("%d", m);
      int n = counts[s][m] > 0 && g_test_rand_bit () ? -1 : 1;

      counts[s][m] += (guint) n;
      count (f, id, senders[s], n);
    }
  for (int m = 0; m < 30; m++)
    for (gsize s = 0; s < G_N_ELEMENTS (senders); s++)
      if (counts[s][m] > 0)
        {
          n_there++;
          break;
        }
  for (const char *id = NULL; (id = queen_model_board_get_next (f->board, id)); n_named++)
    {
      guint n = 0;

      for (gsize s = 0; s < G_N_ELEMENTS (senders); s++)
        n += counts[s][g_ascii_strtoull (id, NULL, 10)];
      g_assert_cmpuint (n, >, 0);
    }
  g_assert_cmpuint (n_named, ==, MIN (n_there, ROOM));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/model-board/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("all-as-long-as-there-is-room", test_room);
  ADD ("who-brings-few-sees-all-of-them", test_flood);
  ADD ("who-bring-too-many-have-as-many", test_half);
  ADD ("a-wide-network-is-one", test_wide);
  ADD ("long-names-count-for-more", test_long);
  ADD ("nobody-pushes-out-what-others-have", test_shared);
  ADD ("full-after-whatever-happened", test_any);
  return g_test_run ();
}
