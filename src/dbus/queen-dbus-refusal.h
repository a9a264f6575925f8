/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-head.h"

G_BEGIN_DECLS

/* What is left of a call that is refused because there are too many: as little as an answer to it
 * needs. */

/**
 * QUEEN_DBUS_REFUSAL:
 *
 * The header field of such a call. It holds the name by which she was called.
 * The D-Bus Specification does not use the number, and what it does not know must be ignored.
 */
#define QUEEN_DBUS_REFUSAL 0x53

/**
 * queen_dbus_refusal_new:
 * @call: one whose fields have been read
 *
 * Returns: (transfer full) (nullable): the call as a refused one, a message without a body; %NULL
 *   when nobody waits for an answer, or that would be too large to be kept
 */
GBytes *queen_dbus_refusal_new (const QueenDBusHead *call);

G_END_DECLS
