from pathlib import Path

import pytest

from abe.runtime.paths import CHECKOUT, StatePaths, database_config, django_database, load_env_file


def test_without_variables_everything_lies_in_the_checkout():
    paths = StatePaths.from_env({})
    assert paths.state == CHECKOUT / ".abe"
    assert paths.embedded_postgres
    assert paths.embedded_valkey


def test_settings_and_servers_agree_on_the_sockets(tmp_path):
    paths = StatePaths.from_env({"ABE_STATE": str(tmp_path)})
    database = paths.django_database()
    assert database["HOST"] == str(paths.sockets)
    assert paths.postgres_socket == Path(database["HOST"]) / f".s.PGSQL.{database['PORT']}"
    assert paths.broker_url == f"redis+socket://{paths.valkey_socket}?virtual_host=0"
    assert paths.cache_url == f"unix://{paths.valkey_socket}?db=1"


def test_two_states_never_meet(tmp_path):
    one = StatePaths.from_env({"ABE_STATE": str(tmp_path / "one")})
    two = StatePaths.from_env({"ABE_STATE": str(tmp_path / "two")})
    assert one.sockets != two.sockets


def test_a_link_to_a_state_is_that_state(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    real, link = (StatePaths.from_env({"ABE_STATE": str(tmp_path / name)}) for name in ("real", "link"))
    assert real == link


def test_another_temporary_folder_in_a_shell_leads_to_the_same_sockets(tmp_path, monkeypatch):
    before = StatePaths.from_env({})
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert StatePaths.from_env({}) == before


def test_a_deep_state_still_has_short_sockets():
    deep = StatePaths.from_env({"ABE_STATE": "/" + "/".join(["folder"] * 40)})
    assert len(str(deep.postgres_socket)) < 50


@pytest.mark.parametrize(
    ("redis", "broker", "cache"),
    [
        ("redis://cache:6379", "redis://cache:6379", "redis://cache:6379/1"),
        ("redis://:secret@cache:6379/4", "redis://:secret@cache:6379/4", "redis://:secret@cache:6379/5"),
        ("rediss://cache/0?ssl_cert_reqs=required", None, "rediss://cache/1?ssl_cert_reqs=required"),
        (
            "unix:///run/redis.sock?db=2",
            "redis+socket:///run/redis.sock?virtual_host=2",
            "unix:///run/redis.sock?db=3",
        ),
        ("redis+socket:///run/r.sock?virtual_host=2", None, "unix:///run/r.sock?db=3"),
    ],
)
def test_a_given_redis_is_broker_and_next_to_it_cache(redis, broker, cache):
    paths = StatePaths.from_env({"REDIS_URL": redis})
    assert not paths.embedded_valkey
    assert paths.broker_url == (broker or redis)
    assert paths.cache_url == cache


def test_a_cache_of_its_own_is_honoured():
    paths = StatePaths.from_env({"REDIS_URL": "redis://broker", "CACHE_URL": "redis://cache/7"})
    assert paths.cache_url == "redis://cache/7"


def test_a_given_database_is_taken_apart():
    config = database_config(
        {"DATABASE_URL": "postgres://me:p%40ss@db:6432/my%20data?sslmode=require&conn_max_age=5"}
    )
    assert config == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "my data",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db",
        "PORT": "6432",
        "CONN_MAX_AGE": 5,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_pool_leaves_no_connection_open_beside_it():
    config = django_database("postgresql://db/abe?pool=true")
    assert config["CONN_MAX_AGE"] == 0
    assert config["OPTIONS"] == {"pool": True}


@pytest.mark.parametrize(
    "url", ["mysql://db/abe", "db.example.com/abe", "postgresql://db.example.com/", "postgresql:"]
)
def test_an_unusable_database_url_is_named(url):
    with pytest.raises(ValueError, match="DATABASE_URL"):
        django_database(url)


def test_an_env_file_fills_only_gaps(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_text("ABE_TEST_GIVEN=file\nABE_TEST_MISSING=file\n")
    monkeypatch.setenv("ABE_TEST_GIVEN", "shell")
    monkeypatch.setenv("ABE_TEST_MISSING", "")
    monkeypatch.delenv("ABE_TEST_MISSING")
    load_env_file(file)
    import os

    assert (os.environ["ABE_TEST_GIVEN"], os.environ.pop("ABE_TEST_MISSING")) == ("shell", "file")
