/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-state-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-error.h"
#include "queen-file.h"
#include "text/queen-legible.h"

#define NAME "state"
#define UNFINISHED "state.new"
#define SET_ASIDE "state.broken"
#define LOCK "lock"
#define MAX_UNSAVED                                                                                \
  (16 * 1024 * 1024)      /* bytes that the kernel may hold before they are on the disk */
#define CHUNK (64 * 1024) /* bytes that are written or read in one go */

struct _QueenStateFile
{
  char *directory;
  int directory_fd;
  int lock_fd;
};

/* A descriptor that closes itself. */
typedef int Descriptor;

static void
close_descriptor (Descriptor *fd)
{
  if (*fd >= 0)
    close (*fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Descriptor, close_descriptor)

static gboolean G_GNUC_PRINTF (2, 3) fail (GError **error, const char *problem, ...)
{
  int number = errno;
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, problem);
  text = g_strdup_vprintf (problem, args);
  va_end (args);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE, "%s%s%s", text, number ? ": " : "",
               number ? g_strerror (number) : "");
  return FALSE;
}

/* A file of its own: the directory itself can be locked by whoever may read it. It stays there, as
 * who removed it could not know who has opened it meanwhile. */
static int
open_lock (int directory_fd)
{
  return openat (directory_fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
}

QueenStateFile *
queen_state_file_open (const char *directory, GError **error)
{
  g_auto (Descriptor) fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_auto (Descriptor) lock_fd = fd >= 0 ? open_lock (fd) : -1;
  QueenStateFile *self;

  if (lock_fd < 0)
    {
      fail (error, "no state can be saved in %s%s", directory,
            fd >= 0 ? " without its file “" LOCK "”" : "");
      queen_legible_explain_value (error, directory);
      return NULL;
    }
  /* On a file system that has no locks there is none. */
  if (flock (lock_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT, "another queen has %s", directory);
      return NULL;
    }
  self = g_new0 (QueenStateFile, 1);
  self->directory = g_strdup (directory);
  self->directory_fd = g_steal_fd (&fd);
  self->lock_fd = g_steal_fd (&lock_fd);
  return self;
}

void
queen_state_file_free (QueenStateFile *self)
{
  close (self->lock_fd);
  close (self->directory_fd);
  g_free (self->directory);
  g_free (self);
}

/* Reading */

static QueenState *
read_all (int fd, GError **error)
{
  g_autoptr (QueenStateReader) reader = queen_state_reader_new ();
  g_autofree char *chunk = g_malloc (CHUNK);
  gssize n;

  while ((n = TEMP_FAILURE_RETRY (read (fd, chunk, CHUNK))) > 0)
    if (!queen_state_reader_feed (reader, chunk, (gsize) n, error))
      return NULL;
  if (n == 0)
    return queen_state_reader_finish (reader, error);
  fail (error, "it cannot be read");
  return NULL;
}

static QueenState *
read_state (int fd, GError **error)
{
  struct stat status;

  if (fd < 0 || fstat (fd, &status) != 0)
    {
      fail (error, "it cannot be opened");
      return NULL;
    }
  if (S_ISREG (status.st_mode))
    return read_all (fd, error);
  errno = 0;
  fail (error, "it is no file");
  return NULL;
}

static void
set_aside (QueenStateFile *self, GError **error)
{
  if (renameat (self->directory_fd, NAME, self->directory_fd, SET_ASIDE) == 0)
    g_prefix_error (error, "%s/%s is set aside as %s: ", self->directory, NAME, SET_ASIDE);
  else
    g_prefix_error (error, "%s/%s cannot even be set aside (%s): ", self->directory, NAME,
                    g_strerror (errno));
}

/* From now on the state is not whole any longer, even if the power fails. One of another form, such
 * as that of an older version, cannot say so, and goes.
 *
 * Returns: whether that is so */
static gboolean
mark_loaded (QueenStateFile *self)
{
  static const char whole[] = QUEEN_STATE_START "1";
  const off_t mark = sizeof whole - 2;
  g_auto (Descriptor) fd =
      openat (self->directory_fd, NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  char start[sizeof whole - 1];

  if (fd < 0)
    return FALSE;
  if (pread (fd, start, sizeof start, 0) == sizeof start &&
      memcmp (start, whole, sizeof start) == 0)
    return pwrite (fd, "0", 1, mark) == 1 && fsync (fd) == 0;
  return unlinkat (self->directory_fd, NAME, 0) == 0 && fsync (self->directory_fd) == 0;
}

QueenState *
queen_state_file_load (QueenStateFile *self, GError **error)
{
  /* Without blocking, as anything may have been put there. */
  g_auto (Descriptor) fd =
      openat (self->directory_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  g_autoptr (QueenState) state = NULL;

  if (fd < 0 && errno == ENOENT)
    return NULL;
  state = read_state (fd, error);
  if (!state)
    {
      set_aside (self, error);
      return NULL;
    }
  state->is_whole = state->is_whole && mark_loaded (self);
  return g_steal_pointer (&state);
}

/* Writing */

/* What the kernel holds of a file counts as the queen's memory. It would let go of it when she
 * needs that, but not before it is on the disk, and then it is the main thread that waits. */
static gboolean
save_so_far (int fd)
{
  return fsync (fd) == 0 && (posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED), TRUE);
}

static gboolean
write_state (int fd, const QueenState *state, GCancellable *cancellable)
{
  g_autoptr (GString) text = g_string_sized_new (2 * CHUNK);
  guint n_lines = queen_state_get_n_lines (state);
  gsize n_unsaved = 0;

  for (guint i = 0; i < n_lines; i++)
    {
      queen_state_append_line (state, i, text);
      if (text->len < CHUNK && i + 1 < n_lines)
        continue;
      errno = ECANCELED;
      if (g_cancellable_is_cancelled (cancellable) || !queen_file_write (fd, text))
        return FALSE;
      n_unsaved += text->len;
      g_string_truncate (text, 0);
      if (n_unsaved < MAX_UNSAVED)
        continue;
      if (!save_so_far (fd))
        return FALSE;
      n_unsaved = 0;
    }
  return save_so_far (fd);
}

/* What is not on the disk yet when the name changes may be an empty file after a loss of power.
 *
 * Returns: (nullable): the name of what could not be written; errno says why not */
static const char *
replace (int directory_fd, const QueenState *state, GCancellable *cancellable)
{
  g_auto (Descriptor) fd = queen_file_create (directory_fd, UNFINISHED, O_WRONLY);

  if (fd < 0)
    return UNFINISHED; /* something is in its way */
  return write_state (fd, state, cancellable) &&
                 renameat (directory_fd, UNFINISHED, directory_fd, NAME) == 0
             ? NULL
             : NAME;
}

gboolean
queen_state_file_save (QueenStateFile *self,
                       const QueenState *state,
                       GCancellable *cancellable,
                       GError **error)
{
  const char *unwritten = replace (self->directory_fd, state, cancellable);

  if (unwritten)
    {
      fail (error, "%s/%s cannot be written", self->directory, unwritten);
      unlinkat (self->directory_fd, UNFINISHED, 0);
      return FALSE;
    }
  fsync (self->directory_fd);
  return TRUE;
}
