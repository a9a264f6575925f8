/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-connect.h"

#include <glib/gi18n.h>

#include "queenctl-bus-queen.h"
#include "queenctl-error.h"
#include "queenctl-http-queen.h"

static void
add_reason (GPtrArray *asked, GError *reason)
{
  g_ptr_array_add (asked, g_strdup (reason->message));
  g_error_free (reason);
}

static QueenctlQueen *
ask_bus (const char *bus_name, GPtrArray *asked)
{
  GError *reason = NULL;
  QueenctlQueen *queen = queenctl_bus_queen_new (bus_name, &reason);

  if (!queen)
    add_reason (asked, reason);
  return queen;
}

/* Somebody else may serve there, so the answer counts and not the open port. If a queen is there
 * who cannot be asked like that, starting another one would not help: that is an @error. */
static gboolean
is_there (QueenctlHttp *http, GPtrArray *asked, GError **error)
{
  GError *reason = NULL;

  if (queenctl_http_tell (http, "GET", "/health", NULL, &reason))
    return TRUE;
  if (queenctl_http_is_queen_there (http))
    g_propagate_error (error, reason);
  else
    add_reason (asked, reason);
  return FALSE;
}

static QueenctlQueen *
ask_http (const QueenctlOptions *options, GPtrArray *asked, GError **error)
{
  g_autoptr (QueenctlHttp) http =
      queenctl_http_new (options->url, options->token_file, options->ca_file, error);

  if (!http || (!options->url && !is_there (http, asked, error)))
    return NULL;
  return queenctl_http_queen_new (g_steal_pointer (&http));
}

static QueenctlQueen *
ask_all (const QueenctlOptions *options, GPtrArray *asked, GError **error)
{
  QueenctlQueen *queen = ask_bus ("session", asked);

  if (!queen)
    queen = ask_bus ("system", asked);
  return queen ? queen : ask_http (options, asked, error);
}

QueenctlQueen *
queenctl_connect (const QueenctlOptions *options, GError **error)
{
  g_autoptr (GPtrArray) asked = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) cause = NULL;
  gboolean is_auto = g_str_equal (options->bus, "auto");
  QueenctlQueen *queen;

  if (options->url)
    return ask_http (options, asked, error);
  queen = is_auto ? ask_all (options, asked, &cause) : ask_bus (options->bus, asked);
  if (cause)
    g_propagate_error (error, g_steal_pointer (&cause));
  else if (!queen)
    queenctl_error_no_queen (is_auto ? NULL : options->bus, asked, error);
  return queen;
}
