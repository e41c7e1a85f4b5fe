/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory, processors, what they run on, and I/O threads. */

#include <string.h>

#include "conf/vireo-cpuset.h"
#include "vireo-domain-edit-private.h"

/* As many as the widest hypervisor has, and more. */
#define MAX_VCPUS 8192u
#define MAX_IOTHREAD 65535u

gboolean
_vireo_edit_check_cpuset (const char *text, GError **error)
{
  VireoCpuset *set = vireo_cpuset_parse (text);
  gboolean good = set != NULL && !vireo_cpuset_is_empty (set);

  g_free (set);
  if (!good)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is no set of processors such as 0-3,^2", text);
  return good;
}

gboolean
_vireo_edit_refuse_live (const char *what, GError **error)
{
  g_set_error (
      error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
      "%s cannot be changed while the guest runs; the option \"config\" changes it for the "
      "next start",
      what);
  return FALSE;
}

/* ---- memory ---- */

gboolean
_vireo_edit_memory (const VireoDomainEdit *edit, VireoDomainDef *def, gboolean live, GError **error)
{
  guint64 kib;

  g_variant_get_child (edit->args, 0, "t", &kib);
  if (kib == 0 || kib > def->memory)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%" G_GUINT64_FORMAT
                   " KiB of memory is not between 1 and the most that the guest "
                   "can have, %" G_GUINT64_FORMAT " KiB",
                   kib, def->memory);
      return FALSE;
    }
  if (live && def->memballoon != NULL && def->memballoon->model == VIREO_MEMBALLOON_MODEL_NONE)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           "the guest has no balloon device, so its memory cannot change");
      return FALSE;
    }
  def->current_memory = kib;
  def->has_current_memory = TRUE;
  return TRUE;
}

gboolean
_vireo_edit_max_memory (const VireoDomainEdit *edit,
                        VireoDomainDef *def,
                        gboolean live,
                        GError **error)
{
  guint64 kib;

  g_variant_get_child (edit->args, 0, "t", &kib);
  if (live)
    return _vireo_edit_refuse_live ("the most memory that it can have", error);
  if (kib == 0 || kib > G_MAXUINT64 / 1024)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%" G_GUINT64_FORMAT " KiB is no size of memory", kib);
      return FALSE;
    }
  if (def->has_max_memory || (def->cpu != NULL && def->cpu->n_numa_cells > 0))
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           "the memory of this guest is the sum of its NUMA cells; change those");
      return FALSE;
    }
  def->memory = kib;
  def->has_memory = TRUE;
  if (def->has_current_memory && def->current_memory > kib)
    def->current_memory = kib;
  return TRUE;
}

gboolean
_vireo_edit_stats_period (const VireoDomainEdit *edit,
                          VireoDomainDef *def,
                          gboolean live,
                          GError **error)
{
  guint period;

  g_variant_get_child (edit->args, 0, "u", &period);
  if (def->memballoon == NULL || def->memballoon->model == VIREO_MEMBALLOON_MODEL_NONE)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           "the guest has no balloon device to tell of its memory");
      return FALSE;
    }
  def->memballoon->stats_period = period;
  def->memballoon->has_stats_period = period > 0;
  return TRUE;
}

/* ---- processors ---- */

static guint
max_vcpus (const VireoDomainDef *def)
{
  return def->has_vcpus ? def->vcpus : 1;
}

gboolean
vireo_domain_view_vcpu_enabled (const VireoDomainDef *def, guint vcpu)
{
  for (guint i = 0; i < def->n_vcpu_states; i++)
    if (def->vcpu_states[i]->id == vcpu)
      return def->vcpu_states[i]->enabled != VIREO_TRISTATE_NO;
  return vcpu < (def->has_vcpu_current ? def->vcpu_current : max_vcpus (def));
}

/* Spells out the state of each processor. */
static void
ensure_vcpu_states (VireoDomainDef *def)
{
  if (def->n_vcpu_states > 0)
    return;
  for (guint id = 0; id < max_vcpus (def); id++)
    {
      VireoVcpuStateDef *state = vireo_vcpu_state_def_new ();
      gboolean enabled = id < (def->has_vcpu_current ? def->vcpu_current : max_vcpus (def));

      state->id = id;
      state->has_id = TRUE;
      state->enabled = enabled ? VIREO_TRISTATE_YES : VIREO_TRISTATE_NO;
      state->hotpluggable = id > 0 ? VIREO_TRISTATE_YES : VIREO_TRISTATE_NO;
      vireo_domain_def_add_vcpu (def, state);
    }
}

static void
drop_vcpu_states (VireoDomainDef *def)
{
  for (guint i = 0; i < def->n_vcpu_states; i++)
    vireo_vcpu_state_def_free (def->vcpu_states[i]);
  g_clear_pointer (&def->vcpu_states, g_free);
  def->n_vcpu_states = 0;
}

