"""What listens at our ports from the first moment, and who answers there.

Importing Panel and opening the state file take longer than binding a port: until they are done, `starting` answers, and
who wants to follow the events waits.
"""

import socket

from tornado import httputil
from tornado.httpserver import HTTPServer

from workbench.serving.oversized import TORNADO_LIMIT, BoundedRequest
from workbench.serving.waiting_room import PatientRequest, WaitingRoom


class Front(httputil.HTTPServerConnectionDelegate):
    """The application behind a port until another takes its place, also on connections that stay open.

    Until the `waiting_room` is opened, requests for events stay in it; the application has given way before.
    """

    def __init__(
        self, application: httputil.HTTPServerConnectionDelegate, waiting_room: WaitingRoom | None = None
    ) -> None:
        self.application = application
        self._waiting_room = waiting_room
        self._server = HTTPServer(self, max_body_size=TORNADO_LIMIT)

    def listen(self, sockets: list[socket.socket]) -> HTTPServer:
        """Answer at sockets that listen already; returns the server."""
        self._server.add_sockets(sockets)
        return self._server

    def give_way(self, application: httputil.HTTPServerConnectionDelegate) -> None:
        """Let another application answer every request from now on."""
        self.application = application

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """Return what will hand the next request of a connection to the application of that moment.

        Tornado asks for it as soon as the one before is answered, which may be long before.
        """
        request = BoundedRequest(request_conn, lambda: self.application.start_request(server_conn, request_conn))
        room = self._waiting_room
        return request if room is None or room.is_open else PatientRequest(room, request_conn, request)

    def on_close(self, server_conn: object) -> None:
        """Tell the application that a connection ended."""
        self.application.on_close(server_conn)
