"""From a record to what people read: a pure summary, then its renderings. Sends nothing, judges nothing."""
