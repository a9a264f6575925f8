/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-answer-status.h"

#define LAST 511 /* RFC 6585 § 6: nothing above it is registered */

gboolean
queen_answer_status_is_for_asker (guint status)
{
  static const guint own[] = { 401, 407, 408, 411, 417, 421, 426, 431 };

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (status == own[i])
      return FALSE;
  return (status >= 200 && status <= 203) || (status >= 400 && status <= LAST);
}

/* That there is nothing at a path that was not theirs to choose is no fault of who asks. */
QueenError
queen_answer_status_get_error (guint status)
{
  gboolean is_about_question = status >= 400 && status < 500 && status != 404 && status != 405 &&
                               queen_answer_status_is_for_asker (status);

  return is_about_question ? QUEEN_ERROR_UNPROCESSABLE : QUEEN_ERROR_BAD_GATEWAY;
}
