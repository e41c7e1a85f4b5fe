/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libxml/tree.h>

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

/* Elements and attributes that a document may have together, and how deep elements may nest. */
#define VIREO_XML_MAX_NODES 200000u
#define VIREO_XML_MAX_DEPTH 240u
/* Of one element. */
#define VIREO_XML_MAX_ATTRIBUTES 1000u
/* In bytes, of text in another encoding than UTF-8, of which nothing is known beforehand. */
#define VIREO_XML_MAX_SIZE_OTHER (64u * 1024)

xmlDoc *vireo_xml_read (const char *text, gssize length, GPtrArray *problems);
char *vireo_xml_path (const xmlNode *node, const char *attribute);
const xmlNode *vireo_xml_find (const xmlDoc *doc, const char *path);
const char *vireo_xml_text (const xmlNode *first, char **ret_copy);
char *vireo_xml_to_text (const xmlNode *node);
VireoError vireo_xml_error_code (GPtrArray *problems);

G_END_DECLS
