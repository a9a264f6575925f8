/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl with somebody on the bus who has the queen's name and her methods, and says what she
 * never would. */

#include <glib/gstdio.h>
#include <string.h>

#include "bus-daemon.h"
#include "queenctl-runner.h"

#define DEEP 200000 /* brackets */

static const char queen_xml[] =
    "<node><interface name='dev.rbee.Queen1'><method name='Subscribe'/>"
    "<property name='Version' type='as' access='read'/>"
    "<property name='Addresses' type='s' access='read'/>"
    "<property name='WorkersOnline' type='s' access='read'/>"
    "<property name='WorkersAvailable' type='d' access='read'/>"
    "<property name='StartedAt' type='t' access='read'/>"
    "<property name='EventsPublished' type='t' access='read'/></interface>"
    "<interface name='dev.rbee.Queen1.Registry'><method name='List'>"
    "<arg type='t' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='a(oa{sv})' direction='out'/><arg type='t' direction='out'/></method>"
    "</interface></node>";

/* Whoever asks is answered in a thread of its own. */
typedef struct
{
  BusDaemon *bus;
  GMainLoop *loop;
  GThread *thread;
} Fixture;

static void
say (GDBusConnection *connection, const char *kind, const char *id, const char *json)
{
  g_dbus_connection_emit_signal (connection, NULL, "/dev/rbee/Queen1", "dev.rbee.Queen1",
                                 "Heartbeat", g_variant_new ("(ssss)", kind, id, "Ready", json),
                                 NULL);
}

static void
say_all (GDBusConnection *connection)
{
  g_autofree char *deep = g_strnfill (DEEP, '[');
  g_autofree char *id = g_strnfill (2000, 'x');

  say (connection, "queen", "", deep);
  say (connection, "queen", "", "[1]");
  say (connection, "worker", "a", "{\"type\":\"worker\",\"worker_id\":\"\033[2J\"}");
  say (connection, "worker", id, "{\"type\":\"worker\",\"worker_id\":\"b\"}");
  say (connection, "worker", "c", "{\"type\":\"worker\",\r\n\t\"worker_id\":\"c\"}");
}

static void
on_asked (GDBusConnection *connection,
          const char *sender,
          const char *path,
          const char *interface,
          const char *method,
          GVariant *arguments,
          GDBusMethodInvocation *invocation,
          gpointer data)
{
  gboolean is_list = g_str_equal (method, "List");

  g_dbus_method_invocation_return_value (invocation,
                                         is_list ? g_variant_new_parsed ("(@a(oa{sv}) [], @t 0)")
                                                 : NULL);
  if (!is_list)
    say_all (connection);
}

static GVariant *
on_property_asked (GDBusConnection *connection,
                   const char *sender,
                   const char *path,
                   const char *interface,
                   const char *property,
                   GError **error,
                   gpointer data)
{
  if (g_str_equal (property, "Version"))
    return g_variant_new_parsed ("['1']");
  if (g_str_equal (property, "WorkersAvailable"))
    return g_variant_new_double (1e300);
  return g_str_equal (property, "Addresses") || g_str_equal (property, "WorkersOnline")
             ? g_variant_new_string ("many")
             : g_variant_new_uint64 (G_MAXUINT64);
}

static const GDBusInterfaceVTable table = { on_asked, on_property_asked, NULL, { 0 } };

static void
appear (GDBusConnection *connection)
{
  static const char *const paths[][2] = {
    { "/dev/rbee/Queen1", "dev.rbee.Queen1" },
    { "/dev/rbee/Queen1/workers", "dev.rbee.Queen1.Registry" },
    { "/dev/rbee/Queen1/hives", "dev.rbee.Queen1.Registry" },
  };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (queen_xml, NULL);
  g_autoptr (GVariant) reply = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_assert_cmpuint (
        g_dbus_connection_register_object (connection, paths[i][0],
                                           g_dbus_node_info_lookup_interface (info, paths[i][1]),
                                           &table, NULL, NULL, NULL),
        !=, 0);
  reply =
      g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                   "org.freedesktop.DBus", "RequestName",
                                   g_variant_new ("(su)", "dev.rbee.Queen1", 0),
                                   G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (reply);
}

static gpointer
serve (gpointer data)
{
  Fixture *f = data;
  g_autoptr (GDBusConnection) connection = NULL;

  g_main_context_push_thread_default (g_main_loop_get_context (f->loop));
  connection =
      g_dbus_connection_new_for_address_sync (bus_daemon_get_address (f->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, NULL);
  g_assert_nonnull (connection);
  appear (connection);
  g_main_loop_run (f->loop);
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_main_context_pop_thread_default (g_main_loop_get_context (f->loop));
  return NULL;
}

static gboolean
has_appeared (void)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  return ctl_run ("list", &out, &err) == 0;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  f->bus = bus_daemon_new_for_session ();
  f->loop = g_main_loop_new (context, FALSE);
  f->thread = g_thread_new ("hostile", serve, f);
  queen_test_wait_until (has_appeared ());
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_main_loop_quit (f->loop);
  g_thread_join (f->thread);
  g_main_loop_unref (f->loop);
  bus_daemon_free (f->bus);
}

