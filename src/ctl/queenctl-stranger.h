/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Who answers at an address over HTTP, and is no queen: another service, or a proxy before her. */

/**
 * queenctl_stranger_is_seen:
 * @answer: of which the head has come
 * @type: what a queen answers there when all is well, such as `text/event-stream`
 *
 * Returns: whether the head alone shows that it is not hers; then its body may be anything, and
 *   without an end
 */
gboolean queenctl_stranger_is_seen (SoupMessage *answer, const char *type);

/**
 * queenctl_stranger_refuse:
 * @address: where she was asked, such as `http://localhost:8500/v1/workers`
 * @path: for what, behind her own address, such as `/v1/workers?limit=5000`
 * @answer: what came
 * @is_named: whether somebody has said that she is there, and can be told to look at that
 * @error: %QUEENCTL_ERROR_NO_QUEEN, with what came, from where, and what to do
 */
void queenctl_stranger_refuse (
    const char *url, const char *path, SoupMessage *answer, gboolean is_named, GError **error);

G_END_DECLS
