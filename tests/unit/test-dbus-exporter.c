/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What is shown on a connection, and that no message of it is too large for a bus. */

#include <string.h>

#include "dbus-pair.h"
#include "dbus/queen-dbus-exporter.h"

#define QUEEN "dev.rbee.Queen1"
#define REGISTRY "dev.rbee.Queen1.Registry"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define MANAGER "org.freedesktop.DBus.ObjectManager"
#define WORKERS QUEEN_DBUS_PATH "/workers"
#define TOO_LARGE "dev.rbee.Queen1.Error.TooLarge"
#define LIMITS_EXCEEDED "org.freedesktop.DBus.Error.LimitsExceeded"

typedef struct
{
  DBusPair pair;
  QueenDBusCluster *cluster;
  QueenDBusFigures figures;
  QueenDBusJobs *jobs;
  QueenDBusLimits limits;
  QueenDBusQueen *queen;
  QueenDBusReceipts *receipts;
  QueenDBusOutbox *outbox;
  QueenDBusExporter *exporter;
} Fixture;

static void
on_stuck (gpointer data)
{
  g_assert_not_reached ();
}

static void
show (Fixture *f)
{
  static const char *const addresses[] = { "http://127.0.0.1:8500", NULL };
  QueenDBusExporterSettings settings;
  g_autoptr (GError) error = NULL;

  f->cluster = queen_dbus_cluster_new ();
  f->figures.addresses = addresses;
  f->jobs = queen_dbus_jobs_new ();
  f->limits = (QueenDBusLimits){ .message = 100 * 1000, .page = 10 * 1000, .part = 10 * 1000 };
  f->queen = queen_dbus_queen_skeleton_new ();
  f->outbox = queen_dbus_outbox_new (f->pair.queen, 20 * 1000, on_stuck, NULL);
  f->receipts = queen_dbus_receipts_new (&queen_clock_system);
  settings =
      (QueenDBusExporterSettings){ f->cluster,  &f->figures,        f->jobs, f->queen, &f->limits,
                                   f->receipts, &queen_clock_system };
  f->exporter = queen_dbus_exporter_new (f->pair.queen, f->outbox, &settings, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  dbus_pair_open (&f->pair);
  show (f);
}

static void
set_up_with_output (Fixture *f, gconstpointer data)
{
  dbus_pair_open_with_output (&f->pair);
  show (f);
}

static void
end_exporter (Fixture *f)
{
  g_clear_pointer (&f->exporter, queen_dbus_exporter_free);
  queen_dbus_receipts_free (f->receipts);
  queen_dbus_outbox_free (f->outbox);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->exporter)
    end_exporter (f);
  queen_dbus_jobs_free (f->jobs);
  queen_dbus_cluster_free (f->cluster);
  g_object_unref (f->queen);
  dbus_pair_close (&f->pair);
}

static void
tell (Fixture *f, QueenComponentKind kind, const char *id, gsize length, gboolean is_forgotten)
{
  g_autoptr (QueenComponent) component = queen_component_new (kind);
  g_autoptr (QueenEvent) event = NULL;

  component->id = g_strdup (id);
  component->status = is_forgotten ? QUEEN_STATUS_OFFLINE : QUEEN_STATUS_READY;
  if (kind == QUEEN_COMPONENT_WORKER)
    component->model_id = g_strnfill (length, 'm');
  event = is_forgotten ? queen_event_new_forgotten (component)
                       : queen_event_new_component (component, 1);
  queen_dbus_cluster_take (f->cluster, event);
}

/* Workers w0 to w@n; what they say has different lengths, so that it falls onto every alignment. */
static void
add_workers (Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      tell (f, QUEEN_COMPONENT_WORKER, id, i % 17, FALSE);
    }
}

/* Whole */

static GDBusMessage *
ask_for_all (Fixture *f)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (NULL, QUEEN_DBUS_PATH, MANAGER, "GetManagedObjects");

  return dbus_pair_exchange (&f->pair, call);
}

static gsize
measure_all (Fixture *f)
{
  g_autoptr (GDBusMessage) answer = ask_for_all (f);
  g_autoptr (GError) error = NULL;

  g_dbus_message_to_gerror (answer, &error);
  g_assert_no_error (error);
  return dbus_pair_measure (answer);
}

