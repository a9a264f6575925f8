/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The same promises through TLS, and those that only TLS has to keep. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "notify-socket.h"
#include "queen-process.h"
#include "sse-client.h"
#include "tls-client.h"

#define N_SUBSCRIBERS 200
#define N_ABORTED 500
#define N_FLOOD 400 /* events: more than a socket and the ring take for one that does not read */
#define N_SILENT 20 /* more than there are handshakes at once */

typedef struct
{
  TlsIdentity *identity;
  QueenProcess *process;
  guint16 port;
} Queen;

/* No pulse: the events are those of the test alone. */
static Queen *
queen_start (const char *option, const char *other_option)
{
  Queen *queen = g_new0 (Queen, 1);
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;

  queen->identity = tls_identity_new ("first");
  certificate = g_strconcat ("--tls-certificate=", queen->identity->certificate, NULL);
  key = g_strconcat ("--tls-key=", queen->identity->key, NULL);
  queen->process =
      queen_process_start ("--heartbeat-interval=1h", certificate, key,
                           option ? option : other_option, option ? other_option : NULL, NULL);
  queen->port = queen_process_get_port (queen->process);
  return queen;
}

static void
queen_stop (Queen *queen)
{
  queen_process_stop (queen->process);
  tls_identity_free (queen->identity);
  g_free (queen);
}

/* For one that was made to warn, which stopping would not forgive. */
static void
queen_stop_after_warning (Queen *queen)
{
  queen_process_signal (queen->process, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen->process), ==, 0);
  queen_process_free (queen->process);
  tls_identity_free (queen->identity);
  g_free (queen);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Queen, queen_stop)

static void
beat (Queen *queen, const char *id)
{
  g_autofree char *json = g_strdup_printf ("{\"worker_id\":\"%s\",\"status\":\"ready\"}", id);
  g_autofree char *request = g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\n"
                                              "Host: localhost\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %zu\r\n\r\n%s",
                                              strlen (json), json);
  g_autoptr (HttpAnswer) answer = tls_exchange (queen->port, queen->identity, request);

  if (answer->status != 200)
    g_error ("heartbeat of %s: %u %s", id, answer->status, answer->body);
}

/* Their ids are long, so that fewer events fill a socket. */
static void
publish (Queen *queen, guint from, guint count)
{
  for (guint i = from; i < from + count; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u-%0100d", i, 0);

      beat (queen, id);
    }
}

static SseClient *
open_stream (Queen *queen, int receive_buffer, const char *query)
{
  SseClient *client =
      sse_client_open_tls (queen->port, queen->identity, receive_buffer, query, NULL);
  g_autoptr (SseFrame) snapshot = sse_client_next (client);

  g_assert_cmpstr (snapshot->retry, ==, "2000");
  g_assert_cmpstr (sse_frame_get_string (snapshot, "type"), ==, "queen");
  return client;
}

static void
test_exchange (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autoptr (SseClient) stream = open_stream (queen, 0, NULL);
  g_autoptr (TlsClient) client = tls_client_connect (queen->port, queen->identity, 0);
  g_autoptr (SseFrame) bye = NULL;

  g_assert_cmpstr (tls_client_get_protocol (client), ==, "http/1.1");
  beat (queen, "w");
  sse_client_expect (stream, "worker", "w", "Ready");

  queen_process_signal (queen->process, SIGTERM);
  bye = sse_client_next (stream);
  g_assert_cmpstr (bye->event, ==, "bye");
  g_assert_null (sse_client_next (stream)); /* an end that was announced */
  g_assert_cmpint (queen_process_wait_exit (queen->process), ==, 0);
  g_assert_true (queen_process_has_said (queen->process, "ready on https://127.0.0.1:"));
}

/* A request in many records, and a record that holds many reads. */
static void
test_pieces (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  static const char request[] = "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Type: application/json\r\nContent-Length: 34\r\n\r\n"
                                "{\"worker_id\":\"w\",\"status\":\"ready\"}";
  TlsClient *client = tls_client_connect (queen->port, queen->identity, 0);
  g_autofree char *spaces = g_strnfill (60000, ' ');
  g_autofree char *large = NULL;
  g_autoptr (HttpAnswer) answer = NULL;
  g_autoptr (HttpAnswer) answer_to_large = NULL;

  for (const char *at = request; *at != '\0'; at++)
    tls_client_send (client, (char[]){ *at, '\0' });
  answer = tls_client_read_answer (client);
  g_assert_cmpuint (answer->status, ==, 200);

  large = g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n"
                           "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                           "%s{\"worker_id\":\"w\",\"status\":\"ready\"}",
                           strlen (spaces) + 34, spaces);
  answer_to_large = tls_exchange (queen->port, queen->identity, large);
  g_assert_cmpuint (answer_to_large->status, ==, 200);
}

/* What the kernel does not take at once, of a stream and of an answer. */
static void
test_large (void)
{
  g_autoptr (Queen) queen = queen_start ("--capacity=1000", NULL);
  g_autoptr (SseClient) client = NULL;
  TlsClient *lister = NULL;
  g_autoptr (HttpAnswer) list = NULL;

  publish (queen, 0, N_FLOOD);
  client = open_stream (queen, 4096, "?history=1000");
  for (guint i = 0; i < N_FLOOD; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u-%0100d", i, 0);

      sse_client_expect (client, "worker", id, "Ready");
    }

  lister = tls_client_connect (queen->port, queen->identity, 4096);
  tls_client_send (lister, "GET /v1/workers HTTP/1.1\r\nHost: localhost\r\n\r\n");
  list = tls_client_read_answer (lister);
  g_assert_cmpuint (list->body_length, >, 100 * 1000);
  g_assert_cmpstr (http_answer_get_header (list, "content-length"), !=, NULL);
  g_assert_cmpuint (g_ascii_strtoull (http_answer_get_header (list, "content-length"), NULL, 10),
                    ==, list->body_length);
  g_assert_true (g_str_has_suffix (list->body, "\"total\":400}\n"));
}

static void
test_slow (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autoptr (SseClient) slow = open_stream (queen, 4096, NULL);
  g_autoptr (SseClient) fast = open_stream (queen, 0, NULL);
  guint64 last = 0, dropped = 0, final = 0;

  for (guint sent = 0; sent < N_FLOOD; sent += 25)
    {
      publish (queen, sent, 25);
      for (guint i = 0; i < 25; i++)
        {
          g_autoptr (SseFrame) frame = sse_client_next (fast);

          g_assert_true (final == 0 || sse_frame_get_number (frame) == final + 1);
          final = sse_frame_get_number (frame);
        }
    }
  last = final - N_FLOOD;
  while (last < final)
    {
      g_autoptr (SseFrame) frame = sse_client_next (slow);

      if (g_str_equal (frame->event, "lagged"))
        {
          g_autoptr (SseFrame) snapshot = sse_client_next (slow);

          dropped += (guint64) sse_frame_get_int (frame, "dropped");
          last += (guint64) sse_frame_get_int (frame, "dropped");
          g_assert_cmpuint (sse_frame_get_number (snapshot), ==, last);
        }
      else
        g_assert_cmpuint (sse_frame_get_number (frame), ==, ++last);
    }
  g_test_message ("%" G_GUINT64_FORMAT " dropped", dropped);
  g_assert_cmpuint (dropped, >, N_FLOOD / 3); /* the kernel did not swallow it all */
}

static void
test_fan_out (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  guint n_subscribers = queen_test_scale (N_SUBSCRIBERS);

  for (guint i = 0; i < n_subscribers; i++)
    g_ptr_array_add (clients, open_stream (queen, 0, NULL));
  for (guint round = 0; round < 40; round++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", round);

      beat (queen, id);
    }
  for (guint i = 0; i < clients->len; i++)
    for (guint round = 0; round < 40; round++)
      {
        g_autofree char *id = g_strdup_printf ("w%u", round);

        sse_client_expect (clients->pdata[i], "worker", id, "Ready");
      }
}

static void
test_reload (void)
{
  Queen *queen = queen_start (NULL, NULL);
  g_autoptr (TlsIdentity) second = tls_identity_new ("second");
  g_autoptr (TlsIdentity) third = tls_identity_new ("third");
  g_autoptr (SseClient) stream = open_stream (queen, 0, NULL);
  g_autofree char *key = NULL;

  g_assert_false (tls_client_sees (queen->port, second));
  tls_identity_replace (queen->identity, second);
  queen_process_signal (queen->process, SIGHUP);
  queen_test_wait_until (tls_client_sees (queen->port, second));
  beat (queen, "w");
  sse_client_expect (stream, "worker", "w", "Ready");

  /* A key of somebody else: the old pair stays. */
  g_assert_true (g_file_get_contents (third->key, &key, NULL, NULL));
  g_assert_true (g_file_set_contents (queen->identity->key, key, -1, NULL));
  queen_process_signal (queen->process, SIGHUP);
  queen_test_wait_until (
      queen_process_has_said (queen->process, "the certificate and key stay as they were"));
  beat (queen, "x");
  sse_client_expect (stream, "worker", "x", "Ready");
  g_clear_pointer (&stream, sse_client_close);
  queen_stop_after_warning (queen);
}

