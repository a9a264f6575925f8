/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-calls.h"

#include "loop/queen-deadline-queue.h"
#include "queen-dbus-user.h"
#include "queen-dbus-watch.h"

struct _QueenDBusCall
{
  QueenDBusCalls *calls;
  GDBusMethodInvocation *invocation;
  GList link;
  void (*on_gone) (gpointer data);
  gpointer data;

  /* What follows is of one that is answered later. */
  QueenDeadline deadline;
  GCancellable *cancellable; /* of the question whose call it is; NULL without a bus */
  QueenDBusWatch *watch;     /* on whether the caller is there; likewise */
  QueenDBusUserFunc on_user;
  char *user; /* NULL as long as that is not known */
};

struct _QueenDBusCalls
{
  QueenDBusCallsSettings settings;
  GQueue open; /* of QueenDBusCall */
  QueenAlarm *alarm;
  QueenDeadlineQueue waiting;
};

static const char *
get_caller (const QueenDBusCall *call)
{
  return g_dbus_method_invocation_get_sender (call->invocation);
}

/* Nobody is there any more for whom @call is open. */
static void
lose_call (QueenDBusCall *call)
{
  void (*on_gone) (gpointer data) = call->on_gone;
  gpointer data = call->data;

  g_object_unref (queen_dbus_call_end (call));
  if (on_gone)
    on_gone (data);
}

static void
on_caller_gone (gpointer data)
{
  lose_call (data);
}

static void
on_patience_over (gpointer data)
{
  QueenDBusCalls *self = data;
  gint64 now = self->settings.clock->get_monotonic ();
  QueenDBusCall *call;

  while ((call = queen_deadline_queue_peek_due (&self->waiting, now)))
    {
      g_dbus_method_invocation_return_error_literal (g_object_ref (call->invocation), G_DBUS_ERROR,
                                                     G_DBUS_ERROR_TIMEOUT,
                                                     "it takes too long; try again later");
      lose_call (call);
    }
}

/* Whose call it is */

static gboolean
leaves_room (const QueenDBusCall *call)
{
  const QueenDBusCalls *self = call->calls;
  guint n_of_user = 0;

  for (GList *link = self->open.head; link; link = link->next)
    n_of_user += g_strcmp0 (((QueenDBusCall *) link->data)->user, call->user) == 0;
  return self->open.length + n_of_user <= self->settings.calls;
}

static void
enter_user (QueenDBusCall *self, const char *user)
{
  self->user = g_strdup (user);
  if (!self->calls->settings.leaves_room || leaves_room (self))
    {
      self->on_user (user, get_caller (self), self->data);
      return;
    }
  g_dbus_method_invocation_return_error_literal (
      g_object_ref (self->invocation), G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
      "too many calls of one user at once; try again later");
  lose_call (self);
}

static void
on_user_told (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusCall *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *user = queen_dbus_user_ask_finish (source, result, &error);

  /* The call is no more, or goes with the connection. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    lose_call (self);
  else
    enter_user (self, user ? user : get_caller (self));
}

QueenDBusCalls *
queen_dbus_calls_new (const QueenDBusCallsSettings *settings)
{
  QueenDBusCalls *self = g_new0 (QueenDBusCalls, 1);

  self->settings = *settings;
  self->alarm =
      queen_alarm_new (settings->clock, "open calls", G_PRIORITY_DEFAULT, on_patience_over, self);
  queen_deadline_queue_init (&self->waiting, settings->patience, self->alarm, settings->clock);
  return self;
}

gboolean
queen_dbus_calls_has_room (QueenDBusCalls *self, const char *caller)
{
  guint n_of_caller = 0;

  for (GList *link = self->open.head; link; link = link->next)
    n_of_caller += g_strcmp0 (get_caller (link->data), caller) == 0;
  return self->open.length < self->settings.calls && n_of_caller < self->settings.calls_per_caller;
}

QueenDBusCall *
queen_dbus_calls_begin (QueenDBusCalls *self,
                        GDBusMethodInvocation *invocation,
                        void (*on_gone) (gpointer data),
                        gpointer data)
{
  QueenDBusCall *call = g_new0 (QueenDBusCall, 1);

  call->calls = self;
  call->invocation = invocation;
  call->link.data = call;
  call->on_gone = on_gone;
  call->data = data;
  g_queue_push_tail_link (&self->open, &call->link);
  return call;
}

void
queen_dbus_call_answer_later (QueenDBusCall *self, QueenDBusUserFunc on_user)
{
  self->on_user = on_user;
  queen_deadline_begin (&self->deadline, &self->calls->waiting, self);
  if (!get_caller (self))
    {
      on_user ("", "", self->data);
      return;
    }
  self->cancellable = g_cancellable_new ();
  queen_dbus_user_ask (g_dbus_method_invocation_get_connection (self->invocation),
                       get_caller (self), self->cancellable, on_user_told, self);
}

void
queen_dbus_call_watch_caller (QueenDBusCall *self)
{
  if (get_caller (self))
    self->watch = queen_dbus_watch_new (g_dbus_method_invocation_get_connection (self->invocation),
                                        get_caller (self), on_caller_gone, self);
}

GDBusMethodInvocation *
queen_dbus_call_end (QueenDBusCall *self)
{
  GDBusMethodInvocation *invocation = self->invocation;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->watch, queen_dbus_watch_free);
  queen_deadline_end (&self->deadline);
  g_queue_unlink (&self->calls->open, &self->link);
  g_free (self->user);
  g_free (self);
  return invocation;
}

void
queen_dbus_calls_free (QueenDBusCalls *self)
{
  while (self->open.head)
    lose_call (self->open.head->data);
  queen_alarm_free (self->alarm);
  g_free (self);
}
