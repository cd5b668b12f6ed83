"""Programs that the tests start, and later stop with all their child processes."""

import contextlib
import os
import signal
import socket
import subprocess


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