/* Clients that dawdle with their hello, all at once as each takes its time for real. */
static void
test_silent (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autoptr (GBytes) hello = tls_dup_hello ();
  gsize length;
  const char *bytes = g_bytes_get_data (hello, &length);
  const gsize sent[] = { 0, 1, 5, length - 1 };
  int fds[G_N_ELEMENTS (sent)];
  gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < G_N_ELEMENTS (sent); i++)
    {
      fds[i] = http_connect (queen->port);
      http_send (fds[i], bytes, (gssize) sent[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (sent); i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);
      double took = (g_get_monotonic_time () - start) / (double) G_USEC_PER_SEC;

      g_assert_cmpuint (answer->status, ==, 0);
      g_assert_cmpfloat (took, >, 4.5);
      g_assert_cmpfloat (took, <, 8);
    }
}

/* More clients than there may be handshakes say hello, and no more. */
static void
test_half_handshakes (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autoptr (SseClient) stream = open_stream (queen, 0, NULL);
  g_autoptr (GBytes) hello = tls_dup_hello ();
  guint base = queen_process_count_descriptors (queen->process);
  int fds[N_SILENT];
  gint64 start;

  for (gsize i = 0; i < N_SILENT; i++)
    {
      fds[i] = http_connect (queen->port);
      http_send (fds[i], g_bytes_get_data (hello, NULL), (gssize) g_bytes_get_size (hello));
    }
  for (gsize i = 0; i < 8; i++)
    g_assert_true (http_wait_readable (fds[i], queen_test_get_deadline ())); /* a ServerHello */
  start = g_get_monotonic_time ();
  beat (queen, "w"); /* its turn comes before their deadline */
  sse_client_expect (stream, "worker", "w", "Ready");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 4 * G_USEC_PER_SEC);

  /* Some hang up in the middle, the others are hung up on. */
  for (gsize i = 0; i < N_SILENT; i++)
    close (fds[i]);
  queen_test_wait_until (queen_process_count_descriptors (queen->process) <= base);
}

static void
test_garbage (void)
{
  static const struct
  {
    const char *bytes;
    gsize length;
    guint status;
  } rows[] = {
    { "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 41, 400 },
    { "POST ", 5, 400 },
    { "\0", 1, 0 },
    { "hello?\r\n", 8, 0 },
    { "\x16\x03\x01\xff\xff", 5, 0 },             /* longer than any record */
    { "\x16\x03\x01\x00\x04\x02\x00\x00", 8, 0 }, /* a ServerHello */
    { "\x15\x03\x01\x00\x02\x02\x28", 7, 0 },     /* an alert */
    { "\x80\x2e\x01\x03\x01", 5, 0 },             /* SSL 2.0 */
    { "\x16\x03\x01\x00\x08\x01\x00\x00\x04junk", 13, 0 },
  };
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autoptr (HttpAnswer) metrics = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      int fd = http_connect (queen->port);
      g_autofree char *said = NULL;
      char byte;

      http_send (fd, rows[i].bytes, (gssize) rows[i].length);
      g_test_message ("row %zu", i);
      if (rows[i].status == 0)
        {
          /* The end, with or without an alert before it. */
          g_assert_true (http_wait_readable (fd, 3000));
          while (read (fd, &byte, 1) > 0)
            g_assert_true (http_wait_readable (fd, 3000));
          close (fd);
        }
      else
        {
          g_autoptr (HttpAnswer) answer = http_read_answer (fd);

          g_assert_cmpuint (answer->status, ==, rows[i].status);
          said = http_answer_dup_member (answer, "message");
          g_assert_cmpstr (said, ==, "this port speaks TLS: the address begins with https://");
        }
    }
  metrics = tls_exchange (queen->port, queen->identity,
                          "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  g_assert_nonnull (strstr (metrics->body, "queen_refusals_total{reason=\"handshake\"} 9\n"));
}

