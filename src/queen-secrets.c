/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-secrets.h"

#include "queen-file.h"
#include "queen-trust.h"

QueenReload *
queen_secrets_new (const QueenConfig *config,
                   const QueenClock *clock,
                   void (*apply) (gpointer data),
                   gpointer data)
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

  return queen_reload_new (clock, files, G_N_ELEMENTS (files), apply, data);
}
