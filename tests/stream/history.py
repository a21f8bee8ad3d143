"""Incidents as a feed's messages, with every mishap, in an order of choice."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.messages import MOST_BYTES
from crime_pipelines.domain.records.csv_records import join_record

Row = dict[str, Any]
#: When incidents are corrected, and when some are deleted: at the moment of the last correction, or later.
_CORRECTED: Final = ("2025-01-01T00:00:00", "2025-06-01T00:00:00")
_DELETED: Final = (_CORRECTED[-1], "2025-12-01T00:00:00")
#: Bytes of padding of most messages that are too long, and of one in ten of them.
LONG: Final = MOST_BYTES + 50_000
VERY_LONG: Final = 6_000_000
_LIVES: Final = 4


@dataclass(frozen=True, slots=True)
class Padded:
    """A message that is too long to be kept by the hundred.

    Attributes:
        head: its beginning, in the middle of a text.
        padding: bytes of that text to come.
    """

    head: bytes
    padding: int

    @property
    def payload(self) -> bytes:
        """The message."""
        return self.head + b"x" * self.padding + b'"}'


Message = bytes | Padded


def payloads(messages: Iterable[Message]) -> Iterator[bytes]:
    """Return messages as they are published."""
    return (message if isinstance(message, bytes) else message.payload for message in messages)


def _changed(**changes: object) -> Callable[[Row, int], Message]:
    return lambda row, number: json.dumps({**row, **changes}).encode()


def _without(name: str) -> Callable[[Row, int], Message]:
    return lambda row, number: json.dumps({key: row[key] for key in row if key != name}).encode()


def _too_long(row: Row, number: int) -> Padded:
    text = json.dumps({**row, "place": ""}).encode()
    return Padded(text.removesuffix(b'"}'), LONG if number % 10 else VERY_LONG)


#: What is wrong with a message that would be an incident otherwise, and the reason of its dead letter.
POISON: Final[dict[str, tuple[Reason, Callable[[Row, int], Message]]]] = {
    "no text": (Reason.MALFORMED_ROW, lambda row, number: json.dumps(row).encode() + b"\xff"),
    "an array": (Reason.MALFORMED_ROW, lambda row, number: json.dumps([row]).encode()),
    "cut off": (Reason.MALFORMED_ROW, lambda row, number: json.dumps(row).encode()[:-1]),
    "too deep": (Reason.MALFORMED_ROW, _changed(place=[[[[[[[[["x"]]]]]]]]])),
    "far too deep": (Reason.MALFORMED_ROW, lambda row, number: b"[" * (5_000 + number)),
    "too long": (Reason.MALFORMED_ROW, _too_long),
    "many headings": (Reason.MALFORMED_ROW, _changed(**{f"heading_{number}": "" for number in range(300)})),
    "a key twice": (
        Reason.MALFORMED_ROW,
        lambda row, number: json.dumps(row).encode()[:-1] + b', "id": "1"}',
    ),
    "half a surrogate pair": (Reason.MALFORMED_ROW, _changed(beat="\ud800")),
    "a shift out of bounds": (Reason.MALFORMED_ROW, _changed(shift_years="5000")),
    "a shift out of the calendar": (Reason.BAD_DATE, _changed(date="9999-12-31T12:00:00")),
    "of a later century": (Reason.BAD_DATE, _changed(date="2099-01-01T12:00:00")),
    "corrected in a later century": (Reason.BAD_DATE, _changed(updated_on="2099-01-01T12:00:00")),
    "no date": (Reason.MISSING_DATE, _without("date")),
    "a date in words": (Reason.BAD_DATE, _changed(date="soon")),
    "a bad arrest": (Reason.BAD_ARREST, _changed(arrest="perhaps")),
    "no id": (Reason.MISSING_ID, _without("id")),
    "a deletion without a time": (
        Reason.MISSING_DATE,
        lambda row, number: json.dumps({"id": row["id"], "deleted": True}).encode(),
    ),
}


@dataclass(frozen=True)
class History:
    """Messages, and what is to come of them.

    Attributes:
        published: the messages in the order of their publication; some twice.
        kept: every version of the incidents that are not deleted in the end.
        poison: different messages that no version can come of, by reason.
    """

    published: tuple[Message, ...]
    kept: tuple[Row, ...]
    poison: Counter[str]

    @classmethod
    def of(cls, incidents: Iterable[bytes], generator: random.Random, longest: int = VERY_LONG) -> History:
        """Make a history of incidents in the API layout.

        Of all incidents 5 % are corrected twice, across months and areas, one in ten of these at one moment;
        1 % are deleted; 1 % as many messages are added of each kind of poison; 10 % of all messages are
        repeated.

        Args:
            incidents: a message each.
            generator: chooses.
            longest: bytes of padding at most.

        Returns:
            The history.
        """
        rows: list[Row] = [json.loads(each) for each in incidents]
        number = len(rows)
        sent: list[tuple[float, Message]] = [(at, _encoded(row)) for at, row in enumerate(rows)]
        kept = list(rows)
        for at in generator.sample(range(number), number // 20):
            moments = _CORRECTED if generator.random() < 0.9 else (_CORRECTED[-1],) * 2
            when = float(at)
            for moment in moments:
                other = generator.choice(rows)
                when = generator.uniform(when, number)
                corrected = {
                    **rows[at],
                    "updated_on": moment,
                    "date": other["date"],
                    "arrest": generator.choice(("true", "false")),
                    "community_area": other.get("community_area", "8"),
                }
                kept.append(corrected)
                sent.append((when, _encoded(corrected)))
        deleted = set()
        for at in generator.sample(range(number), number // 100):
            deleted.add(rows[at]["id"])
            tombstone = {"id": rows[at]["id"], "deleted": True, "updated_on": generator.choice(_DELETED)}
            sent.append((generator.uniform(at, number), _encoded(tombstone)))
        poison = {
            make(row, each): reason.value
            for reason, make in POISON.values()
            for each, row in enumerate(generator.sample(rows, max(1, number // 100)))
        }
        poison = {_no_longer(message, longest): reason for message, reason in poison.items()}
        sent += [(generator.uniform(0, number), message) for message in poison]
        sent += [
            (generator.uniform(when, number), message)
            for when, message in generator.sample(sent, len(sent) // 10)
        ]
        sent.sort(key=lambda each: each[0])
        rest = tuple(row for row in kept if row["id"] not in deleted)
        return cls(tuple(message for _, message in sent), rest, Counter(poison.values()))

    @property
    def different(self) -> int:
        """The number of messages, repeats once."""
        return len(set(self.published))

    def read_in_order(self, reach: float, generator: random.Random) -> list[Message]:
        """Return the messages in the order in which they are read.

        Args:
            reach: how many places a message may fall back: 0 for none, infinity for any order.
            generator: chooses.

        Returns:
            The messages.
        """
        messages = list(self.published)
        if math.isinf(reach):
            generator.shuffle(messages)
            return messages
        keys = [number + generator.uniform(0, reach) for number in range(len(messages))]
        return [messages[number] for number in sorted(range(len(messages)), key=keys.__getitem__)]

    def write(self, path: Path) -> None:
        """Write the versions that count or are superseded as a file for a batch.

        Args:
            path: the file, CSV.
        """
        names = sorted({name for row in self.kept for name in row})
        lines = [join_record([row.get(name) for name in names]) for row in self.kept]
        path.write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")


def lives(messages: Sequence[Message], number: int = _LIVES) -> Iterator[Sequence[Message]]:
    """Return what each life of a pipeline reads: where one ends, the next begins a little before.

    Args:
        messages: all of them, in the order in which they are read.
        number: how many lives.

    Yields:
        The messages of a life.
    """
    length = math.ceil(len(messages) / number)
    for begin in range(0, len(messages), length):
        yield messages[max(0, begin - length // 10) : begin + length]


def _no_longer(message: Message, longest: int) -> Message:
    return message if isinstance(message, bytes) else Padded(message.head, min(message.padding, longest))


def _encoded(row: Row) -> bytes:
    return json.dumps(row).encode()
