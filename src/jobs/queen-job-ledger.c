/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-error.h"
#include "queen-file.h"
#include "text/queen-hash.h"
#include "text/queen-json-writer.h"
#include "text/queen-json.h"

#define NAME "jobs"
#define UNFINISHED ".new"
#define MAX_SIZE (256 * 1024 * 1024) /* bytes that are read: what lies beyond is not believed */
#define MAX_GROWTH (MAX_SIZE / 4)    /* bytes, until it is written anew: it must not reach that */
#define LONG (4 * 1024 * 1024)       /* bytes */
#define MAX_ID 64                    /* bytes */
#define MAX_OPEN 20480               /* that are remembered: more cannot be */
#define MAX_ENDED 49152              /* likewise: with those they fit into the memory for jobs */
#define LEAST_APART 64               /* lines between two tries to write it anew */
#define PIECE (64 * 1024)            /* bytes that are written at once of one that is begun anew */

/* One that is to take its place. */
typedef struct
{
  int fd;
  GString *text;      /* what is not yet in it */
  GString *meanwhile; /* lines since it was begun, which come behind that */
  guint n_jobs;
  gboolean has_failed;
} Draft;

struct _QueenJobLedger
{
  char *path;
  int fd; /* -1 as long as there is no file */
  dev_t device;
  ino_t number;
  gsize size;         /* bytes */
  gsize size_anew;    /* when it was last written anew */
  gboolean is_broken; /* which has been said: something could not be written since it was whole */
  gboolean is_stuck;  /* the last line could not */
  gboolean is_behind; /* lines are missing in it */
  gboolean is_torn;   /* its last line has no end */
  guint n_until;      /* lines until it may be tried to write it anew */
  Draft *draft;       /* NULL unless it is being written anew */
};

/* @fd: (transfer full): is closed unless it is taken
 *
 * Returns: whether it is a file, and ours; errno says why not */
static gboolean
take_file (QueenJobLedger *self, int fd)
{
  struct stat status;
  char last = '\n';
  int problem;

  errno = 0;
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) &&
      (flock (fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK))
    {
      self->fd = fd;
      self->device = status.st_dev;
      self->number = status.st_ino;
      self->size = (gsize) status.st_size;
      self->is_torn =
          status.st_size > 0 && pread (fd, &last, 1, status.st_size - 1) == 1 && last != '\n';
      return TRUE;
    }
  problem = errno != 0 ? errno : EINVAL;
  close (fd);
  errno = problem;
  return FALSE;
}

/* Returns: whether there is a file now, and it is ours; errno says why not */
static gboolean
open_file (QueenJobLedger *self, int flags)
{
  int fd = open (self->path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);

  return fd >= 0 && take_file (self, fd);
}

/* Somebody may have taken it away, or put another one there. */
static gboolean
is_in_place (const QueenJobLedger *self)
{
  struct stat status;

  return lstat (self->path, &status) == 0 && status.st_dev == self->device &&
         status.st_ino == self->number;
}

static void
close_file (QueenJobLedger *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

QueenJobLedger *
queen_job_ledger_open (const char *directory, GError **error)
{
  QueenJobLedger *self = g_new0 (QueenJobLedger, 1);

  self->path = g_build_filename (directory, NAME, NULL);
  self->fd = -1;
  if (open_file (self, 0) || errno == ENOENT)
    return self;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE, "%s cannot be used: %s", self->path,
               g_strerror (errno));
  queen_job_ledger_close (self);
  return NULL;
}

static char *
dup_path_of_draft (const QueenJobLedger *self)
{
  return g_strconcat (self->path, UNFINISHED, NULL);
}

static void
free_draft (Draft *draft)
{
  if (draft->fd >= 0)
    close (draft->fd);
  g_string_free (draft->text, TRUE);
  g_string_free (draft->meanwhile, TRUE);
  g_free (draft);
}

static void
drop_draft (QueenJobLedger *self)
{
  g_autofree char *path = dup_path_of_draft (self);

  if (!self->draft)
    return;
  g_clear_pointer (&self->draft, free_draft);
  unlink (path);
}

