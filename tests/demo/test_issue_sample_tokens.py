import stat
from pathlib import Path

import pytest
from django.core.management import call_command

from demo.load import SOURCES, read_tokens
from sync.authentication import digest_of
from sync.models import ApiToken

pytestmark = pytest.mark.django_db


def test_the_file_holds_a_working_token_for_every_source_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    call_command("issue_sample_tokens", out=path, verbosity=0)
    tokens = read_tokens(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for source in SOURCES:
        token = ApiToken.objects.select_related("client__source").get(digest=digest_of(tokens[source]))
        assert token.client.source.slug == source
        assert token.scopes == ["*:write"]
        assert token.expires_at is not None


def test_a_repeat_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    (tmp_path / "tokens.json.unfinished").write_text("left by a killed run")
    call_command("issue_sample_tokens", out=path, verbosity=0)
    first = read_tokens(str(path))
    call_command("issue_sample_tokens", out=path, verbosity=0)
    assert read_tokens(str(path)) != first
    assert [entry.name for entry in tmp_path.iterdir()] == ["tokens.json"]
