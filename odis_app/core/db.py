"""The database: engines, the current session, and the unit of work that binds the signed identity.

Nothing outside this file commits. A unit of work is one transaction under one identity token; read-only when asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import update_wrapper, wraps
from typing import Annotated, Any, ClassVar, Generic, ParamSpec, TypeVar

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Engine,
    MetaData,
    RowMapping,
    Select,
    Text,
    any_,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Session,
    mapped_column,
    scoped_session,
    sessionmaker,
)
from sqlalchemy.pool import ConnectionPoolEntry

from odis_app.core.identity import ANONYMOUS, Identity
from odis_app.core.ids import new_public_id
from odis_app.core.nir import refuse_nir
from odis_app.core.permissions import permissions_of, with_exceptions

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
PublicId = Annotated[str, mapped_column(Text, unique=True, default=new_public_id)]


class Base(DeclarativeBase):
    """Every model's parent: instants are aware, texts have no length."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), str: Text()}


_current: ContextVar[object] = ContextVar("odis_unit", default=None)
_factory = sessionmaker(expire_on_commit=False, autoflush=True)
db: scoped_session[Session] = scoped_session(_factory, scopefunc=lambda: id(_current.get()))
_engines: dict[str, Engine] = {}
_IDENTITY_COLUMNS = {f.name for f in fields(Identity)}


@dataclass(slots=True)
class Unit:
    """The unit of work in progress."""

    identity: Identity
    readonly: bool
    request_id: str = ""
    audited: bool = False  # an event of the trail was written in it
    loaded: list[object] = field(default_factory=list)
    answers: dict[object, Any] = field(default_factory=dict)


@event.listens_for(_factory, "loaded_as_persistent")
def _keep(session: Session, instance: object) -> None:
    """A page asks for the same rows from several places; SQLAlchemy's map is weak and would read them again each time."""
    unit = session.info.get("unit")
    if unit is not None and unit.readonly:
        unit.loaded.append(instance)


@event.listens_for(_factory, "before_flush")
def _refuse_nir(session: Session, *_: object) -> None:
    """No row that an operation writes holds a social security number, whoever called it and through whatever door."""
    for row in (*session.new, *session.dirty):
        for attribute in inspect(row).attrs:
            for value in attribute.history.added or ():
                if isinstance(value, str):
                    refuse_nir(value, attribute.key)


P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


def asked_once(question: Callable[P, T]) -> Callable[P, T]:
    """A read that a page asks from several places (the tab, the card, the guard) reaches the database once per read-only unit.

    Arguments are hashable; whoever receives the answer leaves it as it is. Where something may be written, every call asks.
    """

    @wraps(question)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        unit = _current.get()
        if not isinstance(unit, Unit) or not unit.readonly:
            return question(*args, **kwargs)
        key = (question, args, *sorted(kwargs.items()))
        if key not in unit.answers:
            unit.answers[key] = question(*args, **kwargs)
        answer: T = unit.answers[key]
        return answer

    return ask


@dataclass(frozen=True, slots=True)
class Question:
    """A read of one value that was not asked yet: its arguments are hashable."""

    told: Callable[..., Select[Any]]
    args: tuple[object, ...]


class one_value(Generic[P, T]):  # noqa: N801 - a decorator
    """A read of one value, written as the select that gives it: asked once in a read-only unit, alone or ``answered`` with others.

    ``@one_value`` on ``def count_entries(identity, record_id) -> Select[int]`` makes ``count_entries(identity, 5)`` a number, and
    ``count_entries.of(identity, 5)`` its question.
    """

    def __init__(self, told: Callable[P, Select[T]]) -> None:
        self._told = told
        update_wrapper(self, told)

    def of(self, *args: P.args, **_: P.kwargs) -> Question:
        """The question; every argument is given by its place."""
        return Question(self._told, args)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        value: T = answered([self.of(*args, **kwargs)])[0]
        return value


def answered(values: Iterable[Any]) -> list[Any]:
    """The values in order, each question among them replaced by its answer: all those that this unit does not know come in one statement."""
    found, unit = list(values), current_unit()
    known: dict[object, Any] = unit.answers if unit.readonly else {}
    questions = dict.fromkeys(value for value in found if isinstance(value, Question))
    if missing := [question for question in questions if question not in known]:
        row = db.execute(select(*(asked.told(*asked.args).scalar_subquery() for asked in missing))).one()
        known |= zip(missing, row, strict=True)
    return [known[value] if isinstance(value, Question) else value for value in found]


def among(column: InstrumentedAttribute[V] | ColumnElement[V], keys: Select[V]) -> ColumnElement[bool]:
    """``column IN (keys)``, asked of the database so that one arm of an OR may use an index: the keys are read once, first.

    For the sets of a ``visible_*``: with ``IN``, an OR of several doors reads the whole country's rows before it judges them.
    """
    return column == any_(func.array(keys.scalar_subquery()))


