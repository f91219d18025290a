"""What is kept of answers keeps to its size, whatever is asked."""

from tornado.httputil import HTTPHeaders, ResponseStartLine

from api.crates import CratesHandler
from api.encoded import Answers
from api.kept import Kept
from api.repeats import Replies, Reply


class Texts(Kept[str, str]):
    """Texts by their names."""

    def weight(self, key: str, value: str) -> int:
        return len(key) + len(value)


def test_the_oldest_make_room() -> None:
    texts = Texts(100)
    for number in range(10):
        texts.keep(str(number), "x" * 40)
    assert [number for number in range(10) if texts.get(str(number))] == [8, 9]
    texts.keep("9", "y" * 99)
    assert (texts.get("8"), texts.get("9")) == (None, "y" * 99)


def test_what_is_too_large_leaves_the_others_alone_but_not_what_it_replaces() -> None:
    texts = Texts(100)
    texts.keep("a", "1")
    texts.keep("b", "2")
    texts.keep("b", "x" * 100)
    assert (texts.get("a"), texts.get("b"), len(texts)) == ("1", None, 1)


def test_short_answers_to_long_urls_weigh_as_much_as_the_urls() -> None:
    answers = Answers(capacity=100_000)
    for number in range(1_000):
        answers.keep(f"/api/crates?fields=name&q={number:04}{'x' * 10_000}", b"[]")
    assert len(answers) == 9


def test_empty_replies_to_many_words_weigh_as_much_as_the_words() -> None:
    replies = Replies(capacity=100_000)
    line = ResponseStartLine("HTTP/1.1", 304, "Not Modified")
    for number in range(1_000):
        headers = HTTPHeaders({"Link": "y" * 4_000})
        replies.keep(("/api/crates", True, f"{number:04}{'x' * 4_000}"), Reply(line, headers, b"", CratesHandler))
    assert len(replies) == 9
