/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "attempt-fixture.h"
#include "no-threads.h"
#include "tls-identity.h"

/* A worker behind TLS. */

#define ANSWER JSON_HEAD (2) "{}"

typedef struct
{
  GSocketListener *listener;
  GCancellable *end;
  guint16 port;
  GThread *thread;
  GTlsCertificate *certificate;
  gboolean has_enough; /* it is there, but takes no more */
} SecureServer;

static void
answer_one (SecureServer *server, GSocketConnection *connection)
{
  g_autoptr (GIOStream) tls =
      g_tls_server_connection_new (G_IO_STREAM (connection), server->certificate, NULL);
  char request[4096];

  if (server->has_enough)
    g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL))
    return;
  if (g_input_stream_read (g_io_stream_get_input_stream (tls), request, sizeof request, NULL,
                           NULL) > 0)
    g_output_stream_write_all (g_io_stream_get_output_stream (tls), ANSWER, strlen (ANSWER), NULL,
                               NULL, NULL);
  g_io_stream_close (tls, NULL, NULL);
}

static gpointer
serve_securely (gpointer data)
{
  SecureServer *server = data;
  GSocketConnection *connection;

  while ((connection = g_socket_listener_accept (server->listener, NULL, server->end, NULL)))
    {
      answer_one (server, connection);
      g_object_unref (connection);
    }
  return NULL;
}

static void
secure_server_start (SecureServer *server, const TlsIdentity *identity)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (address, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  GError *error = NULL;

  server->certificate =
      g_tls_certificate_new_from_files (identity->certificate, identity->key, &error);
  g_assert_no_error (error);
  server->listener = g_socket_listener_new ();
  server->end = g_cancellable_new ();
  g_socket_listener_add_address (server->listener, wanted, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  server->thread = g_thread_new ("secure", serve_securely, server);
}

static void
secure_server_stop (SecureServer *server)
{
  g_cancellable_cancel (server->end);
  g_thread_join (server->thread);
  g_object_unref (server->listener);
  g_object_unref (server->end);
  g_object_unref (server->certificate);
}

/* @host: as the url has it; @ca_file (nullable): whom to trust in place of the system's */
static void
ask_securely (Fixture *fixture, const char *host, const char *ca_file)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  g_autofree char *trusted = g_strdup (ca_file ? identity->certificate : NULL);
  const QueenUpstreamSettings settings = { .ca_file = trusted };
  SecureServer server = { NULL };

  secure_server_start (&server, identity);
  fixture_start (fixture, QUEEN_API_OPENAI, NULL, 0);
  queen_upstream_free (fixture->upstream);
  fixture->upstream = queen_upstream_new (&settings, NULL);
  fixture->worker->vitals->url = g_strdup_printf ("https://%s:%u", host, server.port);
  fixture_run (fixture, "{}");
  secure_server_stop (&server);
}

static void
test_trusted (void)
{
  Fixture fixture;

  ask_securely (&fixture, "localhost", "mine");
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.body->str, ==, "{}");
  fixture_stop (&fixture);
}

static void
test_not_trusted (void)
{
  Fixture fixture;

  ask_securely (&fixture, "localhost", NULL);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_ABSENT, "its certificate is not trusted");
  g_assert_false (fixture.is_connected);
  fixture_stop (&fixture);
}

/* It may have as many connections as it takes, and that may be one submitter's doing. */
static void
test_refused (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  SecureServer server = { .has_enough = TRUE };
  Fixture fixture;

  secure_server_start (&server, identity);
  fixture_start (&fixture, QUEEN_API_OPENAI, NULL, 0);
  fixture.worker->vitals->url = g_strdup_printf ("https://localhost:%u", server.port);
  fixture_run (&fixture, "{}");
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_REFUSED, "it speaks no TLS, or has ended it");
  g_assert_false (fixture.is_connected);
  secure_server_stop (&server);
  fixture_stop (&fixture);
}

/* @fixture: for one who listens at @server, and whose handshakes find no threads: more than may be
 * in the making at once */
