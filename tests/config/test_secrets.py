"""Secrets: where they are from, and that nothing shows them."""

import copy
import json
import pickle
import traceback
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import keyring
import keyring.backends.fail
import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rich.console import Console

from oms.cli.config.shown import rows, shown
from oms.config import ConfigError, Secret, Settings, load
from tests.config.scene import DATA, LEAST, MAIN, file, loaded, problems
from tests.config.vault import HELD, Vault

SENTINEL = "Hunter2SENTINEL"


@pytest.fixture
def vault() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Vault())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def with_password(given: str) -> str:
    return LEAST.replace('"paper"', given)


def password(folder: Path, given: str, **environ: str) -> Secret:
    return loaded(folder, with_password(given), **environ).accounts["main"].password


def refused(folder: Path, given: str, **environ: str) -> str:
    (said,) = problems(folder, with_password(given), **environ)
    where, _, what = said.partition(": accounts.main.password: ")
    assert where == "oms.toml:6"
    return what


def test_a_secret_of_the_file(tmp_path: Path) -> None:
    found = password(tmp_path, '"p w"')
    assert (found.reveal(), found.source) == ("p w", f"{tmp_path}/oms.toml:6")


def test_a_secret_of_the_environment(tmp_path: Path) -> None:
    found = password(tmp_path, '{ env = "PW" }', PW=" p ")
    assert (found.reveal(), found.source) == (" p ", "variable PW")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_of_a_file_is_its_one_line(tmp_path: Path, end: str) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_bytes(f"pä w {end}".encode())
    found = password(tmp_path, '{ file = "secret" }')
    assert (found.reveal(), found.source) == ("pä w ", f"file {tmp_path}/secret")


@pytest.mark.usefixtures("vault")
def test_a_secret_of_the_keyring(tmp_path: Path) -> None:
    found = password(tmp_path, '{ keyring = "oms/demo/main" }')
    assert (found.reveal(), found.source) == (HELD, "keyring entry oms/demo/main")


SHAPES = 'must be text, { env = "NAME" }, { file = "PATH" } or { keyring = "SERVICE/USER" }'


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("1", SHAPES),
        ("[]", SHAPES),
        ("{}", SHAPES),
        ('{ enw = "X" }', SHAPES),
        ('{ env = "X", file = "Y" }', SHAPES),
        ("{ env = 1 }", SHAPES),
        ('{ env = "X" }', "the variable X is not set"),
        ('{ env = "" }', "env must be the name of a variable"),
        ('{ env = "a b" }', "env must be the name of a variable"),
        ('{ env = "EMPTY" }', "variable EMPTY is empty"),
        ('{ env = "LINES" }', "variable LINES has a control character, or more than one line"),
        ('{ env = "LONG" }', "variable LONG is not a secret of at most 32 characters"),
        ('{ env = "RAW" }', "variable RAW is not UTF-8"),
        ('{ file = "absent" }', "there is no file absent"),
        ('{ file = "." }', "there is no file {folder}"),
        ('{ file = "" }', "file must be printable text"),
        ('{ file = "a\\u0000" }', "file must be printable text"),
        ('{ file = "binary" }', "file binary is not UTF-8"),
        ('{ file = "large" }', "file large is larger than 65536 bytes"),
        ('{ file = "lines" }', "file lines has a control character, or more than one line"),
        ('{ keyring = "oms" }', 'keyring must be "SERVICE/USER"'),
        ('{ keyring = "oms/" }', 'keyring must be "SERVICE/USER"'),
        ('{ keyring = "oms/absent" }', "keyring entry oms/absent is not there"),
        ('{ keyring = "oms/locked" }', "keyring entry oms/locked cannot be read: KeyringLocked"),
        ('{ keyring = "oms/broken" }', "keyring entry oms/broken cannot be read: OSError"),
    ],
)
def test_a_source_that_gives_nothing_is_named(tmp_path: Path, given: str, said: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 65_537)
    (tmp_path / "lines").write_bytes(b"a\nb\n")
    environ = {"EMPTY": "", "LINES": "a\nb", "LONG": "x" * 33, "RAW": "\udcff"}
    assert refused(tmp_path, given, **environ) == said.replace("{folder}", str(tmp_path))


