/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-watched.h"

#include <string.h>

#include "queen-server-line.h"
#include "text/queen-span.h"

#define BUSY_MSEC 250 /* between two looks at one that works or changes, */
#define BUSY_SHARE 60 /* or for each server that there is, whichever is more */
#define IDLE_MSEC 500 /* likewise at one that does not, or is away */
#define IDLE_SHARE 80
#define LEAST_SHARE 10    /* of a hundred and more */
#define LONGEST_MSEC 1000 /* this soon it is known to be gone, however many there are */
#define STRANGE_MSEC 5000
#define PATIENCE 8         /* times as long as a look took nobody asks */
#define BYTES_PER_MSEC 256 /* that are read of one on average */
#define SOON_MSEC 10
#define CLOSED                                                                                     \
  (300 * QUEEN_MSEC) /* after a look: closed before that, a connection tells nothing               \
                      */
#define RARELY (15 * QUEEN_SECOND)
#define RECOGNISE (60 * QUEEN_SECOND)
#define MISSING (60 * QUEEN_SECOND) /* for so long nobody asks again for what is not there */
#define RATE_SPAN (2 * QUEEN_SECOND)
#define MAX_ANSWER (1024 * 1024) /* bytes */
#define MAX_STRANGE (64 * 1024)  /* likewise, of one who is not known yet */
#define MAX_QUESTIONS G_N_ELEMENTS (((QueenAdapter *) NULL)->questions)

struct _QueenWatched
{
  QueenFetcher *fetcher; /* not owned */
  QueenServerLine *line;
  char *url;
  GFunc func;
  gpointer data;

  QueenReach reach;
  char *absence; /* why it is away */
  const QueenAdapter *adapter;
  const QueenAdapter *last_adapter;
  QueenReading reading; /* what this look has brought so far */
  QueenReading shown;   /* what the last one has */
  gint64 missing_until[MAX_QUESTIONS];
  guint locked;            /* a bit for each question that wants a key */
  gboolean is_sign_locked; /* likewise, of what it was to be recognised by */

  /* This look */
  guint timer;
  gint64 looked_at;
  gsize n_bytes;           /* that came */
  gboolean is_pressed;     /* something happened during this look: another one is to follow */
  gboolean is_recognising; /* the number is that of a sign, and not that of a question */
  gboolean has_recognised;
  gboolean is_rare;
  guint number;
  guint n_understood;

  gint64 closed_at; /* when a connection that was closed brought a look; 0 for never */
  gint64 rare_at;   /* when the rare questions were asked */
  gint64 recognised_at;
  gint64 running_before; /* to see whether it changes */
  double counter;        /* its own of progress, at the last look; -1 for none */
  double progress;       /* ours */
  double tokens;         /* at tokens_at */
  gint64 tokens_at;
  double tokens_per_second;
};

static void ask_next (QueenWatched *self);

/* What is worked out of what it says */

static void
count_progress (QueenWatched *self)
{
  double counter = self->reading.progress;

  if (counter < 0)
    self->progress = -1;
  else if (self->counter < 0 || self->progress < 0)
    self->progress = counter;
  else
    self->progress += counter >= self->counter ? counter - self->counter : counter;
  self->counter = counter;
}

static void
measure_tokens (QueenWatched *self)
{
  double tokens = self->reading.tokens;
  gint64 span = self->looked_at - self->tokens_at;

  if (tokens >= 0 && self->tokens >= 0 && tokens >= self->tokens && span < RATE_SPAN)
    return;
  if (tokens >= 0 && self->tokens >= 0 && tokens >= self->tokens)
    self->tokens_per_second = (tokens - self->tokens) / ((double) span / QUEEN_SECOND);
  else
    self->tokens_per_second = -1;
  self->tokens = tokens;
  self->tokens_at = self->looked_at;
}

static void
forget_server (QueenWatched *self)
{
  self->adapter = NULL;
  queen_reading_clear (&self->reading);
  queen_reading_init (&self->reading);
  queen_reading_copy (&self->shown, &self->reading);
  memset (self->missing_until, 0, sizeof self->missing_until);
  self->locked = 0;
  self->rare_at = 0;
  self->counter = -1;
  self->progress = -1;
  self->tokens = -1;
  self->tokens_per_second = -1;
}

