/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-guard.h"

#include <string.h>

#include "queen-dbus-frames.h"
#include "queen-dbus-refusal.h"
#include "text/queen-hash.h"

#define MAX_PATH 1024 /* bytes: of a component's it is 420 at the most */
#define SETTLE_FROM                                                                                \
  32 /* a fraction of the limits; well below a share, or who calls on and on meets it */
#define SETTLE_AFTER 5 /* s, however few calls there are */

/* Fractions of the limits, too. Half of them is for those who come first, and each of these has no
 * more than its share. From there on the shares are so small that as many connections as a bus lets
 * one user have do not take the other half, and there is room for everybody else. */
#define CROWDED_FROM 2
#define SHARE_OF_CALLS 4
#define SHARE_OF_BYTES 8
#define CROWDED_SHARE_OF_CALLS 512
#define CROWDED_SHARE_OF_BYTES 1024

/* Nobody waits for the answer to a call that wants none, and a bus bounds only those who wait. So
 * all such calls together have a part. */
#define UNANSWERED 4

typedef struct
{
  guint n_calls;
  guint n_refused; /* whose refusal is an answer, and waits in the same place; or that want none */
  gsize n_bytes;   /* of the calls */
} Load;

typedef struct
{
  Load load;             /* of all */
  GHashTable *by_sender; /* its name -> Load */
} Crowd;

/* Shared with GDBus's own thread. */
struct _QueenDBusGuard
{
  GDBusConnection *connection;
  QueenDBusFrames *frames; /* NULL where it reads without */
  guint filter_id;
  GMainContext *context;
  QueenDBusGuardLimits limits;

  GMutex lock;    /* of what follows */
  Crowd gathered; /* since the settlement began that goes on, or the last one ended */
  Crowd settling; /* before it */
  gboolean is_settling;
  gboolean is_watched; /* to be settled in the end, however few there are */

  /* What follows belongs to the thread of @context. */
  QueenDBusOutbox *outbox; /* NULL when the guard is no longer wanted */
};

/* Loads */

static void
init_crowd (Crowd *crowd)
{
  crowd->load = (Load){ 0 };
  crowd->by_sender = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
}

static void
add_loads (Load *load, const Load *more)
{
  load->n_calls += more->n_calls;
  load->n_refused += more->n_refused;
  load->n_bytes += more->n_bytes;
}

static Load
get_load (QueenDBusGuard *self)
{
  Load load = self->gathered.load;

  add_loads (&load, &self->settling.load);
  return load;
}

static Load
get_load_of (QueenDBusGuard *self, const char *sender)
{
  const Crowd *crowds[] = { &self->gathered, &self->settling };
  Load load = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (crowds); i++)
    {
      const Load *part = g_hash_table_lookup (crowds[i]->by_sender, sender);

      if (part)
        add_loads (&load, part);
    }
  return load;
}

static void
add_load (QueenDBusGuard *self, const char *sender, const Load *more)
{
  Load *load = g_hash_table_lookup (self->gathered.by_sender, sender);

  if (!load)
    {
      load = g_new0 (Load, 1);
      g_hash_table_insert (self->gathered.by_sender, g_strdup (sender), load);
    }
  add_loads (load, more);
  add_loads (&self->gathered.load, more);
}

/* With the lock held. */
static gboolean
has_room_for_unanswered (QueenDBusGuard *self)
{
  Load load = get_load (self);

  return load.n_calls + load.n_refused < self->limits.calls / UNANSWERED;
}

static void
tell_frames (QueenDBusGuard *self)
{
  if (self->frames)
    queen_dbus_frames_leave_unanswered_out (self->frames, !has_room_for_unanswered (self));
}

static gboolean
has_gathered (QueenDBusGuard *self)
{
  return g_hash_table_size (self->gathered.by_sender) > 0;
}

static void
clear_guard (gpointer data)
{
  QueenDBusGuard *self = data;

  g_clear_object (&self->frames);
  g_main_context_unref (self->context);
  g_hash_table_unref (self->gathered.by_sender);
  g_hash_table_unref (self->settling.by_sender);
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
  g_hash_table_remove_all (self->settling.by_sender);
  self->settling.load = (Load){ 0 };
  tell_frames (self);
  self->is_settling = is_more = has_gathered (self);
  g_mutex_unlock (&self->lock);
  if (is_more)
    settle (self);
}

static gboolean
on_calls_done (gpointer data)
{
  QueenDBusGuard *self = data;
  Crowd settled;

  if (!self->outbox)
    return G_SOURCE_REMOVE;
  g_mutex_lock (&self->lock);
  settled = self->settling; /* empty */
  self->settling = self->gathered;
  self->gathered = settled;
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
  must_settle = !self->is_settling && has_gathered (self);
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
  [TOO_LARGE] = { "dev.rbee.Queen1.Error.TooLarge", "no call needs to be that large or that deep" },
  [TOO_MANY] = { "org.freedesktop.DBus.Error.LimitsExceeded",
                 "too many calls wait for their answer; try again later" },
};

