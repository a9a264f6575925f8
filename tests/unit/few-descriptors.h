/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <fcntl.h>
#include <glib.h>
#include <sys/resource.h>
#include <unistd.h>

/* A process that has hardly any descriptors left. */

#define FEW_DESCRIPTORS 1024 /* it may have, at the most; eight are the queen's own */
#define FEW_DESCRIPTORS_LEFT 16

typedef struct
{
  struct rlimit before;
  int taken[FEW_DESCRIPTORS];
  guint n_taken;
} FewDescriptors;

/* Who has started the test may have left some open.
 *
 * Returns: of how many the last ones are free */
static inline int
few_descriptors_find_limit (void)
{
  int limit = 128;

  for (int fd = 0; fd < limit; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      limit = MAX (limit, fd + 1 + FEW_DESCRIPTORS_LEFT);
  g_assert_cmpint (limit, <=, FEW_DESCRIPTORS);
  return limit;
}

/* Takes all but the last @n_left, which are no more than 16. */
static inline void
few_descriptors_begin (FewDescriptors *self, guint n_left)
{
  int limit = few_descriptors_find_limit ();
  int last = limit - 1 - (int) n_left, fd;
  struct rlimit few;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &self->before));
  few = (struct rlimit){ (rlim_t) limit, self->before.rlim_max };
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &few));
  self->n_taken = 0;
  do
    {
      fd = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
      g_assert_cmpint (fd, >=, 0);
      g_assert_cmpint (fd, <=, last);
      self->taken[self->n_taken++] = fd;
    }
  while (fd < last);
}

static inline void
few_descriptors_end (FewDescriptors *self)
{
  while (self->n_taken > 0)
    close (self->taken[--self->n_taken]);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &self->before));
}
