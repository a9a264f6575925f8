/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "preload.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http-client.h"

/* Requests: a hash table that things go in and out of makes room for itself now and then. */
#define N_MEASUREMENTS 32

struct _Preload
{
  int fd;
  PreloadPage *page;
  GPtrArray *environment; /* NULL-terminated */
};

void
preload_set (Preload *self, const char *name, const char *value)
{
  self->environment->pdata[self->environment->len - 1] = g_strconcat (name, "=", value, NULL);
  g_ptr_array_add (self->environment, NULL);
}

Preload *
preload_new (const char *library)
{
  Preload *self = g_new0 (Preload, 1);
  g_autofree char *file = g_strconcat (library, ".so", NULL);
  g_autofree char *path = NULL;
  g_autofree char *page = NULL;
  g_autofree char *asan_options = NULL;
  const char *inherited = g_getenv ("ASAN_OPTIONS");

  if (g_getenv ("QUEEN_PRELOADS") == NULL)
    g_error ("QUEEN_PRELOADS does not say where %s is", file);
  path = g_build_filename (g_getenv ("QUEEN_PRELOADS"), file, NULL);
  self->fd = memfd_create ("page", MFD_CLOEXEC);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_cmpint (ftruncate (self->fd, sizeof (PreloadPage)), ==, 0);
  self->page = mmap (NULL, sizeof (PreloadPage), PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
  g_assert_true (self->page != MAP_FAILED);

  self->environment = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->environment, NULL);
  page = g_strdup_printf ("/proc/%d/fd/%d", getpid (), self->fd);
  preload_set (self, PRELOAD_PAGE, page);
  preload_set (self, "LD_PRELOAD", path);
  /* It would refuse to run when it is not the first library. */
  asan_options = g_strconcat (inherited ? inherited : "", inherited ? ":" : "",
                              "verify_asan_link_order=0", NULL);
  preload_set (self, "ASAN_OPTIONS", asan_options);
  return self;
}

void
preload_free (Preload *self)
{
  munmap (self->page, sizeof (PreloadPage));
  close (self->fd);
  g_ptr_array_unref (self->environment);
  g_free (self);
}

PreloadPage *
preload_get_page (Preload *self)
{
  return self->page;
}

const char *const *
preload_get_environment (Preload *self)
{
  return (const char *const *) self->environment->pdata;
}

void
preload_move_clock (Preload *self, gint64 seconds)
{
  __atomic_store_n (&self->page->wall_offset, seconds * 1000000000, __ATOMIC_RELEASE);
}

void
preload_begin_faults (Preload *self)
{
  __atomic_store_n (&self->page->is_faulty, TRUE, __ATOMIC_RELEASE);
}

guint64
preload_measure_heap (Preload *self, QueenProcess *queen)
{
  guint64 least = G_MAXUINT64;

  for (guint i = 0; i < N_MEASUREMENTS; i++)
    {
      g_autoptr (HttpAnswer) G_GNUC_UNUSED answer =
          http_get (queen_process_get_port (queen), "/health");

      queen_test_wait_until (queen_process_is_idle (queen)); /* or it is about to free something */
      least = MIN (least, __atomic_load_n (&self->page->heap_in_use, __ATOMIC_RELAXED));
    }
  return least;
}

char **
preload_dup_hang_environment (const char *what)
{
  const char *asan_options = g_getenv ("ASAN_OPTIONS");
  char **environment = g_new0 (char *, 4);

  environment[0] = g_strconcat ("QUEEN_HANG=", what, NULL);
  environment[1] =
      g_strconcat ("LD_PRELOAD=", g_getenv ("QUEEN_PRELOADS"), "/preload-hang.so", NULL);
  /* The sanitizer would refuse to run when it is not the first library. */
  environment[2] = g_strconcat ("ASAN_OPTIONS=verify_asan_link_order=0:", asan_options, NULL);
  return environment;
}

void
preload_turn_hanging (QueenProcess *queen, const char *said)
{
  queen_process_signal (queen, SIGUSR1);
  queen_test_wait_until (queen_process_has_said (queen, said));
}
