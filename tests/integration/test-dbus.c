/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The cluster on D-Bus, as a client on a private bus sees it. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "queen-process.h"
#include "sse-client.h"

#define WORKERS QUEEN_PATH "/workers"
#define HIVES QUEEN_PATH "/hives"
#define PART (32 * 1024) /* bytes of what List gives at the most */
#define N_FOR_PARTS 600  /* workers that are more than that */

typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  guint16 port;
  BusClient *client;
} Fixture;

static void
set_up_with (Fixture *f, const char *option)
{
  f->bus = bus_daemon_new_for_session ();
  f->queen = queen_process_start ("--bus=session", "--heartbeat-interval=1h", "--forget-after=1s",
                                  option, NULL);
  f->port = queen_process_get_port (f->queen);
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
  bus_client_wait_for_queen (f->client, TRUE);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  set_up_with (f, data);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_process_stop (f->queen);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}

/* Introspection */

static GDBusNodeInfo *
introspect (BusClient *client, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      bus_client_call (client, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL,
                       &error);
  GDBusNodeInfo *info;
  const char *xml;

  g_assert_no_error (error);
  g_variant_get (answer, "(&s)", &xml);
  info = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  return info;
}

static void
append_arguments (GString *text, GDBusArgInfo **arguments)
{
  for (; arguments && *arguments; arguments++)
    g_string_append_printf (text, " %s:%s", (*arguments)->name, (*arguments)->signature);
}

/* Everything that a caller can rely on; annotations for the C code are none of it. */
static char *
describe (GDBusInterfaceInfo *info)
{
  GString *text = g_string_new (info->name);

  for (GDBusMethodInfo **method = info->methods; method && *method; method++)
    {
      g_string_append_printf (text, "\nmethod %s in", (*method)->name);
      append_arguments (text, (*method)->in_args);
      g_string_append (text, " out");
      append_arguments (text, (*method)->out_args);
    }
  for (GDBusSignalInfo **signal = info->signals; signal && *signal; signal++)
    {
      g_string_append_printf (text, "\nsignal %s", (*signal)->name);
      append_arguments (text, (*signal)->args);
    }
  for (GDBusPropertyInfo **property = info->properties; property && *property; property++)
    g_string_append_printf (
        text, "\nproperty %s:%s %d %s", (*property)->name, (*property)->signature,
        (*property)->flags,
        g_dbus_annotation_info_lookup ((*property)->annotations,
                                       "org.freedesktop.DBus.Property.EmitsChangedSignal"));
  return g_string_free (text, FALSE);
}

static void
test_introspection (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *path;
    const char *interface;
  } cases[] = {
    { QUEEN_PATH, QUEEN_NAME },         { WORKERS, QUEEN_NAME ".Registry" },
    { HIVES, QUEEN_NAME ".Registry" },  { WORKERS "/w", QUEEN_NAME ".Worker" },
    { HIVES "/h", QUEEN_NAME ".Hive" },
  };
  g_autofree char *xml = NULL;
  g_autoptr (GDBusNodeInfo) installed = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (g_getenv ("QUEEN_INTERFACES"), &xml, NULL, &error);
  g_assert_no_error (error);
  installed = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);

  http_beat (f->port, "worker", "w", "ready");
  http_beat (f->port, "hive", "h", "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GDBusNodeInfo) shown = introspect (f->client, cases[i].path);
      GDBusInterfaceInfo *is = g_dbus_node_info_lookup_interface (shown, cases[i].interface);
      GDBusInterfaceInfo *should =
          g_dbus_node_info_lookup_interface (installed, cases[i].interface);
      g_autofree char *is_text = NULL;
      g_autofree char *should_text = NULL;

      g_assert_nonnull (is);
      is_text = describe (is);
      should_text = describe (should);
      g_assert_cmpstr (is_text, ==, should_text);
    }
}

