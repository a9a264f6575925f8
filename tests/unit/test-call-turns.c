/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Workers that say more than can be heard: the others have their turns all the same. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jobs/queen-call.h"
#include "jobs/queen-mailbox.h"
#include "loop/queen-clock.h"
#include "net/queen-caps.h"
#include "queen-error.h"

#define N_CALLS 8
#define N_TURNS 200 /* of the loop, in which it is looked who is heard */
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

static guint heard[N_CALLS]; /* bytes, in all turns */
static gboolean is_heard[N_CALLS];
static QueenCall *calls[N_CALLS];
static gboolean are_paused_at_once; /* by who hears them, and go on at once */

static void
on_connected_in_turn (gpointer data)
{
}

static void
on_head_in_turn (guint status, SoupMessageHeaders *headers, gpointer data)
{
}

static void
on_bytes_in_turn (const char *bytes, gsize length, gpointer data)
{
  heard[GPOINTER_TO_UINT (data)] += (guint) length;
  is_heard[GPOINTER_TO_UINT (data)] = TRUE;
  if (!are_paused_at_once)
    return;
  queen_call_set_paused (calls[GPOINTER_TO_UINT (data)], TRUE);
  queen_call_set_paused (calls[GPOINTER_TO_UINT (data)], FALSE);
}

static void
on_end_in_turn (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  g_assert_not_reached ();
}

static int
listen_here (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, N_CALLS), ==, 0);
  getsockname (fd, (struct sockaddr *) &address, &(socklen_t){ sizeof address });
  *port = ntohs (address.sin_port);
  return fd;
}

/* As much as there is room for. */
static void
fill (int fd)
{
  static char comments[256 * 1024];
  gssize n;

  memset (comments, ':', sizeof comments);
  do
    n = send (fd, comments, sizeof comments, MSG_NOSIGNAL);
  while (n > 0);
  g_assert_cmpint (errno, ==, EAGAIN);
}

static void
start_calls (QueenCaller *caller, guint16 port, const QueenCallFuncs *funcs, guint n)
{
  static QueenSource here;
  static QueenTarget target = { .scheme = "http",
                                .host = (char *) "127.0.0.1",
                                .path = (char *) "" };
  QueenCallRequest request = { .method = "GET",
                               .target = &target,
                               .source = &here,
                               .path = "/",
                               .accept = "text/event-stream",
                               .connect_timeout = G_TIME_SPAN_MINUTE,
                               .first_byte_timeout = G_TIME_SPAN_MINUTE,
                               .idle_timeout = G_TIME_SPAN_MINUTE };

  queen_source_init_here (&here);
  target.port = port;
  for (guint i = 0; i < n; i++)
    {
      request.submitter = i == 0 ? "10.0.0.1" : "10.0.0.2";
      calls[i] = queen_call_start (caller, &request, funcs, GUINT_TO_POINTER (i));
    }
}

static gboolean
are_all_heard (void)
{
  for (guint i = 0; i < N_CALLS; i++)
    if (heard[i] == 0)
      return FALSE;
  return TRUE;
}

/* Returns: how many were heard in one turn */
static guint
count_most_in_a_turn (const int *fds)
{
  guint most = 0;

  for (guint turn = 0; turn < N_TURNS; turn++)
    {
      guint n_heard = 0;

      for (guint i = 0; i < N_CALLS; i++)
        fill (fds[i]);
      memset (is_heard, 0, sizeof is_heard);
      g_main_context_iteration (NULL, FALSE);
      for (guint i = 0; i < N_CALLS; i++)
        n_heard += is_heard[i];
      most = MAX (most, n_heard);
    }
  return most;
}

static void
pause_all (gboolean are_to_go_on)
{
  for (guint i = 0; i < N_CALLS; i++)
    queen_call_set_paused (calls[i], !are_to_go_on);
}

