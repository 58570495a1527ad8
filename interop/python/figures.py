"""What the suites measure and do not judge; printed together at the end of a run."""

_lines: list[str] = []


def figure(text: str) -> None:
    _lines.append(text)


def all_figures() -> list[str]:
    return list(_lines)