static void
test_tree (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusNodeInfo) root = NULL;
  g_autoptr (GDBusNodeInfo) workers = NULL;

  http_beat (f->port, "worker", "b", "ready");
  http_beat (f->port, "worker", "a", "ready");
  root = introspect (f->client, QUEEN_PATH);
  workers = introspect (f->client, WORKERS);
  g_assert_nonnull (root->nodes[0]);
  g_assert_nonnull (root->nodes[1]);
  g_assert_nonnull (root->nodes[2]);
  g_assert_null (root->nodes[3]);
  g_assert_cmpstr (workers->nodes[0]->path, ==, "b");
  g_assert_cmpstr (workers->nodes[1]->path, ==, "a");
  g_assert_null (workers->nodes[2]);
}

/* Properties */

static void
test_worker (Fixture *f, gconstpointer data)
{
  static const char *const expected[][2] = {
    { "Id", "'w-1'" },
    { "Status", "'Ready'" },
    { "Online", "true" },
    { "Available", "true" },
    { "ModelId", "'meta-llama/Llama-2-7b'" },
    { "Device", "'GPU-0'" },
    { "Hostname", "'box'" },
    { "Port", "9301" },
    { "HiveId", "'h'" },
    { "Implementation", "'llm-worker-rbee'" },
    { "Version", "'0.1.0'" },
    { "Heartbeats", "1" },
    { "ClockSkew", "0" },
  };
  g_autoptr (HttpAnswer) answer = http_post (
      f->port, "/v1/worker-heartbeat",
      "{\"worker\":{\"id\":\"w-1\",\"model_id\":\"meta-llama/Llama-2-7b\",\"device\":\"GPU-0\","
      "\"port\":9301,\"status\":\"ready\",\"implementation\":\"llm-worker-rbee\","
      "\"version\":\"0.1.0\",\"hostname\":\"box\",\"hive_id\":\"h\"}}");
  g_autofree char *first_seen = NULL;
  gint64 age;

  g_assert_cmpuint (answer->status, ==, 200);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      /* No waiting: what has been answered over HTTP is so on the bus. */
      g_autofree char *value =
          bus_client_read (f->client, WORKERS "/w_2d1", ".Worker", expected[i][0]);

      g_assert_cmpstr (value, ==, expected[i][1]);
    }
  first_seen = bus_client_read (f->client, WORKERS "/w_2d1", ".Worker", "FirstSeen");
  age = g_get_real_time () - g_ascii_strtoll (first_seen, NULL, 10);
  g_assert_cmpint (age, >=, 0);
  g_assert_cmpint (age, <, 60 * G_USEC_PER_SEC);
}

static void
test_hive (Fixture *f, gconstpointer data)
{
  static const char path[] = HIVES "/h";
  g_autoptr (HttpAnswer) answer =
      http_post (f->port, "/v1/hive-heartbeat",
                 "{\"hive\":{\"id\":\"h\",\"operational_status\":\"busy\",\"health_status\":"
                 "{\"status\":\"degraded\",\"reason\":\"disk nearly full\"}}}");

  g_assert_cmpuint (answer->status, ==, 200);
  bus_client_expect (f->client, path, ".Hive", "Status", "'Busy'");
  bus_client_expect (f->client, path, ".Hive", "Available", "true");
  bus_client_expect (f->client, path, ".Hive", "Health", "'degraded'");
  bus_client_expect (f->client, path, ".Hive", "HealthReason", "'disk nearly full'");
  bus_client_expect (f->client, path, ".Hive", "Hostname", "''");
  bus_client_expect (f->client, path, ".Hive", "Port", "0");
}

static void
test_counts (Fixture *f, gconstpointer data)
{
  http_beat (f->port, "worker", "b", "ready");
  http_beat (f->port, "worker", "a", "busy");
  http_beat (f->port, "worker", "c", "stopped");
  http_beat (f->port, "hive", "h", "starting");
  bus_client_expect (f->client, WORKERS, ".Registry", "Online", "2");
  bus_client_expect (f->client, WORKERS, ".Registry", "Available", "1");
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", "3");
  bus_client_expect (f->client, WORKERS, ".Registry", "OnlineIds", "['b', 'a']");
  bus_client_expect (f->client, WORKERS, ".Registry", "AvailableIds", "['b']");
  bus_client_expect (f->client, QUEEN_PATH, "", "WorkersOnline", "2");
  bus_client_expect (f->client, QUEEN_PATH, "", "WorkersAvailable", "1");
  bus_client_expect (f->client, QUEEN_PATH, "", "HivesOnline", "1");
  bus_client_expect (f->client, QUEEN_PATH, "", "HivesAvailable", "0");
  bus_client_expect (f->client, QUEEN_PATH, "", "EventsPublished", "4");
}

