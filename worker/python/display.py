"""Rich output: what notebooks' protocol of `_repr_*_` methods says of an object, as bundles of MIME types; progress; matplotlib's
figures. Imports nothing that a session which shows nothing would have to wait for."""

import sys

# The formats of the protocol besides text/plain, in the order in which IPython asks for them.
FORMATS = (
    ("text/html", "_repr_html_"),
    ("text/markdown", "_repr_markdown_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("application/pdf", "_repr_pdf_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("text/latex", "_repr_latex_"),
    ("application/json", "_repr_json_"),
    ("application/javascript", "_repr_javascript_"),
)
METHODS = ("_ipython_display_", "_repr_mimebundle_", *(name for _, name in FORMATS))
# How the names of types begin whose data a str has in base64; those of XML or JSON are told apart before.
BINARY_TYPES = ("image/", "audio/", "video/", "application/pdf", "application/octet-stream")
# What has an attribute of this name, which is IPython's, has one of every name (a mock, a remote object): that says nothing.
CANARY = "_ipython_canary_method_should_not_exist_"
# Types whose instances have none of the methods, and cannot be given any.
PLAIN_TYPES = frozenset(
    (type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, type)
)

FAILED = object()  # in the place of a result that may be anything

MAX_PARTS = 100  # of a bundle
MAX_NAME_CHARS = 256  # of an id, a MIME type, or a label
MAX_TRACEBACK_FRAMES = 8  # of a formatter that failed

BACKEND = "capsule_matplotlib"  # the name under which matplotlib imports our backend
WINDOW_TOOLKITS = ("gtk", "macosx", "qt", "tk", "wx")  # as the names of matplotlib's backends begin


class Display:
    """What the session's code shows to its host besides text."""

    def __init__(self, native, max_bytes):
        self.native = native
        self.max_bytes = max_bytes
        self.backend = None  # our backend of matplotlib, once it is in use
        self.never_caught = getattr(native, "OutputBackpressureExceeded", ())

    def display(
        self,
        *objects,
        include=None,
        exclude=None,
        metadata=None,
        transient=None,
        display_id=None,
        raw=False,
        update=False,
        **ignored,  # what IPython's display() has beyond these is for notebooks alone
    ):
        """Shows objects to the host: as text, and in every richer form that they have.

        display_id  names the display for later updates; True makes a name up. A DisplayHandle is returned.
        raw         The objects are dicts of MIME types and data.
        include, exclude  are the only MIME types wanted, and those not wanted.
        metadata    A dict to go with the display, of MIME types and what is to be said of their data.
        """
        display_id = display_id or (transient or {}).get("display_id")
        if display_id is True:
            display_id = new_id()
        elif display_id:
            check_id("display_id", display_id)
        elif update:
            raise TypeError("an update takes a display_id")
        if metadata is not None and not isinstance(metadata, dict):
            raise TypeError(f"metadata must be a dict, not {type(metadata).__name__}")
        if not objects and display_id:
            objects, raw = ({},), True  # a place for updates
        for obj in objects:
            if raw:
                if not isinstance(obj, dict):
                    raise TypeError(f"raw=True takes dicts of MIME types and data, not {type(obj).__name__}")
                data, notes = obj, {}
            else:
                data, notes = self.format(obj, self.methods_of(obj), include, exclude)
                if not data:
                    continue
            self.send(self.encode_all(data), merge(notes, metadata), display_id or "", update, False)
        return DisplayHandle(self, display_id) if display_id else None

    def update_display(self, obj, *, display_id, **options):
        """Shows the object in the place of what was displayed with that id."""
        options["update"] = True
        self.display(obj, display_id=display_id, **options)

    def show_result(self, value):
        """Shows an execution's value if it is more than text; returns whether it is."""
        if type(value) in PLAIN_TYPES:
            return False
        methods = self.methods_of(value)
        if not methods:
            return False
        data, notes = self.format(value, methods)
        if not data:
            return True  # it has displayed itself
        parts = self.encode_all(data)
        if all(mime == "text/plain" for mime, _ in parts):
            return False
        self.send(parts, notes, "", False, True)
        return True

    def progress(self, value, total=None, label="", *, id=""):
        """Tells the host how far the code has come: `value` of `total`, if there is one. Several at once have an id each."""
        if not isinstance(label, str):
            raise TypeError(f"label must be a str, not {type(label).__name__}")
        if id != "":
            check_id("id", id)
        value = real_number("value", value)
        total = float("nan") if total is None else real_number("total", total)
        self.native.progress(id, value, total, encodable(label[:MAX_NAME_CHARS]))

    def methods_of(self, obj):
        """The methods of the protocol that the object has, by their names."""
        kind = type(obj)
        if kind in PLAIN_TYPES or issubclass(kind, type):
            return {}
        try:
            if getattr(obj, CANARY, None) is not None:
                return {}
        except Exception:
            return {}
        methods = {}
        for name in METHODS:
            try:
                method = getattr(obj, name, None)
            except Exception:
                continue
            if method is not None and callable(method):
                methods[name] = method
        if "_repr_png_" not in methods and descends(kind, "matplotlib.figure", "Figure"):
            methods["_repr_png_"] = lambda: figure_png(obj)
        if descends(kind, "plotly.basedatatypes", "BaseFigure"):
            methods.pop("_ipython_display_", None)  # it just prints where it finds no notebook; the others say it all
        return methods

    def format(self, obj, methods, include=None, exclude=None):
        """Data and metadata by MIME type; no data where the object has displayed itself. By IPython's rules."""
        if "_ipython_display_" in methods and self.call(methods["_ipython_display_"], default=FAILED) is not FAILED:
            return {}, {}

        def wanted(mime):
            return not (include and mime not in include) and not (exclude and mime in exclude)

        data, metadata = {}, {}
        if "_repr_mimebundle_" in methods:
            bundle, notes = split(self.call(methods["_repr_mimebundle_"], include=include, exclude=exclude))
            if isinstance(bundle, dict):
                data = {mime: value for mime, value in bundle.items() if value is not None and wanted(mime)}
                if isinstance(notes, dict):
                    metadata = {mime: note for mime, note in notes.items() if wanted(mime)}
            elif bundle is not None:
                self.report(TypeError(f"_repr_mimebundle_ returned {type(bundle).__name__}, not dict"))
        if "text/plain" not in data and wanted("text/plain"):
            data["text/plain"] = self.plain_text(obj)
        for mime, name in FORMATS:
            if name in methods and mime not in data and wanted(mime):
                value, note = split(self.call(methods[name]))
                if value is not None:
                    data[mime] = value
                    if note is not None:
                        metadata[mime] = note
        return data, metadata

    def plain_text(self, obj):
        try:
            return repr(obj)
        except self.never_caught:
            raise
        except Exception as error:
            self.native.count("display_errors", 1)
            return f"<repr() failed: {type(error).__name__}>"

    def call(self, method, default=None, **arguments):
        """What a formatter returns; the default where it fails, which is reported."""
        try:
            return method(**arguments)
        except self.never_caught:
            raise
        except NotImplementedError:
            return default
        except Exception as error:
            self.report(error, error.__traceback__.tb_next)
            return default

    def report(self, error, traceback=None):
        """Counts a formatter's failure, and prints it; ours are not among the traceback's frames."""
        self.native.count("display_errors", 1)
        try:
            from traceback import print_exception

            print_exception(type(error), error, traceback, limit=-MAX_TRACEBACK_FRAMES, chain=traceback is not None)
        except self.never_caught:
            raise
        except Exception:
            pass  # stderr is the user's, and may be broken

    def encode_all(self, data):
        """The parts of a bundle; what cannot be encoded is reported."""
        if len(data) > MAX_PARTS:
            self.native.count("displays_truncated", len(data) - MAX_PARTS)
            data = dict(list(data.items())[:MAX_PARTS])
        parts = []
        for mime, value in data.items():
            try:
                parts.append((check_mime(mime), self.encode_text(value) if mime == "text/plain" else encode(mime, value)))
            except Exception as error:
                error.add_note(f"(in the display of {mime[:MAX_NAME_CHARS] if isinstance(mime, str) else type(mime).__name__})")
                self.report(error)
        return parts

    def encode_text(self, value):
        """UTF-8 of a text, its end left out where it is too large; unlike other parts it is never too large to be shown at all."""
        text = text_of(value)
        limit = max(0, self.max_bytes - len("text/plain"))
        head = text[: limit + 1].encode("utf-8", "replace")
        if len(head) <= limit:
            return head
        self.native.count("displays_truncated", 1)
        room = limit - len(left_out(len(text)))
        kept = head[: max(0, room)].decode("utf-8", "ignore")
        return (kept + left_out(len(text) - len(kept))).encode("utf-8")[:limit]

    def send(self, parts, metadata, display_id, update, is_result):
        """Sends a bundle: what is too large is left out, the largest first."""
        notes = self.encode_metadata(metadata)
        size = sum(len(mime) + len(data) for mime, data in parts) + len(notes.encode())
        if size > self.max_bytes:
            gone = set()
            sizes = [(len(data), mime) for mime, data in parts if mime != "text/plain"]
            if notes:
                sizes.append((len(notes.encode()), ""))
            for length, mime in sorted(sizes, reverse=True):
                if size <= self.max_bytes:
                    break
                size -= len(mime) + length
                gone.add(mime)
            self.native.count("displays_truncated", len(gone))
            parts = [part for part in parts if part[0] not in gone]
            notes = "" if "" in gone else self.encode_metadata({name: metadata[name] for name in metadata if name not in gone})
            if not parts and gone - {""}:
                text = f"<{', '.join(sorted(gone - {''}))} left out: larger than {self.max_bytes} bytes>"
                parts = [("text/plain", text.encode()[: max(0, self.max_bytes - len("text/plain"))])]
        self.native.display(display_id, update, is_result, parts, notes)

    def encode_metadata(self, metadata):
        if not metadata:
            return ""
        try:
            return encode_json(metadata).decode()
        except Exception as error:
            error.add_note("(in the metadata of a display)")
            self.report(error)
            return ""

    def patch_ipython_display(self, module):
        """Makes IPython's functions ours, wherever IPython has them: without a shell of its own its display() just prints."""
        for name, ours in (
            ("display", self.display),
            ("update_display", self.update_display),
            ("publish_display_data", self.publish_display_data),
        ):
            theirs = getattr(module, name, None)
            if theirs is None:
                continue
            setattr(module, name, ours)
            for other_name, other in list(sys.modules.items()):
                package = other_name.partition(".")[0]
                if package in ("IPython", "matplotlib_inline") and getattr(other, "__dict__", {}).get(name) is theirs:
                    setattr(other, name, ours)

    def publish_display_data(self, data, metadata=None, source=None, *, transient=None, update=False, **ignored):
        """IPython's function for bundles that are made already."""
        self.display(data, raw=True, metadata=metadata, transient=transient, update=update)

    def patch_matplotlib(self, module):
        """Makes our backend the default. It goes by rcParams, not by the environment: child processes know nothing of it."""
        try:
            import os

            chosen = chosen_backend(module)
            # That of a matplotlibrc may be a window toolkit that nobody asked for: Debian's names TkAgg.
            if os.environ.get("MPLBACKEND") or (chosen is not None and not chosen.lower().startswith(WINDOW_TOOLKITS)):
                return
            sys.meta_path.append(BackendFinder(self))
            module.rcParams["backend"] = f"module://{BACKEND}"
        except Exception:
            pass  # it is no matplotlib that we know, and does without

    def flush_figures(self):
        """Shows and closes the figures that an execution leaves open, as notebooks do."""
        if self.backend is not None:
            self.backend.flush_figures()


class DisplayHandle:
    """A display that can be updated."""

    def __init__(self, owner, display_id):
        self._owner = owner
        self.display_id = display_id

    def __repr__(self):
        return f"<DisplayHandle display_id={self.display_id}>"

    def display(self, obj, **options):
        """Displays the object anew, and in the places of the displays with this id."""
        self._owner.display(obj, display_id=self.display_id, **options)

    def update(self, obj, **options):
        """Shows the object in the place of what was displayed."""
        self._owner.update_display(obj, display_id=self.display_id, **options)


class BackendFinder:
    """Imports our backend of matplotlib, which is in no file."""

    def __init__(self, display):
        self.display = display

    def find_spec(self, name, path=None, target=None):
        if name != BACKEND:
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        fill_backend(module, self.display)
        self.display.backend = module


def fill_backend(module, display):
    """Defines a backend in its module: figures are drawn by Agg, and shown as PNG."""
    from matplotlib._pylab_helpers import Gcf
    from matplotlib.backend_bases import FigureManagerBase
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    class FigureManager(FigureManagerBase):
        shown = False  # by its own show(), and not since changed

        def show(self):
            display.display(self.canvas.figure)
            self.shown = True
            self.canvas.figure.stale = False

        def destroy(self):
            pass  # a figure that is closed keeps its canvas, and with it its show()

    class FigureCanvas(FigureCanvasAgg):
        manager_class = FigureManager

        def draw_idle(self, *args, **kwargs):
            pass  # there is no window that would have to follow the figure's changes

    def show_all(repeat):
        managers = [manager for manager in Gcf.get_all_fig_managers() if isinstance(manager, FigureManager)]
        try:
            for manager in managers:
                if repeat or not manager.shown or manager.canvas.figure.stale:
                    display.display(manager.canvas.figure)
        finally:
            for manager in managers:
                Gcf.destroy(manager)

    def show(*, block=None):
        """Shows the open figures, and closes them."""
        show_all(True)

    for thing in (FigureManager, FigureCanvas, show):
        thing.__module__ = BACKEND
        thing.__qualname__ = thing.__name__
        setattr(module, thing.__name__, thing)
    module.flush_figures = lambda: show_all(False)


def chosen_backend(matplotlib):
    """The backend's name; None where matplotlib has still to look for one. Asking must not make it look."""
    try:
        return matplotlib.get_backend(auto_select=False)
    except TypeError:  # before 3.10
        return matplotlib.rcParams._get_backend_or_none()


def descends(kind, module, name):
    """Whether the type is a subclass of the module's, which need not be imported for that."""
    base = getattr(sys.modules.get(module), name, None)
    return isinstance(base, type) and issubclass(kind, base)


def figure_png(figure):
    """As IPython's formatter has it, but that a figure without axes is one, too, if there is anything else in it."""
    import io

    if len(figure.get_children()) < 2:  # its background is one
        return None
    file = io.BytesIO()
    figure.canvas.print_figure(
        file,
        format="png",
        dpi=figure.dpi,
        facecolor=figure.get_facecolor(),
        edgecolor=figure.get_edgecolor(),
        bbox_inches="tight",
    )
    return file.getvalue()


def split(result):
    """Data and metadata of what a formatter returned."""
    return result if isinstance(result, tuple) and len(result) == 2 else (result, None)


def merge(base, extra):
    """The metadata with the caller's put over it, dicts in it likewise."""
    if not isinstance(base, dict) or not isinstance(extra, dict):
        return base if extra is None else extra
    return {**base, **{name: merge(base.get(name), value) for name, value in extra.items()}}


def encode(mime, value):
    """The bytes of a part: JSON text, UTF-8, or what a binary format has, which objects may give in base64."""
    if mime == "application/json" or mime.endswith("+json"):
        return encode_json(value)
    is_text = mime.startswith("text/") or mime.endswith(("+xml", "/xml", "/javascript"))
    if is_text:
        return text_of(value).encode("utf-8", "replace")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str) and mime.startswith(BINARY_TYPES):
        import binascii

        return binascii.a2b_base64("".join(value.split()), strict_mode=True)
    return text_of(value).encode("utf-8", "replace")


