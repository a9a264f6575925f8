/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The same promises through TLS, and those that only TLS has to keep. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notify-socket.h"
#include "tls-queen.h"

#define N_SUBSCRIBERS 200
#define N_ABORTED 500
#define N_FLOOD 400 /* events: more than a socket and the ring take for one that does not read */

/* Their ids are long, so that fewer events fill a socket. */
static void
publish (TlsQueen *queen, guint from, guint count)
{
  for (guint i = from; i < from + count; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u-%0100d", i, 0);

      tls_queen_beat (queen, id);
    }
}

static void
test_exchange (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autoptr (SseClient) stream = tls_queen_open_stream (queen, 0, NULL);
  g_autoptr (TlsClient) client = tls_client_connect (queen->port, queen->identity, 0);
  g_autofree char *protocol = tls_client_dup_protocol (client);
  g_autoptr (SseFrame) bye = NULL;

  g_assert_cmpstr (protocol, ==, "http/1.1");
  tls_queen_beat (queen, "w");
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
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
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

/* Many records that have come together, and each is a request: the kernel tells of them once. */
static void
test_persistent (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  TlsClient *client = tls_client_connect (queen->port, queen->identity, 0);
  g_autoptr (GString) said = g_string_new (NULL);
  char buffer[4096];
  gssize n_bytes;
  guint n = 0;

  for (guint i = 0; i < 20; i++)
    tls_client_send (client, request);
  tls_client_send (client, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  while ((n_bytes = tls_client_read (client, buffer, sizeof buffer, queen_test_get_deadline ())) >
         0)
    g_string_append_len (said, buffer, n_bytes);
  g_assert_cmpint (n_bytes, ==, 0);
  tls_client_close (client);
  for (const char *at = said->str; (at = strstr (at, "HTTP/1.1 200 OK\r\n")); at++)
    n++;
  g_assert_cmpuint (n, ==, 21);
}

/* What the kernel does not take at once, of a stream and of an answer. */
static void
test_large (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start ("--capacity=1000", NULL);
  g_autoptr (SseClient) client = NULL;
  TlsClient *lister = NULL;
  g_autoptr (HttpAnswer) list = NULL;

  publish (queen, 0, N_FLOOD);
  client = tls_queen_open_stream (queen, 4096, "?history=1000");
  for (guint i = 0; i < N_FLOOD; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u-%0100d", i, 0);

      sse_client_expect (client, "worker", id, "Ready");
    }

  lister = tls_client_connect (queen->port, queen->identity, 4096);
  tls_client_send (lister, "GET /v1/workers HTTP/1.1\r\nHost: localhost\r\n\r\n");
  list = tls_client_read_answer (lister);
  g_assert_cmpuint (list->body_length, >, 100 * 1000);
  /* It may take long, and a session that can be read meanwhile is large, too. */
  g_assert_cmpstr (http_answer_get_header (list, "connection"), ==, "close");
  g_assert_cmpstr (http_answer_get_header (list, "content-length"), !=, NULL);
  g_assert_cmpuint (g_ascii_strtoull (http_answer_get_header (list, "content-length"), NULL, 10),
                    ==, list->body_length);
  g_assert_true (g_str_has_suffix (list->body, "\"total\":400}\n"));
}

static void
test_slow (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start ("--stall-timeout=1h", NULL);
  g_autoptr (SseClient) slow = tls_queen_open_stream (queen, 4096, NULL);
  g_autoptr (SseClient) fast = tls_queen_open_stream (queen, 0, NULL);
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
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  guint n_subscribers = queen_test_scale (N_SUBSCRIBERS);

  for (guint i = 0; i < n_subscribers; i++)
    g_ptr_array_add (clients, tls_queen_open_stream (queen, 0, NULL));
  for (guint round = 0; round < 40; round++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", round);

      tls_queen_beat (queen, id);
    }
  for (guint i = 0; i < clients->len; i++)
    for (guint round = 0; round < 40; round++)
      {
        g_autofree char *id = g_strdup_printf ("w%u", round);

        sse_client_expect (clients->pdata[i], "worker", id, "Ready");
      }
}

/* Compressed and sealed: one that reads slowly, and one that keeps up, up to their ends. */
static void
test_gzip (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start ("--stall-timeout=1h", NULL);
  SseClient *clients[2];
  guint64 numbers[G_N_ELEMENTS (clients)] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autoptr (SseFrame) snapshot = NULL;

      clients[i] = sse_client_open_tls (queen->port, queen->identity, i == 0 ? 4096 : 0, NULL,
                                        "Accept-Encoding: gzip\r\n");
      snapshot = sse_client_next (clients[i]);
      g_assert_cmpstr (http_answer_get_header (sse_client_get_answer (clients[i]),
                                               "content-encoding"),
                       ==, "gzip");
    }
  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      tls_queen_beat (queen, id);
      numbers[1] = sse_client_expect (clients[1], "worker", id, "Ready");
    }
  queen_process_signal (queen->process, SIGTERM);
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      SseFrame *frame;

      while ((frame = sse_client_next (clients[i])))
        {
          if (frame->id)
            numbers[i] = sse_frame_get_number (frame);
          sse_frame_free (frame);
        }
      sse_client_close (clients[i]);
    }
  g_assert_cmpuint (numbers[0], ==, 40);
  g_assert_cmpuint (numbers[1], ==, 40);
  g_assert_cmpint (queen_process_wait_exit (queen->process), ==, 0);
}

