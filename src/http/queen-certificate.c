/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-certificate.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-error.h"

/* Neither end has to know whom to trust. Unless it is told so from the start, GIO loads all
 * authorities of this machine for each connection: milliseconds, and megabytes. */
GIOStream *
queen_certificate_serve (GTlsCertificate *certificate, GIOStream *stream, GError **error)
{
  GType type = g_tls_backend_get_server_connection_type (g_tls_backend_get_default ());

  return g_initable_new (type, NULL, error, "base-io-stream", stream, "certificate", certificate,
                         "database", NULL, NULL);
}

static GIOStream *
call (GIOStream *stream, GError **error)
{
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());

  return g_initable_new (type, NULL, error, "base-io-stream", stream, "database", NULL, NULL);
}

static GIOStream *
make_stream (int fd, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);

  if (!socket)
    {
      close (fd);
      return NULL;
    }
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static gboolean
make_pair (GIOStream *ends[2], GError **error)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return FALSE;
    }
  ends[0] = make_stream (fds[0], error);
  ends[1] = make_stream (fds[1], ends[0] ? error : NULL);
  return ends[0] && ends[1];
}

static gboolean
on_accept_certificate (void)
{
  return TRUE; /* whether it is to be trusted is for the clients to say */
}

static void
on_server_handshake (GObject *server, GAsyncResult *result, gpointer data)
{
  gboolean *is_over = data;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (server), result, NULL);
  *is_over = TRUE;
}

/* The client's side waits, while the server's has a thread of its own. */
static gboolean
shake_hands (GIOStream *ends[2], GTlsCertificate *certificate, GError **error)
{
  g_autoptr (GIOStream) server = queen_certificate_serve (certificate, ends[0], error);
  g_autoptr (GIOStream) client = server ? call (ends[1], error) : NULL;
  gboolean is_over = FALSE;
  gboolean is_good;

  if (!client)
    return FALSE;
  g_signal_connect (client, "accept-certificate", G_CALLBACK (on_accept_certificate), NULL);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (server), G_PRIORITY_DEFAULT, NULL,
                                    on_server_handshake, &is_over);
  is_good = g_tls_connection_handshake (G_TLS_CONNECTION (client), NULL, error);
  /* So that the server does not wait for a client that has failed. */
  g_io_stream_close (ends[1], NULL, NULL);
  while (!is_over)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  return is_good;
}

/* GIO takes any key with any certificate, and no client would then get through. */
static gboolean
try_out (GTlsCertificate *certificate, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GIOStream *ends[2] = { NULL, NULL };
  gboolean is_good;

  g_main_context_push_thread_default (context);
  is_good = make_pair (ends, error) && shake_hands (ends, certificate, error);
  g_clear_object (&ends[0]);
  g_clear_object (&ends[1]);
  g_main_context_pop_thread_default (context);
  return is_good;
}

GTlsCertificate *
queen_certificate_load (const char *certificate_file, const char *key_file, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_files (certificate_file, key_file, &local_error);

  if (certificate && try_out (certificate, &local_error))
    return g_steal_pointer (&certificate);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("“%s” and “%s” are no certificate with its key: %s"), certificate_file, key_file,
               local_error->message);
  return NULL;
}
