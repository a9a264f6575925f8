/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-fetcher.h"

#include <libsoup/soup.h>

#include "build-config.h"

#define MAX_CONNECTIONS 512
#define SILENCE_SEC 6 /* longer than any answer may take: the timer is what ends one */
#define PIECE 65536   /* bytes that are read at once */

struct _QueenFetcher
{
  SoupSession *session;
};

struct _QueenFetch
{
  SoupMessage *message;
  GCancellable *cancellable;
  GInputStream *body;
  GByteArray *bytes;
  gsize max;
  guint timer;
  gboolean is_late;
  QueenFetchFunc func; /* NULL when nobody wants the answer */
  gpointer data;
};

gboolean
queen_fetcher_is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address ? g_inet_address_get_is_loopback (address)
                 : g_ascii_strcasecmp (host, "localhost") == 0;
}

QueenFetcher *
queen_fetcher_new (GTlsDatabase *trusted)
{
  QueenFetcher *self = g_new0 (QueenFetcher, 1);

  self->session = soup_session_new_with_options ("max-conns", MAX_CONNECTIONS, "max-conns-per-host",
                                                 MAX_CONNECTIONS, "timeout", SILENCE_SEC,
                                                 "idle-timeout", 60, "proxy-resolver", NULL,
                                                 "user-agent", "queenctl/" QUEEN_VERSION, NULL);
  if (trusted)
    soup_session_set_tls_database (self->session, trusted);
  /* Nobody is asked for a name and a password. */
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_AUTH_MANAGER);
  return self;
}

void
queen_fetcher_free (QueenFetcher *self)
{
  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_free (self);
}

static void
fetch_free (QueenFetch *fetch)
{
  g_clear_handle_id (&fetch->timer, g_source_remove);
  g_clear_object (&fetch->message);
  g_clear_object (&fetch->cancellable);
  g_clear_object (&fetch->body);
  g_byte_array_unref (fetch->bytes);
  g_free (fetch);
}

static void
end_fetch (QueenFetch *fetch, GError *cause)
{
  g_autoptr (GError) error = cause;
  QueenServerAnswer answer;

  if (fetch->is_late)
    {
      g_clear_error (&error);
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in time");
    }
  if (fetch->func && error)
    fetch->func (NULL, error, fetch->data);
  else if (fetch->func)
    {
      answer.status = soup_message_get_status (fetch->message);
      answer.length = fetch->bytes->len;
      answer.is_kept = soup_message_is_keepalive (fetch->message);
      g_byte_array_append (fetch->bytes, (const guint8 *) "", 1);
      answer.body = (const char *) fetch->bytes->data;
      fetch->func (&answer, NULL, fetch->data);
    }
  fetch_free (fetch);
}

static void read_on (QueenFetch *fetch);

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenFetch *fetch = data;
  GError *error = NULL;
  g_autoptr (GBytes) piece =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize length = piece ? g_bytes_get_size (piece) : 0;

  if (!piece || length == 0)
    {
      end_fetch (fetch, error);
      return;
    }
  if (fetch->bytes->len + length > fetch->max)
    {
      g_cancellable_cancel (fetch->cancellable);
      end_fetch (fetch,
                 g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "over %d bytes", (int) fetch->max));
      return;
    }
  g_byte_array_append (fetch->bytes, g_bytes_get_data (piece, NULL), (guint) length);
  read_on (fetch);
}

static void
read_on (QueenFetch *fetch)
{
  g_input_stream_read_bytes_async (fetch->body, PIECE, G_PRIORITY_DEFAULT, fetch->cancellable,
                                   on_read, fetch);
}

static void
on_head (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenFetch *fetch = data;
  GError *error = NULL;

  fetch->body = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (fetch->body)
    read_on (fetch);
  else
    end_fetch (fetch, error);
}

static gboolean
on_fetch_late (gpointer data)
{
  QueenFetch *fetch = data;

  fetch->timer = 0;
  fetch->is_late = TRUE;
  g_cancellable_cancel (fetch->cancellable);
  return G_SOURCE_REMOVE;
}

/* The head is on its way: whoever is there has the rest of the time. */
static void
on_wrote_question (SoupMessage *message, gpointer data)
{
  QueenFetch *fetch = data;

  if (fetch->timer == 0)
    return;
  g_source_remove (fetch->timer);
  fetch->timer = g_timeout_add (QUEEN_FETCHER_ANSWER_MSEC, on_fetch_late, fetch);
}

static gboolean
on_certificate (SoupMessage *message,
                GTlsCertificate *certificate,
                GTlsCertificateFlags flags,
                gpointer data)
{
  return queen_fetcher_is_loopback (g_uri_get_host (soup_message_get_uri (message)));
}

QueenFetch *
queen_fetcher_get (
    QueenFetcher *self, const char *url, gsize max, QueenFetchFunc func, gpointer data)
{
  QueenFetch *fetch = g_new0 (QueenFetch, 1);

  fetch->message = soup_message_new ("GET", url);
  fetch->cancellable = g_cancellable_new ();
  fetch->bytes = g_byte_array_new ();
  fetch->max = max;
  fetch->func = func;
  fetch->data = data;
  fetch->timer = g_timeout_add (QUEEN_FETCHER_CONNECT_MSEC, on_fetch_late, fetch);
  soup_message_add_flags (fetch->message, SOUP_MESSAGE_NO_REDIRECT);
  g_signal_connect (fetch->message, "wrote-headers", G_CALLBACK (on_wrote_question), fetch);
  g_signal_connect (fetch->message, "accept-certificate", G_CALLBACK (on_certificate), NULL);
  soup_session_send_async (self->session, fetch->message, G_PRIORITY_DEFAULT, fetch->cancellable,
                           on_head, fetch);
  return fetch;
}

void
queen_fetch_cancel (QueenFetch *fetch)
{
  fetch->func = NULL;
  g_cancellable_cancel (fetch->cancellable);
}
