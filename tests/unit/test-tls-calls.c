/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls-calls.h"

#include <gnutls/gnutls.h>
#include <sys/resource.h>
#include <unistd.h>

#include "queen-record-stream.h"
#include "queen-trust.h"
#include "tls-identity.h"

#define NO_TLS_1_3 "NORMAL:-VERS-TLS1.3"
#define TEXT "said"

/* Who is called. Says a number of records that are nothing to who reads, and then TEXT; so, several
 * times. */
typedef struct
{
  const char *priority;
  int (*say_nothing) (gnutls_session_t session);
  guint n_of_nothing;
  guint n_times;
  const char *address; /* by which it is called; NULL for its name */
  gboolean is_mute;    /* shakes no hands */
  gboolean has_heard;  /* that somebody wants to; atomic */

  TlsIdentity *identity;
  GSocketListener *listener;
  GSocketConnection *accepted;
  GThread *thread;
  GIOStream *stream; /* of who calls */
  char heard[64];    /* the name by which it was called */
} Call;

static int
give_ticket (gnutls_session_t session)
{
  return gnutls_session_ticket_send (session, 1, 0);
}

static int
warn (gnutls_session_t session)
{
  return gnutls_alert_send (session, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED);
}

static int
shake_hands (gnutls_session_t session)
{
  int code;

  do
    code = gnutls_handshake (session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  return code;
}

static void
say_all (const Call *call, gnutls_session_t session)
{
  gboolean is_there = TRUE;

  for (guint i = 0; is_there && i < call->n_times; i++)
    {
      for (guint n = 0; is_there && n < call->n_of_nothing; n++)
        is_there = call->say_nothing (session) >= 0;
      is_there = is_there && gnutls_record_send (session, TEXT, strlen (TEXT)) > 0;
    }
}

/* Until it is given up. */
static gpointer
hear (gpointer data)
{
  Call *call = data;
  GSocket *socket;
  char bytes[64];

  call->accepted = g_socket_listener_accept (call->listener, NULL, NULL, NULL);
  socket = g_socket_connection_get_socket (call->accepted);
  while (g_socket_receive (socket, bytes, sizeof bytes, NULL, NULL) > 0)
    g_atomic_int_set (&call->has_heard, TRUE);
  return NULL;
}

static gpointer
answer (gpointer data)
{
  Call *call = data;
  gnutls_certificate_credentials_t credentials;
  gnutls_datum_t key;
  gnutls_session_t session;

  call->accepted = g_socket_listener_accept (call->listener, NULL, NULL, NULL);
  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_x509_key_file (credentials, call->identity->certificate,
                                        call->identity->key, GNUTLS_X509_FMT_PEM);
  gnutls_session_ticket_key_generate (&key);
  gnutls_init (&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
  gnutls_priority_set_direct (session, call->priority, NULL);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_session_ticket_enable_server (session, &key);
  g_socket_set_blocking (g_socket_connection_get_socket (call->accepted), TRUE);
  gnutls_transport_set_int (session,
                            g_socket_get_fd (g_socket_connection_get_socket (call->accepted)));
  if (shake_hands (session) == 0)
    {
      gsize length = sizeof call->heard - 1;
      unsigned type;

      if (gnutls_server_name_get (session, call->heard, &length, &type, 0) < 0)
        call->heard[0] = '\0';
      say_all (call, session);
    }
  gnutls_deinit (session);
  gnutls_free (key.data);
  gnutls_certificate_free_credentials (credentials);
  return NULL;
}

/* Up to, but for shaking hands. */
static void
connect_call (Call *call)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GTlsDatabase) trusted = NULL;
  g_autoptr (GSocketConnectable) place = NULL;
  GError *error = NULL;

  call->identity = tls_identity_new ("called");
  trusted = queen_trust_new (call->identity->certificate, &error);
  g_assert_no_error (error);
  call->listener = g_socket_listener_new ();
  place = g_network_address_new_loopback (
      g_socket_listener_add_any_inet_port (call->listener, NULL, &error));
  g_assert_no_error (error);
  call->thread = g_thread_new ("called", call->is_mute ? hear : answer, call);
  connection = g_socket_client_connect (client, place, NULL, &error);
  g_assert_no_error (error);
  if (call->address)
    {
      g_object_unref (place);
      place = g_network_address_new (call->address, 443);
    }
  call->stream = g_tls_client_connection_new (G_IO_STREAM (connection), place, &error);
  g_assert_no_error (error);
  g_tls_connection_set_database (G_TLS_CONNECTION (call->stream), trusted);
}

