/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-reading.h"

#include "text/queen-legible.h"

#define MAX_TEXT 256 /* bytes: what a heartbeat may say, but for a model's id */
#define MAX_MODEL 512
#define UNKNOWN (-1)

static void
behind_free (gpointer data)
{
  QueenReadingBehind *behind = data;

  g_free (behind->model);
  g_free (behind);
}

void
queen_reading_init (QueenReading *self)
{
  *self = (QueenReading){ .slots = UNKNOWN };
  self->models = g_ptr_array_new_with_free_func (g_free);
  queen_reading_begin (self);
}

void
queen_reading_begin (QueenReading *self)
{
  self->is_loading = FALSE;
  g_clear_pointer (&self->trouble, g_free);
  self->running = UNKNOWN;
  self->waiting = UNKNOWN;
  self->kv_usage = UNKNOWN;
  self->progress = UNKNOWN;
  self->tokens = UNKNOWN;
  self->tokens_per_second = UNKNOWN;
  self->busy_source = NULL;
}

void
queen_reading_clear (QueenReading *self)
{
  g_free (self->trouble);
  g_free (self->model);
  g_free (self->version);
  g_clear_pointer (&self->models, g_ptr_array_unref);
  g_clear_pointer (&self->behind, g_ptr_array_unref);
}

static gpointer
behind_copy (gconstpointer source, gpointer data)
{
  const QueenReadingBehind *other = source;
  QueenReadingBehind *behind = g_new0 (QueenReadingBehind, 1);

  behind->model = g_strdup (other->model);
  behind->status = other->status;
  return behind;
}

static gpointer
text_copy (gconstpointer source, gpointer data)
{
  return g_strdup (source);
}

void
queen_reading_copy (QueenReading *self, const QueenReading *other)
{
  queen_reading_clear (self);
  *self = *other;
  self->trouble = g_strdup (other->trouble);
  self->model = g_strdup (other->model);
  self->version = g_strdup (other->version);
  self->models = g_ptr_array_copy (other->models, text_copy, NULL);
  if (other->behind)
    self->behind = g_ptr_array_copy (other->behind, behind_copy, NULL);
}

static char *
dup_sayable (const char *text, gsize size)
{
  g_autofree char *valid = text && *text != '\0' ? g_utf8_make_valid (text, -1) : NULL;

  return valid ? queen_legible_dup (valid, size) : NULL;
}

void
queen_reading_set_text (char **place, const char *text)
{
  g_free (*place);
  *place = dup_sayable (text, MAX_TEXT);
}

void
queen_reading_add_model (QueenReading *self, const char *model)
{
  g_autofree char *sayable = dup_sayable (model, MAX_MODEL);

  if (!sayable)
    return;
  if (!self->model)
    self->model = g_strdup (sayable);
  if (self->models->len < QUEEN_READING_MAX_MODELS &&
      !g_ptr_array_find_with_equal_func (self->models, sayable, g_str_equal, NULL))
    g_ptr_array_add (self->models, g_steal_pointer (&sayable));
}

void
queen_reading_reset_models (QueenReading *self)
{
  g_clear_pointer (&self->model, g_free);
  g_ptr_array_set_size (self->models, 0);
}

void
queen_reading_add_behind (QueenReading *self, const char *model, const char *status)
{
  QueenReadingBehind *behind;
  char *sayable = dup_sayable (model, MAX_TEXT);

  if (!self->behind)
    self->behind = g_ptr_array_new_with_free_func (behind_free);
  if (!sayable || self->behind->len >= QUEEN_READING_MAX_MODELS)
    {
      g_free (sayable);
      return;
    }
  behind = g_new0 (QueenReadingBehind, 1);
  behind->model = sayable;
  behind->status = status;
  g_ptr_array_add (self->behind, behind);
}
