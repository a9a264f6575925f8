/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "tls-client.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-process.h"

struct _TlsClient
{
  int fd;
  GIOStream *stream;
};

/* Identities */

TlsIdentity *
tls_identity_new (const char *name)
{
  TlsIdentity *self = g_new0 (TlsIdentity, 1);
  g_autofree char *subject = g_strconcat ("/CN=", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *complaint = NULL;
  int status;

  self->directory = g_dir_make_tmp ("queen-tls-XXXXXX", &error);
  g_assert_no_error (error);
  self->certificate = g_build_filename (self->directory, "tls-certificate", NULL);
  self->key = g_build_filename (self->directory, "tls-key", NULL);
  {
    const char *command[] = { "openssl",
                              "req",
                              "-x509",
                              "-newkey",
                              "ec",
                              "-pkeyopt",
                              "ec_paramgen_curve:prime256v1",
                              "-nodes",
                              "-days",
                              "2",
                              "-subj",
                              subject,
                              "-addext",
                              "subjectAltName=DNS:localhost,IP:127.0.0.1",
                              "-keyout",
                              self->key,
                              "-out",
                              self->certificate,
                              NULL };

    g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &complaint,
                  &status, &error);
  }
  g_assert_no_error (error);
  if (status != 0)
    g_error ("openssl: %s", complaint);
  return self;
}

static void
copy_file (const char *from, const char *to)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (from, &text, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, text, length, &error);
  g_assert_no_error (error);
}

void
tls_identity_replace (TlsIdentity *self, const TlsIdentity *other)
{
  copy_file (other->certificate, self->certificate);
  copy_file (other->key, self->key);
}

void
tls_identity_free (TlsIdentity *self)
{
  g_unlink (self->certificate);
  g_unlink (self->key);
  g_rmdir (self->directory);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->directory);
  g_free (self);
}

/* Connections */

static GIOStream *
make_stream (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  g_socket_set_timeout (socket, queen_test_get_deadline () / 1000);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* @trusted: (nullable): given from the start, or GIO would load all that this machine trusts */
static GIOStream *
make_client (int fd, GTlsDatabase *trusted)
{
  g_autoptr (GIOStream) stream = make_stream (fd);
  g_autoptr (GSocketConnectable) localhost = g_network_address_new ("localhost", 0);
  const char *protocols[] = { "h2", "http/1.1", NULL };
  g_autoptr (GError) error = NULL;
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());
  GIOStream *client =
      g_initable_new (type, NULL, &error, "base-io-stream", stream, "server-identity", localhost,
                      "database", trusted, "advertised-protocols", protocols, NULL);

  g_assert_no_error (error);
  return client;
}

/* Returns: %NULL when the server is somebody else */
static TlsClient *
try_connect (guint16 port, const TlsIdentity *identity, int receive_buffer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) trusted = g_tls_file_database_new (identity->certificate, &error);
  int fd = http_connect_with_buffer (port, receive_buffer);
  g_autoptr (GIOStream) stream = make_client (fd, trusted);
  int yes = 1;
  TlsClient *client;

  g_assert_no_error (error);
  /* What follows the handshake would wait for its acknowledgement. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, &error))
    {
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
      return NULL;
    }
  client = g_new0 (TlsClient, 1);
  client->fd = fd;
  client->stream = g_steal_pointer (&stream);
  return client;
}

TlsClient *
tls_client_connect (guint16 port, const TlsIdentity *identity, int receive_buffer)
{
  TlsClient *client = try_connect (port, identity, receive_buffer);

  if (client == NULL)
    g_error ("the certificate is not the one in %s", identity->certificate);
  return client;
}

gboolean
tls_client_sees (guint16 port, const TlsIdentity *identity)
{
  TlsClient *client = try_connect (port, identity, 0);

  if (client == NULL)
    return FALSE;
  tls_client_close (client);
  return TRUE;
}

gssize
tls_client_read (TlsClient *client, void *buffer, gsize size, int timeout_msec)
{
  GPollableInputStream *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (client->stream));

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_pollable_input_stream_read_nonblocking (input, buffer, size, NULL, &error);

      if (n >= 0)
        return n;
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        g_error ("the end came without a word: %s", error->message);
      if (!http_wait_readable (client->fd, timeout_msec))
        return -1;
    }
}

void
tls_client_send (TlsClient *client, const char *bytes)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (client->stream), bytes, strlen (bytes),
                             NULL, NULL, &error);
  g_assert_no_error (error);
}

const char *
tls_client_get_protocol (TlsClient *client)
{
  return g_tls_connection_get_negotiated_protocol (G_TLS_CONNECTION (client->stream));
}

HttpAnswer *
tls_client_read_answer (TlsClient *client)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  char buffer[16384];
  gssize n;

  while ((n = tls_client_read (client, buffer, sizeof buffer, queen_test_get_deadline ())) > 0)
    g_string_append_len (bytes, buffer, n);
  if (n < 0)
    g_error ("no end of the answer; so far: %s", bytes->str);
  tls_client_close (client);
  return http_answer_parse (bytes->str, bytes->len);
}

void
tls_client_close (TlsClient *client)
{
  g_io_stream_close (client->stream, NULL, NULL);
  g_object_unref (client->stream);
  g_free (client);
}

HttpAnswer *
tls_exchange (guint16 port, const TlsIdentity *identity, const char *request)
{
  TlsClient *client = tls_client_connect (port, identity, 0);

  tls_client_send (client, request);
  return tls_client_read_answer (client);
}

static void
on_handshake (GObject *stream, GAsyncResult *result, gpointer data)
{
  gboolean *is_over = data;

  *is_over = TRUE;
}

GBytes *
tls_dup_hello (void)
{
  int fds[2];
  g_autoptr (GIOStream) client = NULL;
  gboolean is_over = FALSE;
  guint8 *hello = g_malloc (65536);
  gsize length;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  client = make_client (fds[0], NULL);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (client), G_PRIORITY_DEFAULT, NULL,
                                    on_handshake, &is_over);
  g_assert_true (http_wait_readable (fds[1], queen_test_get_deadline ()));
  length = read (fds[1], hello, 65536); /* GnuTLS writes a record in one go */
  close (fds[1]);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (length, ==, 5 + (hello[3] << 8) + hello[4]);
  return g_bytes_new_take (hello, length);
}
