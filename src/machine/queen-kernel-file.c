/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-kernel-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
open_regular (const char *path)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat info;

  if (fd < 0 || (fstat (fd, &info) == 0 && S_ISREG (info.st_mode)))
    return fd;
  close (fd);
  errno = EINVAL;
  return -1;
}

static gssize
read_beginning (int fd, char *buffer, gsize size)
{
  gsize length = 0;
  gssize n_bytes;

  do
    {
      n_bytes = read (fd, buffer + length, size - 1 - length);
      if (n_bytes > 0)
        length += (gsize) n_bytes;
    }
  while ((n_bytes > 0 && length < size - 1) || (n_bytes < 0 && errno == EINTR));
  buffer[length] = '\0';
  return n_bytes < 0 ? -1 : (gssize) length;
}

static gssize
read_path (char *buffer, gsize size, const char *format, va_list arguments)
{
  char path[PATH_MAX];
  gssize n_bytes;
  int fd, code;

  buffer[0] = '\0';
  if (g_vsnprintf (path, sizeof path, format, arguments) >= (int) sizeof path)
    {
      errno = ENAMETOOLONG;
      return -1;
    }
  fd = open_regular (path);
  if (fd < 0)
    return -1;
  n_bytes = read_beginning (fd, buffer, size);
  code = errno;
  close (fd);
  errno = code;
  return n_bytes;
}

gssize
queen_kernel_file_read (char *buffer, gsize size, const char *format, ...)
{
  va_list arguments;
  gssize n_bytes;

  va_start (arguments, format);
  n_bytes = read_path (buffer, size, format, arguments);
  va_end (arguments);
  return n_bytes;
}

gboolean
queen_kernel_file_read_number (gint64 *number, const char *format, ...)
{
  char text[64];
  va_list arguments;
  gssize n_bytes;

  va_start (arguments, format);
  n_bytes = read_path (text, sizeof text, format, arguments);
  va_end (arguments);
  return n_bytes > 0 &&
         g_ascii_string_to_signed (g_strstrip (text), 10, G_MININT64, G_MAXINT64, number, NULL);
}

gboolean
queen_kernel_file_parse (const char *text, guint64 *number)
{
  static const struct
  {
    const char *name;
    guint64 bytes;
  } units[] = { { "", 1 }, { "kB", 1024 }, { "KiB", 1024 }, { "MiB", 1024 * 1024 } };
  char *end;
  guint64 value;

  text += strspn (text, " \t");
  if (!g_ascii_isdigit (*text))
    return FALSE;
  errno = 0;
  value = g_ascii_strtoull (text, &end, 10);
  if (errno != 0)
    return FALSE;
  end += strspn (end, " \t");
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    {
      gsize length = strlen (units[i].name);

      if (strcspn (end, "\n") == length && memcmp (end, units[i].name, length) == 0)
        return g_uint64_checked_mul (number, value, units[i].bytes);
    }
  return FALSE;
}

gboolean
queen_kernel_file_find (const char *text, const char *key, guint64 *number)
{
  const gsize length = strlen (key);

  while (text && strncmp (text, key, length) != 0)
    {
      text = strchr (text, '\n');
      if (text)
        text++;
    }
  return text && queen_kernel_file_parse (text + length, number);
}
