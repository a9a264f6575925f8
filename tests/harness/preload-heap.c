/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Counts the bytes that the daemon has asked for and not given back. The C library's own figures
 * will not do: they count whole chunks, and whether a chunk is somewhat too large depends on what
 * was free beside it. */

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "preload-page.h"

/* In front of each block. */
typedef struct
{
  size_t size;   /* that was asked for */
  size_t before; /* bytes from the start of the C library's block to the caller's */
} Header;

G_STATIC_ASSERT (sizeof (Header) % _Alignof(max_align_t) == 0);

/* The C library's malloc, by the names under which it can be had beside another one. */
extern void *__libc_memalign (size_t alignment, size_t size);
extern void __libc_free (void *block);

static PreloadPage early; /* for what is allocated before the page is there */
static PreloadPage *page = &early;

__attribute__ ((constructor)) static void
start (void)
{
  PreloadPage *mapped = preload_page_map ();

  if (mapped == NULL)
    return;
  mapped->heap_in_use = early.heap_in_use;
  page = mapped;
}

static void
count (gint64 n_bytes)
{
  __atomic_add_fetch (&page->heap_in_use, n_bytes, __ATOMIC_RELAXED);
}

static Header *
get_header (void *block)
{
  return (Header *) block - 1;
}

void *
memalign (size_t alignment, size_t size)
{
  size_t before = MAX (alignment, sizeof (Header));
  char *block;

  if (size > PTRDIFF_MAX - before)
    return errno = ENOMEM, NULL;
  block = __libc_memalign (before, before + size);
  if (block == NULL)
    return NULL;
  block += before;
  *get_header (block) = (Header){ size, before };
  count ((gint64) size);
  return block;
}

void
free (void *block)
{
  if (block == NULL)
    return;
  count (-(gint64) get_header (block)->size);
  __libc_free ((char *) block - get_header (block)->before);
}

void *
malloc (size_t size)
{
  return memalign (sizeof (Header), size);
}

void *
calloc (size_t n, size_t size)
{
  void *block;

  if (size != 0 && n > PTRDIFF_MAX / size)
    return errno = ENOMEM, NULL;
  /* The compiler would make a calloc of a malloc and a memset. */
  block = memalign (sizeof (Header), n * size);
  return block != NULL ? memset (block, 0, n * size) : NULL;
}

void *
realloc (void *block, size_t size)
{
  void *moved = malloc (size);

  if (moved == NULL || block == NULL)
    return moved;
  memcpy (moved, block, MIN (size, get_header (block)->size));
  free (block);
  return moved;
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  return memalign (alignment, size);
}

int
posix_memalign (void **block, size_t alignment, size_t size)
{
  *block = memalign (alignment, size);
  return *block != NULL ? 0 : ENOMEM;
}

size_t
malloc_usable_size (void *block)
{
  return block != NULL ? get_header (block)->size : 0;
}