static void
test_root (Fixture *f, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("'http://127.0.0.1:%d'", f->port);
  g_autofree char *addresses = bus_client_read (f->client, QUEEN_PATH, "", "Addresses");
  g_autoptr (SseClient) subscriber = NULL;

  g_assert_nonnull (strstr (addresses, url));
  bus_client_expect (f->client, QUEEN_PATH, "", "Subscribers", "0");
  subscriber = sse_client_subscribe (f->port, NULL, NULL);
  bus_client_expect (f->client, QUEEN_PATH, "", "Subscribers", "1");
  g_clear_pointer (&subscriber, sse_client_close);
  bus_client_expect (f->client, QUEEN_PATH, "", "Subscribers", "0");
}

static void
test_expiry (Fixture *f, gconstpointer data)
{
  http_beat (f->port, "worker", "w", "ready");
  bus_client_expect (f->client, WORKERS "/w", ".Worker", "Status", "'Offline'");
  bus_client_expect (f->client, WORKERS "/w", ".Worker", "Online", "false");
  bus_client_expect (f->client, WORKERS, ".Registry", "Online", "0");
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", "0"); /* forgotten */
  g_assert_null (bus_client_read (f->client, WORKERS "/w", ".Worker", "Status"));
}

/* Ids of any bytes */

static void
test_hostile_ids (Fixture *f, gconstpointer data)
{
  static const char *const ids[] = {
    "../../etc/passwd", "a b",        "_", "-",  "0",  "worker_2d1", "worker-1",
    "q\\\"uote",        "ünïcödé 雪", "/", "//", "a/", "%s%n",       "'; drop",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (GVariant) answer = NULL;
      g_autoptr (GVariant) read = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *name = g_dbus_escape_object_path (ids[i]);
      g_autofree char *path = g_strconcat (WORKERS "/", name, NULL);
      g_autofree guint8 *back = g_dbus_unescape_object_path (name);
      GVariantDict heartbeat = G_VARIANT_DICT_INIT (NULL);
      GVariantDict *members = &heartbeat;
      g_autoptr (GVariant) value = NULL;

      g_variant_dict_insert (members, "id", "s", ids[i]);
      g_variant_dict_insert (members, "status", "s", "ready");
      answer = bus_client_call (f->client, QUEEN_PATH, QUEEN_NAME, "ReportWorker",
                                g_variant_new ("(@a{sv})", g_variant_dict_end (members)), &error);
      g_assert_no_error (error);
      g_assert_cmpstr ((char *) back, ==, ids[i]);
      read = bus_client_call (f->client, path, "org.freedesktop.DBus.Properties", "Get",
                              g_variant_new ("(ss)", QUEEN_NAME ".Worker", "Id"), &error);
      g_assert_no_error (error);
      g_variant_get (read, "(v)", &value);
      g_assert_cmpstr (g_variant_get_string (value, NULL), ==, ids[i]);
    }
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", "14");
}

/* Changes */

static void
test_added_and_removed (Fixture *f, gconstpointer data)
{
  g_autoptr (BusSignal) added = NULL;
  g_autoptr (BusSignal) removed = NULL;
  g_autoptr (GVariant) answer = NULL;
  const char *path;

  http_beat (f->port, "worker", "w", "ready");
  added = bus_client_next_signal (f->client, "InterfacesAdded");
  g_variant_get (added->parameters, "(&o@a{sa{sv}})", &path, NULL);
  g_assert_cmpstr (path, ==, WORKERS "/w");
  answer = bus_client_ask (f->client, "Forget", "('worker', 'w')");
  removed = bus_client_next_signal (f->client, "InterfacesRemoved");
  g_variant_get (removed->parameters, "(&o@as)", &path, NULL);
  g_assert_cmpstr (path, ==, WORKERS "/w");
}

