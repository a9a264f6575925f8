/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Many subscribers, and those who do not read: what they cost, and whom it costs. */

#include "loop/queen-alarm.h"
#include "stream-fixture.h"
#include "stream/queen-audience.h"

static void
fill (Fixture *f, int fast)
{
  g_autofree char *id = g_strnfill (100, 'x');
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 5000; i++)
    {
      beat (f, f->workers, id);
      if (fast >= 0)
        g_assert_false (read_all (fast, text));
    }
}

static void
test_stalled (Fixture *f, gconstpointer data)
{
  int slow = subscribe (f);
  int fast = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);

  fill (f, fast);
  pass (STALL_TIMEOUT - G_USEC_PER_SEC);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 2);
  g_assert_false (read_all (fast, text));
  pass (2 * G_USEC_PER_SEC);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, 1);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  g_assert_true (read_all (slow, text)); /* what the kernel had, and the end */

  g_string_truncate (text, 0);
  publish (f);
  g_assert_false (read_all (fast, text));
  g_assert_nonnull (strstr (text->str, "event: heartbeat\n"));
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, 1);
  close (slow);
  close (fast);
}

/* A20: it reads so little that the kernel never has room for more, but it reads. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  int slow = subscribe (f);
  char bytes[2048];

  fill (f, -1);
  for (int i = 0; i < 10; i++)
    {
      pass (STALL_TIMEOUT - G_USEC_PER_SEC);
      g_assert_cmpint (read (slow, bytes, sizeof bytes), ==, sizeof bytes);
      pass (G_USEC_PER_SEC / 2);
    }
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  pass (STALL_TIMEOUT + G_USEC_PER_SEC);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 0);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, 1);
  close (slow);
}

/* Though the kernel would take more. */
static void
test_stalled_with_little (Fixture *f, gconstpointer data)
{
  int still = subscribe (f);
  int fast = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 10; i++)
    {
      publish (f);
      g_assert_false (read_all (fast, text));
      pass (2 * G_USEC_PER_SEC);
    }
  pass (2 * G_USEC_PER_SEC);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, 1);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  close (still);
  close (fast);
}

/* Once it has caught up, it gets what happens at once, and no deadline is left behind. */
static void
test_recovered (Fixture *f, gconstpointer data)
{
  int fd = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);

  fill (f, -1);
  while (f->tally.lags == 0)
    {
      g_assert_false (read_all (fd, text));
      turn ();
    }
  g_assert_false (read_all (fd, text));
  g_string_truncate (text, 0);
  publish (f);
  g_assert_false (read_all (fd, text));
  g_assert_nonnull (strstr (text->str, "event: heartbeat\n"));

  for (int i = 0; i < 40; i++)
    {
      pass (G_USEC_PER_SEC);
      g_assert_false (read_all (fd, text));
    }
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  close (fd);
}

/* It reads one event where two come: what it has not read becomes more and more, and each costs the
 * kernel several times its size. */
static void
test_falling_behind (Fixture *f, gconstpointer data)
{
  int behind = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);
  gsize length;

  g_assert_false (read_all (behind, text));
  g_string_truncate (text, 0);
  publish (f);
  g_assert_false (read_all (behind, text));
  length = text->len;
  for (int i = 0; i < 45; i++)
    {
      char bytes[1024];

      publish (f);
      pass (G_USEC_PER_SEC / 2);
      publish (f);
      pass (G_USEC_PER_SEC / 2);
      g_assert_cmpuint (length, <, sizeof bytes);
      g_assert_cmpint (read (behind, bytes, length), ==, (gssize) length);
    }
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  for (int i = 0; i < 25; i++)
    {
      publish (f);
      pass (G_USEC_PER_SEC);
    }
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, 1); /* it has ceased to read */
  close (behind);
}

/* Silence is each subscriber's own: others may hear much. */
static void
test_keepalive (Fixture *f, gconstpointer data)
{
  int hives = subscribe_to (f, QUEEN_EVENT_HIVE);
  int all = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);

  assert_reads (hives, ":");
  assert_reads (all, "q0");
  for (int i = 0; i < 13; i++)
    {
      pulse (f);
      pass (G_USEC_PER_SEC);
      assert_reads (all, "q0");
    }
  assert_reads (hives, "");
  pass (2 * G_USEC_PER_SEC);
  read_all (hives, text);
  g_assert_cmpstr (text->str, ==, ":\n"); /* B1: without an empty line */
  assert_reads (all, "");
  pass (13 * G_USEC_PER_SEC);
  assert_reads (all, ":");
  close (hives);
  close (all);
}

