/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "process/queen-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake-clock.h"
#include "process/queen-log-flood.h"
#include "process/queen-log-stream.h"

#define SECOND G_USEC_PER_SEC

/* A log that writes into a pipe. */
typedef struct
{
  int fds[2];
  QueenLog *log;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  now = SECOND;
  g_assert_cmpint (pipe2 (f->fds, O_CLOEXEC), ==, 0);
  f->log = queen_log_new (f->fds[1], NULL, &fake_clock);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_log_free (f->log);
  for (int i = 0; i < 2; i++)
    if (f->fds[i] >= 0)
      close (f->fds[i]);
}

/* Another opening, whose flags are its own. */
static int
open_anew (int fd, int flags)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int anew = open (path, flags | O_CLOEXEC);

  g_assert_cmpint (anew, >=, 0);
  return anew;
}

/* Returns: (transfer full): everything that is in the pipe */
static char *
drain (int fd)
{
  g_autoptr (GString) all = g_string_new (NULL);
  int own = open_anew (fd, O_RDONLY | O_NONBLOCK);
  char buffer[65536];
  gssize n;

  while ((n = read (own, buffer, sizeof buffer)) > 0)
    g_string_append_len (all, buffer, n);
  close (own);
  return g_string_free (g_steal_pointer (&all), FALSE);
}

static void
fill (int fd)
{
  int own = open_anew (fd, O_WRONLY | O_NONBLOCK);
  char page[4096];

  memset (page, '#', sizeof page);
  while (write (own, page, sizeof page) > 0)
    ;
  while (write (own, page, 1) > 0)
    ;
  close (own);
}

static void
assert_said (Fixture *f, const char *expected)
{
  g_autofree char *said = drain (f->fds[0]);

  g_assert_cmpstr (said, ==, expected);
}

static void
say (QueenLog *log, GLogLevelFlags level, const char *message)
{
  const GLogField fields[] = { { "PRIORITY", "5", -1 }, { "MESSAGE", message, -1 } };

  queen_log_write (log, level, fields, G_N_ELEMENTS (fields));
}

/* Lines */

static void
test_levels (Fixture *f, gconstpointer data)
{
  say (f->log, G_LOG_LEVEL_DEBUG, "debug");
  say (f->log, G_LOG_LEVEL_INFO, "info");
  say (f->log, G_LOG_LEVEL_WARNING, "warning");
  say (f->log, G_LOG_LEVEL_CRITICAL, "critical");
  assert_said (f, "queen-rbee: info\nqueen-rbee: WARNING: warning\n"
                  "queen-rbee: CRITICAL: critical\n");
  queen_log_set_least_level (f->log, G_LOG_LEVEL_CRITICAL);
  say (f->log, G_LOG_LEVEL_WARNING, "warning");
  queen_log_complain (f->log, "no", "Try something else.");
  assert_said (f, "queen-rbee: no\nTry something else.\n");
}

static void
test_safe (Fixture *f, gconstpointer data)
{
  say (f->log, G_LOG_LEVEL_MESSAGE,
       "a\nqueen-rbee: \033[2J\177\302\233\342\200\250\342\200\256\377");
  assert_said (f, "queen-rbee: a\\x0Aqueen-rbee: \\x1B[2J\\x7F\\x9B\\u2028\\u202E\357\277\275\n");
}

/* A pipe takes PIPE_BUF bytes at once, and so nobody else's line gets into the middle. */
static void
test_long (Fixture *f, gconstpointer data)
{
  for (guint n = 4070; n < 4110; n++)
    {
      g_autoptr (GString) message = g_string_new (NULL);
      g_autofree char *said = NULL;

      for (guint i = 0; i < n; i++)
        g_string_append (message, i % 3 ? "ä" : "a");
      say (f->log, G_LOG_LEVEL_WARNING, message->str);
      said = drain (f->fds[0]);
      g_assert_cmpuint (strlen (said), <=, QUEEN_LOG_MAX_LINE);
      g_assert_cmpuint (strlen (said), >=, QUEEN_LOG_MAX_LINE - 1);
      g_assert_true (g_str_has_suffix (said, "…\n"));
      g_assert_true (g_utf8_validate (said, -1, NULL));
      now += 2 * QUEEN_LOG_FLOOD_WINDOW;
    }
}

