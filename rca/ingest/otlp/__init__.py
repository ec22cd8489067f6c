"""OpenTelemetry's own protocol: traces, logs and metrics as JSON or protobuf, in every dress they are saved in."""
