/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "text/queen-text.h"

G_BEGIN_DECLS

#define QUEEN_HEADERS_USUAL 10 /* lines */

/** QueenHeaderLine: one of them; its value has a NUL behind it. */
typedef struct
{
  QueenText name;
  const char *value;
} QueenHeaderLine;

/**
 * QueenHeaders:
 * @text: what they are made of
 * @lines: (array length=n_lines): in order
 * @lengths: of the names that there are, a bit for each: nearly all that are asked for are not
 * there
 * @usual: @lines, as long as they are no more than that; so it is not to be copied
 * @joined: values that were put together
 *
 * The header lines of a request, as the gate has let them in. What they say is read here and never
 * asked of libsoup, so that there are no two opinions of it.
 */
typedef struct
{
  char *text;
  QueenHeaderLine *lines;
  gsize n_lines;
  guint64 lengths;
  GSList *joined;
  QueenHeaderLine usual[QUEEN_HEADERS_USUAL];
} QueenHeaders;

/**
 * queen_headers_init:
 * @head: one that queen_request_head_parse() has accepted
 */
void queen_headers_init (QueenHeaders *self, QueenText head);

/**
 * queen_headers_keep:
 * @names: whose lines are still needed, up to a %NULL
 *
 * Lets go of all others, and with them of what queen_headers_get() has returned.
 */
void queen_headers_keep (QueenHeaders *self, const char *const *names);

void queen_headers_clear (QueenHeaders *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenHeaders, queen_headers_clear)

/**
 * queen_headers_get:
 * @name: in upper or lower case
 *
 * Returns: (transfer none) (nullable): the value without the blanks around it; of several lines the
 *   values in order, with commas between (RFC 9110 § 5.3). As long as the headers
 */
const char *queen_headers_get (QueenHeaders *self, const char *name);

G_END_DECLS
