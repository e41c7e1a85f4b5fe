/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A client that costs next to nothing, so that what is measured is the service and the bus. It
 * prints microseconds, one measurement a line. The bus is that of DBUS_SYSTEM_BUS_ADDRESS. */

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define TIMEOUT_USEC (120 * G_USEC_PER_SEC)
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* One of the two services that are compared, and the names that things have there. */
typedef struct
{
  const char *option;
  const char *name;
  const char *domain;
  const char *connection;
  const char *define;
  gboolean takes_options;
} Service;

static const Service services[] = {
  { "vireo", "org.vireo.Vireo1", "org.vireo.Vireo1.Domain", "org.vireo.Vireo1.Connection",
    "DefineDomain", TRUE },
  { "libvirt", "org.libvirt", "org.libvirt.Domain", "org.libvirt.Connect", "DomainDefineXML",
    FALSE },
};

typedef struct
{
  sd_bus *bus;
  const Service *service;
  const char *path;
} Client;

static gint64
must (int result, const char *what)
{
  if (result >= 0)
    return result;
  g_printerr ("bench-client: %s: %s\n", what, g_strerror (-result));
  exit (EXIT_FAILURE);
}

static sd_bus_message *
new_call (Client *self, const char *path, const char *interface, const char *member)
{
  sd_bus_message *call = NULL;

  must (sd_bus_message_new_method_call (self->bus, &call, self->service->name, path, interface,
                                        member),
        member);
  return call;
}

/* Sends @call (transfer full) and waits for the reply. */
static sd_bus_message *
send_call (Client *self, sd_bus_message *call)
{
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message *reply = NULL;
  int result = sd_bus_call (self->bus, call, TIMEOUT_USEC, &error, &reply);

  if (result < 0)
    {
      g_printerr ("bench-client: %s: %s\n", sd_bus_message_get_member (call), error.message);
      exit (EXIT_FAILURE);
    }
  sd_bus_message_unref (call);
  return reply;
}

/* ---- define: rate of definitions, with some of them in flight ---- */

typedef struct
{
  Client *client;
  char **documents;
  guint next;
  guint open;
} Definitions;

static int on_defined (sd_bus_message *reply, void *user_data, sd_bus_error *error);

static void
define_next (Definitions *self)
{
  Client *client = self->client;
  sd_bus_message *call
      = new_call (client, client->path, client->service->connection, client->service->define);

  must (sd_bus_message_append (call, "s", self->documents[self->next++]), "append");
  if (client->service->takes_options)
    must (sd_bus_message_append (call, "a{sv}", 0), "append");
  must (sd_bus_call_async (client->bus, NULL, call, on_defined, self, TIMEOUT_USEC), "call");
  self->open++;
  sd_bus_message_unref (call);
}

static int
on_defined (sd_bus_message *reply, void *user_data, sd_bus_error *error)
{
  Definitions *self = user_data;

  if (sd_bus_message_is_method_error (reply, NULL))
    {
      g_printerr ("bench-client: %s\n", sd_bus_message_get_error (reply)->message);
      exit (EXIT_FAILURE);
    }
  self->open--;
  if (self->documents[self->next] != NULL)
    define_next (self);
  return 0;
}

/* FILE has documents with a line of dashes between them. */
static void
measure_define (Client *client, char **arguments)
{
  guint in_flight = (guint) atoi (arguments[1]);
  g_autofree char *text = NULL;
  Definitions self = { .client = client };
  gint64 started;

  if (!g_file_get_contents (arguments[0], &text, NULL, NULL))
    must (-ENOENT, arguments[0]);
  self.documents = g_strsplit (text, "\n---\n", -1);
  started = g_get_monotonic_time ();
  while (self.open < in_flight && self.documents[self.next] != NULL)
    define_next (&self);
  while (self.open > 0)
    if (must (sd_bus_process (client->bus, NULL), "process") == 0)
      must (sd_bus_wait (client->bus, TIMEOUT_USEC), "wait");
  g_print ("%" G_GINT64_FORMAT "\n", g_get_monotonic_time () - started);
  g_strfreev (self.documents);
}

/* ---- list: the same four facts of every domain ---- */

