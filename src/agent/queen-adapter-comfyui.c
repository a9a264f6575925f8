/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* ComfyUI has one prompt at a time. Its /queue has whole workflows, which are large and private;
 * /prompt has their number. */

static const char *const stats_members[] = { "system", "comfyui_version", "devices", "vram_total",
                                             NULL };

static gboolean
is_comfyui (const QueenServerAnswer *answer)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, stats_members);

  return json && queen_adapter_get_array (queen_json_get_root (json), "devices");
}

static const QueenJsonValue *
get_object (const QueenJsonValue *object, const char *name)
{
  return object && object->type == QUEEN_JSON_OBJECT ? queen_json_get_member (object, name) : NULL;
}

static gboolean
read_prompt (const QueenServerAnswer *answer, QueenReading *reading)
{
  static const char *const wanted[] = { "exec_info", "queue_remaining", NULL };
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, wanted);
  const QueenJsonValue *info = json ? get_object (queen_json_get_root (json), "exec_info") : NULL;
  double remaining = queen_adapter_get_number (info, "queue_remaining");

  if (remaining < 0)
    return FALSE;
  reading->slots = 1;
  reading->running = remaining >= 1;
  reading->waiting = (gint64) remaining - reading->running;
  reading->busy_source = "queue";
  return TRUE;
}

static gboolean
read_system_stats (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, stats_members);

  if (json)
    queen_reading_set_text (&reading->version,
                            queen_adapter_get_text (get_object (queen_json_get_root (json),
                                                                "system"),
                                                    "comfyui_version"));
  return json != NULL;
}

const QueenAdapter queen_adapter_comfyui = {
  .name = "comfyui",
  .sign = "/system_stats",
  .recognise = is_comfyui,
  .questions = {
    { "/prompt", QUEEN_QUESTION_ALWAYS, read_prompt },
    { "/system_stats", QUEEN_QUESTION_RARELY, read_system_stats },
  },
};
