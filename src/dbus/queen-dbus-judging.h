/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-frames.h"
#include "queen-dbus-head.h"

G_BEGIN_DECLS

/* What a message is to her, by its head; #QueenDBusFrames goes by that. */

/** Returns: whether it is one that she does not know, or a signal of others than the bus */
gboolean queen_dbus_judging_is_strange (const QueenDBusHead *head);

/** Returns: whether it is an answer, and not of the bus */
gboolean queen_dbus_judging_is_answer_of_others (const QueenDBusHead *head);

/** Returns: whether it is an error that is read as it is, as @errors in @limits has it */
gboolean queen_dbus_judging_is_wanted_error (const QueenDBusHead *head,
                                             const QueenDBusFramesLimits *limits);

/** Returns: whether it is for one of @methods of the interface and the object in @limits */
gboolean queen_dbus_judging_is_method_of (const QueenDBusHead *head,
                                          const QueenDBusFramesLimits *limits,
                                          const char *const *methods);

/** Returns: how many bytes its body may have */
gsize queen_dbus_judging_get_most (const QueenDBusHead *head, const QueenDBusFramesLimits *limits);

/**
 * queen_dbus_judging_is_deep:
 * @head: of a message of which all is there
 *
 * Returns: whether it is a call with values that are in too many others, or that are not what its
 *   signature says
 */
gboolean queen_dbus_judging_is_deep (const QueenDBusHead *head,
                                     const QueenDBusFramesLimits *limits);

G_END_DECLS
