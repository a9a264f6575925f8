/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-lost-job.h"

#include "text/queen-json-writer.h"

#define WHY "the queen that had it is gone"

void
queen_lost_job_append_json (GString *json, const char *id, const QueenJobEntry *entry)
{
  g_string_append (json, "{\"job_id\":");
  queen_json_append_string (json, id);
  queen_json_append_member (json, "status", queen_job_state_get_name (QUEEN_JOB_LOST));
  queen_json_append_member (json, "operation", NULL);
  queen_json_append_member (json, "model", entry ? entry->model : NULL);
  queen_json_append_member (json, "worker_id", entry ? entry->worker_id : NULL);
  g_string_append (json, ",\"submitter\":null,\"position\":null,\"estimate\":null,"
                         "\"created_at\":null,\"started_at\":null,\"ended_at\":null,"
                         "\"events\":0,\"tokens\":0,\"tokens_per_second\":0,\"readers\":0");
  queen_json_append_member (json, "message", WHY);
  g_string_append_c (json, '}');
}

void
queen_lost_job_append_end (GString *text,
                           const char *id,
                           const QueenJobEntry *entry,
                           gboolean is_parser,
                           gboolean speaks_openai)
{
  if (is_parser)
    {
      g_string_append (text, "event: ended\ndata: ");
      queen_lost_job_append_json (text, id, entry);
      g_string_append (text, "\n\n");
    }
  if (speaks_openai)
    {
      g_string_append (text, "data: {\"error\":{\"message\":\"" WHY
                             "\",\"type\":\"server_error\",\"param\":null,\"code\":\"lost\"}}\n\n");
      return;
    }
  if (is_parser)
    g_string_append (text, "event: failed\n");
  g_string_append_printf (text,
                          "data: Job %s failed: " WHY "\n\n"
                          "data: [ERROR] " WHY "\n\n"
                          "data: [DONE]\n\n",
                          id);
}
