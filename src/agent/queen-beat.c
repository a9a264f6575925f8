/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-beat.h"

#include <math.h>

#include "loop/queen-clock.h"
#include "text/queen-json-writer.h"
#include "text/queen-timestamp.h"

QueenBeat *
queen_beat_new (gboolean is_hive, const char *id, const char *status)
{
  QueenBeat *self = g_new0 (QueenBeat, 1);

  self->is_hive = is_hive;
  self->id = g_strdup (id);
  self->members = g_string_new ("{\"id\":");
  queen_json_append_string (self->members, id);
  queen_beat_add_text (self, is_hive ? "operational_status" : "status", status);
  return self;
}

void
queen_beat_free (QueenBeat *self)
{
  g_string_free (self->members, TRUE);
  g_free (self->id);
  g_free (self);
}

static void
begin_member (QueenBeat *self, const char *name)
{
  g_string_append_printf (self->members, ",\"%s\":", name);
}

void
queen_beat_add_text (QueenBeat *self, const char *name, const char *text)
{
  if (!text)
    return;
  begin_member (self, name);
  queen_json_append_string (self->members, text);
}

void
queen_beat_add_integer (QueenBeat *self, const char *name, gint64 number)
{
  if (number < 0)
    return;
  begin_member (self, name);
  queen_json_append_number (self->members, (guint64) number);
}

/* Returns: (transfer none): @number as JSON has it, whatever the locale: a decimal comma is none */
static const char *
write_number (double number, char *buffer)
{
  if (number < 1e15 && number <= floor (number))
    return g_ascii_formatd (buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.0f", number);
  return g_ascii_formatd (buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.6g", number);
}

void
queen_beat_add_number (QueenBeat *self, const char *name, double number)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (!(number >= 0) || isinf (number))
    return;
  begin_member (self, name);
  g_string_append (self->members, write_number (number, buffer));
}

void
queen_beat_add_time (QueenBeat *self, const char *name, gint64 time)
{
  if (time <= 0)
    return;
  begin_member (self, name);
  g_string_append_c (self->members, '"');
  queen_timestamp_append (self->members, time * 1000);
  g_string_append_c (self->members, '"');
}

void
queen_beat_add_health (QueenBeat *self, const char *status, const char *reason)
{
  begin_member (self, "health_status");
  g_string_append_printf (self->members, "{\"status\":\"%s\"", status);
  if (reason)
    {
      g_string_append (self->members, ",\"reason\":");
      queen_json_append_string (self->members, reason);
    }
  g_string_append_c (self->members, '}');
}

void
queen_beat_add_json (QueenBeat *self, const char *name, const char *json)
{
  begin_member (self, name);
  g_string_append (self->members, json);
}

void
queen_beat_add_texts (QueenBeat *self, const char *name, const GPtrArray *texts, const char *known)
{
  gboolean is_begun = FALSE;

  for (guint i = 0; i < texts->len; i++)
    {
      const char *text = g_ptr_array_index (texts, i);

      if (g_strcmp0 (text, known) == 0)
        continue;
      if (!is_begun)
        begin_member (self, name);
      g_string_append_c (self->members, is_begun ? ',' : '[');
      queen_json_append_string (self->members, text);
      is_begun = TRUE;
    }
  if (is_begun)
    g_string_append_c (self->members, ']');
}

char *
queen_beat_dup_members (const QueenBeat *self)
{
  return g_strconcat (self->members->str, "}", NULL);
}

void
queen_beat_append_line (const QueenBeat *self, GString *lines)
{
  g_string_append_printf (lines, "{\"%s\":", self->is_hive ? "hive" : "worker");
  g_string_append_len (lines, self->members->str, (gssize) self->members->len);
  g_string_append (lines, "},\"timestamp\":\"");
  queen_timestamp_append (lines, queen_clock_system.get_wall ());
  g_string_append (lines, "\"}\n");
}