def configure(name: str, url: str, *, pool_size: int = 5) -> Engine:
    """Create (or replace) the engine called ``name``: ``app`` or ``worker``. SQL parameters never reach a log."""
    dispose(name)
    engine = create_engine(url, pool_size=pool_size, max_overflow=5, hide_parameters=True)
    event.listen(engine, "checkin", _forget_identity)
    if name == "app":
        event.listen(engine, "connect", _refuse_wide_role)
    _engines[name] = engine
    return engine


def dispose(name: str) -> None:
    """Close the engine called ``name``, if there is one (after a fork, or at the end of a test)."""
    engine = _engines.pop(name, None)
    if engine is not None:
        engine.dispose()


def engine(name: str = "app") -> Engine:
    """The engine called ``name``. Raises KeyError before ``configure``."""
    return _engines[name]


class WideRoleError(RuntimeError):
    """The web or a worker was given a role for which the walls of the database do not stand."""


def _refuse_wide_role(connection: Any, _record: object) -> None:
    """Each connection of the web and of the workers proves its role, however the process was started (security.md, rule 6)."""
    wide = connection.execute(
        "SELECT concat_ws(', ', CASE WHEN r.rolsuper THEN 'super-utilisateur' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END, "
        "CASE WHEN session_user <> current_user THEN 'rôle changé à la connexion' END, "
        "CASE WHEN EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid) THEN 'membre d’un autre rôle' END, "
        "CASE WHEN EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid) THEN 'propriétaire de tables' END) FROM pg_roles r WHERE r.rolname = current_user"
    ).fetchone()[0]
    connection.rollback()
    if wide:
        raise WideRoleError(
            f"Le rôle de la base donné à l’application n’est pas tenu par les murs ({wide}) : donnez-lui odis_app, et odis_worker aux travailleurs."
        )


def prove_role() -> None:
    """Open a first connection, so that a process with a role too wide stops before its first page. One that does not answer is told elsewhere."""
    try:
        engine().connect().close()
    except OperationalError:
        return


def _forget_identity(connection: object, _record: ConnectionPoolEntry) -> None:
    """The token is bound to the transaction and dies with it; this asserts it cheaply by ending any transaction."""
    if connection is not None:
        connection.rollback()  # type: ignore[attr-defined]


def token_hash(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


def open_unit(token: str | None, *, readonly: bool, engine_name: str = "app", request_id: str = "") -> Unit:
    """Begin a transaction under ``token`` (None: anonymous). Close it with ``close_unit``."""
    key = Unit(ANONYMOUS, readonly, request_id)
    _current.set(key)
    try:
        row = _begin(token, readonly, engine_name)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        db.remove()  # the server was restarted while this connection slept; asking each time whether it lives would cost a round trip
        row = _begin(token, readonly, engine_name)
    if row is not None:
        key.identity = _identity(dict(row))
    db().info["unit"] = key
    return key


def _begin(token: str | None, readonly: bool, engine_name: str) -> RowMapping | None:
    statement = text("SELECT * FROM odis.open_unit(:token, :readonly)")
    asked = db(bind=engine(engine_name)).execute(statement, {"token": token or "", "readonly": readonly})
    return asked.mappings().first()


def _identity(row: dict[str, Any]) -> Identity:
    values = {name: value for name, value in row.items() if name in _IDENTITY_COLUMNS and value is not None}
    roles: tuple[str, ...] = tuple(row["roles"] or ())
    values.update(
        session_id=row["session_public_id"],
        roles=roles,
        departments=tuple(row["departments"] or ()),
        permissions=with_exceptions(permissions_of(roles), row["exceptions"] or ()),
    )
    return Identity(**values)


def close_unit(*, commit: bool) -> None:
    """Commit or roll back the current unit, then let the outbox leave."""
    if _current.get() is None:
        return
    session = db()
    pending = list(session.info.get("outbox", ()))
    try:
        if commit:
            session.commit()
        else:
            session.rollback()
            pending = []
    finally:
        db.remove()
        _current.set(None)
    if pending:
        for callback, arguments in pending:
            callback(arguments)


def after_commit(callback: Callable[[Any], None], argument: Any) -> None:
    """Call ``callback(argument)`` once the current unit has committed; never when it rolls back."""
    db().info.setdefault("outbox", []).append((callback, argument))


def in_unit() -> bool:
    """Whether a unit of work is open here."""
    return _current.get() is not None


def current_unit() -> Unit:
    """The unit in progress. Raises RuntimeError outside of one."""
    unit = _current.get()
    if not isinstance(unit, Unit):
        raise RuntimeError("no unit of work is open")  # noqa: TRY004 - not a wrong type: none is open
    return unit


@contextmanager
def unit_of_work(token: str | None = None, *, readonly: bool = False, engine_name: str = "app") -> Iterator[Unit]:
    """One transaction under one identity: commits at the end, rolls back on any exception. May be nested (a second transaction)."""
    outer = _current.get()
    unit = open_unit(token, readonly=readonly, engine_name=engine_name)
    try:
        yield unit
    except BaseException:
        _current.set(unit)
        close_unit(commit=False)
        raise
    else:
        _current.set(unit)
        close_unit(commit=True)
    finally:
        _current.set(outer)
