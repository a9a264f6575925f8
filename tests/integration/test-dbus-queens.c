/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Queens that share an engine, as a client on a private bus sees them. */

#include <signal.h>
#include <string.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "queenctl-runner.h"
#include "queens.h"
#include "redis-server.h"

#define QUEENS QUEEN_PATH "/queens"

typedef struct
{
  BusDaemon *bus;
  BusClient *client;
  RedisServer *server;
  QueenProcess *queen; /* she is on the bus */
} Fixture;

static QueenProcess *
start_queen (Fixture *f, const char *option)
{
  g_autofree char *url = redis_server_dup_url (f->server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);

  return queen_process_start (engine, "--engine-timeout=500ms", option, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server = redis_server_start_new ();
  f->bus = bus_daemon_new_for_session ();
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
  f->queen = start_queen (f, "--bus=session");
  bus_client_wait_for_queen (f->client, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queens_end (f->queen);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
  redis_server_free (f->server);
}

/* Waits for a signal in which that stands.
 *
 * Returns: (transfer full): the path that it is from, and all of it */
static char *
await_signal (Fixture *f, const char *member, const char *what)
{
  for (;;)
    {
      g_autoptr (BusSignal) signal = bus_client_next_signal (f->client, member);
      g_autofree char *text = g_variant_print (signal->parameters, FALSE);

      if (strstr (text, what))
        return g_strconcat (signal->path, " ", text, NULL);
    }
}

static guint
count_queens (Fixture *f)
{
  g_autofree char *paths = bus_client_read (f->client, QUEEN_PATH, "", "Queens");
  guint n = 0;

  for (const char *at = paths; at && (at = strstr (at, QUEENS "/")); at++)
    n++;
  return n;
}

/* Returns: (transfer full): the object that an InterfacesAdded or InterfacesRemoved is about */
static char *
dup_subject (const char *signal)
{
  const char *start = strstr (signal, QUEENS "/");

  g_assert_nonnull (start);
  return g_strndup (start, strlen (QUEENS "/") + 32);
}

static gboolean
stands_together (Fixture *f)
{
  g_autofree char *engine = bus_client_read (f->client, QUEEN_PATH, "", "Engine");

  return engine && strstr (engine, "'state': <'together'>") && strstr (engine, "'epoch': <'") &&
         !strstr (engine, "'reason'");
}

/* She says how she stands, and shows herself. Half a second without an answer of Redis, as there
 * may be where the machine has much to do, and she is alone for a moment. */
static void
test_herself (Fixture *f, gconstpointer data)
{
  g_autofree char *paths = NULL, *path = NULL, *address = NULL;

  queens_wait_for (f->queen, "together");
  queen_test_wait_until (count_queens (f) == 1);
  paths = bus_client_read (f->client, QUEEN_PATH, "", "Queens");
  path = dup_subject (paths);
  bus_client_expect (f->client, path, ".Sibling", "State", "'together'");
  bus_client_expect (f->client, path, ".Sibling", "Self", "true");
  bus_client_expect (f->client, path, ".Sibling", "Subscribers", "0");
  address = g_strdup_printf ("'http://127.0.0.1:%u'", queen_process_get_port (f->queen));
  bus_client_expect (f->client, path, ".Sibling", "Address", address);
  queen_test_wait_until (stands_together (f));
  {
    g_autofree char *own = bus_client_read (f->client, path, ".Sibling", "StartedAt");
    g_autofree char *started = bus_client_read (f->client, QUEEN_PATH, "", "StartedAt");

    g_assert_cmpstr (own, ==, started);
  }
}

/* Whoever lists all objects finds them, and so does who looks at the tree. */
static void
check_listed (Fixture *f, const char *path, const char *address)
{
  g_autoptr (GVariant) all =
      bus_client_call (f->client, QUEEN_PATH, "org.freedesktop.DBus.ObjectManager",
                       "GetManagedObjects", NULL, NULL);
  g_autoptr (GVariant) tree =
      bus_client_call (f->client, QUEENS, "org.freedesktop.DBus.Introspectable", "Introspect", NULL,
                       NULL);
  g_autofree char *listed = g_variant_print (all, FALSE);
  g_autofree char *seen = g_variant_print (tree, FALSE);

  g_assert_nonnull (strstr (listed, path));
  g_assert_nonnull (strstr (listed, address));
  g_assert_nonnull (strstr (seen, path + strlen (QUEENS "/")));
}

/* Returns: (transfer full): what queenctl says of the queens, asked in that way */
static char *
ask_queens (const char *way)
{
  g_autofree char *line = g_strdup_printf ("%s queens --json", way);
  g_autoptr (JsonNode) answer = ctl_ask_json (line);
  JsonNode *queens = json_object_get_member (json_node_get_object (answer), "queens");

  g_assert_nonnull (queens);
  return json_to_string (queens, FALSE);
}

/* Whoever is asked on the bus says the same as over HTTP. */
static void
check_queenctl (Fixture *f, const char *other)
{
  g_autofree char *url =
      g_strdup_printf ("--url=http://127.0.0.1:%u", queen_process_get_port (f->queen));
  g_autofree char *by_bus = ask_queens ("--bus=session");
  g_autofree char *by_http = ask_queens (url);
  g_autofree char *row = g_strdup_printf ("\n%s    together", other);

  g_assert_cmpstr (by_bus, ==, by_http);
  ctl_expect ("--bus=session queens", row);
}

static void
test_others (Fixture *f, gconstpointer data)
{
  QueenProcess *other;
  g_autofree char *address = NULL, *added = NULL, *path = NULL, *gone = NULL;

  queens_wait_for (f->queen, "together");
  other = start_queen (f, NULL);
  queens_wait_for (other, "together");
  queens_stir (f->server);
  address = g_strdup_printf ("http://127.0.0.1:%u", queen_process_get_port (other));
  added = await_signal (f, "InterfacesAdded", address);
  path = dup_subject (added);
  g_assert_nonnull (strstr (added, "'Self': <false>"));
  g_assert_nonnull (strstr (added, "'State': <'together'>"));
  g_assert_cmpuint (count_queens (f), ==, 2);
  check_listed (f, path, address);
  check_queenctl (f, address);

  queens_end (other);
  queens_stir (f->server);
  gone = await_signal (f, "InterfacesRemoved", path);
  g_assert_cmpuint (count_queens (f), ==, 1);
  g_assert_null (bus_client_read (f->client, path, ".Sibling", "Address"));
}

/* The engine is away, and back: each is told. */
static void
test_engine_away (Fixture *f, gconstpointer data)
{
  QueenProcess *other = start_queen (f, NULL);
  g_autofree char *added = NULL, *path = NULL, *alone = NULL, *gone = NULL, *back = NULL;

  queens_wait_for (f->queen, "together");
  queens_wait_for (other, "together");
  queens_stir (f->server);
  added = await_signal (f, "InterfacesAdded", "'Self': <false>");
  path = dup_subject (added);
  redis_server_kill (f->server);
  gone = await_signal (f, "InterfacesRemoved", path);
  alone = await_signal (f, "PropertiesChanged", "'Engine': <{'state': <'alone'>, 'reason': <'");
  g_assert_nonnull (strstr (alone, "'Queens'"));
  g_assert_cmpuint (count_queens (f), ==, 1);
  redis_server_start (f->server);
  back = await_signal (f, "PropertiesChanged", "'Engine': <{'state': <'together'>, 'epoch'");
  queens_end (other);
}

/* One who has no engine says so, and shows nobody. */
static void
test_no_engine (void)
{
  BusDaemon *bus = bus_daemon_new_for_session ();
  BusClient *client = bus_client_new (bus_daemon_get_address (bus));
  QueenProcess *queen = queen_process_start ("--bus=session", NULL);

  bus_client_wait_for_queen (client, TRUE);
  bus_client_expect (client, QUEEN_PATH, "", "Engine", "{}");
  bus_client_expect (client, QUEEN_PATH, "", "Queens", "[]");
  {
    g_autofree char *url =
        g_strdup_printf ("--url=http://127.0.0.1:%u", queen_process_get_port (queen));
    g_autofree char *by_bus = ask_queens ("--bus=session");
    g_autofree char *by_http = ask_queens (url);

    g_assert_cmpstr (by_bus, ==, by_http);
  }
  queen_process_stop (queen);
  bus_client_free (client);
  bus_daemon_free (bus);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!redis_server_is_there ())
    {
      g_print ("1..0 # SKIP there is no redis-server\n");
      return 0;
    }
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/dbus-queens/herself", test_herself);
  ADD ("/dbus-queens/others", test_others);
  ADD ("/dbus-queens/engine-away", test_engine_away);
#undef ADD
  g_test_add_func ("/dbus-queens/no-engine", test_no_engine);
  return g_test_run ();
}
