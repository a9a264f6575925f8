/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-keys.h"

#include <string.h>

#include "queen-error.h"
#include "text/queen-hash.h"

#define MAX_LENGTH 255 /* bytes */

typedef struct
{
  QueenJob *job;
  guint64 fingerprint;
} Entry;

struct _QueenJobKeys
{
  GHashTable *entries; /* submitter and key -> Entry */
  guint8 secret[QUEEN_HASH_KEY_SIZE];
};

QueenJobKeys *
queen_job_keys_new (void)
{
  QueenJobKeys *self = g_new0 (QueenJobKeys, 1);

  for (guint i = 0; i < sizeof self->secret; i++)
    self->secret[i] = (guint8) g_random_int ();
  self->entries = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  return self;
}

void
queen_job_keys_free (QueenJobKeys *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

/* Neither has a line break: the one is a name, the other a header's value. */
static char *
dup_name (const char *submitter, const char *key)
{
  return g_strconcat (submitter, "\n", key, NULL);
}

/* A sum, as the body itself is not kept for that. It is for accidents: who wants two bodies to have
 * the same one would have to know the secret, and would get an answer of its own. (SHA-256 of 8 MiB
 * would take the main loop 30 ms.) */
static guint64
make_fingerprint (QueenJobKeys *self, const QueenJobRequest *request)
{
  const char *const texts[] = { request->operation, request->path, request->model,
                                request->hive_id };
  guint64 sums[G_N_ELEMENTS (texts) + 1];
  gsize size = 0;
  gconstpointer bytes = request->body ? g_bytes_get_data (request->body, &size) : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    sums[i] = queen_hash_with_key (self->secret, texts[i], texts[i] ? strlen (texts[i]) : 0);
  sums[G_N_ELEMENTS (texts)] = queen_hash_with_key (self->secret, bytes, size);
  return queen_hash_with_key (self->secret, sums, sizeof sums);
}

static gboolean
check_key (const char *key, GError **error)
{
  if (*key != '\0' && strlen (key) <= MAX_LENGTH)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
               "an Idempotency-Key has 1 to %d characters", MAX_LENGTH);
  return FALSE;
}

/* Who comes again because something went wrong is to get something else. */
static gboolean
is_binding (QueenJob *job)
{
  QueenJobState state = queen_job_get_state (job);

  return state == QUEEN_JOB_DONE || queen_job_state_is_open (state);
}

QueenJob *
queen_job_keys_find (QueenJobKeys *self,
                     const QueenJobRequest *request,
                     guint64 *fingerprint,
                     GError **error)
{
  g_autofree char *name = dup_name (request->submitter, request->idempotency_key);
  const Entry *entry = g_hash_table_lookup (self->entries, name);

  if (!check_key (request->idempotency_key, error))
    return NULL;
  *fingerprint = make_fingerprint (self, request);
  if (entry && !is_binding (entry->job))
    entry = NULL;
  if (!entry || entry->fingerprint == *fingerprint)
    return entry ? entry->job : NULL;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE,
                       "this Idempotency-Key was used for something else");
  return NULL;
}

void
queen_job_keys_add (QueenJobKeys *self, QueenJob *job, const char *key, guint64 fingerprint)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->job = job;
  entry->fingerprint = fingerprint;
  g_hash_table_insert (self->entries, dup_name (queen_job_get_submitter (job), key), entry);
}

void
queen_job_keys_remove (QueenJobKeys *self, QueenJob *job, const char *key)
{
  g_autofree char *name = dup_name (queen_job_get_submitter (job), key);
  const Entry *entry = g_hash_table_lookup (self->entries, name);

  if (entry && entry->job == job)
    g_hash_table_remove (self->entries, name);
}
