/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-adapter.h"

G_BEGIN_DECLS

#define QUEEN_FETCHER_CONNECT_MSEC 1000
#define QUEEN_FETCHER_ANSWER_MSEC 5000

/**
 * QueenFetcher:
 *
 * Asks servers, with limits for everything: a connection has %QUEEN_FETCHER_CONNECT_MSEC, an answer
 * %QUEEN_FETCHER_ANSWER_MSEC in all, and a body an end. Redirects are not followed, no proxy is
 * asked, and nothing is sent but the question.
 */
typedef struct _QueenFetcher QueenFetcher;

/** QueenFetch: one question that is being asked. */
typedef struct _QueenFetch QueenFetch;

/**
 * QueenFetchFunc:
 * @answer: (nullable): what came, if it came whole and within its limits
 * @error: (nullable): else why not: %G_IO_ERROR_CONNECTION_REFUSED when nobody is there,
 *   %G_IO_ERROR_TIMED_OUT when nothing came in time, %G_IO_ERROR_NO_SPACE when it was too long,
 * others when it was no HTTP
 *
 * The fetch is over, and freed behind this.
 */
typedef void (*QueenFetchFunc) (const QueenServerAnswer *answer,
                                const GError *error,
                                gpointer data);

/**
 * queen_fetcher_new:
 * @trusted: (nullable): certificates to trust in place of the system's. On this machine itself any
 * is taken, as nobody is between
 */
QueenFetcher *queen_fetcher_new (GTlsDatabase *trusted);

void queen_fetcher_free (QueenFetcher *self);

/**
 * queen_fetcher_get:
 * @url: what is asked for
 * @max: bytes that its body may have
 *
 * Returns: (transfer none): for queen_fetch_cancel(), until @func is called, which never happens
 *   before this returns
 */
QueenFetch *queen_fetcher_get (
    QueenFetcher *self, const char *url, gsize max, QueenFetchFunc func, gpointer data);

/** Nobody wants the answer any more: the function is not called. */
void queen_fetch_cancel (QueenFetch *fetch);

/** Returns: whether @host is this machine itself: a loopback address, or `localhost` */
gboolean queen_fetcher_is_loopback (const char *host);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenFetcher, queen_fetcher_free)

G_END_DECLS
