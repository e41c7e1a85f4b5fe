/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-guard.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/vireo-error.h"

/* One read; what waits to be written is never much more than the longest message. */
#define READ_SIZE (64u * 1024)
/* The kernel's SCM_MAX_FD. */
#define MAX_FDS 253u
/* A bus that does not take the rest for so long does not get it. */
#define DRAIN_MS 2000

/* D-Bus Specification, "Message Format": the header up to the length of its fields. */
#define FIXED_HEADER 16u
#define FLAGS_OFFSET 2u
#define BODY_LENGTH_OFFSET 4u
#define FIELDS_LENGTH_OFFSET 12u
#define FIELD_SIGNATURE 8
/* A field that nobody knows is to be ignored. */
#define FIELD_UNKNOWN 200

/* Bytes on their way, and the descriptors that go with the first of them. */
typedef struct
{
  guint8 *data;
  gsize length;
  gsize sent;
  GArray *fds; /* (nullable) */
} Chunk;

typedef struct
{
  int from;
  int to;
  GQueue chunks;
  gboolean ended;
} Way;

typedef struct
{
  GSocketConnection *bus;
  Way out;
  Way in;

  /* Of what goes out: how much of its message is still to come, and the begin of a header. */
  gsize out_left;
  guint8 out_header[FIXED_HEADER];
  gsize out_header_length;
  gboolean out_binary;

  /* Of what comes in: the message that is not complete, and descriptors of messages. */
  GByteArray *partial;
  GArray *fds;
  gboolean binary;
  gboolean in_line;
} Guard;

/* ---- chunks ---- */

static void
close_fd (gpointer data)
{
  close (*(int *) data);
}

static GArray *
fds_new (void)
{
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));

  g_array_set_clear_func (fds, close_fd);
  return fds;
}

static void
chunk_free (gpointer data)
{
  Chunk *self = data;

  g_clear_pointer (&self->fds, g_array_unref);
  g_free (self->data);
  g_free (self);
}

/* @data: (transfer full); @fds: (transfer full) (nullable) */
static void
push_chunk (Way *way, guint8 *data, gsize length, GArray *fds)
{
  Chunk *chunk = g_new0 (Chunk, 1);

  chunk->data = data;
  chunk->length = length;
  chunk->fds = fds;
  g_queue_push_tail (&way->chunks, chunk);
}