/* What is reckoned in advance is what it comes to, to the byte. */
static void
test_all_exactly (Fixture *f, gconstpointer data)
{
  for (guint n = 0; n < 40; n++)
    {
      g_autofree char *id = g_strnfill (1 + n % 9, 'h');
      gsize size;

      add_workers (f, n);
      tell (f, QUEEN_COMPONENT_HIVE, id, 0, FALSE);
      f->limits.message = G_MAXUINT32;
      size = measure_all (f);
      f->limits.message = size;
      g_assert_cmpuint (measure_all (f), ==, size);
      f->limits.message = size - 1;
      dbus_pair_fail (&f->pair, QUEEN_DBUS_PATH, MANAGER, "GetManagedObjects", NULL,
                      LIMITS_EXCEEDED);
    }
}

/* It would take a while to walk along those who are too many anyhow. */
static void
test_all_hopeless (Fixture *f, gconstpointer data)
{
  QueenDBusObject *worker;

  add_workers (f, 100);
  f->limits.message = 10 * 1000;
  dbus_pair_fail (&f->pair, QUEEN_DBUS_PATH, MANAGER, "GetManagedObjects", NULL, LIMITS_EXCEEDED);
  worker = queen_dbus_cluster_get_next (f->cluster, QUEEN_COMPONENT_WORKER, 0);
  g_assert_false (worker->is_listed);
}

/* A8, A14 */
/* Queens are reckoned in, and as no less than they are. */
static void
test_all_with_queens (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) siblings = g_ptr_array_new ();
  QueenSibling sibling = { .address = (char *) "http://127.0.0.1:8600", .version = (char *) "9" };
  QueenEngineReport report = {
    .name = "00000000000000000000000000000000",
    .state = QUEEN_ENGINE_TOGETHER,
    .epoch = "1",
    .siblings = siblings,
  };
  char names[QUEEN_SIBLINGS_MAX][33];
  QueenSibling all[QUEEN_SIBLINGS_MAX];
  gsize size;

  for (guint i = 0; i < QUEEN_SIBLINGS_MAX; i++)
    {
      g_snprintf (names[i], sizeof names[i], "%032x", i + 1);
      all[i] = sibling;
      all[i].name = names[i];
      g_ptr_array_add (siblings, &all[i]);
    }
  f->figures.engine = queen_dbus_engine_new (&report, "http://127.0.0.1:8500", 1);
  g_assert_true (queen_dbus_exporter_is_behind (f->exporter));
  queen_dbus_exporter_announce (f->exporter, 1);
  g_assert_false (queen_dbus_exporter_is_behind (f->exporter));
  size = measure_all (f);
  g_assert_cmpuint (size, >, 64 * 32);
  f->limits.message = size - 1;
  dbus_pair_fail (&f->pair, QUEEN_DBUS_PATH, MANAGER, "GetManagedObjects", NULL, LIMITS_EXCEEDED);
  end_exporter (f);
  queen_dbus_engine_unref (f->figures.engine);
}

static void
test_all_too_large (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) counted = NULL;

  add_workers (f, 1000);
  for (int i = 0; i < 3; i++)
    dbus_pair_fail (&f->pair, QUEEN_DBUS_PATH, MANAGER, "GetManagedObjects", NULL, LIMITS_EXCEEDED);
  counted =
      dbus_pair_call (&f->pair, WORKERS, PROPERTIES, "Get", "('" REGISTRY "', 'Total')", NULL);
  g_assert_nonnull (counted);
  g_assert_false (g_dbus_connection_is_closed (f->pair.client));
}

static gsize
measure_property (Fixture *f, const char *parameters)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (NULL, WORKERS, PROPERTIES, "Get");
  g_autoptr (GDBusMessage) answer = NULL;

  g_dbus_message_set_body (call, g_variant_new_parsed (parameters));
  answer = dbus_pair_exchange (&f->pair, call);
  return dbus_pair_measure (answer);
}

