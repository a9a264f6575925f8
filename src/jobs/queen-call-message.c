/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-call-message.h"

#include "net/queen-via.h"
#include "queen-passes.h"

SoupMessage *
queen_call_message_new (const QueenCallRequest *request, gboolean is_repeated)
{
  const QueenTarget *target = request->target;
  g_autofree char *path = g_strconcat (target->path, request->path, NULL);
  g_autofree char *via = queen_via_dup_with_own (request->via);
  g_autofree char *bearer = request->token ? g_strconcat ("Bearer ", request->token, NULL) : NULL;
  g_autoptr (GUri) uri = g_uri_build (G_URI_FLAGS_ENCODED, target->scheme, NULL, target->host,
                                      target->port, path, NULL, NULL);
  SoupMessage *message = soup_message_new_from_uri (request->method, uri);
  const char *const headers[][2] = { { "Accept", request->accept },
                                     { "Via", via },
                                     { QUEEN_PASS_HEADER, request->pass },
                                     { "Last-Event-ID", request->last_id },
                                     { "Authorization", bearer } };

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  /* Without IDEMPOTENT libsoup makes a new connection for each POST, whatever it has kept. */
  soup_message_add_flags (message,
                          is_repeated ? SOUP_MESSAGE_NEW_CONNECTION : SOUP_MESSAGE_IDEMPOTENT);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    if (headers[i][1])
      soup_message_headers_append (soup_message_get_request_headers (message), headers[i][0],
                                   headers[i][1]);
  if (request->body)
    soup_message_set_request_body_from_bytes (message, "application/json", request->body);
  return message;
}
