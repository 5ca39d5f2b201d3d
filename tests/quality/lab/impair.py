"""impair.py DEVICE DELAY_MS LOSS_PERCENT MARK: a slow and lossy line, where the kernel has no netem.

What is routed into the device is sent again after the delay, or not at all. Packets sent have the mark, by which the namespace's rules
route them past the device.
"""

import fcntl
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

device, delay, loss, mark = sys.argv[1], float(sys.argv[2]) / 1000, float(sys.argv[3]) / 100, int(sys.argv[4])
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
out.setsockopt(socket.SOL_SOCKET, 36, mark)  # SO_MARK
print("ready", flush=True)
waiting = []
n = 0
while True:
    wait = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    if select.select([tun], [], [], wait)[0]:
        packet = os.read(tun, 65536)
        if packet[0] >> 4 == 4 and random.random() >= loss:
            n += 1
            heapq.heappush(waiting, (time.monotonic() + delay, n, packet))
    while waiting and waiting[0][0] <= time.monotonic():
        packet = heapq.heappop(waiting)[2]
        try:
            out.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
        except OSError:
            pass
