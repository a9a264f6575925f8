/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl at an address: which is none, who is no queen there, and one on another machine. */

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "queenctl-runner.h"
#include "stranger.h"
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
    { "--url=https://localhost --ca-file=/nonexistent status", 2, "--ca-file: /nonexistent" },
    { "QUEEN_RBEE_URL=queen:8500 status", 2, "QUEEN_RBEE_URL: “queen:8500” is not an address" },
    { "QUEEN_RBEE_TOKEN_FILE=/nonexistent --url=http://localhost status", 2,
      "QUEEN_RBEE_TOKEN_FILE: /nonexistent" },
    { "QUEEN_RBEE_CA_FILE=/nonexistent --url=https://localhost status", 2,
      "QUEEN_RBEE_CA_FILE: /nonexistent" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    ctl_refuse (rows[i].line, rows[i].code, rows[i].said);
}

#define HEAD STRANGER_HEAD
#define ADVICE "Look at --url, or QUEEN_RBEE_URL: unless told otherwise, she is at port 8500.\n"

static const struct
{
  const char *answer;
  const char *said; /* behind the address and the path */
  const char *advice;
  gboolean has_no_end;
} strangers[] = {
  { HEAD ("404 Not Found", "text/html") "<p>?", " is no queen: 404 Not Found (text/html). ",
    ADVICE },
  { HEAD ("200 OK", "text/html") "<p>?", " is no queen: 200 OK (text/html). ", ADVICE },
  { HEAD ("200 OK", "text/html"), " is no queen: 200 OK (text/html). ", ADVICE, TRUE },
  { HEAD ("200 OK", "application/json") "[[[[", " is no queen: 200 OK (application/json). ",
    ADVICE },
  { HEAD ("200 OK", "application/json") "{\"status\":\"ok\",\"version\":\"1\"}",
    " is no queen: 200 OK (application/json). ", ADVICE },
  { HEAD ("200 OK", "application/json") "{\"workers\":[{\"id\":\"\"}],\"id\":1}",
    " is no queen: 200 OK (application/json). ", ADVICE },
  { HEAD ("404 Not Found", "application/json") "{\"detail\":\"Not Found\"}",
    " is no queen: 404 Not Found (application/json). ", ADVICE },
  { HEAD ("200 OK", "text/plain"), " is no queen: 200 OK (text/plain). ", ADVICE },
  { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", " is no queen: 200 OK. ", ADVICE },
  { HEAD ("200 OK", "text/event-stream") "data: {\"type\":\"message\"}\n\n",
    " is no queen: 200 OK (text/event-stream). ", ADVICE, TRUE },
  { "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
    " is no queen: 302 Found, to http://127.0.0.1:", ADVICE },
  { HEAD ("502 Bad Gateway", "text/html"), " is no queen: 502 Bad Gateway (text/html). ",
    "So answers a proxy that does not reach her.\n" },
};

static const struct
{
  const char *line;
  const char *path;
} asking[] = {
  { "status", "/v1/build-info" },
  { "list", "/v1/workers" },
  { "list hives", "/v1/hives" },
  { "show w", "/v1/workers/w" },
  { "watch", "/v1/" },
  { "wait w", "/v1/" },
  { "wait --model=m", "/v1/" },
  { "report worker w ready", "/v1/worker-heartbeat" },
  { "find m", "/v1/workers" },
  { "forget w", "/v1/workers/w" },
  { "forget --offline", "/v1/workers" },
  { "open", "/v1/build-info" },
};

/* Asserts that @line, behind the address, finds no queen and says all of that. */
static void
refuse_at (guint16 port, const char *line, const char *const *said)
{
  g_autofree char *whole = g_strdup_printf ("--url=http://127.0.0.1:%u%s", port, line);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int code = ctl_run (whole, &out, &err);

  g_test_message ("%s: %d %s", whole, code, err);
  g_assert_cmpint (code, ==, 3);
  g_assert_cmpstr (out, ==, "");
  for (; *said; said++)
    g_assert_nonnull (strstr (err, *said));
}

/* D3: whatever somebody else says there, to whatever is asked. */
static void
test_stranger (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  Stranger stranger = { .answer = strangers[i].answer, .has_no_end = strangers[i].has_no_end };

  stranger_start (&stranger);
  for (gsize j = 0; j < G_N_ELEMENTS (asking); j++)
    {
      g_autofree char *line = g_strdup_printf (" %s", asking[j].line);
      g_autofree char *where = g_strdup_printf ("queenctl: What answers at http://127.0.0.1:%u%s",
                                                stranger.port, asking[j].path);
      const char *said[] = { where, strangers[i].said, strangers[i].advice, NULL };

      refuse_at (stranger.port, line, said);
    }
  stranger_stop (&stranger);
}

/* One who does not even speak HTTP. */
static void
test_other_protocol (void)
{
  Stranger stranger = { .answer = "SSH-2.0-OpenSSH_9.2p1\r\n" };

  stranger_start (&stranger);
  for (gsize i = 0; i < G_N_ELEMENTS (asking); i++)
    {
      g_autofree char *line =
          g_strdup_printf ("--url=http://127.0.0.1:%u %s", stranger.port, asking[i].line);

      ctl_refuse (line, 3, "queenctl: No answer at http://127.0.0.1:");
    }
  stranger_stop (&stranger);
}

/* A proxy that wants TLS says where she is. */
static void
test_sent_on (void)
{
  Stranger stranger = {
    .answer = "HTTP/1.1 301 Moved Permanently\r\n"
              "Location: https://queen.example.org/v1/workers/w\r\nContent-Length: 0\r\n\r\n",
  };
  g_autofree char *line = NULL;

  stranger_start (&stranger);
  line = g_strdup_printf ("--url=http://127.0.0.1:%u/ show w", stranger.port);
  ctl_refuse (line, 3,
              "to https://queen.example.org/v1/workers/w. "
              "Perhaps she is at “--url https://queen.example.org”.\n");
  stranger_stop (&stranger);
}

/* A path that is none of hers, which a worker that is not known must not be taken for. */
static void
test_no_path (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--bus=none", NULL);
  guint16 port = (guint16) queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (asking); i++)
    {
      g_autofree char *line = g_strdup_printf ("/nope %s", asking[i].line);
      g_autofree char *where =
          g_strdup_printf ("A queen answers at http://127.0.0.1:%u/nope%s", port, asking[i].path);
      const char *said[] = { where, ", but has nothing there: look at the path of --url.\n", NULL };

      refuse_at (port, line, said);
    }
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
  g_autofree char *said = NULL;

  ctl_refuse (unknown, 3, unvouched);
  ctl_refuse (unknown, 3, "trust it with “--ca-file FILE”.");
  ctl_refuse (of_another, 3,
              "The file of --ca-file does not vouch for the certificate at https://");
  ctl_refuse (bare, 1, "wants a token that she knows: see --token-file");
  ctl_expect (status, "0 online");
  ctl_expect (report, "ready");
  ctl_refuse (forget, 1, "forgetting one with “admin”");
  /* D3: another one than none at all */
  g_assert_true (g_file_set_contents (tokens, "wrong-wrong-wrong", -1, NULL));
  said = g_strdup_printf ("queenctl: The queen does not know the token in %s.\n", tokens);
  ctl_refuse (status, 1, said);
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

/* Where one of them refuses, as a queen's that has ended does, it is the next one: localhost is
 * [::1], too. */
static void
test_two_addresses (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--bind=127.0.0.1", NULL);
  g_autofree char *line =
      g_strdup_printf ("--url=http://localhost:%u list", queen_process_get_port (queen));

  ctl_expect (line, "No workers are known.");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/queenctl-address/bad-ones-are-refused", test_bad_address);
  for (gsize i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autofree char *name =
          g_strdup_printf ("/queenctl-address/a-stranger-is-no-queen/%" G_GSIZE_FORMAT, i);

      g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_stranger);
    }
  g_test_add_func ("/queenctl-address/no-http-is-no-queen", test_other_protocol);
  g_test_add_func ("/queenctl-address/who-sends-on-says-where-to", test_sent_on);
  g_test_add_func ("/queenctl-address/a-path-that-is-none-of-hers", test_no_path);
  g_test_add_func ("/queenctl-address/other-machine/token-and-certificate",
                   test_token_and_certificate);
  g_test_add_func ("/queenctl-address/a-name-with-two-addresses", test_two_addresses);
  g_test_add_func ("/queenctl-address/the-other-scheme-is-said", test_other_scheme);

  return g_test_run ();
}
