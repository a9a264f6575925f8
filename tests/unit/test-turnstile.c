/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "fake-clock.h"
#include "jobs/queen-turnstile-lines.h"
#include "jobs/queen-turnstile.h"

/* Who may connect at once. */

#define MANY 40

typedef struct
{
  QueenTurnstile *turnstile;
  GString *let_in;    /* a letter for each who had to wait */
  GString *sent_away; /* likewise */
} Fixture;

typedef struct
{
  Fixture *fixture;
  char letter;
  QueenPassage *pass;
  gboolean is_sent_away;
} Visitor;

static void
on_let_in (gpointer data)
{
  Visitor *visitor = data;

  g_assert_true (queen_passage_is_inside (visitor->pass));
  g_string_append_c (visitor->fixture->let_in, visitor->letter);
}

static void
on_sent_away (gboolean has_had_time, gpointer data)
{
  Visitor *visitor = data;

  visitor->is_sent_away = TRUE;
  g_string_append_c (visitor->fixture->sent_away, visitor->letter);
}

static Visitor *
come_by (Fixture *f, char letter, const char *address, guint16 port, const QueenSource *source)
{
  static const QueenPassageFuncs funcs = { on_let_in, on_sent_away };
  g_autoptr (GInetAddress) where = g_inet_address_new_from_string (address);
  Visitor *visitor = g_new0 (Visitor, 1);

  visitor->fixture = f;
  visitor->letter = letter;
  visitor->pass = queen_turnstile_enter (f->turnstile, where, port, source, &funcs, visitor);
  return visitor;
}

static Visitor *
come (Fixture *f, char letter, const char *address, guint16 port)
{
  return come_by (f, letter, address, port, NULL);
}

static gboolean
is_inside (const Visitor *visitor)
{
  return queen_passage_is_inside (visitor->pass);
}

static void
go (Visitor *visitor)
{
  queen_passage_return (visitor->pass);
  g_free (visitor);
}

/* Nobody is let in before the loop turns. */
static void
turn (Fixture *f, const char *let_in)
{
  g_assert_cmpstr (f->let_in->str, ==, "");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (f->let_in->str, ==, let_in);
  g_string_truncate (f->let_in, 0);
}

static guint
crowd_by (Fixture *f, Visitor **visitors, const char *format, const QueenSource *source)
{
  guint n_inside = 0;

  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *address = g_strdup_printf (format, i);

      visitors[i] = come_by (f, 'x', address, (guint16) (1000 + i), source);
      n_inside += is_inside (visitors[i]);
    }
  return n_inside;
}

static guint
crowd (Fixture *f, Visitor **visitors, const char *format)
{
  return crowd_by (f, visitors, format, NULL);
}

static void
disperse (Visitor **visitors)
{
  for (guint i = MANY; i-- > 0;)
    go (visitors[i]);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->turnstile = queen_turnstile_new (&fake_clock);
  f->let_in = g_string_new (NULL);
  f->sent_away = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_turnstile_free (f->turnstile);
  g_string_free (f->let_in, TRUE);
  g_string_free (f->sent_away, TRUE);
}

static void
test_order (Fixture *f, gconstpointer data)
{
  Visitor *all[6];

  for (int i = 0; i < 6; i++)
    {
      all[i] = come (f, (char) ('a' + i), "192.0.2.1", 8000);
      g_assert_cmpint (is_inside (all[i]), ==, i < QUEEN_TURNSTILE_MAX_OF_ONE);
    }
  turn (f, "");
  go (all[1]);
  turn (f, "d");
  go (all[4]); /* waits no longer */
  go (all[0]);
  go (all[2]);
  turn (f, "f");
  go (all[3]);
  go (all[5]);
  turn (f, "");
}

static void
test_others (Fixture *f, gconstpointer data)
{
  Visitor *crowd_of_one[MANY], *other;
  guint n_inside = 0;

  for (int i = 0; i < MANY; i++)
    {
      crowd_of_one[i] = come (f, 'x', "192.0.2.1", 8000);
      n_inside += is_inside (crowd_of_one[i]);
    }
  g_assert_cmpuint (n_inside, ==, QUEEN_TURNSTILE_MAX_OF_ONE);
  other = come (f, 'o', "192.0.2.1", 8001); /* of the same machine */
  g_assert_true (is_inside (other));
  go (other);
  disperse (crowd_of_one);
}

