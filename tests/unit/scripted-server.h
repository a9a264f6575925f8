/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>

/* What a server does with a request, in a thread of its own for each connection. */

typedef enum
{
  SCENE_KEEP,   /* the connection, for the next request */
  SCENE_CLOSE,  /* it when all is said */
  SCENE_PONDER, /* for SCENE_PONDERED, and closes it then */
  SCENE_RESET,  /* it when all is said */
  SCENE_DEAF,   /* resets it, and reads nothing of the request */
  SCENE_HOLD,   /* it until the client closes it */
  SCENE_PUMP,   /* says the body again and again, or all if there is none, until it is closed */
} SceneEnd;

#define SCENE_PONDERED (900 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  const char *says;
  gsize length; /* of that; 0 for that of the text */
  SceneEnd end;
} Scene;

typedef struct
{
  GSocket *listener;
  guint16 port;
  GThread *thread;
  const Scene *scenes; /* one for each request */
  guint n_scenes;
  guint chunk; /* bytes that are sent at once; 0 for all */

  GMutex lock; /* of what follows */
  GCond changed;
  guint n_requests;
  guint n_connections;
  guint n_closed; /* by the client, while it was held */
  gint64 closed_at;
  gsize n_said;
  GPtrArray *requests; /* texts, head and body */
} ScriptedServer;

typedef struct
{
  ScriptedServer *server;
  GSocket *socket;
} Visit;

static inline void
reset_socket (GSocket *socket)
{
  struct linger linger = { 1, 0 };

  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static inline gboolean
say (ScriptedServer *server, GSocket *socket, const char *text, gsize length)
{
  while (length > 0)
    {
      gsize n = server->chunk > 0 ? MIN (server->chunk, length) : length;
      gssize n_sent = g_socket_send (socket, text, n, NULL, NULL);

      if (n_sent <= 0)
        return FALSE;
      text += n_sent;
      length -= (gsize) n_sent;
      g_mutex_lock (&server->lock);
      server->n_said += (gsize) n_sent;
      g_mutex_unlock (&server->lock);
    }
  return TRUE;
}

/* Returns: (transfer full) (nullable): a request; NULL when the client has closed */
static inline char *
read_scripted_request (GSocket *socket)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char bytes[4096];
  const char *end, *length;
  gssize n;

  while (
      !(end = strstr (text->str, "\r\n\r\n")) ||
      ((length = strstr (text->str, "Content-Length: ")) && length < end &&
       text->len < (gsize) (end + 4 - text->str) +
                       (gsize) g_ascii_strtoull (length + strlen ("Content-Length: "), NULL, 10)))
    {
      n = g_socket_receive (socket, bytes, sizeof bytes, NULL, NULL);
      if (n <= 0)
        return NULL;
      g_string_append_len (text, bytes, n);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Returns: (nullable): what to do with a request; NULL when there is nothing more to do */
static inline const Scene *
note_request (ScriptedServer *server, char *request)
{
  const Scene *scene;

  g_mutex_lock (&server->lock);
  scene = server->n_requests < server->n_scenes ? &server->scenes[server->n_requests] : NULL;
  server->n_requests++;
  g_ptr_array_add (server->requests, request);
  g_cond_broadcast (&server->changed);
  g_mutex_unlock (&server->lock);
  return scene;
}

static inline void
note_closed (ScriptedServer *server)
{
  g_mutex_lock (&server->lock);
  server->n_closed++;
  server->closed_at = g_get_monotonic_time ();
  g_cond_broadcast (&server->changed);
  g_mutex_unlock (&server->lock);
}

static inline gboolean
play (ScriptedServer *server, GSocket *socket, const Scene *scene)
{
  gsize length = scene->length > 0 ? scene->length : strlen (scene->says);
  char byte;

  if (!say (server, socket, scene->says, length))
    {
      note_closed (server);
      return FALSE;
    }
  if (scene->end == SCENE_PUMP)
    {
      const char *blank = strstr (scene->says, "\r\n\r\n");
      const char *body = blank && blank[4] != '\0' ? blank + 4 : scene->says;

      while (say (server, socket, body, strlen (body)))
        ;
      note_closed (server);
    }
  if (scene->end == SCENE_HOLD)
    {
      g_socket_receive (socket, &byte, 1, NULL, NULL);
      note_closed (server);
    }
  if (scene->end == SCENE_RESET)
    reset_socket (socket);
  if (scene->end == SCENE_PONDER)
    g_usleep (SCENE_PONDERED);
  return scene->end == SCENE_KEEP;
}

static inline gpointer
serve_visit (gpointer data)
{
  g_autofree Visit *visit = data;
  g_autoptr (GSocket) socket = visit->socket;
  ScriptedServer *server = visit->server;
  const Scene *scene;
  char *request;

  do
    {
      request = read_scripted_request (socket);
      scene = request ? note_request (server, request) : NULL;
    }
  while (scene && play (server, socket, scene));
  return NULL;
}

static inline gpointer
serve_all (gpointer data)
{
  ScriptedServer *server = data;
  GSocket *socket;
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();

  while ((socket = g_socket_accept (server->listener, NULL, NULL)))
    {
      Visit *visit = g_new0 (Visit, 1);

      g_mutex_lock (&server->lock);
      server->n_connections++;
      if (server->n_requests < server->n_scenes &&
          server->scenes[server->n_requests].end == SCENE_DEAF)
        {
          server->n_requests++;
          /* Before that it would be as if nobody was there. */
          g_socket_condition_wait (socket, G_IO_IN, NULL, NULL);
          reset_socket (socket);
          g_clear_object (&socket);
        }
      g_mutex_unlock (&server->lock);
      visit->server = server;
      visit->socket = socket;
      if (socket)
        g_ptr_array_add (threads, g_thread_new ("visit", serve_visit, visit));
      else
        g_free (visit);
    }
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  return NULL;
}

static inline void
scripted_server_start (ScriptedServer *server, const Scene *scenes, guint n_scenes)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (address, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  *server = (ScriptedServer){ .scenes = scenes, .n_scenes = n_scenes };
  g_mutex_init (&server->lock);
  g_cond_init (&server->changed);
  server->requests = g_ptr_array_new_with_free_func (g_free);
  server->listener =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_true (g_socket_bind (server->listener, wanted, TRUE, NULL));
  g_socket_set_listen_backlog (server->listener, 4096);
  g_assert_true (g_socket_listen (server->listener, NULL));
  bound = g_socket_get_local_address (server->listener, NULL);
  server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  server->thread = g_thread_new ("server", serve_all, server);
}

/* Waits until the client has closed a connection that was held. Returns: when that was */
static inline gint64
scripted_server_wait_closed (ScriptedServer *server)
{
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  gint64 closed_at;

  g_mutex_lock (&server->lock);
  while (server->n_closed == 0)
    g_assert_true (g_cond_wait_until (&server->changed, &server->lock, end));
  closed_at = server->closed_at;
  g_mutex_unlock (&server->lock);
  return closed_at;
}

static inline void
scripted_server_wait_requests (ScriptedServer *server, guint n)
{
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&server->lock);
  while (server->n_requests < n)
    g_assert_true (g_cond_wait_until (&server->changed, &server->lock, end));
  g_mutex_unlock (&server->lock);
}

/* All clients have closed by then. */
static inline void
scripted_server_stop (ScriptedServer *server)
{
  shutdown (g_socket_get_fd (server->listener), SHUT_RDWR);
  g_thread_join (server->thread);
  g_object_unref (server->listener);
  g_ptr_array_unref (server->requests);
  g_mutex_clear (&server->lock);
  g_cond_clear (&server->changed);
}
