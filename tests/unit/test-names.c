/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "jobs/queen-names.h"

#include <dlfcn.h>
#include <netdb.h>

#include "loop/queen-clock.h"
#include "no-threads.h"

/* In place of libc's: it takes as long as the test says. */

static GMutex lock; /* of what follows */
static GCond changed;
static gboolean is_free; /* names that are slow are answered, too */
static char *free_name;  /* likewise, but it alone */
static guint n_running;  /* of these */
static guint n_asked;

static int
answer (const char *name,
        const char *service,
        const struct addrinfo *hints,
        struct addrinfo **results)
{
  int (*get_real) (const char *, const char *, const struct addrinfo *, struct addrinfo **) =
      (int (*) (const char *, const char *, const struct addrinfo *,
                struct addrinfo **)) dlsym (RTLD_NEXT, "getaddrinfo");
  const struct addrinfo numeric = { .ai_socktype = hints->ai_socktype, .ai_flags = AI_NUMERICHOST };

  return g_str_equal (name, "nobody") ? EAI_NONAME
                                      : get_real ("10.0.0.1", service, &numeric, results);
}

int
getaddrinfo (const char *name,
             const char *service,
             const struct addrinfo *hints,
             struct addrinfo **results)
{
  gboolean is_slow = g_str_has_prefix (name, "slow");

  g_mutex_lock (&lock);
  n_asked++;
  n_running += is_slow;
  g_cond_broadcast (&changed);
  while (is_slow && !is_free && g_strcmp0 (name, free_name) != 0)
    g_cond_wait (&changed, &lock);
  n_running -= is_slow;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
  return answer (name, service, hints, results);
}

static void
set_free (gboolean is)
{
  g_mutex_lock (&lock);
  is_free = is;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

static void
set_free_name (const char *name)
{
  g_mutex_lock (&lock);
  g_free (free_name);
  free_name = g_strdup (name);
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

static void
await_running (guint n)
{
  g_mutex_lock (&lock);
  while (n_running != n)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}

/* Those who ask */

typedef struct
{
  QueenNames *names;
  guint n_found;
  guint n_not_found;
  gulong works_for; /* µs: whoever hears of one */
} Fixture;

static void
on_found (GList *found, const GError *error, gpointer data)
{
  Fixture *f = data;

  g_assert_cmpint (found != NULL, ==, error == NULL);
  g_usleep (f->works_for);
  if (found)
    f->n_found++;
  else
    f->n_not_found++;
}

static QueenNamesWait *
ask (Fixture *f, const char *from, const char *name)
{
  QueenSource source = { .kind = QUEEN_SOURCE_UNKNOWN };
  guint n = f->n_found + f->n_not_found;
  QueenNamesWait *wait;

  g_assert_true (queen_source_parse (from, &source));
  wait = queen_names_look_up (f->names, name, &source, on_found, f);
  g_assert_cmpuint (f->n_found + f->n_not_found, ==, n);
  return wait;
}

static void
await (Fixture *f, guint n_found, guint n_not_found)
{
  while (f->n_found != n_found || f->n_not_found != n_not_found)
    g_main_context_iteration (NULL, TRUE);
}

/* Returns: how many of them are being looked up */
static guint
ask_for_slow_ones (Fixture *f, const char *from, guint n)
{
  guint n_begun = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("slow-%s-%u", from, i);

      n_begun += queen_names_wait_has_begun (ask (f, from, name));
    }
  return n_begun;
}

/* @format: of an address, with a number in it. Returns: likewise */
static guint
ask_from_many (Fixture *f, const char *format, guint n, guint n_of_each)
{
  guint n_begun = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *from = g_strdup_printf (format, i);

      n_begun += ask_for_slow_ones (f, from, n_of_each);
    }
  return n_begun;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->names = queen_names_new ();
  n_asked = 0;
  set_free (FALSE);
  set_free_name (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->names, queen_names_free);
  set_free (TRUE);
  await_running (0);
}

static void
test_found (Fixture *f, gconstpointer data)
{
  ask (f, "here", "node");
  ask (f, "10.0.0.7", "nobody");
  ask (f, "10.0.0.7", "127.0.0.1");
  ask (f, "10.0.0.7", "::1");
  await (f, 3, 1);
  g_assert_cmpuint (n_asked, ==, 2); /* nobody is asked for what is an address already */
}

