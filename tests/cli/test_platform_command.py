"""`best-fleet platform`: its options become the platform's, and wrong ones are told before anything is served."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from simulator.cli import main, platform_command
from simulator.cli.errors import UsageError
from simulator.cli.platform_command import KnownDevices, with_options
from simulator.cli.scenarios import identities_of, read_scenario
from simulator.platform.options import PlatformOptions
from simulator.platform.settings import MqttSettings
from simulator.platform.wrong.modes import MODES
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.registry import Options
from tests.platform.parts import platform_settings, platform_tls

SMALL_KEYS = ChannelOptions(device_key_bits=1024)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text("groups: [{name: doors, count: 3}]\n")
    return path


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    platform_command.add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_scenario_decides_unless_told_otherwise() -> None:
    settings = platform_settings(channel="exchange-only")
    assert with_options(settings, parse()) == settings
    assert with_options(settings, parse("--channel", "plain")).channel == "plain"


@pytest.mark.parametrize(
    ("channel", "arguments", "suite", "options"),
    [
        ("{suite: configurable, iv: zero}", [], "configurable", ChannelOptions(iv="zero")),
        ("{suite: configurable, iv: zero}", ["--channel", "plain"], "plain", {}),
        ("{suite: plain, device_key_bits: 1024}", ["--channel", "configurable"], "configurable", SMALL_KEYS),
        ("{suite: rsa-aes}", [], "rsa-aes", {}),
    ],
)
def test_the_channels_options_go_with_the_suite_that_is_used(
    channel: str,
    arguments: list[str],
    suite: str,
    options: Options,
    scenario: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[PlatformOptions] = []
    monkeypatch.setattr("simulator.platform.process.run", lambda options: served.append(options) or 0)
    with scenario.open("a") as file:
        file.write(f"channel: {channel}\n")
    assert main(["platform", "--scenario", str(scenario), *arguments]) == 0
    [settings] = [each.settings for each in served]
    assert (settings.channel, settings.channel_options) == (suite, options)


@pytest.mark.parametrize("option", ["--port", "--broker-port"])
@pytest.mark.parametrize("number", ["65536", "99999", "-1", "8080x", "\u0661", ""])
def test_a_port_that_is_none(option: str, number: str, scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["platform", "--scenario", str(scenario), f"{option}={number}"]) == 2
    assert "is no port: 0 to 65535" in capsys.readouterr().err


def test_unknown_channel_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="rsa-aes"):
        with_options(platform_settings(), parse("--channel", "rsa-eas"))


def test_self_signed_certificate(tmp_path: Path) -> None:
    tls = with_options(platform_settings(), parse("--tls-self-signed", str(tmp_path))).tls
    assert tls is not None
    assert tls.certificate is None


def test_the_key_of_a_certificate_that_is_made(tmp_path: Path) -> None:
    made = ("--tls-self-signed", str(tmp_path))
    for given, scenarios, expected in (
        (made, None, "ecdsa"),
        (made, platform_tls(algorithm="rsa"), "rsa"),
        ((*made, "--tls-algorithm", "rsa"), None, "rsa"),
        (("--tls-algorithm", "ecdsa"), platform_tls(algorithm="rsa"), "ecdsa"),
        (("--tls-algorithm", "rsa"), platform_tls(device_certificates=True), "rsa"),
    ):
        tls = with_options(platform_settings(tls=scenarios), parse(*given)).tls
        assert tls is not None
        assert tls.algorithm == expected
        assert tls.device_certificates == (scenarios is not None and scenarios.device_certificates)


def test_a_key_of_no_certificate_that_is_made(tmp_path: Path) -> None:
    files = tmp_path / "c.pem", tmp_path / "k.pem"
    for file in files:
        file.touch()
    given = "--tls-cert", str(files[0]), "--tls-key", str(files[1]), "--tls-algorithm", "rsa"
    for arguments in (given, ("--tls-algorithm", "rsa")):
        with pytest.raises(UsageError, match="--tls-algorithm is for a certificate that the platform makes"):
            with_options(platform_settings(), parse(*arguments))


def test_own_certificate(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.touch()
    key.touch()
    tls = with_options(platform_settings(), parse("--tls-cert", str(certificate), "--tls-key", str(key))).tls
    assert tls is not None
    assert (tls.certificate, tls.key) == (certificate, key)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tls-cert", "c.pem"], "go together"),
        (["--tls-cert", "c.pem", "--tls-key", "k.pem"], r"no file c\.pem"),
        (["--tls-cert", "c.pem", "--tls-key", "k.pem", "--tls-self-signed", "d"], "either"),
    ],
)
def test_tls_options_that_do_not_fit(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        with_options(platform_settings(), parse(*arguments))


def test_client_ca_needs_a_certificate(scenario: Path) -> None:
    with pytest.raises(UsageError, match="needs a certificate"):
        with_options(platform_settings(), parse("--tls-client-ca", str(scenario)))


def test_it_knows_the_devices_of_the_scenario(scenario: Path) -> None:
    source = identities_of(read_scenario(scenario), None)
    directory = KnownDevices(source)
    assert directory.lookup(source.at(2).sn) == source.at(2)
    assert directory.lookup("stranger") is None


def test_a_scenario_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["platform"]) == 2
    assert "--scenario is missing" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["inspekt", "a"], ["inspect"], ["inspect", "a", "b"]])
def test_inspect_takes_one_file(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["platform", *words]) == 2
    assert "inspect FILE" in capsys.readouterr().err


def test_inspecting_what_is_no_ledger(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["platform", "inspect", str(scenario)]) == 2
    assert main(["platform", "inspect", str(tmp_path / "none.sqlite")]) == 2
    assert capsys.readouterr().err.count("platform inspect:") == 2


def test_serves_until_it_is_told_to_stop(scenario: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator.cli", "platform", "--scenario", str(scenario)]
    ledger = tmp_path / "ledger.sqlite"
    process = subprocess.Popen([*command, "--ledger", str(ledger)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with urllib.request.urlopen(f"{ready['dispatch']}/ledger", timeout=10) as answer:
            assert json.load(answer)["devices"] == {}
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
    assert main(["platform", "inspect", str(ledger)]) == 0


def test_its_state_is_a_directory_that_is_its_own(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[PlatformOptions] = []
    monkeypatch.setattr("simulator.platform.process.run", lambda options: served.append(options) or 0)
    state, other = tmp_path / "deep" / "state", tmp_path / "other.sqlite"
    command = ["platform", "--scenario", str(scenario)]
    assert main([*command, "--state", str(state)]) == 0
    assert state.stat().st_mode & 0o777 == 0o700
    assert main([*command, "--state", str(state), "--ledger", str(other)]) == 0
    assert main(command) == 0
    assert [(each.ledger, each.tls_kept) for each in served] == [
        (state / "ledger.sqlite", state / "tls"),
        (other, state / "tls"),
        (None, None),
    ]
    assert main([*command, "--state", str(scenario / "in it")]) == 2
    assert "platform: --state" in capsys.readouterr().err


def test_what_is_to_be_forgotten_holds_nothing_but_a_platforms(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[PlatformOptions] = []
    monkeypatch.setattr("simulator.platform.process.run", lambda options: served.append(options) or 0)
    state = tmp_path / "state"
    (state / "tls").mkdir(parents=True)
    for name in ("ledger.sqlite", "ledger.sqlite-wal"):
        (state / name).touch()
    command = ["platform", "--scenario", str(scenario), "--state", str(state)]
    assert main([*command, "--forget-with-stdin"]) == 0
    (state / "thesis.txt").touch()
    assert main(command) == 0
    assert [each.left_behind for each in served] == [state, None]
    assert main([*command, "--forget-with-stdin"]) == 2
    assert f"would remove {state / 'thesis.txt'}" in capsys.readouterr().err
    assert len(served) == 2


def test_a_port_in_use_is_told(scenario: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "simulator.cli", "platform", "--scenario", str(scenario), "--port", port]
        process = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert process.returncode == 2
    assert port in process.stderr
    assert "Traceback" not in process.stderr


def test_mistakes_of_the_command_line_replace_the_scenarios() -> None:
    settings = platform_settings(wrong=("reply.doubled",))
    assert with_options(settings, parse()).wrong == ("reply.doubled",)
    chosen = with_options(settings, parse("--wrong", "reply.late, reply.code-short,reply.late"))
    assert chosen.wrong == ("reply.late", "reply.code-short")
    assert with_options(settings, parse("--wrong", "")).wrong == ()


def test_an_unknown_mistake_suggests_near_ones() -> None:
    with pytest.raises(UsageError, match=r"no mistake 'reply\.doubeld'; did you mean reply\.doubled.*--list-wrong"):
        with_options(platform_settings(), parse("--wrong", "reply.late,reply.doubeld"))


def test_mistakes_are_listed_without_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["platform", "--list-wrong"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(MODES)
    assert all(mode.text in line for mode, line in zip(MODES.values(), lines, strict=True))


def test_the_scenarios_device_certificates_hold_whatever_the_command_line_says_of_tls(tmp_path: Path) -> None:
    settings = platform_settings(tls=platform_tls(device_certificates=True))
    tls = with_options(settings, parse("--tls-self-signed", str(tmp_path))).tls
    assert tls is not None
    assert tls.device_certificates
    files = [str(tmp_path / name) for name in ("c.pem", "k.pem", "ca.pem")]
    for file in files:
        Path(file).touch()
    given = parse("--tls-cert", files[0], "--tls-key", files[1], "--tls-client-ca", files[2])
    with pytest.raises(UsageError, match="--tls-client-ca does not go with the scenario"):
        with_options(settings, given)


def test_a_platform_of_its_own_gives_a_device_what_it_needs(tmp_path: Path) -> None:
    """Standalone, with a device whose scenario trusts the platform's CA for the look-up."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "groups: [{name: doors, count: 3}]\n"
        "platform: {tls: {device_certificates: true}, users: 1, meetings: {count: 0}}\n"
        "tls: {ca: made/ca.pem}\n"
    )
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "ca.pem").touch()
    base = [sys.executable, "-m", "simulator.cli"]
    command = [*base, "platform", "--scenario", str(scenario), "--tls-self-signed", str(tmp_path / "made")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ca"] == str(tmp_path / "made" / "ca.pem")
        trace = tmp_path / "trace.jsonl"
        device = [*base, "device", "--scenario", str(scenario), "--host", ready["dispatch"], "--trace", str(trace)]
        ended = subprocess.run([*device, "--duration", "6s"], capture_output=True, text=True, timeout=60, check=False)
    finally:
        process.kill()
        process.communicate()
    assert ended.returncode == 0, ended.stderr
    assert "came online" in ended.stderr
    told = trace.read_text() + ended.stderr + ended.stdout
    assert '"privateKey": "***"' in told or '"privateKey":"***"' in told
    assert "PRIVATE KEY" not in told


def test_the_suite_of_the_command_line_is_that_over_mqtt_too() -> None:
    settings = with_options(platform_settings(channel="exchange-only"), parse("--channel", "rsa-aes"))
    assert (settings.channel, settings.mqtt.channel) == ("rsa-aes", "rsa-aes")


BROKER = "{broker: mqtt://127.0.0.1:1, username: me, password_file: hush.txt}"


def served_mqtt(directory: Path, monkeypatch: pytest.MonkeyPatch, section: str) -> MqttSettings:
    served: list[PlatformOptions] = []
    monkeypatch.setattr("simulator.platform.process.run", lambda options: served.append(options) or 0)
    (directory / "hush.txt").write_text("from the file\n")
    path = directory / "s.yaml"
    path.write_text(f"groups: [{{name: a, count: 1}}]\nplatform: {{mqtt: {section}}}\n")
    assert platform_command.run(parse("--scenario", str(path)), []) == 0
    return served[0].settings.mqtt


def test_the_platforms_password_is_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mqtt = served_mqtt(tmp_path, monkeypatch, BROKER)
    assert (mqtt.username, mqtt.password) == ("me", "from the file")
    assert "from the file" not in repr(mqtt)


def test_the_platforms_password_is_the_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEST_FLEET_BROKER_PASSWORD", "from outside")
    assert served_mqtt(tmp_path, monkeypatch, "{broker: mqtt://h, username: me}").password == "from outside"
    assert "BEST_FLEET_BROKER_PASSWORD" not in os.environ


def test_a_platform_without_a_user_name_has_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEST_FLEET_BROKER_PASSWORD", "of another run")
    assert served_mqtt(tmp_path, monkeypatch, "{broker: mqtt://h}").password is None


def test_two_passwords_are_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEST_FLEET_BROKER_PASSWORD", "hush")
    with pytest.raises(UsageError) as caught:
        served_mqtt(tmp_path, monkeypatch, BROKER)
    assert str(caught.value) == (
        "platform: both BEST_FLEET_BROKER_PASSWORD and platform.mqtt.password_file are given: give one of them"
    )


def test_a_password_file_without_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").touch()
    section = BROKER.replace("hush.txt", "empty")
    with pytest.raises(UsageError, match=r"^platform: platform\.mqtt\.password_file .*empty is empty$"):
        served_mqtt(tmp_path, monkeypatch, section)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--processes", "0"], "is no number of processes"),
        (["--processes", "65"], "is no number of processes"),
        (["--processes", "3", "--broker-port", "65534"], "65536 cannot be had"),
        (["--processes", "3", "--port", "8082", "--broker-port", "8080"], "8082 cannot be had"),
        (["--processes", "3", "--mqtt-port", "8082", "--broker-port", "8080"], "8082 cannot be had"),
    ],
)
def test_processes_that_have_no_room(
    arguments: list[str], problem: str, scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["platform", "--scenario", str(scenario), *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_several_processes_and_a_broker_that_is_none_of_theirs(
    scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scenario.open("a") as file:
        file.write("platform: {mqtt: {broker: mqtt://127.0.0.1:1}}\n")
    assert main(["platform", "--scenario", str(scenario), "--processes", "2"]) == 2
    assert "platform.mqtt.broker names one" in capsys.readouterr().err


def test_the_scenario_says_in_how_many_processes(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[int] = []
    monkeypatch.setattr(
        "simulator.platform.supervisor.run_several", lambda _options, number: served.append(number) or 0
    )
    with scenario.open("a") as file:
        file.write("platform: {processes: 3}\n")
    assert main(["platform", "--scenario", str(scenario)]) == 0
    assert main(["platform", "--scenario", str(scenario), "--processes", "2"]) == 0
    assert served == [3, 2]
