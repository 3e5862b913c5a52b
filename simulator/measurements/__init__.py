"""Samples and HDR histograms of a run, mergeable over processes. Imports nothing of the project but itself."""
