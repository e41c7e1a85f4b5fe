/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domain.h"

G_BEGIN_DECLS

/* Background jobs of QEMU. QEMU does them without us, so each is known by a name that no other
 * daemon gives, and is kept by QEMU when it has ended until it is told to forget it: to be done
 * when what follows the job is on disk. Who writes the name down with vireo_job_set_resume_async()
 * before the job begins finds it again, whatever happened to the daemon. */

/* (transfer full) */
char *vireo_qemu_job_new_id (void);

/* Begins a job with @command, whose argument `job-id` is added, and waits for its end, however long
 * that takes and however often the monitor is lost meanwhile. @arguments: (transfer full). @job:
 * (nullable): has the progress; when it is cancelled, so is that of QEMU. Errors: Hypervisor with
 * what QEMU said, Cancelled, HypervisorDied when the guest ended. */
void vireo_qemu_job_run_async (VireoQemuDomain *domain,
                               const char *id,
                               const char *command,
                               JsonObject *arguments,
                               VireoJob *job,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

/* The same for one that another daemon may have begun. NotFound when QEMU knows of no such job: it
 * has not begun, or was forgotten. */
void vireo_qemu_job_follow_async (VireoQemuDomain *domain,
                                  const char *id,
                                  VireoJob *job,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);

gboolean vireo_qemu_job_finish (GAsyncResult *result, GError **error);

/* Has QEMU forget a job that has ended. Nobody waits for it. @id: (nullable) */
void vireo_qemu_job_forget (VireoQemuDomain *domain, const char *id);

G_END_DECLS
