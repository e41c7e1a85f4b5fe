/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-stdio.h"

#include <fcntl.h>

gboolean
vireo_stdio_settle (void)
{
  static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

  /* In this order the number that is free is the least, which is what open() gives. */
  for (int fd = 0; fd < (int) G_N_ELEMENTS (modes); fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", modes[fd]) != fd)
      return FALSE;
  return TRUE;
}
