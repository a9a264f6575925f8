/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What a bus does to one whose signals somebody does not read, and how she gets out of it. */

#include "dbus/queen-dbus-backlog.h"

#include "bus-daemon.h"
#include "dbus-pair.h"
#include "dbus/queen-dbus-outbox.h"
#include "dbus/queen-dbus-presence.h"
#include "loop/queen-clock.h"
#include "mute-client.h"

#define BUS "org.freedesktop.DBus"
#define SIZE (64 * 1024) /* bytes of a signal */
#define MOST (16 * SIZE)
#define PATIENCE 1000 /* ms */

static const char *const no_methods[] = { NULL };

static const QueenDBusFramesLimits frames_limits = {
  .body = 1024,
  .waiting = 1024 * 1024,
  .values = 1024,
  .depth = 16,
  .path = "/object",
  .interface = "org.example.Interface",
  .rich_methods = no_methods,
  .descriptor_methods = no_methods,
};

static const QueenDBusBacklogLimits limits = {
  .look_every = SIZE,
  .most = MOST,
  .patience = 20 * 1000,
};

typedef struct
{
  BusDaemon *bus;
  GDBusConnection *listener; /* who reads */
  QueenDBusPresenceSettings settings;
  QueenDBusPresence *presence;
  GDBusConnection *connection; /* the queen's; NULL while there is none */
  guint n_named;

  QueenDBusOutbox *outbox;
  gboolean is_stuck;
  guint n_sent;
  guint n_read;
  guint n_told; /* how much the bus has */
  gboolean is_full;
} Fixture;

static void
on_presence (GDBusConnection *connection, gpointer data)
{
  ((Fixture *) data)->connection = connection;
}

static void
on_named (gboolean is_named, gpointer data)
{
  ((Fixture *) data)->n_named += is_named;
}

static void
on_stuck (gpointer data)
{
  ((Fixture *) data)->is_stuck = TRUE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = bus_daemon_new ();
  if (data)
    bus_daemon_set_limit (f->bus, data, MOST);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_daemon_get_address (f->bus), TRUE);
}

