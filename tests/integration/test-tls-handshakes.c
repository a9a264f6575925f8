/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What holds before there is a connection to speak through: who gets a handshake, and which. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "own-network.h"
#include "preload.h"
#include "tls-queen.h"

#define N_SILENT 20
#define N_LATE 12
#define MAX_CONNECTIONS 40
#define N_HONEST 15
#define FLOOD_INTERVAL 5000 /* µs: 200 hellos a second */
#define MAX_FLOOD 600       /* hellos that are held on to: more than 5 s have room for none */
#define HALF_A_TRIP 50000   /* µs to a far client and back */
#define DEADLINE (5 * G_USEC_PER_SEC)
#define ASK_FOR_STREAM "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define ASK_FOR_HEALTH "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static gboolean has_network; /* with addresses that are somebody else's */

/* Clients that dawdle with their hello, all at once as each takes its time for real. */
static void
test_silent (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
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

/* Clients that say hello, and no more. */
static void
test_half_handshakes (void)
{
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autoptr (SseClient) stream = tls_queen_open_stream (queen, 0, NULL);
  g_autoptr (GBytes) hello = tls_dup_hello ();
  guint base = queen_process_count_descriptors (queen->process);
  int fds[N_SILENT];
  gint64 start;

  for (gsize i = 0; i < N_SILENT; i++)
    {
      fds[i] = http_connect (queen->port);
      http_send (fds[i], g_bytes_get_data (hello, NULL), (gssize) g_bytes_get_size (hello));
    }
  for (gsize i = 0; i < N_SILENT; i++)
    g_assert_true (http_wait_readable (fds[i], queen_test_get_deadline ())); /* a ServerHello */
  start = g_get_monotonic_time ();
  tls_queen_beat (queen, "w"); /* long before their deadline */
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
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
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

/* Late ones */

static void
wait_until_time (gint64 time)
{
  while (g_get_monotonic_time () < time)
    g_usleep (1000);
}

/* Returns: a client that has kept back its last words of the handshake, with @request behind them
 */
static TlsClient *
connect_held (TlsQueen *queen, const char *address, const char *request)
{
  const TlsClientSetup setup = {
    .port = queen->port, .identity = queen->identity, .address = address, .is_held = TRUE
  };
  int code;
  TlsClient *client = tls_client_try (&setup, &code);

  if (!client)
    g_error ("no handshake: %s", gnutls_strerror (code));
  tls_client_send (client, request);
  return client;
}

/* A0: what they say comes in the very moment in which their time is over, while the loop is busy
 * with something else. */
static void
test_late (void)
{
  g_auto (GStrv) environment = preload_dup_hang_environment ("poll");
  g_autoptr (TlsQueen) queen =
      tls_queen_start_as (tls_identity_new ("first"), (const char *const *) environment, NULL);
  TlsClient *clients[N_LATE];
  gint64 begin = g_get_monotonic_time ();
  gint64 end;

  for (gsize i = 0; i < N_LATE; i++)
    clients[i] = connect_held (queen, NULL, ASK_FOR_STREAM);
  end = g_get_monotonic_time ();
  g_assert_cmpint (end - begin, <, DEADLINE / 2);
  wait_until_time (begin + DEADLINE - G_USEC_PER_SEC / 2);
  preload_turn_hanging (queen->process, "hang: on\n");
  for (gsize i = 0; i < N_LATE; i++)
    tls_client_let_go (clients[i]);
  wait_until_time (end + DEADLINE + G_USEC_PER_SEC / 10);
  preload_turn_hanging (queen->process, "hang: off\n");
  for (gsize i = 0; i < N_LATE; i++)
    {
      g_assert_true (tls_client_is_answered (clients[i]));
      tls_client_close (clients[i]);
    }
  tls_queen_beat (queen, "w");
}

/* A0: likewise in the moment in which they are to make room for others. */
static void
test_late_at_the_cap (void)
{
  g_auto (GStrv) environment = preload_dup_hang_environment ("poll");
  const char *options[] = { "--max-connections=40", NULL };
  g_autoptr (TlsQueen) queen =
      tls_queen_start_as (tls_identity_new ("first"), (const char *const *) environment, options);
  g_autoptr (GBytes) hello = tls_dup_hello ();
  TlsClient *clients[MAX_CONNECTIONS];
  int newcomers[MAX_CONNECTIONS];
  guint n_answered = 0;

  for (gsize i = 0; i < MAX_CONNECTIONS; i++)
    clients[i] = connect_held (queen, NULL, ASK_FOR_STREAM);
  preload_turn_hanging (queen->process, "hang: on\n");
  for (gsize i = 0; i < MAX_CONNECTIONS; i++)
    {
      tls_client_let_go (clients[i]);
      newcomers[i] = http_connect (queen->port);
      http_send (newcomers[i], g_bytes_get_data (hello, NULL), (gssize) g_bytes_get_size (hello));
    }
  preload_turn_hanging (queen->process, "hang: off\n");
  for (gsize i = 0; i < MAX_CONNECTIONS; i++)
    {
      n_answered += tls_client_is_answered (clients[i]);
      tls_client_close (clients[i]);
      close (newcomers[i]);
    }
  g_assert_cmpuint (n_answered, >=, MAX_CONNECTIONS - 1); /* who had nothing to say made room */
  tls_queen_beat (queen, "w");
}

/* The flood */

typedef struct
{
  guint16 port;
  const char *address;
  GBytes *hello;
  gint is_over; /* atomic */
} Flood;

static gpointer
flood (gpointer data)
{
  Flood *self = data;
  int fds[MAX_FLOOD];
  guint n = 0;

  for (gint64 next = g_get_monotonic_time (); !g_atomic_int_get (&self->is_over);
       next += FLOOD_INTERVAL)
    {
      if (n >= MAX_FLOOD)
        close (fds[n % MAX_FLOOD]);
      fds[n % MAX_FLOOD] = http_connect_from (self->address, self->port, 0);
      http_send (fds[n++ % MAX_FLOOD], g_bytes_get_data (self->hello, NULL),
                 (gssize) g_bytes_get_size (self->hello));
      wait_until_time (next + FLOOD_INTERVAL);
    }
  for (guint i = 0; i < MIN (n, MAX_FLOOD); i++)
    close (fds[i]);
  return NULL;
}

/* 200 hellos a second that never go on; and clients at 50 ms distance, from @address and another,
 * of whom each is answered. */
static void
flood_from (const char *address, const char *another)
{
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autoptr (GBytes) hello = tls_dup_hello ();
  Flood data = { .port = queen->port, .address = address, .hello = hello };
  GThread *thread = g_thread_new ("flood", flood, &data);

  for (guint i = 0; i < 2 * N_HONEST; i++)
    {
      TlsClient *client = connect_held (queen, i % 2 ? address : another, ASK_FOR_HEALTH);

      g_usleep (HALF_A_TRIP);
      tls_client_let_go (client);
      g_assert_true (tls_client_is_answered (client));
      tls_client_close (client);
      g_usleep (2 * HALF_A_TRIP);
    }
  g_atomic_int_set (&data.is_over, TRUE);
  g_thread_join (thread);
}

/* A15: they are another's, or of the very same address. */
static void
test_flood (void)
{
  if (has_network)
    flood_from ("10.0.0.9", "10.0.0.1");
  else
    g_test_skip ("no network of one's own may be made here");
}

/* All loopback addresses are the same one. */
static void
test_local_flood (void)
{
  flood_from ("127.0.0.9", "127.0.0.1");
}

/* Others' implementations */

static const char *const openssl_command[] = {
  "timeout", "20", "openssl", "s_client", "-cipher", "DEFAULT:@SECLEVEL=0", "-connect",
};

/* Returns: what openssl says when it connects with @options and types @line */
static char *
talk (TlsQueen *queen, const char *const *options, const char *line)
{
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", queen->port);
  g_autoptr (GPtrArray) command = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) openssl = NULL;
  g_autoptr (GString) said = g_string_new (NULL);
  GInputStream *output;
  char buffer[4096];
  gssize n;

  for (gsize i = 0; i < G_N_ELEMENTS (openssl_command); i++)
    g_ptr_array_add (command, (char *) openssl_command[i]);
  g_ptr_array_add (command, address);
  for (gsize i = 0; options[i]; i++)
    g_ptr_array_add (command, (char *) options[i]);
  g_ptr_array_add (command, NULL);
  openssl = g_subprocess_newv ((const char *const *) command->pdata,
                               G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                   G_SUBPROCESS_FLAGS_STDERR_MERGE,
                               &error);
  g_assert_no_error (error);
  g_output_stream_write_all (g_subprocess_get_stdin_pipe (openssl), line, strlen (line), NULL, NULL,
                             NULL); /* it may have gone already */
  /* Its input stays open: what ends it is the queen. */
  output = g_subprocess_get_stdout_pipe (openssl);
  while ((n = g_input_stream_read (output, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_string_append_len (said, buffer, n);
  g_subprocess_wait (openssl, NULL, NULL);
  g_assert_cmpint (g_subprocess_get_exit_status (openssl), !=, 124); /* of timeout(1) */
  return g_string_free (g_steal_pointer (&said), FALSE);
}

/* A25: no old version; no exchange of keys by RSA; no CBC; and no fields of numbers, which cost the
 * queen up to 0.4 s. */
static void
test_refused (void)
{
  static const struct
  {
    const char *options[6];
    gboolean is_served;
  } rows[] = {
    { { "-tls1" }, FALSE },
    { { "-tls1_1" }, FALSE },
    { { "-tls1_2" }, TRUE },
    { { "-tls1_3" }, TRUE },
    { { "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256" }, TRUE },
    { { "-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305" }, TRUE },
    { { "-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA" }, FALSE },
    { { "-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384" }, FALSE },
    { { "-tls1_2", "-cipher", "AES128-GCM-SHA256" }, FALSE },
    { { "-tls1_2", "-cipher", "AES256-SHA" }, FALSE },
    { { "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256" }, FALSE },
    { { "-tls1_3", "-groups", "ffdhe8192" }, FALSE },
    { { "-tls1_3", "-groups", "X25519" }, TRUE },
    { { "-tls1_3", "-groups", "P-384" }, TRUE },
  };
  g_autoptr (TlsQueen) queen = tls_queen_start_as (
      tls_identity_new_with ("rsa", &(TlsIdentitySetup){ .algorithm = GNUTLS_PK_RSA }), NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *said = talk (queen, rows[i].options, ASK_FOR_HEALTH);

      g_test_message ("%s %s", rows[i].options[0], rows[i].options[2] ? rows[i].options[2] : "");
      g_assert_cmpint (strstr (said, "HTTP/1.1 200 OK") != NULL, ==, rows[i].is_served);
    }
}

/* TLS 1.2 lets a client ask for another handshake in the middle of everything. */
static void
test_renegotiation (void)
{
  const char *options[] = { "-tls1_2", NULL };
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autofree char *said = talk (queen, options, "R\n");

  g_assert_nonnull (strstr (said, "RENEGOTIATING"));
  g_assert_null (strstr (said, "HTTP/1.1"));
  tls_queen_beat (queen, "w");
}

/* A sender that comes back by its ticket does so without the certificate; a reload is the end of
 * tickets. */
static void
test_tickets (void)
{
  static const char *const versions[] = { "-tls1_2", "-tls1_3" };
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);
  g_autofree char *path = g_build_filename (queen->identity->directory, "session", NULL);
  g_autofree char *third = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      const char *come[] = { versions[i], "-sess_out", path, NULL };
      const char *come_back[] = { versions[i], "-sess_in", path, NULL };
      g_autofree char *first = talk (queen, come, ASK_FOR_HEALTH);
      g_autofree char *second = talk (queen, come_back, ASK_FOR_HEALTH);

      g_assert_nonnull (strstr (first, "\nNew, TLS"));
      g_assert_nonnull (strstr (second, "\nReused, TLS"));
      g_assert_nonnull (strstr (second, "HTTP/1.1 200 OK"));
    }
  queen_process_signal (queen->process, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen->process, "certificate and key read again"));
  third = talk (queen, (const char *[]){ "-sess_in", path, NULL }, ASK_FOR_HEALTH);
  g_assert_nonnull (strstr (third, "\nNew, TLS"));
  g_assert_nonnull (strstr (third, "HTTP/1.1 200 OK"));
  g_unlink (path);
}

/* RFC 6066 § 4, as small devices ask for it. */
static void
test_short_records (void)
{
  static const char *const versions[] = { "-tls1_2", "-tls1_3" };
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);

  tls_queen_beat (queen, "first");
  tls_queen_beat (queen, "last");
  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      const char *options[] = { versions[i], "-maxfraglen", "512", NULL };
      g_autofree char *said =
          talk (queen, options,
                "GET /v1/workers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

      g_assert_nonnull (strstr (said, "\"id\":\"last\""));
    }
}

