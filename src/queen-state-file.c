/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-state-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-error.h"

#define NAME "state"
#define UNFINISHED "state.new"
#define SET_ASIDE "state.broken"
#define MAX_SIZE (256 << 20) /* bytes: 65536 workers and as many hives with 2 KiB each */

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

/* Returns: a descriptor of @directory, if files can be made and removed there; -1 otherwise. */
static int
open_directory (const char *directory, GError **error)
{
  g_auto (Descriptor) fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0 || faccessat (fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
    {
      fail (error, "no state can be left in %s", directory);
      return -1;
    }
  return g_steal_fd (&fd);
}

/* Reading */

static gboolean
read_fully (int fd, GByteArray *bytes, GError **error)
{
  gsize n_read = 0;

  while (n_read < bytes->len)
    {
      gssize n = TEMP_FAILURE_RETRY (read (fd, bytes->data + n_read, bytes->len - n_read));

      if (n < 0)
        return fail (error, "it cannot be read");
      if (n == 0)
        break;
      n_read += (gsize) n;
    }
  g_byte_array_set_size (bytes, (guint) n_read);
  return TRUE;
}

static QueenState *
read_state (int fd, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  struct stat status;

  if (fd < 0 || fstat (fd, &status) != 0)
    {
      fail (error, "it cannot be opened");
      return NULL;
    }
  errno = 0;
  if (!S_ISREG (status.st_mode) || status.st_size > MAX_SIZE)
    {
      fail (error, S_ISREG (status.st_mode) ? "it is too big" : "it is no file");
      return NULL;
    }
  g_byte_array_set_size (bytes, (guint) status.st_size);
  if (!read_fully (fd, bytes, error))
    return NULL;
  return queen_state_parse ((const char *) bytes->data, bytes->len, error);
}

static void
set_aside (int directory_fd, const char *directory, GError **error)
{
  if (renameat (directory_fd, NAME, directory_fd, SET_ASIDE) == 0)
    g_prefix_error (error, "%s/%s is set aside as %s: ", directory, NAME, SET_ASIDE);
  else
    g_prefix_error (error, "%s/%s cannot even be set aside (%s): ", directory, NAME,
                    g_strerror (errno));
}

QueenState *
queen_state_file_take (const char *directory, GError **error)
{
  g_auto (Descriptor) directory_fd = open_directory (directory, error);
  g_auto (Descriptor) fd = -1;
  g_autoptr (QueenState) state = NULL;

  if (directory_fd < 0)
    return NULL;
  /* Without blocking, as anything may have been put there. */
  fd = openat (directory_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return NULL;
  state = read_state (fd, error);
  if (!state)
    {
      set_aside (directory_fd, directory, error);
      return NULL;
    }
  if (unlinkat (directory_fd, NAME, 0) != 0)
    {
      fail (error, "%s/%s cannot be removed, and so not be used", directory, NAME);
      return NULL;
    }
  fsync (directory_fd); /* or it might be back after a loss of power */
  return g_steal_pointer (&state);
}

/* Writing */

static gboolean
write_fully (int fd, const GString *text)
{
  gsize n_written = 0;

  while (n_written < text->len)
    {
      gssize n = TEMP_FAILURE_RETRY (write (fd, text->str + n_written, text->len - n_written));

      if (n < 0)
        return FALSE;
      n_written += (gsize) n;
    }
  return TRUE;
}

/* What is not on the disk yet when the name changes may be an empty file after a loss of power. */
static gboolean
replace (int directory_fd, const GString *text)
{
  g_auto (Descriptor) fd = -1;

  unlinkat (directory_fd, UNFINISHED, 0); /* of one who was killed while it wrote */
  fd =
      openat (directory_fd, UNFINISHED, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  return fd >= 0 && write_fully (fd, text) && fsync (fd) == 0 &&
         renameat (directory_fd, UNFINISHED, directory_fd, NAME) == 0;
}

gboolean
queen_state_file_leave (const char *directory, const QueenState *state, GError **error)
{
  g_auto (Descriptor) directory_fd = open_directory (directory, error);
  g_autoptr (GString) text = NULL;

  if (directory_fd < 0)
    return FALSE;
  text = queen_state_write (state);
  errno = 0;
  if (text->len > MAX_SIZE)
    return fail (error, "the state is too big: %" G_GSIZE_FORMAT " bytes", text->len);
  if (!replace (directory_fd, text))
    {
      fail (error, "%s/%s cannot be written", directory, NAME);
      unlinkat (directory_fd, UNFINISHED, 0);
      return FALSE;
    }
  fsync (directory_fd);
  return TRUE;
}
