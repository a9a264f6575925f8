/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Somebody asks for as much as they may on the bus, by many connections, and somebody else asks for
 * something, too. */

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "queen-process.h"

#define NOBODY 65534
#define N_CALLS 80          /* for everything, a round */
#define N_GREEDY 80         /* connections of another user */
#define N_OF_SAME_USER 12   /* connections; with 16 that have not read, their user gets no more */
#define MAX_SUBSCRIBERS 256 /* and as many connections as a bus lets one user have */
#define N_ROUNDS 5
#define LITTLE (24 * 1024 * 1024) /* bytes, of a limit that a test wants to reach soon */

/* The one that is made while the bus is asked whose call it is, and the one whose turn is first;
 * and one more if the bus has read the last one just before. The call itself may have come a turn
 * after the one before it: then it has waited until the bus had read what was answered in the first
 * of these turns, and for as long again if that was in the midst of one. Without turns it would be
 * all of the eighty. */
#define MAX_BEFORE 6

/* Answers are counted as the queen sent them, however late they are received: by their serials,
 * which the bus leaves as they are. */
typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  BusClient *modest;

  BusClient *greedy[MAX_SUBSCRIBERS];
  guint n_greedy;
  guint n_asked;
  guint n_refused;
  GArray *answers; /* serials of those with everything in them, in no order */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  guint n_workers = queen_test_scale (200);

  f->answers = g_array_new (FALSE, FALSE, sizeof (guint32));
  f->bus = bus_daemon_new ();
  bus_daemon_let_all_users_in (f->bus);
  if (data)
    bus_daemon_set_limit (f->bus, data, LITTLE);
  bus_daemon_start (f->bus);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_daemon_get_address (f->bus), TRUE);
  f->queen = queen_process_start ("--bus=session", "--timeout=1h", NULL);
  for (guint i = 0; i < n_workers; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      http_beat (queen_process_get_port (f->queen), "worker", id, "ready");
    }
  f->modest = bus_client_new (bus_daemon_get_address (f->bus));
  bus_client_wait_for_queen (f->modest, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < MAX_SUBSCRIBERS; i++)
    g_clear_pointer (&f->greedy[i], bus_client_free);
  bus_client_free (f->modest);
  queen_process_stop (f->queen);
  bus_daemon_free (f->bus);
  g_array_unref (f->answers);
}

static void
send_call (BusClient *client,
           const char *path,
           const char *interface,
           const char *method,
           GVariant *parameters,
           GAsyncReadyCallback callback,
           gpointer data)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (QUEEN_NAME, path, interface, method);

  if (parameters)
    g_dbus_message_set_body (call, parameters);
  g_dbus_connection_send_message_with_reply (bus_client_get_connection (client), call,
                                             G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT, NULL, NULL,
                                             callback, data);
}

/* Returns: (nullable): the answer, if it is none that refuses */
static GDBusMessage *
receive (GObject *source, GAsyncResult *result, GError **error)
{
  g_autoptr (GDBusMessage) answer =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, error);

  if (!answer || g_dbus_message_to_gerror (answer, error))
    return NULL;
  return g_steal_pointer (&answer);
}

/* Those who ask for much */

static void
connect_greedy (Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++)
    f->greedy[i] = bus_client_new (bus_daemon_get_address (f->bus));
  f->n_greedy = n;
}

static void
on_greedy_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;
  g_autoptr (GDBusMessage) answer = receive (source, result, NULL);
  guint32 serial;

  f->n_refused += answer == NULL;
  if (!answer)
    return;
  serial = g_dbus_message_get_serial (answer);
  g_array_append_val (f->answers, serial);
}

static void
send_get_all (BusClient *client, GAsyncReadyCallback callback, gpointer data)
{
  send_call (client, QUEEN_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
             callback, data);
}

/* Asks for everything, by all connections in turn. */
static void
ask_for_all (Fixture *f)
{
  for (guint i = 0; i < N_CALLS; i++)
    send_get_all (f->greedy[i % f->n_greedy], on_greedy_answered, f);
  f->n_asked += N_CALLS;
  for (guint i = 0; i < f->n_greedy; i++) /* the bus has them */
    bus_client_wait_for_queen (f->greedy[i], TRUE);
}