/* Large frames */

static void
make_many (Fixture *f)
{
  for (guint i = 0; i < 8000; i++)
    {
      g_autofree char *id = g_strdup_printf ("%0128u", i);

      beat (f, f->workers, id);
    }
}

static gsize
get_snapshot_bytes (Fixture *f, gsize *most)
{
  QueenStreamHoldings holdings;

  queen_stream_get_holdings (f->stream, &holdings);
  if (most)
    *most = holdings.max_snapshots;
  return holdings.snapshots;
}

/* A12: a snapshot of a megabyte, and 200 who do not read it. */
static void
test_shared_snapshot (Fixture *f, gconstpointer data)
{
  int fds[200];
  gsize n_bytes;

  make_many (f);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = subscribe (f);
      now += 5 * MSEC;
      beat (f, f->workers, "somebody new, from time to time");
    }
  n_bytes = get_snapshot_bytes (f, NULL);
  g_test_message ("%" G_GSIZE_FORMAT " bytes", n_bytes);
  g_assert_cmpuint (n_bytes, >, 1024 * 1024);
  g_assert_cmpuint (n_bytes, <, 8 * 1024 * 1024);
  g_assert_cmpuint (queen_audience_count_pending (f->audience), >=, 1024 * 1024);
  g_assert_cmpuint (queen_audience_count_pending (f->audience), <, 9 * 1024 * 1024);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  turn ();
  pass (6 * G_USEC_PER_SEC); /* somebody may come back */
  g_assert_cmpuint (get_snapshot_bytes (f, NULL), ==, 0);
  g_assert_cmpuint (queen_audience_count_pending (f->audience), ==, 0);
}

/* Each of them is in the middle of another pulse. */
static void
test_unread_pulses (Fixture *f, gconstpointer data)
{
  int fds[40];
  gsize n_bytes, most;

  make_many (f);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = subscribe (f);
      pulse (f);
      n_bytes = get_snapshot_bytes (f, &most);
      g_assert_cmpuint (n_bytes, <=, most);
    }
  g_test_message ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes", n_bytes, most);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_MEMORY], >, 10);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), >, 10);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

/* Those who hold the oldest pulse are gone, the rest of the audience has not been looked at yet,
 * and there is the next pulse already. */
static void
test_pulse_amid_clearing (Fixture *f, gconstpointer data)
{
  int holders[80], others[400];
  guint n = 0;

  make_many (f);
  for (; f->tally.drops[QUEEN_DROP_MEMORY] == 0; n++)
    {
      holders[n] = subscribe (f);
      pulse (f);
    }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    others[i] = subscribe_to (f, QUEEN_EVENT_NUMBERED_KINDS);
  step = MSEC; /* so that a look at all of them takes several turns */
  for (; n < G_N_ELEMENTS (holders); n++)
    {
      holders[n] = subscribe (f);
      pulse (f);
    }
  step = 0;
  turn ();
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), >=, G_N_ELEMENTS (others));
  for (guint i = 0; i < G_N_ELEMENTS (holders); i++)
    close (holders[i]);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    close (others[i]);
  turn ();
  pass (6 * G_USEC_PER_SEC); /* somebody may come back */
  g_assert_cmpuint (get_snapshot_bytes (f, NULL), ==, 0);
}

/* Returns: (transfer full): when the snapshot was made that somebody gets who comes and goes */
static char *
come_and_go (Fixture *f)
{
  g_autoptr (GString) text = g_string_new (NULL);
  int fd = subscribe (f);
  const char *time = NULL;

  while (!time)
    {
      turn ();
      g_assert_false (read_all (fd, text));
      time = strstr (text->str, "\"timestamp\":");
    }
  close (fd);
  turn ();
  return g_strndup (time, strcspn (time, "}"));
}

