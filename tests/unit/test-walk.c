/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What takes long is done in another thread, and seldom; and which processes listen is found so. */

#include "machine/queen-walk.h"

#include "machine-tree.h"
#include "machine/queen-port-owners.h"

#define LONG (3600 * (gint64) G_USEC_PER_SEC)

/* A walk that takes until it is let go. */
static struct
{
  GMutex mutex;
  GCond cond;
  gboolean is_held;
  guint n_begun;
  int n_questions_freed; /* atomic */
  int n_answers_freed;   /* atomic */
  GThread *thread;
} hold;

static void
set_held (gboolean is_held)
{
  g_mutex_lock (&hold.mutex);
  hold.is_held = is_held;
  g_cond_broadcast (&hold.cond);
  g_mutex_unlock (&hold.mutex);
}

static gpointer
walk (gpointer question)
{
  g_mutex_lock (&hold.mutex);
  hold.n_begun++;
  hold.thread = g_thread_self ();
  g_cond_broadcast (&hold.cond);
  while (hold.is_held)
    g_cond_wait (&hold.cond, &hold.mutex);
  g_mutex_unlock (&hold.mutex);
  return g_strconcat (question, "!", NULL);
}

static void
free_question (gpointer question)
{
  g_atomic_int_inc (&hold.n_questions_freed);
  g_free (question);
}

static void
free_answer (gpointer answer)
{
  g_atomic_int_inc (&hold.n_answers_freed);
  g_free (answer);
}

static const QueenWalkKind restless = { walk, free_question, free_answer, 0, 0, 0 };
static const QueenWalkKind resting = { walk, free_question, free_answer, 0, LONG, LONG };

static void
take_answer (gpointer answer, gpointer data)
{
  char **place = data;

  g_free (*place);
  *place = answer;
}

static void
test_answer (void)
{
  g_autofree char *answer = NULL;
  QueenWalk *self = queen_walk_new (&restless, take_answer, &answer);

  set_held (TRUE);
  g_assert_true (queen_walk_is_due (self));
  queen_walk_begin (self, g_strdup ("Who"));
  g_assert_false (queen_walk_is_due (self));
  set_held (FALSE);
  while (!answer)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (answer, ==, "Who!");
  g_assert_true (hold.thread != g_thread_self ());
  g_assert_true (queen_walk_is_due (self));
  queen_walk_free (self);
}

static void
test_rest (void)
{
  g_autofree char *answer = NULL;
  QueenWalk *self = queen_walk_new (&resting, take_answer, &answer);

  queen_walk_begin (self, g_strdup ("Who"));
  while (!answer)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (queen_walk_is_due (self));
  queen_walk_free (self);
}

/* Whoever is told to end does not wait for one that goes on. */
static void
test_end (void)
{
  g_autofree char *answer = NULL;
  QueenWalk *self = queen_walk_new (&restless, take_answer, &answer);
  const guint n_begun = hold.n_begun;
  const int n_questions_freed = g_atomic_int_get (&hold.n_questions_freed);
  const int n_answers_freed = g_atomic_int_get (&hold.n_answers_freed);

  set_held (TRUE);
  queen_walk_begin (self, g_strdup ("Who"));
  g_mutex_lock (&hold.mutex);
  while (hold.n_begun == n_begun)
    g_cond_wait (&hold.cond, &hold.mutex);
  g_mutex_unlock (&hold.mutex);
  queen_walk_free (self);
  set_held (FALSE);
  while (g_atomic_int_get (&hold.n_answers_freed) == n_answers_freed ||
         g_atomic_int_get (&hold.n_questions_freed) == n_questions_freed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (answer);
}

/* Who listens */

static void
write_listener (const char *tree, int inode)
{
  g_autofree char *table =
      g_strdup_printf ("header\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
                       "00000000  1000  0 %d 1\n",
                       inode);

  tree_write (tree, "proc/net/tcp", table);
}

static pid_t
await_owner (QueenPortOwners *owners, guint16 port)
{
  pid_t pid;

  while ((pid = queen_port_owners_find (owners, port)) == QUEEN_PORT_OWNERS_LATER)
    g_main_context_iteration (NULL, TRUE);
  return pid;
}

static void
test_owner (void)
{
  char *tree = tree_new ();
  g_autoptr (QueenPortOwners) owners = queen_port_owners_new (tree);

  write_listener (tree, 4711);
  tree_link (tree, "proc/700/fd/3", "socket:[4711]");
  tree_link (tree, "proc/650/fd/4", "socket:[4711]");
  tree_link (tree, "proc/600/fd/4", "socket:[4712]");
  g_assert_cmpint (queen_port_owners_find (owners, 8080), ==, QUEEN_PORT_OWNERS_LATER);
  g_assert_cmpint (await_owner (owners, 8080), ==, 650);
  g_assert_cmpint (await_owner (owners, 8081), ==, 0);
  g_assert_cmpint (queen_port_owners_find (owners, 8080), ==, 650);
  tree_free (tree);
}

/* Its pid may be somebody else's then, who has other files. */
static void
test_handed_over (void)
{
  char *tree = tree_new ();
  g_autoptr (QueenPortOwners) owners = queen_port_owners_new (tree);

  write_listener (tree, 4711);
  tree_link (tree, "proc/700/fd/3", "socket:[4711]");
  tree_link (tree, "proc/650/fd/4", "socket:[4711]");
  g_assert_cmpint (await_owner (owners, 8080), ==, 650);
  tree_link (tree, "proc/650/fd/4", "socket:[4712]");
  g_assert_cmpint (queen_port_owners_find (owners, 8080), ==, QUEEN_PORT_OWNERS_LATER);
  g_assert_cmpint (await_owner (owners, 8080), ==, 700);
  tree_free (tree);
}

/* Each turn of the main loop ends soon. */
static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/walk/another-thread-finds-the-answer", test_answer);
  g_test_add_func ("/walk/rests-after-it", test_rest);
  g_test_add_func ("/walk/nobody-waits-for-one-at-the-end", test_end);
  g_test_add_func ("/port-owners/are-found-in-a-walk", test_owner);
  g_test_add_func ("/port-owners/not-who-has-handed-it-over", test_handed_over);
  g_timeout_add (1, on_tick, NULL);
  return g_test_run ();
}
