/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-alone.h"

static GSource *
make_source (int priority, const char *name)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, priority);
  g_source_set_static_name (source, name);
  return source;
}

/* Together with all others. What is more urgent than they are has a turn of its own. */
static gboolean
on_others_turn (gpointer data)
{
  g_source_attach (data, g_source_get_context (g_main_current_source ()));
  return G_SOURCE_REMOVE;
}

void
queen_alone_invoke (GMainContext *context, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) others = make_source (G_PRIORITY_DEFAULT, "others' turn");
  GSource *alone = make_source (G_PRIORITY_HIGH, "alone");

  g_source_set_callback (alone, func, data, destroy);
  g_source_set_callback (others, on_others_turn, alone, (GDestroyNotify) g_source_unref);
  g_source_attach (others, context);
}
