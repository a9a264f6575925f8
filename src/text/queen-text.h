/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/**
 * QueenText:
 * @at: (nullable): its beginning; no NUL follows
 * @length: bytes
 *
 * A part of the bytes that were received.
 */
typedef struct
{
  const char *at;
  gsize length;
} QueenText;

/**
 * queen_text_is:
 *
 * Returns: whether @text is @word, in upper or lower case, as most words in a head may be written
 */
static inline gboolean
queen_text_is (QueenText text, const char *word)
{
  /* In the header, as most words are constants, and their length tells most of them apart. Nearly
   * all are written as here, which is seen at once. */
  return text.length == strlen (word) && (memcmp (text.at, word, text.length) == 0 ||
                                          g_ascii_strncasecmp (text.at, word, text.length) == 0);
}

/**
 * queen_text_measure:
 * @text: (nullable)
 *
 * Returns: bytes that a copy of it takes
 */
static inline gsize
queen_text_measure (const char *text)
{
  return text ? strlen (text) + 1 : 0;
}

/**
 * queen_text_has_prefix:
 *
 * Returns: whether @text begins with @prefix, in upper or lower case
 */
static inline gboolean
queen_text_has_prefix (QueenText text, const char *prefix)
{
  return text.length >= strlen (prefix) &&
         g_ascii_strncasecmp (text.at, prefix, strlen (prefix)) == 0;
}

/** Returns: whether @text is @word, to the letter */
gboolean queen_text_equals (QueenText text, const char *word);

/**
 * queen_text_end_bytes:
 * @bytes: (transfer full): in which @length count
 *
 * Returns: (transfer full): these, behind which a NUL stands, without a copy
 */
GBytes *queen_text_end_bytes (GByteArray *bytes, gsize length);

/** Returns: (transfer full): a copy of @text, behind which a NUL stands */
GBytes *queen_text_dup_bytes (QueenText text);

/**
 * queen_text_trim:
 *
 * Returns: @text without the blanks and tabs around it
 */
QueenText queen_text_trim (QueenText text);

/**
 * queen_text_cut:
 * @before: (out): what stands before the first @separator
 * @after: (out): what stands behind it
 *
 * Returns: whether there is a @separator; else nothing is changed
 */
gboolean queen_text_cut (QueenText text, char separator, QueenText *before, QueenText *after);

/**
 * QueenStretch:
 * @at: bytes of the text that stand before it
 * @length: bytes
 *
 * A part of a text that may be elsewhere the next time.
 */
typedef struct
{
  gsize at;
  gsize length;
} QueenStretch;

/**
 * queen_text_split_lines:
 * @at: bytes that were looked at before
 * @n_bytes: how many it is to look at now, a few more or less
 * @max: lines that there may be
 * @lines: (element-type QueenStretch): where to append each of them, without what ends it; those
 *   with nothing but blanks are left out. When they are more than @max, they may not be all
 *
 * Returns: bytes that have been looked at by now; all of them when there are lines enough
 */
gsize queen_text_split_lines (QueenText text, gsize at, gsize n_bytes, guint max, GArray *lines);

/**
 * queen_text_is_host:
 *
 * Returns: whether @text is a name, an address, or an IPv6 address in brackets, and perhaps a port
 *   (RFC 9110 § 7.2); without what no URI of ours has: user names and percent signs
 */
gboolean queen_text_is_host (QueenText text);

/**
 * queen_text_is_utf_8:
 * @invalid: (out): where it is not, if so
 *
 * Returns: whether it is UTF-8, without a NUL
 */
gboolean queen_text_is_utf_8 (QueenText text, const char **invalid);

/**
 * queen_text_take_line:
 * @rest: (inout): what is still to be read, and is written to; %NULL at its end
 * @number: (inout): of the line that was taken last; 0 at first
 *
 * Returns: (nullable): the next line that says something, without the blanks around it: neither an
 *   empty one, nor one that begins with #; %NULL when there is none any more
 */
char *queen_text_take_line (char **rest, guint *number);

/**
 * queen_text_replace:
 * @what: at least one byte
 *
 * Has @by stand in @text wherever @what did. It takes time in proportion to the length, while
 * g_string_replace() may move all that is behind for each of them.
 */
void queen_text_replace (GString *text, const char *what, const char *by);

G_END_DECLS
