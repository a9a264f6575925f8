/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-shared-text.h"

#include <string.h>

#include "queen-hash.h"

typedef struct
{
  gsize n; /* how many have it */
  char bytes[];
} Shared;

static GHashTable *texts; /* its bytes -> Shared; NULL when there is none */

const char *
queen_shared_text_ref (const char *text)
{
  Shared *shared;

  if (!texts)
    texts = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, g_free);
  shared = g_hash_table_lookup (texts, text);
  if (!shared)
    {
      gsize size = strlen (text) + 1;

      shared = g_malloc (sizeof *shared + size);
      shared->n = 0;
      memcpy (shared->bytes, text, size);
      g_hash_table_insert (texts, shared->bytes, shared);
    }
  shared->n++;
  return shared->bytes;
}

void
queen_shared_text_unref (const char *text)
{
  Shared *shared = g_hash_table_lookup (texts, text);

  if (--shared->n > 0)
    return;
  g_hash_table_remove (texts, text);
  if (g_hash_table_size (texts) == 0)
    g_clear_pointer (&texts, g_hash_table_unref);
}
