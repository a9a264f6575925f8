/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-reload.h"

#include <gio/gio.h>
#include <string.h>

#include "loop/queen-alarm.h"
#include "queen-error.h"
#include "queen-file.h"
#include "text/queen-hash.h"

#define N_ROUNDS 10
#define BETWEEN_ROUNDS 100000 /* µs */
#define REST 250000           /* µs: signals can come faster than files are read */
#define REST_TIMES 20         /* as long as she was busy with them: there may be very many tokens */
#define PATIENCE (10 * G_USEC_PER_SEC) /* after which it is said that a disk hangs */

/* A part on its way. */
typedef struct
{
  QueenReloadPart part;
  gpointer made; /* NULL when it is not made, cannot be, or was taken */
  GError *error; /* why it cannot be */
} Product;

/* What the thread does. It and the owner hold a reference each. */
typedef struct
{
  GMutex lock;         /* held while something is made: what that looks at stays until then */
  QueenReload *reload; /* NULL when nobody wants it any more */
  const QueenClock *clock;
  GArray *files;     /* of QueenReloadFile, with paths of its own */
  GHashTable *texts; /* path -> QueenFileAhead; empty when all is made */
  GArray *products;  /* of Product */
  gint64 busy;       /* µs that it took to make them */
} Reading;

struct _QueenReload
{
  GArray *files; /* of QueenReloadFile, with paths of its own */
  GArray *parts; /* of QueenReloadPart */

  const QueenClock *clock;
  QueenAlarm *begin_alarm;
  QueenAlarm *hung_alarm;
  gint64 not_before;  /* µs, monotonic */
  gboolean is_wanted; /* once more */
  Reading *reading;   /* NULL when nothing is being read */
};

/* In the thread */

static void
clear_product (gpointer data)
{
  Product *product = data;

  if (product->made)
    product->part.discard (product->made);
  g_clear_error (&product->error);
}

static void
clear_reading (gpointer data)
{
  Reading *reading = data;

  g_mutex_clear (&reading->lock);
  g_array_unref (reading->products);
  g_array_unref (reading->files);
  g_hash_table_unref (reading->texts);
}

static void
unref_reading (gpointer reading)
{
  g_atomic_rc_box_release_full (reading, clear_reading);
}

static gboolean
is_same_state (const QueenFileState *a, const QueenFileState *b)
{
  return a->device == b->device && a->number == b->number && a->size == b->size &&
         a->written_at == b->written_at && a->changed_at == b->changed_at;
}

/* Returns: whether it may be written only in part */
static gboolean
may_be_torn (const QueenReloadFile *file, const QueenFileAhead *ahead)
{
  if (!ahead->text)
    return FALSE;
  return ahead->length == 0 || (file->has_lines && ahead->text[ahead->length - 1] != '\n');
}

static void
refuse_file (QueenFileAhead *ahead, const char *path, const char *why)
{
  explicit_bzero (ahead->text, ahead->length);
  g_clear_pointer (&ahead->text, g_free);
  g_set_error (&ahead->error, QUEEN_ERROR, QUEEN_ERROR_SETTING, "%s: %s", path, why);
}

/* One in a round. */
typedef struct
{
  QueenFileState state; /* before it was read */
  QueenFileAhead *ahead;
  gboolean is_whole; /* it is there, and seems to have its end */
} Look;

/* Of links that are being swapped there may be none for a moment. */
static void
take_look (Look *look, const QueenReloadFile *file)
{
  queen_file_get_state (file->path, &look->state);
  look->ahead = g_new0 (QueenFileAhead, 1);
  look->ahead->text =
      queen_file_read (file->path, file->max, &look->ahead->length, &look->ahead->error);
  look->is_whole = look->state.number != 0 && !may_be_torn (file, look->ahead);
  if (look->ahead->text && look->ahead->length == 0)
    refuse_file (look->ahead, file->path, "is empty, as one is that somebody begins to write");
}

/* What may be torn is taken when it has been so for all rounds: many lists of tokens have no line
 * break at their end.
 *
 * Returns: whether it is as it was before it was read */
static gboolean
look_back (Look *look, const QueenReloadFile *file, const QueenFileState *first)
{
  QueenFileState now;
  gboolean is_same;

  queen_file_get_state (file->path, &now);
  is_same = is_same_state (&now, &look->state);
  if (look->ahead->text && (!is_same || (!look->is_whole && !is_same_state (&now, first))))
    refuse_file (look->ahead, file->path, "is being written all the time");
  return is_same;
}

/* @first: what they were in the first round
 *
 * Returns: whether all files are whole, and were so at the same time */
static gboolean
read_round (Reading *reading, QueenFileState *first, gboolean is_first)
{
  const QueenReloadFile *files = (const QueenReloadFile *) reading->files->data;
  guint n_files = reading->files->len;
  g_autofree Look *looks = g_new0 (Look, n_files);
  gboolean are_whole = TRUE;

  for (guint i = 0; i < n_files; i++)
    {
      take_look (&looks[i], &files[i]);
      if (is_first)
        first[i] = looks[i].state;
    }
  for (guint i = 0; i < n_files; i++)
    {
      are_whole = look_back (&looks[i], &files[i], &first[i]) && looks[i].is_whole && are_whole;
      g_hash_table_replace (reading->texts, g_strdup (files[i].path), looks[i].ahead);
    }
  return are_whole;
}

static void
read_files (Reading *reading, guint n_rounds)
{
  g_autofree QueenFileState *first = g_new0 (QueenFileState, reading->files->len);

  for (guint round = 0; round < n_rounds && !read_round (reading, first, round == 0); round++)
    g_usleep (BETWEEN_ROUNDS);
}

