"""plan → bind → drive → judge → events. Prints nothing, writes nothing."""