/* Who hears of it has much to do, and others have turns meanwhile. */
static void
test_many_in_turns (Fixture *f, gconstpointer data)
{
  f->works_for = QUEEN_SLICE;
  for (guint i = 0; i < 3; i++)
    ask (f, "10.0.0.7", "slow");
  await_running (1);
  set_free (TRUE);
  for (guint n = 0; n < 3; n = f->n_found)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (f->n_found, <=, n + 1);
    }
  g_assert_cmpuint (n_asked, ==, 1);
}

static void
test_one_for_many (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 100; i++)
    ask (f, "10.0.0.7", "slow");
  await_running (1);
  set_free (TRUE);
  await (f, 100, 0);
  g_assert_cmpuint (n_asked, ==, 1);
}

/* Names that nobody ever answers for keep nobody else from being asked for. */
static void
test_shares (Fixture *f, gconstpointer data)
{
  ask_for_slow_ones (f, "10.0.0.7", 100);
  await_running (QUEEN_NAMES_MAX_OF_ONE);
  ask (f, "10.0.0.8", "node");
  await (f, 1, 0);
  ask (f, "10.0.0.7", "10.0.0.7");
  ask (f, "10.0.0.7", "localhost");
  await (f, 3, 0);

  ask_from_many (f, "10.0.1.%u", 9, QUEEN_NAMES_MAX_OF_ONE);

  /* of IPv6, a sender has all the addresses of the network */
  ask_for_slow_ones (f, "fd00::7", 4);
  ask_for_slow_ones (f, "fd00::8", 4);
  ask_for_slow_ones (f, "10.0.0.9", 100);
  await_running (QUEEN_NAMES_MAX / 2 + 1);
  ask (f, "here", "node");
  await (f, 4, 0);
  set_free (TRUE);
  await (f, 4 + 208 + QUEEN_NAMES_MAX / 2 - 10, 0);
}

/* Whoever has an IPv6 network of 48 bits has thousands of senders. They are one to others, and of
 * what they may have, there is something for many of them. */
static void
test_wide (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (ask_for_slow_ones (f, "fd00:0:0:ffff::1", 100), ==, QUEEN_NAMES_MAX_OF_ONE);
  g_assert_cmpuint (ask_from_many (f, "fd00:0:0:%x::1", 200, 3), ==,
                    QUEEN_NAMES_MAX_OF_WIDE - QUEEN_NAMES_MAX_OF_ONE);
  g_assert_cmpuint (ask_for_slow_ones (f, "fd00:0:1::1", 1), ==, 1);

  ask_from_many (f, "10.0.1.%u", 60, QUEEN_NAMES_MAX_OF_ONE);
  g_assert_cmpuint (ask_from_many (f, "fd00:0:2:%x::1", 200, 3), ==, 1);
  ask (f, "10.0.0.8", "node");
  ask (f, "fd00:0:3::1", "node");
  await (f, 2, 0);
}

/* Whoever says that it hands somebody on may say so of each address of this machine. */
static void
test_loopback (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (ask_from_many (f, "127.0.%u.1", 20, 3), ==, QUEEN_NAMES_MAX_OF_ONE);
  g_assert_cmpuint (ask_for_slow_ones (f, "::1", 1), ==, 0);
  g_assert_cmpuint (ask_for_slow_ones (f, "10.0.0.7", 1), ==, 1);
}

/* The network has all that it may, and three more wait there. */
static void
ask_in_full_network (Fixture *f, QueenNamesWait *waits[3])
{
  ask_for_slow_ones (f, "fd00::1", QUEEN_NAMES_MAX_OF_ONE + 10);
  ask_from_many (f, "fd00:0:0:1%x::1", QUEEN_NAMES_MAX_OF_WIDE - QUEEN_NAMES_MAX_OF_ONE, 1);
  waits[0] = ask (f, "fd00:0:0:2::1", "slow-a");
  waits[1] = ask (f, "fd00:0:0:2::1", "slow-b");
  waits[2] = ask (f, "fd00:0:0:3::1", "slow-c");
}

