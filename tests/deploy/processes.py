"""Programs that the tests start, and stop again, with all that they have started."""

import contextlib
import os
import signal
import socket
import subprocess


def free_port():
    """A port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(arguments, environment, log):
    """A program with its own process group, whose output goes to the file `log`."""
    with open(log, "w") as output:
        process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        end(process)


def end(process):
    """Ends a program and its process group: politely, then not."""
    signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    signal_group(process, signal.SIGKILL)
    process.wait()


def signal_group(process, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def alive(process, log):
    """Fails, with the end of its output, when a program has ended."""
    if process.poll() is not None:
        with open(log) as output:
            raise AssertionError(f"{process.args[0]} ended with {process.returncode}:\n{output.read()[-4000:]}")


def run(arguments, environment, directory):
    """Runs a command to its end. Gives its output; fails with it when the command fails."""
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
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout
