# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a curve over time as SVG within the page: no script, no request, and its labels are text of the page.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._core.html_elements import Html, day, element, join
from ..._core.timestamps import parse_time

#: The number of points that are drawn. Of more, every second or third one is.
DRAWN = 122
_WIDTH, _HEIGHT, _TOP = 1000.0, 100.0, 22.0


@dataclass(frozen=True)
class Curve:
    """What a chart shows: a title, the value of each point, how to write it, and a target, if there is one."""

    title: str
    key: str
    shown: Callable[[float], str]
    target: float | None = None


def chart(curve: Curve, points: Sequence[Mapping[str, Any]]) -> Html:
    """Return a figure: the newest value, the curve from zero to its maximum, and the first and last day."""
    known = [point for point in points if point.get(curve.key) is not None]
    caption = [element("span", curve.title)]
    if not known:
        return element(
            "figure", element("figcaption", *caption), element("p", "Not measured yet", class_="note"), class_="chart"
        )
    drawn = known[:: -(-len(known) // DRAWN)]
    drawn = drawn if drawn[-1] is known[-1] else [*drawn, known[-1]]
    last = curve.shown(known[-1][curve.key])
    top = max(*(point[curve.key] for point in drawn), curve.target or 0, 1e-9)
    days = [day(str(known[0]["at"])), day(str(known[-1]["at"]))]
    axis = [element("span", days[0]), element("span", days[1])] if len(known) > 1 else [element("span", days[1])]
    return element(
        "figure",
        element("figcaption", *caption, element("strong", last)),
        element("div", element("span", curve.shown(top), class_="top"), _svg(curve, drawn, top, last), class_="plot"),
        element("div", *axis, class_="axis"),
        class_="chart",
    )


def _svg(curve: Curve, drawn: Sequence[Mapping[str, Any]], top: float, last: str) -> Html:
    places = _places(drawn, curve.key, top)
    line = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    x_first, (x_last, y_last) = places[0][0], places[-1]
    stroke = {"vector_effect": "non-scaling-stroke", "fill": "none"}
    parts = [element("path", d=f"M{x_first:.1f} {_HEIGHT} L{line} L{x_last:.1f} {_HEIGHT} Z", class_="area")]
    if curve.target:
        y_target = _y(curve.target, top)
        parts.append(element("path", d=f"M0 {y_target:.1f} H{_WIDTH:.0f}", class_="target", **stroke))
    parts.append(element("path", d=f"M{line}", class_="line", **stroke))
    # A line without length and round ends is a dot that is not stretched with the picture.
    parts.append(element("path", d=f"M{x_last:.1f} {y_last:.1f} h0", class_="dot", **stroke))
    return element(
        "svg",
        *parts,
        join(_hints(curve, drawn, places)),
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{curve.title}: {last} on {day(str(drawn[-1]['at']))}",
    )


def _places(drawn: Sequence[Mapping[str, Any]], key: str, top: float) -> list[tuple[float, float]]:
    times = [parse_time(str(point["at"])).timestamp() for point in drawn]
    span = times[-1] - times[0]
    return [
        ((time - times[0]) / span * _WIDTH if span else _WIDTH, _y(point[key], top))
        for time, point in zip(times, drawn)
    ]


def _y(value: float, top: float) -> float:
    return _HEIGHT - value / top * (_HEIGHT - _TOP)


def _hints(curve: Curve, drawn: Sequence[Mapping[str, Any]], places: Sequence[tuple[float, float]]) -> list[Html]:
    """Return an invisible bar for each point, which shows its value under the pointer."""
    edges = [0.0, *((first[0] + second[0]) / 2 for first, second in zip(places, places[1:])), _WIDTH]
    return [
        element(
            "rect",
            element("title", f"{day(str(point['at']))}: {curve.shown(point[curve.key])}"),
            x=f"{left:.1f}",
            y="0",
            width=f"{max(right - left, 0):.1f}",
            height=f"{_HEIGHT:.0f}",
            fill="transparent",
        )
        for point, left, right in zip(drawn, edges, edges[1:])
    ]
