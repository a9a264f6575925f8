/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-transition-log.h"

/* As in data/queen-rbee.catalog. */
#define ID_ONLINE "0e5969bdce7341099788273827d1e1f6"
#define ID_STOPPED "6dd06f1fe3cb4232b09b743cd7037ca9"
#define ID_OFFLINE "a13101937b7740af9b1907da7e073225"
#define ID_UNWELL "13fd15042df8414ca1aae01d81e4a1d8"
#define ID_WELL "4ce23857bdec43ac865e868973584dbc"
#define ID_FORGOTTEN "22b4a7fa936049518976e14e15bf5a05"

struct _QueenTransitionLog
{
  QueenEventBus *bus;
  gulong event_id;
};

static void G_GNUC_PRINTF (3, 4)
    say (const char *message_id, const QueenComponent *component, const char *format, ...)
{
  const char *kind = queen_component_kind_get_name (component->kind);
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", message_id,
                    "QUEEN_COMPONENT_KIND", kind, "QUEEN_COMPONENT_ID", component->id, "MESSAGE",
                    "%s %s", kind, text);
}

static void
say_presence (const QueenComponent *before, const QueenComponent *now)
{
  gboolean was_online = before && queen_component_is_online (before);

  if (queen_component_is_online (now))
    {
      if (!was_online)
        say (ID_ONLINE, now, "%s: %s", before ? "online again" : "online", now->id);
    }
  else if (was_online && now->heartbeats > before->heartbeats) /* its own word */
    say (ID_STOPPED, now, "stopped: %s", now->id);
  else if (was_online)
    say (ID_OFFLINE, now, "offline: %s", now->id);
}

static void
say_health (const QueenComponent *before, const QueenComponent *now)
{
  QueenHealth last = before ? before->health : QUEEN_HEALTH_HEALTHY;

  if (now->health == last)
    return;
  if (now->health == QUEEN_HEALTH_HEALTHY)
    say (ID_WELL, now, "healthy again: %s", now->id);
  else
    say (ID_UNWELL, now, "%s: %s%s%s", queen_health_get_name (now->health), now->id,
         now->health_reason ? ": " : "", now->health_reason ? now->health_reason : "");
}

static void
on_event_for_log (QueenTransitionLog *self, QueenEvent *event)
{
  if (event->kind & (QUEEN_EVENT_WORKER | QUEEN_EVENT_HIVE))
    {
      say_presence (event->before, event->component);
      say_health (event->before, event->component);
    }
  else if (event->kind == QUEEN_EVENT_FORGOTTEN && event->by)
    say (ID_FORGOTTEN, event->component, "forgotten: %s, by %s", event->component->id, event->by);
}

QueenTransitionLog *
queen_transition_log_new (QueenEventBus *bus)
{
  QueenTransitionLog *self = g_new0 (QueenTransitionLog, 1);

  self->bus = bus;
  self->event_id = g_signal_connect_data (bus, "event::change", G_CALLBACK (on_event_for_log), self,
                                          NULL, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return self;
}

void
queen_transition_log_free (QueenTransitionLog *self)
{
  g_clear_signal_handler (&self->event_id, self->bus);
  g_free (self);
}
