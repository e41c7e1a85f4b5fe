/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipeline: which phase runs when, and what its outcome means. What the generic phases do is in
 * the vireo-postparse-* files. */
#include "vireo-postparse.h"

#include "vireo-postparse-private.h"

#include <string.h>

typedef struct
{
  const char *name;
  VireoPostParseOutcome (*run) (VireoPostParseContext *context);
  /* Whether the phase has something to say when an earlier one failed for now. */
  gboolean after_failure;
} Phase;

static VireoPostParseOutcome run_basic (VireoPostParseContext *context);
static VireoPostParseOutcome run_environment (VireoPostParseContext *context);
static VireoPostParseOutcome run_domain (VireoPostParseContext *context);
static VireoPostParseOutcome run_devices (VireoPostParseContext *context);
static VireoPostParseOutcome run_addresses (VireoPostParseContext *context);

/* Without what an earlier phase would have completed, what is implied and the addresses would be
 * guesses; a guess that conflicts would look like a mistake of the person who wrote the text. */
static const Phase phases[] = {
  [VIREO_POST_PARSE_BASIC] = { "basic", run_basic, TRUE },
  [VIREO_POST_PARSE_ENVIRONMENT] = { "environment", run_environment, TRUE },
  [VIREO_POST_PARSE_CONTROLLERS] = { "controllers", vireo_post_parse_controllers, TRUE },
  [VIREO_POST_PARSE_DOMAIN] = { "domain", run_domain, TRUE },
  [VIREO_POST_PARSE_DEVICE] = { "device", run_devices, TRUE },
  [VIREO_POST_PARSE_IMPLICIT] = { "implicit", vireo_post_parse_implicit, FALSE },
  [VIREO_POST_PARSE_ADDRESSES] = { "addresses", run_addresses, FALSE },
  [VIREO_POST_PARSE_FEATURES] = { "features", vireo_post_parse_features, TRUE },
};

G_STATIC_ASSERT (G_N_ELEMENTS (phases) == VIREO_POST_PARSE_N_PHASES);

static void
name_device (const VireoPostParseContext *context, VireoProblem *problem)
{
  const char *name = vireo_device_kind_to_string (context->device_kind);
  const char *alias = vireo_device_get_alias (context->device_kind, context->device);
  guint number = context->device_index + 1;

  problem->device = alias != NULL ? g_strdup (alias) : g_strdup_printf ("%s[%u]", name, number);
  problem->path = g_strdup_printf ("/domain/devices/%s[%u]", name, number);
}

static void
add_problem (VireoPostParseContext *context, GPtrArray *problems, const char *code,
             const char *resource, char *message)
{
  VireoProblem *problem = vireo_problem_new (phases[context->phase].name, code);

  if (context->device != NULL)
    name_device (context, problem);
  problem->resource = g_strdup (resource);
  problem->message = message;
  g_ptr_array_add (problems, problem);
}

/**
 * vireo_post_parse_missing:
 * @context: what the callback got
 * @code: short cause, static, such as "missing-emulator"
 * @resource: (nullable): what the host lacks, as a path if it has one: it is watched
 * @format: for people: what, and what would have to be there
 * @...: arguments of @format
 *
 * Says that the host lacks something.
 *
 * Returns: %VIREO_POST_PARSE_FAILED_FOR_NOW, for the callback to return
 * Since: 0.1
 */
VireoPostParseOutcome
vireo_post_parse_missing (VireoPostParseContext *context, const char *code, const char *resource,
                          const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add_problem (context, context->failed, code, resource, g_strdup_vprintf (format, args));
  va_end (args);
  return VIREO_POST_PARSE_FAILED_FOR_NOW;
}

/**
 * vireo_post_parse_invalid:
 * @context: what the callback got
 * @code: short cause, static; one that begins with "unsupported" makes the error ConfigUnsupported
 * @format: for people: what, where, what was expected
 * @...: arguments of @format
 *
 * Says that the definition is wrong on every host.
 *
 * Returns: %VIREO_POST_PARSE_INVALID, for the callback to return
 * Since: 0.1
 */
