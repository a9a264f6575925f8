/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-closer.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#define MAX_FAR_PIECE 16384      /* bytes: networks have up to 9000, the loopback interface 65483 */
#define MAX_PIECE 16384          /* bytes */
#define MAX_PIECE_VECTORS 256    /* as many as a flush has */
#define MAX_DRAINED (256 * 1024) /* bytes of one that is refused */

/* Reads nothing that came with descriptors: they would be closed in that very call. To look at it
 * does not end them, and tells of them. What is behind that is not read either, so that none is
 * with it. */
static gssize
read_unix (int fd, void *buffer, gsize size)
{
  struct iovec vector = { buffer, size };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  gssize n_bytes = recvmsg (fd, &message, MSG_DONTWAIT | MSG_PEEK);

  if (n_bytes > 0 && message.msg_flags & MSG_CTRUNC)
    {
      errno = EPROTO;
      return -1;
    }
  return n_bytes > 0 ? recv (fd, buffer, (gsize) n_bytes, MSG_DONTWAIT) : n_bytes;
}

gssize
queen_socket_read (QueenSocket *self, void *buffer, gsize size)
{
  if (self->tls)
    return queen_tls_session_read (self->tls, buffer, size);
  return queen_socket_drain (self, buffer, size);
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

static gssize
send_vectors (int fd, const struct iovec *vectors, guint n_vectors)
{
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = n_vectors };
  gssize written;

  do
    written = n_vectors == 1
                  ? send (fd, vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                  : sendmsg (fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (written < 0 && errno == EINTR);
  return written;
}

/* Where in what is to be written. */
typedef struct
{
  const struct iovec *vectors;
  guint n_vectors;
  gsize offset; /* in the first of them */
} Rest;

/* Returns: the bytes of the next piece, which is no more in @rest */
static gsize
cut_piece (Rest *rest, struct iovec piece[MAX_PIECE_VECTORS], guint *n_vectors)
{
  gsize size = 0;

  for (*n_vectors = 0; rest->n_vectors > 0 && *n_vectors < MAX_PIECE_VECTORS && size < MAX_PIECE;)
    {
      gsize n_bytes = MIN (rest->vectors->iov_len - rest->offset, MAX_PIECE - size);

      piece[(*n_vectors)++] =
          (struct iovec){ (char *) rest->vectors->iov_base + rest->offset, n_bytes };
      size += n_bytes;
      rest->offset += n_bytes;
      if (rest->offset < rest->vectors->iov_len)
        break;
      rest->vectors++;
      rest->n_vectors--;
      rest->offset = 0;
    }
  return size;
}

/* Of what goes through a Unix socket in one piece the kernel does not tell how much has been taken
 * until all of it has; so nobody who reads slowly gets a large one. */
static gssize
send_pieces (int fd, const struct iovec *vectors, guint n_vectors)
{
  Rest rest = { vectors, n_vectors, 0 };
  gssize total = 0;

  while (rest.n_vectors > 0)
    {
      struct iovec piece[MAX_PIECE_VECTORS];
      guint n_pieces;
      gsize size = cut_piece (&rest, piece, &n_pieces);
      gssize written = send_vectors (fd, piece, n_pieces);

      if (written < 0)
        return total > 0 ? total : -1;
      total += written;
      if ((gsize) written < size)
        break;
    }
  return total;
}

static gboolean
is_one_piece (const struct iovec *vectors, guint n_vectors)
{
  gsize size = 0;

  for (guint i = 0; i < n_vectors; i++)
    size += vectors[i].iov_len;
  return size <= MAX_PIECE;
}

gssize
queen_socket_write (QueenSocket *self, const struct iovec *vectors, guint n_vectors)
{
  if (self->tls)
    return queen_tls_session_write (self->tls, vectors, n_vectors);
  if (self->is_unix && !is_one_piece (vectors, n_vectors))
    return send_pieces (self->fd, vectors, n_vectors);
  return send_vectors (self->fd, vectors, n_vectors);
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
  if (self->is_unix)
    return read_unix (self->fd, buffer, size);
  return recv (self->fd, buffer, size, MSG_DONTWAIT);
}

gsize
queen_socket_get_n_queued (const QueenSocket *self)
{
  int n_bytes;

  return ioctl (self->fd, SIOCOUTQ, &n_bytes) == 0 ? (gsize) n_bytes : 0;
}

void
queen_socket_set_time_to_take (const QueenSocket *self, int msec)
{
  if (!self->is_unix)
    setsockopt (self->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &msec, sizeof msec);
}

void
queen_socket_set_window (const QueenSocket *self, int n_bytes)
{
  if (self->is_far)
    setsockopt (self->fd, SOL_SOCKET, SO_SNDBUF, &n_bytes, sizeof n_bytes);
}

void
queen_socket_meet (QueenSocket *self)
{
  int piece = 0;

  if (self->is_unix ||
      getsockopt (self->fd, IPPROTO_TCP, TCP_MAXSEG, &piece, &(socklen_t){ sizeof piece }) < 0)
    return;
  self->is_far = piece <= MAX_FAR_PIECE;
  queen_socket_set_window (self, QUEEN_SOCKET_USUAL_WINDOW);
}

void
queen_socket_end_reading (QueenSocket *self)
{
  if (self->tls)
    queen_tls_session_end_reading (self->tls);
}

gboolean
queen_socket_is_large (const QueenSocket *self)
{
  return self->tls && queen_tls_session_is_read (self->tls);
}

QueenSocket
queen_socket_steal (QueenSocket *self)
{
  QueenSocket stolen = *self;

  self->fd = -1;
  self->tls = NULL;
  return stolen;
}

/* What has not been read may have come with descriptors, which are closed with it. */
static void
close_unix (const QueenSocket *self)
{
  struct ucred user = { .uid = (uid_t) -1 };

  shutdown (self->fd, SHUT_RDWR); /* nothing more comes */
  if (!queen_socket_has_input (self))
    {
      close (self->fd);
      return;
    }
  getsockopt (self->fd, SOL_SOCKET, SO_PEERCRED, &user, &(socklen_t){ sizeof user });
  queen_closer_close_of_user (self->fd, user.uid);
}

void
queen_socket_close (QueenSocket *self)
{
  if (self->tls)
    queen_tls_session_free (g_steal_pointer (&self->tls)); /* and with it the descriptor */
  else if (self->fd >= 0 && self->is_unix)
    close_unix (self);
  else if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/* RFC 9112 § 9.6: closing with unread data would reset the connection under the refusal. What comes
 * later does; there is no descriptor to wait for it. */
static void
drain_refused (QueenSocket *self)
{
  char input[4096];

  if (!self->is_unix)
    recv (self->fd, NULL, MAX_DRAINED, MSG_TRUNC); /* tcp(7): thrown away */
  for (gsize n = 0; self->is_unix && n < MAX_DRAINED; n += sizeof input)
    if (queen_socket_drain (self, input, sizeof input) <= 0)
      return;
}

void
queen_socket_refuse (QueenSocket *self, GBytes *refusal)
{
  send (self->fd, g_bytes_get_data (refusal, NULL), g_bytes_get_size (refusal), MSG_NOSIGNAL);
  shutdown (self->fd, SHUT_WR);
  drain_refused (self);
  queen_socket_close (self);
}

void
queen_socket_refuse_descriptors (int fd)
{
  setsockopt (fd, SOL_SOCKET, SO_PASSRIGHTS, &(int){ 0 }, sizeof (int));
  setsockopt (fd, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof (int));
}
