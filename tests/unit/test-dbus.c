/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What the D-Bus thread knows, without a bus. */

#include "dbus/queen-dbus-cluster.h"
#include "dbus/queen-dbus-component.h"
#include "dbus/queen-dbus-mailbox.h"

static QueenComponent *
make (QueenComponentKind kind, const char *id, QueenStatus status, gint64 first_seen)
{
  QueenComponent *component = queen_component_new (kind);

  component->id = g_strdup (id);
  component->status = status;
  component->first_seen = first_seen;
  return component;
}

static QueenEvent *
make_event (QueenComponentKind kind, const char *id, QueenStatus status, gint64 first_seen)
{
  g_autoptr (QueenComponent) component = make (kind, id, status, first_seen);

  return queen_event_new_component (component, 1);
}

/* Mailbox */

static QueenDBusMailbox *
new_mailbox (guint max_events)
{
  return queen_dbus_mailbox_new (g_main_context_default (), max_events);
}

static void
put (QueenDBusMailbox *mailbox, QueenComponentKind kind, const char *id, QueenStatus status)
{
  g_autoptr (QueenEvent) event = make_event (kind, id, status, 1);

  queen_dbus_mailbox_put (mailbox, event);
}

static void
test_mailbox_last (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (10);
  g_autoptr (QueenDBusNews) news = NULL;
  g_autoptr (QueenDBusNews) none = NULL;
  QueenEvent *last;

  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_BUSY);
  put (mailbox, QUEEN_COMPONENT_HIVE, "a", QUEEN_STATUS_ONLINE);
  queen_dbus_mailbox_set_n_subscribers (mailbox, 7);
  news = queen_dbus_mailbox_take (mailbox, TRUE);
  none = queen_dbus_mailbox_take (mailbox, TRUE);

  g_assert_cmpuint (g_hash_table_size (news->changes), ==, 2);
  {
    g_autoptr (QueenComponent) key = make (QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY, 1);

    last = g_hash_table_lookup (news->changes, key);
  }
  g_assert_cmpint (last->component->status, ==, QUEEN_STATUS_BUSY);
  g_assert_cmpuint (news->events->len, ==, 0); /* nobody wanted them */
  g_assert_cmpuint (news->n_events, ==, 3);
  g_assert_cmpuint (news->n_subscribers, ==, 7);
  g_assert_cmpuint (g_hash_table_size (none->changes), ==, 0);
  g_assert_cmpuint (none->n_events, ==, 3);
  queen_dbus_mailbox_free (mailbox);
}

static void
test_mailbox_events (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  g_autoptr (QueenDBusNews) changes = NULL;
  g_autoptr (QueenDBusNews) news = NULL;
  QueenEvent *first;

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  put (mailbox, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_READY);
  changes = queen_dbus_mailbox_take (mailbox, FALSE);
  put (mailbox, QUEEN_COMPONENT_WORKER, "c", QUEEN_STATUS_READY);
  put (mailbox, QUEEN_COMPONENT_WORKER, "d", QUEEN_STATUS_READY);
  news = queen_dbus_mailbox_take (mailbox, TRUE);

  g_assert_cmpuint (changes->events->len, ==, 0);
  g_assert_cmpuint (news->events->len, ==, 2);
  g_assert_cmpuint (news->n_dropped, ==, 2);
  first = news->events->pdata[0];
  g_assert_cmpstr (first->component->id, ==, "c");
  queen_dbus_mailbox_free (mailbox);
}

/* Does by hand what the reader's loop does before it sleeps, and looks whether it would wake up. */
static gboolean
wakes_reader (QueenDBusMailbox *mailbox)
{
  GMainContext *context = g_main_context_default ();
  GPollFD wakeup[4];
  int timeout, n_fds;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, NULL);
  n_fds = g_main_context_query (context, G_MAXINT, &timeout, wakeup, G_N_ELEMENTS (wakeup));
  g_assert_cmpint (n_fds, <=, G_N_ELEMENTS (wakeup));
  g_assert_cmpint (g_poll (wakeup, (guint) n_fds, 0), >=, 0);
  g_main_context_check (context, G_MAXINT, wakeup, n_fds);
  g_main_context_release (context);

  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  return g_poll (wakeup, (guint) n_fds, 0) > 0;
}

