/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Where queenctl looks for the queen of this machine. It takes her usual port, so it runs alone. */

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queenctl-fixture.h"
#include "tls-queen.h"

#define LOCAL_PORT 8500

static gboolean
is_port_free (void)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (LOCAL_PORT) };
  gboolean is_free;

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  is_free = bind (fd, (struct sockaddr *) &address, sizeof address) == 0;
  close (fd);
  if (!is_free)
    g_test_skip ("somebody serves on port 8500 here");
  return is_free;
}

/* D3: the second terminal, where there is no bus, or another one. */
static void
test_asked (Fixture *f, gconstpointer data)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  if (!is_port_free ())
    return;
  g_clear_pointer (&f->queen, queen_process_stop);
  bus_client_wait_for_queen (f->client, FALSE);
  g_assert_cmpint (ctl_run ("status", &out, &err), ==, 3);
  g_assert_nonnull (strstr (err, "the session bus: she is not on it"));
  g_assert_nonnull (strstr (err, "the system bus: Could not connect"));
  g_assert_nonnull (strstr (err, "http://localhost:8500: Could not connect"));

  /* One who is not on a bus. */
  f->queen = queen_process_start ("--port=8500", NULL);
  ctl_expect ("status", "0 online");
  ctl_expect ("report worker w ready", "ready");
  ctl_expect ("list -o name", "w");
  ctl_refuse ("--bus=session status", 3, "the session bus: she is not on it");
}

/* D3: one who is there, but not to be asked like that. Nobody is told to start another one. */
static void
test_unanswered (void)
{
  static const char *const lines[] = { "status", "list", "watch", "wait w",
                                       "report worker w ready" };
  const char *options[] = { "--port=8500", NULL };
  g_autoptr (TlsQueen) queen = NULL;

  if (!is_port_free ())
    return;
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
  queen = tls_queen_start_as (tls_identity_new ("first"), NULL, options);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    ctl_refuse (lines[i], 3,
                "queenctl: The queen at http://localhost:8500 speaks TLS. "
                "Ask her with “--url https://localhost:8500”, and with “--ca-file FILE”");
  queen_process_signal (queen->process, SIGSTOP);
  ctl_refuse ("status", 3, "queenctl: No answer at http://localhost:8500 in time.");
  queen_process_signal (queen->process, SIGCONT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/queenctl-local/asked/the-buses-then-here", Fixture, NULL, set_up, test_asked,
              tear_down);
  g_test_add_func ("/queenctl-local/asked/who-is-there-is-not-to-be-started", test_unanswered);

  return g_test_run ();
}
