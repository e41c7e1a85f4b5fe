/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-obj.h"
#include "vireo-qemu-process.h"
#include "vireo-qemu-status.h"
#include "vireo-qga.h"
#include "vireo-qmp.h"

G_BEGIN_DECLS

typedef struct _VireoQemuDomains VireoQemuDomains;

/**
 * VireoQemuEnd:
 * @VIREO_QEMU_END_UNKNOWN: nothing was said: the emulator crashed or was killed
 * @VIREO_QEMU_END_SHUTDOWN: the guest powered off
 * @VIREO_QEMU_END_DESTROYED: it was stopped from outside
 * @VIREO_QEMU_END_CRASHED: the guest panicked
 * @VIREO_QEMU_END_FAILED: it could not be started
 * @VIREO_QEMU_END_DAEMON: it ended while no daemon ran
 *
 * How a guest came to its end.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_QEMU_END_UNKNOWN,
  VIREO_QEMU_END_SHUTDOWN,
  VIREO_QEMU_END_DESTROYED,
  VIREO_QEMU_END_CRASHED,
  VIREO_QEMU_END_FAILED,
  VIREO_QEMU_END_DAEMON,
} VireoQemuEnd;

/* The reason of the state "paused" of a guest whose start was cut off, until the emulator says how
 * far it came. */
#define VIREO_QEMU_REASON_STARTING_UP "starting-up"

/**
 * VireoQemuDomain:
 *
 * A domain of QEMU, with what there is of it while it is active: the record that is also on disk,
 * the process, and the monitor. Signals: `ended`: the guest is gone and its traces are cleared
 * away; `reached`: the monitor of a guest that was started before, or was lost, is there again, and
 * the state is up to date.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_QEMU_DOMAIN (vireo_qemu_domain_get_type ())
G_DECLARE_FINAL_TYPE (VireoQemuDomain, vireo_qemu_domain, VIREO, QEMU_DOMAIN, VireoDomainObj)

struct _VireoQemuDomain
{
  VireoDomainObj parent_instance;

  VireoQemuDomains *driver;    /* since it was made; not a reference: the driver has the domain */
  VireoQemuStatus *status;     /* NULL: there is nothing of a guest */
  VireoQemuProcess *process;   /* NULL: not there yet, or not any more */
  VireoQmp *qmp;               /* NULL: not connected */
  VireoQga *agent;             /* NULL: there is none, or nobody wanted anything of it yet */
  gboolean reaching;           /* connected again, and its run state is not known yet */
  VireoQemuEnd end;            /* what will have ended it, as far as is known */
  const char *pause_reason;    /* of the next STOP event; static, NULL for "user" */
  gboolean restarting;         /* between our reset and QEMU's going on: it stops and runs again */
  guint reconnect_source;      /* 0: nobody waits to reach the monitor once more */
  guint reconnect_delay;       /* of the last attempt, in ms; 0 after one that succeeded */
  gboolean start_cancelled;    /* the last start was given up, by whom wants it stopped */
  char *unplug_alias;          /* the device that unplug_task waits for the guest to release */
  GTask *unplug_task;
  guint unplug_source;         /* how long it still waits */
  GSource *unplug_cancelled;   /* (nullable): when it is given up */
  GHashTable *console_holders; /* alias -> VireoQemuConsole */
};

/* Makes @process the domain's, whose end becomes the domain's. Takes a reference. */
void vireo_qemu_domain_set_process (VireoQemuDomain *self, VireoQemuProcess *process);

/* Makes @qmp the domain's, whose events become the domain's states. Takes a reference. */
void vireo_qemu_domain_set_qmp (VireoQemuDomain *self, VireoQmp *qmp);

/* Connects to the monitor of a guest that was started before, now or as soon as it can be had, and
 * brings its state up to date. */
void vireo_qemu_domain_connect (VireoQemuDomain *self);

void vireo_qemu_domain_emit_reached (VireoQemuDomain *self);

/* The same, in a while: the monitor was lost or cannot be had. Nothing happens unless the guest is
 * one that should have a monitor. @error: (nullable): why. */
void vireo_qemu_domain_reconnect (VireoQemuDomain *self, const GError *error);

/* State, its record on disk (without waiting), and the event @lifecycle unless it is NULL. Does
 * nothing when the domain is in that state for that reason already. */
void vireo_qemu_domain_enter (VireoQemuDomain *self, VireoDomainState state, const char *reason,
                              const char *lifecycle, const char *detail);

/* Writes the record. Without a callback nobody waits, and a failure is logged. */
void vireo_qemu_domain_save_async (VireoQemuDomain *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_qemu_domain_save_finish (VireoQemuDomain *self, GAsyncResult *result,
                                        GError **error);
/* How a step ends that saves: a callback, whose @user_data is its task. */
void vireo_qemu_domain_saved (GObject *source, GAsyncResult *result, gpointer user_data);

/* Enters the layers of a disk, in the registry of images and in the record. On failure those that
 * were entered are out again. Errors: Busy. */
gboolean vireo_qemu_domain_claim (VireoQemuDomain *self, const VireoDiskDef *disk,
                                  const GPtrArray *chain, GError **error);
/* Takes one of them out again. */
void vireo_qemu_domain_disclaim (VireoQemuDomain *self, guint fdset);

/* The guest is gone: clears all traces away, by the record. */
void vireo_qemu_domain_finish (VireoQemuDomain *self, VireoQemuEnd end);

/* Errors: InvalidState when the domain is not active. HypervisorUnresponsive when there is no
 * monitor. */
gboolean vireo_qemu_domain_check_active (VireoQemuDomain *self, GError **error);
gboolean vireo_qemu_domain_check_monitor (VireoQemuDomain *self, GError **error);

/* What the definition wants when the guest powers off, restarts or crashes, told to QEMU; no reply
 * is waited for. @pause_at_poweroff: the guest is to restart instead. */
void vireo_qemu_domain_set_actions (VireoQemuDomain *self, gboolean pause_at_poweroff);

/* Connects the handler of QEMU's events. */
void vireo_qemu_events_connect (VireoQemuDomain *self);

/* What a paused QEMU waits for us to do after the guest powered off or crashed, which the event or,
 * after a daemon's restart, its run state says. */
void vireo_qemu_events_handle_poweroff (VireoQemuDomain *self, gboolean by_guest_reset);
void vireo_qemu_events_handle_crash (VireoQemuDomain *self);

/* What another daemon may not have come to: that a guest powered off was recorded, or it was reset
 * and waits since. */
void vireo_qemu_events_end_poweroff (VireoQemuDomain *self);
void vireo_qemu_events_handle_reset (VireoQemuDomain *self);

G_END_DECLS
