/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "tls-client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-process.h"

struct _TlsClient
{
  int fd;
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
  GByteArray *held; /* NULL when nothing is held back */
  guint n_flights;  /* what it has said, each up to the other's answer */
};

static void
check (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

/* Its hello goes out; what it says after the server's answer may be held. */
static gssize
push (gnutls_transport_ptr_t data, const void *bytes, gsize size)
{
  TlsClient *client = data;

  if (!client->held || client->n_flights == 0)
    return send (client->fd, bytes, size, MSG_NOSIGNAL);
  g_byte_array_append (client->held, bytes, (guint) size);
  return (gssize) size;
}

static gssize
pull (gnutls_transport_ptr_t data, void *bytes, gsize size)
{
  TlsClient *client = data;

  client->n_flights++;
  return recv (client->fd, bytes, size, MSG_DONTWAIT);
}

static void
agree_on_protocol (TlsClient *client, const char *protocol)
{
  const char *names[] = { "h2", "http/1.1" };
  gnutls_datum_t data[G_N_ELEMENTS (names)];
  guint n = G_N_ELEMENTS (names);

  for (guint i = 0; i < n; i++)
    data[i] = (gnutls_datum_t){ (guint8 *) names[i], (guint) strlen (names[i]) };
  if (protocol)
    {
      data[0] = (gnutls_datum_t){ (guint8 *) protocol, (guint) strlen (protocol) };
      n = 1;
    }
  check (gnutls_alpn_set_protocols (client->session, data, n, 0));
}

/* @fd: (transfer full): connected */
static TlsClient *
make_client (int fd, const TlsClientSetup *setup)
{
  TlsClient *client = g_new0 (TlsClient, 1);

  client->fd = fd;
  client->held = setup->is_held ? g_byte_array_new () : NULL;
  check (gnutls_init (&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK));
  check (gnutls_priority_set_direct (client->session,
                                     setup->priorities ? setup->priorities : "NORMAL", NULL));
  check (gnutls_certificate_allocate_credentials (&client->credentials));
  check (gnutls_credentials_set (client->session, GNUTLS_CRD_CERTIFICATE, client->credentials));
  check (gnutls_server_name_set (client->session, GNUTLS_NAME_DNS, "localhost", 9));
  if (setup->identity)
    {
      check (gnutls_certificate_set_x509_trust_file (client->credentials,
                                                     setup->identity->certificate,
                                                     GNUTLS_X509_FMT_PEM));
      gnutls_session_set_verify_cert (client->session, "localhost", 0);
    }
  agree_on_protocol (client, setup->protocol);
  if (setup->session)
    check (gnutls_session_set_data (client->session, setup->session->data, setup->session->size));
  gnutls_transport_set_ptr (client->session, client);
  gnutls_transport_set_push_function (client->session, push);
  gnutls_transport_set_pull_function (client->session, pull);
  return client;
}

static int
shake_hands (TlsClient *client)
{
  int code;

  while ((code = gnutls_handshake (client->session)) != GNUTLS_E_SUCCESS)
    if (gnutls_error_is_fatal (code) ||
        !http_wait_readable (client->fd, queen_test_get_deadline ()))
      return code;
  return 0;
}

TlsClient *
tls_client_try (const TlsClientSetup *setup, int *code)
{
  int fd = http_connect_from (setup->address, setup->port, setup->receive_buffer);
  TlsClient *client = make_client (fd, setup);
  int yes = 1;
  int result;

  /* What follows the handshake would wait for its acknowledgement. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  result = shake_hands (client);
  if (code)
    *code = result;
  if (result == 0)
    return client;
  tls_client_close (client);
  return NULL;
}

TlsClient *
tls_client_connect (guint16 port, const TlsIdentity *identity, int receive_buffer)
{
  int code;
  TlsClient *client = tls_client_try (&(TlsClientSetup){ .port = port,
                                                         .identity = identity,
                                                         .receive_buffer = receive_buffer },
                                      &code);

  if (!client)
    g_error ("no handshake with who is in %s: %s", identity->certificate, gnutls_strerror (code));
  return client;
}

gboolean
tls_client_sees (guint16 port, const TlsIdentity *identity)
{
  int code;
  TlsClient *client =
      tls_client_try (&(TlsClientSetup){ .port = port, .identity = identity }, &code);

  if (client)
    tls_client_close (client);
  else
    g_assert_cmpint (code, ==, GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR);
  return client != NULL;
}

void
tls_client_let_go (TlsClient *client)
{
  g_autoptr (GByteArray) held = g_steal_pointer (&client->held);

  g_assert_cmpint (send (client->fd, held->data, held->len, MSG_NOSIGNAL), ==, held->len);
}

gssize
tls_client_read (TlsClient *client, void *buffer, gsize size, int timeout_msec)
{
  for (;;)
    {
      gssize n = gnutls_record_recv (client->session, buffer, size);

      if (n >= 0)
        return n;
      if (gnutls_error_is_fatal ((int) n))
        g_error ("the end came without a word: %s", gnutls_strerror ((int) n));
      if (!http_wait_readable (client->fd, timeout_msec))
        return -1;
    }
}

gboolean
tls_client_is_answered (TlsClient *client)
{
  char buffer[16384];
  gssize n;

  while ((n = gnutls_record_recv (client->session, buffer, sizeof buffer)) < 0 &&
         !gnutls_error_is_fatal ((int) n))
    if (!http_wait_readable (client->fd, queen_test_get_deadline ()))
      return FALSE;
  return n > 0;
}

void
tls_client_send (TlsClient *client, const char *bytes)
{
  gsize length = strlen (bytes);

  while (length > 0)
    {
      gssize n = gnutls_record_send (client->session, bytes, length);

      check ((int) n);
      bytes += n;
      length -= (gsize) n;
    }
}

char *
tls_client_dup_protocol (TlsClient *client)
{
  gnutls_datum_t protocol;

  if (gnutls_alpn_get_selected_protocol (client->session, &protocol) < 0)
    return NULL;
  return g_strndup ((const char *) protocol.data, protocol.size);
}

gnutls_datum_t
tls_client_dup_session (TlsClient *client)
{
  gnutls_datum_t session;

  check (gnutls_session_get_data2 (client->session, &session));
  return session;
}

gboolean
tls_client_has_come_back (TlsClient *client)
{
  return gnutls_session_is_resumed (client->session);
}

gnutls_session_t
tls_client_get_session (TlsClient *client)
{
  return client->session;
}

HttpAnswer *
tls_client_read_answer (TlsClient *client)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  char buffer[16384];
  gssize n;

  while ((n = tls_client_read (client, buffer, sizeof buffer, queen_test_get_deadline ())) > 0)
    {
      g_string_append_len (bytes, buffer, n);
      if (http_is_kept_open (bytes->str))
        shutdown (client->fd, SHUT_WR);
    }
  if (n < 0)
    g_error ("no end of the answer; so far: %s", bytes->str);
  tls_client_close (client);
  return http_answer_parse (bytes->str, bytes->len);
}

void
tls_client_close (TlsClient *client)
{
  gnutls_bye (client->session, GNUTLS_SHUT_WR);
  close (client->fd);
  gnutls_deinit (client->session);
  gnutls_certificate_free_credentials (client->credentials);
  g_clear_pointer (&client->held, g_byte_array_unref);
  g_free (client);
}

HttpAnswer *
tls_exchange (guint16 port, const TlsIdentity *identity, const char *request)
{
  TlsClient *client = tls_client_connect (port, identity, 0);

  tls_client_send (client, request);
  return tls_client_read_answer (client);
}

GBytes *
tls_dup_hello (void)
{
  int fds[2];
  TlsClient *client;
  guint8 *hello = g_malloc (65536);
  gsize length;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  client = make_client (fds[0], &(TlsClientSetup){ 0 });
  g_assert_cmpint (gnutls_handshake (client->session), ==, GNUTLS_E_AGAIN);
  length = (gsize) read (fds[1], hello, 65536); /* GnuTLS writes a record in one go */
  tls_client_close (client);
  close (fds[1]);
  g_assert_cmpuint (length, ==, 5 + (hello[3] << 8) + hello[4]);
  return g_bytes_new_take (hello, length);
}
