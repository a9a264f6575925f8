/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dispatch.h"

#include <string.h>

#include "queen-component-fields.h"
#include "queen-error.h"
#include "queen-heartbeat.h"
#include "text/queen-json-writer.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

#define MAX_SENDER 256 /* bytes */
#define MAX_LINE 1536  /* bytes: a sender may have three for each of its own */
#define NONE "-"

#define LAST_SAID (G_MAXINT64 / QUEEN_NSEC_PER_USEC)

/* The words of the line. */
enum
{
  MOMENT,
  QUEEN,
  SINCE,
  FIRST_SEEN,
  LAST_SEEN,
  HEARTBEATS,
  SOURCE,
  SENDER, /* the last one */
};

gint64
queen_dispatch_get_moment (const QueenComponent *component)
{
  return MAX (component->last_seen, component->since);
}

void
queen_dispatch_write_stamp (char *stamp, const QueenComponent *component, const char *queen)
{
  g_snprintf (stamp, QUEEN_DISPATCH_STAMP_LENGTH + 1, "%020" G_GINT64_FORMAT " %.32s",
              MAX (queen_dispatch_get_moment (component), 0), queen);
}

/* Writing */

static void
write_line (GString *text, const QueenComponent *component, const char *sender, const char *queen)
{
  g_autofree char *source = queen_source_dup_text (&component->source);
  g_autofree char *escaped = sender ? g_uri_escape_string (sender, ":", FALSE) : NULL;
  char stamp[QUEEN_DISPATCH_STAMP_LENGTH + 1];

  queen_dispatch_write_stamp (stamp, component, queen);
  g_string_append (text, stamp);
  g_string_append_printf (text,
                          " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                          " %" G_GUINT64_FORMAT " %s %s\n",
                          MAX (component->since, 0), MAX (component->first_seen, 0),
                          MAX (component->last_seen, 0), component->heartbeats,
                          source ? source : NONE, escaped ? escaped : NONE);
}

/* Members of one nest stand together; what must be in it is, if anything of it is said. */
static void
write_nest (GString *json, const QueenField *const **at, const QueenComponent *component)
{
  const QueenField *const *first = *at, *const *end = first;
  gboolean is_said = FALSE;
  const char *before = "{";

  for (; *end && g_strcmp0 ((*end)->nest, (*first)->nest) == 0; end++)
    is_said |= queen_field_is_said (*end, component);
  *at = end - 1;
  if (!is_said)
    return;
  g_string_append_printf (json, ",\"%s\":", (*first)->nest);
  for (; first < end; first++)
    if ((*first)->is_required || queen_field_is_said (*first, component))
      {
        g_string_append_printf (json, "%s\"%s\":", before, (*first)->member);
        queen_field_append_json (*first, component, json);
        before = ",";
      }
  g_string_append_c (json, '}');
}

static void
write_heartbeat (GString *json, const QueenComponent *component)
{
  g_string_append_printf (json,
                          "{\"%s\":{\"id\":", queen_component_kind_get_name (component->kind));
  queen_json_append_string (json, component->id);
  g_string_append_printf (json, ",\"status\":\"%s\"", queen_status_get_name (component->status));
  for (const QueenField *const *field = queen_component_fields_list_said (component->kind);
       *field && queen_field_has_place (*field, component); field++)
    if ((*field)->nest)
      write_nest (json, &field, component);
    else if (queen_field_is_said (*field, component))
      {
        g_string_append_printf (json, ",\"%s\":", (*field)->name);
        queen_field_append_json (*field, component, json);
      }
  g_string_append_c (json, '}');
  /* A clock that is in another century says nothing that is worth to be told. */
  if (component->has_said_at && component->said_at >= 0 && component->said_at <= LAST_SAID)
    {
      g_string_append (json, ",\"timestamp\":\"");
      queen_timestamp_append (json, component->said_at * QUEEN_NSEC_PER_USEC);
      g_string_append_c (json, '"');
    }
  g_string_append_c (json, '}');
}

