/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "net/queen-listener.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "descriptor.h"
#include "fake-clock.h"
#include "lingering-socket.h"
#include "net/queen-socket.h"
#include "net/queen-user-address.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

static void
on_accept (int fd, const struct sockaddr_storage *address, gpointer data)
{
  (*(guint *) data)++;
  close (fd);
}

static int
connect_to (QueenListener *listener)
{
  GSocketAddress *address = queen_listener_get_addresses (listener)->pdata[0];
  struct sockaddr_in native;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  g_assert_cmpint (connect (fd, (struct sockaddr *) &native, sizeof native), ==, 0);
  return fd;
}

static void
test_own (void)
{
  static const char *const addresses[] = { "127.0.0.1", NULL };
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener =
      queen_listener_new ("http", &fake_clock, &tally, NULL, on_accept, &n_accepted);
  int client;

  g_assert_true (queen_listener_listen (listener, addresses, 0, FALSE, NULL));
  client = connect_to (listener);
  queen_listener_start (listener);
  queen_listener_stop (listener);
  g_assert_cmpuint (n_accepted, ==, 1);
  close (client);
}

static GBytes *
make_refusal (void)
{
  return g_bytes_new_static ("no", 2);
}

/* GLib ends the process when she comes back to a bus and finds none. */
static void
test_own_descriptors (void)
{
  static const char *const addresses[] = { "127.0.0.1", NULL };
  struct rlimit before, few;
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener = NULL;
  int client, next = dup (STDIN_FILENO);
  char said[4];

  close (next);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  few = (struct rlimit){ (rlim_t) MAX (next + 24, 128), before.rlim_max };
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &few));
  listener = queen_listener_new ("http", &fake_clock, &tally, make_refusal, on_accept, &n_accepted);
  g_assert_true (queen_listener_listen (listener, addresses, 0, FALSE, NULL));
  client = connect_to (listener);
  while ((next = dup (STDIN_FILENO)) < (int) few.rlim_cur - 9)
    g_assert_cmpint (next, >=, 0);
  queen_listener_start (listener);
  queen_listener_stop (listener);
  g_assert_cmpuint (n_accepted, ==, 0);
  g_assert_cmpuint (tally.refusals[QUEEN_REFUSAL_DESCRIPTORS], ==, 1);
  g_assert_cmpint (read (client, said, sizeof said), ==, 2);
  for (; next > client; next--)
    close (next);
  close (client);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
}

static void
test_adopted (void)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr = { htonl (INADDR_LOOPBACK) } };
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener =
      queen_listener_new ("http", &fake_clock, &tally, NULL, on_accept, &n_accepted);
  int managers = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client, accepted;

  g_assert_cmpint (bind (managers, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (managers, 8), ==, 0);
  g_assert_true (queen_listener_adopt (listener, dup (managers), NULL));
  client = connect_to (listener);
  queen_listener_start (listener);
  queen_listener_stop (listener);
  g_assert_cmpuint (n_accepted, ==, 0);

  accepted = accept (managers, NULL, NULL); /* does not wait: the socket is non-blocking now */
  g_assert_cmpint (accepted, >=, 0);
  close (accepted);
  close (client);
  close (managers);
}

/* Of who came last through a Unix socket. */
static uid_t latest_user;
static int latest_room; /* bytes that the kernel takes for it */

static void
on_accept_user (int fd, const struct sockaddr_storage *address, gpointer data)
{
  g_assert_cmpint (address->ss_family, ==, AF_UNIX);
  latest_user = queen_user_address_get_user (address);
  getsockopt (fd, SOL_SOCKET, SO_SNDBUF, &latest_room, &(socklen_t){ sizeof latest_room });
  on_accept (fd, address, data);
}

static int
connect_to_file (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof (sa_family_t))); /* a name */
  g_assert_no_errno (connect (fd, (struct sockaddr *) &address, sizeof address));
  return fd;
}

