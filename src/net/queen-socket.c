/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

gssize
queen_socket_read (QueenSocket *self, void *buffer, gsize size)
{
  if (self->tls)
    return queen_tls_session_read (self->tls, buffer, size);
  return recv (self->fd, buffer, size, MSG_DONTWAIT);
}

gboolean
queen_socket_has_input (const QueenSocket *self)
{
  int n_bytes;

  return ioctl (self->fd, FIONREAD, &n_bytes) == 0 && n_bytes > 0;
}

void
queen_socket_renew (QueenSocket *self)
{
  if (self->tls)
    queen_tls_session_renew (self->tls);
}

gssize
queen_socket_write (QueenSocket *self, const struct iovec *vectors, guint n_vectors)
{
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = n_vectors };
  gssize written;

  if (self->tls)
    return queen_tls_session_write (self->tls, vectors, n_vectors);
  do
    written = n_vectors == 1 ? send (self->fd, vectors->iov_base, vectors->iov_len,
                                     MSG_NOSIGNAL | MSG_DONTWAIT)
                             : sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (written < 0 && errno == EINTR);
  return written;
}

gboolean
queen_socket_is_full (const QueenSocket *self)
{
  return !self->tls || queen_tls_session_has_unsent (self->tls);
}

int
queen_socket_flush (QueenSocket *self)
{
  return self->tls ? queen_tls_session_flush (self->tls) : 0;
}

int
queen_socket_finish (QueenSocket *self)
{
  return self->tls ? queen_tls_session_finish (self->tls) : 0;
}

gssize
queen_socket_drain (QueenSocket *self, void *buffer, gsize size)
{
  return recv (self->fd, buffer, size, MSG_DONTWAIT);
}

gsize
queen_socket_get_n_queued (const QueenSocket *self)
{
  int n_bytes;

  return ioctl (self->fd, SIOCOUTQ, &n_bytes) == 0 ? (gsize) n_bytes : 0;
}

void
queen_socket_end_reading (QueenSocket *self)
{
  if (self->tls)
    queen_tls_session_end_reading (self->tls);
}

QueenSocket
queen_socket_steal (QueenSocket *self)
{
  QueenSocket stolen = *self;

  self->fd = -1;
  self->tls = NULL;
  return stolen;
}

void
queen_socket_close (QueenSocket *self)
{
  if (self->tls)
    queen_tls_session_free (g_steal_pointer (&self->tls)); /* and with it the descriptor */
  else if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}
