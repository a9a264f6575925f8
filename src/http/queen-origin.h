/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Names of hosts and origins of web pages, as people write them into the settings, brought to the
 * one form in which browsers send them: what is not written so would never be met.
 */

/**
 * queen_host_normalize:
 * @text: a host's name or address, perhaps with brackets, a port, or a dot at its end
 *
 * Returns: (transfer full) (nullable): it in lower case, in ASCII (RFC 5891), without all of these;
 *   %NULL when it is none
 */
char *queen_host_normalize (const char *text);

/**
 * queen_origin_normalize:
 * @text: such as `https://ui.example.org:8443`
 *
 * Returns: (transfer full) (nullable): it as RFC 6454 § 6.2 writes it: in lower case, in ASCII,
 *   without the port that its scheme has anyway; %NULL when it is none of http or https, or more
 */
char *queen_origin_normalize (const char *text);

G_END_DECLS