/* Returns: what openssl says when it connects with @option and types @line */
static char *
talk (Queen *queen, const char *option, const char *line)
{
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", queen->port);
  const char *command[] = {
    "timeout",  "20",    "openssl", "s_client", option, "-cipher", "DEFAULT:@SECLEVEL=0",
    "-connect", address, NULL
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) openssl =
      g_subprocess_newv (command,
                         G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                             G_SUBPROCESS_FLAGS_STDERR_MERGE,
                         &error);
  GInputStream *output = g_subprocess_get_stdout_pipe (openssl);
  g_autoptr (GString) said = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  g_assert_no_error (error);
  g_output_stream_write_all (g_subprocess_get_stdin_pipe (openssl), line, strlen (line), NULL, NULL,
                             NULL); /* it may have gone already */
  /* Its input stays open: what ends it is the queen. */
  while ((n = g_input_stream_read (output, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_string_append_len (said, buffer, n);
  g_subprocess_wait (openssl, NULL, NULL);
  g_assert_cmpint (g_subprocess_get_exit_status (openssl), !=, 124); /* of timeout(1) */
  return g_string_free (g_steal_pointer (&said), FALSE);
}

static void
test_versions (void)
{
  static const struct
  {
    const char *option;
    gboolean is_served;
  } rows[] = { { "-tls1", FALSE }, { "-tls1_1", FALSE }, { "-tls1_2", TRUE }, { "-tls1_3", TRUE } };
  g_autoptr (Queen) queen = queen_start (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *said =
          talk (queen, rows[i].option, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");

      g_test_message ("%s", rows[i].option);
      g_assert_cmpint (strstr (said, "HTTP/1.1 200 OK") != NULL, ==, rows[i].is_served);
    }
}

/* TLS 1.2 lets a client ask for another handshake in the middle of everything. */
static void
test_renegotiation (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autofree char *said = talk (queen, "-tls1_2", "R\n");

  g_assert_nonnull (strstr (said, "RENEGOTIATING"));
  g_assert_null (strstr (said, "HTTP/1.1"));
  beat (queen, "w");
}

/* Connections that end in every state leave no descriptor behind. */
static void
test_aborted (void)
{
  g_autoptr (Queen) queen = queen_start (NULL, NULL);
  g_autoptr (SseClient) stream = open_stream (queen, 0, NULL);
  g_autoptr (GBytes) hello = tls_dup_hello ();
  guint base = queen_process_count_descriptors (queen->process);
  guint n_aborted = queen_test_scale (N_ABORTED);

  for (guint i = 0; i < n_aborted; i++)
    {
      const gsize length = g_bytes_get_size (hello);
      TlsClient *client;
      int fd;

      switch (i % 5)
        {
        case 0: /* in the middle of a hello, or of a handshake */
        case 1:
          fd = http_connect (queen->port);
          http_send (fd, g_bytes_get_data (hello, NULL), (gssize) (i % 5 ? length : length / 2));
          close (fd);
          break;
        case 2: /* before a request */
          tls_client_close (tls_client_connect (queen->port, queen->identity, 0));
          break;
        case 3: /* in the middle of one */
          client = tls_client_connect (queen->port, queen->identity, 0);
          tls_client_send (client, "GET /health HT");
          tls_client_close (client);
          break;
        default: /* of a stream */
          sse_client_close (open_stream (queen, 0, NULL));
        }
    }
  queen_test_wait_until (queen_process_count_descriptors (queen->process) <= base);
  beat (queen, "w");
  sse_client_expect (stream, "worker", "w", "Ready");
}

static void
test_cookie (void)
{
  g_autofree char *path = NULL;
  g_autofree char *option = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("queen-tokens-XXXXXX", &path, &error);
  g_autoptr (HttpAnswer) session = NULL;
  g_autoptr (Queen) queen = NULL;

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, "a:correct-horse-battery\n", -1, NULL));
  option = g_strconcat ("--token-file=", path, NULL);
  queen = queen_start (option, "--protect-reads");
  session = tls_exchange (queen->port, queen->identity,
                          "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                          "Authorization: Bearer correct-horse-battery\r\n\r\n");
  g_assert_cmpuint (session->status, ==, 200);
  g_assert_nonnull (strstr (http_answer_get_header (session, "set-cookie"), "; Secure"));
  g_unlink (path);
}

/* Starts that must fail, and what must be said then. */
static void
assert_refused (const char *certificate, const char *key, const char *said)
{
  g_autofree char *certificate_option = g_strconcat ("--tls-certificate=", certificate, NULL);
  g_autofree char *key_option = g_strconcat ("--tls-key=", key, NULL);
  const char *arguments[] = { "--port=0", "--ui-port=off",
                              certificate ? certificate_option : key_option,
                              certificate && key ? key_option : NULL, NULL };
  QueenProcess *queen = queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments });
  g_autofree char *text = NULL;

  g_assert_cmpint (queen_process_wait_exit (queen), ==, 1);
  text = queen_process_dup_stderr (queen);
  if (!strstr (text, said) || strchr (text, '\n') != text + strlen (text) - 1)
    g_error ("“%s” is not the one line: %s", said, text);
  queen_process_stop (queen);
}

static void
test_bad_pairs (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("first");
  g_autoptr (TlsIdentity) other = tls_identity_new ("second");

  assert_refused (identity->certificate, NULL, "--tls-certificate and --tls-key go together");
  assert_refused (NULL, identity->key, "--tls-certificate and --tls-key go together");
  assert_refused (identity->certificate, "/nonexistent", "/nonexistent");
  assert_refused (identity->certificate, identity->certificate, "No PEM-encoded private key");
  assert_refused (identity->key, identity->key, "No PEM-encoded certificate");
  assert_refused (identity->certificate, other->key, "are no certificate with its key");
}

/* As systemd hands them over, by LoadCredential=. */
static void
test_credentials (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("first");
  g_autofree char *variable = g_strconcat ("CREDENTIALS_DIRECTORY=", identity->directory, NULL);
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", NULL };
  const char *environment[] = { variable, NULL };
  g_autoptr (QueenProcess) queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .environment = environment });

  queen_process_wait_ready (queen);
  g_assert_true (tls_client_sees (queen_process_get_port (queen), identity));
}

