/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-frame.h"

#include <string.h>

#define END_OF_FRAME "\n\n" QUEEN_CHUNK_END

/* What stands inside of a chunk before the frame's data. */
typedef struct
{
  char text[128];
  gsize length;
} Head;

#define MAX_SIZE_LINE (2 * sizeof (gsize) + sizeof "\r\n")
#define BARE_MARK "\n:" /* what stands before the size of a bare frame's chunk */
#define DATA "data: "

/* By hand, as each event has one. Returns: how long it is; no NUL follows */
static gsize
print_size_line (char line[MAX_SIZE_LINE], gsize size)
{
  gsize n_digits = size > 0 ? (g_bit_storage (size) + 3) / 4 : 1;

  for (gsize i = n_digits; i-- > 0; size >>= 4)
    line[i] = "0123456789abcdef"[size & 0xf];
  memcpy (line + n_digits, "\r\n", strlen ("\r\n"));
  return n_digits + strlen ("\r\n");
}

void
queen_chunk_append_size (GString *text, gsize size)
{
  char line[MAX_SIZE_LINE];

  g_string_append_len (text, line, (gssize) print_size_line (line, size));
}

GBytes *
queen_chunk_new (GString *text)
{
  char line[MAX_SIZE_LINE];

  g_string_prepend_len (text, line, (gssize) print_size_line (line, text->len));
  g_string_append (text, QUEEN_CHUNK_END);
  return g_string_free_to_bytes (text);
}

void
queen_chunk_get_inside (GBytes *chunk, struct iovec *inside)
{
  char *bytes = (char *) g_bytes_get_data (chunk, NULL);
  char *end;

  inside->iov_len = (gsize) g_ascii_strtoull (bytes, &end, 16);
  inside->iov_base = end + strlen ("\r\n");
}

static inline void
append_to_head (Head *head, const char *text)
{
  gsize length = strlen (text);

  g_assert (head->length + length <= sizeof head->text);
  memcpy (head->text + head->length, text, length);
  head->length += length;
}

/* Appends a line, but for what ends it. */
static inline void
append_line (Head *head, const char *name, const char *value)
{
  if (head->length > 0)
    append_to_head (head, "\n");
  append_to_head (head, name);
  append_to_head (head, value);
}

/* Returns: how long @line, the chunk's first, is */
static gsize
make_head (Head *head,
           char line[MAX_SIZE_LINE],
           const char *id,
           const char *event,
           const char *data,
           gsize data_length)
{
  head->length = 0;
  if (id)
    append_line (head, "id: ", id);
  if (event)
    append_line (head, "event: ", event);
  if (data)
    append_line (head, "data: ", "");
  return print_size_line (line, head->length + data_length + strlen ("\n\n"));
}

/* Likewise, with the size of the bare frame's chunk. */
static gsize
make_head_with_bare (
    Head *head, char line[MAX_SIZE_LINE], const char *id, const char *event, gsize data_length)
{
  char bare[MAX_SIZE_LINE] = "";

  head->length = 0;
  append_line (head, "id: ", id);
  if (event)
    append_line (head, "event: ", event);
  print_size_line (bare, strlen (DATA) + data_length + strlen ("\n\n"));
  append_to_head (head, BARE_MARK);
  append_to_head (head, bare);
  append_to_head (head, DATA);
  return print_size_line (line, head->length + data_length + strlen ("\n\n"));
}

/* Its memory fits exactly, as the ring keeps very many. */
static GBytes *
make_frame (const char *line, gsize n_line, const Head *head, const char *data, gsize data_length)
{
  gsize length = n_line + head->length + data_length + strlen (END_OF_FRAME);
  char *chunk = g_malloc (length), *end = chunk;

  end = mempcpy (end, line, n_line);
  end = mempcpy (end, head->text, head->length);
  if (data)
    end = mempcpy (end, data, data_length);
  mempcpy (end, END_OF_FRAME, strlen (END_OF_FRAME));
  return g_bytes_new_take (chunk, length);
}

GBytes *
queen_frame_new (const char *id, const char *event, const char *data, gsize data_length)
{
  char line[MAX_SIZE_LINE];
  Head head;
  gsize n_line = make_head (&head, line, id, event, data, data_length);

  return make_frame (line, n_line, &head, data, data_length);
}

