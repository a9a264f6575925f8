/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-stream.h"

#include <string.h>
#include <unistd.h>

#include "net/queen-closer.h"
#include "queen-dbus-output.h"

#define MAX_LINE 1024 /* bytes of what the bus says before the first message */
#define MAX_BUS 64    /* likewise, of which bus it is */
#define BUS "queen-dbus-bus"
#define DECLINED "queen-dbus-declined"
#define HEXADECIMAL "0123456789abcdefABCDEF"

typedef struct
{
  char *address;
  const QueenDBusFramesLimits *limits;
} Opening;

static void
free_opening (gpointer data)
{
  Opening *opening = data;

  g_free (opening->address);
  g_free (opening);
}

/* D-Bus Specification, § Authentication Protocol */

static gboolean
send_words (
    GIOStream *connection, const char *words, gsize n, GCancellable *cancellable, GError **error)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (connection), words, n, NULL,
                                    cancellable, error);
}

/* Byte by byte, as what is behind the line is for others to read. */
static gboolean
hear_line (GIOStream *connection, GString *line, GCancellable *cancellable, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (connection);
  char byte = '\0';

  while (byte != '\n' && line->len < MAX_LINE)
    {
      gssize n = g_input_stream_read (input, &byte, 1, cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        break;
      g_string_append_c (line, byte);
    }
  if (g_str_has_suffix (line->str, "\r\n"))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "it has closed the connection");
  return FALSE;
}

/* A bus that has none to pass on says so, and that is no reason to leave it. As long as those that
 * have come cannot be closed she wants no more.
 *
 * @passes_descriptors: (out): whether it delivers them
 * @has_declined: (out): whether it was not asked for that */
static gboolean
negotiate (GIOStream *connection,
           gboolean *passes_descriptors,
           gboolean *has_declined,
           GCancellable *cancellable,
           GError **error)
{
  static const char question[] = "NEGOTIATE_UNIX_FD\r\n";
  static const char begin[] = "BEGIN\r\n";
  g_autoptr (GString) line = g_string_new (NULL);

  *has_declined = queen_closer_get_n_waiting () > 0;
  if (*has_declined)
    return send_words (connection, begin, strlen (begin), cancellable, error);
  if (!send_words (connection, question, strlen (question), cancellable, error) ||
      !hear_line (connection, line, cancellable, error))
    return FALSE;
  *passes_descriptors = g_str_equal (line->str, "AGREE_UNIX_FD\r\n");
  return send_words (connection, begin, strlen (begin), cancellable, error);
}

/* Who she is the bus asks the kernel; she only names the user (in hexadecimal digits, of the
 * decimal ones).
 *
 * @bus: (out): which bus it is */
static gboolean
authenticate (GIOStream *connection, char **bus, GCancellable *cancellable, GError **error)
{
  g_autofree char *user = g_strdup_printf ("%u", (guint) geteuid ());
  g_autoptr (GString) words = g_string_new ("AUTH EXTERNAL ");
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_insert_c (words, 0, '\0');
  for (const char *digit = user; *digit; digit++)
    g_string_append_printf (words, "%02x", (guint) *digit);
  g_string_append (words, "\r\n");
  if (!send_words (connection, words->str, words->len, cancellable, error) ||
      !hear_line (connection, line, cancellable, error))
    return FALSE;
  *bus = g_strndup (line->str + MIN (line->len, strlen ("OK ")), MAX_BUS);
  (*bus)[strspn (*bus, HEXADECIMAL)] = '\0';
  if (g_str_has_prefix (line->str, "OK "))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "it does not let her in");
  return FALSE;
}

/* GDBus would read from the socket itself if it saw that there is one. */
static GIOStream *
wrap (GSocketConnection *connection,
      const QueenDBusFramesLimits *limits,
      const char *bus,
      gboolean passes_descriptors,
      gboolean has_declined)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autoptr (GInputStream) input = queen_dbus_frames_new (connection, limits);
  g_autoptr (GOutputStream) output =
      queen_dbus_output_new (g_socket_get_fd (socket), passes_descriptors);
  GIOStream *stream = g_simple_io_stream_new (input, output);

  g_object_set_data_full (G_OBJECT (stream), BUS, g_strdup (bus), g_free);
  g_object_set_data (G_OBJECT (stream), DECLINED, GINT_TO_POINTER (has_declined));
  return stream;
}

static void
open_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Opening *opening = data;
  g_autofree char *bus = NULL;
  gboolean passes_descriptors = FALSE, has_declined = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) connection =
      g_dbus_address_get_stream_sync (opening->address, NULL, cancellable, &error);

  if (connection && !G_IS_SOCKET_CONNECTION (connection))
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "it is at no socket");
  if (!error && authenticate (connection, &bus, cancellable, &error) &&
      negotiate (connection, &passes_descriptors, &has_declined, cancellable, &error))
    g_task_return_pointer (task,
                           wrap (G_SOCKET_CONNECTION (connection), opening->limits, bus,
                                 passes_descriptors, has_declined),
                           g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
queen_dbus_stream_open (const char *address,
                        const QueenDBusFramesLimits *limits,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Opening *opening = g_new0 (Opening, 1);

  opening->address = g_strdup (address);
  opening->limits = limits;
  g_task_set_task_data (task, opening, free_opening);
  g_task_run_in_thread (task, open_in_thread);
}

GIOStream *
queen_dbus_stream_open_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
queen_dbus_stream_dup_name (GDBusConnection *connection, const char *name)
{
  const char *bus = g_object_get_data (G_OBJECT (g_dbus_connection_get_stream (connection)), BUS);

  return g_strconcat (bus ? bus : "", "/", name, NULL);
}

gboolean
queen_dbus_stream_has_declined (GDBusConnection *connection)
{
  return g_object_get_data (G_OBJECT (g_dbus_connection_get_stream (connection)), DECLINED) != NULL;
}
