/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_pci_names_lookup:
 * @root: what stands before `/usr/share`; may be empty
 * @id: vendor and device, such as `1002:744C`
 *
 * Looks the device up in the machine's list of PCI devices (`pci.ids`), as `lspci` does.
 *
 * Returns: (transfer full) (nullable): what it is called; %NULL when there is no list, or it is not
 *   in it
 */
char *queen_pci_names_lookup (const char *root, const char *id);

G_END_DECLS
