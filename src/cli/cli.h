/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define CLI_BUS_NAME "org.vireo.Vireo1"
#define CLI_ROOT_PATH "/org/vireo/Vireo1"
#define CLI_IFACE(name) CLI_BUS_NAME "." name

/* Exit codes: 0 done, 1 the service refused or failed, 2 the command line is wrong. */
#define CLI_EXIT_FAILURE 1
#define CLI_EXIT_USAGE 2

/* What a word on the command line stands for, for completion. */
typedef enum
{
  CLI_ARG_NONE,
  CLI_ARG_DOMAIN,
  CLI_ARG_NETWORK,
  CLI_ARG_POOL,
  CLI_ARG_CONNECTION,
  CLI_ARG_JOB,
  CLI_ARG_FILE,
  CLI_ARG_DOC_KIND,
} CliArg;

typedef struct
{
  gboolean session;
  gboolean json;
  gboolean ask_password;
  char *host;
  char *connection;
  GDBusConnection *bus;
} CliContext;

typedef struct
{
  const char *name;
  const char *alias;
  const char *usage;
  CliArg arg;
  int min_args;
  int max_args;
  const GOptionEntry *options;
  int (*run) (CliContext *context, int argc, char **argv);
  const char *summary;
} CliVerb;

typedef struct
{
  const char *name;
  const char *alias;
  const char *virsh_prefix;
  const CliVerb *verbs;
  gsize n_verbs;
  const char *summary;
} CliGroup;

extern const CliGroup cli_domain_group;
extern const CliGroup cli_network_group;
extern const CliGroup cli_pool_group;
extern const CliGroup cli_volume_group;
extern const CliGroup cli_connection_group;
extern const CliGroup cli_job_group;
extern const CliGroup cli_manager_group;
extern const CliGroup cli_xml_group;

const CliGroup *const *cli_get_groups (void);
const CliVerb *cli_group_find_verb (const CliGroup *group, const char *name);

/* cli-bus.c */
GDBusConnection *cli_bus (CliContext *context, GError **error);
GVariant *cli_call (CliContext *context, const char *path, const char *interface,
                    const char *method, GVariant *args, const char *reply_type, GError **error);
GVariant *cli_call_with_fds (CliContext *context, const char *path, const char *interface,
                             const char *method, GVariant *args, const char *reply_type,
                             GUnixFDList **ret_fds, GError **error);
GVariant *cli_get_all (CliContext *context, const char *path, const char *interface,
                       GError **error);
gboolean cli_set (CliContext *context, const char *path, const char *interface,
                  const char *property, GVariant *value, GError **error);
char *cli_connection_path (CliContext *context);
char *cli_find_object (CliContext *context, const char *kind, const char *word, GError **error);
int cli_fail (GError *error);

/* cli-output.c */
typedef struct
{
  const char *title;
  const char *property;
} CliColumn;

int cli_print_json (GVariant *value);
void cli_print_table (GVariant *objects, const CliColumn *columns, gsize n_columns);
void cli_print_properties (GVariant *properties);
char *cli_value_to_string (GVariant *value);

/* cli-console.c: joins @fd and the terminal until the guest or the user ends it. */
gboolean cli_console_run (int fd, GError **error);

/* cli-edit.c: lets the user edit @text until @apply takes it or the user gives up. */
typedef gboolean (*CliEditApply) (CliContext *context, const char *text, gpointer data,
                                  GError **error);
int cli_edit (CliContext *context, const char *text, CliEditApply apply, gpointer data);

/* cli-complete.c */
int cli_complete (CliContext *context, int argc, char **argv);

/* What domains and networks have in common. */
int cli_object_call (CliContext *context, const char *kind, const char *word, const char *method,
                     GVariant *args);
int cli_object_define (CliContext *context, const char *method, const char *file,
                       GVariant *options);
int cli_object_print_xml (CliContext *context, const char *kind, const char *word,
                          GVariant *options);
int cli_object_edit (CliContext *context, const char *kind, const char *word);
int cli_object_info (CliContext *context, const char *kind, const char *word);
int cli_object_autostart (CliContext *context, const char *kind, const char *word,
                          gboolean autostart);
int cli_object_list (CliContext *context, const char *kind, GVariant *options,
                     const CliColumn *columns, gsize n_columns, gboolean names_only);

/* An a{sv} of the flags that are set; (transfer floating). */
typedef struct
{
  const char *key;
  gboolean *value;
} CliFlag;

GVariant *cli_options (const CliFlag *flags, gsize n_flags);

G_END_DECLS
