/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-hold.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

/* Over either way, and for scripts, the hold's id is what it can be ended by. */
static void
print_hold (const QueenctlOptions *options, const QueenctlComponent *component, const char *hold)
{
  const char *kind = queen_component_kind_get_name (queenctl_component_get_kind (component));
  const char *id = queenctl_component_get_string (component, "id");
  g_autofree char *safe = queenctl_text_dup_safe (id);
  g_autofree char *safe_hold = queenctl_text_dup_safe (hold);
  g_autoptr (JsonNode) node = NULL;

  if (!options->is_json)
    {
      printf (_ ("Held %s: %s\n"), safe, safe_hold);
      return;
    }
  node = json_node_init_object (json_node_alloc (), json_object_new ());
  json_object_set_string_member (json_node_get_object (node), "kind", kind);
  json_object_set_string_member (json_node_get_object (node), "id", id);
  json_object_set_string_member (json_node_get_object (node), "hold", hold);
  queenctl_output_print_node (node);
}

gboolean
queenctl_command_run_hold (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlComponent) component = NULL;
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autofree char *hold = NULL;
  guint ttl;

  if (!queenctl_hold_check (options, &ttl, error))
    return FALSE;
  queen = queenctl_connect (options, error);
  if (!queen)
    return FALSE;
  hold = queenctl_hold_make (queen, options, arguments[0], ttl, &component, error);
  if (!hold)
    return FALSE;
  print_hold (options, component, hold);
  return TRUE;
}
