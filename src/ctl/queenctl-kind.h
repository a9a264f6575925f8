/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-component.h"

G_BEGIN_DECLS

/**
 * queenctl_kind_parse:
 * @text: (nullable): `worker` or `hive`, or more of them: `workers`, `hives`
 *
 * Returns: whether it is one of them
 */
gboolean queenctl_kind_parse (const char *text, QueenComponentKind *kind);

/**
 * queenctl_kind_parse_argument:
 * @text: what the command line says
 *
 * Returns: whether it is a kind; otherwise an error, which names the nearest one
 */
gboolean queenctl_kind_parse_argument (const char *text, QueenComponentKind *kind, GError **error);

/**
 * queenctl_kind_get_label:
 *
 * Returns: the kind for people, in their language
 */
const char *queenctl_kind_get_label (QueenComponentKind kind);

G_END_DECLS
