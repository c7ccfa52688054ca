"""Tables and queries by aggregate; knows neither Slack nor pandas.

Queries take a `Session` from `db.engine.Database` and give plain rows; the caller decides where a transaction ends.
"""
