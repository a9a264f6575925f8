/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls.h"

#include "loop/queen-alarm.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define HEADER_SIZE 5  /* bytes, of a record: RFC 8446 § 5.1 */
#define HANDSHAKE 22   /* the type of a record */
#define CLIENT_HELLO 1 /* the type of a handshake's message: RFC 8446 § 4 */
#define DATES_INTERVAL (G_TIME_SPAN_HOUR)
#define WARNING_INTERVAL (G_TIME_SPAN_DAY)

struct _QueenTls
{
  GObject parent_instance;

  char *certificate_file;
  char *key_file;
  const QueenClock *clock;

  QueenCertificate *certificate;
  gnutls_datum_t ticket_key; /* GnuTLS makes another one of it every few hours */

  QueenAlarm *dates_alarm;
  gint64 next_warning; /* µs, monotonic: not before that */
};

G_DEFINE_FINAL_TYPE (QueenTls, queen_tls, G_TYPE_OBJECT)

QueenTlsHello
queen_tls_peek_hello (int fd)
{
  guint8 header[HEADER_SIZE + 1];
  gssize n_bytes = recv (fd, header, sizeof header, MSG_PEEK | MSG_DONTWAIT);
  gsize length;
  int n_waiting;

  if (n_bytes < 0 && (errno == EAGAIN || errno == EINTR))
    return QUEEN_TLS_HELLO_PART;
  if (n_bytes <= 0)
    return QUEEN_TLS_HELLO_NONE;
  if (g_ascii_isupper (header[0]))
    return QUEEN_TLS_HELLO_PLAIN;
  if (header[0] != HANDSHAKE || (n_bytes > 1 && header[1] != 3) ||
      (n_bytes > HEADER_SIZE && header[HEADER_SIZE] != CLIENT_HELLO))
    return QUEEN_TLS_HELLO_NONE;
  if (n_bytes < HEADER_SIZE)
    return QUEEN_TLS_HELLO_PART;
  length = (gsize) header[3] << 8 | header[4];
  if (length > QUEEN_TLS_MAX_RECORD)
    return QUEEN_TLS_HELLO_NONE;
  return n_bytes > HEADER_SIZE && ioctl (fd, FIONREAD, &n_waiting) == 0 &&
                 (gsize) n_waiting >= HEADER_SIZE + length
             ? QUEEN_TLS_HELLO_WHOLE
             : QUEEN_TLS_HELLO_PART;
}

QueenTlsSession *
queen_tls_accept (QueenTls *self, int fd)
{
  return queen_tls_session_new (fd, self->certificate, &self->ticket_key);
}

void
queen_tls_check_dates (QueenTls *self)
{
  gint64 now = self->clock->get_monotonic ();
  g_autofree char *warning = NULL;

  queen_alarm_set (self->dates_alarm, now + DATES_INTERVAL);
  if (now < self->next_warning)
    return;
  warning =
      queen_certificate_dup_warning (self->certificate, self->clock->get_wall () / 1000000000);
  if (!warning)
    return;
  g_warning ("the certificate in %s %s", self->certificate_file, warning);
  self->next_warning = now + WARNING_INTERVAL;
}

static void
clear_ticket_key (QueenTls *self)
{
  gnutls_memset (self->ticket_key.data, 0, self->ticket_key.size);
  gnutls_free (self->ticket_key.data);
  self->ticket_key = (gnutls_datum_t){ NULL, 0 };
}

QueenCertificate *
queen_tls_read (QueenTls *self, GError **error)
{
  return queen_certificate_load (self->certificate_file, self->key_file, error);
}

gboolean
queen_tls_take (QueenTls *self, QueenCertificate *certificate)
{
  gboolean has_changed =
      !self->certificate || !queen_certificate_equal (certificate, self->certificate);

  g_clear_pointer (&self->certificate, queen_certificate_unref);
  self->certificate = certificate;

  clear_ticket_key (self);
  if (gnutls_session_ticket_key_generate (&self->ticket_key) < 0)
    g_error ("no memory for TLS");
  self->next_warning = G_MININT64;
  queen_tls_check_dates (self);
  return has_changed;
}

static void
queen_tls_finalize (GObject *object)
{
  QueenTls *self = QUEEN_TLS (object);

  g_clear_pointer (&self->dates_alarm, queen_alarm_free);
  g_clear_pointer (&self->certificate, queen_certificate_unref);
  clear_ticket_key (self);
  g_free (self->certificate_file);
  g_free (self->key_file);

  G_OBJECT_CLASS (queen_tls_parent_class)->finalize (object);
}

static void
queen_tls_class_init (QueenTlsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_tls_finalize;
}

static void
on_dates_due (gpointer data)
{
  queen_tls_check_dates (data);
}

static void
queen_tls_init (QueenTls *self)
{
}

QueenTls *
queen_tls_new (const char *certificate_file,
               const char *key_file,
               const QueenClock *clock,
               GError **error)
{
  g_autoptr (QueenTls) self = g_object_new (QUEEN_TYPE_TLS, NULL);
  QueenCertificate *certificate;

  self->certificate_file = g_strdup (certificate_file);
  self->key_file = g_strdup (key_file);
  self->clock = clock;
  self->dates_alarm =
      queen_alarm_new (clock, "certificate dates", G_PRIORITY_DEFAULT, on_dates_due, self);
  certificate = queen_tls_read (self, error);
  if (!certificate)
    return NULL;
  queen_tls_take (self, certificate);
  return g_steal_pointer (&self);
}
