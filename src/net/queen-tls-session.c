/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls-session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_EMPTY_READS 32 /* records that only keep the queen busy */

/* Each record costs as much as a kilobyte does, however little is in it. A client may write a short
 * request byte by byte, and a long one in the pieces that its program makes it of; but nobody
 * writes 80 KB so. */
#define MAX_SMALL_RECORDS 1024
#define BYTES_PER_RECORD 64

/* Until others have their turn. A client may want records of 512 bytes, and whole ones are sealed
 * byte by byte: either is a millisecond or less. */
#define MAX_RECORDS_AT_ONCE 256
#define MAX_BYTES_AT_ONCE (256 * 1024)

/* Of a handshake: records that came with others behind them, and did not make it whole. A client
 * has three of them at the most. */
#define MAX_SPLIT_RECORDS 64

struct _QueenTlsSession
{
  int fd;
  guint16 max_content; /* bytes that the client takes in one record */
  guint8 n_empty_reads;
  guint8 n_split_records;
  guint n_records;         /* that were read */
  gsize n_read;            /* bytes in them */
  gboolean is_drained : 1; /* the kernel had nothing more when it was last asked */
  gboolean is_open : 1;
  gboolean is_finished : 1;
  gboolean has_unsent : 1; /* GnuTLS has a record that was begun */

  gnutls_session_t gnutls;       /* NULL when nothing is read any more */
  QueenCertificate *certificate; /* NULL likewise */

  QueenTlsSeal *seal; /* NULL as long as GnuTLS writes */
  guint8 *unsent;     /* of a record of the seal's that was begun */
  gsize n_unsent;     /* bytes */
};

/* The socket, for GnuTLS */

static gssize
pull (gnutls_transport_ptr_t data, void *buffer, gsize size)
{
  QueenTlsSession *self = data;
  gssize n_bytes = recv (self->fd, buffer, size, MSG_DONTWAIT);

  self->is_drained = n_bytes < 0 && errno == EAGAIN;
  return n_bytes;
}

static gssize
push (gnutls_transport_ptr_t data, const giovec_t *vectors, int n_vectors)
{
  QueenTlsSession *self = data;
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = (gsize) n_vectors };

  return sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

gboolean
queen_tls_session_wants_to_send (const QueenTlsSession *self)
{
  return gnutls_record_get_direction (self->gnutls) == 1;
}

/* Whether the kernel will tell when there is something to go on with. GnuTLS says "again" also when
 * it has read a record with nothing in it for us, and more are waiting. */
static gboolean
is_stuck (const QueenTlsSession *self)
{
  return self->is_drained || queen_tls_session_wants_to_send (self);
}

/* Tells the client why, as far as there are words for it. */
static int
fail_session (QueenTlsSession *self, int code)
{
  g_debug ("TLS: %s", gnutls_strerror (code));
  gnutls_alert_send_appropriate (self->gnutls, code);
  self->is_finished = TRUE;
  errno = EPROTO;
  return -1;
}

QueenTlsSession *
queen_tls_session_new (int fd, QueenCertificate *certificate, const gnutls_datum_t *ticket_key)
{
  gnutls_session_t gnutls = queen_certificate_serve (certificate);
  QueenTlsSession *self;

  if (!gnutls)
    {
      close (fd);
      return NULL;
    }
  self = g_new0 (QueenTlsSession, 1);
  self->fd = fd;
  self->gnutls = gnutls;
  self->certificate = queen_certificate_ref (certificate);
  gnutls_db_set_cache_expiration (gnutls, QUEEN_TLS_TICKET_LIFETIME);
  gnutls_session_ticket_enable_server (gnutls, ticket_key);
  gnutls_transport_set_ptr (gnutls, self);
  gnutls_transport_set_pull_function (gnutls, pull);
  gnutls_transport_set_vec_push_function (gnutls, push);
  return self;
}

/* A client may want shorter records than all others. How short, GnuTLS tells in two ways: by how it
 * would split more than that (RFC 8449), and by what it says that it reads (RFC 6066 § 4). */
static guint16
get_max_content (gnutls_session_t session)
{
  const gnutls_range_st whole = { QUEEN_TLS_MAX_RECORD, QUEEN_TLS_MAX_RECORD };
  gnutls_range_st first, rest;

  if (gnutls_range_split (session, &whole, &first, &rest) < 0)
    return 0;
  return (guint16) MIN (first.high, gnutls_record_get_max_size (session));
}

