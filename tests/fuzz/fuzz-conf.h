/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

/* Ends the process when something is wrong. */
void fuzz_conf (const VireoDocKind *kind, const char *text, gsize length);
