"""Which packages there are; pyproject.toml, which has all else, cannot say that `scenarios` is the data of one."""

from setuptools import find_packages, setup

SCENARIOS = "simulator.shipped_scenarios"

setup(
    packages=[*find_packages(include=["simulator*", "reports*"]), SCENARIOS],
    package_dir={SCENARIOS: "scenarios"},
)
