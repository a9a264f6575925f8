/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as a query. Either it is refused in words that can be shown, or what it says means the
 * same when it is written again. */

#include <string.h>

#include "fuzz.h"
#include "model/queen-listing.h"
#include "queen-error.h"
#include "text/queen-query.h"

static gboolean
take_pair (const char *name, const char *value, gpointer data, GError **error)
{
  GString *again = data;
  g_autofree char *encoded = g_uri_escape_string (value, NULL, TRUE);

  g_assert_true (g_utf8_validate (value, -1, NULL));
  g_string_append_printf (again, "%s%s=%s", again->len > 0 ? "&" : "", name, encoded);
  return TRUE;
}

/* What a page may begin behind is a number, and only one text says it. */
static gboolean
take_next (const char *name, const char *value, gpointer data, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 sequence;

  if (!queen_listing_parse_next (value, &sequence))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "no page begins there");
      return FALSE;
    }
  queen_listing_append_next (text, sequence);
  g_assert_cmpstr (text->str, ==, value);
  return take_pair (name, value, data, error);
}

static const QueenParameter parameters[] = {
  { "online", take_pair }, { "available", take_pair }, { "limit", take_pair },
  { "after", take_next },  { "model", take_pair },
};

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *query = g_strndup ((const char *) data, size);
  g_autoptr (GString) first = g_string_new (NULL);
  g_autoptr (GString) second = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (!queen_query_parse (query, parameters, G_N_ELEMENTS (parameters), first, &error))
    {
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_no_error (error);
  g_assert_true (
      queen_query_parse (first->str, parameters, G_N_ELEMENTS (parameters), second, &error));
  g_assert_cmpstr (second->str, ==, first->str);
  return 0;
}