static void
test_mailbox_deferring (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  g_autoptr (QueenDBusNews) news = NULL;
  g_autoptr (QueenDBusNews) more_news = NULL;

  queen_dbus_mailbox_defer (mailbox, TRUE);
  g_assert_false (wakes_reader (mailbox));
  news = queen_dbus_mailbox_take (mailbox, TRUE);
  g_assert_cmpuint (g_hash_table_size (news->changes), ==, 1);

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  g_assert_true (wakes_reader (mailbox));
  queen_dbus_mailbox_want_events (mailbox, FALSE);
  more_news = queen_dbus_mailbox_take (mailbox, TRUE);

  queen_dbus_mailbox_defer (mailbox, FALSE);
  g_assert_true (wakes_reader (mailbox));
  queen_dbus_mailbox_free (mailbox);
}

static void
test_mailbox_unwanted (void)
{
  QueenDBusMailbox *mailbox = new_mailbox (2);
  g_autoptr (QueenDBusNews) news = NULL;

  queen_dbus_mailbox_want_events (mailbox, TRUE);
  put (mailbox, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  queen_dbus_mailbox_want_events (mailbox, FALSE);
  put (mailbox, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_READY);
  news = queen_dbus_mailbox_take (mailbox, TRUE);
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

static gboolean
on_news (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* The writer never wakes the reader in vain, and the reader never sleeps over news. */
static void
test_mailbox_threads (void)
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
      news = queen_dbus_mailbox_take (mailbox, TRUE);
      g_assert_cmpuint (news->n_events, >=, n_events);
      g_assert_cmpuint (g_hash_table_size (news->changes), <=, 10);
      n_events = news->n_events;
    }
  g_thread_join (writer);
  g_source_destroy (source);
  queen_dbus_mailbox_free (mailbox);
}

/* Cluster */

static void
take (QueenDBusCluster *cluster, QueenComponentKind kind, const char *id, QueenStatus status)
{
  g_autoptr (QueenEvent) event = make_event (kind, id, status, 1);

  queen_dbus_cluster_take (cluster, event);
}

static void
take_forgotten (QueenDBusCluster *cluster, const char *id)
{
  g_autoptr (QueenComponent) worker = make (QUEEN_COMPONENT_WORKER, id, QUEEN_STATUS_OFFLINE, 1);
  g_autoptr (QueenEvent) event = queen_event_new_forgotten (worker);

  queen_dbus_cluster_take (cluster, event);
}

static void
assert_counts (QueenDBusCluster *cluster, guint online, guint available, guint total)
{
  const QueenDBusCounts *counts = queen_dbus_cluster_get_counts (cluster, QUEEN_COMPONENT_WORKER);

  g_assert_cmpuint (counts->online, ==, online);
  g_assert_cmpuint (counts->available, ==, available);
  g_assert_cmpuint (counts->total, ==, total);
}

static void
test_cluster_counts (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();

  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  take (cluster, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_BUSY);
  take (cluster, QUEEN_COMPONENT_HIVE, "a", QUEEN_STATUS_READY);
  assert_counts (cluster, 2, 1, 2);
  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_OFFLINE);
  assert_counts (cluster, 1, 0, 2);
  take_forgotten (cluster, "a");
  assert_counts (cluster, 1, 0, 1);
  take_forgotten (cluster, "never seen");
  assert_counts (cluster, 1, 0, 1);
}

