/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-http-destination.h"

#include <glib/gi18n.h>
#include <libsoup/soup.h>
#include <string.h>

#include "build-config.h"
#include "queen-adapter.h"
#include "queen-error.h"
#include "queen-fetcher.h"
#include "queen-host.h"
#include "queen-soup.h"
#include "text/queen-legible.h"

#define MAX_ANSWER (256 * 1024) /* bytes: each of 1 024 beats may be refused in some words */
#define MAX_INTERIM 8           /* as anything beyond is no queen's */
#define IDLE_SEC 60             /* the queen keeps a connection for 75 s */

struct _QueenHttpDestination
{
  GObject parent_instance;

  char *name;
  char *url; /* of the route */
  gboolean is_here;
  char *authorization; /* (nullable) */
  gint64 rest;         /* µs, as the last answer says */
  SoupSession *session;
};

static void http_destination_init_interface (QueenDestinationInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenHttpDestination,
                               queen_http_destination,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (QUEEN_TYPE_DESTINATION,
                                                      http_destination_init_interface))

/* One delivery. */
typedef struct
{
  SoupMessage *message;
  GPtrArray *ids; /* of the beats, in their order */
  GCancellable *cancellable;
  GCancellable *outer; /* (nullable) */
  gulong outer_id;
  guint timer;
  gboolean is_late;
  guint n_interim; /* answers of 1xx */
  GOutputStream *answer;
} Delivery;

static void
delivery_free (Delivery *delivery)
{
  g_clear_handle_id (&delivery->timer, g_source_remove);
  if (delivery->outer)
    g_cancellable_disconnect (delivery->outer, delivery->outer_id);
  g_clear_object (&delivery->outer);
  g_signal_handlers_disconnect_by_data (delivery->message, delivery);
  g_clear_object (&delivery->message);
  g_clear_object (&delivery->cancellable);
  g_clear_object (&delivery->answer);
  g_ptr_array_unref (delivery->ids);
  g_free (delivery);
}

/* What she answers */

/* Returns: (transfer full): what she says of it, on one line */
static char *
dup_said (const char *text, gsize length)
{
  static const char *const wanted[] = { "message", NULL };
  g_autoptr (QueenJson) json = queen_json_new (text, length, wanted, NULL);
  const char *message =
      json ? queen_adapter_get_text (queen_json_get_root (json), "message") : NULL;

  return message ? queen_legible_dup (message, QUEEN_DESTINATION_MAX_WORDS) : NULL;
}

static void
set_refused (QueenHttpDestination *self, guint status, const char *said, GError **error)
{
  const char *name = self->name;

  if (status == SOUP_STATUS_UNAUTHORIZED)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAUTHORIZED,
                 self->authorization ? _ ("the queen at %s does not know the token")
                                     : _ ("the queen at %s requires a token: --token-file"),
                 name);
  else if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                 _ ("the queen at %s has no room now: %s"), name, said ? said : _ ("no reason"));
  else if (SOUP_STATUS_IS_REDIRECTION (status))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_MISDIRECTED,
                 _ ("what answers at %s points elsewhere, which is not followed"), name);
  else if (!said)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_MISDIRECTED,
                 _ ("what answers at %s is no queen: it says %u"), name, status);
  else
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, _ ("the queen at %s says: %s"), name,
                 said);
}

/* How long she asks to be left alone: seconds, or a date (RFC 9110 § 10.2.3).
 *
 * Returns: µs */
static gint64
read_rest (SoupMessage *message)
{
  const char *text =
      soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");
  g_autoptr (GDateTime) date = text ? soup_date_time_new_from_http_string (text) : NULL;
  gint64 seconds = 0;

  if (date)
    seconds = g_date_time_to_unix (date) - g_get_real_time () / G_USEC_PER_SEC;
  else if (text)
    seconds = g_ascii_strtoll (text, NULL, 10);
  return CLAMP (seconds, 0, QUEEN_DESTINATION_MAX_REST_SEC) * G_USEC_PER_SEC;
}

static void
add_refusals (Delivery *delivery, const QueenJsonValue *list, GPtrArray *refusals)
{
  for (const QueenJsonValue *at = queen_json_get_first (list); at < queen_json_get_end (list);
       at = queen_json_get_end (at))
    {
      double index = queen_adapter_get_number (at, "index");
      const char *message = queen_adapter_get_text (at, "message");
      g_autofree char *words =
          message ? queen_legible_dup (message, QUEEN_DESTINATION_MAX_WORDS) : NULL;

      if (words && index >= 0 && index < delivery->ids->len)
        g_ptr_array_add (refusals,
                         queen_beat_refusal_new (g_ptr_array_index (delivery->ids, (guint) index),
                                                 words));
    }
}

