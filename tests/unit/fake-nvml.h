/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What a test may have our own libnvidia-ml.so.1 do. */
typedef enum
{
  FAKE_TWO_GPUS,
  FAKE_LONG_PROCESSES, /* as the first drivers of the series R535 wrote them */
  FAKE_NOT_SUPPORTED,  /* whatever is asked of a GPU */
  FAKE_NO_DRIVER,      /* the library is there, and nothing else */
  FAKE_ONE_IS_LOST,    /* it fell off the bus */
  FAKE_NO_HANDLE,      /* likewise, and there is not even a handle to be had */
  FAKE_ONE_IS_GONE,
  FAKE_COUNT_FAILS,
  FAKE_GARBAGE, /* texts without an end, numbers that cannot be */
  FAKE_HANGS_AT_INIT,
  FAKE_HANGS_AT_READ,
  FAKE_MANY, /* more than anybody can count */
} FakeNvmlMode;

/* Both are looked up in the library. Whoever hangs goes on once the mode is another one. */
typedef void (*FakeNvmlSet) (FakeNvmlMode mode);
typedef unsigned int (*FakeNvmlGetHanging) (void);
