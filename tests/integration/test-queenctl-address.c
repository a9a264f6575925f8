/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl at an address: which is none, who is no queen there, and one on another machine. */

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "queenctl-runner.h"
#include "tls-queen.h"

#define TOKEN "0123456789abcdef"

static void
test_bad_address (void)
{
  static const struct
  {
    const char *line;
    int code;
    const char *said;
  } rows[] = {
    { "--url=http://127.0.0.1:1 status", 3, "No answer at http://127.0.0.1:1: Could not connect" },
    { "--url=ftp://localhost status", 2, "ftp://localhost" },
    { "--url=http://me:secret@localhost status", 2, "is not an address such as" },
    { "--url=http://192.0.2.1 --token-file=/etc/hostname status", 2, "in the clear" },
    { "--url=http://localhost --token-file=/nonexistent status", 2, "/nonexistent" },
    { "--url=https://localhost --ca-file=/nonexistent status", 2, "/nonexistent" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    ctl_refuse (rows[i].line, rows[i].code, rows[i].said);
}

/* Serves one answer for whoever comes, and is no queen. */
static gboolean
on_stranger_asked (GSocketService *service,
                   GSocketConnection *connection,
                   GObject *source,
                   gpointer data)
{
  static const char *const answers[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[[[[",
    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{\"workers\":[{\"id\":\"\"}],\"\":1}",
    "SSH-2.0-OpenSSH_9.2p1\r\n",
  };
  guint *n = data;
  char head[4096];
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  const char *answer = answers[(*n)++ % G_N_ELEMENTS (answers)];

  g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), head, sizeof head,
                       NULL, NULL);
  g_output_stream_write_all (out, answer, strlen (answer), NULL, NULL, NULL);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

static gpointer
serve (gpointer loop)
{
  g_main_context_push_thread_default (g_main_loop_get_context (loop));
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (g_main_loop_get_context (loop));
  return NULL;
}

typedef struct
{
  GMainLoop *loop;
  GSocketService *service;
  GThread *thread;
  guint16 port;
} Stranger;

static void
stranger_start (Stranger *self, GCallback on_asked, gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  self->loop = g_main_loop_new (context, FALSE);
  g_main_context_push_thread_default (context);
  self->service = g_socket_service_new ();
  self->port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (self->service), NULL, NULL);
  g_signal_connect (self->service, "incoming", on_asked, data);
  g_main_context_pop_thread_default (context);
  self->thread = g_thread_new ("stranger", serve, self->loop);
}

static void
stranger_stop (Stranger *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  g_object_unref (self->service);
  g_main_loop_unref (self->loop);
}

static void
test_stranger (void)
{
  g_autofree char *line = NULL;
  Stranger stranger;
  guint n = 0;

  stranger_start (&stranger, G_CALLBACK (on_stranger_asked), &n);
  line = g_strdup_printf ("--url=http://127.0.0.1:%u list workers", stranger.port);
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *out = NULL;
      g_autofree char *err = NULL;
      int code = ctl_run (line, &out, &err);

      g_test_message ("%d %s", code, err);
      g_assert_true (code == 1 || code == 3);
      g_assert_true (g_str_has_prefix (err, "queenctl: "));
    }
  stranger_stop (&stranger);
}

/* What a web server says of a path that it does not have. */
static gboolean
on_web_server_asked (GSocketService *service,
                     GSocketConnection *connection,
                     GObject *source,
                     gpointer data)
{
  static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n"
                               "Content-Length: 4\r\nConnection: close\r\n\r\n<p>?";
  char head[4096];

  g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), head, sizeof head,
                       NULL, NULL);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer,
                             strlen (answer), NULL, NULL, NULL);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

/* D3: what it does not have says nothing about the queen's. */
static void
test_web_server (void)
{
  static const char *const lines[] = { "status", "list",    "show w",
                                       "watch",  "wait w",  "report worker w ready",
                                       "find m", "forget w" };
  g_autofree char *said = NULL;
  Stranger stranger;

  stranger_start (&stranger, G_CALLBACK (on_web_server_asked), NULL);
  said = g_strdup_printf ("What answers at http://127.0.0.1:%u is no queen: 404 Not Found\n",
                          stranger.port);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *line =
          g_strdup_printf ("--url=http://127.0.0.1:%u %s", stranger.port, lines[i]);

      ctl_refuse (line, 1, said);
    }
  stranger_stop (&stranger);
}

/* From another machine */

static char *
write_tokens (void)
{
  char *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("queen-tokens-XXXXXX", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_file_set_contents (path, "# mine\nme:" TOKEN ":beat,read\nroot:fedcba9876543210:admin\n", -1,
                       &error);
  g_assert_no_error (error);
  return path;
}

static void
test_token_and_certificate (void)
{
  g_autofree char *tokens = write_tokens ();
  g_autofree char *option = g_strconcat ("--token-file=", tokens, NULL);
  const char *options[] = { option, "--protect-reads", "--admin=token", NULL };
  g_autoptr (TlsQueen) queen = tls_queen_start_as (tls_identity_new ("first"), NULL, options);
  g_autofree char *url = g_strdup_printf ("--url=https://localhost:%u", queen->port);
  g_autofree char *known = g_strdup_printf ("%s --ca-file=%s", url, queen->identity->certificate);
  g_autofree char *bare = g_strdup_printf ("%s status", known);
  g_autofree char *unknown = g_strdup_printf ("%s %s status", url, option);
  g_autofree char *unvouched =
      g_strdup_printf ("Nobody trusted vouches for the certificate at https://localhost:%u: ",
                       queen->port); /* D3 */
  g_autoptr (TlsIdentity) other = tls_identity_new ("second");
  g_autofree char *of_another = g_strdup_printf ("%s --ca-file=%s status", url, other->certificate);
  g_autofree char *let_in = g_strdup_printf ("%s %s", known, option);
  g_autofree char *status = g_strdup_printf ("%s status", let_in);
  g_autofree char *report = g_strdup_printf ("%s report worker w ready", let_in);
  g_autofree char *forget = g_strdup_printf ("%s forget w", let_in);

  ctl_refuse (unknown, 3, unvouched);
  ctl_refuse (unknown, 3, "trust it with “--ca-file FILE”.");
  ctl_refuse (of_another, 3,
              "The file of --ca-file does not vouch for the certificate at https://");
  ctl_refuse (bare, 1, "wants a token that she knows: see --token-file");
  ctl_expect (status, "0 online");
  ctl_expect (report, "ready");
  ctl_refuse (forget, 1, "forgetting one with “admin”");
  g_unlink (tokens);
}

/* D3: the other scheme at the same port is said, of every kind of question. */
static void
test_other_scheme (void)
{
  static const char *const lines[] = { "status", "show w", "watch", "wait w", "forget w" };
  g_autoptr (TlsQueen) encrypted = tls_queen_start (NULL, NULL);
  g_autoptr (QueenProcess) plain = queen_process_start ("--bus=none", NULL);
  guint plain_port = queen_process_get_port (plain);
  g_autofree char *speaks =
      g_strdup_printf ("speaks TLS. Ask her with “--url https://127.0.0.1:%u”", encrypted->port);
  g_autofree char *does_not =
      g_strdup_printf ("Without it that is “--url http://[::1]:%u/q”.\n", plain_port);

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *too_plain =
          g_strdup_printf ("--url=http://127.0.0.1:%u %s", encrypted->port, lines[i]);
      g_autofree char *too_secret =
          g_strdup_printf ("--url=https://[::1]:%u/q/ %s", plain_port, lines[i]);

      ctl_refuse (too_plain, 3, speaks);
      ctl_refuse (too_secret, 3, does_not);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/queenctl-address/bad-ones-are-refused", test_bad_address);
  g_test_add_func ("/queenctl-address/a-stranger-is-no-queen", test_stranger);
  g_test_add_func ("/queenctl-address/a-web-server-is-no-queen", test_web_server);
  g_test_add_func ("/queenctl-address/other-machine/token-and-certificate",
                   test_token_and_certificate);
  g_test_add_func ("/queenctl-address/the-other-scheme-is-said", test_other_scheme);

  return g_test_run ();
}
