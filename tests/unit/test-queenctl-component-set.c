/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <locale.h>

#include "ctl/queenctl-component-set.h"
#include "text/queen-span.h"

static QueenctlComponent *
make_component (const char *id, const char *model)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "model_id", model);
  return queenctl_component_new (QUEEN_COMPONENT_WORKER,
                                 json_node_init_object (json_node_alloc (), object));
}

static void
test_newest (void)
{
  g_autoptr (QueenctlComponentSet) set = queenctl_component_set_new (0);
  g_autoptr (GPtrArray) components = queenctl_component_array_new ();

  queenctl_component_set_add (set, make_component ("w", "first"));
  queenctl_component_set_add (set, make_component ("v", "other"));
  queenctl_component_set_add (set, make_component ("w", "second"));
  g_assert_cmpuint (queenctl_component_set_get_size (set), ==, 2);
  queenctl_component_set_move (set, components);
  g_assert_cmpuint (components->len, ==, 2);
  for (guint i = 0; i < components->len; i++)
    g_assert_cmpstr (queenctl_component_get_string (components->pdata[i], "model_id"), !=, "first");
}

/* What has come counts, though the set keeps only the last of them. */
static void
test_full (void)
{
  g_autoptr (QueenctlComponentSet) set = queenctl_component_set_new (0);
  g_autofree char *text = g_strnfill (64 * 1024 * 1024, 'x');
  guint n_added = 0;

  for (; n_added < 100 && !queenctl_component_set_is_full (set); n_added++)
    queenctl_component_set_add (set, make_component ("w", text));
  g_assert_cmpuint (n_added, ==, 16);
}

/* As does a value without a text. */
static void
test_values (void)
{
  g_autoptr (QueenctlComponentSet) set = queenctl_component_set_new (0);
  guint n_added = 0;

  for (; n_added < 100 && !queenctl_component_set_is_full (set); n_added++)
    {
      JsonObject *object = json_object_new ();
      JsonArray *array = json_array_new ();

      for (guint i = 0; i < 1000000; i++)
        json_array_add_null_element (array);
      json_object_set_string_member (object, "id", "w");
      json_object_set_array_member (object, "x", array);
      queenctl_component_set_add (set,
                                  queenctl_component_new (QUEEN_COMPONENT_WORKER,
                                                          json_node_init_object (json_node_alloc (),
                                                                                 object)));
    }
  g_assert_cmpuint (n_added, <, 16);
}

static void
test_late (void)
{
  g_autoptr (QueenctlComponentSet) set = queenctl_component_set_new (7 * QUEEN_HOUR);

  g_assert_false (queenctl_component_set_is_late (set, 7 * QUEEN_HOUR));
  g_assert_false (queenctl_component_set_is_late (set, 7 * QUEEN_HOUR + 120 * QUEEN_SECOND));
  g_assert_true (queenctl_component_set_is_late (set, 7 * QUEEN_HOUR + 121 * QUEEN_SECOND));
}

/* Who is no queen may call one anything; to sort it must not take for ever. */
static void
test_long_ids (void)
{
  g_autoptr (GString) id = g_string_new (NULL);
  g_autoptr (GPtrArray) components = queenctl_component_array_new ();

  while (id->len < 2000000)
    g_string_append (id, "é");
  g_ptr_array_add (components, make_component (id->str, ""));
  g_ptr_array_add (components, make_component ("w10", ""));
  g_ptr_array_add (components, make_component ("w9", ""));
  g_ptr_array_sort (components, queenctl_component_compare);
  g_assert_cmpstr (queenctl_component_get_string (components->pdata[0], "id"), ==, "w9");
  g_assert_cmpstr (queenctl_component_get_string (components->pdata[1], "id"), ==, "w10");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/queenctl-component-set/has-the-newest-of-each-id", test_newest);
  g_test_add_func ("/queenctl-component-set/is-full/of-texts", test_full);
  g_test_add_func ("/queenctl-component-set/is-full/of-values", test_values);
  g_test_add_func ("/queenctl-component-set/is-late/after-two-minutes", test_late);

  g_test_add_func ("/queenctl-component-set/order/long-ids-take-no-longer", test_long_ids);

  return g_test_run ();
}
