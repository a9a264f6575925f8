/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who may speak: tokens, sessions, names, and what other machines can reach. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "http-client.h"
#include "queen-process.h"
#include "sse-client.h"

#define TOKEN "correct-horse-battery"
#define OTHER "another-long-token-here"

typedef struct
{
  char *path;
  char *option;
} TokenFile;

static TokenFile *
token_file_new (const char *text)
{
  TokenFile *file = g_new0 (TokenFile, 1);
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("queen-tokens-XXXXXX", &file->path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (file->path, text, -1, NULL));
  file->option = g_strconcat ("--token-file=", file->path, NULL);
  return file;
}

static void
token_file_free (TokenFile *file)
{
  g_unlink (file->path);
  g_free (file->path);
  g_free (file->option);
  g_free (file);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TokenFile, token_file_free)

/* @headers each with its CRLF. */
static HttpAnswer *
ask (QueenProcess *queen, const char *method, const char *path, const char *headers)
{
  const char *body =
      g_str_equal (method, "POST") ? "{\"worker_id\":\"w\",\"status\":\"ready\"}" : "";
  g_autofree char *request = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: localhost\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %zu\r\n%s\r\n%s",
                                              method, path, strlen (body), headers, body);

  return http_exchange (queen_process_get_port (queen), request, -1);
}

static guint
get_status (QueenProcess *queen, const char *method, const char *path, const char *headers)
{
  g_autoptr (HttpAnswer) answer = ask (queen, method, path, headers);

  return answer->status;
}

#define BEAT "POST", "/v1/worker-heartbeat"
#define FORGET "DELETE", "/v1/workers/nobody"
#define BEARER(token) "Authorization: Bearer " token "\r\n"

static void
test_writing (void)
{
  g_autoptr (TokenFile) file = token_file_new ("# who\n\nhive-1:" TOKEN "\n");
  g_autoptr (QueenProcess) queen = queen_process_start (file->option, NULL);
  g_autoptr (HttpAnswer) refused = ask (queen, BEAT, "");

  g_assert_cmpuint (refused->status, ==, 401);
  g_assert_cmpstr (http_answer_get_header (refused, "www-authenticate"), ==,
                   "Bearer realm=\"queen-rbee\"");
  g_assert_cmpuint (get_status (queen, BEAT, BEARER ("wrong-horse-battery!!")), ==, 401);
  g_assert_cmpuint (get_status (queen, BEAT, BEARER ("")), ==, 401);
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (TOKEN "x")), ==, 401);
  g_assert_cmpuint (get_status (queen, BEAT, "Authorization: Basic " TOKEN "\r\n"), ==, 401);
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (TOKEN)), ==, 200);
  g_assert_cmpuint (get_status (queen, BEAT, "authorization: bearer " TOKEN "\r\n"), ==, 200);
  g_assert_cmpuint (get_status (queen, "DELETE", "/v1/workers/w", ""), ==, 401);
  g_assert_cmpuint (get_status (queen, "POST", "/v1/shutdown", ""), ==, 401);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", ""), ==, 200); /* reading is free */
  g_assert_cmpuint (get_status (queen, "DELETE", "/v1/workers/w", BEARER (TOKEN)), ==, 200);
}

static void
test_reading (void)
{
  g_autoptr (TokenFile) file = token_file_new ("hive-1:" TOKEN "\n");
  g_autoptr (QueenProcess) queen = queen_process_start (file->option, "--protect-reads", NULL);
  g_autoptr (HttpAnswer) session = NULL;
  g_autofree char *cookie = NULL;
  g_autofree char *forged = NULL;
  const char *set_cookie;

  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", ""), ==, 401);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/heartbeats/stream", ""), ==, 401);
  g_assert_cmpuint (get_status (queen, "GET", "/metrics", ""), ==, 401);
  g_assert_cmpuint (get_status (queen, "GET", "/health", ""), ==, 200);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", BEARER (TOKEN)), ==, 200);
  g_assert_cmpuint (get_status (queen, "GET", "/metrics", BEARER (TOKEN)), ==, 200);

  g_assert_cmpuint (get_status (queen, "POST", "/v1/session", ""), ==, 401);
  session = ask (queen, "POST", "/v1/session", BEARER (TOKEN));
  set_cookie = http_answer_get_header (session, "set-cookie");
  g_assert_cmpuint (session->status, ==, 200);
  g_assert_nonnull (strstr (set_cookie, "; HttpOnly"));
  g_assert_nonnull (strstr (set_cookie, "; SameSite=Strict"));
  cookie = g_strdup_printf ("Cookie: a=b; %.*s\r\n", (int) strcspn (set_cookie, ";"), set_cookie);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", cookie), ==, 200);
  g_assert_cmpuint (get_status (queen, "HEAD", "/v1/heartbeats/stream", cookie), ==, 200);

  /* A longer life cannot be had by writing it into the cookie. */
  forged = g_strdup (cookie);
  strchr (strstr (forged, "queen-session-"), '=')[1]++;
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", forged), ==, 401);
}

