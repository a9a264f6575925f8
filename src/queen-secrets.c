/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-secrets.h"

#include "queen-file.h"
#include "queen-trust.h"

/* What queens know each other by */

static gpointer
make_passes (gpointer access, GError **error)
{
  return queen_access_read_passes (access, error);
}

static void
take_passes (gpointer passes, const GError *error, gpointer access)
{
  if (!passes)
    {
      g_warning ("the token of the queens stays as it was: %s", error->message);
      return;
    }
  queen_access_take_passes (access, passes);
  g_message ("the token of the queens is read again");
}

static void
discard_passes (gpointer passes)
{
  queen_passes_free (passes);
}

/* What clients show */

static gpointer
make_tokens (gpointer access, GError **error)
{
  return queen_access_read_tokens (access, error);
}

static void
take_tokens (gpointer tokens, const GError *error, gpointer access)
{
  if (!tokens)
    {
      g_warning ("the tokens stay as they were: %s", error->message);
      return;
    }
  queen_access_take_tokens (access, tokens);
  g_message ("tokens read again: %s", queen_tokens_get_change (tokens));
}

static void
discard_tokens (gpointer tokens)
{
  queen_tokens_free (tokens);
}

/* What she shows to clients */

static gpointer
make_certificate (gpointer tls, GError **error)
{
  return queen_tls_read (tls, error);
}

static void
take_certificate (gpointer certificate, const GError *error, gpointer tls)
{
  if (certificate)
    g_message ("certificate and key read again: %s",
               queen_tls_take (tls, certificate) ? "they are new" : "unchanged");
  else
    g_warning ("the certificate and key stay as they were: %s", error->message);
}

static void
discard_certificate (gpointer certificate)
{
  queen_certificate_unref (certificate);
}

/* What she shows to workers */

static gpointer
make_worker_tokens (gpointer upstream, GError **error)
{
  return queen_upstream_read_tokens (upstream, error);
}

static void
take_worker_tokens (gpointer tokens, const GError *error, gpointer upstream)
{
  if (!tokens)
    {
      g_warning ("the tokens for workers stay as they were: %s", error->message);
      return;
    }
  g_message ("read the tokens for workers: %u", queen_worker_tokens_get_n (tokens));
  queen_upstream_take_tokens (upstream, tokens);
}

static void
discard_worker_tokens (gpointer tokens)
{
  queen_worker_tokens_unref (tokens);
}

/* What she shows to the engine, and it to her */

static gpointer
make_engine_keys (gpointer target, GError **error)
{
  return queen_redis_target_read (target, error);
}

static void
take_engine_keys (gpointer keys, const GError *error, gpointer target)
{
  if (keys)
    queen_redis_target_take (target, keys);
  else
    g_warning ("how to come to the engine stays as it was: %s", error->message);
}

static void
discard_engine_keys (gpointer keys)
{
  queen_redis_keys_free (keys);
}

QueenReload *
queen_secrets_new (const QueenConfig *config, const QueenClock *clock)
{
  const QueenReloadFile files[] = {
    { config->token_file, TRUE, QUEEN_FILE_USUAL_MAX },
    { config->queen_token_file, TRUE, QUEEN_FILE_USUAL_MAX },
    { config->worker_token_file, TRUE, QUEEN_FILE_USUAL_MAX },
    { config->tls_certificate, FALSE, QUEEN_FILE_USUAL_MAX },
    { config->tls_key, FALSE, QUEEN_FILE_USUAL_MAX },
    { config->engine_password_file, FALSE, QUEEN_FILE_USUAL_MAX },
    { config->engine_ca_file, FALSE, QUEEN_TRUST_MAX },
    { config->engine_certificate, FALSE, QUEEN_FILE_USUAL_MAX },
  };

  return queen_reload_new (clock, files, G_N_ELEMENTS (files));
}

void
queen_secrets_add_parts (QueenReload *reload,
                         QueenFront *front,
                         QueenUpstream *upstream,
                         QueenRedisTarget *target)
{
  QueenAccess *access = queen_front_get_access (front);
  QueenTls *tls = queen_front_get_tls (front);
  const QueenReloadPart parts[] = {
    { make_passes, take_passes, discard_passes, queen_access_has_passes (access) ? access : NULL },
    { make_tokens, take_tokens, discard_tokens, queen_access_has_tokens (access) ? access : NULL },
    { make_certificate, take_certificate, discard_certificate, tls },
    { make_worker_tokens, take_worker_tokens, discard_worker_tokens,
      queen_upstream_has_tokens (upstream) ? upstream : NULL },
    { make_engine_keys, take_engine_keys, discard_engine_keys, target },
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i].data)
      queen_reload_add_part (reload, &parts[i]);
}