void
queen_job_ledger_close (QueenJobLedger *self)
{
  drop_draft (self);
  close_file (self);
  g_free (self->path);
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

static char *
read_whole (QueenJobLedger *self, gsize *length)
{
  gsize size = MIN (self->size, MAX_SIZE);
  char *text = self->fd >= 0 ? g_try_malloc (size + 1) : NULL;
  gssize n = text ? TEMP_FAILURE_RETRY (pread (self->fd, text, size, 0)) : -1;

  *length = (gsize) MAX (n, 0);
  return text;
}

void
queen_job_ledger_read (QueenJobLedger *self,
                       gint64 since,
                       void (*on_record) (const QueenJobRecord *record, gpointer data),
                       gpointer data)
{
  gsize length;
  g_autofree char *text = read_whole (self, &length);
  g_autoptr (GHashTable) by_id = g_hash_table_new (queen_string_hash, g_str_equal);
  GQueue records = G_QUEUE_INIT;

  for (char *at = text, *end; at && (end = memchr (at, '\n', length - (gsize) (at - text)));
       at = end + 1)
    {
      g_autoptr (QueenJson) json = queen_json_new (at, (gsize) (end - at), NULL, NULL);

      if (json && queen_json_get_root (json)->type == QUEEN_JSON_OBJECT)
        take_line (&records, by_id, queen_json_get_root (json), since);
    }
  tell_records (&records, on_record, data);
  g_queue_clear_full (&records, (GDestroyNotify) free_record);
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

/* What cannot be written is not known after a restart; jobs go on. It is said once, also where
 * there is now and then room for a short line. */
static void
report_problem (QueenJobLedger *self, const char *problem)
{
  if (!self->is_broken)
    g_warning ("it cannot be written which jobs there are: %s", problem);
  self->is_broken = self->is_behind = TRUE;
}

/* Returns: (nullable): the problem; else there is a file at its place, which ends with a line */
static const char *
prepare_file (QueenJobLedger *self)
{
  if (self->fd >= 0 && !is_in_place (self))
    {
      close_file (self);
      self->is_behind = TRUE;
    }
  if (self->fd < 0 && !open_file (self, O_CREAT))
    return g_strerror (errno);
  if (!self->is_torn)
    return NULL;
  if (TEMP_FAILURE_RETRY (write (self->fd, "\n", 1)) != 1)
    return g_strerror (errno);
  self->size++;
  self->is_torn = FALSE;
  return NULL;
}

/* Half a line would spoil the next one. */
static const char *
append_text (QueenJobLedger *self, const GString *text)
{
  const char *problem = prepare_file (self);
  gssize n = problem ? 0 : TEMP_FAILURE_RETRY (write (self->fd, text->str, text->len));

  if (problem)
    return problem;
  if (n == (gssize) text->len)
    {
      self->size += text->len;
      return NULL;
    }
  problem = n < 0 ? g_strerror (errno) : "the disk is full";
  self->is_torn = n > 0 && ftruncate (self->fd, (off_t) self->size) != 0;
  return problem;
}

static void
write_line (QueenJobLedger *self, QueenJob *job, gboolean is_begun, gboolean is_ended)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *problem;

  append_line (text, job, is_begun, is_ended);
  if (self->draft)
    g_string_append_len (self->draft->meanwhile, text->str, (gssize) text->len);
  problem = append_text (self, text);
  self->is_stuck = problem != NULL;
  if (problem)
    report_problem (self, problem);
  else if (self->n_until > 0)
    self->n_until--;
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

/* Where there was no room for lines, there may be some again. */
gboolean
queen_job_ledger_is_long (const QueenJobLedger *self)
{
  return !self->draft && self->n_until == 0 &&
         ((self->is_behind && !self->is_stuck) ||
          self->size > MAX (LONG, self->size_anew + MIN (self->size_anew, MAX_GROWTH)));
}

gboolean
queen_job_ledger_begin_anew (QueenJobLedger *self)
{
  g_autofree char *path = dup_path_of_draft (self);
  int fd;

  if (self->fd < 0 || self->draft)
    return FALSE;
  unlink (path); /* of one who was killed while it wrote */
  fd = open (path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      self->n_until = LEAST_APART;
      return FALSE;
    }
  self->draft = g_new0 (Draft, 1);
  self->draft->fd = fd;
  self->draft->text = g_string_new (NULL);
  self->draft->meanwhile = g_string_new (NULL);
  return TRUE;
}

static void
write_piece (Draft *draft, GString *text)
{
  draft->has_failed |= !queen_file_write (draft->fd, text);
  g_string_truncate (text, 0);
}

void
queen_job_ledger_copy (QueenJobLedger *self, QueenJob *job)
{
  Draft *draft = self->draft;

  draft->n_jobs++;
  if (draft->has_failed)
    return;
  append_line (draft->text, job, TRUE, FALSE);
  if (!queen_job_state_is_open (queen_job_get_state (job)))
    append_line (draft->text, job, FALSE, TRUE);
  if (draft->text->len >= PIECE)
    write_piece (draft, draft->text);
}

static int
steal_file (Draft *draft)
{
  int fd = draft->fd;

  draft->fd = -1;
  return fd;
}

/* What there is stays until the new one is whole and locked, as the disk may be full. */
static gboolean
replace_file (QueenJobLedger *self)
{
  g_autofree char *path = dup_path_of_draft (self);
  const QueenJobLedger former = *self;

  /* Without one there is something at its place that is not ours. */
  if (self->fd >= 0 && !self->draft->has_failed && take_file (self, steal_file (self->draft)) &&
      rename (path, self->path) == 0)
    {
      close (former.fd);
      return TRUE;
    }
  if (self->fd != former.fd)
    close_file (self);
  *self = former;
  return FALSE;
}

/* If it has failed, it is not to be tried for each line. */
void
queen_job_ledger_end_anew (QueenJobLedger *self)
{
  Draft *draft = self->draft;

  write_piece (draft, draft->text);
  write_piece (draft, draft->meanwhile);
  if (replace_file (self))
    {
      self->size_anew = self->size;
      self->is_broken = self->is_behind = FALSE;
      g_clear_pointer (&self->draft, free_draft);
      return;
    }
  self->n_until = MAX (draft->n_jobs, LEAST_APART);
  drop_draft (self);
}
