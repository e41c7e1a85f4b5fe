/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/vireo-error.h"

#define TUN_PATH "/dev/net/tun"
/* The kernel puts the first free number in. */
#define NAME_TEMPLATE "vireotap%d"

/**
 * vireo_tap_open:
 * @name: (nullable): name of the device; one is chosen when it is %NULL
 * @vnet_header: whether frames carry a virtio-net header
 * @ret_name: (out): name of the device
 * @error: Busy when there is such a device already
 *
 * Makes a tap device, which lives until the last copy of the descriptor is closed: nothing has to
 * be cleaned up when a guest dies while no daemon looks. For worker threads: the kernel may be busy
 * with somebody else's request.
 *
 * Returns: a file descriptor, or -1
 * Since: 0.1
 */
int
vireo_tap_open (const char *name, gboolean vnet_header, char **ret_name, GError **error)
{
  /* EXCL: a device that somebody made persistent is not ours to take. */
  struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
  int fd, saved_errno;

  request.ifr_flags |= (short) IFF_TUN_EXCL;
  if (vnet_header)
    request.ifr_flags |= IFF_VNET_HDR;
  if (name != NULL && !vireo_netlink_is_device_name (name))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "\"%s\" cannot name a network device", name);
      return -1;
    }
  g_strlcpy (request.ifr_name, name != NULL ? name : NAME_TEMPLATE, sizeof request.ifr_name);

  fd = open (TUN_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot open " TUN_PATH);
      return -1;
    }
  if (ioctl (fd, TUNSETIFF, &request) < 0)
    {
      saved_errno = errno;
      close (fd);
      vireo_error_set_errno (error, saved_errno, "cannot make the tap device %s",
                             name != NULL ? name : "");
      return -1;
    }
  *ret_name = g_strndup (request.ifr_name, sizeof request.ifr_name);
  return fd;
}