int
queen_tls_session_shake_hands (QueenTlsSession *self)
{
  int code = gnutls_handshake (self->gnutls);

  if (code == GNUTLS_E_SUCCESS)
    {
      self->is_open = TRUE;
      self->max_content = get_max_content (self->gnutls);
      return 0;
    }
  if (gnutls_error_is_fatal (code))
    return fail_session (self, code);
  if (!is_stuck (self) && ++self->n_split_records > MAX_SPLIT_RECORDS)
    return fail_session (self, GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS);
  errno = is_stuck (self) ? EAGAIN : EINTR;
  return -1;
}

/* Returns whether the session may go on: its client does not write in crumbs. */
static gboolean
count_record (QueenTlsSession *self, gsize n_bytes)
{
  self->n_records++;
  self->n_read += n_bytes;
  return self->n_records <= MAX_SMALL_RECORDS + self->n_read / BYTES_PER_RECORD;
}

gssize
queen_tls_session_read (QueenTlsSession *self, void *buffer, gsize size)
{
  gssize n_bytes;

  g_return_val_if_fail (self->gnutls, 0);

  n_bytes = gnutls_record_recv (self->gnutls, buffer, size);
  if (n_bytes > 0)
    return count_record (self, (gsize) n_bytes)
               ? n_bytes
               : fail_session (self, GNUTLS_E_TOO_MANY_EMPTY_PACKETS);
  /* HTTP says itself where a request ends. */
  if (n_bytes == 0 || n_bytes == GNUTLS_E_PREMATURE_TERMINATION)
    return 0;
  if (gnutls_error_is_fatal ((int) n_bytes) || n_bytes == GNUTLS_E_REHANDSHAKE)
    return fail_session (self, (int) n_bytes);
  if (!is_stuck (self) && ++self->n_empty_reads > MAX_EMPTY_READS)
    return fail_session (self, GNUTLS_E_TOO_MANY_EMPTY_PACKETS);
  errno = is_stuck (self) ? EAGAIN : EINTR;
  return -1;
}

void
queen_tls_session_renew (QueenTlsSession *self)
{
  self->n_records = 0;
  self->n_read = 0;
  self->n_empty_reads = 0;
}

/* Writing by GnuTLS */

static int
set_write_errno (gssize code)
{
  errno = code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED ? EAGAIN : EPIPE;
  return -1;
}

static int
flush_gnutls (QueenTlsSession *self)
{
  gssize code;

  if (!self->has_unsent)
    return 0;
  code = gnutls_record_send (self->gnutls, NULL, 0);
  if (code < 0)
    return set_write_errno (code);
  self->has_unsent = FALSE;
  return 0;
}

static int
send_by_gnutls (QueenTlsSession *self, const guint8 *content, gsize length)
{
  gssize code = gnutls_record_send (self->gnutls, content, length);

  if (code == (gssize) length)
    return 0;
  set_write_errno (code);
  self->has_unsent = errno == EAGAIN;
  return -1;
}

/* Writing by the seal */

static int
flush_seal (QueenTlsSession *self)
{
  while (self->n_unsent > 0)
    {
      gssize n_bytes = send (self->fd, self->unsent, self->n_unsent, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n_bytes < 0 && errno == EINTR)
        continue;
      if (n_bytes < 0)
        return -1;
      self->n_unsent -= (gsize) n_bytes;
      memmove (self->unsent, self->unsent + n_bytes, self->n_unsent);
    }
  g_clear_pointer (&self->unsent, g_free);
  return 0;
}

/* What the kernel does not take of @record is kept: it has its number, and so cannot be made
 * again. */
static int
send_record (QueenTlsSession *self, const guint8 *record, gsize length)
{
  gssize n_bytes;

  if (length == 0)
    {
      errno = EPIPE;
      return -1;
    }
  do
    n_bytes = send (self->fd, record, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n_bytes < 0 && errno == EINTR);
  if (n_bytes == (gssize) length)
    return 0;
  if (n_bytes < 0 && errno != EAGAIN && errno != ENOBUFS)
    return -1;
  self->n_unsent = length - (gsize) MAX (n_bytes, 0);
  self->unsent = g_memdup2 (record + length - self->n_unsent, self->n_unsent);
  errno = EAGAIN;
  return -1;
}

