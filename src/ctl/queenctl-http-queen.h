/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-http.h"
#include "queenctl-queen.h"

G_BEGIN_DECLS

#define QUEENCTL_TYPE_HTTP_QUEEN (queenctl_http_queen_get_type ())
G_DECLARE_FINAL_TYPE (QueenctlHttpQueen, queenctl_http_queen, QUEENCTL, HTTP_QUEEN, QueenctlQueen)

/**
 * queenctl_http_queen_new:
 * @http: (transfer full): the way to her
 *
 * Returns: (transfer full): a queen; whether she is there shows when she is asked
 */
QueenctlQueen *queenctl_http_queen_new (QueenctlHttp *http);

G_END_DECLS