static void
test_machine (Fixture *f, gconstpointer data)
{
  Visitor *workers[MANY], *other;

  g_assert_cmpuint (crowd (f, workers, "192.0.2.1"), ==, QUEEN_TURNSTILE_MAX_OF_MACHINE);
  other = come (f, 'o', "192.0.2.2", 8000);
  g_assert_true (is_inside (other));
  go (other);
  disperse (workers);
}

/* Whoever has a network of IPv6 has any number of addresses. */
static void
test_network (Fixture *f, gconstpointer data)
{
  Visitor *workers[MANY], *other;

  g_assert_cmpuint (crowd (f, workers, "2001:db8::%x"), ==, QUEEN_TURNSTILE_MAX_OF_MACHINE);
  other = come (f, 'o', "2001:db8:0:1::1", 8000);
  g_assert_true (is_inside (other));
  go (other);
  disperse (workers);
}

/* Anybody here has any number of addresses of loopback. */
static void
test_loopback (Fixture *f, gconstpointer data)
{
  Visitor *workers[MANY], *others[3];

  g_assert_cmpuint (crowd (f, workers, "127.0.%u.1"), ==, QUEEN_TURNSTILE_MAX_OF_MACHINE);
  others[0] = come (f, 'm', "::ffff:127.0.0.1", 8000);
  others[1] = come (f, 's', "::1", 8000);
  others[2] = come (f, 'o', "192.0.2.1", 8000);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_cmpint (is_inside (others[i]), ==, i == 2);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    go (others[i]);
  disperse (workers);
}

/* Where workers are is what a heartbeat says, and with --worker-network that may be anywhere. Whom
 * others send there need not wait for that one's, not even to the same worker. */
static void
test_sender (Fixture *f, gconstpointer data)
{
  QueenSource liar, honest;
  Visitor *workers[MANY], *others[2];

  queen_source_init_here (&liar);
  queen_source_init_address (&honest, (const guint8[]){ 192, 0, 2, 200 }, 4);
  g_assert_cmpuint (crowd_by (f, workers, "192.0.2.%u", &liar), ==, QUEEN_TURNSTILE_MAX_OF_SENDER);
  others[0] = come_by (f, 'o', "192.0.2.30", 1030, &honest);
  others[1] = come (f, 'q', "192.0.2.31", 1031);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_assert_true (is_inside (others[i]));
      go (others[i]);
    }
  go (workers[0]);
  turn (f, "x");
  workers[0] = come_by (f, 'x', "192.0.2.0", 1000, &liar);
  g_assert_false (is_inside (workers[0]));
  disperse (workers);
}

/* Whoever takes connections and says nothing does not keep others of its machine out for longer
 * than a moment; and those who are quick do not wait for those who are not. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  Visitor *slow[MANY], *quick;

  quick = come (f, 'q', "192.0.2.1", 8000);
  go (quick);
  crowd (f, slow, "192.0.2.1");
  quick = come (f, 'q', "192.0.2.1", 8000);
  now += QUEEN_TURNSTILE_SPAN - 1;
  turn (f, "");
  g_assert_cmpstr (f->sent_away->str, ==, "");
  now++;
  turn (f, "");
  g_assert_cmpstr (f->sent_away->str, ==, "xxxx");
  go (slow[0]);
  turn (f, "q");
  go (quick);
  turn (f, "");
  go (slow[1]);
  turn (f, "x");
  slow[0] = come (f, 'x', "192.0.2.1", 1000);
  slow[1] = come (f, 'x', "192.0.2.1", 1001);
  now += 2 * QUEEN_TURNSTILE_SPAN;
  turn (f, "");
  g_assert_cmpstr (f->sent_away->str, ==, "xxxxx");
  disperse (slow);
}

/* Those who wait for it alone know what they wait for. */
static void
test_slow_but_in_nobodys_way (Fixture *f, gconstpointer data)
{
  Visitor *all[4];

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    all[i] = come (f, 'a', "192.0.2.1", 8000);
  now += 2 * QUEEN_TURNSTILE_SPAN;
  turn (f, "");
  g_assert_cmpstr (f->sent_away->str, ==, "");
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    go (all[i]);
}

/* Of many there is one each, and that one at once. */
static void
test_many (Fixture *f, gconstpointer data)
{
  Visitor *machines[MANY], *second;
  guint n_inside = crowd (f, machines, "192.0.2.%u");

  g_assert_cmpuint (n_inside, <, QUEEN_TURNSTILE_MAX);
  second = come (f, 's', "192.0.2.3", 1003);
  g_assert_false (is_inside (second));
  for (guint i = n_inside; i < MANY; i++)
    go (machines[i]);
  go (machines[5]);
  turn (f, "");
  go (machines[3]);
  turn (f, "s");
  machines[3] = second;
  for (guint i = 0; i < n_inside; i++)
    if (i != 5)
      go (machines[i]);
}

