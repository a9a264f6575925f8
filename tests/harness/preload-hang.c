/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A library between the daemon and the C library. SIGUSR1 turns off, and on again, what QUEEN_HANG
 * names: `poll`, and the main loop does not come back from waiting; `accept4`, and nobody is let in
 * while everything else goes on; `accept4-ipv6`, and nobody is by IPv6; `fsync`, and the disk takes
 * nothing; `log`, and the disk of the file that is stderr takes nothing; `setlocale`, which hangs
 * from the beginning, early in main(). Each time it says so on stderr. */

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *what = "";
static volatile sig_atomic_t is_hanging;

static void
on_signal (int number)
{
  static const char off[] = "hang: off\n";
  static const char on[] = "hang: on\n";

  is_hanging = !is_hanging;
  syscall (SYS_write, 2, is_hanging ? on : off, is_hanging ? sizeof on - 1 : sizeof off - 1);
}

__attribute__ ((constructor)) static void
start (void)
{
  if (getenv ("QUEEN_HANG") == NULL)
    return;
  what = getenv ("QUEEN_HANG");
  signal (SIGUSR1, on_signal);
}

/* The locale stays C, as it is for all tests. */
char *
setlocale (int category, const char *locale)
{
  if (strcmp (what, "setlocale") == 0 && locale != NULL)
    {
      on_signal (SIGUSR1);
      while (is_hanging)
        usleep (1000);
    }
  return NULL;
}

static void
hang_in_poll (void)
{
  while (is_hanging && strcmp (what, "poll") == 0 && getpid () == gettid ())
    usleep (1000); /* and not pause (), as the signal may come just before it */
}

/* Also afterwards: where another thread got the signal, the main loop was in there already. */
int
poll (struct pollfd *fds, nfds_t n_fds, int timeout)
{
  int n, reason;

  hang_in_poll ();
  n = (int) syscall (SYS_poll, fds, n_fds, timeout);
  reason = errno;
  hang_in_poll ();
  errno = reason;
  return n;
}

int
fsync (int fd)
{
  while (is_hanging && strcmp (what, "fsync") == 0)
    usleep (1000);
  return (int) syscall (SYS_fsync, fd);
}

ssize_t
write (int fd, const void *bytes, size_t length)
{
  while (is_hanging && fd == 2 && strcmp (what, "log") == 0)
    usleep (1000);
  return syscall (SYS_write, fd, bytes, length);
}

static int
is_ipv6 (int fd)
{
  int domain = AF_UNSPEC;
  socklen_t length = sizeof domain;

  getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
  return domain == AF_INET6;
}

int
accept4 (int fd, struct sockaddr *address, socklen_t *length, int flags)
{
  if (is_hanging &&
      (strcmp (what, "accept4") == 0 || (strcmp (what, "accept4-ipv6") == 0 && is_ipv6 (fd))))
    return errno = EAGAIN, -1;
  return (int) syscall (SYS_accept4, fd, address, length, flags);
}
