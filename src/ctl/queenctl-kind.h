/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  QUEENCTL_KIND_WORKER,
  QUEENCTL_KIND_HIVE,
} QueenctlKind;

#define QUEENCTL_N_KINDS 2

/**
 * queenctl_kind_parse:
 * @text: (nullable): `worker` or `hive`, or more of them: `workers`, `hives`
 *
 * Returns: whether it is one of them
 */
gboolean queenctl_kind_parse (const char *text, QueenctlKind *kind);

/**
 * queenctl_kind_parse_argument:
 * @text: what the command line says
 *
 * Returns: whether it is a kind; otherwise an error, which names the nearest one
 */
gboolean queenctl_kind_parse_argument (const char *text, QueenctlKind *kind, GError **error);

/**
 * queenctl_kind_get_nick:
 *
 * Returns: `worker` or `hive`
 */
const char *queenctl_kind_get_nick (QueenctlKind kind);

/**
 * queenctl_kind_get_plural:
 *
 * Returns: `workers` or `hives`
 */
const char *queenctl_kind_get_plural (QueenctlKind kind);

/**
 * queenctl_kind_get_label:
 *
 * Returns: the kind for people, in their language
 */
const char *queenctl_kind_get_label (QueenctlKind kind);

G_END_DECLS
