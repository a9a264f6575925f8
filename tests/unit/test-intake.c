/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "jobs/queen-intake.h"

#include <libsoup/soup.h>
#include <unistd.h>

#include "scripted-server.h"

#define MANY 100
#define ANSWER                                                                                     \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"       \
  "2\r\nab\r\n3\r\nc"

/* One that reads an answer, and the far end of its socket. */
typedef struct
{
  QueenIntake *intake;
  int far;
  guint n_told;
  GString *text;
} Reader;

typedef struct
{
  QueenEpoll *sockets; /* NULL where there is none */
  Reader reader;
} Fixture;

static void
on_readable (gpointer data)
{
  ((Reader *) data)->n_told++;
}

/* What stands between the socket and who reads, as libsoup's streams do: it reads ahead. */
static GInputStream *
put_between (GInputStream *stream)
{
  g_autoptr (GCharsetConverter) converter = g_charset_converter_new ("UTF-8", "UTF-8", NULL);
  GInputStream *between = g_converter_input_stream_new (stream, G_CONVERTER (converter));

  g_object_unref (stream);
  return between;
}

/* Returns: (transfer full): a stream that ends in a socket whose other end is @far */
static GInputStream *
make_stream (int *far)
{
  int fds[2];
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *far = fds[1];
  socket = g_socket_new_from_fd (fds[0], NULL);
  g_assert_nonnull (socket);
  connection = g_socket_connection_factory_create_connection (socket);
  return put_between (g_object_ref (g_io_stream_get_input_stream (G_IO_STREAM (connection))));
}

static void
begin_reader (Reader *self, QueenEpoll *sockets, GInputStream *stream)
{
  self->n_told = 0;
  self->text = g_string_new (NULL);
  self->intake = queen_intake_new (sockets, stream, g_main_context_default (), on_readable, self);
}

/* @cancellable: (nullable): see queen_intake_close() */
static void
end_reader (Reader *self, GCancellable *cancellable)
{
  queen_intake_close (self->intake, cancellable);
  if (self->far >= 0)
    close (self->far);
  g_string_free (self->text, TRUE);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  gboolean has_epoll = GPOINTER_TO_INT (data);
  GInputStream *stream = make_stream (&f->reader.far);

  f->sockets = has_epoll ? queen_intakes_new () : NULL;
  begin_reader (&f->reader, f->sockets, stream);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  end_reader (&f->reader, NULL);
  g_clear_pointer (&f->sockets, queen_epoll_free);
}