def test_a_machine_without_a_keyring_is_told(tmp_path: Path) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        said = refused(tmp_path, '{ keyring = "oms/main" }')
    finally:
        keyring.set_keyring(before)
    assert said == "keyring entry oms/main: this machine has no keyring (python -m keyring diagnose)"


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may read everything: the refusal is made."""
    (tmp_path / "secret").write_text(SENTINEL)
    text = file(tmp_path, with_password('{ file = "secret" }'))
    real = Path.open

    def refusing(path: Path, mode: str) -> object:
        if path.name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, mode)

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(ConfigError, match=r"file .*/secret cannot be read: Permission denied$"):
        load(text, {})


@pytest.mark.parametrize(("mode", "exposed"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)])
def test_a_secret_that_everybody_may_read_is_refused(tmp_path: Path, mode: int, exposed: bool) -> None:
    secret, key, creds = tmp_path / "secret", tmp_path / "key.pem", tmp_path / "user.creds"
    for path in (secret, key, creds):
        path.touch()
        path.chmod(mode)
    secret.write_text("p")
    first = '[nats]\ntls_cert = "key.pem"\ntls_key = "key.pem"\ncreds = "user.creds"\n'
    text = first + with_password('{ file = "secret" }')
    if not exposed:
        assert loaded(tmp_path, text).warnings == ()
        return
    said = "everybody on this machine may read {} (chmod o-r)"
    assert problems(tmp_path, text) == [
        f"oms.toml:3: nats.tls_key: {said.format('key.pem')}",
        f"oms.toml:4: nats.creds: {said.format('user.creds')}",
        f"oms.toml:10: accounts.main.password: {said.format('secret')}",
    ]


@pytest.mark.parametrize(
    ("given", "environ", "warned"),
    [
        ('"p"', {}, True),
        ('{ env = "P" }', {"P": "p"}, False),
        ('"p"', {"OMS_ACCOUNTS_MAIN_PASSWORD": "q"}, False),
    ],
)
def test_a_file_with_a_secret_that_everybody_may_read_is_a_warning(
    tmp_path: Path, given: str, environ: dict[str, str], warned: bool
) -> None:
    path = file(tmp_path, with_password(given))
    path.chmod(0o644)
    said = f"{path}: holds a secret, and everybody on this machine may read {path} (chmod o-r)"
    assert [str(one) for one in load(path, environ).warnings] == [said] * warned


def test_a_password_of_a_far_venue_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = file(tmp_path, with_password('"p"').replace("ws://127.0.0.1:8600", "wss://venue.example"))
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="holds a secret, and everybody on this machine may read"):
        load(path, {})
    path.chmod(0o600)
    assert load(path, {}).warnings == ()


def test_a_secret_shows_itself_to_nobody_who_does_not_ask() -> None:
    secret = Secret(SENTINEL, "somewhere")
    console = Console(file=StringIO())
    console.print(secret, [secret], {"a": secret})
    assert isinstance(console.file, StringIO)
    shows = [repr(secret), str(secret), f"{secret}", "%s" % secret, repr([secret]), console.file.getvalue()]  # noqa: UP031
    assert not [text for text in shows if SENTINEL in text]
    assert secret.reveal() == SENTINEL
    encoders = (json.dumps, msgspec.json.encode, msgspec.to_builtins, pickle.dumps)
    for unwilling in (*encoders, copy.deepcopy, vars):
        with pytest.raises(TypeError) as caught:
            unwilling(secret)
        assert SENTINEL not in str(caught.value)
    assert (secret == Secret(SENTINEL), secret == Secret("x"), secret == SENTINEL) == (True, False, False)
    assert len({secret, Secret(SENTINEL)}) == 1


def whole(settings: Settings) -> str:
    """Everything that anybody prints of settings."""
    return "\n".join([repr(settings), json.dumps(shown(settings)), *map(str, rows(settings))])


def test_no_secret_is_in_what_is_shown_of_settings(tmp_path: Path) -> None:
    (tmp_path / "f").touch(0o600)
    (tmp_path / "f").write_text(SENTINEL)
    text = (
        f'[nats]\nuser = "u"\npassword = "{SENTINEL}"\n{DATA}{MAIN}'.replace('"paper"', '{ file = "f" }')
        + 'otp = { env = "OTP" }\n'
    )
    settings = loaded(tmp_path, text, OTP="JBSWY3DP", OMS_NATS_PASSWORD=SENTINEL + "!")
    assert settings.nats.password == Secret(SENTINEL + "!")
    assert "SENTINEL" not in whole(settings)
    assert "JBSWY3DP" not in whole(settings)
    shown_rows = {key: value for key, value, _ in rows(settings)}
    assert shown_rows["nats.password"] == "(secret) variable OMS_NATS_PASSWORD"
    assert shown_rows["accounts.main.password"] == f"(secret) file {tmp_path}/f"
    assert shown_rows["accounts.main.otp"] == "(secret) variable OTP"


# Where a secret may end up by mistake, each with something wrong.
MISTAKES = [
    "password = {0}",
    "password = '{0}",
    "password = ['{0}']",
    "password = {{ {0} = 1 }}",
    "password = {{ {0} = 1, {0} = 2 }}",
    "password = {{ env = '{0}', x = 1 }}",
    "password = {{ env = '{0} ' }}",
    "password = {{ file = {{ a = '{0}' }} }}",
    "password = {{ keyring = '{0}' }}",
    "password = 'a'\n'{0}'",
    "password = '{0}{0}{0}'",
    "password = '{0}\\n'\npassword = ''",
    'password = "{0}\\n"',
    "password.{0} = 1\npassword.{0}.b = 1",
    "otp = '{0}0189'\npassword = 'x'",
    "password = 'x'\nlogin = '{0}'",
    "password = 'x'\nurl = 'ws://u:{0}@127.0.0.1'",
    "password = 'x'\nurl = 'ws://127.0.0.1:{0}'",
    "password = 'x'\nurl = '{0}://127.0.0.1'",
    "password = 'x'\nurl = '{0}'",
    "password = 'x'\norigin = '{0}'",
    "password = 'x'\nsymbols = '{0}'",
    "password = 'x'\naliases = ['{0}']",
    "password = 'x'\naliases = {{ '{0}' = 1 }}",
    "password = 'x'\ncid = '{0}'",
    "password = 'x'\nrisk = '{0}'",
    "pasword = '{0}'",
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_secret_is_in_an_error(tmp_path: Path, mistake: str) -> None:
    names = [line.partition(" ")[0] for line in mistake.splitlines()]
    rest = [line for line in MAIN.splitlines() if line.partition(" ")[0] not in (*names, "password")]
    text = DATA + "\n".join([*rest, mistake.format(SENTINEL), ""])
    with pytest.raises(ConfigError) as caught:
        load(file(tmp_path, text), {})
    everything = "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)
    assert SENTINEL not in everything
    assert SENTINEL.lower() not in everything.lower()


@pytest.mark.parametrize(
    "name",
    ["OMS_NATS_URL", "OMS_HTTP_PORT", "OMS_LOG_LEVEL", "OMS_LIMITS_PING", "OMS_ACCOUNTS_MAIN_OTP",
     "OMS_ACCOUNTS_MAIN_SYMBOLS", "OMS_NATS_CREDS", "OMS_NATS_NKEY", "OMS_NATS_PSSWORD",
     "OMS_NATS_NATS_REQUIRED"],
)  # fmt: skip
def test_no_secret_is_in_an_error_about_a_variable(tmp_path: Path, name: str) -> None:
    value = f"u:{SENTINEL}@0189" if name != "OMS_NATS_CREDS" else f"{SENTINEL}\0"
    with pytest.raises(ConfigError) as caught:
        load(file(tmp_path, LEAST), {name: value})
    assert name in str(caught.value)
    assert SENTINEL not in "".join(traceback.format_exception(caught.value))


@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=st.text("'\"{}[]=#.\\\n x", max_size=6), after=st.text("'\"{}[]=#.\\\n x", max_size=6))
def test_whatever_is_around_a_secret_it_is_in_no_error(tmp_path: Path, before: str, after: str) -> None:
    said = outcome(tmp_path, with_password(f"{before}{SENTINEL}{after}"))
    assert SENTINEL not in said.replace(f".{SENTINEL}", "")  # a key by that name is a key


def outcome(folder: Path, text: str) -> str:
    """Everything that is said of a configuration, good or bad."""
    try:
        return whole(loaded(folder, text))
    except ConfigError as why:
        return str(why)
