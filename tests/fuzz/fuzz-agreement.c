/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes to the gate's check of a head, and what it accepts to libsoup: once as it came with its
 * body, once as the queen hands it on. Wherever libsoup answers at all, both have read the same
 * method, host, origin, path and length. Else one of them could be made to let in what the other
 * would not. */

#include <libsoup/soup.h>
#include <string.h>

#include "fuzz.h"
#include "http/queen-chunks.h"
#include "http/queen-headers.h"
#include "http/queen-request-head.h"

/* What libsoup has read. */
typedef struct
{
  guint n_started;
  guint n_answered;
  char *method;
  char *host; /* of the URI */
  char *host_header;
  char *origin;
  char *path;
  gsize body_length;
} Reading;

static void
clear_reading (Reading *reading)
{
  g_free (reading->method);
  g_free (reading->host);
  g_free (reading->host_header);
  g_free (reading->origin);
  g_free (reading->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, clear_reading)

static void
on_request_started (SoupServer *server, SoupServerMessage *message, Reading **reading)
{
  (*reading)->n_started++;
}

static void
on_request (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer data)
{
  Reading *reading = *(Reading **) data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (reading->n_answered++ == 0)
    {
      reading->method = g_strdup (soup_server_message_get_method (message));
      reading->host = g_strdup (g_uri_get_host (soup_server_message_get_uri (message)));
      reading->host_header = g_strdup (soup_message_headers_get_one (headers, "Host"));
      reading->origin = g_strdup (soup_message_headers_get_one (headers, "Origin"));
      reading->path = g_strdup (path);
      reading->body_length = (gsize) soup_server_message_get_request_body (message)->length;
    }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

static SoupServer *
make_server (Reading **reading)
{
  SoupServer *server = soup_server_new ("raw-paths", TRUE, NULL);

  soup_server_add_handler (server, NULL, on_request, reading, NULL);
  soup_server_add_handler (server, "*", on_request, reading, NULL);
  g_signal_connect (server, "request-started", G_CALLBACK (on_request_started), reading);
  return server;
}

/* As queen-server.c does it: streams in memory are always ready. */
static void
read_by_libsoup (const char *data, gsize size, Reading *reading)
{
  static SoupServer *server;
  static Reading *current;
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data (data, (gssize) size, NULL);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) stream = g_simple_io_stream_new (input, output);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GError) error = NULL;

  if (!server)
    server = make_server (&current);
  current = reading;
  soup_server_accept_iostream (server, stream, address, address, &error);
  g_assert_no_error (error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (reading->n_started, ==, 1); /* nothing is left over that it takes for another */
  g_assert_cmpuint (reading->n_answered, <=, 1);
}

static void
assert_text (const char *theirs, QueenText ours)
{
  g_assert_cmpmem (theirs, theirs ? strlen (theirs) : 0, ours.at, ours.length);
}

/* Without the port and the brackets, as GUri has it. */
static void
assert_host (const char *theirs, QueenText ours)
{
  g_autofree char *text = g_strndup (ours.at, ours.length);
  char *end = text + strcspn (text, *text == '[' ? "]" : ":");

  *end = '\0';
  g_assert_cmpstr (theirs, ==, *text == '[' ? text + 1 : text);
}

/* The target's path, found in the simplest way, and written as RFC 3986 § 6.2.2 has it: only what
 * needs a percent sign has one. */
static char *
dup_path (const char *head, QueenText target_host)
{
  const char *target = strchr (head, ' ') + 1;
  const char *at = target_host.at ? strstr (target, "://") + 3 + target_host.length : target;
  const char *end = at + strcspn (at, "? ");
  GString *path = g_string_new (at == end ? "/" : NULL);

  for (; at < end; at++)
    {
      char byte = *at;

      if (byte == '%' && g_ascii_isxdigit (at[1]) && g_ascii_isxdigit (at[2]))
        {
          byte = (char) (g_ascii_xdigit_value (at[1]) * 16 + g_ascii_xdigit_value (at[2]));
          at += 2;
          if (!g_ascii_isalnum (byte) && (byte == '\0' || !strchr ("-._~", byte)))
            {
              g_string_append_printf (path, "%%%02X", (guchar) byte);
              continue;
            }
        }
      g_string_append_c (path, byte);
    }
  return g_string_free (path, FALSE);
}

static void
check_agreement (const Reading *reading, const QueenRequestHead *head, const char *path)
{
  if (reading->n_answered == 0)
    return; /* the queen answers 400 */
  assert_text (reading->method, head->method);
  assert_text (reading->host_header, head->host);
  assert_text (reading->origin, head->origin);
  assert_host (reading->host, head->target_host.at ? head->target_host : head->host);
  g_assert_cmpstr (reading->path, ==, path);
}

/* Where libsoup takes a chunked body for whole, the queen does, and both have read as much; it
 * takes some that she does not. */
static void
compare_chunked (
    const guint8 *data, gsize size, gsize end, const QueenRequestHead *head, const char *path)
{
  QueenText rest = { (const char *) data + end, size - end };
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_auto (Reading) reading = { 0 };
  QueenChunks chunks = { 0 };
  gboolean is_whole;

  if (!queen_chunks_take (&chunks, &rest, body, QUEEN_REQUEST_USUAL_BODY, &is_whole, NULL) ||
      !is_whole)
    return;
  g_assert_cmpuint (chunks.length, ==, body->len);
  read_by_libsoup ((const char *) data, size - rest.length, &reading);
  check_agreement (&reading, head, path);
  if (reading.n_answered > 0)
    g_assert_cmpuint (reading.body_length, ==, body->len);
}

static gboolean
has_connection (const guint8 *data, gsize end)
{
  QueenText head = { (const char *) data, end };
  g_auto (QueenHeaders) headers = { NULL };

  queen_headers_init (&headers, head);
  return queen_headers_get (&headers, "Connection") != NULL;
}

static void
compare_as_it_came (
    const guint8 *data, gsize size, gsize end, const QueenRequestHead *head, const char *path)
{
  g_autofree char *whole = NULL;
  g_auto (Reading) reading = { 0 };

  /* Without a Host libsoup would take the address that was asked. */
  if (head->host.at < (const char *) data || head->host.at >= (const char *) data + size)
    return;
  if (head->content_length > QUEEN_REQUEST_USUAL_BODY)
    return;
  /* Of an HTTP/1.0 request libsoup forgets what Connection names. The queen hands on none. */
  if (head->is_http_1_0 && has_connection (data, end))
    return;
  if (head->is_chunked)
    {
      compare_chunked (data, size, end, head, path);
      return;
    }
  /* A body of the length that the gate would wait for. */
  whole = g_malloc0 (end + head->content_length);
  memcpy (whole, data, MIN (size, end + head->content_length));
  read_by_libsoup (whole, end + head->content_length, &reading);
  check_agreement (&reading, head, path);
  if (reading.n_answered > 0)
    g_assert_cmpuint (reading.body_length, ==, head->content_length);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GString) accepted = g_string_new (NULL);
  g_autofree char *path = NULL;
  g_auto (Reading) as_accepted = { 0 };
  gsize scanned = 0;
  gssize end = queen_request_head_find_end ((const char *) data, size, &scanned, NULL);
  QueenRequestHead head;

  if (end <= 0 || end > QUEEN_REQUEST_MAX_HEAD ||
      !queen_request_head_parse ((const char *) data, (gsize) end, &head, accepted, NULL))
    return 0;

  path = dup_path (accepted->str, head.target_host);
  compare_as_it_came (data, size, (gsize) end, &head, path);

  read_by_libsoup (accepted->str, accepted->len, &as_accepted);
  check_agreement (&as_accepted, &head, path);
  g_assert_cmpuint (as_accepted.body_length, ==, 0);
  return 0;
}
