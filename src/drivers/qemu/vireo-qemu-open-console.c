/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-console.h"
#include "vireo-qemu-domains.h"

/* Which console a caller gets, and who has it. */

static void
on_closed (VireoQemuConsole *console, const char *name, gpointer user_data)
{
  VireoQemuDomain *self = user_data;
  g_autofree char *alias = g_strdup (name);

  g_hash_table_remove (self->console_holders, alias);
}

/* A console that is a serial port under another name has no terminal of its own. */
static const char *
resolve_alias (VireoQemuDomain *self, const char *alias)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));

  if (g_hash_table_contains (self->status->consoles, alias))
    return alias;
  for (guint i = 0; i < def->n_consoles; i++)
    {
      const VireoConsoleDef *console = def->consoles[i];

      if (g_strcmp0 (console->alias, alias) == 0 && i == 0 && def->n_serials > 0
          && (console->target == NULL || console->target->type == VIREO_CONSOLE_TARGET_TYPE_SERIAL
              || console->target->type == VIREO_CONSOLE_TARGET_TYPE_UNSET))
        return def->serials[0]->alias;
    }
  return NULL;
}

/* The first in the order of the definition: serial ports, then consoles. */
static const char *
first_console (VireoQemuDomain *self)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));
  GHashTable *consoles = self->status->consoles;

  for (guint i = 0; i < def->n_serials; i++)
    if (def->serials[i]->alias != NULL
        && g_hash_table_contains (consoles, def->serials[i]->alias))
      return def->serials[i]->alias;
  for (guint i = 0; i < def->n_consoles; i++)
    if (def->consoles[i]->alias != NULL
        && g_hash_table_contains (consoles, def->consoles[i]->alias))
      return def->consoles[i]->alias;
  return NULL;
}

static int
open_console (VireoQemuDomain *self, const char *device, gboolean force, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (self)), *alias, *path;
  gboolean first = device == NULL || *device == '\0';
  VireoQemuConsole *console;
  int fd = -1;

  if (!vireo_qemu_domain_check_active (self, error))
    return -1;
  alias = first ? first_console (self) : resolve_alias (self, device);
  path = alias != NULL ? g_hash_table_lookup (self->status->consoles, alias) : NULL;
  if (path == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                   "the domain '%s' has no text console%s%s", name, first ? "" : " called ",
                   first ? "" : device);
      return -1;
    }
  console = g_hash_table_lookup (self->console_holders, alias);
  if (!force && console != NULL && !vireo_qemu_console_is_left (console))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY,
                   "somebody has the console %s of '%s' open; 'force' takes it over", alias, name);
      return -1;
    }
  g_hash_table_remove (self->console_holders, alias);
  console = vireo_qemu_console_new (alias, path, on_closed, self, &fd, error);
  if (console != NULL)
    g_hash_table_insert (self->console_holders, g_strdup (alias), console);
  return fd;
}

void
vireo_qemu_open_console (VireoDomainDriver *driver, VireoDomainObj *obj, const char *device,
                         gboolean force, GTask *task)
{
  GError *error = NULL;
  int fd = open_console (VIREO_QEMU_DOMAIN (obj), device, force, &error);

  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
  g_object_unref (task);
}
