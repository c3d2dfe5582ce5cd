"""Settings come from the environment once, and a mistake in one stops the start with a sentence."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, from_environ


def test_without_variables_everything_is_embedded_and_local() -> None:
    settings = from_environ({"HOME": "/root", "PATH": "/bin"})

    assert (settings.host, settings.port, settings.metrics_port) == ("127.0.0.1", 8000, 8001)
    assert settings.database == "sqlite:///data/rft.sqlite3"


def test_variables_and_the_command_line_are_read_the_latter_wins() -> None:
    settings = from_environ({"RFT_PORT": "9000", "RFT_GRADERS_PATH": "a:/b/c", "RFT_DEADLINE_S": "2.5"}, port=9001)

    assert settings.port == 9001
    assert settings.graders_path == (Path("a"), Path("/b/c"))
    assert settings.deadline_s == 2.5


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("RFT_DEADLIN_S", "RFT_DEADLINE_S"), ("RFT_DATABASE", "RFT_DATABASE_URL"), ("RFT_PROT", "RFT_PORT")],
)
def test_an_unknown_name_stops_the_start_with_the_nearest_known_one(name: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} is no setting of this service\. Did you mean {nearest}\?"):
        from_environ({name: "1"})


def test_an_unknown_name_that_is_near_to_none_stops_the_start_with_all_there_are() -> None:
    with pytest.raises(SettingsError, match="RFT_XYZZY is no setting of this service") as stopped:
        from_environ({"RFT_XYZZY": "1"})

    assert [name for name in Settings.model_fields if f"RFT_{name.upper()}" not in str(stopped.value)] == []


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.0.0.2", "127.255.0.9", "::1", "localhost")],
        *[(host, False) for host in ("0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "", "127.example", "example.org")],
    ],
)
def test_the_whole_loopback_network_is_this_machine_alone(host: str, *, is_loopback: bool) -> None:
    assert from_environ({"RFT_HOST": host}).is_loopback is is_loopback


@pytest.mark.parametrize(
    "name",
    [
        "RFT_GRADERS_SERVICE_HOST",
        "RFT_GRADERS_SERVICE_PORT",
        "RFT_GRADERS_SERVICE_PORT_HTTP",
        "RFT_GRADERS_PORT_8000_TCP",
        "RFT_GRADERS_PORT_8000_TCP_ADDR",
        "RFT_GRADERS_PORT_8000_TCP_PORT",
        "RFT_GRADERS_PORT_8000_TCP_PROTO",
        "RFT_SERVICE_HOST",
        "RFT_PORT_8000_TCP",
    ],
)
def test_what_kubernetes_injects_for_a_service_is_ignored(name: str) -> None:
    assert from_environ({name: "10.0.0.1"}) == Settings()


def test_the_port_url_that_kubernetes_injects_is_ignored_under_its_own_name() -> None:
    assert from_environ({"RFT_GRADERS_PORT": "tcp://10.0.0.1:8000"}) == Settings()


@pytest.mark.parametrize("name", ["RFT_PORT", "RFT_METRICS_PORT"])
def test_a_service_that_takes_our_own_name_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(SettingsError, match="enableServiceLinks: false"):
        from_environ({name: "tcp://10.0.0.1:8000"})


def test_a_bad_value_names_its_variable_and_what_it_is_for() -> None:
    with pytest.raises(SettingsError, match=r"RFT_WORKERS: .*greater than or equal to 1.*Processes for judgements"):
        from_environ({"RFT_WORKERS": "0"})


def test_every_setting_is_described_and_names_its_unit() -> None:
    units = {"timeout": "_s", "deadline": "_s", "memory": "_mib", "body_max": "_mib"}
    for name, field in Settings.model_fields.items():
        assert field.description, name
        for quantity, unit in units.items():
            assert quantity not in name or name.removesuffix("_max").endswith(unit), name


def test_rates_are_read_by_grader() -> None:
    settings = from_environ({"RFT_GRADER_RATES": "*=500:code_tests@v1=0.5", "RFT_RATE_PER_S": ""})

    assert settings.rate_by_grader == {"*": 500.0, "code_tests@v1": 0.5}
    assert settings.rate_per_s is None


@pytest.mark.parametrize("written", ["code_tests@v1", "code_tests=5", "*=0", "*=-1", "*=fast", "*=2000000"])
def test_a_rate_that_is_none_stops_the_start(written: str) -> None:
    with pytest.raises(SettingsError, match=r"RFT_GRADER_RATES: wanted GRADER=RATE"):
        from_environ({"RFT_GRADER_RATES": written})


def test_an_address_that_is_not_redis_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"RFT_REDIS_URL: .*redis://"):
        from_environ({"RFT_REDIS_URL": "localhost:6379"})
