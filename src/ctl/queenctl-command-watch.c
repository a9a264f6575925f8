/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-event-line.h"
#include "queenctl-memory.h"
#include "queenctl-notifier.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

typedef struct
{
  const QueenctlOptions *options;
  GMainLoop *loop;
  QueenctlQueen *queen;
  QueenctlMemory *memory;
  QueenctlNotifier *notifier; /* (nullable) */
  QueenctlEventLine *line;
  guint stdout_id;
} Watch;

/* Ends when nothing can be written any more; why, whoever checks the output at exit says. */
static void
end_line (Watch *self)
{
  if (fflush (stdout) != 0)
    g_main_loop_quit (self->loop);
}

/* What is no event goes where it does not disturb JSON. */
static void
say (Watch *self, const char *message)
{
  g_autofree char *safe = queenctl_text_dup_safe (message);

  if (self->options->is_json)
    fprintf (stderr, "queenctl: %s\n", safe);
  else
    {
      queenctl_event_line_print_note (self->line, message);
      end_line (self);
    }
}

static void
print_event (Watch *self,
             const QueenctlEvent *event,
             const QueenctlCondition *now,
             const QueenctlCondition *before)
{
  if (self->options->is_json)
    queenctl_output_print_line (event->node);
  else
    queenctl_event_line_print (self->line, event, now, before);
  end_line (self);
}

/* How healthy one is stands in no event, and any heartbeat may have changed it. There are too many
 * of workers' to ask each time: of these it is known when their status changes. Who cannot be asked
 * just now is as healthy as before. */
static QueenctlCondition *
find_condition (Watch *self, QueenComponentKind kind, const QueenctlEvent *event)
{
  const QueenctlCondition *before = queenctl_memory_get (self->memory, event);
  gboolean is_news = !before || !g_str_equal (before->status, event->status);
  g_autoptr (QueenctlComponent) component = NULL;

  if ((kind == QUEEN_COMPONENT_HIVE || is_news) &&
      queenctl_queen_lookup (self->queen, kind, event->id, &component, NULL) && component)
    return queenctl_condition_new (event->status, component);
  return queenctl_condition_new_like (before, event->status);
}

static void
take_component (Watch *self, QueenComponentKind kind, const QueenctlEvent *event)
{
  g_autoptr (QueenctlCondition) now = find_condition (self, kind, event);
  const QueenctlCondition *before = queenctl_memory_get (self->memory, event);
  gboolean is_change = !before || !queenctl_condition_equal (before, now);

  if (self->notifier)
    queenctl_notifier_take (self->notifier, kind, event->id, event->status);
  if (is_change || self->options->is_all)
    print_event (self, event, now, is_change ? before : NULL);
  if (is_change)
    queenctl_memory_set (self->memory, event, g_steal_pointer (&now));
}

static void
on_watched_event (QueenctlQueen *queen, const QueenctlEvent *event, gpointer data)
{
  Watch *self = data;
  g_autoptr (QueenctlCondition) now = NULL;
  QueenComponentKind kind;

  if (queenctl_kind_parse (event->kind, &kind))
    {
      take_component (self, kind, event);
      return;
    }
  now = queenctl_condition_new (event->status, NULL);
  if (self->options->is_all)
    print_event (self, event, now, NULL);
}

static void
on_watched_lag (QueenctlQueen *queen, gint64 dropped, gpointer data)
{
  Watch *self = data;
  gulong count = (gulong) MAX (dropped, 0);
  g_autofree char *message = NULL;

  if (self->options->is_json)
    {
      if (dropped < 0)
        puts ("{\"type\":\"lagged\",\"dropped\":null}");
      else
        printf ("{\"type\":\"lagged\",\"dropped\":%lu}\n", count);
      end_line (self);
      return;
    }
  message = dropped < 0 ? g_strdup (_ ("Events were lost on the way"))
                        : g_strdup_printf (ngettext ("%lu event was lost on the way",
                                                     "%lu events were lost on the way", count),
                                           count);
  say (self, message);
}

static void
on_queen_gone (QueenctlQueen *queen, const char *message, gpointer data)
{
  say (data, message);
}

static gboolean
learn (Watch *self, GError **error)
{
  g_autoptr (GPtrArray) components = queenctl_queen_list (self->queen, NULL, error);

  if (!components)
    return FALSE;
  queenctl_memory_learn (self->memory, components);
  if (self->notifier)
    queenctl_notifier_learn (self->notifier, components);
  return TRUE;
}

/* Who is as before is no news, and whoever has changed meanwhile is one with the next heartbeat. */
static void
on_watched_back (QueenctlQueen *queen, gpointer data)
{
  Watch *self = data;

  say (self, _ ("The queen is back."));
  if (self->notifier)
    learn (self, NULL);
}

static gboolean
on_stdout_closed (int fd, GIOCondition condition, gpointer data)
{
  Watch *self = data;

  self->stdout_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
clear_watch (Watch *self)
{
  g_clear_handle_id (&self->stdout_id, g_source_remove);
  if (self->queen)
    g_signal_handlers_disconnect_by_data (self->queen, self);
  g_clear_object (&self->queen);
  g_clear_pointer (&self->notifier, queenctl_notifier_free);
  g_clear_pointer (&self->memory, queenctl_memory_free);
  g_clear_pointer (&self->line, queenctl_event_line_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, clear_watch)

gboolean
queenctl_command_run_watch (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_auto (Watch) self = { .options = options };

  self.queen = queenctl_connect (options, error);
  if (!self.queen)
    return FALSE;
  self.loop = g_main_loop_new (NULL, FALSE);
  self.line = queenctl_event_line_new ();
  self.memory = queenctl_memory_new ();
  if (!queenctl_queen_watch (self.queen, options->is_all ? QUEENCTL_WATCH_PULSES : 0, error))
    return FALSE;
  if (options->is_notifying)
    self.notifier = queenctl_notifier_new ();
  if (!learn (&self, error))
    return FALSE;
  g_signal_connect (self.queen, "event", G_CALLBACK (on_watched_event), &self);
  g_signal_connect (self.queen, "lagged", G_CALLBACK (on_watched_lag), &self);
  g_signal_connect (self.queen, "gone", G_CALLBACK (on_queen_gone), &self);
  g_signal_connect (self.queen, "back", G_CALLBACK (on_watched_back), &self);

  /* A pipe that nobody reads shows here, even when there is nothing to write. */
  self.stdout_id =
      g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP | G_IO_NVAL, on_stdout_closed, &self);
  g_main_loop_run (self.loop);
  return TRUE;
}
