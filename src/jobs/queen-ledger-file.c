/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-ledger-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-error.h"
#include "queen-file.h"

#define NAME "jobs"
#define UNFINISHED ".new"
#define MAX_SIZE (256 * 1024 * 1024) /* bytes that are read: what lies beyond is not believed */
#define MAX_GROWTH (MAX_SIZE / 4)    /* bytes, until it is written anew: it must not reach that */
#define LONG (4 * 1024 * 1024)       /* bytes */
#define LEAST_APART 64               /* lines between two tries to write it anew */

/* One that is to take its place. */
typedef struct
{
  int fd;
  GString *meanwhile;  /* lines since it was begun, which come behind all others */
  const char *problem; /* static; NULL unless it has failed */
} Draft;

struct _QueenLedgerFile
{
  char *path;
  int fd; /* -1 as long as there is no file */
  dev_t device;
  ino_t number;
  gsize size;          /* bytes */
  gsize size_anew;     /* when it was last written anew */
  gboolean is_broken;  /* which has been said: something could not be written since it was whole */
  gboolean is_stuck;   /* the last line could not */
  gboolean is_behind;  /* lines are missing in it */
  gboolean is_put_off; /* which has been said: it could not be written anew */
  gboolean is_torn;    /* its last line has no end */
  guint n_until;       /* lines until it may be tried to write it anew */
  Draft *draft;        /* NULL unless it is being written anew */
};

/* @fd: (transfer full): is closed unless it is taken
 *
 * Returns: whether it is a file, and ours; errno says why not */
static gboolean
take_file (QueenLedgerFile *self, int fd)
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
open_file (QueenLedgerFile *self, int flags)
{
  int fd = open (self->path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);

  return fd >= 0 && take_file (self, fd);
}

/* Somebody may have taken it away, or put another one there. */
static gboolean
is_in_place (const QueenLedgerFile *self)
{
  struct stat status;

  return lstat (self->path, &status) == 0 && status.st_dev == self->device &&
         status.st_ino == self->number;
}

static void
close_file (QueenLedgerFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

QueenLedgerFile *
queen_ledger_file_open (const char *directory, GError **error)
{
  QueenLedgerFile *self = g_new0 (QueenLedgerFile, 1);

  self->path = g_build_filename (directory, NAME, NULL);
  self->fd = -1;
  if (open_file (self, 0) || errno == ENOENT)
    return self;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE, "%s cannot be used: %s", self->path,
               g_strerror (errno));
  queen_ledger_file_close (self);
  return NULL;
}

static char *
dup_path_of_draft (const QueenLedgerFile *self)
{
  return g_strconcat (self->path, UNFINISHED, NULL);
}

static void
free_draft (Draft *draft)
{
  if (draft->fd >= 0)
    close (draft->fd);
  g_string_free (draft->meanwhile, TRUE);
  g_free (draft);
}

static void
drop_draft (QueenLedgerFile *self)
{
  g_autofree char *path = dup_path_of_draft (self);

  if (!self->draft)
    return;
  g_clear_pointer (&self->draft, free_draft);
  unlink (path);
}

void
queen_ledger_file_close (QueenLedgerFile *self)
{
  drop_draft (self);
  close_file (self);
  g_free (self->path);
  g_free (self);
}

char *
queen_ledger_file_read (QueenLedgerFile *self, gsize *length)
{
  gsize size = MIN (self->size, MAX_SIZE);
  char *text = self->fd >= 0 ? g_try_malloc (size + 1) : NULL;
  gssize n = text ? TEMP_FAILURE_RETRY (pread (self->fd, text, size, 0)) : -1;

  *length = (gsize) MAX (n, 0);
  return text;
}

/* Writing */

/* What cannot be written is not known after a restart; jobs go on. It is said once, also where
 * there is now and then room for a short line. */
