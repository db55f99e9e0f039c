"""Our frozen dataclasses are those of the library in all that one can see, but for when their methods are written."""

import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any

import pytest

from supervisor import frozen

KINDS = {"library": dataclasses.dataclass, "ours": frozen.dataclass}


@frozen.dataclass(frozen=True, slots=True)
class Kept:
    """A class that a pickle can find."""

    name: str
    tags: tuple[str, ...] = ()


def made(kind: str) -> tuple[Any, Any]:
    """A class, and one that inherits from it, by the decorator of this kind; nothing was made of them yet."""
    dataclass: Callable[..., Any] = KINDS[kind]

    @dataclass(frozen=True, slots=True)
    class Base:
        """A point."""

        x: int
        y: int = 2

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("x is negative")

        @property
        def sum(self) -> int:
            return self.x + self.y

    @dataclass(frozen=True, slots=True)
    class Derived(Base):
        """A point with more."""

        more: dict[str, int] = field(default_factory=dict, compare=False)
        secret: str = field(default="s", repr=False)

    return Base, Derived


@pytest.fixture(params=KINDS)
def classes(request: pytest.FixtureRequest) -> Any:
    return made(request.param)


def test_values_are_taken_by_position_and_by_name_and_have_defaults(classes: Any) -> None:
    base, derived = classes
    assert (base(1).x, base(1).y, base(x=1, y=3).y, base(1).sum) == (1, 2, 3, 3)
    assert (derived(1).more, derived(1, 2, {"a": 1}, secret="t").secret) == ({}, "t")
    assert derived(1).more is not derived(1).more
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        base()
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        base(1, z=1)
    with pytest.raises(ValueError, match="negative"):
        base(-1)


def test_equal_values_are_equal_have_one_hash_and_one_text(classes: Any) -> None:
    base, derived = classes
    assert base(1) == base(1, 2) != base(2)
    assert derived(1, more={"a": 1}, secret="t") == derived(1, secret="t")
    assert base(1) != derived(1)
    assert hash(base(1)) == hash(base(1)) == hash((1, 2))
    assert repr(derived(1)).endswith("Derived(x=1, y=2, more={})")


def test_none_can_be_changed_and_none_has_room_for_more(classes: Any) -> None:
    base, derived = classes
    for one in (base(1), derived(1)):
        with pytest.raises(FrozenInstanceError):
            one.x = 3
        with pytest.raises(FrozenInstanceError):
            del one.x
        with pytest.raises((FrozenInstanceError, TypeError)):
            one.z = 3
        assert not hasattr(one, "__dict__")


def test_fields_are_known_before_the_first_instance(classes: Any) -> None:
    base, derived = classes
    assert [each.name for each in fields(derived)] == ["x", "y", "more", "secret"]
    assert [each.default for each in fields(base)] == [dataclasses.MISSING, 2]
    assert derived.__match_args__ == ("x", "y", "more", "secret")
    assert base.__match_args__ == ("x", "y")
    assert dataclasses.is_dataclass(base)


def test_the_first_instance_may_be_of_a_class_that_is_no_dataclass(classes: Any) -> None:
    class Plain(classes[0]):
        pass

    assert [each.name for each in fields(Plain)] == ["x", "y"]
    assert Plain(1) == Plain(1, 2)


def test_one_can_be_replaced_matched_and_made_a_dictionary(classes: Any) -> None:
    base, derived = classes
    assert replace(derived(1), y=5) == derived(1, 5)
    assert dataclasses.asdict(base(1)) == {"x": 1, "y": 2}
    match base(7):
        case base(x, y):
            assert (x, y) == (7, 2)


def test_one_that_was_pickled_can_be_read_where_none_was_made() -> None:
    text = pickle.dumps(Kept("a", ("b",)))
    code = f"import pickle; one = pickle.loads({text!r}); print(one, one == type(one)('a', ('b',)), hash(one) != 0)"
    read = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert read.stdout == "Kept(name='a', tags=('b',)) True True\n"


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_can_be_changed_has_no_hash(kind: str) -> None:
    dataclass: Callable[..., Any] = KINDS[kind]

    @dataclass(slots=True)
    class Mutable:
        """Two values."""

        x: int
        seen: list[int] = field(default_factory=list)

    one = Mutable(1)
    one.x = 2
    one.seen.append(3)
    assert one == Mutable(2, [3]) != Mutable(2)
    assert repr(one).endswith("Mutable(x=2, seen=[3])")
    assert not hasattr(one, "__dict__")
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_may_be_given_by_name_alone_and_a_class_may_have_none(kind: str) -> None:
    dataclass: Callable[..., Any] = KINDS[kind]

    @dataclass(frozen=True, slots=True)
    class Named:
        """One by position, two by name."""

        x: int
        y: int = field(kw_only=True)
        z: int = field(default=3, kw_only=True)

    @dataclass(frozen=True, slots=True)
    class Empty:
        """Nothing."""

    assert (Named(1, y=2).z, Named(1, y=2)) == (3, Named(x=1, z=3, y=2))
    named: Any = Named
    with pytest.raises(TypeError, match="takes 2 positional arguments but 3"):
        named(1, 2)
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert named(1, y=2) != Empty()


def test_a_replaced_one_is_of_its_own_class_and_passes_the_same_checks() -> None:
    classes: Any = made("ours")
    base, derived = classes

    class Plain(classes[0]):
        __slots__ = ()

    assert type(frozen.replace(Plain(1), y=3)) is Plain
    assert frozen.replace(derived(1, more={"a": 1}), y=3) == derived(1, 3)
    assert frozen.replace(Kept("a", ("b",)), name="c") == Kept("c", ("b",))
    with pytest.raises(ValueError, match="negative"):
        frozen.replace(base(1), x=-1)
    unknown: Any = {"nme": "c"}
    with pytest.raises(TypeError, match="nme"):
        frozen.replace(Kept("a"), **unknown)
