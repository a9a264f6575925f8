/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-readers.h"

#include <netinet/in.h>
#include <string.h>

#define MIB (1024 * 1024)

typedef struct
{
  QueenBudgets *budgets;
  QueenReaders *readers;
  QueenReader those[8]; /* each is its own owner */
  GBytes *texts[8];
} Fixture;

static const QueenReader *slow; /* who may go for its like; NULL for nobody */

static gboolean
is_slow (gpointer owner)
{
  return owner == slow;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  slow = NULL;
  f->budgets = queen_budgets_new ();
  f->readers = queen_readers_new (f->budgets);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (f->those); i++)
    {
      queen_readers_release (f->readers, &f->those[i]);
      g_clear_pointer (&f->texts[i], g_bytes_unref);
    }
  queen_readers_free (f->readers);
  queen_budgets_free (f->budgets);
}

#define NETWORK(wide, narrow) (0x10000 * (wide) + (narrow))

/* 10.0.0.@host, or of NETWORK 2001:db8:@wide:@narrow::1 */
static struct sockaddr_storage
make_address (guint host)
{
  const struct sockaddr_in ipv4 = { .sin_family = AF_INET,
                                    .sin_addr = { htonl (0x0a000000 + host) } };
  const struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
                                     .sin6_addr.s6_addr32 = { htonl (0x20010db8), htonl (host), 0,
                                                              htonl (1) } };
  struct sockaddr_storage storage = { 0 };

  if (host < 0x10000)
    memcpy (&storage, &ipv4, sizeof ipv4);
  else
    memcpy (&storage, &ipv6, sizeof ipv6);
  return storage;
}

/* The one with that number, at make_address (@host), has @size bytes of its own waiting. */
static void
enter (Fixture *f, guint number, guint host, gsize size)
{
  struct sockaddr_storage client = make_address (host);

  f->texts[number] = g_bytes_new_take (g_malloc0 (size), size);
  queen_readers_enter (f->readers, &f->those[number], &client, f->texts[number], &f->those[number]);
}

/* Likewise what another one waits for. */
static void
join (Fixture *f, guint number, guint host, guint other)
{
  struct sockaddr_storage client = make_address (host);

  queen_readers_enter (f->readers, &f->those[number], &client, f->texts[other], &f->those[number]);
}

/* Returns: the number of who makes room; -1 for nobody */
static int
find (Fixture *f, guint host, gsize size)
{
  struct sockaddr_storage client = make_address (host);
  QueenReader *reader = queen_readers_find_greediest (f->readers, &client, size, is_slow);

  return reader ? (int) (reader - f->those) : -1;
}

static void
test_most (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (find (f, 1, MIB), ==, -1);
  enter (f, 0, 1, 3 * MIB);
  enter (f, 1, 2, 2 * MIB);
  enter (f, 2, 2, 4 * MIB);
  g_assert_cmpint (find (f, 3, 5 * MIB), ==, 1);
  g_assert_cmpint (find (f, 1, 2 * MIB), ==, 1);
  g_assert_cmpint (find (f, 1, 3 * MIB), ==, -1); /* it would have as much */
  g_assert_cmpint (find (f, 2, 1), ==, -1);
  queen_readers_release (f->readers, &f->those[2]);
  g_assert_cmpint (find (f, 3, MIB), ==, 0);
}

/* Nobody is spared as it holds some bytes less than another. */
static void
test_alike (Fixture *f, gconstpointer data)
{
  enter (f, 0, 1, 4 * MIB - 1);
  enter (f, 1, 2, 4 * MIB);
  g_assert_cmpint (find (f, 3, MIB), ==, 0); /* it came first */
  g_assert_cmpint (find (f, 3, 5 * MIB), ==, -1);
  slow = &f->those[1];
  g_assert_cmpint (find (f, 3, 5 * MIB), ==, 1);
  g_assert_cmpint (find (f, 1, 5 * MIB), ==, 1);
  g_assert_cmpint (find (f, 2, 5 * MIB), ==, -1); /* it is its own */
}

/* Many networks that may be one user's are one to all others, and fair among each other. */
static void
test_wide (Fixture *f, gconstpointer data)
{
  enter (f, 0, 1, 2 * MIB);
  enter (f, 1, NETWORK (1, 1), MIB);
  enter (f, 2, NETWORK (1, 2), MIB);
  enter (f, 3, NETWORK (1, 3), MIB);
  enter (f, 4, NETWORK (2, 1), 2 * MIB);
  g_assert_cmpint (find (f, 2, MIB), ==, 1);
  g_assert_cmpint (find (f, 1, MIB / 2), ==, 1);
  g_assert_cmpint (find (f, NETWORK (3, 1), MIB), ==, 1);
  g_assert_cmpint (find (f, NETWORK (2, 2), MIB / 2), ==, 1);
  g_assert_cmpint (find (f, NETWORK (1, 4), MIB / 2), ==, 1); /* among its own */
  g_assert_cmpint (find (f, NETWORK (1, 4), MIB), ==, -1);
  enter (f, 5, NETWORK (1, 3), MIB);
  g_assert_cmpint (find (f, 2, MIB), ==, 3); /* who has most there */
  g_assert_cmpint (find (f, NETWORK (1, 4), MIB), ==, 3);
  for (int i = 1; i <= 3; i++)
    queen_readers_release (f->readers, &f->those[i]);
  g_assert_cmpint (find (f, 2, MIB), ==, 0);
}