/* She asks herself at her own port whether she still answers, and needs no handshake for that. */
static void
test_watchdog (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("first");
  g_autoptr (NotifySocket) manager = notify_socket_new ();
  g_autofree char *variable = g_strconcat ("CREDENTIALS_DIRECTORY=", identity->directory, NULL);
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", NULL };
  const char *environment[] = { notify_socket_get_variable (manager), "WATCHDOG_USEC=1000000",
                                variable, NULL };
  g_autoptr (QueenProcess) queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .environment = environment });

  queen_process_wait_ready (queen);
  for (int i = 0; i < 3; i++)
    g_free (notify_socket_wait_for (manager, "WATCHDOG=1"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tls/exchange/events-arrive-and-ends-are-announced", test_exchange);
  g_test_add_func ("/tls/exchange/requests-in-pieces-of-any-size", test_pieces);
  g_test_add_func ("/tls/exchange/large-answers-arrive-whole", test_large);
  g_test_add_func ("/tls/stream/slow-reader-gets-whole-frames-and-is-told-of-loss", test_slow);
  g_test_add_func ("/tls/stream/200-subscribers-see-all-in-order", test_fan_out);
  g_test_add_func ("/tls/reload/for-new-connections-and-only-if-good", test_reload);
  g_test_add_func ("/tls/handshake/silent-clients-have-5-seconds", test_silent);
  g_test_add_func ("/tls/handshake/half-ones-do-not-keep-others-out", test_half_handshakes);
  g_test_add_func ("/tls/handshake/old-versions-are-refused", test_versions);
  g_test_add_func ("/tls/handshake/one-for-each-connection", test_renegotiation);
  g_test_add_func ("/tls/handshake/garbage-is-closed-and-plain-http-is-told", test_garbage);
  g_test_add_func ("/tls/descriptors/none-left-of-aborted-connections", test_aborted);
  g_test_add_func ("/tls/session/cookie-is-secure", test_cookie);
  g_test_add_func ("/tls/settings/bad-pair-is-one-clear-line", test_bad_pairs);
  g_test_add_func ("/tls/watchdog/fed-as-ever", test_watchdog);
  g_test_add_func ("/tls/settings/credentials-of-systemd", test_credentials);

  return g_test_run ();
}
