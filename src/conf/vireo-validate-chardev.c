/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for character devices, wherever they stand. */
#include "vireo-validate.h"

/* What all of them have, at different offsets. */
typedef struct
{
  VireoDeviceKind kind;
  guint index;
  gconstpointer device;
  VireoChardevType type;
  VireoChardevSourceDef *const *sources;
  guint n_sources;
} Chardev;

static void
add (const Chardev *chardev, GPtrArray *problems, const char *below, const char *code,
     const char *message)
{
  vireo_validate_add_device (problems, chardev->kind, chardev->index, chardev->device, below, code,
                             "%s", message);
}

/* What a type cannot be without. */
static const struct
{
  VireoChardevType type;
  gsize offset;
  const char *below;
} needed[] = {
  { VIREO_CHARDEV_TYPE_FILE, G_STRUCT_OFFSET (VireoChardevSourceDef, path), "source/@path" },
  { VIREO_CHARDEV_TYPE_DEV, G_STRUCT_OFFSET (VireoChardevSourceDef, path), "source/@path" },
  { VIREO_CHARDEV_TYPE_PIPE, G_STRUCT_OFFSET (VireoChardevSourceDef, path), "source/@path" },
  { VIREO_CHARDEV_TYPE_TCP, G_STRUCT_OFFSET (VireoChardevSourceDef, host), "source/@host" },
  { VIREO_CHARDEV_TYPE_TCP, G_STRUCT_OFFSET (VireoChardevSourceDef, service), "source/@service" },
  { VIREO_CHARDEV_TYPE_SPICEPORT, G_STRUCT_OFFSET (VireoChardevSourceDef, channel),
    "source/@channel" },
  { VIREO_CHARDEV_TYPE_NMDM, G_STRUCT_OFFSET (VireoChardevSourceDef, master), "source/@master" },
  { VIREO_CHARDEV_TYPE_NMDM, G_STRUCT_OFFSET (VireoChardevSourceDef, slave), "source/@slave" },
};

static void
check_needed (const Chardev *chardev, GPtrArray *problems)
{
  for (gsize row = 0; row < G_N_ELEMENTS (needed); row++)
    if (needed[row].type == chardev->type
        && (chardev->n_sources == 0
            || G_STRUCT_MEMBER (char *, chardev->sources[0], needed[row].offset) == NULL))
      add (chardev, problems, needed[row].below, "missing-source",
           "a character device of this type needs it");
}

/* A channel's socket gets a path of its own from the driver. */
static void
check_socket (const Chardev *chardev, GPtrArray *problems)
{
  if (chardev->type == VIREO_CHARDEV_TYPE_UNIX && chardev->kind != VIREO_DEVICE_CHANNEL
      && (chardev->n_sources == 0 || chardev->sources[0]->path == NULL))
    add (chardev, problems, "source/@path", "missing-source", "a socket needs a path");
}

static void
check_reconnect (const Chardev *chardev, const VireoChardevSourceDef *source, GPtrArray *problems)
{
  const VireoReconnectDef *reconnect = source->reconnect;

  if (reconnect == NULL || reconnect->enabled != VIREO_TRISTATE_YES)
    return;
  if (source->mode == VIREO_CHARDEV_MODE_BIND)
    add (chardev, problems, "source/reconnect", "bad-reconnect",
         "who listens does not connect again");
  if (!reconnect->has_timeout || reconnect->timeout == 0)
    add (chardev, problems, "source/reconnect/@timeout", "bad-timeout",
         "it takes a number of seconds, from 1 on");
}

static void
check_chardev (const Chardev *chardev, GPtrArray *problems)
{
  /* UDP has one for each direction. */
  if (chardev->n_sources > (chardev->type == VIREO_CHARDEV_TYPE_UDP ? 2u : 1u))
    add (chardev, problems, "source", "too-many-sources", "only UDP has two sources");
  check_needed (chardev, problems);
  check_socket (chardev, problems);
  for (guint i = 0; i < chardev->n_sources; i++)
    check_reconnect (chardev, chardev->sources[i], problems);
}

/* The devices that are one as a whole, and where they have it. */
#define KIND(KIND, Type)                                                                           \
  { VIREO_DEVICE_##KIND, G_STRUCT_OFFSET (Vireo##Type##Def, type),                                 \
    G_STRUCT_OFFSET (Vireo##Type##Def, sources), G_STRUCT_OFFSET (Vireo##Type##Def, n_sources) }
static const struct
{
  VireoDeviceKind kind;
  gsize type;
  gsize sources;
  gsize n_sources;
} kinds[] = {
  KIND (SERIAL, Serial),   KIND (PARALLEL, Parallel), KIND (CONSOLE, Console),
  KIND (CHANNEL, Channel), KIND (REDIRDEV, Redirdev),
};

static void
check_devices (const VireoDomainDef *def, GPtrArray *problems)
{
  for (gsize row = 0; row < G_N_ELEMENTS (kinds); row++)
    for (guint i = 0; i < vireo_domain_def_n_devices (def, kinds[row].kind); i++)
      {
        gconstpointer device = vireo_domain_def_get_device (def, kinds[row].kind, i);
        Chardev chardev = { kinds[row].kind, i, device,
                            G_STRUCT_MEMBER (VireoChardevType, device, kinds[row].type),
                            G_STRUCT_MEMBER (VireoChardevSourceDef **, device, kinds[row].sources),
                            G_STRUCT_MEMBER (guint, device, kinds[row].n_sources) };

        /* The first console may be a serial port again, of which enough was said. */
        if (kinds[row].kind != VIREO_DEVICE_CONSOLE || i > 0 || def->n_serials == 0)
          check_chardev (&chardev, problems);
      }
}

static void
check_rngs (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_rngs; i++)
    {
      const VireoRngBackendDef *backend = def->rngs[i]->backend;
      Chardev chardev = { VIREO_DEVICE_RNG, i, def->rngs[i] };

      if (backend == NULL || backend->model != VIREO_RNG_BACKEND_MODEL_EGD)
        continue;
      chardev.type = backend->type;
      chardev.sources = backend->sources;
      chardev.n_sources = backend->n_sources;
      check_chardev (&chardev, problems);
    }
}

const VireoValidateRule vireo_validate_chardev_rules[] = { check_devices, check_rngs, NULL };