/* Readers */

static void
test_unread (Fixture *f, gconstpointer data)
{
  g_autofree char *rubbish = NULL;

  fill (f->fds[1]);
  for (int i = 0; i < 5; i++)
    say (f->log, G_LOG_LEVEL_MESSAGE, "lost");
  g_assert_true (queen_log_attend (f->log)); /* there will be something to say */
  rubbish = drain (f->fds[0]);
  g_assert_null (strstr (rubbish, "queen"));
  say (f->log, G_LOG_LEVEL_MESSAGE, "taken");
  assert_said (f, "queen-rbee: WARNING: lines lost, as nobody took them: 5\nqueen-rbee: taken\n");
  g_assert_false (queen_log_attend (f->log));
}

static void
test_unread_and_silent (Fixture *f, gconstpointer data)
{
  fill (f->fds[1]);
  say (f->log, G_LOG_LEVEL_MESSAGE, "lost");
  g_free (drain (f->fds[0]));
  g_assert_false (queen_log_attend (f->log));
  assert_said (f, "queen-rbee: WARNING: lines lost, as nobody took them: 1\n");
}

/* The shell's own writing goes on waiting. */
static void
test_flags (Fixture *f, gconstpointer data)
{
  int before = fcntl (f->fds[1], F_GETFL);

  say (f->log, G_LOG_LEVEL_MESSAGE, "one");
  fill (f->fds[1]);
  say (f->log, G_LOG_LEVEL_MESSAGE, "two");
  g_assert_cmpint (fcntl (f->fds[1], F_GETFL), ==, before);
}

/* Nobody will come by waiting; but when somebody has come, he is told. */
static void
test_reader_gone (Fixture *f, gconstpointer data)
{
  close (f->fds[0]);
  say (f->log, G_LOG_LEVEL_MESSAGE, "lost");
  g_assert_false (queen_log_attend (f->log));
  f->fds[0] = open_anew (f->fds[1], O_RDONLY | O_NONBLOCK);
  say (f->log, G_LOG_LEVEL_MESSAGE, "taken");
  assert_said (f, "queen-rbee: WARNING: lines lost, as nobody took them: 1\nqueen-rbee: taken\n");
}

/* Where it may not open the same again, such as another user's terminal: here, as a pipe without a
 * reader cannot be. */
static void
test_borrowed (void)
{
  g_autoptr (QueenLogStream) stream = NULL;
  g_autofree char *said = NULL;
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  close (fds[0]);
  stream = queen_log_stream_new (fds[1]);
  g_assert_cmpint (queen_log_stream_write (stream, "a\n", 2), ==, EPIPE);
  fds[0] = open_anew (fds[1], O_RDONLY | O_NONBLOCK);
  g_assert_cmpint (queen_log_stream_write (stream, "b\n", 2), ==, 0);
  fill (fds[1]);
  g_assert_cmpint (queen_log_stream_write (stream, "c\n", 2), ==, EAGAIN);
  g_assert_cmpint (fcntl (fds[1], F_GETFL) & O_NONBLOCK, ==, 0);
  said = drain (fds[0]);
  g_assert_true (g_str_has_prefix (said, "b\n#"));
  g_assert_true (g_str_has_suffix (said, "#"));
  close (fds[0]);
  close (fds[1]);
}

#define BIG_LINE 16384 /* more than a socket takes at once that has little room */

static gboolean
receive_some (int fd, GString *all)
{
  char buffer[4096];
  gssize n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  g_string_append_len (all, buffer, MAX (n, 0));
  return n > 0;
}

