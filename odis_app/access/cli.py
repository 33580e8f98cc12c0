"""``odis permissions``: who may do what, as the code has it."""

from __future__ import annotations

import json

import click

from odis_app.core.permissions import REGISTRY, Role


@click.command("permissions")
@click.option("--json", "as_json", is_flag=True, help="Écrire la table en JSON.")
@click.option("--markdown", is_flag=True, help="Écrire la table en Markdown, pour docs/permissions.md.")
def permissions(*, as_json: bool, markdown: bool) -> None:
    """Afficher la table permission × rôle."""
    if as_json:
        table = {name: sorted(role.value for role in found.roles) for name, found in sorted(REGISTRY.items())}
        click.echo(json.dumps(table, ensure_ascii=False, indent=1))
    elif markdown:
        click.echo(as_markdown())
    else:
        for name, found in sorted(REGISTRY.items()):
            click.echo(f"{name:<30}{', '.join(sorted(role.value for role in found.roles))}")


def as_markdown() -> str:
    """The table of ``docs/permissions.md``: a line per permission, a column per role; the object itself is judged apart."""
    head = ["permission", "ce qu’elle permet", *(role.label for role in Role), "l’objet est jugé"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, found in sorted(REGISTRY.items()):
        marks = ["oui" if role in found.roles else "" for role in Role]
        rule = (found.rule.__doc__ or "oui").strip().splitlines()[0] if found.rule else ""
        rule = f"{rule} Identité confirmée depuis moins de dix minutes.".strip() if found.step_up else rule
        lines.append(f"| `{name}` | {found.label} | " + " | ".join(marks) + f" | {rule} |")
    return "\n".join(lines)
