/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-roll.h"

#include <string.h>

#include "text/queen-json-writer.h"

typedef struct
{
  QueenRollPlace place;
  char *id;
} Member;

typedef struct
{
  QueenRoll *roll;
  GPtrArray *members; /* in their order, as it should be */
  guint64 sequence;
} Fixture;

static void
free_member (gpointer data)
{
  Member *member = data;

  g_free (member->id);
  g_free (member);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->roll = queen_roll_new ();
  f->members = g_ptr_array_new_with_free_func (free_member);
  f->sequence = 0;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_roll_free (f->roll);
  g_ptr_array_unref (f->members);
}

static Member *
add (Fixture *f, gboolean is_present)
{
  Member *member = g_new0 (Member, 1);

  f->sequence += 3; /* there are gaps */
  member->id = g_strdup_printf ("\"%" G_GUINT64_FORMAT, f->sequence);
  queen_roll_add (f->roll, &member->place, member->id, f->sequence);
  queen_roll_set_present (f->roll, &member->place, is_present);
  g_ptr_array_add (f->members, member);
  return member;
}

static void
drop (Fixture *f, guint index)
{
  queen_roll_remove (f->roll, &((Member *) f->members->pdata[index])->place);
  g_ptr_array_remove_index (f->members, index);
}

static const char *
get_json (Fixture *f)
{
  gsize length;
  const char *json = queen_roll_get_json (f->roll, &length);

  g_assert_cmpuint (length, ==, strlen (json));
  return json;
}

/* Asserts that the roll says what it should, by the simplest means there are. */
static void
assert_right (Fixture *f)
{
  g_autoptr (GString) json = g_string_new ("[");
  QueenRollPlace *place = queen_roll_find_behind (f->roll, 0);

  for (guint i = 0; i < f->members->len; i++)
    {
      Member *member = f->members->pdata[i];

      g_assert_true (place == &member->place);
      place = queen_roll_get_next (place);
      if (!member->place.is_present)
        continue;
      if (json->len > 1)
        g_string_append_c (json, ',');
      queen_json_append_string (json, member->id);
    }
  g_assert_null (place);
  g_string_append_c (json, ']');
  g_assert_cmpstr (get_json (f), ==, json->str);
}

static void
test_few (Fixture *f, gconstpointer data)
{
  Member *first, *second;

  g_assert_cmpstr (get_json (f), ==, "[]");
  first = add (f, TRUE);
  second = add (f, FALSE);
  g_assert_cmpstr (get_json (f), ==, "[\"\\\"3\"]");
  queen_roll_set_present (f->roll, &second->place, TRUE);
  g_assert_cmpstr (get_json (f), ==, "[\"\\\"3\",\"\\\"6\"]");
  queen_roll_set_present (f->roll, &first->place, FALSE);
  g_assert_cmpstr (get_json (f), ==, "[\"\\\"6\"]");
  drop (f, 1);
  g_assert_cmpstr (get_json (f), ==, "[]");
  drop (f, 0);
  assert_right (f);
}

/* A pulse goes out between one's coming and another's. */
static void
test_one_by_one (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 300; i++)
    {
      add (f, TRUE);
      assert_right (f);
    }
  while (f->members->len > 0)
    {
      drop (f, (guint) g_test_rand_int_range (0, (int) f->members->len));
      assert_right (f);
    }
}

/* Of a whole block each that comes or goes would be written as often as there are others in it: so
 * nobody looks again at the id of one who stays. */
static void
test_only_who_changes (Fixture *f, gconstpointer data)
{
  Member *first = add (f, TRUE), *second = add (f, TRUE), *third = add (f, FALSE);
  g_autofree char *before = g_strdup (get_json (f));

  first->id[1] = 'x';
  queen_roll_set_present (f->roll, &second->place, FALSE);
  queen_roll_set_present (f->roll, &third->place, TRUE);
  queen_roll_set_present (f->roll, &second->place, TRUE);
  queen_roll_set_present (f->roll, &third->place, FALSE);
  g_assert_cmpstr (get_json (f), ==, before);
}

static void
test_find (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 1000; i++)
    add (f, TRUE);
  for (int i = 600; i >= 300; i--)
    drop (f, (guint) i);
  for (guint64 sequence = 0; sequence <= f->sequence; sequence++)
    {
      QueenRollPlace *place = queen_roll_find_behind (f->roll, sequence);

      if (sequence == f->sequence)
        g_assert_null (place);
      else if (sequence >= 3 * 300 && sequence < 3 * 602) /* the 301st to the 601st are gone */
        g_assert_cmpuint (place->sequence, ==, 3 * 602);
      else
        g_assert_cmpuint (place->sequence, ==, sequence / 3 * 3 + 3);
    }
}

/* Whatever comes, goes and comes back, as long as one likes. */
static void
test_anything (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 20000; i++)
    {
      guint n = f->members->len;
      /* First more come than go, then the other way round. */
      int what = g_test_rand_int_range (0, i < 10000 ? 10 : 16);

      if (n == 0 || what < 4)
        add (f, what % 2);
      else if (what < 8)
        {
          Member *member = f->members->pdata[g_test_rand_int_range (0, (int) n)];

          queen_roll_set_present (f->roll, &member->place, what % 2);
        }
      else
        drop (f, (guint) g_test_rand_int_range (0, (int) n));
      if (i % 500 < 3)
        assert_right (f);
    }
  while (f->members->len > 0)
    drop (f, (guint) g_test_rand_int_range (0, (int) f->members->len));
  assert_right (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/roll/json/those-present-in-order", Fixture, NULL, set_up, test_few, tear_down);
  g_test_add ("/roll/json/after-each-change", Fixture, NULL, set_up, test_one_by_one, tear_down);
  g_test_add ("/roll/json/only-who-changes-is-written", Fixture, NULL, set_up,
              test_only_who_changes, tear_down);
  g_test_add ("/roll/find/the-next-behind-any-number", Fixture, NULL, set_up, test_find, tear_down);
  g_test_add ("/roll/anything/order-and-json-stay-right", Fixture, NULL, set_up, test_anything,
              tear_down);

  return g_test_run ();
}