/* The one who asks for little */

static void
on_modest_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusMessage) answer = receive (source, result, &error);

  g_assert_no_error (error);
  *(guint32 *) data = g_dbus_message_get_serial (answer);
}

/* What is answered at once, so that it is known when the call came that is right behind it. */
static void
send_small (Fixture *f, guint32 *serial)
{
  send_call (f->modest, QUEEN_PATH, "org.freedesktop.DBus.Properties", "Get",
             g_variant_new ("(ss)", QUEEN_NAME, "WorkersOnline"), on_modest_answered, serial);
}

static void
send_list (Fixture *f, guint32 *serial)
{
  send_call (f->modest, QUEEN_PATH "/workers", QUEEN_NAME ".Registry", "List",
             g_variant_new ("(tu)", (guint64) 0, 100), on_modest_answered, serial);
}

static void
send_all (Fixture *f, guint32 *serial)
{
  send_get_all (f->modest, on_modest_answered, serial);
}

/* The queen asks by Ping whether a large answer has come, and takes no other call for one before
 * she knows. What is answered behind that Ping has the client's answer to it sent before. */
static void
show_that_it_was_read (Fixture *f)
{
  guint32 serial = 0;

  send_small (f, &serial);
  while (serial == 0)
    g_main_context_iteration (NULL, TRUE);
}

static guint
count_between (Fixture *f, guint32 first, guint32 last)
{
  guint n = 0;

  for (guint i = 0; i < f->answers->len; i++)
    {
      guint32 serial = g_array_index (f->answers, guint32, i);

      n += first < serial && serial < last;
    }
  return n;
}

static void
check_rounds (Fixture *f, guint32 rounds[][2])
{
  while (f->answers->len + f->n_refused < f->n_asked)
    g_main_context_iteration (NULL, TRUE);
  for (int i = 0; i < N_ROUNDS; i++)
    g_assert_cmpuint (count_between (f, rounds[i][0], rounds[i][1]), <=, MAX_BEFORE);
}

static void
check (Fixture *f, void (*send) (Fixture *f, guint32 *serial))
{
  guint32 rounds[N_ROUNDS][2] = { 0 };

  for (int i = 0; i < N_ROUNDS; i++)
    {
      ask_for_all (f);
      /* The bus reads both calls at once, even if the test has to wait between them. */
      bus_daemon_signal (f->bus, SIGSTOP);
      send_small (f, &rounds[i][0]);
      send (f, &rounds[i][1]);
      g_dbus_connection_flush_sync (bus_client_get_connection (f->modest), NULL, NULL);
      bus_daemon_signal (f->bus, SIGCONT);
      while (rounds[i][1] == 0)
        g_main_context_iteration (NULL, TRUE);
      show_that_it_was_read (f);
    }
  check_rounds (f, rounds);
}

/* All of one user, as on a session bus. */
static void
test_pages (Fixture *f, gconstpointer data)
{
  connect_greedy (f, N_OF_SAME_USER);
  check (f, send_list);
}

/* Returns: whether the greedy ones are of another user now */
static gboolean
connect_as_nobody (Fixture *f, guint n)
{
  if (seteuid (NOBODY) != 0)
    {
      g_test_skip ("only root can be two users");
      return FALSE;
    }
  connect_greedy (f, n);
  g_assert_cmpint (seteuid (0), ==, 0);
  return TRUE;
}

static void
test_users (Fixture *f, gconstpointer data)
{
  if (connect_as_nobody (f, N_GREEDY))
    check (f, send_all);
}

/* Gone before anybody could know whose it is. */
static void
subscribe_and_leave (Fixture *f)
{
  BusClient *leaver = bus_client_new (bus_daemon_get_address (f->bus));
  GDBusConnection *connection = bus_client_get_connection (leaver);

  g_dbus_connection_call (connection, QUEEN_NAME, QUEEN_PATH, QUEEN_NAME, "Subscribe", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, NULL, NULL);
  g_dbus_connection_flush_sync (connection, NULL, NULL);
  bus_client_free (leaver);
}

