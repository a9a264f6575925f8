/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload.h"

/* The library's side of the page.
 *
 * Returns: the page; %NULL in a process that is no daemon under test, such as a wrapper's shell */
static inline PreloadPage *
preload_page_map (void)
{
  const char *path = getenv (PRELOAD_PAGE);
  int fd = path != NULL ? open (path, O_RDWR | O_CLOEXEC) : -1;
  void *page = MAP_FAILED;

  if (fd >= 0)
    {
      page = mmap (NULL, sizeof (PreloadPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      close (fd);
    }
  return page != MAP_FAILED ? page : NULL;
}
