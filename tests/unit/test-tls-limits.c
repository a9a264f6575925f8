/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls-limits.h"

#include <gio/gio.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "queen-tls-calls.h"

#define DAY (24 * 60 * 60) /* s */
#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define FIELDS                                                                                     \
  "-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-FFDHE3072:+GROUP-FFDHE4096:+GROUP-FFDHE6144:+GROUP-"         \
  "FFDHE8192"

/* Who is called. A key of RSA is none: its numbers are of so many bits, and so is what it signs
 * with; for who has to find that out it is as dear as any. */
typedef struct
{
  const char *priority;
  guint modulus;  /* bits; 0 for a real key, of an elliptic curve */
  guint exponent; /* bits */
  guint n_certificates;
  guint length;    /* bytes that each certificate has more than it needs */
  gboolean is_met; /* its certificates are shown to who decides */
} Called;

static void
check (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

static gnutls_datum_t
make_number (guint n_bits)
{
  gnutls_datum_t number = { gnutls_malloc (n_bits / 8), n_bits / 8 };

  memset (number.data, 0xff, number.size);
  return number;
}

static int
sign (gnutls_privkey_t key,
      gnutls_sign_algorithm_t algorithm,
      void *called,
      unsigned flags,
      const gnutls_datum_t *data,
      gnutls_datum_t *signature)
{
  *signature = make_number (((const Called *) called)->modulus);
  signature->data[0] = 1;
  return 0;
}

static int
say_what_key (gnutls_privkey_t key, unsigned flags, void *called)
{
  if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
    return GNUTLS_PK_RSA;
  return flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO ? 1 : 4096;
}

static void
set_public_key (const Called *called, gnutls_x509_crt_t certificate, gnutls_x509_privkey_t real)
{
  gnutls_datum_t modulus, exponent;
  gnutls_pubkey_t public;

  if (called->modulus == 0)
    {
      check (gnutls_x509_crt_set_key (certificate, real));
      return;
    }
  modulus = make_number (called->modulus);
  exponent = make_number (called->exponent);
  check (gnutls_pubkey_init (&public));
  check (gnutls_pubkey_import_rsa_raw (public, &modulus, &exponent));
  check (gnutls_x509_crt_set_pubkey (certificate, public));
  gnutls_pubkey_deinit (public);
  gnutls_free (modulus.data);
  gnutls_free (exponent.data);
}

/* GnuTLS looks at who signs. */
static void
sign_certificate (gnutls_x509_crt_t certificate, gnutls_x509_privkey_t real)
{
  gnutls_x509_crt_t issuer;

  check (gnutls_x509_crt_init (&issuer));
  check (gnutls_x509_crt_set_dn_by_oid (issuer, GNUTLS_OID_X520_COMMON_NAME, 0, "issuer", 6));
  check (gnutls_x509_crt_set_key (issuer, real));
  check (gnutls_x509_crt_sign2 (certificate, issuer, real, GNUTLS_DIG_SHA256, 0));
  gnutls_x509_crt_deinit (issuer);
}

static gnutls_x509_crt_t
make_certificate (const Called *called, gnutls_x509_privkey_t real)
{
  g_autofree guint8 *rest = g_malloc0 (called->length + 1);
  const guint8 serial = 1;
  gnutls_x509_crt_t certificate;

  check (gnutls_x509_crt_init (&certificate));
  check (gnutls_x509_crt_set_version (certificate, 3));
  check (gnutls_x509_crt_set_serial (certificate, &serial, sizeof serial));
  check (gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, "called", 6));
  check (gnutls_x509_crt_set_activation_time (certificate, time (NULL) - DAY));
  check (gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + DAY));
  check (
      gnutls_x509_crt_set_extension_by_oid (certificate, "1.2.3.4", rest, called->length + 1, 0));
  set_public_key (called, certificate, real);
  sign_certificate (certificate, real);
  return certificate;
}

static gnutls_privkey_t
make_key (const Called *called, gnutls_x509_privkey_t real)
{
  gnutls_privkey_t key;

  check (gnutls_privkey_init (&key));
  check (called->modulus == 0 ? gnutls_privkey_import_x509 (key, real, GNUTLS_PRIVKEY_IMPORT_COPY)
                              : gnutls_privkey_import_ext4 (key, (void *) called, sign, sign, NULL,
                                                            NULL, say_what_key, 0));
  return key;
}

