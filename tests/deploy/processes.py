"""Programs that the tests start, and later stop with all their child processes."""

import contextlib
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time


def free_port():
    """A port on 127.0.0.1 that is not in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(arguments, environment, log):
    """Runs a program in a process group of its own. Its output goes to the file `log`."""
    with open(log, "w") as output:
        process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process):
    """Stops a program and its process group, first with SIGTERM, then with SIGKILL."""
    signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    signal_group(process, signal.SIGKILL)
    process.wait()


def signal_group(process, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def check_alive(process, log):
    """Fails if a program has exited, with the end of its output."""
    if process.poll() is not None:
        with open(log) as output:
            raise AssertionError(f"{process.args[0]} exited with status {process.returncode}:\n{output.read()[-4000:]}")


# What a terminal is told about colours and the cursor.
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def converse(arguments, environment, directory, answers, seconds=900):
    """Runs a command on a terminal, and answers its questions as a person does. Returns all that is on the terminal then.

    `answers` has a pattern for each question, which the last line must match in full, and what is typed: a text, or a
    function that makes it from the match. A question that none of them matches is waited out, and fails.
    """
    screen, ends = "", time.monotonic() + seconds
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        arguments,
        env=environment | {"TERM": "dumb"},
        cwd=directory,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    asked = 0
    try:
        while time.monotonic() < ends:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                said = os.read(ours, 65536)
            except OSError:  # Linux says EIO when nobody has the other end any more.
                said = b""
            if not said:
                break
            screen += ESCAPE.sub("", said.decode(errors="replace")).replace("\r", "")
            question = screen[asked:].rpartition("\n")[2]
            for pattern, answer in answers.items():
                if match := re.fullmatch(pattern, question):
                    asked = len(screen)
                    os.write(ours, f"{answer(match) if callable(answer) else answer}\n".encode())
                    break
        else:
            raise AssertionError(f"{arguments} did not end within {seconds} seconds:\n{end_of(screen)}")
        if status := process.wait(timeout=10):
            raise AssertionError(f"{arguments} exited with status {status}:\n{end_of(screen)}")
        return screen
    finally:
        stop(process)
        os.close(ours)


def end_of(screen):
    """The end of what a terminal showed, without the blank lines in which something moved."""
    return re.sub(r"\n\s*\n", "\n", screen)[-6000:]


def run(arguments, environment, directory):
    """Runs a command and returns its output. If the command fails, so does this, with the output."""
    done = subprocess.run(
        arguments,
        env=environment,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, arguments))} exited with status {done.returncode}:\n{done.stdout[-6000:]}"
        )
    return done.stdout
