/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* Undefining, with what belongs to a domain beside its definition; as the interface says. */
void vireo_qemu_undefine_fill (VireoDomainDriverInterface *iface);

G_END_DECLS
