"""`mcpgateway delete`: deletes what documents name, all of it or nothing. What is not there is no
error."""

import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.cli.declarative import plan_text
from mcpgateway.cli.declarative.run import FINE, Session, guarded, parser


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0: none of it is there; 2: it could not be deleted."""
    made = parser("delete", __doc__)
    made.add_argument("--dry-run", action="store_true", help="print the plan, delete nothing")
    args = made.parse_args(argv)

    def act() -> int:
        session = Session(args, environ)
        done = session.apply(dry_run=args.dry_run, operation="delete")
        session.say(plan_text.plan(done, tried=args.dry_run, fields=False))
        session.say(plan_text.effects(done))
        return FINE

    return guarded("delete", act)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
