/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-selection.h"

static gboolean
takes (guint answers, gboolean is_so)
{
  return answers == 0 || (answers & (is_so ? QUEEN_ANSWER_YES : QUEEN_ANSWER_NO)) != 0;
}

static gboolean
is_among (const GPtrArray *ids, const char *id)
{
  return id && g_ptr_array_find_with_equal_func ((GPtrArray *) ids, id, g_str_equal, NULL);
}

static gboolean
takes_model (const GPtrArray *model_ids, const QueenComponent *component)
{
  char **more = component->vitals ? component->vitals->models : NULL;

  if (!model_ids || is_among (model_ids, component->model_id))
    return TRUE;
  for (; more && *more; more++)
    if (is_among (model_ids, *more))
      return TRUE;
  return FALSE;
}

gboolean
queen_selection_is_everybody (const QueenSelection *self)
{
  return !queen_selection_is_filter (self) && !queen_selection_is_page (self);
}

gboolean
queen_selection_is_filter (const QueenSelection *self)
{
  return self->online != 0 || self->available != 0 || self->held != 0 || self->model_ids ||
         self->hive_ids;
}

gboolean
queen_selection_is_page (const QueenSelection *self)
{
  return self->limit > 0 || self->after > 0;
}

gboolean
queen_selection_matches (const QueenSelection *self, const QueenComponent *component)
{
  return takes (self->online, queen_component_is_online (component)) &&
         takes (self->available, queen_component_is_available (component)) &&
         takes (self->held, queen_component_is_held (component)) &&
         takes_model (self->model_ids, component) &&
         (!self->hive_ids || is_among (self->hive_ids, component->hive_id));
}

QueenSelection
queen_selection_copy (const QueenSelection *self)
{
  if (self->model_ids)
    g_ptr_array_ref (self->model_ids);
  if (self->hive_ids)
    g_ptr_array_ref (self->hive_ids);
  return *self;
}

void
queen_selection_clear (QueenSelection *self)
{
  g_clear_pointer (&self->model_ids, g_ptr_array_unref);
  g_clear_pointer (&self->hive_ids, g_ptr_array_unref);
}