static void
write_text (Reader *self, const char *text)
{
  g_assert_cmpint (write (self->far, text, strlen (text)), ==, (gssize) strlen (text));
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Reads up to @n times, a byte each. Returns: whether there is nothing more now */
static gboolean
read_bytes (Reader *self, guint n)
{
  g_autoptr (GError) error = NULL;
  char byte;

  while (n-- > 0)
    if (queen_intake_read (self->intake, &byte, 1, &error) == 1)
      g_string_append_c (self->text, byte);
    else
      {
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
        return TRUE;
      }
  return FALSE;
}

static void
read_all (Reader *self)
{
  g_assert_true (read_bytes (self, G_MAXUINT));
}

static void
test_once (Fixture *f, gconstpointer data)
{
  queen_intake_wait (f->reader.intake);
  turn ();
  g_assert_cmpuint (f->reader.n_told, ==, 0);
  write_text (&f->reader, "a");
  turn ();
  write_text (&f->reader, "b");
  turn ();
  g_assert_cmpuint (f->reader.n_told, ==, 1);
  for (guint i = 2; i < 5; i++)
    {
      read_all (&f->reader);
      queen_intake_wait (f->reader.intake);
      turn ();
      g_assert_cmpuint (f->reader.n_told, ==, i - 1);
      write_text (&f->reader, "c");
      turn ();
      g_assert_cmpuint (f->reader.n_told, ==, i);
    }
  g_assert_cmpstr (f->reader.text->str, ==, "abcc");
}

/* The kernel has nothing more to tell of it. */
static void
test_ahead (Fixture *f, gconstpointer data)
{
  read_all (&f->reader);
  queen_intake_wait (f->reader.intake);
  write_text (&f->reader, "abc");
  turn ();
  g_assert_false (read_bytes (&f->reader, 1));
  queen_intake_wait (f->reader.intake);
  turn ();
  g_assert_cmpuint (f->reader.n_told, ==, 2);
  g_assert_false (read_bytes (&f->reader, 1));
  queen_intake_wait (f->reader.intake);
  turn ();
  g_assert_cmpuint (f->reader.n_told, ==, 3);
  read_all (&f->reader);
  g_assert_cmpstr (f->reader.text->str, ==, "abc");
}

static void
test_stopped (Fixture *f, gconstpointer data)
{
  read_all (&f->reader);
  queen_intake_wait (f->reader.intake);
  queen_intake_stop (f->reader.intake);
  write_text (&f->reader, "abc");
  turn ();
  g_assert_cmpuint (f->reader.n_told, ==, 0);
  queen_intake_wait (f->reader.intake);
  turn ();
  g_assert_cmpuint (f->reader.n_told, ==, 1);
  read_all (&f->reader);
  g_assert_cmpstr (f->reader.text->str, ==, "abc");
}

/* Who has read to the end of what there was, and then more comes, before it waits. */
static void
test_in_between (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      read_all (&f->reader);
      write_text (&f->reader, "a");
      queen_intake_wait (f->reader.intake);
      turn ();
      g_assert_cmpuint (f->reader.n_told, ==, i + 1);
    }
}

static void
test_hang_up (Fixture *f, gconstpointer data)
{
  char byte;

  read_all (&f->reader);
  queen_intake_wait (f->reader.intake);
  shutdown (f->reader.far, SHUT_RDWR);
  turn ();
  g_assert_cmpuint (f->reader.n_told, ==, 1);
  g_assert_cmpint (queen_intake_read (f->reader.intake, &byte, 1, NULL), ==, 0);
}

/* Returns: how many descriptors a turn of the loop asks the kernel for */
static int
count_polled (void)
{
  GMainContext *context = g_main_context_default ();
  int priority, timeout, n;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  n = g_main_context_query (context, priority, &timeout, NULL, 0);
  g_main_context_release (context);
  return n;
}

/* libsoup keeps the connection, and the next request's answer comes at the same socket. */
static void
test_next (Fixture *f, gconstpointer data)
{
  GInputStream *stream;
  Reader first = { .far = -1 }, second = { .far = -1 };
  int n_polled;

  stream = make_stream (&first.far);
  begin_reader (&first, f->sockets, g_object_ref (stream));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (stream), FALSE);
  read_all (&first);
  queen_intake_wait (first.intake);
  write_text (&first, "a");
  turn ();
  read_all (&first);
  queen_intake_wait (first.intake);
  second.far = dup (first.far);
  begin_reader (&second, f->sockets,
                put_between (g_object_ref (
                    g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream)))));
  end_reader (&first, NULL);
  read_all (&second);
  n_polled = count_polled ();
  queen_intake_wait (second.intake);
  if (f->sockets)
    g_assert_cmpint (count_polled (), ==, n_polled);
  write_text (&second, "b");
  turn ();
  g_assert_cmpuint (second.n_told, ==, 1);
  read_all (&second);
  g_assert_cmpstr (second.text->str, ==, "b");
  end_reader (&second, NULL);
  g_object_unref (stream);
}

static void
test_no_socket (Fixture *f, gconstpointer data)
{
  Reader reader = { .far = dup (f->reader.far) };
  char byte;

  begin_reader (&reader, f->sockets, g_memory_input_stream_new_from_data ("ab", 2, NULL));
  for (guint i = 1; i <= 2; i++)
    {
      queen_intake_wait (reader.intake);
      turn ();
      g_assert_cmpuint (reader.n_told, ==, i);
      g_assert_false (read_bytes (&reader, 1));
    }
  g_assert_cmpint (queen_intake_read (reader.intake, &byte, 1, NULL), ==, 0);
  g_assert_cmpstr (reader.text->str, ==, "ab");
  end_reader (&reader, NULL);
}