static void
test_subscribers (Fixture *f, gconstpointer data)
{
  if (!connect_as_nobody (f, MAX_SUBSCRIBERS))
    return;
  for (int i = 0; i < MAX_SUBSCRIBERS; i++)
    g_variant_unref (bus_client_ask (f->greedy[i], "Subscribe", NULL));
  for (int i = 0; i < 10; i++)
    subscribe_and_leave (f);
  g_variant_unref (bus_client_ask (f->modest, "Subscribe", NULL));
  for (int i = 0; i < MAX_SUBSCRIBERS; i++)
    g_clear_pointer (&f->greedy[i], bus_client_free);
  http_beat (queen_process_get_port (f->queen), "worker", "w0", "ready");
  bus_signal_free (bus_client_next_signal (f->modest, "Heartbeat"));
}

static void
on_subscribed (GObject *source, GAsyncResult *result, gpointer data)
{
  GVariant *answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  g_clear_pointer (&answer, g_variant_unref);
  ++*(guint *) data;
}

/* All at once: nobody knows yet whose they are. */
static void
test_subscribers_in_a_burst (Fixture *f, gconstpointer data)
{
  g_autoptr (BusClient) second = bus_client_new (bus_daemon_get_address (f->bus));
  g_autoptr (BusClient) third = bus_client_new (bus_daemon_get_address (f->bus));
  BusClient *modest[] = { f->modest, second, third };
  guint n_answered = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (modest); i++)
    g_variant_unref (bus_client_ask (modest[i], "Subscribe", NULL));
  if (!connect_as_nobody (f, MAX_SUBSCRIBERS))
    return;
  for (int i = 0; i < MAX_SUBSCRIBERS; i++)
    g_dbus_connection_call (bus_client_get_connection (f->greedy[i]), QUEEN_NAME, QUEEN_PATH,
                            QUEEN_NAME, "Subscribe", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                            on_subscribed, &n_answered);
  while (n_answered < MAX_SUBSCRIBERS)
    g_main_context_iteration (NULL, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (modest); i++) /* they still are */
    g_variant_unref (bus_client_ask (modest[i], "Unsubscribe", NULL));
}

/* One who never reads: GDBus would. */

static void
send_raw (GIOStream *stream, const void *bytes, gsize n_bytes)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), bytes, n_bytes, NULL, NULL,
                             &error);
  g_assert_no_error (error);
}

static void
send_raw_call (GIOStream *stream,
               const char *name,
               const char *path,
               const char *interface,
               const char *method)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (name, path, interface, method);
  g_autoptr (GError) error = NULL;
  g_autofree guchar *blob = NULL;
  gsize size;

  g_dbus_message_set_serial (call, 1);
  blob = g_dbus_message_to_blob (call, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  send_raw (stream, blob, size);
}

static GIOStream *
connect_without_reading (Fixture *f)
{
  static const char words[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"; /* whoever she is */
  g_autoptr (GError) error = NULL;
  GIOStream *stream =
      g_dbus_address_get_stream_sync (bus_daemon_get_address (f->bus), NULL, NULL, &error);

  g_assert_no_error (error);
  send_raw (stream, words, sizeof words - 1);
  send_raw_call (stream, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                 "Hello");
  return stream;
}

/* The bus counts what is not read against the queen, and reads no more from her in the end. */
static void
test_unread (Fixture *f, gconstpointer data)
{
  g_autoptr (GIOStream) stream = connect_without_reading (f);

  for (int i = 0; i < 400; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) answer = NULL;

      send_raw_call (stream, QUEEN_NAME, QUEEN_PATH, "org.freedesktop.DBus.ObjectManager",
                     "GetManagedObjects");
      answer = g_dbus_connection_call_sync (bus_client_get_connection (f->modest), QUEEN_NAME,
                                            QUEEN_PATH, "org.freedesktop.DBus.Properties", "Get",
                                            g_variant_new ("(ss)", QUEEN_NAME, "Version"), NULL,
                                            G_DBUS_CALL_FLAGS_NONE, 10 * 1000, NULL, &error);
      g_assert_no_error (error);
    }
}