/* Returns: (transfer full): a header line, as a browser sends it */
static char *
dup_cookie (QueenProcess *queen, const char *headers)
{
  g_autoptr (HttpAnswer) session = ask (queen, "POST", "/v1/session", headers);
  const char *cookie = http_answer_get_header (session, "set-cookie");

  g_assert_cmpuint (session->status, ==, 200);
  g_assert_nonnull (cookie);
  return g_strdup_printf ("Cookie: %.*s\r\n", (int) strcspn (cookie, ";"), cookie);
}

static void
test_scopes (void)
{
  g_autoptr (TokenFile) file = token_file_new ("reader:" TOKEN ":read\nsender:" OTHER ":beat\n");
  g_autoptr (QueenProcess) queen = queen_process_start (file->option, "--protect-reads", NULL);
  g_autoptr (HttpAnswer) refused = ask (queen, BEAT, BEARER (TOKEN));
  g_autofree char *message = http_answer_dup_member (refused, "message");

  g_assert_cmpuint (refused->status, ==, 403);
  g_assert_cmpstr (message, ==, "the token “reader” has not the scope “beat”");
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", BEARER (TOKEN)), ==, 200);
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (OTHER)), ==, 200);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", BEARER (OTHER)), ==, 403);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/heartbeats/stream", BEARER (OTHER)), ==, 403);
}

/* @id: one digit */
static guint
beat (QueenProcess *queen, char id, const char *headers)
{
  g_autofree char *request =
      g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Type: application/json\r\nContent-Length: 34\r\n%s\r\n"
                       "{\"worker_id\":\"%c\",\"status\":\"ready\"}",
                       headers, id);
  g_autoptr (HttpAnswer) answer = http_exchange (queen_process_get_port (queen), request, -1);

  return answer->status;
}

/* A16: whose token it is has the share, from whichever address. */
static void
test_sender (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\na:" TOKEN "2\nb:" OTHER "\n");
  g_autoptr (QueenProcess) queen = queen_process_start (file->option, "--max-components=8", NULL);

  g_assert_cmpuint (beat (queen, '1', BEARER (TOKEN)), ==, 200);
  g_assert_cmpuint (beat (queen, '2', BEARER (TOKEN "2")), ==, 200);
  g_assert_cmpuint (beat (queen, '3', BEARER (TOKEN)), ==, 503);
  g_assert_cmpuint (beat (queen, '2', BEARER (TOKEN)), ==, 200);
  g_assert_cmpuint (beat (queen, '3', BEARER (OTHER)), ==, 200);
}

/* Four who have brought all that they may, and whose workers all beat, leave room for a fifth. */
static void
test_full (void)
{
  g_autoptr (TokenFile) file =
      token_file_new ("a:" TOKEN "1\nb:" TOKEN "2\nc:" TOKEN "3\nd:" TOKEN "4\ne:" OTHER "\n");
  g_autoptr (QueenProcess) queen = queen_process_start (file->option, "--max-components=8", NULL);
  static const char *const four[] = { BEARER (TOKEN "1"), BEARER (TOKEN "2"), BEARER (TOKEN "3"),
                                      BEARER (TOKEN "4") };
  guint n_known = 0;

  for (gsize i = 0; i < 8; i++)
    g_assert_cmpuint (beat (queen, (char) ('1' + i), four[i / 2]), ==, 200);
  g_assert_cmpuint (beat (queen, 'e', BEARER (OTHER)), ==, 200);
  for (gsize i = 0; i < 8; i++)
    n_known += beat (queen, (char) ('1' + i), four[i / 2]) == 200;
  g_assert_cmpuint (n_known, ==, 7);
  g_assert_cmpuint (beat (queen, 'e', BEARER (OTHER)), ==, 200);
  g_assert_cmpuint (beat (queen, 'f', BEARER (OTHER)), ==, 503); /* it would have no less then */
}

