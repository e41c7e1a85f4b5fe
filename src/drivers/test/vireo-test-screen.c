/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keyboard, the screen, displays and channels of a domain. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/vireo-error.h"
#include "vireo-test-console.h"
#include "vireo-test-domains.h"
#include "vireo-test-operation.h"

#define COLUMNS 80
#define ROWS 25
#define CELL_WIDTH 8
#define CELL_HEIGHT 16
#define MAX_KEYS 16
#define MAX_CODES 16

/* ---- keys ---- */

/* Linux's codes of the keys that write: KEY_1 is 2, KEY_Q is 16 and so on. */
static char
letter_of (guint code)
{
  static const char letters[] = "\0\0"
                                "1234567890-=\0\0"
                                "qwertyuiop[]\n\0"
                                "asdfghjkl;'`\0\\"
                                "zxcvbnm,./\0*\0 ";

  return code < sizeof letters ? letters[code] : '\0';
}

static GVariant *
send_key_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  static const char *const sets[] = { "linux",  "xt",  "atset1", "atset2", "atset3", "os-x",
                                      "xt-kbd", "usb", "win32",  "qnum",   NULL };
  g_autoptr (GVariant) list = g_variant_get_child_value (args, 2);
  gsize n;
  const guint32 *codes = g_variant_get_fixed_array (list, &n, sizeof *codes);
  const char *set;

  g_variant_get_child (args, 0, "&s", &set);
  if (!g_strv_contains (sets, set) || n == 0 || n > MAX_KEYS)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%" G_GSIZE_FORMAT " keys of \"%.100s\" are not 1 to %d keys of a known set", n,
                   set, MAX_KEYS);
      return NULL;
    }
  for (gsize i = 0; i < n; i++)
    {
      guint code = codes[i];

      g_array_append_val (guest->codes, code);
      if (g_str_equal (set, "linux") && letter_of (code) != '\0')
        g_string_append_c (guest->screen, letter_of (code));
    }
  if (guest->codes->len > MAX_CODES)
    g_array_remove_range (guest->codes, 0, guest->codes->len - MAX_CODES);
  if (guest->screen->len > COLUMNS * ROWS)
    g_string_erase (guest->screen, 0, (gssize) guest->screen->len - COLUMNS * ROWS);
  return vireo_test_done ();
}

/* As libvirt names them; rt0 to rt32 as well. */
static gboolean
is_signal (const char *name)
{
  static const char *const names[]
      = { "nop",  "hup",   "int",  "quit", "ill",  "trap", "abrt", "bus",    "fpe",
          "kill", "usr1",  "segv", "usr2", "pipe", "alrm", "term", "stkflt", "chld",
          "cont", "stop",  "tstp", "ttin", "ttou", "urg",  "xcpu", "xfsz",   "vtalrm",
          "prof", "winch", "poll", "pwr",  "sys",  NULL };
  guint64 number;

  return g_strv_contains (names, name)
         || (g_str_has_prefix (name, "rt")
             && g_ascii_string_to_unsigned (name + 2, 10, 0, 32, &number, NULL));
}

static GVariant *
send_process_signal_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const char *name;
  gint64 pid;

  g_variant_get_child (args, 0, "x", &pid);
  g_variant_get_child (args, 1, "&s", &name);
  if (!is_signal (name))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "\"%.100s\" is no signal",
                   name);
      return NULL;
    }
  if (pid == 1)
    return vireo_test_done ();
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
               "the guest has no process %" G_GINT64_FORMAT, pid);
  return NULL;
}

static GVariant *
inject_nmi_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  g_string_append (guest->screen, "\nUhhuh. NMI received.\n");
  return vireo_test_done ();
}

/* ---- the screen ---- */

/* A picture of the text: a block where there is a letter. */
static GByteArray *
draw (const char *text)
{
  const guint width = COLUMNS * CELL_WIDTH, height = ROWS * CELL_HEIGHT;
  g_autofree char *head = g_strdup_printf ("P6\n%u %u\n255\n", width, height);
  GByteArray *image = g_byte_array_new ();
  guint8 *pixels;
  guint column = 0, row = 0;

  g_byte_array_append (image, (const guint8 *) head, (guint) strlen (head));
  g_byte_array_set_size (image, (guint) strlen (head) + width * height * 3);
  pixels = image->data + strlen (head);
  memset (pixels, 0, (gsize) width * height * 3);
  for (; *text != '\0' && row < ROWS; text++)
    {
      gboolean ends = *text == '\n' || column == COLUMNS;

      if (ends)
        {
          row++;
          column = 0;
        }
      for (guint y = 2; *text > ' ' && row < ROWS && y < CELL_HEIGHT - 2; y++)
        memset (pixels + ((row * CELL_HEIGHT + y) * width + column * CELL_WIDTH) * 3, 0xc0,
                (CELL_WIDTH - 1) * 3);
      if (*text != '\n')
        column++;
    }
  return image;
}

static int
screenshot_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 1);
  g_autoptr (GByteArray) image = NULL;
  const char *format = "ppm";
  guint screen;
  int fd;

  g_variant_get_child (args, 0, "u", &screen);
  g_variant_lookup (options, "format", "&s", &format);
  if (screen >= MAX (def->n_videos, 1))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the guest has no screen %u", screen);
      return -1;
    }
  if (!g_str_equal (format, "ppm"))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                   "this driver draws ppm, not \"%.100s\"", format);
      return -1;
    }
  image = draw (guest->screen->str);
  fd = memfd_create ("screenshot", MFD_CLOEXEC);
  if (fd >= 0 && write (fd, image->data, image->len) == (gssize) image->len
      && lseek (fd, 0, SEEK_SET) == 0)
    return fd;
  vireo_error_set_errno (error, errno, "cannot keep the picture");
  if (fd >= 0)
    close (fd);
  return -1;
}

