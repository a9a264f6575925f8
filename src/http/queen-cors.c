/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-cors.h"

void
queen_cors_allow (QueenExchange *exchange, QueenPage page, const char *methods)
{
  const char *origin = queen_exchange_get_visitor (exchange)->origin;
  gboolean is_reader = page == QUEEN_PAGE_READER;

  queen_exchange_add_header (exchange, "Vary", "Origin");
  if (!origin || page == QUEEN_PAGE_STRANGER)
    return;
  queen_exchange_add_header (exchange, "Access-Control-Allow-Origin", is_reader ? "*" : origin);
  if (page == QUEEN_PAGE_FRIEND)
    queen_exchange_add_header (exchange, "Access-Control-Allow-Credentials", "true");
  if (!methods)
    return;
  queen_exchange_add_header (exchange, "Access-Control-Allow-Methods",
                             is_reader ? "GET, HEAD" : methods);
  queen_exchange_add_header (exchange, "Access-Control-Allow-Headers",
                             "Authorization, Content-Type, Last-Event-ID");
  queen_exchange_add_header (exchange, "Access-Control-Max-Age", "600");
}