/* The next change that is told of @path, printed. */
static char *
next_change (BusClient *client, const char *path)
{
  while (TRUE)
    {
      g_autoptr (BusSignal) signal = bus_client_next_signal (client, "PropertiesChanged");
      g_autoptr (GVariant) changes = NULL;

      if (!g_str_equal (signal->path, path))
        continue;
      changes = g_variant_get_child_value (signal->parameters, 1);
      return g_variant_print (changes, FALSE);
    }
}

static void
test_changes (Fixture *f, gconstpointer data)
{
  g_autofree char *to_busy = NULL;
  g_autofree char *to_offline = NULL;
  g_autofree char *counts = NULL;

  http_beat (f->port, "worker", "w", "ready");
  bus_signal_free (bus_client_next_signal (f->client, "InterfacesAdded"));
  http_beat (f->port, "worker", "w", "busy");
  to_busy = next_change (f->client, WORKERS "/w");
  g_assert_true (
      g_str_has_prefix (to_busy, "{'Status': <'Busy'>, 'Available': <false>, 'Since': <uint64 "));
  counts = next_change (f->client, WORKERS);
  g_assert_cmpstr (counts, ==, "{'Available': <uint32 0>}");
  http_beat (f->port, "worker", "w", "stopped");
  to_offline = next_change (f->client, WORKERS "/w");
  g_assert_true (g_str_has_prefix (to_offline,
                                   "{'Status': <'Stopped'>, 'Online': <false>, 'Since': <uint64 "));
}

static void
test_silent (Fixture *f, gconstpointer data)
{
  g_autofree char *seen = NULL;
  g_autofree char *seen_later = NULL;

  http_beat (f->port, "worker", "w", "ready");
  bus_signal_free (bus_client_next_signal (f->client, "InterfacesAdded"));
  seen = bus_client_read (f->client, WORKERS "/w", ".Worker", "LastSeen");
  for (int i = 0; i < 10; i++)
    http_beat (f->port, "worker", "w", "ready");
  bus_client_expect (f->client, WORKERS "/w", ".Worker", "Heartbeats", "11");
  seen_later = bus_client_read (f->client, WORKERS "/w", ".Worker", "LastSeen");
  g_assert_cmpint (g_ascii_strtoll (seen_later, NULL, 10), >, g_ascii_strtoll (seen, NULL, 10));

  /* A change that is announced comes after all that might have been. */
  http_beat (f->port, "hive", "h", "ready");
  bus_signal_free (bus_client_next_signal (f->client, "InterfacesAdded"));
  g_assert_cmpuint (bus_client_count_signals (f->client, WORKERS "/w", "PropertiesChanged"), ==, 0);
}

static void
test_coalesced (Fixture *f, gconstpointer data)
{
  guint n = queen_test_scale (2000);
  gint64 start, ms;
  guint count;

  http_beat (f->port, "worker", "w", "ready");
  bus_signal_free (bus_client_next_signal (f->client, "InterfacesAdded"));
  start = g_get_monotonic_time ();
  for (guint i = 0; i < n; i++)
    http_beat (f->port, "worker", "w", i % 2 ? "ready" : "busy");
  http_beat (f->port, "worker", "w", "busy");
  ms = (g_get_monotonic_time () - start) / 1000;
  http_beat (f->port, "hive", "h", "ready");
  bus_signal_free (bus_client_next_signal (f->client, "InterfacesAdded"));
  count = bus_client_count_signals (f->client, WORKERS "/w", "PropertiesChanged");
  g_test_message ("%u changes in %" G_GINT64_FORMAT " ms, %u signals", n, ms, count);
  g_assert_cmpuint (count, >=, 1);
  g_assert_cmpuint (count, <=, ms / 200 + 2);
}

