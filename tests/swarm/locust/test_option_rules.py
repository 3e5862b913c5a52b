"""Options of Locust that would have no effect on a fleet, or a wrong one, are refused before anything starts."""

from argparse import Namespace

import pytest
from locust import argument_parser

from simulator.swarm.locust.option_rules import WITHOUT_MEANING, form_problems, problems_of


def parsed(*arguments: str) -> Namespace:
    """Locust's own namespace for a command line, without the environment's and the machine's configuration."""
    parser = argument_parser.get_empty_argument_parser(add_help=False, default_config_files=[])
    argument_parser.setup_parser_arguments(parser)
    options: Namespace = parser.parse_known_args(list(arguments), env_vars={})[0]
    return options


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--tags", "a", "b"], "--tags is not supported: devices have no tagged tasks"),
        (["-T", "a"], "--tags is not supported"),
        (["-E", "a"], "--exclude-tags is not supported"),
        (["--config-users", '{"user_class_name": "MeetingDevice", "weight": 2}'], "--config-users is not supported"),
        (["--equal-weights"], "--equal-weights is not supported"),
        (["--class-picker"], "--class-picker is not supported"),
        (["--show-task-ratio"], "--show-task-ratio is not supported"),
        (["--show-task-ratio-json"], "--show-task-ratio-json is not supported"),
        (["--reset-stats"], "--reset-stats is not supported"),
        (["MeetingDevice", "Rooms"], "Rooms: there is no such class of users"),
        (["-u", "0"], "-u: a fleet has at least one device"),
        (["-u", "-1"], "-u: "),
        (["-u", "99999999999999999999"], "-u: "),
        (["-r", "1e300"], "-r: "),
        (["-r", "1e-300"], "-r: "),
        (["-t", "9999h"], "-t: "),
        (["-s", "2h"], "--stop-timeout: "),
        (["--processes", "0"], "--processes: "),
        (["--processes", "-2"], "--processes: "),
        (["--web-port", "70000"], "--web-port: a port is"),
        (["--master-port", "0"], "--master-port: a port is"),
        (["--master-bind-port", "-1"], "--master-bind-port: a port is"),
        (["--autostart", "--autoquit", "-5"], "--autoquit: "),
        (["--expect-workers-max-wait", "-1"], "--expect-workers-max-wait: "),
        (["--expect-workers", "100000"], "--expect-workers: "),
        (["--exit-code-on-error", "256"], "--exit-code-on-error: "),
        (["--exit-code-on-error", "-1"], "--exit-code-on-error: "),
        (["--tls-cert", "a.pem"], "--tls-cert and --tls-key go together"),
        (["--master", "--worker"], "--master and --worker: "),
        (["--master", "--processes", "2"], "--processes makes the master itself"),
        (["--processes", "2", "--master-bind-port", "0"], "--master-bind-port 0: the forked workers would not find it"),
        (["--enable-rebalancing"], "--enable-rebalancing moves devices between workers"),
        (["--web-base-path", "fleet"], "--web-base-path: "),
    ],
)
def test_an_option_that_would_do_nothing_or_harm_is_refused(arguments: list[str], says: str) -> None:
    [problem] = problems_of(parsed(*arguments))
    assert problem.startswith(says)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-u", "1", "-r", "0.1", "-t", "1h30m", "-s", "60"],
        ["-t", "0"],
        ["--processes", "-1", "--enable-rebalancing"],
        ["--worker", "--master-host", "10.0.0.5"],
        ["--autostart", "--autoquit", "0", "--headless"],
        ["--csv", "a", "--html", "a.html", "--json", "--only-summary", "--print-stats", "--loglevel", "DEBUG"],
        ["--exit-code-on-error", "0", "--expect-workers", "14", "--web-base-path", "/fleet", "MeetingDevice"],
        ["--tls-cert", "a.pem", "--tls-key", "a.key", "--profile", "nightly"],
    ],
)
def test_all_other_options_are_locusts(arguments: list[str]) -> None:
    assert problems_of(parsed(*arguments)) == []


def test_every_option_of_locust_was_looked_at() -> None:
    known = {
        *WITHOUT_MEANING,
        *(
            "num_users",
            "spawn_rate",
            "run_time",
            "stop_timeout",
            "processes",
            "web_port",
            "master_port",
            "user_classes",
        ),
        *("master_bind_port", "autoquit", "expect_workers", "expect_workers_max_wait", "exit_code_on_error"),
        *("tls_cert", "tls_key", "master", "worker", "enable_rebalancing", "web_base_path"),
        # These work with devices as with any users.
        *(
            "locustfile",
            "config",
            "host",
            "list_commands",
            "web_host",
            "web_host_display_name",
            "headless",
            "headful",
            "otel",
        ),
        *(
            "autostart",
            "web_login",
            "web_auth",
            "build_path",
            "legacy_ui",
            "master_bind_host",
            "expect_slaves",
            "slave",
        ),
        *("master_host", "csv_prefix", "stats_history_enabled", "print_stats", "only_summary", "html_file", "json"),
        *("json_file", "skip_log_setup", "loglevel", "logfile", "profile", "version", "help"),
    }
    parser = argument_parser.get_empty_argument_parser(add_help=False, default_config_files=[])
    argument_parser.setup_parser_arguments(parser)
    new = {action.dest for action in parser._actions} - known
    assert not new, f"Locust has new options: does each work with devices? {sorted(new)}"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"user_count": "0", "spawn_rate": "1"}, ["-u: "]),
        ({"user_count": "-3", "spawn_rate": "0"}, ["-u: ", "-r: "]),
        ({"user_count": "99999999999", "spawn_rate": "nan"}, ["-u: ", "-r: "]),
        ({"user_count": "3", "spawn_rate": "1e300", "run_time": "9" * 20 + "h"}, ["-r: ", "-t: "]),
        ({"user_count": "3", "spawn_rate": "0.5", "run_time": "1m"}, []),
        ({"user_count": "3", "spawn_rate": "1", "run_time": ""}, []),
        ({"user_count": "many", "run_time": "soon"}, []),
    ],
)
def test_the_web_form_is_held_to_the_same_numbers(form: dict[str, str], says: list[str]) -> None:
    found = form_problems(form)
    assert [problem[:4] for problem in found] == says
