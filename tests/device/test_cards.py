"""Cards beside a model: a number belongs to the one who got it last."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.device.cards import Cards

given_cards = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("1234"), st.sampled_from("01")), max_size=12)


@given(given_cards, st.sets(st.sampled_from("abc")))
def test_cards_belong_to_whoever_got_them_last(puts: list[tuple[str, str, str]], deleted: set[str]) -> None:
    cards = Cards()
    model: dict[str, tuple[str, str]] = {}
    for pin, number, lost in puts:
        cards.put({"pin": pin, "card": number, "type": "1", "lossFlag": lost})
        model[number] = (pin, lost)
    cards.delete(deleted)
    model = {number: card for number, card in model.items() if card[0] not in deleted}
    assert {card["card"]: (card["pin"], card["lossFlag"]) for card in cards} == model
    assert len(cards) == len(model)
    for pin in "abc":
        assert {card["card"] for card in cards.of(pin)} == {number for number, card in model.items() if card[0] == pin}
        assert cards.opens(pin) == any(card == (pin, "0") for card in model.values())
        assert (pin in cards) == any(card[0] == pin for card in model.values())
    for number in "1234":
        assert cards.owner(number) == model.get(number, (None,))[0]
    cards.clear()
    assert (len(cards), list(cards), "a" in cards) == (0, [], False)


def test_what_a_card_does_not_say_has_the_documents_defaults() -> None:
    cards = Cards()
    cards.put({"pin": "a", "card": "1"})
    assert cards.of("a") == [{"pin": "a", "card": "1", "type": "0", "lossFlag": "0"}]