static void
count_vcpus (VireoDomainDef *def)
{
  guint n_enabled = 0;

  for (guint i = 0; i < def->n_vcpu_states; i++)
    n_enabled += def->vcpu_states[i]->enabled != VIREO_TRISTATE_NO;
  def->vcpu_current = n_enabled;
  def->has_vcpu_current = n_enabled != max_vcpus (def);
}

/* The first ones that are off go on, the last ones that are on go off. */
static void
enable_as_many (VireoDomainDef *def, guint count)
{
  guint now;

  count_vcpus (def);
  now = def->vcpu_current;
  for (guint i = 0; i < def->n_vcpu_states && now < count; i++)
    if (def->vcpu_states[i]->enabled == VIREO_TRISTATE_NO)
      {
        def->vcpu_states[i]->enabled = VIREO_TRISTATE_YES;
        now++;
      }
  for (guint i = def->n_vcpu_states; i > 0 && now > count; i--)
    if (def->vcpu_states[i - 1]->enabled != VIREO_TRISTATE_NO)
      {
        def->vcpu_states[i - 1]->enabled = VIREO_TRISTATE_NO;
        now--;
      }
  count_vcpus (def);
}

static gboolean
set_max_vcpus (VireoDomainDef *def, guint count, gboolean live, GError **error)
{
  if (live)
    return _vireo_edit_refuse_live ("the most processors that it can have", error);
  if (count > MAX_VCPUS)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%u processors are more than %u", count, MAX_VCPUS);
      return FALSE;
    }
  drop_vcpu_states (def);
  def->vcpus = count;
  def->has_vcpus = TRUE;
  if (def->has_vcpu_current && def->vcpu_current >= count)
    def->has_vcpu_current = FALSE;
  return TRUE;
}

gboolean
_vireo_edit_vcpus (const VireoDomainEdit *edit, VireoDomainDef *def, gboolean live, GError **error)
{
  guint count;

  g_variant_get_child (edit->args, 0, "u", &count);
  if (count == 0)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "a guest has at least one processor");
      return FALSE;
    }
  if (vireo_domain_edit_get_option (edit, "maximum"))
    return set_max_vcpus (def, count, live, error);
  if (count > max_vcpus (def))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%u processors are more than the guest can have, %u", count, max_vcpus (def));
      return FALSE;
    }
  if (vireo_domain_edit_get_option (edit, "hotpluggable"))
    ensure_vcpu_states (def);
  if (def->n_vcpu_states > 0)
    enable_as_many (def, count);
  else
    {
      def->vcpu_current = count;
      def->has_vcpu_current = count != max_vcpus (def);
    }
  return TRUE;
}

gboolean
_vireo_edit_vcpu_state (const VireoDomainEdit *edit,
                        VireoDomainDef *def,
                        gboolean live,
                        GError **error)
{
  g_autofree VireoCpuset *set = NULL;
  gboolean enabled;
  const char *text;

  g_variant_get_child (edit->args, 0, "&s", &text);
  g_variant_get_child (edit->args, 1, "b", &enabled);
  set = vireo_cpuset_parse (text);
  if (set == NULL || vireo_cpuset_is_empty (set) || vireo_cpuset_last (set) >= max_vcpus (def))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "\"%s\" is no set of the guest's %u processors", text, max_vcpus (def));
      return FALSE;
    }
  if (vireo_cpuset_contains (set, 0) && !enabled)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "processor 0 is always there");
      return FALSE;
    }
  ensure_vcpu_states (def);
  for (guint i = 0; i < def->n_vcpu_states; i++)
    if (vireo_cpuset_contains (set, def->vcpu_states[i]->id))
      def->vcpu_states[i]->enabled = enabled ? VIREO_TRISTATE_YES : VIREO_TRISTATE_NO;
  count_vcpus (def);
  return TRUE;
}

/* ---- where things run ---- */

VireoCputuneDef *
_vireo_edit_ensure_cputune (VireoDomainDef *def)
{
  if (def->cputune == NULL)
    def->cputune = vireo_cputune_def_new ();
  return def->cputune;
}

const char *
vireo_domain_view_vcpu_pin (const VireoDomainDef *def, guint vcpu)
{
  for (guint i = 0; def->cputune != NULL && i < def->cputune->n_vcpupins; i++)
    if (def->cputune->vcpupins[i]->vcpu == vcpu)
      return def->cputune->vcpupins[i]->cpuset;
  return def->vcpu_cpuset;
}

static void
replace_text (char **place, const char *text)
{
  char *copy = g_strdup (text);

  g_free (*place);
  *place = copy;
}

