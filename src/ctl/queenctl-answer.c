/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-answer.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queenctl-error.h"
#include "queenctl-json.h"
#include "queenctl-output.h"
#include "queenctl-text.h"
#include "text/queen-safe-text.h"

#define CLEAR_LINE "\r\033[K"

struct _QueenctlAnswer
{
  gboolean is_json;
  gboolean is_watched;   /* people see what goes to stderr */
  gboolean has_note;     /* one about the line stands there, on the line that is being written */
  gboolean is_line_open; /* the last thing on stdout was no line feed */
  gboolean is_unread;    /* nobody takes any more of it */
  guint64 n_bytes;       /* of the text, that were printed, or are lost */
  char *state;           /* NULL until it has ended */
  char *message;
};

QueenctlAnswer *
queenctl_answer_new (gboolean is_json)
{
  QueenctlAnswer *self = g_new0 (QueenctlAnswer, 1);

  self->is_json = is_json;
  self->is_watched = isatty (STDERR_FILENO);
  return self;
}

void
queenctl_answer_free (QueenctlAnswer *self)
{
  g_free (self->state);
  g_free (self->message);
  g_free (self);
}

/* What is printed */

static void
clear_note (QueenctlAnswer *self)
{
  if (self->has_note)
    fputs (CLEAR_LINE, stderr);
  self->has_note = FALSE;
}

/* A terminal gets notes on lines of their own. */
static void
close_line (QueenctlAnswer *self)
{
  if (self->is_line_open && queenctl_output_is_terminal ())
    {
      putchar ('\n');
      fflush (stdout);
      self->is_line_open = FALSE;
    }
}

void
queenctl_answer_say (QueenctlAnswer *self, const char *message)
{
  g_autofree char *safe = queenctl_text_dup_safe (message);

  clear_note (self);
  close_line (self);
  fprintf (stderr, "queenctl: %s\n", safe);
}

static void
print_text (QueenctlAnswer *self, const char *text)
{
  gboolean is_terminal = queenctl_output_is_terminal ();
  g_autofree char *safe = is_terminal ? queen_safe_text_dup_lines (text, -1) : NULL;
  const char *shown = safe ? safe : text;

  if (*text == '\0' || self->is_unread)
    return;
  clear_note (self);
  self->is_line_open = text[strlen (text) - 1] != '\n';
  self->is_unread = !queenctl_output_write (shown, strlen (shown));
}

static void
print_event (QueenctlAnswer *self, const char *event, const char *data)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (JsonNode) line = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonObject) object = json_object_new ();
  JsonNode *said = queenctl_json_parse_object (data);

  json_object_set_string_member (object, "event", event);
  if (said)
    json_object_set_member (object, "data", said);
  else
    json_object_set_string_member (object, "data", data);
  json_node_set_object (line, object);
  queenctl_json_append (json, line, FALSE);
  g_string_append_c (json, '\n');
  self->is_unread = !queenctl_output_write (json->str, json->len);
}

/* What comes before an answer */

static void
show_place (QueenctlAnswer *self, JsonObject *said)
{
  gulong position = queenctl_json_get_count (said, "position");
  JsonNode *member = json_object_get_member (said, "estimate");
  double estimate = member && JSON_NODE_HOLDS_VALUE (member) ? json_node_get_double (member) : 0;
  gulong seconds = (gulong) CLAMP (estimate + 0.5, 0, 1e6);

  if (!self->is_watched || position == 0)
    return;
  clear_note (self);
  close_line (self);
  fprintf (stderr, _ ("Waiting for a worker: number %lu in line"), position);
  if (seconds > 0)
    fprintf (stderr, ngettext (", about %lu s", ", about %lu s", seconds), seconds);
  fflush (stderr);
  self->has_note = TRUE;
}

/* The answer */

/* Returns: (nullable): what an event of OpenAI's adds to the text */
static const char *
get_openai_text (JsonObject *said)
{
  JsonNode *member = json_object_get_member (said, "choices");
  JsonArray *choices =
      member && JSON_NODE_HOLDS_ARRAY (member) ? json_node_get_array (member) : NULL;
  JsonNode *first =
      choices && json_array_get_length (choices) > 0 ? json_array_get_element (choices, 0) : NULL;
  JsonObject *choice =
      first && JSON_NODE_HOLDS_OBJECT (first) ? json_node_get_object (first) : NULL;
  JsonNode *delta = choice ? json_object_get_member (choice, "delta") : NULL;

  if (!choices)
    return NULL;
  if (delta && JSON_NODE_HOLDS_OBJECT (delta))
    return queenctl_json_get_text (json_node_get_object (delta), "content");
  return choice ? queenctl_json_get_text (choice, "text") : "";
}

