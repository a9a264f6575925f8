/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "model/queen-state.h"

G_BEGIN_DECLS

/**
 * QueenStateFile:
 *
 * Where the queen keeps what she knows: a file in a directory that no other queen uses meanwhile.
 */
typedef struct _QueenStateFile QueenStateFile;

/**
 * queen_state_file_open:
 * @directory: where the file is, or will be
 * @error: %QUEEN_ERROR_CONFLICT when another queen has the directory, otherwise a
 * %QUEEN_ERROR_STATE
 *
 * Returns: (transfer full): the file, which is this queen's until it is freed; or %NULL
 */
QueenStateFile *queen_state_file_open (const char *directory, GError **error);

/**
 * queen_state_file_load:
 * @error: a %QUEEN_ERROR_STATE: why there is no state although there should be one
 *
 * Reads what the last epoch of the queen has saved, and marks it as not whole any longer: were it
 * loaded as whole once more after a crash, this epoch's event numbers would be given out again.
 *
 * What cannot be read, or is none, is set aside under another name, and @error says so.
 *
 * Returns: (transfer full): the state; %NULL without an error when there is none
 */
QueenState *queen_state_file_load (QueenStateFile *self, GError **error);

/**
 * queen_state_file_save:
 * @cancellable: (nullable): what makes it stop in the middle
 * @error: a %QUEEN_ERROR_STATE: what kept it from being written; what was there before is as it was
 *
 * Writes @state in the place of the last one, whole or not at all, and readable for nobody else. It
 * may take long, and be called in any thread, but in one at a time.
 */
gboolean queen_state_file_save (QueenStateFile *self,
                                const QueenState *state,
                                GCancellable *cancellable,
                                GError **error);

void queen_state_file_free (QueenStateFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenStateFile, queen_state_file_free)

G_END_DECLS