/* Returns -1 with errno. */
static gssize
send_chunk (int to, Chunk *chunk)
{
  union
  {
    struct cmsghdr align;
    char space[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control;
  struct iovec vector = { chunk->data + chunk->sent, chunk->length - chunk->sent };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

  if (chunk->fds != NULL && chunk->fds->len > 0)
    {
      gsize size = chunk->fds->len * sizeof (int);
      struct cmsghdr *header = &control.align;

      memset (&control, 0, sizeof control);
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (size);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (size);
      memcpy (CMSG_DATA (header), chunk->fds->data, size);
    }
  return sendmsg (to, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Writes what can be written now. */
static void
send_chunks (Way *way)
{
  Chunk *chunk;

  while ((chunk = g_queue_peek_head (&way->chunks)) != NULL)
    {
      gssize n = send_chunk (way->to, chunk);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          way->ended |= errno != EAGAIN;
          return;
        }
      g_clear_pointer (&chunk->fds, g_array_unref);
      chunk->sent += (gsize) n;
      if (chunk->sent == chunk->length)
        chunk_free (g_queue_pop_head (&way->chunks));
    }
}

/* Appends the descriptors that came with what was read to @fds. */
static void
take_fds (struct msghdr *message, GArray *fds)
{
  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL;
       header = CMSG_NXTHDR (message, header))
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
      g_array_append_vals (fds, CMSG_DATA (header),
                           (guint) ((header->cmsg_len - CMSG_LEN (0)) / sizeof (int)));
}

/* Returns how much was read; 0 when that is nothing for now. */
static gsize
receive (Way *way, guint8 *data, GArray *fds)
{
  union
  {
    struct cmsghdr align;
    char space[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control;
  struct iovec vector = { data, READ_SIZE };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize n = recvmsg (way->from, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

  if (n <= 0)
    {
      way->ended |= n == 0 || (errno != EINTR && errno != EAGAIN);
      return 0;
    }
  take_fds (&message, fds);
  return (gsize) n;
}

/* ---- to the bus ---- */

/* Where in @data, which goes out, the last message begins: descriptors go with its first byte. */
static gsize
find_last_begin (Guard *self, const guint8 *data, gsize length)
{
  gsize begin = 0;

  for (gsize at = 0; at < length;)
    {
      gsize step;

      if (self->out_left > 0)
        {
          step = MIN (self->out_left, length - at);
          self->out_left -= step;
        }
      else
        {
          if (self->out_header_length == 0)
            begin = at;
          step = MIN (FIXED_HEADER - self->out_header_length, length - at);
          memcpy (self->out_header + self->out_header_length, data + at, step);
          self->out_header_length += step;
          if (self->out_header_length == FIXED_HEADER)
            {
              gssize size = g_dbus_message_bytes_needed (self->out_header, FIXED_HEADER, NULL);

              self->out_left = size > (gssize) FIXED_HEADER ? (gsize) size - FIXED_HEADER : 0;
              self->out_header_length = 0;
            }
        }
      at += step;
    }
  return begin;
}

/* Authentication is lines, which end with this one. */
static gsize
skip_lines (Guard *self, const guint8 *data, gsize length)
{
  static const char last[] = "BEGIN\r\n";
  const guint8 *found;

  if (self->out_binary)
    return 0;
  found = memmem (data, length, last, strlen (last));
  if (found == NULL)
    return length;
  self->out_binary = TRUE;
  return (gsize) (found - data) + strlen (last);
}

static void
read_out (Guard *self)
{
  guint8 data[READ_SIZE];
  g_autoptr (GArray) fds = fds_new ();
  gsize length = receive (&self->out, data, fds);
  gsize lines = skip_lines (self, data, length);
  gsize begin = lines + find_last_begin (self, data + lines, length - lines);

  if (length == 0)
    return;
  if (fds->len == 0)
    begin = 0;
  if (begin > 0)
    push_chunk (&self->out, g_memdup2 (data, begin), begin, NULL);
  push_chunk (&self->out, g_memdup2 (data + begin, length - begin), length - begin,
              g_steal_pointer (&fds));
}

/* ---- from the bus ---- */

static guint32
read_u32 (const guint8 *message, gsize offset)
{
  guint32 value;

  memcpy (&value, message + offset, sizeof value);
  return message[0] == 'B' ? GUINT32_FROM_BE (value) : GUINT32_FROM_LE (value);
}

/* Takes the body away, and what says that there is one. What only looks like that field is in a
 * field that is not valid, or is nothing to anybody. Returns the length of what is left. */
static gsize
behead (guint8 *message, gsize length)
{
  gsize fields = read_u32 (message, FIELDS_LENGTH_OFFSET);
  gsize end = MIN (FIXED_HEADER + ((fields + 7) & ~(gsize) 7), length);
  static const guint8 signature[] = { FIELD_SIGNATURE, 1, 'g', 0 };

  for (gsize at = FIXED_HEADER; at + sizeof signature <= end; at += 8)
    if (memcmp (message + at, signature, sizeof signature) == 0)
      message[at] = FIELD_UNKNOWN;
  memset (message + BODY_LENGTH_OFFSET, 0, sizeof (guint32));
  message[FLAGS_OFFSET] |= VIREO_GUARD_UNREADABLE;
  return end;
}

static GDBusMessage *
read_message (guint8 *data, gsize length)
{
  return g_dbus_message_new_from_blob (data, length, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
}

/* Lets a message through; %FALSE when nothing can be known of it, nor of those that follow. */
static gboolean
pass_message (Guard *self, const guint8 *data, gsize length)
{
  g_autofree guint8 *copy = g_memdup2 (data, length);
  g_autoptr (GDBusMessage) message = read_message (copy, length);
  gboolean good = message != NULL;
  g_autoptr (GArray) fds = NULL;
  guint n_fds;

  if (!good)
    {
      length = behead (copy, length);
      message = read_message (copy, length);
    }
  if (message == NULL)
    return FALSE;
  n_fds = g_dbus_message_get_num_unix_fds (message);
  if (n_fds > self->fds->len)
    return FALSE;
  if (n_fds > 0)
    {
      fds = fds_new ();
      g_array_append_vals (fds, self->fds->data, n_fds);
      /* They are the message's now, and not to be closed. */
      g_array_set_clear_func (self->fds, NULL);
      g_array_remove_range (self->fds, 0, n_fds);
      g_array_set_clear_func (self->fds, close_fd);
    }
  if (good || g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    push_chunk (&self->in, g_steal_pointer (&copy), length, g_steal_pointer (&fds));
  else
    g_info ("a message of %s that cannot be read is left out", g_dbus_message_get_sender (message));
  return TRUE;
}

static gboolean
pass_messages (Guard *self)
{
  GByteArray *partial = self->partial;
  gsize at = 0;

  while (partial->len - at >= FIXED_HEADER)
    {
      gssize size = g_dbus_message_bytes_needed (partial->data + at, FIXED_HEADER, NULL);

      if (size < (gssize) FIXED_HEADER)
        return FALSE;
      if (partial->len - at < (gsize) size)
        break;
      if (!pass_message (self, partial->data + at, (gsize) size))
        return FALSE;
      at += (gsize) size;
    }
  if (at == partial->len)
    {
      /* What a long message took is given back. */
      g_byte_array_unref (partial);
      self->partial = g_byte_array_new ();
    }
  else if (at > 0)
    g_byte_array_remove_range (partial, 0, (guint) at);
  return TRUE;
}

/* Messages begin with a letter that no line of the bus' authentication begins with. */
static gsize
pass_lines (Guard *self, const guint8 *data, gsize length)
{
  gsize at = 0;

  for (; at < length && !self->binary; at++)
    {
      self->binary = !self->in_line && (data[at] == 'l' || data[at] == 'B');
      if (self->binary)
        break;
      self->in_line = data[at] != '\n';
    }
  if (at > 0)
    push_chunk (&self->in, g_memdup2 (data, at), at, NULL);
  return at;
}

static void
read_in (Guard *self)
{
  guint8 data[READ_SIZE];
  gsize length = receive (&self->in, data, self->fds);
  gsize lines = pass_lines (self, data, length);

  g_byte_array_append (self->partial, data + lines, (guint) (length - lines));
  if (self->binary && !pass_messages (self))
    self->in.ended = TRUE;
}

/* ---- both ---- */

/* Nothing more is read before what was is written. */
static struct pollfd
wait_for (Way *reads, Way *writes)
{
  short events = (short) ((g_queue_is_empty (&reads->chunks) ? POLLIN : 0)
                          | (g_queue_is_empty (&writes->chunks) ? 0 : POLLOUT));

  /* Of one that nothing is wanted of, its end is not wanted either: it would be told for ever. */
  return (struct pollfd){ .fd = events != 0 ? reads->from : -1, .events = events };
}

/* Returns whether there is more to do. */
static gboolean
step (Guard *self)
{
  struct pollfd fds[] = { wait_for (&self->in, &self->out), wait_for (&self->out, &self->in) };

  if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
    return errno == EINTR;
  if (fds[0].revents & (POLLIN | POLLHUP | POLLERR) && g_queue_is_empty (&self->in.chunks))
    read_in (self);
  if (fds[1].revents & (POLLIN | POLLHUP | POLLERR) && g_queue_is_empty (&self->out.chunks))
    read_out (self);
  send_chunks (&self->in);
  send_chunks (&self->out);
  return !self->in.ended && !self->out.ended;
}

/* What was said before the end is for the other side to hear. */
static void
drain (Way *way)
{
  struct pollfd fd = { .fd = way->to, .events = POLLOUT };

  way->ended = FALSE;
  send_chunks (way);
  while (!way->ended && !g_queue_is_empty (&way->chunks) && poll (&fd, 1, DRAIN_MS) > 0)
    send_chunks (way);
  g_queue_clear_full (&way->chunks, chunk_free);
}

static gpointer
run (gpointer data)
{
  Guard *self = data;

  while (step (self))
    ;
  drain (&self->in);
  drain (&self->out);
  close (self->out.from);
  g_byte_array_unref (self->partial);
  g_array_unref (self->fds);
  g_object_unref (self->bus);
  g_free (self);
  return NULL;
}

static Guard *
guard_new (GSocketConnection *bus, int inner)
{
  Guard *self = g_new0 (Guard, 1);
  int outer = g_socket_get_fd (g_socket_connection_get_socket (bus));

  self->bus = bus;
  self->in.from = self->out.to = outer;
  self->in.to = self->out.from = inner;
  g_queue_init (&self->in.chunks);
  g_queue_init (&self->out.chunks);
  self->partial = g_byte_array_new ();
  self->fds = fds_new ();
  return self;
}

GIOStream *
vireo_guard_new (GSocketConnection *bus, GThread **ret_thread, GError **error)
{
  g_autoptr (GSocketConnection) kept = bus;
  g_autoptr (GSocket) socket = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot make a pair of sockets");
      return NULL;
    }
  socket = g_socket_new_from_fd (ends[0], error);
  if (socket == NULL)
    {
      close (ends[0]);
      close (ends[1]);
      return NULL;
    }
  *ret_thread = g_thread_new ("bus-guard", run, guard_new (g_steal_pointer (&kept), ends[1]));
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}