/* Returns: (nullable): what @said adds to the text; NULL when it is nothing of an answer's */
static const char *
get_text (JsonObject *said)
{
  const char *type = queenctl_json_get_text (said, "type");

  if (g_str_equal (type, "token"))
    return queenctl_json_get_text (said, "t");
  if (g_str_equal (type, "started") || g_str_equal (type, "error") ||
      json_object_has_member (said, "error")) /* how it ends is told besides */
    return "";
  return get_openai_text (said);
}

/* What is no part of a text is a line of a hive's, or of the queen's own. */
static void
take_data (QueenctlAnswer *self, const char *data)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (data);
  const char *text = node ? get_text (json_node_get_object (node)) : NULL;

  if (text)
    {
      print_text (self, text);
      self->n_bytes += strlen (text);
      return;
    }
  print_text (self, data);
  print_text (self, "\n");
}

static void
complain_of_hole (QueenctlAnswer *self, guint64 n_bytes)
{
  gulong count = (gulong) n_bytes;
  g_autofree char *message =
      g_strdup_printf (ngettext ("%lu byte of the answer was lost, as it was not read in time",
                                 "%lu bytes of the answer were lost, as it was not read in time",
                                 count),
                       count);

  queenctl_answer_say (self, message);
}

/* The text so far, for one whom events have passed by. Some of it has been printed. */
static void
take_snapshot (QueenctlAnswer *self, JsonObject *said)
{
  const char *text = queenctl_json_get_text (said, "text");
  guint64 begin = queenctl_json_get_number (said, "omitted");
  guint64 end = begin + strlen (text);

  if (begin > self->n_bytes)
    complain_of_hole (self, begin - self->n_bytes);
  if (end > self->n_bytes)
    print_text (self, begin < self->n_bytes ? text + (self->n_bytes - begin) : text);
  self->n_bytes = MAX (end, self->n_bytes);
}

static void
take_end (QueenctlAnswer *self, JsonObject *said)
{
  g_free (self->state);
  g_free (self->message);
  self->state = g_strdup (queenctl_json_get_text (said, "status"));
  self->message = g_strdup (queenctl_json_get_string (said, "message"));
}

static void
take_news (QueenctlAnswer *self, const char *event, JsonObject *said)
{
  if (g_str_equal (event, "ended"))
    take_end (self, said);
  else if (self->is_json)
    return;
  else if (g_str_equal (event, "queued"))
    show_place (self, said);
  else if (g_str_equal (event, "placed"))
    clear_note (self);
  else if (g_str_equal (event, "snapshot"))
    take_snapshot (self, said);
}

gboolean
queenctl_answer_take (QueenctlAnswer *self, const char *event, const char *data)
{
  g_autoptr (JsonNode) node = NULL;

  if (self->state) /* behind it are markers for those who know no names of events */
    return TRUE;
  if (self->is_json)
    print_event (self, event, data);
  if (!g_str_equal (event, "message"))
    node = queenctl_json_parse_object (data);
  else if (!self->is_json)
    take_data (self, data);
  if (node)
    take_news (self, event, json_node_get_object (node));
  else if (g_str_equal (event, "ended")) /* whatever that means */
    self->state = g_strdup ("");
  return !self->is_unread;
}

void
queenctl_answer_end (QueenctlAnswer *self)
{
  clear_note (self);
  close_line (self);
}

gboolean
queenctl_answer_is_whole (const QueenctlAnswer *self)
{
  return self->state != NULL;
}

gboolean
queenctl_answer_check (const QueenctlAnswer *self, GError **error)
{
  const char *why = self->message ? self->message : "";

  if (g_strcmp0 (self->state, "done") == 0)
    return TRUE;
  if (g_strcmp0 (self->state, "cancelled") == 0 && g_str_equal (why, "cancelled"))
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_CANCELLED,
                         _ ("The job was cancelled."));
  else if (g_strcmp0 (self->state, "cancelled") == 0)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_CANCELLED, _ ("The job was cancelled: %s"),
                 why);
  else if (g_strcmp0 (self->state, "lost") == 0)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("The job is lost: %s"), why);
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("The job failed: %s"), why);
  return FALSE;
}