static gboolean
is_awaited (GDBusMessage *call)
{
  return (g_dbus_message_get_flags (call) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0;
}

static Verdict
judge_by_itself (GDBusMessage *call)
{
  if (g_dbus_message_get_header (call, QUEEN_DBUS_REFUSAL))
    return TOO_MANY;
  if (g_dbus_message_get_header (call, QUEEN_DBUS_FRAMES_CUT) ||
      strlen (g_dbus_message_get_path (call)) > MAX_PATH)
    return TOO_LARGE;
  return LET_IN;
}

static gboolean
is_from (const QueenDBusGuard *self, const Load *load, guint fraction)
{
  return load->n_calls + load->n_refused >= self->limits.calls / fraction ||
         load->n_bytes >= self->limits.bytes / fraction;
}

static gboolean
has_room (QueenDBusGuard *self, const Load *of_all, const Load *of_sender, const Load *more)
{
  gboolean is_crowded = is_from (self, of_all, CROWDED_FROM);
  guint calls = self->limits.calls / (is_crowded ? CROWDED_SHARE_OF_CALLS : SHARE_OF_CALLS);
  gsize bytes = self->limits.bytes / (is_crowded ? CROWDED_SHARE_OF_BYTES : SHARE_OF_BYTES);

  return of_sender->n_calls < MAX (calls, 1) && of_sender->n_bytes + more->n_bytes <= bytes &&
         of_all->n_calls < self->limits.calls &&
         of_all->n_bytes + more->n_bytes <= self->limits.bytes;
}

/* With the lock held. */
static Verdict
weigh (QueenDBusGuard *self, const char *sender, gsize size, gboolean is_awaited)
{
  const Load let_in = { .n_calls = 1, .n_bytes = size };
  const Load refused = { .n_refused = 1 };
  Load of_all = get_load (self);
  Load of_sender = get_load_of (self, sender);

  if (!is_awaited && !has_room_for_unanswered (self))
    return FAR_TOO_MANY;
  if (has_room (self, &of_all, &of_sender, &let_in))
    {
      add_load (self, sender, &let_in);
      return LET_IN;
    }
  if (of_all.n_refused >= self->limits.calls ||
      of_sender.n_refused >= self->limits.calls / SHARE_OF_CALLS)
    return FAR_TOO_MANY;
  add_load (self, sender, &refused);
  return is_awaited ? TOO_MANY : FAR_TOO_MANY;
}

static Verdict
judge_by_others (QueenDBusGuard *self, GDBusMessage *call, gsize size)
{
  const char *sender = g_dbus_message_get_sender (call);
  gboolean must_settle, must_watch;
  Load of_all;
  Verdict verdict;

  g_mutex_lock (&self->lock);
  verdict = weigh (self, sender ? sender : "", size, is_awaited (call));
  tell_frames (self);
  of_all = get_load (self);
  must_settle = !self->is_settling && is_from (self, &of_all, SETTLE_FROM);
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
  Verdict by_others = judge_by_others (self, call, verdict == LET_IN ? size : 0);

  return by_others != LET_IN ? by_others : verdict;
}

static void
refuse_message (GDBusConnection *connection, GDBusMessage *call, Verdict verdict)
{
  g_autoptr (GDBusMessage) answer = NULL;

  if (verdict == FAR_TOO_MANY || !is_awaited (call))
    return;
  answer = g_dbus_message_new_method_error_literal (call, refusals[verdict].error,
                                                    refusals[verdict].message);
  g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer data)
{
  QueenDBusGuard *self = data;
  Verdict verdict;

  if (!is_incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  verdict = judge (self, message);
  if (verdict == LET_IN)
    {
      if (self->frames)
        queen_dbus_frames_enclose (self->frames, message);
      return message;
    }
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
  g_set_object (&self->frames, queen_dbus_frames_find (connection));
  self->context = g_main_context_ref_thread_default ();
  self->limits = *limits;
  self->outbox = outbox;
  if (self->frames)
    queen_dbus_frames_set_outbox (self->frames, outbox);
  g_mutex_init (&self->lock);
  init_crowd (&self->gathered);
  init_crowd (&self->settling);
  self->filter_id = g_dbus_connection_add_filter (connection, on_message,
                                                  g_atomic_rc_box_acquire (self), unref_guard);
  return self;
}

void
queen_dbus_guard_free (QueenDBusGuard *self)
{
  self->outbox = NULL;
  if (self->frames)
    queen_dbus_frames_set_outbox (self->frames, NULL);
  g_dbus_connection_remove_filter (self->connection, self->filter_id);
  unref_guard (self);
}
