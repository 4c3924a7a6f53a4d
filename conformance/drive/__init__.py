"""The network: sends what a scenario asks and returns redacted exchanges, within bounds. Judges nothing."""
