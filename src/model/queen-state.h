/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-registry.h"

G_BEGIN_DECLS

#define QUEEN_STATE_VERSION 3    /* versions 1 and 2 can still be read */
#define QUEEN_STATE_MAX_EPOCH 16 /* characters */

/** What a state begins with; behind it stands 1 if it is whole, and 0 otherwise. */
#define QUEEN_STATE_START "{\"format\":\"queen-rbee state\",\"version\":3,\"whole\":"

/**
 * QueenState:
 * @is_whole: whether she ended in order after it was written; otherwise only who was known can be
 *   relied on, as things have happened since
 * @epoch: what the ids of her events begin with: lower-case hexadecimal digits
 * @next: the number that the next event gets, at least 1
 * @written_at: ns since 1970: when all this was so; the one use of the wall clock, as no other goes
 *   on while a machine is off
 * @entries: (element-type QueenStateEntry): for each kind, who is known, in the order in which they
 *   were first seen
 * @holds: (element-type QueenHoldEntry): who is held
 * @n_left_out: when it was read: how many lines of it were left out, as what an earlier version
 * took cannot be seen
 *
 * What one epoch of the queen, from its start to its end, saves for the next.
 */
typedef struct
{
  gboolean is_whole;
  char *epoch;
  guint64 next;
  gint64 written_at;
  GArray *entries[QUEEN_COMPONENT_N_KINDS];
  GArray *holds;
  guint n_left_out;
} QueenState;

/** queen_state_new: (transfer full): a state of nobody, to be filled in. */
QueenState *queen_state_new (void);
void queen_state_free (QueenState *self);

/**
 * queen_state_set_entries:
 *
 * Makes @registry's components those of their kind in @self, with the ages that they have now.
 */
void queen_state_set_entries (QueenState *self, QueenRegistry *registry);

/**
 * queen_state_get_elapsed:
 * @now: ns since 1970
 *
 * Returns: µs between @self and @now; 0 when the clock was set back in between
 */
gint64 queen_state_get_elapsed (const QueenState *self, gint64 now);

/* A state is written as lines of JSON: a header, then a component in each line, then a hold in
 * each. What a component has not said is left out; so is the timestamp of its last heartbeat, which
 * has been told. A line at a time, as the longest state of all is half a gigabyte. */

/** queen_state_get_n_lines: how many lines there are, at least 1. */
guint queen_state_get_n_lines (const QueenState *self);

/**
 * queen_state_append_line:
 * @number: of the line, beginning with 0
 * @text: where to write
 *
 * Appends that line, with its line break. It may be called in any thread.
 */
void queen_state_append_line (const QueenState *self, guint number, GString *text);

/**
 * QueenStateReader:
 *
 * The reverse, and as strict as can be: what is not exactly a whole text of this version, with each
 * component once, is none. A line alone is left out when it is about somebody with an id, a model
 * or an address that is not legible: earlier versions took some.
 */
typedef struct _QueenStateReader QueenStateReader;

QueenStateReader *queen_state_reader_new (void);

/**
 * queen_state_reader_feed:
 * @text: what comes next, cut anywhere; need not end with a NUL
 * @length: its length in bytes
 * @error: a %QUEEN_ERROR_STATE that names the line
 *
 * Returns: %FALSE when it cannot be a state, whatever follows
 */
gboolean
queen_state_reader_feed (QueenStateReader *self, const char *text, gsize length, GError **error);

/**
 * queen_state_reader_finish:
 * @error: likewise
 *
 * Returns: (transfer full): the state, when that was all of it; or %NULL
 */
QueenState *queen_state_reader_finish (QueenStateReader *self, GError **error);

void queen_state_reader_free (QueenStateReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenStateReader, queen_state_reader_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenState, queen_state_free)

G_END_DECLS
