/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http-client.h"

#include "queen-process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <json-glib/json-glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
http_answer_free (HttpAnswer *answer)
{
  g_hash_table_unref (answer->headers);
  g_free (answer->body);
  g_free (answer);
}

const char *
http_answer_get_header (const HttpAnswer *answer, const char *lower_case_name)
{
  return g_hash_table_lookup (answer->headers, lower_case_name);
}

char *
http_answer_dup_member (const HttpAnswer *answer, const char *member)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  json_parser_load_from_data (parser, answer->body, answer->body_length, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (parser));
  return g_strdup (json_object_get_string_member_with_default (object, member, NULL));
}

static void
add_header (GHashTable *headers, const char *line)
{
  g_auto (GStrv) pair = g_strsplit (line, ":", 2);
  g_autofree char *name = NULL;
  const char *before;

  g_assert_cmpuint (g_strv_length (pair), ==, 2);
  name = g_ascii_strdown (pair[0], -1);
  g_strstrip (pair[1]);
  before = g_hash_table_lookup (headers, name);
  g_hash_table_insert (headers, g_strdup (name),
                       before ? g_strjoin (", ", before, pair[1], NULL) : g_strdup (pair[1]));
}

HttpAnswer *
http_answer_parse (const char *bytes, gsize length)
{
  HttpAnswer *answer = g_new0 (HttpAnswer, 1);
  const char *end = g_strstr_len (bytes, length, "\r\n\r\n");

  answer->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (length > 0)
    {
      g_autofree char *block = end != NULL ? g_strndup (bytes, end - bytes) : NULL;
      g_auto (GStrv) lines = NULL;

      /* libsoup answers in the version in which it was asked. */
      if (block == NULL ||
          (!g_str_has_prefix (block, "HTTP/1.1 ") && !g_str_has_prefix (block, "HTTP/1.0 ")))
        g_error ("not an answer: %.*s", (int) length, bytes);
      lines = g_strsplit (block, "\r\n", -1);
      g_assert_null (strstr (lines[0], "Unknown")); /* every status has its phrase */
      answer->status = g_ascii_strtoull (lines[0] + strlen ("HTTP/1.1 "), NULL, 10);
      for (char **line = lines + 1; *line != NULL; line++)
        add_header (answer->headers, *line);
      answer->body_length = bytes + length - (end + 4);
    }
  answer->body = g_malloc0 (answer->body_length + 1); /* it may have a NUL inside */
  if (answer->body_length > 0)
    memcpy (answer->body, end + 4, answer->body_length);
  return answer;
}

int
http_connect_from (const char *from, guint16 port, int receive_buffer)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr = { htonl (INADDR_LOOPBACK) } };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  if (receive_buffer > 0)
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (from)
    {
      struct sockaddr_in own = { .sin_family = AF_INET };

      g_assert_cmpint (inet_pton (AF_INET, from, &own.sin_addr), ==, 1);
      g_assert_cmpint (bind (fd, (struct sockaddr *) &own, sizeof own), ==, 0);
    }
  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    g_error ("connect to port %u: %s", port, g_strerror (errno));
  return fd;
}

int
http_connect_with_buffer (guint16 port, int receive_buffer)
{
  return http_connect_from (NULL, port, receive_buffer);
}

int
http_connect (guint16 port)
{
  return http_connect_with_buffer (port, 0);
}

int
http_connect_unix (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_no_errno (connect (fd, (struct sockaddr *) &address, sizeof address));
  return fd;
}

gboolean
http_send (int fd, const char *bytes, gssize length)
{
  const char *end = bytes + (length >= 0 ? (gsize) length : strlen (bytes));

  while (bytes < end)
    {
      struct pollfd polled = { fd, POLLOUT, 0 };
      gssize n = send (fd, bytes, end - bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n >= 0)
        bytes += n;
      else if (errno != EAGAIN)
        return FALSE;
      else if (poll (&polled, 1, queen_test_get_deadline ()) != 1)
        g_error ("the daemon does not take what is sent to it");
    }
  return TRUE;
}

gboolean
http_wait_readable (int fd, int timeout_msec)
{
  struct pollfd polled = { fd, POLLIN, 0 };

  return poll (&polled, 1, MAX (0, timeout_msec)) == 1;
}

