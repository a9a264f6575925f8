/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-ledger.h"

#include <string.h>

#include "process/queen-overtime.h"
#include "queen-ledger-file.h"
#include "text/queen-hash.h"
#include "text/queen-json-writer.h"
#include "text/queen-json.h"

#define SHORTEST 24       /* bytes of a line that says something; there may be millions of others */
#define MAX_ID 64         /* bytes */
#define MAX_OPEN 20480    /* that are remembered: more cannot be */
#define MAX_ENDED 49152   /* likewise: with those they fit into the memory for jobs */
#define PIECE (64 * 1024) /* bytes that are written at once of one that is begun anew */
#define MAX_WAITING (16 * 1024 * 1024) /* bytes that the disk has not taken yet */
#define REST G_USEC_PER_SEC            /* without waiting for a disk that has been too slow */

/* What the thread is to do. Disks are slow, or hang: nobody else is to wait for that. */
typedef enum
{
  ORDER_APPEND,
  ORDER_BEGIN_ANEW,
  ORDER_COPY,
  ORDER_END_ANEW,
} OrderKind;

typedef struct
{
  OrderKind kind;
  GString *text; /* NULL where there is none */
  guint n_jobs;
} Order;

struct _QueenJobLedger
{
  QueenLedgerFile *file; /* the thread's, when there is one */
  GThread *thread;       /* NULL before the first order */
  gint64 patience;       /* µs; 0 as long as it takes */
  gint64 hurry_until;    /* µs, monotonic: until then nothing is waited for */
  GString *copied;       /* what has not been given to the thread */
  guint n_copied;        /* jobs */

  GMutex lock; /* of all that follows */
  GCond given; /* an order, or the end */
  GCond done;
  GCond ended;
  GQueue orders;
  gsize n_bytes; /* of those that are not done */
  guint64 n_given;
  guint64 n_done;
  gboolean is_ending;
  gboolean is_long;
  gboolean is_anew;    /* it is being written anew */
  gboolean is_in_part; /* and lacks something */
  gboolean has_lost;   /* lines, as too many waited */
  gboolean has_ended;  /* the thread */
};

QueenJobLedger *
queen_job_ledger_open (const char *directory, gint64 patience, GError **error)
{
  QueenLedgerFile *file = queen_ledger_file_open (directory, error);
  QueenJobLedger *self;

  if (!file)
    return NULL;
  self = g_new0 (QueenJobLedger, 1);
  self->file = file;
  self->patience = patience;
  self->copied = g_string_new (NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->given);
  g_cond_init (&self->done);
  g_cond_init (&self->ended);
  return self;
}

void
queen_job_ledger_close (QueenJobLedger *self)
{
  gboolean is_done;

  g_mutex_lock (&self->lock);
  self->is_ending = TRUE;
  g_cond_signal (&self->given);
  is_done = !self->thread || queen_overtime_wait (&self->ended, &self->lock, &self->has_ended,
                                                  "Writing which jobs there were");
  g_mutex_unlock (&self->lock);
  /* The thread goes with the process. */
  if (!is_done)
    {
      g_warning ("it is not written which jobs have ended: the disk does not answer");
      return;
    }
  g_clear_pointer (&self->thread, g_thread_join);
  queen_ledger_file_close (self->file);
  g_string_free (self->copied, TRUE);
  g_cond_clear (&self->ended);
  g_cond_clear (&self->done);
  g_cond_clear (&self->given);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Reading */

/* One that has been read so far; its texts are its own. */
static void
free_record (QueenJobRecord *record)
{
  g_free ((char *) record->id);
  g_free ((char *) record->operation);
  g_free ((char *) record->model);
  g_free ((char *) record->submitter);
  g_free (record);
}

static const char *
get_text (const QueenJsonValue *line, const char *name)
{
  const QueenJsonValue *value = queen_json_get_member (line, name);

  return value && value->type == QUEEN_JSON_STRING ? value->string : NULL;
}

static gint64
get_time (const QueenJsonValue *line)
{
  const char *text = get_text (line, "at");
  gint64 time;

  return text && g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &time, NULL) ? time : 0;
}

/* It becomes a part of paths and of lines. */
static gboolean
is_id (const char *text)
{
  gsize length = 0;

  if (!text || !g_str_has_prefix (text, "job-"))
    return FALSE;
  while (g_ascii_isalnum (text[length]) || text[length] == '-')
    length++;
  return text[length] == '\0' && length <= MAX_ID;
}