gboolean
_vireo_edit_pin_vcpu (const VireoDomainEdit *edit,
                      VireoDomainDef *def,
                      gboolean live,
                      GError **error)
{
  VireoCputuneDef *cputune = _vireo_edit_ensure_cputune (def);
  VireoVcpuPinDef *pin = NULL;
  const char *cpuset;
  guint vcpu;

  g_variant_get_child (edit->args, 0, "u", &vcpu);
  g_variant_get_child (edit->args, 1, "&s", &cpuset);
  if (vcpu >= max_vcpus (def))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the guest has no processor %u", vcpu);
      return FALSE;
    }
  if (!_vireo_edit_check_cpuset (cpuset, error))
    return FALSE;
  for (guint i = 0; i < cputune->n_vcpupins; i++)
    if (cputune->vcpupins[i]->vcpu == vcpu)
      pin = cputune->vcpupins[i];
  if (pin == NULL)
    {
      pin = vireo_vcpu_pin_def_new ();
      pin->vcpu = vcpu;
      pin->has_vcpu = TRUE;
      vireo_cputune_def_add_vcpupin (cputune, pin);
    }
  replace_text (&pin->cpuset, cpuset);
  return TRUE;
}

gboolean
_vireo_edit_pin_emulator (const VireoDomainEdit *edit,
                          VireoDomainDef *def,
                          gboolean live,
                          GError **error)
{
  const char *cpuset;

  g_variant_get_child (edit->args, 0, "&s", &cpuset);
  if (!_vireo_edit_check_cpuset (cpuset, error))
    return FALSE;
  replace_text (&_vireo_edit_ensure_cputune (def)->emulatorpin, cpuset);
  return TRUE;
}

gboolean
_vireo_edit_pin_iothread (const VireoDomainEdit *edit,
                          VireoDomainDef *def,
                          gboolean live,
                          GError **error)
{
  VireoCputuneDef *cputune = _vireo_edit_ensure_cputune (def);
  VireoIothreadPinDef *pin = NULL;
  const char *cpuset;
  guint id, at;

  g_variant_get_child (edit->args, 0, "u", &id);
  g_variant_get_child (edit->args, 1, "&s", &cpuset);
  _vireo_edit_ensure_iothreads (def);
  if (_vireo_edit_find_iothread (def, id, &at) == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "there is no I/O thread %u", id);
      return FALSE;
    }
  if (!_vireo_edit_check_cpuset (cpuset, error))
    return FALSE;
  for (guint i = 0; i < cputune->n_iothreadpins; i++)
    if (cputune->iothreadpins[i]->iothread == id)
      pin = cputune->iothreadpins[i];
  if (pin == NULL)
    {
      pin = vireo_iothread_pin_def_new ();
      pin->iothread = id;
      pin->has_iothread = TRUE;
      vireo_cputune_def_add_iothreadpin (cputune, pin);
    }
  replace_text (&pin->cpuset, cpuset);
  return TRUE;
}

/* ---- I/O threads ---- */

static VireoIothreadIdDef *
add_iothread_id (VireoDomainDef *def, guint id)
{
  VireoIothreadIdDef *thread = vireo_iothread_id_def_new ();

  thread->id = id;
  thread->has_id = TRUE;
  vireo_domain_def_add_iothread (def, thread);
  return thread;
}

VireoIothreadIdDef *
_vireo_edit_find_iothread (const VireoDomainDef *def, guint id, guint *ret_at)
{
  for (guint i = 0; i < def->n_iothreadids; i++)
    if (def->iothreadids[i]->id == id)
      {
        *ret_at = i;
        return def->iothreadids[i];
      }
  return NULL;
}

/* Those that are counted but have no number get the first free ones, as the format has it. */
void
_vireo_edit_ensure_iothreads (VireoDomainDef *def)
{
  guint at;

  for (guint id = 1; def->has_iothreads && def->n_iothreadids < def->iothreads; id++)
    if (_vireo_edit_find_iothread (def, id, &at) == NULL)
      add_iothread_id (def, id);
}

static gboolean
is_iothread_used (const VireoDomainDef *def, guint id)
{
  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->driver != NULL && def->disks[i]->driver->has_iothread
        && def->disks[i]->driver->iothread == id)
      return TRUE;
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->driver != NULL && def->controllers[i]->driver->has_iothread
        && def->controllers[i]->driver->iothread == id)
      return TRUE;
  return FALSE;
}

