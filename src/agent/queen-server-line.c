/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-server-line.h"

#include <string.h>

#include "build-config.h"
#include "queen-response.h"

#define PIECE 16384 /* bytes that are read at once */

/* One question. It outlives the line while something of GIO's is under way. */
typedef struct
{
  QueenServerLine *line; /* NULL once nobody wants the answer */
  GCancellable *cancellable;
  GSocketConnection *connection; /* NULL while there is none */
  char *request;
  QueenResponse *answer;
  QueenAnswerShare share; /* what that has of the room of all */
  gboolean is_reused;     /* the connection was there before, and may have been closed meanwhile */
  gboolean is_late;
  gboolean is_given_up;
  guint timer;
  char piece[PIECE];
} Question;

struct _QueenLine
{
  QueenFetcher *fetcher; /* not owned */
  GUri *uri;
  char *prefix; /* of paths */
  char *head;   /* what stands behind the path in each question */
  QueenServerLineFunc func;
  void (*closed) (gpointer data);
  gpointer data;

  Question *question;      /* NULL unless it is being asked */
  GSocketConnection *kept; /* NULL unless there is one for the next question */
  GSource *kept_source;
};

/* What TLS would say at the end may wait for whoever does not read it. */
static void
drop_connection (GSocketConnection **connection)
{
  if (*connection)
    g_socket_close (g_socket_connection_get_socket (*connection), NULL);
  g_clear_object (connection);
}

static void
question_free (Question *question)
{
  g_clear_handle_id (&question->timer, g_source_remove);
  drop_connection (&question->connection);
  g_clear_pointer (&question->answer, queen_response_free);
  g_object_unref (question->cancellable);
  g_free (question->request);
  g_free (question);
}

/* The connection that is kept */

static void
drop_kept (QueenServerLine *self)
{
  if (self->kept_source)
    g_source_destroy (self->kept_source);
  g_clear_pointer (&self->kept_source, g_source_unref);
  drop_connection (&self->kept);
}

/* Nothing was asked, so it can only be that it closes. */
static gboolean
on_kept_readable (GObject *stream, gpointer data)
{
  QueenServerLine *self = data;

  drop_kept (self);
  self->closed (self->data);
  return G_SOURCE_REMOVE;
}

static void
keep_connection (QueenServerLine *self, Question *question)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (question->connection));

  if (!G_IS_POLLABLE_INPUT_STREAM (input))
    return;
  self->kept = g_steal_pointer (&question->connection);
  self->kept_source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  g_source_set_callback (self->kept_source, G_SOURCE_FUNC (on_kept_readable), self, NULL);
  g_source_attach (self->kept_source, NULL);
}

/* The end of a question */

static void
forget_question (QueenServerLine *self, Question *question)
{
  self->question = NULL;
  queen_answer_room_leave (queen_fetcher_get_room (self->fetcher), &question->share);
}

static void
end_question (Question *question, const GError *cause)
{
  QueenServerLine *self = question->line;
  g_autoptr (GError) stopped = NULL;
  QueenServerAnswer answer;

  if (!self)
    {
      question_free (question);
      return;
    }
  forget_question (self, question);
  if (question->is_given_up)
    cause = stopped =
        g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "there is no room for so much");
  else if (question->is_late)
    cause = stopped = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in time");
  if (!cause)
    {
      queen_response_get (question->answer, &answer);
      if (answer.is_kept)
        keep_connection (self, question);
      answer.is_kept = self->kept != NULL;
    }
  drop_connection (&question->connection);
  g_clear_handle_id (&question->timer, g_source_remove);
  /* The line may be freed there. */
  question->line = NULL;
  self->func (cause ? NULL : &answer, cause, self->data);
  question_free (question);
}

static void connect_question (Question *question);

/* Returns: whether it is asked once more: a kept connection may be closed while we speak (RFC 9112
 * § 9.3.1) */
static gboolean
ask_again (Question *question)
{
  if (!question->line || !question->is_reused || question->is_late || question->is_given_up ||
      queen_response_has_begun (question->answer))
    return FALSE;
  question->is_reused = FALSE;
  drop_connection (&question->connection);
  connect_question (question);
  return TRUE;
}

/* Reading */

static void read_on (Question *question);

/* What came of it is no good any more, and others want the room at once. */
static void
give_up (gpointer data)
{
  Question *question = data;

  g_clear_pointer (&question->answer, queen_response_free);
  question->is_given_up = TRUE;
  g_cancellable_cancel (question->cancellable);
}

/* @n_bytes: of the piece; 0 at the end, -1 when there was an error */
static void
take_piece (Question *question, gssize n_bytes, GError **error)
{
  if (n_bytes == 0)
    queen_response_end (question->answer, error);
  if (n_bytes <= 0)
    return;
  queen_response_feed (question->answer, question->piece, (gsize) n_bytes, error);
  if (question->line)
    queen_answer_room_set (queen_fetcher_get_room (question->line->fetcher), &question->share,
                           queen_response_get_size (question->answer));
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *question = data;
  g_autoptr (GError) error = NULL;
  gssize n_bytes = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (n_bytes <= 0 && ask_again (question))
    return;
  if (!question->is_given_up)
    take_piece (question, n_bytes, &error);
  if (question->is_given_up || error || queen_response_is_whole (question->answer))
    end_question (question, error);
  else
    read_on (question);
}

