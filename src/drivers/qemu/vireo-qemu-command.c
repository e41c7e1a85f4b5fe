/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-command.h"

#include <string.h>

#include "util/vireo-alone.h"
#include "vireo-qemu-build.h"

VireoQemuQmpStep *
vireo_qemu_qmp_step_new (const char *command, JsonObject *arguments, int fd)
{
  VireoQemuQmpStep *step = g_new0 (VireoQemuQmpStep, 1);

  step->command = g_strdup (command);
  step->arguments = arguments;
  step->fd = fd;
  return step;
}

static void
step_free (VireoQemuQmpStep *step)
{
  g_free (step->command);
  g_clear_pointer (&step->arguments, json_object_unref);
  vireo_alone_close (&step->fd);
  g_free (step);
}

GPtrArray *
vireo_qemu_qmp_steps_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
}

static void
build_clear (VireoQemuBuild *build)
{
  g_clear_pointer (&build->argv, g_ptr_array_unref);
  g_clear_pointer (&build->envp, g_ptr_array_unref);
  g_clear_pointer (&build->steps, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VireoQemuBuild, build_clear)

/* What is true of every guest. QEMU reads no files of its own for it, makes no devices by itself,
 * and may start no programs. */
static gboolean
build_head (VireoQemuBuild *build, GError **error)
{
  g_autoptr (GString) name = g_string_new (NULL);

  vireo_qemu_opt_add (name, "guest", build->def->name);
  vireo_qemu_opt_add (name, "debug-threads", "on");
  g_ptr_array_add (build->argv, g_strdup (vireo_qemu_caps_get_path (build->caps)));
  vireo_qemu_build_arg (build, "-name", name->str);
  vireo_qemu_build_arg (build, "-S", NULL);
  vireo_qemu_build_arg (build, "-nodefaults", NULL);
  vireo_qemu_build_arg (build, "-no-user-config", NULL);
  return TRUE;
}

static gboolean
build_monitor (VireoQemuBuild *build, GError **error)
{
  g_autoptr (GString) chardev = g_string_new ("socket");

  vireo_qemu_opt_add (chardev, "id", "charmonitor");
  if (vireo_qemu_build_is_by_name (build))
    {
      g_autofree char *path = g_build_filename (build->resources->runtime_dir, "monitor", NULL);

      vireo_qemu_opt_add (chardev, "path", path);
    }
  else
    vireo_qemu_opt_add_uint (chardev, "fd", (guint64) build->resources->monitor_fd);
  vireo_qemu_opt_add (chardev, "server", "on");
  vireo_qemu_opt_add (chardev, "wait", "off");
  vireo_qemu_build_arg (build, "-uuid", build->def->uuid);
  vireo_qemu_build_arg (build, "-chardev", chardev->str);
  vireo_qemu_build_arg (build, "-mon", "chardev=charmonitor,id=monitor,mode=control");
  return TRUE;
}

static gboolean
build_tail (VireoQemuBuild *build, GError **error)
{
  if (vireo_qemu_caps_has_option (build->caps, "sandbox", NULL))
    vireo_qemu_build_arg (
        build, "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  vireo_qemu_build_arg (build, "-msg", "timestamp=on");
  return TRUE;
}

/* <qemu:commandline> is whatever its writer wants it to be: those who may write it can do all that
 * the guest's user can. */
static gboolean
build_passthrough (VireoQemuBuild *build, GError **error)
{
  const VireoQemuCommandlineDef *passthrough = build->def->qemu_commandline;

  if (passthrough == NULL)
    return TRUE;
  if ((build->flags & VIREO_QEMU_COMMAND_PASSTHROUGH) == 0)
    return vireo_qemu_unsupported (error, "<qemu:commandline> is not allowed here");
  for (guint i = 0; i < passthrough->n_args; i++)
    g_ptr_array_add (build->argv, g_strdup (passthrough->args[i]->value));
  for (guint i = 0; i < passthrough->n_envs; i++)
    {
      const VireoQemuEnvDef *env = passthrough->envs[i];

      if (*env->name == '\0' || strchr (env->name, '=') != NULL)
        return vireo_qemu_unsupported (
            error, "<qemu:env name='%s'>: not the name of an environment variable", env->name);
      g_ptr_array_add (build->envp, g_strdup_printf ("%s=%s", env->name,
                                                     env->value != NULL ? env->value : ""));
    }
  return TRUE;
}

static gboolean (*const parts[]) (VireoQemuBuild *build, GError **error) = {
  build_head,
  vireo_qemu_build_firmware,
  vireo_qemu_build_audio,
  vireo_qemu_build_machine,
  vireo_qemu_build_cpu,
  vireo_qemu_build_memory,
  vireo_qemu_build_smp,
  vireo_qemu_build_iothreads,
  build_monitor,
  vireo_qemu_build_smbios,
  vireo_qemu_build_clock,
  vireo_qemu_build_power,
  vireo_qemu_build_boot,
  vireo_qemu_build_controllers,
  vireo_qemu_build_disks,
  vireo_qemu_build_interfaces,
  vireo_qemu_build_chardevs,
  vireo_qemu_build_inputs,
  vireo_qemu_build_graphics,
  vireo_qemu_build_videos,
  vireo_qemu_build_sounds,
  vireo_qemu_build_small_devices,
  build_tail,
  build_passthrough,
};

static gboolean
check_input (const VireoQemuCommandInput *input, const VireoQemuMachine **ret_machine,
             GError **error)
{
  const VireoDomainDef *def = input->def;
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);

  vireo_qemu_validate (def, problems);
  if (problems->len > 0)
    {
      g_propagate_error (error,
                         vireo_problems_to_error (problems, VIREO_ERROR_CONFIG_UNSUPPORTED));
      return FALSE;
    }
  if (def->os == NULL || def->os->arch == NULL || def->os->machine == NULL || def->uuid == NULL)
    return vireo_qemu_unsupported (error, "The definition lacks its architecture, machine or UUID: "
                                          "it was not completed for an emulator");
  *ret_machine = vireo_qemu_caps_find_machine (input->caps, def->os->machine);
  if (*ret_machine == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE, "%s has no machine type '%s'",
                   vireo_qemu_caps_get_path (input->caps), def->os->machine);
      return FALSE;
    }
  return TRUE;
}

