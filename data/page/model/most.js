// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/** As many of each kind as a queen knows, unless she was told to know more. */
export const MOST = 65536;
