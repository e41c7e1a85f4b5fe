/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic rules across the fields of a domain: which there are, and how they speak. */
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
check_rate (const VireoBandwidthRateDef *rate, gboolean inbound, const char *path,
            GPtrArray *problems)
{
  const char *name = inbound ? "inbound" : "outbound";

  if (rate == NULL)
    return;
  if (!rate->has_average && !rate->has_floor)
    vireo_validate_add (problems, "missing-average", "%s/%s/@average it takes an average%s", path,
                        name, inbound ? " or a floor" : "");
  else if (!rate->has_average && (rate->has_peak || rate->has_burst))
    vireo_validate_add (problems, "missing-average",
                        "%s/%s/@average a peak and a burst are above an average", path, name);
  if (!inbound && rate->has_floor)
    vireo_validate_add (problems, "bad-floor",
                        "%s/%s/@floor only what comes in can be guaranteed", path, name);
}

void
vireo_validate_bandwidth (const VireoBandwidthDef *bandwidth, const char *path, GPtrArray *problems)
{
  if (bandwidth == NULL)
    return;
  check_rate (bandwidth->inbound, TRUE, path, problems);
  check_rate (bandwidth->outbound, FALSE, path, problems);
}

static void
apply (const VireoValidateRule *rules, const VireoDomainDef *def, GPtrArray *problems)
{
  for (; *rules != NULL; rules++)
    (*rules) (def, problems);
}

/**
 * vireo_domain_def_validate:
 * @def: a domain, as it was written or completed
 * @problems: (element-type VireoProblem): what breaks a rule is added to it
 *
 * Applies the rules across fields that hold for every hypervisor. Changes nothing.
 *
 * Since: 0.1
 */
void
vireo_domain_def_validate (const VireoDomainDef *def, GPtrArray *problems)
{
  apply (vireo_validate_machine_rules, def, problems);
  apply (vireo_validate_feature_rules, def, problems);
  apply (vireo_validate_tuning_rules, def, problems);
  apply (vireo_validate_device_rules, def, problems);
  apply (vireo_validate_option_rules, def, problems);
  apply (vireo_validate_chardev_rules, def, problems);
  apply (vireo_validate_address_rules, def, problems);
}
