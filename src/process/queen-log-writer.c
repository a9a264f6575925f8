/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-log-writer.h"

#include <errno.h>
#include <unistd.h>

#define FAREWELL (2 * G_USEC_PER_SEC) /* that the last lines get */

/* Both the owner and the thread have it, as the thread may hang for longer than the owner lives. */
struct _QueenLogWriter
{
  int fd;
  GMutex lock; /* of all that follows; nobody has it while the disk is asked */
  GCond given; /* lines, another try, or the end */
  GCond done;
  GString *waiting;   /* lines that the thread has not taken */
  gsize n_taken;      /* bytes that it has, and that are not written */
  int problem;        /* errno of its last try; 0 when that went well */
  gboolean is_wanted; /* another try, although the last one failed */
  gboolean is_ending;
};

static void
clear_writer (gpointer data)
{
  QueenLogWriter *self = data;

  g_string_free (self->waiting, TRUE);
  g_cond_clear (&self->done);
  g_cond_clear (&self->given);
  g_mutex_clear (&self->lock);
}

static void
unref_writer (QueenLogWriter *self)
{
  g_atomic_rc_box_release_full (self, clear_writer);
}

/* Without the lock.
 *
 * Returns: 0, or errno; what was written is no longer in @lines */
static int
write_lines (int fd, GString *lines)
{
  while (lines->len > 0)
    {
      gssize n = TEMP_FAILURE_RETRY (write (fd, lines->str, lines->len));

      if (n < 0)
        return errno;
      g_string_erase (lines, 0, n);
    }
  return 0;
}

/* With the lock. */
static gboolean
has_work (const QueenLogWriter *self)
{
  return self->problem != 0 ? self->is_wanted : self->waiting->len > 0;
}

/* With the lock, which it lets go of meanwhile. */
static void
take_turn (QueenLogWriter *self, GString *lines)
{
  int problem;

  g_string_append_len (lines, self->waiting->str, (gssize) self->waiting->len);
  g_string_truncate (self->waiting, 0);
  self->n_taken = lines->len;
  self->is_wanted = FALSE;
  g_mutex_unlock (&self->lock);
  problem = write_lines (self->fd, lines);
  g_mutex_lock (&self->lock);
  self->n_taken = lines->len;
  self->problem = problem;
  g_cond_broadcast (&self->done);
}

static gpointer
write_in_log_thread (gpointer data)
{
  QueenLogWriter *self = data;
  g_autoptr (GString) lines = g_string_new (NULL);

  g_mutex_lock (&self->lock);
  while (has_work (self) || !self->is_ending)
    if (has_work (self))
      take_turn (self, lines);
    else
      g_cond_wait (&self->given, &self->lock);
  g_mutex_unlock (&self->lock);
  unref_writer (self);
  return NULL;
}

QueenLogWriter *
queen_log_writer_new (int fd)
{
  QueenLogWriter *self = g_atomic_rc_box_new0 (QueenLogWriter);
  GThread *thread;

  self->fd = fd;
  self->waiting = g_string_new (NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->given);
  g_cond_init (&self->done);
  thread = g_thread_try_new ("log", write_in_log_thread, g_atomic_rc_box_acquire (self), NULL);
  if (thread)
    {
      g_thread_unref (thread);
      return self;
    }
  unref_writer (self);
  unref_writer (self);
  return NULL;
}

/* With the lock. */
static void
try_again (QueenLogWriter *self)
{
  self->is_wanted = TRUE;
  g_cond_signal (&self->given);
}

int
queen_log_writer_put (QueenLogWriter *self, const char *line, gsize length)
{
  int problem = 0;

  g_mutex_lock (&self->lock);
  if (self->n_taken + self->waiting->len + length <= QUEEN_LOG_WRITER_MAX)
    g_string_append_len (self->waiting, line, (gssize) length);
  else
    problem = self->problem != 0 ? self->problem : EAGAIN;
  try_again (self);
  g_mutex_unlock (&self->lock);
  return problem;
}

/* With the lock. */
static int
get_standing (const QueenLogWriter *self)
{
  if (self->n_taken + self->waiting->len == 0)
    return 0;
  return self->problem != 0 && !self->is_wanted ? self->problem : EAGAIN;
}

int
queen_log_writer_settle (QueenLogWriter *self, gint64 patience)
{
  gint64 end = g_get_monotonic_time () + patience;
  int standing;

  g_mutex_lock (&self->lock);
  standing = get_standing (self);
  if (standing != 0)
    try_again (self);
  while (patience > 0 && (standing = get_standing (self)) == EAGAIN &&
         g_cond_wait_until (&self->done, &self->lock, end))
    ;
  g_mutex_unlock (&self->lock);
  return standing;
}

void
queen_log_writer_free (QueenLogWriter *self)
{
  queen_log_writer_settle (self, FAREWELL);
  g_mutex_lock (&self->lock);
  self->is_ending = TRUE;
  g_cond_signal (&self->given);
  g_mutex_unlock (&self->lock);
  unref_writer (self);
}
