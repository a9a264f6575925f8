/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "config/queen-config.h"
#include "system/queen-reload.h"

G_BEGIN_DECLS

/**
 * queen_secrets_new:
 * @apply: takes all the files that can be given anew while she runs: tokens, certificates, keys and
 *   the password of the engine
 *
 * Returns: (transfer full): reads them when it is asked to
 */
QueenReload *queen_secrets_new (const QueenConfig *config,
                                const QueenClock *clock,
                                void (*apply) (gpointer data),
                                gpointer data);

G_END_DECLS
