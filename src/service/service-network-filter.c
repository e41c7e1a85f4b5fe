/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-define.h"
#include "vireo-handlers.h"
#include "vireo-services.h"

static const VireoHandler methods[] = {
  { "Undefine", vireo_handle_plain, VIREO_JOB_CHANGE, "nwfilter-undefine",
    .op = VIREO_NETWORK_FILTER_OP (undefine) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_NETWORK_FILTER_OP (get_filters),
    .prepare = vireo_prepare_get_xml },
  { "SetXml", vireo_handle_set_xml, VIREO_JOB_CHANGE, "nwfilter-set-xml",
    .op = VIREO_NETWORK_FILTER_OP (replace), .prepare = vireo_define_prepare },
  { NULL },
};

const VireoService vireo_service_network_filter = {
  .interface = "org.vireo.Vireo1.NetworkFilter",
  .path_kind = VIREO_PATH_NETWORK_FILTER,
  .kind = "nwfilter",
  .secure = "write",
  .part = VIREO_PART_REF (VIREO_PART_NETWORK_FILTERS),
  .get_type = vireo_network_filter_obj_get_type,
  .methods = methods,
};

/* ---- bindings ---- */

static const VireoHandler binding_methods[] = {
  { "Delete", vireo_handle_plain, VIREO_JOB_CHANGE, "nwfilter-binding-delete",
    .op = VIREO_NETWORK_FILTER_OP (delete_binding) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_NETWORK_FILTER_OP (get_bindings),
    .prepare = vireo_prepare_get_xml },
  { NULL },
};

const VireoService vireo_service_network_filter_binding = {
  .interface = "org.vireo.Vireo1.NetworkFilterBinding",
  .path_kind = VIREO_PATH_NETWORK_FILTER_BINDING,
  .kind = "nwfilter-binding",
  .secure = "read",
  .part = VIREO_PART_REF (VIREO_PART_NETWORK_FILTERS),
  .get_type = vireo_filter_binding_obj_get_type,
  .methods = binding_methods,
};
