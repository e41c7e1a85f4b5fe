/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-domain-keeper.h"
#include "vireo-test-guest.h"

G_BEGIN_DECLS

/* The domains of the test driver. */
#define VIREO_TYPE_TEST_DOMAINS (vireo_test_domains_get_type ())
G_DECLARE_FINAL_TYPE (VireoTestDomains, vireo_test_domains, VIREO, TEST_DOMAINS, VireoDomainKeeper)

VireoTestDomains *vireo_test_domains_new (const char *state_dir);

/* Makes the inactive domain run, without waiting for anything. */
void vireo_test_domains_run (VireoTestDomains *self, VireoDomainObj *obj, gboolean paused);

/* Makes an inactive domain run that has its live definition; stops an active one. */
void vireo_test_domains_begin (VireoTestDomains *self,
                               VireoDomainObj *obj,
                               gboolean paused,
                               const char *reason,
                               const char *detail);
void vireo_test_domains_stop (VireoTestDomains *self, VireoDomainObj *obj, const char *reason);

/* The guest of an active domain has switched its machine off. */
void vireo_test_domains_power_off (VireoDomainObj *obj);
VireoTestGuest *vireo_test_domain_get_guest (VireoDomainObj *obj);

G_END_DECLS