static int
send_by_seal (QueenTlsSession *self, guint8 *content, gsize length)
{
  static guint8 record[QUEEN_TLS_MAX_RECORD + QUEEN_TLS_MAX_OVERHEAD];

  return send_record (self, record, queen_tls_seal_data (self->seal, content, length, record));
}

static int
finish_by_seal (QueenTlsSession *self)
{
  guint8 record[QUEEN_TLS_MAX_OVERHEAD + 2];

  return send_record (self, record, queen_tls_seal_end (self->seal, record));
}

/* Writing */

int
queen_tls_session_flush (QueenTlsSession *self)
{
  return self->seal ? flush_seal (self) : flush_gnutls (self);
}

/* Returns: the bytes of @content: what follows the first @n_skipped, as far as it fits in */
static gsize
gather_content (
    const struct iovec *vectors, guint n_vectors, gsize n_skipped, guint8 *content, gsize size)
{
  gsize length = 0;

  for (; n_vectors > 0 && length < size; vectors++, n_vectors--)
    {
      gsize n_bytes;

      if (n_skipped >= vectors->iov_len)
        {
          n_skipped -= vectors->iov_len;
          continue;
        }
      n_bytes = MIN (vectors->iov_len - n_skipped, size - length);
      memcpy (content + length, (const char *) vectors->iov_base + n_skipped, n_bytes);
      length += n_bytes;
      n_skipped = 0;
    }
  return length;
}

gboolean
queen_tls_session_has_unsent (const QueenTlsSession *self)
{
  return self->has_unsent || self->n_unsent > 0;
}

gssize
queen_tls_session_write (QueenTlsSession *self, const struct iovec *vectors, guint n_vectors)
{
  /* Sessions belong to the main loop's thread. One byte more: the seal's. */
  static guint8 content[QUEEN_TLS_MAX_RECORD + 1];
  gsize most = MIN (MAX_RECORDS_AT_ONCE * self->max_content, MAX_BYTES_AT_ONCE);
  gsize n_written = 0;
  gsize length;

  if (queen_tls_session_flush (self) < 0)
    return -1;
  while (n_written < most &&
         (length = gather_content (vectors, n_vectors, n_written, content, self->max_content)) > 0)
    {
      int result = self->seal ? send_by_seal (self, content, length)
                              : send_by_gnutls (self, content, length);

      if (result < 0 && errno != EAGAIN)
        return -1;
      n_written += length;
      if (result < 0)
        break;
    }
  return (gssize) n_written;
}

int
queen_tls_session_finish (QueenTlsSession *self)
{
  gssize code;

  if (queen_tls_session_flush (self) < 0)
    return -1;
  if (self->is_finished)
    return 0;
  if (self->seal)
    {
      self->is_finished = TRUE;
      return finish_by_seal (self); /* what is left of it is flushed next time */
    }
  code = gnutls_bye (self->gnutls, GNUTLS_SHUT_WR);
  if (code < 0)
    return set_write_errno (code);
  self->is_finished = TRUE;
  return 0;
}

gboolean
queen_tls_session_is_read (const QueenTlsSession *self)
{
  return self->gnutls != NULL;
}

void
queen_tls_session_end_reading (QueenTlsSession *self)
{
  if (!self->gnutls || !self->is_open || queen_tls_session_flush (self) < 0)
    return;
  if (!self->is_finished)
    self->seal = queen_tls_seal_new (self->gnutls, QUEEN_TLS_MAX_RECORDS);
  if (!self->is_finished && !self->seal)
    return;
  g_clear_pointer (&self->gnutls, gnutls_deinit);
  g_clear_pointer (&self->certificate, queen_certificate_unref);
}

void
queen_tls_session_free (QueenTlsSession *self)
{
  if (self->is_open)
    queen_tls_session_finish (self);
  close (self->fd);
  g_clear_pointer (&self->gnutls, gnutls_deinit);
  g_clear_pointer (&self->certificate, queen_certificate_unref);
  g_clear_pointer (&self->seal, queen_tls_seal_free);
  g_free (self->unsent);
  g_free (self);
}
