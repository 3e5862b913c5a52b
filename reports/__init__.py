"""The report module: from a run's measurements to what people and machines read.

Stands on `simulator.measurements` alone (and on the catalogue for the order of rows); knows neither Locust nor devices.
"""
