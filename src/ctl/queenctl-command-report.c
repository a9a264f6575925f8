/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "model/queen-component-fields.h"
#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-error.h"
#include "queenctl-field.h"
#include "queenctl-output.h"
#include "queenctl-text.h"
#include "queenctl-word.h"

static gboolean
add_detail (const QueenField *field,
            const char *text,
            QueenComponentKind kind,
            JsonObject *heartbeat,
            GError **error)
{
  if (queen_field_is_said_by (field, kind))
    return queenctl_field_set (field, text, heartbeat, error);
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               kind == QUEEN_COMPONENT_WORKER ? _ ("--%s does not go with a worker")
                                              : _ ("--%s does not go with a hive"),
               field->option);
  return FALSE;
}

static gboolean
add_details (const QueenctlOptions *options,
             QueenComponentKind kind,
             JsonObject *heartbeat,
             GError **error)
{
  for (const QueenField *field = queen_component_fields; field->name; field++)
    {
      const char *text = field->option ? queenctl_options_get (options, field->option) : NULL;

      if (text && !add_detail (field, text, kind, heartbeat, error))
        return FALSE;
    }
  if (!queenctl_options_get (options, "reason") || queenctl_options_get (options, "health"))
    return TRUE;
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("--reason needs --health"));
  return FALSE;
}

static JsonNode *
make_heartbeat (const QueenctlOptions *options,
                QueenComponentKind kind,
                const char *id,
                const char *status,
                GError **error)
{
  g_autoptr (JsonObject) heartbeat = json_object_new ();
  JsonNode *node;

  json_object_set_string_member (heartbeat, "id", id);
  json_object_set_string_member (heartbeat,
                                 kind == QUEEN_COMPONENT_WORKER ? "status" : "operational_status",
                                 status);
  if (!add_details (options, kind, heartbeat, error))
    return NULL;
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, g_steal_pointer (&heartbeat));
  return node;
}

static void
print_answer (const QueenctlOptions *options,
              QueenComponentKind kind,
              const char *id,
              const char *status)
{
  g_autofree char *safe = queenctl_text_dup_safe (id);
  g_autofree char *word = queenctl_text_dup_status (status);

  if (options->is_json)
    queenctl_output_print_ok ("Heartbeat received from %s %s", queen_component_kind_get_name (kind),
                              id);
  else
    printf (_ ("Reported %s as %s.\n"), safe, word);
}

gboolean
queenctl_command_run_report (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autoptr (JsonNode) heartbeat = NULL;
  QueenComponentKind kind;

  if (!queenctl_kind_parse_argument (arguments[0], &kind, error) ||
      !queenctl_word_check (NULL, arguments[2], queenctl_word_statuses, error))
    return FALSE;
  heartbeat = make_heartbeat (options, kind, arguments[1], arguments[2], error);
  queen = heartbeat ? queenctl_connect (options, error) : NULL;
  if (!queen || !queenctl_queen_report (queen, kind, heartbeat, error))
    return FALSE;
  print_answer (options, kind, arguments[1], arguments[2]);
  return TRUE;
}