/* A browser sends a cookie whichever page makes it; so a page must say where it is from. */
static void
test_session_writes (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\n");
  g_autoptr (QueenProcess) queen =
      queen_process_start (file->option, "--cors-origin=https://ops.example", NULL);
  g_autofree char *own = dup_cookie (queen, BEARER (TOKEN));
  g_autofree char *foreign = dup_cookie (queen, BEARER (TOKEN) "Origin: https://ops.example\r\n");
  g_autofree char *by_own = g_strconcat (own, "Origin: http://localhost\r\n", NULL);
  g_autofree char *by_other_port = g_strconcat (own, "Origin: http://localhost:81\r\n", NULL);
  g_autofree char *by_friend = g_strconcat (own, "Origin: https://ops.example\r\n", NULL);
  g_autofree char *foreign_by_own = g_strconcat (foreign, "Origin: http://localhost\r\n", NULL);

  g_assert_cmpuint (get_status (queen, BEAT, by_own), ==, 200);
  g_assert_cmpuint (get_status (queen, BEAT, own), ==, 403);
  g_assert_cmpuint (get_status (queen, BEAT, by_other_port), ==, 401);
  g_assert_cmpuint (get_status (queen, BEAT, by_friend), ==, 403);
  g_assert_cmpuint (get_status (queen, BEAT, foreign_by_own), ==, 403);
  g_assert_cmpuint (get_status (queen, "POST", "/v1/session", by_own), ==, 401); /* no chain */

  /* B9: nor is anybody forgotten by it, though it is her own user who looks at the page. */
  g_assert_cmpuint (get_status (queen, FORGET, own), ==, 403);
  g_assert_cmpuint (get_status (queen, FORGET, by_friend), ==, 403);
  g_assert_cmpuint (get_status (queen, FORGET, foreign_by_own), ==, 403);
  g_assert_cmpuint (get_status (queen, FORGET, by_own), ==, 404);
}

/* B9: a page that the settings name logs in from where it is, and reads with the cookie that it got
 * there; nobody else does. */
static void
test_friend (void)
{
  static const char friend[] = "Origin: https://ops.example\r\n";
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\n");
  g_autoptr (QueenProcess) queen =
      queen_process_start (file->option, "--protect-reads", "--cors-origin=https://ops.example",
                           "--cors-origin=null", "--cors-origin=*", NULL);
  g_autofree char *cookie = dup_cookie (queen, BEARER (TOKEN) "Origin: https://ops.example\r\n");
  g_autofree char *by_friend = g_strconcat (cookie, friend, NULL);
  g_autofree char *by_nobody = g_strconcat (cookie, "Origin: null\r\n", NULL);
  g_autofree char *by_other = g_strconcat (cookie, "Origin: https://other.example\r\n", NULL);

  g_assert_cmpuint (get_status (queen, "HEAD", "/v1/heartbeats/stream", by_friend), ==, 200);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", by_friend), ==, 200);
  g_assert_cmpuint (get_status (queen, BEAT, by_friend), ==, 403);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", by_nobody), ==, 401);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", by_other), ==, 401);
  g_assert_cmpuint (get_status (queen, "POST", "/v1/session",
                                BEARER (TOKEN) "Origin: https://other.example\r\n"),
                    ==, 403);
  g_assert_cmpuint (get_status (queen, "OPTIONS", "/v1/session", friend), ==, 204);
}

/* A6: a browser has one jar of cookies for all ports of a host. */
static void
test_two_queens (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\n");
  g_autoptr (QueenProcess) one = queen_process_start (file->option, "--protect-reads", NULL);
  g_autoptr (QueenProcess) two = queen_process_start (file->option, "--protect-reads", NULL);
  g_autofree char *of_one = dup_cookie (one, BEARER (TOKEN));
  g_autofree char *of_two = dup_cookie (two, BEARER (TOKEN));
  g_autoptr (GString) jar = g_string_new (NULL);

  g_assert_cmpint (strcspn (of_one, "="), ==, strcspn (of_two, "="));
  g_assert_cmpint (strncmp (of_one, of_two, strcspn (of_one, "=")), !=, 0);
  for (int i = 0; i < 100; i++)
    g_string_append_printf (jar, "%s c%d=x", i == 0 ? "Cookie:" : ";", i);
  g_string_append_printf (jar, "\r\n%s%s", of_one, of_two); /* three lines */
  g_assert_cmpuint (get_status (one, "GET", "/v1/workers", jar->str), ==, 200);
  g_assert_cmpuint (get_status (two, "GET", "/v1/workers", jar->str), ==, 200);
  g_assert_cmpuint (get_status (one, "GET", "/v1/workers", of_two), ==, 401);
}

