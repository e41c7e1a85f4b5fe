/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-device.h"
#include "conf/vireo-field.h"
#include "util/vireo-error.h"
#include "vireo-domain-edit.h"

G_BEGIN_DECLS

/* What the files of the edits share; for nobody else. */

/* Applies one kind of edit; some serve several, and look at the kind. */
typedef gboolean (*VireoDomainEditFunc) (const VireoDomainEdit *edit,
                                         VireoDomainDef *def,
                                         gboolean live,
                                         GError **error);

gboolean _vireo_edit_attach (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_detach (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_detach_alias (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_update (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_memory (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_max_memory (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_stats_period (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_vcpus (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_vcpu_state (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_pin_vcpu (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_pin_emulator (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_pin_iothread (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_iothread (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_parameters (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_metadata (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);
gboolean _vireo_edit_lifecycle (const VireoDomainEdit *, VireoDomainDef *, gboolean, GError **);

/* A boolean among the options, which are the last argument. */

/* A set of the host's processors, or of NUMA nodes, that is not empty. */
gboolean _vireo_edit_check_cpuset (const char *text, GError **error);

/* Says that @what cannot be changed while the guest runs. */
gboolean _vireo_edit_refuse_live (const char *what, GError **error);

VireoCputuneDef *_vireo_edit_ensure_cputune (VireoDomainDef *def);
void _vireo_edit_ensure_iothreads (VireoDomainDef *def);
VireoIothreadIdDef *_vireo_edit_find_iothread (const VireoDomainDef *def, guint id, guint *ret_at);

G_END_DECLS
