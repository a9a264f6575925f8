/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl with a server that means harm, or is broken: it neither hangs, nor takes all memory, nor
 * prints what a terminal would obey. */

#include <string.h>

#include "queenctl-runner.h"
#include "stranger.h"

#define STREAM STRANGER_HEAD ("200 OK", "text/event-stream")
#define ANSWER STRANGER_HEAD ("200 OK", "application/json")

/* What a queen who knows of nobody answers; both are as long. */
#define NOBODY(list)                                                                               \
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"                     \
  "Content-Length: 36\r\n\r\n{" list ":[],\"total\":0,\"next\":null}"

/* A refusal of which only the first byte comes. */
#define NEVER_WHOLE                                                                                \
  "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"                         \
  "Content-Length: 60000\r\nConnection: close\r\n\r\n{"

static const char *
list_nobody (const char *path)
{
  return g_str_has_prefix (path, "/v1/workers") ? NOBODY ("\"workers\"") : NOBODY ("\"hives\"  ");
}

static char *
address (const Stranger *stranger, const char *line)
{
  return g_strdup_printf ("--url=http://127.0.0.1:%u %s", stranger->port, line);
}

/* Time */

static void
test_refusal_without_end (void)
{
  Stranger stranger = { .answer = NEVER_WHOLE, .has_no_end = TRUE };
  g_autofree char *line = NULL;
  g_autofree char *said = NULL;

  stranger_start (&stranger);
  line = address (&stranger, "wait --model=m --timeout=1s");
  said = g_strdup_printf ("No answer at http://127.0.0.1:%u in time.", stranger.port);
  ctl_refuse (line, 3, said);
  stranger_stop (&stranger);
}

/* Who has followed is left, let in after a refusal that has no end, and told. */
static const char *
answer_tries (const char *path, gpointer data)
{
  static const char *const tries[] = {
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    "Content-Length: 14\r\n\r\nretry: 1\n\n\n\n\n\n",
    NEVER_WHOLE,
    STREAM "data: {}\n\n",
  };
  guint *n_tries = data;

  if (!strstr (path, "/stream"))
    return list_nobody (path);
  *n_tries += 1;
  return tries[MIN (*n_tries, G_N_ELEMENTS (tries)) - 1];
}

static void
test_comes_back (void)
{
  guint n_tries = 0;
  Stranger stranger = { .choose = answer_tries, .data = &n_tries, .has_no_end = TRUE };
  g_autofree char *line = NULL;
  CtlWatch watch;

  stranger_start (&stranger);
  line = address (&stranger, "watch");
  ctl_watch_start (&watch, line, G_SUBPROCESS_FLAGS_NONE);
  g_free (ctl_watch_await (&watch, "The queen has gone."));
  g_free (ctl_watch_await (&watch, "The queen is back."));
  ctl_watch_stop (&watch);
  stranger_stop (&stranger);
}

/* Whoever is named by an event is asked for, and that takes half a second each. */
static const char *
answer_slowly (const char *path, gpointer data)
{
  static const char said[] = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
                             "Connection: close\r\nContent-Length: 37\r\n\r\n"
                             "{\"status\":\"error\",\"message\":\"nobody\"}";
  GString *stream = data;

  if (strstr (path, "/stream"))
    return stream->str;
  if (!strstr (path, "/workers/"))
    return list_nobody (path);
  g_usleep (G_USEC_PER_SEC / 2);
  return said;
}

static void
test_slow_answers (void)
{
  g_autoptr (GString) stream = g_string_new (STREAM);
  Stranger stranger = { .choose = answer_slowly, .data = stream, .has_no_end = TRUE };
  g_autoptr (GTimer) timer = NULL;
  g_autofree char *line = NULL;

  for (guint i = 0; i < 40; i++)
    g_string_append_printf (stream,
                            "event: heartbeat\n"
                            "data: {\"type\":\"worker\",\"worker_id\":\"w%u\"}\n\n",
                            i);
  stranger_start (&stranger);
  line = address (&stranger, "wait --model=m --timeout=1s");
  timer = g_timer_new ();
  ctl_refuse (line, 1, "No worker with the model “m” was available in time");
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, 10);
  stranger_stop (&stranger);
}

/* Memory */

/* Each page is of somebody new, and of one that takes a hundred megabytes of memory. */
typedef struct
{
  GString *page;
  gsize id;      /* where the digits are */
  gsize next;    /* here, too */
  guint n_pages; /* that have been asked for */
} Endless;

#define MOST_PAGES 40

static void
append_arrays (GString *json, guint n)
{
  g_string_append (json, "[[]");
  for (guint i = 1; i < n; i++)
    g_string_append (json, ",[]");
  g_string_append_c (json, ']');
}

static void
write_digits (GString *page, gsize at, guint number)
{
  g_autofree char *digits = g_strdup_printf ("%06u", number);

  memcpy (page->str + at, digits, strlen (digits));
}

static const char *
answer_page (const char *path, gpointer data)
{
  Endless *self = data;

  if (!g_str_has_prefix (path, "/v1/workers") || ++self->n_pages > MOST_PAGES)
    return list_nobody (path);
  write_digits (self->page, self->id, self->n_pages);
  write_digits (self->page, self->next, self->n_pages);
  return self->page->str;
}

static void
test_list_without_end (void)
{
  Endless endless = { .page = g_string_new (ANSWER "{\"workers\":[{\"id\":\"") };
  Stranger stranger = { .choose = answer_page, .data = &endless };
  g_autofree char *line = NULL;

  endless.id = endless.page->len;
  g_string_append (endless.page, "000000\"},{\"id\":\"big\",\"x\":");
  append_arrays (endless.page, 900000);
  g_string_append (endless.page, "}],\"total\":1,\"next\":\"");
  endless.next = endless.page->len;
  g_string_append (endless.page, "000000\"}");

  stranger_start (&stranger);
  line = address (&stranger, "list workers");
  ctl_refuse (line, 3, " is no queen: 200 OK (application/json). ");
  g_assert_cmpuint (endless.n_pages, <, MOST_PAGES / 2);
  stranger_stop (&stranger);
  g_string_free (endless.page, TRUE);
}

/* One answer that is within its limit, and would be a tree of gigabytes. */
static void
test_many_values (void)
{
  g_autoptr (GString) answer = g_string_new (ANSWER "{\"id\":\"w\",\"x\":");
  Stranger stranger = { 0 };
  g_autofree char *line = NULL;

  append_arrays (answer, 2000000);
  g_string_append_c (answer, '}');
  stranger.answer = answer->str;
  stranger_start (&stranger);
  line = address (&stranger, "show w");
  ctl_refuse (line, 3, " is no queen: 200 OK (application/json). ");
  stranger_stop (&stranger);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/queenctl-hostile/time/a-refusal-without-end-ends", test_refusal_without_end);
  g_test_add_func ("/queenctl-hostile/time/comes-back-from-a-refusal-without-end", test_comes_back);
  g_test_add_func ("/queenctl-hostile/time/waits-no-longer-than-told", test_slow_answers);
  g_test_add_func ("/queenctl-hostile/memory/a-list-without-end-ends", test_list_without_end);
  g_test_add_func ("/queenctl-hostile/memory/one-answer-has-no-end-of-values", test_many_values);

  return g_test_run ();
}
