/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Jobs on D-Bus, as a client on a private bus sees them. */

#include <string.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "queen-process.h"
#include "stand-in-worker.h"

#define JOBS QUEEN_PATH "/jobs"
#define MAX_SHOWN 256

typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  guint16 port;
  BusClient *client;
  StandIn *worker;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = bus_daemon_new_for_session ();
  f->queen = queen_process_start ("--bus=session", "--heartbeat-interval=1h", "--drain=0s",
                                  "--trusted-proxy=127.0.0.1", NULL);
  f->port = queen_process_get_port (f->queen);
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
  f->worker = stand_in_start ("--slots=1", "--wish=pace=step", NULL);
  stand_in_beat (f->worker, f->port, "w-1", "\"slots\":1");
  bus_client_wait_for_queen (f->client, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_process_stop (f->queen);
  stand_in_stop (f->worker);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}

/* @headers: each with its CRLF; they say who submits it
 *
 * Returns: its object's path */
static char *
submit_as (Fixture *f, const char *headers)
{
  static const char body[] = "{\"operation\":\"infer\",\"model\":\"tiny\",\"prompt\":\"secret\","
                             "\"max_tokens\":2}";
  g_autofree char *request = g_strdup_printf ("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %zu\r\n%s\r\n%s",
                                              strlen (body), headers, body);
  g_autoptr (HttpAnswer) answer = http_exchange (f->port, request, -1);
  g_autofree char *id = http_answer_dup_member (answer, "job_id");
  g_autofree char *name = NULL;

  g_assert_cmpint (answer->status, ==, 200);
  name = g_dbus_escape_object_path (id);
  return g_strconcat (JOBS "/", name, NULL);
}

static char *
submit (Fixture *f)
{
  return submit_as (f, "");
}

/* Waits for a signal in which that stands.
 *
 * Returns: (transfer full): all of it */
static char *
await_signal (Fixture *f, const char *member, const char *what)
{
  for (;;)
    {
      g_autoptr (BusSignal) signal = bus_client_next_signal (f->client, member);
      g_autofree char *text = g_variant_print (signal->parameters, FALSE);

      if (strstr (text, what))
        return g_strconcat (signal->path, " ", text, NULL);
    }
}

static void
test_course (Fixture *f, gconstpointer data)
{
  g_autofree char *first = submit (f);
  g_autofree char *second = NULL;
  g_autofree char *waits = NULL;
  g_autofree char *added = await_signal (f, "InterfacesAdded", first);
  g_autofree char *changed = NULL;
  g_autofree char *gone = NULL;

  g_assert_nonnull (strstr (added, "'Model': <'tiny'>"));
  g_assert_null (strstr (added, "secret"));
  stand_in_wait (f->worker, "running=1");
  bus_client_expect (f->client, first, ".Job", "State", "'running'");
  bus_client_expect (f->client, first, ".Job", "Worker", "'w-1'");
  bus_client_expect (f->client, first, ".Job", "Position", "0");

  second = submit (f);
  waits = await_signal (f, "InterfacesAdded", second);
  bus_client_expect (f->client, second, ".Job", "State", "'queued'");
  bus_client_expect (f->client, second, ".Job", "Position", "1");
  bus_client_expect (f->client, second, ".Job", "Worker", "''");
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsQueued", "1");
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsRunning", "1");

  stand_in_order (f->worker, "{\"step\":2}");
  gone = await_signal (f, "InterfacesRemoved", first);
  changed = await_signal (f, "PropertiesChanged", "'State': <'running'>");
  g_assert_true (g_str_has_prefix (changed, second));
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsQueued", "0");
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autofree char *path = submit (f);
  g_autofree char *call = g_strdup_printf ("(objectpath '%s',)", path);
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) again = NULL;

  stand_in_wait (f->worker, "running=1");
  answer = bus_client_ask (f->client, "CancelJob", call);
  stand_in_wait (f->worker, "gone=1&running=0");
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsRunning", "0");
  g_assert_null (bus_client_read (f->client, path, ".Job", "State"));
  again = bus_client_ask (f->client, "CancelJob", call);

  bus_client_fail (f->client, "CancelJob", "(objectpath '" JOBS "/nobody',)", "NotFound",
                   "there is no such job, or not any more");
  bus_client_fail (f->client, "CancelJob", "(objectpath '" JOBS "',)", "NotFound",
                   "there is no such job, or not any more");
  bus_client_fail (f->client, "CancelJob", "(objectpath '" QUEEN_PATH "/workers/w_2d1',)",
                   "NotFound", "there is no such job, or not any more");
}

