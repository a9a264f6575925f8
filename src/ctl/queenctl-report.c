/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-error.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

#define FOR_WORKER (1 << QUEENCTL_KIND_WORKER)
#define FOR_HIVE (1 << QUEENCTL_KIND_HIVE)

static const struct
{
  const char *name;   /* of the option */
  const char *member; /* of the heartbeat; NULL for those that are not simply text */
  gsize offset;
  guint kinds;
} details[] = {
  { "model", "model_id", G_STRUCT_OFFSET (QueenctlOptions, model), FOR_WORKER },
  { "device", "device", G_STRUCT_OFFSET (QueenctlOptions, device), FOR_WORKER },
  { "hostname", "hostname", G_STRUCT_OFFSET (QueenctlOptions, hostname), FOR_WORKER | FOR_HIVE },
  { "port", NULL, G_STRUCT_OFFSET (QueenctlOptions, port), FOR_WORKER | FOR_HIVE },
  { "hive", "hive_id", G_STRUCT_OFFSET (QueenctlOptions, hive), FOR_WORKER },
  { "implementation", "implementation", G_STRUCT_OFFSET (QueenctlOptions, implementation),
    FOR_WORKER },
  { "component-version", "version", G_STRUCT_OFFSET (QueenctlOptions, component_version),
    FOR_WORKER | FOR_HIVE },
  { "health", NULL, G_STRUCT_OFFSET (QueenctlOptions, health), FOR_HIVE },
  { "reason", NULL, G_STRUCT_OFFSET (QueenctlOptions, reason), FOR_HIVE },
};

static gboolean
add_texts (const QueenctlOptions *options, QueenctlKind kind, JsonObject *heartbeat, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (details); i++)
    {
      const char *text = G_STRUCT_MEMBER (char *, options, details[i].offset);

      if (!text)
        continue;
      if (!(details[i].kinds & (1 << kind)))
        {
          g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                       kind == QUEENCTL_KIND_WORKER ? _ ("--%s does not go with a worker")
                                                    : _ ("--%s does not go with a hive"),
                       details[i].name);
          return FALSE;
        }
      if (details[i].member)
        json_object_set_string_member (heartbeat, details[i].member, text);
    }
  return TRUE;
}

static gboolean
add_port (const char *text, JsonObject *heartbeat, GError **error)
{
  guint64 port;

  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &port, NULL))
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   _ ("--port: “%s” is not a number from 1 to 65535"), text);
      return FALSE;
    }
  json_object_set_int_member (heartbeat, "port", (gint64) port);
  return TRUE;
}

static gboolean
add_health (const QueenctlOptions *options, JsonObject *heartbeat, GError **error)
{
  JsonObject *health;

  if (!options->health)
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("--reason needs --health"));
      return FALSE;
    }
  health = json_object_new ();
  json_object_set_string_member (health, "status", options->health);
  if (options->reason)
    json_object_set_string_member (health, "reason", options->reason);
  json_object_set_object_member (heartbeat, "health_status", health);
  return TRUE;
}

static JsonNode *
make_heartbeat (const QueenctlOptions *options,
                QueenctlKind kind,
                const char *id,
                const char *status,
                GError **error)
{
  g_autoptr (JsonObject) heartbeat = json_object_new ();
  JsonNode *node;

  json_object_set_string_member (heartbeat, "id", id);
  json_object_set_string_member (heartbeat,
                                 kind == QUEENCTL_KIND_WORKER ? "status" : "operational_status",
                                 status);
  if (!add_texts (options, kind, heartbeat, error) ||
      (options->port && !add_port (options->port, heartbeat, error)) ||
      ((options->health || options->reason) && !add_health (options, heartbeat, error)))
    return NULL;
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, g_steal_pointer (&heartbeat));
  return node;
}

static void
print_answer (const QueenctlOptions *options, QueenctlKind kind, const char *id, const char *status)
{
  g_autofree char *safe = queenctl_text_dup_safe (id);
  g_autofree char *word = queenctl_text_dup_status (status);

  if (options->is_json)
    queenctl_output_print_ok ("Heartbeat received from %s %s", queenctl_kind_get_nick (kind), id);
  else
    printf (_ ("Reported %s as %s.\n"), safe, word);
}

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autoptr (JsonNode) heartbeat = NULL;
  QueenctlKind kind;

  if (!queenctl_kind_parse_argument (arguments[0], &kind, error))
    return FALSE;
  heartbeat = make_heartbeat (options, kind, arguments[1], arguments[2], error);
  queen = heartbeat ? queenctl_connect (options, error) : NULL;
  if (!queen || !queenctl_queen_report (queen, kind, heartbeat, error))
    return FALSE;
  print_answer (options, kind, arguments[1], arguments[2]);
  return TRUE;
}

const QueenctlCommand queenctl_report_command = {
  .name = "report",
  .arguments = N_ ("worker|hive ID STATUS"),
  .summary = N_ ("Sends a heartbeat in the name of a worker or hive."),
  .options = (const char *const[]){ "model", "device", "hostname", "port", "hive", "implementation",
                                    "component-version", "health", "reason", NULL },
  .least = 3,
  .most = 3,
  .run = run,
};
