/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-arch.h"

#include <sys/utsname.h>

static const VireoQemuArch archs[] = {
  { "x86_64", "x86_64", 64, NULL },
  { "i686", "i386", 32, "x86_64" },
  { "aarch64", "aarch64", 64, NULL },
  { "armv7l", "arm", 32, "aarch64" },
  { "armv6l", "arm", 32, NULL },
  { "ppc64", "ppc64", 64, NULL },
  { "ppc64le", "ppc64", 64, NULL },
  { "ppc", "ppc", 32, NULL },
  { "s390x", "s390x", 64, NULL },
  { "riscv64", "riscv64", 64, NULL },
  { "riscv32", "riscv32", 32, NULL },
  { "loongarch64", "loongarch64", 64, NULL },
  { "mips", "mips", 32, NULL },
  { "mipsel", "mipsel", 32, NULL },
  { "mips64", "mips64", 64, NULL },
  { "mips64el", "mips64el", 64, NULL },
  { "sparc", "sparc", 32, NULL },
  { "sparc64", "sparc64", 64, NULL },
  { "alpha", "alpha", 64, NULL },
  { "m68k", "m68k", 32, NULL },
  { "sh4", "sh4", 32, NULL },
  { "sh4eb", "sh4eb", 32, NULL },
  { "xtensa", "xtensa", 32, NULL },
  { "xtensaeb", "xtensaeb", 32, NULL },
};

const VireoQemuArch *
vireo_qemu_archs (gsize *ret_n)
{
  *ret_n = G_N_ELEMENTS (archs);
  return archs;
}

const VireoQemuArch *
vireo_qemu_arch_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (archs); i++)
    if (g_strcmp0 (archs[i].name, name) == 0)
      return &archs[i];
  return NULL;
}

const VireoQemuArch *
vireo_qemu_arch_find_target (const char *target)
{
  for (gsize i = 0; i < G_N_ELEMENTS (archs); i++)
    if (g_strcmp0 (archs[i].target, target) == 0)
      return &archs[i];
  return NULL;
}

static gpointer
find_host (gpointer data)
{
  struct utsname name;

  if (uname (&name) < 0)
    return NULL;
  /* i386 to i686 are one. */
  if (name.machine[0] == 'i' && g_str_has_suffix (name.machine, "86"))
    return (gpointer) vireo_qemu_arch_find ("i686");
  return (gpointer) vireo_qemu_arch_find (name.machine);
}

const VireoQemuArch *
vireo_qemu_arch_host (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, find_host, NULL);
}

gboolean
vireo_qemu_arch_is_x86 (const char *name)
{
  return g_strcmp0 (name, "x86_64") == 0 || g_strcmp0 (name, "i686") == 0;
}

gboolean
vireo_qemu_arch_is_arm (const char *name)
{
  return g_strcmp0 (name, "aarch64") == 0 || g_strcmp0 (name, "armv7l") == 0
         || g_strcmp0 (name, "armv6l") == 0;
}
