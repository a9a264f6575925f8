/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-placing.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"
#include "text/queen-span.h"

#define MAX_WAIT (60 * QUEEN_SECOND)
#define USUAL_WAIT (30 * QUEEN_SECOND)
#define MAX_RESERVE (30 * QUEEN_SECOND)
#define USUAL_RESERVE (2 * QUEEN_SECOND)

static gboolean
read_span (const char *option, const char *text, gint64 most, gint64 *span, GError **error)
{
  if (!text || (queen_span_parse (text, span) && *span >= 0 && *span <= most))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("%s: “%s” is not a span of time up to %d s, such as 250ms or 2.5s"), option, text,
               (int) (most / QUEEN_SECOND));
  return FALSE;
}

gboolean
queenctl_placing_read (const QueenctlOptions *options, QueenctlPlacing *request, GError **error)
{
  *request = (QueenctlPlacing){ .affinity = options->affinity, .reserve = USUAL_RESERVE };
  if (options->is_waiting)
    request->wait = USUAL_WAIT;
  return read_span ("--timeout", options->timeout, MAX_WAIT, &request->wait, error) &&
         read_span ("--reserve", options->reserve, MAX_RESERVE, &request->reserve, error) &&
         queenctl_options_check_text ("--affinity", options->affinity, error);
}

QueenctlComponent *
queenctl_placing_dup_worker (JsonNode *placement)
{
  JsonNode *worker = json_object_get_member (json_node_get_object (placement), "worker");

  return queenctl_component_new (QUEEN_COMPONENT_WORKER, json_node_ref (worker));
}