def encode_json(value):
    """A text is taken for JSON if it is such."""
    import json

    if isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value).decode()
    if isinstance(value, str):
        try:
            json.loads(value, parse_constant=refuse_constant)
            return value.encode()
        except ValueError:
            pass
    return json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8", "replace")


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def text_of(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode()
    if not isinstance(value, str):
        raise TypeError(f"the data must be a str or bytes, not {type(value).__name__}")
    return value


def encodable(text):
    """The text with a question mark for what is no character, or ends a text in C."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def left_out(chars):
    return f"\n... {chars} characters left out"


def check_mime(mime):
    if not isinstance(mime, str) or len(mime) > MAX_NAME_CHARS or "/" not in mime or not (mime.isascii() and mime.isprintable()):
        raise ValueError("the name is no MIME type")
    return mime


def check_id(name, value):
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if len(value) > MAX_NAME_CHARS or encodable(value) != value:
        raise ValueError(f"{name} must be a text of at most {MAX_NAME_CHARS} characters, without NUL")


def new_id():
    import os

    return os.urandom(16).hex()


def real_number(name, value):
    """The finite float that the number is."""
    kind = type(value)
    if kind is not float:
        if issubclass(kind, complex) or not (hasattr(kind, "__float__") or hasattr(kind, "__index__")):
            raise TypeError(f"{name} must be a real number, not {kind.__name__}")
        try:
            value = float(value)
        except OverflowError:
            raise ValueError(f"{name} is too large") from None
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} must be a real number, not {kind.__name__}") from error
    if value - value != 0:  # of infinities and of NaN
        raise ValueError(f"{name} must be finite, not {value}")
    return value
