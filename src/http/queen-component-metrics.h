/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-registry.h"

G_BEGIN_DECLS

/* Components for which there are series at the most: they are written in one go. */
#define QUEEN_COMPONENT_METRICS_MAX 5000
#define QUEEN_COMPONENT_METRICS_MAX_BYTES (4 * 1024 * 1024)

/**
 * queen_component_metrics_append:
 * @registries: those of both kinds
 *
 * A series for each component, offline ones included; and figures that say for how many there are
 * some, and for how many not. When more than %QUEEN_COMPONENT_METRICS_MAX are known, or @text would
 * be longer than %QUEEN_COMPONENT_METRICS_MAX_BYTES, there are none of the senders who have most.
 */
void queen_component_metrics_append (GString *text,
                                     QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS]);

G_END_DECLS
