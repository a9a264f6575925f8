/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-state.h"

/* A state as one text, which is small in a test. */

static inline GString *
write_state (const QueenState *state)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < queen_state_get_n_lines (state); i++)
    queen_state_append_line (state, i, text);
  return text;
}

static inline QueenState *
parse_state (const char *text, gsize length, GError **error)
{
  g_autoptr (QueenStateReader) reader = queen_state_reader_new ();

  if (!queen_state_reader_feed (reader, text, length, error))
    return NULL;
  return queen_state_reader_finish (reader, error);
}
