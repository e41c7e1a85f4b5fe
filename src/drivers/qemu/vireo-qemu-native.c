/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-native.h"

#include "drivers/common/vireo-domain-aliases.h"
#include "vireo-qemu-domains.h"
#include "vireo-qemu-open.h"

/* From a definition to the text of a command line. Nothing that the definition names is opened: the
 * files of a guest that is started go to the emulator as descriptors, and those are of use to
 * nobody else. What is said over the monitor afterwards, such as passwords, is not in it. */

/* ---- the text ---- */

/* What a shell leaves as it is. */
#define PLAIN G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "@%+=:,./_-"

static void
add_word (GString *text, const char *word)
{
  g_autofree char *quoted = NULL;

  if (*word != '\0' && word[strspn (word, PLAIN)] == '\0')
    {
      g_string_append (text, word);
      return;
    }
  quoted = g_shell_quote (word);
  g_string_append (text, quoted);
}

static void
add_variable (GString *text, const char *variable)
{
  const char *value = strchr (variable, '=') + 1;

  g_string_append_len (text, variable, value - variable);
  if (*value != '\0')
    add_word (text, value);
}

char *
vireo_qemu_command_to_text (const VireoQemuCommand *command)
{
  GString *text = g_string_new (NULL);

  for (char *const *variable = command->envp; *variable != NULL; variable++)
    {
      add_variable (text, *variable);
      g_string_append (text, " \\\n");
    }
  for (char *const *word = command->argv; *word != NULL; word++)
    {
      if (word != command->argv)
        g_string_append (text, **word == '-' ? " \\\n" : " ");
      add_word (text, *word);
    }
  g_string_append_c (text, '\n');
  return g_string_free (text, FALSE);
}

/* ---- the conversion ---- */

typedef struct
{
  VireoQemuDomains *domains;
  VireoDomainDef *def;
  guint owner;
} Conversion;

static void
conversion_free (gpointer data)
{
  Conversion *self = data;

  g_clear_pointer (&self->def, vireo_domain_def_free);
  g_object_unref (self->domains);
  g_free (self);
}

static char *
convert (const Conversion *self, VireoQemuCaps *caps, GError **error)
{
  g_autofree char *runtime_dir
      = g_build_filename (self->domains->run_dir, self->def->name, NULL);
  g_autoptr (VireoQemuResources) resources = vireo_qemu_open_names (
      self->def, self->domains->storage, self->owner, runtime_dir, error);
  g_autoptr (VireoQemuCommand) command = NULL;
  const VireoQemuCommandInput input = { .def = self->def,
                                        .caps = caps,
                                        .resources = resources,
                                        .flags = VIREO_QEMU_COMMAND_BY_NAME,
                                        .now = g_get_real_time () / G_USEC_PER_SEC };

  if (resources == NULL)
    return NULL;
  vireo_domain_assign_aliases (self->def);
  command = vireo_qemu_command_build (&input, error);
  return command != NULL ? vireo_qemu_command_to_text (command) : NULL;
}

static void
on_caps (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (VireoQemuCaps) caps
      = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, &error);
  char *text = caps != NULL ? convert (g_task_get_task_data (task), caps, &error) : NULL;

  if (text != NULL)
    g_task_return_pointer (task, text, g_free);
  else
    g_task_return_error (task, error);
}

static void
on_completed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Conversion *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->def = vireo_keeper_complete_finish (VIREO_KEEPER (source), result, &error);
  if (self->def == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_qemu_caps_cache_get_async (self->domains->caps, self->def->emulator,
                                   g_task_get_cancellable (task), on_caps, task);
}

void
vireo_qemu_domain_xml_to_native (VireoConnectionObj *connection,
                                 const char *format,
                                 const VireoDomainDef *def,
                                 guint owner,
                                 GTask *task)
{
  VireoDomainDriver *domains = vireo_connection_obj_get_domain_driver (connection);
  Conversion *self;

  if (!g_str_equal (format, VIREO_QEMU_NATIVE_ARGV))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                               "there is no format \"%s\" here: \"" VIREO_QEMU_NATIVE_ARGV
                               "\" is the only one",
                               format);
      g_object_unref (task);
      return;
    }
  self = g_new0 (Conversion, 1);
  self->domains = VIREO_QEMU_DOMAINS (g_object_ref (domains));
  self->owner = owner;
  g_task_set_task_data (task, self, conversion_free);
  vireo_keeper_complete_async (VIREO_KEEPER (domains), def, g_task_get_cancellable (task),
                               on_completed, task);
}