/* Who has gone may be told of as what he was, but who comes next is to be recognised. */
static void
lose_server (QueenWatched *self)
{
  self->adapter = NULL;
  self->rare_at = 0;
  self->tokens_per_second = -1;
  self->progress = -1;
  queen_reading_begin (&self->shown);
  g_clear_pointer (&self->shown.behind, g_ptr_array_unref);
}

/* Looks */

static void start_look (QueenWatched *self);

static gboolean
on_look_due (gpointer data)
{
  QueenWatched *self = data;

  self->timer = 0;
  start_look (self);
  return G_SOURCE_REMOVE;
}

/* Servers that came up together are not looked at together for ever. */
static void
schedule_look (QueenWatched *self, guint msec)
{
  guint delay = msec + (guint) g_random_int_range (0, (gint32) msec / 10 + 1) - msec / 20;

  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (delay, on_look_due, self);
}

/* One that is slow to answer, or says much, is not pressed, so that all together cost us little and
 * each of them little of its time. */
static guint
find_pace (QueenWatched *self, guint msec, guint share)
{
  gint64 span = (g_get_monotonic_time () - self->looked_at) / QUEEN_MSEC;
  guint n_lines = queen_fetcher_count_lines (self->fetcher);
  guint of_all = MAX (msec, MAX (MIN (n_lines * share, LONGEST_MSEC), n_lines * LEAST_SHARE));
  guint of_span = (guint) MIN (span * PATIENCE, LONGEST_MSEC);
  guint of_bytes = (guint) MIN (self->n_bytes / BYTES_PER_MSEC, STRANGE_MSEC);

  return MAX (of_all, MAX (of_span, of_bytes));
}

static guint
choose_delay (QueenWatched *self)
{
  gboolean is_changing = self->shown.running != self->running_before;

  if (self->is_pressed)
    return SOON_MSEC;
  self->running_before = self->shown.running;
  if (self->reach == QUEEN_REACH_ANSWERING && !self->adapter && !self->shown.is_loading)
    return STRANGE_MSEC;
  if (self->reach == QUEEN_REACH_ANSWERING && (is_changing || self->shown.running > 0))
    return find_pace (self, BUSY_MSEC, BUSY_SHARE);
  return find_pace (self, IDLE_MSEC, IDLE_SHARE);
}

static void
end_look (QueenWatched *self, QueenReach reach)
{
  self->reach = reach;
  if (reach == QUEEN_REACH_AWAY)
    lose_server (self);
  else
    g_clear_pointer (&self->absence, g_free);
  if (reach == QUEEN_REACH_ANSWERING)
    {
      queen_reading_copy (&self->shown, &self->reading);
      count_progress (self);
      measure_tokens (self);
    }
  schedule_look (self, choose_delay (self));
  self->func (self, self->data);
}

static void
set_absent (QueenWatched *self, const GError *error)
{
  g_free (self->absence);
  self->absence = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED)
                      ? g_strdup ("nobody listens there: connection refused")
                      : g_strdup_printf ("it cannot be reached: %s", error->message);
}

/* Nothing came. One who was known may be too busy, or in the middle of ending; one who was not is
 * no server. */
static void
take_failure (QueenWatched *self, const GError *error)
{
  gboolean is_refused = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  gboolean is_late = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gboolean is_known = self->reach != QUEEN_REACH_UNKNOWN && self->reach != QUEEN_REACH_AWAY;

  if (is_late || (is_known && !is_refused))
    {
      end_look (self, QUEEN_REACH_SILENT);
      return;
    }
  set_absent (self, error);
  end_look (self, QUEEN_REACH_AWAY);
}

static gboolean
is_refusal (const QueenServerAnswer *answer)
{
  return answer->status == 401 || answer->status == 403;
}

/* Recognising */

