/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "tls-queen.h"

#include <signal.h>
#include <string.h>

TlsQueen *
tls_queen_start_as (TlsIdentity *identity,
                    const char *const *environment,
                    const char *const *options)
{
  TlsQueen *queen = g_new0 (TlsQueen, 1);
  g_autofree char *certificate = g_strconcat ("--tls-certificate=", identity->certificate, NULL);
  g_autofree char *key = g_strconcat ("--tls-key=", identity->key, NULL);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();

  g_ptr_array_add (arguments, (char *) "--port=0");
  g_ptr_array_add (arguments, (char *) "--ui-port=off");
  g_ptr_array_add (arguments, (char *) "--bus=none");
  g_ptr_array_add (arguments, (char *) "--heartbeat-interval=1h");
  g_ptr_array_add (arguments, certificate);
  g_ptr_array_add (arguments, key);
  for (guint i = 0; options && options[i]; i++)
    g_ptr_array_add (arguments, (char *) options[i]);
  g_ptr_array_add (arguments, NULL);

  queen->identity = identity;
  queen->process = queen_process_spawn (&(QueenProcessSetup){
      .arguments = (const char *const *) arguments->pdata, .environment = environment });
  queen_process_wait_ready (queen->process);
  queen->port = queen_process_get_port (queen->process);
  return queen;
}

TlsQueen *
tls_queen_start (const char *option, const char *other_option)
{
  const char *options[] = { option, other_option, NULL };

  return tls_queen_start_as (tls_identity_new ("first"), NULL, options);
}

void
tls_queen_stop (TlsQueen *queen)
{
  queen_process_stop (queen->process);
  tls_identity_free (queen->identity);
  g_free (queen);
}

void
tls_queen_stop_after_warning (TlsQueen *queen)
{
  queen_process_signal (queen->process, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen->process), ==, 0);
  queen_process_free (queen->process);
  tls_identity_free (queen->identity);
  g_free (queen);
}

void
tls_queen_beat (TlsQueen *queen, const char *id)
{
  g_autofree char *json = g_strdup_printf ("{\"worker_id\":\"%s\",\"status\":\"ready\"}", id);
  g_autofree char *request = g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\n"
                                              "Host: localhost\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %zu\r\n\r\n%s",
                                              strlen (json), json);
  g_autoptr (HttpAnswer) answer = tls_exchange (queen->port, queen->identity, request);

  if (answer->status != 200)
    g_error ("heartbeat of %s: %u %s", id, answer->status, answer->body);
}

SseClient *
tls_queen_open_stream (TlsQueen *queen, int receive_buffer, const char *query)
{
  SseClient *client =
      sse_client_open_tls (queen->port, queen->identity, receive_buffer, query, NULL);
  g_autoptr (SseFrame) snapshot = sse_client_next (client);

  g_assert_cmpstr (snapshot->retry, ==, "2000");
  g_assert_cmpstr (sse_frame_get_string (snapshot, "type"), ==, "queen");
  return client;
}
