/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How the D-Bus thread hears of what happens. */

#include <dlfcn.h>
#include <string.h>

#include "dbus/queen-dbus-mailbox.h"

static QueenEvent *
make_event (QueenComponentKind kind, const char *id, QueenStatus status)
{
  g_autoptr (QueenComponent) component = queen_component_new (kind);

  component->id = g_strdup (id);
  component->status = status;
  return queen_event_new_component (component, 1);
}

static QueenDBusMailbox *
new_mailbox (guint max_events)
{
  return queen_dbus_mailbox_new (g_main_context_default (), max_events, 1024 * 1024);
}

static void
put (QueenDBusMailbox *mailbox, QueenComponentKind kind, const char *id, QueenStatus status)
{
  g_autoptr (QueenEvent) event = make_event (kind, id, status);

  queen_dbus_mailbox_put (mailbox, event);
}

static void
test_last (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (10);
  g_autoptr (QueenDBusNews) news = NULL;
  g_autoptr (QueenDBusNews) none = NULL;
  g_autoptr (QueenEvent) key = NULL;
  QueenEvent *last;

  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_BUSY);
  put (mailbox, QUEEN_COMPONENT_HIVE, "a", QUEEN_STATUS_ONLINE);
  queen_dbus_mailbox_set_n_subscribers (mailbox, 7);
  news = queen_dbus_mailbox_take (mailbox, G_MAXUINT);
  none = queen_dbus_mailbox_take (mailbox, G_MAXUINT);

  g_assert_cmpuint (g_hash_table_size (news->changes), ==, 2);
  key = make_event (QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  last = g_hash_table_lookup (news->changes, key->component);
  g_assert_cmpint (last->component->status, ==, QUEEN_STATUS_BUSY);
  g_assert_cmpuint (news->events->len, ==, 0); /* nobody wanted them */
  g_assert_cmpuint (news->n_events, ==, 3);
  g_assert_cmpuint (news->n_subscribers, ==, 7);
  g_assert_cmpuint (g_hash_table_size (none->changes), ==, 0);
  g_assert_cmpuint (none->n_events, ==, 3);
  queen_dbus_mailbox_free (mailbox);
}

static void
test_events (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  g_autoptr (QueenDBusNews) changes = NULL;
  g_autoptr (QueenDBusNews) news = NULL;
  QueenEvent *first;

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  put (mailbox, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_READY);
  changes = queen_dbus_mailbox_take (mailbox, 0);
  put (mailbox, QUEEN_COMPONENT_WORKER, "c", QUEEN_STATUS_READY);
  put (mailbox, QUEEN_COMPONENT_WORKER, "d", QUEEN_STATUS_READY);
  news = queen_dbus_mailbox_take (mailbox, G_MAXUINT);

  g_assert_cmpuint (changes->events->len, ==, 0);
  g_assert_cmpuint (news->events->len, ==, 2);
  g_assert_cmpuint (news->n_dropped, ==, 2);
  first = news->events->pdata[0];
  g_assert_cmpstr (first->component->id, ==, "c");
  queen_dbus_mailbox_free (mailbox);
}

static void
put_from (QueenDBusMailbox *mailbox, const char *sender, const char *id)
{
  g_autoptr (QueenComponent) component = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (QueenEvent) event = NULL;

  component->id = g_strdup (id);
  component->sender = g_ref_string_new (sender);
  event = queen_event_new_component (component, 1);
  queen_dbus_mailbox_put (mailbox, event);
}

static void
test_senders (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (4);
  g_autoptr (QueenDBusNews) news = NULL;
  g_autoptr (GString) ids = g_string_new (NULL);

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  put_from (mailbox, "address:10.0.0.2", "honest-1");
  for (int i = 0; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      put_from (mailbox, "address:10.0.0.1", id);
      if (i == 4)
        put_from (mailbox, "address:10.0.0.2", "honest-2");
    }
  news = queen_dbus_mailbox_take (mailbox, G_MAXUINT);
  for (guint i = 0; i < news->events->len; i++)
    g_string_append_printf (ids, "%s ", ((QueenEvent *) news->events->pdata[i])->component->id);
  g_assert_cmpstr (ids->str, ==, "honest-1 honest-2 w8 w9 ");
  g_assert_cmpuint (news->n_dropped, ==, 8);
  queen_dbus_mailbox_free (mailbox);
}