/* Methods */

static void
test_report (Fixture *f, gconstpointer data)
{
  g_autoptr (SseClient) stream = sse_client_subscribe (f->port, NULL, NULL);
  g_autoptr (GVariant) worker = NULL;
  g_autoptr (GVariant) hive = NULL;
  g_autoptr (SseFrame) frame = NULL;
  g_autofree char *skew = NULL;

  worker = bus_client_ask (f->client, "ReportWorker",
                           "({'id': <'w'>, 'status': <'ready'>, 'port': <uint16 9301>, "
                           "'timestamp': <'2025-10-24T20:11:01Z'>},)");
  frame = sse_client_next (stream);
  g_assert_true (g_str_has_prefix (frame->data, "{\"type\":\"worker\",\"worker_id\":\"w\","
                                                "\"status\":\"Ready\",\"timestamp\":\""));
  skew = bus_client_read (f->client, WORKERS "/w", ".Worker", "ClockSkew");
  g_assert_true (g_str_has_prefix (skew, "-")); /* B13: its clock is years behind */
  hive = bus_client_ask (f->client, "ReportHive",
                         "({'id': <'h'>, 'operational_status': <'online'>, 'health_status': "
                         "<{'status': 'degraded', 'reason': 'hot'}>},)");
  sse_client_expect (stream, "hive", "h", "Online");
  bus_client_expect (f->client, WORKERS "/w", ".Worker", "Port", "9301");
  bus_client_expect (f->client, HIVES "/h", ".Hive", "HealthReason", "'hot'");
}

/* F2: with nothing but strings, and with the same word for both kinds. */
static void
test_report_in_short (Fixture *f, gconstpointer data)
{
  g_autoptr (SseClient) stream = sse_client_subscribe (f->port, NULL, NULL);

  g_variant_unref (bus_client_ask (f->client, "Report", "('worker', 'w', 'ready')"));
  sse_client_expect (stream, "worker", "w", "Ready");
  g_variant_unref (bus_client_ask (f->client, "Report", "('hive', 'h', 'busy')"));
  sse_client_expect (stream, "hive", "h", "Busy");
  g_variant_unref (
      bus_client_ask (f->client, "ReportHive", "({'id': <'h'>, 'status': <'ready'>},)"));
  sse_client_expect (stream, "hive", "h", "Ready");

  bus_client_fail (f->client, "Report", "('queen', 'q', 'ready')", "InvalidArgument",
                   "the kind must be worker or hive");
  bus_client_fail (f->client, "Report", "('worker', '', 'ready')", "InvalidHeartbeat",
                   "worker.id: must be 1 to 128 bytes without control or invisible characters");
  bus_client_fail (f->client, "Report", "('hive', 'h', 'well')", "InvalidHeartbeat",
                   "hive.status: is none of starting, ready, online, busy, stopping, stopped, "
                   "offline");
}

static void
test_report_errors (Fixture *f, gconstpointer data)
{
  g_autofree char *long_text = g_strnfill (70000, 'x');
  g_autofree char *too_large =
      g_strdup_printf ("({'id': <'w'>, 'status': <'ready'>, 'device': <'%s'>},)", long_text);

  bus_client_fail (f->client, "ReportWorker", "({'id': <'w'>},)", "InvalidHeartbeat",
                   "worker.status: is missing");
  bus_client_fail (f->client, "ReportWorker", "({'status': <'ready'>},)", "InvalidHeartbeat",
                   "worker.id: is missing");
  bus_client_fail (f->client, "ReportWorker",
                   "({'id': <'w'>, 'status': <'ready'>, 'port': <'9301'>},)", "InvalidHeartbeat",
                   "worker.port: must be a whole number");
  bus_client_fail (f->client, "ReportWorker", "({'id': <'w\\n'>, 'status': <'ready'>},)",
                   "InvalidHeartbeat",
                   "worker.id: must be 1 to 128 bytes without control or invisible characters");
  bus_client_fail (f->client, "ReportHive", "({'id': <'h'>},)", "InvalidHeartbeat",
                   "hive.operational_status: is missing");
  bus_client_fail (f->client, "ReportWorker", too_large, "TooLarge",
                   "a heartbeat has at most 65536 bytes");
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", "0");
}

