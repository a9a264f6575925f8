/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenParameter:
 * @name: as it stands in the query
 * @take: takes one value of it; a name that is given several times has several. @error:
 *   %QUEEN_ERROR_BAD_REQUEST when the value makes no sense
 *
 * What a query may say.
 */
typedef struct
{
  const char *name;
  gboolean (*take) (const char *name, const char *value, gpointer data, GError **error);
} QueenParameter;

/**
 * queen_query_parse:
 * @query: (nullable): what stands behind the question mark, encoded as forms are
 * @parameters: all that it may say
 * @data: what their functions get
 * @error: %QUEEN_ERROR_BAD_REQUEST
 *
 * Reads a whole query. Whoever mistypes a filter would take what it did not ask for as the answer,
 * so a parameter that is not among @parameters is an error, which names the nearest that is.
 */
gboolean queen_query_parse (const char *query,
                            const QueenParameter *parameters,
                            gsize n_parameters,
                            gpointer data,
                            GError **error);

G_END_DECLS