/* Here, as of a list of tens of thousands of tokens it takes a quarter of a second. */
static void
make_products (Reading *reading)
{
  gint64 begin = reading->clock->get_monotonic ();

  queen_file_set_ahead (reading->texts);
  for (guint i = 0; i < reading->products->len; i++)
    {
      Product *product = &g_array_index (reading->products, Product, i);

      g_mutex_lock (&reading->lock);
      if (reading->reload)
        product->made = product->part.make (product->part.data, &product->error);
      g_mutex_unlock (&reading->lock);
    }
  queen_file_set_ahead (NULL);
  g_hash_table_remove_all (reading->texts);
  reading->busy = reading->clock->get_monotonic () - begin;
}

/* In the main thread */

static void
take_products (QueenReload *self, Reading *reading)
{
  gint64 begin = self->clock->get_monotonic (), end;

  for (guint i = 0; i < reading->products->len; i++)
    {
      Product *product = &g_array_index (reading->products, Product, i);

      product->part.take (g_steal_pointer (&product->made), product->error, product->part.data);
    }
  end = self->clock->get_monotonic ();
  self->not_before = end + MAX (REST, REST_TIMES * (end - begin + reading->busy));
  if (self->is_wanted)
    queen_alarm_set (self->begin_alarm, self->not_before);
}

static gboolean
on_products_made (gpointer data)
{
  Reading *reading = data;
  QueenReload *self = reading->reload;

  if (!self)
    return G_SOURCE_REMOVE;
  queen_alarm_set (self->hung_alarm, -1);
  self->reading = NULL;
  take_products (self, reading);
  unref_reading (reading);
  return G_SOURCE_REMOVE;
}

static gpointer
read_in_reload_thread (gpointer data)
{
  GSource *source = g_idle_source_new ();

  read_files (data, N_ROUNDS);
  make_products (data);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_products_made, data, unref_reading);
  g_source_attach (source, NULL);
  g_source_unref (source);
  return NULL;
}

static void
clear_file (gpointer file)
{
  g_free ((char *) ((QueenReloadFile *) file)->path);
}

/* Returns: (transfer full): with paths of its own */
static GArray *
copy_files (const QueenReloadFile *files, guint n_files)
{
  GArray *copies = g_array_new (FALSE, FALSE, sizeof *files);

  g_array_set_clear_func (copies, clear_file);
  for (guint i = 0; i < n_files; i++)
    if (files[i].path)
      {
        QueenReloadFile copy = files[i];

        copy.path = g_strdup (files[i].path);
        g_array_append_val (copies, copy);
      }
  return copies;
}

/* Returns: (transfer full): of which nothing is made yet */
static GArray *
make_room_for_products (const GArray *parts)
{
  GArray *products = g_array_sized_new (FALSE, TRUE, sizeof (Product), parts->len);

  g_array_set_clear_func (products, clear_product);
  g_array_set_size (products, parts->len);
  for (guint i = 0; i < parts->len; i++)
    g_array_index (products, Product, i).part = g_array_index (parts, QueenReloadPart, i);
  return products;
}

/* Returns: (transfer full) */
static Reading *
make_reading (QueenReload *self)
{
  Reading *reading = g_atomic_rc_box_new0 (Reading);

  g_mutex_init (&reading->lock);
  reading->reload = self;
  reading->clock = self->clock;
  reading->files = g_array_ref (self->files);
  reading->texts = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free,
                                          (GDestroyNotify) queen_file_ahead_free);
  reading->products = make_room_for_products (self->parts);
  return reading;
}

static void
begin_reading (gpointer data)
{
  QueenReload *self = data;
  GThread *thread;

  self->is_wanted = FALSE;
  self->reading = make_reading (self);
  thread = g_thread_try_new ("reload", read_in_reload_thread,
                             g_atomic_rc_box_acquire (self->reading), NULL);
  if (thread)
    {
      g_thread_unref (thread);
      queen_alarm_set (self->hung_alarm, self->clock->get_monotonic () + PATIENCE);
      return;
    }
  /* Whoever took rights away does not want to wait until there is a thread. */
  unref_reading (self->reading);
  read_files (self->reading, 1);
  make_products (self->reading);
  on_products_made (self->reading);
}

static void
on_hung (gpointer data)
{
  g_warning ("nothing is read again yet: a disk does not answer");
}

QueenReload *
queen_reload_new (const QueenClock *clock, const QueenReloadFile *files, guint n_files)
{
  QueenReload *self = g_new0 (QueenReload, 1);

  self->files = copy_files (files, n_files);
  self->parts = g_array_new (FALSE, FALSE, sizeof (QueenReloadPart));
  self->clock = clock;
  self->begin_alarm = queen_alarm_new (clock, "reload", G_PRIORITY_DEFAULT, begin_reading, self);
  self->hung_alarm = queen_alarm_new (clock, "hung reload", G_PRIORITY_DEFAULT, on_hung, self);
  return self;
}

void
queen_reload_add_part (QueenReload *self, const QueenReloadPart *part)
{
  g_array_append_val (self->parts, *part);
}

gboolean
queen_reload_has_parts (const QueenReload *self)
{
  return self->parts->len > 0;
}

void
queen_reload_ask (QueenReload *self)
{
  if (self->is_wanted)
    return;
  self->is_wanted = TRUE;
  if (!self->reading)
    queen_alarm_set (self->begin_alarm, self->not_before);
}

void
queen_reload_free (QueenReload *self)
{
  if (self->reading)
    {
      g_mutex_lock (&self->reading->lock);
      self->reading->reload = NULL;
      g_mutex_unlock (&self->reading->lock);
      unref_reading (self->reading);
    }
  queen_alarm_free (self->begin_alarm);
  queen_alarm_free (self->hung_alarm);
  g_array_unref (self->files);
  g_array_unref (self->parts);
  g_free (self);
}
