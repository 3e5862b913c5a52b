"""The figures of the run that goes on, for the monitoring that people have: Prometheus and OpenTelemetry."""
