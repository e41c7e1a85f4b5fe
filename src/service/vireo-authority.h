/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-caller.h"
#include "vireo-details.h"
#include "vireo-members.h"

G_BEGIN_DECLS

/**
 * VireoVerdict:
 * @VIREO_VERDICT_NO: refused
 * @VIREO_VERDICT_YES: allowed
 * @VIREO_VERDICT_CHALLENGE: would be allowed after authenticating
 * @VIREO_VERDICT_DISMISSED: somebody closed the dialog
 * @VIREO_VERDICT_CANCELLED: the question was taken back
 * @VIREO_VERDICT_BUSY: the user has as many dialogs open as is allowed
 * @VIREO_VERDICT_FAILED: polkit could not be asked
 *
 * An answer to "may this caller?".
 */
typedef enum
{
  VIREO_VERDICT_NO,
  VIREO_VERDICT_YES,
  VIREO_VERDICT_CHALLENGE,
  VIREO_VERDICT_DISMISSED,
  VIREO_VERDICT_CANCELLED,
  VIREO_VERDICT_BUSY,
  VIREO_VERDICT_FAILED,
} VireoVerdict;

/**
 * VireoAuthority:
 *
 * Asks polkit.
 *
 * Only what polkit decided without asking anybody, about permissions that only read, is remembered:
 * for a caller, an action and details, for 5 seconds at most, and not beyond polkit's signal that
 * something changed. Equal questions that are under way are asked once. Questions without a dialog
 * go out a few at a time, in turn between callers: a caller that lists ten thousand objects does
 * not keep the others waiting. The bus allows a client only so many calls without an answer (128 by
 * default), so the number of dialogs is limited, too: 8 of a user, 48 of all. Of one caller there
 * is one at a time; the others wait, and count.
 *
 * What is asked about a caller is asked on the bus that they called on: a name means somebody else
 * on a bus that was started anew.
 *
 * The superuser is always allowed, as polkit itself has it. On a session bus there is no polkit:
 * the daemon's own user may do everything, and nobody else anything.
 */
#define VIREO_TYPE_AUTHORITY (vireo_authority_get_type ())
G_DECLARE_FINAL_TYPE (VireoAuthority, vireo_authority, VIREO, AUTHORITY, GObject)

typedef void (*VireoVerdictFunc) (VireoVerdict verdict, gpointer user_data);

VireoAuthority *vireo_authority_new (gboolean session);

/* @connection: (nullable): the bus that callers and polkit are on from now on */
void vireo_authority_set_connection (VireoAuthority *self, GDBusConnection *connection);
GDBusConnection *vireo_authority_get_connection (VireoAuthority *self);

gboolean
vireo_authority_settles (VireoAuthority *self, VireoCaller *caller, VireoVerdict *ret_verdict);

gboolean vireo_authority_peek (VireoAuthority *self,
                               VireoCaller *caller,
                               const VireoAction *action,
                               VireoDetails *details,
                               VireoVerdict *ret_verdict);

void vireo_authority_ask (VireoAuthority *self,
                          VireoCaller *caller,
                          const VireoAction *action,
                          VireoDetails *details,
                          VireoVerdictFunc func,
                          gpointer user_data);

void vireo_authority_prompt (VireoAuthority *self,
                             VireoCaller *caller,
                             const VireoAction *action,
                             VireoDetails *details,
                             GCancellable *cancellable,
                             VireoVerdictFunc func,
                             gpointer user_data);

G_END_DECLS