static void
test_many (Fixture *f, gconstpointer data)
{
  Reader readers[MANY] = { 0 };
  int n_before = count_polled ();

  for (guint i = 0; i < MANY; i++)
    {
      GInputStream *stream = make_stream (&readers[i].far);

      begin_reader (&readers[i], f->sockets, stream);
      read_all (&readers[i]);
      queen_intake_wait (readers[i].intake);
    }
  g_assert_cmpint (count_polled (), ==, n_before);
  for (guint i = 0; i < MANY; i++)
    write_text (&readers[i], "a");
  turn ();
  for (guint i = 0; i < MANY; i++)
    {
      g_assert_cmpuint (readers[i].n_told, ==, 1);
      end_reader (&readers[i], NULL);
    }
}

static void
on_answer (GObject *session, GAsyncResult *result, gpointer answer)
{
  *(GInputStream **) answer = soup_session_send_finish (SOUP_SESSION (session), result, NULL);
}

/* What is between the socket and who reads is libsoup's own business. */
static void
test_libsoup (Fixture *f, gconstpointer data)
{
  static const Scene scenes[] = { { ANSWER, .end = SCENE_HOLD } };
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *url = NULL;
  ScriptedServer server;
  GInputStream *answer = NULL;
  Reader reader;
  int n_before;

  scripted_server_start (&server, scenes, G_N_ELEMENTS (scenes));
  url = g_strdup_printf ("http://127.0.0.1:%u/", server.port);
  message = soup_message_new ("GET", url);
  soup_session_send_async (session, message, G_PRIORITY_DEFAULT, cancellable, on_answer, &answer);
  while (!answer)
    g_main_context_iteration (NULL, TRUE);
  n_before = count_polled ();
  begin_reader (&reader, f->sockets, answer);
  reader.far = -1;
  for (read_all (&reader); reader.text->len < strlen ("abc"); read_all (&reader))
    {
      queen_intake_wait (reader.intake);
      g_main_context_iteration (NULL, TRUE);
    }
  queen_intake_wait (reader.intake);
  g_assert_cmpint (count_polled (), ==, n_before);
  g_assert_cmpstr (reader.text->str, ==, "abc");
  g_cancellable_cancel (cancellable);
  end_reader (&reader, cancellable);
  turn ();
  scripted_server_stop (&server);
}

/* With an epoll, and where there was no descriptor left for one. */
static void
add_both (const char *name, void (*test) (Fixture *f, gconstpointer data))
{
  g_autofree char *with = g_strconcat ("/intake/", name, NULL);
  g_autofree char *without = g_strconcat ("/intake/without-epoll/", name, NULL);

  g_test_add (with, Fixture, GINT_TO_POINTER (TRUE), set_up, test, tear_down);
  g_test_add (without, Fixture, GINT_TO_POINTER (FALSE), set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_both ("told-once-for-each-wait", test_once);
  add_both ("what-was-read-ahead-does-not-wait-for-more", test_ahead);
  add_both ("nothing-is-told-while-it-is-stopped-and-nothing-is-lost", test_stopped);
  add_both ("what-comes-just-before-it-waits-is-told", test_in_between);
  add_both ("the-end-is-told", test_hang_up);
  add_both ("the-next-answer-at-the-same-socket-is-another-one", test_next);
  add_both ("a-stream-without-a-socket-is-read-as-well", test_no_socket);
  g_test_add ("/intake/a-turn-costs-no-more-with-many-that-are-silent", Fixture,
              GINT_TO_POINTER (TRUE), set_up, test_many, tear_down);
  g_test_add ("/intake/answers-of-libsoup-wait-by-their-sockets", Fixture, GINT_TO_POINTER (TRUE),
              set_up, test_libsoup, tear_down);
  return g_test_run ();
}
