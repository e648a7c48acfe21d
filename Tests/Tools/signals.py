#!/usr/bin/env python3
"""Runs a command for which a signal is in a certain state: signals.py STATE NUMBER COMMAND...

default   as a shell leaves it
ignored   as nohup leaves SIGHUP
pending   blocked, and sent already
"""
import os
import signal
import sys

state, number, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
# Python itself ignores these.
for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(ignored, signal.SIG_DFL)
signal.signal(number, signal.SIG_IGN if state == "ignored" else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK if state == "pending" else signal.SIG_UNBLOCK, [number])
if state == "pending":
    os.kill(os.getpid(), number)
os.execvp(command[0], command)
