/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Takes @def (transfer full), or %NULL with @error (transfer full). */
typedef void (*VireoDocumentFunc) (gpointer def, GError *error, gpointer user_data);

/* Parses a text that came from a caller: bounded, and in a thread when it takes long. @done is
 * called before this returns when it does not. @text has to stay meanwhile.
 * Errors: those of vireo_doc_parse(), and LimitExceeded. */
void vireo_document_parse (const VireoDocKind *doc,
                           const char *text,
                           VireoParseFlags flags,
                           VireoDocumentFunc done,
                           gpointer user_data);

/* Strict when the call has the option `validate`. */
VireoParseFlags vireo_call_get_parse_flags (VireoCall *call);

/* Parses @text (nullable), of the call's arguments, into call->def, and goes on; a call whose text
 * is wrong is answered. */
void vireo_call_with_document (VireoCall *call,
                               const char *doc,
                               const char *text,
                               void (*go_on) (VireoCall *call));

/* The same with another text besides (nullable), which is parsed into @def (transfer full)
 * (nullable). */
void vireo_call_with_second_document (VireoCall *call,
                                      const char *doc,
                                      const char *text,
                                      void (*go_on) (VireoCall *call, gpointer def));

/* For tasks that return a definition: answers with its text, with secrets when the call has the
 * option `secure`. To be given to vireo_call_task(). */
void vireo_call_return_domain_def (GObject *source, GAsyncResult *result, gpointer call);
void vireo_call_return_checkpoint_def (GObject *source, GAsyncResult *result, gpointer call);

/* A preparation: the option `secure` takes the service's permission for secrets, too. */
void vireo_prepare_secure (VireoCall *call);

G_END_DECLS
