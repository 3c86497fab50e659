"""One verb a file: what the program can do, each on an App. Operations do not call each other."""
