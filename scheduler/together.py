"""What several threads ask for at the same moment, done once for all of them: one transaction instead of many.

Whoever comes first does it for those that have come by then, and hands over to one who came meanwhile. So nobody waits
for others to come, alone it is as if this weren't there, and each round holds exactly those that are there to use it.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_Asked = TypeVar("_Asked")
_Given = TypeVar("_Given")


class _Question(Generic[_Asked, _Given]):
    """One thread's part of a round."""

    def __init__(self, asked: _Asked) -> None:
        self.asked = asked
        self.given: list[_Given] = []  # one, once it is there
        self.alone = False  # its round failed, by whosever fault
        self.told = threading.Lock()  # let go once it is answered, or is to lead the next round: the quickest bell
        self.told.acquire()


class Together(Generic[_Asked, _Given]):
    """Answers questions in rounds; `answer` gives as many answers as it was asked, in the same order."""

    def __init__(self, answer: Callable[[Sequence[_Asked]], Sequence[_Given]]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._waiting: list[_Question[_Asked, _Given]] = []
        self._led = False

    def ask(self, asked: _Asked) -> _Given:
        """Return the answer; a question whose round failed is asked once more by itself, so that each has its own."""
        mine: _Question[_Asked, _Given] = _Question(asked)
        with self._lock:
            self._waiting.append(mine)
            leads, self._led = not self._led, True
        if not leads:
            mine.told.acquire()
        if not mine.given and not mine.alone:
            self._lead()
        return mine.given[0] if mine.given else self._answer([asked])[0]

    def _lead(self) -> None:
        """Answer those who are waiting, this thread among them."""
        with self._lock:
            asking, self._waiting = self._waiting, []
        try:
            answers = self._answer([one.asked for one in asking])
            for one, given in zip(asking, answers, strict=True):
                one.given.append(given)
        except BaseException as error:
            for one in asking:
                one.given.clear()
                one.alone = True
            if len(asking) == 1 or not isinstance(error, Exception):
                raise
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for one in (*asking, *([following] if following else [])):
                one.told.release()
