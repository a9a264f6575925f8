/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How the queen comes onto a bus, with a bus of the test's own that does not behave. */

#include <glib/gstdio.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dbus/queen-dbus-bus.h"
#include "dbus/queen-dbus-presence.h"
#include "dbus/queen-dbus-types.h"
#include "fake-clock.h"
#include "few-descriptors.h"
#include "held-pool.h"
#include "no-threads.h"

#define DEADLINE (20 * G_USEC_PER_SEC)

/* One that connects hears the answer to its first call in a thread of GLib's pool. */

int
poll (struct pollfd *fds, nfds_t n_fds, int timeout)
{
  int result = (int) syscall (SYS_poll, fds, n_fds, timeout);

  if (held_pool_is_here ())
    held_pool_wait ();
  return result;
}

/* The bus. It lives in threads of its own. */

static char *bus_path;
static char *bus_address;

typedef struct
{
  GDBusConnection *connection;
  char *method;
} Call;

static void
free_call (Call *call)
{
  g_object_unref (call->connection);
  g_free (call->method);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, free_call)

typedef struct
{
  GDBusServer *server;
  GDBusAuthObserver *observer;
  GMainLoop *loop;
  GThread *thread;
  GAsyncQueue *calls; /* of Call, all that have been answered */

  gulong delay;        /* µs, before anybody is let in */
  gint n_knocked;      /* atomic: who have asked to be let in */
  guint n_refusals;    /* before anybody is let in, likewise */
  gboolean is_holding; /* whether to hold the one back who has said Hello */
  gboolean has_other;  /* whether the name is another one's */
  const char *owner;   /* who has it when that is asked; NULL for another one */
  const char *name;    /* of who says Hello; NULL for that of the first one */
} Bus;

static gboolean
on_authenticated (GDBusAuthObserver *observer,
                  GIOStream *stream,
                  GCredentials *credentials,
                  gpointer data)
{
  Bus *bus = data;
  gboolean is_refused = bus->n_refusals > 0;

  bus->n_refusals -= is_refused;
  g_atomic_int_inc (&bus->n_knocked);
  g_usleep (bus->delay); /* after which the bus may be no more */
  return !is_refused;
}

static GVariant *
answer (const Bus *bus, const char *method)
{
  if (g_str_equal (method, "Hello"))
    return g_variant_new ("(s)", bus->name ? bus->name : ":1.7");
  if (g_str_equal (method, "RequestName"))
    return g_variant_new ("(u)", bus->has_other ? 2 : 1);
  if (g_str_equal (method, "GetNameOwner"))
    return g_variant_new ("(s)", bus->owner ? bus->owner : ":1.5");
  return g_variant_new ("()");
}

static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer data)
{
  Bus *bus = data;
  g_autoptr (GDBusMessage) reply = NULL;
  Call *call;

  if (!is_incoming)
    return message;
  call = g_new0 (Call, 1);
  call->connection = g_object_ref (connection);
  call->method = g_strdup (g_dbus_message_get_member (message));
  if (bus->is_holding && g_str_equal (call->method, "Hello"))
    held_pool_set (TRUE);
  reply = g_dbus_message_new_method_reply (message);
  g_dbus_message_set_body (reply, answer (bus, call->method));
  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_async_queue_push (bus->calls, call);
  g_object_unref (message);
  return NULL;
}

static gboolean
on_new_connection (GDBusServer *server, GDBusConnection *connection, gpointer data)
{
  g_dbus_connection_add_filter (g_object_ref (connection), on_message, data, NULL);
  return TRUE;
}

static gpointer
run_bus (gpointer data)
{
  g_main_loop_run (((Bus *) data)->loop);
  return NULL;
}

static void
start_bus (Bus *bus, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();

  bus->calls = g_async_queue_new_full ((GDestroyNotify) free_call);
  bus->observer = g_dbus_auth_observer_new ();
  g_signal_connect (bus->observer, "authorize-authenticated-peer", G_CALLBACK (on_authenticated),
                    bus);
  bus->server = g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_RUN_IN_THREAD, guid,
                                        bus->observer, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (bus->server, "new-connection", G_CALLBACK (on_new_connection), bus);
  g_dbus_server_start (bus->server);
  bus->loop = g_main_loop_new (NULL, FALSE);
  bus->thread = g_thread_new ("bus", run_bus, bus);
}

