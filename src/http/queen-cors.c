/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-cors.h"

void
queen_cors_allow (SoupServerMessage *message,
                  const char *origin,
                  QueenPage page,
                  const char *methods)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  gboolean is_reader = page == QUEEN_PAGE_READER;

  soup_message_headers_append (headers, "Vary", "Origin");
  if (!origin || page == QUEEN_PAGE_STRANGER)
    return;
  soup_message_headers_append (headers, "Access-Control-Allow-Origin", is_reader ? "*" : origin);
  if (page == QUEEN_PAGE_FRIEND)
    soup_message_headers_append (headers, "Access-Control-Allow-Credentials", "true");
  if (!methods)
    return;
  soup_message_headers_append (headers, "Access-Control-Allow-Methods",
                               is_reader ? "GET, HEAD" : methods);
  soup_message_headers_append (headers, "Access-Control-Allow-Headers",
                               "Authorization, Content-Type, Last-Event-ID");
  soup_message_headers_append (headers, "Access-Control-Max-Age", "600");
}
