/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-stream-request.h"

#include "model/queen-event.h"
#include "queen-error.h"

static guint
parse_type (const char *word)
{
  if (g_str_equal (word, "queen"))
    return QUEEN_EVENT_QUEEN;
  if (g_str_equal (word, "worker"))
    return QUEEN_EVENT_WORKER;
  return g_str_equal (word, "hive") ? QUEEN_EVENT_HIVE : 0;
}

static gboolean
parse_types (const char *text, guint *kinds, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  gboolean is_valid = words[0] != NULL;

  *kinds = 0;
  for (char **word = words; *word; word++)
    {
      guint kind = parse_type (*word);

      is_valid = is_valid && kind != 0;
      *kinds |= kind;
    }
  if (!is_valid)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                         "types must be one or more of queen, worker, hive, with commas between");
  return is_valid;
}

static gboolean
parse_history (const char *text, guint most, guint *n_history, GError **error)
{
  guint64 number;

  /* GLib would skip a vertical tab before the digits. */
  if (!g_ascii_isdigit (*text) || !g_ascii_string_to_unsigned (text, 10, 0, most, &number, NULL))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                   "history must be a whole number from 0 to %u", most);
      return FALSE;
    }
  *n_history = (guint) number;
  return TRUE;
}

static const char *
get_parameter (GHashTable *query, const char *name)
{
  return query ? g_hash_table_lookup (query, name) : NULL;
}

gboolean
queen_stream_request_parse (QueenStreamRequest *request,
                            GHashTable *query,
                            const char *last_event_id,
                            guint capacity,
                            GError **error)
{
  const char *types = get_parameter (query, "types");
  const char *history = get_parameter (query, "history");

  *request = (QueenStreamRequest){
    .kinds = QUEEN_EVENT_ALL_KINDS,
    .last_id = last_event_id ? last_event_id : get_parameter (query, "last_event_id"),
  };
  return (!types || parse_types (types, &request->kinds, error)) &&
         (!history || parse_history (history, capacity, &request->n_history, error));
}
