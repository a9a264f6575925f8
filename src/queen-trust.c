/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-trust.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "queen-file.h"
#include "queen-tls-calls.h"

#define QUEEN_TYPE_TRUST (queen_trust_get_type ())
G_DECLARE_FINAL_TYPE (QueenTrust, queen_trust, QUEEN, TRUST, GTlsDatabase)

struct _QueenTrust
{
  GTlsDatabase parent_instance;
  GTlsDatabase *known;
};

G_DEFINE_TYPE (QueenTrust, queen_trust, G_TYPE_TLS_DATABASE)

static GTlsCertificateFlags
queen_trust_verify_chain (GTlsDatabase *database,
                          GTlsCertificate *chain,
                          const char *purpose,
                          GSocketConnectable *identity,
                          GTlsInteraction *interaction,
                          GTlsDatabaseVerifyFlags flags,
                          GCancellable *cancellable,
                          GError **error)
{
  return g_tls_database_verify_chain (QUEEN_TRUST (database)->known, chain, purpose, identity,
                                      interaction, flags, cancellable, error);
}

static void
queen_trust_finalize (GObject *object)
{
  g_object_unref (QUEEN_TRUST (object)->known);
  G_OBJECT_CLASS (queen_trust_parent_class)->finalize (object);
}

static void
queen_trust_class_init (QueenTrustClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_trust_finalize;
  G_TLS_DATABASE_CLASS (klass)->verify_chain = queen_trust_verify_chain;
}

static void
queen_trust_init (QueenTrust *self)
{
}

/* @known: (transfer full) */
static GTlsDatabase *
wrap_database (GTlsDatabase *known)
{
  QueenTrust *self = g_object_new (QUEEN_TYPE_TRUST, NULL);

  self->known = known;
  return G_TLS_DATABASE (self);
}

GTlsDatabase *
queen_trust_new (const char *file, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (file, NULL); /* GIO wants a whole one */
  GTlsDatabase *known;

  queen_tls_calls_prepare ();
  known = G_TLS_DATABASE (g_tls_file_database_new (path, error));
  return known ? wrap_database (known) : NULL;
}

GTlsDatabase *
queen_trust_new_from_pem (const char *pem, gsize length, GError **error)
{
  const GString text = { .str = (char *) pem, .len = length };
  int fd = memfd_create ("trusted", MFD_CLOEXEC);
  GTlsDatabase *self = NULL;
  char path[32];

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if (fd >= 0 && queen_file_write (fd, &text))
    self = queen_trust_new (path, error);
  else
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return self;
}

void
queen_trust_share_system (void)
{
  static gsize is_shared;

  if (g_once_init_enter (&is_shared))
    {
      GTlsBackend *backend;
      GTlsDatabase *known;

      queen_tls_calls_prepare ();
      backend = g_tls_backend_get_default ();
      known = g_tls_backend_get_default_database (backend);
      if (known)
        {
          g_autoptr (GTlsDatabase) shared = wrap_database (known);

          g_tls_backend_set_default_database (backend, shared);
        }
      g_once_init_leave (&is_shared, 1);
    }
}
