/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "sse-client.h"

#include "queen-process.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _SseClient
{
  int fd;          /* when it is not encrypted */
  TlsClient *tls;  /* otherwise */
  GString *raw;    /* chunks that are not whole yet */
  GString *packed; /* what was inside of them and is gzip; NULL when it is not */
  GString *buffer; /* what was inside of the others; everything, when there are none */
  gsize position;  /* of what is not read yet in the buffer */
  gboolean is_chunked;
  gboolean has_last_chunk;
  GConverter *unpacker;
  gboolean is_unpacked;  /* to the end, which said that all was right */
  gboolean is_dismissed; /* it was told that this is the end */
  gboolean is_at_end;
  HttpAnswer *answer;
};

void
sse_frame_free (SseFrame *frame)
{
  g_free (frame->id);
  g_free (frame->event);
  g_free (frame->data);
  g_free (frame->retry);
  g_clear_pointer (&frame->json, json_node_unref);
  g_free (frame);
}

guint64
sse_frame_get_number (const SseFrame *frame)
{
  g_assert_nonnull (frame->id);
  g_assert_true (g_regex_match_simple ("^[0-9a-f]+-(0|[1-9][0-9]*)$", frame->id, 0, 0));
  return g_ascii_strtoull (strchr (frame->id, '-') + 1, NULL, 10);
}

char *
sse_frame_dup_epoch (const SseFrame *frame)
{
  g_assert_nonnull (frame->id);
  return g_strndup (frame->id, strcspn (frame->id, "-"));
}

JsonObject *
sse_frame_get_object (SseFrame *frame)
{
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (frame->data);
  if (frame->json == NULL)
    frame->json = json_from_string (frame->data, &error);
  g_assert_no_error (error);
  return json_node_get_object (frame->json);
}

const char *
sse_frame_get_string (SseFrame *frame, const char *member)
{
  return json_object_get_string_member_with_default (sse_frame_get_object (frame), member, NULL);
}

gint64
sse_frame_get_int (SseFrame *frame, const char *member)
{
  g_assert_true (json_object_has_member (sse_frame_get_object (frame), member));
  return json_object_get_int_member (sse_frame_get_object (frame), member);
}

char *
sse_frame_dup_list (SseFrame *frame, const char *member)
{
  JsonArray *array = json_object_get_array_member (sse_frame_get_object (frame), member);
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    g_string_append_printf (list, "%s%s", i ? "," : "", json_array_get_string_element (array, i));
  return g_string_free (list, FALSE);
}

static char *
make_request (guint16 port, const char *query, const char *headers)
{
  return g_strdup_printf ("GET /v1/heartbeats/stream%s HTTP/1.1\r\n"
                          "Host: 127.0.0.1:%u\r\n"
                          "Accept: text/event-stream\r\n%s\r\n",
                          query ? query : "", port, headers ? headers : "");
}

static SseClient *
open_at (int fd, guint16 port, const char *query, const char *headers)
{
  SseClient *client = g_new0 (SseClient, 1);
  g_autofree char *request = make_request (port, query, headers);

  client->fd = fd;
  client->raw = g_string_new (NULL);
  client->buffer = g_string_new (NULL);
  http_send (client->fd, request, -1);
  return client;
}

SseClient *
sse_client_open (guint16 port, int receive_buffer, const char *query, const char *headers)
{
  return open_at (http_connect_with_buffer (port, receive_buffer), port, query, headers);
}

SseClient *
sse_client_open_unix (const char *path, const char *query, const char *headers)
{
  return open_at (http_connect_unix (path), 80, query, headers);
}

SseClient *
sse_client_open_tls (guint16 port,
                     const TlsIdentity *identity,
                     int receive_buffer,
                     const char *query,
                     const char *headers)
{
  SseClient *client = g_new0 (SseClient, 1);
  g_autofree char *request = make_request (port, query, headers);

  client->tls = tls_client_connect (port, identity, receive_buffer);
  client->raw = g_string_new (NULL);
  client->buffer = g_string_new (NULL);
  tls_client_send (client->tls, request);
  return client;
}

void
sse_client_close (SseClient *client)
{
  if (client->tls != NULL)
    tls_client_close (client->tls);
  else
    close (client->fd);
  g_string_free (client->raw, TRUE);
  g_string_free (client->buffer, TRUE);
  if (client->packed != NULL)
    g_string_free (client->packed, TRUE);
  g_clear_object (&client->unpacker);
  g_clear_pointer (&client->answer, http_answer_free);
  g_free (client);
}