/* What the system has for an address is the client's choice; what it could hold back is not. */
static void
test_unix (void)
{
  g_autofree char *folder = g_dir_make_tmp ("queen-listener-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "http.sock", NULL);
  g_autofree char *url = g_strconcat ("unix:", path, NULL);
  const QueenSocketRights rights = { 0600, NULL };
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener =
      queen_listener_new ("https", &fake_clock, &tally, NULL, on_accept_user, &n_accepted);
  int client;

  latest_user = (uid_t) -1;
  g_assert_true (queen_listener_listen_unix (listener, path, &rights, NULL));
  g_assert_cmpstr (queen_listener_get_urls (listener)[0], ==, url);
  client = connect_to_file (path);
  queen_listener_start (listener);
  queen_listener_stop (listener);
  g_assert_cmpuint (n_accepted, ==, 1);
  g_assert_cmpuint (latest_user, ==, geteuid ());
  g_assert_cmpint (latest_room, ==, 2 * 65536);
  close (client);
  g_assert_no_errno (rmdir (folder)); /* its file has gone */
}

static void
on_accept_slowly (int fd, const struct sockaddr_storage *address, gpointer data)
{
  now += QUEEN_SLICE;
  on_accept (fd, address, data);
}

/* The kernel keeps those who wait: everybody else has a turn in between. */
static void
test_slow (void)
{
  static const char *const addresses[] = { "127.0.0.1", NULL };
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener =
      queen_listener_new ("http", &fake_clock, &tally, NULL, on_accept_slowly, &n_accepted);
  int clients[5];

  g_assert_true (queen_listener_listen (listener, addresses, 0, FALSE, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = connect_to (listener);
  queen_listener_start (listener);
  for (guint i = 1; i <= G_N_ELEMENTS (clients); i++)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (n_accepted, ==, i);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    close (clients[i]);
}

/* Whoever waits to be let in, and has sent what takes a minute to be closed. The kernel may be told
 * to let nobody send that; an old one cannot, and this one is told otherwise. */
typedef struct
{
  QueenTally tally;
  guint n_accepted;
  GPtrArray *clients;
  int peer;
} Waiting;

static void
on_accept_with_rights (int fd, const struct sockaddr_storage *address, gpointer data)
{
  QueenSocket socket = { .fd = fd, .is_unix = TRUE };

  (*(guint *) data)++;
  queen_socket_close (&socket);
}

/* @fd: of the listener */
static void
waiting_set_up (Waiting *waiting, int fd, const char *path, guint n_clients)
{
  int lingering = lingering_socket_open (&waiting->peer);
  int client = -1;

  setsockopt (fd, SOL_SOCKET, SO_PASSRIGHTS, &(int){ 1 }, sizeof (int));
  waiting->clients = g_ptr_array_new ();
  for (guint i = 0; i < n_clients; i++)
    {
      client = connect_to_file (path);
      g_ptr_array_add (waiting->clients, GINT_TO_POINTER (client));
    }
  g_assert_cmpint (descriptor_send (client, lingering, 0), ==, 1);
  close (lingering); /* it is only there now */
}

static int
find_listener (void)
{
  for (int fd = 0; fd < 1024; fd++)
    {
      int domain = 0, is_listening = 0;
      socklen_t size = sizeof (int);

      if (getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
          getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && is_listening)
        return fd;
    }
  g_assert_not_reached ();
}

static void
waiting_tear_down (Waiting *waiting, gint64 begun)
{
  g_assert_cmpint (g_get_monotonic_time () - begun, <,
                   LINGERING_SOCKET_SEC / 2 * (gint64) G_TIME_SPAN_SECOND);
  for (guint i = 0; i < waiting->clients->len; i++)
    close (GPOINTER_TO_INT (waiting->clients->pdata[i]));
  g_ptr_array_unref (waiting->clients);
  close (waiting->peer);
}

static void
test_descriptors (void)
{
  g_autofree char *folder = g_dir_make_tmp ("queen-listener-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "http.sock", NULL);
  const QueenSocketRights rights = { 0600, NULL };
  Waiting waiting = { 0 };
  guint n = 300; /* more than are let in in one turn */
  QueenListener *listener = queen_listener_new ("http", &fake_clock, &waiting.tally, NULL,
                                                on_accept_with_rights, &waiting.n_accepted);
  gint64 begun;

  g_assert_true (queen_listener_listen_unix (listener, path, &rights, NULL));
  waiting_set_up (&waiting, find_listener (), path, n);
  queen_listener_start (listener);
  begun = g_get_monotonic_time ();
  queen_listener_stop (listener);
  g_assert_cmpuint (waiting.n_accepted, ==, n);
  g_object_unref (listener);
  waiting_tear_down (&waiting, begun);
  g_assert_no_errno (rmdir (folder));
}

/* One that nobody else has any more, though it came from elsewhere. */
static void
test_adopted_descriptors (void)
{
  g_autofree char *folder = g_dir_make_tmp ("queen-listener-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "http.sock", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  Waiting waiting = { 0 };
  QueenListener *listener = queen_listener_new ("http", &fake_clock, &waiting.tally, NULL,
                                                on_accept_with_rights, &waiting.n_accepted);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gint64 begun;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (fd, 8));
  g_assert_true (queen_listener_adopt (listener, fd, NULL));
  waiting_set_up (&waiting, fd, path, 1);
  queen_listener_start (listener);
  begun = g_get_monotonic_time ();
  queen_listener_stop (listener);
  g_object_unref (listener);
  g_assert_cmpuint (waiting.n_accepted, ==, 0);
  waiting_tear_down (&waiting, begun);
  unlink (path);
  g_assert_no_errno (rmdir (folder));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/listener/stop/own-socket-lets-in-who-waits", test_own);
  g_test_add_func ("/listener/last-descriptors-are-her-own", test_own_descriptors);
  g_test_add_func ("/listener/stop/adopted-socket-keeps-them-for-the-next", test_adopted);
  g_test_add_func ("/listener/unix/a-user-with-bounded-room", test_unix);
  g_test_add_func ("/listener/stop/nobody-waits-for-what-was-sent-by-who-waits", test_descriptors);
  g_test_add_func ("/listener/stop/nor-when-it-is-an-adopted-one", test_adopted_descriptors);
  g_test_add_func ("/listener/slow/the-loop-turns-in-between", test_slow);

  return g_test_run ();
}