void
queen_ledger_file_report_loss (QueenLedgerFile *self, const char *problem)
{
  if (!self->is_broken)
    g_warning ("it cannot be written which jobs there are: %s", problem);
  self->is_broken = self->is_behind = TRUE;
}

/* Returns: (nullable): the problem; else there is a file at its place, which ends with a line */
static const char *
prepare_file (QueenLedgerFile *self)
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
append_text (QueenLedgerFile *self, const GString *text)
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

void
queen_ledger_file_append (QueenLedgerFile *self, const GString *line)
{
  const char *problem;

  if (self->draft)
    g_string_append_len (self->draft->meanwhile, line->str, (gssize) line->len);
  problem = append_text (self, line);
  self->is_stuck = problem != NULL;
  if (problem)
    queen_ledger_file_report_loss (self, problem);
  else if (self->n_until > 0)
    self->n_until--;
}

/* Where there was no room for lines, there may be some again. */
gboolean
queen_ledger_file_is_long (const QueenLedgerFile *self)
{
  return !self->draft && self->n_until == 0 &&
         ((self->is_behind && !self->is_stuck) ||
          self->size > MAX (LONG, self->size_anew + MIN (self->size_anew, MAX_GROWTH)));
}

/* It is not to be tried for each line, and is said once. */
static void
put_off (QueenLedgerFile *self, guint n_until, const char *problem)
{
  g_autofree char *path = dup_path_of_draft (self);

  if (!self->is_put_off)
    g_warning ("which jobs there are cannot be written anew: %s: %s", path, problem);
  self->is_put_off = TRUE;
  self->n_until = n_until;
}

void
queen_ledger_file_begin_anew (QueenLedgerFile *self)
{
  g_autofree char *path = dup_path_of_draft (self);
  int fd;

  if (self->fd < 0 || self->draft)
    return;
  fd = queen_file_create (AT_FDCWD, path, O_RDWR | O_APPEND);
  if (fd < 0)
    {
      put_off (self, LEAST_APART, g_strerror (errno));
      return;
    }
  self->draft = g_new0 (Draft, 1);
  self->draft->fd = fd;
  self->draft->meanwhile = g_string_new (NULL);
}

void
queen_ledger_file_copy (QueenLedgerFile *self, const GString *lines)
{
  if (self->draft && !self->draft->problem && !queen_file_write (self->draft->fd, lines))
    self->draft->problem = g_strerror (errno);
}

static int
steal_file (Draft *draft)
{
  int fd = draft->fd;

  draft->fd = -1;
  return fd;
}

/* What there is stays until the new one is whole and locked, as the disk may be full.
 *
 * Returns: (nullable): the problem */
static const char *
replace_file (QueenLedgerFile *self)
{
  g_autofree char *path = dup_path_of_draft (self);
  const QueenLedgerFile former = *self;
  const char *problem = self->draft->problem;

  if (problem)
    return problem;
  /* Without one there is something at its place that is not ours. */
  if (self->fd < 0)
    return "another one is in its place";
  if (take_file (self, steal_file (self->draft)) && rename (path, self->path) == 0)
    {
      close (former.fd);
      return NULL;
    }
  problem = g_strerror (errno);
  if (self->fd != former.fd)
    close_file (self);
  *self = former;
  return problem;
}

void
queen_ledger_file_end_anew (QueenLedgerFile *self, guint n_jobs, gboolean is_whole)
{
  const char *problem;

  if (!self->draft)
    return;
  if (!is_whole && !self->draft->problem)
    self->draft->problem = "the disk is too slow";
  queen_ledger_file_copy (self, self->draft->meanwhile);
  problem = replace_file (self);
  if (!problem)
    {
      self->size_anew = self->size;
      self->is_broken = self->is_behind = self->is_put_off = FALSE;
      g_clear_pointer (&self->draft, free_draft);
      return;
    }
  put_off (self, MAX (n_jobs, LEAST_APART), problem);
  drop_draft (self);
}