static void
take_line (GQueue *records, GHashTable *by_id, const QueenJsonValue *line, gint64 since)
{
  const char *id = get_text (line, "id");
  GList *link = is_id (id) ? g_hash_table_lookup (by_id, id) : NULL;
  const char *word = get_text (line, "state");
  QueenJobState state;
  QueenJobRecord *record;

  if (!is_id (id) || !word || !queen_job_state_parse (word, &state))
    return;
  if (link && !queen_job_state_is_open (state))
    {
      ((QueenJobRecord *) link->data)->state = state;
      if (get_time (line) < since)
        {
          g_hash_table_remove (by_id, id);
          free_record (link->data);
          g_queue_delete_link (records, link);
        }
      return;
    }
  if (link || !get_text (line, "operation") || !get_text (line, "submitter"))
    return;
  record = g_new0 (QueenJobRecord, 1);
  record->id = g_strdup (id);
  record->operation = g_strdup (get_text (line, "operation"));
  record->model = g_strdup (get_text (line, "model"));
  record->submitter = g_strdup (get_text (line, "submitter"));
  record->created_at = get_time (line);
  record->state = state;
  g_queue_push_tail (records, record);
  g_hash_table_insert (by_id, (char *) record->id, records->tail);
}

static guint
count_open (const GQueue *records)
{
  guint n = 0;

  for (const GList *link = records->head; link; link = link->next)
    n += queen_job_state_is_open (((const QueenJobRecord *) link->data)->state);
  return n;
}

/* Each that is remembered takes time and memory of who has just been started, whatever stands in
 * the file: the first ones would be let go for the last ones. Who was open does not go for those
 * that had ended. */
static void
tell_records (const GQueue *records,
              void (*on_record) (const QueenJobRecord *record, gpointer data),
              gpointer data)
{
  guint n_open = count_open (records);
  guint n_ended = records->length - n_open;
  guint n_passed[] = { n_ended - MIN (n_ended, MAX_ENDED), n_open - MIN (n_open, MAX_OPEN) };

  if (n_passed[0] + n_passed[1] > 0)
    g_message ("%u jobs of before are not remembered: there were too many",
               n_passed[0] + n_passed[1]);
  for (const GList *link = records->head; link; link = link->next)
    {
      const QueenJobRecord *record = link->data;
      guint *n = &n_passed[queen_job_state_is_open (record->state)];

      if (*n > 0)
        (*n)--;
      else
        on_record (record, data);
    }
}

void
queen_job_ledger_read (QueenJobLedger *self,
                       gint64 since,
                       void (*on_record) (const QueenJobRecord *record, gpointer data),
                       gpointer data)
{
  gsize length;
  g_autofree char *text = queen_ledger_file_read (self->file, &length);
  g_autoptr (GHashTable) by_id = g_hash_table_new (queen_string_hash, g_str_equal);
  GQueue records = G_QUEUE_INIT;

  for (char *at = text, *end; at && (end = memchr (at, '\n', length - (gsize) (at - text)));
       at = end + 1)
    {
      g_autoptr (QueenJson) json =
          end - at < SHORTEST ? NULL : queen_json_new (at, (gsize) (end - at), NULL, NULL);

      if (json && queen_json_get_root (json)->type == QUEEN_JSON_OBJECT)
        take_line (&records, by_id, queen_json_get_root (json), since);
    }
  tell_records (&records, on_record, data);
  g_queue_clear_full (&records, (GDestroyNotify) free_record);
}

/* The thread */

static void
carry_out (QueenLedgerFile *file, const Order *order, gboolean is_in_part)
{
  switch (order->kind)
    {
    case ORDER_APPEND:
      queen_ledger_file_append (file, order->text);
      return;
    case ORDER_BEGIN_ANEW:
      queen_ledger_file_begin_anew (file);
      return;
    case ORDER_COPY:
      queen_ledger_file_copy (file, order->text);
      return;
    case ORDER_END_ANEW:
    default:
      queen_ledger_file_end_anew (file, order->n_jobs, !is_in_part);
      return;
    }
}

static gsize
get_size (const Order *order)
{
  return order->text ? order->text->len : 0;
}

static void
free_order (Order *order)
{
  if (order->text)
    g_string_free (order->text, TRUE);
  g_free (order);
}

/* With the lock, which it lets go of meanwhile. */
static void
take_order (QueenJobLedger *self, Order *order)
{
  gboolean has_lost = self->has_lost;
  gboolean is_in_part = self->is_in_part;
  gboolean is_long;

  self->has_lost = FALSE;
  g_mutex_unlock (&self->lock);
  if (has_lost)
    queen_ledger_file_report_loss (self->file, "the disk is too slow");
  carry_out (self->file, order, is_in_part);
  is_long = queen_ledger_file_is_long (self->file);

  g_mutex_lock (&self->lock);
  self->is_long = is_long;
  self->is_anew = self->is_anew && order->kind != ORDER_END_ANEW;
  self->n_bytes -= get_size (order);
  self->n_done++;
  g_cond_signal (&self->done);
}

static gpointer
write_in_thread (gpointer data)
{
  QueenJobLedger *self = data;

  g_mutex_lock (&self->lock);
  while (self->orders.length > 0 || !self->is_ending)
    {
      Order *order = g_queue_pop_head (&self->orders);

      if (!order)
        {
          g_cond_wait (&self->given, &self->lock);
          continue;
        }
      take_order (self, order);
      free_order (order);
    }
  self->has_ended = TRUE;
  g_cond_signal (&self->ended);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* There may be none to be had for a while. */
static gboolean
ensure_thread (QueenJobLedger *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->thread)
    self->thread = g_thread_try_new ("ledger", write_in_thread, self, &error);
  if (!self->thread)
    queen_ledger_file_report_loss (self->file, error->message);
  return self->thread != NULL;
}