static void
test_ids_too_large (Fixture *f, gconstpointer data)
{
  static const char ids[] = "('" REGISTRY "', 'OnlineIds')";
  g_autoptr (GVariant) all = NULL;

  add_workers (f, 100);
  all = dbus_pair_call (&f->pair, WORKERS, PROPERTIES, "GetAll", "('" REGISTRY "',)", NULL);
  g_assert_nonnull (all);
  f->limits.message = measure_property (f, ids) - 10;
  dbus_pair_fail (&f->pair, WORKERS, PROPERTIES, "Get", ids, TOO_LARGE);
  dbus_pair_fail (&f->pair, WORKERS, PROPERTIES, "GetAll", "('" REGISTRY "',)", TOO_LARGE);
}

static void
test_nodes_too_many (Fixture *f, gconstpointer data)
{
  static const guint counts[] = { 100, 400 };
  static const guint nodes[] = { 100, 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (GVariant) answer = NULL;
      g_autoptr (GDBusNodeInfo) info = NULL;
      const char *xml;
      guint n = 0;

      add_workers (f, counts[i]);
      answer = dbus_pair_call (&f->pair, WORKERS, "org.freedesktop.DBus.Introspectable",
                               "Introspect", NULL, NULL);
      g_variant_get (answer, "(&s)", &xml);
      info = g_dbus_node_info_new_for_xml (xml, NULL);
      g_assert_nonnull (g_dbus_node_info_lookup_interface (info, REGISTRY));
      while (info->nodes && info->nodes[n])
        n++;
      g_assert_cmpuint (n, ==, nodes[i]);
    }
}

static void
on_heartbeat (GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *signal,
              GVariant *parameters,
              gpointer data)
{
  g_ptr_array_add (data, g_variant_ref (parameters));
}

static void
emit_event (Fixture *f, gsize length)
{
  g_autofree char *ids = g_strnfill (length, ' ');
  QueenCensus workers = { 1, 1, ids, strlen (ids) }, hives = { 0, 0, "[]", 2 };
  g_autoptr (QueenEvent) event = queen_event_new_queen (&workers, &hives, 1);

  queen_dbus_exporter_emit_event (f->exporter, event);
}

static void
test_event_too_large (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) signals = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  guint id =
      g_dbus_connection_signal_subscribe (f->pair.client, NULL, QUEEN, "Heartbeat", NULL, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_heartbeat, signals, NULL);
  const char *kind, *event;

  emit_event (f, 10);
  emit_event (f, 200 * 1000);
  dbus_pair_wait_until (signals->len == 2);
  g_variant_get (signals->pdata[0], "(&s&s&s&s)", &kind, NULL, NULL, &event);
  g_assert_cmpstr (kind, ==, "queen");
  g_assert_true (g_str_has_prefix (event, "{\"type\":\"queen\""));
  g_variant_get (signals->pdata[1], "(&s&s&s&s)", &kind, NULL, NULL, &event);
  g_assert_cmpstr (kind, ==, "queen");
  g_assert_cmpstr (event, ==, "");
  g_dbus_connection_signal_unsubscribe (f->pair.client, id);
}

/* In parts */

/* Adds the ids of one part to @ids.
 *
 * Returns: where the next one begins */
static guint64
take_part (Fixture *f, guint64 after, guint limit, GHashTable *ids, guint *n)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (NULL, WORKERS, REGISTRY, "List");
  g_autoptr (GDBusMessage) answer = NULL;
  g_autoptr (GVariantIter) part = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *properties;
  const char *path;
  guint64 next;

  g_dbus_message_set_body (call, g_variant_new ("(tu)", after, limit));
  answer = dbus_pair_exchange (&f->pair, call);
  g_dbus_message_to_gerror (answer, &error);
  g_assert_no_error (error);
  g_variant_get (g_dbus_message_get_body (answer), "(a(oa{sv})t)", &part, &next);
  *n = (guint) g_variant_iter_n_children (part);
  g_assert_true (*n == 1 || dbus_pair_measure (answer) <= f->limits.part + 32);
  while (g_variant_iter_loop (part, "(&o@a{sv})", &path, &properties))
    {
      const char *id;

      g_assert_true (g_variant_lookup (properties, "Id", "&s", &id));
      g_assert_true (g_str_has_prefix (path, WORKERS "/"));
      g_assert_true (g_hash_table_add (ids, g_strdup (id))); /* nobody twice */
    }
  return next;
}

