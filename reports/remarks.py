"""Every remark to a run: what is worth knowing and leaves the verdict alone; `reports.causes` has what decides it."""

from typing import Final

from reports.cause import Cause
from simulator.exit_codes import ExitCode
from simulator.texts.translation import N_

_REMARK: Final = ExitCode.PASSED

REMARKS: Final = (
    Cause(
        "away_by_hand", _REMARK, N_("{count:count} of {devices:counted device} {count:were} away by hand at the end")
    ),
    Cause("merged", _REMARK, N_("merged from {runs:count} runs: {names:names}")),
    Cause(
        "mqtt_assumed",
        _REMARK,
        N_("of the MQTT profile {profile} this is assumed, as nobody has written it down: {keys} (docs/mqtt.md)"),
    ),
    Cause("merged_scenarios", _REMARK, N_("the merged runs are of different scenarios: {names:names}")),
    Cause(
        "violations_found",
        _REMARK,
        N_("the platform broke rules of the protocol {values:times}, of which no threshold speaks: {names:tally}"),
    ),
    Cause(
        "connections_lost",
        _REMARK,
        N_("{count:counted connection} {count:were} lost that nobody had asked to end: {reasons:tally}"),
    ),
    Cause(
        "devices_undecided",
        _REMARK,
        N_(
            "{count:counted device} {count:were} not back when the run ended, less than a minute after their fault, or "
            "still under it: too early to tell"
        ),
    ),
    Cause(
        "records_lost",
        _REMARK,
        N_("{count:counted record} {count:were} lost with stores that faults of the scenario emptied"),
    ),
    Cause(
        "misbehaviour_silent",
        _REMARK,
        N_("the platform neither refused nor took what it must refuse {values:times}: {names:tally}"),
    ),
    Cause(
        "records_unclaimed",
        _REMARK,
        N_(
            "state_file holds {count:counted record} of earlier runs whose devices this run did not start: they stay "
            "there"
        ),
    ),
    Cause(
        "records_unkept",
        _REMARK,
        N_(
            "{count:counted record} {count:were} not kept in state_file, which is full: sent, but lost if the run was "
            "killed before"
        ),
    ),
    Cause("records_refused_judged", _REMARK, N_("{refused:count} of {generated:count} records found the store full")),
    Cause(
        "records_rejected_judged",
        _REMARK,
        N_("{rejected:count} of {values:all_records} were given up: refused five times, or too large for a package"),
    ),
    Cause(
        "errors_allowed",
        _REMARK,
        N_("{failures:count} of {count:count} requests failed, which --exit-code-on-error 0 allows"),
    ),
    Cause(
        "by_hand",
        _REMARK,
        N_("somebody acted on the fleet while the run went on, {values:times}: see what was done by hand"),
    ),
    Cause(
        "worker_full",
        _REMARK,
        N_("worker {worker} has open files for {devices:count} devices, and more of lost workers waited for it"),
    ),
    Cause("users_turned_away", _REMARK, N_("more users were asked for than the fleet has devices ({devices:count})")),
    Cause(
        "clock_off",
        _REMARK,
        N_(
            "the clock of worker {worker} was {ahead_s:ahead} the master's; the master's time is what these figures "
            "have"
        ),
    ),
    Cause(
        "clock_jumped",
        _REMARK,
        N_(
            "the wall clock of process {process} was set {seconds:set_by} during the run; these figures go on "
            "without that"
        ),
    ),
    Cause(
        "clock_not_compared",
        _REMARK,
        N_("the clock of worker {worker} could not be compared with the master's: its times may be off"),
    ),
    Cause(
        "devices_lost",
        _REMARK,
        N_("{count:counted device} went with lost workers; {left:count} of them were with nobody when the end began"),
    ),
    Cause("worker_left", _REMARK, N_("worker {worker} left in order before the end")),
    Cause(
        "platform_stop_failed",
        _REMARK,
        N_("the embedded platform ended with {exit_code:ending} when it was stopped"),
    ),
    Cause(
        "requests_missed",
        _REMARK,
        N_("requests that were planned and never sent, because the generator stood still: {names:tally}"),
    ),
    Cause(
        "not_judged",
        _REMARK,
        N_("made by a version that did not judge the platform yet: what it did wrong is not known"),
    ),
    Cause("threshold_gone", _REMARK, N_("`{expression}` held when the run ended; {remark}")),
    Cause("note", _REMARK, "{text}"),
)
