/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-target.h"

G_BEGIN_DECLS

#define QUEEN_CHAT_ONLY_KEPT (10 * G_TIME_SPAN_MINUTE)
#define QUEEN_CHAT_ONLY_MAX 4096 /* workers that are remembered */

/**
 * QueenChatOnly:
 *
 * Which workers answer a chat, and know no completions: whoever asks them for one is brought to
 * their chat at once. It is forgotten after %QUEEN_CHAT_ONLY_KEPT, as another server may have taken
 * the place of the one that was there.
 */
typedef struct _QueenChatOnly QueenChatOnly;

QueenChatOnly *queen_chat_only_new (void);

void queen_chat_only_free (QueenChatOnly *self);

/**
 * queen_chat_only_note:
 * @id: of a worker
 * @target: where it is; somewhere else it is another one
 * @now: µs, monotonic
 *
 * It has answered a chat, and said that it knows no completions.
 */
void
queen_chat_only_note (QueenChatOnly *self, const char *id, const QueenTarget *target, gint64 now);

/** It is not so any more. */
void queen_chat_only_forget (QueenChatOnly *self, const char *id, const QueenTarget *target);

/** Returns: whether that was noted of it lately */
gboolean
queen_chat_only_has (QueenChatOnly *self, const char *id, const QueenTarget *target, gint64 now);

G_END_DECLS
