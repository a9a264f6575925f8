/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-watchdog.h"

#include <systemd/sd-daemon.h>

#include "http/queen-probe.h"
#include "model/queen-clock.h"

#define PROBES_PER_INTERVAL 3 /* one may be late, and none of them is the last chance */

struct _QueenWatchdog
{
  QueenProbe *probe;
  QueenAlarm *alarm;
  gint64 interval; /* µs between two probes */
};

static void
on_answer (gpointer data)
{
  sd_notify (FALSE, "WATCHDOG=1");
}

static void
on_turn (gpointer data)
{
  QueenWatchdog *self = data;
  g_autofree char *target = queen_probe_dup_target (self->probe);
  g_autoptr (GError) error = NULL;

  if (queen_probe_is_waiting (self->probe))
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE",
                      "the queen got no answer from herself at %s: the watchdog is not fed",
                      target);
  if (!queen_probe_send (self->probe, &error))
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE",
                      "the queen cannot reach herself: %s", error->message);
  queen_alarm_set (self->alarm, g_get_monotonic_time () + self->interval);
}

QueenWatchdog *
queen_watchdog_new (GPtrArray *addresses)
{
  QueenWatchdog *self;
  guint64 interval;

  if (sd_watchdog_enabled (FALSE, &interval) <= 0)
    return NULL;

  self = g_new0 (QueenWatchdog, 1);
  self->interval = (gint64) interval / PROBES_PER_INTERVAL;
  self->probe = queen_probe_new (addresses, on_answer, self);
  self->alarm = queen_alarm_new ("watchdog", G_PRIORITY_DEFAULT, on_turn, self);
  queen_alarm_set (self->alarm, 0);
  return self;
}

gboolean
queen_watchdog_is_peer (QueenWatchdog *self, int fd, const struct sockaddr_storage *peer)
{
  return self && queen_probe_is_peer (self->probe, fd, peer);
}

void
queen_watchdog_free (QueenWatchdog *self)
{
  queen_alarm_free (self->alarm);
  queen_probe_free (self->probe);
  g_free (self);
}