static void
test_protocols (void)
{
  static const struct
  {
    const char *options[4];
    gboolean is_served;
  } rows[] = {
    { { "-alpn", "h2,http/1.1" }, TRUE },
    { { "-alpn", "h2" }, FALSE },
    { { "-4" }, TRUE },
  };
  g_autoptr (TlsQueen) queen = tls_queen_start (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *said = talk (queen, rows[i].options, ASK_FOR_HEALTH);

      g_assert_cmpint (strstr (said, "HTTP/1.1 200 OK") != NULL, ==, rows[i].is_served);
      g_assert_cmpint (strstr (said, "ALPN protocol: http/1.1") != NULL, ==, i == 0);
    }
}

int
main (int argc, char **argv)
{
  has_network = own_network_enter ();
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tls/handshake/silent-clients-have-5-seconds", test_silent);
  g_test_add_func ("/tls/handshake/half-ones-do-not-keep-others-out", test_half_handshakes);
  g_test_add_func ("/tls/handshake/garbage-is-closed-and-plain-http-is-told", test_garbage);
  g_test_add_func ("/tls/handshake/who-spoke-in-time-is-heard-however-late", test_late);
  g_test_add_func ("/tls/handshake/who-spoke-in-time-at-the-cap", test_late_at_the_cap);
  g_test_add_func ("/tls/handshake/beside-200-hellos-a-second", test_flood);
  g_test_add_func ("/tls/handshake/beside-200-hellos-a-second-of-this-machine", test_local_flood);
  g_test_add_func ("/tls/handshake/what-is-weak-or-slow-is-refused", test_refused);
  g_test_add_func ("/tls/handshake/one-for-each-connection", test_renegotiation);
  g_test_add_func ("/tls/handshake/tickets-to-come-back-with", test_tickets);
  g_test_add_func ("/tls/handshake/short-records", test_short_records);
  g_test_add_func ("/tls/handshake/speaks-http-1-1", test_protocols);

  return g_test_run ();
}
