/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-destination.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_HTTP_DESTINATION (queen_http_destination_get_type ())
G_DECLARE_FINAL_TYPE (
    QueenHttpDestination, queen_http_destination, QUEEN, HTTP_DESTINATION, GObject)

/**
 * QueenHttpDestinationSettings:
 * @url: the queen's address, such as `https://queen.example.org:8500`
 * @token: (nullable): what lets us in; not over a network in the clear
 * @trusted: (nullable): certificates to trust in place of the system's
 */
typedef struct
{
  const char *url;
  const char *token;
  GTlsDatabase *trusted;
} QueenHttpDestinationSettings;

/**
 * queen_http_destination_new:
 * @error: %QUEEN_ERROR_USAGE when @url is no address, or the token would go in the clear
 *
 * A queen over HTTP: `POST /v1/heartbeats`, over a connection that is kept.
 *
 * Returns: (transfer full): the way to her, or %NULL; nobody has been asked yet
 */
QueenDestination *queen_http_destination_new (const QueenHttpDestinationSettings *settings,
                                              GError **error);

G_END_DECLS
