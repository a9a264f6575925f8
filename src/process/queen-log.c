/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-log.h"

#include <errno.h>
#include <string.h>

#include "queen-datagram.h"
#include "queen-log-flood.h"
#include "queen-log-stream.h"
#include "text/queen-safe-text.h"

#define IDENTIFIER "queen-rbee"
#define LAST_WORDS G_USEC_PER_SEC /* µs that a disk may take for what is said at the end */
#define ELLIPSIS "…"

struct _QueenLog
{
  const QueenClock *clock;
  GLogLevelFlags least_level;

  GMutex lock;            /* of what follows: the bus has a thread of its own */
  QueenDatagram *journal; /* NULL when there is none */
  QueenLogStream *stream;
  QueenLogFlood *flood;
  guint64 n_lost; /* lines that nobody was told of */
  int problem;    /* why the last of them was lost, an errno */
  GSource *attendant;
};

/* Text */

static const char *
get_word (GLogLevelFlags level)
{
  return level & G_LOG_LEVEL_ERROR      ? "ERROR: "
         : level & G_LOG_LEVEL_CRITICAL ? "CRITICAL: "
         : level & G_LOG_LEVEL_WARNING  ? "WARNING: "
                                        : "";
}

/* As GLib maps them. */
static const char *
get_priority (GLogLevelFlags level)
{
  return level & G_LOG_LEVEL_ERROR                              ? "3"
         : level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING) ? "4"
         : level & G_LOG_LEVEL_MESSAGE                          ? "5"
                                                                : "6";
}

static void
cut (GString *text, gsize most)
{
  gsize end = most - strlen (ELLIPSIS);

  if (text->len <= most)
    return;
  while (end > 0 && (text->str[end] & 0xc0) == 0x80) /* in the middle of a character */
    end--;
  g_string_truncate (text, end);
  g_string_append (text, ELLIPSIS);
}

/* Appends a value, made safe, in no more than @most bytes. */
static void
append_value (GString *text, const GLogField *field, gsize most)
{
  gsize length = field->length < 0 ? strlen (field->value) : (gsize) field->length;
  /* A little more than fits, so that it is cut once more where the first cut was unclean. */
  g_autofree char *safe = queen_safe_text_dup (field->value, (gssize) MIN (length, most + 8));
  g_autoptr (GString) value = g_string_new (safe);

  cut (value, most);
  g_string_append (text, value->str);
}

static const GLogField *
find_message (const GLogField *fields, gsize n_fields)
{
  static const GLogField none = { "MESSAGE", "(no message)", -1 };

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && fields[i].length < 0)
      return &fields[i];
  return &none;
}

static GString *
make_line (const char *word, const GLogField *fields, gsize n_fields)
{
  GString *line = g_string_new (IDENTIFIER ": ");

  g_string_append (line, word);
  append_value (line, find_message (fields, n_fields), QUEEN_LOG_MAX_LINE - 1 - line->len);
  g_string_append_c (line, '\n');
  return line;
}

/* https://systemd.io/JOURNAL_NATIVE_PROTOCOL: a line for each field, as no value has a newline. */
static GString *
make_entry (const GLogField *fields, gsize n_fields)
{
  GString *entry = g_string_new ("SYSLOG_IDENTIFIER=" IDENTIFIER "\n");

  for (gsize i = 0; i < n_fields; i++)
    {
      g_string_append_printf (entry, "%s=", fields[i].key);
      append_value (entry, &fields[i], QUEEN_LOG_MAX_LINE);
      g_string_append_c (entry, '\n');
    }
  return entry;
}

/* Delivery */

/* By hand, as both sd_journal_sendv(3) and GLib's writer wait until the journal reads.
 *
 * Returns: 0, or an errno */
static int
deliver_fields (QueenLog *self, const char *word, const GLogField *fields, gsize n_fields)
{
  g_autoptr (GString) line = NULL;

  if (self->journal)
    {
      g_autoptr (GString) entry = make_entry (fields, n_fields);
      int problem = queen_datagram_send (self->journal, entry->str, entry->len);

      if (problem == 0 || problem == EAGAIN)
        return problem;
    }
  line = make_line (word, fields, n_fields);
  return queen_log_stream_write (self->stream, line->str, line->len);
}

static int
say_itself (QueenLog *self, GLogLevelFlags level, const char *message)
{
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "PRIORITY", get_priority (level), -1 },
  };

  return deliver_fields (self, get_word (level), fields, G_N_ELEMENTS (fields));
}

/* Returns: 0 when nothing is lost any more, or an errno */
static int
tell_losses (QueenLog *self)
{
  g_autofree char *message = NULL;
  int problem;

  if (self->n_lost == 0)
    return 0;
  message = g_strdup_printf ("lines lost, as nobody took them: %" G_GUINT64_FORMAT, self->n_lost);
  problem = say_itself (self, G_LOG_LEVEL_WARNING, message);
  if (problem == 0)
    self->n_lost = 0;
  self->problem = problem;
  return problem;
}

static void
lose (QueenLog *self, guint64 n_lines, int problem)
{
  self->n_lost += n_lines;
  self->problem = problem;
}

static void
sum_up (QueenLog *self, gint64 now)
{
  while (TRUE)
    {
      g_autofree char *example = NULL;
      g_autofree char *message = NULL;
      GLogLevelFlags level;
      guint64 n_lines = queen_log_flood_sum_up (self->flood, now, &level, &example);
      int problem;

      if (n_lines == 0)
        return;
      message = g_strdup_printf ("and %" G_GUINT64_FORMAT " more like this: %s", n_lines, example);
      problem = tell_losses (self);
      if (problem == 0)
        problem = say_itself (self, level, message);
      if (problem != 0)
        lose (self, n_lines, problem);
    }
}