static guint
list_vireo (Client *client)
{
  sd_bus_message *call
      = new_call (client, client->path, client->service->connection, "GetDomains");
  sd_bus_message *reply;
  guint n = 0;

  must (sd_bus_message_append (call, "asa{sv}", 4, "Name", "State", "Autostart", "Persistent", 0),
        "append");
  reply = send_call (client, call);
  must (sd_bus_message_enter_container (reply, 'a', "{oa{sv}}"), "read");
  while (!sd_bus_message_at_end (reply, 0))
    {
      must (sd_bus_message_skip (reply, "{oa{sv}}"), "read");
      n++;
    }
  sd_bus_message_unref (reply);
  return n;
}

static guint
list_objects (Client *client)
{
  sd_bus_message *reply = send_call (
      client, new_call (client, client->path, "org.freedesktop.DBus.ObjectManager",
                        "GetManagedObjects"));
  guint n = 0;

  must (sd_bus_message_enter_container (reply, 'a', "{oa{sa{sv}}}"), "read");
  while (!sd_bus_message_at_end (reply, 0))
    {
      must (sd_bus_message_skip (reply, "{oa{sa{sv}}}"), "read");
      n++;
    }
  sd_bus_message_unref (reply);
  return n;
}

/* The least that libvirt-dbus needs: all properties of a domain in a call, its state in another. */
static guint
list_libvirt (Client *client)
{
  sd_bus_message *call
      = new_call (client, client->path, client->service->connection, "ListDomains");
  sd_bus_message *reply;
  const char *path;
  guint n = 0;

  must (sd_bus_message_append (call, "u", 0), "append");
  reply = send_call (client, call);
  must (sd_bus_message_enter_container (reply, 'a', "o"), "read");
  while (must (sd_bus_message_read (reply, "o", &path), "read") > 0)
    {
      call = new_call (client, path, PROPERTIES, "GetAll");
      must (sd_bus_message_append (call, "s", client->service->domain), "append");
      sd_bus_message_unref (send_call (client, call));
      call = new_call (client, path, client->service->domain, "GetState");
      must (sd_bus_message_append (call, "u", 0), "append");
      sd_bus_message_unref (send_call (client, call));
      n++;
    }
  sd_bus_message_unref (reply);
  return n;
}

/* Prints how long it took, and checks that all COUNT domains were there. */
static void
measure_list (Client *client, guint (*list) (Client *client), char **arguments)
{
  guint wanted = (guint) atoi (arguments[0]);

  for (int times = atoi (arguments[1]); times > 0; times--)
    {
      gint64 started = g_get_monotonic_time ();
      guint n = list (client);

      if (n < wanted)
        {
          g_printerr ("bench-client: %u domains listed of %u\n", n, wanted);
          exit (EXIT_FAILURE);
        }
      g_print ("%" G_GINT64_FORMAT "\n", g_get_monotonic_time () - started);
    }
}

static void
measure_facts (Client *client, char **arguments)
{
  measure_list (client, client->service->takes_options ? list_vireo : list_libvirt, arguments);
}

static void
measure_objects (Client *client, char **arguments)
{
  measure_list (client, list_objects, arguments);
}

/* ---- property: reading one, and an empty method of the same object, in turn ---- */

static gint64
time_call (Client *client, sd_bus_message *call)
{
  gint64 started = g_get_monotonic_time ();

  sd_bus_message_unref (send_call (client, call));
  return g_get_monotonic_time () - started;
}

static void
measure_property (Client *client, char **arguments)
{
  for (int times = atoi (arguments[0]); times > 0; times--)
    {
      sd_bus_message *get = new_call (client, client->path, PROPERTIES, "Get");
      sd_bus_message *ping
          = new_call (client, client->path, "org.freedesktop.DBus.Peer", "Ping");

      must (sd_bus_message_append (get, "ss", client->service->domain, "Name"), "append");
      g_print ("%" G_GINT64_FORMAT " ", time_call (client, get));
      g_print ("%" G_GINT64_FORMAT "\n", time_call (client, ping));
    }
}

/* ---- signals: changes of state at a steady rate, and what of them is told ---- */

#define PATIENCE_USEC (5 * G_USEC_PER_SEC)
/* A system bus lets a client wait for 128 answers. */
#define MAX_OPEN 64

typedef struct
{
  Client *client;
  GPtrArray *paths;
  guint sent;
  guint done;
  guint seen;
  gint64 last;
} Changes;

