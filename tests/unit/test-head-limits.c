/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A worker whose heads are long keeps nobody from hearing the others. */

#include "attempt-fixture.h"

#include "jobs/queen-head-limits.h"
#include "queen-soup.h"
#include "queen-tls-calls.h"

#define CHUNK "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
#define N_CONNECTIONS 50000
#define INTERIM "HTTP/1.1 102 Processing\r\nX-Queen: 1\r\n\r\n"

typedef gssize (*ReadFunc) (GPollableInputStream *, void *, gsize, GError **);

/* @status: with what it begins
 * Returns: (transfer full): what a worker says, with @n_lines of head in all, each with @line */
static char *
make_answer (const char *status, const char *line, guint n_lines)
{
  GString *answer = g_string_new (status);

  for (guint i = 0; i + 3 < n_lines; i++)
    g_string_append (answer, line);
  g_string_append (answer, "Content-Length: 2\r\n\r\n{}");
  return g_string_free (answer, FALSE);
}

static void
assert_refused (const Fixture *fixture)
{
  g_assert_cmpint (fixture->outcome, ==, QUEEN_ATTEMPT_FAILED);
  g_assert_error (fixture->error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY);
  g_assert_nonnull (strstr (fixture->error->message, "head"));
}

static void
run_scenes (Fixture *fixture, const Scene *scenes, guint n_scenes)
{
  fixture_start (fixture, QUEEN_API_OPENAI, scenes, n_scenes);
  fixture->request.is_streamed = FALSE;
  for (guint i = 0; i < n_scenes; i++)
    fixture_run (fixture, "{\"model\":\"m\"}");
}

static ReadFunc
find_read (GType type)
{
  GPollableInputStreamInterface *interface =
      g_type_interface_peek (g_type_class_ref (type), G_TYPE_POLLABLE_INPUT_STREAM);

  return interface->read_nonblocking;
}

/* When there are connections there are other threads, and they look at what would be changed. */
static void
test_taught (void)
{
  const GType types[] = { queen_soup_get_input_type (), queen_tls_calls_get_input_type () };
  const ReadFunc before[] = { find_read (types[0]), find_read (types[1]) };

  queen_head_limits_free (queen_head_limits_new ());
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    g_assert_true (find_read (types[i]) != before[i]);
  g_assert_true (find_read (types[0]) == find_read (types[1]));
}

static void
test_lines (void)
{
  g_autofree char *most =
      make_answer ("HTTP/1.1 200 OK\r\n", "X: a\r\n", QUEEN_HEAD_LIMITS_MAX_LINES);
  g_autofree char *more =
      make_answer ("HTTP/1.1 200 OK\r\n", "X: a\r\n", QUEEN_HEAD_LIMITS_MAX_LINES + 1);
  const Scene good[] = { { most, .end = SCENE_KEEP }, { most, .end = SCENE_KEEP } };
  const Scene bad[] = { { most, .end = SCENE_KEEP }, { more, .end = SCENE_KEEP } };
  Fixture fixture;

  run_scenes (&fixture, good, G_N_ELEMENTS (good));
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.body->str, ==, "{}");
  g_assert_cmpuint (fixture.server.n_connections, ==, 1);
  fixture_stop (&fixture);

  run_scenes (&fixture, bad, G_N_ELEMENTS (bad)); /* on a connection that was kept */
  assert_refused (&fixture);
  fixture_stop (&fixture);
}

/* Each word is one that is looked for among all headers. */
static void
test_words (void)
{
  g_autofree char *words = g_strnfill (QUEEN_HEAD_LIMITS_MAX_BYTES, ',');
  g_autofree char *line = g_strconcat ("Connection: ", words, "\r\n", NULL);
  g_autofree char *answer = make_answer ("HTTP/1.0 200 OK\r\n", line, 4);
  const Scene scenes[] = { { answer, .end = SCENE_CLOSE } };
  Fixture fixture;

  run_scenes (&fixture, scenes, G_N_ELEMENTS (scenes));
  assert_refused (&fixture);
  fixture_stop (&fixture);
}

static void
test_interim (void)
{
  g_autofree char *most = make_answer (INTERIM INTERIM "HTTP/1.1 200 OK\r\n", "X: a\r\n", 100);
  g_autofree char *more = make_answer (INTERIM INTERIM "HTTP/1.1 200 OK\r\n", "X: a\r\n", 126);
  const Scene good[] = { { most, .end = SCENE_KEEP } };
  const Scene bad[] = { { more, .end = SCENE_KEEP } };
  Fixture fixture;

  run_scenes (&fixture, good, 1);
  g_assert_no_error (fixture.error);
  fixture_stop (&fixture);

  run_scenes (&fixture, bad, 1);
  assert_refused (&fixture);
  fixture_stop (&fixture);
}

