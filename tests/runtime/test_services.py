import os
import signal
import stat
import time
from pathlib import Path

import psycopg
import pytest

from abe.runtime import paths as paths_module
from abe.runtime import postgres, valkey
from abe.runtime.errors import ServicesError
from abe.runtime.processes import is_running, wait_until
from abe.runtime.services import ensure_running
from tests.runtime.conftest import said

# From the kill to the answer, on a busy machine with two cores.
RECOVERY_SECONDS = 20


def test_servers_run_inside_the_block_and_only_there(installation):
    with ensure_running(installation.environ, durable=False) as services:
        pids = [server.process.pid for server in services.servers]
        assert services.owned
        assert postgres.is_ready(installation.paths)
        assert valkey.is_ready(installation.paths)
    assert not any(is_running(pid) for pid in pids)
    assert not installation.paths.sockets.exists()


def test_nothing_listens_on_the_network(installation):
    with ensure_running(installation.environ, durable=False), installation.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_committed_data_is_safe_by_default(installation):
    with ensure_running(installation.environ), installation.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_folders_are_private(installation):
    with ensure_running(installation.environ, durable=False):
        (data,) = installation.paths.state.glob("pg*")
        for folder in (installation.paths.state, data, installation.paths.sockets):
            status = folder.stat()
            assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (os.geteuid(), 0o700)


def test_a_socket_folder_open_to_others_is_closed(installation):
    installation.paths.sockets.mkdir(mode=0o700)
    installation.paths.sockets.chmod(0o777)
    with ensure_running(installation.environ, durable=False):
        assert stat.S_IMODE(installation.paths.sockets.stat().st_mode) == 0o700


def test_a_link_in_place_of_the_socket_folder_is_refused(installation, tmp_path):
    installation.paths.sockets.symlink_to(tmp_path)
    try:
        with (
            pytest.raises(ServicesError, match="belongs to someone else"),
            ensure_running(installation.environ),
        ):
            pass
    finally:
        installation.paths.sockets.unlink()


def test_data_is_there_at_the_next_start(installation):
    with ensure_running(installation.environ, durable=False), installation.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with ensure_running(installation.environ, durable=False), installation.connect() as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_language_that_is_not_installed_does_not_matter(installation):
    environ = installation.environ | {"LANG": "xx_YY.UTF-8", "LC_MESSAGES": "zz_ZZ"}
    with ensure_running(environ, durable=False), installation.connect() as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SELECT lower('ÄÖÉ')").fetchone() == ("äöé",)


def test_settings_of_another_server_in_the_shell_do_not_matter(installation, monkeypatch):
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    environ = installation.environ | {"PGPORT": "6543", "PGDATA": "/nowhere"}
    with ensure_running(environ, durable=False):
        assert postgres.is_ready(installation.paths)


def test_two_states_run_side_by_side(new_installation):
    one, two = new_installation("one"), new_installation("two")
    with ensure_running(one.environ, durable=False), ensure_running(two.environ, durable=False):
        with one.connect() as connection:
            connection.execute("CREATE TABLE only_here ()")
        with two.connect() as connection, pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT FROM only_here")


def test_a_second_process_attaches_and_leaves_the_servers_running(installation):
    holder = installation.hold()
    assert said(holder) == "owner"
    with ensure_running(installation.environ, durable=False) as services:
        assert not services.owned
    assert postgres.is_ready(installation.paths)
    holder.communicate(timeout=120)
    assert not postgres.is_ready(installation.paths)


def test_the_starter_waits_until_others_are_through(installation):
    starter = installation.hold()
    assert said(starter) == "owner"
    guest = installation.hold()
    assert said(guest) == "guest"
    starter.stdin.close()
    assert "waiting for them to end" in said(starter)
    assert postgres.is_ready(installation.paths)
    guest.communicate(timeout=120)
    assert said(starter) == "done"
    assert not postgres.is_ready(installation.paths)


def test_processes_that_start_together_agree_on_one_owner(installation):
    processes = [installation.hold() for _ in range(4)]
    roles = [said(process) for process in processes]
    assert sorted(roles) == ["guest", "guest", "guest", "owner"]


def test_a_guest_takes_over_where_the_owner_just_left(installation):
    holder = installation.hold()
    assert said(holder) == "owner"
    holder.stdin.close()
    with ensure_running(installation.environ, durable=False):
        assert postgres.is_ready(installation.paths)


