/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-error.h"

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

char *
queen_file_read (const char *path, gsize max, gsize *length, GError **error)
{
  /* Without O_NONBLOCK, to open a pipe waits for whoever writes into it. */
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  g_autofree char *bytes = NULL;
  gssize n_bytes;

  if (fd < 0)
    {
      set_system_error (error, path, errno);
      return NULL;
    }
  if (!check_kind (fd, path, error))
    {
      close (fd);
      return NULL;
    }
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