static gnutls_certificate_credentials_t
make_credentials (const Called *called)
{
  gnutls_pcert_st *chain = g_new0 (gnutls_pcert_st, called->n_certificates);
  gnutls_certificate_credentials_t credentials;
  gnutls_x509_privkey_t real;
  gnutls_x509_crt_t certificate;

  check (gnutls_x509_privkey_init (&real));
  check (gnutls_x509_privkey_generate (real, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0));
  certificate = make_certificate (called, real);
  for (guint i = 0; i < called->n_certificates; i++)
    check (gnutls_pcert_import_x509 (&chain[i], certificate, 0));
  check (gnutls_certificate_allocate_credentials (&credentials));
  gnutls_certificate_set_flags (credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
  check (gnutls_certificate_set_key (credentials, NULL, 0, chain, (int) called->n_certificates,
                                     make_key (called, real)));
  g_free (chain); /* what is in it is theirs now */
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (real);
  return credentials;
}

typedef struct
{
  const Called *called;
  GSocketListener *listener;
} Server;

static gpointer
answer (gpointer data)
{
  const Server *server = data;
  gnutls_certificate_credentials_t credentials = make_credentials (server->called);
  g_autoptr (GSocketConnection) accepted =
      g_socket_listener_accept (server->listener, NULL, NULL, NULL);
  GSocket *socket = g_socket_connection_get_socket (accepted);
  gnutls_session_t session;
  int code;

  check (gnutls_init (&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL));
  check (gnutls_priority_set_direct (session, server->called->priority, NULL));
  check (gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials));
  g_socket_set_blocking (socket, TRUE);
  gnutls_transport_set_int (session, g_socket_get_fd (socket));
  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  return NULL;
}

static gboolean
accept_all (GTlsConnection *connection,
            GTlsCertificate *certificate,
            GTlsCertificateFlags errors,
            gboolean *is_met)
{
  *is_met = TRUE;
  return TRUE;
}

/* Returns: what is wrong with @called; %NULL if nothing is. */
static GError *
call (const Called *called, gboolean *is_met)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GIOStream) stream = NULL;
  Server server = { called, listener };
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  GThread *thread = g_thread_new ("called", answer, &server);
  GError *error = NULL;

  connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  stream = g_tls_client_connection_new (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (stream, "accept-certificate", G_CALLBACK (accept_all), is_met);
  g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, &error);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  g_thread_join (thread);
  return error;
}

/* What is too much is known before anything is made of it; of the rest it is found out whether it
 * is true. */
static void
test_called (gconstpointer data)
{
  const Called *called = data;
  gboolean is_met = FALSE;
  g_autoptr (GError) error = call (called, &is_met);

  if (!called->is_met)
    g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  else if (called->modulus > 0)
    g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC);
  else
    g_assert_no_error (error);
  /* TLS 1.3 has the signature before anybody is asked. */
  g_assert_cmpint (is_met, ==,
                   called->is_met && (called->modulus == 0 || strstr (called->priority, "1.2")));
}

static void
test_fields (gconstpointer called)
{
  gboolean is_met = FALSE;
  g_autoptr (GError) error = call (called, &is_met);

  g_assert_nonnull (error);
  g_assert_false (is_met);
}

static void
add (const char *name, const Called *called)
{
  static const char *const priorities[] = { TLS_1_2, TLS_1_3 };

  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autofree char *path = g_strdup_printf ("/tls-limits/%s/tls1.%u", name, 2 + i);
      Called *each = g_memdup2 (called, sizeof *called);

      each->priority = priorities[i];
      g_test_add_data_func_full (path, each, test_called, g_free);
    }
}

int
main (int argc, char **argv)
{
  static const Called key = { .modulus = QUEEN_TLS_MAX_RSA,
                              .exponent = QUEEN_TLS_MAX_EXPONENT,
                              .n_certificates = 1,
                              .is_met = TRUE };
  static const Called modulus = { .modulus = QUEEN_TLS_MAX_RSA + 8,
                                  .exponent = 16,
                                  .n_certificates = 1 };
  static const Called exponent = { .modulus = 2048,
                                   .exponent = QUEEN_TLS_MAX_EXPONENT + 8,
                                   .n_certificates = 1 };
  static const Called chain = { .n_certificates = QUEEN_TLS_MAX_CHAIN, .is_met = TRUE };
  static const Called long_chain = { .n_certificates = QUEEN_TLS_MAX_CHAIN + 1 };
  static const Called large = { .n_certificates = 1,
                                .length = QUEEN_TLS_MAX_CERTIFICATE - 1024,
                                .is_met = TRUE };
  static const Called too_large = { .n_certificates = 1, .length = QUEEN_TLS_MAX_CERTIFICATE };
  static const Called field = {
    .priority = TLS_1_2 ":-KX-ALL:+DHE-RSA", .modulus = 2048, .exponent = 16, .n_certificates = 1
  };
  static const Called new_field = { .priority = TLS_1_3 ":" FIELDS, .n_certificates = 1 };

  g_test_init (&argc, &argv, NULL);
  queen_tls_calls_prepare ();
  add ("key", &key);
  add ("modulus", &modulus);
  add ("exponent", &exponent);
  add ("chain", &chain);
  add ("long-chain", &long_chain);
  add ("large", &large);
  add ("too-large", &too_large);
  g_test_add_data_func ("/tls-limits/fields/tls1.2", &field, test_fields);
  g_test_add_data_func ("/tls-limits/fields/tls1.3", &new_field, test_fields);
  return g_test_run ();
}
