/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-timestamp.h"

#include <string.h>
#include <time.h>

#define NSEC_PER_SEC G_GINT64_CONSTANT (1000000000)
#define SECONDS_PER_DAY 86400
#define EPOCH_DAY 719468                           /* 1 January 1970, when 1 March 0000 is day 0 */
#define LAST_SECOND G_GINT64_CONSTANT (9214646399) /* of 2261, the last year whose ns fit */
#define FIRST_SECOND_OF_ALL G_GINT64_CONSTANT (-62135596800) /* of 0001, in UTC */
#define LAST_SECOND_OF_ALL G_GINT64_CONSTANT (253402300799)  /* of 9999 */

/* Reads @n_digits digits and moves on; FALSE when there are fewer or the number is out of range. */
static gboolean
read_number (const char **text, int n_digits, int least, int most, int *number)
{
  *number = 0;
  for (int i = 0; i < n_digits; i++, (*text)++)
    {
      if (!g_ascii_isdigit (**text))
        return FALSE;
      *number = *number * 10 + (**text - '0');
    }
  return *number >= least && *number <= most;
}

static gboolean
skip_one_of (const char **text, const char *characters)
{
  while (*characters != '\0' && *characters != **text)
    characters++;
  if (*characters == '\0')
    return FALSE;
  (*text)++;
  return TRUE;
}

static gboolean
read_fraction (const char **text, gint64 *nsec)
{
  gint64 unit = NSEC_PER_SEC;

  *nsec = 0;
  if (!skip_one_of (text, "."))
    return TRUE;
  if (!g_ascii_isdigit (**text))
    return FALSE;
  for (; g_ascii_isdigit (**text); (*text)++)
    {
      unit /= 10;
      *nsec += unit * (**text - '0');
    }
  return TRUE;
}

static gboolean
read_offset (const char **text, int *seconds)
{
  gboolean is_west = **text == '-';
  int hours, minutes;

  *seconds = 0;
  if (skip_one_of (text, "Zz"))
    return TRUE;
  if (!skip_one_of (text, "+-") || !read_number (text, 2, 0, 23, &hours) ||
      !skip_one_of (text, ":") || !read_number (text, 2, 0, 59, &minutes))
    return FALSE;
  *seconds = (hours * 60 + minutes) * 60 * (is_west ? -1 : 1);
  return TRUE;
}

/* Since 1970, by the Gregorian calendar. With years that begin in March the day that some have more
 * is their last. */
static gint64
count_days (int year, int month, int day)
{
  int years = month > 2 ? year : year - 1;
  int months = month > 2 ? month - 3 : month + 9;

  return 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1 -
         EPOCH_DAY;
}

static gboolean
parse (const char *text, gint64 *seconds, gint64 *nsec)
{
  int year, month, day, hour, minute, second, offset;

  if (!read_number (&text, 4, 1, 9999, &year) || !skip_one_of (&text, "-") ||
      !read_number (&text, 2, 1, 12, &month) || !skip_one_of (&text, "-") ||
      !read_number (&text, 2, 1, 31, &day) || !skip_one_of (&text, "Tt ") ||
      !read_number (&text, 2, 0, 23, &hour) || !skip_one_of (&text, ":") ||
      !read_number (&text, 2, 0, 59, &minute) || !skip_one_of (&text, ":") ||
      !read_number (&text, 2, 0, 60, &second) || !read_fraction (&text, nsec) ||
      !read_offset (&text, &offset) || *text != '\0')
    return FALSE;
  if (!g_date_valid_dmy ((GDateDay) day, (GDateMonth) month, (GDateYear) year))
    return FALSE;

  *seconds = count_days (year, month, day) * SECONDS_PER_DAY + (hour * 60 + minute) * 60 +
             MIN (second, 59) - offset;
  return TRUE;
}

gboolean
queen_timestamp_parse (const char *text, gint64 *time)
{
  gint64 seconds, nsec;

  /* A zone may move the first and the last hours out of the years that can be written. */
  if (!parse (text, &seconds, &nsec) || seconds < 0 || seconds > LAST_SECOND)
    return FALSE;
  *time = seconds * NSEC_PER_SEC + nsec;
  return TRUE;
}

gboolean
queen_timestamp_parse_usec (const char *text, gint64 *time)
{
  gint64 seconds, nsec;

  if (!parse (text, &seconds, &nsec) || seconds < FIRST_SECOND_OF_ALL ||
      seconds > LAST_SECOND_OF_ALL)
    return FALSE;
  *time = seconds * G_USEC_PER_SEC + nsec / 1000;
  return TRUE;
}

/* Writes @number in @n_digits digits. By hand, as a list of all that is known has two times for
 * each component, and printf() takes a third of a microsecond for one. */
static void
write_digits (char *at, int n_digits, int number)
{
  for (int i = n_digits - 1; i >= 0; i--, number /= 10)
    at[i] = (char) ('0' + number % 10);
}

static void
write_second (char *at, time_t second)
{
  struct tm tm;

  gmtime_r (&second, &tm);
  write_digits (at, 4, tm.tm_year + 1900);
  write_digits (at + 5, 2, tm.tm_mon + 1);
  write_digits (at + 8, 2, tm.tm_mday);
  write_digits (at + 11, 2, tm.tm_hour);
  write_digits (at + 14, 2, tm.tm_min);
  write_digits (at + 17, 2, tm.tm_sec);
}

/* Of most times the second is the same as of the one before. */
char *
queen_timestamp_write (char *at, gint64 time)
{
  static _Thread_local char last[QUEEN_TIMESTAMP_LENGTH + 1] =
      "1970-01-01T00:00:00.000000000+00:00";
  static _Thread_local time_t last_second;
  time_t second = (time_t) (time / NSEC_PER_SEC);

  if (second != last_second)
    write_second (last, second);
  last_second = second;
  write_digits (last + 20, 9, (int) (time % NSEC_PER_SEC));
  return mempcpy (at, last, QUEEN_TIMESTAMP_LENGTH);
}

void
queen_timestamp_append (GString *text, gint64 time)
{
  char written[QUEEN_TIMESTAMP_LENGTH];

  queen_timestamp_write (written, time);
  g_string_append_len (text, written, sizeof written);
}
