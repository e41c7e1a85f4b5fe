/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * heap-probe: preloaded into a program, tells how much of its heap is in use.
 *
 * What a process takes says little about leaks: freed memory stays with the allocator, and that of
 * the address sanitizer keeps far more. Each connection to the socket that VIREO_HEAP_PROBE names
 * is answered with the number of bytes that are allocated now, in decimal, and closed.
 */

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* There in a program with the address sanitizer only. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t
bytes_in_use(void)
{
  if (__sanitizer_get_current_allocated_bytes)
    return __sanitizer_get_current_allocated_bytes();

  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

static void *
answer(void *data)
{
  int listener = (int) (size_t) data;
  for (;;) {
    int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (caller >= 0) {
      dprintf(caller, "%zu\n", bytes_in_use());
      close(caller);
    }
  }
  return NULL;
}

static void __attribute__((constructor))
start(void)
{
  const char *path = getenv("VIREO_HEAP_PROBE");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path || strlen(path) >= sizeof(address.sun_path))
    return;
  strcpy(address.sun_path, path);

  /* The programs that it runs are of no interest. */
  unsetenv("VIREO_HEAP_PROBE");
  unsetenv("LD_PRELOAD");

  /* One that was killed left its own. */
  unlink(path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pthread_t thread;
  if (listener < 0 || bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0 ||
      listen(listener, 1) < 0 ||
      pthread_create(&thread, NULL, answer, (void *) (size_t) listener) != 0)
    abort();
  pthread_detach(thread);
}
