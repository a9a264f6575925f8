/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "jobs/queen-names.h"

/* A resolver that takes as long as the test says. */

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())
G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver
{
  GResolver parent_instance;
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static GMutex lock; /* of what follows */
static GCond changed;
static gboolean is_free; /* names that are slow are answered, too */
static guint n_running;  /* of these */
static guint n_asked;

static GList *
test_resolver_lookup_by_name (GResolver *resolver,
                              const char *name,
                              GCancellable *cancellable,
                              GError **error)
{
  g_mutex_lock (&lock);
  n_asked++;
  n_running += g_str_has_prefix (name, "slow");
  g_cond_broadcast (&changed);
  while (g_str_has_prefix (name, "slow") && !is_free)
    g_cond_wait (&changed, &lock);
  n_running -= g_str_has_prefix (name, "slow");
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
  if (!g_str_equal (name, "nobody"))
    return g_list_prepend (NULL, g_inet_address_new_from_string ("10.0.0.1"));
  g_set_error_literal (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "nobody");
  return NULL;
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  G_RESOLVER_CLASS (klass)->lookup_by_name = test_resolver_lookup_by_name;
}

static void
test_resolver_init (TestResolver *self)
{
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
} Fixture;

static void
on_found (GList *found, const GError *error, gpointer data)
{
  Fixture *f = data;

  g_assert_cmpint (found != NULL, ==, error == NULL);
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

static void
ask_for_slow_ones (Fixture *f, const char *from, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("slow-%s-%u", from, i);

      ask (f, from, name);
    }
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->names = queen_names_new ();
  n_asked = 0;
  set_free (FALSE);
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
  g_assert_cmpuint (n_asked, ==, 2); /* GLib does not ask for what is an address already */
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

  /* of IPv6, a sender has all the addresses of the network */
  ask_for_slow_ones (f, "fd00::7", 4);
  ask_for_slow_ones (f, "fd00::8", 4);
  ask_for_slow_ones (f, "10.0.0.9", 100);
  await_running (QUEEN_NAMES_MAX / 2 + 1);
  ask (f, "here", "node");
  await (f, 4, 0);
  set_free (TRUE);
  await (f, 4 + 208, 0);
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
  g_autoptr (GResolver) resolver = NULL;

  g_test_init (&argc, &argv, NULL);
  resolver = g_object_new (TEST_TYPE_RESOLVER, NULL);
  g_resolver_set_default (resolver);
  ADD ("/names/found-or-not", test_found);
  ADD ("/names/one-for-many", test_one_for_many);
  ADD ("/names/slow-ones-keep-nobody-waiting", test_shares);
  ADD ("/names/cancelled-ones-keep-their-place", test_cancel);
  ADD ("/names/end", test_end);
  return g_test_run ();
}
