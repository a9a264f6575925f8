/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-list-answer.h"

#include <libsoup/soup.h>

#include "net/queen-shares.h"
#include "queen-error.h"

#define JSON "application/json"
#define GZIP_SUFFIX "-gzip"

char *
queen_list_answer_dup_asker (QueenExchange *exchange)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);

  return queen_shares_dup_asker (request->client, request->is_forwarded,
                                 queen_exchange_get_owner (exchange));
}

/* @suffix: what tells the tag from that of the same list in another coding: RFC 9110 § 8.8.3.3 */
static void
set_version (QueenExchange *exchange, const char *version, const char *suffix)
{
  queen_exchange_take_header (exchange, "ETag", g_strdup_printf ("W/\"%s%s\"", version, suffix));
  queen_exchange_add_header (exchange, "Cache-Control", "private, no-cache");
}

void
queen_list_answer_give (QueenExchange *exchange, const QueenList *list, gboolean wants_gzip)
{
  gboolean is_packed = wants_gzip && list->packed;

  queen_exchange_vary (exchange);
  if (list->version)
    set_version (exchange, list->version, is_packed ? GZIP_SUFFIX : "");
  queen_exchange_answer_shared (exchange, SOUP_STATUS_OK, JSON,
                                is_packed ? list->packed : list->json);
  if (is_packed)
    queen_exchange_set_packed (exchange);
}

static gboolean
answer_known (QueenExchange *exchange, const char *version, const char *suffix)
{
  g_autofree char *tag = g_strdup_printf ("\"%s%s\"", version, suffix);

  if (!queen_exchange_knows (exchange, tag))
    return FALSE;
  queen_exchange_vary (exchange);
  set_version (exchange, version, suffix);
  queen_exchange_answer (exchange, SOUP_STATUS_NOT_MODIFIED, NULL, NULL);
  return TRUE;
}

gboolean
queen_list_answer_unchanged (QueenExchange *exchange, const char *version, gboolean wants_gzip)
{
  return (wants_gzip && answer_known (exchange, version, GZIP_SUFFIX)) ||
         answer_known (exchange, version, "");
}

void
queen_list_answer_refuse (QueenExchange *exchange)
{
  g_autoptr (GError) error = NULL;

  queen_error_refuse (&error, QUEEN_ERROR_UNAVAILABLE, "too many lists are asked for at once");
  queen_exchange_answer_error (exchange, error);
}
