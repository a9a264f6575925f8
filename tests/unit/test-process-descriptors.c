/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "process/queen-process-descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include "fake-clock.h"

/* It lists the same, but no kernel says how many these are. */
#define MUTE "/proc/self/fdinfo"

static int
open_one (void)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* To count them takes long, and whoever asks for it all the time must not cost everybody else. */
static void
test_counted (void)
{
  QueenProcessDescriptors descriptors = { 0 };
  guint64 n;
  int fd;

  now = 1000 * G_USEC_PER_SEC;
  n = queen_process_descriptors_get (&descriptors, MUTE, &fake_clock);
  g_assert_cmpuint (n, >=, 3);
  fd = open_one ();
  now += 10 * G_USEC_PER_SEC - 1;
  g_assert_cmpuint (queen_process_descriptors_get (&descriptors, MUTE, &fake_clock), ==, n);
  now++;
  g_assert_cmpuint (queen_process_descriptors_get (&descriptors, MUTE, &fake_clock), ==, n + 1);
  close (fd);
}

/* Said or counted, it is as many, and not the one more that counting needs. */
static void
test_as_many (void)
{
  QueenProcessDescriptors said = { 0 }, counted = { 0 };

  now = 1000 * G_USEC_PER_SEC;
  g_assert_cmpuint (queen_process_descriptors_get (&said, QUEEN_PROCESS_DESCRIPTORS, &fake_clock),
                    ==, queen_process_descriptors_get (&counted, MUTE, &fake_clock));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/process-descriptors/counted-once-in-ten-seconds", test_counted);
  g_test_add_func ("/process-descriptors/as-many-as-there-are", test_as_many);

  return g_test_run ();
}