/* To come and go would cost her a snapshot each time. */
static void
test_comers_and_goers (Fixture *f, gconstpointer data)
{
  g_autofree char *first = NULL;

  make_many (f);
  step = 1;
  first = come_and_go (f);
  for (int i = 0; i < 10; i++)
    {
      g_autofree char *again = come_and_go (f);

      g_assert_cmpstr (again, ==, first);
    }
}

/* A7: what is kept does not follow the number of ids. */
static void
test_pulses_are_not_kept (Fixture *f, gconstpointer data)
{
  int fd = subscribe_to (f, QUEEN_EVENT_NUMBERED_KINDS);
  QueenStreamHoldings holdings;

  make_many (f);
  for (int i = 0; i < 2 * CAPACITY; i++)
    pulse (f);
  queen_stream_get_holdings (f->stream, &holdings);
  g_assert_cmpuint (holdings.ring, <, 64 * 1024);
  g_assert_cmpuint (holdings.snapshots, <, 2 * 1024 * 1024);
  close (fd);
}

/* Turns. Each look at the clock is a millisecond, so that a slice is some twenty visits. */

#define N_CROWD 200
#define MAX_SLICE 32

static void
gather_crowd (Fixture *f, int fds[N_CROWD])
{
  for (guint i = 0; i < N_CROWD; i++)
    {
      fds[i] = subscribe (f);
      assert_reads (fds[i], "q0");
    }
  turn ();
  step = MSEC;
}

static guint
count_readable (const int fds[N_CROWD])
{
  guint n_readable = 0;
  char byte;

  for (guint i = 0; i < N_CROWD; i++)
    n_readable += recv (fds[i], &byte, 1, MSG_PEEK) >= 0;
  return n_readable;
}

/* Asserts that more and more of them have something to read, a slice in each turn. */
static void
assert_spreads (const int fds[N_CROWD], const char *expected)
{
  guint n_readable = count_readable (fds), n_before = 0;

  for (; n_readable < N_CROWD; n_readable = count_readable (fds))
    {
      g_assert_cmpuint (n_readable, <=, n_before + MAX_SLICE);
      n_before = n_readable;
      g_main_context_iteration (NULL, FALSE);
    }
  step = 0;
  turn ();
  for (guint i = 0; i < N_CROWD; i++)
    if (expected)
      assert_reads (fds[i], expected);
}

static void
close_all (const int fds[N_CROWD])
{
  for (guint i = 0; i < N_CROWD; i++)
    close (fds[i]);
}

static void
test_slices_of_flush (Fixture *f, gconstpointer data)
{
  int fds[N_CROWD];

  gather_crowd (f, fds);
  publish (f);
  g_assert_cmpuint (count_readable (fds), >, 0); /* nobody waits for the loop to turn */
  assert_spreads (fds, "1");
  close_all (fds);
}

static void
on_turn_of_others (gpointer data)
{
  (*(guint *) data)++;
}

/* Publishes to a crowd. Returns how many turns others had before all of it could read. */
static guint
count_turns_of_others (Fixture *f)
{
  guint n_turns = 0;
  QueenAlarm *others = queen_alarm_new (&queen_clock_system, "others", G_PRIORITY_DEFAULT,
                                        on_turn_of_others, &n_turns);
  int fds[N_CROWD];

  gather_crowd (f, fds);
  publish (f);
  while (count_readable (fds) < N_CROWD)
    {
      queen_alarm_set (others, 0);
      g_main_context_iteration (NULL, FALSE);
    }
  queen_alarm_free (others);
  close_all (fds);
  return n_turns;
}

/* A13 */
static void
test_flush_and_others (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (count_turns_of_others (f), >=, 1);
}

static void
test_behind (Fixture *f, gconstpointer data)
{
  int fds[N_CROWD];

  gather_crowd (f, fds);
  g_assert_false (queen_stream_is_behind (f->stream));
  publish (f);
  publish (f);
  g_assert_true (queen_stream_is_behind (f->stream));
  assert_spreads (fds, "1 2");
  g_assert_false (queen_stream_is_behind (f->stream));
  close_all (fds);
}

/* Half a ring at once, and then some: whoever publishes is not held up, and nobody who reads loses
 * anything. */
