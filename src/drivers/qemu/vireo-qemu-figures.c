/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel knows of a guest (proc(5)). */
#include "vireo-qemu-figures.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Fields of /proc/PID/stat, counted behind the name, which is in parentheses. */
#define FIELD_UTIME 11
#define FIELD_STIME 12
#define FIELD_START 19
#define FIELD_RSS 21
#define N_FIELDS 22

#define MAX_PROC_FILE (1024u * 1024)

VireoQemuFigures *
vireo_qemu_figures_new (void)
{
  VireoQemuFigures *self = g_new0 (VireoQemuFigures, 1);

  self->threads = g_array_new (FALSE, FALSE, sizeof (int));
  self->taps = g_ptr_array_new_with_free_func (g_free);
  self->times = g_array_new (FALSE, TRUE, sizeof (guint64));
  self->delays = g_array_new (FALSE, TRUE, sizeof (guint64));
  self->traffic = g_array_new (FALSE, TRUE, sizeof (VireoQemuTraffic));
  return self;
}

void
vireo_qemu_figures_free (VireoQemuFigures *self)
{
  g_array_unref (self->threads);
  g_ptr_array_unref (self->taps);
  g_array_unref (self->times);
  g_array_unref (self->delays);
  g_array_unref (self->traffic);
  g_free (self);
}

static guint64
from_ticks (guint64 ticks)
{
  long rate = sysconf (_SC_CLK_TCK);

  return rate > 0 ? ticks * (G_GUINT64_CONSTANT (1000000000) / (guint64) rate) : 0;
}

static gboolean
read_fields (const char *path, guint64 fields[N_FIELDS])
{
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;
  const char *end;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (end = strrchr (text, ')')) == NULL
      || end[1] == '\0')
    return FALSE;
  words = g_strsplit (end + 2, " ", -1);
  if (g_strv_length (words) < N_FIELDS)
    return FALSE;
  for (guint i = 0; i < N_FIELDS; i++)
    fields[i] = g_ascii_strtoull (words[i], NULL, 10);
  return TRUE;
}

static void
read_thread (VireoQemuFigures *self, guint index)
{
  int tid = g_array_index (self->threads, int, index);
  g_autofree char *stat
      = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/task/%d/stat", self->pid, tid);
  g_autofree char *schedstat
      = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/task/%d/schedstat", self->pid, tid);
  g_autofree char *text = NULL;
  guint64 fields[N_FIELDS];
  guint64 ran, delay;

  /* A thread that is not one of the process's has no such file. */
  if (tid <= 0 || !read_fields (stat, fields))
    return;
  g_array_index (self->times, guint64, index)
      = from_ticks (fields[FIELD_UTIME]) + from_ticks (fields[FIELD_STIME]);
  if (g_file_get_contents (schedstat, &text, NULL, NULL)
      && sscanf (text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &ran, &delay) == 2)
    g_array_index (self->delays, guint64, index) = delay;
}

static void
read_process (VireoQemuFigures *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", self->pid);
  guint64 fields[N_FIELDS];

  if (!read_fields (path, fields) || fields[FIELD_START] != self->start_time)
    return;
  self->known = TRUE;
  self->user = from_ticks (fields[FIELD_UTIME]);
  self->system = from_ticks (fields[FIELD_STIME]);
  self->rss = fields[FIELD_RSS] * (guint64) sysconf (_SC_PAGESIZE) / 1024;
  for (guint i = 0; i < self->threads->len; i++)
    read_thread (self, i);
}

/* A line of /proc/net/dev behind the name: bytes, packets, errors, dropped and four more that were
 * received, then the same of what was sent. What the host received of a tap, the guest sent. */
static gboolean
parse_traffic (const char *text, VireoQemuTraffic *ret_traffic)
{
  guint64 in[8], out[4];

  if (sscanf (text,
              "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
              " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
              " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
              " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
              &in[0], &in[1], &in[2], &in[3], &in[4], &in[5], &in[6], &in[7], &out[0], &out[1],
              &out[2], &out[3])
      != 12)
    return FALSE;
  ret_traffic->known = TRUE;
  memcpy (ret_traffic->tx, in, sizeof ret_traffic->tx);
  memcpy (ret_traffic->rx, out, sizeof ret_traffic->rx);
  return TRUE;
}

static void
read_traffic (VireoQemuFigures *self)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (self->taps->len == 0 || !g_file_get_contents ("/proc/thread-self/net/dev", &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *colon = strchr (lines[i], ':');
      guint index;

      if (colon == NULL)
        continue;
      *colon = '\0';
      if (g_ptr_array_find_with_equal_func (self->taps, g_strstrip (lines[i]), g_str_equal, &index))
        parse_traffic (colon + 1, &g_array_index (self->traffic, VireoQemuTraffic, index));
    }
}

void
vireo_qemu_figures_read (VireoQemuFigures *self)
{
  g_array_set_size (self->times, self->threads->len);
  g_array_set_size (self->delays, self->threads->len);
  g_array_set_size (self->traffic, self->taps->len);
  read_process (self);
  read_traffic (self);
}
