/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-guard.h"

#include <string.h>

#include "queen-dbus-frames.h"

#define MAX_PATH 1024  /* bytes: of a component's it is 420 at the most */
#define SETTLE_FROM 8  /* a fraction of the limits */
#define SETTLE_AFTER 5 /* s, however few calls there are */

/* Shared with GDBus's own thread. */
struct _QueenDBusGuard
{
  GDBusConnection *connection;
  guint filter_id;
  GMainContext *context;
  QueenDBusGuardLimits limits;

  GMutex lock; /* of what follows */
  guint n_calls;
  gsize n_bytes;
  gboolean is_settling;
  gboolean is_watched; /* to be settled in the end, however few there are */

  /* What follows belongs to the thread of @context. */
  QueenDBusOutbox *outbox; /* NULL when the guard is no longer wanted */
  guint n_calls_settling;
  gsize n_bytes_settling;
};

static void
clear_guard (gpointer data)
{
  QueenDBusGuard *self = data;

  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
}

static void
unref_guard (gpointer self)
{
  g_atomic_rc_box_release_full (self, clear_guard);
}

/* Settling: what has been let in is done, and the bus has read what was answered. */

static void settle (QueenDBusGuard *self);

static void
on_settled (gpointer data)
{
  QueenDBusGuard *self = data;
  gboolean is_more;

  g_mutex_lock (&self->lock);
  self->n_calls -= self->n_calls_settling;
  self->n_bytes -= self->n_bytes_settling;
  self->is_settling = is_more = self->n_calls > 0;
  g_mutex_unlock (&self->lock);
  if (is_more)
    settle (self);
}

static gboolean
on_calls_done (gpointer data)
{
  QueenDBusGuard *self = data;

  if (!self->outbox)
    return G_SOURCE_REMOVE;
  g_mutex_lock (&self->lock);
  self->n_calls_settling = self->n_calls;
  self->n_bytes_settling = self->n_bytes;
  g_mutex_unlock (&self->lock);
  queen_dbus_outbox_await (self->outbox, on_settled, self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_watch_over (gpointer data)
{
  QueenDBusGuard *self = data;
  gboolean must_settle;

  g_mutex_lock (&self->lock);
  self->is_watched = FALSE;
  must_settle = !self->is_settling && self->n_calls > 0;
  self->is_settling |= must_settle;
  g_mutex_unlock (&self->lock);
  if (must_settle)
    settle (self);
  return G_SOURCE_REMOVE;
}

/* In any thread. */
static void
attach (QueenDBusGuard *self, GSource *source, GSourceFunc callback)
{
  /* GDBus dispatches calls at a higher priority, so that all that have come until now are done when
   * this comes to its turn. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT_IDLE);
  g_source_set_callback (source, callback, g_atomic_rc_box_acquire (self), unref_guard);
  g_source_set_static_name (source, "guard");
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static void
settle (QueenDBusGuard *self)
{
  attach (self, g_idle_source_new (), on_calls_done);
}

static void
watch (QueenDBusGuard *self)
{
  attach (self, g_timeout_source_new_seconds (SETTLE_AFTER), on_watch_over);
}

/* Judging, in GDBus's thread */

typedef enum
{
  LET_IN,
  TOO_LARGE,
  TOO_MANY,
  FAR_TOO_MANY,
} Verdict;

static const struct
{
  const char *error;
  const char *message;
} refusals[] = {
  [TOO_LARGE] = { "dev.rbee.Queen1.Error.TooLarge", "no call needs to be that large" },
  [TOO_MANY] = { "org.freedesktop.DBus.Error.LimitsExceeded",
                 "too many calls wait for their answer; try again later" },
};

static Verdict
judge_by_itself (GDBusMessage *call)
{
  if (g_dbus_message_get_header (call, QUEEN_DBUS_FRAMES_CUT) ||
      strlen (g_dbus_message_get_path (call)) > MAX_PATH)
    return TOO_LARGE;
  return LET_IN;
}

static gboolean
is_much (QueenDBusGuard *self)
{
  return self->n_calls >= self->limits.calls / SETTLE_FROM ||
         self->n_bytes >= self->limits.bytes / SETTLE_FROM;
}

/* A refusal is an answer, too, and waits in the same place. */
static Verdict
judge_by_others (QueenDBusGuard *self, gsize size)
{
  Verdict verdict = LET_IN;
  gboolean must_settle, must_watch;

  g_mutex_lock (&self->lock);
  if (self->n_calls >= 2 * self->limits.calls)
    verdict = FAR_TOO_MANY;
  else if (self->n_calls++ >= self->limits.calls || self->n_bytes + size > self->limits.bytes)
    verdict = TOO_MANY;
  else
    self->n_bytes += size;
  must_settle = !self->is_settling && is_much (self);
  must_watch = !self->is_settling && !must_settle && !self->is_watched;
  self->is_settling |= must_settle;
  self->is_watched |= must_watch;
  g_mutex_unlock (&self->lock);
  if (must_settle)
    settle (self);
  if (must_watch)
    watch (self);
  return verdict;
}

static Verdict
judge (QueenDBusGuard *self, GDBusMessage *call)
{
  GVariant *body = g_dbus_message_get_body (call);
  gsize size = body ? g_variant_get_size (body) : 0;
  Verdict verdict = judge_by_itself (call);
  Verdict by_others = judge_by_others (self, verdict == LET_IN ? size : 0);

  return by_others != LET_IN ? by_others : verdict;
}

static void
refuse_message (GDBusConnection *connection, GDBusMessage *call, Verdict verdict)
{
  g_autoptr (GDBusMessage) answer = NULL;

  if (verdict == FAR_TOO_MANY ||
      g_dbus_message_get_flags (call) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
    return;
  answer = g_dbus_message_new_method_error_literal (call, refusals[verdict].error,
                                                    refusals[verdict].message);
  g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer data)
{
  Verdict verdict;

  if (!is_incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  verdict = judge (data, message);
  if (verdict == LET_IN)
    return message;
  refuse_message (connection, message, verdict);
  g_object_unref (message);
  return NULL;
}

QueenDBusGuard *
queen_dbus_guard_new (GDBusConnection *connection,
                      QueenDBusOutbox *outbox,
                      const QueenDBusGuardLimits *limits)
{
  QueenDBusGuard *self = g_atomic_rc_box_new0 (QueenDBusGuard);

  self->connection = connection;
  self->context = g_main_context_ref_thread_default ();
  self->limits = *limits;
  self->outbox = outbox;
  g_mutex_init (&self->lock);
  self->filter_id = g_dbus_connection_add_filter (connection, on_message,
                                                  g_atomic_rc_box_acquire (self), unref_guard);
  return self;
}

void
queen_dbus_guard_free (QueenDBusGuard *self)
{
  self->outbox = NULL;
  g_dbus_connection_remove_filter (self->connection, self->filter_id);
  unref_guard (self);
}
