"""The weekly: which weeks were told, the figures of a week, and the rows behind them."""
