/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-short-answer.h"

#include "queen-inference.h"
#include "text/queen-legible.h"

#define MAX_EXPLANATION 256 /* bytes */

static char *
dup_path_of (const char *url)
{
  g_autoptr (GUri) base = g_uri_parse ("http://base/", G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GUri) uri = g_uri_parse_relative (base, url, G_URI_FLAGS_ENCODED, NULL);
  const char *path = uri ? g_uri_get_path (uri) : NULL;

  return path && *path == '/' ? g_strdup (path) : NULL;
}

char *
queen_short_answer_dup_path (const GString *answer)
{
  static const char *const wanted[] = { "sse_url", "job_id", NULL };
  g_autoptr (QueenJson) json = queen_json_new (answer->str, answer->len, wanted, NULL);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  const char *url =
      root && root->type == QUEEN_JSON_OBJECT ? queen_inference_get_text (root, "sse_url") : NULL;

  return url ? dup_path_of (url) : NULL;
}

char *
queen_short_answer_dup_explanation (const GString *answer)
{
  static const char *const wanted[] = { "message", "error", "errors", "[]message", NULL };
  g_autoptr (QueenJson) json = queen_json_new (answer->str, answer->len, wanted, NULL);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;

  if (!root)
    return NULL;
  for (const QueenJsonValue *one = root; one < root + 1 + root->n_within; one++)
    if (one->type == QUEEN_JSON_STRING && g_strcmp0 (one->name, "message") == 0)
      return queen_legible_dup (one->string, MAX_EXPLANATION);
  return NULL;
}
