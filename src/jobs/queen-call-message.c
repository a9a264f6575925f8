/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-call-message.h"

#include <string.h>

#include "net/queen-via.h"
#include "queen-passes.h"

#define MAX_DIGITS 18 /* of a number that libsoup's type can hold */
#define TEXTS(request)                                                                             \
  {                                                                                                \
    &(request)->path, &(request)->token, &(request)->pass, &(request)->last_id, &(request)->via,   \
        &(request)->submitter,                                                                     \
  }
#define FAULT "queen-call-fault"
#define RESTARTED "queen-call-restarted"

/* RFC 9110 § 8.6. libsoup takes any number that C does, and GLib warns of those below 0. The status
 * is set as soon as the head has been read, and before anything is made of it. */
static void
on_status (SoupMessage *message)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  const char *length = soup_message_headers_get_list (headers, "Content-Length");
  gsize n_digits = length ? strspn (length, "0123456789") : 1;

  if (n_digits > 0 && n_digits <= MAX_DIGITS && (!length || length[n_digits] == '\0'))
    return;
  soup_message_headers_remove (headers, "Content-Length");
  g_object_set_data (G_OBJECT (message), FAULT, (gpointer) "its answer has a wrong Content-Length");
}

/* Where a connection that was kept is closed without an answer, libsoup sends what is idempotent
 * once more: on a connection that it makes without the turnstile, or on another one that was kept,
 * and forgets then that the first has failed already. */
static void
on_restarted (SoupMessage *message, GCancellable *cancellable)
{
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  g_object_set_data (G_OBJECT (message), RESTARTED, message);
  g_cancellable_cancel (cancellable);
}

gboolean
queen_call_message_is_restarted (SoupMessage *message)
{
  return g_object_get_data (G_OBJECT (message), RESTARTED) != NULL;
}

const char *
queen_call_message_get_fault (SoupMessage *message)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  const char *coding = soup_message_headers_get_one (headers, "Content-Encoding");

  if (coding && g_ascii_strcasecmp (coding, "identity") != 0)
    return "its answer is compressed, which nobody has asked for";
  return g_object_get_data (G_OBJECT (message), FAULT);
}

gboolean
queen_call_message_is_reset (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

const char *
queen_call_message_explain (const GError *error)
{
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return "there is no secure connection to it: its certificate is not trusted";
  if (error->domain == G_TLS_ERROR)
    return "there is no secure connection to it: it speaks no TLS, or has ended it";
  return error->domain == G_RESOLVER_ERROR ? "its name is not known" : "it refuses connections";
}

void
queen_call_request_own (QueenCallRequest *request)
{
  const char **texts[] = TEXTS (request);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    *texts[i] = g_strdup (*texts[i]);
  if (request->body)
    g_bytes_ref (request->body);
}

void
queen_call_request_clear (QueenCallRequest *request)
{
  const char **texts[] = TEXTS (request);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free ((char *) *texts[i]);
  g_clear_pointer (&request->body, g_bytes_unref);
}

SoupMessage *
queen_call_message_new (const QueenCallRequest *request,
                        gboolean is_repeated,
                        GCancellable *cancellable)
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

  g_signal_connect (message, "notify::status-code", G_CALLBACK (on_status), NULL);
  queen_soup_stream (message, cancellable, 0);
  queen_soup_connect (message, "restarted", G_CALLBACK (on_restarted), cancellable);
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