void
queen_dispatch_write (GString *text,
                      const QueenComponent *component,
                      const char *sender,
                      const char *queen)
{
  write_line (text, component, sender, queen);
  write_heartbeat (text, component);
}

/* Reading */

static gboolean
refuse_dispatch (GError **error, const char *what)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "%s is none", what);
  return FALSE;
}

static gboolean
read_number (const char *word, guint64 most, guint64 *number)
{
  return g_ascii_isdigit (*word) && g_ascii_string_to_unsigned (word, 10, 0, most, number, NULL);
}

static gboolean
read_time (const char *word, gint64 *time)
{
  guint64 number;

  if (!read_number (word, G_MAXINT64, &number))
    return FALSE;
  *time = (gint64) number;
  return TRUE;
}

gboolean
queen_dispatch_check_queen (const char *name)
{
  return strlen (name) == QUEEN_DISPATCH_QUEEN_LENGTH &&
         strspn (name, "0123456789abcdef") == QUEEN_DISPATCH_QUEEN_LENGTH;
}

static gboolean
read_sender (const char *word, char **sender)
{
  g_autofree char *text = NULL;

  if (g_str_equal (word, NONE))
    return TRUE;
  text = g_uri_unescape_string (word, NULL);
  if (!text || !*text || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  *sender = queen_legible_dup (text, MAX_SENDER);
  return TRUE;
}

static gboolean
read_words (char **words, QueenDispatch *dispatch, GError **error)
{
  QueenComponent *component = dispatch->component;
  gint64 moment;

  if (strlen (words[MOMENT]) != 20 || !read_time (words[MOMENT], &moment) ||
      !read_time (words[SINCE], &component->since) ||
      !read_time (words[FIRST_SEEN], &component->first_seen) ||
      !read_time (words[LAST_SEEN], &component->last_seen) ||
      moment != queen_dispatch_get_moment (component))
    return refuse_dispatch (error, "a time");
  /* Their order comes of it, and one from the far future would stand in the way of all after it. */
  component->first_seen = MIN (component->first_seen, moment);
  if (!read_number (words[HEARTBEATS], QUEEN_DISPATCH_MAX_COUNT, &component->heartbeats) ||
      component->heartbeats == 0)
    return refuse_dispatch (error, "the count");
  if (!g_str_equal (words[SOURCE], NONE) && !queen_source_parse (words[SOURCE], &component->source))
    return refuse_dispatch (error, "the source");
  if (!queen_dispatch_check_queen (words[QUEEN]))
    return refuse_dispatch (error, "the queen");
  g_strlcpy (dispatch->queen, words[QUEEN], sizeof dispatch->queen);
  return read_sender (words[SENDER], &dispatch->sender) || refuse_dispatch (error, "the sender");
}

static gboolean
read_line (const char *line, gsize length, QueenDispatch *dispatch, GError **error)
{
  g_autofree char *text = g_strndup (line, length);
  g_auto (GStrv) words = g_strsplit (text, " ", SENDER + 2);

  if (g_strv_length (words) != SENDER + 1)
    return refuse_dispatch (error, "the first line");
  return read_words (words, dispatch, error);
}

gboolean
queen_dispatch_read (QueenComponentKind kind,
                     const char *text,
                     gsize length,
                     QueenDispatch *dispatch,
                     GError **error)
{
  const char *end = length > 0 ? memchr (text, '\n', MIN (length, MAX_LINE)) : NULL;
  g_auto (QueenDispatch) read = { 0 };

  *dispatch = (QueenDispatch){ 0 };
  if (!end || length > QUEEN_DISPATCH_MAX)
    return refuse_dispatch (error, "the first line");
  read.component = queen_heartbeat_parse (kind, end + 1, length - (gsize) (end + 1 - text), error);
  if (!read.component || !read_line (text, (gsize) (end - text), &read, error))
    return FALSE;
  *dispatch = read;
  read = (QueenDispatch){ 0 };
  return TRUE;
}

void
queen_dispatch_clear (QueenDispatch *self)
{
  g_clear_pointer (&self->component, queen_component_unref);
  g_clear_pointer (&self->sender, g_free);
}