static void
test_slices_of_burst (Fixture *f, gconstpointer data)
{
  int fds[N_CROWD];

  gather_crowd (f, fds);
  for (int i = 0; i < 5; i++)
    {
      publish (f);
      g_assert_cmpuint (count_readable (fds), <=, (guint) (i + 1) * MAX_SLICE);
    }
  assert_spreads (fds, "1 2 3 4 5");
  g_assert_cmpuint (f->tally.lags, ==, 0);
  close_all (fds);
}

static void
test_slices_of_goodbye (Fixture *f, gconstpointer data)
{
  int fds[N_CROWD];

  gather_crowd (f, fds);
  publish (f);
  queen_stream_say_goodbye (f->stream);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), >=, N_CROWD - 2 * MAX_SLICE);
  assert_spreads (fds, "1 bye"); /* what was taken in is told before */
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 0);
  close_all (fds);
}

/* Whoever is told last hears of no more than who was told first. */
static void
test_event_amid_goodbye (Fixture *f, gconstpointer data)
{
  int fds[N_CROWD];

  gather_crowd (f, fds);
  publish (f);
  queen_stream_say_goodbye (f->stream);
  while (queen_stream_get_n_subscribers (f->stream) == N_CROWD)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), >, 0);
  publish (f);
  assert_spreads (fds, "1 bye");
  close_all (fds);
}

static void
test_slices_of_keepalive (Fixture *f, gconstpointer data)
{
  int fds[N_CROWD];

  gather_crowd (f, fds);
  step = 0;
  now += 15 * G_USEC_PER_SEC;
  step = MSEC;
  assert_spreads (fds, ":");
  close_all (fds);
}

static void
test_slices_of_stalled (Fixture *f, gconstpointer data)
{
  int fds[N_CROWD];
  guint n, n_before = N_CROWD;

  gather_crowd (f, fds);
  step = 0;
  fill (f, -1);
  turn ();
  now += STALL_TIMEOUT;
  step = MSEC;
  while ((n = queen_stream_get_n_subscribers (f->stream)) > 0)
    {
      g_assert_cmpuint (n + MAX_SLICE, >=, n_before);
      n_before = n;
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, N_CROWD);
  close_all (fds);
}

/* Others' turns */

static GString *visits; /* who was delivered to: the number of each */
static guint n_pauses;  /* that the first one still takes */

static QueenWriteResult
deliver_in_parts (QueenSubscriber *subscriber, gpointer data)
{
  guint number = queen_subscriber_get_owner (subscriber);

  g_string_append_printf (visits, "%u", number);
  if (number > 1 || n_pauses == 0)
    return QUEEN_WRITE_ALL;
  n_pauses--;
  return QUEEN_WRITE_PAUSED;
}

static void
on_changed (gpointer data)
{
}

/* Who has had much goes on in the turns after that, until it has had all, and not in between. */
static void
test_pauses (void)
{
  QueenTally tally = { 0 };
  const QueenAudienceSettings settings = {
    .clock = &clock_of_the_test,
    .caps = { .subscribers = 2 },
    .stall_timeout = STALL_TIMEOUT,
    .tally = &tally,
  };
  QueenSection section = { .deliver = deliver_in_parts, .on_changed = on_changed };
  QueenAudience *audience = queen_audience_new (&settings, NULL);
  int fds[2][2];

  queen_audience_open (audience, &section);
  visits = g_string_new (NULL);
  n_pauses = 3;
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds[i]),
                       ==, 0);
      queen_audience_add (audience, &section,
                          queen_subscriber_new ((QueenSocket){ .fd = fds[i][1] }, i + 1));
    }
  g_assert_true (queen_audience_flush (audience, &section));
  g_assert_cmpstr (visits->str, ==, "122"); /* the flush does not wait for it */
  turn ();
  g_assert_cmpstr (visits->str, ==, "122111");
  g_assert_true (queen_audience_flush (audience, &section));
  turn ();
  g_assert_cmpstr (visits->str, ==, "12211112");
  queen_audience_close (audience, &section);
  queen_audience_free (audience);
  g_string_free (visits, TRUE);
  for (guint i = 0; i < 2; i++)
    close (fds[i][0]);
}

static QueenWriteResult
deliver_nothing (QueenSubscriber *subscriber, gpointer data)
{
  return QUEEN_WRITE_NOTHING;
}

static void
drop_one (QueenAudience *audience, GBytes *frame)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new ();

  g_ptr_array_add (frames, frame);
  queen_audience_drop_holders (audience, frames);
}

