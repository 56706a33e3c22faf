"""The probe: one HTTP GET that says whether a playground serves."""

import http.client

from controller.domain.observed import Probe, ProbeVerdict


def probe_http(host: str, port: int, path: str, timeout: float) -> Probe:
    """Ready when `GET path` answers 200 within `timeout` seconds, else what it met instead.

    The body is not read: a page may be large, and only the status counts.
    """
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close", "User-Agent": "playground-probe"})
        status = connection.getresponse().status
    except TimeoutError:
        return Probe(ProbeVerdict.NOT_READY, f"no answer within {timeout:g} s")
    except ConnectionRefusedError:
        return Probe(ProbeVerdict.NOT_READY, "connection refused: nothing listens on the port")
    except (OSError, http.client.HTTPException) as error:
        return Probe(ProbeVerdict.NOT_READY, f"the connection broke before an answer ({type(error).__name__})")
    finally:
        connection.close()
    if status == 200:
        return Probe(ProbeVerdict.READY)
    return Probe(ProbeVerdict.NOT_READY, f"it answered {status}")
