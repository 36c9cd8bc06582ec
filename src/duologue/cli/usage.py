"""`duologue usage`: what was used, by whom, when, and what it costs."""

from __future__ import annotations

import csv
import math
import re
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from duologue.auth.keys import KeyStore
from duologue.cli.keys import lifetime
from duologue.cli.output import print_json
from duologue.config import ALWAYS, Config, UsageSection, data_dir, load_config
from duologue.errors import Violation
from duologue.storage import Database
from duologue.usage.prices import PriceList, Rates
from duologue.usage.report import Part, Selection, UsageReport, UsageSum, report_usage

NO_KEY = "(no key)"
"""Connections of a server that asks for none."""


def usage(
    since: Annotated[
        str | None, typer.Option(help="First day (2026-11-01, UTC), or how long ago: 12h, 7d, 4w.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Last day, itself included.")] = None,
    key: Annotated[str | None, typer.Option(help='Only this key, by its first part; "" for those without one.')] = None,
    by: Annotated[str, typer.Option(help="Kept apart by: day, month, key, kind, route, with commas.")] = "day,key,kind",
    config: Annotated[Path | None, typer.Option("--config", help="The server's TOML file.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table for spreadsheets.")] = False,
) -> None:
    """Show what was used, and its price.

    Each connection counts from its admission to its end, on the day it opened. Running ones are as of their last checkpoint; those of a
    server that was killed are marked as recovered and end at theirs. Prices come from [usage.prices] in the configuration, and are
    applied when you ask: a corrected price corrects the past.

    \b
    Examples:
      duologue usage
      duologue usage --since 7d --by key
      duologue usage --since 2026-11-01 --until 2026-11-30 --by key,kind --csv > november.csv
      duologue usage --key duo_1a2b3c4d5e --json
      duologue usage --config /etc/duologue.toml --by month
    """
    loaded = load_config(config)
    parts = read_parts(by)
    selection = Selection(
        None if since is None else read_since(since, time.time()), None if until is None else read_until(until), key
    )
    prices = price_list(loaded.usage)
    database = Database.open(loaded.storage.url, data_dir(loaded))
    try:
        report = report_usage(database, selection, parts, prices)
        names = {record.prefix: record.name for record in KeyStore(database).records()}
    finally:
        database.close()
    if as_json:
        print_json(_as_json(report, loaded.usage.currency))
    elif as_csv:
        _print_csv(report, loaded.usage.currency)
    elif not report.sums:
        typer.echo(_nothing(loaded, selection))
    else:
        _print_table(report, names, loaded.usage.currency)
        if not prices:
            typer.secho("No prices are set: see `[usage.prices.always]` in docs/usage.md.", err=True)


def price_list(section: UsageSection) -> PriceList:
    """The prices of the configuration."""
    rates = []
    for name, given in section.prices.items():
        since = -math.inf if name == ALWAYS else datetime.fromisoformat(name).replace(tzinfo=UTC).timestamp()
        named = {"stt": given.stt, "tts": given.tts, "agent": given.agent, "agent_own_model": given.agent_own_model}
        set_ones = {name: price for name, price in named.items() if price is not None}
        rates.append(Rates(since, {**set_ones, **given.routes}))
    return PriceList(rates)


def read_parts(text: str) -> tuple[Part, ...]:
    """`day,key` as parts. Raises `Violation("usage_by")`."""
    try:
        return tuple(dict.fromkeys(Part(name.strip()) for name in text.split(",") if name.strip()))
    except ValueError:
        known = ", ".join(Part)
        raise Violation(
            "usage_by", f"{text!r} cannot be kept apart", path="--by", expected=f"some of {known}"
        ) from None


def read_since(text: str, now: float) -> float:
    """The beginning of a day, or a while ago. Raises `Violation("day")`."""
    if re.fullmatch(r"\d+[smhdw]", text.strip().lower()):
        return now - lifetime(text)
    return _day(text, "--since").timestamp()


def read_until(text: str) -> float:
    """The end of a day. Raises `Violation("day")`."""
    return (_day(text, "--until") + timedelta(days=1)).timestamp()


def _day(text: str, option: str) -> datetime:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        expected = "2026-11-01" + (", 12h, 7d or 4w" if option == "--since" else "")
        raise Violation("day", f"{text!r} is no day", path=option, expected=expected) from None


def _nothing(config: Config, selection: Selection) -> str:
    if selection != Selection():
        return "Nothing was used in that time by those keys. Without --since, --until and --key everything is shown."
    if not config.usage.enabled:
        return "Nothing is counted: usage.enabled is false."
    return (
        "Nothing was used yet. Start a server with `duologue serve` and connect a client; each connection leaves a row."
    )


def _as_json(report: UsageReport, currency: str) -> dict[str, Any]:
    def form(summed: UsageSum) -> dict[str, Any]:
        values = asdict(summed)
        del values["parts"]
        return {**dict(zip(map(str, report.by), summed.parts, strict=False)), **values}

    return {
        "currency": currency,
        "by": report.by,
        "sums": [form(each) for each in report.sums],
        "total": form(report.total),
    }


def _print_csv(report: UsageReport, currency: str) -> None:
    columns = [name for name in asdict(report.total) if name != "parts"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*report.by, *columns, "currency"])
    for each in report.sums:
        values = asdict(each)
        writer.writerow([*each.parts, *(_plain(values[name]) for name in columns), currency])


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


_NUMBERS = ("CONNECTIONS", "CONNECTED", "AUDIO IN", "AUDIO OUT", "CHARACTERS", "TOKENS IN", "TOKENS OUT")


def _print_table(report: UsageReport, names: dict[str, str], currency: str) -> None:
    left = len(report.by)
    head = (*(part.upper() for part in report.by), *_NUMBERS, f"PRICE {currency}", "")
    rows = [head]
    rows += [(*_shown(report.by, each.parts, names), *_numbers(each), _notes(each)) for each in report.sums]
    if left:
        rows.append((*("TOTAL", *[""] * (left - 1)), *_numbers(report.total), _notes(report.total)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < left or column == len(head) - 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())


def _shown(by: tuple[Part, ...], parts: tuple[str, ...], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(_key(text, names) if part is Part.KEY else text for part, text in zip(by, parts, strict=True))


def _key(prefix: str, names: dict[str, str]) -> str:
    if not prefix:
        return NO_KEY
    return f"{prefix} {names[prefix]}" if prefix in names else prefix


def _numbers(summed: UsageSum) -> tuple[str, ...]:
    lengths = (clock(seconds) for seconds in (summed.connection_s, summed.audio_in_s, summed.audio_out_s))
    counts = (str(count) for count in (summed.characters, summed.input_tokens, summed.output_tokens))
    return (str(summed.connections), *lengths, *counts, "-" if summed.price is None else f"{summed.price:.4f}")


def _notes(summed: UsageSum) -> str:
    counted = ((summed.open, "open"), (summed.recovered, "recovered"), (summed.own_model, "with own model"))
    notes = [f"{count} {what}" for count, what in counted if count]
    if summed.unpriced and summed.price is not None:
        notes.append(f"{summed.unpriced} without a price")
    return ", ".join(notes)


def clock(seconds: float) -> str:
    """A length of time as hours, minutes and seconds."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
