/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools and volumes made of words rather than of documents. */
#pragma once

#include "cli.h"

G_BEGIN_DECLS

extern const GOptionEntry cli_pool_as_options[];
extern const GOptionEntry cli_volume_as_options[];
extern const GOptionEntry cli_find_sources_as_options[];
int cli_run_pool_as (CliCall *call);
int cli_run_volume_as (CliCall *call);
int cli_run_find_sources_as (CliCall *call);
int cli_run_volume_clone (CliCall *call);
int cli_run_volume_at (CliCall *call);

G_END_DECLS
