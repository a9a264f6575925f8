/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-certificate.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <gnutls/x509.h>
#include <string.h>

#include "queen-error.h"
#include "queen-file.h"
#include "text/queen-legible.h"

#define MAX_HANDSHAKE 16384     /* bytes of one of its messages; a client's hello has 2 000 or so */
#define MAX_ROUNDS 10           /* of a handshake with oneself; it has three or four */
#define SOON (7 * 24 * 60 * 60) /* s before its end in which a certificate is warned of */

struct _QueenCertificate
{
  gnutls_certificate_credentials_t credentials;
  gint64 begin; /* s since 1970 */
  gint64 end;   /* s since 1970 */
};

/* What may be agreed on. Keys only by curves that take less than a millisecond: a finite field of
 * 8 192 bits, which any client could choose, takes 0.4 s. No CBC, and no exchange of keys that the
 * certificate's own key could open later. */
static gnutls_priority_t
get_priorities (void)
{
  static const char words[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
                              "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
                              "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
                              "-MAC-ALL:+AEAD:"
                              "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1";
  static gnutls_priority_t priorities;

  if (g_once_init_enter (&priorities))
    {
      gnutls_priority_t made = NULL;
      int code = gnutls_priority_init (&made, words, NULL);

      if (code < 0)
        g_error ("TLS priorities: %s", gnutls_strerror (code));
      g_once_init_leave (&priorities, made);
    }
  return priorities;
}

static gboolean
set_up (gnutls_session_t session, gnutls_certificate_credentials_t credentials)
{
  gnutls_handshake_set_max_packet_length (session, MAX_HANDSHAKE);
  return gnutls_priority_set (session, get_priorities ()) >= 0 &&
         gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials) >= 0;
}

gnutls_session_t
queen_certificate_serve (const QueenCertificate *self)
{
  static const gnutls_datum_t protocol = { (guint8 *) "http/1.1", 8 };
  gnutls_session_t session;

  if (gnutls_init (&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
    return NULL;
  /* RFC 7301 § 3.2: who speaks only something else is told so. */
  if (set_up (session, self->credentials) &&
      gnutls_alpn_set_protocols (session, &protocol, 1, GNUTLS_ALPN_MANDATORY) >= 0)
    return session;
  gnutls_deinit (session);
  return NULL;
}

/* Loading */

static const char *
describe (int code)
{
  switch (code)
    {
    case GNUTLS_E_DECRYPTION_FAILED:
      return _ ("it is protected by a password");
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
      return _ ("it has no certificate");
    case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
      return _ ("it has no private key");
    default:
      return gnutls_strerror (code);
    }
}

static gboolean
fail_with_file (GError **error, const char *file, int code)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, "%s: %s", file, describe (code));
  return FALSE;
}

/* @certificates: (out): to be freed, with what is in it */
static gboolean
read_certificates (const char *file, gnutls_x509_crt_t **certificates, guint *n, GError **error)
{
  gsize length;
  g_autofree char *text = queen_file_read (file, QUEEN_FILE_USUAL_MAX, &length, error);
  const gnutls_datum_t datum = { (guint8 *) text, (guint) length };
  int code;

  if (!text)
    {
      queen_legible_explain_value (error, file);
      return FALSE;
    }
  code = gnutls_x509_crt_list_import2 (certificates, n, &datum, GNUTLS_X509_FMT_PEM,
                                       GNUTLS_X509_CRT_LIST_SORT);
  return code >= 0 ? TRUE : fail_with_file (error, file, code);
}