/* One who connects, calls without waiting for an answer, and goes, again and again. */

#define N_OF_FLOOD 50 /* calls by each connection */
#define N_AT_ONCE 10  /* calls of the honest one */

static GByteArray *
write_flood (void)
{
  GByteArray *flood = g_byte_array_new ();

  for (guint i = 0; i < N_OF_FLOOD; i++)
    {
      g_autoptr (GDBusMessage) call =
          g_dbus_message_new_method_call (QUEEN_NAME, QUEEN_PATH, "org.freedesktop.DBus.Properties",
                                          "GetAll");
      g_autoptr (GError) error = NULL;
      g_autofree guchar *blob = NULL;
      gsize size;

      g_dbus_message_set_body (call, g_variant_new ("(s)", QUEEN_NAME));
      g_dbus_message_set_serial (call, i + 2);
      blob = g_dbus_message_to_blob (call, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
      g_assert_no_error (error);
      g_byte_array_append (flood, blob, (guint) size);
    }
  return flood;
}

/* In a process of another user. */
static void
flood_for_ever (Fixture *f, const GByteArray *flood)
{
  char bytes[4096];

  while (TRUE)
    {
      g_autoptr (GIOStream) stream = connect_without_reading (f);
      GInputStream *input = g_io_stream_get_input_stream (stream);
      gssize n_read = 0;

      while (n_read >= 0 && n_read < 100) /* it is let in, and has its name */
        n_read += g_input_stream_read (input, bytes, sizeof bytes, NULL, NULL);
      g_output_stream_write_all (g_io_stream_get_output_stream (stream), flood->data, flood->len,
                                 NULL, NULL, NULL);
    }
}

static GPid
start_flood (Fixture *f)
{
  g_autoptr (GByteArray) flood = write_flood ();
  GPid test = getpid ();
  GPid pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid > 0)
    return pid;
  if (setresuid (NOBODY, NOBODY, NOBODY) == 0)
    {
      queen_test_die_with (test); /* another user's process forgets it */
      flood_for_ever (f, flood);
    }
  _exit (1);
}

static void
on_honest_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GDBusMessage *answer = receive (source, result, &error);

  g_assert_no_error (error);
  g_object_unref (answer);
  --*(guint *) data;
}

/* All are answered: nobody waits until its own patience is over. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  GPid floods[2];

  if (geteuid () != 0 || g_getenv ("QUEEN_RBEE_WRAPPER"))
    {
      g_test_skip ("only root can be two users, and a slow queen is flooded by less than this");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (floods); i++)
    floods[i] = start_flood (f);
  for (int i = 0; i < 10; i++)
    {
      guint n_left = N_AT_ONCE;
      gint64 end;

      g_usleep (200 * 1000); /* while the flood goes on */
      for (int n = 0; n < N_AT_ONCE; n++)
        send_call (f->modest, QUEEN_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                   g_variant_new ("(s)", QUEEN_NAME), on_honest_answered, &n_left);
      end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
      while (n_left > 0 && g_get_monotonic_time () < end)
        if (!g_main_context_iteration (NULL, FALSE))
          g_usleep (1000);
      g_assert_cmpuint (n_left, ==, 0);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      kill (floods[i], SIGKILL);
      g_assert_cmpint (waitpid (floods[i], NULL, 0), ==, floods[i]);
    }
}

#define ADD_WITH(path, limit, function)                                                            \
  g_test_add ("/dbus-turns/" path, Fixture, limit, set_up, function, tear_down)
#define ADD(path, function) ADD_WITH (path, NULL, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("pages/do-not-wait-for-all-who-want-everything", test_pages);
  ADD ("users/one-keeps-no-other-out", test_users);
  ADD ("users/who-floods-loses-no-calls-of-others", test_flood);
  ADD ("subscribers/one-user-keeps-no-other-out", test_subscribers);
  ADD ("subscribers/nor-pushes-one-out-in-a-burst", test_subscribers_in_a_burst);
  ADD_WITH ("unread/who-does-not-read-keeps-nobody-out", "max_incoming_bytes", test_unread);

  return g_test_run ();
}
