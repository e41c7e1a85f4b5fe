/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads and parses the files of the folder, in threads: thousands of them take a while. */

#include "vireo-keeper-scan.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vireo-keeper-names.h"

#define MAX_CONF_SIZE 4096

/* More threads than this wait for each other's memory, and take the processors from guests. */
#define MAX_THREADS 4u
#define MIN_FILES_PER_THREAD 64u
/* So much less than the main loop, which has to keep up with what is read, and has callers. */
#define THREAD_NICENESS 5
/* The main loop is woken when so many more were read. */
#define FILES_PER_TELLING 16

/* What the thread is given, and what it gives back. */
typedef struct
{
  VireoStore *store;
  const VireoDocKind *doc;
  const VireoKeeperKind *kind;
  GHashTable *known; /* (nullable): file name -> VireoKnownFile */
  VireoFoundFunc func; /* (nullable) */
  gpointer func_data;
  GPtrArray *names;
  gint next; /* of `names`: what the next thread that is free takes */
  GPtrArray *found; /* in the order of names; %NULL is not read yet */
  GPtrArray *sorted;
  gint telling; /* whether the main loop will look what there is */
  guint told;   /* of `found`: what func got or is not to get */
  GPtrArray *confs;
  GHashTable *conf_names; /* set of what is in `confs` */
} Scan;

static void
scan_free (gpointer data)
{
  Scan *scan = data;

  g_object_unref (scan->store);
  g_clear_pointer (&scan->known, g_hash_table_unref);
  g_clear_pointer (&scan->names, g_ptr_array_unref);
  g_clear_pointer (&scan->sorted, g_ptr_array_unref);
  g_clear_pointer (&scan->found, g_ptr_array_unref);
  g_clear_pointer (&scan->conf_names, g_hash_table_unref);
  g_clear_pointer (&scan->confs, g_ptr_array_unref);
  g_free (scan);
}

static void
found_file_free (gpointer data)
{
  VireoFoundFile *file = data;

  g_free (file->packed);
  g_free (file->uuid);
  g_clear_pointer (&file->text, g_bytes_unref);
  g_free (file->name);
  g_free (file->message);
  g_free (file);
}

/**
 * vireo_found_file_take_def:
 * @file: a file
 *
 * Definitions come packed: hundreds of blocks of memory that one thread takes and another gives
 * back would make them wait for each other.
 *
 * Returns: (transfer full) (nullable): the definition that was found in it; %NULL when there was
 *   none, or it was taken
 * Since: 0.1
 */
gpointer
vireo_found_file_take_def (VireoFoundFile *file)
{
  g_autofree guint8 *packed = g_steal_pointer (&file->packed);
  g_autofree gpointer unpacked = NULL;

  if (packed == NULL)
    return NULL;
  unpacked = (gpointer) vireo_doc_unpack (file->doc, packed);
  return vireo_doc_copy (file->doc, unpacked);
}

/**
 * vireo_found_file_get_text:
 * @file: a file
 *
 * Returns: (transfer full): its text, with what is not UTF-8 replaced; "" when it could not be read
 * Since: 0.1
 */
char *
vireo_found_file_get_text (VireoFoundFile *file)
{
  gsize size = 0;
  const char *text = file->text != NULL ? g_bytes_get_data (file->text, &size) : NULL;

  return text != NULL ? g_utf8_make_valid (text, (gssize) size) : g_strdup ("");
}

/* A sidecar that is not there, or says nonsense, says what is so without it. */
static void
read_conf (Scan *scan, VireoFoundFile *file, const char *uuid)
{
  g_autofree char *name = _vireo_keeper_conf_name (uuid);
  g_autoptr (GKeyFile) conf = g_key_file_new ();
  g_autoptr (GBytes) text = NULL;
  g_autoptr (GError) error = NULL;

  file->owner = VIREO_OWNER_ROOT;
  if (!g_hash_table_contains (scan->conf_names, name))
    return;
  text = vireo_store_read (scan->store, name, MAX_CONF_SIZE, &error);
  if (text == NULL || !g_key_file_load_from_bytes (conf, text, G_KEY_FILE_NONE, &error))
    {
      g_message ("%s is not used: %s", name, error->message);
      return;
    }
  file->owner = (guint) MIN (g_key_file_get_uint64 (conf, "object", "owner", NULL), G_MAXUINT32);
  file->autostart = g_key_file_get_boolean (conf, "object", "autostart", NULL);
}