static void
stop_bus (Bus *bus)
{
  g_dbus_server_stop (bus->server);
  g_main_loop_quit (bus->loop);
  g_thread_join (bus->thread);
  g_main_loop_unref (bus->loop);
  g_object_unref (bus->server);
  g_object_unref (bus->observer);
  g_async_queue_unref (bus->calls);
  g_unlink (bus_path);
}

/* The queen's side, in a context that the test turns itself. */

typedef struct
{
  Bus bus;
  GMainContext *context;
  QueenDBusPresenceSettings settings;
  QueenDBusPresence *presence;
  GDBusConnection *connection; /* NULL while she is not on the bus */
  guint n_entered;
  gboolean is_threadless; /* in the moment in which she begins to connect */
  guint n_left;           /* descriptors, from then on; 0 for all */
  FewDescriptors few;
  gboolean is_named;
} Fixture;

static void
on_changed (GDBusConnection *connection, gpointer data)
{
  Fixture *f = data;

  f->connection = connection;
  if (connection)
    f->n_entered++;
}

static void
on_named (gboolean is_named, gpointer data)
{
  Fixture *f = data;

  f->is_named = is_named;
}

static const char *const rich_methods[] = { NULL };

static const QueenDBusFramesLimits frames_limits = {
  .body = 1000,
  .waiting = 1024 * 1024,
  .values = 1000,
  .depth = 16,
  .path = "/object",
  .interface = "org.example.Interface",
  .rich_methods = rich_methods,
};

static void
start (Fixture *f, gint64 connect_timeout)
{
  start_bus (&f->bus, bus_address);
  f->context = g_main_context_new ();
  g_main_context_push_thread_default (f->context);
  if (!f->settings.clock)
    f->settings.clock = &queen_clock_system;
  f->settings.on_named = on_named;
  f->settings.bus_type = G_BUS_TYPE_SESSION;
  f->settings.connect_timeout = connect_timeout;
  f->settings.frames = &frames_limits;
  if (f->is_threadless)
    set_threads_out (TRUE);
  if (f->n_left > 0)
    few_descriptors_begin (&f->few, f->n_left);
  f->presence = queen_dbus_presence_new (&f->settings, on_changed, f);
  if (f->is_threadless)
    set_threads_out (FALSE);
}

static void
stop (Fixture *f)
{
  queen_dbus_presence_free (f->presence);
  g_main_context_pop_thread_default (f->context);
  g_main_context_unref (f->context);
  stop_bus (&f->bus);
}

/* Returns: the next call of that method that reaches @bus, while the queen goes on */
static Call *
next_call_of (Fixture *f, Bus *bus, const char *method)
{
  gint64 end = g_get_monotonic_time () + DEADLINE;

  while (TRUE)
    {
      g_autoptr (Call) call = g_async_queue_timeout_pop (bus->calls, 1000);

      if (call && g_str_equal (call->method, method))
        return g_steal_pointer (&call);
      if (g_get_monotonic_time () > end)
        g_error ("%s was never called", method);
      g_main_context_iteration (f->context, FALSE);
    }
}

static Call *
next_call (Fixture *f, const char *method)
{
  return next_call_of (f, &f->bus, method);
}

static void
test_good (void)
{
  Fixture f = { 0 };
  g_autoptr (Call) hello = NULL;
  g_autoptr (Call) request = NULL;

  start (&f, 10 * G_USEC_PER_SEC);
  hello = next_call (&f, "Hello");
  request = next_call (&f, "RequestName");
  g_assert_cmpuint (f.n_entered, ==, 1);
  stop (&f);
}

/* A10: each attempt is cut off before the bus has let her in. */
static void
test_slow (void)
{
  Fixture f = { .bus.delay = 200 * 1000 };
  g_autoptr (Call) request = NULL;

  start (&f, 30 * 1000);
  request = next_call (&f, "RequestName");
  g_assert_cmpuint (f.n_entered, ==, 1);
  stop (&f);
}