/* However often there is something more to be freed while a look at all goes on. */
static void
test_clearing_ends (void)
{
  QueenTally tally = { 0 };
  const QueenAudienceSettings settings = {
    .clock = &clock_of_the_test,
    .caps = { .subscribers = 40 },
    .stall_timeout = STALL_TIMEOUT,
    .tally = &tally,
  };
  QueenSection section = { .deliver = deliver_nothing, .on_changed = on_changed };
  QueenAudience *audience = queen_audience_new (&settings, NULL);
  GBytes *held[40];
  int fds[G_N_ELEMENTS (held)][2];

  queen_audience_open (audience, &section);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    {
      QueenSubscriber *subscriber;

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds[i]),
                       ==, 0);
      subscriber = queen_subscriber_new ((QueenSocket){ .fd = fds[i][1] }, 0);
      held[i] = g_bytes_new_take (g_strdup ("held"), 4);
      queen_subscriber_add_pending (subscriber, held[i]);
      queen_audience_add (audience, &section, subscriber);
    }
  step = 5 * MSEC; /* so that a look at all of them takes several turns */
  drop_one (audience, held[39]);
  for (guint i = 0; i < 60; i++)
    {
      g_autoptr (GBytes) other = g_bytes_new_take (g_strdup ("other"), 5);

      drop_one (audience, i == 0 ? held[38] : other);
      g_main_context_iteration (NULL, FALSE);
    }
  step = 0;
  g_assert_cmpuint (tally.drops[QUEEN_DROP_MEMORY], ==, 2);
  queen_audience_close (audience, &section);
  queen_audience_free (audience);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    close (fds[i][0]);
}

/* What comes with something unread is closed by a thread, and meanwhile the kernel would go on to
 * tell of it: here the test holds it for as long. */
static void
test_closed_later (Fixture *f, gconstpointer data)
{
  const QueenStreamRequest request = { .kinds = ALL, .encoding = QUEEN_ENCODING_PLAIN };
  int ends[2], held;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  held = dup (ends[1]);
  queen_stream_subscribe (f->stream, (QueenSocket){ .fd = ends[1], .is_unix = TRUE },
                          g_bytes_new_static (HEAD, strlen (HEAD)), &request);
  turn ();
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  close (ends[0]);
  turn ();
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 0);
  g_assert_false (g_main_context_pending (NULL));
  close (held);
}

/* Whoever is one too many is told so, if that takes no waiting: or those who are refused would be
 * more than there may be, while they take nothing. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  static const char zeros[4096];
  const QueenStreamRequest request = { .kinds = ALL, .encoding = QUEEN_ENCODING_PLAIN };
  int fds[] = { subscribe (f), subscribe (f) };
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  while (write (ends[1], zeros, sizeof zeros) > 0) /* what it has not taken of answers before */
    ;
  queen_stream_subscribe (f->stream, (QueenSocket){ .fd = ends[1], .is_unix = f->is_unix },
                          g_bytes_new_static (HEAD, strlen (HEAD)), &request);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP], ==, 1);
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 2);
  close (ends[0]);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static gboolean