static gboolean
is_known (Scan *scan, VireoFoundFile *file)
{
  const VireoKnownFile *known
      = scan->known != NULL ? g_hash_table_lookup (scan->known, file->name) : NULL;

  return known != NULL && file->text != NULL
         && memcmp (&known->digest, &file->digest, sizeof file->digest) == 0;
}

/* Gives the definition the UUID that it has from here on, in its usual form. */
static gboolean
fix_identity (Scan *scan, VireoFoundFile *file, gpointer def)
{
  char **uuid = scan->kind->uuid (def);
  g_autofree char *usual = NULL;
  char *normal = *uuid != NULL ? vireo_uuid_normalize (*uuid) : vireo_uuid_for_file (file->name);

  if (normal == NULL)
    {
      file->message = g_strdup_printf ("\"%s\" is not a UUID", *uuid);
      return FALSE;
    }
  g_free (*uuid);
  *uuid = normal;
  if (*scan->kind->name (def) == NULL)
    {
      file->message = g_strdup ("the definition has no name");
      return FALSE;
    }
  usual = g_strconcat (normal, ".xml", NULL);
  file->rank = g_str_equal (usual, file->name) ? VIREO_FOUND_USUAL : VIREO_FOUND_UNUSUAL;
  return TRUE;
}

static void
parse_file (Scan *scan, VireoFoundFile *file)
{
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  const char *text = g_bytes_get_data (file->text, &size);
  gpointer def = NULL;

  if (!g_utf8_validate_len (text != NULL ? text : "", size, NULL))
    {
      file->message = g_strdup ("the text is not UTF-8");
      return;
    }
  def = vireo_doc_parse (scan->doc, text != NULL ? text : "", (gssize) size, VIREO_PARSE_NONE,
                         &error);
  if (def == NULL)
    file->message = g_strdup (error->message);
  else if (fix_identity (scan, file, def))
    {
      file->uuid = g_strdup (*scan->kind->uuid (def));
      file->packed = vireo_doc_pack (scan->doc, def, &size);
    }
  vireo_doc_free (scan->doc, def);
}

static VireoFoundFile *
scan_file (Scan *scan, const char *name)
{
  VireoFoundFile *file = g_new0 (VireoFoundFile, 1);
  g_autoptr (GError) error = NULL;

  file->name = g_strdup (name);
  file->doc = scan->doc;
  file->rank = VIREO_FOUND_UNPARSABLE;
  file->text = vireo_store_read (scan->store, name, VIREO_DOC_MAX_SIZE, &error);
  _vireo_keeper_digest (file->text, &file->digest);
  file->unchanged = is_known (scan, file);
  if (file->unchanged)
    return file;
  if (file->text != NULL)
    parse_file (scan, file);
  else
    file->message = g_strdup (error->message);
  if (file->uuid != NULL)
    read_conf (scan, file, file->uuid);
  else
    {
      g_autofree char *uuid = vireo_uuid_for_file (name);

      read_conf (scan, file, uuid);
    }
  return file;
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  const VireoFoundFile *first = *(VireoFoundFile *const *) a;
  const VireoFoundFile *second = *(VireoFoundFile *const *) b;

  return first->rank != second->rank ? (int) first->rank - (int) second->rank
                                     : strcmp (first->name, second->name);
}

/* In the main loop: what is done is handed on while the threads go on. */
static gboolean
tell (gpointer data)
{
  Scan *scan = g_task_get_task_data (data);

  g_atomic_int_set (&scan->telling, FALSE);
  while (scan->found != NULL && scan->told < scan->names->len)
    {
      VireoFoundFile *file = g_atomic_pointer_get (&scan->found->pdata[scan->told]);

      if (file == NULL)
        break;
      scan->told++;
      if (file->rank == VIREO_FOUND_USUAL)
        scan->func (file, scan->func_data);
    }
  return G_SOURCE_REMOVE;
}

