#!/usr/bin/env python3
"""Runs a command that draws a bar, on terminals that change their width: terminal.py WAY SIGNAL COLUMNS,... COMMAND...

own       standard output and error are the terminal
passed    they are a pipe, and LOCKSTEP_TERMINAL names the terminal, as scripts/train has it

Prints a line for each width, `COLUMNS WIDEST`: the most characters of three draws of the bar; then `status STATUS`,
with which the command ends after the signal. Draws other than `return, text, erase the rest` are an error.
"""
import fcntl
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios

way, number, widths, command = sys.argv[1], int(sys.argv[2]), [int(x) for x in sys.argv[3].split(",")], sys.argv[4:]
master, slave = pty.openpty()


def resize(columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


resize(widths[0])
environment = dict(os.environ, TERM="xterm")
if way == "own":
    source, sink = master, slave
else:
    source, sink = os.pipe()
    environment["LOCKSTEP_TERMINAL"] = f"{socket.gethostname()}:{os.ttyname(slave)}:{widths[0]}"
process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment)
os.close(sink)

rest = b""


def draws():
    """What was drawn since the last call, waiting for one draw at least. A line that stays is none."""
    global rest
    while True:
        try:
            data = os.read(source, 1 << 16)
        except OSError:
            data = b""
        if not data:
            sys.exit(f"the command ended early: {rest.decode(errors='replace')}")
        *whole, rest = (rest + data).split(b"\r")
        found = [text[:-3].decode() for text in whole if text.endswith(b"\x1b[K") and b"\n" not in text]
        if found:
            return found


for columns in widths:
    resize(columns)
    # The first may have been drawn before, and the second have asked before.
    seen = []
    while len(seen) < 5:
        seen += draws()
    print(columns, max(len(text) for text in seen[2:]))

process.send_signal(number)
while True:
    try:
        if not os.read(source, 1 << 16):
            break
    except OSError:
        break
print("status", process.wait())
