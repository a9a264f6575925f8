/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-exchange.h"

G_BEGIN_DECLS

/**
 * queen_cors_allow:
 * @exchange: one that has its answer
 * @page: what kind of page asks
 * @methods: (nullable): what the page may ask for, when it asks for that
 *
 * Says in the answer whether a browser lets the page have it:
 * https://fetch.spec.whatwg.org/#http-cors-protocol. Only a page that the settings name may have it
 * together with cookies.
 */
void queen_cors_allow (QueenExchange *exchange, QueenPage page, const char *methods);

G_END_DECLS