gboolean
http_take_chunk (GString *raw, GString *body, gboolean *is_last)
{
  const char *line_end = g_strstr_len (raw->str, (gssize) raw->len, "\r\n");
  gsize size, start;

  if (line_end == NULL)
    return FALSE;
  start = (gsize) (line_end - raw->str);
  g_assert_cmpuint (strspn (raw->str, "0123456789abcdef"), ==, start);
  g_assert_true (start == 1 || (start > 1 && raw->str[0] != '0'));
  size = g_ascii_strtoull (raw->str, NULL, 16);
  start += 2;
  if (raw->len < start + size + 2)
    return FALSE;
  g_assert_true (memcmp (raw->str + start + size, "\r\n", 2) == 0);
  g_string_append_len (body, raw->str + start, (gssize) size);
  g_string_erase (raw, 0, (gssize) (start + size + 2));
  *is_last = size == 0;
  return TRUE;
}

static void
take_chunks (HttpAnswer *answer)
{
  g_autoptr (GString) raw = g_string_new_len (answer->body, (gssize) answer->body_length);
  g_autoptr (GString) body = g_string_new (NULL);
  gboolean is_last = FALSE;

  if (g_strcmp0 (http_answer_get_header (answer, "transfer-encoding"), "chunked") != 0 ||
      answer->body_length == 0) /* of HEAD, for one */
    return;
  while (!is_last && http_take_chunk (raw, body, &is_last))
    ;
  g_assert_true (is_last);
  g_assert_cmpuint (raw->len, ==, 0);
  g_free (answer->body);
  answer->body_length = body->len;
  answer->body = g_string_free (g_steal_pointer (&body), FALSE);
}

/* What holds for every answer of the daemon. */
static void
assert_well_formed (const HttpAnswer *answer)
{
  const char *length = http_answer_get_header (answer, "content-length");

  if (answer->status == 0)
    return;
  g_assert_true (g_strv_contains ((const char *const[]){ "close", "keep-alive", NULL },
                                  http_answer_get_header (answer, "connection")));
  if (length != NULL && answer->body_length > 0)
    g_assert_cmpuint (g_ascii_strtoull (length, NULL, 10), ==, answer->body_length);
}

gboolean
http_is_kept_open (const char *bytes)
{
  const char *end = strstr (bytes, "\r\n\r\n");

  return end && g_strstr_len (bytes, end - bytes, "\r\nConnection: keep-alive");
}

HttpAnswer *
http_read_answer (int fd)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  HttpAnswer *answer;
  char buffer[16384];
  gssize n;
  int code = 0;

  do
    {
      if (!http_wait_readable (fd, queen_test_get_deadline ()))
        g_error ("no end of the answer; so far: %s", bytes->str);
      n = recv (fd, buffer, sizeof buffer, 0);
      if (n > 0)
        g_string_append_len (bytes, buffer, n);
      if (http_is_kept_open (bytes->str))
        shutdown (fd, SHUT_WR);
    }
  while (n > 0);

  answer = http_answer_parse (bytes->str, bytes->len);
  /* A reset behind the end is not told by recv(). */
  getsockopt (fd, SOL_SOCKET, SO_ERROR, &code, &(socklen_t){ sizeof code });
  answer->was_reset = n < 0 || code != 0;
  close (fd);
  assert_well_formed (answer);
  take_chunks (answer);
  return answer;
}

HttpAnswer *
http_exchange (guint16 port, const char *bytes, gssize length)
{
  int fd = http_connect (port);

  http_send (fd, bytes, length);
  return http_read_answer (fd);
}

HttpAnswer *
http_get (guint16 port, const char *path)
{
  g_autofree char *request =
      g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", path, port);

  return http_exchange (port, request, -1);
}

HttpAnswer *
http_post (guint16 port, const char *path, const char *json)
{
  g_autofree char *request = g_strdup_printf ("POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                                              path, port, strlen (json), json);

  return http_exchange (port, request, -1);
}

guint64
http_read_metric (guint16 port, const char *name)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/metrics");
  g_autofree char *start = g_strdup_printf ("\n%s ", name);
  const char *found = strstr (answer->body, start);

  if (found == NULL)
    g_error ("no %s in the metrics: %s", name, answer->body);
  return g_ascii_strtoull (found + strlen (start), NULL, 10);
}

void
http_beat (guint16 port, const char *kind, const char *id, const char *status)
{
  g_autofree char *path = g_strdup_printf ("/v1/%s-heartbeat", kind);
  g_autofree char *json =
      g_strdup_printf ("{\"%s_id\":\"%s\",\"status\":\"%s\"}", kind, id, status);
  g_autoptr (HttpAnswer) answer = http_post (port, path, json);

  if (answer->status != 200)
    g_error ("heartbeat of %s: %u %s", id, answer->status, answer->body);
}

void
http_beat_many (guint16 port, guint from, guint count)
{
  for (guint i = from; i < from + count; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u-%0100d", i, 0);

      http_beat (port, "worker", id, "ready");
    }
}