static void
init_environment (VireoQemuBuild *build)
{
  const char *home = build->resources->runtime_dir;

  g_ptr_array_add (build->envp,
                   g_strdup ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"));
  g_ptr_array_add (build->envp, g_strdup ("LC_ALL=C"));
  /* Libraries of QEMU's look for files of a user; the guest has none but its own folder. */
  if (home != NULL)
    {
      g_ptr_array_add (build->envp, g_strconcat ("HOME=", home, NULL));
      g_ptr_array_add (build->envp, g_strconcat ("XDG_CACHE_HOME=", home, "/.cache", NULL));
      g_ptr_array_add (build->envp, g_strconcat ("XDG_CONFIG_HOME=", home, "/.config", NULL));
      g_ptr_array_add (build->envp, g_strconcat ("XDG_DATA_HOME=", home, "/.local/share", NULL));
    }
}

/**
 * vireo_qemu_command_build:
 * @input: what it depends on
 * @error: ConfigUnsupported, or MissingResource for a machine type that is not there any more
 *
 * Returns: (transfer full): how to start the emulator
 * Since: 0.1
 */
VireoQemuCommand *
vireo_qemu_command_build (const VireoQemuCommandInput *input, GError **error)
{
  g_auto (VireoQemuBuild) build = { 0 };
  VireoQemuCommand *command;

  if (!check_input (input, &build.machine, error))
    return NULL;
  build.def = input->def;
  build.caps = input->caps;
  build.resources = input->resources;
  build.flags = input->flags;
  build.now = input->now;
  build.argv = g_ptr_array_new_with_free_func (g_free);
  build.envp = g_ptr_array_new_with_free_func (g_free);
  build.steps = vireo_qemu_qmp_steps_new ();
  init_environment (&build);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (!parts[i](&build, error))
      return NULL;

  command = g_new0 (VireoQemuCommand, 1);
  g_ptr_array_add (build.argv, NULL);
  g_ptr_array_add (build.envp, NULL);
  command->argv = (char **) g_ptr_array_free (g_steal_pointer (&build.argv), FALSE);
  command->envp = (char **) g_ptr_array_free (g_steal_pointer (&build.envp), FALSE);
  command->steps = g_steal_pointer (&build.steps);
  return command;
}

void
vireo_qemu_command_free (VireoQemuCommand *command)
{
  g_strfreev (command->argv);
  g_strfreev (command->envp);
  g_ptr_array_unref (command->steps);
  g_free (command);
}
