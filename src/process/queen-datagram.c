/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-datagram.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _QueenDatagram
{
  int fd;
  struct sockaddr_un address;
  socklen_t length; /* of the address */
};

QueenDatagram *
queen_datagram_new (const char *address)
{
  gsize length = strlen (address);
  QueenDatagram *self;

  if ((*address != '/' && *address != '@') || length < 2 || length >= sizeof self->address.sun_path)
    return NULL;

  self = g_new0 (QueenDatagram, 1);
  self->address.sun_family = AF_UNIX;
  memcpy (self->address.sun_path, address, length);
  self->length = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length);
  if (*address == '@')
    self->address.sun_path[0] = '\0';
  else
    self->length++; /* a path ends with its NUL, a name does not */
  self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return self;
}

void
queen_datagram_free (QueenDatagram *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

/* The address is named each time: a connection would end with the service's own socket, and would
 * not come back with it. */
int
queen_datagram_send (QueenDatagram *self, const char *bytes, gsize length)
{
  gssize n = TEMP_FAILURE_RETRY (sendto (self->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL,
                                         (struct sockaddr *) &self->address, self->length));

  return n >= 0 ? 0 : errno;
}