/* @key: one that is empty */
static gboolean
read_key (const char *file, gnutls_x509_privkey_t key, GError **error)
{
  gsize length;
  g_autofree char *text = queen_file_read (file, QUEEN_FILE_USUAL_MAX, &length, error);
  const gnutls_datum_t datum = { (guint8 *) text, (guint) length };
  int code;

  if (!text)
    {
      queen_legible_explain_value (error, file);
      return FALSE;
    }
  code = gnutls_x509_privkey_import2 (key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
  gnutls_memset (text, 0, length);
  return code >= 0 ? TRUE : fail_with_file (error, file, code);
}

static gboolean
take_pair (QueenCertificate *self,
           gnutls_x509_crt_t *certificates,
           guint n_certificates,
           const char *key_file,
           GError **error)
{
  gnutls_x509_privkey_t key = NULL;
  int code = gnutls_x509_privkey_init (&key);
  gboolean is_good = code >= 0 && read_key (key_file, key, error);

  self->begin = gnutls_x509_crt_get_activation_time (certificates[0]);
  self->end = gnutls_x509_crt_get_expiration_time (certificates[0]);
  if (is_good)
    {
      code = gnutls_certificate_set_x509_key (self->credentials, certificates, (int) n_certificates,
                                              key);
      is_good = code >= 0 ? TRUE : fail_with_file (error, key_file, code);
    }
  gnutls_x509_privkey_deinit (key);
  return is_good;
}

static gboolean
read_pair (QueenCertificate *self,
           const char *certificate_file,
           const char *key_file,
           GError **error)
{
  gnutls_x509_crt_t *certificates;
  guint n_certificates;
  gboolean is_good;

  if (!read_certificates (certificate_file, &certificates, &n_certificates, error))
    return FALSE;
  is_good = take_pair (self, certificates, n_certificates, key_file, error);
  for (guint i = 0; i < n_certificates; i++)
    gnutls_x509_crt_deinit (certificates[i]);
  gnutls_free (certificates);
  return is_good;
}

/* The handshake with itself */

/* One end of a connection in memory. */
typedef struct _End
{
  gnutls_session_t session;
  GByteArray *received; /* what it has not read yet */
  struct _End *other;
  int code; /* of its last step */
} End;

static gssize
push_to_other (gnutls_transport_ptr_t data, const void *bytes, gsize size)
{
  End *end = data;

  g_byte_array_append (end->other->received, bytes, (guint) size);
  return (gssize) size;
}

static gssize
pull_received (gnutls_transport_ptr_t data, void *bytes, gsize size)
{
  End *end = data;
  guint n_bytes = (guint) MIN (size, end->received->len);

  if (n_bytes == 0)
    {
      errno = EAGAIN;
      return -1;
    }
  memcpy (bytes, end->received->data, n_bytes);
  g_byte_array_remove_range (end->received, 0, n_bytes);
  return n_bytes;
}

static void
end_init (End *end, gnutls_session_t session, End *other)
{
  end->session = session;
  end->received = g_byte_array_new ();
  end->other = other;
  end->code = GNUTLS_E_AGAIN;
  gnutls_transport_set_ptr (session, end);
  gnutls_transport_set_push_function (session, push_to_other);
  gnutls_transport_set_pull_function (session, pull_received);
}

static void
end_clear (End *end)
{
  gnutls_deinit (end->session);
  g_byte_array_unref (end->received);
}

/* Returns: whether it has not failed */
static gboolean
end_step (End *end)
{
  if (end->code != GNUTLS_E_SUCCESS)
    end->code = gnutls_handshake (end->session);
  return end->code == GNUTLS_E_SUCCESS || !gnutls_error_is_fatal (end->code);
}

/* Neither end waits: each takes a step in its turn, and when both have had enough of them to be
 * through and are not, they never will be. */
static gboolean
shake_hands (End *server, End *client, GError **error)
{
  for (guint round = 0; round < MAX_ROUNDS; round++)
    {
      if (!end_step (client) || !end_step (server))
        break;
      if (client->code == GNUTLS_E_SUCCESS && server->code == GNUTLS_E_SUCCESS)
        return TRUE;
    }
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("no handshake succeeds with them: %s"),
               gnutls_strerror (gnutls_error_is_fatal (client->code) ? client->code
                                                                     : server->code));
  return FALSE;
}

/* GnuTLS sees whether a key goes with a certificate, but not whether anybody can use the two. */
static gboolean
try_out (QueenCertificate *self, GError **error)
{
  gnutls_certificate_credentials_t trust; /* in anybody */
  gnutls_session_t server = queen_certificate_serve (self);
  gnutls_session_t client;
  End ends[2];
  gboolean is_good;

  if (!server || gnutls_certificate_allocate_credentials (&trust) < 0 ||
      gnutls_init (&client, GNUTLS_CLIENT | GNUTLS_NONBLOCK) < 0 || !set_up (client, trust))
    g_error ("no memory for TLS"); /* nor would GLib go on without it */
  end_init (&ends[0], server, &ends[1]);
  end_init (&ends[1], client, &ends[0]);
  is_good = shake_hands (&ends[0], &ends[1], error);
  end_clear (&ends[0]);
  end_clear (&ends[1]);
  gnutls_certificate_free_credentials (trust);
  return is_good;
}

QueenCertificate *
queen_certificate_load (const char *certificate_file, const char *key_file, GError **error)
{
  g_autoptr (QueenCertificate) self = g_rc_box_new0 (QueenCertificate);
  g_autoptr (GError) local_error = NULL;

  if (gnutls_certificate_allocate_credentials (&self->credentials) < 0)
    g_error ("no memory for TLS");
  if (read_pair (self, certificate_file, key_file, &local_error) && try_out (self, &local_error))
    return g_steal_pointer (&self);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("“%s” and “%s” are no certificate with its key: %s"), certificate_file, key_file,
               local_error->message);
  return NULL;
}

/* The object */

char *
queen_certificate_dup_warning (const QueenCertificate *self, gint64 now)
{
  g_autoptr (GDateTime) begin = g_date_time_new_from_unix_utc (self->begin);
  g_autoptr (GDateTime) end = g_date_time_new_from_unix_utc (self->end);
  g_autofree char *first = begin ? g_date_time_format_iso8601 (begin) : NULL;
  g_autofree char *last = end ? g_date_time_format_iso8601 (end) : NULL;

  if (last && self->end < now)
    return g_strdup_printf ("has ended on %s: clients refuse it", last);
  if (first && self->begin > now)
    return g_strdup_printf ("begins on %s: until then clients refuse it", first);
  if (last && self->end < now + SOON)
    return g_strdup_printf ("ends on %s", last);
  return NULL;
}

gboolean
queen_certificate_equal (const QueenCertificate *a, const QueenCertificate *b)
{
  for (guint i = 0;; i++)
    {
      gnutls_datum_t of_a, of_b;
      gboolean has_a = gnutls_certificate_get_crt_raw (a->credentials, 0, i, &of_a) >= 0;
      gboolean has_b = gnutls_certificate_get_crt_raw (b->credentials, 0, i, &of_b) >= 0;

      if (!has_a || !has_b)
        return has_a == has_b;
      if (of_a.size != of_b.size || memcmp (of_a.data, of_b.data, of_a.size) != 0)
        return FALSE;
    }
}

QueenCertificate *
queen_certificate_ref (QueenCertificate *self)
{
  return g_rc_box_acquire (self);
}

static void
queen_certificate_clear (QueenCertificate *self)
{
  gnutls_certificate_free_credentials (self->credentials);
}

void
queen_certificate_unref (QueenCertificate *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) queen_certificate_clear);
}
