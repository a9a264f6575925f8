/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* Anything else that has OpenAI's list of models. */

static gboolean
has_models (const QueenServerAnswer *answer)
{
  g_auto (QueenReading) reading = { 0 };

  queen_reading_init (&reading);
  return queen_adapter_read_models (answer, &reading);
}

const QueenAdapter queen_adapter_openai = {
  .name = "openai",
  .api = "openai",
  .sign = "/v1/models",
  .recognise = has_models,
  .questions = {
    { "/health", QUEEN_QUESTION_ALWAYS, queen_adapter_read_health },
    { "/v1/models", QUEEN_QUESTION_INSTEAD, queen_adapter_read_models },
    { "/v1/models", QUEEN_QUESTION_RARELY, queen_adapter_read_models },
  },
};
