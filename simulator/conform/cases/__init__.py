"""The cases, a file a section; each has a tuple `CASES`, and `simulator.conform.registry` collects them.

How a case is written is told in `simulator.conform.case`, what it can do with the platform in
`simulator.conform.bench` and `simulator.conform.tester`, how answers become verdicts in `simulator.conform.expect`.
"""
