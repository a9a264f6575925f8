/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "model/queen-source.h"

G_BEGIN_DECLS

/**
 * QueenReach:
 *
 * Who may be called. A heartbeat says where its worker is to be called, and whoever may beat could
 * have the queen speak to anybody in her network; so she calls nobody who has not called her, but
 * where her settings say that there are workers.
 */
typedef struct _QueenReach QueenReach;

/**
 * queen_reach_new:
 * @networks: (nullable) (array zero-terminated=1): numeric addresses, and networks such as
 *   `10.0.0.0/8`, where workers and hives may be called
 * @error: %QUEEN_ERROR_SETTING for what is none of these
 *
 * Returns: (transfer full): who may be called, or %NULL
 */
QueenReach *queen_reach_new (const char *const *networks, GError **error);

/**
 * queen_reach_check:
 * @source: where the heartbeat came from of the one that is to be called
 * @address: where it is to be called
 * @error: %QUEEN_ERROR_FORBIDDEN that says why not
 *
 * This machine, that is loopback, link-local addresses and all that are the queen's own, is for
 * those whose heartbeat came from this machine, whatever @networks have; other addresses are for
 * whose heartbeat came from there, and for all where @networks have them. What is no address of one
 * machine is for nobody.
 */
gboolean queen_reach_check (const QueenReach *self,
                            const QueenSource *source,
                            GInetAddress *address,
                            GError **error);

/**
 * queen_reach_check_queen:
 * @scheme: of the address that another queen has told, `http` or `https`
 * @may_be_plain: whether somebody said that it need not be encrypted
 * @address: where she is to be called
 * @error: %QUEEN_ERROR_FORBIDDEN that says why not
 *
 * Answers do not leave this machine for all to read.
 */
gboolean queen_reach_check_queen (const char *scheme,
                                  gboolean may_be_plain,
                                  GInetAddress *address,
                                  GError **error);

/**
 * queen_reach_keep_own:
 *
 * Looks up which addresses are the queen's own now, and takes it from there until the next time.
 * Who does not call this looks them up in each check.
 */
void queen_reach_keep_own (QueenReach *self);

void queen_reach_free (QueenReach *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenReach, queen_reach_free)

G_END_DECLS
