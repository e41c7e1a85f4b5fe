/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * VireoQemuTraffic:
 * @known: whether there are figures
 * @rx: bytes, packets, errors and dropped packets that the guest received
 * @tx: and that it sent
 *
 * Of a network interface, as the guest sees it.
 *
 * Since: 0.1
 */
typedef struct
{
  gboolean known;
  guint64 rx[4];
  guint64 tx[4];
} VireoQemuTraffic;

/**
 * VireoQemuFigures:
 * @pid: in: the emulator's process
 * @start_time: in: its start, so that no other process is meant
 * @threads: (element-type int): in: the threads of the virtual processors; 0 for one not known
 * @taps: (element-type utf8): in: tap devices; "" for an interface without
 * @known: whether the process is there
 * @user: nanoseconds that it ran in its own code, the guest's among it
 * @system: nanoseconds that the kernel worked for it
 * @rss: KiB of memory that it has
 * @times: (element-type guint64): nanoseconds that each thread ran
 * @delays: (element-type guint64): nanoseconds that each thread waited for a processor
 * @traffic: (element-type VireoQemuTraffic): of each tap device
 *
 * What the kernel knows of a guest: filled in by vireo_qemu_figures_read().
 *
 * Since: 0.1
 */
typedef struct
{
  gint64 pid;
  guint64 start_time;
  GArray *threads;
  GPtrArray *taps;
  gboolean known;
  guint64 user;
  guint64 system;
  guint64 rss;
  GArray *times;
  GArray *delays;
  GArray *traffic;
} VireoQemuFigures;

VireoQemuFigures *vireo_qemu_figures_new (void);
void vireo_qemu_figures_free (VireoQemuFigures *self);

/* Blocks: for a worker thread. What cannot be read stays 0. */
void vireo_qemu_figures_read (VireoQemuFigures *self);

G_END_DECLS
