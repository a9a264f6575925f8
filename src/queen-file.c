/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-error.h"

static GPrivate texts_ahead; /* path -> QueenFileAhead; NULL for none */

static void
set_system_error (GError **error, const char *path, int code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path, g_strerror (code));
}

static gboolean
check_kind (int fd, const char *path, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("%s: is not a regular file"), path);
  return FALSE;
}

/* Returns how many bytes there are, or -1 and errno; reads one byte more than @max if it can. */
static gssize
read_all (int fd, char *buffer, gsize max)
{
  gsize length = 0;
  gssize n_bytes;

  do
    {
      n_bytes = read (fd, buffer + length, max + 1 - length);
      if (n_bytes > 0)
        length += (gsize) n_bytes;
    }
  while (n_bytes > 0 || (n_bytes < 0 && errno == EINTR));
  return n_bytes < 0 ? -1 : (gssize) length;
}

/* Returns: -1 when there is no regular file */
static int
open_file (const char *path, GError **error)
{
  /* Without O_NONBLOCK, to open a pipe waits for whoever writes into it. */
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    {
      set_system_error (error, path, errno);
      return -1;
    }
  if (check_kind (fd, path, error))
    return fd;
  close (fd);
  return -1;
}

static char *
read_now (const char *path, gsize max, gsize *length, GError **error)
{
  int fd = open_file (path, error);
  g_autofree char *bytes = NULL;
  gssize n_bytes;

  if (fd < 0)
    return NULL;
  bytes = g_malloc (max + 1);
  n_bytes = read_all (fd, bytes, max);
  if (n_bytes < 0)
    set_system_error (error, path, errno);
  close (fd);
  if (n_bytes < 0)
    return NULL;
  if ((gsize) n_bytes > max)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("%s: is over %d bytes"), path,
                   (int) max);
      return NULL;
    }
  bytes[n_bytes] = '\0';
  *length = (gsize) n_bytes;
  return g_steal_pointer (&bytes);
}

/* Returns: (nullable): what was read before */
static const QueenFileAhead *
find_ahead (const char *path)
{
  GHashTable *texts = g_private_get (&texts_ahead);

  return texts ? g_hash_table_lookup (texts, path) : NULL;
}

/* Returns: whether there is no error */
static gboolean
take_error (const QueenFileAhead *ahead, GError **error)
{
  if (ahead->error)
    g_propagate_error (error, g_error_copy (ahead->error));
  return ahead->error == NULL;
}

char *
queen_file_read (const char *path, gsize max, gsize *length, GError **error)
{
  const QueenFileAhead *ahead = find_ahead (path);

  if (!ahead)
    return read_now (path, max, length, error);
  if (!take_error (ahead, error))
    return NULL;
  *length = ahead->length;
  return g_memdup2 (ahead->text, ahead->length + 1);
}

void
queen_file_ahead_free (QueenFileAhead *ahead)
{
  if (ahead->text)
    explicit_bzero (ahead->text, ahead->length);
  g_free (ahead->text);
  g_clear_error (&ahead->error);
  g_free (ahead);
}

void
queen_file_set_ahead (GHashTable *texts)
{
  g_private_set (&texts_ahead, texts);
}

static gint64
to_ns (struct timespec time)
{
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

void
queen_file_get_state (const char *path, QueenFileState *state)
{
  struct stat info;

  memset (state, 0, sizeof *state);
  if (stat (path, &info) == 0)
    *state = (QueenFileState){ .device = info.st_dev,
                               .number = info.st_ino,
                               .size = info.st_size,
                               .written_at = to_ns (info.st_mtim),
                               .changed_at = to_ns (info.st_ctim) };
}

int
queen_file_create (int directory_fd, const char *name, int flags)
{
  if (unlinkat (directory_fd, name, 0) != 0)
    unlinkat (directory_fd, name, AT_REMOVEDIR);
  return openat (directory_fd, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

gboolean
queen_file_write (int fd, const GString *text)
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
