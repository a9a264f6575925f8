/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-epoll.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/queen-clock.h"

#define N_ITEMS 24

typedef struct Fixture Fixture;

typedef struct
{
  Fixture *f;
  int fd;
  guint n_served;
} Item;

struct Fixture
{
  QueenEpoll *epoll;
  Item items[N_ITEMS];
  GString *order;  /* the numbers of those served */
  gulong slowness; /* µs that each takes */
  gboolean drops_others;
  gboolean forgets_others;
  Item *woken; /* becomes ready when another is served */
};

static void
on_ready (gpointer data, guint events, gpointer user_data)
{
  Fixture *f = user_data;
  Item *item = data;

  g_assert_true (item->f == f);
  item->n_served++;
  g_string_append_printf (f->order, "%d ", (int) (item - f->items));
  if (f->slowness > 0)
    g_usleep (f->slowness);
  if (f->woken)
    g_assert_cmpint (eventfd_write (g_steal_pointer (&f->woken)->fd, 1), ==, 0);
  for (int i = 0; f->drops_others && i < N_ITEMS; i++)
    if (&f->items[i] != item)
      {
        queen_epoll_forget (f->epoll, f->items[i].fd, &f->items[i]);
        close (f->items[i].fd);
        f->items[i].f = NULL; /* as good as freed */
      }
  f->drops_others = FALSE;
  for (int i = 0; f->forgets_others && i < N_ITEMS; i++)
    if (&f->items[i] != item)
      queen_epoll_forget (f->epoll, f->items[i].fd, &f->items[i]);
  f->forgets_others = FALSE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->epoll = queen_epoll_new ("test", N_ITEMS, on_ready, f, NULL);
  f->order = g_string_new (NULL);
  f->slowness = 0;
  f->woken = NULL;
  for (int i = 0; i < N_ITEMS; i++)
    {
      f->items[i] = (Item){ f, eventfd (1, EFD_CLOEXEC | EFD_NONBLOCK), 0 };
      g_assert_true (queen_epoll_watch (f->epoll, f->items[i].fd, EPOLLIN, &f->items[i]));
    }
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_epoll_free (f->epoll);
  for (int i = 0; i < N_ITEMS; i++)
    if (f->items[i].f)
      close (f->items[i].fd);
  g_string_free (f->order, TRUE);
}

static void
assert_each_once (Fixture *f)
{
  for (int i = 0; i < N_ITEMS; i++)
    g_assert_cmpuint (f->items[i].n_served, ==, 1);
  g_assert_true (g_str_has_prefix (f->order->str, "0 1 2 3 4 5 "));
}

static void
test_quick (Fixture *f, gconstpointer data)
{
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->items[0].n_served, ==, 1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_each_once (f);
}

/* Nobody has to wait for all of them. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  guint n_turns = 0;

  f->slowness = QUEEN_SLICE;
  while (g_main_context_iteration (NULL, FALSE))
    n_turns++;
  assert_each_once (f);
  g_assert_cmpuint (n_turns, >=, N_ITEMS / 4);
}

static void
drain (Fixture *f)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_string_truncate (f->order, 0);
}

static void
test_meanwhile (Fixture *f, gconstpointer data)
{
  drain (f);
  f->woken = &f->items[3];
  g_assert_cmpint (eventfd_write (f->items[7].fd, 1), ==, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (f->order->str, ==, "7 3 ");
}

static void
test_slow_meanwhile (Fixture *f, gconstpointer data)
{
  drain (f);
  f->slowness = QUEEN_SLICE;
  f->woken = &f->items[3];
  g_assert_cmpint (eventfd_write (f->items[7].fd, 1), ==, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (f->order->str, ==, "7 ");
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (f->order->str, ==, "7 3 ");
}

/* All of them are ready, and told of, when the first takes the others along. */
static void
test_skip (Fixture *f, gconstpointer data)
{
  f->drops_others = TRUE;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (f->order->str, ==, "0 ");
}

/* They live on, but whoever has let go of them may free them from now on. */
static void
test_forget (Fixture *f, gconstpointer data)
{
  f->forgets_others = TRUE;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (f->order->str, ==, "0 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/epoll/quick/each-once-in-order", Fixture, NULL, set_up, test_quick, tear_down);
  g_test_add ("/epoll/slow/the-loop-turns-in-between", Fixture, NULL, set_up, test_slow, tear_down);
  g_test_add ("/epoll/quick/who-becomes-ready-meanwhile-needs-no-turn", Fixture, NULL, set_up,
              test_meanwhile, tear_down);
  g_test_add ("/epoll/slow/who-becomes-ready-meanwhile-waits-for-the-next-turn", Fixture, NULL,
              set_up, test_slow_meanwhile, tear_down);
  g_test_add ("/epoll/skip/one-that-is-gone-is-not-served", Fixture, NULL, set_up, test_skip,
              tear_down);

  g_test_add ("/epoll/forget/one-that-is-let-go-is-not-served", Fixture, NULL, set_up, test_forget,
              tear_down);

  return g_test_run ();
}
