/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The libFuzzer target of one kind of document, FUZZ_KIND. */
#include "fuzz-conf.h"

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  fuzz_conf (vireo_doc_kind_find (FUZZ_KIND), (const char *) data, size);
  return 0;
}
