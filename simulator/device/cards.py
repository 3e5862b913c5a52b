"""The cards of a device's users: a number belongs to one user, who may have several cards, lost ones among them."""

from collections.abc import Iterable, Iterator, Mapping

_LOST = "1"

Fields = dict[str, str]
"""A card in the shape of dev.data.upload.multiCard."""


class Cards:
    """Cards by number, and who has which."""

    __slots__ = ("_by_number", "_numbers")

    def __init__(self) -> None:
        self._by_number: dict[str, tuple[str, str, str]] = {}
        """Owner's pin, type and lossFlag."""
        self._numbers: dict[str, tuple[str, ...]] = {}
        """Numbers by pin, in the order in which they came."""

    def put(self, card: Mapping[str, str]) -> None:
        """Give a user a card. The same number again replaces it, and takes it from whoever had it before."""
        pin, number = card["pin"], card["card"]
        earlier = self._by_number.get(number)
        if earlier is not None and earlier[0] != pin:
            self._take(earlier[0], number)
            earlier = None
        if earlier is None:
            self._numbers[pin] = (*self._numbers.get(pin, ()), number)
        self._by_number[number] = (pin, card.get("type") or "0", card.get("lossFlag") or "0")

    def of(self, pin: str) -> list[Fields]:
        """The cards of a user."""
        return [self._fields(number) for number in self._numbers.get(pin, ())]

    def owner(self, number: str) -> str | None:
        """Whose card `number` is."""
        card = self._by_number.get(number)
        return None if card is None else card[0]

    def opens(self, pin: str) -> bool:
        """Whether a user has a card that is not lost."""
        numbers = self._numbers.get(pin)
        return numbers is not None and any(self._by_number[number][2] != _LOST for number in numbers)

    def delete(self, pins: Iterable[str]) -> None:
        """Delete all cards of users."""
        for pin in pins:
            for number in self._numbers.pop(pin, ()):
                del self._by_number[number]

    def clear(self) -> None:
        """Delete all cards."""
        self._by_number.clear()
        self._numbers.clear()

    def __len__(self) -> int:
        return len(self._by_number)

    def __contains__(self, pin: str) -> bool:
        """Whether a user has any card."""
        return pin in self._numbers

    def __iter__(self) -> Iterator[Fields]:
        return map(self._fields, self._by_number)

    def _take(self, pin: str, number: str) -> None:
        left = tuple(other for other in self._numbers[pin] if other != number)
        if left:
            self._numbers[pin] = left
        else:
            del self._numbers[pin]

    def _fields(self, number: str) -> Fields:
        pin, kind, lost = self._by_number[number]
        return {"pin": pin, "card": number, "type": kind, "lossFlag": lost}
