/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-exposition.h"
#include "text/queen-json.h"

G_BEGIN_DECLS

/**
 * QueenServerAnswer:
 * @status: of HTTP
 * @body: what came, with a NUL behind it
 * @length: its bytes
 * @is_kept: whether the connection stays open for the next question
 *
 * What a server has answered to a GET.
 */
typedef struct
{
  guint status;
  const char *body;
  gsize length;
  gboolean is_kept;
} QueenServerAnswer;

/**
 * QueenQuestionKind:
 * @QUEEN_QUESTION_ALWAYS: asked at each look
 * @QUEEN_QUESTION_INSTEAD: asked when nothing before it was answered in this look
 * @QUEEN_QUESTION_RARELY: asked at the first look, and four times a minute
 */
typedef enum
{
  QUEEN_QUESTION_ALWAYS,
  QUEEN_QUESTION_INSTEAD,
  QUEEN_QUESTION_RARELY,
} QueenQuestionKind;

/**
 * QueenQuestion:
 * @path: what is asked for; %NULL ends a list
 * @read: puts into @reading what an answer says; it may say anything at all.
 *   Returns whether it is an answer to the question
 */
typedef struct
{
  const char *path;
  QueenQuestionKind kind;
  gboolean (*read) (const QueenServerAnswer *answer, QueenReading *reading);
} QueenQuestion;

/**
 * QueenAdapter:
 * @name: (nullable): of the server, as heartbeats say it; %NULL for one that is not known
 * @api: (nullable): the API that it has, as heartbeats say it
 * @sign: (nullable): a path of which the answer shows whether it is this server
 * @recognise: (nullable): whether it does
 * @questions: what it is asked
 *
 * All that is known of one kind of server. A new one takes a file and a row in queen-adapter.c.
 */
typedef struct
{
  const char *name;
  const char *api;
  const char *sign;
  gboolean (*recognise) (const QueenServerAnswer *answer);
  QueenQuestion questions[6];
} QueenAdapter;

extern const QueenAdapter queen_adapter_comfyui;
extern const QueenAdapter queen_adapter_infinity;
extern const QueenAdapter queen_adapter_llama_cpp;
extern const QueenAdapter queen_adapter_llama_cpp_by_props;
extern const QueenAdapter queen_adapter_llama_swap;
extern const QueenAdapter queen_adapter_ollama;
extern const QueenAdapter queen_adapter_openai;
extern const QueenAdapter queen_adapter_rbee;
extern const QueenAdapter queen_adapter_sglang;
extern const QueenAdapter queen_adapter_sglang_by_info;
extern const QueenAdapter queen_adapter_tensorrt_llm;
extern const QueenAdapter queen_adapter_tgi;
extern const QueenAdapter queen_adapter_triton;
extern const QueenAdapter queen_adapter_unknown;
extern const QueenAdapter queen_adapter_vllm;
extern const QueenAdapter queen_adapter_whisper_cpp;

/**
 * queen_adapter_list_signs:
 *
 * Returns: (array zero-terminated=1): the paths by which servers are recognised, in the order in
 * which they are to be asked for
 */
const char *const *queen_adapter_list_signs (void);

/**
 * queen_adapter_recognise:
 * @sign: one of the above
 * @answer: what came
 *
 * Returns: (nullable): the adapter for whoever answers so
 */
const QueenAdapter *queen_adapter_recognise (const char *sign, const QueenServerAnswer *answer);

/* For the adapters: what several servers have in common. */

/**
 * queen_adapter_parse:
 * @wanted: names of members, %NULL-terminated, as queen_json_new() takes them
 *
 * Returns: (transfer full) (nullable): the answer, if all is well and it is an object or array
 */
QueenJson *queen_adapter_parse (const QueenServerAnswer *answer, const char *const *wanted);

/** Returns: (nullable): a text that is a member of @object, which may be anything */
const char *queen_adapter_get_text (const QueenJsonValue *object, const char *name);

/** Returns: a number that is a member of @object, which may be anything; -1 for none or another */
double queen_adapter_get_number (const QueenJsonValue *object, const char *name);

/** Returns: (nullable): an array that is a member of @object, which may be anything */
const QueenJsonValue *queen_adapter_get_array (const QueenJsonValue *object, const char *name);

/**
 * queen_adapter_read_models:
 *
 * A question's function for `/v1/models` (OpenAI's API): which models it serves.
 */
gboolean queen_adapter_read_models (const QueenServerAnswer *answer, QueenReading *reading);

/**
 * queen_adapter_read_health:
 *
 * A question's function for `/health`: 200 is well, 503 is loading if it says so, or else trouble.
 */
gboolean queen_adapter_read_health (const QueenServerAnswer *answer, QueenReading *reading);

/** Returns: whether it says that it is there, but loads: that is 503, and a word about it */
gboolean queen_adapter_is_loading (const QueenServerAnswer *answer);

/**
 * queen_adapter_has_owner:
 *
 * Returns: whether `/v1/models` says that the models are of @owner
 */
gboolean queen_adapter_has_owner (const QueenServerAnswer *answer, const char *owner);

G_END_DECLS
