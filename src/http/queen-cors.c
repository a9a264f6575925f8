/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-cors.h"

#define HEADERS "Authorization, Content-Type, Last-Event-ID"

/* What OpenAI's own client in a browser sends with each request. */
#define STAINLESS "X-Stainless-"
#define OPENAI_HEADERS                                                                             \
  HEADERS ", Idempotency-Key, X-Queen-Worker, X-Queen-Affinity, X-Queen-Reservation, "             \
          "OpenAI-Organization, OpenAI-Project, " STAINLESS "Arch, " STAINLESS "Async, " STAINLESS \
          "Lang, " STAINLESS "OS, " STAINLESS "Package-Version, " STAINLESS                        \
          "Poll-Helper, " STAINLESS "Retry-Count, " STAINLESS "Runtime, " STAINLESS                \
          "Runtime-Version, " STAINLESS "Timeout"

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
                             queen_exchange_speaks_openai (exchange) ? OPENAI_HEADERS : HEADERS);
  queen_exchange_add_header (exchange, "Access-Control-Max-Age", "600");
}
