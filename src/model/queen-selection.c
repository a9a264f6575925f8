/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-selection.h"

static gboolean
takes (guint answers, gboolean is_so)
{
  return answers == 0 || (answers & (is_so ? QUEEN_ANSWER_YES : QUEEN_ANSWER_NO)) != 0;
}

static gboolean
takes_model (const GPtrArray *model_ids, const char *model_id)
{
  if (!model_ids)
    return TRUE;
  for (guint i = 0; model_id && i < model_ids->len; i++)
    if (g_str_equal (model_ids->pdata[i], model_id))
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
  return self->online != 0 || self->available != 0 || self->model_ids;
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
         takes_model (self->model_ids, component->model_id);
}

void
queen_selection_clear (QueenSelection *self)
{
  g_clear_pointer (&self->model_ids, g_ptr_array_unref);
}
