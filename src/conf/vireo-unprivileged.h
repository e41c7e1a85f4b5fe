/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/**
 * vireo_domain_def_check_unprivileged:
 * @def: a definition as it was written
 * @problems: (element-type VireoProblem): gets all that is wrong
 *
 * Tells what in a definition gives its guest more of the host than a user who may have guests has:
 * a host device, a device or command line that is handed to the emulator as it is, a socket or file
 * of the host that somebody else opens, a place in the host's resources. What is not known to be
 * harmless is told, so that what is added to the format is refused until somebody has thought about
 * it. Images, kernels and firmware are harmless here: they are opened with the owner's rights.
 *
 * Since: 0.1
 */
void vireo_domain_def_check_unprivileged (const VireoDomainDef *def, GPtrArray *problems);

G_END_DECLS
