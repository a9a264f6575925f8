/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What web pages of elsewhere may do, and what a browser is told of that. */

#include <string.h>

#include "http-client.h"
#include "queen-process.h"

#define JSON "Content-Type: application/json\r\n"
#define BODY "{\"worker_id\":\"w\",\"status\":\"ready\"}"
#define READ "GET /v1/workers"
#define BEAT "POST /v1/worker-heartbeat"

/* @what: a method and a path */
static HttpAnswer *
ask (QueenProcess *queen, const char *what, const char *origin, const char *headers)
{
  gboolean has_body = g_str_has_prefix (what, "POST ");
  g_autofree char *line = origin ? g_strdup_printf ("Origin: %s\r\n", origin) : g_strdup ("");
  g_autofree char *request =
      g_strconcat (what, " HTTP/1.1\r\nHost: localhost\r\n", line, headers,
                   has_body ? JSON "Content-Length: 34\r\n\r\n" BODY : "\r\n", NULL);

  return http_exchange (queen_process_get_port (queen), request, -1);
}

static guint
get_status (QueenProcess *queen, const char *what, const char *origin)
{
  g_autoptr (HttpAnswer) answer = ask (queen, what, origin, "");

  return answer->status;
}

/* @allowed and @credentials: the headers by which a browser lets the page have the answer */
static void
assert_headers (QueenProcess *queen,
                const char *what,
                const char *origin,
                const char *allowed,
                const char *credentials)
{
  g_autoptr (HttpAnswer) answer = ask (queen, what, origin, "");

  g_test_message ("%s: %s: %u", what, origin, answer->status);
  g_assert_cmpstr (http_answer_get_header (answer, "access-control-allow-origin"), ==, allowed);
  g_assert_cmpstr (http_answer_get_header (answer, "access-control-allow-credentials"), ==,
                   credentials);
  g_assert_nonnull (strstr (http_answer_get_header (answer, "vary"), "Origin"));
}

/* B6 */
static void
test_public (void)
{
  static const char *const elsewhere[] = { "https://evil.example", "null", "", "http://[::1]evil" };
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (elsewhere); i++)
    {
      g_assert_cmpuint (get_status (queen, "GET /health", elsewhere[i]), ==, 200);
      g_assert_cmpuint (get_status (queen, "HEAD /health", elsewhere[i]), ==, 200);
      g_assert_cmpuint (get_status (queen, "OPTIONS /v1/workers", elsewhere[i]), ==, 204);
      assert_headers (queen, "GET /health", elsewhere[i], NULL, NULL);
      assert_headers (queen, "OPTIONS /v1/workers", elsewhere[i], NULL, NULL);

      g_assert_cmpuint (get_status (queen, READ, elsewhere[i]), ==, 403);
      g_assert_cmpuint (get_status (queen, BEAT, elsewhere[i]), ==, 403);
      g_assert_cmpuint (get_status (queen, "GET /v1/heartbeats/stream", elsewhere[i]), ==, 403);
      g_assert_cmpuint (get_status (queen, "GET /metrics", elsewhere[i]), ==, 403);
      g_assert_cmpuint (get_status (queen, "POST /v1/session", elsewhere[i]), ==, 403);
      g_assert_cmpuint (get_status (queen, "GET /nowhere", elsewhere[i]), ==, 403);
      assert_headers (queen, READ, elsewhere[i], NULL, NULL);
    }
  g_assert_cmpuint (http_read_metric (queen_process_get_port (queen),
                                      "queen_refusals_total{reason=\"origin\"}"),
                    ==, 7 * G_N_ELEMENTS (elsewhere));
  g_assert_cmpuint (queen_process_count_said (queen, "a web page was refused"), ==, 1);
  g_assert_true (queen_process_has_said (queen, "pages of “https://evil.example” may not"));
}

/* B9 */
static void
test_listed (void)
{
  static const char origin[] = "https://ops.example";
  g_autoptr (QueenProcess) queen = queen_process_start ("--cors-origin=https://ops.example", NULL);
  g_autoptr (HttpAnswer) preflight = ask (queen, "OPTIONS /v1/workers/w", origin, "");
  const char *methods = http_answer_get_header (preflight, "access-control-allow-methods");

  g_assert_cmpuint (get_status (queen, READ, origin), ==, 200);
  g_assert_cmpuint (get_status (queen, BEAT, origin), ==, 200);
  assert_headers (queen, READ, origin, origin, "true");
  assert_headers (queen, BEAT, origin, origin, "true");
  assert_headers (queen, "GET /nowhere", origin, origin, "true");
  assert_headers (queen, "OPTIONS /v1/workers/w", origin, origin, "true");
  g_assert_nonnull (strstr (methods, "DELETE"));

  /* Pages of this machine and her own need no credentials; a browser gives the latter theirs. */
  assert_headers (queen, READ, "http://localhost:3002", "http://localhost:3002", NULL);
  assert_headers (queen, READ, "http://localhost", "http://localhost", NULL);
}

/* B8: a page that was opened as a file, for one. */
static void
test_null (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--cors-origin=null", NULL);

  g_assert_cmpuint (get_status (queen, READ, "null"), ==, 200);
  g_assert_cmpuint (get_status (queen, BEAT, "null"), ==, 200);
  g_assert_cmpuint (get_status (queen, "DELETE /v1/workers/w", "null"), ==, 403);
  g_assert_cmpuint (get_status (queen, READ, "https://elsewhere.example"), ==, 403);
  assert_headers (queen, READ, "null", "null", NULL);
}

/* B8 */
static void
test_any (void)
{
  static const char origin[] = "https://elsewhere.example";
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--cors-origin=*", "--cors-origin=https://ops.example", NULL);
  g_autoptr (HttpAnswer) preflight = ask (queen, "OPTIONS /v1/workers/w", origin, "");

  g_assert_cmpuint (get_status (queen, READ, origin), ==, 200);
  g_assert_cmpuint (get_status (queen, READ, "null"), ==, 200);
  g_assert_cmpuint (get_status (queen, BEAT, origin), ==, 403);
  g_assert_cmpuint (get_status (queen, "DELETE /v1/workers/w", origin), ==, 403);
  g_assert_cmpuint (get_status (queen, BEAT, "https://ops.example"), ==, 200);
  assert_headers (queen, READ, origin, "*", NULL);
  assert_headers (queen, READ, "https://ops.example", "https://ops.example", "true");
  g_assert_cmpstr (http_answer_get_header (preflight, "access-control-allow-methods"), ==,
                   "GET, HEAD");
}

static void
test_cross_site (void)
{
  static const struct
  {
    const char *what;
    const char *headers;
    guint status;
  } rows[] = {
    { "GET /health", "Sec-Fetch-Site: cross-site\r\n", 200 },
    { READ, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403 },
    { READ, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 200 },
    { BEAT, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 403 },
    { READ, "Sec-Fetch-Site: same-origin\r\n", 200 },
  };
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (HttpAnswer) answer = ask (queen, rows[i].what, NULL, rows[i].headers);

      g_assert_cmpuint (answer->status, ==, rows[i].status);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/origins/elsewhere/only-what-is-public", test_public);
  g_test_add_func ("/origins/listed/with-credentials", test_listed);
  g_test_add_func ("/origins/null/without-credentials", test_null);
  g_test_add_func ("/origins/any/reads-without-credentials", test_any);
  g_test_add_func ("/origins/cross-site/only-follows-links", test_cross_site);

  return g_test_run ();
}
