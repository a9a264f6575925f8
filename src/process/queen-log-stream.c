/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-log-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-log-writer.h"

/* How to write without waiting. O_NONBLOCK is no way by itself: it belongs to the open file, which
 * the shell that started her has, too, and whoever else writes to the same terminal. */
typedef enum
{
  WAY_WRITE, /* an opening of our own, with O_NONBLOCK; or a file, when there is no thread for it */
  WAY_SEND,  /* a socket: send(2) can be told for one call */
  WAY_BORROW, /* one that may not be opened anew: O_NONBLOCK for the moment of one call */
} Way;

struct _QueenLogStream
{
  int fd;
  int own_fd; /* -1 when @fd is the caller's */
  Way way;
  QueenLogWriter *writer; /* of a file: its disk may hang, whatever O_NONBLOCK says; else NULL */
  GString *rest;          /* of a line that was taken in part */
};

/* Another opening of the same pipe or terminal, as open(2) gives it for this name. */
static int
open_anew (int fd)
{
  char path[32];

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  return open (path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

QueenLogStream *
queen_log_stream_new (int fd)
{
  QueenLogStream *self = g_new0 (QueenLogStream, 1);
  struct stat status = { 0 };

  self->fd = fd;
  self->own_fd = -1;
  self->rest = g_string_new (NULL);
  fstat (fd, &status);
  /* A file opened anew would have a position of its own, and would write over the others' lines. */
  if (S_ISREG (status.st_mode) || S_ISBLK (status.st_mode))
    {
      self->writer = queen_log_writer_new (fd);
      self->way = WAY_WRITE;
    }
  else if (S_ISSOCK (status.st_mode))
    self->way = WAY_SEND;
  else
    {
      self->own_fd = open_anew (fd);
      self->way = self->own_fd >= 0 ? WAY_WRITE : WAY_BORROW;
    }
  if (self->own_fd >= 0)
    self->fd = self->own_fd;
  return self;
}

void
queen_log_stream_free (QueenLogStream *self)
{
  g_clear_pointer (&self->writer, queen_log_writer_free);
  if (self->own_fd >= 0)
    close (self->own_fd);
  g_string_free (self->rest, TRUE);
  g_free (self);
}

static gssize
write_borrowing (int fd, const char *bytes, gsize length)
{
  int flags = fcntl (fd, F_GETFL);
  gssize n;
  int problem;

  if (flags < 0 || fcntl (fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return -1;
  n = write (fd, bytes, length);
  problem = errno;
  fcntl (fd, F_SETFL, flags);
  errno = problem;
  return n;
}

/* Returns: how much of it was taken; -1 and errno when nothing was */
static gssize
put (QueenLogStream *self, const char *bytes, gsize length)
{
  switch (self->way)
    {
    case WAY_SEND:
      return TEMP_FAILURE_RETRY (send (self->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL));
    case WAY_BORROW:
      return TEMP_FAILURE_RETRY (write_borrowing (self->fd, bytes, length));
    case WAY_WRITE:
    default:
      return TEMP_FAILURE_RETRY (write (self->fd, bytes, length));
    }
}

int
queen_log_stream_flush (QueenLogStream *self)
{
  gssize n;

  if (self->writer)
    {
      int standing = queen_log_writer_settle (self->writer, 0);

      return standing == EAGAIN ? 0 : standing; /* what is on its way needs nobody */
    }
  if (self->rest->len == 0)
    return 0;
  n = put (self, self->rest->str, self->rest->len);
  if (n < 0)
    return errno;
  g_string_erase (self->rest, 0, n);
  return self->rest->len == 0 ? 0 : EAGAIN;
}

int
queen_log_stream_write (QueenLogStream *self, const char *line, gsize length)
{
  int problem;
  gssize n;

  if (self->writer)
    return queen_log_writer_put (self->writer, line, length);
  problem = queen_log_stream_flush (self);
  if (problem != 0)
    return problem;
  n = put (self, line, length);
  if (n < 0)
    return errno;
  g_string_append_len (self->rest, line + n, (gssize) length - n);
  return 0;
}

void
queen_log_stream_settle (QueenLogStream *self, gint64 patience)
{
  if (self->writer)
    queen_log_writer_settle (self->writer, patience);
  else
    queen_log_stream_flush (self);
}