static void
test_cap (Fixture *f, gconstpointer data)
{
  g_variant_unref (
      bus_client_ask (f->client, "ReportWorker", "({'id': <'a'>, 'status': <'ready'>},)"));

  bus_client_fail (f->client, "ReportWorker", "({'id': <'b'>, 'status': <'ready'>},)",
                   "Unavailable", "the registry is full: 1 workers are online already");
}

static void
assert_found (Fixture *f, const char *expected)
{
  g_autoptr (GVariant) answer = bus_client_ask (f->client, "FindWorker", "('m',)");
  g_autoptr (GVariant) properties = NULL;
  const char *path, *id;

  g_variant_get (answer, "(&o@a{sv})", &path, &properties);
  g_assert_true (g_variant_lookup (properties, "Id", "&s", &id));
  g_assert_cmpstr (id, ==, expected);
  g_assert_true (g_str_has_prefix (path, WORKERS "/") && g_str_has_suffix (path, expected));
}

static void
test_find (Fixture *f, gconstpointer data)
{
  static const char *const ids[] = { "a", "b", "c" };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *heartbeat =
          g_strdup_printf ("({'id': <'%s'>, 'status': <'ready'>, 'model_id': <'m'>},)", ids[i]);

      g_variant_unref (bus_client_ask (f->client, "ReportWorker", heartbeat));
    }
  assert_found (f, "a");
  assert_found (f, "b");
  assert_found (f, "c");
  assert_found (f, "a");
  bus_client_fail (f->client, "FindWorker", "('n',)", "NotFound",
                   "no worker has the model “n”; there are: “m”");
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  g_autoptr (SseClient) stream = sse_client_subscribe (f->port, NULL, NULL);
  g_autoptr (GVariant) answer = NULL;

  http_beat (f->port, "worker", "w", "ready");
  sse_client_expect (stream, "worker", "w", "Ready");
  answer = bus_client_ask (f->client, "Forget", "('worker', 'w')");
  sse_client_expect (stream, "worker", "w", "Offline");
  g_assert_null (bus_client_read (f->client, WORKERS "/w", ".Worker", "Id"));
  bus_client_fail (f->client, "Forget", "('worker', 'w')", "NotFound", "there is no worker “w”");
  bus_client_fail (f->client, "Forget", "('wasp', 'w')", "InvalidArgument",
                   "the kind must be worker or hive");
  bus_client_fail (f->client, "Forget", "('hive', '')", "InvalidArgument",
                   "the id must be 1 to 128 bytes without control or invisible characters");
}

static void
test_object_manager (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GVariant) worker = NULL;
  const char *status;

  http_beat (f->port, "worker", "w", "ready");
  http_beat (f->port, "hive", "h", "ready");
  answer = bus_client_call (f->client, QUEEN_PATH, "org.freedesktop.DBus.ObjectManager",
                            "GetManagedObjects", NULL, &error);
  g_assert_no_error (error);
  objects = g_variant_get_child_value (answer, 0);
  g_assert_cmpuint (g_variant_n_children (objects), ==, 4); /* two registries and two components */
  g_assert_true (g_variant_lookup (objects, WORKERS "/w", "@a{sa{sv}}", &worker));
  {
    g_autoptr (GVariant) properties =
        g_variant_lookup_value (worker, QUEEN_NAME ".Worker", G_VARIANT_TYPE_VARDICT);

    g_assert_true (g_variant_lookup (properties, "Status", "&s", &status));
    g_assert_cmpstr (status, ==, "Ready");
  }
}

/* Subscribing */