static GHashTable *
new_ids (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
test_parts (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) ids = new_ids ();
  guint64 next = 0;
  guint n, n_parts = 0;

  add_workers (f, 300);
  do
    {
      next = take_part (f, next, 0, ids, &n);
      g_assert_cmpuint (n, >, 0);
      n_parts++;
    }
  while (next != 0);
  g_assert_cmpuint (g_hash_table_size (ids), ==, 300);
  g_assert_cmpuint (n_parts, >, 5);
}

static void
test_parts_limited (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) ids = new_ids ();
  guint64 next;
  guint n;

  g_assert_cmpuint (take_part (f, 0, 0, ids, &n), ==, 0); /* nobody is known */
  g_assert_cmpuint (n, ==, 0);
  add_workers (f, 3);
  next = take_part (f, 0, 2, ids, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (take_part (f, next, 2, ids, &n), ==, 0);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (take_part (f, G_MAXUINT64, 2, ids, &n), ==, 0);
  g_assert_cmpuint (n, ==, 0);
}

static void
test_parts_of_giants (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) ids = new_ids ();
  guint64 next;
  guint n;

  tell (f, QUEEN_COMPONENT_WORKER, "small", 10, FALSE);
  tell (f, QUEEN_COMPONENT_WORKER, "giant", 20 * 1000, FALSE);
  next = take_part (f, 0, 0, ids, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (take_part (f, next, 0, ids, &n), ==, 0);
  g_assert_true (g_hash_table_contains (ids, "giant"));
}

/* Between two parts somebody goes, among them the last one of the first part, and others come. */
static void
test_parts_while_they_change (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) ids = new_ids ();
  guint64 next;
  guint n;

  add_workers (f, 9);
  next = take_part (f, 0, 4, ids, &n); /* w0 to w3 */
  tell (f, QUEEN_COMPONENT_WORKER, "w0", 0, TRUE);
  tell (f, QUEEN_COMPONENT_WORKER, "w3", 0, TRUE);
  tell (f, QUEEN_COMPONENT_WORKER, "w4", 0, TRUE);
  tell (f, QUEEN_COMPONENT_WORKER, "new", 0, FALSE);
  while (next != 0)
    next = take_part (f, next, 2, ids, &n);
  g_assert_cmpuint (g_hash_table_size (ids), ==, 9); /* w0 to w3, w5 to w8, and the new one */
  g_assert_false (g_hash_table_contains (ids, "w4"));
  g_assert_true (g_hash_table_contains (ids, "new"));
}

/* Many who ask */

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint *counts = data;

  if (answer)
    counts[0]++;
  else if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED))
    counts[1]++;
  else
    g_assert_no_error (error);
}

static void
test_in_turn (Fixture *f, gconstpointer data)
{
  guint counts[2] = { 0, 0 };

  add_workers (f, 100);
  for (int i = 0; i < 300; i++)
    g_dbus_connection_call (f->pair.client, NULL, QUEEN_DBUS_PATH, MANAGER, "GetManagedObjects",
                            NULL, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, on_answered,
                            counts);
  dbus_pair_wait_until (counts[0] + counts[1] == 300);
  g_assert_cmpuint (counts[0], >=, 65); /* the one that is made, and those that wait */
  g_assert_cmpuint (counts[1], >, 0);
}

/* Answers that may be long */

static void
on_registry_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GVariant **) data = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
}

/* @text: what the answer is as it is printed */
static void
expect_draft (Fixture *f, const char *method, GVariant *parameters, const char *text)
{
  g_autoptr (GVariant) answer = NULL;
  g_autofree char *printed = NULL;

  g_dbus_connection_call (f->pair.client, NULL, WORKERS, PROPERTIES, method, parameters, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_registry_answered, &answer);
  dbus_pair_wait_until (queen_dbus_exporter_is_drafting (f->exporter));
  dbus_pair_wait_until (answer);
  printed = g_variant_print (answer, FALSE);
  g_assert_cmpstr (printed, ==, text);
}

