/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The window: buttons for what can be done with the selected domain, and the list. */
#include "manager.h"

struct _ManagerWindow
{
  GtkApplicationWindow parent;

  ManagerPlace place;
  VireoClient *client;
  GCancellable *closed;
  GtkSingleSelection *selection;
  GSignalGroup *selected; /* signals of the selected domain */
  GtkFilter *filter;
  GtkWidget *search;
  GtkWidget *status;  /* that the service is away, for as long as it is */
  GtkWidget *message; /* what went wrong */
  GtkWidget *list;
  GtkWidget *nothing; /* over the list when it is empty */
};

G_DEFINE_FINAL_TYPE (ManagerWindow, manager_window, GTK_TYPE_APPLICATION_WINDOW)

/* ---- what can be done with a domain ---- */

typedef struct
{
  const char *name;
  const char *label;
  const char *hint;
  const char *failed; /* what could not be done, before the domain's name */
  const char *states; /* in which it can be, with spaces around each */
  void (*call) (VireoDomain *domain, GVariant *options, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*finish) (VireoDomain *domain, GAsyncResult *result, GError **error);
} Deed;

static const Deed deeds[] = {
  { "start", "Start", "Turn it on (Ctrl+R)", "Cannot start", " shutoff crashed ",
    vireo_domain_start_async, vireo_domain_start_finish },
  { "suspend", "Suspend", "Let it stand still (Ctrl+P)", "Cannot suspend", " running blocked ",
    vireo_domain_suspend_async, vireo_domain_suspend_finish },
  { "resume", "Resume", "Let it go on (Ctrl+P)", "Cannot resume", " paused ",
    vireo_domain_resume_async, vireo_domain_resume_finish },
  { "shutdown", "Shut Down", "Ask it to end (Ctrl+D)", "Cannot shut down", " running blocked ",
    vireo_domain_shutdown_async, vireo_domain_shutdown_finish },
  { "destroy", "Stop", "End it at once, as if its plug were pulled", "Cannot stop",
    " running blocked paused shutdown pmsuspended crashed ", vireo_domain_destroy_async,
    vireo_domain_destroy_finish },
  /* No call of its own: a window. */
  { "console", "Console", "Open its serial console (Ctrl+T)", NULL,
    " running blocked paused shutdown ", NULL, NULL },
};

typedef struct
{
  ManagerWindow *window;
  const Deed *deed;
} Doing;

/* In a revealer of make_message (); an empty text hides it. */
static void
show_text (GtkWidget *revealer, const char *text)
{
  gtk_label_set_text (g_object_get_data (G_OBJECT (revealer), "label"), text);
  gtk_revealer_set_reveal_child (GTK_REVEALER (revealer), *text != '\0');
}

static VireoDomain *
get_selected (ManagerWindow *self)
{
  return gtk_single_selection_get_selected_item (self->selection);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Doing *doing = data;
  g_autoptr (ManagerWindow) self = doing->window;
  g_autoptr (GError) error = NULL;
  g_autofree char *what = NULL;

  if (doing->deed->finish (VIREO_DOMAIN (source), result, &error))
    return;
  what = g_strdup_printf ("%s %s", doing->deed->failed,
                          vireo_domain_get_name (VIREO_DOMAIN (source)));
  manager_window_show_error (self, what, error);
}

static void
on_deed (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  ManagerWindow *self = data;
  VireoDomain *domain = get_selected (self);

  if (domain == NULL)
    return;
  show_text (self->message, "");
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      Doing *doing;

      if (!g_str_equal (deeds[i].name, g_action_get_name (G_ACTION (action))))
        continue;
      if (deeds[i].call == NULL)
        {
          manager_console_open (self, domain);
          return;
        }
      /* The state changes when the service says so; the call only ends. */
      doing = g_new (Doing, 1);
      *doing = (Doing) { g_object_ref (self), &deeds[i] };
      deeds[i].call (domain, NULL, NULL, on_done, doing);
    }
}

static void
update_deeds (ManagerWindow *self)
{
  gboolean is_there = self->client != NULL && vireo_client_get_available (self->client);
  VireoDomain *domain = is_there ? get_selected (self) : NULL;
  g_autofree char *state
      = domain != NULL ? g_strdup_printf (" %s ", vireo_domain_get_state (domain)) : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), deeds[i].name);

      g_simple_action_set_enabled (G_SIMPLE_ACTION (action),
                                   state != NULL && strstr (deeds[i].states, state) != NULL);
    }
}

static void
on_selected (ManagerWindow *self)
{
  /* The last change comes when the window has gone already. */
  if (self->selected == NULL)
    return;
  g_signal_group_set_target (self->selected, get_selected (self));
  update_deeds (self);
}

/* ---- which domains are listed ---- */

