"""From a block of cells to the records of a batch, column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from msgspec import UNSET

from sync.declarations import FieldError, Record, Reference, Resource
from sync.files.columns import blank_cell, cell_text
from sync.files.plan import CLEAR, EXTERNAL_ID, Plan, zone_of
from sync.files.references import find_references, normalised
from sync.files.storage import Block, Cell
from sync.files.targets import CUSTOM, REFERENCE, natural_keys, targets
from sync.files.values import Reader, own_value, reader_of, text
from sync.models import Source
from sync.pipeline.decode import Decoded, explain_record
from sync.registry import resources

LONGEST_ID = 255
LONGEST_REST = 1000


class Converter:
    """Turns the blocks of one file into records; one for the whole of a run.

    ``in_file`` gives, for a resource's field, the external ids of the file's own rows by that field's value: a row
    may name another of the same file.
    """

    def __init__(
        self,
        resource: Resource,
        source: Source,
        plan: Plan,
        in_file: Callable[[str], Mapping[str, list[str]]] | None = None,
    ) -> None:
        self.resource = resource
        self.source = source
        self.plan = plan
        self.in_file = in_file
        self.places = plan.by_target()
        self.fields = [name for name in self.places if not name.startswith(CUSTOM)]
        self.custom = [name for name in self.places if name.startswith(CUSTOM)]
        zone = zone_of(plan)
        known = targets(resource)
        self.readers: dict[str, Reader] = {
            name: reader_of(known[name], plan.columns[self.places[name]], zone) for name in self.fields
        }
        self.readers |= dict.fromkeys(self.custom, own_value)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The fields of the natural key; empty where a column holds the external id."""
        return () if self.plan.key == EXTERNAL_ID else natural_keys(self.resource)[self.plan.key]

    def decode(self, block: Block) -> Decoded:
        """Return the records of a block in its order; None with the errors where a row can't be read."""
        count = len(block.numbers)
        errors: dict[int, list[FieldError]] = {}
        for index, beyond in block.ragged.items():
            # Named whole: the file of rejected rows has no column for them.
            named = ", ".join(f"“{cell_text(cell)}”" for cell in beyond)[:LONGEST_REST]
            detail = f"The row has cells beyond the heading: {named}. Quote cells that hold the delimiter."
            errors[index] = [FieldError("", "too_many_cells", detail)]
        columns = {name: self._column(name, block, errors) for name in self.fields}
        if self.custom:
            columns["custom"] = self._custom(block, errors)
        if self.key:
            columns[EXTERNAL_ID] = self._keys(columns, count, errors)
        decoded = self._records(columns, count, errors)
        decoded.may_hold_nul = any(_holds_nul(block.columns[place]) for place in self.places.values())
        return decoded

    def _column(self, name: str, block: Block, errors: dict[int, list[FieldError]]) -> list[Any]:
        column = self.plan.columns[self.places[name]]
        cells = block.columns[self.places[name]]
        blank = None if self.plan.blank == CLEAR and name != EXTERNAL_ID else UNSET
        if self._is_named(name) and column.by != "id":
            values = self._references(name, column.by, cells)
        else:
            values = _read_all(name, self.readers[name], cells)
        return _filled(values, cells, blank, errors)

    def _is_named(self, name: str) -> bool:
        known = targets(self.resource)
        return name in known and known[name].kind == REFERENCE

    def _references(self, name: str, way: str, cells: Sequence[Cell]) -> list[Any]:
        read = _read_all(name, text, cells)
        pointed = resources[self.resource.references[name]]
        found = find_references(
            field=name,
            pointed=pointed,
            way=way,
            source=self.source,
            texts=dict.fromkeys(value for value in read if type(value) is str),
            in_file=lambda: self.in_file(way) if self.in_file and pointed is self.resource else {},
        )
        return [found[value] if type(value) is str else value for value in read]

    def _custom(self, block: Block, errors: dict[int, list[FieldError]]) -> list[Any]:
        blank = None if self.plan.blank == CLEAR else UNSET
        names = [name.removeprefix(CUSTOM) for name in self.custom]
        columns = []
        for name in self.custom:
            cells = block.columns[self.places[name]]
            columns.append(_filled(_read_all(name, own_value, cells), cells, blank, errors))
        rows = (zip(names, row, strict=True) for row in zip(*columns, strict=True))
        return [{key: value for key, value in row if value is not UNSET} or UNSET for row in rows]

    def _keys(
        self, columns: dict[str, list[Any]], count: int, errors: dict[int, list[FieldError]]
    ) -> list[Any]:
        parts = [columns[name] for name in self.key]
        ids: list[Any] = []
        for index in range(count):
            values = [part[index] for part in parts]
            missing = [
                name for name, value in zip(self.key, values, strict=True) if value is UNSET or value is None
            ]
            if missing:
                if index not in errors:
                    detail = "This cell tells the record apart and can't be empty."
                    errors[index] = [FieldError(missing[0], "required", detail)]
                ids.append(UNSET)
            else:
                ids.append(self._external_id(values))
        return ids

    def _external_id(self, values: list[Any]) -> str:
        pieces = []
        for name, value in zip(self.key, values, strict=True):
            if isinstance(value, Reference):
                kept = f"{value.source}:{value.external_id}"
            elif self._is_named(name):
                kept = str(value)
            else:
                kept = " ".join(normalised(self.resource, name, str(value)).lower().split())
            pieces.append(f"{name}={kept}")
        joined = "&".join(pieces)
        if len(joined) <= LONGEST_ID:
            return joined
        return f"sha256={hashlib.sha256(joined.encode()).hexdigest()}"

    def _records(
        self, columns: dict[str, list[Any]], count: int, errors: dict[int, list[FieldError]]
    ) -> Decoded:
        absent = {name: column.count(UNSET) for name, column in columns.items()}
        full = [name for name in columns if not absent[name]]
        rows = zip(*(columns[name] for name in full), strict=True) if full else ((),) * count
        wanted: list[dict[str, Any]] = [dict(zip(full, row, strict=True)) for row in rows]
        for name, column in columns.items():
            if 0 < absent[name] < count:
                for fields, value in zip(wanted, column, strict=True):
                    if value is not UNSET:
                        fields[name] = value
        decoded = Decoded([None] * count, errors)
        for index in errors:
            held = wanted[index].get(EXTERNAL_ID)
            if isinstance(held, str):
                decoded.external_ids[index] = held
        good = [index for index in range(count) if index not in errors] if errors else range(count)
        chosen = [wanted[index] for index in good] if errors else wanted
        try:
            records: list[Record] = msgspec.convert(chosen, list[self.resource.record])  # type: ignore[name-defined]
        except msgspec.ValidationError:
            self._convert_each(decoded, good, chosen)
        else:
            for index, record in zip(good, records, strict=True):
                decoded.records[index] = record
        return decoded

    def _convert_each(self, decoded: Decoded, good: Sequence[int], chosen: list[dict[str, Any]]) -> None:
        for index, fields in zip(good, chosen, strict=True):
            try:
                decoded.records[index] = msgspec.convert(fields, self.resource.record)
            except msgspec.ValidationError as error:
                part = msgspec.json.encode(fields)
                decoded.errors[index], _ = explain_record(part, self.resource.record, error)
                held = fields.get(EXTERNAL_ID)
                if isinstance(held, str):
                    decoded.external_ids[index] = held