/* Who may have no more keep nobody from their turn, however many they are. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  QueenNamesWait *waits[3];

  ask_in_full_network (f, waits);
  ask_from_many (f, "10.0.1.%u", 60, QUEEN_NAMES_MAX_OF_ONE);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    g_assert_false (queen_names_wait_has_begun (waits[i]));
  g_assert_true (queen_names_wait_has_begun (ask (f, "10.0.0.9", "slow")));

  set_free (TRUE);
  await (f, 10 + QUEEN_NAMES_MAX_OF_WIDE + 3 + 60 * QUEEN_NAMES_MAX_OF_ONE + 1, 0);
}

/* Those of one network take turns, and pass over whoever has its share. */
static void
test_turns_in_network (Fixture *f, gconstpointer data)
{
  QueenNamesWait *waits[3];

  ask_in_full_network (f, waits);
  set_free_name ("slow-fd00:0:0:10::1-0");
  await (f, 1, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    g_assert_cmpint (queen_names_wait_has_begun (waits[i]), ==, i == 0);
  set_free_name ("slow-fd00:0:0:11::1-0");
  await (f, 2, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    g_assert_cmpint (queen_names_wait_has_begun (waits[i]), ==, i != 1);
}

/* As many do who connect to others, when those shake no hands */

static void
be_busy (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_mutex_lock (&lock);
  while (!is_free)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}

static void
be_quick (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
}

static void
on_last_task (GObject *source, GAsyncResult *result, gpointer is_done)
{
  *(gboolean *) is_done = TRUE;
}

static void
test_threads (Fixture *f, gconstpointer data)
{
  g_autoptr (GTask) last = NULL;
  gboolean is_done = FALSE;

  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

      g_task_run_in_thread (task, be_busy);
    }
  last = g_task_new (NULL, NULL, on_last_task, &is_done);
  g_task_run_in_thread (last, be_quick);
  ask (f, "10.0.0.7", "node");
  await (f, 1, 0);
  g_assert_false (is_done);
  set_free (TRUE);
  while (!is_done)
    g_main_context_iteration (NULL, TRUE);
}

/* Not even by going away can one have more. */
static void
test_cancel (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("slow-%u", i);

      queen_names_wait_cancel (ask (f, "10.0.0.7", name));
    }
  await_running (QUEEN_NAMES_MAX_OF_ONE);
  ask (f, "10.0.0.7", "node");
  set_free (TRUE);
  await (f, 1, 0);
  g_assert_cmpuint (n_asked, ==, QUEEN_NAMES_MAX_OF_ONE + 1);
}

/* Who could not be asked for in that moment can be in the next. */
static void
test_no_threads (Fixture *f, gconstpointer data)
{
  set_threads_out (TRUE);
  ask (f, "10.0.0.7", "node");
  ask (f, "10.0.0.7", "node");
  set_threads_out (FALSE);
  ask (f, "10.0.0.7", "node");
  await (f, 3, 0);
  g_assert_cmpuint (n_asked, ==, 1);
}

static void
test_end (Fixture *f, gconstpointer data)
{
  ask_for_slow_ones (f, "10.0.0.7", 10);
  await_running (QUEEN_NAMES_MAX_OF_ONE);
  g_clear_pointer (&f->names, queen_names_free);
  set_free (TRUE);
  await_running (0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (f->n_found, ==, 0);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/names/found-or-not", test_found);
  ADD ("/names/one-for-many", test_one_for_many);
  ADD ("/names/many-hear-of-it-in-turns", test_many_in_turns);
  ADD ("/names/slow-ones-keep-nobody-waiting", test_shares);
  ADD ("/names/a-wide-network-is-one-to-others", test_wide);
  ADD ("/names/this-machine-is-one-to-others", test_loopback);
  ADD ("/names/who-has-its-share-keeps-nobody-from-a-turn", test_turns);
  ADD ("/names/those-of-a-network-take-turns", test_turns_in_network);
  ADD ("/names/they-need-none-of-glib-s-threads", test_threads);
  ADD ("/names/cancelled-ones-keep-their-place", test_cancel);
  ADD ("/names/no-threads-for-a-while", test_no_threads);
  ADD ("/names/end", test_end);
  return g_test_run ();
}
