/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-exports.h"

G_BEGIN_DECLS

/* The methods of a domain, by topic; see #VireoService.more_methods. */
extern const VireoHandler vireo_domain_edit_methods[];

G_END_DECLS
