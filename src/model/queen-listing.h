/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-registry.h"
#include "queen-selection.h"

G_BEGIN_DECLS

#define QUEEN_LISTING_AT_ONCE 256          /* components: as many are listed while one waits, */
#define QUEEN_LISTING_AT_ONCE_BYTES 131072 /* if they are no larger than that */

/* A stranger says how much there is of each, so a page may have fewer than are asked for, */
#define QUEEN_LISTING_MAX_PAGE (16 * 1024 * 1024) /* bytes */
/* and a list that is no page has less of who says much, or may be none: 64 MiB may wait for all who
 * ask, and some of that has to be left, but for the one of everybody, of which there is one for
 * all.
 */
#define QUEEN_LISTING_MAX (60 * 1024 * 1024)         /* bytes */
#define QUEEN_LISTING_MAX_OF_ALL (128 * 1024 * 1024) /* bytes */

/**
 * QueenListing:
 *
 * A list of components on its way to JSON, written in as many turns of the main loop as it takes.
 * Each is listed as it is when it is written. Who joins meanwhile is not listed, so that nobody is
 * twice who is forgotten and comes back.
 */
typedef struct _QueenListing QueenListing;

/** Returns: whether it is listed in no time: of few, and not large. Strangers may say much of each,
 * and of those in one page more than of all others */
gboolean queen_listing_is_little (QueenRegistry *registry, const QueenSelection *selection);

/**
 * queen_listing_new:
 * @registry: it outlives the list
 * @selection: which of them; copied
 *
 * Returns: (transfer full): a list that has been begun
 */
QueenListing *queen_listing_new (QueenRegistry *registry, const QueenSelection *selection);

/**
 * queen_listing_write:
 * @clock: what time it is
 * @until: µs, monotonic: when to stop; something is written in any case
 *
 * Returns: whether the list is whole, or too long
 */
gboolean queen_listing_write (QueenListing *self, const QueenClock *clock, gint64 until);

/** Returns: whether it is longer than it may be, and so can only be freed */
gboolean queen_listing_is_too_long (const QueenListing *self);

/**
 * queen_listing_free_to_bytes:
 * @self: (transfer full): a list that is whole
 *
 * Returns: (transfer full): `{"workers":[…],"total":1}` or the same with `hives`, and a line end.
 *   `total` is how many match, on whatever page. A page has a member `next`, too: the `after` of
 *   the page behind it as text, or null when it is the last.
 */
GBytes *queen_listing_free_to_bytes (QueenListing *self);

/** queen_listing_get_n_bytes: how many bytes are written. */
gsize queen_listing_get_n_bytes (const QueenListing *self);

/** queen_listing_free: lets go of a list, whole or not. */
void queen_listing_free (QueenListing *self);

/** queen_listing_append_next: appends @sequence as the text that `next` has. */
void queen_listing_append_next (GString *text, guint64 sequence);

/**
 * queen_listing_parse_next:
 * @text: what `next` said
 * @sequence: (out): what it means
 *
 * Returns: %FALSE when @text was never a `next`
 */
gboolean queen_listing_parse_next (const char *text, guint64 *sequence);

/**
 * queen_listing_take_limit:
 * @name: what the query calls it
 * @value: what the query says
 * @most: how many a page may have
 * @limit: (inout): 0 until it is said; how many @value asks for
 *
 * Returns: whether that is so; otherwise an error %QUEEN_ERROR_BAD_REQUEST
 */
gboolean queen_listing_take_limit (
    const char *name, const char *value, guint most, guint *limit, GError **error);

/**
 * queen_listing_take_after:
 * @after: (inout): 0 until it is said; the sequence behind which the page begins
 *
 * As queen_listing_take_limit(), of what the page before has as `next`.
 */
gboolean
queen_listing_take_after (const char *name, const char *value, guint64 *after, GError **error);

/** queen_listing_append_page_end: the member `next`: behind @last if there @has_more, or null. */
void queen_listing_append_page_end (GString *json, gboolean has_more, guint64 last);

G_END_DECLS
