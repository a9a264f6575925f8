/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-registry.h"

G_BEGIN_DECLS

/* Components for which there are series at the most: they are written in one go. */
#define QUEEN_COMPONENT_METRICS_MAX 5000

/**
 * queen_component_metrics_append:
 * @registries: those of both kinds
 * @error: %QUEEN_ERROR_BAD_REQUEST when more than %QUEEN_COMPONENT_METRICS_MAX are known
 *
 * A series for each component, offline ones included.
 */
gboolean queen_component_metrics_append (GString *text,
                                         QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS],
                                         GError **error);

G_END_DECLS