GPtrArray *
sse_client_array_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) sse_client_close);
}

static gint64
make_end (int timeout_msec)
{
  return g_get_monotonic_time () + timeout_msec * G_TIME_SPAN_MILLISECOND;
}

/* Returns: bytes; 0 at the end; -1 when nothing came in time */
static gssize
receive (SseClient *client, char *bytes, gsize size, int timeout_msec)
{
  gssize n;

  if (client->tls != NULL)
    return tls_client_read (client->tls, bytes, size, timeout_msec);
  if (!http_wait_readable (client->fd, timeout_msec))
    return -1;
  n = recv (client->fd, bytes, size, 0);
  return MAX (n, 0); /* a reset is an end, too */
}

/* Unpacks whatever has come: nothing of a frame is held back. */
static void
unpack (SseClient *client)
{
  char text[16384];
  gsize n_read, n_written = sizeof text;

  while (!client->is_unpacked && (client->packed->len > 0 || n_written == sizeof text))
    {
      g_autoptr (GError) error = NULL;
      GConverterResult result =
          g_converter_convert (client->unpacker, client->packed->str, client->packed->len, text,
                               sizeof text, G_CONVERTER_NO_FLAGS, &n_read, &n_written, &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
        return;
      g_assert_no_error (error);
      g_string_erase (client->packed, 0, (gssize) n_read);
      g_string_append_len (client->buffer, text, (gssize) n_written);
      client->is_unpacked = result == G_CONVERTER_FINISHED;
    }
}

/* Each frame is one chunk: so whoever reads chunk by chunk has each event at once. */
static void
take_chunks (SseClient *client)
{
  GString *inside = client->packed != NULL ? client->packed : client->buffer;

  while (!client->has_last_chunk && http_take_chunk (client->raw, inside, &client->has_last_chunk))
    g_assert_true (client->packed != NULL || client->has_last_chunk ||
                   g_str_has_suffix (client->buffer->str, "\n\n") ||
                   g_str_has_suffix (client->buffer->str, ":\n"));
  g_assert_true (!client->has_last_chunk || client->raw->len == 0);
  if (client->packed != NULL)
    unpack (client);
  g_assert_cmpint (client->packed != NULL && client->has_last_chunk, ==, client->is_unpacked);
}

static void
take_bytes (SseClient *client, const char *bytes, gsize length)
{
  g_string_erase (client->buffer, 0, (gssize) client->position);
  client->position = 0;
  g_string_append_len (client->is_chunked ? client->raw : client->buffer, bytes, (gssize) length);
  if (client->is_chunked)
    take_chunks (client);
}

/* Waits until @delimiter is in the buffer, the stream has ended, or the time has come.
 *
 * Returns: where it is, or %NULL */
static const char *
fill_until (SseClient *client, const char *delimiter, gint64 end)
{
  for (;;)
    {
      const char *found = strstr (client->buffer->str + client->position, delimiter);
      gint64 left = end - g_get_monotonic_time ();
      char bytes[16384];
      gssize n;

      if (found != NULL || client->is_at_end)
        return found;
      n = receive (client, bytes, sizeof bytes, (left + 999) / 1000);
      if (n < 0)
        return NULL;
      if (n == 0)
        client->is_at_end = TRUE;
      take_bytes (client, bytes, (gsize) n);
    }
}

/* What came with the head is the body's beginning. */
static void
begin_body (SseClient *client)
{
  const char *transfer = http_answer_get_header (client->answer, "transfer-encoding");
  const char *coding = http_answer_get_header (client->answer, "content-encoding");
  gsize length = client->buffer->len - client->position;
  g_autofree char *rest = NULL;

  g_assert_true (transfer == NULL || g_str_equal (transfer, "chunked"));
  g_assert_true (coding == NULL || (transfer != NULL && g_str_equal (coding, "gzip")));
  if (transfer == NULL)
    return;
  client->is_chunked = TRUE;
  if (coding != NULL)
    {
      client->packed = g_string_new (NULL);
      client->unpacker = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    }
  rest = g_memdup2 (client->buffer->str + client->position, length);
  g_string_truncate (client->buffer, 0);
  client->position = 0;
  take_bytes (client, rest, length);
}

const HttpAnswer *
sse_client_get_answer (SseClient *client)
{
  const char *end;

  if (client->answer != NULL)
    return client->answer;
  end = fill_until (client, "\r\n\r\n", make_end (queen_test_get_deadline ()));
  if (end == NULL)
    g_error ("no answer to the subscription; so far: %s", client->buffer->str);
  client->position = end + 4 - client->buffer->str;
  client->answer = http_answer_parse (client->buffer->str, client->position);
  begin_body (client);
  return client->answer;
}

static void
parse_line (SseFrame *frame, const char *line)
{
  struct
  {
    const char *prefix;
    char **value;
  } fields[] = {
    { "id: ", &frame->id },
    { "event: ", &frame->event },
    { "data: ", &frame->data },
    { "retry: ", &frame->retry },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_has_prefix (line, fields[i].prefix) && *fields[i].value == NULL)
      {
        *fields[i].value = g_strdup (line + strlen (fields[i].prefix));
        return;
      }
  if (line[0] != ':')
    g_error ("not a line of a frame: %s", line);
}

static SseFrame *
take_frame (SseClient *client, const char *end)
{
  const char *start = client->buffer->str + client->position;
  g_autofree char *text = g_strndup (start, end - start);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  SseFrame *frame = g_new0 (SseFrame, 1);

  for (char **line = lines; *line != NULL; line++)
    parse_line (frame, *line);
  client->position += end + 2 - start;
  return frame;
}

gboolean
sse_client_wait (SseClient *client, int timeout_msec)
{
  sse_client_get_answer (client);
  return fill_until (client, "\n\n", make_end (timeout_msec)) != NULL || client->is_at_end;
}

SseFrame *
sse_client_next (SseClient *client)
{
  gint64 end = make_end (queen_test_get_deadline ());

  sse_client_get_answer (client);
  for (;;)
    {
      const char *found = fill_until (client, "\n\n", end);
      g_autoptr (SseFrame) frame = NULL;

      if (found == NULL && !client->is_at_end)
        g_error ("no frame within the deadline; so far: %s",
                 client->buffer->str + client->position);
      if (found == NULL)
        {
          g_assert_cmpstr (client->buffer->str + client->position, ==, ""); /* no half frame */
          g_assert_cmpstr (client->raw->str, ==, "");
          g_assert_cmpint (client->has_last_chunk, ==, client->is_chunked && client->is_dismissed);
          return NULL;
        }
      frame = take_frame (client, found);
      client->is_dismissed |=
          g_strcmp0 (frame->event, "bye") == 0 || g_strcmp0 (frame->event, "busy") == 0;
      if (frame->id || frame->event || frame->data || frame->retry)
        return g_steal_pointer (&frame);
    }
}

static gboolean
wants_queen (const char *query)
{
  const char *types = query ? strstr (query, "types=") : NULL;

  return types == NULL || g_strstr_len (types, strcspn (types, "&"), "queen") != NULL;
}

/* What one gets who does not want the queen's heartbeat: a comment, and no frame. */
static void
read_comment (SseClient *client)
{
  static const char comment[] = "retry: 2000\n:\n";

  g_assert_nonnull (fill_until (client, comment, make_end (queen_test_get_deadline ())));
  g_assert_true (g_str_has_prefix (client->buffer->str + client->position, comment));
  client->position += strlen (comment);
}

SseClient *
sse_client_subscribe (guint16 port, const char *query, const char *headers)
{
  SseClient *client = sse_client_open (port, 0, query, headers);
  const HttpAnswer *answer = sse_client_get_answer (client);
  g_autoptr (SseFrame) queen = NULL;

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==, "text/event-stream");
  if (!wants_queen (query))
    {
      read_comment (client);
      return client;
    }
  queen = sse_client_next (client);
  g_assert_cmpstr (queen->retry, ==, "2000");
  g_assert_cmpstr (sse_frame_get_string (queen, "type"), ==, "queen");
  return client;
}

SseFrame *
sse_client_take_snapshot (guint16 port)
{
  g_autoptr (SseClient) client = sse_client_open (port, 0, NULL, NULL);

  return sse_client_next (client);
}

guint64
sse_client_expect (SseClient *client, const char *type, const char *id, const char *status)
{
  g_autoptr (SseFrame) frame = sse_client_next (client);
  g_autofree char *member = g_strconcat (type, "_id", NULL);

  g_assert_nonnull (frame);
  g_assert_cmpstr (frame->event, ==, "heartbeat");
  g_assert_cmpstr (sse_frame_get_string (frame, "type"), ==, type);
  g_assert_cmpstr (sse_frame_get_string (frame, member), ==, id);
  g_assert_cmpstr (sse_frame_get_string (frame, "status"), ==, status);
  return sse_frame_get_number (frame);
}
