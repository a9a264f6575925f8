/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-holds.h"

G_BEGIN_DECLS

/**
 * queen_hold_dispatch_write:
 * @component_id: who is held
 *
 * Appends what one queen tells the others of a hold: an object of JSON. One that lasts as long as
 * somebody is on this machine's bus is told without that: she ends it when he leaves.
 */
void queen_hold_dispatch_write (GString *json,
                                QueenComponentKind kind,
                                const char *component_id,
                                const QueenHold *hold);

/**
 * queen_hold_dispatch_read:
 * @text: any bytes
 * @now: ns since 1970
 * @entry: (out): to be cleared with queen_hold_entry_clear(); nothing after an error
 * @error: %QUEEN_ERROR_BAD_REQUEST or %QUEEN_ERROR_UNPROCESSABLE
 *
 * The reverse. Nothing that @text says is trusted.
 */
gboolean queen_hold_dispatch_read (
    const char *text, gsize length, gint64 now, QueenHoldEntry *entry, GError **error);

G_END_DECLS
