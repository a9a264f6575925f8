/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-client.h"
#include "queenctl-command.h"
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
add_texts (const QueenctlOptions *options,
           QueenctlKind kind,
           GVariantDict *heartbeat,
           GError **error)
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
        g_variant_dict_insert (heartbeat, details[i].member, "s", text);
    }
  return TRUE;
}

static gboolean
add_port (const char *text, GVariantDict *heartbeat, GError **error)
{
  guint64 port;

  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &port, NULL))
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   _ ("--port: “%s” is not a number from 1 to 65535"), text);
      return FALSE;
    }
  g_variant_dict_insert (heartbeat, "port", "q", (guint16) port);
  return TRUE;
}

static gboolean
add_health (const QueenctlOptions *options, GVariantDict *heartbeat, GError **error)
{
  g_auto (GVariantDict) health = G_VARIANT_DICT_INIT (NULL);

  if (!options->health)
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("--reason needs --health"));
      return FALSE;
    }
  g_variant_dict_insert (&health, "status", "s", options->health);
  if (options->reason)
    g_variant_dict_insert (&health, "reason", "s", options->reason);
  g_variant_dict_insert_value (heartbeat, "health_status", g_variant_dict_end (&health));
  return TRUE;
}

static GVariant *
make_heartbeat (const QueenctlOptions *options,
                QueenctlKind kind,
                const char *id,
                const char *status,
                GError **error)
{
  g_auto (GVariantDict) heartbeat = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&heartbeat, "id", "s", id);
  g_variant_dict_insert (&heartbeat, kind == QUEENCTL_KIND_WORKER ? "status" : "operational_status",
                         "s", status);
  if (!add_texts (options, kind, &heartbeat, error) ||
      (options->port && !add_port (options->port, &heartbeat, error)) ||
      ((options->health || options->reason) && !add_health (options, &heartbeat, error)))
    return NULL;
  return g_variant_ref_sink (g_variant_dict_end (&heartbeat));
}

static void
print_answer (const QueenctlOptions *options, const char *id, const char *status)
{
  g_autofree char *safe = queenctl_text_dup_safe (id);
  g_autofree char *word = queenctl_text_dup_status (status);

  if (options->is_json)
    queenctl_output_print_json_text ("{\"status\":\"ok\"}");
  else
    printf (_ ("Reported %s as %s.\n"), safe, word);
}

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlClient) client = NULL;
  g_autoptr (GVariant) heartbeat = NULL;
  GError *cause = NULL;
  QueenctlKind kind;
  gboolean is_told;

  if (!queenctl_kind_parse (arguments[0], &kind))
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   _ ("“%s” is neither worker nor hive"), arguments[0]);
      return FALSE;
    }
  heartbeat = make_heartbeat (options, kind, arguments[1], arguments[2], error);
  client = heartbeat ? queenctl_client_new (options->bus, error) : NULL;
  if (!client)
    return FALSE;

  is_told = (kind == QUEENCTL_KIND_WORKER
                 ? queen_dbus_queen_call_report_worker_sync
                 : queen_dbus_queen_call_report_hive_sync) (queenctl_client_get_queen (client),
                                                            heartbeat, NULL, &cause);
  if (!is_told)
    return queenctl_client_explain (client, cause, error);
  print_answer (options, arguments[1], arguments[2]);
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
