"""What a platform's message means, and in what it departs from the document: pure, and compiled from the catalogue.

A message is used wherever its meaning is plain, and whatever departs is told under a rule of
`simulator.measurements.rules` (docs/deviations.md, What the judge takes). What only shows over time, such as a mid that
comes twice, is found by whoever receives the messages.
"""
