/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs that another daemon had begun. What of their work goes on is taken up by the driver; of the
 * rest it is told how it ended, at the same path and to those who could see it before. */

#include "vireo-recovery.h"

#define ABOUT "a(sa{ss})"
/* An object, what it is in, and a connection. */
#define MAX_ABOUT 3

/* What the job works on, and is or was in; from the outside, for what is above counts, too.
 * (transfer full) (nullable) */
static VireoNode *
find_subject (VireoTree *tree, const VireoJobRecord *record)
{
  g_autoptr (VireoNode) node = NULL;
  gsize n = 0;

  if (record->about != NULL && g_variant_is_of_type (record->about, G_VARIANT_TYPE (ABOUT)))
    n = g_variant_n_children (record->about);
  if (n > MAX_ABOUT)
    return NULL;
  while (n-- > 0)
    {
      g_autoptr (GVariant) details = NULL;
      g_autoptr (VireoNode) above = g_steal_pointer (&node);
      const char *path;
      VireoNode *found;

      g_variant_get_child (record->about, n, "(&s@a{ss})", &path, &details);
      found = vireo_tree_find (tree, path);
      if (found != NULL && VIREO_IS_OBJ (found->object))
        node = vireo_node_ref (found);
      else
        node = vireo_tree_recall (tree, path, above, details);
      if (node == NULL)
        return NULL;
    }
  return g_steal_pointer (&node);
}

static void
on_completed (VireoJob *job, const GError *error, gpointer quotas)
{
  vireo_quotas_give_back (quotas, vireo_job_get_started_by_uid (job), VIREO_QUOTA_JOBS, 1);
}

static gboolean
take_up (VireoTree *tree, VireoQuotas *quotas, const VireoJobRecord *record, VireoNode *subject)
{
  g_autoptr (VireoJob) job = NULL;
  const char *kind = record->resume_kind != NULL ? record->resume_kind : record->operation;

  if (record->ended_at != 0 || subject->gone
      || !vireo_obj_can_resume (VIREO_OBJ (subject->object), kind))
    return FALSE;
  job = vireo_job_book_take_up (vireo_tree_get_job_book (tree), record,
                                VIREO_OBJ (subject->object));
  /* It is its user's, and nobody would be refused it who had it. */
  vireo_quotas_charge (quotas, record->uid, VIREO_QUOTA_JOBS, 1);
  g_signal_connect (job, "completed", G_CALLBACK (on_completed), quotas);
  g_message ("the job %" G_GUINT64_FORMAT " (%s) goes on", record->number, record->operation);
  vireo_job_resume (job, kind, record->resume_data);
  return TRUE;
}

static void
recover (VireoTree *tree, VireoQuotas *quotas, const VireoJobRecord *record)
{
  g_autoptr (VireoNode) subject = find_subject (tree, record);
  g_autoptr (VireoJob) job = NULL;

  if (subject == NULL)
    {
      g_warning ("nobody knows what the job %" G_GUINT64_FORMAT " (%s) worked on", record->number,
                 record->operation);
      vireo_job_book_drop (vireo_tree_get_job_book (tree), record);
      return;
    }
  if (take_up (tree, quotas, record, subject))
    return;
  job = vireo_job_book_show_end (vireo_tree_get_job_book (tree), record);
  if (record->ended_at == 0)
    g_message ("the job %" G_GUINT64_FORMAT " (%s) was interrupted", record->number,
               record->operation);
  vireo_tree_show_ended_job (tree, job, subject);
}

void
vireo_recover_jobs (VireoTree *tree, VireoQuotas *quotas, GPtrArray *records)
{
  for (guint i = 0; i < records->len; i++)
    recover (tree, quotas, records->pdata[i]);
}
