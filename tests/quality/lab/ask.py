"""ask.py FROM RESOLVER COUNT SECONDS: asks for so many names that nobody else asks for, evenly over so many seconds."""

import os
import socket
import struct
import sys
import time

source, resolver, count, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
for n in range(count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        name = f"h{os.urandom(3).hex()}.burst.example"
        question = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0" + struct.pack("!HH", 1, 1)
        s.sendto(struct.pack("!HHHHHH", n & 0xFFFF, 0x0100, 1, 0, 0, 0) + question, (resolver, 53))
        s.settimeout(0.05)
        try:
            s.recv(512)
        except OSError:
            pass
    time.sleep(seconds / count)
