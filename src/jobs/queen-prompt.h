/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "text/queen-json.h"

G_BEGIN_DECLS

/** What ends a turn of the assistant's in a prompt of queen_prompt_dup(). */
#define QUEEN_PROMPT_STOP "\nUser:"

/**
 * queen_prompt_dup:
 * @messages: the `messages` of a chat, of which `role`, `content` and, within it, `text` were kept
 * @error: %QUEEN_ERROR_UNPROCESSABLE when they are none
 *
 * A chat as one text, for workers that know no chats: each message is a line `System: …`, `User: …`
 * or `Assistant: …`, and `Assistant:` stands behind the last one. It is plain on purpose: which
 * template a model was taught only its own server knows.
 *
 * Returns: (transfer full): the text, or %NULL
 */
char *queen_prompt_dup (const QueenJsonValue *messages, GError **error);

G_END_DECLS