static GPtrArray *
list_paths (Client *client)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  sd_bus_message *call
      = new_call (client, client->path, client->service->connection, "ListDomains");
  sd_bus_message *reply;
  const char *path;

  must (sd_bus_message_append (call, "a{sv}", 1, "active", "b", 1), "append");
  reply = send_call (client, call);
  must (sd_bus_message_enter_container (reply, 'a', "o"), "read");
  while (must (sd_bus_message_read (reply, "o", &path), "read") > 0)
    g_ptr_array_add (paths, g_strdup (path));
  sd_bus_message_unref (reply);
  return paths;
}

static int
on_changed (sd_bus_message *reply, void *user_data, sd_bus_error *error)
{
  Changes *self = user_data;

  if (sd_bus_message_is_method_error (reply, NULL))
    {
      g_printerr ("bench-client: %s\n", sd_bus_message_get_error (reply)->message);
      exit (EXIT_FAILURE);
    }
  self->done++;
  self->last = g_get_monotonic_time ();
  return 0;
}

static int
on_signal (sd_bus_message *signal, void *user_data, sd_bus_error *error)
{
  Changes *self = user_data;

  if (sd_bus_message_is_signal (signal, self->client->service->domain, "Lifecycle"))
    self->seen++;
  return 0;
}

static void
change_next (Changes *self)
{
  const char *member = self->sent / self->paths->len % 2 == 0 ? "Suspend" : "Resume";
  sd_bus_message *call = new_call (
      self->client, g_ptr_array_index (self->paths, self->sent % self->paths->len),
      self->client->service->domain, member);

  must (sd_bus_message_append (call, "a{sv}", 0), "append");
  must (sd_bus_call_async (self->client->bus, NULL, call, on_changed, self, TIMEOUT_USEC), "call");
  sd_bus_message_unref (call);
  self->sent++;
}

/* Prints the changes, the signals about them, and how long it took. */
static void
measure_signals (Client *client, char **arguments)
{
  guint rate = (guint) atoi (arguments[0]);
  guint total = rate * (guint) atoi (arguments[1]);
  Changes self = { .client = client, .paths = list_paths (client) };
  sd_bus_message *call = new_call (client, "/org/vireo/Vireo1", "org.vireo.Vireo1.Manager",
                                   "Subscribe");
  gint64 started;

  must (sd_bus_match_signal (client->bus, NULL, NULL, NULL, NULL, NULL, on_signal, &self), "match");
  must (sd_bus_message_append (call, "a{sv}", 0), "append");
  sd_bus_message_unref (send_call (client, call));
  started = self.last = g_get_monotonic_time ();
  while ((self.done < total || self.seen < total)
         && g_get_monotonic_time () - self.last < PATIENCE_USEC)
    {
      gint64 due = (g_get_monotonic_time () - started) * rate / G_USEC_PER_SEC + 1;

      while (self.sent < MIN (due, total) && self.sent - self.done < MAX_OPEN)
        change_next (&self);
      if (must (sd_bus_process (client->bus, NULL), "process") == 0)
        must (sd_bus_wait (client->bus, G_USEC_PER_SEC / rate), "wait");
    }
  g_print ("%u %u %" G_GINT64_FORMAT "\n", self.done, self.seen, self.last - started);
  g_ptr_array_unref (self.paths);
}

static const struct
{
  const char *name;
  int n_arguments;
  void (*run) (Client *client, char **arguments);
} measurements[] = {
  { "define", 2, measure_define },
  { "list", 2, measure_facts },
  { "objects", 2, measure_objects },
  { "property", 1, measure_property },
  { "signals", 2, measure_signals },
};

int
main (int argc, char **argv)
{
  Client client = { NULL };

  for (gsize i = 0; argc > 3 && i < G_N_ELEMENTS (services); i++)
    if (g_str_equal (services[i].option, argv[1]))
      client.service = &services[i];
  for (gsize i = 0; client.service != NULL && i < G_N_ELEMENTS (measurements); i++)
    if (g_str_equal (measurements[i].name, argv[3]) && argc == 4 + measurements[i].n_arguments)
      {
        client.path = argv[2];
        must (sd_bus_open_system (&client.bus), "the bus");
        measurements[i].run (&client, argv + 4);
        sd_bus_flush_close_unref (client.bus);
        return EXIT_SUCCESS;
      }
  g_printerr ("Usage: bench-client vireo|libvirt PATH define FILE IN-FLIGHT\n"
              "       bench-client vireo|libvirt PATH list COUNT TIMES\n"
              "       bench-client vireo PATH objects COUNT TIMES\n"
              "       bench-client vireo PATH property TIMES\n"
              "       bench-client vireo PATH signals RATE SECONDS\n");
  return 2;
}
