"""A mail server that takes letters, or refuses those to whom it is told."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.letters: list[EmailMessage] = []
        """What was taken, the oldest first."""
        self.refusals: dict[str, str] = {}
        """What is answered to letters for an address."""
        self.refused: list[str] = []
        """The addresses for which that was answered."""

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 mail.example ESMTP")
        while line := self.rfile.readline().decode().strip():
            command = line.upper()
            address = line.partition("<")[2].partition(">")[0]
            if command.startswith("EHLO"):
                self.say("250-mail.example\r\n250 8BITMIME")
            elif command.startswith("RCPT") and address in self.server.refusals:
                self.server.refused.append(address)
                self.say(self.server.refusals[address])
            elif command == "DATA":
                self.say("354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                letter = email.message_from_bytes(body, policy=email.policy.default)
                assert isinstance(letter, EmailMessage)
                self.server.letters.append(letter)
                self.say("250 taken")
            elif command == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 good")


@contextmanager
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