static void
test_shared (Fixture *f, gconstpointer data)
{
  enter (f, 0, 1, 4 * MIB);
  join (f, 1, 2, 0);
  join (f, 2, 3, 0);
  enter (f, 3, 4, 2 * MIB);
  g_assert_cmpint (find (f, 5, 3 * MIB), ==, 0);
  queen_readers_release (f->readers, &f->those[1]);
  g_assert_cmpint (find (f, 5, 3 * MIB), ==, 0);
  queen_readers_release (f->readers, &f->those[0]);
  g_assert_cmpint (find (f, 5, 3 * MIB), ==, 2); /* the last one has it now */
  queen_readers_release (f->readers, &f->those[2]);
  g_assert_cmpint (find (f, 5, MIB), ==, 3);
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  f->texts[0] = g_bytes_new_take (g_malloc0 (4 * MIB), 4 * MIB);
  queen_budgets_set_kept (f->budgets, QUEEN_BUDGET_ANSWERS, f->texts[0], TRUE);
  join (f, 1, 1, 0);
  join (f, 2, 2, 0);
  g_assert_cmpint (find (f, 3, MIB), ==, -1); /* nothing would come of that */
  queen_readers_release (f->readers, &f->those[1]);
  queen_budgets_set_kept (f->budgets, QUEEN_BUDGET_ANSWERS, f->texts[0], FALSE);
  g_assert_cmpint (find (f, 3, MIB), ==, 2);
}

/* As if it was looked along all, in the plainest words */

#define N_MANY 200
#define N_WIDE 6
#define N_NARROW 6

typedef struct
{
  gsize n_held;
  guint began;
} Plain;

typedef struct
{
  QueenReader reader; /* its own owner */
  GBytes *text;
  guint wide, narrow;
} One;

static Plain wides[N_WIDE], narrows[N_WIDE][N_NARROW];

/* @size: more, or less */
static void
count_plainly (const One *one, gssize size)
{
  static guint n_began;
  Plain *both[] = { &wides[one->wide], &narrows[one->wide][one->narrow] };

  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      if (both[i]->n_held == 0)
        both[i]->began = ++n_began;
      both[i]->n_held += (gsize) size;
    }
}

/* Returns: which of those that hold about as much as any began first */
static guint
find_plainly (const Plain *all, guint n)
{
  gsize most = 0;
  guint found = 0;

  for (guint i = 0; i < n; i++)
    most = MAX (most, all[i].n_held);
  for (guint i = 0; i < n; i++)
    if (all[i].n_held >= most - most / 4 &&
        (all[found].n_held < most - most / 4 || all[i].began < all[found].began))
      found = i;
  return found;
}

/* @order: of One, who came first before all others */
static void
assert_found (Fixture *f, const GQueue *order)
{
  struct sockaddr_storage asker = make_address (1);
  guint wide = find_plainly (wides, N_WIDE), narrow = find_plainly (narrows[wide], N_NARROW);
  const GList *link = order->head;

  while (link && (((One *) link->data)->wide != wide || ((One *) link->data)->narrow != narrow))
    link = link->next;
  g_assert_true (queen_readers_find_greediest (f->readers, &asker, 0, is_slow) ==
                 (link ? link->data : NULL));
}

static void
come (Fixture *f, One *one)
{
  gsize size = (gsize) g_test_rand_int_range (1, 100);
  struct sockaddr_storage client;

  one->wide = (guint) g_test_rand_int_range (0, N_WIDE);
  one->narrow = (guint) g_test_rand_int_range (0, N_NARROW);
  client = make_address (NETWORK (1 + one->wide, one->narrow));
  one->text = g_bytes_new_take (g_malloc0 (size), size);
  queen_readers_enter (f->readers, &one->reader, &client, one->text, one);
  count_plainly (one, (gssize) size);
}

static void
go (Fixture *f, One *one)
{
  count_plainly (one, -(gssize) g_bytes_get_size (one->text));
  queen_readers_release (f->readers, &one->reader);
  g_clear_pointer (&one->text, g_bytes_unref);
}

static void
test_many (Fixture *f, gconstpointer data)
{
  g_autofree One *all = g_new0 (One, N_MANY);
  GQueue order = G_QUEUE_INIT;

  for (guint i = 0; i < 20 * N_MANY; i++)
    {
      One *one = &all[g_test_rand_int_range (0, N_MANY)];

      if (one->text)
        {
          go (f, one);
          g_queue_remove (&order, one);
        }
      else
        {
          come (f, one);
          g_queue_push_tail (&order, one);
        }
      assert_found (f, &order);
    }
  for (GList *link = order.head; link; link = link->next)
    go (f, link->data);
  g_queue_clear (&order);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/readers/" path, Fixture, NULL, set_up, function, tear_down)

  ADD ("who-holds-most-makes-room", test_most);
  ADD ("alike/first-who-is-slow", test_alike);
  ADD ("wide/networks-that-may-be-one-user-s-are-one", test_wide);
  ADD ("many/as-if-all-were-looked-at", test_many);
  ADD ("shared/one-holds-it-and-then-the-next", test_shared);
  ADD ("kept/nobody-s-until-it-is-not", test_kept);

  return g_test_run ();
}
