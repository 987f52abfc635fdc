"""The guides as what can be tried: their headings, links, and fenced blocks.

A block says behind its language what it is:

    ```yaml                     documents, which have no mistakes
    ```yaml fragment            part of a document, shown for itself
    ```yaml settings            settings of a host
    ```LANGUAGE PATH            the file of that name, written before what follows
    ```LANGUAGE PATH append     the same, behind what it has
    ```sh                       what somebody types; only its verbs and options are looked at
    ```sh run                   the same, and run on a throwaway machine
    ```sh run exit=4            which ends with this status
    ```output                   what the block above prints; ... stands for anything
"""

import glob
import os
import re

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
LANGUAGES = ("en", "ar")


class Block:
    def __init__(self, path, line, info):
        words = info.split()
        self.path, self.line = path, line
        self.language = words[0] if words else ""
        self.words = words[1:]
        self.text = ""

    @property
    def place(self):
        return f"{os.path.relpath(self.path, TOP)}:{self.line}"

    @property
    def file(self):
        """The path of the file that the block is; None when it is none."""
        kinds = ("run", "settings", "fragment", "append")
        names = [w for w in self.words if w not in kinds and "=" not in w]
        return names[0] if names else None

    @property
    def runs(self):
        return self.language == "sh" and "run" in self.words

    @property
    def status(self):
        return next((int(w[5:]) for w in self.words if w.startswith("exit=")), 0)


class Page:
    """One Markdown file."""

    def __init__(self, path):
        self.path = path
        self.blocks, self.headings, self.links, self.anchors = [], [], [], set()
        self.is_for_everybody = False
        block = None
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                fence = re.match(r"\s*```(.*)$", line)
                if fence and block is None:
                    block = Block(path, number, fence.group(1))
                elif fence:
                    self.blocks.append(block)
                    block = None
                elif block is not None:
                    block.text += line
                else:
                    self._text(number, line)
        assert block is None, f"{path}: a block is not closed"

    def _text(self, number, line):
        self.is_for_everybody |= line.strip() == "<!-- as an ordinary user -->"
        heading = re.match(r"(#+) (.*)$", line)
        if heading:
            self.headings.append((len(heading.group(1)), heading.group(2)))
            self.anchors.add(anchor(heading.group(2)))
        plain = re.sub(r"(`+).*?\1", "code", line)
        self.links += [(number, target) for target in re.findall(r"\]\(([^)\s]+)\)", plain)]


def anchor(heading):
    """As GitHub makes it: words in lower case, hyphens between them."""
    text = re.sub(r"[`*]", "", heading).strip().lower()
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def guides(language):
    """The pages of one language, by their names."""
    files = sorted(glob.glob(os.path.join(TOP, "docs", language, "*.md")))
    return {os.path.basename(f): Page(f) for f in files}


def without_comments(text):
    """Comments are in the reader's language; all else is the same."""
    return re.sub(r"[ \t]*(^|\s)# .*$", "", text, flags=re.M)
