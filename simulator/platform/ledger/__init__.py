"""What the platform holds, in SQLite: a file that outlives the process, or memory. No SQL stands outside this room.

`file` opens it and locks it against a second platform, `transactions` writes it, the `…_table(s)` of `devices`,
`uploads`, `commands` and `counts` know its rows (`schema`), and `inspection` says what they add up to.
"""
