"""A proxy for the deployed API, under an address that every machine can resolve.

MiniStack's API has a name under localhost, which not every machine resolves. The notifier calls that API in the doctor
and in the sweep.
"""

import contextlib
import http.server
import ssl

from deployment import Connection
from guard import serving


@contextlib.contextmanager
def started(deployment):
    """The API of a deployment as `https://localhost:PORT`."""
    cloud = deployment.cloud

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.forward({})

        def do_POST(self):
            self.forward({"Content-Type": self.headers["Content-Type"]})

        def forward(self, headers):
            netloc = deployment.url.removeprefix("https://")
            host, _, port = netloc.partition(":")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers |= {"Host": netloc}
            port = int(port or cloud.port)
            with contextlib.closing(Connection(host, port, timeout=60, context=cloud.trust)) as connection:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                body = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cloud.certificate.certificate, cloud.certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server) as port:
        yield f"https://localhost:{port}"


@contextlib.contextmanager
def reachable_callback(deployment):
    """Gives the notifier a callback URL that it can resolve and the callback accepts, until the end of the block."""
    with (
        started(deployment) as url,
        deployment.changed(deployment.callback, COUNTERSIGN_ORIGINS=f"{url},{deployment.url}"),
        deployment.changed(deployment.notifier, COUNTERSIGN_CALLBACK_URL=url),
    ):
        yield
