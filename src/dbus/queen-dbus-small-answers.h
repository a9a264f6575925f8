/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-receipts.h"

G_BEGIN_DECLS

/**
 * QueenDBusSmallAnswers:
 *
 * All answers of a connection that are no large ones, be they GDBus's own: each is so little that
 * nobody waits for it to be read, but who asks for very many and reads none would have the bus stop
 * reading from the queen. So they are counted as they go out, and from some amount on the calls of
 * who has not read are not let in. They are not refused either, as that is an answer, too.
 */
typedef struct _QueenDBusSmallAnswers QueenDBusSmallAnswers;

/**
 * queen_dbus_small_answers_new:
 * @receipts: of @connection, which are told of them; must outlive them, as @connection must
 */
QueenDBusSmallAnswers *queen_dbus_small_answers_new (GDBusConnection *connection,
                                                     QueenDBusReceipts *receipts);

void queen_dbus_small_answers_free (QueenDBusSmallAnswers *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusSmallAnswers, queen_dbus_small_answers_free)

G_END_DECLS
