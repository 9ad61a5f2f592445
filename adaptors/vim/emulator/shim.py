"""Stands over the start hook of one instance: `shim.py DIRECTORY`. Only the standard library, to start fast.

It outlives whoever started it. It keeps the last 2 MiB of what the function writes, without the secrets, so
that a function that floods its log neither fills the disk nor is held up; it writes status.json; it passes
SIGTERM on to all processes of the function, and SIGKILL after 5 s.
"""

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress

KEPT = 1024 * 1024
GRACE_S = 5.0
HIDDEN = b"***"


class Log:
    """Two files of at most KEPT octets each."""

    def __init__(self, path: str, hidden: list[bytes]) -> None:
        self.path = path
        self.hidden = sorted(filter(None, hidden), key=len, reverse=True)
        self.held = b""
        self.file = open(path, "ab", buffering=0)  # noqa: SIM115
        self.size = self.file.tell()

    def write(self, data: bytes) -> None:
        """Keep back an unfinished line's end, in which a secret may begin."""
        data = self.held + data
        for value in self.hidden:
            data = data.replace(value, HIDDEN)
        keep = len(self.hidden[0]) - 1 if self.hidden and not data.endswith(b"\n") else 0
        data, self.held = (data[:-keep], data[-keep:]) if keep else (data, b"")
        if self.size + len(data) > KEPT:
            self.rotate()
        self.file.write(data)
        self.size += len(data)

    def rotate(self) -> None:
        self.file.close()
        os.replace(self.path, self.path + ".1")
        self.file = open(self.path, "wb", buffering=0)  # noqa: SIM115
        self.size = 0

    def close(self) -> None:
        self.write(b"\n" if self.held else b"")
        self.file.close()


def ticks(pid: int) -> int:
    """When a process started, in the kernel's ticks: tells it from a later one of the same id.

    :raises OSError: where there is none, or only its exit code is left
    """
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    if fields[0] in "ZX":
        raise ProcessLookupError(pid)
    return int(fields[19])


def write_status(directory: str, status: dict[str, float]) -> None:
    path = os.path.join(directory, "status.json")
    with open(path + ".new", "w") as file:
        json.dump(status, file)
    os.replace(path + ".new", path)


def start(plan: dict[str, list[str]], sink: int) -> int:
    """The function's first process, leader of a group and within its limits from its first instruction."""
    pid = os.fork()
    if pid:
        with suppress(OSError):
            os.setpgid(pid, pid)
        return pid
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        for entry in plan["groups"]:
            with open(entry, "w") as file:
                file.write("0")
        env = {name: os.environ[name] for name in plan["environment"] if name in os.environ}
        os.execvpe(plan["words"][0], plan["words"], env)
    except BaseException as error:
        os.write(2, f"cannot start {plan['words'][0]}: {error}\n".encode())
    finally:
        os._exit(127)


def watch(pid: int, source: int, wake: int, log: Log) -> int:
    """Until the function's first process has ended: its status, as `wait` gives it."""
    deadline = None
    sources = [source, wake]
    while True:
        ready = select.select(sources, [], [], 0.1 if deadline else None)[0]
        if source in ready and read(source, log) == b"":
            sources.remove(source)
        if wake in ready and signal.SIGTERM in os.read(wake, 64) and deadline is None:
            signal_all(pid, signal.SIGTERM)
            deadline = time.monotonic() + GRACE_S
        if deadline and time.monotonic() > deadline:
            signal_all(pid, signal.SIGKILL)
        ended, code = os.waitpid(pid, os.WNOHANG)
        if ended:
            return code


def signal_all(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def read(source: int, log: Log) -> bytes | None:
    """What the function wrote, None where there is nothing now, empty where it can write no more."""
    try:
        data = os.read(source, 65536)
    except BlockingIOError:
        return None
    if data:
        log.write(data)
    return data


def main() -> None:
    directory = sys.argv[1]
    with open(os.path.join(directory, "start.json")) as file:
        plan = json.load(file)
    log = Log(os.path.join(directory, "log"), [os.environ.get(name, "").encode() for name in plan["secrets"]])
    wake = listen()
    source, sink = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(source, False)
    pid = start(plan, sink)
    os.close(sink)
    status = {"shim": os.getpid(), "shim_ticks": ticks(os.getpid()), "pid": pid, "started": time.time()}
    write_status(directory, status)
    code = watch(pid, source, wake, log)
    signal_all(pid, signal.SIGKILL)
    while read(source, log):
        pass
    log.close()
    write_status(directory, {**status, "ended": time.time(), "code": os.waitstatus_to_exitcode(code)})


def listen() -> int:
    """A pipe that the numbers of SIGTERM and SIGCHLD come by."""
    wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return wake


if __name__ == "__main__":
    main()