static void
test_cluster_untold (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();
  QueenDBusObject *object;

  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  take (cluster, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_READY);
  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_BUSY);
  object = queen_dbus_cluster_get_untold (cluster);
  g_assert_cmpstr (object->path, ==, "/dev/rbee/Queen1/workers/a");
  g_assert_null (object->told);
  g_assert_cmpint (object->now->status, ==, QUEEN_STATUS_BUSY);
  queen_dbus_cluster_set_told (cluster, object);
  g_assert_cmpint (object->told->status, ==, QUEEN_STATUS_BUSY);

  object = queen_dbus_cluster_get_untold (cluster);
  g_assert_cmpstr (object->path, ==, "/dev/rbee/Queen1/workers/b");
  queen_dbus_cluster_set_told (cluster, object);
  g_assert_null (queen_dbus_cluster_get_untold (cluster));

  take_forgotten (cluster, "b");
  g_assert_null (queen_dbus_cluster_lookup (cluster, "/dev/rbee/Queen1/workers/b"));
  object = queen_dbus_cluster_get_untold (cluster);
  g_assert_null (object->now);
  g_assert_nonnull (object->told);
  queen_dbus_cluster_set_told (cluster, object);
  g_assert_null (queen_dbus_cluster_get_untold (cluster));
}

static void
test_cluster_list (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) listed = NULL;

  for (int i = 0; i < 20; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);
      g_autoptr (QueenEvent) event =
          make_event (QUEEN_COMPONENT_WORKER, id, QUEEN_STATUS_READY, 1 + i / 2);

      queen_dbus_cluster_take (cluster, event);
    }
  take_forgotten (cluster, "w3");
  listed = queen_dbus_cluster_list (cluster, QUEEN_COMPONENT_WORKER);
  for (guint i = 0; i < listed->len; i++)
    g_string_append_printf (text, "%s ", ((QueenDBusObject *) listed->pdata[i])->now->id);
  g_assert_cmpstr (text->str, ==,
                   "w0 w1 w2 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 ");
}

/* Component */

static void
test_component_changes (void)
{
  g_autoptr (QueenComponent) before = make (QUEEN_COMPONENT_HIVE, "h", QUEEN_STATUS_READY, 5);
  g_autoptr (QueenComponent) beat = make (QUEEN_COMPONENT_HIVE, "h", QUEEN_STATUS_READY, 5);
  g_autoptr (QueenComponent) worse = make (QUEEN_COMPONENT_HIVE, "h", QUEEN_STATUS_READY, 5);
  g_autoptr (GVariant) changes = NULL;
  g_autofree char *text = NULL;

  beat->heartbeats = 9;
  beat->last_seen = 9;
  g_assert_null (queen_dbus_component_get_changes (beat, before));

  worse->health = QUEEN_HEALTH_UNHEALTHY;
  worse->health_reason = g_strdup ("on fire");
  changes = g_variant_ref_sink (queen_dbus_component_get_changes (worse, beat));
  text = g_variant_print (changes, FALSE);
  g_assert_cmpstr (text, ==,
                   "{'Available': <false>, 'Health': <'unhealthy'>, 'HealthReason': <'on fire'>}");
}

static void
test_component_properties (void)
{
  static const QueenComponentKind kinds[] = { QUEEN_COMPONENT_WORKER, QUEEN_COMPONENT_HIVE };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (QueenComponent) component = make (kinds[i], "c", QUEEN_STATUS_READY, 1);
      GDBusInterfaceInfo *info = queen_dbus_component_get_interface (kinds[i]);

      for (GDBusPropertyInfo **property = info->properties; *property; property++)
        {
          g_autoptr (GVariant) value =
              g_variant_ref_sink (queen_dbus_component_get_property (component, (*property)->name));

          g_assert_cmpstr (g_variant_get_type_string (value), ==, (*property)->signature);
        }
    }
}

#define add(path, function) g_test_add_func ("/dbus/" path, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("mailbox/last-event-of-each-component", test_mailbox_last);
  add ("mailbox/oldest-event-dropped-and-counted", test_mailbox_events);
  add ("mailbox/deferring-reader-is-woken-for-wanted-events-only", test_mailbox_deferring);
  add ("mailbox/events-nobody-wants-are-not-kept", test_mailbox_unwanted);
  add ("mailbox/two-threads", test_mailbox_threads);
  add ("cluster/counts", test_cluster_counts);
  add ("cluster/remembers-what-the-bus-was-told", test_cluster_untold);
  add ("cluster/in-order-of-first-sight", test_cluster_list);
  add ("component/changes-only-what-is-announced", test_component_changes);
  add ("component/every-property-has-its-type", test_component_properties);

  return g_test_run ();
}