static void
begin_call (Call *call)
{
  GError *error = NULL;

  connect_call (call);
  g_assert_true (g_tls_connection_handshake (G_TLS_CONNECTION (call->stream), NULL, &error));
  g_assert_no_error (error);
}

static void
end_call (Call *call)
{
  g_autoptr (GIOStream) below = NULL;

  g_object_get (call->stream, "base-io-stream", &below, NULL);
  g_assert_true (g_io_stream_close (below, NULL, NULL));
  g_thread_join (call->thread);
  g_object_unref (call->stream);
  g_object_unref (call->accepted);
  g_object_unref (call->listener);
  tls_identity_free (call->identity);
}

static gboolean
on_readable (GObject *stream, gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
await_more (GPollableInputStream *input)
{
  g_autoptr (GSource) source = g_pollable_input_stream_create_source (input, NULL);
  gboolean is_readable = FALSE;

  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), &is_readable, NULL);
  g_source_attach (source, NULL);
  while (!is_readable)
    g_main_context_iteration (NULL, TRUE);
}

/* Returns: what ended it; %NULL when all that was said has been read. */
static GError *
read_all (Call *call, guint *n_turns)
{
  GPollableInputStream *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (call->stream));
  gsize n_read = 0;

  for (*n_turns = 1; n_read < call->n_times * strlen (TEXT);)
    {
      GError *error = NULL;
      char bytes[64];
      gssize n =
          g_pollable_input_stream_read_nonblocking (input, bytes, sizeof bytes, NULL, &error);

      g_assert_cmpint (n, !=, 0);
      if (n > 0)
        {
          n_read += (gsize) n;
          continue;
        }
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return error;
      g_error_free (error);
      ++*n_turns;
      await_more (input);
    }
  return NULL;
}

/* However fast it comes, others have their turn; and who says something now and then goes on. */
static void
test_turns (gconstpointer data)
{
  Call call = *(const Call *) data;
  guint n_turns;

  call.n_of_nothing = 4 * QUEEN_RECORDS_AT_ONCE;
  call.n_times = 1;
  begin_call (&call);
  g_assert_no_error (read_all (&call, &n_turns));
  g_assert_cmpuint (n_turns, >=, 4);
  end_call (&call);
}

static void
test_talkative (gconstpointer data)
{
  Call call = *(const Call *) data;
  guint n_turns;

  call.n_of_nothing = QUEEN_RECORDS_PER_READ / 2;
  call.n_times = 2 * QUEEN_RECORDS_OF_NOTHING;
  begin_call (&call);
  g_assert_no_error (read_all (&call, &n_turns));
  end_call (&call);
}

static void
test_nothing_else (gconstpointer data)
{
  Call call = *(const Call *) data;
  g_autoptr (GError) error = NULL;
  guint n_turns;

  call.n_of_nothing = 2 * QUEEN_RECORDS_OF_NOTHING;
  call.n_times = 1;
  begin_call (&call);
  error = read_all (&call, &n_turns);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  end_call (&call);
}

/* It would go on in a thread that nobody can stop. */
static void
test_again (void)
{
  Call call = { .priority = NO_TLS_1_3, .say_nothing = gnutls_rehandshake };
  g_autoptr (GError) error = NULL;
  guint n_turns;

  call.n_of_nothing = call.n_times = 1;
  begin_call (&call);
  error = read_all (&call, &n_turns);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  end_call (&call);
}

