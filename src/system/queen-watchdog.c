/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-watchdog.h"

#include <systemd/sd-daemon.h>

#include "loop/queen-alarm.h"
#include "process/queen-notify.h"
#include "queen-probe.h"

#define PROBES_PER_INTERVAL 3 /* one may be late, and none of them is the last chance */
#define MIN_DISTANCE 1000     /* µs: a manager that wants more is not worth all her time */
#define PATIENCE 100000       /* µs that an answer may take, however often one is wanted */

struct _QueenWatchdog
{
  const QueenClock *clock;
  QueenProbe *probe;
  QueenAlarm *alarm;
  gint64 interval;     /* µs between two probes */
  gint64 patience_end; /* µs, monotonic: of the one that is on its way */
};

static void
on_answer (gpointer data)
{
  queen_notify_feed_watchdog ();
}

static void
on_watchdog_turn (gpointer data)
{
  QueenWatchdog *self = data;
  gint64 now = self->clock->get_monotonic ();
  g_autofree char *target = NULL;
  g_autoptr (GError) error = NULL;

  queen_alarm_set (self->alarm, now + self->interval);
  if (queen_probe_is_waiting (self->probe) && now < self->patience_end)
    return;

  queen_probe_excuse (self->probe);
  target = queen_probe_dup_target (self->probe);
  if (queen_probe_is_waiting (self->probe))
    g_warning ("the queen got no answer from herself at %s: the watchdog is not fed", target);
  if (!queen_probe_send (self->probe, &error))
    g_warning ("the queen cannot reach herself: %s", error->message);
  self->patience_end = now + PATIENCE;
}

QueenWatchdog *
queen_watchdog_new (GPtrArray *addresses, const QueenClock *clock)
{
  QueenWatchdog *self;
  guint64 interval;
  int is_wanted = sd_watchdog_enabled (FALSE, &interval);

  if (is_wanted < 0)
    g_warning ("the watchdog is not fed, as its settings make no sense (WATCHDOG_USEC=%s)",
               g_getenv ("WATCHDOG_USEC"));
  if (is_wanted <= 0)
    return NULL;

  self = g_new0 (QueenWatchdog, 1);
  self->clock = clock;
  self->interval = (gint64) MAX (interval / PROBES_PER_INTERVAL, MIN_DISTANCE);
  self->probe = queen_probe_new (addresses, on_answer, self);
  self->alarm = queen_alarm_new (clock, "watchdog", G_PRIORITY_DEFAULT, on_watchdog_turn, self);
  queen_alarm_set (self->alarm, 0);
  return self;
}

gboolean
queen_watchdog_is_own (QueenWatchdog *self, int fd, const struct sockaddr_storage *address)
{
  return self && queen_probe_is_own (self->probe, fd, address);
}

void
queen_watchdog_free (QueenWatchdog *self)
{
  queen_alarm_free (self->alarm);
  queen_probe_free (self->probe);
  g_free (self);
}
