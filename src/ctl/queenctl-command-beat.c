/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/queen-http-destination.h"
#include "agent/queen-watchman.h"
#include "agent/queen-worker-key.h"
#include "machine/queen-machine.h"
#include "model/queen-heartbeat.h"
#include "queen-trust.h"
#include "queenctl-bus-destination.h"
#include "queenctl-command.h"
#include "queenctl-error.h"
#include "queenctl-token.h"
#include "text/queen-span.h"

#define LOCAL_URL "http://localhost:8500"
#define DEFAULT_DRAIN (60 * QUEEN_SECOND)

/* What is made of the command line, for as long as it runs. */
typedef struct
{
  char *token;
  char *key; /* of the server */
  GTlsDatabase *trusted;
  GPtrArray *destinations;
  char *hive_id;
  QueenWatchmanSettings watch;
} Beat;

static void
beat_clear (Beat *beat)
{
  g_free (beat->token);
  g_free (beat->key);
  g_free (beat->hive_id);
  g_clear_object (&beat->trusted);
  g_clear_pointer (&beat->destinations, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Beat, beat_clear)

static gboolean
refuse_line (GError **error, const char *message)
{
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, message);
  return FALSE;
}

/* Where to */

static gboolean
read_secrets (Beat *beat, const QueenctlOptions *options, GError **error)
{
  g_autofree char *absolute = NULL;
  g_autoptr (GError) cause = NULL;

  if (options->token_file)
    {
      beat->token = queenctl_token_read (options->token_file, "--token-file", error);
      if (!beat->token)
        return FALSE;
    }
  if (!options->ca_file)
    return TRUE;
  absolute = g_canonicalize_filename (options->ca_file, NULL);
  beat->trusted = queen_trust_new (absolute, &cause);
  if (!beat->trusted)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("%s: %s: %s"), "--ca-file",
                 options->ca_file, cause->message);
  return beat->trusted != NULL;
}

static gboolean
add_queen (Beat *beat, const char *url, GError **error)
{
  const QueenHttpDestinationSettings settings = { url, beat->token, beat->trusted };
  g_autoptr (GError) cause = NULL;
  QueenDestination *destination = queen_http_destination_new (&settings, &cause);

  if (!destination)
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("--queen: %s"), cause->message);
      return FALSE;
    }
  g_ptr_array_add (beat->destinations, destination);
  return TRUE;
}

/* Without an address it is the queen of this machine, wherever she is heard. */
static gboolean
add_local_queens (Beat *beat, const char *bus, GError **error)
{
  gboolean is_auto = g_str_equal (bus, "auto");

  if (is_auto || g_str_equal (bus, "session"))
    g_ptr_array_add (beat->destinations, queenctl_bus_destination_new ("session"));
  if (is_auto || g_str_equal (bus, "system"))
    g_ptr_array_add (beat->destinations, queenctl_bus_destination_new ("system"));
  return !is_auto || add_queen (beat, LOCAL_URL, error);
}

static gboolean
choose_queens (Beat *beat, const QueenctlOptions *options, GError **error)
{
  beat->destinations = g_ptr_array_new_with_free_func (g_object_unref);
  if (!read_secrets (beat, options, error))
    return FALSE;
  for (char **queen = options->queens; queen && *queen; queen++)
    if (!add_queen (beat, *queen, error))
      return FALSE;
  return options->queens || add_local_queens (beat, options->bus, error);
}

/* Whom */

static gboolean
is_address (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri ? g_uri_get_scheme (uri) : "";

  return (g_str_equal (scheme, "http") || g_str_equal (scheme, "https")) && g_uri_get_host (uri) &&
         *g_uri_get_host (uri) != '\0' && !g_uri_get_userinfo (uri) && !g_uri_get_query (uri) &&
         !g_uri_get_fragment (uri);
}

static gboolean
check_address (const char *option, const char *url, GError **error)
{
  if (!url || is_address (url))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("%s: “%s” is not an address such as http://127.0.0.1:8080"), option, url);
  return FALSE;
}

static gboolean
check_id (const char *option, const char *id, GError **error)
{
  if (!id || queen_heartbeat_check_id (id))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("%s: an id has 1 to 128 bytes, all of them to be seen"), option);
  return FALSE;
}

static gboolean
take_hive (Beat *beat, const QueenctlOptions *options, GError **error)
{
  const char *hive = queenctl_options_get (options, "hive");

  if (!hive)
    return TRUE;
  beat->hive_id = g_str_equal (hive, "auto") ? queen_machine_dup_hostname (NULL) : g_strdup (hive);
  if (!beat->hive_id)
    return refuse_line (error, _ ("--hive: this machine has no name: give one"));
  return check_id ("--hive", beat->hive_id, error);
}

