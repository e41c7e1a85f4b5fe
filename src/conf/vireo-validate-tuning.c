/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for <cputune>, <memtune> and <iothreads>. */
#include "vireo-cpuset.h"
#include "vireo-validate.h"

static gboolean
has_iothread (const VireoDomainDef *def, guint id)
{
  for (guint i = 0; i < def->n_iothreadids; i++)
    if (def->iothreadids[i]->id == id)
      return TRUE;
  /* Those without a number of their own get the lowest that are free. */
  return def->has_iothreads && def->iothreads > def->n_iothreadids && id > 0
         && id <= def->iothreads;
}

static void
check_iothread_set (const VireoDomainDef *def, guint i, GPtrArray *problems)
{
  const char *text = def->cputune->iothreadscheds[i]->iothreads;
  g_autofree VireoCpuset *set = vireo_cpuset_parse (text);

  for (guint id = 0; set != NULL && id <= vireo_cpuset_last (set); id++)
    if (vireo_cpuset_contains (set, id) && !has_iothread (def, id))
      {
        vireo_validate_add (problems, "no-such-iothread",
                            "/domain/cputune/iothreadsched[%u]/@iothreads there is no I/O thread "
                            "%u",
                            i + 1, id);
        return;
      }
}

static void
check_iothreads (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; def->cputune != NULL && i < def->cputune->n_iothreadpins; i++)
    if (!has_iothread (def, def->cputune->iothreadpins[i]->iothread))
      vireo_validate_add (problems, "no-such-iothread",
                          "/domain/cputune/iothreadpin[%u]/@iothread there is no I/O thread %u",
                          i + 1, def->cputune->iothreadpins[i]->iothread);
  for (guint i = 0; def->cputune != NULL && i < def->cputune->n_iothreadscheds; i++)
    check_iothread_set (def, i, problems);
  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->driver != NULL && def->disks[i]->driver->has_iothread
        && !has_iothread (def, def->disks[i]->driver->iothread))
      vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, def->disks[i], "driver/@iothread",
                                 "no-such-iothread", "there is no I/O thread %u",
                                 def->disks[i]->driver->iothread);
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->driver != NULL && def->controllers[i]->driver->has_iothread
        && !has_iothread (def, def->controllers[i]->driver->iothread))
      vireo_validate_add_device (problems, VIREO_DEVICE_CONTROLLER, i, def->controllers[i],
                                 "driver/@iothread", "no-such-iothread",
                                 "there is no I/O thread %u",
                                 def->controllers[i]->driver->iothread);
}

static void
check_schedulers (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autofree VireoCpuset *taken = g_new0 (VireoCpuset, 1);
  guint n_vcpus = def->has_vcpus ? def->vcpus : 1;

  for (guint i = 0; def->cputune != NULL && i < def->cputune->n_vcpuscheds; i++)
    {
      const VireoVcpuSchedDef *sched = def->cputune->vcpuscheds[i];
      g_autofree VireoCpuset *own = vireo_cpuset_parse (sched->vcpus);

      if (own != NULL && vireo_cpuset_intersects (own, taken))
        vireo_validate_add (problems, "overlapping-schedulers",
                            "/domain/cputune/vcpusched[%u]/@vcpus a processor of \"%s\" has a "
                            "scheduler already",
                            i + 1, sched->vcpus);
      if (own != NULL && !vireo_cpuset_is_empty (own) && vireo_cpuset_last (own) >= n_vcpus)
        vireo_validate_add (problems, "no-such-vcpu",
                            "/domain/cputune/vcpusched[%u]/@vcpus there is no processor %u", i + 1,
                            vireo_cpuset_last (own));
      if (own != NULL)
        vireo_cpuset_add (taken, own);
    }
}

/* --- resctrl: one group of processors has one allocation --- */

/* Groups may be the same or apart. */
static gboolean
groups_collide (const char *a, const char *b, gboolean same_is_fine)
{
  g_autofree VireoCpuset *first = vireo_cpuset_parse (a);
  g_autofree VireoCpuset *second = vireo_cpuset_parse (b);

  if (first == NULL || second == NULL || !vireo_cpuset_intersects (first, second))
    return FALSE;
  return !same_is_fine || !vireo_cpuset_equal (first, second);
}

static gboolean
same_cache (const VireoResctrlCacheDef *a, const VireoResctrlCacheDef *b)
{
  return a->id == b->id && a->level == b->level && a->type == b->type;
}

static void
check_caches (const VireoCachetuneDef *tune, guint number, GPtrArray *problems)
{
  g_autofree VireoCpuset *all = vireo_cpuset_parse (tune->vcpus);

  for (guint i = 0; i < tune->n_caches; i++)
    for (guint j = 0; j < i; j++)
      if (same_cache (tune->caches[i], tune->caches[j]))
        vireo_validate_add (problems, "duplicate-cache",
                            "/domain/cputune/cachetune[%u]/cache[%u] the same cache twice",
                            number, i + 1);
  for (guint i = 0; i < tune->n_monitors; i++)
    {
      g_autofree VireoCpuset *own = vireo_cpuset_parse (tune->monitors[i]->vcpus);

      if (own != NULL && all != NULL && !vireo_cpuset_is_subset (own, all))
        vireo_validate_add (problems, "bad-monitor",
                            "/domain/cputune/cachetune[%u]/monitor[%u]/@vcpus \"%s\" is not part "
                            "of \"%s\"",
                            number, i + 1, tune->monitors[i]->vcpus, tune->vcpus);
    }
}

/* Far more groups than any processor has; each is compared with each. */
#define MAX_GROUPS 256u

static gboolean
too_many_groups (const VireoCputuneDef *tune)
{
  for (guint i = 0; i < MIN (tune->n_cachetunes, MAX_GROUPS); i++)
    if (tune->cachetunes[i]->n_caches > MAX_GROUPS)
      return TRUE;
  return tune->n_cachetunes > MAX_GROUPS || tune->n_memorytunes > MAX_GROUPS;
}

static void
check_resctrl (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoCputuneDef *tune = def->cputune;

  if (tune != NULL && too_many_groups (tune))
    {
      vireo_validate_add (problems, "too-many-groups",
                          "/domain/cputune more than %u groups or caches", MAX_GROUPS);
      return;
    }
  for (guint i = 0; tune != NULL && i < tune->n_cachetunes; i++)
    {
      check_caches (tune->cachetunes[i], i + 1, problems);
      for (guint j = 0; j < i; j++)
        if (groups_collide (tune->cachetunes[i]->vcpus, tune->cachetunes[j]->vcpus, FALSE))
          vireo_validate_add (problems, "overlapping-groups",
                              "/domain/cputune/cachetune[%u]/@vcpus a processor of \"%s\" is in "
                              "another group",
                              i + 1, tune->cachetunes[i]->vcpus);
    }
  for (guint i = 0; tune != NULL && i < tune->n_memorytunes; i++)
    for (guint j = 0; j < tune->n_cachetunes; j++)
      if (groups_collide (tune->memorytunes[i]->vcpus, tune->cachetunes[j]->vcpus, TRUE))
        vireo_validate_add (problems, "overlapping-groups",
                            "/domain/cputune/memorytune[%u]/@vcpus \"%s\" overlaps with the group "
                            "\"%s\" without being it",
                            i + 1, tune->memorytunes[i]->vcpus, tune->cachetunes[j]->vcpus);
}

const VireoValidateRule vireo_validate_tuning_rules[] = {
  check_iothreads, check_schedulers, check_resctrl, NULL,
};