static void
tell_later (GTask *task)
{
  Scan *scan = g_task_get_task_data (task);
  g_autoptr (GSource) source = NULL;

  if (scan->func == NULL || !g_atomic_int_compare_and_exchange (&scan->telling, FALSE, TRUE))
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, tell, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static gpointer
scan_files (gpointer data)
{
  GTask *task = data;
  Scan *scan = g_task_get_task_data (task);
  gint i;

  while ((i = g_atomic_int_add (&scan->next, 1)) < (gint) scan->names->len)
    {
      g_atomic_pointer_set (&scan->found->pdata[i], scan_file (scan, scan->names->pdata[i]));
      if (i % FILES_PER_TELLING == 0)
        tell_later (task);
    }
  return NULL;
}

static gpointer
scan_files_in_thread (gpointer data)
{
  /* On Linux this is the thread's alone. */
  setpriority (PRIO_PROCESS, (id_t) gettid (), THREAD_NICENESS);
  return scan_files (data);
}

/* Each of the threads writes only to the places of the files that it took. */
static void
scan_all_files (GTask *task)
{
  Scan *scan = g_task_get_task_data (task);
  guint n_threads = MIN (g_get_num_processors (), MAX_THREADS);
  GThread *threads[MAX_THREADS] = { NULL };

  n_threads = MIN (n_threads, scan->names->len / MIN_FILES_PER_THREAD);
  scan->found = g_ptr_array_new_full (scan->names->len, found_file_free);
  g_ptr_array_set_size (scan->found, (gint) scan->names->len);
  /* One that cannot be had leaves more to the others, and at last to this one. */
  for (guint i = 0; i < n_threads; i++)
    threads[i] = g_thread_try_new ("vireo-scan", scan_files_in_thread, task, NULL);
  if (n_threads == 0 || threads[0] == NULL)
    scan_files (task);
  for (guint i = 0; i < n_threads; i++)
    if (threads[i] != NULL)
      g_thread_join (threads[i]);
}

static void
scan_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Scan *scan = data;
  GError *error = NULL;

  /* Files that are behind would undo what was acknowledged. */
  if (scan->func != NULL ? !vireo_store_prepare (scan->store, &error)
                         : !vireo_store_settle (scan->store, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  scan->names = vireo_store_list (scan->store, ".xml", &error);
  scan->confs = scan->names != NULL ? vireo_store_list (scan->store, ".conf", &error) : NULL;
  if (scan->confs == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  scan->conf_names = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < scan->confs->len; i++)
    g_hash_table_add (scan->conf_names, scan->confs->pdata[i]);
  scan_all_files (task);
  /* The main loop may be looking at those in the order of names. */
  scan->sorted = g_ptr_array_copy (scan->found, NULL, NULL);
  g_ptr_array_set_free_func (scan->sorted, NULL);
  g_ptr_array_sort (scan->sorted, compare_files);
  g_task_return_boolean (task, TRUE);
}

/**
 * vireo_keeper_scan_async:
 * @self: a keeper that has a store
 * @known: (nullable) (element-type filename VireoKnownFile): the files that objects have, of which
 *   those that say what they said are not parsed; not to be changed until the end
 * @func: (nullable): gets definitions with the usual name as they are found, in the order of names,
 *   some or all; set when nobody has used the folder yet
 * @callback: called when all files were read
 * @user_data: for @callback
 *
 * Reads and parses the files in a thread.
 *
 * Since: 0.1
 */
void
vireo_keeper_scan_async (VireoKeeper *self,
                         GHashTable *known,
                         VireoFoundFunc func,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Scan *scan = g_new0 (Scan, 1);

  scan->store = g_object_ref (priv->store);
  scan->doc = priv->doc;
  scan->kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  scan->func = func;
  scan->func_data = user_data;
  scan->known = known != NULL ? g_hash_table_ref (known) : NULL;
  g_task_set_task_data (task, scan, scan_free);
  g_task_run_in_thread (task, scan_thread);
}

/**
 * vireo_keeper_scan_finish:
 * @self: a keeper
 * @result: what the callback got
 * @ret_confs: (out) (element-type filename): names of the sidecars
 * @error: why the folder cannot be used
 *
 * Returns: (transfer full) (nullable) (element-type VireoFoundFile): the files, in the order in
 *   which they are to become objects
 * Since: 0.1
 */
GPtrArray *
vireo_keeper_scan_finish (VireoKeeper *self,
                          GAsyncResult *result,
                          GPtrArray **ret_confs,
                          GError **error)
{
  Scan *scan = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  *ret_confs = g_steal_pointer (&scan->confs);
  g_ptr_array_set_free_func (scan->found, NULL);
  g_clear_pointer (&scan->found, g_ptr_array_unref);
  g_ptr_array_set_free_func (scan->sorted, found_file_free);
  return g_steal_pointer (&scan->sorted);
}
