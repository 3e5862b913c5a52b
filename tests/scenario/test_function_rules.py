"""What a group has its devices do and what its firmware is without must go together; errors name both."""

import pytest

from simulator.device.functions import LEFT_OUT
from simulator.device.settings import DeviceSettings
from simulator.protocol.catalogue import ALWAYS_SUPPORTED, NEGOTIATED_FUNC_IDS
from simulator.scenario.function_rules import skipped
from simulator.scenario.scenario import parse_scenario
from tests.scenario.wrong_scenarios import GROUP, problems_of


def group(keys: str) -> str:
    return GROUP + "".join(f"    {line}\n" for line in keys.splitlines())


def settings_of(keys: str) -> DeviceSettings:
    return parse_scenario(group(keys)).group_settings()[0]


@pytest.mark.parametrize("name", ALWAYS_SUPPORTED)
def test_the_six_cannot_be_left_out(name: str) -> None:
    [problem] = problems_of(group(f"functions: {{without: [{name}]}}"))
    assert problem.startswith("f.yaml:4: groups[0].functions.without[0]:")
    assert name in problem
    assert "always supported" in problem


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("dev", "covers dev.accredit, dev.cmd.response, dev.login, dev.register, dev.report, always supported"),
        ("cmd", "covers cmd.dev.response, always supported"),
        ("getBrokerServer", "is part of no funcIds list"),
        ("device.exchange.factor", "is part of no funcIds list"),
        ("cmd.data.update.multiCrad", "did you mean cmd.data.update.multiCard?"),
        ("cmd.data.claer", "did you mean cmd.data.clear?"),
        ("cmd.data.update.meet", "did you mean cmd.data.update.meeting?"),
        ("5", "is no funcId that devices list"),
    ],
)
def test_what_cannot_be_left_out_is_refused_with_what_would_be_right(without: str, said: str) -> None:
    [problem] = problems_of(group(f"functions: {{without: ['{without}']}}"))
    assert said in problem


def test_extra_says_what_is_not_listed_anyway() -> None:
    [problem] = problems_of(group("functions: {extra: [cmd.data.clear.all]}"))
    assert "is listed by every device" in problem
    [problem] = problems_of(group("functions: {without: [cmd.data.clear], extra: [cmd.data.clear.all]}"))
    assert "both in `extra` and left out" in problem


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ("verifications: [{rate: 1/s}]\nfunctions: {without: [dev.data.upload.verifyLog]}",
         ("dev.data.upload.verifyLog", "`verifications`")),
        ("attendance: {}\nfunctions: {without: [dev.data.upload.verifyLog]}",
         ("dev.data.upload.verifyLog", "`attendance`")),
        ("attendance: {}\nfunctions: {without: [cmd.data.update.meeting]}",
         ("cmd.data.update.meeting", "`attendance`")),
        ("attendance: {photo_size: 60KB}\nfunctions: {without: [dev.file]}", ("`attendance.photo_size`", "60KB")),
        ("enrolments: [{rate: 1/h}]\nfunctions: {without: [dev.data.upload.user, cmd.data.query]}",
         ("dev.data.upload.user", "`enrolments`")),
        ("heartbeat: 10s\nfunctions: {without: [dev.heartbeat]}", ("dev.heartbeat", "`heartbeat`")),
        ("option_upload: {}\nfunctions: {without: [dev.option.upload]}", ("dev.option.upload", "`option_upload`")),
        ("functions: {without: [dev.data.upload.user]}", ("dev.data.upload.user", "cmd.data.query.user")),
        ("functions: {without: [dev.system]}", ("dev.system.sync.time", "cmd.system.sync.time")),
        ("verifications: [{rate: 1/s, photo_share: 10%}]\nfunctions: {without: [dev.data.upload.verifyPhoto]}",
         ("dev.data.upload.verifyPhoto", "`verifications[0].photo_share`")),
        ("verifications: [{rate: 1/s, photo_size: 9KB..90KB}]\nfunctions: {without: [dev.file.upload.end]}",
         ("dev.file.upload.*", "`verifications[0].photo_size`", "90KB", "at most 47KB")),
        ("enrolments: [{rate: 1/h}]\nfunctions: {without: [dev.file]}", ("`enrolments[0].bio_photo_size`", "76KB")),
        ("max_package: 8KB\nfunctions: {without: [dev.file]}", ("`verifications[0].photo_size`", "at most 5KB")),
    ],
)  # fmt: skip
def test_a_behaviour_needs_its_functions(keys: str, named: tuple[str, ...]) -> None:
    [problem] = problems_of(group(keys))
    assert ": groups[0].functions: " in problem
    for name in named:
        assert name in problem


def test_the_place_is_where_the_functions_were_written() -> None:
    text = "defaults:\n  functions: {without: [dev.heartbeat]}\n" + group("heartbeat: 5s")
    [problem] = problems_of(text)
    assert problem.startswith("f.yaml:2: defaults.functions: ")


@pytest.mark.parametrize(
    "keys",
    [
        "functions: {without: [dev.data.upload.verifyLog]}",
        "functions: {without: [dev.heartbeat, dev.data.upload.verifyPhoto]}",
        "verifications: []\nfunctions: {without: [dev.data.upload.verifyLog]}",
        "enrolments: [{rate: 1/h}]\nfunctions: {without: [dev.file, dev.data.upload.bioPhoto]}",
        "functions: {without: [dev.option.upload]}",
        "functions: {extra: [dev.option.upload, cmd.data.update.palm, 指纹]}",
    ],
)
def test_what_goes_together(keys: str) -> None:
    parse_scenario(group(keys))


def test_a_whole_generation_is_one_object_for_all_its_devices() -> None:
    settings = settings_of("functions: {without: [cmd.data.clear], extra: [x]}")
    assert set(settings.functions.listed) == {n for n in NEGOTIATED_FUNC_IDS if ".clear." not in n} | {"x"}
    assert settings.functions.without == {n for n in NEGOTIATED_FUNC_IDS if ".clear." in n}


def test_what_devices_do_not_do_then() -> None:
    scenario = parse_scenario(group("functions: {without: [dev.heartbeat, dev.data.upload.verifyPhoto, dev.file]}"))
    assert list(skipped(scenario.groups[0])) == ["heartbeats", "pictures of verifications", "uploads in pieces"]
    assert list(skipped(parse_scenario(GROUP).groups[0])) == []


def test_all_that_is_negotiated_can_be_left_out_at_once() -> None:
    names = ", ".join(sorted(LEFT_OUT))
    settings = settings_of(f"functions: {{without: [{names}]}}")
    assert set(settings.functions.listed) == set(ALWAYS_SUPPORTED)
