"""Presses the button of a page in lynx, as a person at a terminal does: Tab to the field, a comment, Tab to the button,
Return. What lynx writes to the screen goes to the standard output.

    text_browser.py URL LINKS COMMENT

LINKS is how many links come before the field. It ends when the next page is there; it fails when none comes.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

# Lynx's own message when a page has arrived.
ARRIVED = b"Data transfer complete"
# In seconds.
PATIENCE = 20
ROWS, COLUMNS = 200, 120


def start(arguments):
    """Runs a program in a terminal of its own, tall enough for every page. Gives the terminal."""
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.environ.update(TERM="vt100", LANG="C.UTF-8", LC_ALL="C.UTF-8")
        os.execvp(arguments[0], arguments)
    return terminal


def wait_for_page(terminal):
    """Copies the terminal's output until the next page is there."""
    end = time.monotonic() + PATIENCE
    written = b""
    while ARRIVED not in written:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            raise SystemExit(f"\nno page within {PATIENCE} s")
        try:
            more = os.read(terminal, 65536)
        except OSError:
            raise SystemExit("\nlynx ended") from None
        sys.stdout.buffer.write(more)
        sys.stdout.flush()
        written += more


def main(url, links, comment):
    lynx = start(["lynx", "-nopause", url])
    wait_for_page(lynx)
    # The first of them is selected from the beginning.
    os.write(lynx, b"\t" * int(links) + comment.encode() + b"\t\r")
    wait_for_page(lynx)
    # Closing the terminal ends lynx.


if __name__ == "__main__":
    main(*sys.argv[1:])
