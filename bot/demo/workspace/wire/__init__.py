"""The way to the app: what people do, as signed HTTP or over Socket Mode."""
