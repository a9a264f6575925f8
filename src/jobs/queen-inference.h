/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "text/queen-json.h"

G_BEGIN_DECLS

/**
 * queen_inference_append_sampling:
 * @object: what was asked
 * @json: an object that is being written, with a member already
 *
 * Appends how the answer is to be sampled, as far as that was said: the names are the same in the
 * seed's language and in OpenAI's, whose servers know those beyond its own, too.
 */
void queen_inference_append_sampling (GString *json, const QueenJsonValue *object);

/** The members that queen_inference_append_sampling() reads, to be kept. */
#define QUEEN_INFERENCE_SAMPLING                                                                   \
  "temperature", "top_p", "top_k", "seed", "repetition_penalty", "min_p", "stop"

/**
 * queen_inference_get_text:
 *
 * Returns: (nullable): the string that @object has as @name
 */
const char *queen_inference_get_text (const QueenJsonValue *object, const char *name);

/**
 * queen_inference_get_number:
 *
 * Returns: the whole number that @object has as @name; @usual without one
 */
gint64 queen_inference_get_number (const QueenJsonValue *object, const char *name, gint64 usual);

/**
 * queen_inference_parse:
 * @body: what was asked
 * @wanted: the members to be kept
 * @error: %QUEEN_ERROR_UNPROCESSABLE when it is no JSON object
 *
 * Returns: (transfer full): it, as it was read
 */
QueenJson *queen_inference_parse (GBytes *body, const char *const *wanted, GError **error);

/**
 * queen_inference_get_prompt:
 * @asked: what the seed's `infer` has; `prompt` is among what is kept
 * @error: %QUEEN_ERROR_UNPROCESSABLE when it has none
 *
 * Returns: (nullable): what the model is to go on with
 */
const char *queen_inference_get_prompt (const QueenJsonValue *asked, GError **error);

G_END_DECLS
