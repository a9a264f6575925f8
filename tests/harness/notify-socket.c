/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "notify-socket.h"

#include "queen-process.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _NotifySocket
{
  int fd;
  char *variable;
};

NotifySocket *
notify_socket_new (void)
{
  NotifySocket *self = g_new0 (NotifySocket, 1);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  socklen_t length = sizeof address;

  /* Without a path the kernel finds a name that is free, and forgets it with the socket. */
  self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_cmpint (bind (self->fd, (struct sockaddr *) &address, sizeof address.sun_family), ==, 0);
  g_assert_cmpint (getsockname (self->fd, (struct sockaddr *) &address, &length), ==, 0);
  length -= offsetof (struct sockaddr_un, sun_path) + 1;
  self->variable = g_strdup_printf ("NOTIFY_SOCKET=@%.*s", (int) length, address.sun_path + 1);
  return self;
}

void
notify_socket_free (NotifySocket *self)
{
  close (self->fd);
  g_free (self->variable);
  g_free (self);
}

const char *
notify_socket_get_variable (NotifySocket *self)
{
  return self->variable;
}

char *
notify_socket_read (NotifySocket *self, int timeout_msec)
{
  struct pollfd polled = { self->fd, POLLIN, 0 };
  char buffer[4096];
  gssize n_bytes;

  if (poll (&polled, 1, timeout_msec) != 1)
    return NULL;
  n_bytes = recv (self->fd, buffer, sizeof buffer, 0);
  g_assert_cmpint (n_bytes, >, 0);
  return g_strndup (buffer, n_bytes);
}

char *
notify_socket_wait_for (NotifySocket *self, const char *line)
{
  while (TRUE)
    {
      g_autofree char *message = notify_socket_read (self, queen_test_get_deadline ());
      g_auto (GStrv) lines = NULL;

      if (message == NULL)
        g_error ("the daemon did not say %s", line);
      lines = g_strsplit (message, "\n", -1);
      if (g_strv_contains ((const char *const *) lines, line))
        return g_steal_pointer (&message);
    }
}

void
notify_socket_fill (NotifySocket *self)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (getsockname (self->fd, (struct sockaddr *) &address, &length), ==, 0);
  while (sendto (fd, "#", 1, MSG_DONTWAIT, (struct sockaddr *) &address, length) == 1)
    ;
  g_assert_cmpint (errno, ==, EAGAIN);
  close (fd);
}
