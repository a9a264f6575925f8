/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Which list is made next, of those that wait: who asks for little has it soon, however many there
 * are who ask for much. */

#include "model/queen-list-works.h"

#define N 64
#define LONG 30000 /* µs */
#define SHORT 300

typedef struct
{
  QueenListWork work;
  QueenCostPlace place;
} List;

static const QueenSelection short_page = { .limit = 100 };
static const QueenSelection long_page = { .limit = 10000 };
static const QueenSelection filtered = { .limit = 100, .online = QUEEN_ANSWER_YES };

static void
enter (QueenListWorks *works, List *list, const QueenSelection *selection)
{
  *list = (List){ queen_list_work_choose (selection) };
  queen_list_works_enter (works, list->work, &list->place, "one", list);
}

/* Returns: µs that it took */
static gint64
make_next (QueenListWorks *works, List **list)
{
  gint64 span;

  *list = queen_list_works_next (works);
  g_assert_nonnull (*list);
  span = (*list)->work == QUEEN_LIST_WORK_SHORT_PAGE ? SHORT : LONG;
  queen_list_works_charge (works, span);
  queen_list_works_end (works, *list);
  return span;
}

/* Though others have asked before, and have much more. */
static void
test_short_pages (void)
{
  QueenListWorks *works = queen_list_works_new (N, 4);
  List long_pages[N], others[N], short_pages[N], *next;
  gint64 waited = 0;
  guint n_short = 0, n = 0;

  for (guint i = 0; i < N; i++)
    {
      enter (works, &long_pages[i], &long_page);
      enter (works, &others[i], &filtered);
    }
  for (guint i = 0; i < 10; i++)
    make_next (works, &next);
  for (guint i = 0; i < N; i++)
    enter (works, &short_pages[i], &short_page);
  for (; n_short < N; n_short += next->work == QUEEN_LIST_WORK_SHORT_PAGE)
    waited += make_next (works, &next);
  g_assert_cmpint (waited, <=, 3 * (N * SHORT + LONG));
  for (; queen_list_works_has_any (works); n++)
    make_next (works, &next);
  g_assert_cmpuint (n, >, N);
  queen_list_works_free (works);
}

/* Who has had much while nobody else wanted anything does not wait for that as long; and who wanted
 * nothing has saved nothing. */
static void
test_joining (void)
{
  QueenListWorks *works = queen_list_works_new (N, 4);
  List long_pages[N], others[N], *next;
  guint n_long = 0;

  for (guint round = 0; round < 100; round++)
    {
      enter (works, &long_pages[0], &long_page);
      enter (works, &others[0], &filtered);
      make_next (works, &next);
      queen_list_works_charge (works, 1000 * LONG);
      make_next (works, &next);
      g_assert_false (queen_list_works_has_any (works));
    }
  for (guint i = 0; i < N; i++)
    {
      enter (works, &long_pages[i], &long_page);
      enter (works, &others[i], &filtered);
    }
  for (guint i = 0; i < 20; i++)
    {
      make_next (works, &next);
      n_long += next->work == QUEEN_LIST_WORK_PAGE;
    }
  g_assert_cmpuint (n_long, >=, 8);
  g_assert_cmpuint (n_long, <=, 12);
  while (queen_list_works_has_any (works))
    make_next (works, &next);
  queen_list_works_free (works);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/list-works/short-pages-come-soon", test_short_pages);
  g_test_add_func ("/list-works/whoever-joins-has-the-same", test_joining);
  return g_test_run ();
}
