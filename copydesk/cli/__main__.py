"""`python -m copydesk.cli`."""

from copydesk.cli import main

main()
