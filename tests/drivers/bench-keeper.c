/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long it takes to define many domains, each on disk before it is acknowledged, and to read
 * them at start. The number of domains is the argument; 10,000 without one. */

#include <stdlib.h>
#include <time.h>

#include "keeper-fixture.h"

#define CALLERS 16

typedef struct
{
  KeeperFixture fixture;
  guint begun;
  guint done;
  guint total;
} Bench;

static void define_next (Bench *bench);

static void
defined (GObject *source, GAsyncResult *result, gpointer data)
{
  Bench *bench = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoObj) obj = g_task_propagate_pointer (G_TASK (result), &error);

  g_assert_no_error (error);
  bench->done++;
  define_next (bench);
}

static void
define_next (Bench *bench)
{
  g_autofree char *name = g_strdup_printf ("domain-%u", bench->begun);
  g_autofree char *xml
      = domain_xml (name, NULL,
                    "<vcpu>2</vcpu><devices>"
                    "<disk type='file' device='disk'><source file='/var/lib/images/a.qcow2'/>"
                    "<target dev='vda' bus='virtio'/></disk>"
                    "<interface type='network'><mac address='52:54:00:11:22:33'/>"
                    "<source network='default'/><model type='virtio'/></interface>"
                    "<serial type='pty'/><console type='pty'/>"
                    "<graphics type='vnc' port='-1'/></devices>");
  g_autoptr (VireoDomainDef) def = NULL;

  if (bench->begun == bench->total)
    return;
  bench->begun++;
  def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, NULL);
  bench->fixture.iface->define (bench->fixture.driver, def, 1000,
                                g_task_new (NULL, NULL, defined, bench));
}

static double
seconds_since (gint64 begun)
{
  return (double) (g_get_monotonic_time () - begun) / G_USEC_PER_SEC;
}

int
main (int argc, char **argv)
{
  Bench bench = { .total = argc > 1 ? (guint) atoi (argv[1]) : 10000 };
  gint64 begun;
  clock_t cpu;
  double took;

  keeper_setup (&bench.fixture, NULL);
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < CALLERS; i++)
    define_next (&bench);
  while (bench.done < bench.total)
    g_main_context_iteration (NULL, TRUE);
  took = seconds_since (begun);
  g_print ("define: %u in %.2f s, %.0f a second, %u at once\n", bench.total, took,
           bench.total / took, CALLERS);

  begun = g_get_monotonic_time ();
  cpu = clock ();
  keeper_restart (&bench.fixture);
  took = seconds_since (begun);
  g_print ("load: %u in %.2f s, %.2f s of processor time\n",
           vireo_obj_list_get_size (bench.fixture.list), took,
           (double) (clock () - cpu) / CLOCKS_PER_SEC);
  g_assert_cmpuint (vireo_obj_list_get_size (bench.fixture.list), ==, bench.total);

  begun = g_get_monotonic_time ();
  call_reload (bench.fixture.driver, NULL);
  g_print ("reload with nothing new: %.2f s\n", seconds_since (begun));
  keeper_teardown (&bench.fixture, NULL);
  return 0;
}
