/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What one server says, while others say much. */

#include "agent/queen-server-line.h"

#include <stdio.h>
#include <string.h>

#define SMALL (40 * 1024) /* bytes */
#define LONG (1024 * 1024)
#define OTHERS_SIZE (64 * 1024)
#define N_OTHERS (QUEEN_ANSWER_ROOM_SIZE / OTHERS_SIZE - 4)

typedef struct
{
  GSocketService *server; /* answers with as many bytes as its path says */
  QueenFetcher *fetcher;
  QueenServerLine *line;
  QueenAnswerShare others[N_OTHERS]; /* answers that have the rest of the room, */
  guint n_given_up;                  /* of which so many had to go */
  gsize length;                      /* of what came; 0 for nothing */
  GError *error;
  gboolean is_over;
} Fixture;

static void
on_request_written (GObject *output, GAsyncResult *result, gpointer connection)
{
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (output), result, NULL, NULL);
  g_object_unref (connection);
}

static void
on_request (GObject *input, GAsyncResult *result, gpointer data)
{
  GSocketConnection *connection = data; /* ours */
  g_autoptr (GBytes) request =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (input), result, NULL);
  g_autofree char *text = NULL;
  g_autofree char *body = NULL;
  char *answer;
  guint length;

  g_assert_nonnull (request);
  text = g_strndup (g_bytes_get_data (request, NULL), g_bytes_get_size (request));
  g_assert_cmpint (sscanf (text, "GET /%u HTTP/1.1", &length), ==, 1);
  body = g_strnfill (length, 'x');
  answer = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n%s", length, body);
  g_object_set_data_full (G_OBJECT (connection), "answer", answer, g_free);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer,
                                   strlen (answer), G_PRIORITY_DEFAULT, NULL, on_request_written,
                                   connection);
}

static gboolean
on_incoming (GSocketService *server, GSocketConnection *connection, GObject *source, gpointer data)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));

  g_input_stream_read_bytes_async (input, 4096, G_PRIORITY_DEFAULT, NULL, on_request,
                                   g_object_ref (connection));
  return TRUE;
}

static void
on_answer (const QueenServerAnswer *answer, const GError *error, gpointer data)
{
  Fixture *fixture = data;

  fixture->length = answer ? answer->length : 0;
  fixture->error = error ? g_error_copy (error) : NULL;
  fixture->is_over = TRUE;
}

static void
on_line_closed (gpointer data)
{
}

static void
on_other_given_up (gpointer data)
{
  ((Fixture *) data)->n_given_up++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port;

  fixture->server = g_socket_service_new ();
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (fixture->server), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (fixture->server, "incoming", G_CALLBACK (on_incoming), NULL);
  url = g_strdup_printf ("http://127.0.0.1:%u", port);
  fixture->fetcher = queen_fetcher_new (NULL);
  fixture->line =
      queen_server_line_new (fixture->fetcher, url, NULL, on_answer, on_line_closed, fixture);
  for (guint i = 0; i < N_OTHERS; i++)
    {
      QueenAnswerShare *other = &fixture->others[i];

      *other = (QueenAnswerShare){ .give_up = on_other_given_up, .data = fixture };
      queen_answer_room_enter (queen_fetcher_get_room (fixture->fetcher), other);
      queen_answer_room_set (queen_fetcher_get_room (fixture->fetcher), other, OTHERS_SIZE);
    }
}

static void
leave_others (Fixture *fixture)
{
  for (guint i = 0; i < N_OTHERS; i++)
    queen_answer_room_leave (queen_fetcher_get_room (fixture->fetcher), &fixture->others[i]);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  queen_server_line_free (fixture->line);
  queen_fetcher_free (fixture->fetcher);
  g_socket_service_stop (fixture->server);
  g_object_unref (fixture->server);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
ask_for (Fixture *fixture, gsize length)
{
  g_autofree char *path = g_strdup_printf ("/%" G_GSIZE_FORMAT, length);

  fixture->is_over = FALSE;
  queen_server_line_ask (fixture->line, path, LONG);
  while (!fixture->is_over)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_small (Fixture *fixture, gconstpointer data)
{
  ask_for (fixture, SMALL);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->length, ==, SMALL);
  g_assert_cmpuint (fixture->n_given_up, ==, 0);
}

static void
test_longest (Fixture *fixture, gconstpointer data)
{
  ask_for (fixture, LONG);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (fixture->n_given_up, ==, 0);
  g_clear_error (&fixture->error);

  leave_others (fixture);
  ask_for (fixture, LONG);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->length, ==, LONG);
}

/* Who has less than another does not go for that one's sake. */
static void
test_others (Fixture *fixture, gconstpointer data)
{
  QueenAnswerRoom *room = queen_fetcher_get_room (fixture->fetcher);
  QueenAnswerShare greedy = { .give_up = on_other_given_up, .data = fixture };

  queen_answer_room_enter (room, &greedy);
  queen_answer_room_set (room, &greedy, 4 * OTHERS_SIZE);
  g_assert_cmpuint (fixture->n_given_up, ==, 0);
  ask_for (fixture, SMALL);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->n_given_up, ==, 1);
  queen_answer_room_leave (room, &greedy); /* it has left */
  queen_answer_room_set (room, &fixture->others[0], 5 * OTHERS_SIZE);
  g_assert_cmpuint (fixture->n_given_up, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/server-line/room/one-that-says-little-has-it", Fixture, NULL, set_up, test_small,
              tear_down);
  g_test_add ("/server-line/room/the-longest-answer-is-given-up", Fixture, NULL, set_up,
              test_longest, tear_down);
  g_test_add ("/server-line/room/nobody-goes-for-a-longer-one", Fixture, NULL, set_up, test_others,
              tear_down);

  return g_test_run ();
}
