/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-error.h"

G_BEGIN_DECLS

/**
 * queen_answer_status_is_for_asker:
 * @status: of an answer that a worker or another queen gave to this one
 *
 * Returns: whether it may be handed on to whoever asked this one, with its body. Not those that
 * answer another question or none (1xx, 204, 205, 206, 3xx; RFC 9110 § 15.2 to 15.4), those that
 * are about the connection between the two, or about what this one shows to be let in (401, 407,
 * 408, 411, 417, 421, 426, 431), or what is no status of an answer at all
 */
gboolean queen_answer_status_is_for_asker (guint status);

/**
 * queen_answer_status_get_error:
 * @status: not 2xx: of an answer to a question that this queen has put into words, at a path that
 *   she chose
 *
 * Returns: what is told of it: %QUEEN_ERROR_UNPROCESSABLE when the question was wrong, which is no
 * fault of who was asked; else %QUEEN_ERROR_BAD_GATEWAY
 */
QueenError queen_answer_status_get_error (guint status);

G_END_DECLS
