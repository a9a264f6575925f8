/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <errno.h>
#include <ftw.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

/* A directory that stands for the root of a machine, with /proc and /sys as the test wants them. */

static inline char *
tree_new (void)
{
  g_autoptr (GError) error = NULL;
  char *tree = g_dir_make_tmp ("queen-machine-XXXXXX", &error);

  g_assert_no_error (error);
  return tree;
}

static inline char *
tree_path (const char *tree, const char *name)
{
  g_autofree char *path = g_build_filename (tree, name, NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  g_assert_no_errno (g_mkdir_with_parents (directory, 0700));
  return g_steal_pointer (&path);
}

static inline void
tree_write (const char *tree, const char *name, const char *text)
{
  g_autofree char *path = tree_path (tree, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static inline void
tree_link (const char *tree, const char *name, const char *target)
{
  g_autofree char *path = tree_path (tree, name);

  unlink (path);
  g_assert_no_errno (symlink (target, path));
}

/* A program of a shell's. Returns: its path */
static inline char *
tree_script (const char *tree, const char *name, const char *body)
{
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", body, NULL);
  char *path = tree_path (tree, name);

  tree_write (tree, name, text);
  g_assert_no_errno (g_chmod (path, 0700));
  return path;
}

/* A regular file that answers with an error when it is read, as drivers' files do. */
static inline void
tree_break (const char *tree, const char *name)
{
  tree_link (tree, name, "/proc/self/mem");
}

static inline void
tree_remove (const char *tree, const char *name)
{
  g_autofree char *path = tree_path (tree, name);

  g_assert_no_errno (unlink (path));
}

static int
remove_entry (const char *path, const struct stat *info, int kind, struct FTW *at)
{
  return remove (path);
}

static inline void
tree_free (char *tree)
{
  g_assert_no_errno (nftw (tree, remove_entry, 16, FTW_DEPTH | FTW_PHYS));
  g_free (tree);
}