static gboolean
is_listed (gpointer item, gpointer data)
{
  ManagerWindow *self = data;
  g_autoptr (GVariant) only_active
      = g_action_group_get_action_state (G_ACTION_GROUP (self), "only-active");
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search));
  g_autofree char *name = g_utf8_casefold (vireo_domain_get_name (item), -1);
  g_autofree char *wanted = g_utf8_casefold (text, -1);

  if (g_variant_get_boolean (only_active) && !vireo_domain_get_active (item))
    return FALSE;
  return strstr (name, wanted) != NULL;
}

static void
on_filter_changed (ManagerWindow *self)
{
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

static void
on_only_active (GSimpleAction *action, GVariant *state, gpointer data)
{
  g_simple_action_set_state (action, state);
  on_filter_changed (data);
}

/* ---- the service ---- */

void
manager_window_show_error (ManagerWindow *self, const char *what, const GError *error)
{
  g_autofree char *text = g_strdup_printf ("%s: %s", what, error->message);

  show_text (self->message, text);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ManagerWindow) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoConnection) connection
      = vireo_manager_open_connection_finish (VIREO_MANAGER (source), result, &error);

  if (connection == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    manager_window_show_error (self, "Cannot open the connection", error);
}

/* A service that was started anew has to be told, too, which connection is wanted. */
static void
on_available (ManagerWindow *self)
{
  gboolean is_there = vireo_client_get_available (self->client);

  show_text (self->status, is_there ? "" : "This is what was last known: the service is away.");
  update_deeds (self);
  if (is_there && self->place.uri != NULL)
    vireo_manager_open_connection_async (vireo_client_get_manager (self->client), self->place.uri,
                                         NULL, self->closed, on_connected, g_object_ref (self));
}

static void
on_closed (ManagerWindow *self, const char *reason)
{
  g_autofree char *text
      = g_strdup_printf ("This is what was last known: the bus is gone. %s", reason);

  show_text (self->status, text);
}

static void
use_client (ManagerWindow *self, VireoClient *client, const GError *error)
{
  self->client = client;
  if (client == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        manager_window_show_error (self, "Cannot reach the service", error);
      return;
    }
  /* A person is here who can be asked for a password. */
  vireo_client_set_interactive (client, TRUE);
  /* Who looks at this is told when the bus ends, rather than that the window is gone. */
  g_dbus_connection_set_exit_on_close (vireo_client_get_dbus_connection (client), FALSE);
  g_signal_connect_object (client, "closed", G_CALLBACK (on_closed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (client, "notify::available", G_CALLBACK (on_available), self,
                           G_CONNECT_SWAPPED);
  manager_list_set_model (self->selection, vireo_client_get_domain_model (client));
  on_available (self);
}

static void
on_client (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ManagerWindow) self = data;
  g_autoptr (GError) error = NULL;
  VireoClient *client;

  if (self->place.host != NULL)
    client = vireo_client_new_for_host_finish (result, &error);
  else if (self->place.address != NULL)
    client = vireo_client_new_for_address_finish (result, &error);
  else
    client = vireo_client_new_for_bus_finish (result, &error);
  use_client (self, client, error);
}

static void
find_service (ManagerWindow *self)
{
  const ManagerPlace *place = &self->place;

  g_object_ref (self);
  if (place->host != NULL)
    vireo_client_new_for_host_async (place->host, self->closed, on_client, self);
  else if (place->address != NULL)
    vireo_client_new_for_address_async (place->address, self->closed, on_client, self);
  else
    vireo_client_new_for_bus_async (place->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
                                    self->closed, on_client, self);
}

/* ---- the window ---- */

/* Buttons that take a second line where the window is narrow. */
static GtkWidget *
make_deeds (ManagerWindow *self)
{
  GtkWidget *flow = gtk_flow_box_new ();

  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (flow), GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (flow), G_N_ELEMENTS (deeds));
  gtk_flow_box_set_min_children_per_line (GTK_FLOW_BOX (flow), 3);
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      g_autoptr (GSimpleAction) action = g_simple_action_new (deeds[i].name, NULL);
      g_autofree char *name = g_strdup_printf ("win.%s", deeds[i].name);
      GtkWidget *button = gtk_button_new_with_label (deeds[i].label);

      g_signal_connect (action, "activate", G_CALLBACK (on_deed), self);
      g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (action));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (button), name);
      gtk_widget_set_tooltip_text (button, deeds[i].hint);
      gtk_flow_box_append (GTK_FLOW_BOX (flow), button);
      gtk_widget_set_focusable (gtk_widget_get_parent (button), FALSE);
    }
  return flow;
}

/* Also on the bus, as all actions of a GtkApplication are: another program can select, too. */
static void
add_choices (ManagerWindow *self)
{
  g_autoptr (GPropertyAction) select
      = g_property_action_new ("select", self->selection, "selected");
  g_autoptr (GSimpleAction) only_active
      = g_simple_action_new_stateful ("only-active", NULL, g_variant_new_boolean (FALSE));

  g_signal_connect (only_active, "change-state", G_CALLBACK (on_only_active), self);
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (select));
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (only_active));
}

