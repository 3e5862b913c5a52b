"""`platform.answers`: how long the embedded platform waits before it answers, what it refuses, where it is silent."""

import fnmatch
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from simulator.fields.quantities import Duration, PositiveDuration, Share, within_time
from simulator.fields.section import Section, known
from simulator.platform.settings import (
    AnswerRule,
    Delay,
    ExponentialDelay,
    FixedDelay,
    LognormalDelay,
    UniformDelay,
)
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import Direction
from simulator.texts.translation import _

_ANSWERED = tuple(name for name, spec in CATALOGUE.items() if spec.direction is not Direction.TO_DEVICE)

Wait = Annotated[Duration, within_time("0s", "1h")]
PositiveWait = Annotated[PositiveDuration, within_time("0s", "1h")]


class UniformSection(Section):
    """Evenly between two bounds."""

    low: Wait = Field(description="Shortest.")
    high: Wait = Field(description="Longest.")

    @model_validator(mode="after")
    def _in_order(self) -> "UniformSection":
        if self.high < self.low:
            raise ValueError(_("`high` is below `low`"))
        return self


class LognormalSection(Section):
    """A median and a long tail, the usual shape of a service's answers."""

    median: PositiveWait = Field(description="Half of the answers take less.")
    p99: PositiveWait = Field(description="One answer of a hundred takes longer.")

    @model_validator(mode="after")
    def _in_order(self) -> "LognormalSection":
        if self.p99 <= self.median:
            raise ValueError(_("`p99` must be above `median`"))
        return self


class DelaySection(Section):
    """How long the platform waits before it answers; give one distribution."""

    fixed: Wait | None = Field(default=None, description="Always so long.")
    uniform: UniformSection | None = Field(default=None, description="Evenly between two bounds.")
    exponential: PositiveWait | None = Field(default=None, description="Exponential with this mean.")
    lognormal: LognormalSection | None = Field(default=None, description="By median and 99th percentile.")

    @model_validator(mode="after")
    def _one_distribution(self) -> "DelaySection":
        if len([name for name in type(self).model_fields if getattr(self, name) is not None]) != 1:
            raise ValueError(_("give exactly one of fixed, uniform, exponential and lognormal"))
        return self

    def delay(self) -> Delay:
        if self.uniform is not None:
            return UniformDelay(low=self.uniform.low, high=self.uniform.high)
        if self.exponential is not None:
            return ExponentialDelay(mean=self.exponential)
        if self.lognormal is not None:
            return LognormalDelay(median=self.lognormal.median, p99=self.lognormal.p99)
        return FixedDelay(seconds=self.fixed or 0.0)


class ErrorsSection(Section):
    """Right messages that are refused all the same."""

    share: Share = Field(description="Share of messages.")
    code: Annotated[str, Field(pattern="^[0-9A-Za-z]{1,32}$")] = Field(
        default="E0000006", description="The code they are refused with; in quotes where it is all digits."
    )

    @field_validator("code")
    @classmethod
    def _is_a_failure(cls, code: str) -> str:
        if code == "00000000":
            raise ValueError(_("00000000 is success, not an error"))
        return code


class AnswerSection(Section):
    """How some messages are answered; the first entry whose `func_id` matches counts."""

    func_id: str = Field(description="A funcId or a glob (`dev.data.upload.*`, `*`); `getBrokerServer` is the look-up.")
    delay: DelaySection | None = Field(default=None, description="Wait before the answer.")
    errors: ErrorsSection | None = Field(default=None, description="Refusals.")
    silence: Share = Field(default=0.0, description="Share of messages that never get an answer.")

    @field_validator("func_id")
    @classmethod
    def _matches_something(cls, pattern: str) -> str:
        if any(fnmatch.fnmatchcase(name, pattern) for name in _ANSWERED):
            return pattern
        return known(pattern, _ANSWERED, _("funcId that the platform answers, nor a glob that matches one"))

    def rule(self) -> AnswerRule:
        errors = self.errors or ErrorsSection(share=0.0)
        return AnswerRule(
            func_id=self.func_id,
            delay=None if self.delay is None else self.delay.delay(),
            error_share=errors.share,
            error_code=errors.code,
            silence_share=self.silence,
        )
