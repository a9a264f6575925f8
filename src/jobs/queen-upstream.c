/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-upstream.h"

struct _QueenUpstream
{
  char *token_file; /* NULL when there is none */
};

QueenUpstream *
queen_upstream_new (const QueenUpstreamSettings *settings, GError **error)
{
  QueenUpstream *self = g_new0 (QueenUpstream, 1);

  self->token_file = g_strdup (settings->token_file);
  return self;
}

void
queen_upstream_reload (QueenUpstream *self)
{
}

void
queen_upstream_free (QueenUpstream *self)
{
  g_free (self->token_file);
  g_free (self);
}
