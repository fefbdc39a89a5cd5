#!/usr/bin/env python3
"""The product's commands. Needs Python 3.11 or newer with pip, and nothing else.

    python3 do.py run                      start it; prints the address and the log-ins
    python3 do.py test [--services] [--long] [pytest arguments]
    python3 do.py manage COMMAND [...]     Django's command line
    python3 do.py lint                     style, types, import contracts, migrations, catalogues
    python3 do.py bench [NAME] [--size s|m|l]
    python3 do.py chaos [--long]
    python3 do.py pages                    every page as every role
    python3 do.py lock                     for developers: compile requirements*.in

PORT, DATABASE_URL, REDIS_URL and CRM_VAR in the environment each change their own part.
"""

import sys

if sys.version_info < (3, 11):  # before any import that an older Python could not read
    sys.exit("This needs Python 3.11 or newer; here is %d.%d." % sys.version_info[:2])

from launcher import commands


def main(argv):
    """Run one command; its exit status is ours."""
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print(__doc__.strip())
        return 0 if argv else 2
    command = commands.COMMANDS.get(argv[0])
    if command is None:
        print(f"There is no command {argv[0]!r}.\n", file=sys.stderr)
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        return command(argv[1:])
    except commands.CannotContinue as stopped:
        print(stopped, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
