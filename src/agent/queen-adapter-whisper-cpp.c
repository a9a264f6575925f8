/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

#include <string.h>

/* whisper.cpp's server has one request at a time, and says nothing of it. */

static gboolean
is_whisper_cpp (const QueenServerAnswer *answer)
{
  return answer->status == 200 && strcasestr (answer->body, "whisper.cpp") != NULL;
}

static gboolean
read_whisper_health (const QueenServerAnswer *answer, QueenReading *reading)
{
  reading->slots = 1;
  return queen_adapter_read_health (answer, reading);
}

const QueenAdapter queen_adapter_whisper_cpp = {
  .name = "whisper.cpp",
  .sign = "/",
  .recognise = is_whisper_cpp,
  .questions = {
    { "/health", QUEEN_QUESTION_ALWAYS, read_whisper_health },
  },
};
