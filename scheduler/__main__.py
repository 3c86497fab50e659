"""`python -m scheduler`, and the entry of the command `solidarity`."""

from scheduler.cli import main

if __name__ == "__main__":
    main()