static void
read_on (Question *question)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (question->connection));

  g_input_stream_read_async (input, question->piece, PIECE, G_PRIORITY_DEFAULT,
                             question->cancellable, on_read, question);
}

/* Asking */

static gboolean
on_question_late (gpointer data)
{
  Question *question = data;

  question->timer = 0;
  question->is_late = TRUE;
  g_cancellable_cancel (question->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_question_written (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *question = data;
  g_autoptr (GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    read_on (question);
  else if (!ask_again (question))
    end_question (question, error);
}

/* Whoever is there has the rest of the time. */
static void
write_question (Question *question)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (question->connection));

  g_clear_handle_id (&question->timer, g_source_remove);
  question->timer = g_timeout_add (QUEEN_SERVER_LINE_ANSWER_MSEC, on_question_late, question);
  g_output_stream_write_all_async (output, question->request, strlen (question->request),
                                   G_PRIORITY_DEFAULT, question->cancellable, on_question_written,
                                   question);
}

static void
on_line_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *question = data;
  g_autoptr (GError) error = NULL;

  question->connection = queen_fetcher_connect_finish (source, result, &error);
  if (question->connection && question->line)
    write_question (question);
  else
    end_question (question, error);
}

static void
connect_question (Question *question)
{
  g_clear_handle_id (&question->timer, g_source_remove);
  question->timer = g_timeout_add (QUEEN_SERVER_LINE_CONNECT_MSEC, on_question_late, question);
  queen_fetcher_connect_async (question->line->fetcher, question->line->uri, question->cancellable,
                               on_line_connected, question);
}

void
queen_server_line_ask (QueenServerLine *self, const char *path, gsize max)
{
  Question *question = g_new (Question, 1);

  g_return_if_fail (!self->question);
  memset (question, 0, G_STRUCT_OFFSET (Question, piece));
  question->line = self;
  question->cancellable = g_cancellable_new ();
  question->request = g_strconcat ("GET ", self->prefix, path, self->head, NULL);
  question->answer = queen_response_new (max);
  question->share.give_up = give_up;
  question->share.data = question;
  queen_answer_room_enter (queen_fetcher_get_room (self->fetcher), &question->share);
  self->question = question;
  question->is_reused = self->kept != NULL;
  if (!question->is_reused)
    {
      connect_question (question);
      return;
    }
  g_source_destroy (self->kept_source);
  g_clear_pointer (&self->kept_source, g_source_unref);
  question->connection = g_steal_pointer (&self->kept);
  write_question (question);
}

gboolean
queen_server_line_is_asking (QueenServerLine *self)
{
  return self->question != NULL;
}

gboolean
queen_server_line_is_kept (QueenServerLine *self)
{
  return self->kept != NULL;
}

/* The object */

static char *
make_head (GUri *uri, const char *key)
{
  const char *host = g_uri_get_host (uri);
  g_autofree char *port =
      g_uri_get_port (uri) > 0 ? g_strdup_printf (":%d", g_uri_get_port (uri)) : g_strdup ("");
  gboolean is_v6 = strchr (host, ':') != NULL;

  return g_strdup_printf (" HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: queenctl/" QUEEN_VERSION
                          "\r\nAccept: */*\r\n%s%s%s\r\n",
                          is_v6 ? "[" : "", host, is_v6 ? "]" : "", port,
                          key ? "Authorization: Bearer " : "", key ? key : "", key ? "\r\n" : "");
}

QueenServerLine *
queen_server_line_new (QueenFetcher *fetcher,
                       const char *url,
                       const char *key,
                       QueenServerLineFunc func,
                       void (*closed) (gpointer data),
                       gpointer data)
{
  QueenServerLine *self = g_new0 (QueenServerLine, 1);

  self->fetcher = fetcher;
  queen_fetcher_add_line (fetcher, 1);
  self->uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  if (!self->uri || !g_uri_get_host (self->uri))
    {
      g_clear_pointer (&self->uri, g_uri_unref);
      self->uri = g_uri_parse ("http://invalid.invalid", G_URI_FLAGS_NONE, NULL);
    }
  self->prefix =
      g_uri_escape_string (g_uri_get_path (self->uri), G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);
  self->head = make_head (self->uri, key);
  self->func = func;
  self->closed = closed;
  self->data = data;
  return self;
}

void
queen_server_line_free (QueenServerLine *self)
{
  Question *question = self->question;

  queen_fetcher_add_line (self->fetcher, -1);
  if (question)
    {
      forget_question (self, question);
      question->line = NULL;
      g_clear_handle_id (&question->timer, g_source_remove);
      g_cancellable_cancel (question->cancellable);
    }
  drop_kept (self);
  g_uri_unref (self->uri);
  g_free (self->prefix);
  g_free (self->head);
  g_free (self);
}
