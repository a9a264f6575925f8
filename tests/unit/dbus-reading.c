/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "dbus-reading.h"

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(gssize *) data = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);
  g_assert_no_error (error);
}

gsize
dbus_reading_read (GInputStream *frames, guint8 *bytes, gsize most)
{
  gsize n_read = 0;
  gssize n;

  do
    {
      n = -1;
      g_input_stream_read_async (frames, bytes + n_read, most - n_read, G_PRIORITY_DEFAULT, NULL,
                                 on_read, &n);
      while (n < 0)
        g_main_context_iteration (NULL, TRUE);
      n_read += (gsize) n;
    }
  while (n > 0 && n_read < most);
  return n_read;
}