static void
take_adapter (QueenWatched *self, const QueenAdapter *adapter)
{
  self->is_recognising = FALSE;
  self->has_recognised = TRUE;
  self->recognised_at = self->looked_at;
  if (adapter != self->adapter)
    forget_server (self);
  self->is_rare = TRUE;
  self->adapter = adapter;
  self->last_adapter = adapter;
  self->number = 0;
  if (adapter)
    ask_next (self);
  else
    end_look (self, QUEEN_REACH_ANSWERING);
}

static void
take_sign (QueenWatched *self, const QueenServerAnswer *answer)
{
  const QueenAdapter *adapter =
      queen_adapter_recognise (queen_adapter_list_signs ()[self->number], answer);

  if (adapter)
    {
      take_adapter (self, adapter);
      return;
    }
  if (queen_adapter_is_loading (answer))
    {
      self->reading.is_loading = TRUE;
      end_look (self, QUEEN_REACH_ANSWERING);
      return;
    }
  self->is_sign_locked |= is_refusal (answer);
  self->number++;
  ask_next (self);
}

/* Asking */

static void
take_answer (QueenWatched *self, const QueenServerAnswer *answer)
{
  const QueenQuestion *question = &self->adapter->questions[self->number];

  self->locked &= ~(1u << self->number);
  if (is_refusal (answer))
    self->locked |= 1u << self->number;
  if (question->read (answer, &self->reading))
    self->n_understood++;
  else
    self->missing_until[self->number] = self->looked_at + MISSING;
  self->number++;
  ask_next (self);
}

static void
on_fetched (const QueenServerAnswer *answer, const GError *error, gpointer data)
{
  QueenWatched *self = data;
  gboolean is_rare = !self->is_recognising && self->adapter &&
                     self->adapter->questions[self->number].kind == QUEEN_QUESTION_RARELY;

  self->n_bytes += answer ? answer->length : 0;
  if (answer && self->is_recognising)
    take_sign (self, answer);
  else if (answer)
    take_answer (self, answer);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ||
           (is_rare && self->n_understood > 0))
    {
      /* It is there, and this is not to be had of it. */
      self->n_bytes += MAX_ANSWER;
      if (!self->is_recognising)
        self->missing_until[self->number] = self->looked_at + MISSING;
      self->number++;
      ask_next (self);
    }
  else
    take_failure (self, error);
}

/* It may have gone. One that never keeps a connection open is not asked without an end, and one
 * that closes it again and again is asked when its time has come, and not when it likes. */
static void
on_closed (gpointer data)
{
  QueenWatched *self = data;
  const gint64 now = g_get_monotonic_time ();

  if (now - self->looked_at <= CLOSED || (self->closed_at != 0 && now - self->closed_at <= RARELY))
    return;
  self->closed_at = now;
  queen_watched_look_soon (self);
}

static void
ask_for (QueenWatched *self, const char *path, gsize max)
{
  queen_server_line_ask (self->line, path, max);
}

static gboolean
is_to_be_asked (QueenWatched *self, const QueenQuestion *question)
{
  if (self->missing_until[self->number] > self->looked_at)
    return FALSE;
  return question->kind == QUEEN_QUESTION_ALWAYS ||
         (question->kind == QUEEN_QUESTION_INSTEAD && self->n_understood == 0) ||
         (question->kind == QUEEN_QUESTION_RARELY && self->is_rare);
}

static void
ask_sign (QueenWatched *self)
{
  const char *sign = queen_adapter_list_signs ()[self->number];

  if (!sign)
    take_adapter (self, self->adapter);
  else
    ask_for (self, sign, g_str_equal (sign, "/metrics") ? MAX_ANSWER : MAX_STRANGE);
}

/* Whoever is there now is somebody else than before, or nobody that is known. */
static void
take_stranger (QueenWatched *self)
{
  forget_server (self);
  if (self->has_recognised)
    {
      end_look (self, QUEEN_REACH_ANSWERING);
      return;
    }
  self->is_recognising = TRUE;
  self->is_sign_locked = FALSE;
  self->number = 0;
  ask_next (self);
}