/* What is behind the head is as long as it likes. */
static void
test_body (void)
{
  g_autoptr (GString) answer = g_string_new (STREAM_HEAD);
  Scene scenes[] = { { NULL, .end = SCENE_CLOSE } };
  Fixture fixture;

  for (guint i = 0; i < 4 * QUEEN_HEAD_LIMITS_MAX_LINES; i++)
    g_string_append (answer, CHUNK);
  g_string_append (answer, "data: [DONE]\n\n");
  scenes[0].says = answer->str;
  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_run (&fixture, "{\"model\":\"m\",\"stream\":true}");
  g_assert_no_error (fixture.error);
  g_assert_cmpuint (fixture.n_events, ==, 4 * QUEEN_HEAD_LIMITS_MAX_LINES);
  fixture_stop (&fixture);
}

/* Each of libsoup's sessions has a connection of that number, and one of them may be in the middle
 * of an answer. */
static void
test_sessions (void)
{
  g_autoptr (QueenHeadLimits) limits = queen_head_limits_new ();
  g_autofree char *lines = g_strnfill (4 * QUEEN_HEAD_LIMITS_MAX_LINES, '\n');
  GSocketConnection *connections[2];
  gboolean *is_touched;
  int fds[2];

  for (guint i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      g_autoptr (GSocket) socket = NULL;

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
      socket = g_socket_new_from_fd (fds[0], NULL);
      connections[i] = g_socket_connection_factory_create_connection (socket);
      queen_head_limits_watch (limits, &connections[i], 1, G_IO_STREAM (connections[i]));
      g_assert_cmpint (write (fds[1], lines, strlen (lines)), ==, strlen (lines));
      close (fds[1]);
    }
  g_assert_cmpuint (queen_head_limits_get_n (limits), ==, 2);
  is_touched = queen_head_limits_begin (limits, &connections[0], 1);
  g_assert_false (*is_touched);
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      g_autoptr (GError) error = NULL;
      GInputStream *stream = g_io_stream_get_input_stream (G_IO_STREAM (connections[i]));
      char bytes[4 * QUEEN_HEAD_LIMITS_MAX_LINES];

      g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), bytes,
                                                sizeof bytes, NULL, &error);
      g_assert_cmpint (error != NULL, ==, i == 0);
      g_object_unref (connections[i]);
    }
  g_assert_cmpuint (queen_head_limits_get_n (limits), ==, 0);
  g_assert_true (*is_touched);
  g_atomic_rc_box_release (is_touched);
}

/* As GIO does, whose threads let go of a connection when hands have been shaken. */
static gpointer
let_go_of_connections (gpointer data)
{
  GAsyncQueue *queue = data;
  gpointer connection;

  while ((connection = g_async_queue_pop (queue)) != queue)
    g_object_unref (connection);
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (QueenHeadLimits) limits = queen_head_limits_new ();
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  GThread *thread = g_thread_new ("handshakes", let_go_of_connections, queue);
  int session;

  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      g_autoptr (GInputStream) input = g_memory_input_stream_new ();
      g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
      GIOStream *connection = g_simple_io_stream_new (input, output);

      queen_head_limits_watch (limits, &session, i, connection);
      g_atomic_rc_box_release (queen_head_limits_begin (limits, &session, i));
      g_clear_object (&input); /* the other thread is to have the last reference */
      g_async_queue_push (queue, connection);
    }
  g_async_queue_push (queue, queue);
  g_thread_join (thread);
  g_assert_cmpuint (queen_head_limits_get_n (limits), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/head-limits/taught-before-there-are-connections", test_taught);
  g_test_add_func ("/head-limits/lines", test_lines);
  g_test_add_func ("/head-limits/words", test_words);
  g_test_add_func ("/head-limits/those-before-it-count", test_interim);
  g_test_add_func ("/head-limits/what-is-behind-does-not", test_body);
  g_test_add_func ("/head-limits/of-one-session-among-several", test_sessions);
  g_test_add_func ("/head-limits/another-thread-lets-go-of-it", test_threads);

  return g_test_run ();
}
