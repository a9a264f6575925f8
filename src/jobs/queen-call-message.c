/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-call-message.h"

#include "net/queen-via.h"

SoupMessage *
queen_call_message_new (const QueenCallRequest *request, gboolean is_repeated)
{
  const QueenTarget *target = request->target;
  g_autofree char *path = g_strconcat (target->path, request->path, NULL);
  g_autofree char *via = queen_via_dup_with_own (request->via);
  g_autoptr (GUri) uri = g_uri_build (G_URI_FLAGS_ENCODED, target->scheme, NULL, target->host,
                                      target->port, path, NULL, NULL);
  SoupMessage *message = soup_message_new_from_uri (request->method, uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  /* Without IDEMPOTENT libsoup makes a new connection for each POST, whatever it has kept. */
  soup_message_add_flags (message,
                          is_repeated ? SOUP_MESSAGE_NEW_CONNECTION : SOUP_MESSAGE_IDEMPOTENT);
  soup_message_headers_append (headers, "Accept", request->accept);
  soup_message_headers_append (headers, "Via", via);
  if (request->token)
    {
      g_autofree char *value = g_strconcat ("Bearer ", request->token, NULL);

      soup_message_headers_append (headers, "Authorization", value);
    }
  if (request->body)
    soup_message_set_request_body_from_bytes (message, "application/json", request->body);
  return message;
}
