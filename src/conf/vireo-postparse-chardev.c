/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial ports and consoles: on a machine with firmware the first console is the first serial port,
 * seen from the other side; it stands in both lists and both say the same. */
#include "vireo-postparse-private.h"

#include <string.h>

static const struct
{
  const char *os_type;
  VireoConsoleTargetType target;
} console_targets[] = {
  { "hvm", VIREO_CONSOLE_TARGET_TYPE_SERIAL }, { "xen", VIREO_CONSOLE_TARGET_TYPE_XEN },
  { "xenpvh", VIREO_CONSOLE_TARGET_TYPE_XEN }, { "linux", VIREO_CONSOLE_TARGET_TYPE_XEN },
  { "uml", VIREO_CONSOLE_TARGET_TYPE_UML },    { "exe", VIREO_CONSOLE_TARGET_TYPE_LXC },
};

gboolean
vireo_domain_def_is_hvm (const VireoDomainDef *def)
{
  return def->os != NULL && g_strcmp0 (def->os->type, "hvm") == 0;
}

static VireoConsoleTargetType
default_console_target (const VireoDomainDef *def)
{
  const char *os_type = def->os != NULL ? def->os->type : NULL;

  if (def->type == VIREO_DOMAIN_TYPE_LXC)
    return VIREO_CONSOLE_TARGET_TYPE_LXC;
  if (def->type == VIREO_DOMAIN_TYPE_OPENVZ || def->type == VIREO_DOMAIN_TYPE_VZ
      || def->type == VIREO_DOMAIN_TYPE_PARALLELS)
    return vireo_domain_def_is_hvm (def) ? VIREO_CONSOLE_TARGET_TYPE_SERIAL
                                         : VIREO_CONSOLE_TARGET_TYPE_OPENVZ;
  for (gsize i = 0; i < G_N_ELEMENTS (console_targets); i++)
    if (g_strcmp0 (os_type, console_targets[i].os_type) == 0)
      return console_targets[i].target;
  return VIREO_CONSOLE_TARGET_TYPE_UNSET;
}

/* The lists of what has a port number, each of another type; one after the highest is free. */
static void
number_serials (VireoDomainDef *def)
{
  guint next = 0;

  for (guint i = 0; i < def->n_serials; i++)
    if (def->serials[i]->target != NULL && def->serials[i]->target->has_port)
      next = MAX (next, def->serials[i]->target->port + 1);
  for (guint i = 0; i < def->n_serials; i++)
    {
      if (def->serials[i]->target == NULL)
        def->serials[i]->target = vireo_serial_target_def_new ();
      if (def->serials[i]->target->has_port)
        continue;
      def->serials[i]->target->port = next++;
      def->serials[i]->target->has_port = TRUE;
    }
}

static void
number_parallels (VireoDomainDef *def)
{
  guint next = 0;

  for (guint i = 0; i < def->n_parallels; i++)
    if (def->parallels[i]->target != NULL && def->parallels[i]->target->has_port)
      next = MAX (next, def->parallels[i]->target->port + 1);
  for (guint i = 0; i < def->n_parallels; i++)
    {
      if (def->parallels[i]->target == NULL)
        def->parallels[i]->target = vireo_parallel_target_def_new ();
      if (def->parallels[i]->target->has_port)
        continue;
      def->parallels[i]->target->port = next++;
      def->parallels[i]->target->has_port = TRUE;
    }
}

static void
number_consoles (VireoDomainDef *def)
{
  guint next = 0;

  for (guint i = 0; i < def->n_consoles; i++)
    if (def->consoles[i]->target != NULL && def->consoles[i]->target->has_port)
      next = MAX (next, def->consoles[i]->target->port + 1);
  for (guint i = 0; i < def->n_consoles; i++)
    {
      if (def->consoles[i]->target == NULL)
        def->consoles[i]->target = vireo_console_target_def_new ();
      if (def->consoles[i]->target->type == VIREO_CONSOLE_TARGET_TYPE_UNSET)
        def->consoles[i]->target->type = default_console_target (def);
      if (def->consoles[i]->target->has_port)
        continue;
      def->consoles[i]->target->port = next++;
      def->consoles[i]->target->has_port = TRUE;
    }
}

static void
copy_sources (VireoChardevSourceDef ***ret_list, guint *ret_n, VireoChardevSourceDef **list,
              guint n)
{
  *ret_list = n > 0 ? g_new0 (VireoChardevSourceDef *, n) : NULL;
  *ret_n = n;
  for (guint i = 0; i < n; i++)
    (*ret_list)[i] = vireo_chardev_source_def_copy (list[i]);
}

/* The serial port behind a console that was written without one. */
static VireoSerialDef *
serial_of_console (const VireoConsoleDef *console)
{
  VireoSerialDef *serial = vireo_serial_def_new ();

  serial->type = console->type;
  serial->protocol = console->protocol;
  serial->tty = g_strdup (console->tty);
  serial->log = vireo_chardev_log_def_copy (console->log);
  copy_sources (&serial->sources, &serial->n_sources, console->sources, console->n_sources);
  serial->target = vireo_serial_target_def_new ();
  serial->target->has_port = TRUE;
  return serial;
}

static VireoConsoleDef *
console_of_serial (const VireoSerialDef *serial)
{
  VireoConsoleDef *console = vireo_console_def_new ();

  console->type = serial->type;
  console->protocol = serial->protocol;
  console->tty = g_strdup (serial->tty);
  console->log = vireo_chardev_log_def_copy (serial->log);
  copy_sources (&console->sources, &console->n_sources, serial->sources, serial->n_sources);
  console->target = vireo_console_target_def_new ();
  console->target->type = VIREO_CONSOLE_TARGET_TYPE_SERIAL;
  console->target->has_port = TRUE;
  return console;
}

static gboolean
is_serial_console (const VireoConsoleDef *console)
{
  return console->target == NULL || console->target->type == VIREO_CONSOLE_TARGET_TYPE_UNSET
         || console->target->type == VIREO_CONSOLE_TARGET_TYPE_SERIAL;
}

/* Firmware and kernels find their console on the port of the board, not on a card; and a debug port
 * is nothing that a person types on. */
static gboolean
is_console_serial (const VireoSerialDef *serial)
{
  VireoSerialTargetType type
      = serial->target != NULL ? serial->target->type : VIREO_SERIAL_TARGET_TYPE_UNSET;

  return type != VIREO_SERIAL_TARGET_TYPE_USB_SERIAL && type != VIREO_SERIAL_TARGET_TYPE_PCI_SERIAL
         && type != VIREO_SERIAL_TARGET_TYPE_ISA_DEBUG;
}

static void
pair (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;
  VireoConsoleDef *console;

  if (def->n_consoles > 0 && is_serial_console (def->consoles[0]))
    {
      if (def->n_serials == 0)
        vireo_post_parse_add_device (context, VIREO_DEVICE_SERIAL,
                                     serial_of_console (def->consoles[0]));
      return;
    }
  if (def->n_serials == 0 || !is_console_serial (def->serials[0]))
    return;
  console = console_of_serial (def->serials[0]);
  vireo_domain_def_add_console (def, console);
  memmove (def->consoles + 1, def->consoles, (def->n_consoles - 1) * sizeof *def->consoles);
  def->consoles[0] = console;
}

void
vireo_post_parse_serial_console (VireoPostParseContext *context)
{
  number_serials (context->def);
  number_parallels (context->def);
  if (vireo_domain_def_is_hvm (context->def))
    pair (context);
  number_consoles (context->def);
}
