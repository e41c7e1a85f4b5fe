/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic rules of a domain that the schema cannot say: which there are, and how they speak. */
#include "vireo-validate.h"

#include <string.h>

static VireoProblem *
add_problem (GPtrArray *problems, const char *code)
{
  VireoProblem *problem = vireo_problem_new ("validate", code);

  g_ptr_array_add (problems, problem);
  return problem;
}

void
vireo_validate_add (GPtrArray *problems, const char *code, const char *format, ...)
{
  VireoProblem *problem = add_problem (problems, code);
  g_autofree char *text = NULL;
  const char *blank;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  blank = strchr (text, ' ');
  problem->path = g_strndup (text, blank != NULL ? (gsize) (blank - text) : strlen (text));
  problem->message = g_strdup (blank != NULL ? blank + 1 : text);
}

void
vireo_validate_add_device (GPtrArray *problems, VireoDeviceKind kind, guint index,
                           gconstpointer device, const char *below, const char *code,
                           const char *format, ...)
{
  VireoProblem *problem = add_problem (problems, code);
  const char *name = vireo_device_kind_to_string (kind);
  const char *alias = vireo_device_get_alias (kind, device);
  va_list args;

  va_start (args, format);
  problem->message = g_strdup_vprintf (format, args);
  va_end (args);
  problem->device
      = alias != NULL ? g_strdup (alias) : g_strdup_printf ("%s[%u]", name, index + 1);
  problem->path = g_strdup_printf ("/domain/devices/%s[%u]%s%s", name, index + 1,
                                   below != NULL ? "/" : "", below != NULL ? below : "");
}

static void
apply (const VireoValidateRule *rules, const VireoDomainDef *def, GPtrArray *problems)
{
  for (; *rules != NULL; rules++)
    (*rules) (def, problems);
}

/* The rules across the fields of a domain that are not in the schema. */
void
vireo_check_domain (const VireoRuleFrame *frame)
{
  /* One that a snapshot keeps has another path, and was checked when it was defined. */
  if (frame->up != NULL)
    return;
  apply (vireo_validate_machine_rules, frame->def, frame->problems);
  apply (vireo_validate_tuning_rules, frame->def, frame->problems);
  apply (vireo_validate_device_rules, frame->def, frame->problems);
  apply (vireo_validate_chardev_rules, frame->def, frame->problems);
  apply (vireo_validate_address_rules, frame->def, frame->problems);
}
