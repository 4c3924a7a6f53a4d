"""The page of the bench, by which a person drives an application: what to do, what comes in, what it is worth."""
