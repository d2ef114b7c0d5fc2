"""A store that says what the test wants; what the library makes of it stays real."""


class Answering:
    """An S3 that says what the test wants; botocore's own parsing and errors stay real."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    async def __call__(self, reader, writer):
        while line := await reader.readline():
            method = line.split()[0].decode()
            length = 0
            while (header := await reader.readline()).strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
                if header.lower().startswith(b"expect:"):
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await reader.readexactly(length)
            self.asked.append(method)
            answers = self.answers.get(method, [(403, "AccessDenied")])
            status, code = answers.pop(0) if len(answers) > 1 else answers[0]
            body = f"<Error><Code>{code}</Code></Error>".encode() if status >= 300 else b""
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )
            await writer.drain()
        writer.close()