static void
test_events (Fixture *f, gconstpointer data)
{
  const char *const *row = data;
  g_autofree char *said = NULL;
  CtlWatch watch;

  ctl_watch_start (&watch, row[0], G_SUBPROCESS_FLAGS_NONE);
  said = ctl_watch_await (&watch, "");
  g_test_message ("%s", said);
  g_assert_true (g_str_has_suffix (said, row[1]));
  ctl_watch_stop (&watch);
}

static void
test_status (Fixture *f, gconstpointer data)
{
  g_autofree char *text = ctl_ask ("status");
  g_autofree char *json = ctl_ask ("status --json");

  g_test_message ("%s%s", text, json);
  g_assert_nonnull (strstr (text, "Workers    0 online, 0 available, 0 known\n"));
  g_assert_nonnull (strstr (json, "\"events_published\":9223372036854775807"));
}

/* A bus that greets whoever comes, and then says nothing more. */

typedef struct
{
  GMainLoop *loop;
  GDBusServer *server;
  GPtrArray *connections;
} MuteBus;

static void
on_greeted (GDBusConnection *connection,
            const char *sender,
            const char *path,
            const char *interface,
            const char *method,
            GVariant *arguments,
            GDBusMethodInvocation *invocation,
            gpointer data)
{
  if (g_str_equal (method, "Hello"))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", ":1.1"));
}

static gboolean
on_mute_connection (GDBusServer *server, GDBusConnection *connection, gpointer data)
{
  static const char xml[] = "<node><interface name='org.freedesktop.DBus'>"
                            "<method name='Hello'><arg type='s' direction='out'/></method>"
                            "<method name='GetNameOwner'><arg type='s' direction='in'/>"
                            "<arg type='s' direction='out'/></method></interface></node>";
  static const GDBusInterfaceVTable greeting = { on_greeted, NULL, NULL, { 0 } };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (xml, NULL);
  MuteBus *self = data;

  g_ptr_array_add (self->connections, g_object_ref (connection));
  return g_dbus_connection_register_object (connection, "/org/freedesktop/DBus",
                                            info->interfaces[0], &greeting, NULL, NULL, NULL) != 0;
}

static gpointer
serve_mute (gpointer data)
{
  MuteBus *self = data;

  g_main_context_push_thread_default (g_main_loop_get_context (self->loop));
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (g_main_loop_get_context (self->loop));
  return NULL;
}

static void
start_mute (MuteBus *self, const char *path)
{
  g_autofree char *address = g_strdup_printf ("unix:path=%s", path);
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;

  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->loop = g_main_loop_new (context, FALSE);
  g_main_context_push_thread_default (context);
  self->server =
      g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->server, "new-connection", G_CALLBACK (on_mute_connection), self);
  g_dbus_server_start (self->server);
  g_main_context_pop_thread_default (context);
}

static void
test_mute (void)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-bus-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "bus", NULL);
  g_autofree char *line =
      g_strdup_printf ("DBUS_SESSION_BUS_ADDRESS=unix:path=%s --bus=session wait w --timeout=1s",
                       path);
  MuteBus bus = { 0 };
  GThread *thread;

  start_mute (&bus, path);
  thread = g_thread_new ("mute", serve_mute, &bus);
  ctl_refuse (line, 3, "There is no queen (the session bus: no answer in time). ");
  g_main_loop_quit (bus.loop);
  g_thread_join (thread);
  g_dbus_server_stop (bus.server);
  g_ptr_array_unref (bus.connections);
  g_object_unref (bus.server);
  g_main_loop_unref (bus.loop);
  g_unlink (path);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  static const char *const text[] = { "watch --all", "  worker  c  ready" };
  static const char *const json[] = { "watch --all --json",
                                      "{\"type\":\"worker\",\"worker_id\":\"c\"}" };

  g_test_init (&argc, &argv, NULL);

  g_test_add ("/queenctl-hostile-bus/events/no-json-is-none/for-people", Fixture, text, set_up,
              test_events, tear_down);
  g_test_add ("/queenctl-hostile-bus/events/no-json-is-none/for-scripts", Fixture, json, set_up,
              test_events, tear_down);
  g_test_add ("/queenctl-hostile-bus/status/of-any-type", Fixture, NULL, set_up, test_status,
              tear_down);

  g_test_add_func ("/queenctl-hostile-bus/time/one-that-greets-and-is-silent", test_mute);

  return g_test_run ();
}