/* ---- displays and channels ---- */

static int
open_channel_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  const char *name;

  g_variant_get_child (args, 0, "&s", &name);
  for (guint i = 0; i < def->n_channels; i++)
    if (*name == '\0' || g_strcmp0 (def->channels[i]->target->name, name) == 0
        || g_strcmp0 (def->channels[i]->alias, name) == 0)
      return vireo_test_guest_open_channel (guest, def->channels[i]->alias,
                                            vireo_test_option (args, "force"), error);
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no channel \"%.100s\"",
               name);
  return -1;
}

static void
emit_graphics (VireoDomainObj *domain, const char *phase, const char *security)
{
  vireo_obj_emit_event (VIREO_OBJ (domain), "Graphics",
                        g_variant_new ("(s(sss)(sss)s@a(ss))", phase, "unix", "", "", "unix", "",
                                       "", security,
                                       g_variant_new_array (G_VARIANT_TYPE ("(ss)"), NULL, 0)));
}

static int
open_graphics_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);
  g_autofree char *device = NULL;
  gboolean password;
  guint index;
  int fd;

  g_variant_get_child (args, 0, "u", &index);
  if (index >= def->n_graphics)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no display %u",
                   index);
      return -1;
    }
  device = g_strdup_printf ("graphics%u", index);
  password = def->graphics[index]->passwd != NULL && !vireo_test_option (args, "skip-auth");
  fd = vireo_test_guest_open_display (guest, device, password, error);
  if (fd >= 0)
    emit_graphics (guest->domain, "connect", password ? "vnc" : "none");
  return fd;
}

/* ---- namespaces ---- */

/* The guest, who is in nobody's memory but the daemon's, has the daemon's. */
static int
open_namespace_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  static const char *const types[]
      = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts", NULL };
  g_autofree char *path = NULL;
  const char *type;
  int fd;

  g_variant_get_child (args, 0, "&s", &type);
  if (!g_strv_contains (types, type))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "there is no type \"%.100s\" of namespaces", type);
      return -1;
    }
  path = g_strconcat ("/proc/self/ns/", type, NULL);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    vireo_error_set_errno (error, errno, "cannot open the namespace");
  return fd;
}

VIREO_TEST_OPERATION (send_key)
VIREO_TEST_OPERATION (send_process_signal)
VIREO_TEST_OPERATION (inject_nmi)
VIREO_TEST_OPENING (screenshot)
VIREO_TEST_OPENING (open_channel)
VIREO_TEST_OPENING (open_graphics)
VIREO_TEST_OPENING (open_namespace)

/* ---- consoles ---- */

static gboolean
is_alias (const char *device, const char *alias, const char *prefix, guint index)
{
  g_autofree char *usual = g_strdup_printf ("%s%u", prefix, index);

  return g_strcmp0 (device, alias) == 0 || g_strcmp0 (device, usual) == 0;
}

static gboolean
has_console (const VireoDomainDef *def, const char *device)
{
  if (device == NULL || *device == '\0')
    return def->n_serials > 0 || def->n_consoles > 0;
  for (guint i = 0; i < def->n_serials; i++)
    if (is_alias (device, def->serials[i]->alias, "serial", i))
      return TRUE;
  for (guint i = 0; i < def->n_consoles; i++)
    if (is_alias (device, def->consoles[i]->alias, "console", i))
      return TRUE;
  return FALSE;
}

/* There is one console, whatever the devices that lead to it are called. */
#define CONSOLE "console"

static int
open_console_now (VireoTestGuest *guest, const char *device, gboolean force, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (guest->domain));
  VireoTestConsole *console = g_hash_table_lookup (guest->open, CONSOLE);
  int fd = -1;

  if (!has_console (vireo_domain_obj_get_def (guest->domain), device))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                   "domain \"%s\" has no serial port or console%s%s", name,
                   device != NULL && *device != '\0' ? " with the alias " : "",
                   device != NULL ? device : "");
      return -1;
    }
  if (console != NULL && vireo_test_console_is_open (console) && !force)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY,
                   "somebody else has the console of domain \"%s\" open", name);
      return -1;
    }
  g_hash_table_remove (guest->open, CONSOLE);
  console = vireo_test_console_new (name, &fd, error);
  if (console != NULL)
    g_hash_table_insert (guest->open, g_strdup (CONSOLE), console);
  return fd;
}

static void
open_console (VireoDomainDriver *driver,
              VireoDomainObj *obj,
              const char *device,
              gboolean force,
              GTask *task)
{
  VireoTestGuest *guest = vireo_test_domain_get_guest (obj);
  GError *error = NULL;
  int fd = -1;

  if (guest == NULL)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" is shutoff, not active", vireo_obj_get_name (VIREO_OBJ (obj)));
  else
    fd = open_console_now (guest, device, force, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
  g_object_unref (task);
}

void
vireo_test_screen_fill (VireoDomainDriverInterface *iface)
{
  iface->open_console = open_console;
  iface->send_key = send_key;
  iface->send_process_signal = send_process_signal;
  iface->inject_nmi = inject_nmi;
  iface->screenshot = screenshot;
  iface->open_channel = open_channel;
  iface->open_graphics = open_graphics;
  iface->open_namespace = open_namespace;
}
