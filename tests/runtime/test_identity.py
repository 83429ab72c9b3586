import os
import pwd
import shutil

from abe.runtime import identity, postgres
from abe.runtime.binaries import find_postgres
from abe.runtime.services import ensure_running


def test_files_belong_to_whoever_ran_the_command(installation):
    installation.paths.state.mkdir()
    assert identity.choose(installation.paths.state).owner == os.geteuid()


def test_only_root_needs_to_become_somebody_else(installation):
    installation.paths.state.mkdir()
    chosen = identity.choose(installation.paths.state)
    assert (chosen.become is None) == (os.geteuid() != 0)


def test_without_user_namespaces_the_data_moves_to_where_nobody_reaches_it_and_back(
    installation, monkeypatch
):
    """Root falls back to nobody, and returns; an ordinary user is as independent of namespaces as before."""
    with ensure_running(installation.environ, durable=False), installation.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    with monkeypatch.context() as patch:
        patch.setattr(identity, "CLONE_NEWUSER", -1)  # the kernel answers that it knows no such flag
        with (
            ensure_running(installation.environ, durable=False) as services,
            installation.connect() as connection,
        ):
            runs_as = os.stat(f"/proc/{services.servers[0].process.pid}").st_uid
            assert runs_as == (pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid())
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    with ensure_running(installation.environ, durable=False), installation.connect() as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        assert postgres.is_ready(installation.paths)


def test_programs_that_nobody_can_reach_are_copied(installation, monkeypatch, tmp_path):
    """As below a private home folder; to an ordinary user that is his own, and nothing is copied."""
    package = find_postgres(installation.environ, installation.paths.state).bin.parent.parent
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, private / folder.name, symlinks=True)
    programs = private / package.name / "pginstall" / "bin"
    monkeypatch.setattr(identity, "CLONE_NEWUSER", -1)
    copy = identity.lasting_folder(private / package.name)
    try:
        for _ in range(2):
            environ = installation.environ | {"ABE_PG_BIN": str(programs)}
            with ensure_running(environ, durable=False) as services:
                command = os.readlink(f"/proc/{services.servers[0].process.pid}/exe")
                assert postgres.is_ready(installation.paths)
            assert command.startswith(str(copy)) is (os.geteuid() == 0)
    finally:
        shutil.rmtree(copy)
