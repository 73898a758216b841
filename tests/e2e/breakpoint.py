#!/usr/bin/python3
"""breakpoint.py PID RUNS STEP@HOST…: a debugger's breakpoint in a run of kubewright, set by its journal.

Stops the process PID (SIGSTOP) as soon as its journal in the folder RUNS says that one of the steps is at work on its host (HOST
any: on whichever is first), and prints "STEP@HOST HOST inside"; "late" instead of "inside" when the step had ended before all
threads stood still. The process stays stopped: the fault that comes next strikes in the step, however short it is. Prints
"ended" when the process is gone before, or after half an hour.
"""
import ctypes
import json
import os
import re
import select
import signal
import sys
import time

DEADLINE_S = 1800
IN_MODIFY, IN_CREATE = 0x2, 0x100
# Where in a step to strike: at a line of its log, when the host is in the middle of it; else when it begins.
MIDST = {
    "os": r"",
    "packages": r"^(Unpacking|Setting up) ",
    "runtime": r"",
    "certificates": r"",
    "endpoint": r"",
    "images": r"^pulled ",
    "init": r"^\[(etcd|wait-control-plane)\]",
    "cni": r"",
    "components": r"^(kube-[a-z-]+ gets other settings|removed )",
    "join": r"^\[kubelet-start\]",
    "join-control-plane": r"^\[etcd\]",
    "upgrade": r"^\[upgrade/staticpods\]",
}
# Steps of a moment: the process is let run for a fraction of a millisecond at a time until it is in one, from the first step's end on.
SHORT = ("decide", "kubeconfig")
# Steps that are never announced because they only compare: they begin when this other one ends.
AFTER = {"preflight": "probe"}


def begins(event, step):
    if step in AFTER:
        return event["kind"] == "step-done" and event.get("step") == AFTER[step]
    if event.get("step") != step:
        return False
    if step in MIDST:
        return event["kind"] == "output" and re.search(MIDST[step], event.get("text", "")) is not None
    return event["kind"] == "step-started"


class Journal:
    """The events of one process' run so far."""

    def __init__(self, pid, runs):
        self.pid, self.runs, self.file, self.rest, self.events = pid, runs, None, "", []

    def find(self):
        try:
            names = os.listdir(self.runs)
        except FileNotFoundError:
            return
        # one with a dot is being written, and gets its name in a moment
        for name in sorted((n for n in names if not n.startswith(".")), reverse=True):
            file = open(os.path.join(self.runs, name), encoding="utf-8")
            head = file.readline()
            if head.endswith("\n") and json.loads(head).get("pid") == self.pid:
                self.file = file
                return
            file.close()

    def read(self):
        if not self.file:
            self.find()
        if self.file:
            *lines, self.rest = (self.rest + self.file.read()).split("\n")
            self.events += [json.loads(line) for line in lines]

    def done(self, step, host):
        return any(e["kind"] == "step-done" and e.get("step") == step and e.get("host") == host for e in self.events)


def states(pid):
    """The states of the process' threads; empty when it is gone."""
    found = set()
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8") as stat:
                found.add(stat.read().rpartition(")")[2].split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return states(pid) if os.path.exists(f"/proc/{pid}") else set()
    return found


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    while states(pid) - set("TZ"):
        time.sleep(0.0001)


def struck(journal, event, wanted):
    """Stops the process if it is at one of the wanted steps; the line to print, or None."""
    for step, host in wanted:
        if host not in ("any", event.get("host")) or not begins(event, step):
            continue
        stop(journal.pid)
        journal.read()
        at_work = [e["host"] for e in journal.events if begins(e, step) and not journal.done(step, e["host"])]
        if event["host"] not in at_work and host == "any":
            # there is a choice: perhaps another host is still at it
            event = {"host": (at_work + [event["host"]])[0]}
        return f"{step}@{host} {event['host']} {'inside' if event['host'] in at_work else 'late'}"
    return None


def watch(folder):
    """A descriptor that can be read when a file in the folder was written."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_NONBLOCK)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if fd < 0 or libc.inotify_add_watch(fd, folder.encode(), IN_MODIFY | IN_CREATE) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    return fd


def main():
    pid, wanted = int(sys.argv[1]), [word.split("@") for word in sys.argv[3:]]
    journal, seen, end = Journal(pid, sys.argv[2]), 0, time.monotonic() + DEADLINE_S
    changes = watch(sys.argv[2])
    try:
        # what is watched must not run away while the watcher waits for a processor
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass
    sliced, alive = False, True
    while time.monotonic() < end and alive:
        journal.read()
        while seen < len(journal.events):
            event = journal.events[seen]
            line = struck(journal, event, wanted)
            seen += 1
            if line:
                print(line)
                return
            sliced = sliced or (event["kind"] == "step-done" and any(step in SHORT for step, _ in wanted))
        if sliced and states(pid) - {"Z"}:
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.0003)
            stop(pid)
        elif select.select([changes], [], [], 0.1)[0]:
            os.read(changes, 65536)
        else:
            alive = bool(states(pid) - {"Z"})
    print("ended")


try:
    main()
except ProcessLookupError:
    print("ended")