is_cut_off (int fd)
{
  char byte;

  return recv (fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* To close thousands of connections takes long. Nobody of them counts any more meanwhile, and what
 * they listened to is gone. */
static void
test_closed_in_slices (void)
{
  const struct sockaddr_storage client = { .ss_family = AF_INET };
  QueenTally tally = { 0 };
  const QueenAudienceSettings settings = {
    .clock = &clock_of_the_test,
    .caps = { .subscribers = 40, .subscribers_per_address = 40 },
    .stall_timeout = STALL_TIMEOUT,
    .tally = &tally,
  };
  QueenSection *section = g_new0 (QueenSection, 1);
  QueenAudience *audience = queen_audience_new (&settings, NULL);
  int fds[40][2];
  guint n_open;

  section->deliver = deliver_nothing;
  section->on_changed = on_changed;
  queen_audience_open (audience, section);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      QueenSubscriber *subscriber;

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds[i]),
                       ==, 0);
      subscriber = queen_subscriber_new ((QueenSocket){ .fd = fds[i][1] }, 0);
      g_assert_true (queen_audience_has_room (audience, subscriber, &client, FALSE));
      queen_subscriber_add_pending (subscriber, g_bytes_new_static ("held", 4));
      queen_audience_add (audience, section, subscriber);
    }
  step = 2 * MSEC;
  queen_audience_close (audience, section);
  memset (section, 0xff, sizeof *section);
  g_free (section);
  g_assert_cmpuint (queen_audience_get_n_subscribers (audience), ==, 0);
  for (n_open = 0; n_open < 40 && !is_cut_off (fds[39 - n_open][0]); n_open++)
    ;
  g_assert_cmpuint (n_open, >, 20);
  for (guint i = 0; i < 40 - n_open; i++) /* who stands first goes first */
    g_assert_true (is_cut_off (fds[i][0]));

  /* Who is still open and takes something is not asked for what there is. */
  close (fds[39][0]);
  pass (2 * STALL_TIMEOUT);
  step = 0;
  for (guint i = 0; i < 39; i++)
    g_assert_true (is_cut_off (fds[i][0]));
  g_assert_cmpuint (tally.drops[QUEEN_DROP_STALLED], ==, 0);
  queen_audience_free (audience);
  for (guint i = 0; i < 39; i++)
    close (fds[i][0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/audience/stalled/let-go-alone", usual, test_stalled);
  ADD ("/audience/stalled/be-it-ever-so-little", usual, test_stalled_with_little);
  ADD ("/audience/stalled/not-one-that-reads-a-little", usual, test_slow);
  ADD ("/audience/stalled/not-one-that-has-caught-up", usual, test_recovered);
  ADD ("/audience/unix/stalled/let-go-alone", usual_unix, test_stalled);
  ADD ("/audience/unix/stalled/be-it-ever-so-little", usual_unix, test_stalled_with_little);
  ADD ("/audience/unix/stalled/not-one-that-reads-a-little", usual_unix, test_slow);
  ADD ("/audience/unix/stalled/not-one-that-falls-behind", usual_unix, test_falling_behind);
  ADD ("/audience/unix/stalled/not-one-that-has-caught-up", usual_unix, test_recovered);
  ADD ("/audience/unix/who-is-closed-by-a-thread-has-gone-at-once", usual_unix, test_closed_later);
  ADD ("/audience/refused/who-takes-nothing-has-no-place", usual, test_refused);
  ADD ("/audience/unix/refused/who-takes-nothing-has-no-place", usual_unix, test_refused);
  ADD ("/audience/keepalive/to-those-who-hear-nothing", usual, test_keepalive);
  ADD ("/audience/large/those-who-do-not-read-share-a-snapshot", crowd, test_shared_snapshot);
  ADD ("/audience/large/unread-pulses-are-bounded", crowd, test_unread_pulses);
  ADD ("/audience/large/pulse-amid-clearing", crowd, test_pulse_amid_clearing);
  ADD ("/audience/large/who-comes-and-goes-shares-a-snapshot", crowd, test_comers_and_goers);
  ADD ("/audience/large/pulses-are-not-kept", usual, test_pulses_are_not_kept);
  ADD ("/audience/turns/flush", crowd, test_slices_of_flush);
  ADD ("/audience/turns/a-long-flush-lets-others-have-theirs", crowd, test_flush_and_others);
  ADD ("/audience/turns/so-does-an-urgent-flush", tiny_ring, test_flush_and_others);
  ADD ("/audience/turns/who-publishes-waits-for-half-a-ring", tiny_ring, test_behind);
  ADD ("/audience/turns/burst-loses-nobody-anything", tiny_ring, test_slices_of_burst);
  ADD ("/audience/turns/goodbye", crowd, test_slices_of_goodbye);
  ADD ("/audience/turns/event-amid-goodbye", crowd, test_event_amid_goodbye);
  ADD ("/audience/turns/keepalive", crowd, test_slices_of_keepalive);
  ADD ("/audience/turns/stalled", crowd, test_slices_of_stalled);
  g_test_add_func ("/audience/turns/a-look-at-all-comes-to-its-end", test_clearing_ends);
  g_test_add_func ("/audience/turns/connections-of-a-channel-that-goes", test_closed_in_slices);
  g_test_add_func ("/audience/turns/who-has-had-much-goes-on-later", test_pauses);

  return g_test_run ();
}
