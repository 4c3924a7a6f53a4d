"""What one criterion of a search selects: plain parameters, modifiers, chains, reverse chains, _filter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from conformance.reference import dates, filters, proximity, values
from conformance.reference.parameters import FILTERED, HAS, ORDERED, PARAMETERS, Parameter
from conformance.reference.refusal import Refusal, UnknownParameter, bad_value
from conformance.reference.store import Index, Ordinals, Store

_MODIFIERS = {
    "token": frozenset(("not", "missing", "of-type", "above")),
    "string": frozenset(("exact", "contains", "missing")),
    "date": frozenset(("missing", "above")),
    "number": frozenset(("missing",)),
    "quantity": frozenset(("missing",)),
    "reference": frozenset(("missing",)),
    "near": frozenset(("missing",)),
    "content": frozenset[str](),
}


class Criteria:
    """Evaluates criteria on a store; ``now`` is the time for approximate dates."""

    def __init__(self, store: Store, now: datetime) -> None:
        self._store = store
        self._now = now

    def select(self, kind: str, name: str, value: str) -> Ordinals:
        """The ranks that ``name=value`` selects; UnknownParameter or Refusal (400) when it cannot be read."""
        if name.startswith("_has:"):
            return self._has(kind, name, value)
        if name == "_filter":
            if kind not in FILTERED:
                raise UnknownParameter(name)
            return self._expression(kind, filters.parse(value))
        head, _, rest = name.partition(".")
        if rest:
            return self._chain(kind, head, rest, lambda target, inner: self.select(target, inner, value))
        bare, _, modifier = name.partition(":")
        return self._plain(kind, self._parameter(kind, bare), modifier, value)

    def _parameter(self, kind: str, name: str) -> Parameter:
        try:
            return PARAMETERS[kind][name]
        except KeyError:
            raise UnknownParameter(name) from None

    def _chain(self, kind: str, head: str, rest: str, inner: Callable[[str, str], Ordinals]) -> Ordinals:
        bare, _, target = head.partition(":")
        parameter = self._parameter(kind, bare)
        if parameter.kind != "reference" or (target and target != parameter.target):
            raise UnknownParameter(f"{head}.{rest}")
        return self._store.referencing(kind, bare, parameter.target, inner(parameter.target, rest))

    def _has(self, kind: str, name: str, value: str) -> Ordinals:
        parts = name.split(":", 3)
        if kind not in HAS and kind != "PractitionerRole":
            raise UnknownParameter(name)
        if len(parts) != 4 or parts[1] not in PARAMETERS:
            raise UnknownParameter(name)
        _, source, link, rest = parts
        if self._parameter(source, link).kind != "reference":
            raise UnknownParameter(name)
        return self._store.referenced(source, link, self.select(source, rest, value), kind)

    def _plain(self, kind: str, parameter: Parameter, modifier: str, value: str) -> Ordinals:
        if modifier and modifier not in _MODIFIERS[parameter.kind]:
            raise Refusal(400, "not-supported", f"modifier :{modifier} is not supported on {parameter.name}")
        if modifier == "missing":
            return self._missing(kind, parameter, value)
        if modifier == "above":
            return self._above(kind, parameter, value)
        found: Ordinals = set()
        for part in values.split(value, ","):
            found |= self._one(kind, parameter, modifier, part)
        return self._store.everything(kind) - found if modifier == "not" else found

    def _missing(self, kind: str, parameter: Parameter, value: str) -> Ordinals:
        if value not in ("true", "false"):
            raise bad_value(f"{parameter.name}:missing", value, "true or false")
        present = self._store.index(kind, parameter.name).present
        return present if value == "false" else self._store.everything(kind) - present

    def _above(self, kind: str, parameter: Parameter, value: str) -> Ordinals:
        """The reading of the guide: the organization itself, or any one above it through partOf, is selected."""
        if kind != "Organization":
            raise Refusal(400, "not-supported", f"modifier :above is not supported on {parameter.name} of {kind}")
        found = self._plain(kind, parameter, "", value)
        level = found
        while level:
            level = self._store.referencing(kind, "partof", kind, level) - found
            found = found | level
        return found

    def _one(self, kind: str, parameter: Parameter, modifier: str, value: str) -> Ordinals:
        index = self._store.index(kind, parameter.name)
        if parameter.kind == "token":
            if modifier == "of-type":
                return self._of_type(kind, parameter, value)
            return _token(index, parameter.name, value)
        if parameter.kind == "string":
            return _string(index, modifier, values.unescape(value))
        if parameter.kind == "reference":
            return _reference(index, parameter, values.unescape(value))
        if parameter.kind == "content":
            words = values.fold(values.unescape(value)).split()
            return index.where(lambda text: all(word in text for word in words))
        if parameter.kind == "near":
            return self._near(index, parameter.name, value)
        return self._ordered(index, parameter, value)

    def _ordered(self, index: Index, parameter: Parameter, value: str) -> Ordinals:
        if parameter.kind == "date":
            date = dates.searched(value, self._now)
            if date is None:
                raise bad_value(parameter.name, value, "a date")
            return index.where(date.selects)
        if parameter.kind == "number":
            number = values.number(value)
            if number is None:
                raise bad_value(parameter.name, value, "a number")
            return index.where(number.selects)
        quantity = values.quantity(value)
        if quantity is None:
            raise bad_value(parameter.name, value, "a quantity, [prefix]number|system|code")
        return index.where(quantity.selects)

    def _of_type(self, kind: str, parameter: Parameter, value: str) -> Ordinals:
        parts = [values.unescape(part) for part in values.split(value, "|")]
        if parameter.name != "identifier":
            raise Refusal(400, "not-supported", f"modifier :of-type is not supported on {parameter.name}")
        if len(parts) != 3 or not parts[1] or not parts[2]:
            raise bad_value("identifier:of-type", value, "system|code|value")
        index = self._store.index(kind, "identifier:of-type")
        if parts[0]:
            return index.by.get((parts[0], parts[1], parts[2]), set())
        return index.part(1, parts[1]) & index.part(2, parts[2])

    def _near(self, index: Index, name: str, value: str) -> Ordinals:
        if name == "near":
            circle = proximity.around_point(value)
            if circle is None:
                raise bad_value(name, value, "latitude|longitude|distance|unit")
        else:
            well_formed, circle = proximity.around_commune(value, self._store)
            if not well_formed:
                raise bad_value(name, value, "code|distance|unit")
        return set() if circle is None else index.where(circle.holds)

    def _expression(self, kind: str, expression: filters.Expression) -> Ordinals:
        if isinstance(expression, filters.Compare):
            try:
                return self._compare(kind, expression.path, expression)
            except UnknownParameter as error:
                raise Refusal(400, "invalid", f"parameter _filter: {error} is not known") from None
        parts = [self._expression(kind, part) for part in expression.parts]
        if expression.word == "not":
            return self._store.everything(kind) - parts[0]
        return set.intersection(*parts) if expression.word == "and" else set.union(*parts)

    def _compare(self, kind: str, path: str, compare: filters.Compare) -> Ordinals:
        if path.startswith("_has:"):
            _, source, link, rest = path.split(":", 3) if path.count(":") >= 3 else ("", "", "", "")
            if kind not in HAS or source not in PARAMETERS:
                raise UnknownParameter(path)
            return self._store.referenced(source, link, self._compare(source, rest, compare), kind)
        head, _, rest = path.partition(".")
        if rest:
            return self._chain(kind, head, rest, lambda target, inner: self._compare(target, inner, compare))
        bare, _, modifier = path.partition(":")
        parameter = self._parameter(kind, bare)
        if modifier == "above" and kind == "Organization" and compare.operator == "eq":
            return self._above(kind, parameter, compare.value)
        if modifier == "above" and kind == "Organization" and parameter.kind in ORDERED:
            return self._above(kind, parameter, compare.operator + compare.value)
        if modifier:
            raise Refusal(400, "not-supported", f"parameter _filter: modifier :{modifier} is not supported here")
        return self._operated(kind, parameter, compare.operator, compare.value)

    def _operated(self, kind: str, parameter: Parameter, operator: str, value: str) -> Ordinals:
        index = self._store.index(kind, parameter.name)
        if operator == "pr":
            return self._missing(kind, parameter, {"true": "false", "false": "true"}.get(value, value))
        if parameter.kind in ORDERED:
            if operator in ("co", "sw", "ew"):
                raise _no_operator(operator, parameter)
            return self._ordered(index, parameter, operator + value)
        if parameter.kind == "string" and operator in _TEXT:
            wanted = values.fold(value)
            return index.where(lambda text: _TEXT[operator](values.fold(text), wanted))
        if parameter.kind == "content" and operator == "co":
            return self._one(kind, parameter, "", value)
        if operator == "eq":
            return self._one(kind, parameter, "", value)
        if operator == "ne" and parameter.kind == "token":
            equal = [key for key in index.by if _holds(values.token(value), key)]
            return set().union(*(ranks for key, ranks in index.by.items() if key not in equal))
        raise _no_operator(operator, parameter)


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda text, wanted: text == wanted,
    "ne": lambda text, wanted: text != wanted,
    "co": lambda text, wanted: wanted in text,
    "sw": lambda text, wanted: text.startswith(wanted),
    "ew": lambda text, wanted: text.endswith(wanted),
}


def _no_operator(operator: str, parameter: Parameter) -> Refusal:
    return Refusal(400, "not-supported", f"parameter _filter: {operator} is not supported on {parameter.name}")


def _holds(wanted: values.Token | None, key: tuple[str, str]) -> bool:
    return wanted is not None and wanted.system in (None, key[0]) and wanted.code in (None, key[1])


def _token(index: Index, name: str, value: str) -> Ordinals:
    wanted = values.token(value)
    if wanted is None:
        raise bad_value(name, value, "a token, system|code")
    if wanted.system is None:
        return index.part(1, wanted.code)
    if wanted.code is None:
        return index.part(0, wanted.system)
    return index.by.get((wanted.system, wanted.code), set())


def _string(index: Index, modifier: str, value: str) -> Ordinals:
    if modifier == "exact":
        return index.by.get(value, set())
    wanted = values.fold(value)
    if modifier == "contains":
        return index.where(lambda text: wanted in values.fold(text))
    return index.starting(wanted)


def _reference(index: Index, parameter: Parameter, value: str) -> Ordinals:
    key = "/".join(value.rsplit("/", 2)[-2:]) if "/" in value else f"{parameter.target}/{value}"
    return index.by.get(key, set())