static void
test_no_session (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  g_autoptr (HttpAnswer) answer = ask (queen, "POST", "/v1/session", "");

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_null (http_answer_get_header (answer, "set-cookie"));
}

/* A22 */
static void
test_revoked (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\nb:" OTHER "\n");
  g_autoptr (QueenProcess) queen = queen_process_start (file->option, "--protect-reads", NULL);
  g_autofree char *of_a = dup_cookie (queen, BEARER (TOKEN));
  g_autofree char *of_b = dup_cookie (queen, BEARER (OTHER));

  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", of_a), ==, 200);
  g_assert_true (g_file_set_contents (file->path, "b:" OTHER "\n", -1, NULL));
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (get_status (queen, "GET", "/v1/workers", of_a) == 401);
  g_assert_cmpuint (get_status (queen, "GET", "/v1/workers", of_b), ==, 200);
}

/* Returns: (transfer full): a subscriber that has had its first event */
static SseClient *
listen_as (QueenProcess *queen, const char *headers)
{
  SseClient *client = sse_client_open (queen_process_get_port (queen), 0, NULL, headers);

  sse_frame_free (sse_client_next (client));
  return client;
}

static void
assert_ended (SseClient *client)
{
  g_autoptr (SseFrame) bye = sse_client_next (client);

  g_assert_nonnull (bye);
  g_assert_cmpstr (bye->event, ==, "bye");
  g_assert_null (sse_client_next (client));
}

/* A22: what was opened with it does not go on without it. */
static void
test_streams (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\na:" TOKEN "2\nb:" OTHER "\n");
  g_autoptr (QueenProcess) queen =
      queen_process_start (file->option, "--protect-reads", "--heartbeat-interval=1h", NULL);
  g_autofree char *cookie = dup_cookie (queen, BEARER (TOKEN));
  g_autoptr (SseClient) by_token = listen_as (queen, BEARER (TOKEN));
  g_autoptr (SseClient) by_cookie = listen_as (queen, cookie);
  g_autoptr (SseClient) by_next = listen_as (queen, BEARER (TOKEN "2"));
  g_autoptr (SseClient) by_other = listen_as (queen, BEARER (OTHER));

  g_assert_true (
      g_file_set_contents (file->path, "a:" TOKEN "2\nb:" OTHER ":beat,admin\n", -1, NULL));
  queen_process_signal (queen, SIGHUP);
  assert_ended (by_token);
  assert_ended (by_cookie);
  assert_ended (by_other);
  g_assert_cmpuint (beat (queen, '1', BEARER (TOKEN "2")), ==, 200);
  sse_client_expect (by_next, "worker", "1", "Ready");
}

/* Where everybody may read, nobody's right to it ends. */
static void
test_free_streams (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\n");
  g_autoptr (QueenProcess) queen =
      queen_process_start (file->option, "--heartbeat-interval=1h", NULL);
  g_autoptr (SseClient) client = listen_as (queen, BEARER (TOKEN));

  g_assert_true (g_file_set_contents (file->path, "b:" OTHER "\n", -1, NULL));
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (beat (queen, '1', BEARER (OTHER)) == 200);
  sse_client_expect (client, "worker", "1", "Ready");
}

/* C1: what is not there is not read either. */
static void
test_reload_nothing (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);

  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen, "nothing to read again: "));
  g_assert_false (queen_process_has_said (queen, "tokens read again"));
}

/* C4 */
static void
test_forgotten_by (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN ":beat,admin\n");
  g_autoptr (QueenProcess) queen = queen_process_start (file->option, "--admin=token", NULL);

  g_assert_cmpuint (beat (queen, '1', BEARER (TOKEN)), ==, 200);
  g_assert_cmpuint (get_status (queen, "DELETE", "/v1/workers/1", BEARER (TOKEN)), ==, 200);
  queen_test_wait_until (queen_process_has_said (queen, "worker forgotten: 1, by token:a"));
}

