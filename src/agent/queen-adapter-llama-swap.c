/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* llama-swap starts servers when they are asked for. What it could start is in its list of models,
 * what runs in /running; each of those is a worker. */

static const char *const running_members[] = { "running", "[]model", "[]state", NULL };

static const QueenJsonValue *
get_running (const QueenJson *json)
{
  return json ? queen_adapter_get_array (queen_json_get_root (json), "running") : NULL;
}

static gboolean
is_llama_swap (const QueenServerAnswer *answer)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, running_members);

  return get_running (json) != NULL;
}

static const char *
get_status (const char *state)
{
  if (g_strcmp0 (state, "starting") == 0)
    return "starting";
  if (g_strcmp0 (state, "stopping") == 0)
    return "stopping";
  return state && !g_str_equal (state, "ready") ? "stopped" : "ready";
}

static gboolean
read_running (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, running_members);
  const QueenJsonValue *list = get_running (json);

  if (!list)
    return FALSE;
  g_clear_pointer (&reading->behind, g_ptr_array_unref);
  queen_reading_add_behind (reading, NULL, NULL);
  for (const QueenJsonValue *at = queen_json_get_first (list); at < queen_json_get_end (list);
       at = queen_json_get_end (at))
    queen_reading_add_behind (reading, queen_adapter_get_text (at, "model"),
                              get_status (queen_adapter_get_text (at, "state")));
  return TRUE;
}

/* That it could start one does not mean that it has it. */
static gboolean
read_startable (const QueenServerAnswer *answer, QueenReading *reading)
{
  gboolean is_told = queen_adapter_read_models (answer, reading);

  g_clear_pointer (&reading->model, g_free);
  return is_told;
}

const QueenAdapter queen_adapter_llama_swap = {
  .name = "llama-swap",
  .api = "openai",
  .sign = "/running",
  .recognise = is_llama_swap,
  .questions = {
    { "/running", QUEEN_QUESTION_ALWAYS, read_running },
    { "/v1/models", QUEEN_QUESTION_RARELY, read_startable },
  },
};
