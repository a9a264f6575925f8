/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "stranger.h"

#include <stdlib.h>
#include <string.h>

static gpointer
serve (gpointer loop)
{
  g_main_context_push_thread_default (g_main_loop_get_context (loop));
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (g_main_loop_get_context (loop));
  return NULL;
}

/* @head: of a request */
static const char *
choose_answer (Stranger *self, const char *head)
{
  g_auto (GStrv) words = NULL;

  if (self->answer)
    return self->answer;
  words = g_strsplit (head, " ", 3);
  return self->choose (words[0] && words[1] ? words[1] : "", self->data);
}

/* With what comes behind the head, or closing would be a reset, and the answer lost. */
static void
read_request (GInputStream *input, char *request, gsize size)
{
  gsize n_read = 0, n_wanted = size;
  gssize n_bytes;

  do
    {
      const char *end, *length;

      n_bytes = g_input_stream_read (input, request + n_read, size - 1 - n_read, NULL, NULL);
      n_read += (gsize) MAX (n_bytes, 0);
      request[n_read] = '\0';
      end = strstr (request, "\r\n\r\n");
      length = strstr (request, "\r\nContent-Length: ");
      if (end)
        n_wanted = (gsize) (end + 4 - request) +
                   (length ? strtoul (length + strlen ("\r\nContent-Length: "), NULL, 10) : 0);
    }
  while (n_bytes > 0 && n_read < n_wanted && n_read < size - 1);
}

static gboolean
on_stranger_asked (GSocketService *service,
                   GSocketConnection *connection,
                   GObject *source,
                   gpointer data)
{
  Stranger *self = data;
  char head[4096] = { 0 };
  const char *answer;

  read_request (g_io_stream_get_input_stream (G_IO_STREAM (connection)), head, sizeof head);
  answer = choose_answer (self, head);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer,
                             strlen (answer), NULL, NULL, NULL);
  if (self->has_no_end)
    g_ptr_array_add (self->connections, g_object_ref (connection));
  else
    g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

void
stranger_start (Stranger *self)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;

  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->loop = g_main_loop_new (context, FALSE);
  g_main_context_push_thread_default (context);
  self->service = g_socket_service_new ();
  self->port =
      g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (self->service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_stranger_asked), self);
  g_main_context_pop_thread_default (context);
  self->thread = g_thread_new ("stranger", serve, self->loop);
}

void
stranger_stop (Stranger *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  g_ptr_array_unref (self->connections);
  g_main_loop_unref (self->loop);
}
