/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "bench-unpack.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct _Unpacker
{
  GString *raw;    /* chunks that are not whole yet */
  GString *packed; /* what was in the others */
  GString *text;
  z_stream stream;
};

Unpacker *
unpacker_new (void)
{
  Unpacker *self = g_new0 (Unpacker, 1);

  self->raw = g_string_new (NULL);
  self->packed = g_string_new (NULL);
  self->text = g_string_new (NULL);
  if (inflateInit2 (&self->stream, 16 + MAX_WBITS) != Z_OK)
    abort ();
  return self;
}

static gboolean
take_chunk (Unpacker *self)
{
  const char *line_end = g_strstr_len (self->raw->str, (gssize) self->raw->len, "\r\n");
  gsize size = line_end ? strtoul (self->raw->str, NULL, 16) : 0;
  gsize start = line_end ? (gsize) (line_end + 2 - self->raw->str) : 0;

  if (size == 0 || self->raw->len < start + size + 2)
    return FALSE;
  g_string_append_len (self->packed, self->raw->str + start, (gssize) size);
  g_string_erase (self->raw, 0, (gssize) (start + size + 2));
  return TRUE;
}

const GString *
unpacker_take (Unpacker *self, const char *bytes, gsize length)
{
  char buffer[16384];

  g_string_append_len (self->raw, bytes, (gssize) length);
  while (take_chunk (self))
    ;
  g_string_truncate (self->text, 0);
  self->stream.next_in = (Bytef *) self->packed->str;
  self->stream.avail_in = (uInt) self->packed->len;
  do
    {
      int result;

      self->stream.next_out = (Bytef *) buffer;
      self->stream.avail_out = sizeof buffer;
      result = inflate (&self->stream, Z_SYNC_FLUSH);
      if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
        g_error ("no gzip: %s", self->stream.msg);
      g_string_append_len (self->text, buffer, (gssize) (sizeof buffer - self->stream.avail_out));
    }
  while (self->stream.avail_out == 0);
  g_string_erase (self->packed, 0, (gssize) (self->packed->len - self->stream.avail_in));
  return self->text;
}
