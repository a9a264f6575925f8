/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "redis-server.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queen-process.h"

/* What it says when it is there; a Sentinel has words of its own. */
#define READY "eady to accept connections"
#define SENTINEL_READY "+slave "

struct _RedisServer
{
  char *folder;
  char *socket;
  char *config;
  GString *lines;
  guint16 port; /* 0 for none, as is the one that follows */
  guint16 tls_port;
  gboolean is_sentinel;
  GPid pid;
};

/* Debian's redis-tools has the whole of it, by the name of another program; and other than
 * redis-server, that package does not have one run from then on. */
static char *
find_program (void)
{
  char *path = g_find_program_in_path ("redis-server");

  return path ? path : g_find_program_in_path ("redis-check-rdb");
}

gboolean
redis_server_is_there (void)
{
  g_autofree char *path = find_program ();

  return path != NULL;
}

RedisServer *
redis_server_new (void)
{
  RedisServer *self = g_new0 (RedisServer, 1);
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("queen-redis-XXXXXX", &error);
  g_assert_no_error (error);
  self->socket = g_build_filename (self->folder, "redis.sock", NULL);
  self->config = g_build_filename (self->folder, "redis.conf", NULL);
  self->lines = g_string_new (NULL);
  return self;
}

RedisServer *
redis_server_start_new (void)
{
  RedisServer *self = redis_server_new ();

  redis_server_start (self);
  return self;
}

void
redis_server_configure (RedisServer *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (self->lines, format, args);
  va_end (args);
  g_string_append_c (self->lines, '\n');
}

/* Redis takes no port by itself. Another process could take this one before it does; the kernel
 * gives none out again so soon. */
static guint16
find_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

void
redis_server_listen (RedisServer *self)
{
  self->port = find_port ();
}

void
redis_server_listen_encrypted (RedisServer *self, const char *certificate, const char *key)
{
  self->tls_port = find_port ();
  redis_server_configure (self, "tls-port %u", self->tls_port);
  redis_server_configure (self, "tls-cert-file %s", certificate);
  redis_server_configure (self, "tls-key-file %s", key);
  redis_server_configure (self, "tls-ca-cert-file %s", certificate);
  redis_server_configure (self, "tls-auth-clients optional");
}

void
redis_server_watch_over (RedisServer *self, RedisServer *master)
{
  self->is_sentinel = TRUE;
  redis_server_listen (self);
  redis_server_configure (self, "sentinel monitor house 127.0.0.1 %u 1", master->port);
  redis_server_configure (self, "sentinel down-after-milliseconds house 300");
  redis_server_configure (self, "sentinel failover-timeout house 2000");
}

static void
write_config (RedisServer *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_string_printf (text,
                   "bind 127.0.0.1\nport %u\nunixsocket %s\nunixsocketperm 700\ndir %s\n"
                   "daemonize no\n",
                   self->port, self->socket, self->folder);
  if (!self->is_sentinel)
    g_string_append (text, "save \"\"\nappendonly no\nrepl-diskless-sync-delay 0\n");
  g_string_append (text, self->lines->str);
  g_file_set_contents (self->config, text->str, -1, &error);
  g_assert_no_error (error);
}

static void
on_child_setup (gpointer data)
{
  queen_test_die_with (GPOINTER_TO_INT (data));
}

/* It says so on stdout. What it says later breaks its pipe, which it does not mind. */
static void
wait_until_said (int fd, const char *text)
{
  g_autoptr (GString) said = g_string_new (NULL);
  char bytes[1024];
  gssize n;

  while (!strstr (said->str, text))
    {
      n = read (fd, bytes, sizeof bytes);
      if (n <= 0)
        g_error ("Redis did not start: %s", said->str);
      g_string_append_len (said, bytes, n);
    }
  close (fd);
}

void
redis_server_start_until (RedisServer *self, const char *text)
{
  g_autofree char *program = find_program ();
  const char *command[] = { program, "redis-server", self->config, NULL, NULL };
  g_autoptr (GError) error = NULL;
  int fd;

  if (self->is_sentinel)
    command[3] = "--sentinel";
  write_config (self);
  g_unlink (self->socket);
  g_spawn_async_with_pipes (NULL, (char **) command, NULL,
                            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_FILE_AND_ARGV_ZERO |
                                G_SPAWN_STDERR_TO_DEV_NULL,
                            on_child_setup, GINT_TO_POINTER (getpid ()), &self->pid, NULL, &fd,
                            NULL, &error);
  g_assert_no_error (error);
  wait_until_said (fd, text);
}

void
redis_server_start (RedisServer *self)
{
  redis_server_start_until (self, self->is_sentinel ? SENTINEL_READY : READY);
}

GPid
redis_server_get_pid (RedisServer *self)
{
  return self->pid;
}

void
redis_server_signal (RedisServer *self, int signal_number)
{
  g_assert_cmpint (kill (self->pid, signal_number), ==, 0);
}

void
redis_server_kill (RedisServer *self)
{
  if (self->pid == 0)
    return;
  redis_server_signal (self, SIGKILL);
  g_assert_cmpint (waitpid (self->pid, NULL, 0), ==, self->pid);
  self->pid = 0;
}

/* It leaves data and nodes behind when it is told to save them. */
static void
remove_folder (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder && (name = g_dir_read_name (folder)))
    {
      g_autofree char *inside = g_build_filename (path, name, NULL);

      if (g_file_test (inside, G_FILE_TEST_IS_DIR))
        remove_folder (inside);
      else
        g_unlink (inside);
    }
  g_rmdir (path);
}

void
redis_server_free (RedisServer *self)
{
  redis_server_kill (self);
  remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->socket);
  g_free (self->config);
  g_string_free (self->lines, TRUE);
  g_free (self);
}

const char *
redis_server_get_socket (RedisServer *self)
{
  return self->socket;
}

guint16
redis_server_get_port (RedisServer *self)
{
  return self->tls_port > 0 ? self->tls_port : self->port;
}

char *
redis_server_dup_url (RedisServer *self)
{
  return g_strdup_printf ("redis+unix://%s?cluster=test", self->socket);
}

char *
redis_server_ask (RedisServer *self, const char *word, ...)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) command = NULL;
  g_autoptr (GError) error = NULL;
  char *said = NULL;
  va_list words;

  g_strv_builder_add_many (builder, "redis-cli", "-s", self->socket, NULL);
  va_start (words, word);
  for (; word; word = va_arg (words, const char *))
    g_strv_builder_add (builder, word);
  va_end (words);
  command = g_strv_builder_end (builder);
  g_spawn_sync (NULL, command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &said, NULL, NULL, &error);
  g_assert_no_error (error);
  return g_strchomp (said);
}