static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  bus_daemon_start (f->bus);
  f->listener =
      g_dbus_connection_new_for_address_sync (bus_daemon_get_address (f->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  f->settings.clock = &queen_clock_system;
  f->settings.bus_type = G_BUS_TYPE_SESSION;
  f->settings.connect_timeout = 20 * G_USEC_PER_SEC;
  f->settings.frames = &frames_limits;
  f->settings.on_named = on_named;
  f->presence = queen_dbus_presence_new (&f->settings, on_presence, f);
  dbus_pair_wait_until (f->n_named == 1);
  f->outbox = queen_dbus_outbox_new (f->connection, PATIENCE, on_stuck, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->outbox, queen_dbus_outbox_free);
  queen_dbus_presence_free (f->presence);
  g_dbus_connection_close_sync (f->listener, NULL, NULL);
  g_object_unref (f->listener);
  bus_daemon_free (f->bus);
}

/* A string that the bus answers, or that there is none. */
static char *
ask_bus (Fixture *f, const char *method, const char *name)
{
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_sync (f->listener, BUS, "/org/freedesktop/DBus", BUS, method,
                                   name ? g_variant_new ("(s)", name) : NULL, NULL,
                                   G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  char *text = NULL;

  if (answer && g_variant_is_of_type (answer, G_VARIANT_TYPE ("(s)")))
    g_variant_get (answer, "(s)", &text);
  return text;
}

static void
on_read (gpointer data)
{
  ((Fixture *) data)->n_read++;
}

/* Until the bus has read it, or reads nothing any more. */
static void
send_signal (Fixture *f)
{
  g_autofree char *text = g_strnfill (SIZE, 'x');

  g_dbus_connection_emit_signal (f->connection, NULL, "/object", "org.example.Interface", "Signal",
                                 g_variant_new ("(s)", text), NULL);
  queen_dbus_outbox_await (f->outbox, on_read, f);
  f->n_sent++;
  dbus_pair_wait_until (f->n_read == f->n_sent || f->is_stuck);
}

static void
on_told (gboolean is_full, gpointer data)
{
  Fixture *f = data;

  f->n_told++;
  f->is_full = is_full;
}

static void
look (Fixture *f, QueenDBusBacklog *backlog)
{
  guint before = f->n_told;

  g_assert_true (queen_dbus_backlog_look (backlog, on_told, f));
  dbus_pair_wait_until (f->n_told > before);
}

static void
test_unread (Fixture *f, gconstpointer data)
{
  g_autoptr (MuteClient) deaf = NULL;
  QueenDBusBacklog *backlog;

  start (f);
  deaf = mute_client_new (bus_daemon_get_path (f->bus));
  mute_client_listen (deaf);
  backlog = queen_dbus_backlog_new (f->connection, &limits);
  g_assert_false (queen_dbus_backlog_look (backlog, on_told, f)); /* she has said nothing yet */
  while (!f->is_full)
    {
      send_signal (f);
      look (f, backlog);
    }
  g_assert_cmpuint (f->n_sent, >=, MOST / SIZE - 1);
  g_assert_false (f->is_stuck);
  queen_dbus_backlog_free (backlog);
}

static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer data)
{
}

static void
test_read (Fixture *f, gconstpointer data)
{
  QueenDBusBacklog *backlog;

  start (f);
  g_dbus_connection_signal_subscribe (f->listener, NULL, NULL, NULL, NULL, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, NULL, NULL);
  backlog = queen_dbus_backlog_new (f->connection, &limits);
  for (guint i = 0; i < 2 * MOST / SIZE; i++)
    {
      g_autofree char *id = NULL;

      send_signal (f);
      id = ask_bus (f, "GetId", NULL); /* and has read what came before the answer */
      look (f, backlog);
      g_assert_false (f->is_full);
    }
  queen_dbus_backlog_free (backlog);
}

static void
test_silent_bus (Fixture *f, gconstpointer data)
{
  QueenDBusBacklog *backlog;

  bus_daemon_deny (f->bus, "send_interface='org.freedesktop.DBus.Debug.Stats'");
  start (f);
  backlog = queen_dbus_backlog_new (f->connection, &limits);
  send_signal (f);
  look (f, backlog);
  g_assert_false (f->is_full);
  send_signal (f);
  g_assert_false (queen_dbus_backlog_look (backlog, on_told, f));
  queen_dbus_backlog_free (backlog);
}

/* The bus does not even see that its connection is closed, and leaves it the name. */
static void
test_muted (Fixture *f, gconstpointer data)
{
  g_autoptr (MuteClient) deaf = NULL;
  g_autofree char *owner = NULL;

  start (f);
  deaf = mute_client_new (bus_daemon_get_path (f->bus));
  mute_client_listen (deaf);
  while (!f->is_stuck)
    send_signal (f);
  g_clear_pointer (&f->outbox, queen_dbus_outbox_free);
  queen_dbus_presence_renew (f->presence, "the test says so");
  dbus_pair_wait_until (f->n_named == 2);
  owner = ask_bus (f, "GetNameOwner", QUEEN_DBUS_NAME);
  g_assert_cmpstr (owner, ==, g_dbus_connection_get_unique_name (f->connection));
}

#define ADD(path, limit, function)                                                                 \
  g_test_add ("/dbus-backlog/" path, Fixture, limit, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("grows-with-signals-that-nobody-reads", NULL, test_unread);
  ADD ("does-not-with-those-that-are-read", NULL, test_read);
  ADD ("bus-that-does-not-say-is-asked-once", NULL, test_silent_bus);
  ADD ("name-comes-back-from-a-muted-connection", "max_incoming_bytes", test_muted);

  return g_test_run ();
}
