"""The one way in which apps declare and engines find what was declared."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from django.core.checks import Error
from django.utils.module_loading import autodiscover_modules


class Keyed(Protocol):
    """Anything that is known by a key such as ``finance.arr``."""

    @property
    def key(self) -> str: ...


Item = TypeVar("Item", bound=Keyed)


class Registry(Generic[Item]):
    """Declarations of one kind, in the order they were made, found in one module name of every app.

    An engine owns a registry and calls ``discover()`` from its ``AppConfig.ready``; apps declare by
    importing the registry in ``<app>/<module>.py``. A key declared twice keeps its first meaning and is
    reported by ``check_duplicates``, so that start-up fails with both places named instead of one
    silently winning.
    """

    def __init__(self, noun: str, module: str) -> None:
        self.noun = noun
        self.module = module
        self._items: dict[str, Item] = {}
        self._duplicates: list[str] = []

    def register(self, item: Item) -> Item:
        """Add ``item`` and return it, so that it serves as a decorator too."""
        held = self._items.setdefault(item.key, item)
        if held is not item:
            self._duplicates.append(f"{item.key!r} is declared by {_origin(held)} and by {_origin(item)}")
        return item

    def discover(self) -> None:
        """Import ``<app>/<module>.py`` of every installed app."""
        autodiscover_modules(self.module)

    def check_duplicates(self) -> list[Error]:
        """Return one system-check error for each key that was declared twice."""
        return [
            Error(f"Duplicate {self.noun}: {text}.", hint="Rename one of them.", id=f"{self.module}.E001")
            for text in self._duplicates
        ]

    def check_known(self, keys: Iterator[tuple[str, str]]) -> list[Error]:
        """Return an error for each ``(who, key)`` whose key nobody declared."""
        return [
            Error(
                f"{who} names the {self.noun} {key!r}, which no app declares.",
                hint=f"Declare it in <app>/{self.module}.py or mend the name.",
                id=f"{self.module}.E002",
            )
            for who, key in keys
            if key not in self._items
        ]

    def __getitem__(self, key: str) -> Item:
        return self._items[key]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: str) -> Item | None:
        """Return the item, or None where nobody declared ``key``."""
        return self._items.get(key)


def _origin(item: object) -> str:
    source = item if isinstance(item, type) else getattr(item, "query", None) or type(item)
    return f"{getattr(source, '__module__', '?')}.{getattr(source, '__qualname__', '?')}"
