/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>
#include <vireo.h>

/* Where the service is. All NULL and FALSE: on the system bus. */
typedef struct
{
  gboolean session;
  char *address;
  char *host;
  char *uri; /* (nullable): of the connection to open */
} ManagerPlace;

#define MANAGER_TYPE_WINDOW (manager_window_get_type ())
G_DECLARE_FINAL_TYPE (ManagerWindow, manager_window, MANAGER, WINDOW, GtkApplicationWindow)

/* window.c: a service's domains. */
GtkWindow *manager_window_new (GtkApplication *application, const ManagerPlace *place);
void manager_window_show_error (ManagerWindow *self, const char *what, const GError *error);

/* list.c: the view of a list of domains that follows them. */
GtkWidget *manager_list_new (GtkFilter *filter, GtkSingleSelection **ret_selection);
void manager_list_set_model (GtkSingleSelection *selection, GListModel *domains);

/* console.c: a window with the first text console of a domain. */
void manager_console_open (ManagerWindow *parent, VireoDomain *domain);
