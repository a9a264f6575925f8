/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What queens know of each other's jobs: of each its id, owner, model, worker and state, and what
 * each has in flight at which worker. Each tells of her own, and when she is gone, her jobs are. */

#include <string.h>

#include "model/queen-job-dispatch.h"
#include "queen-redis-sequencer-private.h"
#include "text/queen-hash.h"

#define APART (25 * G_TIME_SPAN_MILLISECOND) /* of two calls, while there is much to tell */
#define MOST_TOLD (48 * 1024)                /* bytes of one call, and one line */
#define N_BEFORE_LINES 2                     /* words of a call */
#define TOLD_FIELD "told"                    /* whether she has said all; never a job's id either */
#define MOST_ASKED 64    /* those who spoke last, however many names there are */
#define LOAD_FIELD "at:" /* no job's id begins like this */

G_STATIC_ASSERT (MOST_ASKED == QUEEN_SIBLINGS_MAX);

/* Telling */

typedef struct
{
  GPtrArray *words;
  gsize n_bytes;
} Telling;

static void
add_line (const QueenJobIndexNews *news, gpointer data)
{
  Telling *telling = data;
  gboolean is_kept = news->job_id ? news->entry != NULL : news->n > 0;
  GString *line = g_string_new (NULL);

  queen_job_dispatch_write (line, news);
  telling->n_bytes += line->len;
  g_ptr_array_add (telling->words, news->job_id ? g_strdup (news->job_id)
                                                : g_strconcat (LOAD_FIELD, news->worker_id, NULL));
  g_ptr_array_add (telling->words, g_string_free (line, FALSE));
  g_ptr_array_add (telling->words, g_strdup (is_kept ? "1" : "0"));
}

/* What this call is to the others. */
static const char *
choose_how (QueenRedisSequencer *self)
{
  gboolean is_last = !queen_job_index_has_news (self->job_index);
  QueenTellStep step = self->tell_step;

  self->tell_step = step == QUEEN_TELL_NEWS || is_last ? QUEEN_TELL_NEWS : QUEEN_TELL_REST;
  if (step == QUEEN_TELL_NEWS)
    return "news";
  if (step == QUEEN_TELL_ALL)
    return is_last ? "whole" : "begin";
  return is_last ? "end" : "more";
}

static void
on_told_jobs (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data);

static void
tell_some (QueenRedisSequencer *self)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  Telling telling = { words, 0 };
  const char *how;

  g_ptr_array_add (words, NULL);
  g_ptr_array_add (words, g_strdup_printf ("%d", QUEEN_REDIS_LIFE));
  for (guint n = 0; n < QUEEN_ENGINE_MAX_LINES && telling.n_bytes < MOST_TOLD; n++)
    if (queen_job_index_take_news (self->job_index, 1, add_line, &telling) == 0)
      break;
  how = choose_how (self);
  if (words->len == N_BEFORE_LINES && !self->has_told_jobs)
    how = "none";
  self->has_told_jobs |= words->len > N_BEFORE_LINES;
  words->pdata[0] = g_strdup (how);
  self->is_telling = TRUE;
  self->told_at = self->settings.clock->get_monotonic ();
  queen_redis_sequencer_call_words (self, on_told_jobs, "jobs", words);
}

/* What is told next waits until the engine has answered: so it is not told how a job is from moment
 * to moment while there are many. */
static void
tell_more (QueenRedisSequencer *self)
{
  if (self->state != QUEEN_ENGINE_TOGETHER || self->is_telling)
    return;
  if (self->tell_step != QUEEN_TELL_NEWS)
    tell_some (self);
  else if (queen_job_index_has_news (self->job_index))
    queen_alarm_set (self->tell_alarm, self->told_at + APART);
}

static void
on_told_jobs (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = data;
  const char *word = queen_redis_sequencer_heed (self, reply, error);

  if (!word || self->state != QUEEN_ENGINE_TOGETHER)
    return;
  self->is_telling = FALSE;
  if (g_str_equal (word, "anew"))
    queen_redis_sequencer_tell_jobs (self);
  else
    tell_more (self);
}

void
queen_redis_sequencer_tell_jobs (QueenRedisSequencer *self)
{
  if (!self->job_index)
    return;
  queen_job_index_set_current (self->job_index, TRUE);
  queen_job_index_renew_own (self->job_index);
  self->tell_step = QUEEN_TELL_ALL;
  tell_more (self);
}

