import os
import pwd

from abe.runtime import identity, postgres
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
