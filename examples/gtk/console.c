/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's serial console in a terminal. The service hands out a descriptor, of which the library
 * makes a GIOStream; whoever may open it needs no other right on the host. */
#include <vte/vte.h>

#include "manager.h"

#define CHUNK 4096

typedef struct
{
  ManagerWindow *parent; /* (nullable): it may be closed first */
  VteTerminal *terminal;
  GIOStream *stream;
  GCancellable *closed;
  GByteArray *typed; /* waits for the stream */
  gboolean writing;
} Console;

static void
console_clear (gpointer data)
{
  Console *self = data;

  g_clear_weak_pointer (&self->parent);
  g_clear_object (&self->terminal);
  g_clear_object (&self->stream);
  g_clear_object (&self->closed);
  g_byte_array_unref (self->typed);
}

/* Whatever is under way holds a reference; closing the window cancels it. */
static void
console_release (Console *self)
{
  g_rc_box_release_full (self, console_clear);
}

static void
on_destroy (GtkWidget *window, Console *self)
{
  g_cancellable_cancel (self->closed);
  console_release (self);
}

static void
say_end (Console *self, const GError *error)
{
  g_autofree char *text = NULL;

  if (g_cancellable_is_cancelled (self->closed))
    return;
  text = g_strdup_printf ("\r\n[%s]\r\n",
                          error != NULL ? error->message : "the console was closed");
  vte_terminal_feed (self->terminal, text, -1);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  Console *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result,
                                                               &error);

  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      say_end (self, error);
      console_release (self);
      return;
    }
  vte_terminal_feed (self->terminal, g_bytes_get_data (bytes, NULL),
                     (gssize) g_bytes_get_size (bytes));
  g_input_stream_read_bytes_async (G_INPUT_STREAM (source), CHUNK, G_PRIORITY_DEFAULT,
                                   self->closed, on_read, self);
}

static void write_typed (Console *self);

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  Console *self = data;
  g_autoptr (GError) error = NULL;
  gssize written = g_output_stream_write_bytes_finish (G_OUTPUT_STREAM (source), result, &error);

  self->writing = FALSE;
  if (written < 0)
    {
      g_byte_array_set_size (self->typed, 0);
      say_end (self, error);
    }
  else
    {
      g_byte_array_remove_range (self->typed, 0, (guint) written);
      write_typed (self);
    }
  console_release (self);
}

static void
write_typed (Console *self)
{
  g_autoptr (GBytes) bytes = NULL;

  if (self->writing || self->typed->len == 0)
    return;
  bytes = g_bytes_new (self->typed->data, self->typed->len);
  self->writing = TRUE;
  g_output_stream_write_bytes_async (g_io_stream_get_output_stream (self->stream), bytes,
                                     G_PRIORITY_DEFAULT, self->closed, on_written,
                                     g_rc_box_acquire (self));
}

static void
on_typed (VteTerminal *terminal, const char *text, guint size, Console *self)
{
  g_byte_array_append (self->typed, (const guint8 *) text, size);
  write_typed (self);
}

static void
show (Console *self, VireoDomain *domain)
{
  GtkWidget *window = gtk_window_new ();

  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (self->terminal));
  g_object_bind_property (domain, "name", window, "title", G_BINDING_SYNC_CREATE);
  gtk_window_set_application (GTK_WINDOW (window),
                              gtk_window_get_application (GTK_WINDOW (self->parent)));
  g_signal_connect (self->terminal, "commit", G_CALLBACK (on_typed), self);
  g_signal_connect (window, "destroy", G_CALLBACK (on_destroy), g_rc_box_acquire (self));
  gtk_window_present (GTK_WINDOW (window));
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Console *self = data;
  VireoDomain *domain = VIREO_DOMAIN (source);
  g_autoptr (GError) error = NULL;

  self->stream = vireo_domain_open_console_finish (domain, result, &error);
  if (self->parent == NULL)
    {
      console_release (self);
      return;
    }
  if (self->stream == NULL)
    {
      g_autofree char *what
          = g_strdup_printf ("Cannot open the console of %s", vireo_domain_get_name (domain));

      manager_window_show_error (self->parent, what, error);
      console_release (self);
      return;
    }
  show (self, domain);
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (self->stream), CHUNK,
                                   G_PRIORITY_DEFAULT, self->closed, on_read, self);
}

void
manager_console_open (ManagerWindow *parent, VireoDomain *domain)
{
  Console *self = g_rc_box_new0 (Console);

  g_set_weak_pointer (&self->parent, parent);
  self->terminal = g_object_ref_sink (VTE_TERMINAL (vte_terminal_new ()));
  self->closed = g_cancellable_new ();
  self->typed = g_byte_array_new ();
  vireo_domain_open_console_async (domain, "", NULL, NULL, on_opened, self);
}
