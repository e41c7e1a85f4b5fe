# SPDX-License-Identifier: LGPL-2.1-or-later
"""A polkit agent for one caller, which stands for the person at the dialog."""

from .worker import Worker


class Agent(Worker):
    """Answers for a caller: "yes", "no", "cancel", "never", or "ask" to be told each time.

    It runs as root, as the session's agent helper does, for only root may tell polkit that somebody
    authenticated.
    """

    def __init__(self, bus, caller, answer="yes"):
        super().__init__("agent_worker", [bus.address, str(caller.pid), answer],
                         env=bus.environment())

    def set_answer(self, answer):
        self.send({"do": "mode", "answer": answer})
        self.wait_for(lambda m: m["event"] == "mode")

    def wait_asked(self, seconds=10):
        """The next question: action, message, details, cookie."""
        return self.wait_for(lambda m: m["event"] == "asked", seconds)

    def wait_cancelled(self, seconds=10):
        """polkit took a question back, for its caller went away."""
        return self.wait_for(lambda m: m["event"] == "cancelled", seconds)

    def answer(self, question, answer):
        self.send({"do": "respond", "cookie": question["cookie"], "answer": answer})

    def times_asked(self):
        return sum(1 for m in self.messages if m["event"] == "asked")