/* Many senders whose workers shake no hands */

#define LIARS 55
#define STEP (G_USEC_PER_SEC / 100)

static Visitor *
come_from (Fixture *f, guint i)
{
  g_autofree char *address = g_strdup_printf ("198.51.100.%u", i);
  QueenSource source;

  queen_source_init_address (&source, (const guint8[]){ 198, 51, 100, (guint8) i }, 4);
  return come_by (f, (char) (i < LIARS ? 'l' : 'h'), address, 8000, &source);
}

/* Each of them asks for more than one, and anew when one has been sent away. */
static void
gather_liars (Fixture *f, Visitor *liars[LIARS][2])
{
  for (guint i = 0; i < 2 * LIARS; i++)
    liars[i % LIARS][i / LIARS] = come_from (f, i % LIARS);
}

static void
let_time_pass (Fixture *f, Visitor *liars[LIARS][2])
{
  now += STEP;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < 2 * LIARS; i++)
    if (liars[i % LIARS][i / LIARS]->is_sent_away)
      {
        go (liars[i % LIARS][i / LIARS]);
        liars[i % LIARS][i / LIARS] = come_from (f, i % LIARS);
      }
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
dismiss_liars (Fixture *f, Visitor *liars[LIARS][2])
{
  for (guint i = 0; i < 2 * LIARS; i++)
    go (liars[i % LIARS][i / LIARS]);
  g_string_truncate (f->let_in, 0);
}

static void
test_liars (Fixture *f, gconstpointer data)
{
  Visitor *liars[LIARS][2], *known = come_from (f, LIARS), *unknown;
  guint n_steps = 0;

  go (known);
  gather_liars (f, liars);
  known = come_from (f, LIARS);
  g_assert_true (is_inside (known));
  go (known);
  unknown = come_from (f, LIARS + 1);
  for (; !is_inside (unknown) && n_steps < 1000; n_steps++)
    let_time_pass (f, liars);
  go (unknown);
  g_assert_cmpuint (n_steps * STEP, <=, QUEEN_TURNSTILE_SPAN);
  for (int i = 0; i < 300; i++)
    let_time_pass (f, liars);

  /* Now they are known for what they are. */
  for (guint i = 1; i < 10; i++)
    {
      unknown = come_from (f, LIARS + 1 + i);
      g_assert_true (is_inside (unknown));
      let_time_pass (f, liars);
      go (unknown);
    }
  dismiss_liars (f, liars);
}

/* Who is quick once, and then is not, has had the last of it for a while. */
static void
test_liars_with_a_good_name (Fixture *f, gconstpointer data)
{
  Visitor *liars[LIARS][2], *known;
  guint n_steps = 0;

  for (guint i = 0; i <= LIARS; i++)
    go (come_from (f, i));
  gather_liars (f, liars);
  known = come_from (f, LIARS);
  for (; !is_inside (known); n_steps++)
    let_time_pass (f, liars);
  go (known);
  g_assert_cmpuint (n_steps * STEP, <=, QUEEN_TURNSTILE_SPAN);
  for (int i = 0; i < 300; i++)
    let_time_pass (f, liars);
  for (int i = 0; i < 10; i++)
    {
      known = come_from (f, LIARS);
      g_assert_true (is_inside (known));
      let_time_pass (f, liars);
      go (known);
    }
  dismiss_liars (f, liars);
}

/* Whoever has an IPv6 network of 48 bits has thousands of senders */

#define N_REMEMBERED 16384

static Visitor *
come_from_network (Fixture *f, char letter, guint i)
{
  g_autofree char *text = g_strdup_printf ("2001:db8:0:%x::1", i);
  QueenSource source;

  g_assert_true (queen_source_parse (text, &source));
  return come_by (f, letter, text, 8000, &source);
}