/* Others are answered while the ids of 65 536 are put together. */
static void
test_ids_are_drafted (Fixture *f, gconstpointer data)
{
  add_workers (f, 2);
  expect_draft (f, "Get", g_variant_new ("(ss)", REGISTRY, "OnlineIds"), "(<['w0', 'w1']>,)");
  expect_draft (f, "Get", g_variant_new ("(ss)", REGISTRY, "AvailableIds"), "(<['w0', 'w1']>,)");
  expect_draft (f, "GetAll", g_variant_new ("(s)", REGISTRY),
                "({'Online': <uint32 2>, 'Available': <uint32 2>, 'Total': <uint32 2>, "
                "'OnlineIds': <['w0', 'w1']>, 'AvailableIds': <['w0', 'w1']>},)");
}

/* Told by an answer */

static void
on_removed (GDBusConnection *connection,
            const char *sender,
            const char *path,
            const char *interface,
            const char *signal,
            GVariant *parameters,
            gpointer paths)
{
  char *removed;

  g_variant_get (parameters, "(oas)", &removed, NULL);
  g_ptr_array_add (paths, removed);
}

static void
list_parts (Fixture *f)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n = 0;

  take_part (f, 0, 0, ids, &n);
}

static void
list_all (Fixture *f)
{
  g_object_unref (ask_for_all (f));
}

/* Whoever has asked has heard of it, though the bus has not; and must hear that it has gone. */
static void
forget_listed (Fixture *f, void (*list) (Fixture *f), const char *expected)
{
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_free);
  guint id = g_dbus_connection_signal_subscribe (f->pair.client, NULL, MANAGER, "InterfacesRemoved",
                                                 NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_removed,
                                                 removed, NULL);

  tell (f, QUEEN_COMPONENT_WORKER, "listed", 0, FALSE);
  list (f);
  tell (f, QUEEN_COMPONENT_WORKER, "never", 0, FALSE);
  tell (f, QUEEN_COMPONENT_WORKER, "never", 0, TRUE);
  tell (f, QUEEN_COMPONENT_WORKER, "listed", 0, TRUE);
  g_assert_true (queen_dbus_exporter_is_behind (f->exporter));
  g_assert_false (queen_dbus_exporter_announce (f->exporter, 100));
  dbus_pair_wait_until (removed->len > 0);
  list_all (f); /* comes after all signals */
  g_assert_cmpuint (removed->len, ==, 1);
  g_assert_cmpstr (removed->pdata[0], ==, expected);
  g_dbus_connection_signal_unsubscribe (f->pair.client, id);
}

static void
test_listed (Fixture *f, gconstpointer data)
{
  forget_listed (f, list_all, WORKERS "/listed");
}

static void
test_listed_in_parts (Fixture *f, gconstpointer data)
{
  forget_listed (f, list_parts, WORKERS "/listed");
}

/* There is an end to those who are listed and go while the bus does not listen. */
static void
test_listed_many (Fixture *f, gconstpointer data)
{
  QueenDBusObject *object;
  guint n = 0;

  for (guint i = 0; i <= QUEEN_DBUS_CLUSTER_MAX_OWED; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      tell (f, QUEEN_COMPONENT_WORKER, id, 0, FALSE);
      queen_dbus_cluster_get_next (f->cluster, QUEEN_COMPONENT_WORKER, 0)->is_listed = TRUE;
      tell (f, QUEEN_COMPONENT_WORKER, id, 0, TRUE);
    }
  for (; (object = queen_dbus_cluster_get_dirty (f->cluster)); n++)
    queen_dbus_cluster_set_clean (f->cluster, object);
  g_assert_cmpuint (n, ==, QUEEN_DBUS_CLUSTER_MAX_OWED);
}

static QueenDBusJobView *
new_job (const char *id)
{
  QueenDBusJobView *job = g_atomic_rc_box_new0 (QueenDBusJobView);

  job->id = g_strdup (id);
  job->model = g_strdup ("m");
  job->worker = g_strdup ("");
  return job;
}

static void
tell_job (Fixture *f, const char *id, QueenDBusJobView *now)
{
  g_autoptr (GHashTable) changes = g_hash_table_new (g_str_hash, g_str_equal);

  g_hash_table_insert (changes, (gpointer) id, now);
  queen_dbus_jobs_take (f->jobs, changes);
}

