import os
import signal
import subprocess
import sys

from abe.runtime.processes import BackOff, is_running, running_in, start_child, stop_child, wait_until

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


def test_a_zombie_does_not_run():
    child = subprocess.Popen([sys.executable, "-c", ""])
    assert wait_until(
        lambda: not is_running(child.pid), 10
    )  # ended, though nobody has asked for its code yet
    child.wait()


def test_a_process_is_known_by_its_command_line_not_by_its_number():
    assert is_running(os.getpid())
    assert not is_running(os.getpid(), "postgres -D /somewhere/else")


def test_a_stopped_child_takes_its_children_along():
    command = [sys.executable, "-c", f"import subprocess; subprocess.run({SLEEP!r})"]
    child = start_child(command, on_parent_death=signal.SIGTERM, output=subprocess.PIPE)
    child.stdout.readline()
    group = {child.pid}
    assert len(running_in(group)) == 2
    stop_child(child, signal.SIGTERM, seconds=5)
    child.stdout.close()
    assert wait_until(lambda: not running_in(group), 30)


def test_a_child_that_ignores_the_request_is_killed_when_its_time_is_up():
    child = start_child(STUBBORN, on_parent_death=signal.SIGTERM, output=subprocess.PIPE)
    child.stdout.readline()
    stop_child(child, signal.SIGTERM, seconds=0.2)
    child.stdout.close()
    assert child.returncode == -signal.SIGKILL


def test_a_child_ends_with_its_parent_however_that_ends():
    script = f"""
import signal, sys, time
from abe.runtime.processes import start_child
print(start_child({SLEEP!r}, on_parent_death=signal.SIGTERM, output=-3).pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not is_running(pid), 30)


def test_waits_double_up_to_a_limit_and_begin_anew_after_calm():
    back_off = BackOff(first=1, longest=5, calm=60)
    assert [back_off.next(now) for now in (100, 101, 102, 103)] == [1, 2, 4, 5]
    assert back_off.next(103 + 66) == 1
