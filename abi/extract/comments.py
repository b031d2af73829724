"""Doc comments: their parts, and what their fixed phrases promise."""

import re


class Comment:
    """One doc comment: `brief`, `details`, `params` by name as (direction, text), and `returns`."""

    def __init__(self, raw):
        self.brief, self.details, self.params, self.returns = "", "", {}, ""
        for tag, body in sections(strip(raw or "")):
            if tag == "return":
                self.returns = join(body)
            elif tag.startswith("param"):
                direction = re.match(r"param(?:\[(.*)\])?$", tag).group(1)
                name, _, text = body.strip().partition(" ")
                # What stands behind an empty line, or in the last parameter's text, is the parameter's all the same.
                self.params[name] = ({"out": "out", "in,out": "inout"}.get(direction), join(text))
            elif tag == "brief":
                first, _, rest = body.strip("\n").partition("\n\n")
                self.brief, self.details = join(first), join(rest)
            elif tag != "file":
                self.brief = join(body)

    @property
    def whole(self):
        """Everything but the tags, for phrases that may stand anywhere."""
        texts = [self.brief, self.details, *(text for _, text in self.params.values()), self.returns]
        return " ".join(text for text in texts if text)


def strip(raw):
    """The text of a comment without its stars."""
    text = re.sub(r"^/\*\*<?|\*/$", "", raw.strip())
    return "\n".join(re.sub(r"^\s*\* ?", "", line) for line in text.split("\n"))


def sections(text):
    """Pairs of tag and body; the text before the first tag has the tag ""."""
    found = re.split(r"(?m)^\s*@(brief|param(?:\[[a-z,]+\])?|return|file)(?=\s) ?", text)
    if found[0].strip():
        yield "", found[0]
    for tag, body in zip(found[1::2], found[2::2]):
        yield tag, body


def join(text):
    """Paragraphs and items of lists on one line each, an empty line between paragraphs; what is indented by four is code and stays."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = paragraph.rstrip().split("\n")
        if all(line.startswith("    ") for line in lines):
            paragraphs.append("\n".join(line.rstrip() for line in lines))
        else:
            flowing = "\n".join(line.strip() for line in lines).strip()
            paragraphs.append(re.sub(r"\n(?!- )", " ", flowing))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def since(comment):
    """The version of "Since 0.1.", or None."""
    found = re.search(r"\bSince (\d+\.\d+)\.", comment.whole)
    return found and found.group(1)


def is_nullable(text):
    """Whether the text says what NULL means."""
    return re.search(r"\bNullable\b|\bNULL\b(?! on failure| on error)", text) is not None and "not NULL" not in text


def waits(comment):
    """Whether the call may wait for something: a binding lets other threads run meanwhile. What is refused to a callback may."""
    return (
        re.search(r"\bWaits\b", comment.whole) is not None
        or re.search(r"(?<!not )(?<!never )\bwaits\b", comment.returns) is not None
        or "release waits" in comment.whole
        or "CAPSULE_E_REENTRANT" in comment.returns
    )


def statuses(text):
    return sorted(set(re.findall(r"CAPSULE_(?:OK|E_[A-Z]+)\b", text)))


def released_by(text):
    """The function that the text names as what ends the thing."""
    found = re.search(r"\b[Ee]nded with (?:`)?(capsule_\w+)\(\)", text)
    return found and found.group(1)
