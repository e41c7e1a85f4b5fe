/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "cli-kinds.h"
#include "cli-members.h"

G_BEGIN_DECLS

#define CLI_BUS_NAME "org.vireo.Vireo1"
#define CLI_ROOT_PATH "/org/vireo/Vireo1"
#define CLI_IFACE(name) CLI_BUS_NAME "." name

/* Exit codes: 0 done, 1 the service refused or failed, 2 the command line is wrong. */
#define CLI_EXIT_FAILURE 1
#define CLI_EXIT_USAGE 2

struct _CliContext
{
  gboolean session;
  gboolean json;
  gboolean ask_password;
  char *host;
  char *connection;
  GDBusConnection *bus;
};

typedef struct _CliCall CliCall;
typedef struct _CliOptions CliOptions;
typedef int (*CliRun) (CliCall *call);

/* A verb. What is not said comes from its member: the words that it takes, its options, and what
 * they are for. */
typedef struct
{
  const char *name;
  const char *alias; /* (nullable): other names, virsh's among them */
  const char *member; /* (nullable): what it calls, "Domain.Start"; or the property that it is
                       * about, "Domain:Name" */
  const char *summary;
  CliRun run;                  /* (nullable): cli_run_call() */
  const char *show;            /* (nullable): the member that is called when there are no words but
                                * those that this one takes; of cli_run_edit(), where it goes */
  int optional;                /* how many words at the end may be missing */
  const char *named;           /* (nullable): arguments that are options, and what they are when
                                * they are not given: "codeset=linux" */
  const char *usage;           /* (nullable): its words, when they are not those of the member */
  const GOptionEntry *options; /* (nullable): options of its own */
  const char *json;            /* (nullable): what it prints with --json, when that is not what the
                                * member gives; "" for nothing. See cli-shape.c */
} CliVerb;

typedef struct
{
  const char *name;
  const char *alias;
  const char *virsh_prefix; /* (nullable): what virsh's commands begin with */
  const char *kind;         /* (nullable): of what its verbs are about */
  const CliVerb *verbs;
  gsize n_verbs;
  const char *summary;
} CliGroup;

/* What watch and monitor-events print, a line each. */
#define CLI_JSON_SIGNALS \
  "{\"time\": string, \"path\": path, \"interface\": string, \"signal\": string, " \
  "\"arguments\": {KEY: any}}…"

/* A verb that runs. */
struct _CliCall
{
  CliContext *context;
  const CliGroup *group;
  const CliVerb *verb;
  const CliOptions *options;
  int n_words;
  char **words;
};

extern const CliGroup cli_domain_group;
extern const CliGroup cli_snapshot_group;
extern const CliGroup cli_checkpoint_group;
extern const CliGroup cli_network_group;
extern const CliGroup cli_port_group;
extern const CliGroup cli_filter_group;
extern const CliGroup cli_binding_group;
extern const CliGroup cli_pool_group;
extern const CliGroup cli_volume_group;
extern const CliGroup cli_secret_group;
extern const CliGroup cli_device_group;
extern const CliGroup cli_interface_group;
extern const CliGroup cli_connection_group;
extern const CliGroup cli_job_group;
extern const CliGroup cli_manager_group;
extern const CliGroup cli_xml_group;

const CliGroup *const *cli_get_groups (void);
const CliVerb *cli_group_find_verb (const CliGroup *group, const char *name);
const CliVerb *cli_find_verb (int *argc, char ***argv, const CliGroup **ret_group);

/* cli-verb.c */
const CliMember *cli_verb_member (const CliVerb *verb);
const CliKind *cli_verb_kind (const CliGroup *group, const CliVerb *verb);
char *cli_verb_usage (const CliGroup *group, const CliVerb *verb);
CliOptions *cli_options_new (const CliVerb *verb);
void cli_options_free (CliOptions *options);
const GOptionEntry *cli_options_entries (const CliOptions *options);
const char *cli_options_text (const CliOptions *options, const char *name);
gboolean cli_options_is_on (const CliOptions *options, const char *name);
const char *cli_options_xpath (const CliOptions *options, gboolean *ret_wrap);
gboolean cli_options_fit (const CliOptions *options, const CliMember *member);
gboolean cli_options_take (const CliCall *call, const CliMember *member, GVariant **ret_options,
                           GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliOptions, cli_options_free)

/* cli-words.c */
typedef struct
{
  const CliCall *call;
  const CliMember *member;
  GVariant *known; /* (nullable): what parameters are now, which tells their types */
  char **words;
  int n_words;
  GUnixFDList *fds;
} CliWords;

