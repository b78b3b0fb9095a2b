"""`mcpgateway diff`: says what `apply` would change, field by field, and changes nothing."""

import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.cli.declarative import plan_text
from mcpgateway.cli.declarative.run import DIFFERENT, FINE, WRONG, Session, guarded, parser


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0: nothing; 1: something; 2: it could not be found out."""
    made = parser("diff", __doc__)
    made.add_argument("--set", metavar="NAME", default="", help="as for `apply`")
    made.add_argument("--prune", action="store_true", help="as for `apply`")
    args = made.parse_args(argv)

    def act() -> int:
        session = Session(args, environ)
        found = session.apply(dry_run=True, set=args.set, prune=args.prune)
        shown = [each for each in found["results"] if each["action"] != "unchanged"]
        session.say(plan_text.plan({"results": shown}, tried=True, fields=True))
        if plan_text.fails(found):
            return WRONG
        return DIFFERENT if plan_text.changes_anything(found) else FINE

    return guarded("diff", act)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
