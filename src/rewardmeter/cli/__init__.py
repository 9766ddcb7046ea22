"""The command line: parse, read, call, write. Every verb is a library function; nothing imports this package."""

from rewardmeter.cli.app import main

__all__ = ["main"]