static void
expect_heartbeat (BusClient *client, const char *kind, const char *id, const char *status)
{
  g_autoptr (BusSignal) signal = bus_client_next_signal (client, "Heartbeat");
  const char *is_kind, *is_id, *is_status, *json;

  g_variant_get (signal->parameters, "(&s&s&s&s)", &is_kind, &is_id, &is_status, &json);
  g_assert_cmpstr (is_kind, ==, kind);
  g_assert_cmpstr (is_id, ==, id);
  g_assert_cmpstr (is_status, ==, status);
  g_assert_true (g_str_has_prefix (json, "{\"type\":\"") && g_str_has_suffix (json, "\"}"));
}

/* The stream writes its frame around the event's own memory. */
static void
test_beside_the_stream (Fixture *f, gconstpointer data)
{
  g_autoptr (SseClient) listener = sse_client_open (f->port, 0, "", NULL);

  sse_frame_free (sse_client_next (listener));
  g_variant_unref (bus_client_ask (f->client, "Subscribe", NULL));
  for (guint i = 0; i < 3; i++)
    expect_heartbeat (f->client, "queen", "", "");
}

static void
test_subscribe (Fixture *f, gconstpointer data)
{
  http_beat (f->port, "worker", "before", "ready");
  g_variant_unref (bus_client_ask (f->client, "Subscribe", NULL));
  g_variant_unref (bus_client_ask (f->client, "Subscribe", NULL));
  http_beat (f->port, "worker", "w", "ready");
  http_beat (f->port, "hive", "h", "busy");
  expect_heartbeat (f->client, "worker", "w", "Ready");
  expect_heartbeat (f->client, "hive", "h", "Busy");

  g_variant_unref (bus_client_ask (f->client, "Unsubscribe", NULL));
  bus_client_fail (f->client, "Unsubscribe", NULL, "NotSubscribed", "you have not subscribed");
  http_beat (f->port, "worker", "after", "ready");
  bus_signal_free (bus_client_next_signal (f->client, "InterfacesAdded"));
  g_assert_cmpuint (bus_client_count_signals (f->client, QUEEN_PATH, "Heartbeat"), ==, 0);
}

static void
test_subscriber_leaves (Fixture *f, gconstpointer data)
{
  BusClient *other = bus_client_new (bus_daemon_get_address (f->bus));
  guint n = 0;

  g_variant_unref (bus_client_ask (other, "Subscribe", NULL));
  http_beat (f->port, "worker", "w", "ready");
  expect_heartbeat (f->client, "worker", "w", "Ready"); /* a signal is for all */
  bus_client_free (other);

  /* The queen hears of it from the bus; from some heartbeat on there are no signals. */
  do
    {
      g_autofree char *id = g_strdup_printf ("w%u", n++);

      http_beat (f->port, "worker", id, "ready");
      queen_test_wait_until (bus_client_count_signals (f->client, QUEEN_PATH, "InterfacesAdded") >
                             n);
    }
  while (bus_client_count_signals (f->client, QUEEN_PATH, "Heartbeat") == n);
}

/* Two queens */

static void
test_two_queens (Fixture *f, gconstpointer data)
{
  QueenProcess *second = queen_process_start ("--bus=session", NULL);
  guint16 port = queen_process_get_port (second);

  queen_test_wait_until (queen_process_has_said (second, "is taken by another queen"));
  http_beat (port, "worker", "w", "ready");
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", "0");

  /* When the first one has left, the second takes over. */
  queen_process_signal (f->queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (f->queen), ==, 0);
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", "1");
  queen_process_stop (second);
}

/* Somebody who asks for everything, again and again, without waiting for an answer. */
static void
test_greedy (Fixture *f, gconstpointer data)
{
  guint n = queen_test_scale (2000);
  g_autoptr (SseClient) stream = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      http_beat (f->port, "worker", id, "ready");
    }
  for (int i = 0; i < 200; i++)
    g_dbus_connection_call (bus_client_get_connection (f->client), QUEEN_NAME, QUEEN_PATH,
                            "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, cancellable, NULL, NULL);
  stream = sse_client_subscribe (f->port, NULL, NULL);
  for (int i = 0; i < 20; i++)
    {
      http_beat (f->port, "worker", "w0", "ready");
      sse_client_expect (stream, "worker", "w0", "Ready");
    }
  g_cancellable_cancel (cancellable);
  bus_client_expect (f->client, WORKERS "/w0", ".Worker", "Heartbeats", "21");
}

