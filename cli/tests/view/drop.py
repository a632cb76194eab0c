"""Drops files on an X11 window: the source's side of XDND, version 5. Usage: drop.py WINDOW FILE..."""

import sys
import time
from urllib.parse import quote

from Xlib import X, Xatom, display
from Xlib.protocol import event

PATIENCE = 30.0

screen = display.Display()
atom = screen.intern_atom
target = screen.create_resource_object("window", int(sys.argv[1]))
uris = "".join(f"file://{quote(path)}\r\n" for path in sys.argv[2:]).encode()

root = screen.screen().root
source = root.create_window(0, 0, 1, 1, 0, screen.screen().root_depth)
source.set_selection_owner(atom("XdndSelection"), X.CurrentTime)


def send(kind, *data):
    numbers = (list(data) + [0] * 5)[:5]
    message = event.ClientMessage(window=target, client_type=atom(kind), data=(32, numbers))
    target.send_event(message)
    screen.flush()


def answer(request):
    """Hands the files over, or says that there is nothing of the kind."""
    given = request.property or request.target
    if request.target == atom("text/uri-list"):
        request.requestor.change_property(given, request.target, 8, uris)
    elif request.target == atom("TARGETS"):
        request.requestor.change_property(given, Xatom.ATOM, 32, [atom("text/uri-list")])
    else:
        given = X.NONE
    request.requestor.send_event(
        event.SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=given,
        )
    )
    screen.flush()


def wait(kind):
    """The next message of this kind; requests for the selection are answered meanwhile."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        while screen.pending_events():
            found = screen.next_event()
            if found.type == X.SelectionRequest:
                answer(found)
            elif found.type == X.ClientMessage and found.client_type == atom(kind):
                return found.data[1]
        time.sleep(0.01)
    sys.exit(f"no {kind} within {PATIENCE} s")


version = target.get_full_property(atom("XdndAware"), X.AnyPropertyType)
if version is None:
    sys.exit("the window takes no drops: it has no XdndAware")
size = target.get_geometry()
place = root.translate_coords(target, size.width // 2, size.height // 2)
send("XdndEnter", source.id, 5 << 24, atom("text/uri-list"))
send("XdndPosition", source.id, 0, place.x << 16 | place.y, X.CurrentTime, atom("XdndActionCopy"))
if not wait("XdndStatus")[1] & 1:
    sys.exit("the window does not want the files")
send("XdndDrop", source.id, 0, X.CurrentTime)
wait("XdndFinished")