static void
on_tell_turn (gpointer data)
{
  QueenRedisSequencer *self = data;

  if (self->state == QUEEN_ENGINE_TOGETHER && !self->is_telling &&
      queen_job_index_has_news (self->job_index))
    tell_some (self);
}

/* What is told in one turn of the loop is one call. */
static void
on_job_news (QueenRedisSequencer *self)
{
  gint64 now = self->settings.clock->get_monotonic ();

  if (self->state == QUEEN_ENGINE_TOGETHER && !self->is_telling)
    queen_alarm_set (self->tell_alarm, MAX (now, self->told_at + APART));
}

/* Hearing */

static gboolean
is_sibling (QueenRedisSequencer *self, const char *name)
{
  return name && queen_dispatch_check_queen (name) && !g_str_equal (name, self->name);
}

static void
set_owner_alarm (QueenRedisSequencer *self)
{
  GHashTableIter iter;
  gpointer deadline;
  gint64 first = -1;

  g_hash_table_iter_init (&iter, self->owners);
  while (g_hash_table_iter_next (&iter, NULL, &deadline))
    first = first < 0 ? *(gint64 *) deadline : MIN (first, *(gint64 *) deadline);
  queen_alarm_set (self->owner_alarm, first);
}

static void
set_deadline (QueenRedisSequencer *self, const char *owner, gint64 age)
{
  gint64 deadline = self->settings.clock->get_monotonic () +
                    (QUEEN_REDIS_LIFE - CLAMP (age, 0, QUEEN_REDIS_LIFE)) * G_TIME_SPAN_MILLISECOND;

  g_hash_table_insert (self->owners, g_strdup (owner), g_memdup2 (&deadline, sizeof deadline));
}

void
queen_redis_sequencer_note_owner (QueenRedisSequencer *self, const char *owner, gint64 age)
{
  if (self->job_index && is_sibling (self, owner))
    set_deadline (self, owner, age);
}

static gboolean
knows_owner (QueenRedisSequencer *self, const char *owner)
{
  return owner && g_hash_table_contains (self->owners, owner);
}

/* Of whom nothing is known yet may be about to say that she is there. */
static gboolean
excuse_owner (QueenRedisSequencer *self, const char *owner)
{
  if (knows_owner (self, owner))
    return TRUE;
  if (g_hash_table_size (self->owners) >= 2 * QUEEN_SIBLINGS_MAX)
    return FALSE;
  set_deadline (self, owner, 0);
  set_owner_alarm (self);
  return TRUE;
}

static void
take_line (QueenRedisSequencer *self, const char *owner, const char *line, gsize length)
{
  g_autoptr (GError) error = NULL;

  if (!queen_job_dispatch_apply (self->job_index, owner, line, length, &error))
    queen_redis_sequencer_skip (self, "job", error);
}

/* No queen says more of them at once; whoever else does would have a turn of the loop for that. */
static void
take_lines (QueenRedisSequencer *self, const char *owner, const char *text, gsize length)
{
  const char *end = text + length;
  guint n = 0;

  while (text < end)
    {
      const char *stop = memchr (text, '\n', (gsize) (end - text));
      const char *line_end = stop ? stop : end;

      if (n++ == QUEEN_ENGINE_MAX_LINES)
        {
          queen_redis_sequencer_skip (self, "word of very many jobs", NULL);
          return;
        }
      take_line (self, owner, text, (gsize) (line_end - text));
      text = line_end + 1;
    }
}

void
queen_redis_sequencer_take_jobs (QueenRedisSequencer *self,
                                 const char *how,
                                 const QueenRedisReply *text,
                                 const char *owner)
{
  gboolean is_whole = g_str_equal (how, "whole");
  gsize length = 0;
  const char *lines = queen_redis_reply_get_text (text, &length);
  gboolean is_newcomer = !knows_owner (self, owner);

  if (!self->job_index || g_strcmp0 (owner, self->name) == 0)
    return;
  if (!lines || !is_sibling (self, owner) || !excuse_owner (self, owner))
    {
      queen_redis_sequencer_skip (self, "word of jobs", NULL);
      return;
    }
  if (is_newcomer)
    queen_redis_sequencer_look_around (self); /* whoever asks for one of these has to know where */
  if (is_whole || g_str_equal (how, "begin"))
    queen_job_index_begin_owner (self->job_index, owner);
  take_lines (self, owner, lines, length);
  if (is_whole || g_str_equal (how, "end"))
    queen_job_index_end_owner (self->job_index, owner);
}

