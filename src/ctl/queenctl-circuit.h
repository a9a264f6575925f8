/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-checkup.h"

G_BEGIN_DECLS

/**
 * QueenctlCircuit:
 *
 * The way of an event from each of several queens to those who listen to each of them: it listens
 * to all, and has one after the other told of a worker that has stopped, and is forgotten again
 * when all is done.
 */
typedef struct _QueenctlCircuit QueenctlCircuit;

/**
 * queenctl_circuit_new:
 * @checkups: (element-type QueenctlCheckup): the queens, in whom it notes how long their streams
 * take to begin; they outlive it
 * @diagnosis: is told of streams that do not open, or do not begin at once
 *
 * Returns: (transfer full): a circuit with all streams open that could be
 */
QueenctlCircuit *queenctl_circuit_new (GPtrArray *checkups, QueenctlDiagnosis *diagnosis);

void queenctl_circuit_free (QueenctlCircuit *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlCircuit, queenctl_circuit_free)

/**
 * queenctl_circuit_measure:
 * @deadline: µs, monotonic: no event sets out after it
 * @diagnosis: is told which events do not arrive, or late
 *
 * Has events go all ways. What was put there is taken away again, also when we are told to end.
 *
 * Returns: %FALSE with %QUEENCTL_ERROR_CANCELLED in that case
 */
gboolean queenctl_circuit_measure (QueenctlCircuit *self,
                                   gint64 deadline,
                                   QueenctlDiagnosis *diagnosis,
                                   GError **error);

/**
 * queenctl_circuit_get_way:
 * @from: the number of the queen who is told
 * @to: of the one who is listened to
 * @median: (out): µs that half of the events took at the most
 * @most: (out): µs that all took at the most
 *
 * Returns: how many events that is of
 */
guint queenctl_circuit_get_way (
    QueenctlCircuit *self, guint from, guint to, gint64 *median, gint64 *most);

G_END_DECLS
