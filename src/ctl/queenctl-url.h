/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: whether a queen may be at @uri */
gboolean queenctl_url_is_good (GUri *uri);

/** Returns: whether @uri is on this machine */
gboolean queenctl_url_is_local (GUri *uri);

/** Returns: (transfer full): @uri by @scheme at the same port, without a slash at its end */
char *queenctl_url_dup (GUri *uri, const char *scheme);

G_END_DECLS
