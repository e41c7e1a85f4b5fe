/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/**
 * VireoParseFlags:
 * @VIREO_PARSE_NONE: lenient: unknown elements and attributes are ignored
 * @VIREO_PARSE_STRICT: unknown elements and attributes are errors
 * @VIREO_PARSE_ALLOW_POST_PARSE_FAIL: for post-parse, of a definition that exists already: what
 *   fails for now does not fail the load
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_PARSE_NONE = 0,
  VIREO_PARSE_STRICT = 1 << 0,
  VIREO_PARSE_ALLOW_POST_PARSE_FAIL = 1 << 1,
} VireoParseFlags;

/**
 * VireoFormatFlags:
 * @VIREO_FORMAT_NONE: everything but secrets
 * @VIREO_FORMAT_SECURE: with secrets
 * @VIREO_FORMAT_INACTIVE: without what only a running guest has
 * @VIREO_FORMAT_MIGRATABLE: fit for another host
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_FORMAT_NONE = 0,
  VIREO_FORMAT_SECURE = 1 << 0,
  VIREO_FORMAT_INACTIVE = 1 << 1,
  VIREO_FORMAT_MIGRATABLE = 1 << 2,
} VireoFormatFlags;

/**
 * VireoTristate:
 * @VIREO_TRISTATE_UNSET: not written
 * @VIREO_TRISTATE_NO: `no` or `off`
 * @VIREO_TRISTATE_YES: `yes` or `on`
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_TRISTATE_UNSET = 0,
  VIREO_TRISTATE_NO,
  VIREO_TRISTATE_YES,
} __attribute__ ((packed)) VireoTristate;

/**
 * VireoProblem:
 * @line: line of the text, from 1; 0 when it has none
 * @path: where, such as "/domain/devices/disk[2]/target/@dev"; %NULL when it is nowhere
 * @phase: post-parse phase, or "parse" or "validate" (static)
 * @code: short machine-readable cause, such as "missing-emulator" or "unknown-element" (static)
 * @device: (nullable): alias of the device that it is about; of one that has none yet, its element
 *   and place, such as "disk[2]"
 * @resource: (nullable): what the host lacks, as a path or a name
 * @message: for people: what is wrong and what was expected; @line and @path are not repeated in it
 *
 * Something that is wrong with a definition. All of them are collected, not only the first.
 *
 * Since: 0.1
 */
typedef struct
{
  guint line;
  char *path;
  const char *phase;
  const char *code;
  char *device;
  char *resource;
  char *message;
} VireoProblem;

VireoProblem *vireo_problem_new (const char *phase, const char *code);
VireoProblem *vireo_problem_copy (const VireoProblem *problem);
void vireo_problem_free (VireoProblem *problem);
char *vireo_problem_to_string (const VireoProblem *problem);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoProblem, vireo_problem_free)

/* (element-type VireoProblem): one GError that says the first and counts the others. */
GError *vireo_problems_to_error (GPtrArray *problems, VireoError code);

/**
 * VireoDocKind:
 *
 * A kind of document, of which vireo_doc_kind_find() knows the name that `vireoctl xml` uses:
 * "domain", "network", "storagepool", "storagevol", "nwfilter", "secret", "nodedev", "interface",
 * "snapshot", "checkpoint", "backup", "networkport", "nwfilterbinding", "capabilities",
 * "domaincaps", "cpu".
 *
 * Since: 0.1
 */
typedef struct _VireoDocKind VireoDocKind;

/**
 * VireoDocVisitor:
 * @element: gets the path of an element, such as "/domain/devices/disk"; whether to look into it
 * @attribute: gets the path of an attribute, such as "/domain/devices/disk/@type"
 *
 * Since: 0.1
 */
typedef struct
{
  gboolean (*element) (const char *path, gpointer data);
  void (*attribute) (const char *path, gpointer data);
} VireoDocVisitor;

const VireoDocKind *vireo_doc_kind_find (const char *name);
const char *const *vireo_doc_kind_names (void);

/* Generic over kinds. @length -1 for NUL-terminated text; @file_name (nullable) for messages.
 * Errors: XmlMalformed, XmlInvalid, LimitExceeded, each with line and path. */
gpointer vireo_doc_parse (const VireoDocKind *kind, const char *text, gssize length,
                          VireoParseFlags flags, GError **error);
gpointer vireo_doc_read (const VireoDocKind *kind, const char *text, gssize length,
                         VireoParseFlags flags, GPtrArray *problems);
/* The same of an element inside of a document, which @path names: "network/ip/dhcp/host" is a
 * `<host>` that becomes a #VireoDhcpHostDef. */
gpointer vireo_doc_parse_part (const char *path, const char *text, VireoParseFlags flags,
                               GError **error);
char *vireo_doc_format (const VireoDocKind *kind, gconstpointer def, VireoFormatFlags flags,
                        GError **error);
void vireo_doc_walk (const VireoDocKind *kind, gconstpointer def, VireoFormatFlags flags,
                     const VireoDocVisitor *visitor, gpointer data);
void vireo_doc_free (const VireoDocKind *kind, gpointer def);
gpointer vireo_doc_copy (const VireoDocKind *kind, gconstpointer def);
gboolean vireo_doc_equal (const VireoDocKind *kind, gconstpointer a, gconstpointer b);

/* A definition at rest: a fifth of the bytes, one block, to be freed with g_free(). What unpacking
 * gives is one block too, which is to be read only, and freed with g_free(). */
guint8 *vireo_doc_pack (const VireoDocKind *kind, gconstpointer def, gsize *ret_size);
gconstpointer vireo_doc_unpack (const VireoDocKind *kind, const guint8 *packed);

/* Whether a guest would see no difference between @a and @b. AbiMismatch says where they differ. */
gboolean vireo_doc_check_abi (const VireoDocKind *kind, gconstpointer a, gconstpointer b,
                              GError **error);

/* All that is wrong with a text, strictly read: malformed XML, unknown and missing elements, bad
 * values, and the generic validation rules. (transfer full) (element-type VireoProblem), empty when
 * all is well. */
GPtrArray *vireo_doc_check (const VireoDocKind *kind, const char *text, gssize length);

/* The largest document that is read, in bytes. */
#define VIREO_DOC_MAX_SIZE (8u * 1024 * 1024)

G_END_DECLS

/* The structs and enums of all documents. */
#include "conf/vireo-conf-defs.h"
#include "conf/vireo-device.h"
