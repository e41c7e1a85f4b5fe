/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-capsxml.h"

#include "vireo-qemu-arch.h"
#include "vireo-qemu-capsxml-private.h"

typedef struct
{
  VireoQemuCapsCache *cache;
  GPtrArray *emulators;
  GPtrArray *caps;
  guint next;
} Work;

static void
work_free (Work *work)
{
  g_object_unref (work->cache);
  g_ptr_array_unref (work->emulators);
  g_ptr_array_unref (work->caps);
  g_free (work);
}

static void
append_machines (GString *xml, const VireoQemuCaps *caps)
{
  GPtrArray *machines = vireo_qemu_caps_get_machines (caps);

  for (guint i = 0; i < machines->len; i++)
    {
      const VireoQemuMachine *machine = machines->pdata[i];
      g_autofree char *line = g_markup_printf_escaped (
          machine->deprecated ? "      <machine maxCpus='%u' deprecated='yes'>%s</machine>\n"
                              : "      <machine maxCpus='%u'>%s</machine>\n",
          machine->cpu_max, machine->name);
      g_autofree char *alias = NULL;

      g_string_append (xml, line);
      if (machine->alias == NULL)
        continue;
      alias = g_markup_printf_escaped ("      <machine canonical='%s' maxCpus='%u'>%s</machine>\n",
                                       machine->name, machine->cpu_max, machine->alias);
      g_string_append (xml, alias);
    }
}

static void
append_features (GString *xml, const VireoQemuArch *arch)
{
  g_string_append (xml, "    <features>\n");
  if (vireo_qemu_arch_is_x86 (arch->name))
    g_string_append (xml, "      <acpi default='on' toggle='yes'/>\n"
                          "      <apic default='on' toggle='no'/>\n");
  else if (vireo_qemu_arch_is_arm (arch->name))
    g_string_append (xml, "      <acpi default='on' toggle='yes'/>\n");
  if (g_str_equal (arch->name, "i686"))
    g_string_append (xml, "      <pae/>\n      <nonpae/>\n");
  g_string_append (xml, "      <cpuselection/>\n      <deviceboot/>\n    </features>\n");
}

static void
append_guest (GString *xml, const VireoQemuArch *arch, const VireoQemuCaps *caps)
{
  g_autofree char *head = g_markup_printf_escaped (
      "  <guest>\n    <os_type>hvm</os_type>\n    <arch name='%s'>\n"
      "      <wordsize>%u</wordsize>\n      <emulator>%s</emulator>\n",
      arch->name, arch->wordsize, vireo_qemu_caps_get_path (caps));

  g_string_append (xml, head);
  append_machines (xml, caps);
  g_string_append (xml, "      <domain type='qemu'/>\n");
  if (vireo_qemu_caps_has_kvm (caps))
    g_string_append (xml, "      <domain type='kvm'/>\n");
  g_string_append (xml, "    </arch>\n");
  append_features (xml, arch);
  g_string_append (xml, "  </guest>\n");
}

static const VireoQemuCaps *
find_caps (const Work *work, const char *arch)
{
  for (guint i = 0; i < work->caps->len; i++)
    if (g_strcmp0 (vireo_qemu_caps_get_arch (work->caps->pdata[i]), arch) == 0)
      return work->caps->pdata[i];
  return NULL;
}

/* An architecture is run by its own emulator, or by one that can do it too. */
static void
append_guests (GString *xml, const Work *work)
{
  gsize n = 0;
  const VireoQemuArch *archs = vireo_qemu_archs (&n);

  for (gsize i = 0; i < n; i++)
    {
      const VireoQemuArch *main_arch = vireo_qemu_arch_find_target (archs[i].target);
      const VireoQemuCaps *caps = find_caps (work, main_arch->name);

      if (caps == NULL && archs[i].runs_on != NULL)
        caps = find_caps (work, archs[i].runs_on);
      if (caps != NULL)
        append_guest (xml, &archs[i], caps);
    }
}

static void
write_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GString *xml = g_string_new ("<capabilities>\n");

  vireo_qemu_capsxml_append_host (xml, "", vireo_qemu_caps_cache_get_identity (work->cache));
  append_guests (xml, work);
  g_string_append (xml, "</capabilities>\n");
  g_task_return_pointer (task, g_string_free (xml, FALSE), g_free);
}

static void ask_next (GTask *task);

static void
asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Work *work = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  VireoQemuCaps *caps
      = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, &error);

  if (caps != NULL)
    g_ptr_array_add (work->caps, caps);
  else
    g_info ("%s", error->message);
  if (!g_task_return_error_if_cancelled (task))
    ask_next (task);
}

static void
ask_next (GTask *task)
{
  Work *work = g_task_get_task_data (task);

  if (work->next == work->emulators->len)
    {
      g_task_run_in_thread (task, write_thread);
      return;
    }
  vireo_qemu_caps_cache_get_async (work->cache, work->emulators->pdata[work->next++],
                                   g_task_get_cancellable (task), asked, g_object_ref (task));
}

/**
 * vireo_qemu_capabilities_async:
 * @cache: what is known of emulators
 * @cancellable: (nullable): ends it
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Writes the `capabilities` document. Emulators are asked one after the other, so that the host is
 * not busy with all of them at once.
 *
 * Since: 0.1
 */
void
vireo_qemu_capabilities_async (VireoQemuCapsCache *cache, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Work *work = g_new0 (Work, 1);

  g_task_set_source_tag (task, vireo_qemu_capabilities_async);
  work->cache = g_object_ref (cache);
  work->emulators = vireo_qemu_find_emulators ();
  work->caps = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_qemu_caps_unref);
  g_task_set_task_data (task, work, (GDestroyNotify) work_free);
  ask_next (task);
}

/**
 * vireo_qemu_capabilities_finish:
 * @result: what the callback got
 * @error: Cancelled
 *
 * Returns: (transfer full): the document
 * Since: 0.1
 */
char *
vireo_qemu_capabilities_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
