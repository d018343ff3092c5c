# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The style of every page of the collection: light and dark by the reader's setting, for a phone, a screen and paper.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1f2630; --quiet: #5d6673; --rule: #e3e0d9;
  --accent: #2b5c8a; --area: #2b5c8a1f; --well: #2a7a4b; --attention: #8f5f00; --failed: #b3261e;
  --well-tint: #e7f3ec; --attention-tint: #fbf1dc; --failed-tint: #fbe9e7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #13161b; --card: #1a1e25; --ink: #e4e7eb; --quiet: #98a2b0; --rule: #2b313a;
    --accent: #86b7e8; --area: #86b7e826; --well: #74c795; --attention: #e3b45c; --failed: #f2918a;
    --well-tint: #17281e; --attention-tint: #2b2415; --failed-tint: #321c1b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; padding: clamp(1rem, 4vw, 3rem) clamp(1rem, 4vw, 2rem) 3rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
main, header, footer { max-width: 60rem; margin: 0 auto; }
p { margin: 0; }
header .where { color: var(--quiet); font-size: .875rem; }
header .where strong { color: var(--ink); font-weight: 600; }
h1 {
  margin: .75rem 0 0; padding: 1rem 1.25rem; border-radius: .5rem; border-left: .375rem solid;
  font-size: clamp(1.125rem, 1rem + 1vw, 1.5rem); font-weight: 600; line-height: 1.35; overflow-wrap: anywhere;
}
h1.well { background: var(--well-tint); border-color: var(--well); }
h1.attention { background: var(--attention-tint); border-color: var(--attention); }
h1.failed { background: var(--failed-tint); border-color: var(--failed); }
section { margin-top: 2.5rem; }
h2 { margin: 0 0 .5rem; font-size: 1.0625rem; font-weight: 600; }
.note { color: var(--quiet); font-size: .875rem; margin-bottom: .5rem; }
ul.findings { list-style: none; margin: 1rem 0 0; padding: 0; }
ul.findings li { display: grid; grid-template-columns: 9rem 1fr; gap: .75rem; padding: .375rem 0; }
ul.findings li + li { border-top: 1px solid var(--rule); }
ul.findings span:last-child { overflow-wrap: anywhere; }
dl.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem;
  margin: 1.5rem 0 0;
}
dl.tiles div { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem; padding: .75rem 1rem; }
dl.tiles dt { color: var(--quiet); font-size: .8125rem; }
dl.tiles dd { margin: 0; }
dl.tiles dd.value { font-size: 1.375rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.35; }
dl.tiles dd.detail { color: var(--quiet); font-size: .8125rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
table { width: 100%; border-collapse: collapse; font-size: .9063rem; font-variant-numeric: tabular-nums; }
th { color: var(--quiet); font-weight: 500; font-size: .8125rem; text-align: left; white-space: nowrap; }
th, td { padding: .4375rem 1.25rem .4375rem 0; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr { border-top: 1px solid var(--rule); }
td { overflow-wrap: break-word; }
.message { min-width: 16rem; white-space: pre-line; }
.number { text-align: right; white-space: nowrap; }
time, .code, .host { white-space: nowrap; }
.code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .8125rem; }
.chip { display: inline-flex; align-items: baseline; gap: .4375rem; white-space: nowrap; }
.chip::before {
  content: ""; flex: none; width: .5625rem; height: .5625rem; border-radius: 50%; background: var(--quiet);
}
.chip.well::before { background: var(--well); }
.chip.attention::before { background: var(--attention); border-radius: .125rem; }
.chip.failed::before { background: var(--failed); border-radius: 0; transform: rotate(45deg) scale(.9); }
.chip.quiet::before { background: none; border: 1.5px solid var(--quiet); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.chart {
  margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: .75rem 1rem;
}
.chart figcaption {
  display: flex; justify-content: space-between; gap: 1rem; font-size: .875rem; color: var(--quiet);
}
.chart figcaption strong { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.plot {
  position: relative; margin: .625rem 0 .25rem; border-bottom: 1px solid var(--rule);
  border-top: 1px dotted var(--rule);
}
.plot .top { position: absolute; top: .125rem; left: 0; font-size: .6875rem; color: var(--quiet); }
.plot svg { display: block; width: 100%; height: 5.5rem; overflow: visible; }
.axis { display: flex; justify-content: space-between; font-size: .75rem; color: var(--quiet); }
.area { fill: var(--area); }
.line { stroke: var(--accent); stroke-width: 1.75; stroke-linejoin: round; }
.dot { stroke: var(--accent); stroke-width: 7; stroke-linecap: round; }
.target { stroke: var(--failed); stroke-width: 1.25; stroke-dasharray: 4 4; }
footer {
  margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--quiet);
  font-size: .8125rem;
}
@media (max-width: 34rem) {
  ul.findings li { grid-template-columns: 1fr; gap: 0; }
  dl.tiles { grid-template-columns: 1fr 1fr; }
  h1 { padding: .875rem 1rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tbody tr { padding: .625rem 0; }
  tbody tr:first-child { border-top: 0; }
  td, td:last-child { display: grid; grid-template-columns: 6.5rem 1fr; gap: .75rem; padding: .125rem 0; }
  td::before { content: attr(data-head); color: var(--quiet); font-size: .8125rem; }
  td:first-child { font-weight: 600; }
  td:first-child::before { font-weight: 400; }
  td > * { justify-self: start; min-width: 0; overflow-wrap: anywhere; white-space: normal; }
  .message { min-width: 0; }
  .number { text-align: left; }
}
@media print {
  :root { --paper: #fff; --card: #fff; }
  body { padding: 0; font-size: 10.5pt; }
  section, .chart, dl.tiles div { break-inside: avoid; }
  .wide { overflow: visible; }
  h1 { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .chip::before, .area { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""