/* Attendance */

/* Tries the rest of a torn line, too.
 *
 * Returns: whether time alone will bring something to do; a reader that has gone is no matter of
 * time */
static gboolean
is_unfinished (QueenLog *self)
{
  return queen_log_flood_is_holding (self->flood) ||
         (self->n_lost > 0 && self->problem == EAGAIN) ||
         queen_log_stream_flush (self->stream) == EAGAIN;
}

static void
dismiss (GSource *attendant)
{
  g_source_destroy (attendant);
  g_source_unref (attendant);
}

static gboolean
attend (QueenLog *self, gint64 now)
{
  gboolean goes_on;

  g_mutex_lock (&self->lock);
  sum_up (self, now);
  tell_losses (self);
  goes_on = is_unfinished (self);
  if (!goes_on)
    g_clear_pointer (&self->attendant, dismiss);
  g_mutex_unlock (&self->lock);
  return goes_on ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
on_second (gpointer data)
{
  return queen_log_attend (data);
}

static void
call_attendant (QueenLog *self)
{
  if (self->attendant || !is_unfinished (self))
    return;
  self->attendant = g_timeout_source_new_seconds (1);
  g_source_set_static_name (self->attendant, "log attendant");
  g_source_set_callback (self->attendant, on_second, self, NULL);
  g_source_attach (self->attendant, NULL);
}

/* The public side */

static GLogWriterOutput
on_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  queen_log_write (data, level, fields, n_fields);
  return G_LOG_WRITER_HANDLED;
}

QueenLog *
queen_log_new (int fd, const char *journal, const QueenClock *clock)
{
  QueenLog *self = g_new0 (QueenLog, 1);

  self->clock = clock;
  self->least_level = G_LOG_LEVEL_INFO;
  g_mutex_init (&self->lock);
  self->journal = journal ? queen_datagram_new (journal) : NULL;
  self->stream = queen_log_stream_new (fd);
  self->flood = queen_log_flood_new ();
  return self;
}

void
queen_log_free (QueenLog *self)
{
  g_clear_pointer (&self->attendant, dismiss);
  g_clear_pointer (&self->journal, queen_datagram_free);
  queen_log_stream_free (self->stream);
  queen_log_flood_free (self->flood);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
queen_log_install (QueenLog *self)
{
  g_log_set_writer_func (on_log, self, NULL);
}

void
queen_log_set_least_level (QueenLog *self, GLogLevelFlags level)
{
  self->least_level = level;
  g_log_set_debug_enabled (level == G_LOG_LEVEL_DEBUG);
}

/* Lines are of one kind when they begin with the same two words, as those of one place in the code
 * do. Where they would begin with what a stranger says, there is no more room for kinds than that.
 */
static guint
get_kind (GLogLevelFlags level, const char *message)
{
  guint kind = level & G_LOG_LEVEL_MASK;
  guint n_words = 0;

  for (const char *p = message; *p != '\0' && n_words < 2; p++)
    {
      kind = 33 * kind + (guchar) *p;
      n_words += *p == ' ';
    }
  return kind;
}

static gboolean
is_admitted (QueenLog *self, GLogLevelFlags level, const char *message, gint64 now)
{
  /* After an error GLib ends the process, and the line must say why. */
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL | G_LOG_LEVEL_DEBUG))
    return TRUE;
  return queen_log_flood_admit (self->flood, get_kind (level, message), level, message, now);
}

static void
write_admitted (QueenLog *self, const char *word, const GLogField *fields, gsize n_fields)
{
  int problem = tell_losses (self);

  if (problem == 0)
    problem = deliver_fields (self, word, fields, n_fields);
  if (problem != 0)
    lose (self, 1, problem);
}

void
queen_log_write (QueenLog *self, GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  gint64 now;

  /* The more important a level, the smaller its number. */
  if ((level & G_LOG_LEVEL_MASK) > self->least_level)
    return;
  now = self->clock->get_monotonic ();
  g_mutex_lock (&self->lock);
  sum_up (self, now);
  if (is_admitted (self, level, find_message (fields, n_fields)->value, now))
    write_admitted (self, get_word (level), fields, n_fields);
  /* After this one GLib may end the process. */
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL))
    queen_log_stream_settle (self->stream, LAST_WORDS);
  call_attendant (self);
  g_mutex_unlock (&self->lock);
}

void
queen_log_complain (QueenLog *self, const char *message, const char *hint)
{
  const GLogField fields[] = { { "MESSAGE", message, -1 }, { "PRIORITY", "3", -1 } };
  g_autofree char *line = hint ? g_strconcat (hint, "\n", NULL) : NULL;

  g_mutex_lock (&self->lock);
  write_admitted (self, "", fields, G_N_ELEMENTS (fields));
  if (line && !self->journal)
    queen_log_stream_write (self->stream, line, strlen (line));
  g_mutex_unlock (&self->lock);
}

gboolean
queen_log_attend (QueenLog *self)
{
  return attend (self, self->clock->get_monotonic ());
}

void
queen_log_finish (QueenLog *self)
{
  attend (self, G_MAXINT64);
  g_mutex_lock (&self->lock);
  queen_log_stream_settle (self->stream, LAST_WORDS);
  g_mutex_unlock (&self->lock);
}