VireoPostParseOutcome
vireo_post_parse_invalid (VireoPostParseContext *context, const char *code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add_problem (context, context->invalid, code, NULL, g_strdup_vprintf (format, args));
  va_end (args);
  return VIREO_POST_PARSE_INVALID;
}

static VireoPostParseOutcome
run_callback (VireoPostParseContext *context,
              VireoPostParseOutcome (*callback) (VireoPostParseContext *context))
{
  return callback != NULL ? callback (context) : VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
run_basic (VireoPostParseContext *context)
{
  return run_callback (context, context->ops->basic);
}

static VireoPostParseOutcome
run_environment (VireoPostParseContext *context)
{
  return run_callback (context, context->ops->environment);
}

static VireoPostParseOutcome
run_domain (VireoPostParseContext *context)
{
  return run_callback (context, context->ops->domain);
}

static VireoPostParseOutcome
run_addresses (VireoPostParseContext *context)
{
  return run_callback (context, context->ops->addresses);
}

static VireoPostParseOutcome
run_device (VireoPostParseContext *context, VireoDeviceKind kind, gpointer device, guint index)
{
  VireoPostParseOutcome outcome = VIREO_POST_PARSE_DONE;

  context->device_kind = kind;
  context->device = device;
  context->device_index = index;
  if (context->ops->device != NULL)
    outcome = context->ops->device (context, kind, device);
  if (outcome == VIREO_POST_PARSE_DONE)
    outcome = vireo_post_parse_generic_device (context, kind, device);
  context->device = NULL;
  return outcome;
}

/* By index, for a callback may add devices: what it adds behind is completed in turn. */
static VireoPostParseOutcome
run_devices (VireoPostParseContext *context)
{
  VireoPostParseOutcome worst = VIREO_POST_PARSE_DONE;

  for (guint kind = 0; kind < VIREO_DEVICE_N_KINDS; kind++)
    for (guint i = 0; i < vireo_domain_def_n_devices (context->def, kind); i++)
      {
        gpointer device = vireo_domain_def_get_device (context->def, kind, i);
        VireoPostParseOutcome outcome = run_device (context, kind, device, i);

        worst = MAX (worst, outcome);
      }
  return worst;
}

VireoPostParseOutcome
vireo_post_parse_add_device (VireoPostParseContext *context, VireoDeviceKind kind, gpointer device)
{
  VireoPostParsePhase phase = context->phase;
  VireoPostParseOutcome outcome;
  guint index = 0;

  if (kind == VIREO_DEVICE_CONTROLLER)
    vireo_post_parse_insert_controller (context->def, device);
  else
    vireo_domain_def_add_device (context->def, kind, device);
  while (vireo_domain_def_get_device (context->def, kind, index) != device)
    index++;
  context->phase = VIREO_POST_PARSE_DEVICE;
  outcome = run_device (context, kind, device, index);
  context->phase = phase;
  return outcome;
}

/* A callback that fails without a word would leave nobody knowing what to wait for. */
static VireoPostParseOutcome
check_outcome (VireoPostParseContext *context, VireoPostParseOutcome outcome, guint n_failed,
               guint n_invalid)
{
  if (outcome == VIREO_POST_PARSE_INVALID && context->invalid->len == n_invalid)
    return vireo_post_parse_invalid (context, "unspecified", "the driver refused the definition");
  if (outcome == VIREO_POST_PARSE_FAILED_FOR_NOW && context->failed->len == n_failed)
    return vireo_post_parse_missing (context, "unspecified", NULL,
                                     "the driver cannot complete the definition for now");
  if (context->invalid->len > n_invalid)
    return VIREO_POST_PARSE_INVALID;
  return context->failed->len > n_failed ? VIREO_POST_PARSE_FAILED_FOR_NOW : outcome;
}

static VireoPostParseOutcome
run_phases (VireoPostParseContext *context)
{
  VireoPostParseOutcome worst = VIREO_POST_PARSE_DONE;

  for (guint i = 0; i < G_N_ELEMENTS (phases) && worst != VIREO_POST_PARSE_INVALID; i++)
    {
      guint n_failed = context->failed->len;
      guint n_invalid = context->invalid->len;
      VireoPostParseOutcome outcome;

      if (worst == VIREO_POST_PARSE_FAILED_FOR_NOW && !phases[i].after_failure)
        continue;
      context->phase = i;
      outcome = check_outcome (context, phases[i].run (context), n_failed, n_invalid);
      worst = MAX (worst, outcome);
    }
  return worst;
}

static VireoError
error_code (GPtrArray *invalid)
{
  const VireoProblem *first = g_ptr_array_index (invalid, 0);

  return g_str_has_prefix (first->code, "unsupported") ? VIREO_ERROR_CONFIG_UNSUPPORTED
                                                       : VIREO_ERROR_XML_INVALID;
}

/* What the phases got: packed, that takes one block and is gone as fast. */
typedef struct
{
  const VireoDocKind *kind;
  guint8 *packed;
  gsize size;
} Before;

static void
put_back (const Before *before, VireoDomainDef **def)
{
  g_autofree gpointer unpacked = (gpointer) vireo_doc_unpack (before->kind, before->packed);

  vireo_domain_def_free (*def);
  *def = vireo_doc_copy (before->kind, unpacked);
}

/* A driver that rewrites what a person or an older version wrote is wrong, and the guest would find
 * another machine than before: better to say so than to go on. */
static gboolean
check_kept (const Before *before, const VireoDomainDef *after, GError **error)
{
  gsize size;
  g_autofree guint8 *packed = vireo_doc_pack (before->kind, after, &size);
  g_autofree gpointer unpacked = NULL;
  g_autofree char *lost = NULL;

  /* Nearly always: it was completed when it was defined. */
  if (size == before->size && memcmp (packed, before->packed, size) == 0)
    return TRUE;
  unpacked = (gpointer) vireo_doc_unpack (before->kind, before->packed);
  lost = vireo_domain_def_find_lost (unpacked, after);
  if (lost == NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED,
               "completing the definition of \"%s\" would have changed %s",
               ((const VireoDomainDef *) unpacked)->name, lost);
  g_critical ("post-parse of an existing domain changed %s", lost);
  return FALSE;
}

/* Returns: whether the definition is completed; if not, it is to be as it was. */
static gboolean
conclude (const VireoPostParseContext *context, VireoPostParseOutcome outcome,
          const Before *before, VireoParseFlags flags, GError **error)
{
  if (outcome == VIREO_POST_PARSE_INVALID)
    g_propagate_error (error, vireo_problems_to_error (context->invalid,
                                                       error_code (context->invalid)));
  else if (outcome == VIREO_POST_PARSE_DONE)
    return !context->existing || check_kept (before, context->def, error);
  else if ((flags & VIREO_PARSE_ALLOW_POST_PARSE_FAIL) == 0)
    g_propagate_error (error, vireo_problems_to_error (context->failed,
                                                       VIREO_ERROR_MISSING_RESOURCE));
  return FALSE;
}

static GPtrArray *
new_problems (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
}

gboolean
vireo_post_parse_run (VireoDomainDef **def, const VireoPostParseOps *ops, gpointer driver_data,
                      gboolean existing, VireoParseFlags flags, GPtrArray **ret_problems,
                      GError **error)
{
  g_autoptr (GPtrArray) failed = new_problems ();
  g_autoptr (GPtrArray) invalid = new_problems ();
  VireoPostParseContext context = {
    .def = *def,
    .existing = existing,
    .driver_data = driver_data,
    .ops = ops,
    .failed = failed,
    .invalid = invalid,
  };
  Before before = { .kind = vireo_doc_kind_find ("domain") };
  VireoPostParseOutcome outcome;
  gboolean done;
  gboolean allowed;

  before.packed = vireo_doc_pack (before.kind, *def, &before.size);
  outcome = run_phases (&context);
  if (context.environment != NULL && context.environment_free != NULL)
    context.environment_free (context.environment);
  done = conclude (&context, outcome, &before, flags, error);
  allowed = outcome == VIREO_POST_PARSE_FAILED_FOR_NOW
            && (flags & VIREO_PARSE_ALLOW_POST_PARSE_FAIL) != 0;
  if (!done)
    put_back (&before, def);
  g_free (before.packed);
  if (ret_problems != NULL && (done || allowed))
    *ret_problems = done ? NULL : g_steal_pointer (&failed);
  return done || allowed;
}
