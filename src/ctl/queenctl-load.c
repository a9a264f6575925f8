/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-load.h"

#define UNSAID (-1)

static gint64
get_count (const QueenctlComponent *worker, const char *member)
{
  JsonObject *object = json_node_get_object (queenctl_component_get_node (worker));
  JsonNode *node = json_object_get_member (object, member);
  gboolean is_said =
      node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;

  return is_said ? MAX (json_node_get_int (node), UNSAID) : UNSAID;
}

char *
queenctl_load_describe (const QueenctlComponent *worker)
{
  g_autoptr (GString) load = g_string_new (NULL);
  gint64 slots = get_count (worker, "slots");
  gint64 running = get_count (worker, "running");
  gint64 waiting = get_count (worker, "waiting");

  if (running != UNSAID)
    g_string_append_printf (load, "%" G_GINT64_FORMAT, running);
  else if (slots != UNSAID)
    g_string_append_c (load, '?');
  if (slots != UNSAID)
    g_string_append_printf (load, "/%" G_GINT64_FORMAT, slots);
  if (waiting > 0)
    g_string_append_printf (load, "%s+%" G_GINT64_FORMAT, load->len > 0 ? " " : "", waiting);
  return g_string_free (g_steal_pointer (&load), FALSE);
}

/* Who does not say how many slots it has counts as having one. */
static double
get_load (const QueenctlComponent *worker)
{
  gint64 running = get_count (worker, "running");
  gint64 waiting = get_count (worker, "waiting");

  if (!queenctl_component_is (worker, "online") || (running == UNSAID && waiting == UNSAID))
    return UNSAID;
  return ((double) MAX (running, 0) + (double) MAX (waiting, 0)) /
         (double) MAX (get_count (worker, "slots"), 1);
}

int
queenctl_load_compare (gconstpointer a, gconstpointer b)
{
  const QueenctlComponent *left = *(QueenctlComponent *const *) a;
  const QueenctlComponent *right = *(QueenctlComponent *const *) b;
  double more = 0;

  if (queenctl_component_get_kind (left) == QUEEN_COMPONENT_WORKER &&
      queenctl_component_get_kind (right) == QUEEN_COMPONENT_WORKER)
    more = get_load (right) - get_load (left);
  if (more != 0)
    return more > 0 ? 1 : -1;
  return queenctl_component_compare (a, b);
}
