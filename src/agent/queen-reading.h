/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define QUEEN_READING_MAX_MODELS 32 /* that a heartbeat may name */

/**
 * QueenReadingBehind:
 * @model: its id
 * @status: of a heartbeat; static
 *
 * A server behind a server, as llama-swap has them: one for each model.
 */
typedef struct
{
  char *model;
  const char *status;
} QueenReadingBehind;

/**
 * QueenReading:
 * @is_loading: it answers, and is not ready yet
 * @trouble: (nullable): what it says is wrong with it, for people
 * @model: (nullable): which model it has
 * @models: (element-type utf8): all that it serves, at most %QUEEN_READING_MAX_MODELS
 * @version: (nullable): its own
 * @slots: how many requests it serves at once; -1 for what it does not say, as in all that follow
 * @running: requests
 * @waiting: requests
 * @kv_usage: 0 to 1
 * @progress: a counter that moves while work is done
 * @tokens: a counter of tokens that were made
 * @tokens_per_second: what it says itself
 * @busy_source: (nullable): where @running is from; static
 * @behind: (nullable) (element-type QueenReadingBehind): servers behind it; %NULL for one that has
 *   none by its nature
 *
 * What a server says of itself, whichever it is.
 */
typedef struct
{
  gboolean is_loading;
  char *trouble;
  char *model;
  GPtrArray *models;
  char *version;
  gint64 slots;
  gint64 running;
  gint64 waiting;
  double kv_usage;
  double progress;
  double tokens;
  double tokens_per_second;
  const char *busy_source;
  GPtrArray *behind;
} QueenReading;

/** Fills @self, of which nothing is known. */
void queen_reading_init (QueenReading *self);

/** Forgets what changes with each look; what is asked for now and then alone stays. */
void queen_reading_begin (QueenReading *self);

/** Makes @self, which was filled before, what @other is. */
void queen_reading_copy (QueenReading *self, const QueenReading *other);

void queen_reading_clear (QueenReading *self);

/**
 * queen_reading_set_text:
 * @place: of a text of a reading
 * @text: (nullable): from elsewhere; what a heartbeat could not say, such as one that is too long,
 * is made so that it can
 */
void queen_reading_set_text (char **place, const char *text);

/** Adds to the models that it serves, as far as there is room; the first is also @model. */
void queen_reading_add_model (QueenReading *self, const char *model);

/** Forgets the models, to be told anew. */
void queen_reading_reset_models (QueenReading *self);

/** Adds a server behind it, as far as there is room. */
void queen_reading_add_behind (QueenReading *self, const char *model, const char *status);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenReading, queen_reading_clear)

G_END_DECLS
