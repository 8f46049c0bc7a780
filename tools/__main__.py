"""`python -m tools` lists the commands: each make target, and the line of Python it wraps."""

from tools.targets import targets


def main() -> None:
    """Print name, purpose and line of every target of the Makefile."""
    for target in targets():
        print(f"make {target.name:<9} {target.purpose}\n{'':14} python -m {target.line}")


if __name__ == "__main__":
    main()