static void
start_threadless (Fixture *fixture, SecureServer *server, const TlsIdentity *identity)
{
  const QueenUpstreamSettings settings = { .ca_file = identity->certificate };

  secure_server_start (server, identity);
  fixture_start (fixture, QUEEN_API_OPENAI, NULL, 0);
  queen_upstream_free (fixture->upstream);
  fixture->upstream = queen_upstream_new (&settings, NULL);
  fixture->worker->vitals->url = g_strdup_printf ("https://127.0.0.1:%u", server->port);
  fixture->request.connect_timeout = 300 * 1000;
  set_threads_out (TRUE);
  for (guint i = 0; i < 5; i++)
    {
      fixture_run (fixture, "{}");
      g_assert_nonnull (fixture->error);
      g_clear_error (&fixture->error);
    }
  set_threads_out (FALSE);
}

/* There are threads again: it takes a second until that is known. */
static void
test_no_threads (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  Fixture fixture;
  SecureServer server = { NULL };
  guint n_tries = 0;

  start_threadless (&fixture, &server, identity);
  do
    {
      g_clear_error (&fixture.error);
      fixture_run (&fixture, "{}");
    }
  while (fixture.error && n_tries++ < 20);
  g_assert_no_error (fixture.error);
  fixture_stop (&fixture);
  secure_server_stop (&server);
}

static void
test_no_threads_at_the_end (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  Fixture fixture;
  SecureServer server = { NULL };

  start_threadless (&fixture, &server, identity);
  fixture_stop (&fixture);
  secure_server_stop (&server);
}

/* The address is the same, and so is who answers there. */
static void
test_other_name (void)
{
  Fixture fixture;

  ask_securely (&fixture, "other.localhost", "mine");
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_ABSENT, "its certificate is not trusted");
  g_assert_false (fixture.is_connected);
  fixture_stop (&fixture);
}

/* GnuTLS would read all certificates for each connection, in the thread of all jobs, even before it
 * knows which ones it is for: twice. */
static void
test_read_once (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  const QueenUpstreamSettings settings = { .ca_file = identity->certificate };
  g_autoptr (GTlsDatabase) system = NULL;
  int watch = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  struct inotify_event event;
  SecureServer server = { NULL };
  Fixture fixture;

  secure_server_start (&server, identity);
  fixture_start (&fixture, QUEEN_API_OPENAI, NULL, 0);
  queen_upstream_free (fixture.upstream);
  fixture.upstream = queen_upstream_new (&settings, NULL);
  fixture.worker->vitals->url = g_strdup_printf ("https://localhost:%u", server.port);
  g_assert_cmpint (inotify_add_watch (watch, identity->certificate, IN_OPEN), >=, 0);
  for (int i = 0; i < 3; i++)
    {
      fixture_run (&fixture, "{}");
      g_assert_no_error (fixture.error);
    }
  g_assert_cmpint (read (watch, &event, sizeof event), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  system = g_tls_backend_get_default_database (g_tls_backend_get_default ());
  g_assert_false (g_type_is_a (G_OBJECT_TYPE (system), g_type_from_name ("GTlsDatabaseGnutls")));
  close (watch);
  secure_server_stop (&server);
  fixture_stop (&fixture);
}

/* A crowd that asks one worker at once */

#define CROWD 40

typedef struct
{
  QueenAttempt *attempts[CROWD];
  guint n_left;
  guint n_done;
  guint n_late;
  guint n_crowded;
} Crowd;

static void
on_one_ends (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  Crowd *crowd = data;

  crowd->n_left--;
  crowd->n_done += outcome == QUEEN_ATTEMPT_DONE;
  crowd->n_crowded += outcome == QUEEN_ATTEMPT_CROWDED;
  crowd->n_late += error && strstr (error->message, "no connection in time") != NULL;
}

static void
ignore_head (guint status, const char *type, gpointer data)
{
}

static void
ignore_part (GBytes *part, gpointer data)
{
}

static void
crowd_ask (Crowd *crowd, Fixture *fixture, QueenComponent *worker, gint64 connect_timeout)
{
  static const QueenAttemptFuncs funcs = { .on_head = ignore_head,
                                           .on_body = ignore_part,
                                           .on_end = on_one_ends };
  QueenAttemptRequest request = fixture->request;

  *crowd = (Crowd){ .n_left = CROWD };
  request.connect_timeout = connect_timeout;
  request.body = g_bytes_new_static ("{}", 2);
  for (int i = 0; i < CROWD; i++)
    crowd->attempts[i] = queen_attempt_start (fixture->upstream, worker, &request, &funcs, crowd);
  g_bytes_unref (request.body);
}

static void
crowd_wait (Crowd *crowd)
{
  while (crowd->n_left > 0)
    g_main_context_iteration (NULL, TRUE);
}

static QueenComponent *
worker_new (guint16 port)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup_printf ("w-%u", port);
  worker->model_id = g_strdup ("m");
  worker->port = port;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->api = QUEEN_API_OPENAI;
  worker->vitals->url = g_strdup_printf ("https://localhost:%u", port);
  queen_source_init_here (&worker->source);
  return worker;
}

