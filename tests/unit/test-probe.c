/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "system/queen-probe.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51 /* since Linux 6.3 */
#endif

static int
open_listener (GPtrArray *addresses)
{
  struct sockaddr_in native = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (bind (fd, (struct sockaddr *) &native, sizeof native));
  g_assert_no_errno (listen (fd, 5));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &native, &(socklen_t){ sizeof native }));
  g_ptr_array_add (addresses, g_socket_address_new_from_native (&native, sizeof native));
  return fd;
}

static int
accept_one (int listener, struct sockaddr_storage *client)
{
  int fd;

  *client = (struct sockaddr_storage){ 0 };
  fd = accept4 (listener, (struct sockaddr *) client, &(socklen_t){ sizeof *client }, SOCK_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* Connects to @target from the address and port of @client. Returns -1 where that cannot be had. */
static int
connect_from_same (const struct sockaddr_storage *client, GSocketAddress *target)
{
  guint port = ntohs (((const struct sockaddr_in *) client)->sin_port);
  guint32 range = port << 16 | port;
  struct sockaddr_in native;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_true (g_socket_address_to_native (target, &native, sizeof native, NULL));
  if (setsockopt (fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range) == 0 &&
      connect (fd, (struct sockaddr *) &native, sizeof native) == 0)
    return fd;
  close (fd);
  return -1;
}

static void
on_answer (gpointer data)
{
}

/* Who knows the probe's port may connect from there to another port of the queen's. */
static void
test_own (void)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  int listeners[] = { open_listener (addresses), open_listener (addresses) };
  QueenProbe *probe = queen_probe_new (addresses, on_answer, NULL);
  struct sockaddr_storage client, twin;
  int accepted, other, twins;

  g_assert_true (queen_probe_send (probe, NULL));
  accepted = accept_one (listeners[0], &client);
  g_assert_true (queen_probe_is_own (probe, accepted, &client));

  other = connect_from_same (&client, addresses->pdata[1]);
  if (other < 0)
    g_test_skip ("this kernel lets nobody choose the port that it connects from");
  else
    {
      twins = accept_one (listeners[1], &twin);
      g_assert_cmpmem (&client, sizeof (struct sockaddr_in), &twin, sizeof (struct sockaddr_in));
      g_assert_false (queen_probe_is_own (probe, twins, &twin));
      close (twins);
      close (other);
    }
  close (accepted);
  queen_probe_free (probe);
  close (listeners[0]);
  close (listeners[1]);
}

/* Whoever else comes there is another process. */
static void
test_own_unix (void)
{
  g_autofree char *folder = g_dir_make_tmp ("queen-probe-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  struct sockaddr_un native = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_storage client;
  QueenProbe *probe;
  int accepted, mine;
  pid_t other;

  g_strlcpy (native.sun_path, path, sizeof native.sun_path);
  g_assert_no_errno (bind (listener, (struct sockaddr *) &native, sizeof native));
  g_assert_no_errno (listen (listener, 5));
  g_ptr_array_add (addresses, g_unix_socket_address_new (path));
  probe = queen_probe_new (addresses, on_answer, NULL);
  g_assert_true (queen_probe_send (probe, NULL));
  accepted = accept_one (listener, &client);
  g_assert_true (queen_probe_is_own (probe, accepted, &client));
  close (accepted);

  other = fork ();
  if (other == 0)
    {
      int fd = socket (AF_UNIX, SOCK_STREAM, 0);

      _exit (connect (fd, (struct sockaddr *) &native, sizeof native) == 0 ? 0 : 1);
    }
  accepted = accept_one (listener, &client);
  g_assert_false (queen_probe_is_own (probe, accepted, &client));
  g_assert_cmpint (waitpid (other, NULL, 0), ==, other);

  close (accepted);

  /* Nor is another one of hers, such as one that she has given up. */
  mine = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (connect (mine, (struct sockaddr *) &native, sizeof native));
  accepted = accept_one (listener, &client);
  g_assert_false (queen_probe_is_own (probe, accepted, &client));
  close (mine);

  g_assert_no_errno (g_unlink (path)); /* an address that she has no longer */
  g_assert_false (queen_probe_send (probe, NULL));
  queen_probe_free (probe);
  close (accepted);
  close (listener);
  g_assert_no_errno (g_rmdir (folder));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/probe/own-connection/known-by-both-ends", test_own);
  g_test_add_func ("/probe/own-connection/by-its-process-through-a-file", test_own_unix);

  return g_test_run ();
}
