/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-process.h"

#include <string.h>

/* Of the fields of proc(5)'s stat, which that page counts from 1. */
#define FIRST_FIELD_BEHIND_NAME 3
#define FIELD_STARTTIME 22

/**
 * vireo_process_get_start_time:
 * @pid: number of a process
 * @ret_time: (out): when it began, in clock ticks since boot
 *
 * Numbers of processes are used again; a number with this time is not. To hold on to the process
 * that was looked at, open a pidfd before: what is read then is of the process that the pidfd
 * stands for, or of another with another time.
 *
 * Returns: whether there is such a process; one that has ended and was not reaped is there
 * Since: 0.1
 */
gboolean
vireo_process_get_start_time (pid_t pid, guint64 *ret_time)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;
  const char *rest;

  if (pid <= 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  /* The second field is the program's name in brackets, which may hold anything. */
  rest = strrchr (text, ')');
  if (rest == NULL || rest[1] != ' ')
    return FALSE;
  fields = g_strsplit (rest + 2, " ", 0);
  return g_strv_length (fields) > FIELD_STARTTIME - FIRST_FIELD_BEHIND_NAME
         && g_ascii_string_to_unsigned (fields[FIELD_STARTTIME - FIRST_FIELD_BEHIND_NAME], 10, 0,
                                        G_MAXUINT64, ret_time, NULL);
}
