/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-registry.h"

G_BEGIN_DECLS

#define QUEEN_STATE_VERSION 1
#define QUEEN_STATE_MAX_LIFE 16 /* characters */

/**
 * QueenState:
 * @life: what the ids of her events begin with: lower-case hexadecimal digits
 * @next: the number that the next event gets, at least 1
 * @written_at: ns since 1970: when all this was so; the one use of the wall clock, as no other goes
 *   on while a machine is off
 * @sightings: (element-type QueenSighting): for each kind, who is known, in the order in which they
 *   were first seen
 *
 * What one life of the queen leaves to the next.
 */
typedef struct
{
  char *life;
  guint64 next;
  gint64 written_at;
  GArray *sightings[QUEEN_COMPONENT_N_KINDS];
} QueenState;

/** queen_state_new: (transfer full): a state of nobody, to be filled in. */
QueenState *queen_state_new (void);
void queen_state_free (QueenState *self);

/**
 * queen_state_set_sightings:
 *
 * Makes @registry's components those of their kind in @self, with the ages that they have now.
 */
void queen_state_set_sightings (QueenState *self, QueenRegistry *registry);

/**
 * queen_state_get_elapsed:
 * @now: ns since 1970
 *
 * Returns: µs between @self and @now; 0 when the clock was set back in between
 */
gint64 queen_state_get_elapsed (const QueenState *self, gint64 now);

/**
 * queen_state_write:
 *
 * Writes @self as lines of JSON: a header with the format, its version, the life and the number of
 * components, then a component in each line. What a component has not said is left out; so is the
 * timestamp of its last heartbeat, which has been told.
 *
 * Returns: (transfer full): the text, with a line break at its end
 */
GString *queen_state_write (const QueenState *self);

/**
 * queen_state_parse:
 * @text: what claims to be such lines; need not end with a NUL
 * @length: its length in bytes
 * @error: a %QUEEN_ERROR_STATE that names the line
 *
 * The reverse of queen_state_write(), and as strict as can be: what is not exactly a whole state of
 * this version, with each component once, is none.
 *
 * Returns: (transfer full): the state, or %NULL
 */
QueenState *queen_state_parse (const char *text, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenState, queen_state_free)

G_END_DECLS
