"""Renders what a terminal shows in the end, from the bytes that a program sent to it.

    python3 render.py COLUMNS <typescript

It knows what the programs send: lines, carriage returns, cursor moves, erasures and colours.
"""

import re
import sys

COLUMNS = int(sys.argv[1])
TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")

text = sys.stdin.buffer.read().decode("utf-8", "replace")
# `script` adds a line of its own at the beginning and at the end
text = re.sub(r"^Script started on [^\n]*\n", "", text)
text = re.sub(r"\r?\n?Script done on [^\n]*\n?$", "", text)
lines, row, column = [""], 0, 0
for token in TOKEN.finditer(text):
    part, number = token.group(0), int(token.group(1) or 1) if (token.group(1) or "1").isdigit() else 1
    if part == "\r":
        column = 0
    elif part == "\n":
        row, column = row + 1, 0
        if row == len(lines):
            lines.append("")
    elif token.group(2) == "A":
        row = max(0, row - number)
    elif token.group(2) == "B":
        row = min(len(lines) - 1, row + number)
    elif token.group(2) == "K":
        lines[row] = "" if token.group(1) == "2" else lines[row][:column]
    elif token.group(2) == "J":
        lines[row], lines[row + 1 :] = lines[row][:column], []
    elif token.group(2) is None:
        line = lines[row].ljust(column)
        lines[row] = line[:column] + part + line[column + len(part) :]
        column += len(part)
wide = [line for line in lines if len(line.rstrip()) > COLUMNS]
assert not wide, f"wider than the terminal: {wide}"
print("\n".join(line.rstrip() for line in lines).rstrip("\n"))