/* They are one to others, be it with senders that nobody has known before. */
static void
test_wide (Fixture *f, gconstpointer data)
{
  Visitor *silent[MANY];
  guint n_inside = 0;

  for (guint i = 0; i < MANY; i++)
    {
      silent[i] = come_from_network (f, 'x', i);
      n_inside += is_inside (silent[i]);
    }
  g_assert_cmpuint (n_inside, ==, QUEEN_TURNSTILE_MAX_OF_SENDER);
  for (guint i = 0; i < 200; i++)
    {
      Visitor *unknown = come_from (f, i), **next = &silent[i % MANY];

      g_assert_true (is_inside (unknown));
      now += QUEEN_TURNSTILE_SPAN / 10;
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_false (unknown->is_sent_away);
      go (unknown);
      if ((*next)->is_sent_away)
        {
          go (*next);
          *next = come_from_network (f, 'x', MANY + i);
        }
    }
  g_assert_nonnull (strchr (f->sent_away->str, 'x')); /* for each other */
  disperse (silent);
  g_string_truncate (f->let_in, 0);
}

/* And among each other they are as fair: who was quick is in at once, and who is new as soon as the
 * others have had a moment each. */
static void
test_in_wide (Fixture *f, gconstpointer data)
{
  Visitor *silent[MANY], *unknown, *known;
  guint n_steps = 0;

  go (come_from_network (f, 'k', MANY));
  for (guint i = 0; i < MANY; i++)
    silent[i] = come_from_network (f, 'x', i);
  unknown = come_from_network (f, 'u', MANY + 1);
  known = come_from_network (f, 'k', MANY);
  for (; !is_inside (unknown); n_steps++)
    {
      g_assert_cmpuint (n_steps * STEP, <=, 2 * QUEEN_TURNSTILE_SPAN);
      now += STEP;
      while (g_main_context_iteration (NULL, FALSE))
        ;
      if (known && is_inside (known))
        go (g_steal_pointer (&known));
      for (guint i = 0; i < MANY; i++)
        if (silent[i]->is_sent_away)
          {
            go (silent[i]);
            silent[i] = come_from_network (f, 'x', i);
          }
    }
  g_assert_cmpint (f->let_in->str[0], ==, 'k');
  go (unknown);
  disperse (silent);
  g_string_truncate (f->let_in, 0);
}

/* Who is remembered for being quick has more places than who is not known. */
static void
test_remembered (Fixture *f, gconstpointer data)
{
  Visitor *unknown[6], *known;

  go (come_from (f, LIARS));
  for (guint i = 0; i <= N_REMEMBERED; i++)
    go (come_from_network (f, 'x', i));
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    unknown[i] = come_from (f, i);
  known = come_from (f, LIARS);
  g_assert_true (is_inside (unknown[5]));
  g_assert_true (is_inside (known));
  go (known);
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    go (unknown[i]);
}