/* One message, of a byte for each of its values: GDBus would need 70 times as much for them. */
static void
test_large (Fixture *f, gconstpointer data)
{
  gsize n_values = 1024 * 1024;
  gint64 resident = queen_process_get_resident (f->queen);
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_byte (7));
  GVariantBuilder values = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) parameters = NULL;

  for (gsize i = 0; i < n_values; i++)
    g_variant_builder_add (&values, "v", value);
  parameters = g_variant_ref_sink (g_variant_new ("(av)", &values));
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = NULL;

      g_assert_null (
          bus_client_call (f->client, QUEEN_PATH, QUEEN_NAME, "FindWorker", parameters, &error));
      name = g_dbus_error_get_remote_error (error);
      g_assert_cmpstr (name, ==, QUEEN_NAME ".Error.TooLarge");
    }
  if (!queen_test_is_sanitized ())
    g_assert_cmpint (queen_process_get_resident (f->queen) - resident, <, 32 * 1024 * 1024);
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", "0");
}

/* Signals, and answers to others, wait while one is made and read by the bus. */
static void
test_parts (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) part = NULL;
  g_autoptr (GError) error = NULL;

  http_beat_many (f->port, 0, N_FOR_PARTS);
  bus_client_expect (f->client, WORKERS, ".Registry", "Total", G_STRINGIFY (N_FOR_PARTS));
  part = bus_client_call (f->client, WORKERS, QUEEN_NAME ".Registry", "List",
                          g_variant_new ("(tu)", (guint64) 0, 0), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_size (part), >, PART / 2);
  g_assert_cmpuint (g_variant_get_size (part), <=, PART);
}

#define ADD(path, option, function)                                                                \
  g_test_add ("/dbus/" path, Fixture, option, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("introspection/equals-the-installed-xml", NULL, test_introspection);
  ADD ("introspection/shows-the-tree", NULL, test_tree);
  ADD ("properties/worker/as-it-said", NULL, test_worker);
  ADD ("properties/hive/as-it-said", NULL, test_hive);
  ADD ("properties/registries/counts-and-ids", NULL, test_counts);
  ADD ("properties/root/addresses-and-subscribers", NULL, test_root);
  ADD ("properties/expiry/offline-then-gone", "--timeout=300ms", test_expiry);
  ADD ("ids/any-bytes-and-back", NULL, test_hostile_ids);
  ADD ("changes/objects-come-and-go", NULL, test_added_and_removed);
  ADD ("changes/only-what-has-changed", NULL, test_changes);
  ADD ("changes/last-seen-is-silent", NULL, test_silent);
  ADD ("changes/a-burst-is-few-signals", NULL, test_coalesced);
  ADD ("methods/report/same-events-as-over-http", NULL, test_report);
  ADD ("methods/report/in-short", NULL, test_report_in_short);
  ADD ("methods/report/errors-name-the-member", NULL, test_report_errors);
  ADD ("methods/report/full-registry", "--max-components=1", test_cap);
  ADD ("methods/find-worker/in-turn", NULL, test_find);
  ADD ("methods/forget/offline-first", NULL, test_forget);
  ADD ("methods/get-managed-objects/everything", NULL, test_object_manager);
  ADD ("methods/list/parts-are-small", NULL, test_parts);
  ADD ("subscribe/heartbeats-until-unsubscribed", NULL, test_subscribe);
  ADD ("subscribe/nothing-of-the-stream", "--heartbeat-interval=100ms", test_beside_the_stream);
  ADD ("subscribe/ends-with-the-subscriber", NULL, test_subscriber_leaves);
  ADD ("two-queens/second-serves-http-and-takes-over", NULL, test_two_queens);
  ADD ("calls/too-large/are-refused-unread", NULL, test_large);
  ADD ("greedy-caller/holds-nobody-up", NULL, test_greedy);

  return g_test_run ();
}
