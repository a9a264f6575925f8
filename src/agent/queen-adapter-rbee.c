/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* rbee's own worker says that it is healthy, and no more. Then there is whoever says no more than
 * that he is there: a server that is not known, but can be told from one that is not there. */

static gboolean
is_rbee (const QueenServerAnswer *answer)
{
  static const char *const wanted[] = { "status", NULL };
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, wanted);
  const char *status = json ? queen_adapter_get_text (queen_json_get_root (json), "status") : NULL;

  return g_strcmp0 (status, "healthy") == 0;
}

static gboolean
is_well (const QueenServerAnswer *answer)
{
  return answer->status / 100 == 2;
}

const QueenAdapter queen_adapter_rbee = {
  .name = "llm-worker-rbee",
  .api = "rbee",
  .sign = "/health",
  .recognise = is_rbee,
  .questions = {
    { "/health", QUEEN_QUESTION_ALWAYS, queen_adapter_read_health },
  },
};

const QueenAdapter queen_adapter_unknown = {
  .sign = "/health",
  .recognise = is_well,
  .questions = {
    { "/health", QUEEN_QUESTION_ALWAYS, queen_adapter_read_health },
  },
};