def test_killing_the_owner_ends_its_servers(installation):
    holder = installation.hold()
    said(holder)
    pid = installation.postmaster()
    holder.kill()
    assert wait_until(lambda: not is_running(pid), 30)


def test_data_survives_a_kill_of_everything(installation):
    with ensure_running(installation.environ) as services:  # durable, as an installation is
        with installation.connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        for server in services.servers:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()
    began = time.monotonic()
    with ensure_running(installation.environ), installation.connect() as connection:
        assert time.monotonic() - began < RECOVERY_SECONDS
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_start_right_after_a_kill_of_the_owner_waits_for_what_is_left(installation):
    holder = installation.hold()
    said(holder)
    with installation.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        holder.kill()
        holder.wait()  # until it is gone, its servers are there to be attached to
        began = time.monotonic()
        with ensure_running(installation.environ, durable=False), installation.connect() as again:
            assert time.monotonic() - began < RECOVERY_SECONDS
            assert again.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_lock_file_naming_a_process_of_somebody_else_is_removed_and_the_process_left_alone(installation):
    with ensure_running(installation.environ, durable=False):
        (data,) = installation.paths.state.glob("pg*")
    stranger = installation.spawn("-c", "input()")
    (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n")
    installation.paths.sockets.mkdir(mode=0o700)
    socket_lock = Path(f"{installation.paths.postgres_socket}.lock")
    socket_lock.write_text(f"{stranger.pid}\n")
    (installation.paths.valkey_data / "valkey.pid").write_text(f"{stranger.pid}\n")
    with ensure_running(installation.environ, durable=False):
        assert postgres.is_ready(installation.paths)
        assert valkey.is_ready(installation.paths)
    assert stranger.poll() is None


def test_a_folder_that_initdb_did_not_finish_is_made_anew(installation):
    with ensure_running(installation.environ, durable=False):
        (data,) = installation.paths.state.glob("pg*")
    (data / "PG_VERSION").unlink()
    with ensure_running(installation.environ, durable=False):
        assert postgres.is_ready(installation.paths)


def test_given_servers_mean_that_nothing_is_touched(installation):
    environ = installation.environ | {
        "DATABASE_URL": "postgresql://db.invalid/abe",
        "REDIS_URL": "redis://redis.invalid",
    }
    with ensure_running(environ) as services:
        assert not services.owned
    assert not installation.paths.state.exists()


def test_a_given_database_still_leaves_valkey_to_us(installation):
    environ = installation.environ | {"DATABASE_URL": "postgresql://db.invalid/abe"}
    with ensure_running(environ, durable=False) as services:
        assert [server.name for server in services.servers] == ["Valkey"]


def test_a_socket_path_that_the_kernel_would_refuse_is_named(installation, monkeypatch, tmp_path):
    monkeypatch.setattr(paths_module, "socket_folder", lambda _: tmp_path / ("x" * 100))
    with pytest.raises(ServicesError, match="the kernel takes 107"), ensure_running(installation.environ):
        pass


def test_data_of_another_version_is_not_passed_over(installation):
    other = installation.paths.state / "pg99"
    other.mkdir(parents=True)
    (other / "PG_VERSION").write_text("99\n")
    with (
        pytest.raises(ServicesError, match="holds data of PostgreSQL 99"),
        ensure_running(installation.environ),
    ):
        pass


def test_a_folder_without_postgresql_is_named(installation, tmp_path):
    environ = installation.environ | {"ABE_PG_BIN": str(tmp_path)}
    with pytest.raises(ServicesError, match="ABE_PG_BIN"), ensure_running(environ):
        pass


def test_a_server_that_does_not_start_shows_the_end_of_its_log(installation, monkeypatch):
    monkeypatch.setattr(postgres, "RETRY_SECONDS", 0.0)
    monkeypatch.setitem(postgres.SETTINGS, "shared_buffers", "nonsense")
    with (
        pytest.raises(ServicesError, match=r"(?s)does not start.*nonsense"),
        ensure_running(installation.environ),
    ):
        pass
    assert not postgres.is_ready(installation.paths)


def test_a_state_that_is_a_file_is_named(installation):
    installation.paths.state.write_text("")
    with pytest.raises(ServicesError, match="can't be made"), ensure_running(installation.environ):
        pass