static void
test_reload (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\n");
  QueenProcess *queen = queen_process_start (file->option, NULL);
  g_autofree char *said = NULL;

  g_assert_true (g_file_set_contents (file->path, "b:" OTHER "\n", -1, NULL));
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (get_status (queen, BEAT, BEARER (OTHER)) == 200);
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (TOKEN)), ==, 401);
  queen_test_wait_until (queen_process_has_said (
      queen, "tokens read again: 1, of them 1 new and 0 with other scopes; 1 gone")); /* C1 */
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen, "tokens read again: 1, unchanged"));

  /* As it is when somebody is in the middle of writing it. */
  g_assert_true (g_file_set_contents (file->path, "", -1, NULL));
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen, "is empty"));
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (TOKEN)), ==, 401);
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (OTHER)), ==, 200);

  g_assert_true (g_file_set_contents (file->path, "b:short\n", -1, NULL));
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen, "has a token of less than 16 bytes"));
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (OTHER)), ==, 200);

  said = queen_process_dup_stderr (queen);
  g_assert_null (strstr (said, TOKEN));
  g_assert_null (strstr (said, OTHER));
  g_assert_null (strstr (said, "short\n"));
  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  queen_process_free (queen); /* it has warned, as it should */
}

/* Starts that must fail, and what must be said then. */
static void
assert_refused (const char *const *arguments, const char *said)
{
  QueenProcess *queen = queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments });
  g_autofree char *text = NULL;

  g_assert_cmpint (queen_process_wait_exit (queen), ==, 78);
  text = queen_process_dup_stderr (queen);
  if (!strstr (text, said))
    g_error ("“%s” is not in: %s", said, text);
  queen_process_stop (queen);
}

static void
test_bad_files (void)
{
  static const char *const rows[][2] = {
    { "", "has no token" },
    { "# none\n", "has no token" },
    { "nonsense\n", "line 1 is not NAME:TOKEN" },
    { "a:" TOKEN "\n:" TOKEN "\n", "line 2 is not NAME:TOKEN" },
    { "a:short\n", "line 1 has a token of less than 16 bytes" },
    { "a:" TOKEN "\n\nb:" OTHER ":raed\n", "line 3 has behind the second colon" },
    { "a:" TOKEN "\nb:" TOKEN "\n", "line 2 has the same token as line 1" },
  };
  const char *missing[] = { "--token-file=/nonexistent", "--port=0", "--ui-port=off", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (TokenFile) file = token_file_new (rows[i][0]);
      const char *arguments[] = { file->option, "--port=0", "--ui-port=off", NULL };

      assert_refused (arguments, rows[i][1]);
    }
  assert_refused (missing, "/nonexistent");
}

/* A25: a pipe in the file's place has nobody wait for it, neither at the start nor later. */
static void
test_pipe (void)
{
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\n");
  const char *arguments[] = { file->option, "--port=0", "--ui-port=off", NULL };
  QueenProcess *queen = queen_process_start (file->option, NULL);

  g_assert_no_errno (g_unlink (file->path));
  g_assert_no_errno (mkfifo (file->path, 0600));
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen, "is not a regular file"));
  g_assert_true (queen_process_has_said (queen, "the tokens stay as they were"));
  g_assert_cmpuint (get_status (queen, BEAT, BEARER (TOKEN)), ==, 200);
  assert_refused (arguments, "is not a regular file");

  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  queen_process_free (queen); /* it has warned, as it should */
}

