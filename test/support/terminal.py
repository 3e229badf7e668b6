"""Runs COMMAND on a new pseudo-terminal, copies what is typed from the FIFO to it and its output to stdout, and ends with
COMMAND's status (128+n for a signal).  Run: terminal.py FIFO COMMAND [ARG]..."""
import os
import pty
import select
import sys

fifo, command = sys.argv[1], sys.argv[2:]
os.mkfifo(fifo)
keyboard = os.open(fifo, os.O_RDWR)  # open for both: it does not end when a writer closes it
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
print('terminal of', child, flush=True)
while True:
    ready, _, _ = select.select([keyboard, terminal], [], [])
    if keyboard in ready:
        os.write(terminal, os.read(keyboard, 4096))
    if terminal in ready:
        try:
            text = os.read(terminal, 65536)
        except OSError:
            break  # nobody has the terminal open any more
        os.write(1, text)
_, status = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