/* 422 is her answer when she takes none of them, and has the same form. */
static gboolean
take_verdict (QueenHttpDestination *self, Delivery *delivery, GPtrArray *refusals, GError **error)
{
  GMemoryOutputStream *answer = G_MEMORY_OUTPUT_STREAM (delivery->answer);
  const char *text = g_memory_output_stream_get_data (answer);
  gsize length = g_memory_output_stream_get_data_size (answer);
  guint status = soup_message_get_status (delivery->message);
  g_autoptr (QueenJson) json = text ? queen_json_new (text, length, NULL, NULL) : NULL;
  const QueenJsonValue *list =
      json ? queen_adapter_get_array (queen_json_get_root (json), "rejected") : NULL;
  g_autofree char *said = text ? dup_said (text, length) : NULL;

  if (list && (status == SOUP_STATUS_OK || status == SOUP_STATUS_UNPROCESSABLE_ENTITY))
    {
      add_refusals (delivery, list, refusals);
      return TRUE;
    }
  self->rest = read_rest (delivery->message);
  set_refused (self, status, said, error);
  return FALSE;
}

/* The way there */

static void
set_unreachable (QueenHttpDestination *self,
                 Delivery *delivery,
                 const GError *cause,
                 GError **error)
{
  if (delivery->is_late)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_REQUEST_TIMEOUT,
                 _ ("the queen at %s does not answer in time"), self->name);
  else
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, _ ("no queen at %s: %s"), self->name,
                 cause->message);
}

static void
on_answer_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) cause = NULL;
  GError *error = NULL;

  if (g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, &cause) >= 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  set_unreachable (g_task_get_source_object (task), g_task_get_task_data (task), cause, &error);
  g_task_return_error (task, error);
}

static void
on_answer_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Delivery *delivery = g_task_get_task_data (task);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GInputStream) body = soup_session_send_finish (SOUP_SESSION (source), result, &cause);
  GError *error = NULL;

  if (body)
    {
      g_output_stream_splice_async (delivery->answer, body,
                                    G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                        G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                    G_PRIORITY_DEFAULT, delivery->cancellable, on_answer_read,
                                    g_object_ref (task));
      return;
    }
  delivery->is_late |= queen_soup_is_misdirected (delivery->message); /* it has no end */
  set_unreachable (g_task_get_source_object (task), delivery, cause, &error);
  g_task_return_error (task, error);
}

