/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Who holds the other end of a connection. What belongs to another user is made by root alone, who
 * may be anybody for a moment. */

#include "net/queen-socket-users.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define OTHER_USER 54321 /* somebody who need not exist */

typedef struct
{
  QueenSocketUsers *users;
  int listener;
  struct sockaddr_storage address; /* at which it listens */
  socklen_t length;
  int client;
  int accepted; /* the end that is asked about */
} Fixture;

static void
listen_at (Fixture *f, const char *text)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, 0);

  f->length = (socklen_t) g_socket_address_get_native_size (address);
  g_assert_true (g_socket_address_to_native (address, &f->address, sizeof f->address, NULL));
  f->listener = socket (f->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (bind (f->listener, (struct sockaddr *) &f->address, f->length));
  g_assert_no_errno (listen (f->listener, 5));
  g_assert_no_errno (getsockname (f->listener, (struct sockaddr *) &f->address, &f->length));
}

static void
connect_to (Fixture *f, const struct sockaddr_storage *target, socklen_t length)
{
  f->client = socket (target->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (connect (f->client, (const struct sockaddr *) target, length));
  f->accepted = accept4 (f->listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (f->accepted, >=, 0);
}

/* A socket is its maker's. */
static void
connect_as (Fixture *f, uid_t user)
{
  g_assert_no_errno (seteuid (user));
  connect_to (f, &f->address, f->length);
  g_assert_no_errno (seteuid (0));
}

static gboolean
skip_unless_root (void)
{
  if (geteuid () == 0)
    return FALSE;
  g_test_skip ("only root can be another user");
  return TRUE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->users = queen_socket_users_new ();
  f->listener = f->client = f->accepted = -1;
}

static void
close_one (int *fd)
{
  if (*fd >= 0)
    close (g_steal_fd (fd));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_socket_users_free (f->users);
  close_one (&f->client);
  close_one (&f->accepted);
  close_one (&f->listener);
}

static void
assert_user (Fixture *f, uid_t expected)
{
  uid_t user = (uid_t) -1;

  g_assert_true (queen_socket_users_lookup (f->users, f->accepted, &user));
  g_assert_cmpuint (user, ==, expected);
}

static void
assert_unknown (Fixture *f)
{
  uid_t user;

  g_assert_false (queen_socket_users_lookup (f->users, f->accepted, &user));
}

static void
test_own (Fixture *f, gconstpointer address)
{
  listen_at (f, address);
  connect_to (f, &f->address, f->length);
  assert_user (f, geteuid ());
  for (int i = 0; i < 100; i++) /* each answer is that to its own question */
    assert_user (f, geteuid ());
}

/* A socket of IPv6 speaks IPv4, at either end, as Java's and Go's do. */
static void
test_mapped (Fixture *f, gconstpointer data)
{
  gboolean is_client = GPOINTER_TO_INT (data);
  struct sockaddr_in6 target = { .sin6_family = AF_INET6 };
  struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  struct sockaddr_storage native = { 0 };

  listen_at (f, is_client ? "127.0.0.1" : "::");
  ipv4.sin_port = target.sin6_port = ((struct sockaddr_in *) &f->address)->sin_port;
  inet_pton (AF_INET6, "::ffff:127.0.0.1", &target.sin6_addr);
  if (is_client)
    memcpy (&native, &target, sizeof target);
  else
    memcpy (&native, &ipv4, sizeof ipv4);
  connect_to (f, &native, is_client ? sizeof target : sizeof ipv4);
  assert_user (f, geteuid ());
}

static void
test_unix (Fixture *f, gconstpointer data)
{
  int ends[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  f->client = ends[0];
  f->accepted = ends[1];
  assert_user (f, geteuid ());
}

static void
test_other (Fixture *f, gconstpointer address)
{
  if (skip_unless_root ())
    return;
  listen_at (f, address);
  connect_as (f, OTHER_USER);
  assert_user (f, OTHER_USER);
  g_assert_no_errno (
      shutdown (f->client, SHUT_WR)); /* it has said what it wants, and still listens */
  assert_user (f, OTHER_USER);
}

/* The kernel says that what nobody holds any longer is root's. */
static void
test_closed (Fixture *f, gconstpointer address)
{
  if (skip_unless_root ())
    return;
  listen_at (f, address);
  connect_as (f, OTHER_USER);
  g_assert_cmpint (send (f->client, "x", 1, 0), ==, 1);
  close_one (&f->client);
  assert_unknown (f);
}

/* What it has sent may still be there to be read, while its address and port are free for others.
 */
static void
test_reset (Fixture *f, gconstpointer address)
{
  const struct linger at_once = { 1, 0 };
  /* Nobody else comes from here, and so nobody takes the port meanwhile. */
  struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = { htonl (0x7f4d4d4d) } };
  socklen_t length = sizeof local;
  int yes = 1;
  int other;

  listen_at (f, address);
  f->client = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (bind (f->client, (struct sockaddr *) &local, length));
  g_assert_no_errno (connect (f->client, (struct sockaddr *) &f->address, f->length));
  g_assert_no_errno (getsockname (f->client, (struct sockaddr *) &local, &length));
  f->accepted = accept4 (f->listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_no_errno (setsockopt (f->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
  close_one (&f->client);
  assert_unknown (f);

  other = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (other, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  g_assert_no_errno (bind (other, (struct sockaddr *) &local, length));
  g_assert_no_errno (listen (other, 1));
  assert_unknown (f);
  close (other);

  other = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (other, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  g_assert_no_errno (bind (other, (struct sockaddr *) &local, length));
  g_assert_no_errno (connect (other, (struct sockaddr *) &f->address, f->length));
  assert_unknown (f); /* that one is waiting in the backlog */
  close (other);
}

/* "Nobody" is what the kernel says of all whom it cannot name here. */
static void
test_nobody (Fixture *f, gconstpointer address)
{
  if (skip_unless_root ())
    return;
  listen_at (f, address);
  connect_as (f, 65534);
  assert_unknown (f);
}

static void
test_forbidden (void)
{
  if (g_test_subprocess ())
    {
      struct rlimit limit;
      Fixture f;

      g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
      limit.rlim_cur = 0; /* no socket may be had, as in a sandbox without AF_NETLINK */
      g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
      set_up (&f, NULL);
      limit.rlim_cur = limit.rlim_max;
      g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
      listen_at (&f, "127.0.0.1");
      connect_to (&f, &f.address, f.length);
      assert_unknown (&f);
      assert_unknown (&f);
      close_one (&f.client);
      close_one (&f.accepted);
      test_unix (&f, NULL);
      tear_down (&f, NULL);
      exit (EXIT_SUCCESS);
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_stderr_unmatched ("*found out*found out*");
  g_test_trap_assert_stderr ("*which user connects by TCP cannot be found out*");
}

static void
add (const char *name, gconstpointer data, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (name, Fixture, data, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("G_DEBUG", "", TRUE); /* a warning is what one of them is about */

  add ("/socket-users/own/ipv4", "127.0.0.1", test_own);
  add ("/socket-users/own/ipv6", "::1", test_own);
  add ("/socket-users/own/ipv4-by-a-socket-of-ipv6-here", GINT_TO_POINTER (FALSE), test_mapped);
  add ("/socket-users/own/ipv4-by-a-socket-of-ipv6-there", GINT_TO_POINTER (TRUE), test_mapped);
  add ("/socket-users/own/unix", NULL, test_unix);
  add ("/socket-users/other/ipv4", "127.0.0.1", test_other);
  add ("/socket-users/other/ipv6", "::1", test_other);
  add ("/socket-users/unknown/closed-is-not-root-ipv4", "127.0.0.1", test_closed);
  add ("/socket-users/unknown/closed-is-not-root-ipv6", "::1", test_closed);
  add ("/socket-users/unknown/reset-is-nobody-who-came-later", "127.0.0.1", test_reset);
  add ("/socket-users/unknown/nobody-is-no-name", "127.0.0.1", test_nobody);
  g_test_add_func ("/socket-users/unknown/said-once-when-it-cannot-be-asked", test_forbidden);

  return g_test_run ();
}
