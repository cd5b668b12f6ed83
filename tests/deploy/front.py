"""The deployed API under an address that every machine can find.

MiniStack's API answers at a name under localhost. A function that asks its own callback, as the doctor and the sweep
do, needs a name server for that, which not every machine has.
"""

import contextlib
import http.server
import ssl

from deployment import Connection
from guard import serving


@contextlib.contextmanager
def before(deployment):
    """The API of a deployment as `https://localhost:PORT`."""
    cloud = deployment.cloud

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.pass_on({})

        def do_POST(self):
            self.pass_on({"Content-Type": self.headers["Content-Type"]})

        def pass_on(self, headers):
            host, port = deployment.url.removeprefix("https://").split(":")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers |= {"Host": f"{host}:{port}"}
            with contextlib.closing(Connection(host, int(port), timeout=60, context=cloud.trust)) as connection:
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
def found_by_name(deployment):
    """With links that lead to an address which the notifier, too, can find."""
    with before(deployment) as url, deployment.changed(deployment.notifier, COUNTERSIGN_CALLBACK_URL=url):
        yield
