/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What the D-Bus thread knows, without a bus. */

#include <gio/gio.h>
#include <string.h>

#include "dbus/queen-dbus-cluster.h"
#include "dbus/queen-dbus-component.h"
#include "model/queen-component-fields.h"
#include "model/queen-heartbeat.h"

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
test_cluster_dirty (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();
  QueenDBusObject *object;

  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  take (cluster, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_READY);
  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_BUSY);
  object = queen_dbus_cluster_get_dirty (cluster);
  g_assert_cmpstr (object->path, ==, "/dev/rbee/Queen1/workers/a");
  g_assert_null (object->sent);
  g_assert_cmpint (object->now->status, ==, QUEEN_STATUS_BUSY);
  queen_dbus_cluster_set_clean (cluster, object);
  g_assert_cmpint (object->sent->status, ==, QUEEN_STATUS_BUSY);

  object = queen_dbus_cluster_get_dirty (cluster);
  g_assert_cmpstr (object->path, ==, "/dev/rbee/Queen1/workers/b");
  queen_dbus_cluster_set_clean (cluster, object);
  g_assert_null (queen_dbus_cluster_get_dirty (cluster));

  take_forgotten (cluster, "b");
  g_assert_null (queen_dbus_cluster_lookup (cluster, "/dev/rbee/Queen1/workers/b"));
  object = queen_dbus_cluster_get_dirty (cluster);
  g_assert_null (object->now);
  g_assert_nonnull (object->sent);
  queen_dbus_cluster_set_clean (cluster, object);
  g_assert_null (queen_dbus_cluster_get_dirty (cluster));
}

static void
take_from (QueenDBusCluster *cluster, const char *id, const char *sender)
{
  g_autoptr (QueenComponent) worker = make (QUEEN_COMPONENT_WORKER, id, QUEEN_STATUS_READY, 1);
  g_autoptr (QueenEvent) event = NULL;

  worker->sender = sender ? g_ref_string_new (sender) : NULL;
  event = queen_event_new_component (worker, 1);
  queen_dbus_cluster_take (cluster, event);
}

/* Those of one IPv6 network are one among others, and take turns in it. */
static void
test_cluster_turns (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();
  g_autoptr (GString) order = g_string_new (NULL);
  QueenDBusObject *object;

  take_from (cluster, "a1", "address:10.0.0.1");
  take_from (cluster, "a2", "address:10.0.0.1");
  take_from (cluster, "a3", "address:10.0.0.1");
  take_from (cluster, "a2", "address:10.0.0.1");
  take_from (cluster, "b1", "address:2001:db8:1:1::/64");
  take_from (cluster, "b2", "address:2001:db8:1:1::/64");
  take_from (cluster, "c1", "address:2001:db8:1:2::/64");
  take_from (cluster, "d1", NULL);
  for (; (object = queen_dbus_cluster_get_dirty (cluster));
       queen_dbus_cluster_set_clean (cluster, object))
    g_string_append_printf (order, "%s ", object->now->id);
  g_assert_cmpstr (order->str, ==, "a1 b1 d1 a2 c1 a3 b2 ");
}

static void
expect_order (QueenDBusCluster *cluster, const char *ids)
{
  g_autoptr (GString) text = g_string_new (NULL);
  QueenDBusObject *object;

  for (guint64 last = 0;
       (object = queen_dbus_cluster_get_next (cluster, QUEEN_COMPONENT_WORKER, last));
       last = object->serial)
    g_string_append_printf (text, "%s ", object->now->id);
  g_assert_cmpstr (text->str, ==, ids);
}

static void
test_cluster_order (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();
  g_autoptr (GHashTable) changes =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) queen_event_unref);

  for (int i = 0; i < 12; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%02d", i);
      QueenEvent *event = make_event (QUEEN_COMPONENT_WORKER, id, QUEEN_STATUS_READY, 10 - i / 2);

      g_hash_table_insert (changes, event->component->id, event);
    }
  queen_dbus_cluster_take_changes (cluster, changes);
  expect_order (cluster, "w10 w11 w08 w09 w06 w07 w04 w05 w02 w03 w00 w01 ");
}

/* Those who go through it page by page miss nobody who stays. */
static void
test_cluster_coming_and_going (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();
  QueenDBusObject *object;
  guint64 serial;

  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  take (cluster, QUEEN_COMPONENT_WORKER, "b", QUEEN_STATUS_READY);
  take (cluster, QUEEN_COMPONENT_WORKER, "c", QUEEN_STATUS_READY);
  object = queen_dbus_cluster_get_next (cluster, QUEEN_COMPONENT_WORKER, 0);
  object = queen_dbus_cluster_get_next (cluster, QUEEN_COMPONENT_WORKER, object->serial);
  g_assert_cmpstr (object->now->id, ==, "b");
  serial = object->serial;

  take_forgotten (cluster, "a");
  take_forgotten (cluster, "b");
  take (cluster, QUEEN_COMPONENT_WORKER, "c", QUEEN_STATUS_BUSY);
  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY); /* it is another one */
  object = queen_dbus_cluster_get_next (cluster, QUEEN_COMPONENT_WORKER, serial);
  g_assert_cmpstr (object->now->id, ==, "c");
  expect_order (cluster, "c a ");
}

