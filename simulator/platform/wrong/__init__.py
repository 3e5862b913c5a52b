"""The platform that is wrong on purpose: small mistakes by name, to prove that the judge sees them.

The right platform knows nothing of it: a platform with mistakes is put together of derived parts (`broker`, `session`,
`dispatch` …), which do what the right ones do and spoil some of it. `modes` is the table of all mistakes.
"""