/* Does by hand what the reader's loop does before it sleeps.
 *
 * Returns: whether it would not sleep, as there is something to do */
static gboolean
fall_asleep (GPollFD *wakeup)
{
  GMainContext *context = g_main_context_default ();
  gboolean is_ready;
  int timeout, n_fds;

  g_assert_true (g_main_context_acquire (context));
  is_ready = g_main_context_prepare (context, NULL);
  n_fds = g_main_context_query (context, G_MAXINT, &timeout, wakeup, 1);
  g_assert_cmpint (n_fds, ==, 1); /* what other threads wake it by */
  g_assert_cmpint (g_poll (wakeup, 1, 0), >=, 0);
  g_main_context_check (context, G_MAXINT, wakeup, n_fds);
  g_main_context_release (context);
  return is_ready;
}

static gboolean
is_woken (GPollFD *wakeup)
{
  return g_poll (wakeup, 1, 0) > 0;
}

static gboolean
wakes_reader (QueenDBusMailbox *mailbox)
{
  GPollFD wakeup;

  fall_asleep (&wakeup);
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  return is_woken (&wakeup);
}

static void
test_deferring (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  g_autoptr (QueenDBusNews) news = NULL;
  g_autoptr (QueenDBusNews) more_news = NULL;

  queen_dbus_mailbox_defer (mailbox, TRUE);
  g_assert_false (wakes_reader (mailbox));
  news = queen_dbus_mailbox_take (mailbox, G_MAXUINT);
  g_assert_cmpuint (g_hash_table_size (news->changes), ==, 1);

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  g_assert_true (wakes_reader (mailbox));
  queen_dbus_mailbox_want_events (mailbox, FALSE);
  more_news = queen_dbus_mailbox_take (mailbox, G_MAXUINT);

  queen_dbus_mailbox_defer (mailbox, FALSE);
  g_assert_true (wakes_reader (mailbox));
  queen_dbus_mailbox_free (mailbox);
}

/* A10: what could wait has come already, and nobody was woken for it. */
static void
test_urgent (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  GPollFD wakeup;

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  queen_dbus_mailbox_defer (mailbox, TRUE);
  fall_asleep (&wakeup);
  queen_dbus_mailbox_set_n_subscribers (mailbox, 1);
  g_assert_false (is_woken (&wakeup));
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  g_assert_true (is_woken (&wakeup));
  queen_dbus_mailbox_free (mailbox);
}

static void
test_many (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  guint n = 0;
  GPollFD wakeup;

  queen_dbus_mailbox_defer (mailbox, TRUE);
  fall_asleep (&wakeup);
  while (!is_woken (&wakeup) && n < 100000)
    {
      g_autofree char *id = g_strdup_printf ("w%u", n++);

      put (mailbox, QUEEN_COMPONENT_WORKER, id, QUEEN_STATUS_READY);
    }
  g_assert_cmpuint (n, >=, 1000);
  g_assert_cmpuint (n, <=, 10000);
  queen_dbus_mailbox_free (mailbox);
}

/* The other thread's next steps, taken at the moment at which they may hurt. */
static void (*after_unlocking) (void);
static QueenDBusMailbox *shared_mailbox;
static GPollFD shared_wakeup;
static gboolean is_awake;

void
g_mutex_unlock (GMutex *mutex)
{
  static void (*unlock) (GMutex * mutex);
  void (*then) (void) = g_steal_pointer (&after_unlocking);

  if (!unlock)
    unlock = (void (*) (GMutex *)) dlsym (RTLD_NEXT, "g_mutex_unlock");
  unlock (mutex);
  if (then)
    then ();
}

static void
stop_deferring_and_sleep (void)
{
  queen_dbus_mailbox_defer (shared_mailbox, FALSE);
  is_awake = fall_asleep (&shared_wakeup);
}