/* Who is gone */

void
queen_redis_sequencer_let_go (QueenRedisSequencer *self, const char *owner)
{
  if (!self->job_index || !is_sibling (self, owner))
    return;
  g_hash_table_remove (self->owners, owner);
  queen_job_index_lose_owner (self->job_index, owner);
  set_owner_alarm (self);
}

void
queen_redis_sequencer_judge_owners (QueenRedisSequencer *self)
{
  gint64 now = self->settings.clock->get_monotonic ();
  GHashTableIter iter;
  gpointer name, deadline;

  if (!self->job_index)
    return;
  g_hash_table_iter_init (&iter, self->owners);
  while (g_hash_table_iter_next (&iter, &name, &deadline))
    if (*(gint64 *) deadline <= now)
      {
        queen_job_index_lose_owner (self->job_index, name);
        g_hash_table_iter_remove (&iter);
      }
  set_owner_alarm (self);
}

/* She asks who is there before she takes anybody for gone. */
static void
on_owner_due (gpointer data)
{
  QueenRedisSequencer *self = data;

  if (self->state == QUEEN_ENGINE_TOGETHER)
    queen_redis_sequencer_announce (self);
}

/* Joining */

static void
begin_owners (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  g_autoptr (GPtrArray) known = queen_job_index_list_owners (self->job_index);
  const QueenRedisReply *one;

  g_hash_table_remove_all (self->owners);
  g_ptr_array_set_size (self->owners_to_ask, 0);
  for (gsize i = 0; i < QUEEN_SIBLINGS_MAX && (one = queen_redis_reply_get_element (reply, i)); i++)
    {
      const char *name = queen_redis_reply_get_text (one, NULL);

      if (is_sibling (self, name) && excuse_owner (self, name))
        g_ptr_array_add (self->owners_to_ask, g_strdup (name));
    }
  for (guint i = 0; i < known->len; i++)
    excuse_owner (self, known->pdata[i]);
}

static const char *
get_last_owner (QueenRedisSequencer *self)
{
  return self->owners_to_ask->pdata[self->owners_to_ask->len - 1];
}

/* Returns: (transfer full) (nullable): the key with the next one's jobs; %NULL for no more */
static char *
dup_jobs_key (QueenRedisSequencer *self)
{
  if (self->owners_to_ask->len == 0)
    return NULL;
  return queen_engine_dup_key (queen_redis_target_get_cluster (self->settings.target),
                               get_last_owner (self), QUEEN_ENGINE_KEY_JOBS);
}

void
queen_redis_sequencer_take_job (QueenRedisSequencer *self,
                                const QueenRedisReply *field,
                                const QueenRedisReply *line)
{
  gsize length = 0;
  const char *text = queen_redis_reply_get_text (line, &length);

  if (text && g_strcmp0 (queen_redis_reply_get_text (field, NULL), TOLD_FIELD) != 0)
    take_line (self, get_last_owner (self), text, length);
}

/* Of one who comes back only now, and has not said all yet, nothing that is missing is lost. */
void
queen_redis_sequencer_end_owner (QueenRedisSequencer *self)
{
  if (self->has_owner_told_all)
    queen_job_index_end_owner (self->job_index, get_last_owner (self));
  g_ptr_array_set_size (self->owners_to_ask, (int) self->owners_to_ask->len - 1);
}

static void
on_told_queens (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = queen_redis_sequencer_hear (data, error);

  if (!self)
    return;
  begin_owners (self, reply);
  queen_redis_sequencer_take_step (self, QUEEN_JOIN_JOBS);
}

void
queen_redis_sequencer_ask_queens (QueenRedisSequencer *self)
{
  const char *argv[] = { "ZRANGE", self->keys[QUEEN_ENGINE_KEY_QUEENS],
                         "-" G_STRINGIFY (MOST_ASKED), "-1" };

  if (self->job_index)
    queen_redis_sequencer_ask (self, G_N_ELEMENTS (argv), argv, on_told_queens);
  else
    queen_redis_sequencer_take_step (self, QUEEN_JOIN_COMPARE);
}

