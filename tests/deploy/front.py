"""The deployed API under an address that every machine can find.

MiniStack's API answers at a name under localhost. A function that asks its own callback, as the doctor does, needs a
name server for that, which not every machine has.
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
            host, port = deployment.url.removeprefix("https://").split(":")
            with contextlib.closing(Connection(host, int(port), timeout=60, context=cloud.trust)) as connection:
                connection.request("GET", self.path, headers={"Host": f"{host}:{port}"})
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
