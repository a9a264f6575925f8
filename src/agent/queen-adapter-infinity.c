/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* infinity has the figures of each model in its list of models. */

static const char *const members[] = {
  "data", "[]id", "[]stats", "[]queue_absolute", "[]results_pending", "[]batch_size", NULL
};

static gboolean
read_infinity_models (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, members);
  const QueenJsonValue *list =
      json ? queen_adapter_get_array (queen_json_get_root (json), "data") : NULL;
  double slots = 0, pending = 0, waiting = 0;
  gboolean has_stats = FALSE;

  if (!list)
    return FALSE;
  queen_reading_reset_models (reading);
  for (const QueenJsonValue *at = queen_json_get_first (list); at < queen_json_get_end (list);
       at = queen_json_get_end (at))
    {
      const QueenJsonValue *stats =
          at->type == QUEEN_JSON_OBJECT ? queen_json_get_member (at, "stats") : NULL;

      queen_reading_add_model (reading, queen_adapter_get_text (at, "id"));
      has_stats |= queen_adapter_get_number (stats, "results_pending") >= 0;
      pending += MAX (queen_adapter_get_number (stats, "results_pending"), 0);
      waiting += MAX (queen_adapter_get_number (stats, "queue_absolute"), 0);
      slots += MAX (queen_adapter_get_number (stats, "batch_size"), 0);
    }
  if (!has_stats)
    return FALSE;
  /* What waits is pending, too. */
  reading->running = (gint64) MAX (pending - waiting, 0);
  reading->waiting = (gint64) waiting;
  reading->slots = slots >= 1 ? (gint64) slots : -1;
  reading->busy_source = "queue";
  return TRUE;
}

static gboolean
is_infinity (const QueenServerAnswer *answer)
{
  g_auto (QueenReading) reading = { 0 };

  queen_reading_init (&reading);
  return read_infinity_models (answer, &reading);
}

const QueenAdapter queen_adapter_infinity = {
  .name = "infinity",
  .api = "openai",
  .sign = "/models",
  .recognise = is_infinity,
  .questions = {
    { "/models", QUEEN_QUESTION_ALWAYS, read_infinity_models },
    { "/health", QUEEN_QUESTION_INSTEAD, queen_adapter_read_health },
  },
};
