/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Plans that several tests use. */

#include <glib.h>

#include "drivers/network/vireo-network-plan.h"

static inline VireoIp
test_ip (const char *text)
{
  VireoIp ip = { 0 };

  g_assert_true (vireo_ip_parse (text, &ip));
  return ip;
}

static inline VireoPlanSubnet *
test_add_subnet (VireoNetworkPlan *plan, const char *address, guint prefix, const char *start,
                 const char *end)
{
  VireoPlanSubnet *subnet = vireo_network_plan_add_subnet (plan);

  subnet->address = test_ip (address);
  subnet->prefix = prefix;
  if (start != NULL)
    {
      VireoPlanRange *range = vireo_plan_subnet_add_range (subnet);

      range->start = test_ip (start);
      range->end = test_ip (end);
    }
  return subnet;
}

static inline VireoNetworkPlan *
test_plan (VireoNetworkMode mode, const char *bridge)
{
  VireoNetworkPlan *plan = vireo_network_plan_new_empty ();

  plan->name = g_strdup ("test");
  plan->uuid = g_strdup ("81ff0d90-c91e-6742-64da-4a736edb9a9b");
  plan->mode = mode;
  plan->bridge = g_strdup (bridge);
  plan->mac = g_strdup ("52:54:00:17:3f:37");
  plan->stp = TRUE;
  return plan;
}