static void
on_scanned_jobs (QueenRedis *redis,
                 const QueenRedisReply *reply,
                 const GError *error,
                 gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = queen_redis_sequencer_hear (data, error);

  if (self)
    queen_redis_sequencer_take_scan (self, reply);
}

static void
scan_owner (QueenRedisSequencer *self, const char *key)
{
  const char *argv[] = { "HSCAN", key, self->scan_cursor ? self->scan_cursor : "0", "COUNT",
                         QUEEN_REDIS_SCAN_COUNT };

  queen_redis_sequencer_ask (self, G_N_ELEMENTS (argv), argv, on_scanned_jobs);
}

/* Whatever stands under another queen's name is no reason to be alone. */
static void
pass_over_owner (QueenRedisSequencer *self, const GError *error)
{
  queen_redis_sequencer_skip (self, "queen's jobs", error);
  g_ptr_array_set_size (self->owners_to_ask, (int) self->owners_to_ask->len - 1);
  queen_redis_sequencer_take_step (self, QUEEN_JOIN_JOBS);
}

static void
on_told_whether_all (QueenRedis *redis,
                     const QueenRedisReply *reply,
                     const GError *error,
                     gpointer data)
{
  gboolean is_foreign = g_error_matches (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_WRONG_TYPE);
  g_autoptr (QueenRedisSequencer) self =
      queen_redis_sequencer_hear (data, is_foreign ? NULL : error);
  g_autofree char *key = self ? dup_jobs_key (self) : NULL;

  if (!self)
    return;
  if (is_foreign)
    {
      pass_over_owner (self, error);
      return;
    }
  self->has_owner_told_all = g_strcmp0 (queen_redis_reply_get_text (reply, NULL), "all") == 0;
  queen_job_index_begin_owner (self->job_index, get_last_owner (self));
  scan_owner (self, key);
}

/* Whether it is all must be known before any of it: she may be about to say it. */
void
queen_redis_sequencer_scan_jobs (QueenRedisSequencer *self)
{
  g_autofree char *key = dup_jobs_key (self);
  const char *argv[] = { "HGET", key, TOLD_FIELD };

  if (!key)
    queen_redis_sequencer_take_step (self, QUEEN_JOIN_COMPARE);
  else if (self->scan_cursor)
    scan_owner (self, key);
  else
    queen_redis_sequencer_ask (self, G_N_ELEMENTS (argv), argv, on_told_whether_all);
}

void
queen_redis_sequencer_leave_jobs (QueenRedisSequencer *self)
{
  if (!self->job_index)
    return;
  self->is_telling = FALSE;
  queen_alarm_set (self->tell_alarm, -1);
  queen_alarm_set (self->owner_alarm, -1);
  queen_job_index_set_current (self->job_index, FALSE);
}

void
queen_redis_sequencer_mind_jobs (QueenRedisSequencer *self)
{
  const QueenClock *clock = self->settings.clock;

  self->job_index = queen_cluster_get_job_index (self->cluster);
  if (!self->job_index)
    return;
  g_object_ref (self->job_index);
  self->owners = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  self->owners_to_ask = g_ptr_array_new_with_free_func (g_free);
  self->tell_alarm =
      queen_alarm_new (clock, "tell of jobs", G_PRIORITY_DEFAULT, on_tell_turn, self);
  self->owner_alarm =
      queen_alarm_new (clock, "queen is overdue", G_PRIORITY_DEFAULT, on_owner_due, self);
  g_signal_connect_object (self->job_index, "news", G_CALLBACK (on_job_news), self,
                           G_CONNECT_SWAPPED);
}

void
queen_redis_sequencer_forget_jobs (QueenRedisSequencer *self)
{
  g_clear_pointer (&self->tell_alarm, queen_alarm_free);
  g_clear_pointer (&self->owner_alarm, queen_alarm_free);
  g_clear_pointer (&self->owners, g_hash_table_unref);
  g_clear_pointer (&self->owners_to_ask, g_ptr_array_unref);
  g_clear_object (&self->job_index);
}