static gboolean
on_news (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* A10: the writer has seen that the reader defers; the reader stops deferring and goes to sleep
 * before the writer has come to its end. */
static void
test_hand_over (void)
{
  g_autoptr (GSource) source = NULL;

  shared_mailbox = new_mailbox (2);
  source = queen_dbus_mailbox_create_source (shared_mailbox);
  g_source_set_callback (source, on_news, NULL, NULL);
  g_source_attach (source, NULL);

  queen_dbus_mailbox_defer (shared_mailbox, TRUE);
  after_unlocking = stop_deferring_and_sleep;
  put (shared_mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  g_assert_null (after_unlocking);
  g_assert_true (is_awake || is_woken (&shared_wakeup));

  g_source_destroy (source);
  queen_dbus_mailbox_free (shared_mailbox);
}

/* An event as large as the queen's own is with very many ids. */
static void
put_large (QueenDBusMailbox *mailbox, gsize size)
{
  g_autofree char *ids = g_strnfill (size, ' ');
  QueenCensus workers = { 1, 1, ids, strlen (ids) }, hives = { 0, 0, "[]", 2 };
  g_autoptr (QueenEvent) event = queen_event_new_queen (&workers, &hives, 1);

  queen_dbus_mailbox_put (mailbox, event);
}

static void
test_bytes (void)
{
  QueenDBusMailbox *mailbox = queen_dbus_mailbox_new (g_main_context_default (), 100, 10000);
  g_autoptr (QueenDBusNews) large = NULL;
  g_autoptr (QueenDBusNews) small = NULL;

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  for (int i = 0; i < 5; i++)
    put_large (mailbox, 3000);
  put_large (mailbox, 20000);
  large = queen_dbus_mailbox_take (mailbox, G_MAXUINT);
  g_assert_cmpuint (large->events->len, ==, 1);
  g_assert_cmpuint (large->n_dropped, ==, 5);

  for (int i = 0; i < 3; i++)
    put_large (mailbox, 3000);
  small = queen_dbus_mailbox_take (mailbox, G_MAXUINT);
  g_assert_cmpuint (small->events->len, ==, 3);
  g_assert_cmpuint (small->n_dropped, ==, 0);
  queen_dbus_mailbox_free (mailbox);
}

static void
test_unwanted (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  g_autoptr (QueenDBusNews) news = NULL;

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  queen_dbus_mailbox_want_events (mailbox, FALSE);
  put (mailbox, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_READY);
  news = queen_dbus_mailbox_take (mailbox, G_MAXUINT);
  g_assert_cmpuint (news->events->len, ==, 0);
  g_assert_cmpuint (news->n_dropped, ==, 0);
  queen_dbus_mailbox_free (mailbox);
}

#define N_PUT 20000

static gpointer
put_many (gpointer data)
{
  for (int i = 0; i < N_PUT; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i % 10);

      put (data, QUEEN_COMPONENT_WORKER, id, i % 2 ? QUEEN_STATUS_READY : QUEEN_STATUS_BUSY);
    }
  return NULL;
}

/* The writer never wakes the reader in vain, and the reader never sleeps over news. */
static void
test_threads (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (10);
  g_autoptr (GSource) source = queen_dbus_mailbox_create_source (mailbox);
  GThread *writer;
  guint64 n_events = 0;

  g_source_set_callback (source, on_news, NULL, NULL);
  g_source_attach (source, NULL);
  writer = g_thread_new ("writer", put_many, mailbox);
  while (n_events < N_PUT)
    {
      g_autoptr (QueenDBusNews) news = NULL;

      g_main_context_iteration (NULL, TRUE);
      news = queen_dbus_mailbox_take (mailbox, G_MAXUINT);
      g_assert_cmpuint (news->n_events, >=, n_events);
      g_assert_cmpuint (g_hash_table_size (news->changes), <=, 10);
      n_events = news->n_events;
    }
  g_thread_join (writer);
  g_source_destroy (source);
  queen_dbus_mailbox_free (mailbox);
}

#define add(path, function) g_test_add_func ("/dbus-mailbox/" path, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("last-event-of-each-component", test_last);
  add ("oldest-event-dropped-and-counted", test_events);
  add ("whose-are-most-loses-them", test_senders);
  add ("large-events-dropped-and-counted", test_bytes);
  add ("events-nobody-wants-are-not-kept", test_unwanted);
  add ("deferring/woken-for-wanted-events-only", test_deferring);
  add ("deferring/woken-for-a-wanted-event-after-other-news", test_urgent);
  add ("deferring/woken-when-very-many-have-changed", test_many);
  add ("deferring/given-up-while-news-comes", test_hand_over);
  add ("two-threads", test_threads);

  return g_test_run ();
}
