"""`python -m web.cli` is `callboard`."""

from web.cli import main

main()