static void
reload (TlsQueen *queen, const char *said)
{
  queen_process_signal (queen->process, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen->process, said));
}

static void
test_reload (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autoptr (TlsIdentity) second = tls_identity_new ("second");
  g_autoptr (SseClient) stream = tls_queen_open_stream (queen, 0, NULL);

  g_assert_false (tls_client_sees (queen->port, second));
  tls_identity_replace (queen->identity, second);
  reload (queen, "certificate and key read again");
  g_assert_true (tls_client_sees (queen->port, second));
  tls_queen_beat (queen, "w");
  sse_client_expect (stream, "worker", "w", "Ready");
}

/* A1: a pair that cannot be served changes nothing, and nobody waits for it. */
static void
test_bad_reload (void)
{
  static const TlsIdentitySetup bad[] = {
    { .algorithm = GNUTLS_PK_RSA, .bits = 512 },
    { .algorithm = GNUTLS_PK_RSA, .key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT },
    { .key_usage = GNUTLS_KEY_KEY_AGREEMENT },
  };
  g_autoptr (TlsIdentity) other = tls_identity_new ("other");
  g_autoptr (TlsIdentity) first = tls_identity_new ("first");
  TlsQueen *queen = tls_queen_start_as (tls_identity_new ("first"), NULL, NULL);
  g_autoptr (SseClient) stream = NULL;

  tls_identity_replace (first, queen->identity);
  stream = tls_queen_open_stream (queen, 0, NULL);
  for (gsize i = 0; i <= G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (TlsIdentity) next =
          i > 0 ? tls_identity_new_with ("bad", &bad[i - 1]) : tls_identity_new ("second");
      g_autofree char *id = g_strdup_printf ("w%zu", i);

      if (i == 0) /* a key of somebody else */
        tls_identity_mix (next, other);
      tls_identity_replace (queen->identity, next);
      queen_process_signal (queen->process, SIGHUP);
      queen_test_wait_until (
          queen_process_count_said (queen->process, "the certificate and key stay as they were") ==
          i + 1);
      tls_identity_replace (queen->identity, first); /* whom clients expect */
      tls_queen_beat (queen, id);
      sse_client_expect (stream, "worker", id, "Ready");
    }
  g_clear_pointer (&stream, sse_client_close);
  tls_queen_stop_after_warning (queen);
}

