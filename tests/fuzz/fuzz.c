/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "fuzz.h"

#include <locale.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static GLogLevelFlags faults = G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING;

/* Nobody reads a million lines; but what GLib finds fault with is a bug. */
static GLogWriterOutput
on_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (!(level & faults))
    return G_LOG_WRITER_HANDLED;
  g_log_writer_standard_streams (level, fields, n_fields, NULL);
  abort ();
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_log_set_writer_func (on_log, NULL, NULL);
  return 0;
}

void
fuzz_allow_warnings (void)
{
  faults &= (GLogLevelFlags) ~G_LOG_LEVEL_WARNING;
}

GBytes *
fuzz_cut_line (const guint8 **at, const guint8 *end)
{
  const guint8 *start = *at;
  const guint8 *line_end = start < end ? memchr (start, '\n', (gsize) (end - start)) : NULL;

  *at = line_end ? line_end + 1 : NULL;
  return g_bytes_new (start, (gsize) ((line_end ? line_end : end) - start));
}

char *
fuzz_write_file (const guint8 *data, gsize size)
{
  static int fd = -1;

  if (fd < 0)
    fd = memfd_create ("fuzz", MFD_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (pwrite (fd, data, size, 0), ==, (gssize) size);
  return g_strdup_printf ("/proc/self/fd/%d", fd);
}