/* Of a socket glib-networking would know whose tickets it has, and would keep them. libsoup looks
 * for one later, to see whether it is connected. */
static void
test_no_socket (gconstpointer data)
{
  Call call = *(const Call *) data;
  g_autoptr (GIOStream) below = NULL, outside = NULL;
  guint n_turns;

  call.n_times = 1;
  begin_call (&call);
  g_object_get (call.stream, "base-io-stream", &below, NULL);
  g_assert_false (G_IS_SOCKET_CONNECTION (below));
  g_assert_no_error (read_all (&call, &n_turns));
  g_object_get (call.stream, "base-io-stream", &outside, NULL);
  g_assert_true (G_IS_SOCKET_CONNECTION (outside));
  end_call (&call);
}

/* By a number nobody is told how it is called, and GnuTLS refuses who would say "::1". */
static void
test_number (gconstpointer address)
{
  Call call = { .priority = "NORMAL", .say_nothing = give_ticket, .n_times = 1 };
  g_autoptr (GError) error = NULL;
  guint n_turns;

  call.address = address;
  begin_call (&call);
  error = read_all (&call, &n_turns);
  end_call (&call);
  g_assert_no_error (error);
  g_assert_cmpstr (call.heard, ==, g_hostname_is_ip_address (address) ? "" : address);
}

/* Where there are no descriptors left */

static void
on_shaken (GObject *stream, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* Returns: what there was before */
static struct rlimit
leave_no_descriptor (void)
{
  struct rlimit before, now;
  int next = dup (STDIN_FILENO);

  close (next);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  now = (struct rlimit){ (rlim_t) next, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &now), ==, 0);
  return before;
}

/* As libsoup calls: in a thread, which hears that it is given up. */
static void
call_in_vain (void)
{
  Call call = { .is_mute = TRUE };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit before;

  connect_call (&call);
  while (!g_atomic_pointer_get (&call.accepted))
    g_thread_yield ();
  before = leave_no_descriptor ();
  g_tls_connection_handshake_async (G_TLS_CONNECTION (call.stream), G_PRIORITY_DEFAULT, cancellable,
                                    on_shaken, &result);
  while (!g_atomic_int_get (&call.has_heard))
    g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_tls_connection_handshake_finish (G_TLS_CONNECTION (call.stream), result, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  end_call (&call);
}

/* GLib would end the process, as soon as the thread finds nothing to read. */
static void
test_no_descriptor (void)
{
  for (guint i = 0; i < 8; i++)
    call_in_vain ();
}

int
main (int argc, char **argv)
{
  static const Call tickets = { .priority = "NORMAL", .say_nothing = give_ticket };
  static const Call warnings = { .priority = NO_TLS_1_3, .say_nothing = warn };

  g_test_init (&argc, &argv, NULL);
  queen_tls_calls_prepare ();
  g_test_add_data_func ("/tls-calls/tickets/turns", &tickets, test_turns);
  g_test_add_data_func ("/tls-calls/tickets/talkative", &tickets, test_talkative);
  g_test_add_data_func ("/tls-calls/tickets/nothing-else", &tickets, test_nothing_else);
  g_test_add_data_func ("/tls-calls/tickets/no-socket", &tickets, test_no_socket);
  g_test_add_data_func ("/tls-calls/warnings/turns", &warnings, test_turns);
  g_test_add_data_func ("/tls-calls/warnings/talkative", &warnings, test_talkative);
  g_test_add_data_func ("/tls-calls/warnings/nothing-else", &warnings, test_nothing_else);
  g_test_add_data_func ("/tls-calls/called/by-ipv6", "::1", test_number);
  g_test_add_data_func ("/tls-calls/called/by-ipv4", "127.0.0.1", test_number);
  g_test_add_data_func ("/tls-calls/called/by-name", "localhost", test_number);
  g_test_add_func ("/tls-calls/again", test_again);
  g_test_add_func ("/tls-calls/no-descriptor-left", test_no_descriptor);
  return g_test_run ();
}
