/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-state.h"

G_BEGIN_DECLS

/**
 * queen_state_file_take:
 * @directory: where a former life of the queen may have left its state
 * @error: why there is none although there should be one, or why none can be left there
 *
 * Reads the state and removes it: it is good for one life. Were it still there after a crash, that
 * life's event numbers would be given out again, and who has gone since would be back.
 *
 * What cannot be read, or is none, is set aside under another name, and @error says so.
 *
 * Returns: (transfer full): the state; %NULL without an error when none was left
 */
QueenState *queen_state_file_take (const char *directory, GError **error);

/**
 * queen_state_file_leave:
 * @directory: where the next life of the queen looks for it
 * @error: what kept it from being written; what was there before is then as it was
 *
 * Leaves @state to the next life, whole or not at all, and readable for nobody else.
 */
gboolean queen_state_file_leave (const char *directory, const QueenState *state, GError **error);

G_END_DECLS