static guint
count_shown (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      bus_client_call (f->client, QUEEN_PATH, "org.freedesktop.DBus.ObjectManager",
                       "GetManagedObjects", NULL, &error);
  g_autoptr (GVariant) objects = NULL;
  GVariantIter iter;
  const char *path;
  guint n = 0;

  g_assert_no_error (error);
  objects = g_variant_get_child_value (answer, 0);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&oa{sa{sv}}}", &path, NULL))
    n += g_str_has_prefix (path, JOBS "/") ? 1 : 0;
  return n;
}

/* Of those that are too many it is told how many there are, until places are free. */
static void
test_many (Fixture *f, gconstpointer data)
{
  g_autofree char *first = submit (f);
  g_autofree char *last = NULL;
  g_autofree char *call = g_strdup_printf ("(objectpath '%s',)", first);
  g_autofree char *n_queued = g_strdup_printf ("%d", MAX_SHOWN);
  g_autoptr (GVariant) answer = NULL;

  stand_in_wait (f->worker, "running=1");
  for (guint i = 0; i < MAX_SHOWN; i++)
    {
      g_free (last);
      last = submit (f);
    }
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsQueued", n_queued);
  g_assert_cmpuint (count_shown (f), ==, MAX_SHOWN);
  g_assert_null (bus_client_read (f->client, last, ".Job", "State"));
  answer = bus_client_ask (f->client, "CancelJob", call);
  bus_client_expect (f->client, last, ".Job", "State", "'queued'");
  g_assert_cmpuint (count_shown (f), ==, MAX_SHOWN);
}

/* However many one submitter has, another one's are shown; and when they have ended, again those of
 * the first. */
static void
test_submitters (Fixture *f, gconstpointer data)
{
  static const char greedy[] = "X-Forwarded-For: 192.0.2.1\r\n";
  static const char modest[] = "X-Forwarded-For: 192.0.2.2\r\n";
  g_autofree char *last = NULL;
  g_autofree char *own = NULL;
  g_autofree char *call = NULL;
  g_autofree char *gone = NULL;
  g_autoptr (GVariant) answer = NULL;

  for (guint i = 0; i < MAX_SHOWN; i++)
    {
      g_free (last);
      last = submit_as (f, greedy);
    }
  bus_client_expect (f->client, last, ".Job", "State", "'queued'");
  own = submit_as (f, modest);
  bus_client_expect (f->client, own, ".Job", "State", "'queued'");
  g_assert_null (bus_client_read (f->client, last, ".Job", "State"));
  g_assert_cmpuint (count_shown (f), ==, MAX_SHOWN);
  call = g_strdup_printf ("(objectpath '%s',)", own);
  answer = bus_client_ask (f->client, "CancelJob", call);
  gone = await_signal (f, "InterfacesRemoved", own);
  bus_client_expect (f->client, last, ".Job", "State", "'queued'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/dbus-jobs/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("shown-while-it-waits-and-runs", test_course);
  ADD ("cancelled-frees-the-worker", test_cancel);
  ADD ("256-are-shown-at-the-most", test_many);
  ADD ("submitters-share-the-places", test_submitters);
#undef ADD

  return g_test_run ();
}
