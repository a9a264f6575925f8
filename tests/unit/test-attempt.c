/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gstdio.h>

#include "attempt-fixture.h"
#include "jobs/queen-upstream-private.h"

#define EVENT "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"
#define BODY "{\"model\":\"m\",\"stream\":true}"
#define SHORT (50 * G_TIME_SPAN_MILLISECOND)
#define AT_ONCE (200 * G_TIME_SPAN_MILLISECOND)
#define EVENT_LIMIT (1024 * 1024)
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"
#define INTERIMS INTERIM INTERIM INTERIM INTERIM INTERIM INTERIM
#define TOO_MANY_INTERIMS INTERIMS INTERIMS INTERIMS

/* Faults */

typedef struct
{
  const char *name;
  Scene scene;
  QueenAttemptOutcome outcome;
  const char *message;
  guint status;
  guint n_events;
} Fault;

#define STATUS(line)                                                                               \
  "HTTP/1.1 " line "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

static const Fault faults[] = {
  { "resets-before-it-has-read", { "", 0, SCENE_DEAF }, QUEEN_ATTEMPT_REFUSED, "", 0, 0 },
  { "closes-without-an-answer",
    { "", 0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "without an answer",
    0,
    0 },
  { "resets-in-the-middle",
    { STREAM_HEAD EVENT, 0, SCENE_RESET },
    QUEEN_ATTEMPT_FAILED,
    "",
    200,
    0 },
  { "closes-in-the-middle",
    { "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\ndata:\r\n",
      0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "ended before its end",
    200,
    0 },
  { "closes-between-chunks",
    { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n{\"data\":\r\n",
      0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "ended in the middle",
    200,
    0 },
  { "ends-before-its-end",
    { STREAM_HEAD EVENT, 0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "ended before its end",
    200,
    1 },
  { "ends-within-an-event",
    { STREAM_HEAD EVENT "data: {\"cho", 0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "ended before its end",
    200,
    1 },
  { "is-no-utf-8",
    { STREAM_HEAD "data: \xff\n\n", 0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "no UTF-8",
    200,
    0 },
  { "is-busy-429",
    { STATUS ("429 Too Many Requests"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_BUSY,
    "answered 429",
    0,
    0 },
  { "is-busy-503",
    { STATUS ("503 Service Unavailable"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_BUSY,
    "answered 503",
    0,
    0 },
  { "fails-500",
    { STATUS ("500 Internal Server Error"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 500",
    500,
    0 },
  { "refuses-400",
    { STATUS ("400 Bad Request"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 400",
    400,
    0 },
  { "has-nothing-to-say-204",
    { STATUS ("204 No Content"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 204",
    0,
    0 },
  { "has-nothing-to-say-205",
    { STATUS ("205 Reset Content"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 205",
    0,
    0 },
  { "says-a-part-206",
    { STATUS ("206 Partial Content"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 206",
    0,
    0 },
  { "has-said-it-before-304",
    { STATUS ("304 Not Modified"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 304",
    0,
    0 },
  { "is-not-told-its-token-401",
    { STATUS ("401 Unauthorized"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 401",
    0,
    0 },
  { "has-waited-for-us-408",
    { STATUS ("408 Request Timeout"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 408",
    0,
    0 },
  { "says-what-nobody-knows-599",
    { STATUS ("599 Oh"), 0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 599",
    0,
    0 },
  { "points-elsewhere",
    { "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: "
      "0\r\n\r\n",
      0, SCENE_KEEP },
    QUEEN_ATTEMPT_FAILED,
    "answered 307",
    0,
    0 },
  { "is-compressed",
    { "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\nx", 0,
      SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "compressed",
    0,
    0 },
  { "promises-less-than-there-is",
    { JSON_HEAD (17) "{\"data\":{\"x\":\"}\"}}", 0, SCENE_CLOSE }, /* all but the last brace */
    QUEEN_ATTEMPT_FAILED,
    "ended in the middle",
    200,
    0 },
  { "promises-more-than-it-says",
    { JSON_HEAD (10) "{}", 0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "ended in the middle",
    200,
    0 },
  { "promises-less-than-nothing",
    { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n{}", 0,
      SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "wrong Content-Length",
    0,
    0 },
  { "promises-more-than-there-can-be",
    { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
      "99999999999999999999\r\n\r\n{}",
      0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "wrong Content-Length",
    0,
    0 },
  { "speaks-no-http",
    { "SSH-2.0-OpenSSH_9.2\r\n", 0, SCENE_CLOSE },
    QUEEN_ATTEMPT_FAILED,
    "",
    0,
    0 },
  { "has-an-endless-head",
    { "HTTP/1.1 200 OK\r\nX-Again: and again", 0, SCENE_PUMP },
    QUEEN_ATTEMPT_FAILED,
    "over 16 KiB",
    0,
    0 },
  { "is-never-ready",
    { "HTTP/1.1 102 Processing\r\n\r\n", 0, SCENE_PUMP },
    QUEEN_ATTEMPT_FAILED,
    "",
    0,
    0 },
  { "speaks-something-else-from-here-on",
    { "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 0,
      SCENE_HOLD },
    QUEEN_ATTEMPT_FAILED,
    "no HTTP",
    0,
    0 },
  { "has-an-endless-line",
    { STREAM_HEAD "data: and again and again and again", 0, SCENE_PUMP },
    QUEEN_ATTEMPT_FAILED,
    "over 1048576 bytes",
    200,
    0 },
  { "has-an-endless-event",
    { STREAM_HEAD "data: and again and again and again\n", 0, SCENE_PUMP },
    QUEEN_ATTEMPT_FAILED,
    "over 1048576 bytes",
    200,
    0 },
  { "has-an-endless-trailer",
    { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nX-Again: and again\r\n",
      0, SCENE_PUMP },
    QUEEN_ATTEMPT_FAILED,
    "ended in the middle",
    200,
    0 },
};

static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, &fault->scene, 1);
  fixture_run (&fixture, BODY);
  fixture_assert_failed (&fixture, fault->outcome, fault->message);
  g_assert_cmpuint (fixture.status, ==, fault->status);
  if (fault->scene.end != SCENE_RESET)
    g_assert_cmpuint (fixture.n_events, ==, fault->n_events);
  if (fault->status >= 400)
    g_assert_cmpstr (fixture.body->str, ==, "{}");
  g_assert_cmpint (queen_attempt_may_retry (fixture.outcome, fixture.error), ==,
                   fault->outcome == QUEEN_ATTEMPT_REFUSED || fault->outcome == QUEEN_ATTEMPT_BUSY);
  g_assert_cmpuint (fixture.server.n_connections, ==, 1);
  g_assert_cmpuint (fixture.server.n_said, <, 16 * EVENT_LIMIT);
  fixture_stop (&fixture);
}

static void
test_nobody_there (void)
{
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, NULL, 0);
  fixture.worker->port = 1;
  fixture_run (&fixture, BODY);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_ABSENT, "refuses connections");
  g_assert_false (fixture.is_connected);
  fixture_stop (&fixture);
}

static void
test_says_more_than_it_promises (void)
{
  static const Scene scenes[] = { { JSON_HEAD (2) "{}{\"not\":\"asked\"}", .end = SCENE_KEEP },
                                  { JSON_HEAD (2) "[]", .end = SCENE_KEEP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  for (guint i = 0; i < 2; i++)
    {
      fixture_run (&fixture, BODY);
      g_assert_no_error (fixture.error);
      g_assert_cmpstr (fixture.body->str, ==, i == 0 ? "{}" : "[]");
    }
  fixture_stop (&fixture);
}

/* Else the answer to nobody's question would be the next one's. */
static void
test_answers_before_it_is_asked (void)
{
  static const Scene scenes[] = { { JSON_HEAD (2) "{}" JSON_HEAD (7) "\"early\"",
                                    .end = SCENE_KEEP },
                                  { JSON_HEAD (2) "[]", .end = SCENE_KEEP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  for (guint i = 0; i < 2; i++)
    {
      fixture_run (&fixture, BODY);
      g_assert_no_error (fixture.error);
      g_assert_cmpstr (fixture.body->str, ==, i == 0 ? "{}" : "[]");
    }
  fixture_stop (&fixture);
}

static void
on_body_freed (gpointer data)
{
  g_atomic_int_set ((int *) data, TRUE);
}

/* It may be megabytes, and the answer may take an hour. */
static void
test_question_goes_when_it_is_answered (void)
{
  static const QueenAttemptFuncs funcs = { on_connected, on_head, on_event, on_body, on_end };
  static const Scene scenes[] = {
    { STREAM_HEAD EVENT, .end = SCENE_HOLD },
  };
  Fixture fixture;
  int is_freed = FALSE;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.body = g_bytes_new_with_free_func (BODY, strlen (BODY), on_body_freed, &is_freed);
  fixture.attempt =
      queen_attempt_start (fixture.upstream, fixture.worker, &fixture.request, &funcs, &fixture);
  g_clear_pointer (&fixture.request.body, g_bytes_unref);
  while (fixture.n_events == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_atomic_int_get (&is_freed));
  fixture_stop (&fixture);
}

/* Clocks */

static void
test_silent (const char *says, const char *message)
{
  const Scene scene = { says, .end = SCENE_HOLD };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, &scene, 1);
  fixture.request.first_byte_timeout = fixture.request.idle_timeout = SHORT;
  fixture_run (&fixture, BODY);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_TIMED_OUT, message);
  g_assert_error (fixture.error, QUEEN_ERROR, QUEEN_ERROR_GATEWAY_TIMEOUT);
  g_assert_false (queen_attempt_may_retry (fixture.outcome, fixture.error));
  scripted_server_wait_closed (&fixture.server);
  fixture_stop (&fixture);
}

static void
test_silent_at_first (void)
{
  test_silent ("", "did not begin to answer");
  test_silent (STREAM_HEAD, "did not begin to answer");
}

static void
test_silent_between (void)
{
  test_silent (STREAM_HEAD EVENT, "fell silent in the middle");
}

/* Who says that it lives, and nothing else, may do so for a while. */
static void
test_alive (gconstpointer says)
{
  const Scene scene = { says, .end = SCENE_PUMP };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, &scene, 1);
  fixture.request.first_byte_timeout = fixture.request.idle_timeout = SHORT;
  fixture_run (&fixture, BODY);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_TIMED_OUT, "no more than that it lives");
  g_assert_error (fixture.error, QUEEN_ERROR, QUEEN_ERROR_GATEWAY_TIMEOUT);
  fixture_stop (&fixture);
}

/* Nobody reads what is sent, so nobody has begun with it. */
static void
test_unread (void)
{
  const gsize length = 8 * 1024 * 1024;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autofree char *body = g_strnfill (length, ' ');
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, NULL, 0);
  fixture.worker->port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  fixture.request.idle_timeout = SHORT;
  memcpy (body, BODY, strlen (BODY));
  fixture_run (&fixture, body);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_TIMED_OUT, "did not read the request in time");
  g_assert_true (queen_attempt_may_retry (fixture.outcome, fixture.error));
  fixture_stop (&fixture);
}

/* Cancelling */

/* It would be kept with the job. */
static void
test_long_type (void)
{
  g_autofree char *name = g_strnfill (257, 'a');
  g_autofree char *text =
      g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: 2\r\n\r\n{}", name);
  const Scene scenes[] = { { text, .end = SCENE_CLOSE } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_run (&fixture, "{\"model\":\"m\"}");
  g_assert_cmpuint (fixture.status, ==, 200);
  g_assert_null (fixture.type);
  fixture_stop (&fixture);
}

static void
test_cancel_in_the_middle (void)
{
  static const Scene scenes[] = { { STREAM_HEAD EVENT, .end = SCENE_HOLD } };
  Fixture fixture;
  gint64 cancelled_at;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.max_events = 1;
  fixture_run (&fixture, BODY);
  cancelled_at = g_get_monotonic_time ();
  g_assert_cmpint (scripted_server_wait_closed (&fixture.server), <, cancelled_at + AT_ONCE);
  fixture_stop (&fixture);
}

static void
test_cancel_before_the_head (void)
{
  static const Scene scenes[] = { { "", .end = SCENE_HOLD } };
  Fixture fixture;
  gint64 cancelled_at;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_ask (&fixture, BODY);
  scripted_server_wait_requests (&fixture.server, 1);
  cancelled_at = g_get_monotonic_time ();
  g_clear_pointer (&fixture.attempt, queen_attempt_cancel);
  g_assert_cmpint (scripted_server_wait_closed (&fixture.server), <, cancelled_at + AT_ONCE);
  fixture_stop (&fixture);
}

static void
test_cancel_at_once (void)
{
  static const Scene scenes[] = { { "", .end = SCENE_HOLD } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  for (guint i = 0; i < 20; i++)
    {
      fixture_ask (&fixture, BODY);
      g_clear_pointer (&fixture.attempt, queen_attempt_cancel);
    }
  fixture_stop (&fixture);
}

/* What libsoup would read to its end before anybody hears of it. */
static void
test_endless_refusal (void)
{
#define REFUSAL(status) "HTTP/1.1 " status "\r\nContent-Type: text/plain\r\n\r\nand again and again"
  static const struct
  {
    Scene scene;
    const char *message;
  } refusals[] = { { { REFUSAL ("401 Unauthorized"), .end = SCENE_PUMP }, "it answered 401" },
                   { { REFUSAL ("407 Proxy"), .end = SCENE_PUMP }, "it answered 407" },
                   { { REFUSAL ("421 Misdirected"), .end = SCENE_PUMP }, "it answered 421" } };

  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      Fixture fixture;

      fixture_start (&fixture, QUEEN_API_OPENAI, &refusals[i].scene, 1);
      fixture_run (&fixture, BODY);
      fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, refusals[i].message);
      scripted_server_wait_closed (&fixture.server);
      g_assert_cmpuint (fixture.server.n_requests, ==, 1);
      fixture_stop (&fixture);
    }
#undef REFUSAL
}

/* Connections */

static void
test_kept (void)
{
  static const Scene scenes[] = {
    { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
    { "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
      .end = SCENE_KEEP },
    { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
  };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      fixture_run (&fixture, BODY);
      g_assert_no_error (fixture.error);
    }
  g_assert_cmpuint (fixture.server.n_connections, ==, 1);
  fixture_stop (&fixture);
}

static void
test_kept_and_gone (void)
{
  static const Scene scenes[] = { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
                                  { "", .end = SCENE_CLOSE },
                                  { JSON_HEAD (2) "[]", .end = SCENE_KEEP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_run (&fixture, BODY);
  fixture_run (&fixture, BODY);
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.body->str, ==, "[]");
  g_assert_cmpuint (fixture.server.n_requests, ==, 3);
  g_assert_cmpuint (fixture.server.n_connections, ==, 2);
  fixture_stop (&fixture);
}

#define N_KEPT 3 /* the last one is for a question that does not come */

static void
assert_not_asked_again (const Scene scenes[N_KEPT])
{
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, N_KEPT);
  fixture_run (&fixture, BODY);
  fixture_run (&fixture, BODY);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, "without an answer");
  g_assert_cmpuint (fixture.server.n_requests, ==, 2);
  fixture_stop (&fixture);
}

/* Who says that it goes on has read of it, however soon it closes the connection. */
static void
test_kept_and_interim (void)
{
  static const Scene scenes[][N_KEPT] = {
    { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
      { INTERIM, .end = SCENE_CLOSE },
      { JSON_HEAD (2) "[]", .end = SCENE_KEEP } },
    { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
      { INTERIM, .end = SCENE_RESET },
      { JSON_HEAD (2) "[]", .end = SCENE_KEEP } },
    { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
      { TOO_MANY_INTERIMS, .end = SCENE_KEEP },
      { JSON_HEAD (2) "[]", .end = SCENE_KEEP } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (scenes); i++)
    assert_not_asked_again (scenes[i]);
}

/* Nor is anybody else asked: it has begun. */
static void
test_touched (void)
{
  static const Scene scenes[][N_KEPT] = {
    { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
      { "H", .end = SCENE_CLOSE },
      { JSON_HEAD (2) "[]", .end = SCENE_KEEP } },
    { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
      { "HTTP/1.1 2", .end = SCENE_CLOSE },
      { JSON_HEAD (2) "[]", .end = SCENE_KEEP } },
    { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
      { "HTTP/1.1 2", .end = SCENE_RESET },
      { JSON_HEAD (2) "[]", .end = SCENE_KEEP } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (scenes); i++)
    assert_not_asked_again (scenes[i]);
}

/* What waits of others, and is put in again as soon as it has been told. */
typedef struct
{
  QueenMail mail;
  QueenMailSender sender;
  QueenMailbox *mailbox;
} Much;

static void
on_much (QueenMail *mail, gboolean is_wanted)
{
  if (is_wanted)
    queen_mailbox_put (((Much *) mail)->mailbox, mail);
}

/* Has @size bytes of @asker wait for as long as the fixture is there. */
static void
fixture_have_much (Fixture *fixture, Much *much, const char *asker, guint size)
{
  *much = (Much){ .mail = { .deliver = on_much, .size = size, .sender = &much->sender },
                  .mailbox = queen_upstream_get_mailbox (fixture->upstream) };
  queen_mail_sender_init (&much->sender, much->mailbox, asker);
  queen_mailbox_put (much->mailbox, &much->mail);
}

static void
test_little_beside_much (void)
{
  static const Scene scenes[] = { { STREAM_HEAD "data: {}\n\ndata: [DONE]\n\n",
                                    .end = SCENE_CLOSE } };
  Fixture fixture;
  Much much;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_have_much (&fixture, &much, "other", QUEEN_UPSTREAM_MAX_ALL_WAITING + 1);
  fixture_run (&fixture, BODY);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.n_events, ==, 1);
  fixture_stop (&fixture);
}

/* More than little waits of an answer that nobody takes, and much beside it: only who has asked for
 * all that is paused. */
static void
test_much_of_whom (gconstpointer asker)
{
  gboolean is_own = *(const char *) asker == '\0';
  g_autofree char *word = g_strnfill (QUEEN_UPSTREAM_LITTLE_WAITING, 'x');
  g_autofree char *says =
      g_strdup_printf (STREAM_HEAD "data: \"%s\"\n\ndata: \"%s\"\n\ndata: [DONE]\n\n", word, word);
  const Scene scene = { says, .end = SCENE_CLOSE };
  const guint n_much = QUEEN_UPSTREAM_MAX_ALL_WAITING / 4 * 3;
  QueenUpstreamFigures figures;
  Fixture fixture;
  Much much;

  fixture_start (&fixture, QUEEN_API_OPENAI, &scene, 1);
  fixture_have_much (&fixture, &much, asker, n_much);
  fixture_ask (&fixture, BODY);
  do /* the main thread takes nothing meanwhile */
    queen_upstream_get_figures (fixture.upstream, &figures);
  while (is_own ? figures.n_paused == 0 : figures.n_tries > 0 || figures.n_bytes == n_much);
  queen_upstream_get_figures (fixture.upstream, &figures); /* once more: as of after that */
  g_assert_cmpuint (figures.n_pauses, ==, is_own);
  g_assert_cmpuint (figures.n_paused, ==, is_own);
  fixture_wait (&fixture);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.n_events, ==, 2);
  fixture_stop (&fixture);
}

/* Nobody knows what it has done until then. */
static void
test_kept_and_read (void)
{
  static const Scene scenes[] = { { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
                                  { "", .end = SCENE_PONDER },
                                  { JSON_HEAD (2) "[]", .end = SCENE_KEEP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_run (&fixture, BODY);
  fixture_run (&fixture, BODY);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, "without an answer");
  g_assert_cmpuint (fixture.server.n_requests, ==, 2);
  fixture_stop (&fixture);
}

static void
test_left (void)
{
  static const Scene scenes[] = { { STREAM_HEAD EVENT "data: [DONE]\n\n", .end = SCENE_HOLD } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_run (&fixture, BODY);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.server.n_closed, ==, 0);
  fixture_stop (&fixture);
}

static void
test_left_and_talkative (void)
{
  static const Scene scenes[] = { { STREAM_HEAD EVENT "data: [DONE]\n\n", .end = SCENE_PUMP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_run (&fixture, BODY);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.n_events, ==, 1);
  scripted_server_wait_closed (&fixture.server);
  fixture_stop (&fixture);
}

/* Many */

#define N_MANY 1000

typedef struct
{
  guint n_done;
  guint n_failed;
} Many;

static void
on_one_head (guint status, const char *type, gpointer data)
{
}

static void
on_one_body (GBytes *part, gpointer data)
{
}

static void
on_one_end (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  Many *many = data;

  if (outcome == QUEEN_ATTEMPT_DONE)
    many->n_done++;
  else
    many->n_failed++;
}

static void
run_many (gint64 connect_timeout, Many *many)
{
  static const QueenAttemptFuncs funcs = { NULL, on_one_head, NULL, on_one_body, on_one_end };
  g_autofree Scene *scenes = g_new0 (Scene, N_MANY);
  Fixture fixture;

  for (guint i = 0; i < N_MANY; i++)
    scenes[i] = (Scene){ JSON_HEAD (2) "{}", .end = SCENE_KEEP };
  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, N_MANY);
  fixture.request.body = g_bytes_new_static (BODY, strlen (BODY));
  fixture.request.connect_timeout = connect_timeout;
  for (guint i = 0; i < N_MANY; i++)
    queen_attempt_start (fixture.upstream, fixture.worker, &fixture.request, &funcs, many);
  while (many->n_done + many->n_failed < N_MANY)
    g_main_context_iteration (NULL, TRUE);
  fixture_stop (&fixture);
}

static void
test_many (void)
{
  Many many = { 0 };

  run_many (5 * G_TIME_SPAN_SECOND, &many);
  g_assert_cmpuint (many.n_failed, ==, 0);
}

static void
test_many_late (void)
{
  Many many = { 0 };

  run_many (5 * G_TIME_SPAN_MILLISECOND, &many);
  g_assert_cmpuint (many.n_failed, >, 0);
}

/* Answers that cannot be handed on yet */

#define N_UNFINISHED 48
#define LENGTH_OF_UNFINISHED 1000000
#define MOST_UNFINISHED 16 /* MiB: half of all, for others have other hosts */

typedef struct
{
  QueenAttempt *attempts[N_UNFINISHED];
  guint n_failed;
} Unfinished;

typedef struct
{
  Unfinished *all;
  guint number;
} UnfinishedOne;

static void
on_unfinished_event (GBytes *event, const char *text, gsize length, gpointer data)
{
  g_assert_not_reached ();
}

static void
on_unfinished_end (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  UnfinishedOne *one = data;

  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "cannot be handed on yet"));
  one->all->attempts[one->number] = NULL;
  one->all->n_failed++;
}

/* Each has a megabyte, and none of them an end: what is held of them has a limit. When they are
 * gone there is room for others. */
static void
test_unfinished (gconstpointer head)
{
  static const QueenAttemptFuncs funcs = { NULL, on_one_head, on_unfinished_event, on_one_body,
                                           on_unfinished_end };
  g_autofree char *rest = g_strnfill (LENGTH_OF_UNFINISHED, 'x');
  g_autofree char *says = g_strconcat (head, rest, NULL);
  g_autofree char *ends = g_strconcat (STREAM_HEAD "data: ", rest, "\n\ndata: [DONE]\n\n", NULL);
  Scene scenes[N_UNFINISHED + 1];
  UnfinishedOne ones[N_UNFINISHED];
  Unfinished all = { { NULL } };
  QueenUpstreamFigures figures;
  Fixture fixture;

  for (guint i = 0; i <= N_UNFINISHED; i++)
    scenes[i] = (Scene){ i < N_UNFINISHED ? says : ends, .end = SCENE_HOLD };
  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.face = QUEEN_FACE_RBEE;
  fixture.request.body = g_bytes_new_static ("{\"prompt\":\"?\"}", strlen ("{\"prompt\":\"?\"}"));
  for (guint i = 0; i < N_UNFINISHED; i++)
    {
      ones[i] = (UnfinishedOne){ &all, i };
      all.attempts[i] = queen_attempt_start (fixture.upstream, fixture.worker, &fixture.request,
                                             &funcs, &ones[i]);
    }
  while (all.n_failed < N_UNFINISHED - MOST_UNFINISHED)
    g_main_context_iteration (NULL, TRUE);
  queen_upstream_get_figures (fixture.upstream, &figures);
  g_assert_cmpuint (figures.n_tries, >, 0);
  g_assert_cmpuint (figures.n_tries, <=, N_UNFINISHED);
  g_assert_cmpuint (figures.n_unfinished, >, LENGTH_OF_UNFINISHED);
  g_assert_cmpuint (figures.n_unfinished, <=, figures.max_unfinished);
  for (guint i = 0; i < N_UNFINISHED; i++)
    g_clear_pointer (&all.attempts[i], queen_attempt_cancel);
  g_assert_cmpuint (all.n_failed, <, N_UNFINISHED);

  fixture.request.face = QUEEN_FACE_OPENAI;
  fixture_run (&fixture, BODY);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.n_events, ==, 1);
  do /* the thread tells of an end before it has let go of all */
    queen_upstream_get_figures (fixture.upstream, &figures);
  while (figures.n_tries > 0 || figures.n_unfinished > 0);
  fixture_stop (&fixture);
}

/* Readers */

/* Waits until the server can say no more. Returns: how much it has said */
static gsize
wait_until_stuck (ScriptedServer *server)
{
  gsize n_said, n_before;
  guint n_same = 0;

  for (n_before = 0; n_same < 10; n_before = n_said)
    {
      g_usleep (10 * G_TIME_SPAN_MILLISECOND);
      g_mutex_lock (&server->lock);
      n_said = server->n_said;
      g_mutex_unlock (&server->lock);
      n_same = n_said > 0 && n_said == n_before ? n_same + 1 : 0;
    }
  return n_said;
}

static void
test_slow_reader (void)
{
  const guint n = 500000;
  g_autoptr (GString) says = g_string_new (STREAM_HEAD);
  Scene scene = { NULL, .end = SCENE_CLOSE };
  Fixture fixture;

  for (guint i = 0; i < n; i++)
    g_string_append (says, EVENT);
  g_string_append (says, "data: [DONE]\n\n");
  scene.says = says->str;
  scene.length = says->len;
  fixture_start (&fixture, QUEEN_API_OPENAI, &scene, 1);
  fixture_ask (&fixture, BODY);
  g_assert_cmpuint (wait_until_stuck (&fixture.server), <, says->len / 2);
  fixture_wait (&fixture);
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.n_events, ==, n);
  g_assert_cmpuint (fixture.text->len, ==, n);
  fixture_stop (&fixture);
}

/* Who may be called */

static void
test_forbidden (void)
{
  static const Scene scenes[] = { { "", .end = SCENE_HOLD } };
  static const guint8 elsewhere[] = { 10, 0, 0, 7 };
  g_autofree char *url = NULL;
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  url = g_strdup_printf ("http://localhost:%u/v1", fixture.server.port);
  queen_source_init_address (&fixture.worker->source, elsewhere, sizeof elsewhere);
  fixture.worker->vitals->url = g_strdup (url);
  fixture_run (&fixture, BODY);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FORBIDDEN, "but from 10.0.0.7");
  g_assert_error (fixture.error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN);
  g_assert_cmpuint (fixture.server.n_connections, ==, 0);
  fixture_stop (&fixture);
}

static void
test_name (void)
{
  static const Scene scenes[] = { { JSON_HEAD (2) "{}", .end = SCENE_CLOSE } };
  g_autofree char *url = NULL, *host = NULL;
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  url = g_strdup_printf ("http://localhost:%u/v1/", fixture.server.port);
  host = g_strdup_printf ("Host: localhost:%u\r\n", fixture.server.port);
  fixture.worker->vitals->url = g_strdup (url);
  fixture_run (&fixture, BODY);
  g_assert_no_error (fixture.error);
  g_assert_nonnull (strstr (fixture.server.requests->pdata[0], host));
  g_assert_nonnull (strstr (fixture.server.requests->pdata[0], "POST /v1/chat/completions "));
  fixture_stop (&fixture);
}

/* Tokens */

static void
test_token (void)
{
  static const Scene scenes[] = { { JSON_HEAD (2) "{}", .end = SCENE_CLOSE },
                                  { JSON_HEAD (2) "{}", .end = SCENE_CLOSE } };
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("queen-tokens-XXXXXX", &path, NULL);
  const QueenUpstreamSettings settings = { .token_file = path };
  Fixture fixture;

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, "# mine\nother secret-0\nid=w  secret-1\n", -1, NULL));
  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  queen_upstream_free (fixture.upstream);
  fixture.upstream = queen_upstream_new (&settings, NULL);
  fixture_run (&fixture, BODY);
  g_assert_nonnull (
      strstr (fixture.server.requests->pdata[0], "\r\nAuthorization: Bearer secret-1\r\n"));

  g_assert_true (g_file_set_contents (path, "127.0.0.1 secret-2\nid=w secret-1\n", -1, NULL));
  queen_upstream_take_tokens (fixture.upstream,
                              queen_upstream_read_tokens (fixture.upstream, NULL));
  fixture_run (&fixture, BODY);
  g_assert_nonnull (
      strstr (fixture.server.requests->pdata[1], "\r\nAuthorization: Bearer secret-2\r\n"));
  fixture_stop (&fixture);
  g_unlink (path);
}

/* Their descriptors would be missing for those who come. */
static void
test_kept_connections (void)
{
  const Scene scenes[] = {
    { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
    { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
    { JSON_HEAD (2) "{}", .end = SCENE_KEEP },
  };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.is_streamed = FALSE;
  fixture_run (&fixture, "{\"model\":\"m\"}");
  fixture_run (&fixture, "{\"model\":\"m\"}");
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.server.n_connections, ==, 1);

  queen_upstream_get_caller (fixture.upstream)->max_kept = 0; /* nobody is being asked */
  fixture_run (&fixture, "{\"model\":\"m\"}");
  g_assert_no_error (fixture.error);
  g_assert_nonnull (strstr (fixture.server.requests->pdata[2], "Connection: close\r\n"));
  g_assert_null (strstr (fixture.server.requests->pdata[1], "Connection: close\r\n"));
  fixture_stop (&fixture);
}

/* The last ones are for those who come. */
static void
test_last_descriptors (void)
{
  static const Scene scenes[] = { { JSON_HEAD (2) "{}", .end = SCENE_KEEP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.is_streamed = FALSE;
  queen_upstream_get_caller (fixture.upstream)->brink = 0; /* nobody is being asked */
  fixture_run (&fixture, "{\"model\":\"m\"}");
  g_assert_cmpint (fixture.outcome, ==, QUEEN_ATTEMPT_CROWDED);
  g_assert_error (fixture.error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  fixture_stop (&fixture);
}

static GSocket *
make_socket (void)
{
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);

  g_assert_nonnull (socket);
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

/* Whose kernel takes no more of those who connect: they wait.
 *
 * Returns: (transfer full): with the others who wait there */
static GPtrArray *
listen_to_nobody (guint16 *port)
{
  GPtrArray *sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;
  GSocket *socket = make_socket ();

  g_ptr_array_add (sockets, socket);
  g_assert_true (g_socket_bind (socket, any, FALSE, NULL));
  g_socket_set_listen_backlog (socket, 0);
  g_assert_true (g_socket_listen (socket, NULL));
  address = g_socket_get_local_address (socket, NULL);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  do
    {
      socket = make_socket ();
      g_ptr_array_add (sockets, socket);
      g_socket_connect (socket, address, NULL, NULL);
    }
  while (g_socket_condition_check (socket, G_IO_OUT) != 0);
  return sockets;
}

/* Nor has who takes its time to be there. */
static void
test_last_descriptors_while_connecting (void)
{
  g_autoptr (GPtrArray) sockets = NULL;
  Fixture fixture;
  guint16 port;

  sockets = listen_to_nobody (&port);
  fixture_start (&fixture, QUEEN_API_OPENAI, NULL, 0);
  fixture.worker->port = port;
  queen_upstream_get_caller (fixture.upstream)->brink = 0; /* nobody is being asked */
  fixture_run (&fixture, BODY);
  g_assert_cmpint (fixture.outcome, ==, QUEEN_ATTEMPT_CROWDED);
  g_assert_false (fixture.is_connected);
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strconcat ("/attempt/fault/", faults[i].name, NULL);

      g_test_add_data_func (path, &faults[i], test_fault);
    }
  g_test_add_func ("/attempt/fault/nobody-is-there", test_nobody_there);
  g_test_add_func ("/attempt/fault/says-more-than-it-promises", test_says_more_than_it_promises);
  g_test_add_func ("/attempt/fault/answers-before-it-is-asked", test_answers_before_it_is_asked);
  g_test_add_func ("/attempt/question/is-not-held-while-it-is-answered",
                   test_question_goes_when_it_is_answered);
  g_test_add_func ("/attempt/clock/silent-before-the-first-byte", test_silent_at_first);
  g_test_add_func ("/attempt/clock/silent-between-bytes", test_silent_between);
  g_test_add_data_func ("/attempt/clock/comments-are-no-answer", STREAM_HEAD ": alive\n\n",
                        test_alive);
  g_test_add_data_func ("/attempt/clock/ids-are-no-answer", STREAM_HEAD "id: 1\n\n", test_alive);
  g_test_add_data_func ("/attempt/clock/blanks-are-no-answer",
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n \n", test_alive);
  g_test_add_func ("/attempt/clock/does-not-read-the-request", test_unread);
  g_test_add_func ("/attempt/type/a-long-one-is-none", test_long_type);
  g_test_add_func ("/attempt/cancel/closes-at-once", test_cancel_in_the_middle);
  g_test_add_func ("/attempt/cancel/closes-at-once-before-the-head", test_cancel_before_the_head);
  g_test_add_func ("/attempt/cancel/right-after-the-start", test_cancel_at_once);
  g_test_add_func ("/attempt/limit/endless-refusals", test_endless_refusal);
  g_test_add_func ("/attempt/connection/is-kept", test_kept);
  g_test_add_func ("/attempt/connection/one-more-try-when-a-kept-one-has-gone", test_kept_and_gone);
  g_test_add_func ("/attempt/connection/no-more-try-when-a-kept-one-has-read-it",
                   test_kept_and_read);
  g_test_add_func ("/attempt/kept/not-asked-again-after-a-1xx", test_kept_and_interim);
  g_test_add_func ("/attempt/kept/not-asked-again-after-part-of-a-head", test_touched);
  g_test_add_func ("/attempt/limit/little-is-heard-however-much-waits", test_little_beside_much);
  g_test_add_data_func ("/attempt/limit/who-has-much-waiting-is-paused", "", test_much_of_whom);
  g_test_add_data_func ("/attempt/limit/who-has-not-is-not-paused-beside-them", "other",
                        test_much_of_whom);
  g_test_add_func ("/attempt/connection/is-done-when-all-is-said", test_left);
  g_test_add_func ("/attempt/connection/who-talks-on-is-hung-up-on", test_left_and_talkative);
  g_test_add_func ("/attempt/connection/a-thousand-at-once", test_many);
  g_test_add_func ("/attempt/connection/a-thousand-that-are-too-late-all-end", test_many_late);
  g_test_add_data_func ("/attempt/unfinished/events", STREAM_HEAD "data: ", test_unfinished);
  g_test_add_data_func ("/attempt/unfinished/ids", STREAM_HEAD "id: ", test_unfinished);
  g_test_add_data_func ("/attempt/unfinished/answers",
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
                        test_unfinished);
  g_test_add_func ("/attempt/reader/slow-one-stops-the-worker-and-loses-nothing", test_slow_reader);
  g_test_add_func ("/attempt/reach/strangers-are-not-called", test_forbidden);
  g_test_add_func ("/attempt/reach/host-and-path-are-those-of-the-url", test_name);
  g_test_add_func ("/attempt/token/is-shown-and-read-again", test_token);
  g_test_add_func ("/attempt/limit/kept-connections", test_kept_connections);
  g_test_add_func ("/attempt/limit/last-descriptors", test_last_descriptors);
  g_test_add_func ("/attempt/limit/last-descriptors-while-connecting",
                   test_last_descriptors_while_connecting);

  return g_test_run ();
}
