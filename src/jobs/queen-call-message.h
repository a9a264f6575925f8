/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-call.h"
#include "queen-soup.h"

G_BEGIN_DECLS

/**
 * queen_call_message_new:
 * @is_repeated: whether it has gone out on a connection that was kept, and was not seen; it gets
 * one of its own then
 * @cancellable: what it is sent with: it is cancelled when libsoup would send it once more
 *
 * Returns: (transfer full): @request as libsoup sends it
 */
SoupMessage *queen_call_message_new (const QueenCallRequest *request,
                                     gboolean is_repeated,
                                     GCancellable *cancellable);

/** Returns: whether it was cancelled as libsoup would have sent it once more */
gboolean queen_call_message_is_restarted (SoupMessage *message);

/** Returns: (nullable): why the head of the answer is not good, though libsoup takes it; static */
const char *queen_call_message_get_fault (SoupMessage *message);

/** Returns: whether @error is that of a connection that was reset */
gboolean queen_call_message_is_reset (const GError *error);

/** Returns: (transfer none): what @error means, of one that came before there was a connection */
const char *queen_call_message_explain (const GError *error);

/** queen_call_request_own: its texts that are of its own making, and its body, become copies. */
void queen_call_request_own (QueenCallRequest *request);

/** queen_call_request_clear: reverses that. */
void queen_call_request_clear (QueenCallRequest *request);

G_END_DECLS