def _read_all(name: str, read: Reader, cells: Sequence[Cell]) -> list[Any]:
    """Read each cell that isn't blank, equal texts once; an error stands in the place of a value."""
    if all(type(cell) is str for cell in cells):
        if read is text and not _may_be_escaped(cells):
            return [cell or None for cell in map(str.strip, cells)]  # type: ignore[arg-type]
        table = {cell: _read(name, read, cell) for cell in set(cells) if not blank_cell(cell)}
        known = table.get
        return [known(cell) for cell in cells]
    return [None if blank_cell(cell) else _read(name, read, cell) for cell in cells]


def _may_be_escaped(cells: Sequence[Any]) -> bool:
    return "\n'" in "\n".join(["", *cells])


def _holds_nul(cells: Sequence[Cell]) -> bool:
    return "\x00" in "".join([cell for cell in cells if type(cell) is str])


def _read(name: str, read: Reader, cell: Cell) -> Any:
    try:
        return read(cell)
    except ValueError as error:
        code, _, detail = str(error).partition("|")
        return FieldError(name, code, detail)


def _filled(
    values: list[Any], cells: Sequence[Cell], blank: Any, errors: dict[int, list[FieldError]]
) -> list[Any]:
    """Note the errors among ``values`` and put ``blank`` where a cell holds nothing."""
    if any(type(value) is FieldError for value in values):
        for index, value in enumerate(values):
            if type(value) is FieldError:
                errors.setdefault(index, []).append(value)
                values[index] = UNSET
    if blank is None or None not in values:
        return values
    return [blank if value is None else value for value in values]