char *cli_words_name (const CliMember *member, const CliField *field);
GVariant *cli_words_take (CliWords *words, const CliField *field, GError **error);
GVariant *cli_words_parse (const CliField *field, const char *word, GError **error);
char *cli_read_text (const char *file, GError **error);
GBytes *cli_read_file (const char *file, gsize max, GError **error);

char *cli_printable (const char *text);

/* cli-tree.c */
void cli_print_tree (GVariant *objects, const char *name_property, gboolean by_path);

/* cli-xpath.c */
char *cli_xpath (const char *xml, const char *expression, gboolean wrap, GError **error);

/* cli-run.c: what verbs do. */
int cli_run_call (CliCall *call);
int cli_run_call_for (CliCall *call, GVariant **ret_reply);
int cli_run_list (CliCall *call);
int cli_run_info (CliCall *call);
int cli_run_edit (CliCall *call);
int cli_run_autostart (CliCall *call);
int cli_run_property (CliCall *call);
extern const GOptionEntry cli_list_options[];
extern const GOptionEntry cli_autostart_options[];
char *cli_call_path (CliCall *call, GError **error);
GVariant *cli_call_arguments (CliCall *call, const CliMember *member, GUnixFDList *fds,
                              GError **error);
int cli_call_member (CliCall *call, const char *member, const char *path, GVariant *args);

/* cli-bus.c */
void cli_explain (CliContext *context, const char *method, GError **error);
GDBusConnection *cli_bus (CliContext *context, GError **error);
GVariant *cli_call (CliContext *context, const char *path, const char *interface,
                    const char *method, GVariant *args, const char *reply_type, GError **error);
gboolean cli_passes_files (CliContext *context, GError **error);
GVariant *cli_call_with_fds (CliContext *context, const char *path, const char *interface,
                             const char *method, GVariant *args, const char *reply_type,
                             GUnixFDList **ret_fds, GError **error);
GVariant *cli_get_all (CliContext *context, const char *path, const char *interface,
                       GError **error);
gboolean cli_set (CliContext *context, const char *path, const char *interface,
                  const char *property, GVariant *value, GError **error);
char *cli_connection_path (CliContext *context);
int cli_fail (const GError *error);

/* cli-progress.c */
GVariant *cli_call_watched (CliContext *context, const char *path, const char *interface,
                            const char *method, GVariant *args, GUnixFDList *fds,
                            GUnixFDList **ret_fds, GError **error);
typedef enum
{
  CLI_JOB_FAILED,
  CLI_JOB_DONE,
  CLI_JOB_READY,
} CliJobEnd;
CliJobEnd cli_job_follow (CliContext *context, const char *job, GError **error);

/* cli-output.c */
void cli_write (const void *data, gsize size);
int cli_check_written (int status);
int cli_print_json (GVariant *value);
int cli_print_text (CliContext *context, const char *text);
void cli_print_json_line (GVariant *value);
void cli_print_objects (GVariant *objects, const char *kind, const CliColumn *columns,
                        gboolean headed);
void cli_print_properties (GVariant *properties, const char *kind, const CliField *fields);
int cli_print_dictionaries (CliContext *context, GVariant *dictionaries, const char *const *keys);
int cli_print_reply (CliContext *context, const CliMember *member, GVariant *reply);
char *cli_value_to_string (GVariant *value, const CliField *field);

/* cli-console.c: joins @fd and the terminal until the guest or the user ends it. */
gboolean cli_console_run (int fd, gboolean is_text, GError **error);
int cli_run_console (CliCall *call);

/* cli-edit.c: lets the user edit @text until @apply takes it or the user gives up. It fails with
 * %G_IO_ERROR_WRONG_ETAG when somebody else has changed the document meanwhile, unless it is
 * forced. */
typedef enum
{
  CLI_EDIT_NONE = 0,
  CLI_EDIT_VALIDATE = 1 << 0,
  CLI_EDIT_FORCE = 1 << 1,
} CliEditFlags;

typedef gboolean (*CliEditApply) (CliContext *context, const char *text, CliEditFlags flags,
                                  gpointer data, GError **error);
int cli_edit (CliContext *context, const char *text, CliEditApply apply, gpointer data);

/* cli-complete.c */
int cli_complete (CliContext *context, int argc, char **argv);

/* cli-watch.c */
extern const GOptionEntry cli_monitor_options[];
extern const GOptionEntry cli_watch_options[];
int cli_run_watch (CliCall *call);

G_END_DECLS
