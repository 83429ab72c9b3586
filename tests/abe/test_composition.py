"""What holds for the house as a whole."""

import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.conf import settings

import manage


def test_common_has_no_models():
    assert list(apps.get_app_config("common").get_models()) == []


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("migrate", True),
        ("shell", True),
        ("makemigrations --check", True),
        ("issue_token --source salesforce", True),
        ("a_command_of_tomorrow", True),
        ("check --database default", True),
        ("check --deploy", False),
        ("collectstatic --noinput", False),
        ("help migrate", False),
        ("migrate --help", False),
        ("--version", False),
        ("", False),
    ],
)
def test_only_commands_that_may_need_servers_start_them(command, needed):
    assert manage.needs_servers(command.split()) is needed


def test_without_an_environment_activated_the_command_line_finds_its_packages():
    bare = [
        "/usr/bin/env",
        "-i",
        f"PATH={os.environ['PATH']}",
        sys._base_executable,
        "-I",
        "manage.py",
        "version",
    ]
    run = subprocess.run(bare, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("5.2")


def test_a_server_given_without_a_secret_key_is_refused():
    run = start_settings(DATABASE_URL="postgresql://db.invalid/abe", REDIS_URL="redis://redis.invalid")
    assert run.returncode != 0
    assert "ABE_SECRET_KEY is missing" in run.stderr


def test_on_the_own_machine_a_key_is_made_once_and_kept_private(tmp_path):
    first, second = (start_settings(ABE_STATE=str(tmp_path / "state")) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert len(first.stdout.strip()) >= 50
    assert second.stdout == first.stdout
    assert (tmp_path / "state" / "secret_key").stat().st_mode & 0o077 == 0


def test_every_scheduled_task_exists():
    from abe.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= set(app.tasks)


def start_settings(**environ: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process with nothing but these variables."""
    return subprocess.run(
        [sys.executable, "-c", "from abe.settings import SECRET_KEY; print(SECRET_KEY)"],
        env=environ,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