static void
ask_question (QueenWatched *self)
{
  const QueenQuestion *questions = self->adapter->questions;

  while (self->number < MAX_QUESTIONS && questions[self->number].path &&
         !is_to_be_asked (self, &questions[self->number]))
    self->number++;
  if (self->number < MAX_QUESTIONS && questions[self->number].path)
    ask_for (self, questions[self->number].path, MAX_ANSWER);
  else if (self->n_understood > 0)
    end_look (self, QUEEN_REACH_ANSWERING);
  else
    take_stranger (self);
}

static void
ask_next (QueenWatched *self)
{
  if (self->is_recognising)
    ask_sign (self);
  else
    ask_question (self);
}

static void
start_look (QueenWatched *self)
{
  self->looked_at = g_get_monotonic_time ();
  self->n_bytes = 0;
  self->is_pressed = FALSE;
  self->is_recognising = !self->adapter || self->looked_at - self->recognised_at > RECOGNISE;
  self->is_sign_locked &= !self->is_recognising;
  self->has_recognised = FALSE;
  self->is_rare = self->looked_at - self->rare_at > RARELY || self->rare_at == 0;
  self->number = 0;
  self->n_understood = 0;
  if (self->is_rare)
    self->rare_at = self->looked_at;
  queen_reading_begin (&self->reading);
  ask_next (self);
}

/* The object */

QueenWatched *
queen_watched_new (
    QueenFetcher *fetcher, const char *url, const char *key, GFunc func, gpointer data)
{
  QueenWatched *self = g_new0 (QueenWatched, 1);

  self->url = g_strdup (url);
  while (g_str_has_suffix (self->url, "/"))
    self->url[strlen (self->url) - 1] = '\0';
  self->fetcher = fetcher;
  self->line = queen_server_line_new (fetcher, self->url, key, on_fetched, on_closed, self);
  self->func = func;
  self->data = data;
  queen_reading_init (&self->reading);
  queen_reading_init (&self->shown);
  forget_server (self);
  schedule_look (self, 0);
  return self;
}

void
queen_watched_free (QueenWatched *self)
{
  queen_server_line_free (self->line);
  g_clear_handle_id (&self->timer, g_source_remove);
  queen_reading_clear (&self->reading);
  queen_reading_clear (&self->shown);
  g_free (self->absence);
  g_free (self->url);
  g_free (self);
}

const char *
queen_watched_get_url (QueenWatched *self)
{
  return self->url;
}

QueenReach
queen_watched_get_reach (QueenWatched *self)
{
  return self->reach;
}

const char *
queen_watched_get_absence (QueenWatched *self)
{
  return self->absence;
}

const QueenAdapter *
queen_watched_get_adapter (QueenWatched *self)
{
  return self->adapter;
}

const QueenAdapter *
queen_watched_get_last_adapter (QueenWatched *self)
{
  return self->last_adapter;
}

const QueenReading *
queen_watched_get_reading (QueenWatched *self)
{
  return &self->shown;
}

gint64
queen_watched_get_look_time (QueenWatched *self)
{
  return self->looked_at;
}

double
queen_watched_get_progress (QueenWatched *self)
{
  return self->progress;
}

double
queen_watched_get_tokens_per_second (QueenWatched *self)
{
  return self->shown.tokens_per_second >= 0 ? self->shown.tokens_per_second
                                            : self->tokens_per_second;
}

guint
queen_watched_count_connections (QueenWatched *self)
{
  return queen_server_line_is_kept (self->line) ? 1 : 0;
}

gboolean
queen_watched_is_looking (QueenWatched *self)
{
  return queen_server_line_is_asking (self->line);
}

gboolean
queen_watched_is_locked (QueenWatched *self)
{
  gboolean is_known = self->adapter && self->adapter->name;

  return is_known ? self->locked != 0 : self->is_sign_locked;
}

void
queen_watched_look_soon (QueenWatched *self)
{
  if (queen_server_line_is_asking (self->line))
    self->is_pressed = TRUE;
  else
    schedule_look (self, SOON_MSEC);
}