/* Of those whom the bus never heard of nothing is kept, however many there are. */
static void
test_cluster_never_told (void)
{
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();

  take (cluster, QUEEN_COMPONENT_WORKER, "a", QUEEN_STATUS_READY);
  take_forgotten (cluster, "a");
  g_assert_null (queen_dbus_cluster_get_dirty (cluster));
  assert_counts (cluster, 0, 0, 0);
  expect_order (cluster, "");
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
  g_assert_null (queen_dbus_component_get_changes (beat, before, FALSE));

  worse->health = QUEEN_HEALTH_UNHEALTHY;
  worse->health_reason = g_strdup ("on fire");
  changes = g_variant_ref_sink (queen_dbus_component_get_changes (worse, beat, FALSE));
  text = g_variant_print (changes, FALSE);
  g_assert_cmpstr (text, ==,
                   "{'Available': <false>, 'Health': <'unhealthy'>, 'HealthReason': <'on fire'>}");
}

static QueenComponent *
make_full (QueenComponentKind kind)
{
  static const char *const bodies[] = {
    "{\"worker_id\":\"w\",\"status\":\"busy\",\"url\":\"http://h:1\",\"slots\":4,\"running\":0,"
    "\"kv_usage\":0,\"models\":[\"a\",\"longer\"],\"exit_status\":0,\"next_beat_within\":9}",
    "{\"hive_id\":\"h\",\"status\":\"busy\",\"cpu\":0.5,\"memory_total\":0,\"gpus\":[{},"
    "{\"index\":0,\"name\":\"H100\",\"busy\":1,\"temperature\":-1},{\"uuid\":\"GPU-1234\"}]}",
  };
  QueenComponent *component =
      queen_heartbeat_parse (kind, bodies[kind], strlen (bodies[kind]), NULL);

  g_assert_nonnull (component);
  return component;
}

/* As many bytes as a message of it has. */
static void
assert_measured (const QueenComponent *component)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_signal ("/a", "a.b", "C");
  g_autofree guchar *blob = NULL;
  guint32 length;
  gsize size;

  g_dbus_message_set_byte_order (message, G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
  g_dbus_message_set_serial (message, 1);
  g_dbus_message_set_body (message,
                           g_variant_new ("(@a{sa{sv}})",
                                          queen_dbus_component_get_interfaces (component)));
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  g_assert_nonnull (blob);
  memcpy (&length, blob + 4, sizeof length);
  g_assert_cmpuint (queen_dbus_component_measure_interfaces (component, 0), ==,
                    GUINT32_FROM_LE (length));
}

static void
test_component_size (void)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      g_autoptr (QueenComponent) full = make_full (kind);
      g_autoptr (QueenComponent) bare = make (kind, "a", QUEEN_STATUS_READY, 1);

      assert_measured (full);
      assert_measured (bare);
    }
}

/* What may be 0 is left out where it is not said, and else it is what cannot be. */
static void
test_component_unsaid (void)
{
  g_autoptr (QueenComponent) worker = make_full (QUEEN_COMPONENT_WORKER);
  g_autoptr (QueenComponent) bare = make (QUEEN_COMPONENT_WORKER, "w", QUEEN_STATUS_BUSY, 0);
  g_autoptr (GVariant) all = NULL;
  g_autoptr (GVariant) waiting = NULL;
  g_autoptr (GVariant) changes = NULL;
  g_autofree char *text = NULL;
  gint64 running = -2;

  all = g_variant_ref_sink (queen_dbus_component_get_properties (worker));
  g_assert_true (g_variant_lookup (all, "Running", "x", &running));
  g_assert_cmpint (running, ==, 0);
  g_assert_false (g_variant_lookup (all, "Waiting", "x", &running));
  waiting = g_variant_ref_sink (queen_dbus_component_get_property (worker, "Waiting"));
  g_assert_cmpint (g_variant_get_int64 (waiting), ==, -1);

  changes = g_variant_ref_sink (queen_dbus_component_get_changes (bare, worker, FALSE));
  text = g_variant_print (changes, FALSE);
  g_assert_cmpstr (
      text, ==,
      "{'Available': <false>, 'Url': <''>, 'Models': <@as []>, 'ExitStatus': <int64 -1>}");
}

/* The interfaces' XML and the table of members name the same, of the same types. */
static void
test_component_properties (void)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      g_autoptr (QueenComponent) component = make (kind, "c", QUEEN_STATUS_READY, 1);
      GDBusInterfaceInfo *info = queen_dbus_component_get_interface (kind);
      const QueenField *const *field = queen_component_fields_list (kind);
      guint n_fields = 0, n_properties = 0;

      for (; field[n_fields]; n_fields++)
        if (!g_dbus_interface_info_lookup_property (info, field[n_fields]->property))
          g_error ("%s has no property %s", info->name, field[n_fields]->property);
      for (; info->properties[n_properties]; n_properties++)
        {
          GDBusPropertyInfo *property = info->properties[n_properties];
          g_autoptr (GVariant) value =
              g_variant_ref_sink (queen_dbus_component_get_property (component, property->name));

          g_assert_cmpstr (g_variant_get_type_string (value), ==, property->signature);
        }
      g_assert_cmpuint (n_properties, ==, n_fields);
    }
}

#define add(path, function) g_test_add_func ("/dbus/" path, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("cluster/counts", test_cluster_counts);
  add ("cluster/remembers-what-the-bus-was-told", test_cluster_dirty);
  add ("cluster/whose-it-is-take-turns", test_cluster_turns);
  add ("cluster/never-told-leaves-nothing", test_cluster_never_told);
  add ("cluster/in-order-of-first-sight", test_cluster_order);
  add ("cluster/in-order-while-they-come-and-go", test_cluster_coming_and_going);
  add ("component/changes-only-what-is-announced", test_component_changes);
  add ("component/as-large-as-it-is-measured", test_component_size);
  add ("component/what-is-not-said-is-left-out-and-never-0", test_component_unsaid);
  add ("component/properties-are-the-members-of-the-table", test_component_properties);

  return g_test_run ();
}
