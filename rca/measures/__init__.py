"""One typed function a statistic: ``(store, incident, *, …) -> polars.DataFrame``."""
