/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-stream-request.h"

#include "model/queen-event.h"
#include "net/queen-shares.h"
#include "queen-error.h"
#include "text/queen-query.h"

static const struct
{
  const char *word;
  guint kind;
} types[] = {
  { "queen", QUEEN_EVENT_QUEEN }, { "worker", QUEEN_EVENT_WORKER },
  { "hive", QUEEN_EVENT_HIVE },   { "hold", QUEEN_EVENT_HELD },
  { "job", QUEEN_EVENT_JOB },     { "placement", QUEEN_EVENT_PLACEMENT },
};

static guint
parse_type (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (word, types[i].word))
      return types[i].kind;
  return 0;
}

const char *
queen_stream_request_get_word (guint kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (types[i].kind == kind)
      return types[i].word;
  g_return_val_if_reached (NULL);
}

/* What a query says so far. */
typedef struct
{
  QueenStreamRequest *request;
  guint capacity;
  gboolean has_history;
} Reader;

/* Those of several add up. */
static gboolean
take_types (const char *name, const char *value, gpointer data, GError **error)
{
  QueenStreamRequest *request = ((Reader *) data)->request;
  g_auto (GStrv) words = g_strsplit (value, ",", -1);
  gboolean is_valid = words[0] != NULL;

  for (char **word = words; *word; word++)
    {
      guint kind = parse_type (*word);

      is_valid = is_valid && kind != 0;
      request->kinds |= kind;
    }
  if (!is_valid)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                 "%s must be one or more of queen, worker, hive, hold, job, placement, with "
                 "commas between",
                 name);
  return is_valid;
}

static gboolean
take_history (const char *name, const char *value, gpointer data, GError **error)
{
  Reader *reader = data;
  guint64 number;

  /* GLib would skip a vertical tab before the digits. */
  if (reader->has_history || !g_ascii_isdigit (*value) ||
      !g_ascii_string_to_unsigned (value, 10, 0, reader->capacity, &number, NULL))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                   "%s must be one whole number from 0 to %u", name, reader->capacity);
      return FALSE;
    }
  reader->has_history = TRUE;
  reader->request->n_history = (guint) number;
  return TRUE;
}

static gboolean
take_last_id (const char *name, const char *value, gpointer data, GError **error)
{
  QueenStreamRequest *request = ((Reader *) data)->request;

  if (request->last_id)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "%s can be given only once", name);
      return FALSE;
    }
  request->last_id = g_strdup (value);
  return TRUE;
}

/* Yaffle's EventSource adds the last one to every address when it comes back. */
static const QueenParameter parameters[] = {
  { "types", take_types },
  { "history", take_history },
  { "last_event_id", take_last_id },
  { "lastEventId", take_last_id },
};

void
queen_stream_request_clear (QueenStreamRequest *request)
{
  g_free ((char *) request->last_id);
  request->last_id = NULL;
}

char *
queen_stream_request_dup_asker (const QueenStreamRequest *request)
{
  return request->client ? queen_shares_dup_asker (request->client, request->is_forwarded, 0)
                         : g_strdup ("");
}

gboolean
queen_stream_request_parse (QueenStreamRequest *request,
                            const char *query,
                            const char *last_event_id,
                            guint capacity,
                            GError **error)
{
  Reader reader = { request, capacity, FALSE };

  *request = (QueenStreamRequest){ 0 };
  if (!queen_query_parse (query, parameters, G_N_ELEMENTS (parameters), &reader, error))
    return FALSE;
  if (request->kinds == 0)
    request->kinds = QUEEN_EVENT_ALL_KINDS;
  if (last_event_id)
    {
      queen_stream_request_clear (request);
      request->last_id = g_strdup (last_event_id);
    }
  return TRUE;
}