/* A socket takes a line in part: its rest goes before the next one. */
static void
test_torn (void)
{
  g_autoptr (QueenLogStream) stream = NULL;
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *line = g_strnfill (BIG_LINE, 'x');
  guint n_taken = 0, n_torn = 0, size = 1;
  int fds[2];

  line[BIG_LINE - 1] = '\n';
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  setsockopt (fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  stream = queen_log_stream_new (fds[1]);
  for (int i = 0; i < 100; i++)
    {
      n_taken += queen_log_stream_write (stream, line, BIG_LINE) == 0;
      n_torn += queen_log_stream_flush (stream) == EAGAIN;
      if (i % 3 == 0)
        receive_some (fds[0], all);
    }
  while (queen_log_stream_flush (stream) == EAGAIN)
    receive_some (fds[0], all);
  while (receive_some (fds[0], all))
    ;
  g_test_message ("%u of 100 taken", n_taken);
  g_assert_cmpuint (n_taken, <, 100);
  g_assert_cmpuint (n_torn, >, 0);
  g_assert_cmpuint (all->len, ==, BIG_LINE * n_taken);
  for (gsize i = BIG_LINE - 1; i < all->len; i += BIG_LINE)
    g_assert_cmpint (all->str[i], ==, '\n');
  close (fds[0]);
  close (fds[1]);
}

/* Floods */

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

static void
flood (Fixture *f, guint n_lines)
{
  for (guint i = 1; i <= n_lines; i++)
    {
      g_autofree char *message = g_strdup_printf ("worker offline: %u", i);

      say (f->log, G_LOG_LEVEL_MESSAGE, message);
    }
}

static void
test_flood (Fixture *f, gconstpointer data)
{
  g_autofree char *said = NULL;

  flood (f, 8311);
  said = drain (f->fds[0]);
  g_assert_cmpuint (count_lines (said), ==, QUEEN_LOG_FLOOD_BURST);
  say (f->log, G_LOG_LEVEL_WARNING, "hive offline: h"); /* of another kind */
  assert_said (f, "queen-rbee: WARNING: hive offline: h\n");

  now += QUEEN_LOG_FLOOD_WINDOW - 1;
  g_assert_true (queen_log_attend (f->log));
  assert_said (f, "");
  now++;
  g_assert_false (queen_log_attend (f->log));
  assert_said (f, "queen-rbee: and 8211 more like this: worker offline: 8311\n");
}

static void
test_long_flood (Fixture *f, gconstpointer data)
{
  guint expected = QUEEN_LOG_FLOOD_BURST;

  for (int i = 0; i < 5; i++)
    {
      g_autofree char *said = NULL;

      flood (f, 1000);
      said = drain (f->fds[0]);
      g_assert_cmpuint (count_lines (said), ==, expected);
      now += QUEEN_LOG_FLOOD_WINDOW;
      expected = QUEEN_LOG_FLOOD_TRICKLE + 1; /* and the summary */
    }
  now += QUEEN_LOG_FLOOD_WINDOW;
  queen_log_attend (f->log);
  g_free (drain (f->fds[0]));
  now += QUEEN_LOG_FLOOD_WINDOW;
  flood (f, QUEEN_LOG_FLOOD_BURST); /* later nothing is held against them */
  g_assert_false (queen_log_attend (f->log));
}

/* What is said at the end says also what was held back. */
static void
test_flood_at_the_end (Fixture *f, gconstpointer data)
{
  flood (f, QUEEN_LOG_FLOOD_BURST + 1);
  g_free (drain (f->fds[0]));
  queen_log_finish (f->log);
  assert_said (f, "queen-rbee: and 1 more like this: worker offline: 101\n");
}

/* Those that are summed up are lost when their summary is. */
static void
test_flood_unread (Fixture *f, gconstpointer data)
{
  fill (f->fds[1]);
  flood (f, 1000);
  queen_log_finish (f->log);
  g_free (drain (f->fds[0]));
  queen_log_finish (f->log);
  assert_said (f, "queen-rbee: WARNING: lines lost, as nobody took them: 1000\n");
}

static void
test_debug_flood (Fixture *f, gconstpointer data)
{
  g_autofree char *said = NULL;

  queen_log_set_least_level (f->log, G_LOG_LEVEL_DEBUG);
  for (int i = 0; i < 1000; i++)
    say (f->log, G_LOG_LEVEL_DEBUG, "worker heartbeat: w");
  said = drain (f->fds[0]);
  g_assert_cmpuint (count_lines (said), ==, 1000);
  queen_log_set_least_level (f->log, G_LOG_LEVEL_INFO);
}

/* More kinds than there is room for: even then it takes no more memory, and ends somewhere. */
static void
test_kinds (void)
{
  g_autoptr (QueenLogFlood) flood = queen_log_flood_new ();
  guint n_admitted = 0;

  for (guint i = 0; i < 10000; i++)
    n_admitted += queen_log_flood_admit (flood, i, G_LOG_LEVEL_MESSAGE, "line", SECOND);
  g_assert_cmpuint (n_admitted, ==, 63 + QUEEN_LOG_FLOOD_BURST);
  g_assert_true (queen_log_flood_is_holding (flood));

  /* Those whose window is over make room. */
  g_assert_true (queen_log_flood_admit (flood, 77777, G_LOG_LEVEL_MESSAGE, "line",
                                        SECOND + QUEEN_LOG_FLOOD_WINDOW));
}

/* The journal */

typedef struct
{
  int fd; /* where it reads */
  char *directory;
  char *path;
} Journal;

static void
listen_as_journal (Journal *journal)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  journal->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_strlcpy (address.sun_path, journal->path, sizeof address.sun_path);
  g_assert_cmpint (bind (journal->fd, (struct sockaddr *) &address, sizeof address), ==, 0);
}