GBytes *
queen_frame_new_with_bare (const char *id, const char *event, const char *data, gsize data_length)
{
  char line[MAX_SIZE_LINE];
  Head head;
  gsize n_line = make_head_with_bare (&head, line, id, event, data_length);

  return make_frame (line, n_line, &head, data, data_length);
}

/* Neither an id nor a name has a line break, so the first mark is the mark. */
static void
get_bare (GBytes *frame, gboolean has_chunk, struct iovec *part)
{
  gsize size;
  const char *bytes = g_bytes_get_data (frame, &size);
  const char *mark = memmem (bytes, MIN (size, sizeof (Head)), BARE_MARK, strlen (BARE_MARK));
  const char *begin = mark ? mark + strlen (BARE_MARK) : bytes + size;

  if (mark && !has_chunk)
    {
      begin = (const char *) memchr (begin, '\n', MAX_SIZE_LINE) + 1;
      size -= strlen (QUEEN_CHUNK_END);
    }
  part->iov_base = (void *) begin;
  part->iov_len = (gsize) (bytes + size - begin);
}

void
queen_frame_get_part (GBytes *frame, QueenEncoding encoding, struct iovec *part)
{
  if (queen_encoding_is_bare (encoding))
    get_bare (frame, queen_encoding_has_chunks (encoding), part);
  else if (encoding == QUEEN_ENCODING_PLAIN)
    queen_chunk_get_inside (frame, part);
  else
    part->iov_base = (void *) g_bytes_get_data (frame, &part->iov_len);
}

GBytes *
queen_frame_dup_part (GBytes *frame, QueenEncoding encoding)
{
  const char *bytes = g_bytes_get_data (frame, NULL);
  struct iovec part;

  queen_frame_get_part (frame, encoding, &part);
  return g_bytes_new_from_bytes (frame, (gsize) ((char *) part.iov_base - bytes), part.iov_len);
}

static char *
write_around (
    const char *line, gsize n_line, const Head *head, char *data, gsize margin, gsize *length)
{
  char *chunk = data - head->length - n_line;

  g_assert (n_line + head->length <= margin && strlen (END_OF_FRAME) <= margin);
  mempcpy (mempcpy (chunk, line, n_line), head->text, head->length);
  mempcpy (data + *length, END_OF_FRAME, strlen (END_OF_FRAME));
  *length += n_line + head->length + strlen (END_OF_FRAME);
  return chunk;
}

char *
queen_frame_write_around (
    const char *id, const char *event, char *data, gsize margin, gsize *length)
{
  char line[MAX_SIZE_LINE];
  Head head;
  gsize n_line = make_head (&head, line, id, event, data, *length);

  return write_around (line, n_line, &head, data, margin, length);
}

char *
queen_frame_write_around_with_bare (
    const char *id, const char *event, char *data, gsize margin, gsize *length)
{
  char line[MAX_SIZE_LINE];
  Head head;
  gsize n_line = make_head_with_bare (&head, line, id, event, *length);

  return write_around (line, n_line, &head, data, margin, length);
}

GBytes *
queen_frame_new_lagged (gint64 n_dropped)
{
  GString *frame = g_string_new ("event: lagged\ndata: {\"dropped\":");

  if (n_dropped < 0)
    g_string_append (frame, "null");
  else
    g_string_append_printf (frame, "%" G_GINT64_FORMAT, n_dropped);
  g_string_append (frame, "}\n\n");
  return queen_chunk_new (frame);
}

/* EventSource dispatches no event without data. */
static GBytes *
make_last (guint retry_msec, const char *event, const char *reason)
{
  GString *frame = g_string_new (NULL);

  g_string_printf (frame, "retry: %u\nevent: %s\ndata: {\"reason\":\"%s\"}\n\n", retry_msec, event,
                   reason);
  return queen_chunk_new (frame);
}

GBytes *
queen_frame_new_bye (guint retry_msec, const char *reason)
{
  return make_last (retry_msec, "bye", reason);
}

GBytes *
queen_frame_new_busy (guint retry_msec)
{
  return make_last (retry_msec, "busy", "too many subscribers");
}