/* A10: the connection is closed, and GDBus says so, before it has said that it is there. */
static void
test_closed_at_once (void)
{
  Fixture f = { .bus.is_holding = TRUE };
  gint64 end = g_get_monotonic_time () + DEADLINE;
  g_autoptr (Call) hello = NULL;
  g_autoptr (Call) request = NULL;

  start (&f, 10 * G_USEC_PER_SEC);
  hello = next_call (&f, "Hello");
  f.bus.is_holding = FALSE;
  g_dbus_connection_flush_sync (hello->connection, NULL, NULL);
  g_dbus_connection_close_sync (hello->connection, NULL, NULL);
  while (!g_main_context_iteration (f.context, FALSE))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
  held_pool_set (FALSE);

  request = next_call (&f, "RequestName");
  g_assert_true (request->connection != hello->connection);
  g_assert_cmpuint (f.n_entered, ==, 1);
  stop (&f);
}

/* Whoever listens to the bus knows her unique name before she does. */
static void
test_called_at_once (void)
{
  Fixture f = { .bus.is_holding = TRUE };
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (Call) hello = NULL;
  g_autoptr (Call) request = NULL;
  GSocket *socket;
  int n_unread = 1;

  start (&f, 10 * G_USEC_PER_SEC);
  hello = next_call (&f, "Hello");
  f.bus.is_holding = FALSE;
  call = g_dbus_message_new_method_call (":1.7", "/object", "org.example.Interface", "Do");
  g_dbus_message_set_sender (call, ":1.5");
  g_dbus_connection_send_message (hello->connection, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                  NULL);
  g_dbus_connection_flush_sync (hello->connection, NULL, NULL);
  socket = g_socket_connection_get_socket (
      G_SOCKET_CONNECTION (g_dbus_connection_get_stream (hello->connection)));
  while (n_unread > 0)
    {
      g_usleep (1000);
      g_assert_cmpint (ioctl (g_socket_get_fd (socket), SIOCOUTQ, &n_unread), ==, 0);
    }
  held_pool_set (FALSE);
  request = next_call (&f, "RequestName"); /* and GDBus has had nothing to complain of */
  stop (&f);
}

/* GLib has nobody who looks again whether there are threads. */
static void
test_no_threads (void)
{
  Fixture f = { .is_threadless = TRUE };
  g_autoptr (Call) request = NULL;

  start (&f, 10 * 1000);
  request = next_call (&f, "RequestName");
  g_assert_cmpuint (f.n_entered, ==, 1);
  stop (&f);
}

/* GLib would end the process when it finds none in the midst of an attempt. Those that other tests
 * have had may be closed a bit later, so this one comes before them. */
static void
test_no_descriptors (void)
{
  Fixture f = { .n_left = 1, .settings.clock = &fake_clock };
  g_autoptr (Call) request = NULL;

  now = G_USEC_PER_SEC;
  start (&f, 10 * G_USEC_PER_SEC);
  for (guint i = 0; i < 10; i++)
    {
      now += 5 * G_USEC_PER_SEC;
      while (g_main_context_iteration (f.context, FALSE))
        ;
    }
  g_assert_cmpint (g_atomic_int_get (&f.bus.n_knocked), ==, 0);
  few_descriptors_end (&f.few);
  now += 5 * G_USEC_PER_SEC;
  request = next_call (&f, "RequestName");
  g_assert_cmpuint (f.n_entered, ==, 1);
  stop (&f);
}

static gboolean
has_thread (const char *wanted)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  gboolean has_it = FALSE;
  const char *task;

  while ((task = g_dir_read_name (tasks)))
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
      g_autofree char *name = NULL;

      has_it |= g_file_get_contents (path, &name, NULL, NULL) && g_str_equal (name, wanted);
    }
  return has_it;
}

/* GDBus aborts where it cannot make its thread: so that is not left for the day when there is a
 * bus at last. */
static void
test_thread (void)
{
  g_assert_false (has_thread ("gdbus\n"));
  queen_dbus_types_meet ();
  g_assert_true (has_thread ("gdbus\n"));
}

