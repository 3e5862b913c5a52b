"""How fast the fleet is, as ratios within one run: against a bare echo client and against the usual Locust way.

`python -m benchmarks` measures everything and leaves `benchmarks/results.json`; docs/performance.md says how.
"""