static void
test_dates (void)
{
  static const struct
  {
    TlsIdentitySetup setup;
    const char *said;
  } rows[] = {
    { { .end = -3600 }, " has ended on " },
    { { .begin = 3600 }, " begins on " },
    { { .end = 6 * 24 * 3600 }, " ends on " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      TlsQueen *queen =
          tls_queen_start_as (tls_identity_new_with ("first", &rows[i].setup), NULL, NULL);

      queen_test_wait_until (queen_process_count_said (queen->process, rows[i].said) == 1);
      reload (queen, "certificate and key read again");
      g_assert_cmpuint (queen_process_count_said (queen->process, rows[i].said), ==, 2);
      g_assert_cmpuint (queen_process_count_said (queen->process, "WARNING"), ==, 2);
      tls_queen_stop_after_warning (queen);
    }
}

/* Connections that end in every state leave no descriptor behind. */
static void
test_aborted (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autoptr (SseClient) stream = tls_queen_open_stream (queen, 0, NULL);
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
          sse_client_close (tls_queen_open_stream (queen, 0, NULL));
        }
    }
  queen_test_wait_until (queen_process_count_descriptors (queen->process) <= base);
  tls_queen_beat (queen, "w");
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
  g_autoptr (TlsQueen) queen = NULL;

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, "a:correct-horse-battery\n", -1, NULL));
  option = g_strconcat ("--token-file=", path, NULL);
  queen = tls_queen_start (option, "--protect-reads");
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

  g_assert_cmpint (queen_process_wait_exit (queen), ==, 78);
  text = queen_process_dup_stderr (queen);
  if (!strstr (text, said) || strchr (text, '\n') != text + strlen (text) - 1)
    g_error ("“%s” is not the one line: %s", said, text);
  queen_process_stop (queen);
}

/* Why a pair is none is for the unit tests. */
static void
test_bad_pairs (void)
{
  static const TlsIdentitySetup bad[] = {
    { .algorithm = GNUTLS_PK_RSA, .bits = 512 },
    { .algorithm = GNUTLS_PK_RSA, .key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT },
  };
  g_autoptr (TlsIdentity) identity = tls_identity_new ("first");
  g_autoptr (TlsIdentity) rsa =
      tls_identity_new_with ("second", &(TlsIdentitySetup){ .algorithm = GNUTLS_PK_RSA });
  g_autofree char *fifo = g_build_filename (identity->directory, "fifo", NULL);

  assert_refused (identity->certificate, NULL, "--tls-certificate and --tls-key go together");
  assert_refused (NULL, identity->key, "--tls-certificate and --tls-key go together");
  assert_refused (identity->certificate, "/nonexistent", "/nonexistent");
  assert_refused (identity->certificate, identity->certificate, "it has no private key");
  assert_refused (identity->key, identity->key, "it has no certificate");
  assert_refused (rsa->certificate, identity->key, "are no certificate with its key"); /* A1 */
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (TlsIdentity) next = tls_identity_new_with ("bad", &bad[i]);

      assert_refused (next->certificate, next->key, "are no certificate with its key");
    }
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (identity->certificate, fifo, "is not a regular file");
  g_unlink (fifo);
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
  g_test_add_func ("/tls/exchange/one-handshake-for-many-requests", test_persistent);
  g_test_add_func ("/tls/exchange/large-answers-arrive-whole", test_large);
  g_test_add_func ("/tls/stream/slow-reader-gets-whole-frames-and-is-told-of-loss", test_slow);
  g_test_add_func ("/tls/stream/200-subscribers-see-all-in-order", test_fan_out);
  g_test_add_func ("/tls/stream/gzip-up-to-its-end", test_gzip);
  g_test_add_func ("/tls/reload/for-new-connections", test_reload);
  g_test_add_func ("/tls/reload/a-bad-pair-changes-nothing", test_bad_reload);
  g_test_add_func ("/tls/settings/dates-are-warned-of", test_dates);
  g_test_add_func ("/tls/descriptors/none-left-of-aborted-connections", test_aborted);
  g_test_add_func ("/tls/session/cookie-is-secure", test_cookie);
  g_test_add_func ("/tls/settings/bad-pair-is-one-clear-line", test_bad_pairs);
  g_test_add_func ("/tls/watchdog/fed-as-ever", test_watchdog);
  g_test_add_func ("/tls/settings/credentials-of-systemd", test_credentials);

  return g_test_run ();
}