static gboolean
on_something_else (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* They are all there, and have said something.
 *
 * @fds: (out caller-allocates): where they are
 *
 * Returns: where they came in */
static int
have_all_heard (QueenCaller *caller, const QueenCallFuncs *funcs, int fds[N_CALLS])
{
  guint16 port;
  int listener = listen_here (&port);
  guint n = 0;

  memset (heard, 0, sizeof heard);
  start_calls (caller, port, funcs, N_CALLS);
  while (n < N_CALLS || !are_all_heard ())
    {
      int fd = n < N_CALLS ? accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;

      if (fd >= 0)
        {
          fds[n++] = fd;
          g_assert_cmpint (send (fd, HEAD, strlen (HEAD), MSG_NOSIGNAL), >, 0);
        }
      for (guint i = 0; i < n; i++)
        fill (fds[i]);
      g_main_context_iteration (NULL, FALSE);
    }
  return listener;
}

static void
end_caller (QueenCaller *caller)
{
  queen_caller_end (caller);
  while (caller->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  queen_caller_free (caller);
}

/* So whoever has little to say waits for one of them at the most, also when they have been paused
 * and all go on; or each in the middle of being heard, as the other thread has just caught up. And
 * that one is heard, however much else there always is to do. */
static void
test_one_in_a_turn (gconstpointer is_pausing)
{
  static const QueenCallFuncs funcs = { on_connected_in_turn, on_head_in_turn, on_bytes_in_turn,
                                        on_end_in_turn };
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  QueenCaller *caller = queen_caller_new (reach, NULL, NULL, QUEEN_CAPS_MAX_CALLS);
  int listener, fds[N_CALLS];
  guint before[N_CALLS];
  guint something_else = g_idle_add_full (G_PRIORITY_DEFAULT, on_something_else, NULL, NULL);

  are_paused_at_once = GPOINTER_TO_INT (is_pausing);
  listener = have_all_heard (caller, &funcs, fds);
  memcpy (before, heard, sizeof heard);
  g_assert_cmpuint (count_most_in_a_turn (fds), ==, 1);
  pause_all (FALSE);
  pause_all (TRUE);
  g_assert_cmpuint (count_most_in_a_turn (fds), ==, 1);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_assert_cmpuint (heard[i], >, before[i]);
      close (fds[i]);
    }
  g_source_remove (something_else);
  close (listener);
  end_caller (caller);
}

static void
on_bytes_slowly (const char *bytes, gsize length, gpointer data)
{
  heard[GPOINTER_TO_UINT (data)]++;
  g_usleep (2 * G_TIME_SPAN_MILLISECOND);
}

/* However many of somebody else's workers have something to say, too. */
static void
test_submitters_take_turns (void)
{
  static const QueenCallFuncs funcs = { on_connected_in_turn, on_head_in_turn, on_bytes_slowly,
                                        on_end_in_turn };
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  QueenCaller *caller = queen_caller_new (reach, NULL, NULL, QUEEN_CAPS_MAX_CALLS);
  int fds[N_CALLS];
  int listener = have_all_heard (caller, &funcs, fds);
  guint n_others = 0;

  memset (heard, 0, sizeof heard);
  while (heard[0] < 40)
    {
      for (guint i = 0; i < N_CALLS; i++)
        fill (fds[i]);
      g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 1; i < N_CALLS; i++)
    {
      g_assert_cmpuint (heard[i], >, 0);
      n_others += heard[i];
    }
  g_assert_cmpuint (n_others, <, 40 * (N_CALLS - 1) / 2);
  for (guint i = 0; i < N_CALLS; i++)
    close (fds[i]);
  close (listener);
  end_caller (caller);
}

static void
on_end_after_all (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  g_assert_cmpint (outcome, ==, QUEEN_ATTEMPT_DONE);
  calls[0] = NULL;
}

/* All that there is has been read, and the kernel has nothing more to tell of. */
static void
test_heard_to_the_end (void)
{
  static const QueenCallFuncs funcs = { on_connected_in_turn, on_head_in_turn, on_bytes_slowly,
                                        on_end_after_all };
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  QueenCaller *caller = queen_caller_new (reach, NULL, NULL, QUEEN_CAPS_MAX_CALLS);
  int listener, fd = -1;
  guint16 port;

  listener = listen_here (&port);
  start_calls (caller, port, &funcs, 1);
  while (calls[0])
    {
      if (fd < 0 && (fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        g_assert_cmpint (send (fd, answer, strlen (answer), MSG_NOSIGNAL), >, 0);
      g_main_context_iteration (NULL, fd >= 0);
    }
  close (fd);
  close (listener);
  end_caller (caller);
}

/* Returns: how many more questions are let in */
static guint
ask_for_all (QueenCaller *caller, const char *submitter, const char *sender)
{
  QueenCallParties parties;
  QueenSource source;
  guint n = 0;

  g_assert_true (queen_source_parse (sender, &source));
  queen_call_parties_init (&parties, submitter, &source);
  while (queen_caller_admit (caller, &parties))
    n++;
  queen_call_parties_clear (&parties);
  return n;
}

static void
dismiss_all (QueenCaller *caller, const char *submitter, const char *sender, guint n)
{
  QueenCallParties parties;
  QueenSource source;

  g_assert_true (queen_source_parse (sender, &source));
  queen_call_parties_init (&parties, submitter, &source);
  while (n-- > 0)
    queen_caller_dismiss (caller, &parties);
  queen_call_parties_clear (&parties);
}

/* However many slots a worker says that it has, and at how many addresses of its network. */
static void
test_senders_leave_room (void)
{
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  QueenCaller *caller = queen_caller_new (reach, NULL, NULL, QUEEN_CAPS_MAX_CALLS);

  g_assert_cmpuint (ask_for_all (caller, "10.1.0.1", "2001:db8:1:2::1"), ==, 4096);
  /* Somebody else who asks there has something, too; all of the sender's /48 have as much as two.
   */
  g_assert_cmpuint (ask_for_all (caller, "10.1.0.2", "2001:db8:1:2::1"), ==, 1365);
  for (guint i = 2; i < 16; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("10.1.0.%u", i);
      g_autofree char *sender = g_strdup_printf ("2001:db8:1:2::%x", i);

      g_assert_cmpuint (ask_for_all (caller, submitter, sender), ==, 0);
    }
  g_assert_cmpuint (ask_for_all (caller, "10.1.0.3", "2001:db8:1:4::1"), ==, 0);
  g_assert_cmpuint (ask_for_all (caller, "10.1.0.4", "10.0.0.2"), ==, 1365);
  dismiss_all (caller, "10.1.0.1", "2001:db8:1:2::1", 4096);
  g_assert_cmpuint (ask_for_all (caller, "10.1.0.4", "10.0.0.2"), >, 0);
  queen_caller_free (caller);
}

/* However many machines it is that have workers for it. */
static void
test_submitters_leave_room (void)
{
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  QueenCaller *caller = queen_caller_new (reach, NULL, NULL, QUEEN_CAPS_MAX_CALLS);

  g_assert_cmpuint (ask_for_all (caller, "2001:db8:1:2::/64", "10.0.0.1"), ==, 4096);
  for (guint i = 2; i < 16; i++)
    {
      g_autofree char *sender = g_strdup_printf ("10.0.0.%u", i);

      g_assert_cmpuint (ask_for_all (caller, "2001:db8:1:2::/64", sender), ==, 0);
    }
  g_assert_cmpuint (ask_for_all (caller, "10.1.0.1", "10.0.0.16"), ==, 2048);
  queen_caller_free (caller);
}

/* Else what one asks takes the descriptors of all others: what is left is left of what there is. */
static void
test_few_calls (void)
{
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  QueenCaller *caller;
  QueenCaps caps;

  queen_caps_choose (&caps, 4096, 0, 0, 0);
  caller = queen_caller_new (reach, NULL, NULL, caps.calls);
  g_assert_cmpuint (caller->max_kept, >, 0);
  g_assert_cmpuint (caller->max_relays, >, 0);
  g_assert_cmpuint (caller->max_tries + caller->max_relays + caller->max_kept, ==, caps.calls);
  g_assert_cmpuint (ask_for_all (caller, "10.1.0.1", "10.0.0.1"), ==, caller->max_tries / 2);
  g_assert_cmpuint (ask_for_all (caller, "10.1.0.2", "10.0.0.2"), ==, caller->max_tries / 4);
  queen_caller_free (caller);
}

/* The mailbox, in which the main thread hears of it */

typedef struct
{
  QueenMail mail;
  char name;
} Word;

static GString *said;

static void
on_word (QueenMail *mail, gboolean is_wanted)
{
  if (is_wanted)
    g_string_append_c (said, ((Word *) mail)->name);
  g_free (mail);
}

static void
put_words (QueenMailbox *mailbox, QueenMailSender *sender, char name, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      Word *word = g_new0 (Word, 1);

      word->mail.deliver = on_word;
      word->mail.size = sizeof *word;
      word->mail.sender = sender;
      word->name = (char) (name + i);
      queen_mailbox_put (mailbox, &word->mail);
    }
}

static void
on_words_delivered (gpointer data)
{
}

/* Each of @askers asks for one sender, which says five words. */
static void
assert_turns (const char *const *askers, const char *expected)
{
  QueenMailSender senders[3] = { { { NULL } } };
  QueenMailbox *mailbox = queen_mailbox_new (g_main_context_default (), on_words_delivered, NULL);

  said = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (senders); i++)
    {
      queen_mail_sender_init (&senders[i], mailbox, askers[i]);
      put_words (mailbox, &senders[i], "aA0"[i], i == 0 ? 5 : 3);
    }
  while (queen_mailbox_get_n_bytes (mailbox) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (said->str, ==, expected);
  queen_mail_sender_clear (&senders[0]);
  put_words (mailbox, &senders[1], 'X', 2);
  queen_mailbox_free (mailbox); /* nobody hears of these */
  g_assert_cmpstr (said->str, ==, expected);
  g_string_free (said, TRUE);
}

static void
test_senders_take_turns (void)
{
  assert_turns ((const char *const[]){ "one", "one", "one" }, "aA0bB1cC2de");
}

/* Who asks for many things has one turn, and so has a group of those who ask. */
static void
test_askers_take_turns (void)
{
  assert_turns ((const char *const[]){ "one", "one", "other" }, "a0A1b2BcCde");
  assert_turns ((const char *const[]){ "group\none", "group\ntwo", "other" }, "a0A1b2BcCde");
  assert_turns ((const char *const[]){ "other", "group\none", "group\none" }, "aAb0cBd1eC2");
}

/* Whoever has less waiting than is left may have more, whatever others have. */
static void
test_askers_have_portions (void)
{
  QueenMailSender senders[3] = { { { NULL } } };
  const char *askers[] = { "one", "group\none", "group\ntwo" };
  QueenMailbox *mailbox = queen_mailbox_new (g_main_context_default (), on_words_delivered, NULL);
  gsize size = sizeof (Word);

  said = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (senders); i++)
    queen_mail_sender_init (&senders[i], mailbox, askers[i]);
  put_words (mailbox, &senders[0], 'a', 10);
  g_assert_false (queen_mail_sender_is_over (&senders[0], 20 * size));
  g_assert_true (queen_mail_sender_is_over (&senders[0], 20 * size - 1));
  put_words (mailbox, &senders[1], 'A', 4);
  g_assert_true (queen_mail_sender_is_over (&senders[0], 20 * size));
  g_assert_false (queen_mail_sender_is_over (&senders[1], 18 * size));
  put_words (mailbox, &senders[2], '0', 1);
  g_assert_true (queen_mail_sender_is_over (&senders[2], 17 * size)); /* its group has five */
  g_assert_false (queen_mail_sender_is_over (&senders[2], 18 * size));
  while (queen_mailbox_get_n_bytes (mailbox) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (queen_mail_sender_is_over (&senders[0], 0));
  queen_mailbox_free (mailbox);
  g_string_free (said, TRUE);
}

/* As an event does that is as large as one may be. */
static void
on_long_word (QueenMail *mail, gboolean is_wanted)
{
  gint64 end = g_get_monotonic_time () + QUEEN_SLICE;

  while (g_get_monotonic_time () < end)
    ;
  on_word (mail, is_wanted);
}

/* Others wait for no more than one large mail when its time was the slice's. */
static void
test_large_mails (gconstpointer is_much)
{
  QueenMailSender sender = { { NULL } };
  QueenMailbox *mailbox = queen_mailbox_new (g_main_context_default (), on_words_delivered, NULL);

  queen_mail_sender_init (&sender, mailbox, "one");
  said = g_string_new (NULL);
  for (guint i = 0; i < 4; i++)
    {
      Word *word = g_new0 (Word, 1);

      word->mail.deliver = on_long_word;
      word->mail.size = is_much ? 1 : 1024 * 1024;
      word->mail.is_much = is_much != NULL;
      word->mail.sender = &sender;
      word->name = 'a';
      queen_mailbox_put (mailbox, &word->mail);
    }
  g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (said->len, ==, 1);
  queen_mailbox_free (mailbox);
  g_string_free (said, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/call-turns/of-those-who-say-much-one-is-heard-in-a-turn",
                        GINT_TO_POINTER (FALSE), test_one_in_a_turn);
  g_test_add_data_func ("/call-turns/so-it-is-when-they-are-paused-as-they-are-heard",
                        GINT_TO_POINTER (TRUE), test_one_in_a_turn);
  g_test_add_func ("/call-turns/who-is-heard-slowly-is-heard-to-the-end", test_heard_to_the_end);
  g_test_add_func ("/call-turns/submitters-take-turns", test_submitters_take_turns);
  g_test_add_func ("/call-turns/senders-of-workers-leave-room", test_senders_leave_room);
  g_test_add_func ("/call-turns/submitters-leave-room", test_submitters_leave_room);
  g_test_add_func ("/call-turns/with-few-descriptors-it-is-room-of-these", test_few_calls);
  g_test_add_func ("/call-turns/senders-take-turns", test_senders_take_turns);
  g_test_add_func ("/call-turns/who-asks-for-many-things-has-one-turn", test_askers_take_turns);
  g_test_add_func ("/call-turns/who-has-less-waiting-than-is-left-may-have-more",
                   test_askers_have_portions);
  g_test_add_data_func ("/call-turns/large-mails", GINT_TO_POINTER (FALSE), test_large_mails);
  g_test_add_data_func ("/call-turns/mails-that-many-are-told-of", GINT_TO_POINTER (TRUE),
                        test_large_mails);
  return g_test_run ();
}
