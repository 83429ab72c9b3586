"""``manage.py refresh``: make the numbers of a day, here or on the workers."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from kombu.exceptions import OperationalError

from common.periods import days_until
from metrics.engine.plan import history_days, plan_refresh, today
from metrics.engine.progress import Progress, progress_of
from metrics.engine.steps import work_off
from metrics.models import Backfill, RefreshRun, RefreshStep
from metrics.tasks import wake_workers

BAR = 30
POLL_SECONDS = 0.5
# A second call of the workers costs nothing, and makes up for a message that got lost.
WAKE_EVERY_SECONDS = 15


class Command(BaseCommand):
    help = "Make the numbers of a day: plan the steps and work them off, with a progress bar."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", type=_day, help="The day, as 2026-11-22; today by default.")
        parser.add_argument("--since", type=_day, help="Each day from this one to --as-of, oldest first.")
        parser.add_argument("--history", type=_count, default=0, help="First the N month ends before it.")
        parser.add_argument("--on-workers", action="store_true", help="Only plan; the workers do it.")
        parser.add_argument(
            "--wait", action="store_true", help="With --on-workers: show progress until done."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        as_of = options["as_of"] or today()
        started = time.monotonic()
        try:
            days = (
                _range(options["since"], as_of, options["history"])
                if options["since"]
                else [*history_days(as_of, options["history"]), as_of]
            )
            runs = [plan_refresh(as_of=day, cause="manage.py refresh") for day in days]
        except (ValidationError, OverflowError) as error:
            raise CommandError("; ".join(getattr(error, "messages", [str(error)]))) from error
        ids = [run.pk for run in runs]
        if options["on_workers"]:
            self._call_workers()
            if not options["wait"]:
                self.stdout.write(f"Planned {_days(days)}; the workers have been called.")
                return
            self._watch(ids)
        else:
            self._work(ids)
        self._report(ids, days, time.monotonic() - started)

    def _work(self, ids: list[int]) -> None:
        bar = _Bar(self)
        work_off(
            is_done=lambda: not RefreshRun.objects.open().filter(pk__in=ids).exists(),
            on_step=lambda step: bar.show(progress_of(ids), step.key),
        )
        bar.end(progress_of(ids))

    def _watch(self, ids: list[int]) -> None:
        bar = _Bar(self)
        woken = time.monotonic()
        while (progress := progress_of(ids)).is_running:
            bar.show(progress, "on the workers")
            time.sleep(POLL_SECONDS)
            if time.monotonic() - woken >= WAKE_EVERY_SECONDS:
                woken = time.monotonic()
                self._call_workers()
        bar.end(progress)

    def _call_workers(self) -> None:
        try:
            wake_workers()
        except OperationalError:
            told = "The workers can't be reached; they begin as soon as the broker is back."
            self.stderr.write(self.style.WARNING(told))

    def _report(self, ids: list[int], days: list[date], seconds: float) -> None:
        failed = RefreshStep.objects.failed().filter(run_id__in=ids).order_by("pk").select_related("run")
        reasons: dict[tuple[str, str], str] = {}
        for step in failed:
            reasons.setdefault((step.key, str(step.run.as_of)), step.error)
        notes = RefreshStep.objects.filter(run_id=ids[-1]).exclude(note="")
        for note in sorted(set(notes.values_list("note", flat=True))):
            self.stderr.write(self.style.WARNING(note))
        if reasons:
            lines = [f"  {key} on {day}: {error}" for (key, day), error in reasons.items()]
            raise CommandError("Done, but these failed:\n" + "\n".join(lines))
        self.stdout.write(f"Refreshed {_days(days)} in {seconds:.1f} s.")


class _Bar:
    """One line that is redrawn on a terminal, and a line every tenth of the way elsewhere."""

    def __init__(self, command: BaseCommand) -> None:
        self.stderr = command.stderr
        self.is_live = bool(getattr(command.stderr, "isatty", lambda: False)())
        self.shown = -1
        self.drawn_at = 0.0

    def show(self, progress: Progress, what: str) -> None:
        """Draw the state, at most ten times a second."""
        if self.is_live:
            if time.monotonic() - self.drawn_at < 0.1:
                return
            self.drawn_at = time.monotonic()
            full = progress.percent * BAR // 100
            count = f"{progress.percent:3d}%  {progress.finished}/{progress.total}"
            self.stderr.write(f"\r{'█' * full}{'·' * (BAR - full)} {count}  {what:<40.40}", ending="")
            self.stderr.flush()
        elif progress.percent // 10 > self.shown:
            self.shown = progress.percent // 10
            self.stderr.write(f"{progress.percent}% of {progress.total} steps")

    def end(self, progress: Progress) -> None:
        """Draw the last state and go to the next line."""
        self.drawn_at = 0.0
        self.show(progress, "")
        if self.is_live:
            self.stderr.write("")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--as-of and --since take a day as 2026-11-22, not {text!r}.") from error


def _range(since: date, as_of: date, history: int) -> list[date]:
    count = (as_of - since).days + 1
    if history:
        raise CommandError("Give either --since or --history.")
    if count < 1:
        raise CommandError(f"--since {since} lies behind --as-of {as_of}.")
    if count > Backfill.MOST_DAYS:
        raise CommandError(
            f"These are {count} days; {Backfill.MOST_DAYS} days go at a time, the oldest first."
        )
    return days_until(as_of, count)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 120:
        raise CommandError("--history takes a number of months from 0 to 120.")
    return int(text)


def _days(days: list[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