static void
upstream_trust (Fixture *fixture, const TlsIdentity *identity)
{
  const QueenUpstreamSettings settings = { .ca_file = identity->certificate };

  fixture_start (fixture, QUEEN_API_OPENAI, NULL, 0);
  queen_upstream_free (fixture->upstream);
  fixture->upstream = queen_upstream_new (&settings, NULL);
  fixture->request.connect_timeout = G_TIME_SPAN_MINUTE; /* under valgrind, too */
}

/* GIO shakes hands in threads of which there are ten. Another worker's would come after them. */
static void
test_silent (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  g_autoptr (QueenComponent) other = NULL;
  SecureServer server = { NULL };
  ScriptedServer silent;
  Fixture fixture;
  Crowd crowd;

  scripted_server_start (&silent, NULL, 0);
  secure_server_start (&server, identity);
  upstream_trust (&fixture, identity);
  other = worker_new (silent.port);
  crowd_ask (&crowd, &fixture, other, G_TIME_SPAN_MINUTE);
  fixture.worker->vitals->url = g_strdup_printf ("https://localhost:%u", server.port);
  fixture_run (&fixture, "{}");
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (crowd.n_left, ==, CROWD);
  g_mutex_lock (&silent.lock);
  g_assert_cmpuint (silent.n_connections, <=, 3);
  g_mutex_unlock (&silent.lock);
  for (int i = 0; i < CROWD; i++)
    queen_attempt_cancel (crowd.attempts[i]);
  secure_server_stop (&server);
  fixture_stop (&fixture);
  scripted_server_stop (&silent);
}

/* It says nothing of a worker when others are in the way. */
static void
test_late (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  g_autoptr (QueenComponent) other = NULL;
  ScriptedServer silent;
  Fixture fixture;
  Crowd crowd;

  scripted_server_start (&silent, NULL, 0);
  upstream_trust (&fixture, identity);
  other = worker_new (silent.port);
  crowd_ask (&crowd, &fixture, other, 300 * G_TIME_SPAN_MILLISECOND);
  crowd_wait (&crowd);
  g_assert_cmpuint (crowd.n_late, ==, CROWD);
  g_assert_cmpuint (crowd.n_crowded, ==, CROWD - 3);
  fixture_stop (&fixture);
  scripted_server_stop (&silent);
}

static void
test_crowd (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("worker");
  g_autoptr (QueenComponent) worker = NULL;
  SecureServer server = { NULL };
  Fixture fixture;
  Crowd crowd;

  secure_server_start (&server, identity);
  upstream_trust (&fixture, identity);
  worker = worker_new (server.port);
  crowd_ask (&crowd, &fixture, worker, G_TIME_SPAN_MINUTE);
  crowd_wait (&crowd);
  g_assert_cmpuint (crowd.n_done, ==, CROWD);
  secure_server_stop (&server);
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/attempt-tls/trusted-by-a-file", test_trusted);
  g_test_add_func ("/attempt-tls/not-trusted-without-it", test_not_trusted);
  g_test_add_func ("/attempt-tls/refused-by-who-ends-the-handshake", test_refused);
  g_test_add_func ("/attempt-tls/the-name-is-that-of-the-url", test_other_name);
  g_test_add_func ("/attempt-tls/whom-to-trust-is-read-once", test_read_once);
  g_test_add_func ("/attempt-tls/who-shakes-no-hands-delays-no-other", test_silent);
  g_test_add_func ("/attempt-tls/whoever-waits-for-one-has-its-own-deadline", test_late);
  g_test_add_func ("/attempt-tls/no-threads/for-a-while", test_no_threads);
  g_test_add_func ("/attempt-tls/no-threads/at-the-end", test_no_threads_at_the_end);
  g_test_add_func ("/attempt-tls/whoever-waits-for-a-handshake-gets-it", test_crowd);

  return g_test_run ();
}