static gboolean
delete_iothread (VireoDomainDef *def, guint id, guint at, GError **error)
{
  VireoCputuneDef *cputune = def->cputune;

  if (is_iothread_used (def, id))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "a disk or controller uses the I/O thread %u", id);
      return FALSE;
    }
  vireo_iothread_id_def_free (def->iothreadids[at]);
  memmove (&def->iothreadids[at], &def->iothreadids[at + 1],
           (def->n_iothreadids - at - 1) * sizeof *def->iothreadids);
  def->n_iothreadids--;
  def->iothreads = def->n_iothreadids;
  for (guint i = 0; cputune != NULL && i < cputune->n_iothreadpins; i++)
    if (cputune->iothreadpins[i]->iothread == id)
      {
        vireo_iothread_pin_def_free (cputune->iothreadpins[i]);
        cputune->iothreadpins[i] = cputune->iothreadpins[--cputune->n_iothreadpins];
        return TRUE;
      }
  return TRUE;
}

/* Sizes of the thread pool are in the definition; how it polls is only the running thread's. */
static gboolean
set_iothread (VireoIothreadIdDef *thread, GVariant *parameters, gboolean live, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, parameters);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      const VireoField *field = vireo_field_find ("iothread", name);
      gboolean is_poll = g_str_has_prefix (name, "poll_");
      gboolean good;

      if (field == NULL || g_str_equal (name, "id"))
        good = is_poll && live
               && g_variant_is_of_type (value, g_str_equal (name, "poll_max_ns")
                                                   ? G_VARIANT_TYPE_UINT64
                                                   : G_VARIANT_TYPE_UINT32);
      else
        good = vireo_field_set (field, thread, value, error);
      if (good)
        continue;
      if (error != NULL && *error == NULL)
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                     "an I/O thread has no parameter \"%s\" of the type %s%s", name,
                     g_variant_get_type_string (value),
                     is_poll && !live ? " while it does not run" : "");
      g_variant_unref (value);
      return FALSE;
    }
  return TRUE;
}

gboolean
_vireo_edit_iothread (const VireoDomainEdit *edit,
                      VireoDomainDef *def,
                      gboolean live,
                      GError **error)
{
  VireoIothreadIdDef *thread;
  g_autoptr (GVariant) parameters = NULL;
  guint id, at = 0;

  g_variant_get_child (edit->args, 0, "u", &id);
  _vireo_edit_ensure_iothreads (def);
  thread = _vireo_edit_find_iothread (def, id, &at);
  if (edit->kind == VIREO_DOMAIN_EDIT_ADD_IOTHREAD)
    {
      if (thread != NULL || id == 0 || id > MAX_IOTHREAD)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       thread != NULL ? "there is an I/O thread %u already"
                                      : "%u is no number of an I/O thread",
                       id);
          return FALSE;
        }
      add_iothread_id (def, id);
      def->iothreads = def->n_iothreadids;
      def->has_iothreads = TRUE;
      return TRUE;
    }
  if (thread == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "there is no I/O thread %u", id);
      return FALSE;
    }
  if (edit->kind == VIREO_DOMAIN_EDIT_DELETE_IOTHREAD)
    return delete_iothread (def, id, at, error);
  parameters = g_variant_get_child_value (edit->args, 1);
  return set_iothread (thread, parameters, live, error);
}

static const char *
iothread_pin (const VireoDomainDef *def, guint id)
{
  for (guint i = 0; def->cputune != NULL && i < def->cputune->n_iothreadpins; i++)
    if (def->cputune->iothreadpins[i]->iothread == id)
      return def->cputune->iothreadpins[i]->cpuset;
  return def->vcpu_cpuset;
}

/**
 * vireo_domain_view_iothreads:
 * @def: a domain
 *
 * Returns: (transfer floating): the I/O threads as aa{sv}: `id` u, `cpuset` s, empty when it may
 * run anywhere, and `thread_pool_min` u and `thread_pool_max` u where they are set Since: 0.1
 */
GVariant *
vireo_domain_view_iothreads (const VireoDomainDef *def)
{
  static const char *const names[] = { "thread_pool_min", "thread_pool_max" };
  g_autoptr (VireoDomainDef) copy = vireo_domain_def_copy (def);
  GVariantBuilder list;

  _vireo_edit_ensure_iothreads (copy);
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < copy->n_iothreadids; i++)
    {
      const char *cpuset = iothread_pin (copy, copy->iothreadids[i]->id);

      g_variant_builder_open (&list, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&list, "{sv}", "id", g_variant_new_uint32 (copy->iothreadids[i]->id));
      g_variant_builder_add (&list, "{sv}", "cpuset",
                             g_variant_new_string (cpuset != NULL ? cpuset : ""));
      for (gsize j = 0; j < G_N_ELEMENTS (names); j++)
        {
          GVariant *value
              = vireo_field_get (vireo_field_find ("iothread", names[j]), copy->iothreadids[i]);

          if (value != NULL)
            g_variant_builder_add (&list, "{sv}", names[j], value);
        }
      g_variant_builder_close (&list);
    }
  return g_variant_builder_end (&list);
}
