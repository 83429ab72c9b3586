from pathlib import Path

import pytest

from demo.company import Company, build_company
from demo.exports import SEED, Manifest, write_exports
from tests.demo.sample import SCALE, TODAY


@pytest.fixture(scope="session")
def company() -> Company:
    return build_company(seed=SEED, today=TODAY, scale=SCALE)


@pytest.fixture(scope="session")
def exports(company: Company, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("sample") / "exports"
    return folder, write_exports(company, folder)