/* Likewise of jobs, of which only so many are shown at once, but any number come and go. */
static void
test_jobs_listed_many (Fixture *f, gconstpointer data)
{
  QueenDBusJobObject *object;
  guint n = 0;

  for (guint i = 0; i <= QUEEN_DBUS_JOBS_MAX_OWED; i++)
    {
      g_autofree char *id = g_strdup_printf ("j%u", i);
      g_autoptr (QueenDBusJobView) job = new_job (id);
      g_autoptr (GVariantBuilder) objects =
          g_variant_builder_new (G_VARIANT_TYPE ("a{oa{sa{sv}}}"));

      tell_job (f, id, job);
      queen_dbus_jobs_add_to (f->jobs, objects);
      tell_job (f, id, NULL);
    }
  for (; (object = queen_dbus_jobs_get_dirty (f->jobs)); n++)
    queen_dbus_jobs_set_clean (f->jobs, object);
  g_assert_cmpuint (n, ==, QUEEN_DBUS_JOBS_MAX_OWED);
}

/* The end */

static void
send_call (Fixture *f, const char *path, const char *interface, const char *method, GVariant *body)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (NULL, path, interface, method);

  if (body)
    g_dbus_message_set_body (call, body);
  g_dbus_connection_send_message (f->pair.client, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* A ping is answered in GDBus's own thread: what was called before has been put into the main
 * context by then, which has not turned. */
static void
wait_until_received (Fixture *f)
{
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_sync (f->pair.client, NULL, "/", "org.freedesktop.DBus.Peer", "Ping",
                                   NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  g_assert_nonnull (answer);
}

/* A bus that ends, while calls that it has brought wait for their turn. */
static void
test_end_with_calls (Fixture *f, gconstpointer data)
{
  static const char *const paths[] = { QUEEN_DBUS_PATH, WORKERS, WORKERS "/w0", WORKERS "/none" };
  GDBusConnection *connection = f->pair.queen;

  add_workers (f, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      send_call (f, paths[i], PROPERTIES, "GetAll", g_variant_new ("(s)", QUEEN ".Worker"));
      send_call (f, paths[i], "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
      send_call (f, paths[i], MANAGER, "GetManagedObjects", NULL);
    }
  wait_until_received (f);

  end_exporter (f);
  g_dbus_connection_close (connection, NULL, NULL, NULL);
  g_object_add_weak_pointer (G_OBJECT (connection), (gpointer *) &connection);
  g_clear_object (&f->pair.queen);
  dbus_pair_wait_until (!connection); /* nor does it stay for ever */
}

#define add_with_output(path, function)                                                            \
  g_test_add ("/dbus-exporter/" path, Fixture, NULL, set_up_with_output, function, tear_down)

#define add(path, function)                                                                        \
  g_test_add ("/dbus-exporter/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("whole/size-is-known-to-the-byte", test_all_exactly);
  add ("whole/queens-are-reckoned-in", test_all_with_queens);
  add ("whole/too-large/refused-and-the-connection-stays", test_all_too_large);
  add ("whole/too-large/refused-without-a-look-at-each", test_all_hopeless);
  add ("whole/too-large/ids", test_ids_too_large);
  add ("whole/too-large/nodes", test_nodes_too_many);
  add ("whole/too-large/event-is-left-out", test_event_too_large);
  add ("whole/one-after-the-other-and-some-may-wait", test_in_turn);
  add ("parts/everybody-once", test_parts);
  add ("parts/no-more-than-wanted", test_parts_limited);
  add ("parts/one-that-is-larger-than-a-part", test_parts_of_giants);
  add ("parts/while-they-come-and-go", test_parts_while_they_change);
  add_with_output ("ids/are-drafted", test_ids_are_drafted);
  add ("listed/forgotten-before-it-is-told/is-removed", test_listed);
  add ("listed/in-parts/forgotten-before-it-is-told/is-removed", test_listed_in_parts);
  add ("listed/very-many", test_listed_many);
  add ("listed/jobs/very-many", test_jobs_listed_many);
  add ("end/whoever-has-called-before-it", test_end_with_calls);

  return g_test_run ();
}
