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

/* Until others have their turn: a millisecond or less, whatever a client has chosen. */
#define MAX_BYTES_AT_ONCE (256 * 1024)
#define MAX_DEAR_BYTES_AT_ONCE (16 * 1024) /* likewise where each takes ten times as long */

/* Of a handshake: records that came with others behind them, and did not make it whole. A client
 * has three of them at the most. */
#define MAX_SPLIT_RECORDS 64

/* Bytes of records that are made before the kernel is asked to take them. A system call costs more
 * than a short record does, so who wants 512 bytes in one gets thirty of them at once. What is not
 * taken must be kept, and so is not more than a whole record is. */
#define MAX_SEALED (QUEEN_TLS_MAX_RECORD + QUEEN_TLS_MAX_OVERHEAD)

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
  gboolean is_sealing : 1; /* what GnuTLS sends now are records that are collected */
  gboolean is_dear : 1;    /* the client wants a cipher that no processor has */

  gnutls_session_t gnutls;       /* NULL when nothing is read any more */
  QueenCertificate *certificate; /* NULL likewise */

  QueenTlsSeal *seal; /* NULL as long as GnuTLS writes */
  guint8 *unsent;     /* of records that were begun */
  gsize n_unsent;     /* bytes */
};

/* Records on their way to the kernel: nothing between two calls. Sessions belong to the main loop's
 * thread, so that one for all of them does. */
static GByteArray *sealed;

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
collect_records (const giovec_t *vectors, int n_vectors)
{
  guint n_before = sealed->len;

  for (int i = 0; i < n_vectors; i++)
    g_byte_array_append (sealed, vectors[i].iov_base, (guint) vectors[i].iov_len);
  return sealed->len - n_before;
}

static gssize
push (gnutls_transport_ptr_t data, const giovec_t *vectors, int n_vectors)
{
  QueenTlsSession *self = data;
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = (gsize) n_vectors };

  if (self->is_sealing)
    return collect_records (vectors, n_vectors);
  if (queen_tls_session_flush (self) < 0) /* an alert, say, is behind that */
    return -1;
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
  if (!sealed)
    sealed = g_byte_array_sized_new (MAX_SEALED);
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
      self->is_dear = gnutls_cipher_get (self->gnutls) == GNUTLS_CIPHER_CHACHA20_POLY1305;
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

/* Writing */

int
queen_tls_session_flush (QueenTlsSession *self)
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

/* What the kernel does not take is kept: the records have their numbers, and so cannot be made
 * again. */
static int
send_sealed (QueenTlsSession *self)
{
  gsize length = sealed->len;
  gssize n_bytes;

  if (length == 0)
    {
      errno = EPIPE;
      return -1;
    }
  do
    n_bytes = send (self->fd, sealed->data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n_bytes < 0 && errno == EINTR);
  g_byte_array_set_size (sealed, 0);
  if (n_bytes < 0 && errno != EAGAIN && errno != ENOBUFS)
    return -1;
  self->n_unsent = length - (gsize) MAX (n_bytes, 0);
  self->unsent = g_memdup2 (sealed->data + length - self->n_unsent, self->n_unsent);
  return 0;
}

static gboolean
seal_by_gnutls (QueenTlsSession *self, guint8 *content, gsize length)
{
  gssize code;

  self->is_sealing = TRUE;
  code = gnutls_record_send (self->gnutls, content, length);
  self->is_sealing = FALSE;
  return code == (gssize) length;
}

static gboolean
seal_by_key (QueenTlsSession *self, guint8 *content, gsize length)
{
  guint n_before = sealed->len;
  gsize n_bytes;

  g_byte_array_set_size (sealed, n_before + (guint) length + QUEEN_TLS_MAX_OVERHEAD);
  n_bytes = queen_tls_seal_data (self->seal, content, length, sealed->data + n_before);
  g_byte_array_set_size (sealed, n_before + (guint) n_bytes);
  return n_bytes > 0;
}

/* In records that the client takes; @content: with room for one byte more */
static int
send_content (QueenTlsSession *self, guint8 *content, gsize length)
{
  gsize n_sealed = 0;
  gsize n_bytes;

  for (; n_sealed < length; n_sealed += n_bytes)
    {
      n_bytes = MIN (length - n_sealed, self->max_content);
      if (!(self->seal ? seal_by_key : seal_by_gnutls) (self, content + n_sealed, n_bytes))
        break;
    }
  if (send_sealed (self) < 0)
    return -1;
  if (n_sealed == length)
    return 0;
  errno = EPIPE; /* the key is worn */
  return -1;
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
  return self->n_unsent > 0;
}

gssize
queen_tls_session_write (QueenTlsSession *self, const struct iovec *vectors, guint n_vectors)
{
  static guint8 content[QUEEN_TLS_MAX_RECORD + 1]; /* one byte more: the seal's */
  gsize size = MAX_SEALED / (self->max_content + QUEEN_TLS_MAX_OVERHEAD) * self->max_content;
  const gsize most = self->is_dear ? MAX_DEAR_BYTES_AT_ONCE : MAX_BYTES_AT_ONCE;
  gsize n_written = 0;
  gsize length;

  if (queen_tls_session_flush (self) < 0)
    return -1;
  while (self->n_unsent == 0 && (length = gather_content (vectors, n_vectors, n_written, content,
                                                          MIN (size, most - n_written))) > 0)
    {
      if (send_content (self, content, length) < 0)
        return -1;
      n_written += length;
    }
  return (gssize) n_written;
}

static int
finish_by_key (QueenTlsSession *self)
{
  guint8 record[QUEEN_TLS_MAX_OVERHEAD + 2];
  gsize length = queen_tls_seal_end (self->seal, record);

  g_byte_array_append (sealed, record, (guint) length);
  return send_sealed (self) < 0 ? -1 : queen_tls_session_flush (self);
}

int
queen_tls_session_finish (QueenTlsSession *self)
{
  int code;

  if (queen_tls_session_flush (self) < 0)
    return -1;
  if (self->is_finished)
    return 0;
  if (self->seal)
    {
      self->is_finished = TRUE;
      return finish_by_key (self); /* what is left of it is flushed next time */
    }
  code = gnutls_bye (self->gnutls, GNUTLS_SHUT_WR);
  self->is_finished = code == GNUTLS_E_SUCCESS;
  errno = code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED ? EAGAIN : EPIPE;
  return self->is_finished ? 0 : -1;
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
