/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-secret-file.h"

#include <string.h>

#include "queen-file.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

gboolean
queen_secret_file_read (QueenSecretFile *self, const char *path, GError **error)
{
  self->bytes = self->text = queen_file_read (path, QUEEN_FILE_USUAL_MAX, &self->length, error);
  if (!self->bytes)
    return FALSE;
  for (gsize i = 0; i < self->length; i++)
    if (self->bytes[i] == '\0')
      self->bytes[i] = ' ';
  if (g_str_has_prefix (self->text, BYTE_ORDER_MARK))
    self->text += strlen (BYTE_ORDER_MARK);
  return TRUE;
}

void
queen_secret_file_clear (QueenSecretFile *self)
{
  if (self->bytes)
    explicit_bzero (self->bytes, self->length);
  g_clear_pointer (&self->bytes, g_free);
  self->text = NULL;
}
