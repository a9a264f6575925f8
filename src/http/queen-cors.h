/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

#include "queen-access.h"

G_BEGIN_DECLS

/**
 * queen_cors_allow:
 * @message: a request that has its answer
 * @origin: (nullable): of the page that asks
 * @page: what kind of page it is
 * @methods: (nullable): what the page may ask for, when it asks for that
 *
 * Says in the answer whether a browser lets the page have it:
 * https://fetch.spec.whatwg.org/#http-cors-protocol. Only a page that the settings name may have it
 * together with cookies.
 */
void queen_cors_allow (SoupServerMessage *message,
                       const char *origin,
                       QueenPage page,
                       const char *methods);

G_END_DECLS
