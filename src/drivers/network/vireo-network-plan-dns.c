/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* <domain> and <dns> of a definition. */

#include "vireo-network-plan-private.h"

/* One character string of a TXT record: RFC 1035, section 3.3. */
#define MAX_TEXT 255

static void
add_forwarder (VireoPlanner *planner, const VireoDnsForwarderDef *def, guint number)
{
  VireoPlanForwarder *forwarder = vireo_network_plan_add_forwarder (planner->plan);

  if (def->domain != NULL && !_vireo_text_is_domain (def->domain))
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/forwarder[%u]/@domain", number),
                            "is not a domain name");
  forwarder->domain = g_strdup (def->domain);
  if (def->addr != NULL)
    _vireo_planner_address (planner, g_strdup_printf ("dns/forwarder[%u]/@addr", number),
                            def->addr, &forwarder->address);
  else if (def->domain == NULL)
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/forwarder[%u]", number),
                            "needs a domain or an addr");
}

static void
add_text (VireoPlanner *planner, const VireoDnsTxtDef *def, guint number)
{
  VireoPlanText *text = vireo_network_plan_add_text (planner->plan);

  if (!_vireo_text_is_domain (def->name))
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/txt[%u]/@name", number),
                            "is not a domain name");
  if (!_vireo_text_is_line (def->value, MAX_TEXT))
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/txt[%u]/@value", number),
                            "is missing, longer than %d bytes, or has control characters",
                            MAX_TEXT);
  text->name = g_strdup (def->name);
  text->value = g_strdup (def->value);
}

static void
check_service_numbers (VireoPlanner *planner, const VireoDnsSrvDef *def, guint number)
{
  const struct
  {
    const char *name;
    gboolean given;
    guint value;
  } numbers[] = {
    { "port", def->has_port, def->port },
    { "priority", def->has_priority, def->priority },
    { "weight", def->has_weight, def->weight },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      if (!numbers[i].given)
        continue;
      if (def->target == NULL)
        _vireo_planner_invalid (planner,
                                g_strdup_printf ("dns/srv[%u]/@%s", number, numbers[i].name),
                                "makes no sense without a target");
      else if (numbers[i].value > 65535)
        _vireo_planner_invalid (planner,
                                g_strdup_printf ("dns/srv[%u]/@%s", number, numbers[i].name),
                                "is %u, more than 65535", numbers[i].value);
    }
}

static void
add_service (VireoPlanner *planner, const VireoDnsSrvDef *def, guint number)
{
  VireoPlanService *service = vireo_network_plan_add_service (planner->plan);

  if (!_vireo_text_is_label (def->service))
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/srv[%u]/@service", number),
                            "is not a service name");
  if (!_vireo_text_is_label (def->protocol))
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/srv[%u]/@protocol", number),
                            "is not a protocol name");
  if (def->domain != NULL && !_vireo_text_is_domain (def->domain))
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/srv[%u]/@domain", number),
                            "is not a domain name");
  if (def->target != NULL && !g_str_equal (def->target, ".")
      && !_vireo_text_is_domain (def->target))
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/srv[%u]/@target", number),
                            "is neither a domain name nor \".\"");
  check_service_numbers (planner, def, number);
  service->service = g_strdup (def->service);
  service->protocol = g_strdup (def->protocol);
  service->domain = g_strdup (def->domain);
  service->target = g_strdup (def->target);
  service->port = def->port;
  service->priority = def->priority;
  service->weight = def->weight;
}

static void
add_name (VireoPlanner *planner, const VireoDnsHostDef *def, guint number)
{
  VireoPlanName *name = vireo_network_plan_add_name (planner->plan);

  _vireo_planner_address (planner, g_strdup_printf ("dns/host[%u]/@ip", number), def->ip,
                          &name->address);
  if (def->n_hostnames == 0)
    _vireo_planner_invalid (planner, g_strdup_printf ("dns/host[%u]", number),
                            "needs a hostname");
  for (guint i = 0; i < def->n_hostnames; i++)
    {
      if (!_vireo_text_is_domain (def->hostnames[i]))
        _vireo_planner_invalid (planner,
                                g_strdup_printf ("dns/host[%u]/hostname[%u]", number, i + 1),
                                "is not a host name");
      g_ptr_array_add (name->names, g_strdup (def->hostnames[i]));
    }
}

static void
add_domain (VireoPlanner *planner, const VireoNetworkDomainDef *def)
{
  if (!_vireo_text_is_domain (def->name))
    _vireo_planner_invalid (planner, g_strdup ("domain/@name"), "is not a domain name");
  planner->plan->domain = g_strdup (def->name);
  planner->plan->domain_local = def->local_only == VIREO_TRISTATE_YES;
}

/* Fills in what has to do with names. */
void
_vireo_planner_add_dns (VireoPlanner *planner)
{
  const VireoDnsDef *dns = planner->def->dns;

  if (planner->def->domain != NULL)
    add_domain (planner, planner->def->domain);
  if (dns == NULL)
    return;
  planner->plan->dns = dns->enable != VIREO_TRISTATE_NO;
  planner->plan->forward_plain_names = dns->forward_plain_names != VIREO_TRISTATE_NO;
  for (guint i = 0; i < dns->n_forwarders; i++)
    add_forwarder (planner, dns->forwarders[i], i + 1);
  for (guint i = 0; i < dns->n_txts; i++)
    add_text (planner, dns->txts[i], i + 1);
  for (guint i = 0; i < dns->n_srvs; i++)
    add_service (planner, dns->srvs[i], i + 1);
  for (guint i = 0; i < dns->n_hosts; i++)
    add_name (planner, dns->hosts[i], i + 1);
}