static void
start_journal (Journal *journal)
{
  journal->directory = g_dir_make_tmp ("queen-journal-XXXXXX", NULL);
  journal->path = g_build_filename (journal->directory, "socket", NULL);
  listen_as_journal (journal);
}

static void
stop_journal (Journal *journal)
{
  close (journal->fd);
  g_unlink (journal->path);
  g_rmdir (journal->directory);
  g_free (journal->path);
  g_free (journal->directory);
}

/* Returns: (nullable): the next entry */
static char *
read_entry (Journal *journal)
{
  static char buffer[65536];
  gssize n = recv (journal->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  return n < 0 ? NULL : g_strndup (buffer, n);
}

static void
assert_entry (Journal *journal, const char *expected)
{
  g_autofree char *entry = read_entry (journal);

  g_assert_cmpstr (entry, ==, expected);
}

static void
test_journal (Fixture *f, gconstpointer data)
{
  static const GLogField fields[] = {
    { "MESSAGE", "worker offline: a\nPRIORITY=0", -1 },
    { "PRIORITY", "5", -1 },
    { "QUEEN_COMPONENT_ID", "abcdef", 3 },
  };
  g_autofree char *long_message = g_strnfill (100000, 'x');
  g_autofree char *long_entry = NULL;
  Journal journal;
  g_autoptr (QueenLog) log = NULL;

  start_journal (&journal);
  log = queen_log_new (f->fds[1], journal.path, &fake_clock);
  queen_log_write (log, G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS (fields));
  assert_entry (&journal, "SYSLOG_IDENTIFIER=queen-rbee\n"
                          "MESSAGE=worker offline: a\\x0APRIORITY=0\nPRIORITY=5\n"
                          "QUEEN_COMPONENT_ID=abc\n");
  queen_log_complain (log, "no", "Try something else.");
  assert_entry (&journal, "SYSLOG_IDENTIFIER=queen-rbee\nMESSAGE=no\nPRIORITY=3\n");
  say (log, G_LOG_LEVEL_MESSAGE, long_message);
  long_entry = read_entry (&journal);
  g_assert_cmpuint (strlen (long_entry), <, QUEEN_LOG_MAX_LINE + 100);
  g_assert_true (g_str_has_suffix (long_entry, "x…\n"));
  assert_said (f, ""); /* and nothing twice */
  stop_journal (&journal);
}

static void
test_journal_unread (Fixture *f, gconstpointer data)
{
  Journal journal;
  g_autoptr (QueenLog) log = NULL;
  g_autofree char *entry = NULL;
  guint n_taken = 0;

  start_journal (&journal);
  log = queen_log_new (f->fds[1], journal.path, &fake_clock);
  queen_log_set_least_level (log, G_LOG_LEVEL_DEBUG);
  for (int i = 0; i < 5000; i++)
    say (log, G_LOG_LEVEL_DEBUG, "something"); /* and does not wait */
  g_assert_true (queen_log_attend (log));
  while ((entry = read_entry (&journal)) != NULL)
    {
      n_taken++;
      g_clear_pointer (&entry, g_free);
    }
  g_assert_cmpuint (n_taken, <, 5000);
  g_assert_false (queen_log_attend (log));
  entry = g_strdup_printf ("SYSLOG_IDENTIFIER=queen-rbee\nMESSAGE=lines lost, as nobody took "
                           "them: %u\nPRIORITY=4\n",
                           5000 - n_taken);
  assert_entry (&journal, entry);
  assert_said (f, "");
  queen_log_set_least_level (log, G_LOG_LEVEL_INFO);
  stop_journal (&journal);
}

/* While it is away, stderr, which systemd keeps, gets what there is. */
static void
test_journal_restarted (Fixture *f, gconstpointer data)
{
  Journal journal;
  g_autoptr (QueenLog) log = NULL;

  start_journal (&journal);
  log = queen_log_new (f->fds[1], journal.path, &fake_clock);
  close (journal.fd);
  say (log, G_LOG_LEVEL_WARNING, "nobody listens");
  g_unlink (journal.path);
  say (log, G_LOG_LEVEL_WARNING, "nobody is there");
  assert_said (f, "queen-rbee: WARNING: nobody listens\nqueen-rbee: WARNING: nobody is there\n");
  listen_as_journal (&journal);
  say (log, G_LOG_LEVEL_MESSAGE, "back");
  assert_entry (&journal, "SYSLOG_IDENTIFIER=queen-rbee\nPRIORITY=5\nMESSAGE=back\n");
  stop_journal (&journal);
}

#define add(path, function) g_test_add ("/log/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);

  add ("lines/those-of-the-level-with-its-word", test_levels);
  add ("lines/control-characters-are-written-out", test_safe);
  add ("lines/too-long-is-cut-at-a-character", test_long);
  add ("unread/lost-and-counted", test_unread);
  add ("unread/told-without-another-line", test_unread_and_silent);
  add ("unread/others-flags-stay-as-they-are", test_flags);
  add ("reader-gone/told-when-there-is-one-again", test_reader_gone);
  g_test_add_func ("/log/stream/that-cannot-be-opened-anew-never-waits", test_borrowed);
  g_test_add_func ("/log/stream/no-line-is-torn", test_torn);
  add ("flood/summed-up-when-its-window-is-over", test_flood);
  add ("flood/one-that-goes-on-becomes-a-trickle", test_long_flood);
  add ("flood/summed-up-at-the-end", test_flood_at_the_end);
  add ("flood/unread-counts-as-lost", test_flood_unread);
  add ("flood/debug-lines-are-all-written", test_debug_flood);
  g_test_add_func ("/log/flood/any-number-of-kinds-in-bounded-memory", test_kinds);
  add ("journal/fields-one-a-line", test_journal);
  add ("journal/unread/lost-and-counted", test_journal_unread);
  add ("journal/restarted/stderr-meanwhile", test_journal_restarted);

  return g_test_run ();
}
