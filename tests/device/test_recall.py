"""What the fleet remembers of what came before: bounded, and the oldest goes first."""

from simulator.device.recall import MOST_REPLIES, Recall, Recent


def test_the_first_value_of_a_key_is_told_from_the_second_time_on() -> None:
    recent: Recent[str, int] = Recent(2)
    assert recent.before("a", 1) is None
    assert recent.before("a", 2) == 1
    assert recent.before("a", 3) == 1


def test_the_oldest_key_is_forgotten() -> None:
    recent: Recent[str, int] = Recent(2)
    for key in "abc":
        recent.before(key, 0)
    assert len(recent) == 2
    assert recent.before("b", 0) == 0
    assert recent.before("a", 0) is None


def test_a_reply_is_known_by_its_device_and_mid() -> None:
    recall = Recall()
    recall.settled((1, "m", "dev.login", "E0010004"))
    recall.settled((2, "m", "dev.heartbeat", "00000000"))
    assert recall.reply_to(1, "m") == ("dev.login", "E0010004")
    assert recall.reply_to(2, "m") == ("dev.heartbeat", "00000000")
    assert recall.reply_to(3, "m") is None


def test_old_replies_are_forgotten() -> None:
    recall = Recall()
    for number in range(MOST_REPLIES + 1):
        recall.settled((0, f"m{number}", "dev.heartbeat", "00000000"))
    assert recall.reply_to(0, "m0") is None
    assert recall.reply_to(0, "m1") is not None