static gboolean
take_scope (Beat *beat, const char *scan, GError **error)
{
  if (!scan)
    return TRUE;
  beat->watch.is_scanning = TRUE;
  beat->watch.scope = g_str_equal (scan, "all") ? QUEEN_SCOPE_ALL : QUEEN_SCOPE_OWN;
  if (g_str_equal (scan, "all") || g_str_equal (scan, "own"))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("--scan: “%s” is none of own, all"),
               scan);
  return FALSE;
}

static gboolean
take_drain (Beat *beat, const char *drain, GError **error)
{
  beat->watch.drain = DEFAULT_DRAIN;
  if (!drain || (queen_span_parse (drain, &beat->watch.drain) && beat->watch.drain >= 0))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("--drain: “%s” is not a span of time such as 60s"), drain);
  return FALSE;
}

static gboolean
take_key (Beat *beat, const QueenctlOptions *options, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (!options->key_file)
    return TRUE;
  beat->key = queen_worker_key_read (options->key_file, &cause);
  if (beat->key && queen_worker_key_check (beat->key, options->url, &cause))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("%s: %s"), "--key-file",
               cause->message);
  return FALSE;
}

static gboolean
take_worker (Beat *beat, const QueenctlOptions *options, GError **error)
{
  QueenWardSettings *worker = &beat->watch.worker;

  worker->id = options->worker;
  worker->url = options->url;
  worker->model = queenctl_options_get (options, "model");
  worker->device = queenctl_options_get (options, "device");
  worker->advertise = options->advertise;
  if (!check_id ("--worker", worker->id, error) || !check_address ("--url", worker->url, error) ||
      !check_address ("--advertise", worker->advertise, error) || !take_key (beat, options, error))
    return FALSE;
  worker->key = beat->key;
  return TRUE;
}

/* One worker at most is told of on the command line. */
static gboolean
check_sense (const Beat *beat, GError **error)
{
  const QueenWatchmanSettings *watch = &beat->watch;
  gboolean has_one = watch->command || watch->pid || watch->worker.url;

  if (watch->command && watch->pid)
    return refuse_line (error, _ ("--pid and a command are two ways to a process: take one"));
  if (!has_one && (watch->worker.id || watch->worker.model || watch->worker.device ||
                   watch->worker.advertise || watch->worker.key))
    return refuse_line (error,
                        _ ("Which server is it? --url, --pid or a command behind “--” says so"));
  if (!has_one && !watch->directory && !watch->is_scanning && !beat->hive_id)
    return refuse_line (error,
                        _ ("Whom to beat for? --url, --pid, --hive, --scan, a directory, or a "
                           "command behind “--” says so"));
  return TRUE;
}

static void
say_line (const char *text, gpointer data)
{
  fprintf (stderr, "queenctl: %s\n", text);
}

static gboolean
make_beat (Beat *beat, const QueenctlOptions *options, char **arguments, GError **error)
{
  guint n_own = g_strv_length (arguments) - options->n_behind;

  beat->watch.pid = options->pid;
  beat->watch.command = options->n_behind > 0 ? arguments + n_own : NULL;
  beat->watch.directory = n_own > 0 ? arguments[0] : NULL;
  if (!take_worker (beat, options, error) || !take_hive (beat, options, error) ||
      !take_scope (beat, options->scan, error) || !take_drain (beat, options->drain, error) ||
      !check_sense (beat, error) || !choose_queens (beat, options, error))
    return FALSE;
  beat->watch.agent = (QueenAgentSettings){
    .destinations = beat->destinations,
    .are_guesses = !options->queens,
    .trusted = beat->trusted,
    .hive_id = beat->hive_id,
    .say = say_line,
  };
  return TRUE;
}

static int
run_beat (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_auto (Beat) beat = { 0 };
  g_autoptr (GError) cause = NULL;
  int exit_status;

  if (!make_beat (&beat, options, arguments, error))
    return 0;
  exit_status = queen_watchman_run (&beat.watch, &cause);
  if (cause && exit_status == 0)
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, cause->message);
  else if (cause)
    say_line (cause->message, NULL);
  return exit_status;
}

gboolean
queenctl_command_run_beat (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (GError) cause = NULL;
  int exit_status = run_beat (options, arguments, &cause);

  if (cause)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  /* A shell is to see what it would have seen without us. */
  if (exit_status != 0)
    exit (exit_status);
  return TRUE;
}
