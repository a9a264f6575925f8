// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/** What the queen makes of her table of members: names in JSON and for people. */
export const MEMBERS: [string, string][];