static void
test_turns (Fixture *f, gconstpointer data)
{
  static const char letters[] = "abcdefghaag"; /* each a worker of one machine */
  Visitor *all[sizeof letters - 1];

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    all[i] = come (f, letters[i], "192.0.2.1", (guint16) letters[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    g_assert_cmpint (is_inside (all[i]), ==, i < QUEEN_TURNSTILE_MAX_OF_MACHINE);
  go (all[1]);
  turn (f, "e");
  go (all[2]);
  turn (f, "f");
  go (all[4]);
  turn (f, "g");
  go (all[6]); /* its other one has waited since after a's */
  turn (f, "g");
  go (all[0]);
  turn (f, "a");
  go (all[8]);
  turn (f, "a");
  for (gsize i = 3; i < G_N_ELEMENTS (all); i++)
    if (i != 4 && i != 6 && i != 8)
      go (all[i]);
}

/* What it costs to find whose turn it is, however many wait */

#define N_LINES 8192

typedef struct
{
  QueenTurnstileLine line;
  QueenTurnstileLook answer;
} Line;

static guint n_looked_at;

static QueenTurnstileLook
look (gconstpointer item)
{
  n_looked_at++;
  return ((const Line *) item)->answer;
}

/* @format: the address of each, %u is its number */
static QueenTurnstileParty *
ensure_party (GHashTable *parties, const char *format, guint i)
{
  g_autofree char *text = g_strdup_printf (format, i);
  QueenSource source;

  g_assert_true (queen_source_parse (text, &source));
  return queen_turnstile_parties_ensure (parties, &source, now);
}

typedef struct
{
  const char *payers, *machines;
  QueenTurnstileLook answer; /* for all but the last, which is on another account */
} Crowd;

static const Crowd crowds[] = {
  { "192.0.2.1", "198.51.100.1", QUEEN_TURNSTILE_MACHINE_WAITS },
  { "192.0.2.1", "2001:db8:1:%x::1", QUEEN_TURNSTILE_ALL_WAIT },
  { "2001:db8:0:%x::1", "2001:db8:1:%x::1", QUEEN_TURNSTILE_ALL_WAIT },
  { "2001:db8:%x::1", "2001:db8:1:%x::1", QUEEN_TURNSTILE_MAY_ENTER },
};

static void
test_work (Fixture *f, gconstpointer data)
{
  const Crowd *crowd = data;
  GHashTable *senders = queen_turnstile_parties_new (), *machines = queen_turnstile_parties_new ();
  QueenTurnstileLines *lines = queen_turnstile_lines_new ();
  g_autofree Line *all = g_new0 (Line, N_LINES);
  const Line *found;

  for (guint i = 0; i < N_LINES; i++)
    {
      gboolean is_last = i == N_LINES - 1;

      now++;
      all[i].answer = is_last ? QUEEN_TURNSTILE_MAY_ENTER : crowd->answer;
      queen_turnstile_lines_enter (
          lines, &all[i].line, ensure_party (senders, is_last ? "203.0.113.1" : crowd->payers, i),
          ensure_party (machines, is_last ? "203.0.113.1" : crowd->machines, i), &all[i]);
    }
  n_looked_at = 0;
  found = queen_turnstile_lines_find (lines, look);
  g_assert_true (found == &all[crowd->answer == QUEEN_TURNSTILE_MAY_ENTER ? 0 : N_LINES - 1]);
  g_assert_cmpuint (n_looked_at, <=, 2);
  for (guint i = 0; i < N_LINES; i++)
    queen_turnstile_lines_leave (&all[i].line);
  queen_turnstile_lines_free (lines);
  g_hash_table_unref (senders);
  g_hash_table_unref (machines);
}

/* A machine that is full keeps nobody from another one, whoever has named it first, and how often.
 */
static void
test_full_machine (Fixture *f, gconstpointer data)
{
  QueenSource sender;
  Visitor *full[QUEEN_TURNSTILE_MAX_OF_MACHINE], *waiting[MANY], *other;

  queen_source_init_address (&sender, (const guint8[]){ 192, 0, 2, 200 }, 4);
  for (guint i = 0; i < G_N_ELEMENTS (full); i++)
    {
      full[i] = come (f, 'f', "192.0.2.1", (guint16) (1 + i));
      g_assert_true (is_inside (full[i]));
    }
  g_assert_cmpuint (crowd_by (f, waiting, "192.0.2.1", &sender), ==, 0);
  other = come_by (f, 'o', "192.0.2.2", 8000, &sender);
  g_assert_true (is_inside (other));
  go (full[0]);
  turn (f, ""); /* of one sender it is one by now */
  go (other);
  turn (f, "x");
  for (guint i = 1; i < G_N_ELEMENTS (full); i++)
    go (full[i]);
  disperse (waiting);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/turnstile/who-waits-for-a-worker-is-let-in-in-order", test_order },
    { "/turnstile/others-do-not-wait-for-a-crowd", test_others },
    { "/turnstile/a-machine-has-a-limit-whatever-its-workers", test_machine },
    { "/turnstile/a-network-of-ipv6-is-one-machine", test_network },
    { "/turnstile/loopback-is-one-machine", test_loopback },
    { "/turnstile/a-sender-has-a-limit-whatever-machines-it-names", test_sender },
    { "/turnstile/who-takes-long-makes-room-for-others", test_slow },
    { "/turnstile/unless-nobody-else-waits", test_slow_but_in_nobodys_way },
    { "/turnstile/among-many-each-has-one", test_many },
    { "/turnstile/many-that-hang-keep-nobody-out", test_liars },
    { "/turnstile/not-even-those-that-were-quick-before", test_liars_with_a_good_name },
    { "/turnstile/a-wide-network-is-one-to-others", test_wide },
    { "/turnstile/in-it-they-are-fair", test_in_wide },
    { "/turnstile/its-many-workers-make-no-others-forgotten", test_remembered },
    { "/turnstile/workers-take-turns", test_turns },
    { "/turnstile/a-full-machine-keeps-nobody-from-another", test_full_machine },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
  for (gsize i = 0; i < G_N_ELEMENTS (crowds); i++)
    {
      g_autofree char *name = g_strdup_printf ("/turnstile/thousands-are-no-work/%zu", i + 1);

      g_test_add (name, Fixture, &crowds[i], set_up, test_work, tear_down);
    }
  return g_test_run ();
}
