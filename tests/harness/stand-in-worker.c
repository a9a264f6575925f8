/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "stand-in-worker.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "http-client.h"
#include "queen-process.h"

struct _StandIn
{
  GSubprocess *process;
  guint16 port;
};

static void
on_stand_in_setup (gpointer data)
{
  queen_test_die_with (GPOINTER_TO_INT (data));
}

static guint16
read_port (GSubprocess *process)
{
  g_autoptr (GDataInputStream) output =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_autofree char *line = NULL;

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (output), FALSE);
  line = g_data_input_stream_read_line (output, NULL, NULL, NULL);
  g_assert_true (line && g_str_has_prefix (line, "port "));
  return (guint16) g_ascii_strtoull (line + strlen ("port "), NULL, 10);
}

StandIn *
stand_in_start (const char *option, ...)
{
  StandIn *self = g_new0 (StandIn, 1);
  g_autoptr (GPtrArray) command = g_ptr_array_new ();
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) error = NULL;
  va_list options;

  g_ptr_array_add (command, (gpointer) g_getenv ("QUEEN_STAND_IN_WORKER"));
  va_start (options, option);
  for (; option; option = va_arg (options, const char *))
    g_ptr_array_add (command, (gpointer) option);
  va_end (options);
  g_ptr_array_add (command, NULL);
  g_subprocess_launcher_set_child_setup (launcher, on_stand_in_setup, GINT_TO_POINTER (getpid ()),
                                         NULL);
  self->process =
      g_subprocess_launcher_spawnv (launcher, (const char *const *) command->pdata, &error);
  g_assert_no_error (error);
  self->port = read_port (self->process);
  return self;
}

guint16
stand_in_get_port (const StandIn *self)
{
  return self->port;
}

static HttpAnswer *
ask_control (StandIn *self, const char *method, const char *path, const char *json)
{
  g_autofree char *request =
      g_strdup_printf ("%s /control%s HTTP/1.1\r\nHost: stand-in\r\nConnection: close\r\n"
                       "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                       method, path, strlen (json), json);
  HttpAnswer *answer = http_exchange (self->port, request, -1);

  if (answer->status != 200)
    g_error ("%s /control%s %s: %u %s", method, path, json, answer->status, answer->body);
  return answer;
}

void
stand_in_order (StandIn *self, const char *json, ...)
{
  g_autofree char *order = NULL;
  g_autoptr (HttpAnswer) answer = NULL;
  va_list arguments;

  va_start (arguments, json);
  order = g_strdup_vprintf (json, arguments);
  va_end (arguments);
  answer = ask_control (self, "POST", "", order);
}

void
stand_in_wait (StandIn *self, const char *counts)
{
  g_autofree char *path =
      g_strdup_printf ("/wait?%s&within=%d", counts, queen_test_get_deadline () / 1000);

  http_answer_free (ask_control (self, "GET", path, ""));
}

/* Returns: (transfer full): all that is known */
static JsonNode *
read_state (StandIn *self)
{
  g_autoptr (HttpAnswer) answer = ask_control (self, "GET", "", "");
  g_autoptr (GError) error = NULL;
  JsonNode *state = json_from_string (answer->body, &error);

  g_assert_no_error (error);
  return state;
}

gint64
stand_in_get_count (StandIn *self, const char *name)
{
  g_autoptr (JsonNode) state = read_state (self);

  return json_object_get_int_member (json_node_get_object (state), name);
}

gint64
stand_in_get_time (StandIn *self, const char *name)
{
  g_autoptr (JsonNode) state = read_state (self);
  JsonArray *times = json_object_get_array_member (json_node_get_object (state), name);
  guint length = json_array_get_length (times);

  return length > 0 ? json_array_get_int_element (times, length - 1) : 0;
}

JsonObject *
stand_in_dup_last_request (StandIn *self)
{
  g_autoptr (JsonNode) state = read_state (self);
  JsonArray *requests = json_object_get_array_member (json_node_get_object (state), "requests");
  guint length = json_array_get_length (requests);

  g_assert_cmpuint (length, >, 0);
  return json_object_ref (json_array_get_object_element (requests, length - 1));
}

void
stand_in_beat (StandIn *self, guint16 port, const char *id, const char *members)
{
  stand_in_order (self, "{\"beat\":{\"id\":\"%s\"%s%s},\"queen\":\"http://127.0.0.1:%u\"}", id,
                  members ? "," : "", members ? members : "", port);
}

void
stand_in_stop (StandIn *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->process);
  g_free (self);
}
