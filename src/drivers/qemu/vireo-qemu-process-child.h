/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-process.h"

G_BEGIN_DECLS

/* What a child says on its error pipe when it cannot become the program. */
typedef struct
{
  guint32 stage;
  int saved_errno;
} VireoQemuChildFailure;

/* All that the child needs, made before fork() because it may not allocate. */
typedef struct
{
  const VireoQemuSpawn *spawn;
  int null_fd;
  int go_fd;    /* a byte lets it go on, the end of file ends it */
  int error_fd; /* closed by exec, or has a VireoQemuChildFailure */
  int *keep;    /* sorted */
  gsize n_keep;
} VireoQemuChild;

G_NORETURN void vireo_qemu_child_run (const VireoQemuChild *child);

const char *vireo_qemu_child_stage_text (guint32 stage);

G_END_DECLS
