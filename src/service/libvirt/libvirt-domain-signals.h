/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-rows.h"

G_BEGIN_DECLS

/* Signals of domains, and of jobs, whose end is told by the domain that they work on. */
extern const VireoLibvirtSignal vireo_libvirt_domain_signals[];

G_END_DECLS