static GtkWidget *
make_message (void)
{
  GtkWidget *revealer = gtk_revealer_new ();
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "app-notification");
  gtk_revealer_set_child (GTK_REVEALER (revealer), label);
  g_object_set_data (G_OBJECT (revealer), "label", label);
  return revealer;
}

static void
on_listed (ManagerWindow *self)
{
  gboolean is_empty = g_list_model_get_n_items (G_LIST_MODEL (self->selection)) == 0;

  gtk_widget_set_visible (self->nothing, is_empty);
  /* There was nothing before that could take the keys. */
  if (!is_empty && gtk_window_get_focus (GTK_WINDOW (self)) == NULL)
    gtk_widget_grab_focus (self->list);
}

/* The list, or that there is nothing in it. */
static GtkWidget *
make_list (ManagerWindow *self)
{
  GtkWidget *overlay = gtk_overlay_new ();
  GtkWidget *scrolled = gtk_scrolled_window_new ();

  self->list = manager_list_new (self->filter, &self->selection);
  self->nothing = gtk_label_new ("No virtual machines");
  gtk_widget_add_css_class (self->nothing, "dim-label");
  gtk_widget_set_can_target (self->nothing, FALSE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), self->list);
  gtk_overlay_set_child (GTK_OVERLAY (overlay), scrolled);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), self->nothing);
  gtk_widget_set_vexpand (overlay, TRUE);
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (on_listed), self,
                           G_CONNECT_SWAPPED);
  return overlay;
}

static GtkWidget *
make_filters (ManagerWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *only_active = gtk_toggle_button_new_with_label ("Active only");

  g_object_set (self->search, "placeholder-text", "Search", NULL);
  /* What is typed while the list has the focus is searched for. */
  gtk_search_entry_set_key_capture_widget (GTK_SEARCH_ENTRY (self->search), GTK_WIDGET (self));
  gtk_widget_set_hexpand (self->search, TRUE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (only_active), "win.only-active");
  gtk_box_append (GTK_BOX (box), self->search);
  gtk_box_append (GTK_BOX (box), only_active);
  return box;
}

static void
manager_window_init (ManagerWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *list;

  self->closed = g_cancellable_new ();
  self->search = gtk_search_entry_new ();
  self->filter = GTK_FILTER (gtk_custom_filter_new (is_listed, self, NULL));
  self->selected = g_signal_group_new (VIREO_TYPE_DOMAIN);
  g_signal_group_connect_swapped (self->selected, "notify::state", G_CALLBACK (update_deeds),
                                  self);
  gtk_window_set_titlebar (GTK_WINDOW (self), gtk_header_bar_new ());
  gtk_window_set_title (GTK_WINDOW (self), "Virtual Machines");
  gtk_window_set_default_size (GTK_WINDOW (self), 800, 400);

  list = make_list (self);
  self->status = make_message ();
  self->message = make_message ();
  gtk_box_append (GTK_BOX (box), make_deeds (self));
  add_choices (self);
  gtk_box_append (GTK_BOX (box), make_filters (self));
  gtk_box_append (GTK_BOX (box), self->status);
  gtk_box_append (GTK_BOX (box), self->message);
  gtk_box_append (GTK_BOX (box), list);
  gtk_window_set_child (GTK_WINDOW (self), box);

  g_signal_connect_object (self->search, "search-changed", G_CALLBACK (on_filter_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (on_selected),
                           self, G_CONNECT_SWAPPED);
  on_selected (self);
}

static void
manager_window_dispose (GObject *object)
{
  ManagerWindow *self = MANAGER_WINDOW (object);

  g_cancellable_cancel (self->closed);
  if (self->selected != NULL)
    g_signal_group_set_target (self->selected, NULL);
  g_clear_object (&self->selected);
  /* The models may outlive the window, which the filter looks at. */
  gtk_custom_filter_set_filter_func (GTK_CUSTOM_FILTER (self->filter), NULL, NULL, NULL);
  G_OBJECT_CLASS (manager_window_parent_class)->dispose (object);
}

static void
manager_window_finalize (GObject *object)
{
  ManagerWindow *self = MANAGER_WINDOW (object);

  g_clear_object (&self->filter);
  g_clear_object (&self->client);
  g_clear_object (&self->closed);
  g_free (self->place.address);
  g_free (self->place.host);
  g_free (self->place.uri);
  G_OBJECT_CLASS (manager_window_parent_class)->finalize (object);
}

static void
manager_window_class_init (ManagerWindowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = manager_window_dispose;
  G_OBJECT_CLASS (class)->finalize = manager_window_finalize;
}

GtkWindow *
manager_window_new (GtkApplication *application, const ManagerPlace *place)
{
  ManagerWindow *self = g_object_new (MANAGER_TYPE_WINDOW, "application", application, NULL);

  self->place.session = place->session;
  self->place.address = g_strdup (place->address);
  self->place.host = g_strdup (place->host);
  self->place.uri = g_strdup (place->uri);
  find_service (self);
  return GTK_WINDOW (self);
}
