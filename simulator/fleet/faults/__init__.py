"""Faults of a scenario, brought over the fleet: beneath the devices, who know nothing of it, and counted apart."""