static void
test_refused (void)
{
  Fixture f = { .bus.n_refusals = 2 };
  g_autoptr (Call) request = NULL;

  start (&f, 10 * G_USEC_PER_SEC);
  request = next_call (&f, "RequestName");
  g_assert_cmpuint (f.bus.n_refusals, ==, 0);
  g_assert_cmpuint (f.n_entered, ==, 1);
  stop (&f);
}

static void
send_signal (GDBusConnection *connection, const char *name)
{
  g_autoptr (GDBusMessage) signal =
      g_dbus_message_new_signal (QUEEN_DBUS_BUS_PATH, QUEEN_DBUS_BUS_NAME, name);

  g_dbus_message_set_sender (signal, QUEEN_DBUS_BUS_NAME);
  g_dbus_message_set_body (signal, g_variant_new ("(s)", QUEEN_DBUS_NAME));
  g_dbus_connection_send_message (connection, signal, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static void
wait_until_named (Fixture *f, gboolean is_named)
{
  gint64 end = g_get_monotonic_time () + DEADLINE;

  while (f->is_named != is_named)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (f->context, FALSE);
    }
}

static void
test_name (void)
{
  Fixture f = { 0 };
  g_autoptr (Call) request = NULL;

  start (&f, 10 * G_USEC_PER_SEC);
  request = next_call (&f, "RequestName");
  g_assert_false (f.is_named);
  send_signal (request->connection, "NameAcquired");
  wait_until_named (&f, TRUE);
  send_signal (request->connection, "NameLost");
  wait_until_named (&f, FALSE);
  stop (&f);
}

/* One who has answered may not live any more a while later. */
static void
test_owner (void)
{
  Fixture f = { .bus.has_other = TRUE, .settings.clock = &fake_clock };
  gint64 end = g_get_monotonic_time () + DEADLINE;
  g_autoptr (Call) first = NULL;
  g_autoptr (Call) again = NULL;

  now = G_USEC_PER_SEC;
  start (&f, 10 * G_USEC_PER_SEC);
  first = next_call (&f, "Ping");
  while (!again || !g_str_equal (again->method, "Ping"))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_clear_pointer (&again, free_call);
      g_main_context_iteration (f.context, FALSE);
      again = g_async_queue_timeout_pop (f.bus.calls, 1000);
      now += G_USEC_PER_SEC;
    }
  stop (&f);
}

/* Until the bus says whose the name is, who had it may have gone: then she asks nobody any more
 * whether it lives, herself least of all. */
static void
test_own (void)
{
  Fixture f = { .bus.has_other = TRUE, .bus.owner = ":1.7" };
  g_autoptr (Call) question = NULL;
  g_autoptr (Call) first = NULL;

  start (&f, 10 * G_USEC_PER_SEC);
  question = next_call (&f, "GetNameOwner");
  send_signal (question->connection, "NameAcquired");
  wait_until_named (&f, TRUE);
  first = g_async_queue_timeout_pop (f.bus.calls, DEADLINE);
  g_assert_nonnull (first);
  g_assert_cmpstr (first->method, ==, "RequestName"); /* not to wait for it when she loses it */
  stop (&f);
}

/* The bus must see her go, or it keeps her name for the connection that she has given up. */
static void
test_renewed (void)
{
  Fixture f = { 0 };
  gint64 end = g_get_monotonic_time () + DEADLINE;
  g_autoptr (Call) before = NULL;
  g_autoptr (Call) after = NULL;
  GDBusConnection *held;

  start (&f, 10 * G_USEC_PER_SEC);
  before = next_call (&f, "RequestName");
  held = g_object_ref (f.connection); /* by somebody who still waits for something */
  queen_dbus_presence_renew (f.presence, "test");
  after = next_call (&f, "RequestName");
  g_assert_true (after->connection != before->connection);
  while (!g_dbus_connection_is_closed (before->connection))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
  g_object_unref (held);
  stop (&f);
}

