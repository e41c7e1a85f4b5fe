/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Handlers of the long operations on domains, for the tables in service-domain.c and
 * service-connection.c. */

/* ---- service-domain-start.c ---- */

void vireo_domain_start (VireoCall *call);
void vireo_domain_start_with_files (VireoCall *call);
void vireo_connection_create_domain (VireoCall *call);
void vireo_connection_create_domain_with_files (VireoCall *call);

/* ---- service-domain-save.c ---- */

/* Of what takes a path, or a definition that is not checked as others are. */
void vireo_domain_prepare_path (VireoCall *call);
void vireo_domain_save (VireoCall *call);
void vireo_domain_managed_save (VireoCall *call);
void vireo_domain_get_managed_save_xml (VireoCall *call);
void vireo_domain_set_managed_save_xml (VireoCall *call);
void vireo_domain_core_dump (VireoCall *call);
void vireo_domain_get_job_stats (VireoCall *call);
void vireo_domain_abort_job (VireoCall *call);

/* What is in a file is known when it was read: polkit is asked about the domain in it. */
void vireo_connection_prepare_restore (VireoCall *call);
void vireo_connection_restore_domain (VireoCall *call);
void vireo_connection_prepare_save_image (VireoCall *call);
void vireo_connection_get_save_image_xml (VireoCall *call);
void vireo_connection_set_save_image_xml (VireoCall *call);

/* ---- service-domain-block.c ---- */

/* Pull and commit. */
void vireo_domain_block_begin (VireoCall *call);
void vireo_domain_prepare_block_copy (VireoCall *call);
void vireo_domain_block_copy (VireoCall *call);
void vireo_domain_get_block_job_info (VireoCall *call);
void vireo_domain_set_block_job_speed (VireoCall *call);
void vireo_domain_abort_block_job (VireoCall *call);

/* ---- service-domain-backup.c ---- */

void vireo_domain_prepare_backup (VireoCall *call);
void vireo_domain_begin_backup (VireoCall *call);
void vireo_domain_get_backup_xml (VireoCall *call);

/* ---- service-domain-migrate.c ---- */

void vireo_domain_prepare_migrate (VireoCall *call);
void vireo_domain_migrate (VireoCall *call);
void vireo_domain_get_migration_parameters (VireoCall *call);
void vireo_domain_set_migration_parameters (VireoCall *call);

G_END_DECLS
