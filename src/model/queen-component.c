/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component.h"

#include <string.h>

G_DEFINE_BOXED_TYPE (QueenComponent, queen_component, queen_component_ref, queen_component_unref)

static const char *const health_names[] = {
  [QUEEN_HEALTH_HEALTHY] = "healthy",
  [QUEEN_HEALTH_DEGRADED] = "degraded",
  [QUEEN_HEALTH_UNHEALTHY] = "unhealthy",
};

static void
clear_component (QueenComponent *component)
{
  g_free (component->id);
  g_free (component->model_id);
  g_free (component->device);
  g_free (component->implementation);
  g_free (component->version);
  g_free (component->hostname);
  g_free (component->hive_id);
  g_free (component->health_reason);
}

QueenComponent *
queen_component_new (QueenComponentKind kind)
{
  QueenComponent *component = g_atomic_rc_box_new0 (QueenComponent);

  component->kind = kind;
  return component;
}

QueenComponent *
queen_component_copy_offline (const QueenComponent *component, gint64 since, gint64 deadline)
{
  QueenComponent *copy = queen_component_new (component->kind);

  *copy = *component;
  copy->id = g_strdup (component->id);
  copy->model_id = g_strdup (component->model_id);
  copy->device = g_strdup (component->device);
  copy->implementation = g_strdup (component->implementation);
  copy->version = g_strdup (component->version);
  copy->hostname = g_strdup (component->hostname);
  copy->hive_id = g_strdup (component->hive_id);
  copy->health_reason = g_strdup (component->health_reason);
  copy->status = QUEEN_STATUS_OFFLINE;
  copy->since = since;
  copy->deadline = deadline;
  return copy;
}

gboolean
queen_component_says_same (const QueenComponent *a, const QueenComponent *b)
{
  return a->kind == b->kind && a->status == b->status && a->health == b->health &&
         a->port == b->port && g_strcmp0 (a->id, b->id) == 0 &&
         g_strcmp0 (a->model_id, b->model_id) == 0 && g_strcmp0 (a->device, b->device) == 0 &&
         g_strcmp0 (a->implementation, b->implementation) == 0 &&
         g_strcmp0 (a->version, b->version) == 0 && g_strcmp0 (a->hostname, b->hostname) == 0 &&
         g_strcmp0 (a->hive_id, b->hive_id) == 0 &&
         g_strcmp0 (a->health_reason, b->health_reason) == 0;
}

QueenComponent *
queen_component_ref (QueenComponent *component)
{
  return g_atomic_rc_box_acquire (component);
}

void
queen_component_unref (QueenComponent *component)
{
  g_atomic_rc_box_release_full (component, (GDestroyNotify) clear_component);
}

gsize
queen_component_get_size (const QueenComponent *component)
{
  const char *texts[] = { component->id,      component->model_id,       component->device,
                          component->version, component->implementation, component->hostname,
                          component->hive_id, component->health_reason };
  gsize size = sizeof *component;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    size += texts[i] ? strlen (texts[i]) + 1 : 0;
  return size;
}

gboolean
queen_component_is_online (const QueenComponent *component)
{
  return queen_status_is_online (component->status);
}

gboolean
queen_component_is_available (const QueenComponent *component)
{
  switch (component->status)
    {
    case QUEEN_STATUS_READY:
    case QUEEN_STATUS_ONLINE:
      return component->health != QUEEN_HEALTH_UNHEALTHY;
    case QUEEN_STATUS_BUSY:
      return component->kind == QUEEN_COMPONENT_HIVE && component->health != QUEEN_HEALTH_UNHEALTHY;
    default:
      return FALSE;
    }
}

gint64
queen_component_get_clock_skew (const QueenComponent *component)
{
  return component->said_at - component->last_seen / 1000;
}

const char *
queen_component_kind_get_name (QueenComponentKind kind)
{
  return kind == QUEEN_COMPONENT_WORKER ? "worker" : "hive";
}

gboolean
queen_component_kind_parse (const char *text, QueenComponentKind *kind)
{
  for (int i = 0; i < QUEEN_COMPONENT_N_KINDS; i++)
    if (g_str_equal (text, queen_component_kind_get_name (i)))
      {
        *kind = (QueenComponentKind) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
queen_health_parse (const char *text, QueenHealth *health)
{
  for (gsize i = 0; i < G_N_ELEMENTS (health_names); i++)
    if (g_str_equal (text, health_names[i]))
      {
        *health = (QueenHealth) i;
        return TRUE;
      }
  return FALSE;
}

const char *
queen_health_get_name (QueenHealth health)
{
  g_return_val_if_fail ((gsize) health < G_N_ELEMENTS (health_names), NULL);

  return health_names[health];
}