/* So that who is told of a job finds it even if the queen is killed in the next moment. With the
 * lock. */
static void
await_order (QueenJobLedger *self, guint64 number)
{
  gint64 now = g_get_monotonic_time ();

  if (now < self->hurry_until)
    return;
  while (self->n_done < number)
    if (self->patience == 0)
      g_cond_wait (&self->done, &self->lock);
    else if (!g_cond_wait_until (&self->done, &self->lock, now + self->patience))
      {
        self->hurry_until = now + self->patience + REST;
        return;
      }
}

static gboolean
has_room (const QueenJobLedger *self, const Order *order)
{
  return get_size (order) == 0 || self->n_bytes + get_size (order) <= MAX_WAITING;
}

/* @text: (transfer full) (nullable)
 *
 * Returns: whether it will be done */
static gboolean
give_order (QueenJobLedger *self, OrderKind kind, GString *text)
{
  Order *order = g_new0 (Order, 1);
  gboolean is_given = ensure_thread (self);

  *order = (Order){ kind, text, self->n_copied };
  g_mutex_lock (&self->lock);
  if (is_given && has_room (self, order))
    {
      self->n_bytes += get_size (order);
      g_queue_push_tail (&self->orders, g_steal_pointer (&order));
      g_cond_signal (&self->given);
      await_order (self, ++self->n_given);
    }
  else
    {
      is_given = FALSE;
      self->is_in_part = TRUE;
      self->has_lost |= kind == ORDER_APPEND;
    }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&order, free_order);
  return is_given;
}

/* Writing */

/* The time as a text, as ns since 1970 have more digits than a number in JSON can be relied on. */
static void
append_line (GString *text, QueenJob *job, gboolean is_begun, gboolean is_ended)
{
  gint64 at = is_ended && !is_begun ? queen_job_get_ended_at (job) : queen_job_get_created_at (job);
  QueenJobState state = is_ended ? queen_job_get_state (job) : QUEEN_JOB_QUEUED;

  g_string_append (text, "{\"id\":");
  queen_json_append_string (text, queen_job_get_id (job));
  g_string_append_printf (text, ",\"at\":\"%" G_GINT64_FORMAT "\",\"state\":\"%s\"", at,
                          queen_job_state_get_name (state));
  if (is_begun)
    {
      g_string_append (text, ",\"operation\":");
      queen_json_append_string (text, queen_job_get_operation (job));
      g_string_append (text, ",\"submitter\":");
      queen_json_append_string (text, queen_job_get_submitter (job));
    }
  if (is_begun && queen_job_get_model (job))
    {
      g_string_append (text, ",\"model\":");
      queen_json_append_string (text, queen_job_get_model (job));
    }
  g_string_append (text, "}\n");
}

static void
write_line (QueenJobLedger *self, QueenJob *job, gboolean is_begun, gboolean is_ended)
{
  GString *text = g_string_new (NULL);

  append_line (text, job, is_begun, is_ended);
  give_order (self, ORDER_APPEND, text);
}

void
queen_job_ledger_begin (QueenJobLedger *self, QueenJob *job)
{
  write_line (self, job, TRUE, FALSE);
}

void
queen_job_ledger_end (QueenJobLedger *self, QueenJob *job)
{
  write_line (self, job, FALSE, TRUE);
}

gboolean
queen_job_ledger_is_long (QueenJobLedger *self)
{
  gboolean is_long;

  g_mutex_lock (&self->lock);
  is_long = self->is_long && !self->is_anew;
  g_mutex_unlock (&self->lock);
  return is_long;
}

gboolean
queen_job_ledger_begin_anew (QueenJobLedger *self)
{
  gboolean is_anew;

  g_mutex_lock (&self->lock);
  is_anew = self->is_anew;
  self->is_anew = TRUE;
  if (!is_anew)
    self->is_in_part = FALSE;
  g_mutex_unlock (&self->lock);
  if (is_anew)
    return FALSE;
  self->n_copied = 0;
  if (give_order (self, ORDER_BEGIN_ANEW, NULL))
    return TRUE;
  self->is_anew = FALSE; /* there is no thread */
  return FALSE;
}

static void
give_copied (QueenJobLedger *self)
{
  give_order (self, ORDER_COPY, g_steal_pointer (&self->copied));
  self->copied = g_string_new (NULL);
}

void
queen_job_ledger_copy (QueenJobLedger *self, QueenJob *job)
{
  self->n_copied++;
  append_line (self->copied, job, TRUE, FALSE);
  if (!queen_job_state_is_open (queen_job_get_state (job)))
    append_line (self->copied, job, FALSE, TRUE);
  if (self->copied->len >= PIECE)
    give_copied (self);
}

void
queen_job_ledger_end_anew (QueenJobLedger *self)
{
  give_copied (self);
  give_order (self, ORDER_END_ANEW, NULL);
}