/* A4, and other settings that would protect nothing. */
static void
test_settings (void)
{
  static const char *const rows[][2] = {
    { "--protect-reads", "--protect-reads protects nothing without --token-file" },
    { "--proxy-header=Forwarded", "--proxy-header says nothing without --trusted-proxy" },
    { "--trusted-proxy=localhost", "--trusted-proxy: “localhost” is neither an address" },
    { "--trusted-proxy=10.0.0.1/8", "--trusted-proxy: “10.0.0.1/8” is neither an address" },
    { "--trusted-proxy=", "--trusted-proxy: “” is neither an address" },
    { "--admin=anybody", "--admin: “anybody” is none of loopback, token, off" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *arguments[] = { rows[i][0], "--port=0", "--ui-port=off", NULL };

      assert_refused (arguments, rows[i][1]);
    }
}

static void
test_exposure (void)
{
  const char *exposed[] = { "--bind=0.0.0.0", "--port=0", "--ui-port=off", NULL };
  g_autoptr (TokenFile) file = token_file_new ("a:" TOKEN "\n");
  const char *readable[] = { "--bind=127.0.0.1", "--bind=::",  "--port=0",
                             "--ui-port=off",    file->option, NULL };

  assert_refused (exposed, "other machines can reach 0.0.0.0, and could all send heartbeats");
  assert_refused (readable, "other machines can reach ::, and tokens could be read on the way");
  {
    g_autoptr (QueenProcess) spoken = queen_process_spawn (&(QueenProcessSetup){
        .arguments = (const char *const[]){ "--bind=127.0.0.1", "--bind=127.0.0.2", "--port=0",
                                            "--ui-port=off", "--bus=none", NULL } });

    queen_process_wait_ready (spoken); /* all of that is this machine */
  }
}

static void
test_names (void)
{
  static const char request[] = "GET /health HTTP/1.1\r\nHost: Queen.Example:8500\r\n\r\n";
  g_autoptr (QueenProcess) queen = queen_process_start ("--allowed-host=queen.example", NULL);
  g_autoptr (HttpAnswer) named = http_exchange (queen_process_get_port (queen), request, -1);
  g_autoptr (HttpAnswer) own_page =
      http_exchange (queen_process_get_port (queen),
                     "GET /health HTTP/1.1\r\nHost: queen.example:8500\r\nOrigin: "
                     "http://queen.example:8500\r\n\r\n",
                     -1);
  g_autoptr (HttpAnswer) other_page =
      http_exchange (queen_process_get_port (queen),
                     "GET /v1/workers HTTP/1.1\r\nHost: queen.example:8500\r\nOrigin: "
                     "http://queen.example:81\r\n\r\n",
                     -1);

  g_assert_cmpuint (named->status, ==, 200);
  g_assert_cmpuint (own_page->status, ==, 200);
  g_assert_cmpuint (other_page->status, ==, 403);
}

/* Nobody waits while tens of thousands of them are made: the main loop has little of the work. */
static void
test_many (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (TokenFile) file = NULL;
  g_autoptr (QueenProcess) queen = NULL;
  const guint n_tokens = queen_test_scale (50000);
  g_autofree char *said = g_strdup_printf ("tokens read again: %u, unchanged", n_tokens);
  guint64 all_before, all, of_loop_before, of_loop;

  for (guint i = 0; i < n_tokens; i++)
    g_string_append_printf (text, "a:%016u\n", i);
  file = token_file_new (text->str);
  queen = queen_process_start (file->option, NULL);
  all_before = queen_process_count_ticks (queen, &of_loop_before);
  queen_process_signal (queen, SIGHUP);
  queen_test_wait_until (queen_process_has_said (queen, said));
  all = queen_process_count_ticks (queen, &of_loop) - all_before;
  g_assert_cmpuint (of_loop - of_loop_before, <=, all / 2 + 1); /* a tick is no exact measure */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/access/token/writing-takes-one", test_writing);
  g_test_add_func ("/access/token/reading-too-when-protected", test_reading);
  g_test_add_func ("/access/token/read-again-on-sighup", test_reload);
  g_test_add_func ("/access/reload/nothing-where-there-is-nothing", test_reload_nothing);
  g_test_add_func ("/access/reload/very-many-tokens-are-made-beside-the-loop", test_many);
  g_test_add_func ("/access/forgotten/the-log-says-by-whom", test_forgotten_by);
  g_test_add_func ("/access/token/each-with-its-scopes", test_scopes);
  g_test_add_func ("/access/token/a-share-of-the-registry-for-each-name", test_sender);
  g_test_add_func ("/access/sender/four-leave-room-for-a-fifth", test_full);
  g_test_add_func ("/access/token/revoked-with-its-sessions", test_revoked);
  g_test_add_func ("/access/token/revoked-with-its-streams", test_streams);
  g_test_add_func ("/access/token/a-stream-that-took-none-goes-on", test_free_streams);
  g_test_add_func ("/access/session/writes-for-her-own-page-alone", test_session_writes);
  g_test_add_func ("/access/session/a-listed-page-reads", test_friend);
  g_test_add_func ("/access/session/two-queens-on-one-host", test_two_queens);
  g_test_add_func ("/access/session/none-without-tokens", test_no_session);
  g_test_add_func ("/access/token/a-pipe-is-no-file", test_pipe);
  g_test_add_func ("/access/settings/none-that-protects-nothing", test_settings);
  g_test_add_func ("/access/token/bad-file-is-one-clear-line", test_bad_files);
  g_test_add_func ("/access/exposure/refused-unless-spoken-out", test_exposure);
  g_test_add_func ("/access/host/allowed-name-and-its-own-page", test_names);

  return g_test_run ();
}
