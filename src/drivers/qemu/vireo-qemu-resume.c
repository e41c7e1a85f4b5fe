/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts and stops in the middle of which another daemon ended: what became of them shows in the
 * guest, as soon as that has been found again. */

#include "vireo-qemu-resume.h"

typedef struct
{
  VireoQemuDomain *domain;
  VireoJob *job;
  gboolean wants_active;
  gulong on_reached;
  gulong on_ended;
} Judge;

/* It is known whether there is a guest. */
static void
end (Judge *judge, gboolean is_active)
{
  g_autoptr (GError) error = NULL;

  g_clear_signal_handler (&judge->on_reached, judge->domain);
  g_clear_signal_handler (&judge->on_ended, judge->domain);
  if (is_active != judge->wants_active)
    error = g_error_new (VIREO_ERROR, VIREO_ERROR_INTERRUPTED,
                         "the service ended in the middle of it, and the domain is %s",
                         is_active ? "active" : "not active");
  vireo_job_end (judge->job, error);
  g_object_unref (judge->job);
  g_object_unref (judge->domain);
  g_free (judge);
}

static void
on_ended (VireoQemuDomain *domain, Judge *judge)
{
  end (judge, FALSE);
}

/* One that is being killed is waited for. */
static void
on_reached (VireoQemuDomain *domain, Judge *judge)
{
  if (domain->status->phase == VIREO_QEMU_PHASE_RUNNING)
    end (judge, TRUE);
}

static void
judge_later (VireoObj *object, VireoJob *job, gboolean wants_active)
{
  Judge *judge = g_new0 (Judge, 1);

  judge->domain = g_object_ref (VIREO_QEMU_DOMAIN (object));
  judge->job = g_object_ref (job);
  judge->wants_active = wants_active;
  if (judge->domain->status == NULL)
    {
      end (judge, FALSE);
      return;
    }
  judge->on_reached = g_signal_connect (object, "reached", G_CALLBACK (on_reached), judge);
  judge->on_ended = g_signal_connect (object, "ended", G_CALLBACK (on_ended), judge);
  if (vireo_qemu_domain_check_monitor (judge->domain, NULL))
    on_reached (judge->domain, judge);
}

void
vireo_qemu_resume_start (VireoObj *object, VireoJob *job, GVariant *data)
{
  judge_later (object, job, TRUE);
}

void
vireo_qemu_resume_stop (VireoObj *object, VireoJob *job, GVariant *data)
{
  judge_later (object, job, FALSE);
}
