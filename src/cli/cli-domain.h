/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What verbs about domains do that is more than a call. */
#pragma once

#include "cli.h"

G_BEGIN_DECLS

/* cli-domain-life.c */
extern const GOptionEntry cli_start_options[];
extern const GOptionEntry cli_shutdown_options[];
extern const GOptionEntry cli_state_options[];
int cli_run_start (CliCall *call);
int cli_run_shutdown (CliCall *call);
int cli_run_state (CliCall *call);
int cli_run_problems (CliCall *call);

/* cli-domain-undefine.c */
extern const GOptionEntry cli_undefine_options[];
int cli_run_undefine (CliCall *call);

/* cli-domain-attach.c */
extern const GOptionEntry cli_attach_disk_options[];
extern const GOptionEntry cli_attach_interface_options[];
int cli_run_attach_disk (CliCall *call);
int cli_run_attach_interface (CliCall *call);

/* cli-domain-moment.c */
extern const GOptionEntry cli_snapshot_as_options[];
extern const GOptionEntry cli_checkpoint_as_options[];
int cli_run_moment (CliCall *call);
int cli_run_moment_as (CliCall *call);

/* cli-domain-device.c: which definitions a change is of; --current is what is meant anyway. */
typedef struct
{
  gboolean live;
  gboolean config;
  gboolean persistent;
  gboolean current;
} CliAffect;

extern CliAffect cli_affect;

#define CLI_AFFECT_OPTIONS \
  { "live", 0, 0, G_OPTION_ARG_NONE, &cli_affect.live, "What runs", NULL }, \
  { "config", 0, 0, G_OPTION_ARG_NONE, &cli_affect.config, "What the next start uses", NULL }, \
  { "persistent", 0, 0, G_OPTION_ARG_NONE, &cli_affect.persistent, \
    "What the next start uses, and what runs, if it does", NULL }, \
  { "current", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &cli_affect.current, NULL, NULL }

extern const GOptionEntry cli_detach_interface_options[];
extern const GOptionEntry cli_affect_options[];
extern const GOptionEntry cli_media_options[];
int cli_run_detach_disk (CliCall *call);
int cli_run_detach_interface (CliCall *call);
int cli_run_change_media (CliCall *call);
int cli_run_disks (CliCall *call);
int cli_run_interfaces (CliCall *call);
int cli_run_display (CliCall *call);

int cli_call_device (CliCall *call, const char *member, const char *xml);
char *cli_domain_xml (CliCall *call, GError **error);
char *cli_source_path (CliContext *context, const char *word);

#define CLI_JSON_INTERFACES \
  "[{\"interface\": string, \"type\": string, \"source\": string, \"model\": string, " \
  "\"mac\": string}]"

/* cli-domain-link.c */
int cli_run_link (CliCall *call);
int cli_run_tty (CliCall *call);

/* cli-domain-guest.c */
extern const GOptionEntry cli_text_options[];
int cli_run_send_key (CliCall *call);
int cli_run_screenshot (CliCall *call);
int cli_run_namespace (CliCall *call);
int cli_run_set_password (CliCall *call);
int cli_run_desc (CliCall *call);
int cli_run_metadata (CliCall *call);
char *cli_ask_secret (const char *prompt, GError **error);

/* cli-domain-block.c */
extern const GOptionEntry cli_job_options[];
extern const GOptionEntry cli_ready_options[];
int cli_run_job (CliCall *call);

G_END_DECLS