static gboolean
on_delivery_late (gpointer data)
{
  Delivery *delivery = data;

  delivery->timer = 0;
  delivery->is_late = TRUE;
  g_cancellable_cancel (delivery->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer data)
{
  g_cancellable_cancel (data);
}

/* libsoup would read on in this turn for as long as there are some. */
static void
on_interim_answer (SoupMessage *message, gpointer data)
{
  Delivery *delivery = data;

  if (++delivery->n_interim > MAX_INTERIM)
    g_cancellable_cancel (delivery->cancellable);
}

/* Room for an answer, and no more: what is longer fails, as there is nobody to grow it. */
static GOutputStream *
new_answer (void)
{
  return g_memory_output_stream_new (g_malloc (MAX_ANSWER), MAX_ANSWER, NULL, g_free);
}

static Delivery *
new_delivery (QueenHttpDestination *self, GPtrArray *beats, GCancellable *outer)
{
  Delivery *delivery = g_new0 (Delivery, 1);
  GString *lines = g_string_new (NULL);
  g_autoptr (GBytes) body = NULL;

  delivery->ids = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < beats->len; i++)
    {
      const QueenBeat *beat = g_ptr_array_index (beats, i);

      queen_beat_append_line (beat, lines);
      g_ptr_array_add (delivery->ids, g_strdup (beat->id));
    }
  body = g_string_free_to_bytes (lines);
  delivery->message = soup_message_new ("POST", self->url);
  soup_message_set_request_body_from_bytes (delivery->message, "application/x-ndjson", body);
  /* A beat that comes twice does no harm. Without that a POST gets a connection of its own. */
  soup_message_add_flags (delivery->message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  if (self->authorization)
    soup_message_headers_replace (soup_message_get_request_headers (delivery->message),
                                  "Authorization", self->authorization);
  delivery->cancellable = g_cancellable_new ();
  delivery->answer = new_answer ();
  queen_soup_stream (delivery->message, delivery->cancellable, MAX_ANSWER);
  g_signal_connect (delivery->message, "got-informational", G_CALLBACK (on_interim_answer),
                    delivery);
  delivery->timer = g_timeout_add (QUEEN_DESTINATION_DEADLINE_MSEC, on_delivery_late, delivery);
  if (!outer)
    return delivery;
  delivery->outer = g_object_ref (outer);
  delivery->outer_id = g_cancellable_connect (outer, G_CALLBACK (on_outer_cancelled),
                                              g_object_ref (delivery->cancellable), g_object_unref);
  return delivery;
}

static void
http_deliver_async (QueenDestination *destination,
                    GPtrArray *beats,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  QueenHttpDestination *self = QUEEN_HTTP_DESTINATION (destination);
  Delivery *delivery = new_delivery (self, beats, cancellable);
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_task_data (task, delivery, (GDestroyNotify) delivery_free);
  soup_session_send_async (self->session, delivery->message, G_PRIORITY_DEFAULT,
                           delivery->cancellable, on_answer_begun, task);
}

static gboolean
http_deliver_finish (QueenDestination *destination,
                     GAsyncResult *result,
                     GPtrArray *refusals,
                     GError **error)
{
  QueenHttpDestination *self = QUEEN_HTTP_DESTINATION (destination);

  self->rest = 0;
  return g_task_propagate_boolean (G_TASK (result), error) &&
         take_verdict (self, g_task_get_task_data (G_TASK (result)), refusals, error);
}

static const char *
http_get_name (QueenDestination *destination)
{
  return QUEEN_HTTP_DESTINATION (destination)->name;
}

static gboolean
http_is_here (QueenDestination *destination)
{
  return QUEEN_HTTP_DESTINATION (destination)->is_here;
}

static gint64
http_get_rest (QueenDestination *destination)
{
  return QUEEN_HTTP_DESTINATION (destination)->rest;
}

static void
http_destination_init_interface (QueenDestinationInterface *interface)
{
  interface->deliver_async = http_deliver_async;
  interface->deliver_finish = http_deliver_finish;
  interface->get_name = http_get_name;
  interface->is_here = http_is_here;
  interface->get_rest = http_get_rest;
}

/* The object */

static void
queen_http_destination_finalize (GObject *object)
{
  QueenHttpDestination *self = QUEEN_HTTP_DESTINATION (object);

  g_clear_object (&self->session);
  g_free (self->name);
  g_free (self->url);
  g_free (self->authorization);
  G_OBJECT_CLASS (queen_http_destination_parent_class)->finalize (object);
}

static void
queen_http_destination_class_init (QueenHttpDestinationClass *class)
{
  G_OBJECT_CLASS (class)->finalize = queen_http_destination_finalize;
}

static void
queen_http_destination_init (QueenHttpDestination *self)
{
}

static gboolean
is_good_address (GUri *uri)
{
  return (g_strcmp0 (g_uri_get_scheme (uri), "http") == 0 ||
          g_strcmp0 (g_uri_get_scheme (uri), "https") == 0) &&
         g_uri_get_host (uri) && *g_uri_get_host (uri) != '\0' && !g_uri_get_userinfo (uri) &&
         !g_uri_get_query (uri) && !g_uri_get_fragment (uri);
}

static gboolean
check_settings (const QueenHttpDestinationSettings *settings, GUri *uri, GError **error)
{
  if (!uri || !is_good_address (uri))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_USAGE,
                 _ ("“%s” is not an address such as https://queen.example.org:8500"),
                 settings->url);
  else if (settings->token && g_str_equal (g_uri_get_scheme (uri), "http") &&
           !queen_host_is_loopback (g_uri_get_host (uri)))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_USAGE,
                         _ ("A token does not go over a network in the clear: take https://"));
  else
    return TRUE;
  return FALSE;
}

QueenDestination *
queen_http_destination_new (const QueenHttpDestinationSettings *settings, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (settings->url, SOUP_HTTP_URI_FLAGS, NULL);
  QueenHttpDestination *self;

  if (!check_settings (settings, uri, error))
    return NULL;
  self = g_object_new (QUEEN_TYPE_HTTP_DESTINATION, NULL);
  self->name = g_strdup (settings->url);
  while (g_str_has_suffix (self->name, "/"))
    self->name[strlen (self->name) - 1] = '\0';
  self->url = g_strconcat (self->name, "/v1/heartbeats", NULL);
  self->is_here = queen_host_is_loopback (g_uri_get_host (uri));
  if (settings->token)
    self->authorization = g_strdup_printf ("Bearer %s", settings->token);
  self->session =
      soup_session_new_with_options ("timeout", QUEEN_DESTINATION_DEADLINE_MSEC / 1000 + 1,
                                     "idle-timeout", IDLE_SEC, "user-agent",
                                     "queenctl/" QUEEN_VERSION, NULL);
  /* What becomes nothing when it is unpacked is unpacked in one turn, for as long as it comes. */
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
  if (self->is_here)
    soup_session_set_proxy_resolver (self->session, NULL);
  if (settings->trusted)
    soup_session_set_tls_database (self->session, settings->trusted);
  return QUEEN_DESTINATION (self);
}
