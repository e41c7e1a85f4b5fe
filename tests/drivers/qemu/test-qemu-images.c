/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/qemu/vireo-qemu-images.h"

typedef struct
{
  char *folder;
  guint fdset;
  GError *error;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("vireo-images-XXXXXX", NULL);
  f->fdset = 1;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_clear_error (&f->error);
}

static char *
in_folder (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

/* Runs qemu-img in the folder. */
static void
qemu_img (Fixture *f, const char *command)
{
  g_autofree char *line = g_strdup_printf ("qemu-img %s", command);
  g_auto (GStrv) argv = NULL;
  int status;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  g_assert_true (g_spawn_sync (f->folder, argv, NULL,
                               G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
}

static void
write_file (Fixture *f, const char *name, const void *data, gsize size)
{
  g_autofree char *path = in_folder (f, name);

  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
}

static GPtrArray *
open_image (Fixture *f, const char *name, const char *format, gboolean read_only)
{
  g_autofree char *path = in_folder (f, name);
  g_autoptr (VireoQemuImageSpec) spec = vireo_qemu_image_spec_new (path, format, read_only);

  return vireo_qemu_images_open (spec, &f->fdset, &f->error);
}

static void
assert_refused (Fixture *f, const char *name, const char *format, int code, const char *text)
{
  g_autoptr (GPtrArray) chain = open_image (f, name, format, FALSE);

  g_assert_null (chain);
  g_assert_error (f->error, VIREO_ERROR, code);
  if (strstr (f->error->message, text) == NULL)
    g_error ("'%s' does not say '%s'", f->error->message, text);
  g_clear_error (&f->error);
}

static void
test_chain (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *name, *format;
    gboolean read_only;
  } expected[] = {
    { "top.qcow2", "qcow2", FALSE },
    { "middle.qcow2", "qcow2", TRUE },
    { "base.raw", "raw", TRUE },
  };
  g_autoptr (GPtrArray) chain = NULL;

  qemu_img (f, "create -q -f raw base.raw 1M");
  qemu_img (f, "create -q -f qcow2 -b base.raw -F raw middle.qcow2");
  qemu_img (f, "create -q -f qcow2 -o compat=0.10 -b middle.qcow2 -F qcow2 top.qcow2");
  chain = open_image (f, "top.qcow2", "qcow2", FALSE);
  g_assert_no_error (f->error);
  g_assert_cmpuint (chain->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < chain->len; i++)
    {
      const VireoQemuImage *image = chain->pdata[i];
      g_autofree char *name = g_path_get_basename (image->path);
      int flags = fcntl (image->fd, F_GETFL);

      g_assert_cmpstr (name, ==, expected[i].name);
      g_assert_cmpstr (image->format, ==, expected[i].format);
      g_assert_cmpint (image->read_only, ==, expected[i].read_only);
      g_assert_cmpint (flags & O_ACCMODE, ==, expected[i].read_only ? O_RDONLY : O_RDWR);
      g_assert_cmpuint (image->fdset, ==, i + 1);
    }
}

/* A raw image into which the guest wrote a qcow2 header that names a file of the host. */
static void
test_raw_is_never_guessed (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) chain = NULL;

  qemu_img (f, "create -q -f raw secret.raw 1M");
  qemu_img (f, "create -q -f qcow2 -b secret.raw -F raw disk.img");
  chain = open_image (f, "disk.img", NULL, FALSE);
  g_assert_no_error (f->error);
  g_assert_cmpuint (chain->len, ==, 1);
  g_assert_cmpstr (((VireoQemuImage *) chain->pdata[0])->format, ==, "raw");
}

static void
test_unsaid_backing_format (Fixture *f, gconstpointer data)
{
  g_autofree char *path = in_folder (f, "top.qcow2");
  g_autofree char *bytes = NULL;
  guint8 *extension;
  gsize size;

  qemu_img (f, "create -q -f qcow2 middle.qcow2 1M");
  qemu_img (f, "create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  extension = memmem (bytes, size, "\xe2\x79\x2a\xca", 4);
  g_assert_nonnull (extension);
  memset (extension, 0x11, 4);
  write_file (f, "top.qcow2", bytes, size);
  assert_refused (f, "top.qcow2", "qcow2", VIREO_ERROR_CONFIG_UNSUPPORTED, "what format");
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *fifo = in_folder (f, "fifo"), *base = in_folder (f, "base.raw");

  assert_refused (f, "nothing.raw", NULL, VIREO_ERROR_MISSING_RESOURCE, "nothing.raw");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (f, "fifo", NULL, VIREO_ERROR_CONFIG_UNSUPPORTED, "not a plain file");
  write_file (f, "text", "text", 4);
  assert_refused (f, "text", "qcow2", VIREO_ERROR_CONFIG_UNSUPPORTED, "not a qcow2 image");
  assert_refused (f, "text", "cow", VIREO_ERROR_CONFIG_UNSUPPORTED, "'cow' is not supported");
  qemu_img (f, "create -q -f raw base.raw 1M");
  qemu_img (f, "create -q -f qcow2 -b base.raw -F raw top.qcow2");
  g_assert_cmpint (g_unlink (base), ==, 0);
  assert_refused (f, "top.qcow2", "qcow2", VIREO_ERROR_MISSING_RESOURCE, "backing image of");
  qemu_img (f, "create -q -f qcow2 -u -b nbd://127.0.0.1/x -F raw net.qcow2 1M");
  assert_refused (f, "net.qcow2", "qcow2", VIREO_ERROR_CONFIG_UNSUPPORTED, "is not a file");
  qemu_img (f, "create -q -f qcow2 -u -b ./loop.qcow2 -F qcow2 loop.qcow2 1M");
  assert_refused (f, "loop.qcow2", "qcow2", VIREO_ERROR_CONFIG_UNSUPPORTED, "its own backing");
  qemu_img (f, "create -q -f qcow2 -o data_file=data.raw external.qcow2 1M");
  assert_refused (f, "external.qcow2", "qcow2", VIREO_ERROR_CONFIG_UNSUPPORTED, "another file");
}

/* A header that a guest or a stranger made up must not be read beyond its end. */
static void
test_broken_headers (Fixture *f, gconstpointer data)
{
  g_autofree char *path = in_folder (f, "a.qcow2");
  g_autofree char *bytes = NULL;
  gsize size;

  qemu_img (f, "create -q -f qcow2 -u -b b.raw -F raw a.qcow2 1M");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  for (gsize offset = 4; offset < 600; offset++)
    {
      g_autoptr (GPtrArray) chain = NULL;
      char saved = bytes[offset];

      bytes[offset] = (char) 0xff;
      write_file (f, "b.qcow2", bytes, size);
      bytes[offset] = saved;
      chain = open_image (f, "b.qcow2", "qcow2", TRUE);
      g_assert_true (chain != NULL || f->error != NULL);
      g_clear_error (&f->error);
    }
  for (gsize length = 0; length < 600; length++)
    {
      g_autoptr (GPtrArray) chain = NULL;

      write_file (f, "b.qcow2", bytes, length);
      chain = open_image (f, "b.qcow2", "qcow2", TRUE);
      g_assert_null (chain);
      g_clear_error (&f->error);
    }
}

static void
test_registry (Fixture *f, gconstpointer data)
{
  VireoQemuImageRegistry *registry = vireo_qemu_image_registry_new ();
  const VireoQemuImageUse reads = { 1, 2, FALSE, FALSE }, writes = { 1, 2, TRUE, FALSE };
  const VireoQemuImageUse shares = { 1, 2, TRUE, TRUE }, other = { 1, 3, TRUE, FALSE };

  g_assert_true (vireo_qemu_image_registry_claim (registry, "a", &reads, "/i", NULL));
  g_assert_true (vireo_qemu_image_registry_claim (registry, "b", &reads, "/i", NULL));
  g_assert_true (vireo_qemu_image_registry_claim (registry, "b", &other, "/j", NULL));
  g_assert_false (vireo_qemu_image_registry_claim (registry, "c", &writes, "/i", &f->error));
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_assert_nonnull (strstr (f->error->message, "/i"));
  g_assert_null (strstr (f->error->message, "'a'"));
  vireo_qemu_image_registry_release (registry, "a");
  vireo_qemu_image_registry_release (registry, "b");
  g_assert_true (vireo_qemu_image_registry_claim (registry, "c", &shares, "/i", NULL));
  g_assert_true (vireo_qemu_image_registry_claim (registry, "d", &shares, "/i", NULL));
  g_assert_false (vireo_qemu_image_registry_claim (registry, "e", &reads, "/i", NULL));
  g_assert_true (vireo_qemu_image_registry_claim (registry, "e", &other, "/j", NULL));
  vireo_qemu_image_registry_free (registry);
}

static void
test_file_for_a_stranger (Fixture *f, gconstpointer data)
{
  g_autofree char *path = in_folder (f, "kernel"), *text = NULL, *name = NULL;
  g_autoptr (VireoQemuFile) mine = NULL, copy = NULL;
  struct stat original, opened;
  gsize length;

  write_file (f, "kernel", "bzImage", 7);
  g_assert_cmpint (chmod (path, 0600), ==, 0);
  g_assert_cmpint (stat (path, &original), ==, 0);
  mine = vireo_qemu_file_open (path, FALSE, &f->error);
  copy = vireo_qemu_file_open (path, TRUE, &f->error);
  g_assert_no_error (f->error);
  g_assert_cmpint (fstat (mine->fd, &opened), ==, 0);
  g_assert_cmpuint (opened.st_ino, ==, original.st_ino);
  g_assert_cmpint (fstat (copy->fd, &opened), ==, 0);
  g_assert_cmpuint (opened.st_mode & S_IROTH, !=, 0);
  name = g_strdup_printf ("/proc/self/fd/%d", copy->fd);
  g_assert_true (g_file_get_contents (name, &text, &length, NULL));
  g_assert_cmpmem (text, length, "bzImage", 7);
  g_assert_cmpint (pwrite (copy->fd, "x", 1, 0), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) \
  g_test_add ("/qemu/images/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("chain", test_chain);
  ADD ("raw-is-never-guessed", test_raw_is_never_guessed);
  ADD ("unsaid-backing-format", test_unsaid_backing_format);
  ADD ("refused", test_refused);
  ADD ("broken-headers", test_broken_headers);
  ADD ("registry", test_registry);
  ADD ("file-for-a-stranger", test_file_for_a_stranger);
#undef ADD
  return g_test_run ();
}