/* Who has the name on another bus is somebody else, even when called as she was on the former. */
static void
test_renewed_on_another_bus (void)
{
  Fixture f = { 0 };
  Bus other = { .has_other = TRUE, .owner = ":1.7", .name = ":1.8" };
  g_autofree char *path = g_strconcat (bus_path, "-other", NULL);
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);
  g_autoptr (Call) before = NULL;
  g_autoptr (Call) question = NULL;
  g_autoptr (Call) next = NULL;

  start_bus (&other, address);
  start (&f, 10 * G_USEC_PER_SEC);
  before = next_call (&f, "RequestName");
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  queen_dbus_presence_renew (f.presence, "test");
  question = next_call_of (&f, &other, "GetNameOwner");
  while (!(next = g_async_queue_timeout_pop (other.calls, 1000)))
    g_main_context_iteration (f.context, FALSE);
  g_assert_cmpstr (next->method, ==, "Ping"); /* she looks whether it lives, and takes nothing */
  stop (&f);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_address, TRUE);
  stop_bus (&other);
  g_unlink (path);
}

/* Her end while she waits for the answers to what she asked, and for what others asked her. */
static void
test_end (void)
{
  Fixture f = { 0 };
  gint64 end = g_get_monotonic_time () + DEADLINE;
  g_autoptr (Call) request = NULL;
  GDBusConnection *connection;

  start (&f, 10 * G_USEC_PER_SEC);
  request = next_call (&f, "RequestName");
  connection = f.connection;
  g_object_add_weak_pointer (G_OBJECT (connection), (gpointer *) &connection);
  queen_dbus_presence_leave (f.presence);
  g_assert_null (f.connection);
  stop (&f);
  /* GDBus's own thread may be the one who lets go of it, and tells several of that. */
  while (g_atomic_pointer_get (&connection))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
}

static void
test_end_of_attempt (void)
{
  Fixture f = { .bus.delay = 200 * 1000 };
  gint64 end = g_get_monotonic_time () + DEADLINE;

  start (&f, 10 * G_USEC_PER_SEC);
  while (g_atomic_int_get (&f.bus.n_knocked) == 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
  stop (&f);
  g_assert_cmpuint (f.n_entered, ==, 0);
}

/* Whoever holds on to the connection does not hold up her end. */
static void
test_end_with_connection_held (void)
{
  Fixture f = { 0 };
  g_autoptr (Call) request = NULL;
  g_autoptr (GDBusConnection) held = NULL;

  start (&f, 10 * G_USEC_PER_SEC);
  request = next_call (&f, "RequestName");
  held = g_object_ref (f.connection);
  stop (&f);
  g_assert_true (g_dbus_connection_is_closed (held));
}

#define add(path, function) g_test_add_func ("/dbus-presence/" path, function)

int
main (int argc, char **argv)
{
  g_autofree char *folder = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("queen-bus-XXXXXX", NULL);
  g_assert_nonnull (folder);
  bus_path = g_build_filename (folder, "bus", NULL);
  bus_address = g_strconcat ("unix:path=", bus_path, NULL);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_address, TRUE);

  add ("gdbus-has-its-thread-before-there-is-a-bus", test_thread);
  add ("bus/hardly-any-descriptor/is-tried-later", test_no_descriptors);
  add ("asks-for-her-name", test_good);
  add ("name/may-be-lost-again", test_name);
  add ("name/another-has-it/is-asked-again-and-again", test_owner);
  add ("name/another-had-it/does-not-ask-herself", test_own);
  add ("renewed/by-another-connection", test_renewed);
  add ("renewed/on-another-bus", test_renewed_on_another_bus);
  add ("end/nothing-is-left-of-it", test_end);
  add ("end/while-she-connects", test_end_of_attempt);
  add ("end/does-not-wait-for-ever", test_end_with_connection_held);
  add ("bus/no-threads-for-a-while", test_no_threads);
  add ("bus/slow/gets-the-time-that-it-takes", test_slow);
  add ("bus/refuses-her/is-tried-again", test_refused);
  add ("bus/calls-her-at-once/gets-no-answer", test_called_at_once);
  add ("bus/closes-at-once/is-tried-again", test_closed_at_once);

  result = g_test_run ();
  g_rmdir (folder);
  g_free (bus_path);
  g_free (bus_address);
  return result;
}
