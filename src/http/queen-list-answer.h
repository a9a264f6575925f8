/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-list.h"
#include "queen-exchange.h"

G_BEGIN_DECLS

/**
 * queen_list_answer_dup_asker:
 *
 * Returns: (transfer full): who asks for a list, for taking turns with the others who ask:
 *   queen_shares_dup_asker()
 */
char *queen_list_answer_dup_asker (QueenExchange *exchange);

/**
 * queen_list_answer_give:
 * @list: which is ready for who wants it so: queen_list_is_ready()
 *
 * Answers 200, with the list's version as the entity tag when it has one.
 */
void queen_list_answer_give (QueenExchange *exchange, const QueenList *list, gboolean wants_gzip);

/**
 * queen_list_answer_unchanged:
 * @version: of the list that would be given
 *
 * Answers 304 if the client says that it has that list already: RFC 9110 § 13.1.2. Whoever takes
 * gzip may as well have it as it is.
 *
 * Returns: whether it has answered
 */
gboolean
queen_list_answer_unchanged (QueenExchange *exchange, const char *version, gboolean wants_gzip);

/** Answers 503 to who made room for somebody else's list. */
void queen_list_answer_refuse (QueenExchange *exchange);

G_END_DECLS
